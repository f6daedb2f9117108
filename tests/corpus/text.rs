//! A trial as a merchandiser would write it: items, rules of every kind, and a hundred carts.

use std::fmt::Write as _;

use domain::{
    catalog::Unit,
    money::Money,
    pricing::rule::{Reward, Rule},
    trial::{rule_text, write_goods},
};

use super::{
    dice::Dice,
    rules,
    world::{SHELF, Shelf},
};

/// Rules of a trial at most.
const RULES: u64 = 16;
/// Scans of a cart at most.
const SCANS: u64 = 9;

/// What a trial is made of.
#[derive(Debug)]
pub(super) struct Trial {
    set_up: String,
    carts: Vec<String>,
}

impl Trial {
    /// Its text, with the rows that must come of each cart where they are known.
    pub(super) fn text(&self, rows: &[Vec<String>]) -> String {
        let mut text = self.set_up.clone();
        for (n, cart) in self.carts.iter().enumerate() {
            let rows = rows.get(n).map(|rows| rows.join("\n")).unwrap_or_default();
            write!(text, "---\n{cart}---\n{rows}\n").unwrap();
        }
        text
    }
}

/// A trial of so many carts.
pub(super) fn trial(seed: u64, carts: usize) -> Trial {
    let mut dice = Dice::seeded(seed << 24 | 0xc0);
    let mut text = String::from("# made from a seed\n");
    for shelf in &SHELF {
        item(&mut text, &mut dice, shelf.0, shelf);
        item(&mut text, &mut dice, &format!("{}-twin", shelf.0), shelf);
    }
    let set = rules::set(&mut dice, RULES);
    for (name, goods) in &set.sets {
        writeln!(text, "set {name} {}", write_goods(goods)).unwrap();
    }
    for rule in &set.rules {
        text.push_str(&rule_text::write(rule));
    }
    let mut cart = || {
        let mut text = String::new();
        circumstances(&mut text, &mut dice, &set.rules);
        counter(&mut text, &mut dice);
        text
    };
    let carts = (0..carts).map(|_| cart()).collect();
    Trial { set_up: text, carts }
}

fn item(text: &mut String, dice: &mut Dice<'_>, sku: &str, shelf: &Shelf) {
    let (_, style, brand, category, colour, size, tag, unit) = *shelf;
    let price = *dice.pick(&[1_000, 999, dice.clone().between(1, 9_999), 7]);
    let tax = dice.pick(&["13%", "9%", "6%", "0%"]);
    write!(text, "item {sku} {} {} tax {tax}", Money::from_minor(price), unit.word()).unwrap();
    let attributes = [
        ("style", style),
        ("brand", brand),
        ("category", category),
        ("colour", colour),
        ("size", size),
        ("tags", tag),
    ];
    for (word, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
        write!(text, " {word} {value}").unwrap();
    }
    text.push('\n');
}

fn circumstances(text: &mut String, dice: &mut Dice<'_>, rules: &[Rule]) {
    if dice.chance(60) {
        text.push_str("member");
        for words in [
            " tier gold",
            " joined 2026-11-19",
            " birthday 11-21",
            " staff",
            " crowds parents",
            " points 1500",
        ] {
            if dice.chance(50) {
                text.push_str(words);
            }
        }
        text.push('\n');
    }
    let hour = dice.between(9, 23);
    writeln!(text, "at 2026-11-{} {hour:02}:{:02}", dice.between(19, 22), dice.below(60)).unwrap();
    for rule in rules {
        let id = &rule.id;
        for n in 0..if rule.coupon { dice.below(3) } else { 0 } {
            writeln!(text, "coupon {id}-{n} {id}").unwrap();
        }
        let is_offer =
            rule.steps.iter().any(|step| matches!(step.reward, Reward::PointsPrice { .. }));
        if is_offer && dice.chance(70) {
            writeln!(text, "choose {id} {}", dice.between(1, 3)).unwrap();
        }
        if rule.limits.per_member.is_some() && dice.chance(40) {
            writeln!(text, "used {id} member 1 today 1 all 2").unwrap();
        }
    }
    if dice.chance(30) {
        writeln!(text, "points {}", dice.between(0, 2_000)).unwrap();
    }
    if dice.chance(30) {
        writeln!(text, "delivery {}", Money::from_minor(dice.between(0, 2_000))).unwrap();
    }
}

fn counter(text: &mut String, dice: &mut Dice<'_>) {
    let mut scanned = Vec::new();
    for _ in 0..1 + dice.below(SCANS) {
        let shelf = dice.pick(&SHELF);
        let twin = if dice.chance(30) { "-twin" } else { "" };
        let sku = format!("{}{twin}", shelf.0);
        match shelf.7 {
            Unit::Piece => writeln!(text, "scan {} {sku}", dice.between(1, 5)).unwrap(),
            Unit::Kg if dice.chance(40) => {
                let (weight, amount) = (dice.between(100, 2_000), dice.between(50, 3_000));
                writeln!(text, "label {sku} {weight} g {amount} fen").unwrap();
            }
            Unit::Kg => writeln!(text, "scan 0.{} {sku}", dice.between(101, 999)).unwrap(),
        }
        scanned.push(sku);
    }
    if dice.chance(15) {
        let sku = dice.pick(&scanned);
        let rate = dice.between(80, 100);
        writeln!(text, "manual line {sku} to {rate}% reason damaged by 1001 max 20%").unwrap();
    }
    if dice.chance(10) {
        let rate = dice.between(90, 99);
        writeln!(text, "manual order to {rate}% reason regular by 9001 max 10%").unwrap();
    }
}
