-- What orders brought beside their goods, and who pays for what they saved.

-- Grants as JSON of the wire; '' where an order has none.
alter table orders add column grants text not null default '';

-- fact: what one source saved in an order, and who pays for it by the rules that priced the order.
-- What of `saved_minor` nobody pays is of rules that this mall never had. Orders that came before
-- this table have no rows.
create table order_saving (
  store_id       bigint not null,
  order_id       text not null,
  number         bigint not null,
  rule           text not null,                     -- '' for a reduction by hand, 'not told' where nobody says
  code           text not null,                     -- the coupon's number; '' without one
  name           text not null,                     -- what people read; of a hand, its reason
  saved_minor    bigint not null,
  brand_minor    bigint not null,
  store_minor    bigint not null,
  platform_minor bigint not null,
  primary key (store_id, order_id, number),
  foreign key (store_id, order_id) references orders (store_id, id)
);
