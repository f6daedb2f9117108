-- Finds what was sold of an item since it was counted.
create index order_line_sku on order_line (sku collate nocase, order_id);
