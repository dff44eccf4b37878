-- Unfinished uploads belong to whoever sends them (an account, or a machine of it) and count against its account's
-- quota from their first byte. What had been begun before had one owner for all; nobody can go on with it.
drop table blob_uploads;
create table blob_uploads (
  owner text not null,
  hash text not null,
  account text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  touched_at timestamptz not null,
  primary key (owner, hash)
);
create index blob_uploads_by_account on blob_uploads (account);
create index blob_uploads_by_time on blob_uploads (touched_at);

-- What an agent delivered stays its provider's to read, and counts, for a day only; null: for good.
alter table blob_refs add column expires_at timestamptz;
create index blob_refs_by_expiry on blob_refs (expires_at) where expires_at is not null;

-- The last answer of a watch under a mandate: which run of a process had it, by its monotonic clock and by the chain's
-- time, and how much of a freeze is counted as served. The wall clock alone proves nothing.
alter table leases drop column last_answer_at;
alter table leases add column last_answer jsonb;

-- The list of providers behind a mandate's Merkle root, in order; empty: any provider.
alter table mandates add column providers text[] not null default '{}';

-- A machine's id is made of its provider now: every agent comes back under another one and announces its units and
-- offers anew, under the unit numbers that its former id would hold.
delete from offers;
delete from units;
