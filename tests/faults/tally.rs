//! Counts of deaths.

use std::{collections::BTreeMap, fmt};

/// How often the power failed where, and what was found afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) points: BTreeMap<&'static str, usize>,
    pub(crate) at_rest: usize,
    pub(crate) by_the_clock: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) orders: usize,
}

impl Tally {
    pub(crate) fn deaths(&self) -> usize {
        self.points.values().sum()
    }

    pub(crate) fn rounds(&self) -> usize {
        self.deaths() + self.at_rest + self.by_the_clock
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deaths at named points, {} at any time, {} at rest; {} unanswered commands were \
             lost, {} were carried out; {} orders; {:?}",
            self.deaths(),
            self.by_the_clock,
            self.at_rest,
            self.before,
            self.after,
            self.orders,
            self.points
        )
    }
}
