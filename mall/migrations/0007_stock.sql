-- What each store has of an item; scope `store-N`. What was sold since it was counted stands in
-- `order_line`: nobody keeps a second book of it.
create table stock (
  store_id       bigint not null references store (store_id),
  sku_key        text not null,
  sku            text not null,                     -- as orders spell it
  on_hand_milli  bigint not null,                   -- counted, less handed over since, with what came back
  reserved_milli bigint not null check (reserved_milli >= 0),
  counted_at     bigint not null,                   -- microseconds
  version        bigint not null,
  primary key (store_id, sku_key)
);
create index stock_version on stock (store_id, version, sku_key);
create index order_line_sku on order_line (store_id, sku);
