//! A charge: checked, written down, and sent, once.

use std::sync::Arc;

use domain::{
    id::{OrderId, PaymentId},
    money::Money,
    payment::{PaymentMethod, PaymentState},
    receipt_number::WorkstationNumber,
    tender::{TENDERS_MAX, TenderRefusal},
    time::Timestamp,
};
use platforms::ForeignCode;
use rusqlite::Connection;
use sync::wire::{ChargeV1, SUBJECT_CHARS_MAX};

use super::{answer::Asked, note};
use crate::{
    approval,
    checkout::{CheckoutError, could_spend, retell, to_the_end},
    context::{Context, mint},
    db::{self, rules, station},
    fault,
    in_flight::{About, Asking},
    prices,
    refusal::Refusal,
    rights::{CodeMark, Hold, Payment, Rights, Secret, ShownCodes},
    station::{Priced, Terms},
    uplink::rights,
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
        if !context.settings.in_force().takes(method) {
            return Err(Refusal::MethodOff.into());
        }
        fault::db("payment.begun")?;
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
    could_spend(tx, &counter, &terms, now)?;
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
fn amount(rights: &Rights, total: Money, wished: Option<Money>) -> Result<Money, Refusal> {
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
