-- working: what stores say is wrong with them now; what they name no more is gone.
create table edge_trouble (
  store_id bigint not null,
  edge_id  text not null,
  trouble  text not null,                           -- `sync::trouble::Trouble`, or a newer program's
  since    bigint not null,                         -- by the store's clock
  n        bigint not null,                         -- of what it is about
  told_at  bigint not null,
  primary key (store_id, edge_id, trouble)
);
