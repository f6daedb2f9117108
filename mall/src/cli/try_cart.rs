//! A trial: a text of items, rules and carts, priced without any mall.
//!
//! **Invariant:** no database is opened; the file alone says what it costs.

use std::path::Path;

use domain::{
    pricing::explain::Language,
    trial::{
        self, Detail, Outcome, TRIAL_BYTES_MAX, TextFault,
        outcome::{Priced, Quoted},
    },
};
use serde_json::json;
use sync::wire::QuoteV1;

use super::{CliError, Out};

/// What is told of every cart, whatever the file asks for.
const SHOWN: [Detail; 4] = [Detail::Tax, Detail::Lines, Detail::Next, Detail::Trace];

/// Why a trial was not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrialError {
    /// It cannot be read, or is no UTF-8.
    #[error("could not read the trial")]
    Read(#[from] std::io::Error),
    /// Over `TRIAL_BYTES_MAX`.
    #[error("a trial has at most {TRIAL_BYTES_MAX} bytes")]
    TooLarge,
    /// A line is not understood.
    #[error(transparent)]
    Text(#[from] TextFault),
}

/// Prices every cart of a file; `false` when rows that the file expects do not come.
pub(super) fn try_cart(file: &Path, is_json: bool, out: Out<'_>) -> Result<bool, CliError> {
    let outcomes = run(file)?;
    let mut is_right = true;
    for outcome in &outcomes {
        if is_json {
            // One document a line, so that many carts can be compared line by line.
            out.write_all(&document(outcome)?)?;
            writeln!(out)?;
        } else {
            outcome.rows_with(&SHOWN).iter().try_for_each(|row| writeln!(out, "{row}"))?;
        }
        is_right &= tell_unexpected(outcome, is_json, out)?;
    }
    Ok(is_right)
}

fn run(file: &Path) -> Result<Vec<Outcome>, TrialError> {
    let bytes = std::fs::metadata(file)?.len();
    if usize::try_from(bytes).map_or(true, |bytes| bytes > TRIAL_BYTES_MAX) {
        return Err(TrialError::TooLarge);
    }
    Ok(trial::run(&std::fs::read_to_string(file)?)?)
}

fn document(outcome: &Outcome) -> Result<Vec<u8>, serde_json::Error> {
    match &outcome.priced {
        Priced::Quoted(quoted) => {
            let Quoted { book, quote, notes, .. } = quoted.as_ref();
            serde_json::to_vec(&QuoteV1::of(book, quote, notes, Language::Zh))
        }
        Priced::NoQuote(refusal) => serde_json::to_vec(&json!({ "refused": refusal.to_string() })),
        Priced::NoRules(_) => serde_json::to_vec(&json!({ "refused": outcome.rows() })),
    }
}

/// Says which rows the file expects and did not get.
fn tell_unexpected(outcome: &Outcome, is_json: bool, out: Out<'_>) -> Result<bool, CliError> {
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
        let missing = expected.iter().filter(|row| !came.contains(row));
        missing.map(|row| format!("- {row}")).try_for_each(|row| writeln!(out, "{row}"))?;
        let extra = came.iter().filter(|row| !expected.contains(row));
        extra.map(|row| format!("+ {row}")).try_for_each(|row| writeln!(out, "{row}"))?;
    }
    Ok(false)
}
