create unique index item_sku on item (sku collate nocase);
create index item_plu on item (plu) where plu <> '';
create index item_style on item (style) where style <> '';
create index item_initials on item (initials) where initials <> '';
create index item_pinyin on item (pinyin) where pinyin <> '';
create index barcode_item on barcode (item_id);
-- Four digits of a barcode's end find some dozens of a million.
create index barcode_tail on barcode (gtin % 10000);
