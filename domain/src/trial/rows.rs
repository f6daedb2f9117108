//! Rows: what the quote and the order say, as a person writes it.
//!
//! **Invariant:** amounts are repeated, never worked out, but for the sum of what one reduction took
//! from one line.

use super::{
    outcome::{Detail, Outcome, Quoted},
    step_text,
    words::word,
};
use crate::{
    cart::CartLine,
    money::Money,
    order::{CompleteRefusal, Order},
    pricing::{
        Applied, By, Granted, Note, PriceBook, Quote, QuotedLine, Why,
        check::Finding,
        explain::{self, Language},
        units,
    },
    tender::TenderRefusal,
};

impl Outcome {
    /// A line, and what was asked to be shown of it.
    pub(super) fn line_rows(
        &self,
        quoted: &Quoted,
        at: usize,
        line: &CartLine,
        amounts: &QuotedLine,
        show: &[Detail],
    ) -> Vec<String> {
        let mut row = format!("{} {} {}", word(&line.item.sku), line.quantity, amounts.amount);
        if amounts.amount != amounts.list {
            row.push_str(&format!(" was {}", amounts.list));
        }
        if amounts.gift_units > 0 {
            row.push_str(&format!(" gift {}", amounts.gift_units));
        }
        if show.contains(&Detail::Tax) {
            row.push_str(&format!(" tax {}", amounts.tax));
        }
        let mut rows = vec![row];
        if show.contains(&Detail::Lines) {
            let taken = taken(&quoted.quote, at).into_iter();
            rows.extend(taken.map(|(by, sum)| format!("- {} {sum}", self.by(quoted, by))));
        }
        if show.contains(&Detail::Units) {
            let runs = unit_prices(&quoted.quote, at, line, amounts.list).into_iter();
            rows.extend(runs.map(|(n, price)| format!("- {n} at {price}")));
        }
        rows
    }

    /// Who took something, as rows name them.
    fn by(&self, quoted: &Quoted, by: By) -> String {
        match by {
            By::Rule(ix) => rule_id(&quoted.book, ix),
            By::Coupon(ix, at) => {
                let code = self.occasion.coupons.get(usize::from(at));
                let code = code.map_or_else(String::new, |coupon| word(&coupon.code));
                format!("{} coupon {code}", rule_id(&quoted.book, ix))
            }
            By::Manual(at) => self.occasion.manuals.get(usize::from(at)).map_or_else(
                || "by ?".to_owned(),
                |manual| format!("by {} {}", word(&manual.operator), word(&manual.reason)),
            ),
        }
    }

    /// What the reductions took, the sums, and the notes.
    pub(super) fn quote_rows(&self, quoted: &Quoted, show: &[Detail]) -> Vec<String> {
        let Quoted { book, quote, notes, .. } = quoted;
        let off =
            |applied: &Applied| format!("off {} {}", self.by(quoted, applied.by), applied.saved);
        let mut rows: Vec<String> =
            quote.applied.iter().filter(|applied| applied.saved != Money::ZERO).map(off).collect();
        rows.extend(quote.bounded.iter().map(|lane| format!("bounded {}", lane.word())));
        if quote.delivery_fee != Money::ZERO {
            let left = quote.delivery_fee.minus(quote.delivery_saved).unwrap_or_default();
            let was = if left == quote.delivery_fee {
                String::new()
            } else {
                format!(" was {}", quote.delivery_fee)
            };
            rows.push(format!("delivery {left}{was}"));
        }
        rows.push(format!("total {}", quote.total));
        if show.contains(&Detail::Tax) {
            rows.push(format!("tax {}", quote.tax));
        }
        if quote.points_spent != 0 {
            rows.push(format!("spends {} points", quote.points_spent));
        }
        if quote.points_earned != 0 {
            rows.push(format!("earns {} points", quote.points_earned));
        }
        rows.extend(quote.grants.iter().map(|granted| grant(book, granted)));
        for note in notes {
            rows.extend(note_rows(book, note, show));
        }
        rows
    }
}

pub(super) fn finding(finding: &Finding) -> String {
    format!("refused rules {} {}", word(&finding.subject), finding.fault.code())
}

fn rule_id(book: &PriceBook, ix: crate::pricing::RuleIx) -> String {
    book.rule(ix).map_or_else(|| "?".to_owned(), |rule| word(&rule.id))
}

/// What each reduction took from a line, in the order it took it.
fn taken(quote: &Quote, at: usize) -> Vec<(By, Money)> {
    let mut sums: Vec<(By, Money)> = Vec::new();
    for taking in quote.takings.iter().filter(|taking| usize::from(taking.line) == at) {
        let sum = taking.each.minor().saturating_mul(i64::from(taking.units));
        match sums.iter_mut().find(|(by, _)| *by == taking.by) {
            Some((_, money)) => *money = Money::from_minor(money.minor().saturating_add(sum)),
            None => sums.push((taking.by, Money::from_minor(sum))),
        }
    }
    sums
}

/// What the units of a line cost, side by side: how many, and each.
fn unit_prices(quote: &Quote, at: usize, line: &CartLine, list: Money) -> Vec<(u32, Money)> {
    let n = units(line);
    let each = if n > 1 { line.item.list_price } else { list };
    let mut prices = vec![each.minor(); usize::try_from(n).unwrap_or(0)];
    for taking in quote.takings.iter().filter(|taking| usize::from(taking.line) == at) {
        let first = usize::try_from(taking.first).unwrap_or(usize::MAX);
        let count = usize::try_from(taking.units).unwrap_or(0);
        for price in prices.iter_mut().skip(first).take(count) {
            *price = price.saturating_sub(taking.each.minor());
        }
    }
    let mut runs: Vec<(u32, Money)> = Vec::new();
    for price in prices.into_iter().map(Money::from_minor) {
        match runs.last_mut() {
            Some((n, last)) if *last == price => *n += 1,
            Some(_) | None => runs.push((1, price)),
        }
    }
    runs
}

fn grant(book: &PriceBook, granted: &Granted) -> String {
    let reward = book
        .rule(granted.rule)
        .and_then(|rule| rule.steps.get(usize::from(granted.step)))
        .map(|step| step_text::write_reward(&step.reward));
    let times = if granted.times == 1 { String::new() } else { format!(" x{}", granted.times) };
    let amount = if granted.amount == Money::ZERO {
        String::new()
    } else {
        format!(" is {}", granted.amount)
    };
    let reward = reward.unwrap_or_default();
    format!("grant {} {reward}{times}{amount}", rule_id(book, granted.rule))
}

fn note_rows(book: &PriceBook, note: &Note, show: &[Detail]) -> Vec<String> {
    let id = rule_id(book, note.rule);
    let mut rows = Vec::new();
    for detail in show {
        match detail {
            Detail::Tax | Detail::Lines | Detail::Units => {}
            Detail::Next => {
                if let Some(next) = note.next {
                    rows.push(format!("next {id} {}", step_text::write_amount(next.missing)));
                }
                if let Why::Choose(n) = note.why {
                    rows.push(format!("next {id} choose {n}"));
                }
            }
            Detail::Why => {
                let by = match note.why {
                    Why::Beaten(other) => format!(" by {}", rule_id(book, other)),
                    Why::Applied
                    | Why::AppliedInPart
                    | Why::Who
                    | Why::When
                    | Why::Where
                    | Why::NoGoods
                    | Why::Short
                    | Why::Reduced
                    | Why::UsedUp
                    | Why::NoBetter
                    | Why::NeedsCoupon
                    | Why::NeedsChoice
                    | Why::Full
                    | Why::Choose(_) => String::new(),
                };
                rows.push(format!("why {id} {}{by}", note.why.code()));
            }
            Detail::Trace => rows.push(sentence(book, note, &id, Language::Zh)),
            Detail::TraceEn => rows.push(sentence(book, note, &id, Language::En)),
        }
    }
    rows
}

fn sentence(book: &PriceBook, note: &Note, id: &str, language: Language) -> String {
    format!("trace {id} {}", explain::sentence(book, note, language))
}

/// How an amount is settled.
pub(super) fn settled_rows(rounding: Money, due: Money, change: Money) -> Vec<String> {
    let rounded = (rounding != Money::ZERO).then(|| format!("rounding {rounding}"));
    rounded.into_iter().chain([format!("due {due}"), format!("change {change}")]).collect()
}

/// How an order was settled, or why there is none.
pub(super) fn order_rows(order: &Result<Box<Order>, CompleteRefusal>) -> Vec<String> {
    match order {
        Ok(order) => {
            // The order was settled, so that its sums exist.
            settled_rows(order.rounding, order.due().unwrap_or_default(), order.change)
        }
        Err(CompleteRefusal::Tender(TenderRefusal::Short { missing })) => {
            vec![format!("missing {missing}")]
        }
        Err(CompleteRefusal::Tender(refusal)) => vec![format!("refused {refusal}")],
        Err(refusal @ (CompleteRefusal::Empty | CompleteRefusal::Quote(_))) => {
            vec![format!("refused {refusal}")]
        }
    }
}
