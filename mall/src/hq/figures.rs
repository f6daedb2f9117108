//! Figures of all stores for whoever watches them (Prometheus).
//!
//! **Invariant:** stores by their code; no amount, no name, no order.

use sync::exposition::{self, Family};

use super::read::HqError;
use crate::{
    context::Context,
    db::{certificates, edge_troubles, edges, orders_read, stores as db_stores},
    disk,
};

/// Stores whose figures are given; beyond it a mall has other means.
const STORES_MAX: usize = 20_000;

/// The figures of now, as text.
pub(crate) async fn figures(context: &Context) -> Result<String, HqError> {
    let mut tx = context.db().read("read the figures").await?;
    let now = context.now();
    let mut heard = Family::gauge("guitai_edge_heard_age_seconds", "Since a node sent a batch.");
    let mut acked = Family::gauge("guitai_edge_acked_place", "How far its newest life is held.");
    let mut trouble =
        Family::gauge("guitai_edge_trouble", "How many of what a node says is wrong.");
    let mut told = Family::gauge("guitai_edge_trouble_told_age_seconds", "Since it said so.");
    let mut left = Family::gauge(
        "guitai_edge_certificate_left_seconds",
        "How long a node's newest certificate is still good; below 0 once it has ended.",
    );
    let stores = db_stores::all(&mut tx).await?;
    let n_stores = i64::try_from(stores.len()).unwrap_or(i64::MAX);
    for row in stores.into_iter().take(STORES_MAX) {
        let nodes = edges::of_store(&mut tx, row.id).await?;
        for edge in nodes.into_iter().filter(|edge| !edge.is_revoked) {
            let labels = || vec![("store", row.store.code.clone()), ("edge", edge.id.to_string())];
            let (place, at) = orders_read::heard(&mut tx, row.id, edge.id).await?;
            heard = heard.with(labels(), now.ms_since(at).max(0) / 1_000);
            acked = acked.with(labels(), place);
            if let Some((_, ends_at)) = certificates::newest(&mut tx, &edge).await? {
                left = left.with(labels(), ends_at.ms_since(now) / 1_000);
            }
            for one in edge_troubles::of_edge(&mut tx, row.id, &edge).await? {
                let mut with = labels();
                with.push(("trouble", one.trouble));
                told = told.with(with.clone(), now.ms_since(one.told_at).max(0) / 1_000);
                trouble = trouble.with(with, one.count);
            }
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
        heard,
        acked,
        trouble,
        told,
        left,
    ];
    Ok(exposition::render(&families))
}
