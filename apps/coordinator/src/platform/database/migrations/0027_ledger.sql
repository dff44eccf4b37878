-- What each event of the market's contract moved, by account: the account's ledger. Sums of an account's rows are its
-- cash and its escrow. `id` orders the rows as the chain has them.

create table ledger_entries (
  id text primary key,
  account text not null,
  token text not null,
  kind text not null,
  cash numeric(78, 0) not null,
  escrow numeric(78, 0) not null,
  lease text,
  block int8 not null,
  transaction text not null,
  at timestamptz not null
);
create index ledger_entries_by_account on ledger_entries (account, id desc);
create index ledger_entries_by_time on ledger_entries (account, at);
create index ledger_entries_by_block on ledger_entries (block);

-- A market that was followed before this has no older entries: from when on the ledger is whole.
create table ledger_start (at timestamptz not null);
insert into ledger_start (at) select to_timestamp(head_time) from chain_progress;
