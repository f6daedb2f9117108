//! The coupon of a guest who came (到店礼券): asked of the mall after a sign-in, kept for their page.
//!
//! Reconciler: a check-in is in the ledger with its pass, and the mall is asked until it answers; the
//! same check-in again gets the same answer. Nobody waits for it to go online.
//!
//! **Invariant:** the mall hears no phone number, and a token is in the ledger sealed.

use sync::{
    chain::hex,
    seal::Place,
    wire::{CheckInV1, GivenCouponV1},
};

use super::Portal;
use crate::{
    Chain,
    context::random,
    db::{
        DbError, check_in,
        check_in::{CheckInRow, GivenRow},
        coupon, portal,
    },
    uplink::{check_in::tell, rights::Told},
};

/// A guest is no longer here after a day: what the mall has not said by then is not asked any more.
const ASKED_MS_MAX: i64 = 24 * 3_600_000;
/// A page says that a coupon is on its way for so long.
const WAIT_SHOWN_MS: i64 = 2 * 60_000;
/// The word by which the mall says that it will never take this check-in; any other no is about
/// something else than the guest, and is mended while they are here.
const NEVER: &str = "malformed";
/// Questions between two looks; the next look asks the next ones.
const ASKED_MAX: u32 = 20;

/// What a guest's page says of their coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wallet {
    /// There is none.
    Empty,
    /// The mall is being asked.
    OnItsWay,
    /// It is here.
    Coupon {
        /// What it is called.
        name: String,
        /// What its QR code says.
        token: String,
        /// Until when it is good, on the store's wall: `2026-11-21 18:03`.
        until: String,
        /// An order of this store has used it.
        is_used: bool,
    },
}

/// The check-in of a pass, where HQ gives a coupon for one.
pub(super) fn of(portal: &Portal, pass: &portal::PassRow) -> Option<CheckInRow> {
    let is_given = portal.context.settings.in_force().coupon_rule().is_some();
    is_given.then_some(CheckInRow { id: pass.id, guest: pass.phone_index, at: pass.at })
}

/// Asks the mall about those that wait. It ends at the first that nothing is said of; the next look
/// goes on.
pub(super) async fn ask(portal: &Portal) -> Result<(), DbError> {
    let context = &portal.context;
    let since = context.clock.now().plus_ms(-ASKED_MS_MAX);
    let read = context.ledger.read(move |c| check_in::unanswered(c, since, ASKED_MAX));
    for row in read.await? {
        let asked = CheckInV1 { id: row.id, guest: hex(&row.guest), at: row.at };
        let coupon = match tell(context, &asked).await {
            Told::Says(answer) => answer.coupon,
            Told::TurnedAway(word) if word == NEVER => None,
            // A clock that is wrong, a box that is not known just now, a mall that is older than
            // this box: nobody has said that there is no coupon.
            Told::TurnedAway(_) | Told::Unknown | Told::NeverLeft | Told::Silence => return Ok(()),
        };
        let given = coupon.and_then(|coupon| keep(portal, &row, coupon));
        let now = context.clock.now();
        let write = move |tx: &rusqlite::Connection| match &given {
            Some(given) => check_in::answer(tx, given, now),
            None => check_in::answer_none(tx, row.id, now),
        };
        context.ledger.write(write).await?;
    }
    Ok(())
}

fn keep(portal: &Portal, row: &CheckInRow, coupon: GivenCouponV1) -> Option<GivenRow> {
    let GivenCouponV1 { id, rule, until, token } = coupon;
    let name = row.id.to_string();
    match portal.seal.close(place(&name), random(), &token) {
        Ok(token_cell) => Some(GivenRow { check_in: row.id, coupon: id, rule, until, token_cell }),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "A guest's coupon could not be sealed");
            None
        }
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "check_in", column: "token", row }
}

/// The wallet of whoever has a pass.
pub(super) async fn wallet(portal: &Portal, guest: [u8; 16]) -> Result<Wallet, DbError> {
    let now = portal.context.clock.now();
    let read = move |c: &rusqlite::Connection| {
        let Some(given) = check_in::given_to(c, guest, now)? else {
            return Ok((None, check_in::waits(c, guest, now.plus_ms(-WAIT_SHOWN_MS))?));
        };
        let is_used = coupon::is_used(c, given.coupon)?;
        Ok::<_, DbError>((Some((given, is_used)), false))
    };
    let (given, waits) = portal.context.ledger.read(read).await?;
    let Some((given, is_used)) = given else {
        return Ok(if waits { Wallet::OnItsWay } else { Wallet::Empty });
    };
    let row = given.check_in.to_string();
    let Ok(token) = portal.seal.open(place(&row), &given.token_cell) else {
        // The secret is another one than when it was kept: there is nothing to show.
        return Ok(Wallet::Empty);
    };
    let book = portal.context.prices.book();
    let Some(rule) = book.find(&given.rule).and_then(|ix| book.rule(ix)) else {
        return Ok(Wallet::Empty);
    };
    // To the minute.
    let until = portal.context.store_clock().wall(given.until).chars().take(16).collect();
    Ok(Wallet::Coupon { name: rule.name.clone(), token, until, is_used })
}
