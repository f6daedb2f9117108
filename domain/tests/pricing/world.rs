//! Items, carts and occasions, and what an item, a moment and a shopper mean to a rule: said anew
//! from the contract, so that the engine is not asked about itself.
//!
//! **Invariant:** nothing here calls the engine.

use domain::{
    cart::{CartLine, LineItem, LineSource},
    catalog::Unit,
    id::Id,
    money::{BasisPoints, Money},
    pricing::{
        Occasion, Rule, RuleSet,
        goods::{Goods, Select},
        occasion::{Choice, Coupon, Manual, Shopper, Used},
        rule::{Channel, Cut, Reward, Who},
    },
    quantity::Quantity,
    time::{StoreClock, Timestamp},
};
use uuid::Uuid;

use super::{dice::Dice, rules};

/// Everything a quote needs, and everything that is told about a failure.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) set: RuleSet,
    pub(crate) lines: Vec<CartLine>,
    pub(crate) occasion: Occasion,
}

/// How large a random world is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rules: u64,
    pub(crate) lines: u64,
    pub(crate) pieces: i64,
}

/// A cart as most are: a basket.
pub(crate) const BASKET: Size = Size { rules: 9, lines: 8, pieces: 5 };
/// A trolley of a holiday weekend.
pub(crate) const TROLLEY: Size = Size { rules: 25, lines: 40, pieces: 30 };

/// sku, style, brand, category, colour, size, tag, unit.
pub(crate) type Shelf = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Unit,
);

/// What the shop sells: enough overlap that every selection takes some and leaves some.
pub(crate) const SHELF: [Shelf; 12] = [
    ("milk", "", "dawn", "food/dairy", "", "", "new", Unit::Piece),
    ("yogurt", "", "dawn", "food/dairy", "", "", "", Unit::Piece),
    ("bread", "", "oven", "food/bakery", "", "", "clearance", Unit::Piece),
    ("shirt-rm", "shirt", "plain", "wear/tops", "red", "M", "season=2026AW", Unit::Piece),
    ("shirt-bl", "shirt", "plain", "wear/tops", "blue", "L", "season=2026AW", Unit::Piece),
    ("shoe", "shoe", "plain", "wear/shoes", "red", "42", "new", Unit::Piece),
    ("tea", "", "dawn", "food", "", "", "gift", Unit::Piece),
    ("cup", "", "oven", "home", "blue", "", "gift", Unit::Piece),
    ("bag", "", "", "home", "", "", "gift", Unit::Piece),
    ("apple", "", "", "food/fruit", "red", "", "", Unit::Kg),
    ("grape", "", "dawn", "food/fruit", "blue", "", "new", Unit::Kg),
    ("cheese", "", "dawn", "food/dairy", "", "", "clearance", Unit::Kg),
];

const TAXES: [u16; 4] = [1_300, 900, 600, 0];

/// A whole random world.
pub(crate) fn case(dice: &mut Dice<'_>, size: Size) -> Case {
    let set = rules::set(dice, size.rules);
    let lines = cart(dice, size);
    let occasion = occasion(dice, &set, &lines);
    Case { set, lines, occasion }
}

fn price(dice: &mut Dice<'_>) -> i64 {
    match dice.below(10) {
        0 => dice.amount(0, 12),
        1 | 2 => dice.amount(1, 100),
        // Prices that are alike make ties.
        3 | 4 => 1_000,
        5 => 999,
        6..=8 => dice.amount(100, 9_999),
        _ => dice.amount(1, 100_000),
    }
}

/// A line of one item of the shelf.
pub(crate) fn line(n: u64, shelf: &Shelf, price: i64, milli: i64) -> CartLine {
    let (sku, style, brand, category, colour, size, tag, unit) = *shelf;
    CartLine {
        id: Id::from_uuid(Uuid::from_u128(u128::from(n) + 1)),
        position: n as u32 + 1,
        item: LineItem {
            sku: sku.to_owned(),
            code: sku.to_owned(),
            name: sku.to_owned(),
            spec: String::new(),
            unit,
            list_price: Money::from_minor(price),
            tax_rate: BasisPoints(TAXES[(price % 4).unsigned_abs() as usize]),
            style: style.to_owned(),
            colour: colour.to_owned(),
            size: size.to_owned(),
            brand: brand.to_owned(),
            category: category.to_owned(),
            tags: [tag].iter().filter(|tag| !tag.is_empty()).map(|tag| (*tag).to_owned()).collect(),
        },
        quantity: Quantity::from_milli(milli),
        label_amount: None,
        is_labelled: false,
        source: LineSource::default(),
    }
}

/// Lines as `cart` makes them: pieces of one item at one price are one line.
fn cart(dice: &mut Dice<'_>, size: Size) -> Vec<CartLine> {
    let mut lines: Vec<CartLine> = Vec::new();
    for n in 0..dice.below(size.lines + 1) {
        let shelf = dice.pick(&SHELF);
        let price = price(dice);
        let mut line = match shelf.7 {
            Unit::Piece => {
                let pieces = dice.amount(1, size.pieces);
                let milli = if dice.is_wild { pieces } else { pieces * 1_000 };
                line(n, shelf, price, milli)
            }
            Unit::Kg => {
                let milli = dice.amount(1, 3_000);
                line(n, shelf, price, milli)
            }
        };
        if dice.chance(8) {
            line.is_labelled = true;
            let amount = dice.amount(0, 5_000);
            line.label_amount = dice.chance(70).then(|| Money::from_minor(amount));
            if line.item.unit == Unit::Piece {
                line.quantity = Quantity::ONE;
            }
        }
        let is_same = |other: &CartLine| {
            other.item.sku == line.item.sku
                && other.item.list_price == line.item.list_price
                && line.item.unit == Unit::Piece
                && !line.is_labelled
                && !other.is_labelled
        };
        if dice.is_wild || !lines.iter().any(is_same) {
            lines.push(line);
        }
    }
    lines
}

/// Saturday, 21 November 2026, six in the evening in the store.
pub(crate) const SATURDAY_EVENING: i64 = 1_795_255_200_000_000;

fn occasion(dice: &mut Dice<'_>, set: &RuleSet, lines: &[CartLine]) -> Occasion {
    let hours = dice.amount(-9, 5);
    let at = SATURDAY_EVENING.saturating_add(hours.saturating_mul(3_600_000_000));
    let at = Timestamp::from_micros(at);
    let store = dice.pick(&["SH001", "SH001", "BJ002"]);
    let mut occasion = Occasion::at_till((*store).to_owned(), StoreClock::default(), at);
    occasion.channel =
        *dice.pick(&[Channel::Till, Channel::Till, Channel::Kiosk, Channel::Phone, Channel::Mall]);
    occasion.shopper = dice.chance(60).then(|| shopper(dice));
    for rule in &set.rules {
        present(dice, rule, &mut occasion);
    }
    if dice.chance(25) {
        occasion.manuals = manuals(dice, lines);
    }
    if dice.chance(30) {
        occasion.points_to_pay = dice.amount(0, 3_000);
    }
    if dice.chance(30) {
        occasion.delivery_fee = Money::from_minor(dice.amount(0, 2_000));
    }
    occasion
}

fn shopper(dice: &mut Dice<'_>) -> Shopper {
    Shopper {
        tier: (*dice.pick(&["", "silver", "gold"])).to_owned(),
        joined_on: dice
            .chance(60)
            .then(|| dice.pick(&["2026-11-19", "2026-11-01", "2020-02-29"]).parse().unwrap()),
        birthday: dice.chance(50).then(|| *dice.pick(&[(11, 21), (11, 2), (2, 29), (6, 30)])),
        is_staff: dice.chance(20),
        crowds: if dice.chance(30) { vec!["parents".to_owned()] } else { Vec::new() },
        points: dice.amount(0, 5_000),
    }
}

/// What this rule needs from the shopper, and what was used of it.
fn present(dice: &mut Dice<'_>, rule: &Rule, occasion: &mut Occasion) {
    if rule.coupon {
        for n in 0..dice.below(3) {
            if occasion.coupons.len() < 6 {
                let coupon = Coupon { code: format!("{}-{n}", rule.id), rule: rule.id.clone() };
                occasion.coupons.push(coupon);
            }
        }
    }
    let is_offer = rule.steps.iter().any(|step| matches!(step.reward, Reward::PointsPrice { .. }));
    if is_offer && dice.chance(75) {
        occasion.choices.push(Choice { rule: rule.id.clone(), uses: dice.count(1, 4) });
    }
    let limits = rule.limits;
    let is_limited =
        limits.per_member.is_some() || limits.per_member_day.is_some() || limits.quota.is_some();
    if is_limited && dice.chance(50) {
        let by_member_today = dice.count(0, 2);
        let by_member = by_member_today.saturating_add(dice.count(0, 1));
        let by_all = by_member.saturating_add(dice.count(0, 2));
        occasion.used.push(Used { rule: rule.id.clone(), by_member, by_member_today, by_all });
    }
}

/// Reductions by hand on lines that stand for themselves, and on the order.
fn manuals(dice: &mut Dice<'_>, lines: &[CartLine]) -> Vec<Manual> {
    let mut manuals = Vec::new();
    for line in lines {
        let twins = lines.iter().filter(|other| other.item.sku == line.item.sku).count();
        if twins == 1 && dice.chance(30) {
            let price = line.item.list_price.minor().clamp(1, 1_000_000);
            let cut = match dice.below(4) {
                0 | 1 => Cut::Rate(BasisPoints(dice.rate(5_000, 10_000))),
                2 => Cut::Off(Money::from_minor(dice.amount(1, 20))),
                _ => Cut::Price(Money::from_minor(dice.amount(price / 2, price * 2))),
            };
            let may_raise = dice.chance(50);
            manuals.push(manual(Some(line.id), cut, dice.rate(5_000, 10_000), may_raise));
        }
    }
    if dice.chance(60) {
        let cut = match dice.below(3) {
            0 => Cut::Rate(BasisPoints(dice.rate(5_000, 10_000))),
            1 => Cut::Off(Money::from_minor(dice.amount(1, 50))),
            _ => Cut::Price(Money::from_minor(dice.amount(1, 5_000))),
        };
        manuals.push(manual(None, cut, dice.rate(5_000, 10_000), false));
    }
    manuals
}

fn manual(line: Option<domain::id::LineId>, cut: Cut, off_max: u16, may_raise: bool) -> Manual {
    Manual {
        line,
        cut,
        reason: "damaged".to_owned(),
        operator: "1001".to_owned(),
        off_max: BasisPoints(off_max),
        may_raise,
    }
}

/// Whether an item is among goods; sets of the rule set are followed.
pub(crate) fn has(set: &RuleSet, goods: &Goods, item: &LineItem) -> bool {
    (goods.any.is_empty() || goods.any.iter().any(|select| selects(set, select, item)))
        && goods.all.iter().all(|select| selects(set, select, item))
        && !goods.except.iter().any(|select| selects(set, select, item))
}

fn selects(set: &RuleSet, select: &Select, item: &LineItem) -> bool {
    let has_tag = |word: &str| item.tags.iter().any(|tag| tag == word);
    match select {
        Select::Sku(word) => item.sku == *word,
        Select::Style(word) => item.style == *word,
        Select::Category(path) => {
            item.category == *path || item.category.starts_with(&format!("{path}/"))
        }
        Select::Brand(word) => item.brand == *word,
        Select::Tag(word) => has_tag(word),
        Select::Attribute(pair) => match pair.split_once('=') {
            Some(("colour", value)) => item.colour == value,
            Some(("size", value)) => item.size == value,
            Some(("unit", value)) => item.unit.word() == value,
            Some(_) | None => has_tag(pair),
        },
        Select::Set(name) => set.sets.get(name).is_some_and(|goods| has(set, goods, item)),
    }
}

/// Whether a rule is for this shopper, here, at a moment of the day that no reading disputes; the
/// dates themselves are the business of tables.
pub(crate) fn may_be_open(rule: &Rule, occasion: &Occasion) -> bool {
    is_for(&rule.who, occasion.shopper.as_ref())
        && (rule.place.stores.is_empty() || rule.place.stores.contains(&occasion.store))
        && (rule.place.channels.is_empty() || rule.place.channels.contains(&occasion.channel))
        && (!rule.coupon || occasion.coupons.iter().any(|coupon| coupon.rule == rule.id))
        && (occasion.shopper.is_some()
            || (rule.limits.per_member.is_none() && rule.limits.per_member_day.is_none()))
}

fn is_for(who: &Who, shopper: Option<&Shopper>) -> bool {
    let Some(shopper) = shopper else { return who.is_anyone() };
    (who.tiers.is_empty() || who.tiers.contains(&shopper.tier))
        && (!who.staff || shopper.is_staff)
        && (who.crowds.is_empty() || who.crowds.iter().any(|c| shopper.crowds.contains(c)))
        && (who.birthday.is_none() || shopper.birthday.is_some())
        && (who.joined_days_max.is_none() || shopper.joined_on.is_some())
}
