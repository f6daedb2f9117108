//! Splitting an amount over units by what they cost: largest remainder, unit by unit.
//!
//! **Invariant:** the parts sum to the whole, no part is above its cap, and at most one run is split
//! however many units there are.
//!
//! Sums of a whole cart fit `i64` (prices and quantities are limited); products of two of them may not.

use super::units::{Counter, Turn};

/// Units of one run that take part in a split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The run.
    pub(super) run: usize,
    /// So many of its units.
    pub(super) n: u32,
    /// What each costs: the weight.
    pub(super) weight: i64,
    /// The most that each may give.
    pub(super) cap: i64,
}

/// What the units of a part give: `extra` of them one fen more than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) each: i64,
    pub(super) extra: u32,
}

/// An amount split over parts. It keeps its memory from one split to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Split {
    /// The parts; whoever splits puts them in.
    pub(super) parts: Vec<Part>,
    shares: Vec<Share>,
    is_full: Vec<bool>,
    remainders: Vec<(i64, usize)>,
}

impl Split {
    /// Splits an amount. What the caps leave no room for is not placed.
    fn divide(&mut self, amount: i64) {
        self.shares.clear();
        self.shares.resize(self.parts.len(), Share { each: 0, extra: 0 });
        self.is_full.clear();
        self.is_full.extend(self.parts.iter().map(|part| part.cap == 0 || part.n == 0));
        let room: i64 = self.parts.iter().map(|part| part.cap * i64::from(part.n)).sum();
        let mut left = amount.min(room).max(0);
        // Where nobody's cap is below its weight, nobody's share can be above its cap.
        if self.parts.iter().any(|part| part.cap < part.weight) {
            while let Some(filled) = self.fill(left) {
                left -= filled;
            }
        }
        let weight = self.weight();
        if left > 0 && weight > 0 {
            self.place(left, weight);
        }
    }

    fn open(&self) -> impl Iterator<Item = &Part> {
        let all = self.parts.iter().zip(&self.is_full);
        all.filter(|(_, is_full)| !**is_full).map(|(part, _)| part)
    }

    fn weight(&self) -> i64 {
        self.open().map(|part| part.weight * i64::from(part.n)).sum()
    }

    /// Fills the parts whose cap is below their share; answers with how much, if there are any.
    /// Each time fills at least one, so there are as many times as parts at most.
    fn fill(&mut self, left: i64) -> Option<i64> {
        let weight = self.weight();
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let is_over = |part: &Part| product(left, part.weight) > product(part.cap, weight);
        let mut filled = None;
        let parts = self.parts.iter().zip(&mut self.shares).zip(&mut self.is_full);
        for ((part, share), is_full) in parts {
            if !*is_full && is_over(part) {
                share.each = part.cap;
                *is_full = true;
                *filled.get_or_insert(0) += part.cap * i64::from(part.n);
            }
        }
        filled
    }

    /// Splits what fits: the whole fen first, then one more for the largest remainders.
    fn place(&mut self, left: i64, weight: i64) {
        // Nearly always: then one machine division does instead of a call for 128 bits.
        let divided = |part: &Part| match left.checked_mul(part.weight) {
            Some(product) => (product / weight, product % weight),
            None => {
                let (product, weight) =
                    (i128::from(left) * i128::from(part.weight), i128::from(weight));
                let fits = |number: i128| i64::try_from(number).unwrap_or(0);
                // The one is not above the cap, the other below the weight.
                (fits(product / weight), fits(product % weight))
            }
        };
        let mut rest = left;
        self.remainders.clear();
        let parts = self.parts.iter().zip(&mut self.shares).zip(&self.is_full);
        for (i, ((part, share), is_full)) in parts.enumerate() {
            if !is_full {
                let (each, remainder) = divided(part);
                share.each = each;
                rest -= each * i64::from(part.n);
                self.remainders.push((-remainder, i));
            }
        }
        if rest > 0 {
            self.remainders.sort_unstable();
        }
        for (_, i) in &self.remainders {
            if let (Some(part), Some(share)) = (self.parts.get(*i), self.shares.get_mut(*i)) {
                let extra = rest.min(i64::from(part.n));
                share.extra = u32::try_from(extra).unwrap_or(0);
                rest -= extra;
            }
        }
    }
}

/// Takes an amount from units, split by what they cost. `fill` names the parts; those parts stand
/// for one group, which is taken `times` over from runs that have so many units. Answers what was
/// placed.
pub(super) fn take(
    counter: &mut Counter,
    turn: &Turn,
    amount: i64,
    times: u32,
    fill: impl FnOnce(&Counter, &mut Vec<Part>),
) -> i64 {
    let mut split = std::mem::take(&mut counter.split);
    split.parts.clear();
    fill(counter, &mut split.parts);
    split.divide(amount);
    let mut placed = 0;
    for (part, share) in split.parts.iter().zip(&split.shares) {
        let (more, fewer) = (share.extra * times, (part.n - share.extra) * times);
        counter.take(turn, part.run, more, share.each + 1);
        counter.take(turn, part.run, fewer, share.each);
        placed += i64::from(more) * (share.each + 1) + i64::from(fewer) * share.each;
    }
    counter.split = split;
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: i64, parts: &[(u32, i64, i64)], expected: &[(i64, u32)]) {
        let part =
            |(n, weight, cap): &(u32, i64, i64)| Part { run: 0, n: *n, weight: *weight, cap: *cap };
        let mut split = Split { parts: parts.iter().map(part).collect(), ..Split::default() };
        split.divide(amount);
        let got: Vec<_> = split.shares.iter().map(|share| (share.each, share.extra)).collect();
        assert_eq!(got, expected, "{amount} over {parts:?}");
    }

    #[test]
    fn parts_sum_to_the_whole_and_the_odd_fen_go_to_the_largest_remainders() {
        check(100, &[(3, 100, 100)], &[(33, 1)]);
        check(10, &[(1, 100, 100), (1, 200, 200)], &[(3, 0), (6, 1)]);
        check(7, &[(2, 100, 100), (2, 100, 100)], &[(1, 2), (1, 1)]);
        check(0, &[(2, 100, 100)], &[(0, 0)]);
        check(5, &[], &[]);
        check(5, &[(2, 0, 0)], &[(0, 0)]);
    }

    #[test]
    fn a_cap_is_kept_and_the_others_take_what_it_leaves() {
        check(100, &[(1, 100, 10), (1, 100, 100)], &[(10, 0), (90, 0)]);
        check(300, &[(1, 100, 10), (1, 100, 100)], &[(10, 0), (100, 0)]);
        check(90, &[(1, 300, 20), (2, 100, 30), (1, 100, 100)], &[(20, 0), (23, 1), (23, 0)]);
    }

    #[test]
    fn sums_beyond_64_bits_are_split_all_the_same() {
        let dear = 1_000_000_000;
        check(
            2_000_000_000_000_000 - 1,
            &[(9_999, dear, dear), (1, 1, 1), (9_999, dear, dear)],
            &[(dear, 0), (1, 0), (dear, 0)],
        );
    }
}
