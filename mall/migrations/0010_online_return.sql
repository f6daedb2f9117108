-- Goods of online orders that came back in stores (线上退货).

-- fact: a return as it was decided, also one that was refused: an id is decided once. What it gave is
-- made again of the order and of the returns before it.
create table online_return (
  store_id   bigint not null references store (store_id), -- where the goods came back
  id         text not null,                         -- made by the store
  order_id   text not null,
  place      bigint not null,                       -- 1, 2, 3 … of the order's returns; 0 for one that was refused
  digest     text not null,                         -- of what was asked: the same id with other goods is told
  state      text not null check (state in ('done', 'refused')),
  refusal    text not null,                         -- why not, in one word
  reason     text not null,
  saleable   bigint not null check (saleable in (0, 1)),
  policy     text not null,                         -- `domain::returns::ReturnPolicy` as JSON
  amount_minor bigint not null check (amount_minor >= 0),
  workstation bigint not null,
  operator   text not null,
  asked_at   bigint not null,                       -- by the store's clock
  decided_at bigint not null,
  primary key (store_id, id)
);
create index online_return_id on online_return (id);
create index online_return_order on online_return (order_id, place) where place > 0;
create index online_return_decided on online_return (decided_at, id);

-- fact: what of each line.
create table online_return_line (
  store_id       bigint not null,
  return_id      text not null,
  number         bigint not null,
  quantity_milli bigint not null,
  primary key (store_id, return_id, number),
  foreign key (store_id, return_id) references online_return (store_id, id)
);

create index pickup_refund_due on pickup_refund (made_at, id) where done_at = 0;
