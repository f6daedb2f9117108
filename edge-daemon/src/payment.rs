//! Payments by code (付款码): charge, ask, reverse.
//!
//! The row is in the ledger before the mall is asked. Silence decides nothing: `settle` asks again,
//! also after a restart, until every payment is paid, refused or undone.
//!
//! **Invariant:** a payment code is sent once and written nowhere; while a charge of a cart is not
//! known to be over, no second one is sent for it.

use std::sync::Arc;

use domain::{
    id::{OrderId, PaymentId},
    money::Money,
    payment::{Heard, PaymentMethod, PaymentState},
    receipt_number::WorkstationNumber,
    tender::{TENDERS_MAX, TenderRefusal},
    time::Timestamp,
};
use platforms::ForeignCode;
use rusqlite::Connection;
use sync::wire::{ChargeV1, PaymentV1, ReversalV1, SUBJECT_CHARS_MAX};

use crate::{
    approval,
    checkout::{CheckoutError, retell, to_the_end},
    context::{Context, mint},
    db::{self, rules, station},
    fault,
    in_flight::{About, Asking},
    prices,
    refusal::Refusal,
    rights::{CodeMark, Hold, Payment, Secret, ShownCodes},
    settle,
    station::{Priced, Terms},
    uplink::{
        mall::ANSWER_LIMIT,
        rights::{self, Told},
    },
};

/// Lengths of payment codes of all houses.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 16..=24;

/// Charges of one order; somebody who was refused so often pays another way.
const CHARGES_MAX: usize = 20;

/// A wish to charge whoever showed a code.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Its id, made by the screen: the idempotency key.
    pub(crate) id: PaymentId,
    /// The cart as the operator saw it: its order and revision. A scan means the one that is there.
    pub(crate) cart: Option<(OrderId, u64)>,
    /// Whose code it is, if somebody said; else its form tells.
    pub(crate) method: Option<PaymentMethod>,
    /// The code.
    pub(crate) code: Secret,
    /// How much; by itself all that is left.
    pub(crate) amount: Option<Money>,
}

/// Whose payment code a text is, if it is one that is taken.
pub(crate) fn method_of(code: ForeignCode) -> Option<PaymentMethod> {
    match code {
        ForeignCode::WechatPayment => Some(PaymentMethod::Wechat),
        ForeignCode::AlipayPayment => Some(PaymentMethod::Alipay),
        ForeignCode::UnionpayPayment | ForeignCode::DouyinVoucher => None,
    }
}

/// Writes a charge down and sends it. The answer comes to the screens, whenever it comes.
/// `false` when it was sent before.
pub(crate) async fn begin(context: &Arc<Context>, charge: Charge) -> Result<bool, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let code = charge.code.0.trim();
        let is_code =
            CODE_DIGITS.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        let told = platforms::recognise(code).and_then(method_of).filter(|_| is_code);
        let method = charge.method.filter(|_| is_code).or(told).ok_or(Refusal::NotAPaymentCode)?;
        fault::point("payment.begun");
        let Some((payment, asking)) = write_down(&context, &charge, method).await? else {
            return Ok(false);
        };
        fault::point("payment.written");
        tracing::info!(
            payment.id = %payment.id, order.id = %payment.order,
            workstation.id = payment.workstation, method = payment.method.word(),
            "A payment of {} is asked for", payment.amount,
        );
        let asked = ChargeV1 {
            id: payment.id,
            order: payment.order,
            workstation: payment.workstation,
            method,
            amount_minor: payment.amount,
            code: code.to_owned(),
            subject: subject(&context),
        };
        let of = Arc::clone(&context);
        let sent = async move {
            let told = rights::charge(&of, &asked).await;
            fault::point("payment.answered");
            note(&of, asked.id, Asked::Charge, told).await;
            drop(asking);
        };
        context.tasks.spawn(sent);
        Ok(true)
    })
    .await
}

/// What a payer reads on their bill.
fn subject(context: &Context) -> String {
    let name = context.store.load().as_ref().map(|store| store.name.clone()).unwrap_or_default();
    let room = SUBJECT_CHARS_MAX.saturating_sub(2);
    format!("{}消费", name.chars().take(room).collect::<String>())
}

/// Writes a charge down as sent, and its question as under way; `None` when it was before.
async fn write_down(
    context: &Arc<Context>,
    charge: &Charge,
    method: PaymentMethod,
) -> Result<Option<(Payment, Option<Asking>)>, CheckoutError> {
    let (now, fresh) = (context.clock.now(), mint());
    let terms = context.terms(charge.workstation);
    let shown = shown(context, charge);
    // The code stays out of the ledger's job.
    let wish = Wish {
        workstation: charge.workstation,
        id: charge.id,
        cart: charge.cart,
        method,
        amount: charge.amount,
        shown,
        code: context.shown_codes.mark(charge.code.0.trim()),
        shown_codes: context.shown_codes.clone(),
    };
    let of = Arc::clone(context);
    let job = move |tx: &Connection| {
        let (written, priced) = carry_out(tx, &wish, &terms, fresh, now)?;
        // Nobody can read the row before its question is known to be under way.
        let asking = |payment: &Payment| of.in_flight.enter(payment.id.uuid(), About::Doing);
        let written = written.map(|payment| {
            let asking = asking(&payment);
            (payment, asking)
        });
        Ok((written, priced))
    };
    let written = context.ledger.write(job).await;
    if let Err(CheckoutError::Refused(Refusal::PriceChanged { .. })) = &written {
        prices::learn_uses(context).await;
        prices::look(context);
    }
    let (written, priced) = written?;
    prices::show(context, priced);
    Ok(written)
}

/// What the workstation's screens show as the total.
fn shown(context: &Context, charge: &Charge) -> Option<Money> {
    let scenes = context.screens.follow(charge.workstation)?;
    let scene = scenes.borrow();
    let cart = &scene.priced.station.cart;
    let is_same = charge.cart.is_none_or(|seen| seen == (cart.order, cart.revision));
    is_same.then_some(scene.priced.quote.total)
}

/// A charge without its code.
struct Wish {
    workstation: WorkstationNumber,
    id: PaymentId,
    cart: Option<(OrderId, u64)>,
    method: PaymentMethod,
    amount: Option<Money>,
    shown: Option<Money>,
    code: CodeMark,
    shown_codes: ShownCodes,
}

fn carry_out(
    tx: &Connection,
    wish: &Wish,
    terms: &Terms,
    fresh: OrderId,
    now: Timestamp,
) -> Result<(Option<Payment>, Priced), CheckoutError> {
    let mut counter = station::load(tx, wish.workstation, fresh)?;
    if let Some(known) = db::payment::find(tx, wish.id)? {
        let is_same = known.workstation == wish.workstation
            && known.method == wish.method
            && wish.cart.is_none_or(|(order, _)| order == known.order)
            && wish.amount.is_none_or(|amount| amount == known.amount);
        return if is_same {
            Ok((None, Priced::of(counter, terms)?))
        } else {
            Err(Refusal::IdReused.into())
        };
    }
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn.into());
    }
    let cart = &counter.cart;
    if wish.cart.is_some_and(|seen| seen != (cart.order, cart.revision)) {
        return Err(Refusal::CartChanged.into());
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    if counter.rights.is_charging() {
        return Err(Refusal::StillReversing.into());
    }
    if approval::is_waiting(&counter.rights.approvals, &counter.cart) {
        return Err(Refusal::ApprovalWaits.into());
    }
    if counter.rights.payments.len() >= CHARGES_MAX {
        return Err(Refusal::TooManyCharges.into());
    }
    // "All that is left" is not known while nobody has said what a voucher pays.
    if wish.amount.is_none() && counter.rights.is_choice_open() {
        return Err(Refusal::OfferNotChosen.into());
    }
    let mut terms = terms.clone();
    if counter.rights.hold() == Hold::Free {
        // From here on these prices hold, so a quota that another till has used up must be known.
        terms.occasion.used = rules::used(tx, &terms.book)?;
    }
    let total = Priced::of(counter.clone(), &terms)?.quote.total;
    if wish.shown.is_some_and(|seen| seen != total) {
        return Err(Refusal::PriceChanged { total }.into());
    }
    let amount = amount(&counter.rights, total, wish.amount)?;
    if !wish.shown_codes.is_fresh(wish.code, now) {
        return Err(Refusal::CodeShownBefore.into());
    }
    let payment = Payment {
        id: wish.id,
        order: cart.order,
        workstation: wish.workstation,
        method: wish.method,
        amount,
        state: PaymentState::Sent,
        asked_at: now,
        transaction: String::new(),
        refusal: None,
    };
    db::payment::insert(tx, &payment)?;
    counter.is_tendering = true;
    counter.is_done = false;
    let priced = retell(tx, counter, &terms)?;
    Ok((Some(payment), priced))
}

/// How much is charged: what was asked for, or all that is left.
fn amount(
    rights: &crate::rights::Rights,
    total: Money,
    wished: Option<Money>,
) -> Result<Money, Refusal> {
    let refused = |refusal| Refusal::Complete(domain::order::CompleteRefusal::Tender(refusal));
    let left = rights.left(total);
    if left < Money::ZERO {
        return Err(Refusal::PaidBeyondTotal);
    }
    if left == Money::ZERO {
        return Err(Refusal::NothingToPay);
    }
    // One place is for the cash that may cover the rest.
    if rights.n_live() + 1 >= TENDERS_MAX {
        return Err(refused(TenderRefusal::TooMany));
    }
    let amount = wished.unwrap_or(left);
    match amount {
        amount if amount <= Money::ZERO => Err(refused(TenderRefusal::Amount)),
        amount if amount > left => Err(refused(TenderRefusal::OverTender)),
        amount => Ok(amount),
    }
}

/// What the mall was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To charge.
    Charge,
    /// How it stands.
    Standing,
    /// That it shall not be.
    Reversal,
}

/// Where a payment stands after an answer.
///
/// That nobody knows of it means something only once the charge must have arrived: a question may
/// overtake it.
fn after(payment: &Payment, asked: Asked, told: &Told<PaymentV1>, now: Timestamp) -> PaymentState {
    let state = payment.state;
    match (told, asked) {
        // An answer that comes late changes nothing of what is known.
        _ if !state.is_undecided() => state,
        (Told::Says(says), _) if !is_of(payment, says) => state,
        (Told::Says(says), _) => match says.state {
            PaymentState::Sent => state,
            PaymentState::Paying => state.after(Heard::Paying),
            PaymentState::Paid => state.after(Heard::Paid),
            PaymentState::Refused => state.after(Heard::Refused),
            PaymentState::Reversed => state.after(Heard::Reversed),
            // The mall undoes by itself what takes too long.
            PaymentState::Reversing => state.reversing(),
        },
        // Not a byte of it has left, or it came to a mall that has no ear for it; and the code is
        // in nobody's hands any more.
        (Told::NeverLeft | Told::Unknown, Asked::Charge) => state.after(Heard::Reversed),
        (Told::Unknown, Asked::Standing) if may_be_on_its_way(payment, now) => state,
        // The mall never heard of it or does not take it; a reversal keeps a late one out.
        (Told::TurnedAway(_), Asked::Charge) | (Told::Unknown, Asked::Standing) => {
            state.reversing()
        }
        (Told::Silence, _)
        | (Told::NeverLeft, Asked::Standing | Asked::Reversal)
        | (Told::TurnedAway(_), Asked::Standing | Asked::Reversal)
        | (Told::Unknown, Asked::Reversal) => state,
    }
}

/// Whether the charge may still be on its way to the mall. After the clock went back nobody can
/// tell by it; a charge that is under way is in `in_flight` then.
fn may_be_on_its_way(payment: &Payment, now: Timestamp) -> bool {
    let limit_ms = i64::try_from(ANSWER_LIMIT.as_millis()).unwrap_or(i64::MAX);
    (0..limit_ms).contains(&now.ms_since(payment.asked_at))
}

/// Whether an answer speaks of this payment; another one is nonsense, and decides nothing.
fn is_of(payment: &Payment, says: &PaymentV1) -> bool {
    (says.id, says.method, says.amount_minor) == (payment.id, payment.method, payment.amount)
}

/// Why not, in one word for the sentence on the screen.
fn word(state: PaymentState, asked: Asked, told: &Told<PaymentV1>) -> Option<String> {
    // Nobody here wanted it undone: the mall does that by itself with what takes too long.
    let is_unasked = matches!(state, PaymentState::Sent | PaymentState::Paying);
    let is_timed_out = |says: &PaymentV1| {
        is_unasked && matches!(says.state, PaymentState::Reversing | PaymentState::Reversed)
    };
    match told {
        Told::Says(says) if is_timed_out(says) => {
            says.refusal.clone().or_else(|| Some("took-too-long".to_owned()))
        }
        Told::Says(says) => says.refusal.clone(),
        Told::NeverLeft if asked == Asked::Charge => Some("mall-unreachable".to_owned()),
        Told::TurnedAway(word) => Some(word.clone()),
        Told::Unknown if asked == Asked::Charge => Some("not-offered".to_owned()),
        Told::Unknown => Some("not-heard".to_owned()),
        Told::NeverLeft | Told::Silence => None,
    }
}

/// The word that a payment has after an answer that leaves it in a state: also where nothing moved,
/// so that people read why money is not back yet. What is decided keeps its own.
fn refusal(
    payment: &Payment,
    state: PaymentState,
    asked: Asked,
    told: &Told<PaymentV1>,
) -> Option<String> {
    let said = match told {
        _ if state != payment.state => word(payment.state, asked, told),
        Told::Says(says) if state.is_undecided() && is_of(payment, says) => says.refusal.clone(),
        Told::Says(_) | Told::Unknown | Told::TurnedAway(_) | Told::NeverLeft | Told::Silence => {
            None
        }
    };
    said.or_else(|| payment.refusal.clone())
}

/// Writes down what was heard, shows it, and completes what is covered by it. A failure is logged:
/// `settle` asks again.
pub(crate) async fn note(
    context: &Arc<Context>,
    id: PaymentId,
    asked: Asked,
    told: Told<PaymentV1>,
) {
    let noted = write_answer(context, id, asked, told).await;
    fault::point("payment.noted");
    match noted {
        Ok(Some(payment)) => {
            if payment.state == PaymentState::Paid {
                settle::complete_if_covered(context, payment.workstation).await;
            }
            // What is to be undone now is asked for at once.
            context.nudges.rights.give();
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(
                payment.id = %id, error = %crate::Chain(&error),
                "What became of a payment could not be written down; it is asked for again",
            );
        }
    }
}

async fn write_answer(
    context: &Arc<Context>,
    id: PaymentId,
    asked: Asked,
    told: Told<PaymentV1>,
) -> Result<Option<Payment>, CheckoutError> {
    let (now, fresh, of) = (context.clock.now(), mint(), Arc::clone(context));
    let (payment, priced) = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let Some(mut payment) = db::payment::find(tx, id)? else { return Ok((None, None)) };
            let state = after(&payment, asked, &told, now);
            let refusal = refusal(&payment, state, asked, &told);
            if (state, &refusal) == (payment.state, &payment.refusal) {
                return Ok((None, None));
            }
            payment.refusal = refusal;
            payment.state = state;
            if let Told::Says(says) = &told
                && state == PaymentState::Paid
            {
                payment.transaction.clone_from(&says.transaction);
            }
            db::payment::set(tx, &payment, now)?;
            let counter = station::load(tx, payment.workstation, fresh)?;
            let is_on_counter = counter.cart.order == payment.order;
            let priced = is_on_counter
                .then(|| retell(tx, counter, &of.terms(payment.workstation)))
                .transpose()?;
            Ok((Some(payment), priced))
        })
        .await?;
    if let Some(payment) = &payment {
        tracing::info!(
            payment.id = %id, order.id = %payment.order, state = payment.state.word(),
            refusal = payment.refusal.as_deref().unwrap_or_default(), "A payment stands anew",
        );
    }
    if let Some(priced) = priced {
        prices::show(context, priced);
    }
    Ok(payment)
}

/// Asks the mall where a payment stands, now.
pub(crate) async fn ask(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: PaymentId,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let known = context.ledger.read(move |db| db::payment::find(db, id)).await?;
        let known = known.filter(|payment| payment.workstation == workstation);
        let payment = known.ok_or(Refusal::NoSuchRight)?;
        pursue(&context, &payment).await;
        Ok(())
    })
    .await
}

/// Asks about a payment what its state wants to know.
pub(crate) async fn pursue(context: &Arc<Context>, payment: &Payment) {
    let id = payment.id;
    let about = match payment.state {
        PaymentState::Reversing => About::Undoing,
        PaymentState::Sent | PaymentState::Paying => About::Doing,
        PaymentState::Paid | PaymentState::Refused | PaymentState::Reversed => return,
    };
    // Its answer is on the way already, and comes to the screens.
    let Some(_asking) = context.in_flight.enter(id.uuid(), about) else { return };
    let (asked, told) = match payment.state {
        PaymentState::Sent | PaymentState::Paying => {
            (Asked::Standing, rights::payment(context, id).await)
        }
        PaymentState::Reversing => {
            let reversal = ReversalV1 {
                order: payment.order,
                method: payment.method,
                amount_minor: payment.amount,
            };
            (Asked::Reversal, rights::reversal(context, id, &reversal).await)
        }
        PaymentState::Paid | PaymentState::Refused | PaymentState::Reversed => return,
    };
    fault::point("payment.pursued");
    note(context, id, asked, told).await;
}

/// Takes a payment off the counter: it shall not be. Asked for until it is known to be undone.
pub(crate) async fn reverse(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: PaymentId,
) -> Result<(), CheckoutError> {
    let (now, fresh, context) = (context.clock.now(), mint(), Arc::clone(context));
    let terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let counter = station::load(tx, workstation, fresh)?;
                let known = db::payment::find(tx, id)?;
                // What paid for an order goes back with the order.
                let on_counter = known.filter(|payment| payment.order == counter.cart.order);
                let mut payment = on_counter.ok_or(Refusal::NoSuchRight)?;
                let state = payment.state.reversing();
                if state != payment.state {
                    payment.state = state;
                    db::payment::set(tx, &payment, now)?;
                }
                retell(tx, counter, &terms)
            })
            .await?;
        fault::point("payment.reversing");
        tracing::info!(payment.id = %id, workstation.id = workstation, "A payment is taken off");
        prices::show(&context, priced);
        context.nudges.rights.give();
        Ok(())
    })
    .await
}

/// Everything of an order that is paid shall not be; `true` if there was anything.
pub(crate) fn reverse_all(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, db::DbError> {
    let mut any = false;
    for mut payment in db::payment::of_order(tx, order)? {
        let state = payment.state.reversing();
        if state != payment.state {
            payment.state = state;
            db::payment::set(tx, &payment, now)?;
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

    fn payment(state: PaymentState) -> Payment {
        Payment {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Wechat,
            amount: Money::from_minor(1_200),
            state,
            asked_at: Timestamp::from_micros(7),
            transaction: String::new(),
            refusal: None,
        }
    }

    fn long_after() -> Timestamp {
        payment(PaymentState::Sent).asked_at.plus_ms(60_000)
    }

    fn says(state: PaymentState) -> Told<PaymentV1> {
        let payment = payment(state);
        Told::Says(PaymentV1 {
            id: payment.id,
            state,
            method: payment.method,
            amount_minor: payment.amount,
            refunded_minor: Money::ZERO,
            transaction: String::new(),
            paid_at: None,
            refusal: None,
        })
    }

    #[test]
    fn what_the_mall_says_moves_a_payment_and_silence_does_not() {
        use Asked::{Charge, Reversal, Standing};
        use PaymentState as P;
        let away = || Told::TurnedAway("payment-conflict".to_owned());
        let table = [
            (P::Sent, Charge, says(P::Sent), P::Sent),
            (P::Sent, Charge, says(P::Paying), P::Paying),
            (P::Sent, Charge, says(P::Paid), P::Paid),
            (P::Sent, Charge, says(P::Refused), P::Refused),
            (P::Sent, Charge, says(P::Reversing), P::Reversing),
            (P::Sent, Charge, says(P::Reversed), P::Reversed),
            (P::Sent, Charge, Told::Silence, P::Sent),
            (P::Sent, Charge, Told::NeverLeft, P::Reversed),
            (P::Sent, Charge, Told::Unknown, P::Reversed),
            (P::Sent, Charge, away(), P::Reversing),
            (P::Paying, Standing, Told::NeverLeft, P::Paying),
            (P::Paying, Standing, Told::Silence, P::Paying),
            (P::Paying, Standing, Told::Unknown, P::Reversing),
            (P::Paying, Standing, away(), P::Paying),
            (P::Paying, Standing, says(P::Paid), P::Paid),
            (P::Paid, Standing, says(P::Reversing), P::Paid),
            // It overtook the yes to the charge, or was late itself.
            (P::Paid, Standing, Told::Unknown, P::Paid),
            (P::Paid, Charge, away(), P::Paid),
            (P::Paid, Charge, Told::Unknown, P::Paid),
            (P::Refused, Standing, Told::Unknown, P::Refused),
            (P::Reversed, Standing, Told::Unknown, P::Reversed),
            (P::Reversing, Standing, Told::Unknown, P::Reversing),
            // The answer to a charge comes after the operator took it off.
            (P::Reversing, Charge, says(P::Paid), P::Reversing),
            (P::Reversing, Charge, Told::NeverLeft, P::Reversed),
            (P::Reversing, Reversal, says(P::Reversing), P::Reversing),
            (P::Reversing, Reversal, says(P::Reversed), P::Reversed),
            (P::Reversing, Reversal, says(P::Refused), P::Refused),
            (P::Reversing, Reversal, Told::NeverLeft, P::Reversing),
            (P::Reversing, Reversal, Told::Unknown, P::Reversing),
            (P::Reversing, Reversal, away(), P::Reversing),
            (P::Refused, Charge, says(P::Paid), P::Refused),
            (P::Reversed, Charge, says(P::Paid), P::Reversed),
        ];
        for (state, asked, told, expected) in table {
            let got = after(&payment(state), asked, &told, long_after());
            assert_eq!(got, expected, "{state:?} {asked:?} {told:?}");
        }
    }

    #[test]
    fn an_answer_that_speaks_of_another_payment_decides_nothing() {
        let mut ours = payment(PaymentState::Sent);
        ours.amount = Money::from_minor(1_300);
        let after = after(&ours, Asked::Charge, &says(PaymentState::Paid), long_after());
        assert_eq!(after, PaymentState::Sent);
    }

    #[test]
    fn that_nobody_knows_of_a_charge_counts_once_it_must_have_arrived() {
        use PaymentState as P;
        for (later_ms, expected) in [
            (0, P::Sent),
            (1_000, P::Sent),
            (19_999, P::Sent),
            (20_000, P::Reversing),
            // The clock went back: it tells nothing, and nothing is under way.
            (-1, P::Reversing),
        ] {
            let sent = payment(P::Sent);
            let now = sent.asked_at.plus_ms(later_ms);
            let got = after(&sent, Asked::Standing, &Told::Unknown, now);
            assert_eq!(got, expected, "{later_ms} ms later");
        }
    }

    #[test]
    fn why_not_is_kept_also_where_nothing_moved() {
        use Asked::{Charge, Reversal, Standing};
        use PaymentState as P;
        let says_why = |state, why: &str| {
            let Told::Says(plain) = says(state) else { panic!("it says something") };
            Told::Says(PaymentV1 { refusal: Some(why.to_owned()), ..plain })
        };
        let table = [
            (P::Reversing, Reversal, says_why(P::Reversing, "too-late"), Some("too-late")),
            (P::Reversing, Reversal, says(P::Reversing), None),
            (P::Reversing, Reversal, says(P::Reversed), None),
            (P::Paying, Standing, says(P::Reversing), Some("took-too-long")),
            (P::Paying, Standing, says(P::Reversed), Some("took-too-long")),
            (P::Paying, Standing, says_why(P::Reversed, "declined"), Some("declined")),
            (P::Sent, Standing, Told::Unknown, Some("not-heard")),
            (P::Sent, Charge, Told::NeverLeft, Some("mall-unreachable")),
            (P::Sent, Charge, Told::Silence, None),
            (P::Paid, Standing, says_why(P::Reversing, "too-late"), None),
        ];
        for (state, asked, told, expected) in table {
            let payment = payment(state);
            let moved = after(&payment, asked, &told, long_after());
            let got = refusal(&payment, moved, asked, &told);
            assert_eq!(got.as_deref(), expected, "{state:?} {asked:?} {told:?}");
        }
    }
}
