//! Figures of all stores for whoever watches them (Prometheus).
//!
//! **Invariant:** stores by their code; no amount, no name, no order.

use domain::time::Timestamp;
use sync::{
    exposition::{self, Family},
    replica::Scope,
};

use super::read::HqError;
use crate::{
    context::Context,
    db::{
        Conn, DbError, certificates, edge_states, edge_troubles,
        edges::{self, EdgeRow},
        orders_read, scope, stores as db_stores,
    },
    disk, settings,
};

/// Stores whose figures are given; beyond it a mall has other means.
const STORES_MAX: usize = 20_000;

/// Figures by store and node.
struct Nodes {
    online: Family,
    heard: Family,
    acked: Family,
    waiting: Family,
    behind: Family,
    trouble: Family,
    told: Family,
    left: Family,
}

impl Nodes {
    fn new() -> Self {
        let gauge = Family::gauge;
        Self {
            online: gauge("guitai_store_online", "1 while a node of the store is there."),
            heard: gauge("guitai_edge_heard_age_seconds", "Since a node sent a batch."),
            acked: gauge("guitai_edge_acked_place", "How far its newest life is held."),
            waiting: gauge(
                "guitai_edge_waiting_facts",
                "Facts that a node said wait for the mall.",
            ),
            behind: gauge("guitai_edge_replica_behind", "Versions that a node said it lacks."),
            trouble: gauge("guitai_edge_trouble", "How many of what a node says is wrong."),
            told: gauge("guitai_edge_trouble_told_age_seconds", "Since it said so."),
            left: gauge(
                "guitai_edge_certificate_left_seconds",
                "How long a node's newest certificate is still good; below 0 once it has ended.",
            ),
        }
    }

    /// Adds a node, with the newest versions that there are for it.
    async fn with(
        mut self,
        tx: &mut Conn,
        (code, edge): (&str, &EdgeRow),
        heads: [(&str, i64); 2],
        now: Timestamp,
    ) -> Result<Self, DbError> {
        let labels = || vec![("store", code.to_owned()), ("edge", edge.id.to_string())];
        let (place, at) = orders_read::heard(tx, edge.store, edge.id).await?;
        self.heard = self.heard.with(labels(), now.ms_since(at).max(0) / 1_000);
        self.acked = self.acked.with(labels(), place);
        if let Some(said) = edge_states::of_edge(tx, edge).await?.map(|row| row.state) {
            self.waiting = self.waiting.with(labels(), said.waiting.into());
            for ((scope, head), has) in heads.into_iter().zip([said.catalog, said.store]) {
                let mut with = labels();
                with.push(("scope", scope.to_owned()));
                self.behind = self.behind.with(with, head.saturating_sub(has).max(0));
            }
        }
        if let Some((_, ends_at)) = certificates::newest(tx, edge).await? {
            self.left = self.left.with(labels(), ends_at.ms_since(now) / 1_000);
        }
        for one in edge_troubles::of_edge(tx, edge.store, edge).await? {
            let mut with = labels();
            with.push(("trouble", one.trouble));
            self.told = self.told.with(with.clone(), now.ms_since(one.told_at).max(0) / 1_000);
            self.trouble = self.trouble.with(with, one.count);
        }
        Ok(self)
    }
}

async fn head(tx: &mut Conn, of: Scope) -> Result<i64, DbError> {
    Ok(scope::head(tx, of).await?.map_or(0, |head| head.version))
}

/// The figures of now, as text.
pub(crate) async fn figures(context: &Context) -> Result<String, HqError> {
    let mut tx = context.db().read("read the figures").await?;
    let now = context.now();
    let there = settings::there(&mut tx, now).await?;
    let catalog = head(&mut tx, Scope::Catalog).await?;
    let stores = db_stores::all(&mut tx).await?;
    let n_stores = i64::try_from(stores.len()).unwrap_or(i64::MAX);
    let mut figures = Nodes::new();
    for row in stores.into_iter().take(STORES_MAX) {
        let code = row.store.code;
        let is_there = i64::from(there.contains(&row.id));
        figures.online = figures.online.with(vec![("store", code.clone())], is_there);
        let heads = [("catalog", catalog), ("store", head(&mut tx, Scope::Store(row.id)).await?)];
        let nodes = edges::of_store(&mut tx, row.id).await?;
        for edge in nodes.into_iter().filter(|edge| !edge.is_revoked) {
            figures = figures.with(&mut tx, (&code, &edge), heads, now).await?;
        }
    }
    let (waiting, troubled) = edge_troubles::waiting(&mut tx).await?;
    let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let one = |name, help, value: Option<u64>| {
        let family = Family::gauge(name, help);
        value.map_or(family.clone(), |value| family.of(whole(value)))
    };
    let families = [
        Family::gauge("guitai_stores", "Stores.").of(n_stores),
        Family::gauge("guitai_inbox_waiting", "Facts that wait to be processed.").of(waiting),
        Family::gauge("guitai_facts_troubled", "Facts in quarantine or in conflict.").of(troubled),
        one("guitai_disk_free_bytes", "Room on the disk of the data folder.", disk::free(context)),
        one("guitai_database_bytes", "The database, where it is a file.", disk::database(context)),
        figures.online,
        figures.heard,
        figures.acked,
        figures.waiting,
        figures.behind,
        figures.trouble,
        figures.told,
        figures.left,
    ];
    Ok(exposition::render(&families))
}
