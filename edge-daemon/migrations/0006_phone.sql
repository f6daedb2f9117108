-- Carts that shoppers build on their own phones.

-- working: what this store signs its phones' tokens with. It never leaves this file.
create table phone_secret (
  one    integer primary key check (one = 1),
  secret blob not null check (length(secret) = 32)
) strict;

-- working: a cart on a shopper's phone, until a till has taken it in or nobody came back for it;
-- then it is swept. `taken_by` makes it one that no till takes in again.
create table phone_cart (
  id         blob primary key check (length(id) = 16),
  phone      blob not null check (length(phone) = 16), -- as its cookie says
  address    blob not null check (length(address) = 16), -- keyed hash of the phone's address
  revision   integer not null,
  lines      text not null,    -- list of `domain::cart::CartLine` as JSON
  seen       text not null,    -- ids of its last commands as JSON, so that a repeat adds nothing
  updated_at integer not null,
  until      integer not null,
  code       text check (length(code) = 4), -- shown to the till, while it is
  code_until integer,
  taken_by   integer,          -- the workstation
  taken_at   integer,
  check ((taken_by is null) = (taken_at is null)),
  check ((code is null) = (code_until is null))
) strict, without rowid;
create unique index phone_cart_open on phone_cart (phone) where taken_by is null;
create unique index phone_cart_code on phone_cart (code) where code is not null and taken_by is null;
create index phone_cart_phone on phone_cart (phone, updated_at);
create index phone_cart_until on phone_cart (until);
