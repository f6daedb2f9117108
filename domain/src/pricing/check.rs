//! What is wrong with a rule set before it is in force.
//!
//! | file | what |
//! | --- | --- |
//! | `fault` | what can be found: code, severity, sentences |
//! | `names` | names of goods, and goods that no item can be |
//! | `shape` | whether a rule can be meant at all: its errors |
//! | `sense` | whether a rule that can be meant ever does something, and more for more |
//! | `calendar` | when it is open |
//! | `others` | rules that leave each other nothing |
//! | `worst` | carts in which rules sell below cost, quoted |
//!
//! **Invariant:** a set without errors can be compiled, and never makes a quote fail or wait. `check`
//! costs a few looks at each rule and never at each pair; only `worst` quotes rules together, and its
//! work is counted and cut off.

mod calendar;
mod fault;
mod names;
mod others;
mod sense;
mod shape;
mod worst;

use std::collections::BTreeSet;

use self::names::{Sizes, goods_faults, goods_of};
pub use self::{
    fault::{Fault, Finding},
    worst::{LOSS_WORK_MAX, Loss, Losses, Worst},
};
pub(super) use self::{names::resolved, shape::is_cut};
use super::rule::{RULES_MAX, RuleSet, SETS_MAX};
use crate::time::LocalMoment;

/// The largest sum a threshold or a reward may name: a hundred million yuan.
pub const RULE_MINOR_MAX: i64 = 10_000_000_000;
/// The most points a rule may name.
pub const RULE_POINTS_MAX: i64 = 1_000_000_000;
/// Selections that a list stands for once all names in it are put in.
pub const SELECTS_RESOLVED_MAX: usize = 10_000;
/// Selections of a whole set once all names are put in: some hundreds of megabytes in memory.
pub const SELECTS_ALL_MAX: usize = 2_000_000;
/// How deep named goods may use each other.
pub const SETS_DEEP_MAX: usize = 8;

/// Looks a rule set over: errors first, then warnings, each by subject.
#[must_use]
pub fn check(set: &RuleSet) -> Vec<Finding> {
    look(set, None)
}

/// The same, and what is over at a moment on the wall of a store.
#[must_use]
pub fn check_at(set: &RuleSet, now: LocalMoment) -> Vec<Finding> {
    look(set, Some(now))
}

fn look(set: &RuleSet, now: Option<LocalMoment>) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    let mut find = |subject: &str, faults: Vec<Fault>| {
        for fault in faults {
            let finding = Finding { subject: subject.to_owned(), fault };
            findings.insert((!fault.is_error(), finding));
        }
    };
    if set.rules.len() > RULES_MAX {
        find("", vec![Fault::TooManyRules]);
    }
    if set.sets.len() > SETS_MAX {
        find("", vec![Fault::TooManySets]);
    }
    let sizes = Sizes::of(set);
    for (name, goods) in set.sets.iter().take(SETS_MAX) {
        find(name, goods_faults(goods, &sizes));
        if !shape::is_set_name(name) {
            find(name, vec![Fault::SetName]);
        }
    }
    let goods = set.rules.iter().take(RULES_MAX).flat_map(goods_of);
    if goods.map(|goods| sizes.expanded(goods)).fold(0, usize::saturating_add) > SELECTS_ALL_MAX {
        find("", vec![Fault::Selections]);
    }
    let (mut ids, mut meant) = (BTreeSet::new(), Vec::new());
    let coupons: BTreeSet<&str> =
        set.rules.iter().filter(|rule| rule.coupon).map(|rule| rule.id.as_str()).collect();
    for rule in set.rules.iter().take(RULES_MAX) {
        let errors = shape::rule_faults(rule, &sizes, &coupons);
        // What cannot be meant makes no sense, which need not be said of every part of it.
        if !errors.iter().any(|fault| fault.is_error()) {
            find(&rule.id, sense::warnings(rule, now));
            meant.push(rule);
        }
        find(&rule.id, errors);
        if !ids.insert(rule.id.as_str()) {
            find(&rule.id, vec![Fault::IdTwice]);
        }
    }
    for (subject, fault) in others::warnings(&meant) {
        find(subject, vec![fault]);
    }
    findings.into_iter().map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::{
        explain::Language,
        goods::{Goods, Select},
    };

    fn any(selects: Vec<Select>) -> Goods {
        Goods { any: selects, ..Goods::default() }
    }

    #[test]
    fn names_that_go_round_or_fan_out_are_refused_at_once() {
        let set = |name: &str| Select::Set(name.to_owned());
        let circle = [("a", any(vec![set("b")])), ("b", any(vec![set("a")]))];
        let fan = (0..7).map(|n| (format!("f{n}"), any(vec![set(&format!("f{}", n + 1)); 200])));
        let leaf = ("f7".to_owned(), any(vec![Select::Sku("tea".to_owned())]));
        let circle = circle.into_iter().map(|(name, goods)| (name.to_owned(), goods));
        let sets = circle.chain(fan).chain([leaf]).collect();
        let found = check(&RuleSet { sets, rules: Vec::new() });
        let of = |name: &str| -> Vec<Fault> {
            found.iter().filter(|f| f.subject == name).map(|f| f.fault).collect()
        };
        assert_eq!(of("a"), [Fault::SetCycle]);
        assert_eq!(of("f0"), [Fault::Selects]);
        assert_eq!(of("f6"), []);
        assert_eq!(of(""), []);
    }

    #[test]
    fn codes_are_told_apart_and_every_fault_has_sentences_in_both_languages() {
        let codes: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        assert_eq!(codes.len(), Fault::ALL.len());
        for fault in Fault::ALL.iter().copied() {
            let finding = Finding { subject: "r1".to_owned(), fault };
            let (zh, en) = (finding.sentence(Language::Zh), finding.sentence(Language::En));
            assert!(zh.starts_with("“r1”：") && zh.ends_with('。'), "{zh}");
            assert!(en.starts_with("`r1`: ") && en.ends_with('.') && en.is_ascii(), "{en}");
        }
    }
}
