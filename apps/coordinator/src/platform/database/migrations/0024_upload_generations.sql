-- What the store keeps of an upload is kept under its owner and generation, so that bytes of an upload that was begun
-- anew never count as bytes of the newer one. What was under way begins anew. 12 digits: the store's names are short.
alter table blob_uploads
  add column generation text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 12);
