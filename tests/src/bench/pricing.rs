//! What a quote costs: on one core, against a floor, by the number of rules, in bytes.

use std::{
    collections::hash_map::RandomState,
    fmt::Write as _,
    hash::{BuildHasher as _, Hash as _, Hasher as _},
    hint::black_box,
};

use anyhow::{Context as _, Result, ensure};
use domain::{
    cart::CartLine,
    money::Money,
    pricing::{Occasion, PriceBook, Quote, RuleSet, quote},
};

use super::{
    campaign,
    figure::{Figure, Promise, Report, Watch},
};

/// Quotes that are timed, after a tenth as many that are not.
const TIMES: usize = 20_000;
/// Carts that take turns, so that no branch learns one by heart.
const CARTS: u32 = 16;
/// How often the floor reads its lines.
const FLOOR_ROUNDS: u32 = 20;
/// Every so manieth line of a cart is once the last.
const LAST_LINES_STEP: usize = 7;
/// What the issue asks for: quotes in a second, and the slowest of a hundred.
const QUOTES_PER_S_MIN: u64 = 20_000;
const P99_NS_MAX: u64 = 150_000;
/// A hundred times as many rules may cost a quote this much, in thousandths.
const MORE_RULES_MILLI_MAX: u64 = 1_500;

/// Allocations and bytes that some work asked for.
pub type Counter<'a> = &'a dyn Fn(&mut dyn FnMut()) -> (usize, usize);

/// Nanoseconds of one thing, done many times.
#[derive(Debug, Default)]
struct Nanos(Vec<u64>);

impl Nanos {
    fn push(&mut self, watch: Watch) {
        self.0.push(u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }

    fn permille(&self, permille: usize) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().saturating_sub(1) * permille / 1_000).copied().unwrap_or(0)
    }

    fn per_second(&self) -> u64 {
        let n = u64::try_from(self.0.len()).unwrap_or(0);
        n.saturating_mul(1_000_000_000) / self.0.iter().sum::<u64>().max(1)
    }
}

/// Reading and adding up the same lines, twenty times: as often as a quote's lanes look at them.
fn floor(lines: &[CartLine], keys: &RandomState) -> u64 {
    let mut sum = 0_u64;
    for _ in 0..FLOOR_ROUNDS {
        for line in lines {
            let mut hasher = keys.build_hasher();
            line.item.sku.hash(&mut hasher);
            line.item.brand.hash(&mut hasher);
            line.item.category.hash(&mut hasher);
            let amount = line.item.list_price.times(line.quantity).unwrap_or(Money::ZERO);
            sum = sum.wrapping_add(hasher.finish()).wrapping_add(amount.minor().unsigned_abs());
        }
    }
    sum
}

/// A book, carts, and the circumstances.
struct Campaign {
    book: PriceBook,
    carts: Vec<Vec<CartLine>>,
    occasion: Occasion,
}

impl Campaign {
    fn of(rules: u32) -> Result<Self> {
        let carts = (0..CARTS).map(campaign::cart).collect::<Result<_>>()?;
        Ok(Self { book: campaign::book(rules)?, carts, occasion: campaign::occasion() })
    }

    fn cart(&self, n: usize) -> &[CartLine] {
        self.carts.get(n % self.carts.len().max(1)).map_or(&[], Vec::as_slice)
    }

    fn quote(&self, lines: &[CartLine]) -> Result<Quote> {
        quote(&self.book, black_box(lines), &self.occasion).context("a quote of the campaign")
    }

    /// A book of the rules that reach a line: a quote of it alone has a note of each.
    fn reaching(&self, line: &CartLine) -> Result<PriceBook> {
        let one = std::slice::from_ref(line);
        let alone = self.quote(one)?;
        let rules = alone.notes.iter().filter_map(|note| self.book.rule(note.rule));
        let set = RuleSet { rules: rules.cloned().collect(), ..RuleSet::default() };
        PriceBook::compile(1, set).map_err(|found| anyhow::anyhow!("faults: {found:?}"))
    }

    /// Times whole quotes, with the floor in between.
    fn timed(&self, times: usize) -> Result<(Nanos, Nanos)> {
        let keys = RandomState::new();
        let (mut over, mut under) = (Nanos::default(), Nanos::default());
        for n in 0..times + times / 10 {
            let lines = self.cart(n);
            let watch = Watch::start();
            black_box(self.quote(lines)?);
            if n >= times / 10 {
                over.push(watch);
            }
            let watch = Watch::start();
            black_box(floor(black_box(lines), &keys));
            if n >= times / 10 {
                under.push(watch);
            }
        }
        Ok((over, under))
    }
}

/// Everything about pricing.
///
/// # Errors
/// When the campaign has no quote or does not do what it is made for.
pub fn all(report: &mut Report, counter: Counter<'_>) -> Result<()> {
    let small = Campaign::of(200)?;
    lively(report, &small)?;
    let (over, under) = small.timed(TIMES)?;
    report.figures.push(Figure {
        what: "quote of 50 lines with 200 rules, 40 of which apply".to_owned(),
        p50_us: over.permille(500) / 1_000,
        p99_us: over.permille(990) / 1_000,
        floor: format!("hashing three words and one amount of each line, {FLOOR_ROUNDS} times"),
        floor_p50_us: under.permille(500) / 1_000,
        ratio_milli: over.permille(500) * 1_000 / under.permille(500).max(1),
        limit_milli: 0,
    });
    let speed = over.per_second();
    report.promises.push(Promise::at_least("quotes a second on one core", speed, QUOTES_PER_S_MIN));
    let slow = over.permille(990);
    report.promises.push(Promise::at_most("the slowest quote of a hundred, ns", slow, P99_NS_MAX));
    more_rules(report, over.permille(500))?;
    one_more_line(report, &small)?;
    memory(report, &small, counter)
}

/// The campaign is what it says: most of its rules for the cart took or gave something.
fn lively(report: &mut Report, small: &Campaign) -> Result<()> {
    let priced = small.quote(small.cart(0))?;
    let did = priced.applied.len() + priced.grants.len();
    ensure!(did >= 25, "only {did} rules of the campaign did something");
    ensure!(priced.saved > Money::ZERO, "the campaign saves nothing");
    let text = format!(
        "{did} of 200 rules reduced or granted something, {} takings, {} of {} yuan saved",
        priced.takings.len(),
        priced.saved,
        priced.list,
    );
    report.notes.push(("the campaign's cart".to_owned(), text));
    Ok(())
}

/// The same rules for the cart, among more that are about other goods.
fn more_rules(report: &mut Report, with_200: u64) -> Result<()> {
    let mut text = format!("200: {} µs", with_200 / 1_000);
    for rules in [2_000, 20_000] {
        let watch = Watch::start();
        let large = Campaign::of(rules)?;
        let ready = watch.elapsed().as_millis();
        let p50 = large.timed(TIMES / 10)?.0.permille(500);
        let _ = write!(text, ", {rules}: {} µs (made ready in {ready} ms)", p50 / 1_000);
        report.promises.push(Promise::at_most(
            &format!("a quote with {rules} rules to one with 200, in thousandths"),
            p50 * 1_000 / with_200.max(1),
            MORE_RULES_MILLI_MAX,
        ));
    }
    report.notes.push(("quote by rules in force, the same 40 apply".to_owned(), text));
    Ok(())
}

/// What a till waits for when one more line is scanned, against what the rules cost that reach it.
///
/// **That line's rules** are those that count, reward or cut the line's item, open or not. They are
/// quoted over the whole cart, as a rule over the order cannot be quoted without the lines that it
/// counts and spreads over. So both sides price the same cart, the one with all rules in force, the
/// other with a book of those rules alone; each cart has each of several of its lines as the last.
fn one_more_line(report: &mut Report, small: &Campaign) -> Result<()> {
    let (mut with_all, mut with_its, mut n_its) = (Vec::new(), Vec::new(), 0);
    for cart in 0..small.carts.len() {
        for last in (0..small.cart(cart).len()).step_by(LAST_LINES_STEP) {
            let mut lines = small.cart(cart).to_vec();
            let line = lines.remove(last);
            let its = small.reaching(&line)?;
            n_its += its.rules().len();
            lines.push(line);
            let (mut all, mut own) = (Nanos::default(), Nanos::default());
            for _ in 0..TIMES / 100 {
                let watch = Watch::start();
                black_box(small.quote(&lines)?);
                all.push(watch);
                let watch = Watch::start();
                black_box(quote(&its, black_box(&lines), &small.occasion)?);
                own.push(watch);
            }
            with_all.push(all.permille(500));
            with_its.push(own.permille(500));
        }
    }
    let n = with_all.len().max(1);
    let count = u64::try_from(n)?;
    let mean = |nanos: &[u64]| nanos.iter().sum::<u64>() / count;
    let (all, its) = (mean(&with_all), mean(&with_its));
    let promise = Promise::at_most("ns of a quote after the 50th line was added", all, 2 * its);
    report.promises.push(promise);
    let text = format!("{its} ns; {} rules on average", n_its / n);
    report.notes.push(("quote of that cart with the rules that reach that line".to_owned(), text));
    Ok(())
}

fn memory(report: &mut Report, small: &Campaign, counter: Counter<'_>) -> Result<()> {
    let lines = small.cart(0);
    black_box(small.quote(lines)?);
    let (allocations, bytes) = counter(&mut || {
        black_box(small.quote(lines).ok());
    });
    let text = format!("{allocations} allocations, {bytes} bytes");
    report.notes.push(("memory of one quote of 50 lines".to_owned(), text));
    Ok(())
}
