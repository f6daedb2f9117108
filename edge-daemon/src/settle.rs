//! Reconciler: asks about payments, redemptions and returns of online orders until every one is
//! known, and completes the carts that are covered.
//!
//! **Invariant:** it takes no input: what is to be asked is in the ledger, so a restart begins where
//! the last run ended.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    id::OrderId, payment::PaymentState, receipt_number::WorkstationNumber,
    redemption::RedemptionState, time::Timestamp,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Chain,
    checkout::{self, CheckoutError, CompleteCommand},
    context::Context,
    db,
    in_flight::About,
    online_return::{self, OnlineReturn},
    payment, redemption,
    refusal::Refusal,
    rights::{Payment, Redemption},
};

/// How often the ledger is looked at when nobody nudges.
const SETTLE_PERIOD: Duration = Duration::from_secs(2);
/// Undecided rows that are looked at in one round; more than a store has tills.
const ROUND_MAX: usize = 200;
/// Questions that are under way at once.
const AT_ONCE_MAX: usize = 8;

/// What goes back and is not known to be back after this time is told to people.
const SLOW_MS: i64 = 60_000;
/// An online return that the mall has not answered after this time is told to people: its goods lie
/// at a counter, and its shopper has no slip.
const RETURN_SLOW_MS: i64 = 600_000;
/// What stayed used is told for a day; somebody has looked by then.
const KEPT_TOLD_MS: i64 = 86_400_000;

/// What a person should know of, over the whole store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Payments and vouchers that are to go back and are not known to be, and since when.
    pub(crate) slow: Option<(Timestamp, u32)>,
    /// Online returns that wait too long for the mall, and since when.
    pub(crate) returns: Option<(Timestamp, u32)>,
    /// Vouchers that their houses did not take back.
    pub(crate) kept: u32,
}

impl Trouble {
    fn of(open: &[Question], kept: u32, now: Timestamp) -> Self {
        let longer = |question: &Question, than_ms| now.ms_since(question.since()) > than_ms;
        let slow = |question: &Question| match question {
            Question::Return(_) => false,
            Question::Payment(_) | Question::Redemption(_) => {
                !question.is_asked_at_once() && longer(question, SLOW_MS)
            }
        };
        let waits = |question: &Question| match question {
            Question::Return(_) => longer(question, RETURN_SLOW_MS),
            Question::Payment(_) | Question::Redemption(_) => false,
        };
        Self { slow: tell(open, slow), returns: tell(open, waits), kept }
    }
}

/// How many of these there are, and since when.
fn tell(open: &[Question], is_told: impl Fn(&Question) -> bool) -> Option<(Timestamp, u32)> {
    let told = || open.iter().filter(|question| is_told(question));
    let count = u32::try_from(told().count()).unwrap_or(u32::MAX);
    told().map(Question::since).min().map(|since| (since, count))
}

/// A question that is to be asked.
enum Question {
    Payment(Payment),
    Redemption(Redemption),
    Return(OnlineReturn),
}

impl Question {
    /// Since when it is open.
    fn since(&self) -> Timestamp {
        match self {
            Self::Payment(payment) => payment.asked_at,
            Self::Redemption(redemption) => redemption.asked_at.unwrap_or(redemption.looked_up_at),
            Self::Return(one) => one.asked.at,
        }
    }

    /// What makes it the same question: the thing, and what its state wants to know.
    const fn key(&self) -> (Uuid, &'static str) {
        match self {
            Self::Payment(payment) => (payment.id.uuid(), payment.state.word()),
            Self::Redemption(redemption) => (redemption.id.uuid(), redemption.state.word()),
            Self::Return(one) => (one.asked.id.uuid(), one.state.word()),
        }
    }

    /// What it asks about the thing.
    const fn about(&self) -> About {
        if self.is_asked_at_once() { About::Doing } else { About::Undoing }
    }

    /// Whether it was just asked when it was written down: the charge, or the use, itself.
    const fn is_asked_at_once(&self) -> bool {
        match self {
            Self::Payment(payment) => !matches!(payment.state, PaymentState::Reversing),
            Self::Redemption(redemption) => !matches!(redemption.state, RedemptionState::Reversing),
            Self::Return(_) => true,
        }
    }
}

/// How long to wait between two questions about something that is open for so long. The first is
/// what WeChat Pay asks of whoever polls; later ones are for what only time settles.
const fn interval(open_ms: i64) -> Duration {
    match open_ms {
        ..60_000 => Duration::from_secs(5),
        60_000..600_000 => Duration::from_secs(15),
        600_000.. => Duration::from_secs(60),
    }
}

/// What was asked when, in this run.
#[derive(Debug, Default)]
struct Schedule(HashMap<(Uuid, &'static str), Instant>);

impl Schedule {
    /// Whether a question is due, and notes that it is asked.
    fn is_due(&mut self, question: &Question, now: Timestamp, instant: Instant) -> bool {
        let open_ms = now.ms_since(question.since());
        let wait = interval(open_ms);
        let is_due = match self.0.get(&question.key()) {
            Some(last) => instant.saturating_duration_since(*last) >= wait,
            None if question.is_asked_at_once() => {
                // The clock went back: how long it is open cannot be told.
                u128::try_from(open_ms).map_or(true, |open_ms| open_ms >= wait.as_millis())
            }
            None => true,
        };
        if is_due {
            self.0.insert(question.key(), instant);
        }
        is_due
    }

    /// Forgets what is settled.
    fn retain(&mut self, open: &[Question]) {
        self.0.retain(|key, _| open.iter().any(|question| question.key() == *key));
    }
}

/// Carts that are paid and could not be completed, as they were last logged: they are tried again in
/// every round.
#[derive(Debug, Default)]
pub(crate) struct Stuck(Mutex<HashMap<WorkstationNumber, (OrderId, u64, String)>>);

impl Stuck {
    /// Whether it was not logged before that this cart, as it is, waits for this.
    fn is_news(&self, command: &CompleteCommand, why: String) -> bool {
        let stuck = (command.order, command.revision, why);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(command.workstation, stuck.clone()) != Some(stuck)
    }
}

/// Settles until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    give_up_abandoned(&context).await;
    let mut schedule = Schedule::default();
    let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
    loop {
        let round = stop.run_until_cancelled(round(&context, &mut schedule, &places));
        if round.await.is_none() {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.nudges.rights.taken_or(SETTLE_PERIOD) => {}
        }
    }
}

/// Reads what is open and begins what is due; it waits for no other house.
async fn round(context: &Arc<Context>, schedule: &mut Schedule, places: &Arc<Semaphore>) {
    match open_questions(context).await {
        Ok((open, kept)) => {
            schedule.retain(&open);
            let (now, instant) = (context.clock.now(), Instant::now());
            let trouble = Trouble::of(&open, kept, now);
            if *context.trouble.swap(Arc::new(trouble)) != trouble {
                context.screens.beat();
            }
            for question in open {
                // Where all places are taken, it is asked in a later round.
                let Ok(place) = Arc::clone(places).try_acquire_owned() else { break };
                let is_free = !context.in_flight.has(question.key().0, question.about());
                if is_free && schedule.is_due(&question, now, instant) {
                    ask(context, question, place);
                }
            }
        }
        Err(error) => {
            tracing::error!(error = %Chain(&error), "What is undecided could not be read");
        }
    }
    for scene in context.screens.counters() {
        complete_by_itself(context, scene.priced.station.workstation);
    }
}

/// Everything that is not known yet, and how many vouchers stayed used.
async fn open_questions(context: &Arc<Context>) -> Result<(Vec<Question>, u32), CheckoutError> {
    let since = context.clock.now().plus_ms(-KEPT_TOLD_MS);
    let read = context.ledger.read(move |db| -> Result<_, CheckoutError> {
        let payments = db::payment::undecided(db, ROUND_MAX)?.into_iter().map(Question::Payment);
        let redemptions = db::redemption::undecided(db, ROUND_MAX)?;
        let redemptions = redemptions.into_iter().map(Question::Redemption);
        let returns =
            db::online_return::undecided(db, ROUND_MAX)?.into_iter().map(Question::Return);
        let open = payments.chain(redemptions).chain(returns).collect();
        Ok((open, db::redemption::kept(db, since)?))
    });
    read.await
}

/// Asks in a task of its own: a silent house keeps no other question waiting.
fn ask(context: &Arc<Context>, question: Question, place: OwnedSemaphorePermit) {
    let of = Arc::clone(context);
    context.tasks.spawn(async move {
        match question {
            Question::Payment(payment) => payment::pursue(&of, &payment).await,
            Question::Redemption(redemption) => {
                if let Err(error) = redemption::pursue(&of, &redemption).await {
                    tracing::error!(
                        redemption.id = %redemption.id, error = %Chain(&error),
                        "What became of a redemption could not be written down; it is asked again",
                    );
                }
            }
            Question::Return(one) => {
                if let Err(error) = online_return::pursue(&of, &one).await {
                    tracing::error!(
                        online_return.id = %one.asked.id, error = %Chain(&error),
                        "What became of a return could not be written down; it is asked again",
                    );
                }
            }
        }
        drop(place);
    });
}

/// Completes what is covered in a task of its own, for a voucher may have to be used first.
fn complete_by_itself(context: &Arc<Context>, workstation: WorkstationNumber) {
    let Some(command) = covered(context, workstation) else { return };
    let Some(asking) = context.in_flight.enter(command.order.uuid(), About::Doing) else { return };
    let of = Arc::clone(context);
    context.tasks.spawn(async move {
        complete_if_covered(&of, workstation).await;
        drop(asking);
    });
}

/// What is paid or used for no order and no cart goes back. No path of this program leaves such a
/// row; one of a ledger that was repaired by hand would otherwise keep a shopper's money.
async fn give_up_abandoned(context: &Arc<Context>) {
    match give_up(context).await {
        Ok(0) => {}
        Ok(n) => tracing::warn!(n, "Payments and vouchers of carts that are gone are given back"),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "Abandoned payments could not be given back");
        }
    }
}

/// Looks with a reader: every order of the past is looked at, and no till waits for that.
async fn give_up(context: &Arc<Context>) -> Result<usize, db::DbError> {
    let now = context.clock.now();
    let read = context.ledger.read(|db| -> Result<_, db::DbError> {
        let payments = db::payment::abandoned(db)?.into_iter().map(|payment| payment.order);
        let redemptions = db::redemption::abandoned(db)?;
        Ok(payments.chain(redemptions.iter().map(|r| r.order)).collect::<BTreeSet<OrderId>>())
    });
    let orders = read.await?;
    if orders.is_empty() {
        return Ok(0);
    }
    let write = context.ledger.write(move |tx| -> Result<usize, db::DbError> {
        for order in &orders {
            payment::reverse_all(tx, *order, now)?;
            redemption::reverse_all(tx, *order, now)?;
        }
        Ok(orders.len())
    });
    write.await
}

/// Completes the cart of a workstation if what is paid and used covers it to the fen.
pub(crate) async fn complete_if_covered(context: &Arc<Context>, workstation: WorkstationNumber) {
    let Some(command) = covered(context, workstation) else { return };
    match checkout::complete(context, command.clone()).await {
        Ok(_) => {}
        // Somebody else was quicker, nobody is signed in, or a voucher of it says no or nothing,
        // which the view tells: the cart waits as it is.
        Err(CheckoutError::Refused(
            Refusal::CartChanged
            | Refusal::NotSignedIn
            | Refusal::Undecided
            | Refusal::OtherHouse { .. },
        )) => {}
        Err(error) => {
            if context.stuck.is_news(&command, Chain(&error).to_string()) {
                tracing::warn!(
                    workstation.id = workstation, order.id = %command.order,
                    error = %Chain(&error),
                    "A cart that is paid could not be completed; it waits on the counter",
                );
            }
        }
    }
}

fn covered(context: &Context, workstation: WorkstationNumber) -> Option<CompleteCommand> {
    let scenes = context.screens.follow(workstation)?;
    let scene = scenes.borrow();
    let (station, total) = (&scene.priced.station, scene.priced.quote.total);
    let is_ready = station.seller().is_some() && station.rights.is_covered(total);
    is_ready.then(|| CompleteCommand {
        workstation,
        order: station.cart.order,
        revision: station.cart.revision,
        total: Some(total),
        tenders: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        id::Id,
        money::Money,
        payment::PaymentMethod,
        returns::online::{OnlineReturnState, ReturnReason},
    };
    use sync::wire::TakeBackV1;

    use super::*;

    fn question(state: PaymentState) -> Question {
        Question::Payment(Payment {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Alipay,
            amount: Money::from_minor(1),
            state,
            asked_at: Timestamp::from_micros(0),
            transaction: String::new(),
            refusal: None,
        })
    }

    fn returned(id: u128, ms: i64) -> Question {
        Question::Return(OnlineReturn {
            asked: TakeBackV1 {
                id: Id::from_uuid(Uuid::from_u128(id)),
                order: Id::from_uuid(Uuid::from_u128(id)),
                lines: Vec::new(),
                reason: ReturnReason::Unfit,
                saleable: true,
                amount_minor: Money::from_minor(1),
                workstation: 1,
                operator: "1001".to_owned(),
                at: Timestamp::from_micros(0).plus_ms(ms),
            },
            number: "M-1".to_owned(),
            state: OnlineReturnState::Pending,
            answer: None,
            refusal: None,
            decided_at: None,
        })
    }

    #[test]
    fn a_charge_is_asked_about_after_a_while_and_then_ever_more_seldom() {
        let (mut schedule, begun) = (Schedule::default(), Instant::now());
        let mut asked = Vec::new();
        for second in 0..900_u64 {
            let now = Timestamp::from_micros(i64::try_from(second).unwrap() * 1_000_000);
            let instant = begun + Duration::from_secs(second);
            if schedule.is_due(&question(PaymentState::Paying), now, instant) {
                asked.push(second);
            }
        }
        assert_eq!(asked[..4], [5, 10, 15, 20]);
        let first_minute = asked.iter().filter(|second| **second < 60).count();
        let ten_minutes = asked.iter().filter(|second| (60..600).contains(*second)).count();
        let later = asked.iter().filter(|second| **second >= 600).count();
        assert_eq!((first_minute, ten_minutes, later), (11, 36, 5), "{asked:?}");
    }

    #[test]
    fn a_cart_that_waits_is_logged_once_for_each_reason_and_again_when_it_has_changed() {
        let stuck = Stuck::default();
        let cart = |revision| CompleteCommand {
            workstation: 1,
            order: Id::from_uuid(Uuid::from_u128(2)),
            revision,
            total: None,
            tenders: Vec::new(),
        };
        for (revision, why, expected) in [
            (1, "coupon used", true),
            (1, "coupon used", false),
            (1, "balance not here", true),
            (2, "balance not here", true),
            (2, "balance not here", false),
        ] {
            assert_eq!(
                stuck.is_news(&cart(revision), why.to_owned()),
                expected,
                "{revision} {why}"
            );
        }
        let next_door = CompleteCommand { workstation: 2, ..cart(2) };
        assert!(stuck.is_news(&next_door, "balance not here".to_owned()));
    }

    #[test]
    fn only_what_should_be_back_by_now_is_told_to_people() {
        let open = [question(PaymentState::Paying), question(PaymentState::Reversing)];
        let at = |ms| Trouble::of(&open, 0, Timestamp::from_micros(0).plus_ms(ms)).slow;
        assert_eq!(at(SLOW_MS), None);
        assert_eq!(at(SLOW_MS + 1), Some((Timestamp::from_micros(0), 1)));
    }

    #[test]
    fn an_online_return_that_waits_long_is_told_since_the_oldest() {
        let open = [returned(2, 1_000), returned(3, 0), question(PaymentState::Paying)];
        let at = |ms| Trouble::of(&open, 0, Timestamp::from_micros(0).plus_ms(ms));
        assert_eq!(at(RETURN_SLOW_MS).returns, None);
        assert_eq!(at(RETURN_SLOW_MS + 1).returns, Some((Timestamp::from_micros(0), 1)));
        assert_eq!(at(RETURN_SLOW_MS + 1_001).returns, Some((Timestamp::from_micros(0), 2)));
        assert_eq!(at(RETURN_SLOW_MS + 1_001).slow, None, "no money was taken");
    }

    #[test]
    fn what_shall_be_undone_is_asked_for_at_once_and_after_a_restart_everything_is() {
        let (now, instant) = (Timestamp::from_micros(0), Instant::now());
        let mut schedule = Schedule::default();
        assert!(!schedule.is_due(&question(PaymentState::Sent), now, instant));
        assert!(schedule.is_due(&question(PaymentState::Reversing), now, instant));
        assert!(!schedule.is_due(&question(PaymentState::Reversing), now, instant), "once");
        let later = now.plus_ms(30_000);
        assert!(Schedule::default().is_due(&question(PaymentState::Sent), later, instant));
        let back = now.plus_ms(-3_600_000);
        let is_due = schedule.is_due(&question(PaymentState::Sent), back, instant);
        assert!(is_due, "also while the clock is behind what was written");
    }
}
