//! Runs every golden cart: a text that a merchandiser can read and check with a pencil.
//!
//! `domain::trial` reads and runs it; `docs/pricing.md` has every word. This file only compares
//! what came of each cart with what the text says must come of it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use domain::{
    money::Money,
    trial::{
        self, Outcome,
        outcome::{Priced, Quoted},
    },
};

/// Every template of a promotion and a golden cart of it.
const TEMPLATES: [(&str, &str); 46] = [
    ("直降", "price-cut"),
    ("折扣", "discount"),
    ("一口价", "fixed-price"),
    ("第N件X折", "nth-at-rate"),
    ("第N件减", "nth-off"),
    ("最低价一件免", "cheapest-free"),
    ("最低价一件折", "cheapest-at-rate"),
    ("买N送M（同类）", "buy-n-get-m"),
    ("买N送M（他类）", "buy-n-get-other"),
    ("任选N件X元", "pick-n-for"),
    ("N件X折", "n-pieces-at-rate"),
    ("满减", "amount-off"),
    ("每满减", "amount-off-each"),
    ("阶梯满减", "amount-off-tiers"),
    ("满折", "rate-off"),
    ("阶梯满折", "rate-off-tiers"),
    ("满赠", "gift-of-choice"),
    ("满赠，按比例", "gifts-in-proportion"),
    ("加价换购", "add-on"),
    ("套装价", "bundle-with-alternatives"),
    ("礼包", "gift-pack"),
    ("会员价", "member-price"),
    ("会员日折上折", "member-day"),
    ("生日礼", "birthday-gift"),
    ("限时秒杀", "flash-sale"),
    ("时段折扣", "time-of-day"),
    ("满额包邮", "free-delivery"),
    ("积分加倍", "points-times"),
    ("积分抵现", "points-pay"),
    ("积分加现金换购", "points-and-cash"),
    ("优惠券", "coupon-rate"),
    ("现金券", "coupon-cash"),
    ("兑换券", "coupon-exchange"),
    ("提货券", "coupon-pickup"),
    ("停车券", "coupon-parking"),
    ("包邮券", "coupon-delivery"),
    ("整单折扣", "whole-order"),
    ("手工单品折扣", "manual-line"),
    ("手工整单折扣", "manual-order"),
    ("下单返券", "next-order-coupon"),
    ("提货返现", "cashback-after-pickup"),
    ("退货", "return-part-by-part"),
    ("退货和赠品", "return-and-gifts"),
    ("退货和换购", "return-and-add-on"),
    ("退货和买N送M（他类）", "return-and-buy-get"),
    ("退货和下单返券、提货返现、停车券", "return-and-grants"),
];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// What is wrong with a golden file, row by row: `-` is missing, `+` came instead.
fn faults(text: &str) -> Vec<String> {
    let outcomes = match trial::run(text) {
        Ok(outcomes) => outcomes,
        Err(fault) => return vec![fault.to_string()],
    };
    if outcomes.is_empty() {
        return vec!["there is no cart in it".to_owned()];
    }
    outcomes.iter().flat_map(outcome_faults).collect()
}

fn outcome_faults(outcome: &Outcome) -> Vec<String> {
    let Some(expected) = &outcome.expected else {
        return vec![format!("line {}: nothing is expected of this cart", outcome.line)];
    };
    let rows = outcome.rows();
    let mut faults = Vec::new();
    if rows != *expected {
        faults.push(format!("line {}: this cart came out differently", outcome.line));
        faults.extend(diff(expected, &rows));
    }
    if let Priced::Quoted(quoted) = &outcome.priced {
        faults.extend(sums(quoted));
    }
    faults
}

/// The rows of both, those of one alone marked: the longest common rows stand unmarked.
fn diff(expected: &[String], got: &[String]) -> Vec<String> {
    let Some((want, wants)) = expected.split_first() else {
        return got.iter().map(|row| format!("  + {row}")).collect();
    };
    if let Some(at) = got.iter().position(|row| row == want) {
        let (before, rest) = got.split_at(at);
        let mut rows: Vec<String> = before.iter().map(|row| format!("  + {row}")).collect();
        rows.push(format!("    {want}"));
        rows.extend(diff(wants, rest.get(1..).unwrap_or_default()));
        return rows;
    }
    let mut rows = vec![format!("  - {want}")];
    rows.extend(diff(wants, got));
    rows
}

/// What must hold whatever the text says.
fn sums(quoted: &Quoted) -> Vec<String> {
    let Quoted { quote, order, .. } = quoted;
    let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::sum(amounts).expect("a sum");
    let list = sum(&mut quote.lines.iter().map(|line| line.list));
    let amounts = sum(&mut quote.lines.iter().map(|line| line.amount));
    let saved = sum(&mut quote.applied.iter().map(|applied| applied.saved));
    let taken: i64 =
        quote.takings.iter().map(|taking| taking.each.minor() * i64::from(taking.units)).sum();
    let delivery = quote.delivery_fee.minus(quote.delivery_saved).expect("a fee");
    let rules = [
        ("the lists sum to the list", list == quote.list),
        ("amounts and delivery sum to the total", amounts.plus(delivery) == Ok(quote.total)),
        ("list + delivery − saved is the total", {
            list.plus(quote.delivery_fee).and_then(|all| all.minus(quote.saved)) == Ok(quote.total)
        }),
        ("what the rules saved is what was saved", saved == quote.saved),
        ("takings and delivery are what was saved", {
            taken + quote.delivery_saved.minor() == quote.saved.minor()
        }),
        ("an order holds", !matches!(order, Some(Ok(order)) if order.check().is_err())),
    ];
    rules
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(rule, _)| format!("it does not hold that {rule}"))
        .collect()
}

#[test]
fn every_golden_cart_comes_out_as_it_is_written() {
    let mut n = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(FOLDER).expect("the golden carts") {
        let path = entry.expect("a file").path();
        let faults = faults(&std::fs::read_to_string(&path).expect("a text"));
        if !faults.is_empty() {
            let name = path.file_name().expect("a name").to_string_lossy();
            wrong.push(format!("{name}\n{}", faults.join("\n")));
        }
        n += 1;
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {n} files are wrong\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(n >= TEMPLATES.len(), "only {n} golden carts were found");
}

#[test]
fn every_template_has_a_golden_cart_that_begins_with_its_name() {
    for (template, name) in TEMPLATES {
        let text = std::fs::read_to_string(format!("{FOLDER}/{name}.txt")).expect(name);
        assert!(text.starts_with(&format!("# {template}：")), "{name}.txt is not about {template}");
    }
}

#[test]
fn every_trial_in_the_documentation_comes_out_as_it_is_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pricing.md");
    let text = std::fs::read_to_string(path).expect("docs/pricing.md");
    let mut n = 0;
    for block in text.split("```text\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        if block.contains("---\n") {
            assert_eq!(faults(block), Vec::<String>::new(), "{block}");
            n += 1;
        } else {
            // A rule alone.
            trial::rule_text::parse(block).unwrap_or_else(|fault| panic!("{fault}\n{block}"));
        }
    }
    assert!(n >= 10, "only {n} trials were found");
}

#[test]
fn a_cart_that_came_out_differently_is_told_row_by_row() {
    let text = "item tea 29.90 piece\n---\nscan tea\n---\ntea 1 29.00\ntotal 29.90\n";
    assert_eq!(
        faults(text),
        [
            "line 3: this cart came out differently",
            "  - tea 1 29.00",
            "  + tea 1 29.90",
            "    total 29.90"
        ]
    );
    assert_eq!(
        faults("scan tea"),
        [
            "line 1: `scan` is not a word of a set-up; write item, set, rule, member, coupon, choose, \
         points, used, at, clock, store, channel, delivery, rounding, policy, show"
        ]
    );
}
