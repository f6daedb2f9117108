//! What all stores say is wrong with them, in one list.
//!
//! **Invariant:** the most pressing first, and of those the newest; nothing is left out but what a page
//! has no room for.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::Serialize;
use sync::{
    replica::StoreId,
    trouble::{Severity, Trouble, Words},
};
use utoipa::ToSchema;

use super::read::{Asked, HqError, known};
use crate::{
    context::Context,
    db::{
        edge_troubles::{self, EdgeTroubleRow, ToldTrouble},
        stores,
    },
    rules::SentenceShape,
    settings,
};

/// Troubles that are looked through: every kind there is, in the largest chain that is meant.
const TROUBLES_MAX: i64 = 100_000;

const UNKNOWN: Words = Words {
    zh: "门店的程序比商城新，商城不认识这一项。",
    en: "The store's program is newer than the mall, which does not know this one.",
};
const UNKNOWN_TO_DO: Words =
    Words { zh: "升级商城后再看。", en: "Update the mall, then look again." };

pub(super) fn sentence(words: Words) -> SentenceShape {
    SentenceShape { zh: words.zh.to_owned(), en: words.en.to_owned() }
}

/// What people call a trouble; the word itself where this mall does not know it.
pub(super) fn name(word: &str) -> SentenceShape {
    let plain = || SentenceShape { zh: word.to_owned(), en: word.to_owned() };
    Trouble::from_word(word).map_or_else(plain, |trouble| sentence(trouble.name()))
}

/// `watch`, `look` or `act`; empty for one that this mall does not know.
pub(super) fn severity(word: &str) -> &'static str {
    Trouble::from_word(word).map_or("", |trouble| trouble.severity().word())
}

/// What a store says is wrong with it, with what HQ does about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StoreTrouble)]
pub(crate) struct StoreTroubleShape {
    /// The store's code.
    pub(crate) store: String,
    /// The store's name.
    pub(crate) store_name: String,
    /// Whether its node is there; if not, this is what it said before.
    pub(crate) is_online: bool,
    /// The edge node.
    pub(crate) edge: String,
    /// Its word: one of `sync::trouble::Trouble`, or a newer program's.
    pub(crate) trouble: String,
    /// What people call it.
    pub(crate) name: SentenceShape,
    /// `watch`, `look` or `act`; empty for one that this mall does not know.
    pub(crate) severity: &'static str,
    /// Since when, by the store's clock.
    pub(crate) since: String,
    /// How many of what it is about.
    pub(crate) count: i64,
    /// When it was told last.
    pub(crate) told_at: String,
    /// What is wrong.
    pub(crate) what: SentenceShape,
    /// What is not in danger all the same.
    pub(crate) safe: Option<SentenceShape>,
    /// What HQ does about it.
    pub(crate) to_do: SentenceShape,
}

/// A kind of trouble, and how many nodes have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TroubleKind)]
pub(crate) struct TroubleKindShape {
    /// Its word.
    pub(crate) trouble: String,
    /// What people call it.
    pub(crate) name: SentenceShape,
    /// `watch`, `look`, `act` or empty.
    pub(crate) severity: &'static str,
    /// Nodes that tell it.
    pub(crate) nodes: usize,
}

/// A page of troubles, the most pressing first, of those the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StoreTroublePage)]
pub(crate) struct StoreTroublePage {
    /// The troubles.
    pub(crate) troubles: Vec<StoreTroubleShape>,
    /// Every kind that is told now, whichever is asked for, the most pressing first.
    pub(crate) kinds: Vec<TroubleKindShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// Where a trouble stands in the list: the least comes first.
type Rank = (Reverse<u8>, Reverse<i64>, String, String, String);

/// One that this mall does not know stands with those somebody should look at: it may be any.
fn pressing(word: &str) -> u8 {
    match Trouble::from_word(word).map_or(Severity::Look, Trouble::severity) {
        Severity::Act => 2,
        Severity::Look => 1,
        Severity::Watch => 0,
    }
}

fn rank(told: &ToldTrouble) -> Rank {
    let EdgeTroubleRow { trouble, since, .. } = &told.row;
    let (code, edge) = (told.code.clone(), told.edge.clone());
    (Reverse(pressing(trouble)), Reverse(since.micros()), code, edge, trouble.clone())
}

/// `pressing.microseconds.store.edge.trouble`.
fn written(told: &ToldTrouble) -> String {
    let (Reverse(pressing), Reverse(micros), code, edge, trouble) = rank(told);
    format!("{pressing}.{micros}.{code}.{edge}.{trouble}")
}

fn cursor(text: &str) -> Result<Rank, HqError> {
    let mut parts = text.splitn(5, '.');
    let mut next = || parts.next().ok_or(HqError::Cursor);
    let pressing = next()?.parse().map_err(|_| HqError::Cursor)?;
    let micros = next()?.parse().map_err(|_| HqError::Cursor)?;
    let (code, edge, trouble) = (next()?.to_owned(), next()?.to_owned(), next()?.to_owned());
    Ok((Reverse(pressing), Reverse(micros), code, edge, trouble))
}

/// What all stores, or one of them, say is wrong; of every kind, or of one.
pub(crate) async fn store_troubles(
    context: &Context,
    (store, kind): (Option<&str>, Option<&str>),
    asked: &Asked,
) -> Result<StoreTroublePage, HqError> {
    let after = asked.after.as_deref().map(cursor).transpose()?;
    let mut tx = context.db().read("read what is wrong in the stores").await?;
    let only = match store {
        Some(code) => Some(known(&mut tx, code).await?.id),
        None => None,
    };
    let mut told = edge_troubles::all(&mut tx, TROUBLES_MAX).await?;
    told.retain(|one| only.is_none_or(|store| one.store == store));
    let kinds = kinds(&told);
    told.retain(|one| kind.is_none_or(|kind| one.row.trouble == kind));
    told.sort_by_cached_key(rank);
    if let Some(after) = after {
        told.retain(|one| rank(one) > after);
    }
    let (told, next) = asked.page(told, written);
    let there = settings::there(&mut tx, context.now()).await?;
    let mut troubles = Vec::new();
    for one in told {
        let row = stores::by_id(&mut tx, one.store).await?;
        let store_name = row.map(|row| row.store.name).unwrap_or_default();
        troubles.push(shape(one, store_name, &there));
    }
    Ok(StoreTroublePage { troubles, kinds, next })
}

fn shape(told: ToldTrouble, store_name: String, there: &BTreeSet<StoreId>) -> StoreTroubleShape {
    let ToldTrouble { store, code, edge, row } = told;
    let known = Trouble::from_word(&row.trouble);
    StoreTroubleShape {
        store: code,
        store_name,
        is_online: there.contains(&store),
        edge,
        name: name(&row.trouble),
        severity: severity(&row.trouble),
        since: row.since.to_string(),
        count: row.count,
        told_at: row.told_at.to_string(),
        what: sentence(known.map_or(UNKNOWN, Trouble::at_hq)),
        safe: known.map(|trouble| sentence(trouble.safe())),
        to_do: sentence(known.map_or(UNKNOWN_TO_DO, Trouble::to_do_at_hq)),
        trouble: row.trouble,
    }
}

fn kinds(told: &[ToldTrouble]) -> Vec<TroubleKindShape> {
    let mut nodes: BTreeMap<&str, usize> = BTreeMap::new();
    for one in told {
        *nodes.entry(&one.row.trouble).or_default() += 1;
    }
    let kind = |(word, nodes): (&str, usize)| TroubleKindShape {
        trouble: word.to_owned(),
        name: name(word),
        severity: severity(word),
        nodes,
    };
    let mut kinds: Vec<_> = nodes.into_iter().map(kind).collect();
    kinds.sort_by_key(|kind| Reverse(pressing(&kind.trouble)));
    kinds
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn every_trouble_that_stores_can_tell_is_explained_here_in_both_languages() {
        for trouble in Trouble::ALL {
            let told = ToldTrouble {
                store: StoreId(1),
                code: "SH001".to_owned(),
                edge: "e".to_owned(),
                row: EdgeTroubleRow {
                    trouble: trouble.word().to_owned(),
                    since: Timestamp::from_micros(1),
                    count: 1,
                    told_at: Timestamp::from_micros(2),
                },
            };
            assert!(cursor(&written(&told)).is_ok_and(|found| found == rank(&told)), "{trouble}");
            let shape = shape(told, "滨江店".to_owned(), &[].into());
            assert_ne!(shape.name.zh, shape.trouble, "{trouble} has no name");
            assert_ne!(shape.severity, "", "{trouble}");
            for said in [Some(shape.what), shape.safe, Some(shape.to_do)] {
                let said = said.unwrap();
                assert!(!said.zh.is_empty() && !said.en.is_empty(), "{trouble}");
            }
        }
    }

    #[test]
    fn what_is_no_cursor_of_the_list_is_refused() {
        for text in ["", "2", "2.7.SH001.e", "x.7.SH001.e.behind", "2.x.SH001.e.behind"] {
            assert!(matches!(cursor(text), Err(HqError::Cursor)), "{text}");
        }
    }
}
