-- Groups of stores that HQ sets things for, and what became of every document in a store.

-- A group keeps its number, key and documents for ever, so that nothing that a store remembers of one
-- is ever another's.
-- reference
create table store_group (
  group_id   bigint not null primary key check (group_id > 0),
  key        text not null unique,
  name       text not null,
  rank       bigint not null check (rank between 1 and 1000), -- a higher one stands over a lower one
  version    bigint not null check (version > 0),   -- rises with every change of it
  changed_by text not null,
  changed_at bigint not null,
  is_deleted bigint not null check (is_deleted in (0, 1))
);

-- working: which stores are in which groups.
create table store_group_member (
  store_id bigint not null references store (store_id),
  group_id bigint not null,
  primary key (store_id, group_id)
);
create index store_group_member_group on store_group_member (group_id);

-- fact: what a store was told of the groups it is in; the newest counts.
create table store_groups_told (
  store_id bigint not null,
  revision bigint not null check (revision > 0),
  body     text not null,                           -- a `GroupsV1`, its JSON as it is signed
  saved_by text not null,
  saved_at bigint not null,
  primary key (store_id, revision)
);
create index store_groups_told_saved on store_groups_told (saved_at);

-- fact: as before, and of groups: `store_id` is below 0 then, the group's number turned round.
create table settings_next (
  store_id bigint not null,
  revision bigint not null check (revision > 0),
  body     text not null,                           -- a `SettingsV1`, its JSON as it is signed
  note     text not null,
  saved_by text not null,
  saved_at bigint not null,
  primary key (store_id, revision)
);
insert into settings_next (store_id, revision, body, note, saved_by, saved_at)
select store_id, revision, body, note, saved_by, saved_at from settings;
drop table settings;
alter table settings_next rename to settings;
create index settings_saved on settings (saved_at);

-- working: what became of each document in a store, as its node said last.
create table settings_standing (
  store_id         bigint not null,
  edge_id          text not null,
  target           text not null,                   -- `all`, `own`, `groups`, `group/<key>`
  applied          bigint not null,
  is_on_trial      bigint not null check (is_on_trial in (0, 1)),
  came_by          text not null check (came_by in ('', 'mqtt', 'poll')),
  refused_revision bigint not null,                 -- 0 where nothing is refused
  refused_reason   text not null,
  refused_detail   text not null,
  unknown          text not null,                   -- keys its program has no word for, by `, `
  reported_at      bigint not null,                 -- by the node's clock: an older one says nothing
  primary key (store_id, edge_id, target)
);
insert into settings_standing (store_id, edge_id, target, applied, is_on_trial, came_by,
  refused_revision, refused_reason, refused_detail, unknown, reported_at)
select store_id, edge_id, case is_all when 1 then 'all' else 'own' end, applied, 0, came_by,
  refused_revision, refused_reason, refused_detail, unknown, reported_at from settings_report;
drop table settings_report;
