//! The trial (试价): a text in which a merchandiser writes items, rules and a cart, and reads what
//! it costs and why. `docs/pricing.md` has every word of it.
//!
//! | file | what |
//! | --- | --- |
//! | `words` | a line as words, numbers and amounts |
//! | `goods_text`, `step_text`, `clause`, `rule_text` | rules as text and as cells of a table |
//! | `set_up` | items, rules, and the circumstances |
//! | `counter` | what happens at the counter |
//! | `after` | returns and exchanges of what was sold |
//! | `outcome`, `rows` | what came of it, and as rows |
//!
//! A trial has a set-up, then pairs of happenings and the rows that must come of them, all divided
//! by lines of `---`. The last rows may be left away: then the trial only tells.
//!
//! **Invariant:** it decides nothing: `cart`, `pricing`, `tender` and `order` do. What it prints, a
//! person can check with a pencil.

pub mod after;
mod clause;
mod counter;
mod goods_text;
pub mod outcome;
#[cfg(test)]
mod round_trip;
mod rows;
pub mod rule_text;
mod set_up;
mod step_text;
mod words;

pub use outcome::{Detail, Outcome};
pub use words::Unclear;

use counter::Counter;
use set_up::SetUp;
use words::Words;

use crate::pricing::goods::Goods;

/// Bytes of a trial: some thousand rules; more is a rule set and not a trial.
pub const TRIAL_BYTES_MAX: usize = 1_048_576;
/// Lines of a trial, for the same reason.
pub const TRIAL_LINES_MAX: usize = 20_000;
/// Items of a trial: what a cart can hold and as much again to choose from.
pub const TRIAL_ITEMS_MAX: usize = 400;
/// Carts of one trial; each is priced anew.
pub const TRIAL_CARTS_MAX: usize = 100;

/// What divides the parts.
pub(crate) const DIVIDER: &str = "---";

/// A line of a trial or a rule that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TextFault {
    /// Which line, from 1.
    pub line: u32,
    /// What is not understood there, in one sentence.
    pub what: String,
}

/// Runs every cart of a trial.
pub fn run(text: &str) -> Result<Vec<Outcome>, TextFault> {
    let fault = |line, what: String| TextFault { line, what };
    if text.len() > TRIAL_BYTES_MAX {
        return Err(fault(1, format!("a trial has at most {TRIAL_BYTES_MAX} bytes")));
    }
    let parts = parts(text);
    let mut rows = parts.iter().flatten();
    if let Some(row) = rows.nth(TRIAL_LINES_MAX) {
        return Err(fault(row.line, format!("a trial has at most {TRIAL_LINES_MAX} lines")));
    }
    let mut parts = parts.into_iter();
    let set_up = SetUp::read(&parts.next().unwrap_or_default())?;
    let ready = set_up.ready();
    let mut outcomes = Vec::new();
    while let Some(happenings) = parts.next() {
        let line = happenings.first().map_or(1, |row| row.line);
        if outcomes.len() >= TRIAL_CARTS_MAX {
            return Err(fault(line, format!("a trial has at most {TRIAL_CARTS_MAX} carts")));
        }
        let mut counter = Counter::open(&set_up);
        for row in &happenings {
            let words = Words::of(row.text);
            let done = words.and_then(|mut words| match words.is_done() {
                true => Ok(()),
                false => counter.happen(&mut words),
            });
            done.map_err(|unclear| fault(row.line, unclear.0))?;
        }
        let expected = parts.next().map(|rows| expected(&rows)).transpose()?;
        outcomes.push(Outcome::of(counter, &ready, line, expected));
    }
    Ok(outcomes)
}

/// A line of a trial.
#[derive(Clone, Copy, Debug)]
struct Row<'a> {
    line: u32,
    text: &'a str,
}

fn parts(text: &str) -> Vec<Vec<Row<'_>>> {
    let mut parts = vec![Vec::new()];
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim() == DIVIDER {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(Row { line, text });
        }
    }
    parts
}

/// What must come of it: rows without remarks, words one blank apart.
fn expected(rows: &[Row<'_>]) -> Result<Vec<String>, TextFault> {
    let mut expected = Vec::new();
    for row in rows {
        let words =
            Words::of(row.text).map_err(|unclear| TextFault { line: row.line, what: unclear.0 })?;
        let row = words.typed().split_whitespace().collect::<Vec<_>>().join(" ");
        if !row.is_empty() {
            expected.push(row);
        }
    }
    Ok(expected)
}

/// Reads goods as a cell or a line has them.
pub fn parse_goods(text: &str) -> Result<Goods, Unclear> {
    let mut words = Words::of(text)?;
    let goods = goods_text::read(&mut words)?;
    words.end()?;
    Ok(goods)
}

/// Goods as a cell or a line has them.
#[must_use]
pub fn write_goods(goods: &Goods) -> String {
    goods_text::write(goods)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        run(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_line() {
        for (text, what) in [
            ("item tea 29.90 box\n---\n", "line 1: `box` is neither piece nor kg"),
            (
                "item tea 29.90 piece\ngive free delivery\n",
                "line 2: `give` belongs to a rule: indent it below its `rule` line",
            ),
            ("rule a A\n  at 10.00 give 88%\n", "line 2: a rate is what is left: write `to 88%`"),
            ("rule a A\n  goods sku x\n  goods sku y\n", "line 3: `goods` is there twice"),
            ("rule a A\n  who\n", "line 2: `who` says nothing"),
            ("member tier\n", "line 1: expected a tier at the end of the line"),
            (
                "at 2026-11-31 10:00\n",
                "line 1: `2026-11-31T10:00:00` is not a date and a time of the day",
            ),
            ("---\n\nscan tea\n", "line 3: there is no item `tea`"),
            ("---\nundo\n", "line 2: there is nothing to undo"),
            (
                "item tea 1 piece\n---\nscan tea tea\n",
                "line 3: `tea` is not a quantity such as 3 or 0.452",
            ),
        ] {
            assert_eq!(fault(text), what);
        }
    }

    #[test]
    fn a_trial_has_limits() {
        let carts = "---\nscan tea\n---\ntea 1 1.00\ntotal 1.00\n".repeat(TRIAL_CARTS_MAX);
        let text = format!("item tea 1.00 piece\n{carts}");
        assert_eq!(run(&text).unwrap().len(), TRIAL_CARTS_MAX);
        assert!(fault(&format!("{text}---\nscan tea\n")).contains("at most 100 carts"));
        assert!(fault(&"\n".repeat(TRIAL_LINES_MAX + 1)).contains("at most 20000 lines"));
        assert!(fault(&" ".repeat(TRIAL_BYTES_MAX + 1)).contains("at most 1048576 bytes"));
        let items: String =
            (0..=TRIAL_ITEMS_MAX).map(|n| format!("item i{n} 1.00 piece\n")).collect();
        assert!(fault(&items).contains("at most 400 items"));
    }

    #[test]
    fn a_trial_without_expected_rows_only_tells() {
        let outcomes = run("item tea 29.90 piece\n---\nscan 2 tea\n").unwrap();
        let [outcome] = outcomes.as_slice() else { panic!("one cart") };
        assert_eq!(outcome.expected, None);
        assert_eq!(outcome.rows(), ["tea 2 59.80", "total 59.80"]);
    }
}
