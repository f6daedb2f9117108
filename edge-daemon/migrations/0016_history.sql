-- The lives of this ledger: which one the mall gave, and what a copy of it is known by.

-- What the wire calls `seq`: from 1 in each epoch. A ledger has had one epoch until now.
alter table outbox add column place integer not null default 0;
update outbox set place = seq;
create unique index outbox_place on outbox (epoch, place);

alter table node add column nonce blob check (length(nonce) = 16);     -- what the mall gave last
alter table node add column asking blob check (length(asking) = 16);   -- the ask that is under way
alter table node add column boot_no integer not null default 0;        -- how often the daemon started
alter table node add column machine blob check (length(machine) = 32); -- where it started last
alter table node add column has_mark integer not null default 0 check (has_mark in (0, 1));
-- What receipt numbers carry instead of the epoch while this ledger may be a copy; null when it is not.
alter table node add column provisional_epoch integer;
alter table node add column is_frozen integer not null default 0 check (is_frozen in (0, 1));

-- to-do: what the mall holds of this ledger's lives and it may have lost.
create table lost (
  epoch   integer primary key,
  after   integer not null, -- fetched up to here
  through integer not null check (through > after)
) strict;

-- fact: what the mall gave back, byte for byte. Orders and their undoing stand in their tables too.
create table found (
  id    blob primary key check (length(id) = 16),
  epoch integer not null,
  seq   integer not null,
  kind  text not null,
  v     integer not null,
  body  text not null,
  at    integer not null
) strict, without rowid;
