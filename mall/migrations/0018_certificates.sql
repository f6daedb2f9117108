-- The mall's own authority, and the certificates that it gave to edge nodes.

-- The authority's certificate; its key is a file of the mall's. There is one, number 1.
-- reference
create table authority (
  number      bigint not null primary key,
  key_hash    text not null,                        -- SHA-256 of its public key
  certificate text not null,                        -- PEM
  made_at     bigint not null
);

-- fact: every certificate that an edge node was given; revoked with its edge node.
create table certificate (
  store_id    bigint not null references store (store_id),
  edge_id     text not null,
  serial      text not null,                        -- 32 hexadecimal digits
  fingerprint text not null,                        -- SHA-256 of the certificate
  key_hash    text not null,                        -- SHA-256 of the public key in it
  pem         text not null,
  issued_at   bigint not null,
  ends_at     bigint not null,
  primary key (store_id, edge_id, serial)
);
