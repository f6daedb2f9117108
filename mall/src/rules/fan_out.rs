//! How many selections a set comes to when every name is replaced by what it stands for.
//!
//! Names save writing: twenty kilobytes of names that use names can stand for more selections than
//! any machine holds, in the mall and in every store. They are counted before anybody writes them
//! out.
//!
//! **Invariant:** pure; each name is counted once for each depth, whoever uses it.

use std::collections::HashMap;

use domain::pricing::{
    Rule, RuleSet,
    check::SETS_DEEP_MAX,
    goods::{Goods, Select},
    rule::Reward,
};

use super::shapes::{FindingShape, SentenceShape};

/// Selections of a whole set: some hundreds of megabytes when they are written out.
const SELECTS_ALL_MAX: u64 = 5_000_000;

/// What is wrong with a set that comes to more.
pub(super) fn fault(set: &RuleSet) -> Option<FindingShape> {
    let mut counter = Counter { set, known: HashMap::new() };
    let named = set.sets.values().map(|goods| counter.goods(goods, 0));
    let mut all = named.fold(0, u64::saturating_add);
    for rule in &set.rules {
        let used = goods_of(rule).into_iter().map(|goods| counter.goods(goods, 0));
        all = used.fold(all, u64::saturating_add);
    }
    (all > SELECTS_ALL_MAX).then(|| FindingShape {
        rule: String::new(),
        code: "selections",
        sentence: SentenceShape {
            zh: format!("商品组展开后超过 {SELECTS_ALL_MAX} 个商品条件，请改用分类或标签。"),
            en: format!(
                "Its named goods come to more than {SELECTS_ALL_MAX} selections; use a category \
                 or a tag instead."
            ),
        },
    })
}

struct Counter<'a> {
    set: &'a RuleSet,
    known: HashMap<(&'a str, usize), u64>,
}

impl<'a> Counter<'a> {
    fn goods(&mut self, goods: &'a Goods, depth: usize) -> u64 {
        let selects = goods.any.iter().chain(&goods.all).chain(&goods.except);
        selects.fold(0, |all, select| all.saturating_add(self.select(select, depth)))
    }

    fn select(&mut self, select: &'a Select, depth: usize) -> u64 {
        let Select::Set(name) = select else {
            return 1;
        };
        let name = name.as_str();
        if let Some(known) = self.known.get(&(name, depth)) {
            return *known;
        }
        // What is deeper, goes in circles or is not there is a fault of its own.
        let count = match self.set.sets.get(name) {
            Some(goods) if depth < SETS_DEEP_MAX => self.goods(goods, depth + 1),
            Some(_) | None => 1,
        };
        self.known.insert((name, depth), count);
        count
    }
}

/// Every goods that a rule names.
fn goods_of(rule: &Rule) -> Vec<&Goods> {
    let mut all = vec![&rule.goods];
    for step in &rule.steps {
        all.extend(step.needs.iter().filter_map(|need| need.goods.as_ref()));
        match &step.reward {
            Reward::BuyGet { goods, .. } => all.extend(goods),
            Reward::Bundle { slots, .. } => all.extend(slots.iter().map(|slot| &slot.goods)),
            Reward::Gift { goods, .. } | Reward::AddOn { goods, .. } => all.push(goods),
            Reward::Units(_)
            | Reward::PriceList(_)
            | Reward::PointsPrice { .. }
            | Reward::Nth { .. }
            | Reward::Cheapest { .. }
            | Reward::Pick { .. }
            | Reward::AmountOff(_)
            | Reward::AmountRate(_)
            | Reward::FreeDelivery { .. }
            | Reward::EarnPoints { .. }
            | Reward::PointsTimes(_)
            | Reward::PointsPay { .. }
            | Reward::Grant(_) => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// `depth` names, each of which uses the next `width` times, and one rule over the first.
    fn set(depth: usize, width: usize) -> RuleSet {
        let mut sets = BTreeMap::new();
        for at in 0..depth {
            let select = match at + 1 {
                next if next == depth => Select::Sku("x".into()),
                next => Select::Set(format!("a{next}")),
            };
            let goods = Goods { any: vec![select; width], ..Goods::everything() };
            sets.insert(format!("a{at}"), goods);
        }
        let goods = Goods { any: vec![Select::Set("a0".into())], ..Goods::everything() };
        let rule = Rule { goods, ..domain::trial::rule_text::blank() };
        RuleSet { sets, rules: vec![rule] }
    }

    #[test]
    fn names_that_fan_out_are_counted_and_not_written_out() {
        assert!(fault(&set(2, 1_000)).is_none());
        assert!(fault(&set(6, 10)).is_none());
        assert_eq!(fault(&set(6, 200)).unwrap().code, "selections");
        assert_eq!(fault(&set(8, 2_000)).unwrap().code, "selections");
        let mut many = set(1, 2_000);
        many.rules = vec![many.rules[0].clone(); 4_000];
        assert_eq!(fault(&many).unwrap().code, "selections");
    }

    #[test]
    fn names_in_a_circle_are_walked_to_their_depth_and_no_further() {
        let circle = |width: usize| {
            let goods = |name: &str| Goods {
                any: vec![Select::Set(name.into()); width],
                ..Goods::everything()
            };
            let sets = [("a".to_owned(), goods("b")), ("b".to_owned(), goods("a"))];
            fault(&RuleSet { sets: sets.into(), rules: Vec::new() })
        };
        // That it is a circle is for `check` to say.
        assert!(circle(1).is_none());
        assert!(circle(2_000).is_some());
    }
}
