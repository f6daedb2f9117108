//! Runs every golden cart: a text that a merchandiser can read and check with a pencil.
//!
//! Three parts divided by `---`: the items and the store's rounding, what happens at the counter,
//! and what must come of it. A `#` begins a remark.
//!
//! ```text
//! item tea 29.90 piece          a key, its list price, piece or kg
//! rounding jiao_down            none, jiao_down, jiao_half_up, yuan_down, yuan_half_up
//! ---
//! scan tea                      one piece
//! scan 3 tea                    three; or kilograms of what is weighed
//! pack 12 tea                   a barcode that stands for twelve
//! label apple 452 g             an in-store label: grams, fen, or both (`452 g 579 fen`)
//! count tea 5 / void tea / void all / undo
//! cash 100 / card 20            tenders; they complete the order
//! ---
//! tea 2 59.80                   lines in order: key, quantity, amount
//! total 59.80 / rounding -0.09 / due 59.80 / change 40.20 / missing 9.80 / refused <reason>
//! ```

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use domain::{
    barcode::Label,
    cart::{Addition, Cart, CartRefusal, LineItem, Measure, Step},
    catalog::Unit,
    id::Id,
    money::{BasisPoints, Money},
    order::{CompleteRefusal, Completion, Order, complete},
    pricing::quote,
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::{CashRounding, Tender, TenderKind, TenderRefusal},
    time::Timestamp,
};
use uuid::Uuid;

/// A quantity as people write it: `3`, `0.452`.
fn quantity(text: &str) -> Quantity {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    Quantity::from_milli(format!("{whole}{rest:0<3}").parse().expect("a quantity"))
}

fn money(text: &str) -> Money {
    Money::parse_yuan(text).expect("an amount")
}

struct Counter {
    items: Vec<LineItem>,
    rounding: CashRounding,
    cart: Cart,
    steps: Vec<Step>,
    tenders: Vec<Tender>,
    refusals: Vec<CartRefusal>,
    n_lines: u128,
}

impl Counter {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            rounding: CashRounding::None,
            cart: Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0),
            steps: Vec::new(),
            tenders: Vec::new(),
            refusals: Vec::new(),
            n_lines: 0,
        }
    }

    fn set_up(&mut self, words: &[&str]) {
        match words {
            ["item", key, price, unit] => self.items.push(LineItem {
                sku: (*key).to_owned(),
                code: (*key).to_owned(),
                name: (*key).to_owned(),
                spec: String::new(),
                unit: Unit::from_word(unit).expect("piece or kg"),
                list_price: money(price),
                tax_rate: BasisPoints(1_300),
            }),
            ["rounding", "none"] => self.rounding = CashRounding::None,
            ["rounding", "jiao_down"] => self.rounding = CashRounding::JiaoDown,
            ["rounding", "jiao_half_up"] => self.rounding = CashRounding::JiaoHalfUp,
            ["rounding", "yuan_down"] => self.rounding = CashRounding::YuanDown,
            ["rounding", "yuan_half_up"] => self.rounding = CashRounding::YuanHalfUp,
            other => panic!("not understood: {other:?}"),
        }
    }

    fn happen(&mut self, words: &[&str]) {
        let done = match words {
            ["scan", key] => self.add(key, Measure::Pack(Quantity::ONE)),
            ["scan", n, key] => self.add(key, Measure::Given(quantity(n))),
            ["pack", n, key] => self.add(key, Measure::Pack(quantity(n))),
            ["label", key, rest @ ..] => self.add(key, Measure::Labelled(label(rest))),
            ["count", key, n] => self.cart.set_quantity(self.line(key), quantity(n)),
            ["void", "all"] => Ok(self.cart.void_all()),
            ["void", key] => self.cart.void_line(self.line(key)),
            ["undo"] => {
                let step = self.steps.pop().expect("a step to take back");
                self.cart.undo(step);
                return;
            }
            [kind @ ("cash" | "card"), amount] => {
                let kind = TenderKind::from_word(kind).expect("a tender");
                self.tenders.push(Tender { kind, amount: money(amount) });
                return;
            }
            other => panic!("not understood: {other:?}"),
        };
        match done {
            Ok(change) => self.steps.push(change.step),
            Err(refusal) => self.refusals.push(refusal),
        }
    }

    fn add(&mut self, key: &str, measure: Measure) -> Result<domain::cart::Change, CartRefusal> {
        self.n_lines += 1;
        let line = Id::from_uuid(Uuid::from_u128(100 + self.n_lines));
        let item = self.items.iter().find(|i| i.sku == key).expect("an item of this cart").clone();
        self.cart.add(Addition { line, item, measure })
    }

    fn line(&self, key: &str) -> domain::id::LineId {
        self.cart.lines.iter().find(|l| l.item.sku == key).expect("a line of this cart").id
    }

    fn outcome(self) -> Vec<String> {
        let quote = quote(&self.cart).expect("a quote");
        let mut rows: Vec<String> = self
            .cart
            .lines
            .iter()
            .zip(&quote.lines)
            .map(|(line, quoted)| format!("{} {} {}", line.item.sku, line.quantity, quoted.amount))
            .collect();
        rows.extend(self.refusals.iter().map(|refusal| format!("refused {refusal}")));
        rows.push(format!("total {}", quote.total));
        if self.tenders.is_empty() {
            return rows;
        }
        let completion = Completion {
            receipt_number: "SH001-1-1-20261121-0001".parse::<ReceiptNumber>().expect("a number"),
            operator: "1001".to_owned(),
            completed_at: Timestamp::from_micros(0),
            rounding: self.rounding,
        };
        match complete(&self.cart, &quote, &self.tenders, completion) {
            Ok(order) => rows.extend(settled(&order)),
            Err(CompleteRefusal::Tender(TenderRefusal::Short { missing })) => {
                rows.push(format!("missing {missing}"));
            }
            Err(CompleteRefusal::Tender(refusal)) => rows.push(format!("refused {refusal}")),
            Err(CompleteRefusal::Empty) => rows.push("refused the cart is empty".to_owned()),
        }
        rows
    }
}

fn label(words: &[&str]) -> Label {
    let value = |unit: &str| {
        let at = words.iter().position(|word| *word == unit)?;
        words.get(at.checked_sub(1)?)?.parse::<i64>().ok()
    };
    Label {
        plu: String::new(),
        weight: value("g").map(Quantity::from_milli),
        amount: value("fen").map(Money::from_minor),
    }
}

fn settled(order: &Order) -> Vec<String> {
    assert_eq!(order.check(), Ok(()), "an order that was made must hold");
    let mut rows = Vec::new();
    if order.rounding != Money::ZERO {
        rows.push(format!("rounding {}", order.rounding));
    }
    rows.push(format!("due {}", order.due().expect("a sum")));
    rows.push(format!("change {}", order.change));
    rows
}

fn rows(part: &str) -> impl Iterator<Item = Vec<&str>> {
    part.lines()
        .map(|line| line.split('#').next().unwrap_or_default().split_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
}

fn check(name: &str, text: &str) {
    let mut parts = text.split("---\n");
    let mut part = || parts.next().unwrap_or_else(|| panic!("{name}: three parts"));
    let (set_up, happens, expected) = (part(), part(), part());
    let mut counter = Counter::new();
    rows(set_up).for_each(|words| counter.set_up(&words));
    rows(happens).for_each(|words| counter.happen(&words));
    let expected: Vec<String> = rows(expected).map(|words| words.join(" ")).collect();
    assert_eq!(counter.outcome(), expected, "{name}");
}

#[test]
fn every_golden_cart_comes_out_as_it_is_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut n = 0;
    for entry in std::fs::read_dir(folder).expect("the golden carts") {
        let path = entry.expect("a file").path();
        check(&path.display().to_string(), &std::fs::read_to_string(&path).expect("a text"));
        n += 1;
    }
    assert!(n >= 8, "only {n} golden carts were found");
}
