//! What was saved and what little more would bring, as screens tell it.
//!
//! **Invariant:** no amount is computed that `pricing` did not take; only parts are summed.

use domain::{
    money::Money,
    pricing::{
        By, Lane, Next, Note, PriceBook, Quote, Why,
        explain::{self, Language as Spoken},
        rule::NeedAmount,
    },
};

use super::shapes::{AdjustmentView, LaneView, LineAdjustmentView};
use crate::{http::problem::Language, station::Priced};

/// More sentences than this are read by nobody.
const HINTS_MAX: usize = 3;

impl From<Lane> for LaneView {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Price => Self::Price,
            Lane::Line => Self::Line,
            Lane::Group => Self::Group,
            Lane::Order => Self::Order,
            Lane::Coupon => Self::Coupon,
            Lane::Points => Self::Points,
        }
    }
}

const fn spoken(language: Language) -> Spoken {
    match language {
        Language::Chinese => Spoken::Zh,
        Language::English => Spoken::En,
    }
}

/// What people call a reduction.
fn name(book: &PriceBook, by: By, language: Language) -> String {
    match (by, language) {
        (By::Rule(rule) | By::Coupon(rule, _), _) => {
            book.rule(rule).map(|rule| rule.name.clone()).unwrap_or_default()
        }
        (By::Manual(_), Language::Chinese) => "手工优惠".to_owned(),
        (By::Manual(_), Language::English) => "Manual reduction".to_owned(),
    }
}

/// What each reduction took from a line, by its place in the cart.
pub(super) fn of_line(priced: &Priced, line: usize, language: Language) -> Vec<LineAdjustmentView> {
    let mut taken: Vec<(By, Money)> = Vec::new();
    for taking in priced.quote.takings.iter().filter(|taking| usize::from(taking.line) == line) {
        // Parts of a quote that holds cannot overflow.
        let units = i64::from(taking.units);
        let amount = Money::from_minor(taking.each.minor().saturating_mul(units));
        match taken.iter_mut().find(|(by, _)| *by == taking.by) {
            Some((_, sum)) => *sum = sum.plus(amount).unwrap_or(*sum),
            None => taken.push((taking.by, amount)),
        }
    }
    let view = |(by, amount): (By, Money)| LineAdjustmentView {
        name: name(&priced.book, by, language),
        amount: amount.into(),
    };
    taken.into_iter().map(view).collect()
}

/// What each reduction took from the cart.
pub(super) fn of_cart(priced: &Priced, language: Language) -> Vec<AdjustmentView> {
    let applied = priced.quote.applied.iter().filter(|applied| applied.saved != Money::ZERO);
    applied
        .map(|applied| AdjustmentView {
            name: name(&priced.book, applied.by, language),
            lane: applied.lane.into(),
            saved: applied.saved.into(),
        })
        .collect()
}

/// What little more would bring, nearest first.
pub(super) fn hints(priced: &Priced, language: Language) -> Vec<String> {
    let quote = &priced.quote;
    let mut notes: Vec<(i64, &Note)> =
        quote.notes.iter().filter_map(|note| Some((distance(quote, note)?, note))).collect();
    // Stable: what is equally near stays in the order of the book.
    notes.sort_by_key(|(distance, _)| *distance);
    let sentences =
        notes.into_iter().filter_map(|(_, n)| explain::hint(&priced.book, n, spoken(language)));
    sentences.take(HINTS_MAX).collect()
}

/// How far away what a note promises is, in fen: a missing piece or kilogram counts as much as the
/// average piece on the counter. Nothing, when the shopper need only choose.
fn distance(quote: &Quote, note: &Note) -> Option<i64> {
    let average = quote.list.minor() / i64::from(quote.pieces.max(1));
    match (note.why, note.next) {
        (Why::Choose(_), _) => Some(0),
        (_, Some(Next { missing: NeedAmount::Minor(money), .. })) => Some(money.minor()),
        (_, Some(Next { missing: NeedAmount::Pieces(pieces), .. })) => {
            Some(average.saturating_mul(i64::from(pieces)))
        }
        (_, Some(Next { missing: NeedAmount::Milli(weight), .. })) => {
            Some(average.saturating_mul(weight.milli()) / 1_000)
        }
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{http::view, test_store::TestStore};

    /// 满 13、14、16、20、30 元各减 1 元, tea at 9 折, and a coat that gives socks for nothing.
    fn rules() -> String {
        let over = |minor: i64| {
            json!({"id": format!("over-{minor:05}"), "name": format!("满{minor}"),
                   "steps": [{"needs": [{"amount": {"minor": minor}}],
                              "reward": {"amount_off": 100}}]})
        };
        let tea = json!({"id": "tea", "name": "茶九折", "goods": {"any": [{"sku": "TEA"}]},
                         "steps": [{"reward": {"units": {"rate": 9000}}}]});
        let mut all: Vec<Value> = [3_000, 1_300, 2_000, 1_400, 1_600].map(over).to_vec();
        all.push(tea);
        json!({ "rules": all }).to_string()
    }

    async fn shown(store: &TestStore, language: Language) -> (Value, Value) {
        let (context, scene) = (store.context(), store.scene(1));
        let who = context.operator("1001").unwrap();
        let of_operator = view::operator(context, &scene, Some(&who), language);
        let of_shopper = view::customer(context, &scene, language);
        (serde_json::to_value(of_operator).unwrap(), serde_json::to_value(of_shopper).unwrap())
    }

    #[tokio::test]
    async fn both_screens_say_what_was_saved_by_name() {
        let store = TestStore::open(Some(&rules())).await;
        store.scan(1, "TEA").await;
        store.scan(1, "COAT").await;
        let (operator, shopper) = shown(&store, Language::Chinese).await;
        for view in [&operator, &shopper] {
            let cart = &view["cart"];
            let line = &cart["lines"][0];
            assert_eq!(line["list"]["amount"], 1_200);
            let taken = |of: &Value, name: &str, member: &str| -> i64 {
                let all = of["adjustments"].as_array().unwrap().iter();
                all.filter(|one| one["name"] == name)
                    .map(|one| one[member]["amount"].as_i64().unwrap())
                    .sum()
            };
            assert_eq!(taken(line, "茶九折", "amount"), 120);
            assert_eq!(taken(cart, "茶九折", "saved"), 120);
            assert_eq!(taken(cart, "满1300", "saved"), 100);
            assert_eq!(
                (&cart["saved"]["amount"], &cart["total"]["amount"]),
                (&json!(620), &json!(20_580))
            );
            for line in cart["lines"].as_array().unwrap() {
                let all = line["adjustments"].as_array().unwrap().iter();
                let sum: i64 = all.map(|one| one["amount"]["amount"].as_i64().unwrap()).sum();
                let saved = line["list"]["amount"].as_i64().unwrap()
                    - line["amount"]["amount"].as_i64().unwrap();
                assert_eq!((line["saved"]["amount"].as_i64(), sum), (Some(saved), saved), "{line}");
            }
        }
    }

    #[tokio::test]
    async fn the_three_nearest_hints_come_in_the_language_of_the_screen() {
        let store = TestStore::open(Some(&rules())).await;
        store.scan(1, "TEA").await;
        let (operator, shopper) = shown(&store, Language::Chinese).await;
        let hints: Vec<String> = serde_json::from_value(operator["cart"]["hints"].clone()).unwrap();
        // 10.80 on the counter: 2.20, 3.20 and 5.20 are missing to the nearest three.
        assert_eq!(hints.len(), HINTS_MAX, "{hints:?}");
        for (hint, missing) in hints.iter().zip(["再买 2.20", "再买 3.20", "再买 5.20"]) {
            assert!(hint.contains(missing), "{hints:?}");
        }
        assert_eq!(shopper["cart"]["hints"], operator["cart"]["hints"]);
        let (english, _) = shown(&store, Language::English).await;
        let first = english["cart"]["hints"][0].as_str().unwrap();
        assert!(first.contains("buy 2.20 more"), "{first}");
    }
}
