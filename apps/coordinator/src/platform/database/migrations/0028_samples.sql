-- What running workloads use. A series that grows long is thinned: every second sample goes, and from then on only every
-- so many (`step`) are taken.

create table sample_series (
  attempt text primary key,
  step int8 not null,
  offered int8 not null,
  kept int8 not null,
  last_at timestamptz not null
);
create index sample_series_by_time on sample_series (last_at);

create table samples (
  attempt text not null references sample_series (attempt) on delete cascade,
  at timestamptz not null,
  cpu_ms int8 not null,
  memory_bytes int8 not null,
  disk_bytes int8,
  processes int8 not null,
  primary key (attempt, at)
);

-- The events of one workload, as a list.
create index events_by_workload on events ((body ->> 'workload'), xid, seq) where body ->> 'workload' is not null;
