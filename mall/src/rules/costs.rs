//! What the mall's catalog and stores say of a rule set: what sells below cost, goods that nobody
//! has, stores that there are not.
//!
//! **Invariant:** warnings, never a refusal: selling below cost is allowed, not knowing it is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    cart::LineItem,
    pricing::{
        PriceBook, RuleIx,
        check::{Loss, Losses, Worst},
        goods::Goods,
    },
    time::LocalMoment,
};

use super::shapes::{FindingShape, RulesError, SentenceShape};
use crate::{
    context::Context,
    db::{items_read, stores},
};

/// Items looked at together.
const ITEMS_MAX: i64 = 1_000;
/// Pairs of an item and a part of a rule that means it: about a second of a core. What lies beyond
/// is said.
const PAIRS_MAX: usize = 20_000_000;
/// Stores that one finding names; the others are counted.
const STORES_NAMED: usize = 5;
/// Rules that one finding names; the others are counted.
const RULES_NAMED: usize = 5;

/// A set that could be in force, and the names of goods that it was made with.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) book: PriceBook,
    pub(super) sets: BTreeMap<String, Goods>,
}

/// Looks at every item on sale and at every store that a rule names.
pub(super) async fn warnings(
    context: &Context,
    candidate: Candidate,
    now: LocalMoment,
) -> Result<Vec<FindingShape>, RulesError> {
    if candidate.book.rules().is_empty() {
        return Ok(Vec::new());
    }
    let candidate = Arc::new(candidate);
    let mut told = unknown_stores(context, &candidate.book).await?;
    let (worst, last) = pick(context, &candidate).await?;
    let shared = Arc::clone(&candidate);
    let (findings, losses) = tokio::task::spawn_blocking(move || {
        let Candidate { book, sets } = &*shared;
        (worst.findings(book), worst.losses(book, sets, now))
    })
    .await
    .map_err(|_| RulesError::CutOff)?;
    let Losses { found, cut_at, together_cut_at } = losses;
    let book = &candidate.book;
    if last.is_none() {
        // Of a catalog that was seen in part nobody knows what it lacks.
        told.extend(findings.iter().map(FindingShape::of));
    }
    told.extend(found.iter().filter_map(|loss| below_cost(book, loss)));
    told.extend(last.map(|sku| items_cut_off(&sku)));
    told.extend(cut_at.and_then(|ix| rules_cut_off(book, ix)));
    told.extend(together_cut_at.and_then(|ix| together_cut_off(book, ix)));
    Ok(told)
}

/// The worst goods of each rule; with the last SKU that was looked at if not all were.
async fn pick(
    context: &Context,
    candidate: &Arc<Candidate>,
) -> Result<(Worst, Option<String>), RulesError> {
    let (mut worst, mut after, mut pairs) = (Worst::of(&candidate.book), String::new(), 0_usize);
    loop {
        let mut tx = context.db().read("read what items cost").await?;
        let items = items_read::costed(&mut tx, &after, ITEMS_MAX).await?;
        drop(tx);
        let Some((last, _)) = items.last() else { return Ok((worst, None)) };
        after.clone_from(&crate::db::items::sku_key(&last.sku));
        let shared = Arc::clone(candidate);
        let mut cut_at = None;
        (worst, pairs, cut_at) = tokio::task::spawn_blocking(move || {
            for (item, cost) in items {
                if pairs > PAIRS_MAX {
                    break;
                }
                let code = item.sku.clone();
                let item = LineItem::of(&item.into_item(), &code);
                pairs += worst.look(&shared.book, &item, cost);
                cut_at = (pairs > PAIRS_MAX).then_some(code);
            }
            (worst, pairs, cut_at)
        })
        .await
        .map_err(|_| RulesError::CutOff)?;
        if cut_at.is_some() {
            return Ok((worst, cut_at));
        }
    }
}

/// Stores that rules name and the mall does not have.
async fn unknown_stores(
    context: &Context,
    book: &PriceBook,
) -> Result<Vec<FindingShape>, RulesError> {
    if book.rules().iter().all(|rule| rule.place.stores.is_empty()) {
        return Ok(Vec::new());
    }
    let mut tx = context.db().read("read the stores that rules name").await?;
    let all = stores::all(&mut tx).await?;
    drop(tx);
    let known: BTreeSet<&str> = all.iter().map(|row| row.store.code.as_str()).collect();
    let told = book.rules().iter().filter_map(|rule| {
        let unknown = rule.place.stores.iter().filter(|code| !known.contains(code.as_str()));
        let unknown: Vec<&str> = unknown.map(String::as_str).collect();
        (!unknown.is_empty()).then(|| unknown_store(&rule.id, &unknown))
    });
    Ok(told.collect())
}

fn unknown_store(rule: &str, unknown: &[&str]) -> FindingShape {
    let n = unknown.len();
    let named = unknown.get(..n.min(STORES_NAMED)).unwrap_or_default();
    FindingShape {
        rule: rule.to_owned(),
        code: "unknown-store",
        sentence: SentenceShape {
            zh: format!("“{rule}”：{n} 家门店不存在：{}。", named.join("、")),
            en: format!("`{rule}`: {n} of its stores do not exist: {}.", named.join(", ")),
        },
    }
}

fn below_cost(book: &PriceBook, loss: &Loss) -> Option<FindingShape> {
    let Loss { rules, sku, pieces, paid, cost } = loss;
    let rules: Vec<_> = rules.iter().filter_map(|ix| book.rule(*ix)).collect();
    let (first, others) = rules.split_first()?;
    let named = rules.iter().take(RULES_NAMED).map(|rule| rule.name.as_str());
    let names: Vec<&str> = named.collect();
    let (mut zh_names, mut en_names) =
        (format!("“{}”", names.join("”“")), format!("“{}”", names.join("”, “")));
    let n_more = rules.len() - names.len();
    if n_more > 0 {
        zh_names.push_str(&format!("等 {} 条规则", rules.len()));
        en_names.push_str(&format!(" and {n_more} more"));
    }
    let (code, zh_how, en_how) = if others.is_empty() {
        ("below-cost", "低于成本价", "sells below cost")
    } else {
        ("below-cost-together", "一起用时低于成本价", "together sell below cost")
    };
    Some(FindingShape {
        rule: first.id.clone(),
        code,
        sentence: SentenceShape {
            zh: format!("{zh_names}{zh_how}：例如 {sku} 等 {pieces} 件收 {paid}，成本 {cost}。"),
            en: format!(
                "{en_names} {en_how}: for example {pieces} pieces with {sku} bring {paid} and \
                 cost {cost}."
            ),
        },
    })
}

fn items_cut_off(sku: &str) -> FindingShape {
    FindingShape {
        rule: String::new(),
        code: "costs-not-all-checked",
        sentence: SentenceShape {
            zh: format!("规则和商品太多，成本价只检查到货号 {sku}。"),
            en: format!("There are too many rules and items: costs were checked up to SKU {sku}."),
        },
    }
}

fn rules_cut_off(book: &PriceBook, ix: RuleIx) -> Option<FindingShape> {
    let rule = &book.rule(ix)?.id;
    Some(FindingShape {
        rule: rule.clone(),
        code: "costs-not-all-checked",
        sentence: SentenceShape {
            zh: format!("规则太多，成本价只检查到规则“{rule}”之前。"),
            en: format!("There are too many rules: costs were checked up to rule `{rule}`."),
        },
    })
}

fn together_cut_off(book: &PriceBook, ix: RuleIx) -> Option<FindingShape> {
    let rule = &book.rule(ix)?.id;
    Some(FindingShape {
        rule: rule.clone(),
        code: "costs-not-all-checked",
        sentence: SentenceShape {
            zh: format!("规则太多，几条一起用时的成本价只检查到规则“{rule}”之前。"),
            en: format!(
                "There are too many rules: costs of several together were checked up to rule \
                 `{rule}`."
            ),
        },
    })
}

#[cfg(test)]
mod tests {
    use domain::{money::Money, pricing::RuleSet, trial::rule_text};

    use super::*;

    #[test]
    fn of_many_rules_that_lose_together_five_are_named_and_the_others_counted() {
        let rule = |n: usize| {
            rule_text::parse(&format!("rule r{n} 名{n}\n  give units to 90%\n")).unwrap()
        };
        let rules = (0..7).map(rule).collect();
        let book = PriceBook::compile(1, RuleSet { sets: BTreeMap::new(), rules }).unwrap();
        let table = [
            (1, "“名0”低于成本价：", "“名0” sells below"),
            (2, "“名0”“名1”一起用时", "“名0”, “名1” together"),
            (5, "“名0”“名1”“名2”“名3”“名4”一起用时", "“名4” together"),
            (7, "“名0”“名1”“名2”“名3”“名4”等 7 条规则一起用时", "“名4” and 2 more together"),
        ];
        for (n, zh, en) in table {
            let (paid, cost) = (Money::from_minor(1), Money::from_minor(2));
            let rules = (0..n).map(RuleIx).collect();
            let loss = Loss { rules, sku: "milk".to_owned(), pieces: 1, paid, cost };
            let SentenceShape { zh: told_zh, en: told_en } =
                below_cost(&book, &loss).unwrap().sentence;
            assert!(told_zh.starts_with(zh) && told_en.contains(en), "{told_zh} {told_en}");
        }
    }
}
