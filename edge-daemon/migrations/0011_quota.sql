-- What an undone order gives back of a quota.

-- fact: how often an order used each rule that has a quota, written with the order. Orders of an
-- older program have none.
create table order_rule_use (
  order_id blob not null references orders (id),
  rule     text not null,
  uses     integer not null check (uses > 0),
  primary key (order_id, rule)
) strict, without rowid;
