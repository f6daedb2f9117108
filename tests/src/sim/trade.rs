//! What becomes of a charge, the same for `WeChat` Pay and Alipay.
//!
//! | standing | a query says | reverse does |
//! | --- | --- | --- |
//! | paying | the guest is typing | closes it |
//! | unpaid | not paid | closes it |
//! | paid | paid | gives all back |
//! | failed | failed | nothing is left to do |
//! | closed, reversed | that | nothing, again |
//!
//! What is not paid after two hours is closed: nobody types for so long.
//!
//! **Invariant:** a number is charged once at most, and one whose charge was reversed never again.
//! A reversal that comes before its charge does nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    code::{Behaviour, PaymentCode},
    ledger::{Deed, Entry, Ledger, Met, Platform, Wrong},
    mint,
};

/// What is not paid by then is closed; houses give a payer minutes, and an order two hours.
const UNPAID_SECONDS: i64 = 2 * 3_600;

/// How a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    Paying,
    Unpaid,
    Paid,
    Failed,
    Closed,
    Reversed,
}

/// Money that went back by a number of its own.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refund {
    pub(crate) number: String,
    pub(crate) id: String,
    pub(crate) fen: i64,
    pub(crate) at: i64,
    pub(crate) polls_left: u32,
}

/// A charge.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trade {
    pub(crate) number: String,
    pub(crate) transaction: String,
    pub(crate) fen: i64,
    pub(crate) begun_at: i64,
    pub(crate) paid_at: i64,
    pub(crate) standing: Standing,
    pub(crate) refunds: Vec<Refund>,
    polls_left: u32,
    code: PaymentCode,
}

impl Trade {
    /// What is not refunded.
    pub(crate) fn left(&self) -> i64 {
        self.fen - self.refunds.iter().map(|refund| refund.fen).sum::<i64>()
    }
}

/// What a charge asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) number: &'a str,
    pub(crate) code: &'a str,
    pub(crate) fen: i64,
    /// All that makes it this charge and no other.
    pub(crate) body: &'a str,
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charged {
    Paid,
    Paying,
    Unknown,
    Short,
    CodeUnknown,
    CodeUsed,
    CodeExpired,
    /// The number was charged before and stands like this.
    Again(Standing),
    /// The number stands for another charge.
    NumberUsed,
    Cut,
}

/// What became of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    Closed,
    GivenBack,
    CallAgain,
    Paying,
    Failed,
    Unknown,
}

/// What became of a refund.
#[derive(Clone, Debug)]
pub(crate) enum Refunded {
    Now(Refund),
    Before(Refund),
    NumberUsed,
    NotPaid,
    TooMuch,
    NoTrade,
}

/// All payment codes and charges of a platform.
#[derive(Debug)]
pub(crate) struct Trades {
    pub(crate) platform: Platform,
    pub(crate) codes: BTreeMap<String, PaymentCode>,
    pub(crate) trades: BTreeMap<String, Trade>,
}

impl Trades {
    pub(crate) fn new(platform: Platform) -> Self {
        Self { platform, codes: BTreeMap::new(), trades: BTreeMap::new() }
    }

    /// Issues a code and tells its digits.
    pub(crate) fn issue(&mut self, mut code: PaymentCode, prefix: &str) -> String {
        if code.code.is_empty() {
            code.code = mint::digits(prefix, 16);
        }
        let digits = code.code.clone();
        self.codes.insert(digits.clone(), code);
        digits
    }

    pub(crate) fn charge(&mut self, ask: &Ask<'_>, now: i64, books: &mut Ledger) -> Charged {
        books.check_charge(now, self.platform, ask.number);
        if let Some(trade) = self.trades.get(ask.number) {
            let standing = trade.standing;
            return match books.meet(now, (self.platform, "out_trade_no", ask.number), ask.body) {
                Met::Other => Charged::NumberUsed,
                Met::New | Met::Same => Charged::Again(standing),
            };
        }
        let Some(code) = self.codes.get_mut(ask.code) else { return Charged::CodeUnknown };
        match (&code.used_by, code.behaviour) {
            (Some(_), _) => return Charged::CodeUsed,
            (None, Behaviour::Expired) => return Charged::CodeExpired,
            (None, Behaviour::CutBefore) => return Charged::Cut,
            (None, _) => code.used_by = Some(ask.number.to_owned()),
        }
        let code = code.clone();
        books.meet(now, (self.platform, "out_trade_no", ask.number), ask.body);
        books.open(self.platform, ask.number);
        let (standing, charged, polls) = match code.behaviour {
            Behaviour::Pays => (Standing::Paid, Charged::Paid, 0),
            Behaviour::CutAfter | Behaviour::CutBefore => (Standing::Paid, Charged::Cut, 0),
            Behaviour::ErrorButPaid => (Standing::Paid, Charged::Unknown, 0),
            Behaviour::ErrorUnpaid => (Standing::Unpaid, Charged::Unknown, 0),
            Behaviour::BalanceShort => (Standing::Failed, Charged::Short, 0),
            Behaviour::Expired => (Standing::Failed, Charged::CodeExpired, 0),
            Behaviour::PayingThenPays { polls } | Behaviour::PayingThenFails { polls } => {
                (Standing::Paying, Charged::Paying, polls)
            }
            Behaviour::NeverPays => (Standing::Paying, Charged::Paying, u32::MAX),
        };
        let mut trade = self.blank(ask.number, ask.fen, now, code, polls);
        if standing == Standing::Paid {
            pay(&mut trade, self.platform, now, books);
        } else {
            trade.standing = standing;
        }
        self.trades.insert(ask.number.to_owned(), trade);
        charged
    }

    fn blank(&self, number: &str, fen: i64, now: i64, code: PaymentCode, polls: u32) -> Trade {
        let prefix = if self.platform == Platform::Alipay { "2026031422001" } else { "420000" };
        Trade {
            number: number.to_owned(),
            transaction: mint::digits(prefix, 15 + (13 - prefix.len())),
            fen,
            begun_at: now,
            paid_at: 0,
            standing: Standing::Unpaid,
            refunds: vec![],
            polls_left: polls,
            code,
        }
    }

    /// How a charge stands, by its number or the platform's; a look may be the one at which the
    /// guest has done with typing.
    pub(crate) fn look(&mut self, number: &str, now: i64, books: &mut Ledger) -> Option<&Trade> {
        let platform = self.platform;
        let trade = self.find(number)?;
        // Alipay knows nothing of what it never began.
        let is_known = trade.standing == Standing::Paying || platform == Platform::Wechat;
        let is_unpaid = matches!(trade.standing, Standing::Paying | Standing::Unpaid);
        if is_unpaid && is_known && now - trade.begun_at >= UNPAID_SECONDS {
            trade.standing = Standing::Closed;
        }
        if trade.standing == Standing::Paying {
            match (trade.polls_left, trade.code.behaviour) {
                (0, Behaviour::PayingThenFails { .. }) => trade.standing = Standing::Failed,
                (0, _) => pay(trade, platform, now, books),
                (left, Behaviour::NeverPays) => trade.polls_left = left,
                (left, _) => trade.polls_left = left - 1,
            }
        }
        Some(trade)
    }

    /// The same without a look of the guest's.
    pub(crate) fn look_quietly(&mut self, number: &str) -> Option<&Trade> {
        self.find(number).map(|trade| &*trade)
    }

    fn find(&mut self, number: &str) -> Option<&mut Trade> {
        let is_it = |trade: &&mut Trade| trade.number == number || trade.transaction == number;
        self.trades.values_mut().find(is_it)
    }

    /// Undoes a charge. A number nobody has charged stays as it is: a charge that arrives after its
    /// reversal is charged.
    pub(crate) fn reverse(&mut self, number: &str, now: i64, books: &mut Ledger) -> Undone {
        let platform = self.platform;
        let Some(trade) = self.find(number) else {
            return Undone::Unknown;
        };
        if trade.code.recalls > 0 {
            trade.code.recalls -= 1;
            return Undone::CallAgain;
        }
        match trade.standing {
            Standing::Paying if trade.code.paying_on_reverse > 0 => {
                trade.code.paying_on_reverse -= 1;
                Undone::Paying
            }
            Standing::Paying | Standing::Unpaid | Standing::Closed => {
                trade.standing = Standing::Closed;
                Undone::Closed
            }
            Standing::Reversed => Undone::GivenBack,
            Standing::Failed => Undone::Failed,
            Standing::Paid => {
                trade.standing = Standing::Reversed;
                let fen = trade.left();
                let (number, key) = (trade.number.clone(), trade.transaction.clone());
                books.write(Entry { at: now, platform, deed: Deed::Reversal, number, key, fen });
                Undone::GivenBack
            }
        }
    }

    pub(crate) fn refund(
        &mut self,
        number: &str,
        (key, fen): (&str, i64),
        now: i64,
        books: &mut Ledger,
    ) -> Refunded {
        let platform = self.platform;
        let Some(trade) = self.find(number) else { return Refunded::NoTrade };
        let body = format!("{} {fen}", trade.number);
        let kept = trade.refunds.iter().find(|refund| refund.number == key).cloned();
        if let Some(kept) = kept {
            return match books.meet(now, (platform, "out_refund_no", key), &body) {
                Met::New | Met::Same => Refunded::Before(kept),
                Met::Other => Refunded::NumberUsed,
            };
        }
        if trade.standing != Standing::Paid {
            return Refunded::NotPaid;
        }
        if fen > trade.left() {
            return Refunded::TooMuch;
        }
        if books.meet(now, (platform, "out_refund_no", key), &body) == Met::Other {
            return Refunded::NumberUsed;
        }
        let polls_left = trade.code.refund_polls;
        let id = mint::digits("5030", 24);
        let refund = Refund { number: key.to_owned(), id, fen, at: now, polls_left };
        trade.refunds.push(refund.clone());
        let (number, key) = (trade.number.clone(), key.to_owned());
        books.write(Entry { at: now, platform, deed: Deed::Refund, number, key, fen });
        Refunded::Now(refund)
    }

    /// A refund by its number, and whether it is still being processed.
    pub(crate) fn look_refund(&mut self, key: &str) -> Option<(&Trade, Refund, bool)> {
        let has = |trade: &&mut Trade| trade.refunds.iter().any(|refund| refund.number == key);
        let trade = self.trades.values_mut().find(has)?;
        let refund = trade.refunds.iter_mut().find(|refund| refund.number == key)?;
        let is_processing = refund.polls_left > 0;
        refund.polls_left = refund.polls_left.saturating_sub(1);
        let refund = refund.clone();
        Some((trade, refund, is_processing))
    }

    /// A wrong of the caller's in a call to this platform.
    pub(crate) fn blame(&self, now: i64, books: &mut Ledger, detail: String) {
        books.blame(now, self.platform, Wrong::BadCall, detail);
    }
}

fn pay(trade: &mut Trade, platform: Platform, now: i64, books: &mut Ledger) {
    trade.standing = Standing::Paid;
    trade.paid_at = now;
    let (number, key) = (trade.number.clone(), trade.transaction.clone());
    books.write(Entry { at: now, platform, deed: Deed::Charge, number, key, fen: trade.fen });
}
