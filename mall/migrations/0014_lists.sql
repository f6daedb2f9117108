-- What HQ lists is read from its newest end, and no further than a page.

create index orders_completed on orders (store_id, completed_at, id);
create index trouble_received on trouble (store_id, received_at);
create index price_drift_newest on price_drift (received_at, order_id);
create index member_case_received on member_case (store_id, received_at);
-- Returns that were refused are in no list.
drop index online_return_decided;
create index online_return_taken on online_return (decided_at, id) where place > 0;
-- By `state` alone they would also be taken for what is open or due, which has narrower ones.
create index payment_store on payment (store_id, made_at, id);
create index payment_state on payment ((state || ''), made_at, id);
create index payment_store_state on payment (store_id, (state || ''), made_at, id);
create index redemption_store on redemption (store_id, made_at, id);
create index redemption_state on redemption ((state || ''), made_at, id);
create index redemption_store_state on redemption (store_id, (state || ''), made_at, id);

-- What is looked for while others wait to write: the redemptions of an order and those that are
-- open, the open orders of a store, and what an order or adjustment changed of a purse.
create index redemption_order on redemption (store_id, order_id);
create index redemption_open on redemption (store_id, issuer) where state in ('pending', 'reversing');
create index online_order_open on online_order (store_id) where state in ('placed', 'picking', 'ready');
create index member_entry_source on member_entry (store_id, source_id);
