-- Several malls over one database, and texts that one of the engines cannot keep as they came.

-- Whose turn it is, where the engine has more than one writer: whoever locks a row has that turn.
-- reference
create table turn (
  name text not null primary key
);
insert into turn (name) values ('write'), ('process');

-- How a body is written: '' as it came, `hex` where it holds the sign NUL.
alter table event_inbox add column coding text not null default '';
alter table trouble add column coding text not null default '';

-- The barcodes of an item in one order, so that every mall makes the same snapshot.
drop index barcode_sku;
create index barcode_sku on barcode (sku_key, gtin);
