-- The machines that have an open offer which pays an account.
create index offers_by_payee on offers (lower(signed #>> '{offer,payTo}'), machine) where open;
