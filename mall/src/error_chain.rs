//! An error with its sources on one line, for logs and for people at a command line.
//!
//! **Invariant:** no error prints its own source; this does it once.

use std::{error::Error, fmt};

/// Shows an error and what lies under it: `could not open the database: disk I/O error`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
