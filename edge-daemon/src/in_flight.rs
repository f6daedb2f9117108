//! Questions to other houses that are under way in this run of the program.
//!
//! **Invariant:** the same question is never under way twice, so that an answer that says "nobody
//! knows of it" is no answer to a question that has not arrived yet.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

/// What is asked about a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum About {
    /// That it be done, or whether it was.
    Doing,
    /// That it be undone.
    Undoing,
}

type Key = (Uuid, About);

/// The questions that are under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<Key>>>);

/// A question that is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Asking {
    all: InFlight,
    key: Key,
}

impl InFlight {
    /// Begins a question; `None` while it is under way already.
    #[must_use]
    pub(crate) fn enter(&self, id: Uuid, about: About) -> Option<Asking> {
        let key = (id, about);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key).then(|| Asking { all: self.clone(), key })
    }

    /// Whether a question is under way.
    pub(crate) fn has(&self, id: Uuid, about: About) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(id, about))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_is_under_way_once_and_again_when_it_is_over() {
        let (all, id) = (InFlight::default(), Uuid::from_u128(1));
        let first = all.enter(id, About::Doing);
        assert!(first.is_some() && all.has(id, About::Doing));
        assert!(all.enter(id, About::Doing).is_none());
        assert!(all.enter(id, About::Undoing).is_some(), "another question");
        assert!(all.enter(Uuid::from_u128(2), About::Doing).is_some(), "another thing");
        drop(first);
        assert!(!all.has(id, About::Doing) && all.enter(id, About::Doing).is_some());
    }
}
