-- Payments by code, and coupons and vouchers of other houses: what was asked, and what was heard.
-- A row is written before its house is asked. Times are microseconds, 0 where there is none.
-- `ask_at` is when its house is asked again, `busy_until` until when somebody is asking: whoever
-- moves it forward may ask, so that two malls never ask at once.

-- working until it is decided; no column holds a payment code.
create table payment (
  store_id       bigint not null references store (store_id),
  id             text not null,                     -- without hyphens the number at the house
  order_id       text not null,
  workstation    bigint not null,                   -- 0 where its reversal came first
  method         text not null check (method in ('wechat', 'alipay')),
  amount_minor   bigint not null check (amount_minor > 0),
  state          text not null
    check (state in ('sent', 'paying', 'paid', 'refused', 'reversing', 'reversed')),
  transaction_id text not null,                     -- the house's own number
  refusal        text not null,                     -- the last no of its house, in one word
  made_at        bigint not null,
  paid_at        bigint not null,
  reversing_at   bigint not null,                   -- when somebody wanted it undone
  decided_at     bigint not null,
  ask_at         bigint not null,
  busy_until     bigint not null,
  primary key (store_id, id)
);
create index payment_id on payment (id);
create index payment_order on payment (store_id, order_id);
create unique index payment_open on payment (store_id, order_id) where state in ('sent', 'paying');
create index payment_made on payment (made_at, id);
create index payment_due on payment (ask_at) where state in ('sent', 'paying', 'reversing');

-- working until it is decided.
create table refund (
  store_id     bigint not null references store (store_id),
  id           text not null,                       -- without hyphens the number at the house
  payment_id   text not null,
  amount_minor bigint not null check (amount_minor > 0),
  reason       text not null,
  state        text not null check (state in ('sent', 'done', 'refused')),
  refusal      text not null,
  made_at      bigint not null,
  decided_at   bigint not null,
  ask_at       bigint not null,
  busy_until   bigint not null,
  primary key (store_id, id),
  foreign key (store_id, payment_id) references payment (store_id, id)
);
create index refund_id on refund (id);
create index refund_payment on refund (store_id, payment_id);
create index refund_due on refund (ask_at) where state = 'sent';

-- working until it is decided.
create table redemption (
  store_id         bigint not null references store (store_id),
  id               text not null,                   -- without hyphens the number at the house
  order_id         text not null,
  workstation      bigint not null,
  issuer           text not null check (issuer in ('douyin', 'wechat')),
  state            text not null check (state in ('looked_up', 'pending', 'redeemed', 'refused',
                                                  'reversing', 'reversed', 'kept')),
  offers           text not null,                   -- as the wire says them, JSON
  code_tail        text not null,
  held             text not null,                   -- secret: what its house must be told again;
                                                    -- '' once there is nothing left to ask
  offer            bigint not null,                 -- which was asked for
  pieces           bigint not null,                 -- and how many of it; 0 until then
  refusal          text not null,
  made_at          bigint not null,
  asked_at         bigint not null,                 -- when its use was first asked for
  put_at           bigint not null,                 -- and last
  used_at          bigint not null,                 -- when it was known to be used
  reversing_at     bigint not null,
  decided_at       bigint not null,
  reversible_until bigint not null,
  back_at          bigint not null,                 -- when its house was last asked to take it back
  ask_at           bigint not null,
  busy_until       bigint not null,
  primary key (store_id, id)
);
create index redemption_id on redemption (id);
create index redemption_made on redemption (made_at, id);
create index redemption_due on redemption (ask_at) where state in ('pending', 'reversing');
create index redemption_looked_up on redemption (made_at) where state = 'looked_up';
create index redemption_unasked on redemption (made_at) where asked_at = 0;
create index redemption_secret on redemption (reversible_until)
  where state = 'redeemed' and held <> '' and reversible_until > 0;

-- working; by which name its house knows a use. One redemption made it, and no other may take it
-- for its own: names are written under the lock of the one writer, after a look who holds them.
create table redemption_use (
  store_id      bigint not null references store (store_id),
  redemption_id text not null,
  issuer        text not null check (issuer in ('douyin', 'wechat')),
  verify_id     text not null,
  primary key (store_id, redemption_id, verify_id)
);
create index redemption_use_name on redemption_use (issuer, verify_id);
