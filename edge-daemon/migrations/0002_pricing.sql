-- Orders say where each fen went, and the rules in force outlive a set that cannot be used.

-- fact: an order as it was told (`sync::wire::OrderV1` as JSON, byte for byte the outbox's), with
-- what its rows have no columns for: reductions, tax, what each unit carries, how it was priced.
-- Orders of an older program have none; they knew no reductions.
create table order_body (
  order_id blob primary key references orders (id),
  body     text not null
) strict, without rowid;

-- working: the last rules that were in force here (`domain::pricing::RuleSet` as JSON), for a
-- start at which the replica's newest set cannot be used.
create table price_book (
  one         integer primary key check (one = 1),
  revision    integer not null,
  body        text not null,
  in_force_at integer not null
) strict;

-- working: how often this store has used each rule that has a quota, counted in the transaction of
-- the order that used it.
create table rule_use (
  rule text primary key,
  uses integer not null check (uses > 0)
) strict, without rowid;
