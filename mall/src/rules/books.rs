//! Sets made ready, the last few kept: compiling one of ten thousand rules takes a while, and
//! stores that were cut off send orders of older revisions.
//!
//! **Invariant:** a revision never changes, so a kept book is never wrong.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use domain::pricing::{PriceBook, RuleSet};
use tracing::error;

use crate::{
    context::Context,
    db::{DbError, rules},
};

/// Books that are kept: the one in force, and those that stores come from after a change or two.
const BOOKS_MAX: usize = 4;

/// The books that are ready.
#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<VecDeque<Arc<PriceBook>>>);

/// What there is under a revision.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A book.
    Book(Arc<PriceBook>),
    /// No set was ever saved under it.
    Unknown,
    /// A set that this program cannot compile.
    Unfit,
}

impl Books {
    /// The book of a revision; 0 is the one without rules.
    pub(crate) async fn find(&self, context: &Context, revision: i64) -> Result<Found, DbError> {
        if revision == 0 {
            return Ok(Found::Book(Arc::new(PriceBook::default())));
        }
        if let Some(book) = self.kept(revision) {
            return Ok(Found::Book(book));
        }
        let mut tx = context.db().read("read a rule set").await?;
        let Some(body) = rules::body(&mut tx, revision).await? else {
            return Ok(Found::Unknown);
        };
        drop(tx);
        let compiled = tokio::task::spawn_blocking(move || compile(revision, &body)).await;
        let Some(book) = compiled.ok().flatten().map(Arc::new) else {
            error!(revision, "A kept rule set cannot be compiled by this program");
            return Ok(Found::Unfit);
        };
        self.keep(Arc::clone(&book));
        Ok(Found::Book(book))
    }

    fn kept(&self, revision: i64) -> Option<Arc<PriceBook>> {
        let books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.iter().find(|book| book.revision() == revision).map(Arc::clone)
    }

    /// Keeps a book; the one that was kept longest goes.
    fn keep(&self, book: Arc<PriceBook>) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.retain(|kept| kept.revision() != book.revision());
        books.truncate(BOOKS_MAX - 1);
        books.push_front(book);
    }
}

fn compile(revision: i64, body: &str) -> Option<PriceBook> {
    let set: RuleSet = serde_json::from_str(body).ok()?;
    PriceBook::compile(revision, set).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_books_are_kept() {
        let books = Books::default();
        for revision in [1, 2, 3, 4, 2, 5] {
            let book = PriceBook::compile(revision, RuleSet::default()).unwrap();
            books.keep(Arc::new(book));
        }
        let kept: Vec<i64> = (1..=5).filter(|revision| books.kept(*revision).is_some()).collect();
        assert_eq!(kept, [2, 3, 4, 5]);
    }
}
