//! What every quote must satisfy, looked at fen by fen.
//!
//! | | what |
//! | --- | --- |
//! | sums | takings make `applied`, lines, `saved` and `total`; parts always sum to the whole |
//! | units | never below nothing, never above list unless somebody with authority raised it |
//! | rules | a rule takes only in its lane, when it is open, from its goods, down to its floor, as often and as much as its limits allow |
//! | tax | inside each line, at its rate |

use std::collections::BTreeMap;

use domain::{
    cart::CartLine,
    money::Money,
    pricing::{
        By, Lane, PriceBook, Quote, Rule, Why, list_amount,
        rule::{Reward, RuleSet},
        tax_inside, units,
    },
};

use super::world::{Case, has, may_be_open};

/// The units of each line, each with what is left of its price.
pub(crate) type Running = Vec<Vec<i64>>;

/// Before any reduction.
pub(crate) fn at_list(lines: &[CartLine]) -> Running {
    lines
        .iter()
        .map(|line| {
            let n = units(line);
            let amount = list_amount(line).unwrap().minor();
            vec![if n == 1 { amount } else { line.item.list_price.minor() }; n as usize]
        })
        .collect()
}

/// The rule behind a taking, if it was not a hand.
pub(crate) const fn rule_of(by: By) -> Option<domain::pricing::RuleIx> {
    match by {
        By::Rule(rule) | By::Coupon(rule, _) => Some(rule),
        By::Manual(_) => None,
    }
}

macro_rules! demand {
    ($what:expr, $($told:tt)*) => {
        if !$what {
            return Err(format!($($told)*));
        }
    };
}
pub(crate) use demand;

/// Looks a quote over.
pub(crate) fn audit(case: &Case, book: &PriceBook, quote: &Quote) -> Result<(), String> {
    sums(case, quote)?;
    units_hold(case, book, quote)?;
    for ix in 0..book.rules().len() {
        let ix = domain::pricing::RuleIx(ix as u32);
        let rule = book.rule(ix).unwrap();
        rule_holds(case, rule, ix, quote)?;
    }
    benefits_hold(case, book, quote)?;
    notes_hold(book, quote)
}

fn sums(case: &Case, quote: &Quote) -> Result<(), String> {
    let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::sum(amounts).unwrap().minor();
    demand!(quote.lines.len() == case.lines.len(), "sums: a line is missing");
    let mut taken = vec![0; case.lines.len()];
    let mut by: BTreeMap<(By, Lane), i64> = BTreeMap::new();
    for taking in &quote.takings {
        let all = taking.each.minor() * i64::from(taking.units);
        taken[usize::from(taking.line)] += all;
        *by.entry((taking.by, taking.lane)).or_default() += all;
    }
    for (n, (line, quoted)) in case.lines.iter().zip(&quote.lines).enumerate() {
        demand!(quoted.line == line.id, "sums: line {n} has another id");
        demand!(quoted.list == list_amount(line).unwrap(), "sums: line {n} list {:?}", quoted.list);
        let left = quoted.list.minor() - taken[n];
        demand!(
            quoted.amount.minor() == left,
            "sums: line {n} costs {:?}, its takings leave {left}",
            quoted.amount
        );
        let tax = tax_inside(quoted.amount, line.item.tax_rate);
        demand!(quoted.tax == tax, "tax: line {n} has {:?}, not {tax:?}", quoted.tax);
    }
    let list = sum(&mut quote.lines.iter().map(|line| line.list));
    let amounts = sum(&mut quote.lines.iter().map(|line| line.amount));
    let tax = sum(&mut quote.lines.iter().map(|line| line.tax));
    let (fee, waived) = (quote.delivery_fee.minor(), quote.delivery_saved.minor());
    demand!(quote.list.minor() == list, "sums: list {:?}, lines {list}", quote.list);
    demand!(quote.tax.minor() == tax, "tax: {:?}, lines {tax}", quote.tax);
    demand!(quote.delivery_fee == case.occasion.delivery_fee, "sums: delivery fee");
    demand!((0..=fee).contains(&waived), "sums: delivery saved {waived} of {fee}");
    let total = quote.total.minor();
    demand!(
        total == amounts + fee - waived,
        "sums: total {total}, lines {amounts} + {fee} - {waived}"
    );
    demand!(
        quote.saved.minor() == list + fee - total,
        "sums: saved {:?} of {list} + {fee}, total {total}",
        quote.saved
    );
    let pieces: u32 =
        case.lines.iter().map(|l| domain::pricing::pieces(l.item.unit, l.quantity)).sum();
    demand!(quote.pieces == pieces, "sums: {} pieces", quote.pieces);
    applied_sums(quote, &by)
}

fn applied_sums(quote: &Quote, by: &BTreeMap<(By, Lane), i64>) -> Result<(), String> {
    let mut applied: BTreeMap<(By, Lane), i64> = BTreeMap::new();
    let mut delivery = 0;
    for one in &quote.applied {
        let key = (one.by, one.lane);
        demand!(applied.insert(key, one.saved.minor()).is_none(), "sums: {key:?} applied twice");
        let taken = by.get(&key).copied().unwrap_or(0);
        let beside = one.saved.minor() - taken;
        demand!(beside >= 0, "sums: {key:?} applied {:?}, took {taken}", one.saved);
        delivery += beside;
        demand!(one.uses > 0, "sums: {key:?} applied without a use");
    }
    for (key, taken) in by {
        demand!(applied.contains_key(key), "sums: {key:?} took {taken} and is not applied");
    }
    let waived = quote.delivery_saved.minor();
    demand!(delivery == waived, "sums: applied beside the goods {delivery}, delivery {waived}");
    Ok(())
}

/// Follows the takings from unit to unit.
fn units_hold(case: &Case, book: &PriceBook, quote: &Quote) -> Result<(), String> {
    let list = at_list(&case.lines);
    let mut running = list.clone();
    let mut reduced: Vec<Vec<Option<Lane>>> =
        list.iter().map(|units| vec![None; units.len()]).collect();
    let mut lane = Lane::Price;
    for taking in &quote.takings {
        demand!(taking.lane >= lane, "units: {taking:?} stands after {lane:?}");
        lane = taking.lane;
        let at = usize::from(taking.line);
        demand!(at < list.len(), "units: {taking:?} of no line");
        let (first, units) = (taking.first as usize, taking.units as usize);
        demand!(units > 0 && first + units <= list[at].len(), "units: {taking:?} of no unit");
        let rule = rule_of(taking.by).and_then(|ix| book.rule(ix));
        let may_raise = match taking.by {
            By::Manual(n) => case.occasion.manuals[usize::from(n)].may_raise,
            By::Rule(_) | By::Coupon(..) => false,
        };
        demand!(taking.each >= Money::ZERO || may_raise, "units: {taking:?} raises");
        if let Some(rule) = rule {
            demand!(rule.lane() == taking.lane, "units: {taking:?} in a lane not its rule's");
            let item = &case.lines[at].item;
            demand!(
                may_take(&case.set, rule, item),
                "goods: {taking:?} of {} is not for {rule:?}",
                item.sku
            );
        }
        for unit in first..first + units {
            if let Some(rule) = rule {
                let before = reduced[at][unit];
                demand!(
                    !rule.stacking.refuses_reduced || before.is_none_or(|b| b >= taking.lane),
                    "reduced: {taking:?} of a unit that {before:?} reduced, and {rule:?} refuses such"
                );
            }
            running[at][unit] -= taking.each.minor();
            let left = running[at][unit];
            demand!(left >= 0, "units: {taking:?} leaves {left}");
            let is_raised = case
                .occasion
                .manuals
                .iter()
                .any(|m| m.may_raise && m.line == Some(case.lines[at].id));
            demand!(
                left <= list[at][unit] || is_raised,
                "units: {taking:?} leaves {left} above list"
            );
            if taking.each > Money::ZERO {
                reduced[at][unit].get_or_insert(taking.lane);
            }
            if let (Some(rule), true) = (rule, taking.each > Money::ZERO) {
                floors(rule, &case.lines[at], list[at][unit], left)?;
            }
        }
    }
    Ok(())
}

fn floors(rule: &Rule, line: &CartLine, list: i64, left: i64) -> Result<(), String> {
    if let Some(floor) = rule.limits.floor_rate {
        let floor = Money::from_minor(list).portion(floor).unwrap().minor();
        demand!(left >= floor, "floor: {} left of {list}, the floor is {floor}: {rule:?}", left);
    }
    // For what is weighed the floor is a price per kilogram.
    let is_piece = line.item.unit == domain::catalog::Unit::Piece;
    if let (Some(floor), true) = (rule.limits.floor_price, is_piece) {
        demand!(left >= floor.minor(), "floor: {left} is below {floor}: {rule:?}");
    }
    Ok(())
}

/// Whether a rule may take from an item at all.
fn may_take(set: &RuleSet, rule: &Rule, item: &domain::cart::LineItem) -> bool {
    rule.steps.iter().any(|step| match &step.reward {
        Reward::BuyGet { goods: Some(goods), .. }
        | Reward::Gift { goods, .. }
        | Reward::AddOn { goods, .. } => has(set, goods, item),
        Reward::Bundle { slots, .. } => slots.iter().any(|slot| has(set, &slot.goods, item)),
        Reward::PriceList(list) => has(set, &rule.goods, item) && list.contains_key(&item.sku),
        Reward::Units(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { goods: None, .. }
        | Reward::Pick { .. }
        | Reward::AmountOff(_)
        | Reward::AmountRate(_)
        | Reward::PointsPay { .. } => has(set, &rule.goods, item),
        Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::Grant(_) => false,
    })
}

/// What a rule did keeps to its limits, and it was open.
fn rule_holds(
    case: &Case,
    rule: &Rule,
    ix: domain::pricing::RuleIx,
    quote: &Quote,
) -> Result<(), String> {
    let mine: Vec<_> = quote.applied.iter().filter(|one| rule_of(one.by) == Some(ix)).collect();
    if mine.is_empty() {
        return Ok(());
    }
    demand!(may_be_open(rule, &case.occasion), "open: {rule:?} applied and is not open");
    let limits = rule.limits;
    let uses: u32 = mine.iter().map(|one| one.uses).sum();
    for one in &mine {
        let all = limits.per_order.unwrap_or(u32::MAX);
        demand!(one.uses <= all, "limits: {one:?}, per order {all}");
        let most = limits.amount_max.map_or(i64::MAX, Money::minor);
        demand!(one.saved.minor() <= most, "limits: {one:?}, at most {most}");
        demand!(rule.coupon == matches!(one.by, By::Coupon(..)), "limits: {one:?} of {rule:?}");
    }
    if rule.coupon {
        let most = limits.coupons.unwrap_or(1) as usize;
        demand!(mine.len() <= most, "limits: {} coupons of {rule:?}", mine.len());
        for one in &mine {
            let By::Coupon(_, at) = one.by else { continue };
            let coupon = case.occasion.coupons.get(usize::from(at));
            demand!(coupon.is_some_and(|c| c.rule == rule.id), "limits: {one:?} of no coupon");
        }
    }
    let used = case.occasion.used.iter().find(|used| used.rule == rule.id);
    let used = used.cloned().unwrap_or_default();
    for (limit, before) in [
        (limits.per_member, used.by_member),
        (limits.per_member_day, used.by_member_today),
        (limits.quota, used.by_all),
    ] {
        let left = limit.map_or(u32::MAX, |limit| limit.saturating_sub(before));
        demand!(uses <= left, "limits: {uses} uses, {left} were left of {rule:?}");
    }
    units_of_a_use(rule, ix, quote, uses)
}

/// Where a use is a unit, no more units were cut than uses are told.
fn units_of_a_use(
    rule: &Rule,
    ix: domain::pricing::RuleIx,
    quote: &Quote,
    uses: u32,
) -> Result<(), String> {
    let is_by_unit = rule.steps.iter().all(|step| {
        matches!(step.reward, Reward::Units(_) | Reward::PriceList(_) | Reward::PointsPrice { .. })
    });
    if is_by_unit {
        let cut: u32 = quote
            .takings
            .iter()
            .filter(|t| rule_of(t.by) == Some(ix) && t.each > Money::ZERO)
            .map(|t| t.units)
            .sum();
        demand!(cut <= uses, "limits: {cut} units cut in {uses} uses of {rule:?}");
    }
    Ok(())
}

fn benefits_hold(case: &Case, book: &PriceBook, quote: &Quote) -> Result<(), String> {
    let points = case.occasion.shopper.as_ref().map_or(0, |shopper| shopper.points);
    let spent = quote.points_spent;
    demand!((0..=points.max(0)).contains(&spent), "points: {spent} spent of {points}");
    demand!(quote.points_earned >= 0, "points: {} earned", quote.points_earned);
    demand!(
        quote.points_earned == 0 || case.occasion.shopper.is_some(),
        "points: earned by nobody"
    );
    for granted in &quote.grants {
        let rule = book.rule(granted.rule);
        let step = rule.and_then(|rule| rule.steps.get(usize::from(granted.step)));
        let is_grant = step.is_some_and(|step| matches!(step.reward, Reward::Grant(_)));
        demand!(is_grant && granted.times > 0, "grants: {granted:?}");
        demand!(may_be_open(rule.unwrap(), &case.occasion), "open: {granted:?} of {rule:?}");
    }
    for (line, quoted) in case.lines.iter().zip(&quote.lines) {
        demand!(quoted.gift_units <= units(line), "gifts: {quoted:?}");
    }
    Ok(())
}

fn notes_hold(book: &PriceBook, quote: &Quote) -> Result<(), String> {
    let in_order = quote.notes.windows(2).all(|two| two[0].rule < two[1].rule);
    demand!(in_order, "notes: not in the order of the book");
    for note in &quote.notes {
        let rule = book.rule(note.rule);
        demand!(rule.is_some(), "notes: {note:?} of no rule");
        let told = matches!(note.why, Why::Applied | Why::AppliedInPart | Why::Choose(_));
        let took = quote.takings.iter().any(|t| rule_of(t.by) == Some(note.rule));
        demand!(told || !took, "notes: {note:?} of a rule that took something");
    }
    for one in &quote.applied {
        let note = rule_of(one.by).map(|ix| quote.notes.iter().find(|note| note.rule == ix));
        demand!(note.is_none_or(|note| note.is_some()), "notes: none of {one:?}");
    }
    Ok(())
}
