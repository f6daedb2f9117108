-- Online orders that wait here (门店自提), and their slips.

-- working until it is handed over, then frozen: what this store did with an online order.
create table pickup (
  id             blob primary key check (length(id) = 16),
  state          text not null check (state in ('picking', 'ready', 'handed_over')),
  body           text not null,            -- `sync::wire::PickupV1` as it was told when it was begun
  picked         text not null,            -- list of `domain::pickup::PickLine` as JSON
  workstation    integer not null,         -- where it was moved last
  operator       text not null,            -- by whom
  moved_at       integer not null,
  proof          text check (proof in ('token', 'code')), -- what the shopper showed
  fact           blob check (length(fact) = 16),          -- told with the hand-over
  check ((state = 'handed_over') = (proof is not null and fact is not null))
) strict, without rowid;
create trigger pickup_frozen before update on pickup when old.state = 'handed_over'
begin select raise(abort, 'what was handed over stays as it is'); end;
create trigger pickup_kept before delete on pickup
begin select raise(abort, 'a pickup is never forgotten'); end;

-- to-do: `spool` with the slip of a hand-over, which belongs to no order.
alter table spool rename to spool_before_8;
create table spool (
  seq         integer primary key autoincrement,
  id          blob not null unique check (length(id) = 16),
  order_id    blob references orders (id),
  pickup_id   blob references pickup (id),
  workstation integer not null,
  copy        text not null check (copy in ('first', 'reprint', 'post_void')),
  state       text not null default 'queued'
              check (state in ('queued', 'sending', 'sent', 'unknown', 'set_aside')),
  queued_at   integer not null,
  settled_at  integer,
  check ((order_id is null) <> (pickup_id is null))
) strict;
insert into spool (seq, id, order_id, workstation, copy, state, queued_at, settled_at)
  select seq, id, order_id, workstation, copy, state, queued_at, settled_at from spool_before_8;
drop table spool_before_8;
create index spool_waiting on spool (workstation, seq) where state in ('queued', 'sending');
create index spool_order on spool (order_id);
