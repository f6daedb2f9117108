//! A line as words, numbers and amounts.
//!
//! Words are divided by blanks; a comma and a semicolon are words of their own; `"…"` keeps blanks
//! and signs together; `#` begins a remark.
//!
//! **Invariant:** knows letters and numbers, and no promotion.

use crate::{
    money::{BasisPoints, Money},
    quantity::Quantity,
};

/// A text that is not understood: one sentence, without the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unclear(pub String);

/// Says what is not understood.
pub(super) fn unclear<T>(what: impl Into<String>) -> Result<T, Unclear> {
    Err(Unclear(what.into()))
}

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// What it says, without quotes.
    pub(super) text: String,
    /// It stood in quotes: it is a name and never one of our words.
    is_quoted: bool,
    /// Where it begins in the line, in bytes.
    start: usize,
}

/// The words of a line and how far they are read.
#[derive(Clone, Debug)]
pub(super) struct Words {
    words: Vec<Word>,
    at: usize,
    line: String,
}

/// Signs that end a word and are one themselves; also as Chinese keyboards type them.
fn mark(c: char) -> Option<&'static str> {
    match c {
        ',' | '，' => Some(","),
        ';' | '；' => Some(";"),
        _ => None,
    }
}

impl Words {
    /// Divides a line.
    pub(super) fn of(line: &str) -> Result<Self, Unclear> {
        let mut words = Vec::new();
        let mut rest = line.char_indices().peekable();
        let mut end = line.len();
        while let Some((start, c)) = rest.next() {
            if c.is_whitespace() {
                continue;
            }
            if c == '#' {
                end = start;
                break;
            }
            let (text, is_quoted) = if c == '"' {
                (quoted(&mut rest)?, true)
            } else if let Some(mark) = mark(c) {
                (mark.to_owned(), false)
            } else {
                let mut text = c.to_string();
                while let Some((_, next)) = rest.next_if(|(_, next)| is_inside(*next)) {
                    text.push(next);
                }
                (text, false)
            };
            words.push(Word { text, is_quoted, start });
        }
        Ok(Self { words, at: 0, line: line.get(..end).unwrap_or(line).trim_end().to_owned() })
    }

    /// Nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.words.len()
    }

    /// The next word of ours, not taken.
    pub(super) fn peek(&self) -> Option<&str> {
        self.words.get(self.at).filter(|word| !word.is_quoted).map(|word| word.text.as_str())
    }

    /// Takes the next word if it is this one.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let is_it = self.peek() == Some(word);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes this word, which must come now.
    pub(super) fn needs(&mut self, word: &str) -> Result<(), Unclear> {
        if self.takes(word) {
            return Ok(());
        }
        unclear(format!("expected `{word}`{}", self.instead()))
    }

    /// Takes a name, or whatever else the caller says comes now.
    pub(super) fn name(&mut self, what: &str) -> Result<String, Unclear> {
        match self.words.get(self.at) {
            Some(word) if word.is_quoted || mark_of(&word.text).is_none() => {
                self.at += 1;
                Ok(word.text.clone())
            }
            Some(_) | None => unclear(format!("expected {what}{}", self.instead())),
        }
    }

    /// Takes names divided by commas.
    pub(super) fn names(&mut self, what: &str) -> Result<Vec<String>, Unclear> {
        let mut names = vec![self.name(what)?];
        while self.takes(",") {
            names.push(self.name(what)?);
        }
        Ok(names)
    }

    /// What is left of the line as it was typed; one word in quotes gives what stands in them.
    pub(super) fn rest(&mut self) -> String {
        let left = self.words.get(self.at..).unwrap_or_default();
        let text = match left {
            [] => String::new(),
            [word] if word.is_quoted => word.text.clone(),
            [word, ..] => self.line.get(word.start..).unwrap_or_default().trim().to_owned(),
        };
        self.at = self.words.len();
        text
    }

    /// The whole line as it was typed, without its remark.
    pub(super) fn typed(&self) -> &str {
        &self.line
    }

    /// Nothing more may come.
    pub(super) fn end(&self) -> Result<(), Unclear> {
        if self.is_done() { Ok(()) } else { unclear(format!("did not expect{}", self.instead())) }
    }

    /// Takes an amount in yuan.
    pub(super) fn money(&mut self) -> Result<Money, Unclear> {
        let text = self.name("an amount in yuan")?;
        match decimal(&text, 2) {
            Some(minor) => Ok(Money::from_minor(minor)),
            None => unclear(format!("`{text}` is not an amount in yuan such as 20.00")),
        }
    }

    /// Takes a rate with its sign.
    pub(super) fn rate(&mut self) -> Result<BasisPoints, Unclear> {
        let text = self.name("a rate")?;
        match rate(&text) {
            Some(rate) => Ok(rate),
            None => unclear(format!("`{text}` is not a rate such as 88%")),
        }
    }

    /// Takes a weight or a number of pieces.
    pub(super) fn quantity(&mut self) -> Result<Quantity, Unclear> {
        let text = self.name("a quantity")?;
        match decimal(&text, 3) {
            Some(milli) => Ok(Quantity::from_milli(milli)),
            None => unclear(format!("`{text}` is not a quantity such as 3 or 0.452")),
        }
    }

    /// Takes a whole number.
    pub(super) fn number<N: std::str::FromStr>(&mut self, what: &str) -> Result<N, Unclear> {
        let text = self.name(what)?;
        text.parse().or_else(|_| unclear(format!("`{text}` is not {what}")))
    }

    /// How a sentence about the next word ends.
    pub(super) fn instead(&self) -> String {
        self.words.get(self.at).map_or_else(
            || " at the end of the line".to_owned(),
            |word| format!(" at `{}`", word.text),
        )
    }
}

fn mark_of(text: &str) -> Option<&'static str> {
    text.chars().next().and_then(mark)
}

fn is_inside(c: char) -> bool {
    !c.is_whitespace() && c != '#' && c != '"' && mark(c).is_none()
}

type Letters<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

/// What stands in quotes, the first of which is taken.
fn quoted(rest: &mut Letters<'_>) -> Result<String, Unclear> {
    let mut text = String::new();
    while let Some((_, c)) = rest.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match rest.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    unclear("a quote is not closed")
}

/// A name as it is written: bare where it can be read back so, else in quotes.
pub(super) fn word(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name != super::DIVIDER
        && name.chars().all(|c| is_inside(c) && !c.is_control());
    if is_bare { name.to_owned() } else { in_quotes(name) }
}

/// A name that ends its line, blanks and commas and all.
pub(super) fn rest(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name.trim() == name
        && !name.chars().any(|c| c == '#' || c == '"' || c.is_control());
    if is_bare { name.to_owned() } else { in_quotes(name) }
}

fn in_quotes(name: &str) -> String {
    let mut text = String::from('"');
    for c in name.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// Names divided by commas, as `Words::names` reads them.
pub(super) fn words<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| word(name)).collect::<Vec<_>>().join(", ")
}

/// `88%`, `12.5%`.
pub(super) fn percent(rate: BasisPoints) -> String {
    format!("{}%", shortest(i64::from(rate.0), 2))
}

/// Reads what `percent` wrote.
pub(super) fn rate(text: &str) -> Option<BasisPoints> {
    let hundredths = decimal(text.strip_suffix('%')?, 2)?;
    u16::try_from(hundredths).ok().map(BasisPoints)
}

/// A decimal number in units of so many places; more places than that are refused.
pub(super) fn decimal(text: &str, places: usize) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let kept = fraction.trim_end_matches('0');
    if !is_digits(whole) || !is_digits(fraction) || kept.len() > places {
        return None;
    }
    format!("{sign}{whole}{kept:0<places$}").parse().ok()
}

/// The shortest way to write what `decimal` reads.
pub(super) fn shortest(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_divided_by_blanks_commas_and_quotes() {
        let table = [
            ("scan 3 tea", vec!["scan", "3", "tea"]),
            ("sku a,b， c；d", vec!["sku", "a", ",", "b", ",", "c", ";", "d"]),
            ("sku \"大 益\" # a remark", vec!["sku", "大 益"]),
            ("  # only a remark", vec![]),
            ("\"a \\\"b\\\" \\\\ \\n\"", vec!["a \"b\" \\ \n"]),
        ];
        for (line, words) in table {
            let got: Vec<String> =
                Words::of(line).unwrap().words.into_iter().map(|w| w.text).collect();
            assert_eq!(got, words, "{line}");
        }
        let open = Words::of("\"open").map(|_| ());
        assert_eq!(open, unclear("a quote is not closed"));
    }

    #[test]
    fn decimals_read_back() {
        let table = [("12.9", 2, Some(1_290)), ("0.452", 3, Some(452)), ("-3", 2, Some(-300))];
        for (text, places, value) in table {
            assert_eq!(decimal(text, places), value, "{text}");
            assert_eq!(value.map(|v| shortest(v, places)), Some(text.to_owned()));
        }
        for bad in ["", ".5", "5.", "1e3", "12.345", "--1", "1,2", "99999999999999999999"] {
            assert_eq!(decimal(bad, 2), None, "{bad}");
        }
    }

    #[test]
    fn a_name_reads_back_however_it_looks() {
        for name in ["tea", "", "大 益", "a,b", "#1", "\"", "\\", "line\nbreak", "---", "　"] {
            let mut words = Words::of(&word(name)).unwrap();
            assert_eq!(words.name("a name"), Ok(name.to_owned()));
            assert!(words.is_done());
            assert_eq!(Words::of(&rest(name)).unwrap().rest(), name);
        }
    }
}
