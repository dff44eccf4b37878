-- What the lease key signs beside payment notes: which workload its lease is for, and that no further note will come.
-- Leases from before have signed neither: their agents close them after the grace, and serve nothing new under them.
alter table leases add column binding text not null default '0x';
alter table leases alter column binding drop default;
alter table leases add column note_over text;
alter table leases drop column note_last;
create index leases_by_order on leases (order_hash);
