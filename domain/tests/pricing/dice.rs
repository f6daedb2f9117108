//! Choices: from a seed, so that a case can be told by one number, or from bytes, so that a fuzzer
//! can turn each choice by itself.
//!
//! **Invariant:** deterministic; when the bytes are used up every further choice is the first one.

/// Where choices come from.
#[derive(Clone, Debug)]
pub(crate) struct Dice<'a> {
    from: From<'a>,
    /// Whether amounts may be absurd.
    pub(crate) is_wild: bool,
}

#[derive(Clone, Debug)]
enum From<'a> {
    Seed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Dice<'a> {
    /// Sensible choices from a seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { from: From::Seed(seed), is_wild: false }
    }

    /// Choices from bytes, absurd ones among them.
    pub(crate) const fn wild(bytes: &'a [u8]) -> Self {
        Self { from: From::Bytes(bytes), is_wild: true }
    }

    /// Sixty-four bits; `SplitMix64` (Steele, Lea, Flood 2014) where a seed is given.
    pub(crate) fn bits(&mut self) -> u64 {
        match &mut self.from {
            From::Seed(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^ (z >> 31)
            }
            From::Bytes(bytes) => take(bytes, 8),
        }
    }

    /// One of the numbers below `n`; zero when there is none.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let bits = match &mut self.from {
            From::Bytes(bytes) if n <= 256 => take(bytes, 1),
            From::Bytes(bytes) if n <= 65_536 => take(bytes, 2),
            From::Seed(_) | From::Bytes(_) => self.bits(),
        };
        bits % n
    }

    /// A number from `low` to `high`, both possible.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// Yes in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of several.
    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// A number from a sensible range, or an absurd one where that is wanted.
    pub(crate) fn amount(&mut self, low: i64, high: i64) -> i64 {
        const ABSURD: [i64; 12] = [
            0,
            -1,
            1,
            i64::MAX,
            i64::MIN,
            i64::MAX / 10_000,
            1_000_000_000,
            1_000_000_001,
            9_999_000,
            9_999_001,
            i64::MAX / 2 + 1,
            500,
        ];
        if self.is_wild && self.below(8) == 7 {
            *self.pick(&ABSURD)
        } else {
            self.between(low, high)
        }
    }

    /// The same for small counts.
    pub(crate) fn count(&mut self, low: u32, high: u32) -> u32 {
        const ABSURD: [u32; 8] = [0, 1, u32::MAX, u32::MAX - 1, 1_000_000, 100, 101, 65_536];
        if self.is_wild && self.below(8) == 7 {
            *self.pick(&ABSURD)
        } else {
            self.between(i64::from(low), i64::from(high)) as u32
        }
    }

    /// A rate in basis points.
    pub(crate) fn rate(&mut self, low: u16, high: u16) -> u16 {
        const ABSURD: [u16; 4] = [0, 10_000, 10_001, u16::MAX];
        if self.is_wild && self.below(8) == 7 {
            *self.pick(&ABSURD)
        } else {
            self.between(i64::from(low), i64::from(high)) as u16
        }
    }

    /// A permutation of so many.
    pub(crate) fn shuffled<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        for n in (1..things.len()).rev() {
            things.swap(n, self.below(n as u64 + 1) as usize);
        }
        things
    }
}

fn take(bytes: &mut &[u8], n: usize) -> u64 {
    let (now, rest) = bytes.split_at(n.min(bytes.len()));
    *bytes = rest;
    now.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
