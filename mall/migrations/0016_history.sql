-- The lives of each edge node's ledger, and who speaks in them.

-- How far each life is held; locked first by every batch. A life that has ended stays: it is what a
-- restored ledger is compared with.
create table edge_life (
  store_id    bigint not null references store (store_id),
  edge_id     text not null,
  epoch       bigint not null,
  acked_seq   bigint not null,
  acked_chain text not null,
  heard_at    bigint not null,
  told_at     bigint not null,                      -- the newest moment that its processed facts tell of
  opened_at   bigint not null,
  why         text not null,                        -- `session::Found` as a word, or 'enrolled'
  primary key (store_id, edge_id, epoch)
);
insert into edge_life (store_id, edge_id, epoch, acked_seq, acked_chain, heard_at, told_at, opened_at, why)
  select store_id, edge_id, epoch, acked_seq, acked_chain, heard_at, told_at, heard_at, 'enrolled'
  from edge_cursor;
drop table edge_cursor;

-- working: what each machine that speaks as an edge node was given last.
create table edge_session (
  store_id  bigint not null references store (store_id),
  edge_id   text not null,
  machine   text not null,
  ask_id    text not null,                          -- the ask that was answered
  nonce     text not null,                          -- '' since its history was seen to be another one
  epoch     bigint not null,
  boot_no   bigint not null,
  lost      text not null,                          -- `[LostV1]` of that answer, as JSON
  is_frozen bigint not null check (is_frozen in (0, 1)),
  opened_at bigint not null,
  primary key (store_id, edge_id, machine)
);

-- fact: the places of each fact, one in every life that told it; '' where the chain was not kept.
create table event_place (
  store_id bigint not null,
  edge_id  text not null,
  epoch    bigint not null,
  seq      bigint not null,
  id       text not null,
  chain    text not null,
  primary key (store_id, edge_id, epoch, seq)
);
insert into event_place (store_id, edge_id, epoch, seq, id, chain)
  select store_id, edge_id, epoch, seq, id, '' from event_inbox;
create index event_place_id on event_place (store_id, id);
