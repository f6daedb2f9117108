-- Members at a counter, what they spent of what the mall set aside for this store, and coupons of
-- the brand's own.

-- fact: `tender` with prepaid balance. SQLite changes no check in place, so the rows move over as
-- they are.
alter table tender rename to tender_before_5;
create table tender (
  order_id     blob not null references orders (id),
  number       integer not null,
  kind         text not null
               check (kind in ('cash', 'card', 'wechat', 'alipay', 'voucher', 'balance')),
  amount_minor integer not null,
  primary key (order_id, number)
) strict, without rowid;
insert into tender select order_id, number, kind, amount_minor from tender_before_5;
drop table tender_before_5;

-- working: who buys what is on a counter. `body` is `sync::wire::MemberV1` as the mall wrote it:
-- name and phone number stay sealed; none for a member whom this store has no row of.
create table cart_member (
  order_id             blob primary key check (length(order_id) = 16),
  member_id            blob not null check (length(member_id) = 16),
  is_proven            integer not null check (is_proven in (0, 1)), -- they showed their own code
  body                 text,
  points_to_pay        integer not null default 0 check (points_to_pay >= 0),
  balance_to_pay_minor integer not null default 0 check (balance_to_pay_minor >= 0)
) strict, without rowid;

-- working: coupons of the brand's own beside a cart. Their tokens are written nowhere.
create table cart_coupon (
  order_id  blob not null check (length(order_id) = 16),
  place     integer not null,
  coupon_id blob not null check (length(coupon_id) = 16),
  member_id blob check (length(member_id) = 16), -- whose it is, if somebody's
  rule      text not null,
  until     integer not null,
  primary key (order_id, place),
  unique (order_id, coupon_id)
) strict, without rowid;

-- fact: what an order, or the undoing of one, took of a member's points and balance, by its place
-- in the outbox; what they had before it, where they had shown that it is they.
create table member_entry (
  fact_id              blob primary key check (length(fact_id) = 16), -- the order's, or its undoing's
  order_id             blob not null references orders (id),
  member_id            blob not null check (length(member_id) = 16),
  epoch                integer not null,
  seq                  integer not null,
  points               integer not null, -- below zero where they come back
  balance_minor        integer not null,
  points_before        integer,
  balance_before_minor integer
) strict, without rowid;
create index member_entry_of on member_entry (member_id, epoch, seq);
create index member_entry_order on member_entry (order_id);

-- working: how often a member has used each rule that has a limit for each member, in this store.
create table member_rule_use (
  member_id     blob not null check (length(member_id) = 16),
  rule          text not null,
  business_date text not null,
  uses          integer not null check (uses > 0),
  primary key (member_id, rule, business_date)
) strict, without rowid;

-- fact: which order used a coupon of the brand's own. One that was undone has used nothing.
create table coupon_use (
  coupon_id blob not null check (length(coupon_id) = 16),
  order_id  blob not null references orders (id),
  primary key (coupon_id, order_id)
) strict, without rowid;
