-- Keys of tokens are believed for as long as something that they signed may be used.

-- When it was believed for the last time; 0 while it is believed.
alter table token_key add column retired_at bigint not null default 0;
-- The newest two were all that was believed before; nobody believes an older one again.
update token_key set retired_at = created_at
where version < (select max(version) from token_key) - 1;
