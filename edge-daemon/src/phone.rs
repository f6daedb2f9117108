//! Carts on shoppers' own phones: joined by a QR on a screen of the store, priced as everything is,
//! handed to a till by four digits or a QR (`checkout::take_in`).
//!
//! Phones are strangers: each sees its own cart and the catalog, everything it may do is counted,
//! and what all of them write together leaves the ledger to the tills.
//!
//! **Invariant:** a phone never reaches a workstation's cart; only a till takes a phone's cart in,
//! and from then on it does not change.

pub(crate) mod crowd;
pub(crate) mod refusal;
pub(crate) mod token;

use std::{net::IpAddr, sync::Arc};

use domain::{
    cart::{Addition, Cart, CartLine, CartRefusal, LineItem, Measure},
    id::{CommandId, LineId, OrderId, PhoneCartId, PhoneId},
    quantity::Quantity,
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Chain,
    checkout::{self, CheckoutError},
    context::{Context, mint, random},
    db::{self, DbError},
    fault,
    refusal::Refusal,
    signin::Attempts,
    station::{Priced, Station},
};
use crowd::{Crowd, Rate};
use refusal::PhoneRefusal;
use token::Keys;

/// Carts that are open at once; a store has fewer shoppers who build one.
pub(crate) const CARTS_MAX: u32 = 200;
/// Of one address: all phones behind one access point may share it, one phone alone must not use up
/// the store's.
pub(crate) const CARTS_OF_ADDRESS_MAX: u32 = 50;
/// What a phone's screen can show and a shopper can carry.
pub(crate) const LINES_MAX: usize = 50;
/// Pieces of one line.
pub(crate) const PIECES_MAX: i64 = 99;
/// A cart that nobody touched for so long is forgotten.
const CART_MS: i64 = 2 * 3_600_000;
/// Four digits are good for so long: time enough for a queue.
const CODE_MS: i64 = 15 * 60_000;
/// Commands that are known when they come again; a phone repeats only its last ones.
const SEEN_MAX: usize = 16;

/// One phone: it asks twice in three seconds while it shows its code, and a finger is no faster.
const PHONE_RATE: Rate = Rate { per_second: 4, burst: 20 };
/// Phones that join from one address.
const JOIN_RATE: Rate = Rate { per_second: 1, burst: 20 };
/// What all phones together write: a fraction of what the ledger does, the rest is the tills'.
const WRITE_RATE: Rate = Rate { per_second: 10, burst: 40 };
/// Callers that are remembered of each kind.
const CALLERS_MAX: usize = 2_048;

/// What is known of phones besides their carts.
#[derive(Debug)]
pub(crate) struct Phones {
    /// Where phones reach this box, as a QR says it; `None`: no phone may join.
    url: Option<String>,
    /// The store's key.
    pub(crate) keys: Keys,
    joins: Crowd<IpAddr>,
    phones: Crowd<Uuid>,
    writes: Crowd<()>,
    /// Wrong codes at the tills.
    pub(crate) wrong_codes: Attempts,
}

impl Phones {
    /// With the store's own secret.
    pub(crate) fn new(url: Option<String>, secret: &[u8; 32]) -> Self {
        Self {
            url,
            keys: Keys::new(secret),
            joins: Crowd::new(JOIN_RATE, CALLERS_MAX),
            phones: Crowd::new(PHONE_RATE, CALLERS_MAX),
            writes: Crowd::new(WRITE_RATE, 1),
            wrong_codes: Attempts::default(),
        }
    }

    /// Whether phones may join here at all.
    pub(crate) const fn are_welcome(&self) -> bool {
        self.url.is_some()
    }

    /// The name under which phones call this box.
    pub(crate) fn host(&self) -> Option<&str> {
        let (_, rest) = self.url.as_deref()?.split_once("://")?;
        rest.split('/').next()
    }

    /// What a screen of this workstation, or the Wi-Fi's sign-in page, shows for phones to join.
    pub(crate) fn join_url(&self, at: WorkstationNumber, now: Timestamp) -> Option<String> {
        let url = self.url.as_deref()?.trim_end_matches('/');
        Some(format!("{url}/phone/?j={}", self.keys.join(at, now)))
    }

    /// Counts a call of a phone.
    pub(crate) fn called_by(&self, phone: PhoneId, now: Timestamp) -> Result<(), PhoneRefusal> {
        let taken = self.phones.take(phone.uuid(), now);
        taken.map_err(|wait_ms| PhoneRefusal::TooOften { wait_ms })
    }
}

/// A phone and where it calls from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Which phone.
    pub(crate) phone: PhoneId,
    /// From where.
    pub(crate) address: IpAddr,
}

/// What is shown to a till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Four digits.
    pub(crate) code: String,
    /// How long they are good.
    pub(crate) until: Timestamp,
}

/// Where and when a till took a cart in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The workstation.
    pub(crate) by: WorkstationNumber,
    /// When.
    pub(crate) at: Timestamp,
}

/// A cart on a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhoneCart {
    /// Its id.
    pub(crate) id: PhoneCartId,
    /// Whose.
    pub(crate) phone: PhoneId,
    /// What stands for the address it was begun from.
    pub(crate) address: [u8; 16],
    /// Rises with every change.
    pub(crate) revision: u64,
    /// Its lines.
    pub(crate) lines: Vec<CartLine>,
    /// Its last commands, oldest first.
    pub(crate) seen: Vec<Uuid>,
    /// When it changed last.
    pub(crate) updated_at: Timestamp,
    /// When it is forgotten.
    pub(crate) until: Timestamp,
    /// The code that it has.
    pub(crate) shown: Option<Shown>,
    /// Which till took it in.
    pub(crate) taken: Option<Taken>,
}

impl PhoneCart {
    fn begun(caller: Caller, address: [u8; 16], now: Timestamp) -> Self {
        Self {
            id: mint(),
            phone: caller.phone,
            address,
            revision: 0,
            lines: Vec::new(),
            seen: Vec::new(),
            updated_at: now,
            until: now.plus_ms(CART_MS),
            shown: None,
            taken: None,
        }
    }

    /// As the rooms of carts and prices know it. Its order's id is nobody's: a phone completes
    /// nothing.
    fn cart(&self) -> Cart {
        let order = OrderId::from_uuid(self.id.uuid());
        let newest = self.lines.last().map(|line| line.id);
        Cart { lines: self.lines.clone(), newest, ..Cart::open(order, self.revision) }
    }

    fn take(&mut self, cart: Cart) {
        self.lines = cart.lines;
        self.revision = cart.revision;
    }

    /// Whether what it shows is good now.
    pub(crate) fn shows(&self, now: Timestamp) -> Option<&Shown> {
        self.shown.as_ref().filter(|shown| shown.until > now && self.taken.is_none())
    }
}

/// What a phone does to its cart.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Puts so many packs of an item in.
    Add(Box<LineItem>, Quantity),
    /// Sets how many there are of a line.
    Count(LineId, Quantity),
    /// Takes a line out.
    Remove(LineId),
    /// Shows it to a till.
    Show,
}

/// A phone joins: what it is known by from now on. A phone that was known keeps its cart.
pub(crate) fn join(
    context: &Context,
    from: IpAddr,
    token: &str,
    known: Option<PhoneId>,
) -> Result<PhoneId, PhoneRefusal> {
    let now = context.clock.now();
    context.phones.joins.take(from, now).map_err(|wait_ms| PhoneRefusal::TooOften { wait_ms })?;
    let at = context.phones.keys.read_join(token, now).ok_or(PhoneRefusal::JoinOver)?;
    if known.is_none() {
        tracing::info!(workstation.id = at, "A phone joined");
    }
    Ok(known.unwrap_or_else(mint))
}

/// The cart of a phone: open, or taken in and not forgotten yet.
pub(crate) async fn cart_of(
    context: &Context,
    phone: PhoneId,
) -> Result<Option<PhoneCart>, DbError> {
    let now = context.clock.now();
    context.ledger.read(move |connection| db::phone::newest_of(connection, phone, now)).await
}

/// What a phone's cart costs now, in the channel of phones.
pub(crate) fn priced(context: &Context, cart: Cart) -> Result<Priced, DbError> {
    // No workstation has the number 0.
    Priced::of(Station::new(0, cart), &context.phone_terms())
}

/// The same for a whole cart.
pub(crate) fn priced_cart(context: &Context, cart: &PhoneCart) -> Result<Priced, DbError> {
    priced(context, cart.cart())
}

/// What a code that a phone read or a shopper typed stands for, and how many are in its pack.
pub(crate) fn look_up(
    context: &Context,
    text: &str,
) -> Result<(LineItem, Quantity), CheckoutError> {
    match checkout::find(context, text, None) {
        Ok((item, Measure::Pack(pack))) => Ok((item, pack)),
        Ok((_, Measure::Given(_) | Measure::Labelled(_))) => {
            Err(Refusal::Phone(PhoneRefusal::Weighed).into())
        }
        Err(CheckoutError::Refused(Refusal::Foreign(_) | Refusal::NotACode(_))) => {
            Err(Refusal::Phone(PhoneRefusal::NotGoods).into())
        }
        Err(CheckoutError::Refused(Refusal::UnknownCode { code })) => {
            Err(Refusal::Phone(PhoneRefusal::NoSuchItem { code }).into())
        }
        Err(CheckoutError::Refused(Refusal::CheckDigit { code })) => {
            Err(Refusal::Phone(PhoneRefusal::Misread { code }).into())
        }
        Err(error) => Err(error),
    }
}

/// Changes the cart of a phone and writes it down. A repeat of a command changes nothing more.
pub(crate) async fn edit(
    context: &Arc<Context>,
    caller: Caller,
    command: CommandId,
    edit: Edit,
) -> Result<(), CheckoutError> {
    let now = context.clock.now();
    let may_write = context.phones.writes.take((), now);
    may_write.map_err(|wait_ms| Refusal::Phone(PhoneRefusal::TooOften { wait_ms }))?;
    context.ledger.may_begin()?;
    let address = context.phones.keys.address(caller.address);
    context
        .ledger
        .write(move |tx| -> Result<(), CheckoutError> {
            db::phone::sweep(tx, now)?;
            let newest = db::phone::newest_of(tx, caller.phone, now)?;
            if newest.as_ref().is_some_and(|cart| cart.seen.contains(&command.uuid())) {
                return Ok(());
            }
            let open = newest.filter(|cart| cart.taken.is_none());
            let mut cart = match (open, &edit) {
                (Some(cart), _) => cart,
                (None, Edit::Add(..)) => begin(tx, PhoneCart::begun(caller, address, now), now)?,
                // Only goods begin a cart.
                (None, Edit::Count(..)) => return Err(CartRefusal::NoSuchLine.into()),
                (None, Edit::Remove(_)) => return Ok(()),
                (None, Edit::Show) => return Err(Refusal::Phone(PhoneRefusal::Empty).into()),
            };
            apply(tx, &mut cart, edit, now)?;
            cart.seen.push(command.uuid());
            let over = cart.seen.len().saturating_sub(SEEN_MAX);
            cart.seen.drain(..over);
            (cart.updated_at, cart.until) = (now, now.plus_ms(CART_MS));
            db::phone::save(tx, &cart)?;
            fault::db("phone.written")?;
            Ok(())
        })
        .await
}

/// Whether one more cart may be begun.
fn begin(tx: &Connection, cart: PhoneCart, now: Timestamp) -> Result<PhoneCart, CheckoutError> {
    let (all, of_address) = db::phone::open_carts(tx, &cart.address, now)?;
    if all >= CARTS_MAX || of_address >= CARTS_OF_ADDRESS_MAX {
        return Err(Refusal::Phone(PhoneRefusal::TooManyCarts).into());
    }
    Ok(cart)
}

fn apply(
    tx: &Connection,
    phone: &mut PhoneCart,
    edit: Edit,
    now: Timestamp,
) -> Result<(), CheckoutError> {
    let mut cart = phone.cart();
    match edit {
        Edit::Add(item, quantity) => {
            let (line, measure) = (mint(), Measure::Given(quantity));
            cart.add(Addition { line, item: *item, measure })?;
            within(&cart)?;
        }
        Edit::Count(line, quantity) => {
            cart.set_quantity(line, quantity)?;
            within(&cart)?;
        }
        Edit::Remove(line) => match cart.void_line(line) {
            // It is not there, which is what was wished.
            Ok(_) | Err(CartRefusal::NoSuchLine) => {}
            Err(refusal) => return Err(refusal.into()),
        },
        Edit::Show => return show(tx, phone, now),
    }
    phone.take(cart);
    if phone.lines.is_empty() {
        phone.shown = None;
    }
    Ok(())
}

/// A phone's cart stays one that a person carries to a till.
fn within(cart: &Cart) -> Result<(), Refusal> {
    let is_much = |line: &CartLine| line.quantity.milli() > PIECES_MAX * 1_000;
    if cart.lines.len() > LINES_MAX || cart.lines.iter().any(is_much) {
        return Err(Refusal::Phone(PhoneRefusal::Full));
    }
    Ok(())
}

/// Gives a cart four digits that no other has, unless its own are good for a while yet.
fn show(tx: &Connection, phone: &mut PhoneCart, now: Timestamp) -> Result<(), CheckoutError> {
    if phone.lines.is_empty() {
        return Err(Refusal::Phone(PhoneRefusal::Empty).into());
    }
    if phone.shown.as_ref().is_some_and(|shown| shown.until > now.plus_ms(CODE_MS / 2)) {
        return Ok(());
    }
    let others = db::phone::with_codes(tx, now)?;
    let used: Vec<String> =
        others.into_iter().filter_map(|cart| cart.shown).map(|shown| shown.code).collect();
    let start = u16::from_be_bytes(random());
    let code = token::free_code(&used, start).ok_or(Refusal::Phone(PhoneRefusal::TooManyCarts))?;
    phone.shown = Some(Shown { code, until: now.plus_ms(CODE_MS) });
    phone.revision += 1;
    Ok(())
}

/// Renews what screens show for phones to join, and forgets carts whose time is over.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    if !context.phones.are_welcome() {
        return;
    }
    loop {
        let wait_ms = token::join_changes_in_ms(context.clock.now()).max(1).unsigned_abs();
        let wait = tokio::time::sleep(std::time::Duration::from_millis(wait_ms));
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait => {}
        }
        context.screens.beat();
        let now = context.clock.now();
        let swept = context.ledger.write(move |tx| db::phone::sweep(tx, now)).await;
        if let Err(error) = swept {
            tracing::warn!(error = %Chain(&error), "Old carts of phones were not swept");
        }
    }
}
