//! A trial (试价): a text of items, rules and carts, priced as this store would, without any store.
//!
//! **Invariant:** neither boot file nor ledger is opened; the text alone says what it costs.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use domain::{
    pricing::explain::Language,
    trial::{
        self, Detail, Outcome, TRIAL_BYTES_MAX, TextFault,
        outcome::{Priced, Quoted},
    },
};
use serde_json::json;
use sync::wire::QuoteV1;

/// What is told of every cart, whatever the file asks for.
const SHOWN: [Detail; 4] = [Detail::Tax, Detail::Lines, Detail::Next, Detail::Trace];

/// Why a trial was not run.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It cannot be read, or is no UTF-8.
    #[error("could not read the trial {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Over `TRIAL_BYTES_MAX`.
    #[error("a trial has at most {TRIAL_BYTES_MAX} bytes")]
    TooLarge,
    /// A line is not understood.
    #[error("the trial is not understood; docs/pricing.md has every word of it")]
    Text(#[from] TextFault),
    /// The result could not be written.
    #[error("could not write the result")]
    Write(#[from] io::Error),
}

/// Prices every cart of a file: as rows with the reason for every amount, or as JSON, one document
/// a line, the very bytes that the mall makes of it.
///
/// `false` when the file says what must come of a cart and something else came.
///
/// # Errors
/// When the file cannot be read or understood, or the result cannot be written.
pub fn try_cart(file: &Path, is_json: bool, out: &mut dyn Write) -> Result<bool, TrialError> {
    let outcomes = trial::run(&read(file)?)?;
    let mut is_right = true;
    for outcome in &outcomes {
        if is_json {
            serde_json::to_writer(&mut *out, &document(outcome)).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            outcome.rows_with(&SHOWN).iter().try_for_each(|row| writeln!(out, "{row}"))?;
        }
        is_right &= is_expected(outcome, is_json, out)?;
    }
    Ok(is_right)
}

fn read(path: &Path) -> Result<String, TrialError> {
    let failed = |source| TrialError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    // Looked at before it is read: it may be any file of the box.
    if usize::try_from(bytes).map_or(true, |bytes| bytes > TRIAL_BYTES_MAX) {
        return Err(TrialError::TooLarge);
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// A cart's JSON.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Document {
    Quote(Box<QuoteV1>),
    Refused(serde_json::Value),
}

fn document(outcome: &Outcome) -> Document {
    match &outcome.priced {
        Priced::Quoted(quoted) => {
            let Quoted { book, quote, notes, .. } = quoted.as_ref();
            Document::Quote(Box::new(QuoteV1::of(book, quote, notes, Language::Zh)))
        }
        Priced::NoQuote(refusal) => Document::Refused(json!({ "refused": refusal.to_string() })),
        Priced::NoRules(_) => Document::Refused(json!({ "refused": outcome.rows() })),
    }
}

/// Whether what the file expects has come; says what has not.
fn is_expected(outcome: &Outcome, is_json: bool, out: &mut dyn Write) -> io::Result<bool> {
    let Some(expected) = &outcome.expected else {
        return Ok(true);
    };
    let squeezed = |row: &String| row.split_whitespace().collect::<Vec<_>>().join(" ");
    let came: Vec<String> = outcome.rows().iter().map(squeezed).collect();
    if came == *expected {
        return Ok(true);
    }
    if !is_json {
        writeln!(out, "the cart at line {} comes out otherwise than the file says:", outcome.line)?;
        for row in expected.iter().filter(|row| !came.contains(row)) {
            writeln!(out, "- {row}")?;
        }
        for row in came.iter().filter(|row| !expected.contains(row)) {
            writeln!(out, "+ {row}")?;
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trial of the golden ones.
    const TRIAL: &str = include_str!("../../domain/tests/golden/rate-off.txt");

    fn tried(text: &str, is_json: bool) -> Result<(bool, String), TrialError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.txt");
        std::fs::write(&path, text).unwrap();
        let mut out = Vec::new();
        let is_right = try_cart(&path, is_json, &mut out)?;
        Ok((is_right, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn a_trial_is_told_as_rows_and_as_one_document_a_line() {
        let (is_right, rows) = tried(TRIAL, false).unwrap();
        assert!(is_right, "{rows}");
        assert!(rows.lines().any(|row| row.starts_with("total ")), "{rows}");
        let (_, documents) = tried(TRIAL, true).unwrap();
        for document in documents.lines() {
            let quote: serde_json::Value = serde_json::from_str(document).unwrap();
            assert!(quote["total_minor"].is_i64(), "{document}");
        }
    }

    #[test]
    fn what_comes_out_otherwise_than_the_file_says_is_told() {
        let wrong = TRIAL.replace("\ntotal ", "\ntotal 9");
        assert_ne!(wrong, TRIAL);
        let (is_right, rows) = tried(&wrong, false).unwrap();
        assert!(!is_right);
        assert!(rows.lines().any(|row| row.starts_with("- total 9")), "{rows}");
    }

    #[test]
    fn a_file_that_is_no_trial_is_refused_with_its_line() {
        let refused = tried("item TEA 12.00 piece\nnonsense\n---\n", false).unwrap_err();
        let TrialError::Text(fault) = refused else { panic!("{refused}") };
        assert_eq!(fault.line, 2);
        let missing = try_cart(Path::new("no such trial"), false, &mut Vec::new());
        assert!(matches!(missing, Err(TrialError::Read { .. })), "{missing:?}");
        let long = "#".repeat(TRIAL_BYTES_MAX + 1);
        assert!(matches!(tried(&long, false), Err(TrialError::TooLarge)));
    }
}
