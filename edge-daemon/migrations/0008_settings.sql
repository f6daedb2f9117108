-- What HQ sets in this store while it runs.

-- working: the documents in force (`sync::wire::SettingsV1` as JSON, as it was signed), for all
-- stores and for this one, and the ones before.
create table settings (
  target     text not null check (target in ('all', 'own')),
  place      text not null check (place in ('current', 'previous')),
  revision   integer not null check (revision >= 1),
  body       text not null,
  came_by    text not null check (came_by in ('mqtt', 'poll')),
  applied_at integer not null,
  primary key (target, place)
) strict, without rowid;

-- working: the last envelope that was refused since, for HQ to be told of.
create table settings_refused (
  target     text primary key check (target in ('all', 'own')),
  revision   integer not null,
  reason     text not null,
  detail     text not null,
  refused_at integer not null
) strict, without rowid;

-- working: the mall's public keys by which settings are believed.
create table settings_key (
  version    integer primary key check (version >= 1),
  public_key text not null
) strict;
