//! Which rules sell below what the goods cost HQ.
//!
//! **Invariant:** a warning, never a refusal: selling below cost is allowed, not knowing it is not.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    cart::LineItem,
    money::Money,
    pricing::{PriceBook, RuleIx},
};

use super::shapes::{FindingShape, RulesError, SentenceShape};
use crate::{context::Context, db::items_read};

/// Items looked at together.
const ITEMS_MAX: i64 = 1_000;
/// Pairs of item and rule looked at: some seconds of a core. What lies beyond is said.
const PAIRS_MAX: usize = 100_000_000;
/// Rules that are looked at for an item beside those over all goods; a book finds them by what the
/// item is.
const NARROW_RULES: usize = 64;

/// What a rule sells below cost.
#[derive(Clone, Debug, Default)]
struct Loss {
    n_items: usize,
    /// The first item's SKU and cost.
    first: (String, Money),
}

/// Looks at every item whose cost is known.
pub(super) async fn warnings(
    context: &Context,
    book: &Arc<PriceBook>,
) -> Result<Vec<FindingShape>, RulesError> {
    let (mut losses, mut after, mut pairs) = (BTreeMap::new(), String::new(), 0_usize);
    if book.rules().is_empty() {
        return Ok(Vec::new());
    }
    let n_wide = book.rules().iter().filter(|rule| rule.goods.any.is_empty()).count();
    loop {
        let mut tx = context.db().read("read what items cost").await?;
        let costed = items_read::costed(&mut tx, &after, ITEMS_MAX).await?;
        drop(tx);
        let Some((last, _)) = costed.last() else { break };
        after.clone_from(&crate::db::items::sku_key(&last.sku));
        pairs = pairs.saturating_add(costed.len().saturating_mul(n_wide + NARROW_RULES));
        let items = costed.into_iter().map(|(item, cost)| {
            let code = item.sku.clone();
            (LineItem::of(&item.into_item(), &code), cost)
        });
        let (items, shared) = (items.collect::<Vec<_>>(), Arc::clone(book));
        losses = tokio::task::spawn_blocking(move || look(&shared, &items, losses))
            .await
            .map_err(|_| RulesError::CutOff)?;
        if pairs > PAIRS_MAX {
            let mut told = told(book, losses);
            told.push(cut_off(&after));
            return Ok(told);
        }
    }
    Ok(told(book, losses))
}

fn look(
    book: &PriceBook,
    items: &[(LineItem, Money)],
    mut losses: BTreeMap<RuleIx, Loss>,
) -> BTreeMap<RuleIx, Loss> {
    for (item, cost) in items {
        for ix in book.below_cost(item, *cost) {
            let loss = losses.entry(ix).or_default();
            if loss.n_items == 0 {
                loss.first = (item.sku.clone(), *cost);
            }
            loss.n_items += 1;
        }
    }
    losses
}

fn told(book: &PriceBook, losses: BTreeMap<RuleIx, Loss>) -> Vec<FindingShape> {
    let one = |(ix, Loss { n_items, first: (sku, cost) })| {
        let rule = book.rule(ix)?;
        let name = &rule.name;
        Some(FindingShape {
            rule: rule.id.clone(),
            code: "below-cost",
            sentence: SentenceShape {
                zh: format!("“{name}”会让 {n_items} 个商品低于成本价，例如 {sku}（成本 {cost}）。"),
                en: format!(
                    "“{name}” sells {n_items} items below cost, for example {sku} (cost {cost})."
                ),
            },
        })
    };
    losses.into_iter().filter_map(one).collect()
}

fn cut_off(after: &str) -> FindingShape {
    FindingShape {
        rule: String::new(),
        code: "costs-not-all-checked",
        sentence: SentenceShape {
            zh: format!("规则和商品太多，成本价只检查到货号 {after}。"),
            en: format!(
                "There are too many rules and items: costs were checked up to SKU {after}."
            ),
        },
    }
}
