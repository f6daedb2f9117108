//! How much of an item may still be sold or promised here, also with the cable cut (库存).
//!
//! The mall's row says what was counted and what online orders have a claim on; what this store
//! sold since stands in its own ledger.
//!
//! **Invariant:** it is told and stops nothing: a shopper with the goods in their hands is right.

use std::{collections::BTreeMap, sync::Arc};

use domain::quantity::Quantity;

use crate::{
    context::Context,
    db::{DbError, stock},
};

/// SKUs that are asked about at once: a page of a shelf.
pub(crate) const SKUS_MAX: usize = 200;

/// What is available of some items, by SKU as it was asked. Items that nobody ever counted here are
/// missing; below nothing is told as it is.
pub(crate) async fn available(
    context: &Arc<Context>,
    mut skus: Vec<String>,
) -> Result<BTreeMap<String, Quantity>, DbError> {
    skus.truncate(SKUS_MAX);
    let Some(replica) = context.replicas.store() else {
        return Ok(BTreeMap::new());
    };
    context
        .ledger
        .read(move |ledger| {
            let mut found = BTreeMap::new();
            for sku in skus {
                let counted = replica.read(|replica| stock::counted(replica, &sku))?;
                let Some((stock, since)) = counted else { continue };
                let stock =
                    domain::stock::Stock { sold: stock::sold_since(ledger, &sku, since)?, ..stock };
                found.insert(sku, stock.available());
            }
            Ok(found)
        })
        .await
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use sync::wire::{RowV1, StockV1};

    use super::*;
    use crate::test_store::TestStore;

    async fn check(store: &TestStore, expected: &[(&str, i64)]) {
        let asked = ["TEA", "tea", "COAT", "APPLE"].map(str::to_owned).to_vec();
        let found = available(store.context(), asked).await.unwrap();
        let found: Vec<_> = found.iter().map(|(sku, n)| (sku.as_str(), n.milli())).collect();
        assert_eq!(found, expected);
    }

    fn row(sku: &str, on_hand: i64, reserved: i64, counted_at: &str) -> RowV1 {
        let counted_at: Timestamp = counted_at.parse().unwrap();
        RowV1::Stock(StockV1 {
            sku: sku.to_owned(),
            on_hand_milli: Quantity::from_milli(on_hand),
            reserved_milli: Quantity::from_milli(reserved),
            counted_at,
        })
    }

    #[tokio::test]
    async fn what_was_sold_since_the_count_is_taken_off_and_nothing_stops_a_sale() {
        let store = TestStore::open(None).await;
        check(&store, &[]).await;
        store.apply_own(row("TEA", 3_000, 1_000, "2026-11-21T11:00:00+08:00")).await;
        check(&store, &[("TEA", 2_000), ("tea", 2_000)]).await;
        for _ in 0..3 {
            store.scan(1, "TEA").await;
        }
        store.complete(1, Some(3_600), 3_600).await.unwrap();
        check(&store, &[("TEA", -1_000), ("tea", -1_000)]).await;
        // Counted again, after the sale.
        store.apply_own(row("TEA", 5_000, 1_000, "2026-11-21T12:00:00+08:00")).await;
        check(&store, &[("TEA", 4_000), ("tea", 4_000)]).await;
    }
}
