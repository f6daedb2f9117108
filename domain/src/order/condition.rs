//! What must stay bought for something to stay given (条件): a gift, goods at a better price, a
//! coupon for next time.
//!
//! A threshold counted units at what they cost when its rule had its turn. Units carry their
//! reductions in the order in which they were taken, so the first so many of them lead back to that
//! price, to the fen, without any rule.
//!
//! **Invariant:** counts units that an order carries; knows nothing of rules, policies or returns.

use serde::{Deserialize, Serialize};

use super::{OrderLine, Source, UnitRun};
use crate::{
    catalog::Unit,
    pricing::{
        Lane,
        rule::{Join, NeedAmount, Repeat},
    },
};

/// What must be reached, and how much is given for each time it is. A value: it travels as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Thresholds; with none it is always reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Threshold>,
    /// All of them, or any.
    #[serde(default)]
    pub join: Join,
    /// Once, or each time.
    #[serde(default)]
    pub repeat: Repeat,
    /// So much for each time: units, grants, or fen of a cashback.
    pub each: i64,
    /// It gives units away (赠品): those that cost nothing by it count for nobody. Units that came
    /// free otherwise (买N送M, 换购) are goods like all others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gift: bool,
}

/// One threshold and the goods that it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How much.
    pub need: NeedAmount,
    /// Of what.
    pub goods: Counted,
}

/// Goods of an order that count, at what they cost when they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Lines by their numbers, each with how many of its reductions had been taken by then.
    pub lines: Vec<(u16, u16)>,
    /// Only units that no lane before this one had reduced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreduced_before: Option<Lane>,
    /// At list prices, whatever was taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub on_list: bool,
    /// What the rule itself gave counts too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub with_given: bool,
}

/// What there is of counted goods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Units; what was weighed is one.
    pub units: i128,
    /// Fen.
    pub minor: i128,
    /// Thousandths of a kilogram.
    pub milli: i128,
}

/// Lines with the units that are looked at: all of them, or those that a shopper keeps.
pub type Kept<'a> = [(&'a OrderLine, Vec<(u32, &'a UnitRun)>)];

/// Lines with all of their units.
pub fn whole(lines: &[OrderLine]) -> Vec<(&OrderLine, Vec<(u32, &UnitRun)>)> {
    lines
        .iter()
        .map(|line| (line, line.units.iter().map(|run| (run.units, run)).collect()))
        .collect()
}

impl Condition {
    /// That of a gift whose program did not write down what it needed: it stays the shopper's.
    pub const UNTOLD: Self = Self {
        needs: Vec::new(),
        join: Join::All,
        repeat: Repeat::Each,
        each: i64::MAX,
        gift: true,
    };

    /// How often these units reach it; `giver` is who gave something on this condition.
    #[must_use]
    pub fn times(&self, kept: &Kept<'_>, giver: &Source) -> i128 {
        let each = self.needs.iter().map(|Threshold { need, goods }| {
            let have = goods.measure(kept, giver);
            let (have, need) = match need {
                NeedAmount::Pieces(pieces) => (have.units, i128::from(*pieces)),
                NeedAmount::Minor(minor) => (have.minor, i128::from(minor.minor())),
                NeedAmount::Milli(milli) => (have.milli, i128::from(milli.milli())),
            };
            have.max(0) / need.max(1)
        });
        let times = match self.join {
            Join::All => each.min(),
            Join::Any => each.max(),
        };
        let times = times.unwrap_or(i128::from(u32::MAX));
        match self.repeat {
            Repeat::Once => times.min(1),
            Repeat::Each => times,
        }
    }

    /// How much of what was given these units let a shopper keep.
    #[must_use]
    pub fn keeps(&self, kept: &Kept<'_>, giver: &Source, given: i64) -> i64 {
        let all = self.times(kept, giver).saturating_mul(i128::from(self.each.max(0)));
        i64::try_from(all).unwrap_or(i64::MAX).min(given)
    }

    /// The numbers of the lines that it counts.
    #[must_use]
    pub fn lines(&self) -> Vec<u16> {
        let counted = self.needs.iter().flat_map(|need| &need.goods.lines);
        let mut lines: Vec<u16> = counted.map(|(number, _)| *number).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Whether it speaks of these lines, and of amounts that can be reached.
    pub(super) fn holds(&self, lines: &[OrderLine]) -> bool {
        let is_need = |need: &Threshold| {
            need.goods.holds(lines)
                && match need.need {
                    NeedAmount::Pieces(pieces) => pieces > 0,
                    NeedAmount::Minor(minor) => minor.minor() > 0,
                    NeedAmount::Milli(milli) => milli.milli() > 0,
                }
        };
        self.each > 0 && self.needs.iter().all(is_need)
    }
}

impl Counted {
    /// What these units come to.
    #[must_use]
    pub fn measure(&self, kept: &Kept<'_>, giver: &Source) -> Measured {
        let mut sum = Measured::default();
        for (number, reductions) in &self.lines {
            let line = usize::from(*number).checked_sub(1).and_then(|place| kept.get(place));
            let Some((line, runs)) = line else { continue };
            for (n, run) in runs {
                if self.counts(line, run, usize::from(*reductions), giver) {
                    let n = i128::from(*n);
                    sum.units += n;
                    let taken = if self.on_list { 0 } else { usize::from(*reductions) };
                    sum.minor += n * left_after(run, taken);
                    sum.milli += match line.item.unit {
                        Unit::Kg => n * i128::from(line.quantity.milli()),
                        Unit::Piece => 0,
                    };
                }
            }
        }
        sum
    }

    /// Units that were given away count for nobody, nor does what the rule itself gave.
    fn counts(&self, line: &OrderLine, run: &UnitRun, reductions: usize, giver: &Source) -> bool {
        let mut parts = line.adjustments.iter().zip(&run.adjustments).enumerate();
        parts.all(|(at, (adjustment, part))| {
            if part.minor() == 0 {
                return true;
            }
            let is_own = !self.with_given && adjustment.source == *giver;
            let is_given = adjustment.condition.as_ref().is_some_and(|condition| condition.gift);
            let is_gift = is_given && at < reductions && left_after(run, at + 1) == 0;
            let is_reduced = part.minor() > 0
                && self.unreduced_before.is_some_and(|lane| adjustment.lane < lane);
            !(is_own || is_gift || is_reduced)
        })
    }

    /// Whether it speaks of lines and reductions that are there, of each line once.
    pub(super) fn holds(&self, lines: &[OrderLine]) -> bool {
        let is_there = |(number, reductions): &(u16, u16)| {
            let line = usize::from(*number).checked_sub(1).and_then(|place| lines.get(place));
            line.is_some_and(|line| usize::from(*reductions) <= line.adjustments.len())
        };
        self.lines.iter().all(is_there) && self.lines.is_sorted_by(|a, b| a.0 < b.0)
    }
}

/// What a unit cost after the first so many reductions of its line.
pub(super) fn left_after(run: &UnitRun, reductions: usize) -> i128 {
    let taken = run.adjustments.iter().take(reductions).map(|part| i128::from(part.minor()));
    i128::from(run.list.minor()) - taken.sum::<i128>()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
