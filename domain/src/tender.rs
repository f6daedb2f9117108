//! How a total is covered: tenders, change, and the rounding of cash (抹零).
//!
//! **Invariant:** change comes from cash alone; tenders + rounding cover the total to the fen.

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyOverflow};

/// What a person can explain at a counter.
pub const TENDERS_MAX: usize = 10;
/// More cash than this is a mistyped amount: one million yuan.
pub const CASH_MINOR_MAX: i64 = 100_000_000;

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenderKind {
    /// Notes and coins; the only kind that gives change and is rounded.
    Cash,
    /// A bank card, taken by a terminal of the acquirer's.
    Card,
    /// WeChat Pay (微信支付), by the payer's code.
    Wechat,
    /// Alipay (支付宝), by the payer's code.
    Alipay,
    /// Vouchers that were paid for elsewhere (代金券, 团购券).
    Voucher,
    /// A member's prepaid balance (储值余额).
    Balance,
}

impl TenderKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Cash, Self::Card, Self::Wechat, Self::Alipay, Self::Voucher, Self::Balance];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Voucher => "voucher",
            Self::Balance => "balance",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether people at the counter take it with their own hands, and say so when they complete.
    /// What other houses settle is known from them instead, and what balance pays from the member.
    #[must_use]
    pub const fn is_by_hand(self) -> bool {
        match self {
            Self::Cash | Self::Card => true,
            Self::Wechat | Self::Alipay | Self::Voucher | Self::Balance => false,
        }
    }
}

/// An amount taken in some way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tender {
    /// Which way.
    pub kind: TenderKind,
    /// What the shopper gave, more than nothing.
    pub amount: Money,
}

/// How far cash is rounded (抹零). Only what is left for cash is, and the difference is a row of its
/// own.
///
/// | word | to | how | as tills in China call it |
/// | --- | --- | --- | --- |
/// | `none` | fen | not at all | 不抹零 |
/// | `jiao_down` | jiao | down | 舍分, 抹分 |
/// | `jiao_half_up` | jiao | 5 fen up | 四舍五入到角 |
/// | `jiao_up` | jiao | 1 fen up | 逢分进角, 见分进角 |
/// | `five_jiao` | 5 jiao | nearest, 2 jiao 5 fen up | 二舍八入、三七作五 |
/// | `yuan_down` | yuan | down | 抹零到元, 角全舍 |
/// | `yuan_half_up` | yuan | 5 jiao up | 四舍五入到元 |
/// | `yuan_up` | yuan | 1 fen up | 逢角进元, 见角进元 |
///
/// 逢分进角 and 逢角进元 are ceilings in the field
/// (<https://blog.csdn.net/cheneyfeng3/article/details/6783112>). Of the two readings of
/// 二舍八入、三七作五 this is the newer one of cashiers' programs: 0.24 goes down, 0.25 to 0.74 are
/// 0.50, 0.75 goes up; the older one let 0.29 go down and 0.79 be 0.50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashRounding {
    /// To the fen: not at all.
    #[default]
    None,
    /// Down to the jiao (舍分).
    JiaoDown,
    /// To the nearest jiao, five fen up (四舍五入到角).
    JiaoHalfUp,
    /// Up to the jiao, from one fen on (逢分进角).
    JiaoUp,
    /// To the nearest five jiao (二舍八入、三七作五): fen are rounded to jiao first, then two jiao go
    /// down, eight go up, and three to seven are five. Together that is 25 fen up.
    FiveJiao,
    /// Down to the yuan (抹零到元).
    YuanDown,
    /// To the nearest yuan, five jiao up (四舍五入到元).
    YuanHalfUp,
    /// Up to the yuan, from one fen on (逢角进元).
    YuanUp,
}

impl CashRounding {
    /// All of them, the finest first.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::JiaoDown,
        Self::JiaoHalfUp,
        Self::JiaoUp,
        Self::FiveJiao,
        Self::YuanDown,
        Self::YuanHalfUp,
        Self::YuanUp,
    ];

    /// The word on wire, in settings and in golden carts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::JiaoDown => "jiao_down",
            Self::JiaoHalfUp => "jiao_half_up",
            Self::JiaoUp => "jiao_up",
            Self::FiveJiao => "five_jiao",
            Self::YuanDown => "yuan_down",
            Self::YuanHalfUp => "yuan_half_up",
            Self::YuanUp => "yuan_up",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rounding| rounding.word() == word)
    }

    /// What rounding does to an amount due in cash: below zero when it favours the shopper.
    ///
    /// Nothing due stays nothing. An amount below zero, as money that goes back, mirrors the sale.
    #[must_use]
    pub fn of(self, due: Money) -> Money {
        let (step, nudge) = match self {
            Self::None => return Money::ZERO,
            Self::JiaoDown => (10, 0),
            Self::JiaoHalfUp => (10, 5),
            Self::JiaoUp => (10, 9),
            Self::FiveJiao => (50, 25),
            Self::YuanDown => (100, 0),
            Self::YuanHalfUp => (100, 50),
            Self::YuanUp => (100, 99),
        };
        // A remainder of the step: small, whatever is due.
        let fen = due.minor();
        let over = fen.unsigned_abs() % step;
        let up = if over + nudge >= step { step } else { 0 };
        let by = i64::try_from(up).unwrap_or(0) - i64::try_from(over).unwrap_or(0);
        Money::from_minor(if fen < 0 { -by } else { by })
    }
}

/// A total that is covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What rounding did; its own row on screen and paper, never spread over lines.
    pub rounding: Money,
    /// Total + rounding.
    pub due: Money,
    /// What was given.
    pub tenders: Vec<Tender>,
    /// What goes back in cash (找零).
    pub change: Money,
}

/// Why tenders do not settle a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenderRefusal {
    /// Not enough; so much is missing.
    #[error("{missing} is missing")]
    Short {
        /// What is missing.
        missing: Money,
    },
    /// Something that is not cash gives more than is due, and could not give change.
    #[error("only cash gives change")]
    OverTender,
    /// Nothing, less than nothing, or beyond `CASH_MINOR_MAX`.
    #[error("the amount is out of range")]
    Amount,
    /// More than `TENDERS_MAX`.
    #[error("too many tenders")]
    TooMany,
}

impl From<MoneyOverflow> for TenderRefusal {
    fn from(_: MoneyOverflow) -> Self {
        Self::Amount
    }
}

/// What is due in cash if all of it is paid in cash: the rounding and the amount.
pub fn cash_due(total: Money, rounding: CashRounding) -> Result<(Money, Money), MoneyOverflow> {
    let by = rounding.of(total);
    Ok((by, total.plus(by)?))
}

/// Covers a total.
///
/// Rounding touches only what is left for cash, and only where cash is taken. Nothing due needs
/// no tender.
pub fn settle(
    total: Money,
    tenders: &[Tender],
    rounding: CashRounding,
) -> Result<Settlement, TenderRefusal> {
    if tenders.len() > TENDERS_MAX {
        return Err(TenderRefusal::TooMany);
    }
    if tenders.iter().any(|t| !(1..=CASH_MINOR_MAX).contains(&t.amount.minor())) {
        return Err(TenderRefusal::Amount);
    }
    let sum_of = |is_cash: bool| {
        let of_kind = tenders.iter().filter(|t| (t.kind == TenderKind::Cash) == is_cash);
        Money::sum(of_kind.map(|t| t.amount))
    };
    let (cash, other) = (sum_of(true)?, sum_of(false)?);
    let left = total.minus(other)?;
    if left < Money::ZERO || (left == Money::ZERO && cash > Money::ZERO) {
        return Err(TenderRefusal::OverTender);
    }
    let by = if cash > Money::ZERO { rounding.of(left) } else { Money::ZERO };
    let change = cash.minus(left.plus(by)?)?;
    if change < Money::ZERO {
        return Err(TenderRefusal::Short { missing: Money::ZERO.minus(change)? });
    }
    Ok(Settlement { rounding: by, due: total.plus(by)?, tenders: tenders.to_vec(), change })
}

/// What a shopper is likely to hand over: the exact amount, then the next round sums above it.
#[must_use]
pub fn quick_notes(due: Money) -> Vec<Money> {
    let mut notes = vec![due];
    for step in [500, 1_000, 2_000, 5_000, 10_000] {
        let up = (due.minor().saturating_add(step - 1)).div_euclid(step) * step;
        let note = Money::from_minor(up);
        if !notes.contains(&note) && up > 0 {
            notes.push(note);
        }
    }
    notes.sort_unstable();
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cash(minor: i64) -> Tender {
        Tender { kind: TenderKind::Cash, amount: Money::from_minor(minor) }
    }

    fn card(minor: i64) -> Tender {
        Tender { kind: TenderKind::Card, amount: Money::from_minor(minor) }
    }

    fn check(
        total: i64,
        tenders: &[Tender],
        rounding: CashRounding,
        expected: Result<(i64, i64), TenderRefusal>,
    ) {
        let got = settle(Money::from_minor(total), tenders, rounding)
            .map(|s| (s.rounding.minor(), s.change.minor()));
        assert_eq!(got, expected, "{total} by {tenders:?} {rounding:?}");
    }

    #[test]
    fn change_comes_from_cash_alone_and_rounding_from_what_cash_is_left_to_cover() {
        use CashRounding::{JiaoDown, JiaoHalfUp, None, YuanDown, YuanHalfUp};
        let short = |fen| Err(TenderRefusal::Short { missing: Money::from_minor(fen) });
        check(1_299, &[cash(1_299)], None, Ok((0, 0)));
        check(1_299, &[cash(2_000)], None, Ok((0, 701)));
        check(1_299, &[cash(2_000)], JiaoDown, Ok((-9, 710)));
        check(1_299, &[cash(1_290)], JiaoDown, Ok((-9, 0)));
        check(1_295, &[cash(2_000)], JiaoHalfUp, Ok((5, 700)));
        check(1_294, &[cash(2_000)], JiaoHalfUp, Ok((-4, 710)));
        check(1_299, &[cash(1_200)], YuanDown, Ok((-99, 0)));
        check(1_250, &[cash(1_300)], YuanHalfUp, Ok((50, 0)));
        check(1_299, &[cash(1_000), cash(500)], None, Ok((0, 201)));
        check(1_299, &[card(1_000), cash(300)], JiaoDown, Ok((-9, 10)));
        check(1_299, &[card(1_299)], YuanDown, Ok((0, 0)));
        check(0, &[], None, Ok((0, 0)));
        check(1_299, &[cash(1_000)], None, short(299));
        check(1_299, &[], None, short(1_299));
        check(1_299, &[card(1_300)], None, Err(TenderRefusal::OverTender));
        check(1_299, &[card(1_299), cash(1)], None, Err(TenderRefusal::OverTender));
        check(1_299, &[cash(0)], None, Err(TenderRefusal::Amount));
        check(1_299, &[cash(-5), cash(2_000)], None, Err(TenderRefusal::Amount));
        check(1_299, &[cash(CASH_MINOR_MAX + 1)], None, Err(TenderRefusal::Amount));
        check(1_299, &[cash(200); 11], None, Err(TenderRefusal::TooMany));
    }

    #[test]
    fn only_cash_gives_change_and_is_rounded() {
        for kind in TenderKind::ALL {
            assert_eq!(TenderKind::from_word(kind.word()), Some(kind));
            let tender = |minor| [Tender { kind, amount: Money::from_minor(minor) }];
            let (exact, over) = (&tender(1_299), &tender(1_300));
            match kind {
                TenderKind::Cash => check(1_299, over, CashRounding::YuanDown, Ok((-99, 100))),
                TenderKind::Card
                | TenderKind::Wechat
                | TenderKind::Alipay
                | TenderKind::Voucher
                | TenderKind::Balance => {
                    check(1_299, exact, CashRounding::YuanDown, Ok((0, 0)));
                    check(1_299, over, CashRounding::None, Err(TenderRefusal::OverTender));
                }
            }
        }
        assert_eq!(TenderKind::from_word("points"), None);
    }

    #[test]
    fn every_mode_rounds_each_last_digit_as_its_name_says() {
        use CashRounding::{
            FiveJiao, JiaoDown, JiaoHalfUp, JiaoUp, None, YuanDown, YuanHalfUp, YuanUp,
        };
        // What is due after rounding, of 10.00 and so many fen.
        type Expected = fn(i64) -> i64;
        let modes: [(CashRounding, Expected); 8] = [
            (None, |fen| fen),
            (JiaoDown, |fen| fen / 10 * 10),
            (JiaoHalfUp, |fen| fen / 10 * 10 + if fen % 10 >= 5 { 10 } else { 0 }),
            (JiaoUp, |fen| fen / 10 * 10 + if fen % 10 > 0 { 10 } else { 0 }),
            (FiveJiao, |fen| match fen {
                0..=24 => 0,
                25..=74 => 50,
                75..=99 => 100,
                _ => unreachable!("of a yuan"),
            }),
            (YuanDown, |_| 0),
            (YuanHalfUp, |fen| if fen >= 50 { 100 } else { 0 }),
            (YuanUp, |fen| if fen > 0 { 100 } else { 0 }),
        ];
        assert_eq!(modes.map(|(mode, _)| mode), CashRounding::ALL);
        for (mode, expected) in modes {
            for fen in 0..100 {
                let by = mode.of(Money::from_minor(1_000 + fen)).minor();
                assert_eq!(fen + by, expected(fen), "{mode:?} of 10.00 and {fen} fen");
                assert_eq!(mode.of(Money::from_minor(-1_000 - fen)).minor(), -by, "mirrored");
            }
            assert_eq!(mode.of(Money::ZERO), Money::ZERO);
            assert_eq!(CashRounding::from_word(mode.word()), Some(mode));
            for edge in [i64::MAX, i64::MIN] {
                assert!(mode.of(Money::from_minor(edge)).minor().abs() <= 100, "{mode:?}");
            }
        }
        assert_eq!(CashRounding::from_word("up"), Option::None);
    }

    #[test]
    fn any_mix_of_tenders_in_any_order_settles_the_same() {
        use CashRounding::{FiveJiao, JiaoUp, None, YuanUp};
        let missing = |fen| Err(TenderRefusal::Short { missing: Money::from_minor(fen) });
        let over = || Err(TenderRefusal::OverTender);
        let table = [
            (10_000, vec![cash(3_000), card(7_000)], None, Ok((0, 0))),
            (10_000, vec![card(2_500), cash(5_000), card(2_500)], None, Ok((0, 0))),
            (
                10_000,
                vec![card(2_500), cash(2_000), card(2_500), cash(5_000)],
                None,
                Ok((0, 2_000)),
            ),
            (10_001, vec![card(5_000), cash(5_100)], JiaoUp, Ok((9, 90))),
            (10_001, vec![card(5_000), cash(5_001)], JiaoUp, missing(9)),
            (10_030, vec![card(5_000), cash(5_050)], FiveJiao, Ok((20, 0))),
            (10_020, vec![card(5_000), cash(5_000)], FiveJiao, Ok((-20, 0))),
            (10_001, vec![card(10_000), cash(100)], YuanUp, Ok((99, 0))),
            (10_000, vec![card(4_000), card(6_000)], YuanUp, Ok((0, 0))),
            (10_000, vec![card(4_000), card(6_001)], YuanUp, over()),
            (10_000, vec![card(10_001), cash(1)], None, over()),
            (10_000, vec![card(4_000), card(5_000)], None, missing(1_000)),
        ];
        for (total, mut tenders, rounding, expected) in table {
            for _ in 0..tenders.len() {
                tenders.rotate_left(1);
                check(total, &tenders, rounding, expected);
            }
        }
    }

    #[test]
    fn quick_notes_are_the_exact_amount_and_the_next_round_sums() {
        for (due, notes) in [
            (30_717, "307.17 310.00 320.00 350.00 400.00"),
            (850, "8.50 10.00 20.00 50.00 100.00"),
            (350, "3.50 5.00 10.00 20.00 50.00 100.00"),
            (10_000, "100.00"),
        ] {
            let got: Vec<String> =
                quick_notes(Money::from_minor(due)).iter().map(ToString::to_string).collect();
            assert_eq!(got.join(" "), notes);
        }
    }
}
