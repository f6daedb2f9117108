-- Payments by code, coupons and vouchers of other houses, and orders that were undone.

-- fact: `tender` with the ways to pay that other houses settle. SQLite changes no check in place,
-- so the rows move over as they are.
alter table tender rename to tender_before_4;
create table tender (
  order_id     blob not null references orders (id),
  number       integer not null,
  kind         text not null check (kind in ('cash', 'card', 'wechat', 'alipay', 'voucher')),
  amount_minor integer not null,
  primary key (order_id, number)
) strict, without rowid;
insert into tender select order_id, number, kind, amount_minor from tender_before_4;
drop table tender_before_4;

-- to-do: `spool` with the slip of an order that was undone.
alter table spool rename to spool_before_4;
create table spool (
  seq         integer primary key autoincrement,
  id          blob not null unique check (length(id) = 16),
  order_id    blob not null references orders (id),
  workstation integer not null,
  copy        text not null check (copy in ('first', 'reprint', 'post_void')),
  state       text not null default 'queued'
              check (state in ('queued', 'sending', 'sent', 'unknown', 'set_aside')),
  queued_at   integer not null,
  settled_at  integer
) strict;
insert into spool select seq, id, order_id, workstation, copy, state, queued_at, settled_at
  from spool_before_4;
drop table spool_before_4;
create index spool_waiting on spool (workstation, seq) where state in ('queued', 'sending');
create index spool_order on spool (order_id);

-- working until decided, then frozen: charges that another house was asked for. A row is written
-- before anybody is asked. The code that the shopper showed is written nowhere.
create table payment (
  id             blob primary key check (length(id) = 16),
  order_id       blob not null check (length(order_id) = 16),
  workstation    integer not null,
  method         text not null check (method in ('wechat', 'alipay')),
  amount_minor   integer not null check (amount_minor > 0),
  state          text not null
                 check (state in ('sent', 'paying', 'paid', 'refused', 'reversing', 'reversed')),
  asked_at       integer not null,
  decided_at     integer,
  transaction_id text not null default '', -- the other house's number, once it is paid
  refusal        text                      -- why not, in one word
) strict, without rowid;
create index payment_order on payment (order_id);
create index payment_undecided on payment (asked_at) where state in ('sent', 'paying', 'reversing');
create trigger payment_frozen before update on payment when old.state in ('refused', 'reversed')
begin select raise(abort, 'a payment that is decided stays as it is'); end;
create trigger payment_kept before delete on payment
begin select raise(abort, 'a payment is never forgotten'); end;

-- working until settled, then frozen: coupons and vouchers of other houses on their way to be used.
-- What their houses gave out as tokens stays with the mall; the codes are written nowhere.
create table redemption (
  id               blob primary key check (length(id) = 16),
  order_id         blob not null check (length(order_id) = 16),
  workstation      integer not null,
  issuer           text not null check (issuer in ('douyin', 'wechat')),
  state            text not null check (state in ('looked_up', 'pending', 'redeemed', 'refused',
                                                  'reversing', 'reversed', 'kept')),
  offers           text not null,          -- list of `sync::wire::OfferV1` as JSON
  offer            integer,                -- which of them, once somebody chose
  count            integer not null default 0,
  covers_minor     integer not null default 0, -- what it pays, fixed when its use is asked for
  code_tail        text not null,          -- the last signs of the code, for people
  looked_up_at     integer not null,
  asked_at         integer,
  decided_at       integer,
  reversible_until integer,
  refusal          text                    -- why not, in one word
) strict, without rowid;
create index redemption_order on redemption (order_id);
create index redemption_undecided on redemption (looked_up_at)
  where state in ('pending', 'reversing');
create index redemption_kept on redemption (decided_at) where state = 'kept';
create trigger redemption_frozen before update on redemption
when old.state in ('refused', 'reversed', 'kept')
begin select raise(abort, 'a redemption that is settled stays as it is'); end;
create trigger redemption_not_forgotten before delete on redemption
begin select raise(abort, 'a redemption is never forgotten'); end;

-- fact: orders that were undone on their business date.
create table post_void (
  order_id      blob primary key references orders (id),
  id            blob not null unique check (length(id) = 16),
  business_date text not null,
  workstation   integer not null,
  operator      text not null,
  at            integer not null,
  reason        text not null,
  total_minor   integer not null
) strict, without rowid;
