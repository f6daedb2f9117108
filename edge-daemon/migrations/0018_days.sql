-- Days that are compared with the mall, and sealed when both hold the same.

-- working: to which day each fact of the outbox counts (`sync::day`).
create table day_fact (
  day text not null,
  seq integer not null,        -- the outbox's
  primary key (day, seq)
) strict, without rowid;

-- to-do: facts that a program wrote which did not weigh them.
create table unweighed (
  seq integer primary key
) strict;
insert into unweighed (seq) select seq from outbox;

-- working: what was found of each day when it was compared last.
create table told_day (
  day       text primary key,
  changes   integer not null,  -- how often a fact of it was written
  told_at   integer,           -- null: never compared
  agrees    integer not null default 0 check (agrees in (0, 1)),
  left_out  integer not null default 0,
  sealed_at integer            -- null while it is open; by the mall's clock
) strict, without rowid;
create index told_day_open on told_day (day) where sealed_at is null;

-- working: the mall's newest word that it holds everything up to a place, signed.
create table watermark (
  one     integer primary key check (one = 1),
  body    text not null,       -- `sync::watermark::WatermarkV1` as JSON
  kept_at integer not null
) strict;
