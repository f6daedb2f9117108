//! Breaks printable text into lines of a width counted in GBK bytes.
//!
//! **Invariant:** joined again and without its spaces, the answer is the question: no character
//! is lost.

use crate::printer::gbk;

/// Characters that must not end a line: the next one belongs to them.
const CLINGS_TO_NEXT: &str = "￥￡€（《〈【“‘「『";

/// Characters that must not begin a line.
const CLINGS_TO_PREVIOUS: &str = "，。、；：！？）》〉】”’」』％…·";

/// Lines of at most `columns` columns; an empty text is one empty line.
///
/// Breaks at spaces and beside hanzi, and inside a word only when the word alone is too wide.
/// `text` must be printable. With fewer than two columns nothing can be broken and the text comes
/// back whole.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    if columns < 2 {
        return vec![text.to_owned()];
    }
    let mut lines = Lines::new(columns);
    for unit in units(text) {
        lines.add(unit);
    }
    lines.finish()
}

/// As [`wrap`], with lines of about the same length: for centred text, where one character alone
/// on the last line looks like a mistake.
pub(super) fn balanced(text: &str, columns: usize) -> Vec<String> {
    let lines = wrap(text, columns);
    let height = lines.len();
    let widest_unit = units(text).into_iter().map(gbk::width).max().unwrap_or(0);
    // Never so narrow that a word breaks which would have stood whole.
    (widest_unit.max(2)..columns)
        .rev()
        .map(|narrower| wrap(text, narrower))
        .take_while(|narrower| narrower.len() == height)
        .last()
        .unwrap_or(lines)
}

/// As much of the text as fits, from its beginning.
pub(crate) fn clip(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|character| {
            used += gbk::columns(*character);
            used <= columns
        })
        .collect()
}

/// Lines under construction.
struct Lines {
    columns: usize,
    done: Vec<String>,
    line: String,
    used: usize,
}

impl Lines {
    fn new(columns: usize) -> Self {
        Self { columns, done: Vec::new(), line: String::new(), used: 0 }
    }

    fn add(&mut self, unit: &str) {
        let width = gbk::width(unit);
        if self.used + width <= self.columns {
            if unit != " " || self.used > 0 || self.done.is_empty() {
                self.line.push_str(unit);
                self.used += width;
            }
        } else if unit == " " {
            self.end_line();
        } else if width <= self.columns {
            self.end_line();
            self.line.push_str(unit);
            self.used = width;
        } else {
            self.add_by_character(unit);
        }
    }

    /// A unit that no line can hold is filled in character by character.
    fn add_by_character(&mut self, unit: &str) {
        for character in unit.chars() {
            let width = gbk::columns(character);
            if self.used + width > self.columns {
                self.end_line();
            }
            self.line.push(character);
            self.used += width;
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.done.push(line.trim_end_matches(' ').to_owned());
        self.used = 0;
    }

    fn finish(mut self) -> Vec<String> {
        if self.used > 0 || self.done.is_empty() {
            self.end_line();
        }
        self.done
    }
}

/// The text cut into pieces between which a line may end: words, spaces, hanzi with their
/// punctuation.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut start = 0;
    let mut previous: Option<char> = None;
    for (at, character) in text.char_indices() {
        if previous.is_some_and(|previous| may_break(previous, character)) {
            units.extend(text.get(start..at));
            start = at;
        }
        previous = Some(character);
    }
    units.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    units
}

fn may_break(previous: char, next: char) -> bool {
    if previous == ' ' || next == ' ' {
        return true;
    }
    if CLINGS_TO_NEXT.contains(previous) || CLINGS_TO_PREVIOUS.contains(next) {
        return false;
    }
    !previous.is_ascii() || !next.is_ascii()
}
