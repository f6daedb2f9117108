-- Members, what they have, what stores are lent of it, coupons, and the keys of tokens. Names, phone
-- numbers and birthdays are sealed (`vault`); a phone number is found by its blind index.

-- Whoever had a token before could not touch members.
alter table staff add column may_manage_members bigint not null default 0;
-- The version of a store's feed that last brought other keys.
alter table store add column keys_version bigint not null default 0;
-- The newest moment that an edge node's processed facts tell of, by its own clock.
alter table edge_cursor add column told_at bigint not null default 0;
-- Who bought; '' when they did not say.
alter table orders add column member_id text not null default '';

-- A known text, sealed: whether the key beside the database is the one that it was written with.
-- reference
create table vault_check (
  one  bigint not null primary key check (one = 1),
  cell text not null
);

-- Public halves; the private ones are files.
-- reference
create table token_key (
  version    bigint not null primary key check (version between 1 and 255),
  public_key text not null,
  created_at bigint not null
);

-- `points` and `balance_minor` are the sums of the entries. A gone member keeps their entries.
-- reference
create table member (
  member_id     text not null primary key,
  phone_index   text not null unique,                -- of a gone member their id
  phone_cell    text not null,                       -- '' of a gone member
  name_cell     text not null,
  birthday_cell text not null,                       -- '' where nobody knows
  tier          text not null,
  joined_on     text not null,                       -- '' where nobody knows
  is_staff      bigint not null check (is_staff in (0, 1)),
  crowds        text not null,                       -- joined by `;`, which no tag holds
  points        bigint not null,
  balance_minor bigint not null,
  created_at    bigint not null,
  gone          bigint not null check (gone in (0, 1))
);

-- Which stores know a member: the one they call theirs, and those they bought in.
create table member_store (
  store_id  bigint not null references store (store_id),
  member_id text not null references member (member_id),
  is_home   bigint not null check (is_home in (0, 1)),
  version   bigint not null,                         -- of the store's feed
  gone      bigint not null check (gone in (0, 1)),
  primary key (store_id, member_id)
);
create index member_store_member on member_store (member_id, store_id);
create index member_store_version on member_store (store_id, version, member_id);

-- fact: what changed a purse. `source_id` is the order, the post-void or the adjustment.
create table member_entry (
  store_id    bigint not null,                       -- 0 for HQ
  member_id   text not null,
  source_id   text not null,
  purse       text not null check (purse in ('points', 'balance')),
  kind        text not null check (kind in ('earned', 'spent', 'adjusted')),
  amount      bigint not null,                       -- below zero takes; an undone one is the mirror
  operator    text not null,                         -- whose hand; of HQ, the holder of the token
  reason      text not null,
  entered_at  bigint not null,
  received_at bigint not null,
  primary key (store_id, member_id, source_id, purse, kind)
);
create index member_entry_member on member_entry (member_id, received_at);

-- working: what a store is lent of a purse. It may spend until `expires_at`, by its own clock, up
-- to `cap` of what it ever spent.
create table allowance (
  store_id   bigint not null references store (store_id),
  member_id  text not null references member (member_id),
  purse      text not null check (purse in ('points', 'balance')),
  spent      bigint not null,                        -- the sum of the store's `spent` entries
  cap        bigint not null,
  expires_at bigint not null,
  primary key (store_id, member_id, purse)
);
create index allowance_member on allowance (member_id, store_id);
create index allowance_due on allowance (expires_at);

-- Coupons of the chain's own, as they were issued.
-- reference
create table coupon (
  coupon_id text not null primary key,
  batch_id  text not null,
  number    bigint not null,                         -- in its batch, from 1
  rule      text not null,
  member_id text not null,                           -- '' for whoever shows it
  store_id  bigint not null,                         -- 0 for every store
  from_s    bigint not null,
  until_s   bigint not null,
  issued_by text not null,
  issued_at bigint not null
);
create index coupon_batch on coupon (batch_id, number);

-- fact, but for `undone`: which orders used a coupon. The first that came keeps it.
create table coupon_use (
  store_id    bigint not null,
  coupon_id   text not null,
  order_id    text not null,
  saved_minor bigint not null,
  place       bigint not null,                       -- 1 for the first that came, 2, 3 …
  undone      bigint not null check (undone in (0, 1)),
  primary key (store_id, order_id, coupon_id)
);
create index coupon_use_coupon on coupon_use (coupon_id, place);

-- working: what cost the chain more than it gave, until its order is undone. The receipt stands.
create table member_case (
  store_id    bigint not null,
  order_id    text not null,
  what        text not null check (what in ('coupon_used_twice', 'coupon_unknown',
                                            'points_beyond', 'balance_beyond')),
  subject     text not null,                         -- the coupon or the member
  cost        bigint not null,                       -- fen; of points, points
  reason      text not null,
  seq         bigint not null,
  received_at bigint not null,
  primary key (store_id, order_id, what, subject)
);
