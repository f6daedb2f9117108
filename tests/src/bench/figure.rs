//! Samples, medians, ratios, and the report as text and JSON.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// Times something.
///
/// # Errors
/// Whatever it ends in.
#[expect(clippy::disallowed_methods, reason = "a benchmark is the one place that times itself")]
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed()))
}

/// A stopwatch for what awaits.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Instant);

impl Watch {
    /// Starts.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a benchmark is the one place that times itself")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Durations of one thing, done many times.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// Adds one.
    pub fn push(&mut self, duration: Duration) {
        self.0.push(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// The value below which so many of a thousand lie, in microseconds.
    #[must_use]
    pub fn permille(&self, permille: usize) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = sorted.len().saturating_sub(1) * permille / 1_000;
        sorted.get(at).copied().unwrap_or(0)
    }
}

/// One line of the report. Times are in microseconds; a ratio of 1,000 is one to one.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// Its median.
    pub p50_us: u64,
    /// Its 99th percentile; the median again where it was done once.
    pub p99_us: u64,
    /// The floor it stands on.
    pub floor: String,
    /// The floor's median.
    pub floor_p50_us: u64,
    /// Median by median, in thousandths.
    pub ratio_milli: u64,
    /// What the ratio may be, in thousandths; zero where nothing was promised.
    pub limit_milli: u64,
}

impl Figure {
    /// Holds something done many times against its floor.
    #[must_use]
    pub fn of(
        what: &str,
        samples: &Samples,
        floor: &str,
        under: &Samples,
        limit_milli: u64,
    ) -> Self {
        let (p50_us, floor_p50_us) = (samples.permille(500), under.permille(500));
        Self {
            what: what.to_owned(),
            p50_us,
            p99_us: samples.permille(990),
            floor: floor.to_owned(),
            floor_p50_us,
            ratio_milli: p50_us.saturating_mul(1_000) / floor_p50_us.max(1),
            limit_milli,
        }
    }

    /// Holds something done once against its floor.
    #[must_use]
    pub fn once(what: &str, took: Duration, floor: &str, under: Duration) -> Self {
        let one = |duration| {
            let mut samples = Samples::default();
            samples.push(duration);
            samples
        };
        Self::of(what, &one(took), floor, &one(under), 0)
    }

    /// Whether it keeps its promise.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.limit_milli == 0 || self.ratio_milli <= self.limit_milli
    }
}

/// A number that was promised by itself, without a floor.
#[derive(Clone, Debug, Serialize)]
pub struct Promise {
    /// What was measured, with its unit.
    pub what: String,
    /// What came out.
    pub got: u64,
    /// What was promised.
    pub bound: u64,
    /// Whether more is better.
    pub is_at_least: bool,
}

impl Promise {
    /// It must be so much or more.
    #[must_use]
    pub fn at_least(what: &str, got: u64, bound: u64) -> Self {
        Self { what: what.to_owned(), got, bound, is_at_least: true }
    }

    /// It must be so much or less.
    #[must_use]
    pub fn at_most(what: &str, got: u64, bound: u64) -> Self {
        Self { what: what.to_owned(), got, bound, is_at_least: false }
    }

    /// Whether it is kept.
    #[must_use]
    pub const fn holds(&self) -> bool {
        if self.is_at_least { self.got >= self.bound } else { self.got <= self.bound }
    }
}

/// The report: a table for people, JSON for programs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What was held against a floor.
    pub figures: Vec<Figure>,
    /// What was promised without one.
    pub promises: Vec<Promise>,
    /// What was only counted: name and value with its unit.
    pub notes: Vec<(String, String)>,
}

fn ms(us: u64) -> String {
    format!("{}.{:03}", us / 1_000, us % 1_000)
}

impl Report {
    /// Whether everything that was promised is kept.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.figures.iter().all(Figure::holds) && self.promises.iter().all(Promise::holds)
    }

    /// The table.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for figure in &self.figures {
            let ratio =
                format!("{}.{:02}", figure.ratio_milli / 1_000, figure.ratio_milli % 1_000 / 10);
            let limit = match figure.limit_milli {
                0 => String::new(),
                limit => {
                    format!(" (promised: at most {}.{:01})", limit / 1_000, limit % 1_000 / 100)
                }
            };
            let _ = writeln!(
                text,
                "{}\n  p50 {} ms, p99 {} ms\n  floor: {}, p50 {} ms\n  ratio {ratio}{limit}{}\n",
                figure.what,
                ms(figure.p50_us),
                ms(figure.p99_us),
                figure.floor,
                ms(figure.floor_p50_us),
                if figure.holds() { "" } else { "  NOT KEPT" },
            );
        }
        for promise in &self.promises {
            let _ = writeln!(
                text,
                "{}: {} (promised: at {} {}){}",
                promise.what,
                promise.got,
                if promise.is_at_least { "least" } else { "most" },
                promise.bound,
                if promise.holds() { "" } else { "  NOT KEPT" },
            );
        }
        for (name, value) in &self.notes {
            let _ = writeln!(text, "{name}: {value}");
        }
        text
    }

    /// Writes both into a folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).context("could not make the report's folder")?;
        std::fs::write(folder.join("bench.txt"), self.text())
            .context("could not write the report")?;
        let json = serde_json::to_string_pretty(self).context("could not write the report")?;
        std::fs::write(folder.join("bench.json"), json).context("could not write the report")
    }
}
