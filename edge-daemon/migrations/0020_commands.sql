-- Commands of HQ, so that each is run once.

-- working: written down before it is begun; then what came of it, until HQ was told.
create table hq_command (
  id        text primary key,
  word      text not null,
  not_after integer not null,                       -- never run later, so it may be forgotten then
  state     text not null check (state in ('begun', 'over', 'told')),
  outcome   text not null,
  detail    text not null,
  begun_at  integer not null
) strict, without rowid;
