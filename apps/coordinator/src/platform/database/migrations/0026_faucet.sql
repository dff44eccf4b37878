-- What the faucet of a local market gave, and to whom: its caps count these rows.

create table faucet_grants (
  id text primary key,
  address text not null,
  gives jsonb not null,
  state text not null check (state in ('queued', 'given', 'failed')),
  detail text,
  transactions jsonb not null,
  created_at timestamptz not null
);
create index faucet_grants_by_address on faucet_grants (address, created_at desc);
create index faucet_grants_by_time on faucet_grants (created_at desc);
