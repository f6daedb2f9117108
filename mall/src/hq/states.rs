//! How each store stands between itself and the mall, for HQ to look over.
//!
//! **Invariant:** what a store said and what is held here stand beside each other; neither is guessed
//! from the other.

use std::collections::BTreeSet;

use domain::time::{StoreClock, Timestamp};
use serde::Serialize;
use sync::replica::{Scope, StoreId};
use utoipa::ToSchema;

use super::{
    read::{Asked, HqError},
    troubles::{name, severity},
};
use crate::{
    context::Context,
    db::{
        Conn, DbError, certificates, day_seals, edge_states,
        edge_troubles::{self, ToldTrouble},
        edges::{self, EdgeRow},
        orders_read, scope,
        stores::{self, StoreRow},
    },
    rules::SentenceShape,
    settings::{self, StandingShape},
};

/// Troubles that are looked through: every kind there is, in the largest chain that is meant.
const TROUBLES_MAX: i64 = 100_000;
/// Days back in which the newest sealed one is looked for: as long as a box keeps its days comparable.
const SEALED_DAYS: i64 = 62;
const DAY_MS: i64 = 86_400_000;

/// A store as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoreState)]
pub(crate) struct StateShape {
    /// Whether it is there, and what its settings are.
    #[serde(flatten)]
    pub(crate) standing: StandingShape,
    /// The newest version of the catalog here.
    pub(crate) catalog_head: i64,
    /// The newest version of its own rows here.
    pub(crate) store_head: i64,
    /// The newest business date that is sealed; empty where none was in two months.
    pub(crate) sealed_day: String,
    /// Since when; empty for none.
    pub(crate) sealed_at: String,
    /// Its edge nodes that may speak.
    pub(crate) nodes: Vec<NodeShape>,
    /// What it says is wrong.
    pub(crate) troubles: Vec<StateTroubleShape>,
}

/// How far an edge node has told and heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeState)]
pub(crate) struct NodeShape {
    /// Its id.
    pub(crate) edge: String,
    /// The newest life of its ledger …
    pub(crate) epoch: u32,
    /// … and up to where everything of it is held here: the place that a watermark of now signs.
    pub(crate) acked_seq: i64,
    /// When it last sent a batch; empty for never.
    pub(crate) batch_at: String,
    /// When its newest certificate ends; empty where it has none.
    pub(crate) certificate_ends_at: String,
    /// What it said itself; none of an older program.
    pub(crate) said: Option<SaidShape>,
}

/// What a node said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeSaid)]
pub(crate) struct SaidShape {
    /// Facts that waited for the mall.
    pub(crate) waiting: u32,
    /// When the oldest was written, by the store's clock; empty for none.
    pub(crate) oldest_at: String,
    /// The version of the catalog it sold from; 0 for none.
    pub(crate) catalog: i64,
    /// The version of its own rows; 0 for none.
    pub(crate) store: i64,
    /// When it said so.
    pub(crate) told_at: String,
}

/// A trouble of a store in a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StateTrouble)]
pub(crate) struct StateTroubleShape {
    /// Its word.
    pub(crate) trouble: String,
    /// What people call it.
    pub(crate) name: SentenceShape,
    /// `watch`, `look`, `act`, or empty for one that this mall does not know.
    pub(crate) severity: &'static str,
    /// Since when, by the store's clock.
    pub(crate) since: String,
}

/// A page of stores, by code.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoreStatePage)]
pub(crate) struct StatePage {
    /// The stores.
    pub(crate) stores: Vec<StateShape>,
    /// How many there are of all, whatever is asked for.
    pub(crate) all: usize,
    /// How many are not there.
    pub(crate) away: usize,
    /// How many say that something is wrong.
    pub(crate) troubled: usize,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// Which stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// All of them.
    All,
    /// Those whose node is not there.
    Away,
    /// Those that say something is wrong.
    Troubled,
}

impl Only {
    /// By its word; nothing for all.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "" | "all" => Some(Self::All),
            "away" => Some(Self::Away),
            "troubled" => Some(Self::Troubled),
            _ => None,
        }
    }
}

/// What is read once for a whole page.
struct Around {
    said: settings::Said,
    troubles: Vec<ToldTrouble>,
    catalog_head: i64,
    now: Timestamp,
}

/// Stores whose code or name has a text in it, by code.
pub(crate) async fn states(
    context: &Context,
    (query, only): (&str, Only),
    asked: &Asked,
) -> Result<StatePage, HqError> {
    let now = context.now();
    let mut tx = context.db().read("read how stores stand").await?;
    let mut rows = stores::all(&mut tx).await?;
    let there = settings::there(&mut tx, now).await?;
    let troubles = edge_troubles::all(&mut tx, TROUBLES_MAX).await?;
    let troubled: BTreeSet<StoreId> = troubles.iter().map(|one| one.store).collect();
    let (all, away) = (rows.len(), rows.iter().filter(|row| !there.contains(&row.id)).count());
    let query = query.trim().to_lowercase();
    rows.retain(|row| {
        let is_meant = match only {
            Only::All => true,
            Only::Away => !there.contains(&row.id),
            Only::Troubled => troubled.contains(&row.id),
        };
        let StoreRow { store, .. } = row;
        let has = |text: &str| text.to_lowercase().contains(&query);
        is_meant
            && (has(&store.code) || has(&store.name))
            && asked.after.as_ref().is_none_or(|after| store.code > *after)
    });
    let (rows, next) = asked.page(rows, |row| row.store.code.clone());
    let ids: Vec<StoreId> = rows.iter().map(|row| row.id).collect();
    let around = Around {
        said: settings::said(context, &mut tx, Some(&ids)).await?,
        troubles,
        catalog_head: head(&mut tx, Scope::Catalog).await?,
        now,
    };
    let mut stores = Vec::new();
    for row in &rows {
        stores.push(state(&mut tx, row, &around).await?);
    }
    Ok(StatePage { stores, all, away, troubled: troubled.len(), next })
}

async fn head(tx: &mut Conn, of: Scope) -> Result<i64, DbError> {
    Ok(scope::head(tx, of).await?.map_or(0, |head| head.version))
}

async fn state(tx: &mut Conn, row: &StoreRow, around: &Around) -> Result<StateShape, DbError> {
    let back = around.now.plus_ms(-SEALED_DAYS * DAY_MS);
    let since = StoreClock::default().business_date(back);
    let sealed = day_seals::newest_sealed(tx, row.id, since).await?;
    let mut nodes = Vec::new();
    for edge in edges::of_store(tx, row.id).await?.iter().filter(|edge| !edge.is_revoked) {
        nodes.push(node(tx, edge).await?);
    }
    let own = around.troubles.iter().filter(|one| one.store == row.id);
    let trouble = |one: &ToldTrouble| StateTroubleShape {
        name: name(&one.row.trouble),
        severity: severity(&one.row.trouble),
        since: one.row.since.to_string(),
        trouble: one.row.trouble.clone(),
    };
    let (sealed_day, sealed_at) =
        sealed.map_or_else(Default::default, |(day, at)| (day, at.to_string()));
    Ok(StateShape {
        standing: around.said.standing(row, around.now),
        catalog_head: around.catalog_head,
        store_head: head(tx, Scope::Store(row.id)).await?,
        sealed_day,
        sealed_at,
        nodes,
        troubles: own.map(trouble).collect(),
    })
}

async fn node(tx: &mut Conn, edge: &EdgeRow) -> Result<NodeShape, DbError> {
    let (acked_seq, batch_at) = orders_read::heard(tx, edge.store, edge.id).await?;
    let said = edge_states::of_edge(tx, edge).await?;
    let text = |at: Timestamp| if at.micros() > 0 { at.to_string() } else { String::new() };
    let ends_at = certificates::ends_at(tx, edge).await?;
    Ok(NodeShape {
        edge: edge.id.to_string(),
        epoch: edge.epoch,
        acked_seq,
        batch_at: text(batch_at),
        certificate_ends_at: ends_at.map(text).unwrap_or_default(),
        said: said.map(|row| SaidShape {
            waiting: row.state.waiting,
            oldest_at: row.state.oldest_at.map(text).unwrap_or_default(),
            catalog: row.state.catalog,
            store: row.state.store,
            told_at: row.told_at.to_string(),
        }),
    })
}
