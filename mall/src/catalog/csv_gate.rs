//! Lets only whole records of a CSV file through, and holds up what would swallow the lines after.
//!
//! A quote that is never closed would make one cell of all that follows. A record that is none
//! becomes an empty line here, so that lines stay counted, and the next line begins a new record.
//!
//! **Invariant:** never holds more than one record of `RECORD_BYTES_MAX` and one line.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

/// More is no row of a price list: 64 KiB.
pub(super) const RECORD_BYTES_MAX: usize = 64 * 1_024;
/// Bytes of a held up line that are told.
const SHOWN_BYTES_MAX: usize = 240;

/// A line that was held up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldUp {
    /// Which, from 1.
    pub(super) line: u64,
    /// How it begins.
    pub(super) text: String,
}

/// A file whose every line ends with a line feed, without the records that are none.
pub(super) struct Gate<R> {
    input: R,
    delimiter: u8,
    /// The last line that was read.
    line: u64,
    /// Lines that were read as part of a record that is none.
    waiting: VecDeque<Vec<u8>>,
    ready: Vec<u8>,
    place: usize,
    held_up: VecDeque<HeldUp>,
}

impl<R: BufRead> Gate<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            line: 0,
            waiting: VecDeque::new(),
            ready: Vec::new(),
            place: 0,
            held_up: VecDeque::new(),
        }
    }

    /// The next line that was held up before this one.
    pub(super) fn held_up_before(&mut self, line: u64) -> Option<HeldUp> {
        self.held_up.pop_front_if(|held| held.line < line)
    }

    /// The next line; of one that is too long only the beginning, without its line feed.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.waiting.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let most = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX);
        (&mut self.input).take(most).read_until(b'\n', &mut line)?;
        if line.len() == RECORD_BYTES_MAX && !line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(line).filter(|line| !line.is_empty()))
    }

    /// Makes the next record ready, or an empty line in its stead; `false` at the end.
    fn refill(&mut self) -> io::Result<bool> {
        self.place = 0;
        self.ready.clear();
        let Some(first) = self.next_line()? else { return Ok(false) };
        self.line += 1;
        let mut quote = Quote::Start.after(&first, self.delimiter, true);
        let mut bytes = first.len();
        let mut rest = Vec::new();
        let mut is_whole = first.ends_with(b"\n");
        while is_whole && quote == Quote::Open {
            let Some(line) = self.next_line()? else { break };
            bytes += line.len();
            is_whole = line.ends_with(b"\n") && bytes <= RECORD_BYTES_MAX;
            quote = quote.after(&line, self.delimiter, false);
            rest.push(line);
        }
        if is_whole && quote == Quote::Start {
            self.line += u64::try_from(rest.len()).unwrap_or(0);
            self.ready = first;
            rest.iter().for_each(|line| self.ready.extend(line));
            return Ok(true);
        }
        let shown = first.get(..SHOWN_BYTES_MAX).unwrap_or(&first);
        let text = String::from_utf8_lossy(shown).trim().to_owned();
        self.held_up.push_back(HeldUp { line: self.line, text });
        rest.into_iter().rev().for_each(|line| self.waiting.push_front(line));
        self.ready.push(b'\n');
        Ok(true)
    }
}

impl<R: BufRead> Read for Gate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.place >= self.ready.len() && !self.refill()? {
            return Ok(0);
        }
        let mut rest = self.ready.get(self.place..).unwrap_or_default();
        let n = rest.read(out)?;
        self.place += n;
        Ok(n)
    }
}

/// Where in a record we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    /// A cell begins.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Behind a quote that opens.
    Open,
    /// Behind a quote that closes, or is the first of two.
    Close,
    /// Behind a closing quote more text follows, lines after the one that opens: that was the
    /// opening quote of another cell.
    Broken,
}

impl Quote {
    fn after(self, line: &[u8], delimiter: u8, is_first: bool) -> Self {
        line.iter().fold(self, |quote, byte| match (quote, *byte) {
            (Self::Broken, _) => Self::Broken,
            (Self::Open, b'"') => Self::Close,
            (Self::Open, _) | (Self::Start | Self::Close, b'"') => Self::Open,
            (Self::Start | Self::Plain | Self::Close, b'\n') => Self::Start,
            (Self::Start | Self::Plain | Self::Close, byte) if byte == delimiter => Self::Start,
            (Self::Close, _) if !is_first => Self::Broken,
            (Self::Start | Self::Plain | Self::Close, _) => Self::Plain,
        })
    }
}
