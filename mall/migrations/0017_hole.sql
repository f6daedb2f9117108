-- fact: places of a life that its store said stay empty, and why: what lies there is kept in the store.
create table hole (
  store_id bigint not null references store (store_id),
  edge_id  text not null,
  epoch    bigint not null,
  first    bigint not null check (first >= 1),
  through  bigint not null check (through >= first),
  reason   text not null,                           -- as the store wrote it, without signs that no person reads
  told_at  bigint not null,
  primary key (store_id, edge_id, epoch, first)
);
