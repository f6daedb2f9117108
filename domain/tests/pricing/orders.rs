//! What an order writes down of conditions and grants holds as long as everything is kept.

use domain::{
    cart::Cart,
    id::Id,
    money::Money,
    order::{Completion, Order, UnitRun, complete, condition::whole},
    pricing::{By, PriceBook, Quote, quote, rule::Reward},
    tender::{CASH_MINOR_MAX, CashRounding, TENDERS_MAX, Tender, TenderKind},
};
use uuid::Uuid;

use super::{
    always::usual,
    audit::{demand, rule_of},
    crowd::holds,
    world::{BASKET, Case},
};

/// Random carts that become orders.
const CARTS: u64 = 40_000;

/// Cards for a total, as few as may be; none where there would be too many.
fn cards(total: Money) -> Option<Vec<Tender>> {
    let mut left = total.minor();
    let mut tenders = Vec::new();
    while left > 0 {
        let part = left.min(CASH_MINOR_MAX);
        tenders.push(Tender { kind: TenderKind::Card, amount: Money::from_minor(part) });
        left -= part;
    }
    (tenders.len() <= TENDERS_MAX).then_some(tenders)
}

fn ordered(case: &Case, book: &PriceBook, priced: &Quote) -> Result<Option<Order>, String> {
    if case.lines.is_empty() {
        return Ok(None);
    }
    let Some(tenders) = cards(priced.total) else { return Ok(None) };
    let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0);
    cart.lines = case.lines.clone();
    let completion = Completion {
        receipt_number: "SH001-1-1-20261121-0042".parse().unwrap(),
        operator: "1001".into(),
        member: None,
        completed_at: case.occasion.at,
        rounding: CashRounding::None,
        occasion: case.occasion.clone(),
    };
    complete(&cart, book, priced, &tenders, completion)
        .map(Some)
        .map_err(|refusal| format!("orders: {refusal:?}"))
}

/// Whether what a reward takes from is given for other goods.
fn gives(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::Gift { .. } | Reward::AddOn { .. } | Reward::BuyGet { goods: Some(_), .. }
    )
}

/// Units from which the reductions of a source took something.
fn given(order: &Order, source: &domain::order::Source) -> i64 {
    let of_line = |line: &domain::order::OrderLine| -> i64 {
        let at = line.adjustments.iter().position(|one| one.source == *source);
        let took = |run: &&UnitRun| at.is_some_and(|at| run.adjustments[at] != Money::ZERO);
        line.units.iter().filter(took).map(|run| i64::from(run.units)).sum()
    };
    order.lines.iter().map(of_line).sum()
}

fn owes_nothing(case: &Case) -> Result<(), String> {
    let book = PriceBook::compile(7, case.set.clone()).map_err(|found| format!("{found:?}"))?;
    let priced = quote(&book, &case.lines, &case.occasion).map_err(|e| format!("refused: {e}"))?;
    let Some(order) = ordered(case, &book, &priced)? else { return Ok(()) };
    let all = whole(&order.lines);
    for grant in &order.grants {
        let earned = grant.earned_by(&all);
        demand!(earned == grant.granted(), "grants: {earned} of {grant:?} for {order:?}");
    }
    demand!(order.grants.len() <= priced.grants.len(), "grants: {:?}", order.grants);
    for taking in &priced.takings {
        let line = &order.lines[usize::from(taking.line)];
        let (By::Rule(_) | By::Coupon(..)) = taking.by else { continue };
        let rule = rule_of(taking.by).and_then(|ix| book.rule(ix)).unwrap();
        let code = match taking.by {
            By::Coupon(_, place) => case.occasion.coupons[usize::from(place)].code.clone(),
            By::Rule(_) | By::Manual(_) => String::new(),
        };
        let is_its = |source: &domain::order::Source| match source {
            domain::order::Source::Rule(id) => *id == rule.id && code.is_empty(),
            domain::order::Source::Coupon { rule: id, code: of } => *id == rule.id && *of == code,
            domain::order::Source::Manual { .. } => false,
        };
        let own = line.adjustments.iter().find(|one| is_its(&one.source)).unwrap();
        let applied = priced.applied.iter().find(|one| one.by == taking.by).unwrap();
        let reward = &rule.steps[usize::from(applied.step)].reward;
        demand!(
            own.condition.is_some() == gives(reward),
            "conditions: {reward:?} of {rule:?} took as {own:?}"
        );
        let Some(condition) = &own.condition else { continue };
        let given = given(&order, &own.source);
        let kept = condition.keeps(&all, &own.source, given);
        demand!(kept == given, "conditions: {kept} of {given} by {own:?} of {rule:?} in {order:?}");
    }
    Ok(())
}

#[test]
fn whoever_keeps_everything_keeps_what_was_given_for_it() {
    holds("orders", CARTS, |seed| usual(seed << 16 | 3, BASKET), owes_nothing);
}
