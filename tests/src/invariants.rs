//! What must hold of a chain of stores, whatever was done to it: one function for each invariant of
//! `docs/sync.md` that can be read from the books.
//!
//! **Invariant:** pure; whoever reads the books (`witness`) judges nothing, and whoever judges asks no
//! program of the house.

mod checks;
#[cfg(test)]
mod controls;
mod witness;

use std::fmt;

pub use checks::CHECKS;
pub use witness::{Life, MallSide, Place, StoreSide, Witness};

/// What is wrong with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// It was promised and is not there.
    Lost,
    /// It is there more often than once.
    Doubled,
    /// It is otherwise than it should be.
    Otherwise,
}

/// Something that should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub harm: Harm,
    /// A sentence that names it.
    pub told: String,
}

impl Fault {
    /// Something promised that is not there.
    #[must_use]
    pub const fn lost(told: String) -> Self {
        Self { harm: Harm::Lost, told }
    }

    /// Something that is there more often than once.
    #[must_use]
    pub const fn doubled(told: String) -> Self {
        Self { harm: Harm::Doubled, told }
    }

    /// Something else.
    #[must_use]
    pub const fn otherwise(told: String) -> Self {
        Self { harm: Harm::Otherwise, told }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

/// An invariant that can be read from the books.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name in `docs/sync.md`.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// How many things it looked at, and what is wrong with them.
    pub look: fn(&Witness) -> (usize, Vec<Fault>),
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}
