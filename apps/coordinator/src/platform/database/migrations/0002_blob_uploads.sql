-- Who began the unfinished upload of a blob: only that account may go on with it.
create table blob_uploads (
  hash text primary key,
  account text not null,
  started_at timestamptz not null
);
