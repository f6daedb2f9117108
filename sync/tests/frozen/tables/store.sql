-- replica: the mall owns these rows; a store only reads them and applies the mall's changes.
create table replica_meta (
  one         integer primary key check (one = 1),
  scope       text not null,
  incarnation text not null,
  schema      integer not null,
  version     integer not null,
  after_key   text not null default '',
  updated_at  integer not null
) strict;

-- One row, as the mall wrote it (`wire::StoreV1`): name, head, clock, rounding, label patterns.
create table store (
  one  integer primary key check (one = 1),
  body text not null
) strict;

create table workstation (
  number integer primary key check (number between 1 and 999),
  name   text not null,
  kind   text not null check (kind in ('till', 'kiosk'))
) strict;

create table operator (
  number   text primary key,
  name     text not null,
  role     text not null check (role in ('cashier', 'manager')),
  pin_hash text not null -- argon2id, PHC string format
) strict, without rowid;

-- What the store has of an item as the mall knows it; what was sold since is in the ledger.
create table stock (
  sku_key        text primary key,       -- the SKU in ASCII lower case
  on_hand_milli  integer not null,
  reserved_milli integer not null,
  counted_at     integer not null        -- microseconds
) strict, without rowid;

-- Online orders that wait here or did lately (`wire::PickupV1`).
create table pickup (
  id        text primary key,
  state     text not null,               -- the mall's word
  placed_at integer not null,
  body      text not null
) strict, without rowid;
create index pickup_placed on pickup (placed_at);

-- Who may come, as the mall wrote them (`wire::MemberV1`): names and phone numbers in `body` are
-- sealed for this store, and the index is blind.
create table member (
  member_id   text primary key,
  phone_index text not null, -- hexadecimal; two members may share one between two changes
  body        text not null
) strict, without rowid;
create index member_phone on member (phone_index);

-- The keys that tokens are believed by.
create table token_key (
  version    integer primary key check (version between 1 and 255),
  public_key text not null -- Ed25519, 64 hexadecimal digits
) strict;
