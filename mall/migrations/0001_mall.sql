-- The same text runs on SQLite and on PostgreSQL: two types only (bigint, text), no `strict`, no
-- triggers, no sequences; ids, times and versions are parameters. Where no value is, stands '' or 0.
-- Every primary key and unique index begins with `store_id`, or the table is marked `-- reference`
-- (small, or the same for all stores; copied to every node of a cluster).

-- The counter of each feed. A change raises its scope's version once, in its own transaction.
-- reference
create table scope (
  scope       text not null primary key,            -- `catalog`, `store-17`
  incarnation text not null,                        -- differs after the feed was rebuilt
  version     bigint not null check (version >= 0),
  kept_since  bigint not null check (kept_since >= 0), -- tombstones up to here are gone
  changed_at  bigint not null                       -- microseconds
);

-- What is sold; scope `catalog`. A gone row is a tombstone.
-- reference
create table item (
  sku_key          text not null primary key,       -- the SKU in ASCII lower case
  sku              text not null,
  name             text not null,
  spec             text not null,
  unit             text not null check (unit in ('piece', 'kg')),
  style            text not null,
  colour           text not null,
  size             text not null,
  brand            text not null,
  category         text not null,
  list_price_minor bigint not null check (list_price_minor >= 0),
  tax_rate_bps     bigint not null check (tax_rate_bps between 0 and 10000),
  plu              text not null,
  initials         text not null,
  pinyin           text not null,
  digest           text not null,                   -- of the item as the feed carries it
  version          bigint not null,
  gone             bigint not null check (gone in (0, 1)),
  changed_at       bigint not null
);
create index item_version on item (version, sku_key);
create index item_plu on item (plu) where plu <> '';

-- reference
create table barcode (
  gtin       bigint not null primary key,
  sku_key    text not null references item (sku_key),
  pack_milli bigint not null check (pack_milli > 0)
);
create index barcode_sku on barcode (sku_key);

-- reference
create table store (
  store_id   bigint not null primary key,
  code       text not null unique,
  body       text not null,                         -- as the feed carries it
  version    bigint not null,
  created_at bigint not null
);

create table workstation (
  store_id bigint not null references store (store_id),
  number   bigint not null check (number between 1 and 999),
  name     text not null,
  kind     text not null check (kind in ('till', 'kiosk')),
  version  bigint not null,
  gone     bigint not null check (gone in (0, 1)),
  primary key (store_id, number)
);

create table operator (
  store_id bigint not null references store (store_id),
  number   text not null,
  name     text not null,
  role     text not null check (role in ('cashier', 'manager')),
  pin_hash text not null,                           -- argon2id, PHC string format; '' when gone
  version  bigint not null,
  gone     bigint not null check (gone in (0, 1)),
  primary key (store_id, number)
);

-- One-time codes; only their hash is kept.
-- reference
create table claim (
  code_hash  text not null primary key,
  store_id   bigint not null references store (store_id),
  expires_at bigint not null,
  used_at    bigint not null,                       -- 0 until it is used
  edge_id    text not null                          -- who used it
);

-- Edge nodes by their key; asked by id before the store is known.
-- reference
create table edge (
  edge_id     text not null primary key,
  store_id    bigint not null references store (store_id),
  public_key  text not null,
  epoch       bigint not null check (epoch >= 1),
  enrolled_at bigint not null,
  revoked_at  bigint not null                       -- 0 while it may speak
);
create index edge_store on edge (store_id, edge_id);

-- People and programs of HQ; only the token's hash is kept.
-- reference
create table staff (
  token_hash text not null primary key,
  name       text not null unique,
  created_at bigint not null,
  revoked_at bigint not null
);

-- How far each edge node's facts are held; locked first by every batch.
create table edge_cursor (
  store_id    bigint not null references store (store_id),
  edge_id     text not null,
  epoch       bigint not null,
  acked_seq   bigint not null,
  acked_chain text not null,
  heard_at    bigint not null,
  primary key (store_id, edge_id)
);

-- fact: which facts are held, by their own identity; outlives the bodies.
create table event_id (
  store_id     bigint not null,
  id           text not null,
  digest       text not null,                       -- of the stored bytes
  received_day text not null,
  primary key (store_id, id)
);

-- fact: the bytes as they came, one day beside the other so that old days can be moved away.
create table event_inbox (
  store_id     bigint not null,
  received_day text not null,
  id           text not null,
  edge_id      text not null,
  epoch        bigint not null,
  seq          bigint not null,
  kind         text not null,
  v            bigint not null,
  digest       text not null,
  body         text not null,
  received_at  bigint not null,
  state        text not null check (state in ('waiting', 'done', 'kept')), -- kept: nothing to do
  primary key (store_id, received_day, id)
);
create index event_inbox_waiting on event_inbox (store_id, edge_id, epoch, seq) where state = 'waiting';

-- fact: what a person should look at: a quarantined fact, or other bytes under an id that is held.
create table trouble (
  store_id    bigint not null,
  id          text not null,
  digest      text not null,
  what        text not null check (what in ('quarantined', 'conflict')),
  reason      text not null,
  edge_id     text not null,
  epoch       bigint not null,
  seq         bigint not null,
  kind        text not null,
  v           bigint not null,
  body        text not null,
  received_at bigint not null,
  primary key (store_id, id, digest)
);

-- fact: orders, taken from the inbox; made once, never changed.
create table orders (
  store_id       bigint not null,
  id             text not null,
  receipt_number text not null,
  business_date  text not null,
  workstation    bigint not null,
  operator       text not null,
  completed_at   bigint not null,
  currency       text not null,
  list_minor     bigint not null,
  total_minor    bigint not null,
  rounding_minor bigint not null,
  change_minor   bigint not null,
  edge_id        text not null,
  received_at    bigint not null,
  primary key (store_id, id)
);
create index orders_day on orders (store_id, business_date, completed_at, id);
create index orders_id on orders (id);
create index orders_receipt on orders (receipt_number);

-- fact
create table order_line (
  store_id         bigint not null,
  order_id         text not null,
  number           bigint not null,
  id               text not null,
  sku              text not null,
  code             text not null,
  name             text not null,
  spec             text not null,
  unit             text not null,
  quantity_milli   bigint not null,
  list_price_minor bigint not null,
  tax_rate_bps     bigint not null,
  list_minor       bigint not null,
  amount_minor     bigint not null,
  primary key (store_id, order_id, number),
  foreign key (store_id, order_id) references orders (store_id, id)
);

-- fact
create table tender (
  store_id     bigint not null,
  order_id     text not null,
  number       bigint not null,
  kind         text not null,
  amount_minor bigint not null,
  primary key (store_id, order_id, number),
  foreign key (store_id, order_id) references orders (store_id, id)
);
