-- How far stores have told and heard, and the way of a command.

-- working: how far a node has told and heard, as it said last.
create table edge_state (
  store_id  bigint not null,
  edge_id   text not null,
  waiting   bigint not null,                        -- facts that wait for the mall
  oldest_at bigint not null,                        -- of the oldest, by the store's clock; 0 for none
  catalog   bigint not null,                        -- the version of the catalog it sells from
  own       bigint not null,                        -- the version of its own rows
  told_at   bigint not null,
  primary key (store_id, edge_id)
);

alter table command add column taken_at bigint not null default 0; -- 0 until the store fetched it
alter table command add column given_to text not null default ''; -- the group it was given to, if one
