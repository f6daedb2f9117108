-- A fact that nobody on the way to the mall takes stands at a hole: the mall was told of it, its body
-- stays here, and a person looks. A check cannot be changed, so the table is made anew.
create table outbox_with_holes (
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
         check (state in ('pending', 'acked', 'quarantined', 'conflict', 'hole')),
  reason text, -- why a person should look
  place  integer not null default 0
) strict;
insert into outbox_with_holes (seq, epoch, id, kind, v, at, body, digest, chain, state, reason, place)
  select seq, epoch, id, kind, v, at, body, digest, chain, state, reason, place from outbox order by seq;
-- A sequence that was used never comes back, also where its row is gone.
delete from sqlite_sequence where name = 'outbox_with_holes';
insert into sqlite_sequence (name, seq)
  select 'outbox_with_holes', seq from sqlite_sequence where name = 'outbox';
drop table outbox;
alter table outbox_with_holes rename to outbox;
create index outbox_pending on outbox (seq) where state = 'pending';
create index outbox_troubled on outbox (seq) where state in ('quarantined', 'conflict', 'hole');
create unique index outbox_place on outbox (epoch, place);
