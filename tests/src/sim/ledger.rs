//! What the platforms hold for true: money taken and given back, vouchers and coupons used, and what
//! no caller may ever do.
//!
//! **Invariant:** entries are appended; nothing here believes what a caller says it booked.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Whose books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Douyin life services.
    Douyin,
    /// `WeChat` Pay, v2 payments and v3 merchant coupons.
    Wechat,
    /// Alipay.
    Alipay,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Money went from a shopper to the merchant.
    Charge,
    /// A charge was undone as a whole.
    Reversal,
    /// Money of a charge went back, by its own number.
    Refund,
    /// A voucher or coupon was used.
    Redemption,
    /// A voucher or coupon was given back to its owner.
    Restitution,
}

/// A row of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Seconds since 1970, by the platforms' clock.
    pub at: i64,
    /// Whose books.
    pub platform: Platform,
    /// What happened.
    pub deed: Deed,
    /// `out_trade_no`, `origin_code` or `coupon_code`.
    pub number: String,
    /// The caller's key of this deed: `out_refund_no`, `verify_token`, `use_request_no`, …
    pub key: String,
    /// In fen; of a redemption what the guest paid for the voucher, of a coupon what it takes off.
    pub fen: i64,
}

/// Sums over the books, in fen and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the sum of the deed it is named after")]
pub struct Balance {
    pub charged: i64,
    pub reversed: i64,
    pub refunded: i64,
    /// Charged less reversed and refunded: what the merchant holds.
    pub held: i64,
    /// Vouchers and coupons in use: redeemed less given back.
    pub redeemed_count: i64,
    /// The same in fen.
    pub redeemed: i64,
}

/// What a caller must never do, whatever came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// A charge was sent while another of the same family of numbers was not decided.
    SecondCharge,
    /// A key that makes a call harmless to repeat came back with another body.
    KeyReused,
    /// A call that no right client sends: unsigned, malformed, with amounts that are not whole.
    BadCall,
}

/// A wrong that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Violation {
    pub at: i64,
    pub platform: Platform,
    pub wrong: Wrong,
    pub detail: String,
}

/// Which numbers are attempts at one and the same payment: those of which it tells the same.
#[derive(Clone)]
pub struct Family(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Family {
    /// A family that is told so.
    #[must_use]
    pub fn told_by(tell: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    fn of(&self, number: &str) -> String {
        (self.0)(number)
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Family")
    }
}

/// The number without its last two characters, which count the attempts.
#[must_use]
pub fn without_attempt(number: &str) -> &str {
    let end = number.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    number.get(..end).unwrap_or(number)
}

/// How a key met what was kept under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    New,
    Same,
    Other,
}

/// The books of all platforms.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    pub(crate) violations: Vec<Violation>,
    /// A call that a proxy sent twice is no wrong of the caller's.
    pub(crate) is_replay: bool,
    family: Family,
    undecided: BTreeMap<String, Platform>,
    keys: BTreeMap<(Platform, &'static str, String), String>,
}

impl Ledger {
    pub(crate) fn new(family: Family) -> Self {
        let (undecided, keys) = (BTreeMap::new(), BTreeMap::new());
        Self { entries: vec![], violations: vec![], is_replay: false, family, undecided, keys }
    }

    pub(crate) fn write(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn blame(&mut self, at: i64, platform: Platform, wrong: Wrong, detail: String) {
        if !self.is_replay {
            self.violations.push(Violation { at, platform, wrong, detail });
        }
    }

    /// Looks at a charge before it does anything.
    pub(crate) fn check_charge(&mut self, at: i64, platform: Platform, number: &str) {
        let family = self.family.of(number);
        let other = self.undecided.keys().find(|open| self.family.of(open) == family).cloned();
        if let Some(open) = other {
            let detail = format!("charge {number} was sent while {open} was not decided");
            self.blame(at, platform, Wrong::SecondCharge, detail);
        }
    }

    /// Nobody has told the caller how this charge ended.
    pub(crate) fn open(&mut self, platform: Platform, number: &str) {
        self.undecided.insert(number.to_owned(), platform);
    }

    /// The caller has been told, in an answer that arrived whole.
    pub(crate) fn settle(&mut self, number: &str) {
        self.undecided.remove(number);
    }

    /// Keeps what a key stands for, and says whether it stood for that before.
    pub(crate) fn meet(
        &mut self,
        at: i64,
        (platform, name, key): (Platform, &'static str, &str),
        body: &str,
    ) -> Met {
        let place = (platform, name, key.to_owned());
        match self.keys.get(&place) {
            None => {
                self.keys.insert(place, body.to_owned());
                Met::New
            }
            Some(kept) if kept == body => Met::Same,
            Some(kept) => {
                let detail = format!("{name} {key} stood for {kept} and came back for {body}");
                self.blame(at, platform, Wrong::KeyReused, detail);
                Met::Other
            }
        }
    }

    pub(crate) fn balance(&self, platform: Option<Platform>) -> Balance {
        let of = |entry: &&Entry| platform.is_none_or(|wanted| wanted == entry.platform);
        let mut sum = Balance::default();
        for entry in self.entries.iter().filter(of) {
            match entry.deed {
                Deed::Charge => sum.charged += entry.fen,
                Deed::Reversal => sum.reversed += entry.fen,
                Deed::Refund => sum.refunded += entry.fen,
                Deed::Redemption => {
                    sum.redeemed += entry.fen;
                    sum.redeemed_count += 1;
                }
                Deed::Restitution => {
                    sum.redeemed -= entry.fen;
                    sum.redeemed_count -= 1;
                }
            }
        }
        sum.held = sum.charged - sum.reversed - sum.refunded;
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_attempt() -> Ledger {
        Ledger::new(Family::told_by(|number| without_attempt(number).to_owned()))
    }

    #[test]
    fn attempts_at_one_payment_share_all_but_two_characters() {
        assert_eq!(without_attempt("0197aa01"), without_attempt("0197aa12"));
        assert_ne!(without_attempt("0197aa01"), without_attempt("0197ab01"));
        assert_eq!(without_attempt("7"), "");
    }

    #[test]
    fn a_charge_beside_an_undecided_one_of_its_family_is_a_violation() {
        let mut ledger = by_attempt();
        ledger.check_charge(0, Platform::Wechat, "order01");
        ledger.open(Platform::Wechat, "order01");
        ledger.check_charge(0, Platform::Alipay, "other01");
        assert_eq!(ledger.violations, []);
        ledger.check_charge(0, Platform::Alipay, "order02");
        assert_eq!(ledger.violations.len(), 1);
        ledger.settle("order01");
        ledger.check_charge(0, Platform::Alipay, "order03");
        assert_eq!(ledger.violations.len(), 1);
    }

    #[test]
    fn a_key_with_another_body_is_a_violation() {
        let mut ledger = by_attempt();
        let key = (Platform::Wechat, "out_refund_no", "r1");
        assert_eq!(ledger.meet(0, key, "100"), Met::New);
        assert_eq!(ledger.meet(0, key, "100"), Met::Same);
        assert_eq!(ledger.violations, []);
        assert_eq!(ledger.meet(0, key, "101"), Met::Other);
        assert_eq!(ledger.violations.len(), 1);
    }
}
