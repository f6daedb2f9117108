//! Dice that fall the same way for the same seed (splitmix64, Steele and others, 2014).

use std::hash::{BuildHasher as _, RandomState};

/// A seed that nobody has chosen, short enough to be typed again.
#[must_use]
pub fn fresh_seed() -> u64 {
    RandomState::new().hash_one(()) % 1_000_000
}

/// Dice.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap_or(1);
        usize::try_from(self.roll() % n).unwrap_or(0)
    }

    /// So often in a hundred.
    pub fn is_within(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them; none where there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
