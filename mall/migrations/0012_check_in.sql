-- working: the guests of a store's Wi-Fi and the coupon that each has for coming (`coupon.batch_id`).
-- One guest has one until it is over. Who they are only the store can tell: the index is blind.
create table check_in (
  store_id bigint not null,
  guest    text not null,
  id       text not null, -- the check-in that it was given for
  until_s  bigint not null,
  primary key (store_id, guest)
);
