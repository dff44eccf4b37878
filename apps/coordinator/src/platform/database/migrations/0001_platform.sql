-- Accounts, sign-in, API keys, idempotent answers, the event log and who may read which blob.

create table accounts (
  address text primary key check (address ~ '^0x[0-9a-f]{40}$'),
  created_at timestamptz not null
);

create table sign_in_nonces (
  nonce_hash bytea primary key check (length(nonce_hash) = 32),
  address text not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null
);
create index sign_in_nonces_by_expiry on sign_in_nonces (expires_at);

create table sessions (
  token_hash bytea primary key check (length(token_hash) = 32),
  account text not null,
  kind text not null check (kind in ('wallet', 'agent')),
  machine text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  check ((kind = 'agent') = (machine is not null))
);
create index sessions_by_expiry on sessions (expires_at);
create index sessions_by_machine on sessions (machine) where machine is not null;

create table api_keys (
  id text primary key,
  account text not null,
  name text not null,
  key_hash bytea not null check (length(key_hash) = 32),
  scopes text[] not null,
  spend_cap numeric(78, 0) check (spend_cap >= 0),
  spent numeric(78, 0) not null default 0 check (spent >= 0),
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  check (spend_cap is null or spent <= spend_cap)
);
create index api_keys_by_account on api_keys (account, created_at, id);

create table idempotency (
  scope text not null,
  key_hash bytea not null check (length(key_hash) = 32),
  fingerprint bytea not null check (length(fingerprint) = 32),
  owner text not null,
  locked_until timestamptz not null,
  status integer,
  answer bytea,
  expires_at timestamptz not null,
  primary key (scope, key_hash),
  check ((status is null) = (answer is null))
);
create index idempotency_by_expiry on idempotency (expires_at);

create table events (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  topic text not null,
  type text not null,
  body jsonb not null,
  at timestamptz not null,
  primary key (xid, seq)
);
create index events_by_topic on events (topic, xid, seq);
create index events_by_time on events (at);

create table blob_refs (
  account text not null,
  hash text not null check (hash ~ '^sha256:[0-9a-f]{64}$'),
  size_bytes bigint not null check (size_bytes >= 0),
  created_at timestamptz not null,
  primary key (account, hash)
);
