-- Machines, offers, workloads and leases. Addresses, hashes and ids are lower-case text.

create table machines (
  id text primary key,
  provider text not null,
  public_key text not null,
  agent_version text not null,
  epoch int8 not null,
  online boolean not null,
  last_seen_at timestamptz,
  registered_at timestamptz not null
);
create index machines_by_time on machines (registered_at desc, id desc);
create index machines_online on machines (last_seen_at) where online;

create table units (
  provider text not null,
  unit int8 not null,
  machine text not null references machines (id),
  spec jsonb not null,
  spec_hash text not null,
  devices text[] not null,
  cpus int8 not null,
  memory_bytes int8 not null,
  disk_bytes int8 not null,
  gpus int8 not null,
  primary key (provider, unit)
);
create index units_by_machine on units (machine);

create table offers (
  id text primary key,
  hash text not null unique,
  machine text not null references machines (id),
  provider text not null,
  unit int8 not null,
  token text not null,
  rate numeric(78, 0) not null,
  min_seconds int8 not null,
  max_seconds int8 not null,
  not_before int8 not null,
  expiry int8 not null,
  client text,
  signed jsonb not null,
  open boolean not null,
  created_at timestamptz not null
);
create index offers_open on offers (token, rate, id) where open;
create index offers_by_machine on offers (machine) where open;

create table workloads (
  id text primary key,
  account text not null,
  state text not null,
  reason text,
  detail text,
  spec jsonb not null,
  constraints jsonb not null,
  mandate text,
  placed jsonb,
  placed_at timestamptz,
  lease text,
  outputs jsonb not null,
  cancel_requested boolean not null,
  created_at timestamptz not null,
  ended_at timestamptz
);
create index workloads_by_account on workloads (account, created_at desc, id desc);
create index workloads_placed on workloads (placed_at) where state = 'pending' and placed_at is not null;
create index workloads_to_order on workloads (created_at) where state = 'pending' and mandate is not null;
create index workloads_outputs on workloads using gin (outputs jsonb_path_ops) where outputs <> '[]';

create table attempts (
  id text primary key,
  workload text not null references workloads (id),
  number int8 not null,
  lease text not null,
  machine text not null,
  provider text not null,
  state text not null,
  spec jsonb not null,
  timeline jsonb not null,
  exit_code int8,
  reason text,
  detail text,
  usage jsonb,
  usage_signature text,
  created_at timestamptz not null,
  unique (workload, number)
);
create index attempts_live on attempts (machine) where state <> 'ended';

create table leases (
  id text primary key,
  workload text not null references workloads (id),
  client text not null,
  mandate text,
  machine text not null,
  provider text not null,
  unit int8 not null,
  seq int8 not null,
  devices text[] not null,
  token text not null,
  state text not null,
  rate numeric(78, 0) not null,
  escrow numeric(78, 0) not null,
  duration_seconds int8 not null,
  grace_seconds int8 not null,
  interval_seconds int8 not null,
  hold_seconds int8 not null,
  key text not null,
  public_key text not null,
  nonce int8 not null,
  order_hash text not null,
  opening jsonb not null,
  note_total numeric(78, 0) not null,
  note_signature text,
  note_last boolean not null,
  close jsonb,
  batch text,
  open_batch text,
  tries int8 not null,
  proven_ms int8 not null,
  last_answer_at timestamptz,
  created_at timestamptz not null
);
create index leases_holding on leases (machine) where state in ('ordered', 'opening', 'open', 'closing');
create index leases_waiting on leases (state, created_at) where state in ('ordered', 'closing') and batch is null;
create index leases_in_flight on leases (client, token) where state in ('ordered', 'opening');
create index leases_by_mandate on leases (mandate) where mandate is not null;
create index leases_live on leases (created_at) where state in ('open', 'closing');
create index leases_by_batch on leases (batch) where batch is not null;

create table lease_batches (
  intent text primary key,
  kind text not null,
  address text not null,
  data text not null,
  leases jsonb not null,
  finished boolean not null
);
create index lease_batches_unfinished on lease_batches (intent) where not finished;

create table mandates (
  id text primary key,
  client text not null,
  hash text not null unique,
  mandate jsonb not null,
  signature text not null,
  next_nonce int8 not null,
  dropped_at timestamptz,
  created_at timestamptz not null
);
create index mandates_by_client on mandates (client, created_at desc, id desc);

-- What must reach agents, until they have it.
create table agent_messages (
  seq int8 generated always as identity primary key,
  machine text not null,
  key text not null,
  message jsonb not null,
  unique (machine, key)
);

create table log_ends (
  attempt text primary key,
  taken int8 not null,
  kept int8 not null
);
create table log_chunks (
  attempt text not null,
  start int8 not null,
  stream text not null,
  data bytea not null,
  primary key (attempt, start)
);

-- What the chain's events add up to: one JSON value for each lease, unit, account and mandate, and what stood there
-- before each change of a block that is not final.
create table chain_facts (
  kind text not null,
  key text not null,
  value jsonb not null,
  primary key (kind, key)
);
create table chain_facts_undo (
  seq int8 generated always as identity primary key,
  block int8 not null,
  kind text not null,
  key text not null,
  before jsonb
);
create index chain_facts_undo_by_block on chain_facts_undo (block);
create table fee_collections (
  token text not null,
  block int8 not null,
  log_index int8 not null,
  transaction text not null,
  burned numeric(78, 0) not null,
  sunk numeric(78, 0) not null,
  primary key (token, block, log_index)
);
create table chain_progress (
  id boolean primary key default true check (id),
  head int8 not null,
  head_time int8 not null,
  finalized int8 not null
);
