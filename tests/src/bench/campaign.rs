//! A chain in the middle of a campaign: 200 rules in force, 40 of which touch a cart of 50 lines.
//!
//! | of 200 | rules |
//! | ---: | --- |
//! | 40 | apply to goods of the cart, open to its shopper: every template, 11 of them sharing no goods with others |
//! | 16 | are about goods of the cart, for another store, weekday, tier or channel |
//! | 144 | are about other goods |
//!
//! More rules are more of the last kind: what a chain has beside what this cart is about.

use anyhow::{Context as _, Result};
use domain::{
    cart::CartLine,
    pricing::{
        Occasion, PriceBook, Rule, RuleSet,
        occasion::{Choice, Coupon, Shopper},
    },
    time::{StoreClock, Timestamp},
    trial::rule_text,
};
use serde_json::json;
use uuid::Uuid;

/// Lines of the cart.
pub const LINES: u32 = 50;
/// Rules about goods of the cart that are not open.
const CLOSED: u32 = 16;
/// Departments that the cart's goods are from.
const DEPARTMENTS: u32 = 10;

/// A line of the n-th cart: pieces of 50 SKUs in ten departments, every eighth by weight.
fn line(cart: u32, n: u32) -> Result<CartLine> {
    let is_weighed = n % 8 == 7;
    let price = (n * 7_919 + cart * 1_237) % 9_000 + 290;
    let quantity =
        if is_weighed { 200 + (n * 131 + cart) % 1_800 } else { 1_000 * ((n + cart) % 3 + 1) };
    let id = Uuid::from_u128(u128::from(cart) << 32 | u128::from(n) | 7 << 76 | 2 << 62);
    let tags = if n.is_multiple_of(5) { vec!["new"] } else { Vec::new() };
    let line = json!({
        "id": id,
        "position": n + 1,
        "item": {
            "sku": format!("S{n}"),
            "code": format!("0695200000{n:04}"),
            "name": "a made-up item of the world",
            "spec": "500ml",
            "unit": if is_weighed { "kg" } else { "piece" },
            "list_price": price,
            "tax_rate": 1_300,
            "brand": format!("brand{}", n % 7),
            "category": format!("dept{}/shelf{}", n % DEPARTMENTS, n % 3),
            "tags": tags,
        },
        "quantity": quantity,
        "label_amount": null,
        "is_labelled": false,
    });
    serde_json::from_value(line).context("a line of the campaign")
}

/// The n-th cart: the same 50 SKUs in other prices and quantities.
///
/// # Errors
/// When a line is not what `domain` reads.
pub fn cart(n: u32) -> Result<Vec<CartLine>> {
    (0..LINES).map(|at| line(n, at)).collect()
}

/// A member with two coupons and some points, on a Saturday evening.
#[must_use]
pub fn occasion() -> Occasion {
    let at = Timestamp::from_micros(1_795_255_200_000_000);
    let mut occasion = Occasion::at_till("SH001".to_owned(), StoreClock::default(), at);
    occasion.shopper =
        Some(Shopper { tier: "gold".to_owned(), points: 2_000, ..Shopper::default() });
    let coupon = |rule: &str| Coupon { code: format!("C-{rule}"), rule: rule.to_owned() };
    occasion.coupons = vec![coupon("b36"), coupon("b37")];
    occasion.choices = vec![Choice { rule: "b05".to_owned(), uses: 1 }];
    occasion.points_to_pay = 1_000;
    occasion
}

/// The 40 rules for the cart, as a merchandiser writes them.
const RULES: &str = include_str!("campaign.txt");

/// Reads them: each begins at a line of its own.
fn for_the_cart() -> Result<Vec<Rule>> {
    let mut texts: Vec<String> = Vec::new();
    for line in RULES.lines() {
        if line.starts_with("rule ") {
            texts.push(String::new());
        }
        let text = texts.last_mut().context("a rule's first line")?;
        text.push_str(line);
        text.push('\n');
    }
    texts.iter().map(|text| rule_text::parse(text).context("a rule of the campaign")).collect()
}

/// A rule of a text.
fn rule(text: &str) -> Result<Rule> {
    rule_text::parse(text).with_context(|| format!("a rule of the campaign: {text}"))
}

/// A rule about goods of the cart that is not open, each for another reason.
fn closed(n: u32) -> Result<Rule> {
    let reason = match n % 4 {
        0 => "where stores BJ002",
        1 => "when weekdays mon, tue",
        2 => "who tier platinum",
        _ => "where channels kiosk",
    };
    let department = n % DEPARTMENTS;
    rule(&format!(
        "rule c{n:05} 不在此时此地\n  goods category dept{department}\n  {reason}\n  give units to 50%\n"
    ))
}

/// A rule about goods that are not in the cart.
fn elsewhere(n: u32) -> Result<Rule> {
    let goods = match n % 4 {
        0 => format!("sku X{n}a, X{n}b, X{n}c, X{n}d"),
        1 => format!("category far{n}/shelf"),
        2 => format!("brand other{n}"),
        _ => format!("style style{n}"),
    };
    let step = match n % 3 {
        0 => "give units to 85%",
        1 => "give nth 2 to 50%",
        _ => "at 100.00 give 10.00 off",
    };
    rule(&format!("rule d{n:05} 别的商品\n  goods {goods}\n  {step}\n"))
}

/// A book of so many rules, 40 of them for the cart.
///
/// # Errors
/// When a rule is not understood, or the set has faults.
pub fn book(rules: u32) -> Result<PriceBook> {
    let mut all = for_the_cart()?;
    for n in 0..CLOSED {
        all.push(closed(n)?);
    }
    for n in 0..rules.saturating_sub(u32::try_from(all.len())?) {
        all.push(elsewhere(n)?);
    }
    let set = RuleSet { rules: all, ..RuleSet::default() };
    PriceBook::compile(1, set)
        .map_err(|found| anyhow::anyhow!("the campaign has faults: {found:?}"))
}
