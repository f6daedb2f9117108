//! What was done, told as a table while it is done.

use std::{fmt::Write as _, future::Future, io::Write as _};

use anyhow::Result;
use tokio::time::Instant;

/// Columns of the step's name.
const WHAT_COLUMNS: usize = 44;
/// Columns of the result.
const RESULT_COLUMNS: usize = 62;

/// The steps so far.
#[derive(Debug)]
pub struct Table {
    text: String,
    n: u32,
    is_told: bool,
}

impl Table {
    /// An empty table; told ones print each row when it is done.
    #[must_use]
    pub fn new(is_told: bool) -> Self {
        let mut table = Self { text: String::new(), n: 0, is_told };
        table.row("", "step", "result", "ms");
        table
    }

    /// Says whose journey begins.
    pub fn part(&mut self, whose: &str) {
        self.line("");
        self.line(whose);
    }

    /// Does a step and writes down what came of it.
    ///
    /// # Errors
    /// The step's own.
    pub async fn step<T>(
        &mut self,
        what: &str,
        work: impl Future<Output = Result<(T, String)>>,
    ) -> Result<T> {
        self.n += 1;
        let begun = Instant::now();
        let done = work.await;
        let (number, ms) = (format!("{:2}", self.n), begun.elapsed().as_millis().to_string());
        match done {
            Ok((value, result)) => {
                self.row(&number, what, &result, &ms);
                Ok(value)
            }
            Err(error) => {
                self.row(&number, what, "NOT SO", &ms);
                Err(error.context(format!("step {}: {what}", self.n)))
            }
        }
    }

    fn row(&mut self, number: &str, what: &str, result: &str, ms: &str) {
        let (what, result) = (padded(what, WHAT_COLUMNS), padded(result, RESULT_COLUMNS));
        self.line(&format!("{number:>2}  {what}  {result}  {ms:>6}"));
    }

    fn line(&mut self, line: &str) {
        // A string takes every line.
        let _ = writeln!(self.text, "{line}");
        if self.is_told {
            // Nobody listening is no reason to stop.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    /// All rows.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Fills up with blanks; an ideograph takes two columns of a terminal.
fn padded(text: &str, columns: usize) -> String {
    let used: usize = text.chars().map(|c| if u32::from(c) >= 0x2E80 { 2 } else { 1 }).sum();
    let blanks = columns.saturating_sub(used);
    format!("{text}{}", " ".repeat(blanks))
}
