//! Certificates by which callers are known, shared with whoever renews them.
//!
//! **Invariant:** a key is never printed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// A certificate with its key, and the authority that is believed; all PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Paper {
    /// The certificate.
    pub certificate: String,
    /// Its key, PKCS#8.
    pub key: String,
    /// Whose certificates are believed where no file names another authority.
    pub authority: String,
}

impl fmt::Debug for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paper").finish_non_exhaustive()
    }
}

/// What a caller shows. Clones are the same: whoever renews it puts the new one in, and it is shown at
/// the next connection.
#[derive(Clone, Debug, Default)]
pub struct Papers(Arc<Mutex<Option<Paper>>>);

impl Papers {
    /// Puts another one in.
    pub fn set(&self, paper: Option<Paper>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = paper;
    }

    pub(crate) fn get(&self) -> Option<Paper> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_shown_by_every_clone_and_printed_by_none() {
        let papers = Papers::default();
        let other = papers.clone();
        let text = |text: &str| text.to_owned();
        let paper = Paper { certificate: text("c"), key: text("geheim"), authority: text("a") };
        papers.set(Some(paper.clone()));
        assert_eq!(other.get(), Some(paper));
        assert!(!format!("{other:?}").contains("geheim"));
    }
}
