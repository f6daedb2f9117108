//! Entries; what is lent follows from them.
//!
//! **Invariant:** whoever enters something lends anew and tells every store that knows the member,
//! in the same transaction.

use domain::{
    id::MemberId,
    lending::{HOME_PERCENT, Lending, Lent, OTHER_PERCENT, Purse},
    money::Money,
    time::Timestamp,
};
use sync::replica::{Scope, StoreId};
use uuid::Uuid;

use super::{MemberError, value};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        members::{self, KnownIn},
        purses::{self, Entry, EntryKind},
        scope,
    },
    fleet::Outcome,
};

/// Points or fen of one adjustment; more is a mistyped number.
const ADJUSTED_MAX: i64 = 100_000_000;
/// Signs of a reason.
const REASON_CHARS_MAX: usize = 200;
/// HQ's place in the entries: no store.
const HQ: StoreId = StoreId(0);

/// What HQ gives or takes by hand.
#[derive(Clone, Debug)]
pub(crate) struct Adjustment {
    /// Its own id, so that a repeat changes nothing.
    pub(crate) id: Uuid,
    /// Whose.
    pub(crate) member: MemberId,
    /// Which purse.
    pub(crate) purse: Purse,
    /// Points or fen; below zero takes.
    pub(crate) amount: i64,
    /// Why.
    pub(crate) reason: String,
    /// Whose hand.
    pub(crate) by: String,
}

/// Gives or takes points or balance. What is lent to stores is not taken: it may be spent already.
pub(crate) async fn adjust(context: &Context, wish: &Adjustment) -> Result<Outcome, MemberError> {
    let doing = "adjust what a member has";
    if wish.amount == 0 || !(-ADJUSTED_MAX..=ADJUSTED_MAX).contains(&wish.amount) {
        return Err(value("amount", "is nothing, or more than a hundred million"));
    }
    let n = wish.reason.trim().chars().count();
    if !(1..=REASON_CHARS_MAX).contains(&n) || wish.reason.chars().any(char::is_control) {
        return Err(value("reason", "has not 1 to 200 printable signs"));
    }
    let mut tx = context.db().write(doing).await?;
    let outcome = adjust_in(&mut tx, wish, context.now()).await?;
    if outcome != Outcome::Unchanged {
        db::commit(tx, doing).await?;
    }
    Ok(outcome)
}

/// The same in a transaction that the caller commits.
pub(super) async fn adjust_in(
    tx: &mut Conn,
    wish: &Adjustment,
    now: Timestamp,
) -> Result<Outcome, MemberError> {
    let (id, purse, amount) = (wish.member, wish.purse, wish.amount);
    let entry = Entry {
        store: HQ,
        member: id,
        source: wish.id,
        purse,
        kind: EntryKind::Adjusted,
        amount,
        operator: wish.by.clone(),
        reason: wish.reason.trim().to_owned(),
        entered_at: now,
        received_at: now,
    };
    if let Some(first) = purses::of_source(tx, HQ, wish.id).await?.first() {
        let same = Entry { entered_at: first.entered_at, received_at: first.received_at, ..entry };
        return if *first == same { Ok(Outcome::Unchanged) } else { Err(MemberError::Taken) };
    }
    let member = members::by_id(tx, id).await?.filter(|member| !member.is_gone);
    let member = member.ok_or(MemberError::Unknown(id))?;
    let has = match purse {
        Purse::Points => member.points,
        Purse::Balance => member.balance.minor(),
    };
    let open = open(tx, id, purse).await?;
    let free = has.saturating_sub(open).max(0);
    if amount < 0 && amount.saturating_neg() > free {
        return Err(MemberError::Lent { free: said(purse, free), lent: said(purse, open) });
    }
    purses::insert(tx, &entry).await?;
    let known = members::stores_of(tx, id).await?;
    lend_and_tell(tx, id, &known, now).await?;
    Ok(Outcome::Changed)
}

/// An amount of a purse, for people.
pub(super) fn said(purse: Purse, amount: i64) -> String {
    match purse {
        Purse::Points => format!("{amount} points"),
        Purse::Balance => format!("{} yuan", Money::from_minor(amount)),
    }
}

/// What is open of a purse at all stores together.
async fn open(tx: &mut Conn, id: MemberId, purse: Purse) -> Result<i64, DbError> {
    let mut open = 0_i64;
    for (store, lent) in purses::lent_of(tx, id, purse).await? {
        open = open.saturating_add(lent.open(purses::told_by(tx, store).await?.at));
    }
    Ok(open)
}

/// Lends anew what a member has, and tells the stores that know them.
pub(super) async fn lend_and_tell(
    tx: &mut Conn,
    id: MemberId,
    known: &[KnownIn],
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(member) = members::by_id(tx, id).await? else { return Ok(()) };
    for (purse, has) in [(Purse::Points, member.points), (Purse::Balance, member.balance.minor())] {
        lend(tx, id, (purse, has), known, now).await?;
    }
    // In the order of their numbers, so that two malls do not wait for each other.
    let mut known = known.to_vec();
    known.sort_by_key(|known| known.store.0);
    for known in known {
        let version = scope::raise(tx, Scope::Store(known.store), now).await?;
        members::put_known(tx, id, known, version).await?;
    }
    Ok(())
}

async fn lend(
    tx: &mut Conn,
    id: MemberId,
    (purse, has): (Purse, i64),
    known: &[KnownIn],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut all: Vec<(StoreId, Lent, Timestamp)> = Vec::new();
    for (store, lent) in purses::lent_of(tx, id, purse).await? {
        all.push((store, lent, purses::told_by(tx, store).await?.at));
    }
    // The store that a member calls theirs first: what is free goes there before it goes elsewhere.
    let mut known = known.to_vec();
    known.sort_by_key(|known| (!known.is_home, known.store.0));
    for KnownIn { store, is_home } in known {
        let found = all.iter().position(|(of, ..)| *of == store);
        let (held, told_at) = match found.and_then(|at| all.get(at)) {
            Some((_, held, told_at)) => (*held, *told_at),
            None => (Lent::NONE, purses::told_by(tx, store).await?.at),
        };
        let elsewhere = all.iter().filter(|(of, ..)| *of != store);
        let open_elsewhere =
            elsewhere.fold(0_i64, |sum, (_, lent, told)| sum.saturating_add(lent.open(*told)));
        let percent = if is_home { HOME_PERCENT } else { OTHER_PERCENT };
        let lending = Lending { has, open_elsewhere, told_at, percent };
        let lent = lending.lend(&held, now);
        match found.and_then(|at| all.get_mut(at)) {
            Some(slot) => *slot = (store, lent, told_at),
            None => all.push((store, lent, told_at)),
        }
        if lent != held {
            purses::put_lent(tx, (store, id, purse), &lent).await?;
        }
    }
    Ok(())
}

/// Every store forgets a member.
pub(super) async fn forget(tx: &mut Conn, id: MemberId, now: Timestamp) -> Result<(), DbError> {
    let mut known = members::stores_of(tx, id).await?;
    known.sort_by_key(|known| known.store.0);
    for known in known {
        let version = scope::raise(tx, Scope::Store(known.store), now).await?;
        members::forget_in(tx, id, known.store, version).await?;
    }
    Ok(())
}
