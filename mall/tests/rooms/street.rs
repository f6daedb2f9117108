//! Other houses, as a mall meets them: a book of what truly happened, and a script of what is said.
//!
//! What is said and what happened are two things here: an answer may be lost after its effect, and
//! a question may arrive when nobody waits for it any more.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{
    id::Id, money::Money, payment::PaymentMethod, redemption::IssuerName, time::Timestamp,
};
use mall::{
    Platforms,
    houses::{
        Acquirer, Answering, Charge, Found, Held, Houses, Issuer, Proof, Receipt, Refund,
        RefundStanding, Standing, Undone, Use, UseStanding, Verdict,
    },
};
use sync::wire::OfferV1;
use tokio::sync::Notify;

use crate::{
    place::Home,
    town::{START, Town},
};

/// A payment code is good for so long, and nothing is on its way for longer.
const CODE_MS: i64 = 60_000;

/// What a house does with the next question.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Does it and says so.
    Yes,
    /// Does not and says so.
    No,
    /// Does nothing and says nothing.
    Silence,
    /// Does it, and the answer is lost.
    CutAfter,
    /// Asks the payer (支付中).
    Paying,
    /// The question is on its way until `arrive`; nobody hears an answer.
    OnItsWay,
    /// Wants to be asked again.
    Again,
    /// Does it, and answers when somebody lets it.
    Hold(Arc<Notify>),
}

/// Where a charge truly stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deal {
    Paying,
    Paid,
    Failed,
    Reversed,
}

/// What a house wrote down.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By the mall's number.
    pub(crate) deals: BTreeMap<String, (Deal, Money)>,
    /// By the mall's number: of which charge, how much.
    pub(crate) refunds: BTreeMap<String, (String, Money)>,
    /// Coupons in use, by their code: by which number.
    pub(crate) used: BTreeMap<String, String>,
    /// How often each coupon was spent, ever.
    pub(crate) n_spent: BTreeMap<String, u32>,
    /// Every question, as a verb and a number.
    pub(crate) heard: Vec<String>,
    /// What is done with the next questions; `Yes` when nothing is said.
    pub(crate) script: VecDeque<Act>,
    /// Nothing is undone any more, only refunded.
    pub(crate) is_too_late: bool,
    /// Where a payer said no, it says that the payment failed, which it wants undone.
    pub(crate) is_unsure: bool,
    /// Nobody answers, and nothing happens.
    pub(crate) is_down: bool,
    /// The issuer has no way to tell where a use stands.
    pub(crate) is_mute: bool,
    /// The issuer tells that a code is used and by which name, and not by which question.
    pub(crate) is_vague: bool,
    numbers: BTreeSet<String>,
    on_their_way: Vec<(Charge, i64)>,
    uses_on_their_way: Vec<(Use, i64)>,
}

impl Book {
    /// How often something was asked.
    pub(crate) fn n_heard(&self, verb: &str, number: &str) -> usize {
        let question = format!("{verb} {number}");
        self.heard.iter().filter(|heard| **heard == question).count()
    }

    /// Charges, unless the number was used: a house knows each number once.
    fn pay(&mut self, charge: &Charge) {
        self.deals.entry(charge.number.clone()).or_insert((Deal::Paid, charge.amount));
    }

    fn spend(&mut self, ask: &Use) -> Verdict<Proof> {
        let code = ask.held.0.strip_prefix("token of ").unwrap_or("?").to_owned();
        // A house knows each number once, also after it was given back.
        if !self.used.contains_key(&code) && self.numbers.contains(&ask.number) {
            return Verdict::Yes(proof(ask));
        }
        match self.used.get(&code) {
            Some(holder) if *holder == ask.number => Verdict::Yes(proof(ask)),
            Some(_) => Verdict::No("already_used".into()),
            None => {
                *self.n_spent.entry(code.clone()).or_default() += 1;
                self.used.insert(code, ask.number.clone());
                self.numbers.insert(ask.number.clone());
                Verdict::Yes(proof(ask))
            }
        }
    }
}

fn proof(ask: &Use) -> Proof {
    let reversible_until = Some(ask.at.plus_ms(3_600_000));
    Proof { held: ask.held.clone(), reversible_until, names: Vec::new() }
}

fn named(ask: &Use, holder: &str) -> Proof {
    Proof { names: vec![format!("use of {holder}")], ..proof(ask) }
}

fn vaguely(book: &Book, ask: &Use) -> UseStanding {
    let code = ask.held.0.strip_prefix("token of ").unwrap_or("?");
    match book.used.get(code) {
        Some(holder) => UseStanding::Used(named(ask, holder)),
        None => UseStanding::NotUsed,
    }
}

fn receipt(number: &str, amount: Money) -> Receipt {
    Receipt { transaction: format!("4200{number}"), amount, at: None }
}

/// Every house of the street; a clone is the same street.
#[derive(Clone, Debug)]
pub(crate) struct Street {
    book: Arc<Mutex<Book>>,
    clock: Arc<AtomicI64>,
    /// Rung when a question is held back.
    pub(crate) holds: Arc<Notify>,
}

/// A mall and the houses around it.
pub(crate) async fn town() -> (Town, Street) {
    town_over(Home::new()).await
}

/// The same over a place.
pub(crate) async fn town_over(home: Home) -> (Town, Street) {
    let clock = Arc::new(AtomicI64::new(START));
    let street = Street { book: Arc::default(), clock: clock.clone(), holds: Arc::default() };
    let town = Town::among(home, clock, street.platforms()).await;
    (town, street)
}

impl Street {
    pub(crate) fn platforms(&self) -> Platforms {
        Platforms::Given(Arc::new(self.clone()))
    }

    pub(crate) fn clock(&self) -> Arc<AtomicI64> {
        self.clock.clone()
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// What is done with the next questions.
    pub(crate) fn will(&self, acts: &[Act]) {
        self.book().script.extend(acts.iter().cloned());
    }

    fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// What was on its way comes in: a code that is too old is refused.
    pub(crate) fn arrive(&self) {
        let now = self.now();
        let mut book = self.book();
        for (charge, sent_at) in std::mem::take(&mut book.on_their_way) {
            if now - sent_at <= CODE_MS * 1_000 {
                book.pay(&charge);
            }
        }
        for (ask, sent_at) in std::mem::take(&mut book.uses_on_their_way) {
            if now - sent_at <= CODE_MS * 1_000 {
                book.spend(&ask);
            }
        }
    }

    /// The payer types the password, or lets it be.
    pub(crate) fn payer(&self, number: &str, pays: bool) {
        if let Some((deal @ Deal::Paying, _)) = self.book().deals.get_mut(number) {
            *deal = if pays { Deal::Paid } else { Deal::Failed };
        }
    }

    /// Writes a question down and says what is done with it.
    fn hear(&self, verb: &str, number: &str) -> Act {
        let mut book = self.book();
        book.heard.push(format!("{verb} {number}"));
        if book.is_down {
            return Act::Silence;
        }
        book.script.pop_front().unwrap_or(Act::Yes)
    }

    async fn charged(&self, charge: &Charge) -> Standing {
        let act = self.hear("charge", &charge.number);
        match act {
            Act::Yes => {
                self.book().pay(charge);
                self.stands(&charge.number)
            }
            Act::No => Standing::Refused("balance_short".into()),
            Act::Silence | Act::Again => Standing::Silence,
            Act::CutAfter => {
                self.book().pay(charge);
                Standing::Silence
            }
            Act::Paying => {
                let deal = (Deal::Paying, charge.amount);
                self.book().deals.entry(charge.number.clone()).or_insert(deal);
                Standing::Paying
            }
            Act::OnItsWay => {
                let now = self.now();
                self.book().on_their_way.push((charge.clone(), now));
                Standing::Silence
            }
            Act::Hold(released) => {
                self.book().pay(charge);
                self.holds.notify_one();
                released.notified().await;
                Standing::Paid(receipt(&charge.number, charge.amount))
            }
        }
    }

    fn stands(&self, number: &str) -> Standing {
        let book = self.book();
        match book.deals.get(number) {
            Some((Deal::Failed, _)) if book.is_unsure => Standing::Failed("declined".into()),
            Some((Deal::Paid, amount)) => Standing::Paid(receipt(number, *amount)),
            Some((Deal::Paying, _)) => Standing::Paying,
            Some((Deal::Failed, _)) => Standing::Refused("payer_gave_up".into()),
            Some((Deal::Reversed, _)) => Standing::Reversed,
            None => Standing::Unknown,
        }
    }

    /// Nothing is undone that this house does not know: such a number is still alive.
    fn undo(&self, number: &str) -> Undone {
        let mut book = self.book();
        if book.is_too_late {
            return Undone::Refused("too-late".into());
        }
        match book.deals.get_mut(number) {
            Some((deal, _)) => {
                *deal = Deal::Reversed;
                Undone::Reversed
            }
            None => Undone::Refused("unknown".into()),
        }
    }

    fn is_used_by(&self, number: &str) -> bool {
        self.book().used.values().any(|by| by == number)
    }

    fn give(&self, refund: &Refund) {
        let back = (refund.charge.clone(), refund.amount);
        self.book().refunds.entry(refund.number.clone()).or_insert(back);
    }
}

impl Houses for Street {
    fn acquirer(&self, _: &str, _: PaymentMethod) -> Option<Arc<dyn Acquirer>> {
        Some(Arc::new(self.clone()))
    }

    fn issuer(&self, _: &str, _: IssuerName) -> Option<Arc<dyn Issuer>> {
        Some(Arc::new(self.clone()))
    }
}

impl Acquirer for Street {
    fn charge<'a>(&'a self, charge: &'a Charge) -> Answering<'a, Standing> {
        Box::pin(self.charged(charge))
    }

    fn standing<'a>(&'a self, number: &'a str) -> Answering<'a, Standing> {
        let is_silent = matches!(self.hear("standing", number), Act::Silence);
        let standing = if is_silent { Standing::Silence } else { self.stands(number) };
        Box::pin(std::future::ready(standing))
    }

    fn reverse<'a>(&'a self, number: &'a str) -> Answering<'a, Undone> {
        let undone = match self.hear("reverse", number) {
            Act::Silence => Undone::Silence,
            Act::Again => Undone::Again,
            Act::No => Undone::Refused("not_now".into()),
            Act::CutAfter => {
                self.undo(number);
                Undone::Silence
            }
            Act::Yes | Act::Paying | Act::OnItsWay | Act::Hold(_) => self.undo(number),
        };
        Box::pin(std::future::ready(undone))
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> Answering<'a, Verdict<()>> {
        let verdict = match self.hear("refund", &refund.number) {
            Act::Silence | Act::OnItsWay | Act::Again => Verdict::Silence,
            Act::No => Verdict::No("not_enough".into()),
            Act::CutAfter => {
                self.give(refund);
                Verdict::Silence
            }
            Act::Yes | Act::Paying | Act::Hold(_) => {
                self.give(refund);
                Verdict::Yes(())
            }
        };
        Box::pin(std::future::ready(verdict))
    }

    fn refund_standing<'a>(&'a self, refund: &'a Refund) -> Answering<'a, RefundStanding> {
        let is_silent = matches!(self.hear("refund-standing", &refund.number), Act::Silence);
        let is_there = self.book().refunds.contains_key(&refund.number);
        Box::pin(std::future::ready(match (is_silent, is_there) {
            (true, _) => RefundStanding::Silence,
            (false, true) => RefundStanding::Done,
            (false, false) => RefundStanding::Unknown,
        }))
    }
}

impl Issuer for Street {
    fn look_up<'a>(&'a self, presented: &'a str) -> Answering<'a, Verdict<Found>> {
        let verdict = match self.hear("look-up", "") {
            Act::Silence => Verdict::Silence,
            Act::No => Verdict::No("not-found".into()),
            Act::Yes | Act::CutAfter | Act::Paying | Act::OnItsWay | Act::Again | Act::Hold(_) => {
                Verdict::Yes(Found {
                    offers: vec![OfferV1 {
                        title: "50 元代金券".into(),
                        count: 2,
                        worth_minor: Money::from_minor(5_000),
                        bought_minor: Money::from_minor(3_990),
                        rule: None,
                        expires_at: None,
                    }],
                    held: Held(format!("token of {presented}")),
                })
            }
        };
        Box::pin(std::future::ready(verdict))
    }

    fn redeem<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<Proof>> {
        Box::pin(async move {
            match self.hear("redeem", &ask.number) {
                Act::Yes | Act::Paying | Act::Again => {
                    let mut book = self.book();
                    let is_vague = book.is_vague;
                    match book.spend(ask) {
                        Verdict::Yes(_) if is_vague => Verdict::Yes(named(ask, &ask.number)),
                        verdict @ (Verdict::Yes(_) | Verdict::No(_) | Verdict::Silence) => verdict,
                    }
                }
                // No house says no to what it did, nor does what it said no to.
                Act::No if self.book().numbers.contains(&ask.number) => self.book().spend(ask),
                Act::No => {
                    self.book().numbers.insert(ask.number.clone());
                    Verdict::No("expired".into())
                }
                Act::Silence => Verdict::Silence,
                Act::CutAfter => {
                    self.book().spend(ask);
                    Verdict::Silence
                }
                Act::OnItsWay => {
                    let now = self.now();
                    self.book().uses_on_their_way.push((ask.clone(), now));
                    Verdict::Silence
                }
                Act::Hold(released) => {
                    let verdict = self.book().spend(ask);
                    self.holds.notify_one();
                    released.notified().await;
                    verdict
                }
            }
        })
    }

    fn standing<'a>(&'a self, ask: &'a Use) -> Answering<'a, UseStanding> {
        let is_silent = matches!(self.hear("use-standing", &ask.number), Act::Silence);
        let book = self.book();
        let is_used = book.used.values().any(|number| *number == ask.number);
        let standing = match (is_silent, book.is_mute) {
            (true, _) => UseStanding::Silence,
            (false, true) => UseStanding::CannotTell,
            (false, false) if book.is_vague => vaguely(&book, ask),
            (false, false) if is_used => UseStanding::Used(proof(ask)),
            (false, false) => UseStanding::NotUsed,
        };
        drop(book);
        Box::pin(std::future::ready(standing))
    }

    fn reverse<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<()>> {
        let act = self.hear("give-back", &ask.number);
        let give = || {
            let mut book = self.book();
            book.used.retain(|_, number| *number != ask.number);
        };
        let verdict = match act {
            Act::Silence | Act::OnItsWay => Verdict::Silence,
            // No house says no to what it has done.
            Act::No if !self.is_used_by(&ask.number) => Verdict::Yes(()),
            Act::No => Verdict::No("too_late".into()),
            Act::CutAfter => {
                give();
                Verdict::Silence
            }
            Act::Yes | Act::Paying | Act::Again | Act::Hold(_) => {
                give();
                Verdict::Yes(())
            }
        };
        Box::pin(std::future::ready(verdict))
    }
}

/// An id by its number.
pub(crate) fn id<K>(number: u128) -> Id<K> {
    Id::from_uuid(uuid::Uuid::from_u128(number))
}

/// How a house writes the id with this number.
pub(crate) fn written(number: u128) -> String {
    format!("{number:032x}")
}

/// Waits until something holds, at most ten seconds: the reconciler looks once a second.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never came to be that {what}");
}

/// A moment after the start.
pub(crate) fn after_start(ms: i64) -> Timestamp {
    Timestamp::from_micros(START).plus_ms(ms)
}
