-- Which stores have an item, and how many orders are open in somebody's name.
create index stock_sku on stock (sku_key);
create index online_order_shop on online_order (shop) where state in ('placed', 'picking', 'ready');
