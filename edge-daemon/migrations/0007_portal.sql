-- The Wi-Fi portal.

-- log, kept as long as the law asks (`LOG_DAYS_KEPT` in portal.rs) and then deleted: which device was
-- let through for which phone number, when and until when. Nothing of what it did there. The number
-- is sealed; what finds it again is blind.
create table portal_pass (
  id            blob primary key check (length(id) = 16),
  device        text not null,
  address       text not null,
  at            integer not null,
  until         integer not null check (until > at),
  phone_index   blob not null check (length(phone_index) = 16),
  phone_cell    blob not null,
  terms         integer not null, -- the version of the terms that they agreed to
  is_marketing  integer not null check (is_marketing in (0, 1)),
  lengthenings  integer not null default 0
) strict, without rowid;
create index portal_pass_until on portal_pass (until);
create index portal_pass_at on portal_pass (at);
create trigger portal_pass_kept before update on portal_pass
begin select raise(abort, 'a line of the portal''s log stays as it is'); end;
