-- Commands of HQ to stores, and what came of them.

-- working: each until its store has told its outcome; then a fact.
create table command (
  store_id  bigint not null references store (store_id),
  number    bigint not null check (number > 0),     -- 1, 2, 3 … for each store
  id        text not null,
  word      text not null,
  given_by  text not null,
  given_at  bigint not null,
  not_after bigint not null,                        -- not begun later than this
  outcome   text not null,                          -- empty until the store has told it
  detail    text not null,
  told_at   bigint not null,                        -- 0 until then
  primary key (store_id, number)
);
create index command_given on command (given_at);
