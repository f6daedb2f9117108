//! The whole of a quote: what is open, lane after lane, the sums.
//!
//! Goods are priced in an order of their own (`units::order_of_goods`), so that the order of
//! scanning never decides who gets the odd fen.

use super::{
    Applied, By, Note, Occasion, PriceBook, Quote, QuoteRefusal, QuotedLine, RuleIx, Taking, Why,
    benefit::{self, Benefits, is_benefit},
    book::Hit,
    lane, manual,
    open::{Moment, uses_left},
    pieces,
    reach::{Case, Done, Lines},
    rule::{Lane, Reward, Rule},
    tax_inside,
    units::{Counter, Points, check_occasion, order_of_goods},
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
    check_occasion(occasion)?;
    if lines.len() > CART_LINES_MAX {
        return Err(QuoteRefusal::TooManyLines(lines.len()));
    }
    let order = order_of_goods(lines);
    let in_order =
        || order.iter().filter_map(|place| Some((*place, lines.get(usize::from(*place))?)));
    let goods: Vec<(u16, &CartLine)> = in_order().collect();
    check_ids(&goods)?;
    let items: Vec<&LineItem> = goods.iter().map(|(_, line)| &line.item).collect();
    let points = Points {
        left: occasion.shopper.as_ref().map_or(0, |shopper| shopper.points),
        wish: occasion.points_to_pay,
        spent: 0,
    };
    let mut counter = Counter::of(goods.iter().copied(), points)?;
    let hits = book.hits(items.iter().copied());
    let mut log = Log::default();
    let cases = cases(book, &hits, occasion, &items, &mut log);
    let place_of = |id: LineId| {
        let at = goods.iter().position(|(_, line)| line.id == id)?;
        u16::try_from(at).ok()
    };
    let bounded = run_lanes(&mut counter, &cases, occasion, &place_of, &mut log)?;
    let last: Vec<Case<'_>> = cases.iter().filter(|case| is_last(case.rule)).copied().collect();
    let benefits = benefit::run(&mut counter, &last, occasion.delivery_fee);
    log.add(&last, &benefits.dones);
    sum_up(book, &goods, occasion, Made { counter, benefits, log, bounded, order: &order })
}

/// What became of each rule and each coupon.
#[derive(Debug, Default)]
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

    fn uses_of(&self, by: By) -> u32 {
        self.uses.iter().find(|(known, _)| *known == by).map_or(1, |(_, uses)| *uses)
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

fn check_ids(goods: &[(u16, &CartLine)]) -> Result<(), QuoteRefusal> {
    let mut ids: Vec<LineId> = goods.iter().map(|(_, line)| line.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    });
    twice.map_or(Ok(()), |id| Err(QuoteRefusal::Twice(id)))
}

/// The rules that mean something on the counter and are open; the others get their note here.
fn cases<'a>(
    book: &'a PriceBook,
    hits: &'a [Hit],
    occasion: &'a Occasion,
    items: &'a [&'a LineItem],
    log: &mut Log,
) -> Vec<Case<'a>> {
    let moment = Moment::of(occasion);
    let mut cases = Vec::with_capacity(64);
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
        let claims = Lines::of(hits, ready.n_claimed);
        let (uses_max, uses_shared) = (uses.each.min(chosen(rule, occasion)), uses.all);
        let by = By::Rule(ix);
        let case = Case { ix, by, rule, ready, hits, claims, uses_max, uses_shared, items };
        if rule.coupon {
            cases.extend(shown.map(|by| Case { by, ..case }));
        } else {
            cases.push(case);
        }
    }
    cases
}

/// The coupons of a rule that were presented, as many as the rule lets into one order.
fn coupons_of<'a>(
    rule: &'a Rule,
    ix: RuleIx,
    occasion: &'a Occasion,
) -> impl Iterator<Item = By> + 'a {
    let max = usize::try_from(rule.limits.coupons.unwrap_or(1)).unwrap_or(usize::MAX);
    let coupons = (0..).zip(&occasion.coupons).filter(|_| rule.coupon);
    coupons
        .filter(|(_, coupon)| coupon.rule == rule.id)
        .map(move |(number, _)| By::Coupon(ix, number))
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
    for lane in Lane::ALL {
        counter.enter(lane);
        let of_lane: Vec<Case<'_>> = cases
            .iter()
            .filter(|case| case.ready.lane == lane && !is_last(case.rule))
            .copied()
            .collect();
        if !of_lane.is_empty() {
            let ran = lane::run(counter, &of_lane);
            log.add(&of_lane, &ran.dones);
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
    let Made { counter, benefits, log, bounded, order } = made;
    let mut lines: Vec<(u16, QuotedLine)> = (0..)
        .zip(goods)
        .map(|(at, (place, line))| (*place, quoted_line(&counter, at, line)))
        .collect();
    lines.sort_by_key(|(place, _)| *place);
    let lines: Vec<QuotedLine> = lines.into_iter().map(|(_, line)| line).collect();
    let list = Money::sum(lines.iter().map(|line| line.list))?;
    let amount = Money::sum(lines.iter().map(|line| line.amount))?;
    let fee = occasion.delivery_fee;
    let total = amount.plus(fee)?.minus(benefits.delivery_saved)?;
    let points_spent = counter.points.spent;
    let mut takings = counter.into_takings();
    for taking in &mut takings {
        taking.line = order.get(usize::from(taking.line)).copied().unwrap_or(taking.line);
    }
    Ok(Quote {
        revision: book.revision(),
        applied: applied(&takings, &log, &benefits),
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
fn applied(takings: &[Taking], log: &Log, benefits: &Benefits) -> Vec<Applied> {
    let mut applied: Vec<Applied> = Vec::new();
    let mut add = |by: By, lane: Lane, amount: i64| {
        // Takings of one turn stand together, so the search ends at once mostly.
        let known = applied.iter_mut().rev().find(|one| one.by == by);
        match known {
            Some(one) => one.saved = Money::from_minor(one.saved.minor() + amount),
            None => applied.push(Applied {
                by,
                lane,
                uses: log.uses_of(by),
                saved: Money::from_minor(amount),
            }),
        }
    };
    for taking in takings {
        add(taking.by, taking.lane, taking.each.minor() * i64::from(taking.units));
    }
    for (by, waived) in &benefits.waived {
        let lane = if matches!(by, By::Coupon(..)) { Lane::Coupon } else { Lane::Order };
        add(*by, lane, waived.minor());
    }
    applied
}
