-- Pictures that stores show while nobody buys.

-- A picture is named by its content; it is removed when no settings that are desired name it, and HQ
-- wishes so.
-- reference
create table picture (
  digest   text not null primary key,               -- SHA-256 in hexadecimal digits
  kind     text not null,                           -- its media type, by its content
  width    bigint not null check (width > 0),
  height   bigint not null check (height > 0),
  n_bytes  bigint not null check (n_bytes > 0),
  name     text not null,                           -- what people call it
  added_by text not null,
  added_at bigint not null,
  body     blob not null
);
create index picture_added on picture (added_at);
