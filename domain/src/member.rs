//! A member as a store knows them: what rules ask, what they may spend here, and masks.
//!
//! **Invariant:** a phone number and a name are printed masked, whoever prints them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    id::MemberId,
    money::Money,
    pricing::occasion::Shopper,
    time::{BusinessDate, Timestamp},
};

/// Signs of a name; longer ones are cut where they come in.
pub const NAME_CHARS_MAX: usize = 40;

/// A mobile number of the mainland: 11 digits, the first 1, the second 3 to 9.
///
/// `Debug` and `Display` show `138****5678` (first three, last four); the digits come out only by
/// `digits`, to be sealed, indexed, or compared.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads what was typed or scanned; blanks and hyphens between groups do not count.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let is_phone = match digits.as_bytes() {
            [b'1', b'3'..=b'9', rest @ ..] => {
                rest.len() == 9 && rest.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        is_phone.then_some(Self(digits))
    }

    /// The eleven digits: for a seal or an index, never for a screen or a log.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0.get(..3).unwrap_or(""), self.0.get(7..).unwrap_or(""));
        write!(f, "{first}****{last}")
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name as a stranger may read it: its first sign, and one mark for all that follows.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let mut signs = name.trim().chars();
    let first = signs.next().map(String::from).unwrap_or_default();
    if signs.next().is_some() { format!("{first}*") } else { first }
}

/// What a store may let a member spend before the mall has heard of it: a part of what they have,
/// set aside by the mall for this store and no other, until it expires.
///
/// The sum of all open allowances of a member is never more than what they have, so that stores
/// without a network together cannot spend more. What was told up to `spent_through` is inside
/// `amount` already; a store subtracts only what it spent after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Points, or fen of prepaid balance.
    pub amount: i64,
    /// Not from then on.
    pub expires_at: Timestamp,
    /// The place in the store's outbox up to which the mall had counted.
    pub spent_through: Through,
}

/// A place in a store's outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// The life of the ledger.
    pub epoch: u32,
    /// Everything up to and with this sequence.
    pub seq: i64,
}

impl Allowance {
    /// What is left of it at a moment in a ledger of this life, after what the store has spent
    /// since `spent_through`. What was undone since brings back no more than was given.
    ///
    /// One that was given to another life of the ledger is nobody's: what that life spent is not
    /// known here.
    #[must_use]
    pub fn left(&self, epoch: u32, spent: i64, now: Timestamp) -> i64 {
        let is_open = now < self.expires_at && self.spent_through.epoch == epoch;
        if is_open { self.amount.saturating_sub(spent.max(0)).max(0) } else { 0 }
    }
}

/// What a store knows of a member, without phone and full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The same in every channel.
    pub id: MemberId,
    /// The name, masked.
    pub name: String,
    /// The phone number, masked.
    pub phone: String,
    /// Tier, birthday, crowds: what rules ask. Its points are those that may be spent here and now.
    pub shopper: Shopper,
    /// All points they have, as the mall last said.
    pub points: i64,
    /// All prepaid balance they have, as the mall last said.
    pub balance: Money,
    /// Balance that may be spent here and now.
    pub balance_here: Money,
}

/// What the mall says about a member, before allowances are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The tier; empty for none.
    pub tier: String,
    /// When they became a member.
    pub joined_on: Option<BusinessDate>,
    /// Month and day.
    pub birthday: Option<(u8, u8)>,
    /// Works for the chain.
    pub is_staff: bool,
    /// Tags of the crowds they belong to.
    pub crowds: Vec<String>,
    /// Points.
    pub points: i64,
    /// Prepaid balance.
    pub balance: Money,
    /// What this store may let them spend of their points.
    pub points_allowance: Option<Allowance>,
    /// What this store may let them spend of their balance.
    pub balance_allowance: Option<Allowance>,
}

/// What this store has spent of a member's allowances, each after its own `spent_through`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// The life of the ledger that says so.
    pub epoch: u32,
    /// Points.
    pub points: i64,
    /// Fen of balance.
    pub balance: Money,
}

impl Member {
    /// Puts together what the mall said and what was spent here since.
    #[must_use]
    pub fn of(
        id: MemberId,
        (name, phone): (String, String),
        standing: Standing,
        spent: Spent,
        now: Timestamp,
    ) -> Self {
        let epoch = spent.epoch;
        let left = |allowance: Option<Allowance>, spent: i64| {
            allowance.map_or(0, |allowance| allowance.left(epoch, spent, now))
        };
        let points_here = left(standing.points_allowance, spent.points).min(standing.points.max(0));
        let balance_here = left(standing.balance_allowance, spent.balance.minor());
        let shopper = Shopper {
            tier: standing.tier,
            joined_on: standing.joined_on,
            birthday: standing.birthday,
            is_staff: standing.is_staff,
            crowds: standing.crowds,
            points: points_here,
        };
        let balance = standing.balance;
        let balance_here = Money::from_minor(balance_here).min(balance).max(Money::ZERO);
        Self { id, name, phone, shopper, points: standing.points, balance, balance_here }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::id::Id;

    #[test]
    fn a_phone_number_is_read_as_people_write_it_and_shown_masked() {
        for text in ["13812345678", " 138 1234 5678 ", "138-1234-5678\r"] {
            let phone = Phone::read(text).unwrap();
            assert_eq!(phone.digits(), "13812345678");
            assert_eq!(format!("{phone} {phone:?}"), "138****5678 138****5678");
        }
        for text in ["", "1381234567", "138123456789", "12812345678", "2381234567８", "13812345a78"]
        {
            assert_eq!(Phone::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_shows_its_first_sign() {
        for (name, masked) in
            [("王小明", "王*"), ("欧阳修", "欧*"), ("李", "李"), (" Ann Lee ", "A*"), ("", "")]
        {
            assert_eq!(mask_name(name), masked);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_no_number_or_is_shown_masked(
            text in "(\\PC{0,30}|1[3-9][0-9 -]{9,14}|[0-9]{0,13})",
        ) {
            if let Some(phone) = Phone::read(&text) {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(phone.digits(), &digits);
                let shown = format!("{phone} {phone:?}");
                let masked = format!("{}****{}", &digits[..3], &digits[7..]);
                prop_assert_eq!(shown, format!("{masked} {masked}"));
            }
        }

        #[test]
        fn a_masked_name_is_one_sign_and_a_mark(name in "\\PC{0,60}") {
            prop_assert!(mask_name(&name).chars().count() <= 2);
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn member(points: i64, allowance: Option<(i64, i64)>, epoch: u32, spent: i64) -> Member {
        let spent_through = Through { epoch: 2, seq: 40 };
        let allowance = allowance.map(|(amount, until)| Allowance {
            amount,
            expires_at: at(until),
            spent_through,
        });
        let standing = Standing {
            tier: "gold".into(),
            joined_on: None,
            birthday: None,
            is_staff: false,
            crowds: vec![],
            points,
            balance: Money::from_minor(points),
            points_allowance: allowance,
            balance_allowance: allowance,
        };
        let spent = Spent { epoch, points: spent, balance: Money::from_minor(spent) };
        let names = (mask_name("王小明"), "138****5678".into());
        Member::of(Id::from_uuid(Uuid::from_u128(1)), names, standing, spent, at(100))
    }

    #[test]
    fn what_may_be_spent_here_is_what_is_left_of_an_open_allowance() {
        // Points they have, allowance and until when, life of the ledger, spent here since; what
        // may be spent.
        let table = [
            (500, Some((200, 101)), 2, 0, 200),
            (500, Some((200, 101)), 2, 150, 50),
            (500, Some((200, 101)), 2, 300, 0),
            (500, Some((200, 101)), 2, -30, 200),
            (500, Some((200, 101)), 1, 0, 0),
            (500, Some((200, 101)), 3, 0, 0),
            (500, Some((200, 100)), 2, 0, 0),
            (500, None, 2, 0, 0),
            (80, Some((200, 101)), 2, 0, 80),
            (-5, Some((200, 101)), 2, 0, 0),
        ];
        for (points, allowance, epoch, spent, expected) in table {
            let member = member(points, allowance, epoch, spent);
            assert_eq!(member.shopper.points, expected, "{points} {allowance:?} {spent}");
            assert_eq!(member.balance_here, Money::from_minor(expected));
        }
    }
}
