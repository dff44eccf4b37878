-- What agents handed over and have not reported yet: it stays their provider's until the report, however late it comes.
create table blob_deliveries (
  machine text not null,
  hash text not null,
  account text not null,
  delivered_at timestamptz not null,
  primary key (machine, hash)
);
create index blob_deliveries_by_blob on blob_deliveries (account, hash);
create index blob_deliveries_by_time on blob_deliveries (delivered_at);
