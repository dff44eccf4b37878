/**
 * Migration 0010: what this package keeps in PostgreSQL.
 *
 * - `chain_transactions`: the sender's queue.
 * - `chain_cursor`, `chain_blocks`, `chain_undo`: how far each follower is, the blocks it may have to undo, and the
 *   before-images of what they changed.
 * - `chain_journal('table')`: call it once, in a later migration, for every table that handlers of the follower write.
 *   From then on a trigger notes what each change replaces while a block is being applied: whole rows for inserts and
 *   deletes, for updates only the columns that changed, so that undoing a block leaves alone what others have written to
 *   the same row since. The table needs a primary key, which handlers must not change.
 */
export const CHAIN_MIGRATION = `
create table chain_transactions (
  id bigint generated always as identity,
  account text not null,
  intent text not null,
  to_address text not null,
  data text not null,
  value numeric(78, 0) not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'mined', 'final', 'failed')),
  signed jsonb not null default '[]',
  outcome jsonb,
  failure jsonb,
  live_nonce bigint,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (account, intent)
);
create unique index chain_transactions_live_nonce on chain_transactions (account, live_nonce) where live_nonce is not null;
create index chain_transactions_unfinished on chain_transactions (account, id) where state in ('queued', 'sent', 'mined');

create table chain_cursor (
  follower text primary key,
  -- The block before the first that is followed; as long as the cursor is there, its hash is empty.
  origin bigint not null,
  number bigint not null,
  hash text not null,
  -- Blocks up to here can no longer be undone.
  pruned bigint not null
);

create table chain_blocks (
  follower text not null references chain_cursor,
  number bigint not null,
  hash text not null,
  parent_hash text not null,
  timestamp bigint not null,
  logs_digest text not null,
  primary key (follower, number)
);

create table chain_undo (
  id bigint generated always as identity primary key,
  follower text not null,
  number bigint not null,
  block_hash text not null,
  table_name text not null,
  pk jsonb not null,
  -- null: the row was not there; else the columns to put back.
  before jsonb,
  -- Whether the row was there before but is gone now.
  deleted boolean not null
);
create index chain_undo_block on chain_undo (follower, number, id);

create function chain_note() returns trigger language plpgsql as $$
declare
  block text := nullif(current_setting('corepool.block', true), '');
  old_row jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  key jsonb;
  image jsonb;
begin
  if block is null then return null; end if;
  select jsonb_object_agg(name, coalesce(old_row, new_row) -> name) into key from unnest(tg_argv) name;
  if tg_op = 'UPDATE' then
    if exists (select from unnest(tg_argv) name where old_row -> name is distinct from new_row -> name) then
      raise exception 'the primary key of % must not change while a block is applied', tg_table_name;
    end if;
    select jsonb_object_agg(o.key, o.value) into image from jsonb_each(old_row) o where new_row -> o.key is distinct from o.value;
    if image is null then return null; end if;
  else
    image := old_row;
  end if;
  insert into chain_undo (follower, number, block_hash, table_name, pk, before, deleted)
  values (split_part(block, ' ', 1), split_part(block, ' ', 2)::bigint, split_part(block, ' ', 3), tg_relid::regclass::text, key, image, tg_op = 'DELETE');
  return null;
end $$;

create function chain_journal(target regclass) returns void language plpgsql as $$
declare
  key_columns text;
begin
  select string_agg(quote_literal(a.attname), ', ' order by a.attnum) into key_columns
    from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
   where i.indrelid = target and i.indisprimary;
  if key_columns is null then raise exception 'table % has no primary key', target; end if;
  execute format('create trigger chain_note after insert or update or delete on %s for each row execute function chain_note(%s)', target, key_columns);
end $$;

-- Undoes, newest first, what blocks above a number changed.
create function chain_undo_above(follower_name text, keep bigint) returns void language plpgsql as $$
declare
  entry chain_undo;
  names text;
  matches text;
begin
  for entry in select * from chain_undo where follower = follower_name and number > keep order by id desc loop
    select string_agg(format('t.%1$I = k.%1$I', name), ' and ') into matches from jsonb_object_keys(entry.pk) name;
    if entry.before is null then
      execute format('delete from %1$s t using jsonb_populate_record(null::%1$s, $1) k where %2$s', entry.table_name, matches) using entry.pk;
      continue;
    end if;
    select string_agg(quote_ident(a.attname), ', ') into names from pg_attribute a
     where a.attrelid = entry.table_name::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and entry.before ? a.attname;
    if entry.deleted then
      execute format('insert into %1$s (%2$s) overriding system value select %2$s from jsonb_populate_record(null::%1$s, $1)', entry.table_name, names) using entry.before;
    else
      execute format('update %1$s t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, $2)) from jsonb_populate_record(null::%1$s, $1) k where %3$s', entry.table_name, names, matches)
        using entry.pk, entry.before;
    end if;
  end loop;
  delete from chain_undo where follower = follower_name and number > keep;
end $$;
`;
