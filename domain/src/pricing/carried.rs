//! How long the record of an order would be: what its lines carry of reductions, and what it brings
//! beside its goods.
//!
//! An order writes down, for each line, every reduction of it, and for each run of equal units what
//! each of them took; and for each gift and grant the lines that earned it. Some dozens of rules that
//! stack on a full cart would make a record that no batch carries, so a rule that would go beyond
//! `CARRIED_BYTES_MAX` does nothing and says so.
//!
//! **Invariant:** counted from above in bytes of its JSON; the same cart and rules stop at the same
//! rule everywhere.

use super::quote::By;

/// What an order may carry of reductions and grants.
///
/// With the rest of 200 lines of usual goods it stays below a mebibyte, half of what the mall takes
/// at once; with the longest texts goods may have, below all.
pub const CARRIED_BYTES_MAX: u64 = 640 * 1_024;
/// Of a reduction of a line, beside the names in it: words, lane, amount.
const ADJUSTMENT_BYTES: u64 = 96;
/// Of a run of equal units: the names of its fields, prices, its parts of ten tenders, its points.
const RUN_BYTES: u64 = 300;
/// Of what one reduction took from each unit of a run.
const PART_BYTES: u64 = 12;
/// Of a threshold of a condition, beside the lines that it counts: its words and amounts.
const THRESHOLD_BYTES: u64 = 224;
/// Of a line that a threshold counts.
const COUNTED_BYTES: u64 = 10;
/// Of a grant, beside names and thresholds: its words and amounts, and what a coupon for next time
/// says, which is a name at most.
const GRANT_BYTES: u64 = 640;

/// What a reduction says of itself on each line, or a grant once: names of so many bytes, and so
/// many thresholds that count so many lines each.
pub(super) fn said(names: usize, thresholds: usize, lines: usize) -> u64 {
    let bytes = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let each = THRESHOLD_BYTES + COUNTED_BYTES * bytes(lines);
    ADJUSTMENT_BYTES + bytes(names) + bytes(thresholds) * each
}

/// What the lines carry so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    lines: Vec<OfLine>,
    bytes: u64,
    n_runs: u64,
    /// The most reductions that a line has.
    takers_max: u64,
}

#[derive(Clone, Copy, Debug)]
struct OfLine {
    runs: u64,
    takers: u64,
    /// A rule takes in one turn, so this tells whether it is new here.
    last: Option<By>,
}

impl Carried {
    /// Nothing but one run for each line.
    pub(super) fn of(n_lines: usize) -> Self {
        let lines = vec![OfLine { runs: 1, takers: 0, last: None }; n_lines];
        let n_runs = u64::try_from(n_lines).unwrap_or(u64::MAX);
        Self { lines, bytes: n_runs * RUN_BYTES, n_runs, takers_max: 0 }
    }

    /// Something was taken from units of a line.
    pub(super) fn take(&mut self, line: u16, by: By, said: u64) {
        if let Some(of) = self.lines.get_mut(usize::from(line)).filter(|of| of.last != Some(by)) {
            of.last = Some(by);
            of.takers += 1;
            self.takers_max = self.takers_max.max(of.takers);
            self.bytes += said + PART_BYTES * of.runs;
        }
    }

    /// A run of a line became two.
    pub(super) fn split(&mut self, line: u16) {
        if let Some(of) = self.lines.get_mut(usize::from(line)) {
            of.runs += 1;
            self.n_runs += 1;
            self.bytes += RUN_BYTES + PART_BYTES * of.takers;
        }
    }

    /// Adds something that stands beside the lines, if there is room for it.
    pub(super) const fn bring(&mut self, said: u64) -> bool {
        let bytes = self.bytes + GRANT_BYTES + said;
        let fits = bytes <= CARRIED_BYTES_MAX;
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// Whether a turn surely fits that splits at most so many runs.
    pub(super) fn has_room(&self, said: u64, splits: u64) -> bool {
        let n_lines = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        let for_lines = n_lines * said + PART_BYTES * (self.n_runs + splits);
        let for_splits = splits * (RUN_BYTES + PART_BYTES * self.takers_max);
        self.bytes + for_lines + for_splits <= CARRIED_BYTES_MAX
    }

    /// Whether it has become more than may be since a moment.
    pub(super) const fn is_over_since(&self, bytes: u64) -> bool {
        self.bytes > CARRIED_BYTES_MAX && self.bytes > bytes
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}
