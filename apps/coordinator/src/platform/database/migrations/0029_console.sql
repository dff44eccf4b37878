-- A machine that its provider lets run dry: what runs goes on, and none of its offers is open.
alter table machines add column draining boolean not null default false;
create index machines_by_provider on machines (provider, registered_at desc, id desc);
create index leases_by_machine on leases (machine, created_at desc);
create index ledger_entries_by_lease on ledger_entries (lease) where kind = 'earning';
-- What the whole market settled lately.
create index ledger_entries_by_kind on ledger_entries (kind, at) include (token, cash, escrow) where kind in ('earning', 'fee');
