-- Answers to probes that came from another process than the one that holds the agent's connection. Short-lived.
create table probe_answers (
  request text primary key,
  answer text,
  frozen boolean not null,
  at timestamptz not null
);
