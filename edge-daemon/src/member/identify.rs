//! From what a shopper showed or said to a member at the counter, and off again.
//!
//! **Invariant:** what was shown is written nowhere, not even as a hash that can be guessed back.

use std::sync::Arc;

use domain::{
    id::{MemberId, OrderId},
    member::Phone,
};
use rusqlite::Connection;
use sync::{
    chain::Hash,
    token::{Subject, is_token},
    wire::MemberV1,
};

use super::{Identified, believe};
use crate::{
    checkout::{CheckoutError, Command, change, may_change, to_the_end},
    context::Context,
    db::{self, DbError, station},
    fault,
    refusal::Refusal,
    rights::Secret,
    station::Station,
};

/// A wish to know who buys.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Whose, and its id; `body` is not looked at.
    pub(crate) command: Command,
    /// For which cart; a scan means the one that is there.
    pub(crate) order: Option<OrderId>,
    /// A phone number or a member's code.
    pub(crate) shown: Secret,
}

/// Who was found.
struct Found {
    id: MemberId,
    row: Option<MemberV1>,
    is_proven: bool,
}

/// What stands for a text that must not be kept: the same for the same text, and useless to whoever
/// has no key. A plain hash of a phone number is guessed back in minutes.
pub(crate) fn blind(context: &Context, text: &str) -> Hash {
    match context.seal.load().as_ref() {
        Some(seal) => Hash::of(&seal.index("command", text.trim())),
        None => Hash::GENESIS,
    }
}

/// Puts a member beside the cart, which is priced for them from then on; `None` when the same
/// command did it before.
pub(crate) async fn identify(
    context: &Arc<Context>,
    wish: Wish,
) -> Result<Option<MemberId>, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let found = find(&context, &wish.shown.0)?;
        let command = Command { body: blind(&context, &wish.shown.0), ..wish.command };
        let id = found.id;
        let done = change(&context, command, move |tx, counter| {
            is_for(counter, wish.order)?;
            may_change(counter)?;
            put(tx, counter, found)?;
            fault::db("member.identified")?;
            Ok(id)
        });
        done.await
    })
    .await
}

/// Whether a command may mean this counter.
pub(crate) fn is_for(counter: &Station, order: Option<OrderId>) -> Result<(), Refusal> {
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn);
    }
    match order {
        Some(named) if named != counter.cart.order => Err(Refusal::CartChanged),
        Some(_) | None => Ok(()),
    }
}

/// Takes the member off, with all that was theirs alone.
pub(crate) async fn forget(context: &Arc<Context>, command: Command) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let done = change(&context, command, |tx, counter| {
            is_for(counter, None)?;
            if counter.member.is_none() {
                return Ok(());
            }
            may_change(counter)?;
            let order = counter.cart.order;
            db::member::take_off(tx, order)?;
            db::coupon::keep_those_of(tx, order, None)?;
            changed(tx, counter)
        });
        done.await.map(|_| ())
    })
    .await
}

fn find(context: &Context, shown: &str) -> Result<Found, CheckoutError> {
    if is_token(shown.trim()) {
        let Subject::Member(id) = believe(context, shown)?.subject else {
            return Err(Refusal::NotAMember.into());
        };
        let row = read(context, |db| db::member::by_id(db, id))?;
        return Ok(Found { id, row, is_proven: true });
    }
    let phone = Phone::read(shown).ok_or(Refusal::NotAMember)?;
    let seal = context.seal.load_full().ok_or(Refusal::MembersNotHere)?;
    let index = MemberV1::index_of(&seal, &phone);
    let row = read(context, |db| db::member::by_index(db, &index))?;
    let row = row.ok_or_else(|| Refusal::MemberUnknown { phone: phone.to_string() })?;
    if row.open(&seal).is_err() {
        // Sealed with another secret than the one that is here.
        context.nudges.seal.give();
        return Err(Refusal::MembersNotHere.into());
    }
    Ok(Found { id: row.id, row: Some(row), is_proven: false })
}

/// Reads on this thread: a member is found in a few pages of a B-tree.
fn read<T>(
    context: &Context,
    read: impl FnOnce(&Connection) -> Result<T, DbError>,
) -> Result<T, CheckoutError> {
    let replica = context.replicas.store().ok_or(Refusal::MembersNotHere)?;
    Ok(replica.read(read)?)
}

fn put(tx: &Connection, counter: &mut Station, found: Found) -> Result<(), CheckoutError> {
    let order = counter.cart.order;
    let before = counter.member.take().filter(|before| before.id == found.id);
    // Who has shown that it is they, and says their number after it, is still they.
    let is_proven = found.is_proven || before.as_ref().is_some_and(|before| before.is_proven);
    let wished = before.map(|before| (before.points_to_pay, before.balance_to_pay));
    let (points_to_pay, balance_to_pay) = wished.unwrap_or_default();
    let member = Identified {
        id: found.id,
        is_proven,
        row: found.row,
        points_to_pay,
        balance_to_pay,
        spent: domain::member::Spent::default(),
        uses: Vec::new(),
    };
    db::member::put(tx, order, &member)?;
    db::coupon::keep_those_of(tx, order, Some(member.id))?;
    changed(tx, counter)
}

/// Reads anew what stands beside the cart, and raises the revision.
pub(crate) fn changed(tx: &Connection, counter: &mut Station) -> Result<(), CheckoutError> {
    let order = counter.cart.order;
    counter.member = db::member::at(tx, order)?;
    counter.coupons = db::coupon::at(tx, order)?;
    counter.rights = station::rights(tx, order)?;
    counter.is_done = false;
    counter.cart.revision += 1;
    Ok(station::save_head(tx, counter)?)
}
