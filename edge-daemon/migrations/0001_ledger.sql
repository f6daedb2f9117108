-- The ledger: what this store did and has still to do. It is never replaced, only appended to and
-- stepped forward.

-- working: who this node is at the mall; one row once it is enrolled.
create table node (
  one         integer primary key check (one = 1),
  edge_id     blob not null check (length(edge_id) = 16),
  store_id    integer not null,
  store_code  text not null,
  epoch       integer not null check (epoch >= 1), -- given by the mall; part of receipt numbers
  enrolled_at integer not null
) strict;

-- working: a workstation as its screens show it. The revision only rises.
create table station (
  workstation  integer primary key check (workstation between 1 and 999),
  revision     integer not null,
  order_id     blob not null check (length(order_id) = 16), -- of the cart now on the counter
  newest_line  blob,
  is_tendering integer not null check (is_tendering in (0, 1)),
  is_done      integer not null check (is_done in (0, 1)),
  last_order   blob,
  operator     text,
  token_sha256 blob,
  signed_in_at integer
) strict;

-- working: the lines on the counter (`domain::cart::CartLine` as JSON), one row per line touched.
create table cart_line (
  workstation integer not null,
  position    integer not null,
  body        text not null,
  primary key (workstation, position)
) strict, without rowid;

-- working: the way back of each change (`domain::cart::Step` as JSON).
create table cart_step (
  workstation integer not null,
  step        integer not null,
  body        text not null,
  primary key (workstation, step)
) strict, without rowid;

-- working: commands already carried out, so that a repeat has no second effect.
create table command (
  id          blob primary key check (length(id) = 16),
  body_sha256 blob not null check (length(body_sha256) = 32),
  at          integer not null
) strict, without rowid;
create index command_at on command (at);

-- working: the last receipt sequence given out, per workstation and business date.
create table receipt_sequence (
  workstation   integer not null,
  business_date text not null,
  last          integer not null check (last >= 1),
  primary key (workstation, business_date)
) strict, without rowid;

-- fact: completed orders. No statement anywhere updates or deletes one.
create table orders (
  id             blob primary key check (length(id) = 16),
  receipt_number text not null unique,
  workstation    integer not null,
  business_date  text not null,
  operator       text not null,
  completed_at   integer not null,
  list_minor     integer not null,
  total_minor    integer not null,
  rounding_minor integer not null,
  change_minor   integer not null
) strict;
create index orders_day on orders (business_date, workstation);

-- fact
create table order_line (
  order_id         blob not null references orders (id),
  number           integer not null,
  line_id          blob not null check (length(line_id) = 16),
  sku              text not null,
  code             text not null,
  name             text not null,
  spec             text not null,
  unit             text not null check (unit in ('piece', 'kg')),
  quantity_milli   integer not null,
  list_price_minor integer not null,
  tax_rate_bps     integer not null,
  list_minor       integer not null,
  amount_minor     integer not null,
  primary key (order_id, number)
) strict, without rowid;

-- fact
create table tender (
  order_id     blob not null references orders (id),
  number       integer not null,
  kind         text not null check (kind in ('cash', 'card')),
  amount_minor integer not null,
  primary key (order_id, number)
) strict, without rowid;

-- to-do: facts the mall has not yet acknowledged. `autoincrement`, so that a pruned sequence never
-- comes back; commit order is sequence order because there is one writer.
create table outbox (
  seq    integer primary key autoincrement,
  epoch  integer not null,
  id     blob not null unique check (length(id) = 16),
  kind   text not null,
  v      integer not null,
  at     integer not null,
  body   text not null,
  digest blob not null check (length(digest) = 32),
  chain  blob not null check (length(chain) = 32),
  state  text not null default 'pending'
         check (state in ('pending', 'acked', 'quarantined', 'conflict')),
  reason text -- why the mall wants a person to look
) strict;
create index outbox_pending on outbox (seq) where state = 'pending';
create index outbox_troubled on outbox (seq) where state in ('quarantined', 'conflict');

-- to-do: receipts waiting for paper.
create table spool (
  seq         integer primary key autoincrement,
  id          blob not null unique check (length(id) = 16),
  order_id    blob not null references orders (id),
  workstation integer not null,
  copy        text not null check (copy in ('first', 'reprint')),
  state       text not null default 'queued'
              check (state in ('queued', 'sending', 'sent', 'unknown', 'set_aside')),
  queued_at   integer not null,
  settled_at  integer
) strict;
create index spool_waiting on spool (workstation, seq) where state in ('queued', 'sending');
create index spool_order on spool (order_id);
