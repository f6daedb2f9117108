-- Rules, what goods cost HQ, and how orders were priced.

-- HQ's tags, joined by `;`, which no tag holds.
alter table item add column tags text not null default '';
-- What a piece or kilogram costs HQ, 0 where nobody said; it never travels to a store.
alter table item add column cost_minor bigint not null default 0 check (cost_minor >= 0);

-- Whoever had a token before could only read.
alter table staff add column may_save_rules bigint not null default 0;

-- fact: every set of rules that was ever in force; the newest is. Old ones stay, because orders
-- name them. The newest is a row of scope `catalog`, under `version`.
-- reference
create table rule_set (
  revision bigint not null primary key check (revision > 0),
  body     text not null,                           -- a `RuleSet`, its JSON
  sha256   text not null,                           -- of the body
  n_rules  bigint not null,
  note     text not null,
  saved_by text not null,
  saved_at bigint not null,
  version  bigint not null
);

-- How an order was priced, what delivery cost, and what reductions took, as JSON of the wire; ''
-- where an order has none.
alter table orders add column pricing text not null default '';
alter table orders add column delivery text not null default '';
alter table order_line add column label_minor bigint not null default -1; -- -1 without a label
alter table order_line add column tax_minor bigint not null default -1;   -- -1 where none was told
alter table order_line add column adjustments text not null default '';
alter table order_line add column units text not null default '';

-- fact: an order that comes out otherwise when the mall prices it again.
create table price_drift (
  store_id    bigint not null,
  order_id    text not null,
  seq         bigint not null,                      -- of the order's fact
  what        text not null check (what in ('unknown_revision', 'differs', 'refused')),
  revision    bigint not null,
  expected    text not null,                        -- what the mall finds
  came        text not null,                        -- what the order says
  received_at bigint not null,
  primary key (store_id, order_id)
);
create index price_drift_received on price_drift (store_id, received_at, order_id);
