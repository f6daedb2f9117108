-- replica: the mall owns these rows; a store only reads them and applies the mall's changes.
create table replica_meta (
  one         integer primary key check (one = 1),
  scope       text not null,
  incarnation text not null,            -- differs after the mall's feed was rebuilt
  schema      integer not null,
  version     integer not null,         -- the feed cursor, in the same transaction as its rows
  after_key   text not null default '', -- how far inside a version that needs several pages
  updated_at  integer not null          -- microseconds
) strict;

create table item (
  item_id          integer primary key, -- names the item's words; no meaning outside this file
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
  tags             text not null default '', -- HQ's tags, joined by `;`, which no tag holds
  initials         text not null,       -- first letters of the name's 拼音
  pinyin           text not null        -- the name's 拼音 without tones
) strict;

create table barcode (
  gtin       integer primary key,       -- 14 digits as a number
  item_id    integer not null,
  pack_milli integer not null check (pack_milli > 0)
) strict;

-- All rules in force together, whole: what a promotion takes away depends on the others.
create table rule_set (
  one      integer primary key check (one = 1),
  revision integer not null check (revision > 0),
  body     text not null                -- a `RuleSet`, its JSON
) strict;

-- Words cut by `domain::find::words`. The text itself is not kept: hits are checked on `item`.
create virtual table item_word using fts5(words, content = '', contentless_delete = 1, detail = none);
