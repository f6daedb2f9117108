-- Goods of online orders that came back here (线上退货), and their slips.

-- working until it is decided, then frozen: a row is written before the mall is asked.
create table online_return (
  id         blob primary key check (length(id) = 16),
  order_id   blob not null check (length(order_id) = 16), -- the online order's
  number     text not null,                -- what people call the order
  state      text not null check (state in ('pending', 'done', 'refused')),
  asked      text not null,                -- `sync::wire::TakeBackV1` as JSON
  answer     text,                         -- `sync::wire::OnlineReturnV1` as JSON, once it is done
  refusal    text,                         -- why not, in one word
  asked_at   integer not null,
  decided_at integer,
  check ((state = 'pending') = (decided_at is null)),
  check ((state = 'done') = (answer is not null)),
  check ((state = 'refused') = (refusal is not null))
) strict, without rowid;
create unique index online_return_pending on online_return (order_id) where state = 'pending';
create index online_return_asked on online_return (asked_at);
create trigger online_return_frozen before update on online_return when old.state <> 'pending'
begin select raise(abort, 'a return that is decided stays as it is'); end;
create trigger online_return_kept before delete on online_return
begin select raise(abort, 'a return is never forgotten'); end;

-- to-do: `spool` with the slip of such a return.
alter table spool rename to spool_before_12;
create table spool (
  seq         integer primary key autoincrement,
  id          blob not null unique check (length(id) = 16),
  order_id    blob references orders (id),
  pickup_id   blob references pickup (id),
  return_id   blob references online_return (id),
  workstation integer not null,
  copy        text not null check (copy in ('first', 'reprint', 'post_void')),
  state       text not null default 'queued'
              check (state in ('queued', 'sending', 'sent', 'unknown', 'set_aside')),
  queued_at   integer not null,
  settled_at  integer,
  check ((order_id is not null) + (pickup_id is not null) + (return_id is not null) = 1)
) strict;
insert into spool (seq, id, order_id, pickup_id, workstation, copy, state, queued_at, settled_at)
  select seq, id, order_id, pickup_id, workstation, copy, state, queued_at, settled_at
  from spool_before_12;
drop table spool_before_12;
create index spool_waiting on spool (workstation, seq) where state in ('queued', 'sending');
create index spool_order on spool (order_id);
