-- Guests who signed in to the Wi-Fi while HQ gives a coupon for it, and the coupon that came of it.

-- desk: asked of the mall until it answers, and then kept as long as the coupon is good.
create table check_in (
  id          blob primary key check (length(id) = 16), -- the pass's
  guest       blob not null check (length(guest) = 16), -- the phone number, blind
  at          integer not null,
  answered_at integer,                                  -- null: the mall has not answered yet
  coupon_id   blob check (length(coupon_id) = 16),      -- null: none was given
  rule        text not null default '',
  until       integer not null default 0,
  token_cell  blob                                      -- what the guest shows, sealed
) strict, without rowid;
create index check_in_guest on check_in (guest, at);
create index check_in_unanswered on check_in (at) where answered_at is null;
