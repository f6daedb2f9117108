-- Kiosks: whose screen a kiosk is, and the numbers by which its shoppers are called.

-- working: the browser that is a kiosk's screen, and the code by which the next one takes its place.
-- Neither the browser's token nor the code stands here, only what they hash to; a code has so few
-- digits that its hash could be tried out by whoever has this file, so it lives for minutes.
create table pairing (
  workstation  integer primary key check (workstation between 1 and 999),
  token_sha256 blob check (length(token_sha256) = 32),
  paired_at    integer,
  code_salt    blob check (length(code_salt) = 16),
  code_sha256  blob check (length(code_sha256) = 32),
  code_until   integer,
  code_tries   integer not null default 0,
  code_by      text                      -- the manager who gave it out
) strict;

-- fact: the number by which the shopper of a kiosk's order is called, from 1 on each business date.
create table call_number (
  order_id      blob primary key references orders (id),
  business_date text not null,
  number        integer not null check (number >= 1),
  unique (business_date, number)
) strict, without rowid;
