//! Coupons and vouchers of other houses: look up, choose, use, give back.
//!
//! A look-up spends nothing, and nobody waits for it: what its house says comes to the screens when
//! it comes. Their use is asked for when the cart is to become an order: the rows are `pending`
//! before the mall is asked, and what it answered is written with the order, in one transaction.
//!
//! **Invariant:** a code is sent once and written nowhere; only a yes covers a fen, and what is used
//! for a cart that is given up is given back.

use std::sync::Arc;

use domain::{
    id::{OrderId, RedemptionId},
    money::Money,
    order::CompleteRefusal,
    receipt_number::WorkstationNumber,
    redemption::{Answer, IssuerName, REDEMPTIONS_MAX, RedemptionState},
    tender::{CashRounding, Tender, TenderKind, settle},
    time::Timestamp,
};
use platforms::ForeignCode;
use rusqlite::Connection;
use sync::wire::{LookUpV1, OFFERS_MAX, PRESENTED_BYTES_MAX, RedemptionV1, UseV1};

use crate::{
    Chain,
    checkout::{CheckoutError, CompleteCommand, retell, to_the_end},
    context::{Context, mint},
    db::{self, DbError, orders, rules, station},
    fault,
    in_flight::{About, Asking, InFlight},
    prices,
    refusal::Refusal,
    rights::{self as values, Choice, Hold, Redemption, Secret},
    screens::LookingUp,
    station::{Priced, ScanFate, Station, Terms},
    uplink::rights::{self, Told},
};

/// Lengths of the numbers that Douyin prints under its codes.
const DOUYIN_DIGITS: [usize; 2] = [12, 15];

/// A wish to know what a coupon or voucher is worth.
#[derive(Clone, Debug)]
pub(crate) struct LookUp {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Its id, made by the screen: the idempotency key.
    pub(crate) id: RedemptionId,
    /// For which cart; a scan means the one that is there.
    pub(crate) order: Option<OrderId>,
    /// What was scanned or typed.
    pub(crate) presented: Secret,
    /// Whose it is, if somebody said; else its form tells.
    pub(crate) issuer: Option<IssuerName>,
}

/// Whose a text is, by its form: Douyin's links and numbers, else a merchant coupon of WeChat's.
pub(crate) fn issuer_of(presented: &str) -> Option<IssuerName> {
    let is_link = platforms::recognise(presented) == Some(ForeignCode::DouyinVoucher);
    let is_digits = presented.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = presented.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match presented.len() {
        _ if is_link => Some(IssuerName::Douyin),
        n if is_digits && DOUYIN_DIGITS.contains(&n) => Some(IssuerName::Douyin),
        1..=32 if is_word => Some(IssuerName::Wechat),
        _ => None,
    }
}

/// Begins to ask what it is worth; nothing is used. `false` where it lies beside the cart already.
///
/// Another house may take seconds to answer, or never does: the next goods are scanned meanwhile,
/// and the shopper pays with something else.
pub(crate) async fn look_up(context: &Arc<Context>, wish: LookUp) -> Result<bool, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let Some(asked) = may_ask(&context, wish).await? else { return Ok(false) };
        follow_up(&context, asked);
        Ok(true)
    })
    .await
}

/// The question for what it is worth, if it may be asked; `None` when it was before. Asks nobody.
async fn may_ask(context: &Arc<Context>, wish: LookUp) -> Result<Option<LookUpV1>, CheckoutError> {
    let presented = wish.presented.0.trim().to_owned();
    let is_text = (1..=PRESENTED_BYTES_MAX).contains(&presented.len());
    let issuer = wish.issuer.or_else(|| issuer_of(&presented)).filter(|_| is_text);
    let issuer = issuer.ok_or(Refusal::NotAVoucher)?;
    let (workstation, id, named) = (wish.workstation, wish.id, wish.order);
    let fresh = mint();
    let scene = context.screens.follow(workstation).map(|scenes| scenes.borrow().clone());
    let others = scene.map_or(0, |scene| scene.looking_up().filter(|other| *other != id).count());
    let before = context.ledger.read(move |db| -> Result<_, CheckoutError> {
        may_look_up(&station::load(db, workstation, fresh)?, id, named, others)
    });
    let order = before.await?;
    Ok(order.map(|order| LookUpV1 { id, order, workstation, issuer, presented }))
}

/// Asks the question while the counter goes on, and tells its screens what came of it: unless the
/// cart has gone by then, for whoever stands there now did not show it.
fn follow_up(context: &Arc<Context>, asked: LookUpV1) {
    let (workstation, id, order) = (asked.workstation, asked.id, asked.order);
    if !context.screens.looks_up(workstation, LookingUp { id, order }) {
        return;
    }
    let of = Arc::clone(context);
    context.tasks.spawn(async move {
        let fate = match ask_its_worth(&of, asked).await {
            Ok(()) => ScanFate::Redemption(id),
            Err(CheckoutError::Refused(refusal)) => ScanFate::Refused(refusal),
            Err(CheckoutError::Db(error)) => {
                tracing::error!(
                    redemption.id = %id, order.id = %order, error = %Chain(&error),
                    "What was looked up was not kept",
                );
                ScanFate::Refused(Refusal::NotKept)
            }
        };
        let scenes = of.screens.follow(workstation);
        if scenes.is_some_and(|scenes| scenes.borrow().priced.station.cart.order == order) {
            of.scanned(workstation, fate);
        }
        of.screens.looked_up(workstation, id);
    });
}

/// Asks the question and puts what is answered beside its cart.
async fn ask_its_worth(context: &Arc<Context>, asked: LookUpV1) -> Result<(), CheckoutError> {
    let told = rights::look_up(context, &asked).await;
    fault::point("redemption.looked_up");
    let says = understood(told, asked.id, asked.issuer)?;
    keep(context, asked.workstation, asked.order, says).await
}

/// Whether something may be put beside this cart while so many others are asked about, and for
/// which order; `None` when it is there.
fn may_look_up(
    counter: &Station,
    id: RedemptionId,
    named: Option<OrderId>,
    others: usize,
) -> Result<Option<OrderId>, CheckoutError> {
    let order = counter.cart.order;
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn.into());
    }
    if named.is_some_and(|named| named != order) {
        return Err(Refusal::CartChanged.into());
    }
    let known = counter.rights.redemptions.iter().find(|redemption| redemption.id == id);
    if known.is_some() {
        return Ok(None);
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    if counter.rights.n_live() + counter.coupons.len() + others >= REDEMPTIONS_MAX {
        return Err(Refusal::TooManyRedemptions.into());
    }
    Ok(Some(order))
}

/// What a look-up brought, or why it brought nothing.
fn understood(
    told: Told<RedemptionV1>,
    id: RedemptionId,
    issuer: IssuerName,
) -> Result<RedemptionV1, Refusal> {
    match told {
        Told::Says(says) if (says.id, says.issuer) != (id, issuer) => Err(Refusal::MallSilent),
        Told::Says(says) if says.state == RedemptionState::LookedUp && !says.offers.is_empty() => {
            Ok(says)
        }
        Told::Says(says) => Err(Refusal::OtherHouse {
            word: says.refusal.unwrap_or_else(|| "nothing-to-redeem".to_owned()),
        }),
        Told::TurnedAway(word) => Err(Refusal::OtherHouse { word }),
        Told::Unknown => Err(Refusal::OtherHouse { word: "not-offered".to_owned() }),
        Told::NeverLeft => Err(Refusal::MallUnreachable),
        Told::Silence => Err(Refusal::MallSilent),
    }
}

/// Puts what was looked up beside its cart.
async fn keep(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    order: OrderId,
    says: RedemptionV1,
) -> Result<(), CheckoutError> {
    let (now, fresh, terms) = (context.clock.now(), mint(), context.terms(workstation));
    let priced = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let mut counter = station::load(tx, workstation, fresh)?;
            if may_look_up(&counter, says.id, Some(order), 0)?.is_none() {
                return Ok(Priced::of(counter, &terms)?);
            }
            let offers: Vec<_> = says.offers.into_iter().take(OFFERS_MAX).collect();
            let is_reducing = offers.iter().any(|offer| offer.rule.is_some());
            // What is paid was paid for these prices.
            if is_reducing && counter.rights.hold() != Hold::Free {
                return Err(Refusal::Held.into());
            }
            let is_known = |rule: &String| terms.book.find(rule).is_some();
            if !offers.iter().filter_map(|offer| offer.rule.as_ref()).all(is_known) {
                return Err(Refusal::CouponWithoutRule.into());
            }
            let redemption = Redemption {
                id: says.id,
                order,
                workstation,
                issuer: says.issuer,
                state: RedemptionState::LookedUp,
                // One offer needs no choosing.
                choice: (offers.len() == 1).then_some(Choice { offer: 0, count: 1 }),
                offers,
                covers: Money::ZERO,
                code_tail: says.code_tail.chars().take(CODE_TAIL_CHARS_MAX).collect(),
                looked_up_at: now,
                asked_at: None,
                reversible_until: None,
                refusal: None,
            };
            db::redemption::insert(tx, &redemption)?;
            counter.is_done = false;
            retell(tx, counter, &terms)
        })
        .await?;
    fault::point("redemption.kept");
    prices::show(context, priced);
    Ok(())
}

/// Signs of a code's end that people may see, whatever the mall sends.
const CODE_TAIL_CHARS_MAX: usize = 4;

/// What an operator does with what was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    /// Chooses an offer and how many of it.
    Choose(Choice),
    /// Takes it off the counter: what was used is given back.
    TakeOff,
}

/// Carries it out and shows it.
pub(crate) async fn handle(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: RedemptionId,
    handling: Handling,
) -> Result<(), CheckoutError> {
    let (now, fresh, context) = (context.clock.now(), mint(), Arc::clone(context));
    let terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let counter = station::load(tx, workstation, fresh)?;
                let known = counter.rights.redemptions.iter().find(|r| r.id == id);
                let before = known.ok_or(Refusal::NoSuchRight)?;
                let after = handled(before, &counter.rights, handling)?;
                if after == *before {
                    return Ok(Priced::of(counter, &terms)?);
                }
                db::redemption::set(tx, &after, now)?;
                retell(tx, counter, &terms)
            })
            .await?;
        fault::point("redemption.handled");
        prices::show(&context, priced);
        context.nudges.rights.give();
        Ok(())
    })
    .await
}

fn handled(
    redemption: &Redemption,
    rights: &values::Rights,
    handling: Handling,
) -> Result<Redemption, Refusal> {
    let mut after = redemption.clone();
    match handling {
        Handling::Choose(choice) => {
            let offer = redemption.offers.get(usize::from(choice.offer));
            let offer = offer.ok_or(Refusal::NoSuchRight)?;
            if redemption.state != RedemptionState::LookedUp || rights.hold() == Hold::Undecided {
                return Err(Refusal::Undecided);
            }
            if offer.rule.is_some() && rights.hold() != Hold::Free {
                return Err(Refusal::Held);
            }
            if !(1..=offer.count.max(1)).contains(&choice.count) {
                return Err(Refusal::CountBeyondOffer { most: offer.count.max(1) });
            }
            after.choice = Some(choice);
        }
        Handling::TakeOff => {
            let is_asked = rights.payments.iter().any(|p| p.state.is_undecided());
            // A charge under way was made for what this leaves.
            if redemption.state == RedemptionState::LookedUp && is_asked {
                return Err(Refusal::Undecided);
            }
            after.state = redemption.state.reversing();
        }
    }
    Ok(after)
}

/// What the mall said of the use of one.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    id: RedemptionId,
    /// It was asked for the first time: nobody can have used it before.
    is_first: bool,
    told: Told<RedemptionV1>,
}

impl Answered {
    fn is_yes(&self) -> bool {
        match &self.told {
            Told::Says(says) => says.id == self.id && answer_to_use(says) == Answer::Yes,
            Told::Unknown | Told::TurnedAway(_) | Told::NeverLeft | Told::Silence => false,
        }
    }
}

/// What was asked for before an order, and how it went.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// Their questions: nobody else asks until the answers are written.
    pub(crate) asking: Vec<Asking>,
    /// All of them said yes; to be written with the order.
    pub(crate) answers: Vec<Answered>,
    /// The cart's revision since they were asked for.
    pub(crate) revision: Option<u64>,
}

/// Uses what the cart still needs used, before it becomes an order.
///
/// Refuses before anything is asked where the order could not be completed anyway. A no or silence
/// of any of them is written down and refuses; the cart stays.
pub(crate) async fn use_all(
    context: &Arc<Context>,
    command: &CompleteCommand,
    rounding: CashRounding,
) -> Result<Used, CheckoutError> {
    let has_any = |context: &Context| {
        let scenes = context.screens.follow(command.workstation)?;
        let scene = scenes.borrow();
        let redemptions = &scene.priced.station.rights.redemptions;
        Some(redemptions.iter().any(|r| r.state == RedemptionState::LookedUp))
    };
    // A sale without any of them costs nothing more for them.
    if has_any(context) != Some(true) {
        return Ok(Used::default());
    }
    let Some((mut step, rest)) = begin(context, command, rounding).await? else {
        return Ok(Used::default());
    };
    let mut rest = rest.into_iter();
    let mut used = Used::default();
    // One after the other: what comes after a no is not spent.
    loop {
        fault::point("redemption.pending");
        let seen = (step.priced.station.cart.order, step.priced.station.cart.revision);
        used.revision = Some(seen.1);
        prices::show(context, step.priced);
        let told = ask_to_use(context, &step.asked).await;
        fault::point("redemption.answered");
        let is_first = step.asking.is_some();
        used.answers.push(Answered { id: step.asked.id, is_first, told });
        used.asking.extend(step.asking);
        if !used.answers.iter().all(Answered::is_yes) {
            let refusal = first_refusal(&used.answers);
            note(context, used.answers).await?;
            return Err(refusal.into());
        }
        let Some(next) = rest.next() else { return Ok(used) };
        step = match go_on(context, command.workstation, seen, next).await {
            Ok(step) => step,
            Err(error) => {
                // What was used stays used; the cart waits with it.
                note(context, used.answers).await?;
                return Err(error);
            }
        };
    }
}

/// One of them that is to be used, written down as asked for.
struct UseStep {
    asked: Redemption,
    /// Its question, under way until what came of it is written down.
    asking: Option<Asking>,
    priced: Priced,
}

/// What is to be used, and what it covers.
type ToUse = (RedemptionId, Money);

/// Checks that the order could be completed, and writes the first of what it needs used down.
async fn begin(
    context: &Arc<Context>,
    command: &CompleteCommand,
    rounding: CashRounding,
) -> Result<Option<(UseStep, Vec<ToUse>)>, CheckoutError> {
    let (now, fresh, wish) = (context.clock.now(), mint(), command.clone());
    let (terms, in_flight) = (context.terms(command.workstation), context.in_flight.clone());
    let job = move |tx: &Connection| {
        let Some((counter, terms, to_use)) = begin_use(tx, &wish, rounding, &terms, fresh)? else {
            return Ok(None);
        };
        let mut to_use = to_use.into_iter();
        let Some(first) = to_use.next() else { return Ok(None) };
        let step = mark(tx, counter, first, &terms, now, &in_flight)?;
        Ok(Some((step, to_use.collect())))
    };
    context.ledger.write(job).await
}

/// Writes the next one down, if the counter stands as it stood when the one before was asked for.
async fn go_on(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    seen: (OrderId, u64),
    next: ToUse,
) -> Result<UseStep, CheckoutError> {
    let (now, fresh) = (context.clock.now(), mint());
    let (terms, in_flight) = (context.terms(workstation), context.in_flight.clone());
    let job = move |tx: &Connection| {
        let counter = station::load(tx, workstation, fresh)?;
        if (counter.cart.order, counter.cart.revision) != seen {
            return Err(Refusal::CartChanged.into());
        }
        mark(tx, counter, next, &terms, now, &in_flight)
    };
    context.ledger.write(job).await
}

/// Writes one down as asked for, and its question as under way: nobody can read the row before.
fn mark(
    tx: &Connection,
    counter: Station,
    (id, part): ToUse,
    terms: &Terms,
    now: Timestamp,
    in_flight: &InFlight,
) -> Result<UseStep, CheckoutError> {
    let known = counter.rights.redemptions.iter().find(|r| r.id == id);
    let known = known.ok_or(Refusal::CartChanged)?;
    let state = known.state.pending().ok_or(Refusal::CartChanged)?;
    let choice = known.needed_for(part);
    let asked = Redemption { state, choice, covers: part, asked_at: Some(now), ..known.clone() };
    db::redemption::set(tx, &asked, now)?;
    let asking = in_flight.enter(id.uuid(), About::Doing);
    Ok(UseStep { asked, asking, priced: retell(tx, counter, terms)? })
}

fn first_refusal(answers: &[Answered]) -> Refusal {
    let said_no = answers.iter().find_map(|answered| match &answered.told {
        Told::Says(says) if answer_to_use(says) == Answer::No => {
            let word = says.refusal.clone().unwrap_or_else(|| "refused".to_owned());
            Some(Refusal::OtherHouse { word })
        }
        Told::TurnedAway(word) => Some(Refusal::OtherHouse { word: word.clone() }),
        Told::Unknown => Some(Refusal::OtherHouse { word: "not-heard".to_owned() }),
        Told::NeverLeft => Some(Refusal::MallUnreachable),
        Told::Says(_) | Told::Silence => None,
    });
    said_no.unwrap_or(Refusal::Undecided)
}

/// What an order needs used, if it could then be completed; `None` for one that is already.
fn begin_use(
    tx: &Connection,
    command: &CompleteCommand,
    rounding: CashRounding,
    terms: &Terms,
    fresh: OrderId,
) -> Result<Option<(Station, Terms, Vec<ToUse>)>, CheckoutError> {
    if orders::find(tx, command.order)?.is_some() {
        return Ok(None);
    }
    let counter = station::load(tx, command.workstation, fresh)?;
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn.into());
    }
    if (counter.cart.order, counter.cart.revision) != (command.order, command.revision) {
        return Err(Refusal::CartChanged.into());
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    let mut terms = terms.clone();
    if counter.rights.hold() == Hold::Free {
        terms.occasion.used = rules::used(tx, &terms.book)?;
    }
    let quote = Priced::of(counter.clone(), &terms)?.quote;
    if command.total.is_some_and(|seen| seen != quote.total) {
        return Err(Refusal::PriceChanged { total: quote.total }.into());
    }
    if counter.rights.left(quote.total) < Money::ZERO {
        return Err(Refusal::PaidBeyondTotal.into());
    }
    let to_use = counter.rights.to_use(&quote);
    let mut tenders = counter.rights.tenders(quote.total);
    let vouchers = to_use.iter().filter(|(_, part)| *part > Money::ZERO);
    tenders.extend(vouchers.map(|(_, part)| Tender { kind: TenderKind::Voucher, amount: *part }));
    tenders.extend_from_slice(&command.tenders);
    let refused = |refusal| Refusal::Complete(CompleteRefusal::Tender(refusal));
    settle(quote.total, &tenders, rounding).map_err(refused)?;
    Ok(Some((counter, terms, to_use)))
}

async fn ask_to_use(context: &Context, redemption: &Redemption) -> Told<RedemptionV1> {
    let Some(Choice { offer, count }) = redemption.choice else { return Told::Silence };
    rights::redeem(context, redemption.id, &UseV1 { offer, count }).await
}

/// What an answer to the question for its use means.
const fn answer_to_use(says: &RedemptionV1) -> Answer {
    match says.state {
        RedemptionState::Redeemed => Answer::Yes,
        RedemptionState::Refused | RedemptionState::Reversed => Answer::No,
        RedemptionState::LookedUp
        | RedemptionState::Pending
        | RedemptionState::Reversing
        | RedemptionState::Kept => Answer::Silence,
    }
}

/// What an answer to the question to give it back means.
const fn answer_to_give_back(says: &RedemptionV1) -> Answer {
    match says.state {
        // What was never used needs no giving back.
        RedemptionState::Reversed | RedemptionState::Refused | RedemptionState::LookedUp => {
            Answer::Yes
        }
        RedemptionState::Kept => Answer::No,
        RedemptionState::Pending | RedemptionState::Redeemed | RedemptionState::Reversing => {
            Answer::Silence
        }
    }
}

/// Where a redemption stands after an answer, and why, if it said why.
fn after(redemption: &Redemption, is_first: bool, told: &Told<RedemptionV1>) -> Redemption {
    let mut after = redemption.clone();
    let answer = match (told, redemption.state) {
        (Told::Says(says), _) if says.id != redemption.id => Answer::Silence,
        (Told::Says(says), RedemptionState::Reversing) => answer_to_give_back(says),
        (Told::Says(says), _) => answer_to_use(says),
        // The question for its use never left, or the mall does not take it: it is not used. A later
        // question that is not taken says nothing of an earlier one, which may have been heard.
        (Told::TurnedAway(_) | Told::Unknown | Told::NeverLeft, RedemptionState::Pending)
            if is_first =>
        {
            Answer::No
        }
        // A mall that never heard of it has not used it. Of one whose use was asked for, the mall
        // has forgotten something.
        (Told::Unknown, RedemptionState::Reversing) if redemption.asked_at.is_none() => Answer::Yes,
        (Told::TurnedAway(_) | Told::Unknown | Told::NeverLeft | Told::Silence, _) => {
            Answer::Silence
        }
    };
    after.state = redemption.state.after(answer);
    if after.state == redemption.state {
        // Why it is not back yet is for people to read.
        if let Told::Says(says) = told
            && says.id == redemption.id
            && redemption.state == RedemptionState::Reversing
        {
            after.refusal = says.refusal.clone().or(after.refusal);
        }
        return after;
    }
    match told {
        Told::Says(says) => {
            after.refusal = says.refusal.clone().or(after.refusal);
            after.reversible_until = says.reversible_until.or(after.reversible_until);
        }
        Told::TurnedAway(word) => after.refusal = Some(word.clone()),
        Told::Unknown => after.refusal = Some("not-heard".to_owned()),
        Told::NeverLeft => after.refusal = Some("mall-unreachable".to_owned()),
        Told::Silence => {}
    }
    after
}

/// Writes answers down in a transaction; tells which of them moved anything.
pub(crate) fn apply(
    tx: &Connection,
    answers: &[Answered],
    now: Timestamp,
) -> Result<Vec<Redemption>, DbError> {
    let mut moved = Vec::new();
    for answered in answers {
        let Some(before) = db::redemption::find(tx, answered.id)? else { continue };
        let after = after(&before, answered.is_first, &answered.told);
        if after != before {
            db::redemption::set(tx, &after, now)?;
            moved.push(after);
        }
    }
    Ok(moved)
}

/// Writes answers down without an order, and shows them.
pub(crate) async fn note(
    context: &Arc<Context>,
    answers: Vec<Answered>,
) -> Result<(), CheckoutError> {
    let (now, fresh, of) = (context.clock.now(), mint(), Arc::clone(context));
    let shown = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let moved = apply(tx, &answers, now)?;
            let mut shown = Vec::new();
            for redemption in &moved {
                let counter = station::load(tx, redemption.workstation, fresh)?;
                if counter.cart.order == redemption.order {
                    shown.push(retell(tx, counter, &of.terms(redemption.workstation))?);
                }
            }
            for one in &moved {
                tracing::info!(
                    redemption.id = %one.id, order.id = %one.order, state = one.state.word(),
                    issuer.name = one.issuer.word(), "A redemption stands anew",
                );
            }
            Ok(shown)
        })
        .await?;
    fault::point("redemption.noted");
    for priced in shown {
        prices::show(context, priced);
    }
    Ok(())
}

/// Asks about a redemption what its state wants to know.
pub(crate) async fn pursue(
    context: &Arc<Context>,
    redemption: &Redemption,
) -> Result<(), CheckoutError> {
    let id = redemption.id;
    let about = match redemption.state {
        RedemptionState::Pending => About::Doing,
        RedemptionState::Reversing => About::Undoing,
        RedemptionState::LookedUp
        | RedemptionState::Redeemed
        | RedemptionState::Refused
        | RedemptionState::Reversed
        | RedemptionState::Kept => return Ok(()),
    };
    // Its answer is on the way already.
    let Some(_asking) = context.in_flight.enter(id.uuid(), about) else { return Ok(()) };
    let told = match redemption.state {
        RedemptionState::Pending => ask_to_use(context, redemption).await,
        RedemptionState::Reversing => rights::give_back(context, id).await,
        RedemptionState::LookedUp
        | RedemptionState::Redeemed
        | RedemptionState::Refused
        | RedemptionState::Reversed
        | RedemptionState::Kept => return Ok(()),
    };
    fault::point("redemption.pursued");
    note(context, vec![Answered { id, is_first: false, told }]).await
}

/// Everything of an order that was looked up or used is given back; `true` if there was anything.
pub(crate) fn reverse_all(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, DbError> {
    reverse_these(tx, order, now, |_| true)
}

/// What was looked up for an order and not used for it is off the counter with it.
pub(crate) fn drop_unused(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, DbError> {
    reverse_these(tx, order, now, |state| state == RedemptionState::LookedUp)
}

fn reverse_these(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
    these: impl Fn(RedemptionState) -> bool,
) -> Result<bool, DbError> {
    let mut any = false;
    for mut redemption in db::redemption::of_order(tx, order)? {
        let state = redemption.state.reversing();
        if these(redemption.state) && state != redemption.state {
            redemption.state = state;
            db::redemption::set(tx, &redemption, now)?;
            any = true;
        }
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use domain::id::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whose_it_is_follows_from_its_form() {
        for (text, issuer) in [
            ("https://v.douyin.com/abc/", Some(IssuerName::Douyin)),
            ("123456789012", Some(IssuerName::Douyin)),
            ("123456789012345", Some(IssuerName::Douyin)),
            ("1234567890123", Some(IssuerName::Wechat)),
            ("CP20261122A", Some(IssuerName::Wechat)),
            ("https://evil.example/", None),
            ("", None),
            ("two words", None),
            ("123456789012345678901234567890123", None),
        ] {
            assert_eq!(issuer_of(text), issuer, "{text}");
        }
    }

    fn redemption(state: RedemptionState) -> Redemption {
        Redemption {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            issuer: IssuerName::Douyin,
            state,
            offers: Vec::new(),
            choice: None,
            covers: Money::ZERO,
            code_tail: String::new(),
            looked_up_at: Timestamp::from_micros(1),
            asked_at: None,
            reversible_until: None,
            refusal: None,
        }
    }

    fn says(state: RedemptionState) -> Told<RedemptionV1> {
        Told::Says(RedemptionV1 {
            id: Id::from_uuid(Uuid::from_u128(1)),
            issuer: IssuerName::Douyin,
            state,
            offers: Vec::new(),
            code_tail: String::new(),
            refusal: None,
            reversible_until: None,
        })
    }

    #[test]
    fn what_the_mall_says_settles_what_was_asked_and_silence_does_not() {
        use RedemptionState as R;
        let away = || Told::TurnedAway("redemption-conflict".to_owned());
        let table = [
            (R::Pending, says(R::Redeemed), R::Redeemed),
            (R::Pending, says(R::Refused), R::Refused),
            (R::Pending, says(R::Reversed), R::Refused),
            (R::Pending, says(R::Pending), R::Pending),
            (R::Pending, says(R::LookedUp), R::Pending),
            (R::Pending, says(R::Reversing), R::Pending),
            (R::Pending, Told::Silence, R::Pending),
            (R::Pending, Told::NeverLeft, R::Pending),
            (R::Pending, Told::Unknown, R::Pending),
            (R::Pending, away(), R::Pending),
            (R::Reversing, says(R::Reversed), R::Reversed),
            (R::Reversing, says(R::Refused), R::Reversed),
            (R::Reversing, says(R::LookedUp), R::Reversed),
            (R::Reversing, says(R::Kept), R::Kept),
            // A late yes to the use is no answer to the question to give it back.
            (R::Reversing, says(R::Redeemed), R::Reversing),
            (R::Reversing, Told::Unknown, R::Reversed),
            (R::Reversing, Told::Silence, R::Reversing),
            (R::Reversing, away(), R::Reversing),
            (R::Redeemed, says(R::Refused), R::Redeemed),
            (R::LookedUp, says(R::Redeemed), R::LookedUp),
        ];
        for (state, told, expected) in table {
            let again = after(&redemption(state), false, &told).state;
            assert_eq!(again, expected, "{state:?} {told:?}");
        }
        let asked_at = Some(Timestamp::from_micros(2));
        let asked = Redemption { asked_at, ..redemption(R::Reversing) };
        let forgotten = after(&asked, false, &Told::Unknown).state;
        assert_eq!(forgotten, R::Reversing, "its use was asked for: it may be used");
        for told in [Told::Unknown, Told::NeverLeft, away()] {
            let first = after(&redemption(R::Pending), true, &told).state;
            assert_eq!(first, R::Refused, "what was never asked before is not used: {told:?}");
        }
    }
}
