-- The tables of a catalog replica as programs of schema 1 wrote them, for tests: a store that is
-- upgraded while its mall is away has such a file.
create table replica_meta (
  one         integer primary key check (one = 1),
  scope       text not null,
  incarnation text not null,
  schema      integer not null,
  version     integer not null,
  after_key   text not null default '',
  updated_at  integer not null
) strict;

create table item (
  item_id          integer primary key,
  sku              text not null,
  name             text not null,
  spec             text not null,
  unit             text not null check (unit in ('piece', 'kg')),
  style            text not null,
  colour           text not null,
  size             text not null,
  brand            text not null,
  category         text not null,
  list_price_minor integer not null check (list_price_minor >= 0),
  tax_rate_bps     integer not null check (tax_rate_bps between 0 and 10000),
  plu              text not null,
  initials         text not null,
  pinyin           text not null
) strict;

create table barcode (
  gtin       integer primary key,
  item_id    integer not null,
  pack_milli integer not null check (pack_milli > 0)
) strict;
create virtual table item_word using fts5(words, content = '', contentless_delete = 1, detail = none);
