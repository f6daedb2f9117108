-- What HQ sets in stores while they run, and whether they are there.

-- Whoever had a token before could not set anything.
alter table staff add column may_save_settings bigint not null default 0;

-- fact: every document of settings that was ever desired; the newest of a store is. `store_id` 0
-- is all stores, where the store itself says nothing.
create table settings (
  store_id bigint not null check (store_id >= 0),
  revision bigint not null check (revision > 0),
  body     text not null,                           -- a `SettingsV1`, its JSON as it is signed
  note     text not null,
  saved_by text not null,
  saved_at bigint not null,
  primary key (store_id, revision)
);
create index settings_saved on settings (saved_at);
create index scope_changed on scope (changed_at);

-- working: what became of them in a store, as its node said last.
create table settings_report (
  store_id         bigint not null,
  edge_id          text not null,
  is_all           bigint not null check (is_all in (0, 1)), -- of all stores' document, or its own
  applied          bigint not null,
  came_by          text not null check (came_by in ('', 'mqtt', 'poll')),
  refused_revision bigint not null,                 -- 0 where nothing is refused
  refused_reason   text not null,
  refused_detail   text not null,
  unknown          text not null,                   -- keys its program has no word for, by `, `
  reported_at      bigint not null,                 -- by the node's clock: an older one says nothing
  primary key (store_id, edge_id, is_all)
);

-- working: whether a store's node is there.
create table edge_presence (
  store_id bigint not null,
  edge_id  text not null,
  boot     text not null,                           -- the start whose will counts
  program  text not null,
  line_up  bigint not null check (line_up in (0, 1)), -- the broker has it
  heard_at bigint not null,                         -- it said something itself
  gone_at  bigint not null,                         -- the broker lost it, or it took its leave
  primary key (store_id, edge_id)
);
