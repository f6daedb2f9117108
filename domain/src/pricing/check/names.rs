//! Names of goods: what they stand for, and how much that is.
//!
//! Names may use each other, and what they stand for may grow beyond counting; so each is worked
//! out once.
//!
//! **Invariant:** nothing is written out before it is known how much it is.

use std::collections::BTreeMap;

use super::{SELECTS_RESOLVED_MAX, SETS_DEEP_MAX, fault::Fault};
use crate::pricing::{
    book::named_goods,
    goods::{Goods, SELECTS_MAX, Select, is_at_or_below},
    rule::{Rule, RuleSet, SETS_MAX},
};

/// Goods with all named goods put in. What `check` refuses comes out as nothing.
pub(in crate::pricing) fn resolved(goods: &Goods, sets: &BTreeMap<String, Goods>) -> Goods {
    let mut out = goods.clone();
    for depth in 0.. {
        let has_set = |selects: &[Select]| selects.iter().any(|s| matches!(s, Select::Set(_)));
        if depth > SETS_DEEP_MAX || !(has_set(&out.any) || has_set(&out.except)) {
            break;
        }
        out.any = flattened(out.any, sets);
        out.except = flattened(out.except, sets);
    }
    out
}

/// A list with each name replaced by what it stands for.
fn flattened(selects: Vec<Select>, sets: &BTreeMap<String, Goods>) -> Vec<Select> {
    let mut flat = Vec::with_capacity(selects.len());
    for select in selects {
        if let Select::Set(name) = select {
            flat.extend(sets.get(&name).into_iter().flat_map(|goods| goods.any.clone()));
        } else {
            flat.push(select);
        }
    }
    flat
}

pub(super) fn goods_faults(goods: &Goods, sizes: &Sizes<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let lists = [&goods.any, &goods.all, &goods.except];
    let is_bad = |select: &Select| match select {
        Select::Sku(word)
        | Select::Style(word)
        | Select::Category(word)
        | Select::Brand(word)
        | Select::Tag(word)
        | Select::Attribute(word)
        | Select::Set(word) => word.trim().is_empty() || word.chars().any(char::is_control),
    };
    if lists.iter().any(|list| list.len() > SELECTS_MAX || list.iter().any(is_bad)) {
        faults.push(Fault::Selects);
    }
    // What is everything but something cannot be one of several, so named goods only choose.
    if goods.all.iter().any(|select| matches!(select, Select::Set(_))) {
        faults.push(Fault::SetUnknown);
    }
    for list in [&goods.any, &goods.except] {
        let mut n_selects = 0_usize;
        for select in list.iter().take(SELECTS_MAX) {
            let Select::Set(name) = select else { continue };
            match sizes.known.get(name.as_str()).copied().unwrap_or(Err(Fault::SetUnknown)) {
                Ok(size) => n_selects = n_selects.saturating_add(size.selects),
                Err(fault) => faults.push(fault),
            }
        }
        if n_selects > SELECTS_RESOLVED_MAX {
            faults.push(Fault::Selects);
        }
    }
    if are_none(goods) {
        faults.push(Fault::NoGoods);
    }
    faults
}

/// How many selections each name of goods stands for, worked out once per name: names may use each
/// other, and what they stand for may grow beyond counting.
pub(super) struct Sizes<'a> {
    set: &'a RuleSet,
    known: BTreeMap<&'a str, Result<Size, Fault>>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
struct Size {
    selects: usize,
    /// Names within names.
    deep: usize,
}

/// Every goods that a rule names.
pub(super) fn goods_of(rule: &Rule) -> impl Iterator<Item = &Goods> {
    let needed = rule.steps.iter().flat_map(|step| &step.needs);
    let needed = needed.filter_map(|need| need.goods.as_ref());
    std::iter::once(&rule.goods)
        .chain(needed)
        .chain(rule.steps.iter().flat_map(|step| named_goods(&step.reward)))
}

impl<'a> Sizes<'a> {
    /// Selections of goods with all names put in.
    pub(super) fn expanded(&self, goods: &Goods) -> usize {
        let size = |select: &Select| {
            let Select::Set(name) = select else {
                return 1;
            };
            let known = self.known.get(name.as_str()).copied();
            known.and_then(Result::ok).map_or(1, |size| size.selects)
        };
        goods.any.iter().chain(&goods.all).chain(&goods.except).map(size).sum()
    }

    pub(super) fn of(set: &'a RuleSet) -> Self {
        let mut sizes = Self { set, known: BTreeMap::new() };
        for name in set.sets.keys().take(SETS_MAX) {
            // The answer is kept; whoever asks for it tells it.
            let _ = sizes.look(name);
        }
        sizes
    }

    fn look(&mut self, name: &'a str) -> Result<Size, Fault> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let goods = self.set.sets.get(name).ok_or(Fault::SetUnknown)?;
        // Whoever comes here again before it is known has gone round in a circle.
        self.known.insert(name, Err(Fault::SetCycle));
        let size = self.add_up(goods);
        self.known.insert(name, size);
        size
    }

    fn add_up(&mut self, goods: &'a Goods) -> Result<Size, Fault> {
        // Only plain lists can be put into another list.
        if goods.any.is_empty() || !goods.all.is_empty() || !goods.except.is_empty() {
            return Err(Fault::SetUnknown);
        }
        let mut size = Size { selects: 0, deep: 0 };
        for select in goods.any.iter().take(SELECTS_MAX) {
            let inner = if let Select::Set(name) = select {
                self.look(name)?
            } else {
                Size { selects: 1, deep: 0 }
            };
            size.selects = size.selects.saturating_add(inner.selects);
            size.deep = size.deep.max(inner.deep + 1);
        }
        if size.deep > SETS_DEEP_MAX {
            return Err(Fault::SetCycle);
        }
        if size.selects > SELECTS_RESOLVED_MAX { Err(Fault::Selects) } else { Ok(size) }
    }
}

/// Whether no item can be among them, as far as names alone can tell.
fn are_none(goods: &Goods) -> bool {
    let Goods { any, all, except } = goods;
    let is_out =
        |select: &Select| except.contains(select) || all.iter().any(|one| is_other(one, select));
    all.iter().any(is_out) || (!any.is_empty() && any.iter().all(is_out))
}

/// Whether an item that is one of these cannot be the other, too.
fn is_other(a: &Select, b: &Select) -> bool {
    match (a, b) {
        (Select::Sku(a), Select::Sku(b))
        | (Select::Style(a), Select::Style(b))
        | (Select::Brand(a), Select::Brand(b)) => a != b,
        (Select::Category(a), Select::Category(b)) => {
            !is_at_or_below(a, b) && !is_at_or_below(b, a)
        }
        (Select::Attribute(a), Select::Attribute(b)) => {
            match (a.split_once('='), b.split_once('=')) {
                (Some((key, a)), Some((other, b))) => {
                    key == other && a != b && matches!(key, "colour" | "size" | "unit")
                }
                (Some(_) | None, Some(_) | None) => false,
            }
        }
        (
            Select::Sku(_)
            | Select::Style(_)
            | Select::Category(_)
            | Select::Brand(_)
            | Select::Tag(_)
            | Select::Attribute(_)
            | Select::Set(_),
            _,
        ) => false,
    }
}
