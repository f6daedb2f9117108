-- The sums of days that stores and the mall compare, and which days are sealed.

-- working: to which day each held fact counts and the money it tells of, as `sync::day` weighs it. What
-- a program kept that did not weigh is weighed when its store compares that day.
create table event_day (
  store_id bigint not null,
  day      text not null,
  id       text not null,
  amounts  text not null,                           -- fen by tender, as JSON; '' for none
  primary key (store_id, day, id)
);

-- working: what a life of a ledger told last of a day.
create table day_seal (
  store_id  bigint not null,
  day       text not null,
  edge_id   text not null,
  epoch     bigint not null,                        -- the life that it was in
  facts     bigint not null,                        -- what is held here
  digest    text not null,
  amounts   text not null,                          -- fen by tender, as JSON
  left_out  bigint not null,                        -- facts that both sides leave out
  agrees    bigint not null check (agrees in (0, 1)),
  told_at   bigint not null,
  sealed_at bigint not null,                        -- 0 while it is open
  primary key (store_id, day, edge_id, epoch)
);

-- fact: a sealed day changed. One row for each time that it had been sealed.
create table day_opening (
  store_id  bigint not null,
  day       text not null,
  edge_id   text not null,
  epoch     bigint not null,
  sealed_at bigint not null,
  opened_at bigint not null,
  why       text not null check (why in ('late', 'differs')),
  fact_id   text not null,                          -- the late fact; '' where the sums differ
  primary key (store_id, day, edge_id, epoch, sealed_at)
);
