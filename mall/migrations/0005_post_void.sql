-- Orders that were undone on their business date (整单作废), and what other houses gave for orders
-- that does not add up to what the orders say.

-- fact: at most one of an order. Its total and business date are the order's.
create table post_void (
  store_id    bigint not null,
  order_id    text not null,
  id          text not null,
  workstation bigint not null,                      -- where it was undone
  operator    text not null,                        -- by whom
  undone_at   bigint not null,                      -- microseconds
  reason      text not null,                        -- in the operator's words
  received_at bigint not null,
  primary key (store_id, order_id),
  foreign key (store_id, order_id) references orders (store_id, id)
);

-- A mall that did not know them kept them; now they are looked at. What was quarantined stays.
update event_inbox set state = 'waiting'
where kind = 'post_void' and v = 1 and state = 'kept'
  and not exists (select 1 from trouble
                  where trouble.store_id = event_inbox.store_id and trouble.id = event_inbox.id
                    and trouble.digest = event_inbox.digest and trouble.what = 'quarantined');

-- working: an order says that so much came by one way of paying, and its payments or redemptions
-- here say otherwise; gone when they agree. Of an undone order nothing may be left.
create table discrepancy (
  store_id      bigint not null,
  order_id      text not null,
  kind          text not null check (kind in ('wechat', 'alipay', 'voucher')),
  n_tenders     bigint not null,                    -- what the order says
  said_minor    bigint not null,
  n_held        bigint not null,                    -- what is paid, or used, here
  held_minor    bigint not null,
  found_at      bigint not null,
  primary key (store_id, order_id, kind),
  foreign key (store_id, order_id) references orders (store_id, id)
);
create index discrepancy_found on discrepancy (store_id, found_at, order_id);
