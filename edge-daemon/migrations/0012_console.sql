-- The manager's console: who is signed in to it, who did what, and what waits for a manager.

-- working: sessions of the console, by the hash of their token; the token is only in the browser.
create table console_session (
  token_sha256 blob primary key check (length(token_sha256) = 32),
  operator     text not null,
  address      text not null,
  began_at     integer not null,
  seen_at      integer not null -- at most a minute behind
) strict, without rowid;

-- fact: who did what, when and where. Numbers and words, never a PIN, a name or a code.
create table audit (
  seq         integer primary key autoincrement,
  at          integer not null,
  action      text not null,
  operator    text not null,            -- empty where nobody is known
  workstation integer,
  address     text not null default '', -- of the console that it was done from
  subject     text not null default ''  -- the id of what it was done to
) strict;
create index audit_at on audit (at);
create trigger audit_stays before update on audit
begin select raise(abort, 'what was done stays written'); end;
create trigger audit_kept before delete on audit
begin select raise(abort, 'what was done is never forgotten'); end;
-- Whoever is signed in now came in before there was an audit.
insert into audit (at, action, operator, workstation)
  select signed_in_at, 'till-in', operator, workstation from station where operator is not null;

-- working until decided, then frozen: reductions by hand that an operator asked a manager for.
create table approval (
  id           blob primary key check (length(id) = 16),
  order_id     blob not null check (length(order_id) = 16),
  workstation  integer not null,
  line         text not null,    -- `domain::cart::CartLine` as JSON, as it stood
  cut          text not null,    -- `domain::pricing::rule::Cut` as JSON
  amount_minor integer not null, -- of the line, when it was asked
  after_minor  integer not null, -- of the line, with the cut
  reason       text not null,
  asked_by     text not null,
  asked_at     integer not null,
  state        text not null
               check (state in ('pending', 'approved', 'denied', 'withdrawn', 'lapsed')),
  decided_by   text,
  decided_at   integer
) strict, without rowid;
create index approval_order on approval (order_id);
create index approval_asked on approval (asked_at);
create trigger approval_frozen before update on approval when old.state <> 'pending'
begin select raise(abort, 'what was decided stays decided'); end;
create trigger approval_kept before delete on approval
begin select raise(abort, 'what was asked is never forgotten'); end;
