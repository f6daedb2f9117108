-- Online orders that wait in a store (门店自提), and what became of them.

-- Online shops that may place orders; only the token's hash is kept.
-- reference
create table shop (
  token_hash text not null primary key,
  name       text not null unique,
  created_at bigint not null,
  revoked_at bigint not null
);

-- working until it is over: what it is never changes, where it stands does. Of the shopper only masks
-- are kept: nobody here needs more.
create table online_order (
  store_id   bigint not null references store (store_id),
  id         text not null,
  shop       text not null,                         -- by whose token
  digest     text not null,                         -- of what was asked: the same id with other goods is told
  number     text not null,                         -- what shopper and shop call it
  state      text not null
    check (state in ('placed', 'picking', 'ready', 'handed_over', 'cancelled', 'expired')),
  placed_at  bigint not null,
  until_at   bigint not null,                       -- kept for the shopper until then
  shopper    text not null,                         -- masked
  phone      text not null,                         -- masked
  method     text not null,                         -- how it was paid at the shop
  reference  text not null,                         -- by which number
  attempt    bigint not null,                       -- which of the codes its id gives
  code_hash  text not null,                         -- the code itself is kept nowhere
  total_minor bigint not null,
  body       text not null,                         -- the order as the wire has it: priced, with what each unit carries
  ready_at   bigint not null,
  ended_at   bigint not null,                       -- handed over, cancelled or expired
  handed_by  text not null,                         -- the fact that first handed it over
  version    bigint not null,
  gone       bigint not null check (gone in (0, 1)),
  primary key (store_id, id)
);
create index online_order_id on online_order (id);
create index online_order_number on online_order (number);
create index online_order_until on online_order (until_at) where state in ('placed', 'picking', 'ready');
create index online_order_ended on online_order (ended_at) where ended_at > 0 and gone = 0;

-- What is promised to it while it is open: the sum of these is what `stock` calls reserved.
create table reservation (
  store_id       bigint not null,
  order_id       text not null,
  number         bigint not null,
  sku            text not null,
  quantity_milli bigint not null,
  primary key (store_id, order_id, number),
  foreign key (store_id, order_id) references online_order (store_id, id)
);

-- fact: an order was handed over that should not have been, and what it cost. The store is never
-- told to take it back.
create table pickup_case (
  store_id   bigint not null,
  id         text not null,                         -- of the fact
  order_id   text not null,
  what       text not null check (what in ('second', 'after_end', 'unknown')),
  cost_minor bigint not null,
  edge_id    text not null,
  told_at    bigint not null,                       -- by the store's clock
  received_at bigint not null,
  primary key (store_id, id)
);
create index pickup_case_received on pickup_case (received_at, id);

-- working until it is done: money that whoever took it has to give back.
create table pickup_refund (
  store_id     bigint not null,
  id           text not null,
  order_id     text not null,
  why          text not null check (why in ('cancelled', 'expired', 'returned')),
  amount_minor bigint not null check (amount_minor > 0),
  made_at      bigint not null,
  done_at      bigint not null,                     -- 0 until the shop said so
  reference    text not null,                       -- the shop's number of it
  primary key (store_id, id)
);
create index pickup_refund_order on pickup_refund (store_id, order_id);
create index pickup_refund_made on pickup_refund (made_at, id);
