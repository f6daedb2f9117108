//! The whole of a quote: what is open, lane after lane, the sums.
//!
//! Goods are priced in an order of their own (`units::order_of_goods`), so that the order of
//! scanning never decides who gets the odd fen.

use std::{collections::HashMap, ops::Range};

use rustc_hash::FxBuildHasher;

use super::{
    Applied, By, Note, Occasion, PriceBook, Quote, QuoteRefusal, QuotedLine, RuleIx, Why,
    benefit::{self, Benefits, is_benefit},
    book::Hit,
    carried::said,
    lane,
    lay::{check_ids, check_occasion, order_of_goods},
    manual,
    occasion::Coupon,
    open::{Moment, uses_left},
    pieces,
    reach::{Case, Done, Lines},
    rule::{Grant, Lane, Reward, Rule, Step},
    tax_inside,
    units::{Began, Counter, Points},
};
use crate::{
    cart::{CART_LINES_MAX, CartLine, LineItem},
    id::LineId,
    money::Money,
};

/// Prices goods. What it costs grows with the rules that mean these goods, not with the book.
pub fn quote(
    book: &PriceBook,
    lines: &[CartLine],
    occasion: &Occasion,
) -> Result<Quote, QuoteRefusal> {
    quote_counted(book, lines, occasion).map(|(quote, _)| quote)
}

/// The same, and how much work it was beside the looks at the lines that rules mean.
pub(super) fn quote_counted(
    book: &PriceBook,
    lines: &[CartLine],
    occasion: &Occasion,
) -> Result<(Quote, u64), QuoteRefusal> {
    check_occasion(occasion)?;
    if lines.len() > CART_LINES_MAX {
        return Err(QuoteRefusal::TooManyLines(lines.len()));
    }
    let order = order_of_goods(lines);
    let in_order =
        || order.iter().filter_map(|place| Some((*place, lines.get(usize::from(*place))?)));
    let goods: Vec<(u16, &CartLine)> = in_order().collect();
    check_ids(lines)?;
    let items: Vec<&LineItem> = goods.iter().map(|(_, line)| &line.item).collect();
    let points = Points {
        left: occasion.shopper.as_ref().map_or(0, |shopper| shopper.points),
        wish: occasion.points_to_pay,
        spent: 0,
    };
    let mut counter = Counter::of(goods.iter().copied(), points)?;
    let hits = book.hits(&items);
    let mut log = Log { notes: Vec::with_capacity(CASES), uses: Vec::with_capacity(CASES) };
    let Cases { of_lanes, last } = cases(book, &hits, occasion, &items, &mut log);
    let place_of = |id: LineId| {
        let at = goods.iter().position(|(_, line)| line.id == id)?;
        u16::try_from(at).ok()
    };
    let bounded = run_lanes(&mut counter, &of_lanes, occasion, &place_of, &mut log)?;
    let benefits = benefit::run(&mut counter, &last, occasion.delivery_fee);
    log.add(&last, &benefits.dones);
    let work = counter.work();
    let made = Made { counter, benefits, log, bounded, order: &order };
    Ok((sum_up(book, &goods, occasion, made)?, work))
}

/// Rules that mean something in most carts; more only grow a list.
const CASES: usize = 64;

/// What became of each rule and each coupon.
#[derive(Debug)]
struct Log {
    notes: Vec<(Note, u32)>,
    uses: Vec<(By, u32)>,
}

impl Log {
    fn add(&mut self, cases: &[Case<'_>], dones: &[Done]) {
        for (case, done) in cases.iter().zip(dones) {
            let note = Note { rule: case.ix, why: done.why, next: done.next };
            self.notes.push((note, done.uses));
            self.uses.push((case.by, done.uses));
        }
    }

    fn refuse(&mut self, rule: RuleIx, why: Why) {
        self.notes.push((Note { rule, why, next: None }, 0));
    }

    /// One note for each rule, in the order of the book; of several coupons that of the one that
    /// did most.
    fn into_notes(mut self) -> Vec<Note> {
        self.notes.sort_by_key(|(note, uses)| (note.rule, std::cmp::Reverse(*uses)));
        self.notes.dedup_by_key(|(note, _)| note.rule);
        self.notes.into_iter().map(|(note, _)| note).collect()
    }
}

/// What a quote is summed up from.
struct Made<'a> {
    counter: Counter,
    benefits: Benefits,
    log: Log,
    bounded: Vec<Lane>,
    order: &'a [u16],
}

/// One note for every rule of the book, in its order, for the goods of a quote.
#[must_use]
pub fn trace(book: &PriceBook, quote: &Quote, occasion: &Occasion) -> Vec<Note> {
    let moment = Moment::of(occasion);
    let known = |ix: RuleIx| {
        let at = quote.notes.binary_search_by_key(&ix, |note| note.rule).ok()?;
        quote.notes.get(at).copied()
    };
    let unmet = |ix: RuleIx| {
        let why = book.both(ix).map_or(Why::NoGoods, |(rule, ready)| {
            let is_shown = || occasion.coupons.iter().any(|coupon| coupon.rule == rule.id);
            match uses_left(rule, &ready.opening, moment) {
                Err(why) => why,
                Ok(_) if rule.coupon && !is_shown() => Why::NeedsCoupon,
                Ok(_) => Why::NoGoods,
            }
        });
        Note { rule: ix, why, next: None }
    };
    let all = (0..).map(RuleIx).take(book.rules().len());
    all.map(|ix| known(ix).unwrap_or_else(|| unmet(ix))).collect()
}

/// The rules that mean something on the counter and are open, in the order of the book.
struct Cases<'a> {
    /// Those that take, lane by lane.
    of_lanes: Vec<Case<'a>>,
    /// Those that only look at what is paid.
    last: Vec<Case<'a>>,
}

/// Finds them; the others that mean something get their note here.
fn cases<'a>(
    book: &'a PriceBook,
    hits: &'a [Hit],
    occasion: &'a Occasion,
    items: &'a [&'a LineItem],
    log: &mut Log,
) -> Cases<'a> {
    let moment = Moment::of(occasion);
    let mut cases = Cases { of_lanes: Vec::with_capacity(CASES), last: Vec::new() };
    for hits in hits.chunk_by(|a, b| a.rule() == b.rule()) {
        let Some(ix) = hits.first().map(|hit| hit.rule()) else { continue };
        let Some((rule, ready)) = book.both(ix) else { continue };
        let mut shown = coupons_of(rule, ix, occasion).peekable();
        if rule.coupon && shown.peek().is_none() {
            continue;
        }
        let uses = match uses_left(rule, &ready.opening, moment) {
            Ok(uses) => uses,
            Err(why) => {
                log.refuse(ix, why);
                continue;
            }
        };
        let behind = |end: u8| hits.partition_point(|hit| hit.part() < end);
        let own = Lines::of(hits.get(..behind(1)).unwrap_or_default());
        let claimed = behind(ready.claimed.start)..behind(ready.claimed.end);
        let claims = match ready.claimed {
            Range { start: 0, end: 1 } => own,
            Range { .. } => Lines::of(hits.get(claimed).unwrap_or_default()),
        };
        let (uses_max, uses_shared) = (uses.each.min(chosen(rule, occasion)), uses.all);
        let by = By::Rule(ix);
        let said = said_of(rule, hits, 0);
        let cases = if is_last(rule) { &mut cases.last } else { &mut cases.of_lanes };
        let case =
            Case { ix, by, rule, ready, hits, own, claims, uses_max, uses_shared, said, items };
        if rule.coupon {
            let of_coupon = |(by, coupon): (By, &Coupon)| {
                let said = said_of(rule, hits, coupon.code.len());
                Case { by, said, ..case }
            };
            cases.extend(shown.map(of_coupon));
        } else {
            cases.push(case);
        }
    }
    cases
}

/// What a rule's reduction says of itself on each line, or its grant once: what it is called, and
/// where it gives something for goods, the lines that count for that.
fn said_of(rule: &Rule, hits: &[Hit], code: usize) -> u64 {
    let thresholds = rule.steps.iter().map(thresholds).max().unwrap_or(0);
    let coupons = rule.steps.iter().map(|step| {
        if let Reward::Grant(Grant::NextCoupon(id)) = &step.reward { id.len() } else { 0 }
    });
    let names = rule.id.len() + rule.name.len() + code + coupons.max().unwrap_or(0);
    said(names, thresholds, hits.len().min(CART_LINES_MAX))
}

/// Thresholds that what a step gives is written down with.
fn thresholds(step: &Step) -> usize {
    let needs = step.needs.len();
    match &step.reward {
        // One more for the goods of which a rate is, or those bought.
        Reward::Grant(_) | Reward::BuyGet { goods: Some(_), .. } => needs + 1,
        Reward::Gift { .. } | Reward::AddOn { .. } => needs.max(1),
        Reward::BuyGet { goods: None, .. }
        | Reward::Units(_)
        | Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. }
        | Reward::AmountOff(_)
        | Reward::AmountRate(_)
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::PointsPay { .. } => 0,
    }
}

/// The coupons of a rule that were presented, as many as the rule lets into one order.
fn coupons_of<'a>(
    rule: &'a Rule,
    ix: RuleIx,
    occasion: &'a Occasion,
) -> impl Iterator<Item = (By, &'a Coupon)> {
    let max = usize::try_from(rule.limits.coupons.unwrap_or(1)).unwrap_or(usize::MAX);
    let coupons = (0..).zip(&occasion.coupons).filter(|_| rule.coupon);
    coupons
        .filter(|(_, coupon)| coupon.rule == rule.id)
        .map(move |(number, coupon)| (By::Coupon(ix, number), coupon))
        .take(max)
}

/// Uses that a shopper accepted; as many as there are where nobody has to.
fn chosen(rule: &Rule, occasion: &Occasion) -> u32 {
    if !rule.steps.iter().any(|step| matches!(step.reward, Reward::PointsPrice { .. })) {
        return u32::MAX;
    }
    let accepted = occasion.choices.iter().filter(|choice| choice.rule == rule.id);
    accepted.fold(0, |uses, choice| uses.saturating_add(choice.uses))
}

fn is_last(rule: &Rule) -> bool {
    rule.steps.first().is_some_and(|step| is_benefit(&step.reward))
}

/// Runs the lanes and answers which of them were searched within a bound.
fn run_lanes(
    counter: &mut Counter,
    cases: &[Case<'_>],
    occasion: &Occasion,
    place_of: &dyn Fn(LineId) -> Option<u16>,
    log: &mut Log,
) -> Result<Vec<Lane>, QuoteRefusal> {
    let mut bounded = Vec::new();
    let mut left = cases;
    for lane in Lane::ALL {
        counter.enter(lane);
        let (of_lane, behind) = left.split_at(left.partition_point(|case| case.ready.lane <= lane));
        left = behind;
        if !of_lane.is_empty() {
            let ran = lane::run(counter, of_lane);
            log.add(of_lane, &ran.dones);
            if ran.is_bounded {
                bounded.push(lane);
            }
        }
        match lane {
            Lane::Line => manual::run(counter, &occasion.manuals, place_of, true)?,
            Lane::Order => manual::run(counter, &occasion.manuals, place_of, false)?,
            Lane::Price | Lane::Group | Lane::Coupon | Lane::Points => {}
        }
    }
    Ok(bounded)
}

fn sum_up(
    book: &PriceBook,
    goods: &[(u16, &CartLine)],
    occasion: &Occasion,
    made: Made<'_>,
) -> Result<Quote, QuoteRefusal> {
    let Made { counter, mut benefits, log, bounded, order } = made;
    let mut by_place: Vec<(u16, u16)> = order.iter().copied().zip(0..).collect();
    by_place.sort_unstable();
    let line = |(_, at): (u16, u16)| Some(quoted_line(&counter, at, goods.get(usize::from(at))?.1));
    let lines: Vec<QuotedLine> = by_place.into_iter().filter_map(line).collect();
    let list = Money::sum(lines.iter().map(|line| line.list))?;
    let amount = Money::sum(lines.iter().map(|line| line.amount))?;
    let fee = occasion.delivery_fee;
    let total = amount.plus(fee)?.minus(benefits.delivery_saved)?;
    let points_spent = counter.points.spent;
    let applied = applied(&counter, &log, &benefits);
    let mut takings = counter.into_takings();
    let place_of = |line: u16| order.get(usize::from(line)).copied().unwrap_or(line);
    takings.iter_mut().for_each(|taking| taking.line = place_of(taking.line));
    for earning in benefits.earned.iter_mut().flat_map(|earned| &mut earned.earning) {
        earning.line = place_of(earning.line);
    }
    Ok(Quote {
        revision: book.revision(),
        applied,
        takings,
        notes: log.into_notes(),
        list,
        saved: list.plus(fee)?.minus(total)?,
        total,
        tax: Money::sum(lines.iter().map(|line| line.tax))?,
        pieces: goods.iter().map(|(_, line)| pieces(line.item.unit, line.quantity)).sum(),
        delivery_fee: fee,
        delivery_saved: benefits.delivery_saved,
        points_spent,
        points_earned: benefits.points_earned,
        earned: benefits.earned,
        grants: benefits.grants,
        bounded,
        lines,
    })
}

fn quoted_line(counter: &Counter, at: u16, line: &CartLine) -> QuotedLine {
    let (mut list, mut amount, mut gift_units) = (0, 0, 0);
    for (_, run) in counter.runs_of(at) {
        list += run.list * i64::from(run.n);
        amount += run.now * i64::from(run.n);
        gift_units += if run.is_gift { run.n } else { 0 };
    }
    let (list, amount) = (Money::from_minor(list), Money::from_minor(amount));
    QuotedLine {
        line: line.id,
        list,
        amount,
        tax: tax_inside(amount, line.item.tax_rate),
        gift_units,
    }
}

/// What each reduction did in all, in the order in which they began.
fn applied(counter: &Counter, log: &Log, benefits: &Benefits) -> Vec<Applied> {
    // Sorted, so that a cart under thousands of rules is no search through all of them for each.
    let mut uses = log.uses.clone();
    uses.sort_unstable();
    let uses_of = |by: By| {
        let at = uses.partition_point(|(known, _)| *known < by);
        uses.get(at).filter(|(known, _)| *known == by).map_or(1, |(_, uses)| *uses)
    };
    let mut applied: Vec<Applied> = Vec::with_capacity(uses.len());
    let mut places: HashMap<By, usize, FxBuildHasher> = HashMap::default();
    let mut add = |by: By, lane: Lane, Began { step, after }: Began, amount: i64| {
        // Takings of one turn mostly stand together.
        let last = applied.len().checked_sub(1);
        let is_last = applied.last().is_some_and(|one| one.by == by);
        let place = if is_last { last } else { places.get(&by).copied() };
        match place.and_then(|place| applied.get_mut(place)) {
            Some(one) => one.saved = Money::from_minor(one.saved.minor() + amount),
            None => {
                places.insert(by, applied.len());
                applied.push(Applied {
                    by,
                    lane,
                    step,
                    after,
                    uses: uses_of(by),
                    saved: Money::from_minor(amount),
                    points_each: counter.points_price(by),
                });
            }
        }
    };
    for (takings, began) in counter.turns() {
        for taking in takings {
            add(taking.by, taking.lane, began, taking.each.minor() * i64::from(taking.units));
        }
    }
    let after = u32::try_from(counter.takings().len()).unwrap_or(u32::MAX);
    for (by, step, waived) in &benefits.waived {
        let lane = if matches!(by, By::Coupon(..)) { Lane::Coupon } else { Lane::Order };
        add(*by, lane, Began { step: *step, after }, waived.minor());
    }
    applied
}
