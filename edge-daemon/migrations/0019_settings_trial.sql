-- Settings of groups of stores, and documents that are on trial.

-- working: the documents in force as they were signed, for all stores, for this one, which groups it
-- is in and those groups' own; the ones before; and those on trial, which stand over `current` until
-- they have proven themselves or are taken back.
create table settings_next (
  target     text not null
             check (target in ('all', 'own', 'groups') or target glob 'group/[a-z]*'),
  place      text not null check (place in ('current', 'previous', 'trial')),
  revision   integer not null check (revision >= 1),
  body       text not null,
  came_by    text not null check (came_by in ('mqtt', 'poll')),
  applied_at integer not null,
  joined     integer not null,                      -- of several on trial the newest is blamed
  is_stopped integer not null check (is_stopped in (0, 1)), -- the program ended in order since
  primary key (target, place)
) strict, without rowid;
insert into settings_next (target, place, revision, body, came_by, applied_at, joined, is_stopped)
select target, place, revision, body, came_by, applied_at, 0, 0 from settings;
drop table settings;
alter table settings_next rename to settings;

-- working: the last envelope of each that was refused or taken back since, for HQ to be told of.
create table settings_refused_next (
  target     text primary key
             check (target in ('all', 'own', 'groups') or target glob 'group/[a-z]*'),
  revision   integer not null,
  reason     text not null,
  detail     text not null,
  refused_at integer not null
) strict, without rowid;
insert into settings_refused_next select target, revision, reason, detail, refused_at
from settings_refused;
drop table settings_refused;
alter table settings_refused_next rename to settings_refused;

-- working: the newest document of each that was taken back; it is never tried again.
create table settings_rolled_back (
  target         text primary key
                 check (target in ('all', 'own', 'groups') or target glob 'group/[a-z]*'),
  revision       integer not null check (revision >= 1),
  body           text not null,
  rolled_back_at integer not null
) strict, without rowid;
