//! Steps in words: what must be reached, and what it brings.
//!
//! ```text
//! at 100.00 give 20.00 off
//! at 2 pieces of sku tea + 50.00 give gift 1 of sku cup, mug
//! give units to 88%
//! ```
//!
//! **Invariant:** what `write` writes, `read` reads back as the same value. Bare cuts
//! (`20.00 off`, `to 88%`) are for the goods together, `units` makes them those of each unit.

use super::{
    goods_text,
    words::{Unclear, Words, decimal, percent, rate, shortest, unclear, word},
};
use crate::{
    money::Money,
    pricing::{
        goods::Goods,
        rule::{Cut, Grant, Need, NeedAmount, PointsRate, Reward, Slot, Step},
    },
};

/// Reads one step.
pub(super) fn read(words: &mut Words) -> Result<Step, Unclear> {
    let mut needs = Vec::new();
    if words.takes("at") {
        needs.push(need(words)?);
        while words.takes("+") {
            needs.push(need(words)?);
        }
    }
    words.needs("give")?;
    Ok(Step { needs, reward: reward(words)? })
}

/// One step as a line.
pub(super) fn write(step: &Step) -> String {
    let needs: Vec<String> = step.needs.iter().map(write_need).collect();
    let at = if needs.is_empty() { String::new() } else { format!("at {} ", needs.join(" + ")) };
    format!("{at}give {}", write_reward(&step.reward))
}

fn need(words: &mut Words) -> Result<Need, Unclear> {
    let text = words.name("what must be reached, such as 100.00, 3 pieces or 2.5 kg")?;
    let amount = if words.takes("pieces") {
        text.parse().ok().map(NeedAmount::Pieces)
    } else if words.takes("kg") {
        decimal(&text, 3)
            .map(|milli| NeedAmount::Milli(crate::quantity::Quantity::from_milli(milli)))
    } else {
        decimal(&text, 2).map(|minor| NeedAmount::Minor(Money::from_minor(minor)))
    };
    let Some(amount) = amount else {
        return unclear(format!(
            "`{text}` is nothing that can be reached; write 100.00, 3 pieces or 2.5 kg"
        ));
    };
    Ok(Need { amount, goods: of_goods(words)? })
}

/// How much must be reached, or is missing, as it is written.
pub(super) fn write_amount(amount: NeedAmount) -> String {
    match amount {
        NeedAmount::Pieces(n) => format!("{n} pieces"),
        NeedAmount::Minor(money) => money.to_string(),
        NeedAmount::Milli(weight) => format!("{weight} kg"),
    }
}

fn write_need(need: &Need) -> String {
    format!("{}{}", write_amount(need.amount), write_of(need.goods.as_ref()))
}

fn of_goods(words: &mut Words) -> Result<Option<Goods>, Unclear> {
    words.takes("of").then(|| goods_text::read(words)).transpose()
}

fn write_of(goods: Option<&Goods>) -> String {
    goods.map_or_else(String::new, |goods| format!(" of {}", goods_text::write(goods)))
}

/// Reads a cut: `to 88%`, `to 9.90`, `5.00 off`, `free`.
pub(super) fn cut(words: &mut Words) -> Result<Cut, Unclear> {
    if words.takes("free") {
        return Ok(Cut::Rate(crate::money::BasisPoints(0)));
    }
    if words.takes("to") {
        let text = words.name("a rate such as 88% or a price such as 9.90")?;
        let cut = rate(&text).map(Cut::Rate);
        let price = || decimal(&text, 2).map(|minor| Cut::Price(Money::from_minor(minor)));
        return match cut.or_else(price) {
            Some(cut) => Ok(cut),
            None => unclear(format!("`{text}` is neither a rate such as 88% nor a price")),
        };
    }
    if words.is_done() {
        return unclear("expected a cut: `to 88%`, `to 9.90`, `5.00 off` or `free`");
    }
    if let Some(rate) = words.peek().filter(|text| rate(text).is_some()) {
        return unclear(format!("a rate is what is left: write `to {rate}`"));
    }
    let off = words.money()?;
    words.needs("off")?;
    Ok(Cut::Off(off))
}

/// A cut as it is written.
pub(super) fn write_cut(cut: Cut) -> String {
    match cut {
        Cut::Rate(rate) if rate.0 == 0 => "free".to_owned(),
        Cut::Rate(rate) => format!("to {}", percent(rate)),
        Cut::Off(off) => format!("{off} off"),
        Cut::Price(price) => format!("to {price}"),
    }
}

fn reward(words: &mut Words) -> Result<Reward, Unclear> {
    let Some(first) = words.peek().map(str::to_owned) else {
        return unclear(format!("expected what is given{}", words.instead()));
    };
    let is_ours = REWARD_WORDS.contains(&first.as_str());
    if !is_ours {
        // `20.00 off`.
        return together(words);
    }
    if first == "to" {
        return together(words);
    }
    words.needs(&first)?;
    match first.as_str() {
        "units" => units(words),
        "prices" => price_list(words),
        "nth" => Ok(Reward::Nth { n: words.number("a number of units")?, cut: cut(words)? }),
        "cheapest" => {
            let count = words.number("a number of units")?;
            words.needs("of")?;
            Ok(Reward::Cheapest { of: words.number("a number of units")?, count, cut: cut(words)? })
        }
        "buy" => {
            let buy = words.number("a number of units")?;
            words.needs("get")?;
            let get = words.number("a number of units")?;
            let goods = of_goods(words)?;
            Ok(Reward::BuyGet { buy, get, goods, cut: cut(words)? })
        }
        "any" => {
            let n = words.number("a number of units")?;
            words.needs("for")?;
            Ok(Reward::Pick { n, price: words.money()? })
        }
        "bundle" => bundle(words),
        "gift" => {
            let Slot { goods, count } = slot(words)?;
            Ok(Reward::Gift { goods, count })
        }
        "add-on" => {
            let Slot { goods, count } = slot(words)?;
            Ok(Reward::AddOn { goods, count, cut: cut(words)? })
        }
        "free" => free_delivery(words),
        "earn" => {
            let points = words.number("a number of points")?;
            words.needs("points")?;
            words.needs("per")?;
            Ok(Reward::EarnPoints { per: words.money()?, points })
        }
        "points" => points(words),
        _ => grant(words, &first).map(Reward::Grant),
    }
}

/// The words a reward begins with; anything else is an amount off the goods together.
const REWARD_WORDS: [&str; 16] = [
    "to", "units", "prices", "nth", "cheapest", "buy", "any", "bundle", "gift", "add-on", "free",
    "earn", "points", "coupon", "cashback", "parking",
];

fn together(words: &mut Words) -> Result<Reward, Unclear> {
    match cut(words)? {
        Cut::Off(off) => Ok(Reward::AmountOff(off)),
        Cut::Rate(rate) => Ok(Reward::AmountRate(rate)),
        Cut::Price(price) => unclear(format!(
            "goods together have no price: write `units to {price}` or `any 3 for {price}`"
        )),
    }
}

fn units(words: &mut Words) -> Result<Reward, Unclear> {
    let cut = cut(words)?;
    if !words.takes("for") {
        return Ok(Reward::Units(cut));
    }
    let points = words.number("a number of points")?;
    words.needs("points")?;
    match cut {
        Cut::Price(price) => Ok(Reward::PointsPrice { points, price }),
        Cut::Rate(_) | Cut::Off(_) => {
            unclear("for points a unit has a price: `units to 9.90 for 500 points`")
        }
    }
}

fn price_list(words: &mut Words) -> Result<Reward, Unclear> {
    let mut prices = std::collections::BTreeMap::new();
    if words.takes("none") {
        return Ok(Reward::PriceList(prices));
    }
    loop {
        let sku = words.name("an SKU")?;
        let price = words.money()?;
        if prices.insert(sku.clone(), price).is_some() {
            return unclear(format!("`{sku}` has two prices"));
        }
        if !words.takes(",") {
            return Ok(Reward::PriceList(prices));
        }
    }
}

fn slot(words: &mut Words) -> Result<Slot, Unclear> {
    let count = words.number("a number of units")?;
    words.needs("of")?;
    Ok(Slot { goods: goods_text::read(words)?, count })
}

fn bundle(words: &mut Words) -> Result<Reward, Unclear> {
    let mut slots = Vec::new();
    if !words.takes("none") {
        slots.push(slot(words)?);
        while words.takes("+") {
            slots.push(slot(words)?);
        }
    }
    Ok(Reward::Bundle { slots, cut: cut(words)? })
}

fn free_delivery(words: &mut Words) -> Result<Reward, Unclear> {
    words.needs("delivery")?;
    let fee_max = if words.takes("up") {
        words.needs("to")?;
        Some(words.money()?)
    } else {
        None
    };
    Ok(Reward::FreeDelivery { fee_max })
}

fn points(words: &mut Words) -> Result<Reward, Unclear> {
    if words.takes("times") {
        let text = words.name("a rate such as 2 or 1.5")?;
        return match decimal(&text, 4).and_then(|rate| u32::try_from(rate).ok()) {
            Some(rate) => Ok(Reward::PointsTimes(PointsRate(rate))),
            None => unclear(format!("`{text}` is not a rate of points such as 2 or 1.5")),
        };
    }
    let points = words.number("a number of points")?;
    words.needs("pay")?;
    let worth = words.money()?;
    words.needs("up")?;
    words.needs("to")?;
    Ok(Reward::PointsPay { points, worth, rate_max: words.rate()? })
}

fn grant(words: &mut Words, first: &str) -> Result<Grant, Unclear> {
    match first {
        "coupon" => Ok(Grant::NextCoupon(words.name("the id of a coupon rule")?)),
        "parking" => {
            let minutes = words.number("a number of minutes")?;
            words.needs("minutes")?;
            Ok(Grant::ParkingMinutes(minutes))
        }
        // `cashback`, the last of `REWARD_WORDS`.
        _ => {
            let text = words.name("a rate or an amount")?;
            let amount =
                || decimal(&text, 2).map(|minor| Grant::CashbackAmount(Money::from_minor(minor)));
            match rate(&text).map(Grant::CashbackRate).or_else(amount) {
                Some(grant) => Ok(grant),
                None => unclear(format!("`{text}` is neither a rate such as 5% nor an amount")),
            }
        }
    }
}

/// A reward as it is written.
pub(super) fn write_reward(reward: &Reward) -> String {
    match reward {
        Reward::Units(cut) => format!("units {}", write_cut(*cut)),
        Reward::PriceList(prices) if prices.is_empty() => "prices none".to_owned(),
        Reward::PriceList(prices) => {
            // The word `none` means no prices; as an SKU it needs its quotes.
            let rows = prices.iter().map(|(sku, price)| match sku.as_str() {
                "none" => format!("\"none\" {price}"),
                _ => format!("{} {price}", word(sku)),
            });
            format!("prices {}", rows.collect::<Vec<_>>().join(", "))
        }
        Reward::PointsPrice { points, price } => format!("units to {price} for {points} points"),
        Reward::Nth { n, cut } => format!("nth {n} {}", write_cut(*cut)),
        Reward::Cheapest { of, count, cut } => {
            format!("cheapest {count} of {of} {}", write_cut(*cut))
        }
        Reward::BuyGet { buy, get, cut, goods } => {
            format!("buy {buy} get {get}{} {}", write_of(goods.as_ref()), write_cut(*cut))
        }
        Reward::Pick { n, price } => format!("any {n} for {price}"),
        Reward::Bundle { slots, cut } => {
            let slots: Vec<String> = slots.iter().map(|s| write_slot(s.count, &s.goods)).collect();
            let slots = if slots.is_empty() { "none".to_owned() } else { slots.join(" + ") };
            format!("bundle {slots} {}", write_cut(*cut))
        }
        Reward::AmountOff(off) => format!("{off} off"),
        Reward::AmountRate(rate) => format!("to {}", percent(*rate)),
        Reward::Gift { goods, count } => format!("gift {}", write_slot(*count, goods)),
        Reward::AddOn { goods, count, cut } => {
            format!("add-on {} {}", write_slot(*count, goods), write_cut(*cut))
        }
        Reward::FreeDelivery { fee_max: None } => "free delivery".to_owned(),
        Reward::FreeDelivery { fee_max: Some(fee) } => format!("free delivery up to {fee}"),
        Reward::EarnPoints { per, points } => format!("earn {points} points per {per}"),
        Reward::PointsTimes(rate) => format!("points times {}", shortest(i64::from(rate.0), 4)),
        Reward::PointsPay { points, worth, rate_max } => {
            format!("points {points} pay {worth} up to {}", percent(*rate_max))
        }
        Reward::Grant(grant) => write_grant(grant),
    }
}

/// A grant as it is written.
fn write_grant(grant: &Grant) -> String {
    match grant {
        Grant::NextCoupon(rule) => format!("coupon {}", word(rule)),
        Grant::CashbackRate(rate) => format!("cashback {}", percent(*rate)),
        Grant::CashbackAmount(amount) => format!("cashback {amount}"),
        Grant::ParkingMinutes(minutes) => format!("parking {minutes} minutes"),
    }
}

fn write_slot(count: u32, goods: &Goods) -> String {
    format!("{count} of {}", goods_text::write(goods))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reward_reads_back_as_it_is_written() {
        for text in [
            "give units to 88%",
            "give units 5.00 off",
            "give units to 9.90",
            "give units free",
            "give prices cake 9.90, tea 25.00",
            "give units to 9.90 for 500 points",
            "give nth 2 to 50%",
            "give cheapest 1 of 3 free",
            "give buy 2 get 1 free",
            "give buy 1 get 1 of sku cup, mug 5.00 off",
            "give any 3 for 99.00",
            "give bundle 1 of sku shirt + 2 of sku tie or brand x to 199.00",
            "at 100.00 give 20.00 off",
            "at 3 pieces give to 80%",
            "at 2.5 kg of category 水果 + 2 pieces give gift 1 of sku cup",
            "give add-on 1 of everything to 9.90",
            "at 99.00 give free delivery",
            "give free delivery up to 12.00",
            "give earn 1 points per 10.00",
            "give points times 1.5",
            "give points 100 pay 1.00 up to 50%",
            "give coupon next10",
            "give cashback 5%",
            "give cashback 10.00",
            "give parking 120 minutes",
        ] {
            let mut words = Words::of(text).unwrap();
            assert_eq!(write(&read(&mut words).unwrap()), text);
            assert_eq!(words.end(), Ok(()));
        }
    }

    #[test]
    fn what_is_not_a_step_is_said() {
        for (text, what) in [
            ("give", "expected what is given at the end of the line"),
            ("at 100.00", "expected `give` at the end of the line"),
            (
                "at much give free delivery",
                "`much` is nothing that can be reached; write 100.00, 3 pieces or 2.5 kg",
            ),
            ("give 88%", "a rate is what is left: write `to 88%`"),
            ("give units to 8折", "`8折` is neither a rate such as 88% nor a price"),
            (
                "give to 9.90",
                "goods together have no price: write `units to 9.90` or `any 3 for 9.90`",
            ),
            ("give nth two to 50%", "`two` is not a number of units"),
        ] {
            let got = Words::of(text).and_then(|mut words| read(&mut words));
            assert_eq!(got.map_err(|e| e.0), Err(what.to_owned()), "{text}");
        }
    }
}
