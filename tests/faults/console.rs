//! The node dies, fails or dawdles between a manager's decision and its effect.
//!
//! After each what was asked either waits still, at the old price, or is allowed and in the
//! total; the manager who taps again ends with it allowed once, and both people are in the audit
//! once.

use acceptance::{
    manager::Manager,
    store::{Store, original},
    till::Call,
    view::View,
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::struck::{actions, is_done, struck};

/// Where it happens, and whether the manager has allowed it by then.
const POINTS: [(&str, bool); 2] = [("approval.written", false), ("approval.committed", true)];

#[tokio::test]
async fn whatever_happens_between_a_managers_yes_and_the_new_price_keeps_both_or_neither()
-> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    let mut manager = Manager::new(store.edge.url());
    manager.sign_in("9001", "864200").await?.done::<Value>()?;
    let points = POINTS.into_iter();
    let strikes = points.flat_map(|point| actions(point.1).map(move |action| (point, action)));
    for ((point, is_committed), action) in strikes {
        let is_allowed = is_done(is_committed, action);
        let item = acceptance::catalog::read(&acceptance::catalog::demo())?
            .into_iter()
            .find(|item| !item.is_weighed && item.price > 1_000)
            .context("nothing is dear")?;
        let view: View = till.done(&till.scan(&item.barcode)).await?;
        let line = view.cart.context("nobody is signed in")?.lines[0].id;
        let price = item.price - 500;
        let body = json!({
            "id": Uuid::now_v7(), "line_id": line, "reason": "damaged",
            "cut": { "kind": "price", "price": { "amount": price, "currency": "CNY" } },
        });
        let ask = Call::new(Method::POST, "/workstations/1/approvals", Some(body));
        till.call(&ask).await?.done::<Value>()?;
        let waiting = manager.waiting().await?;
        // The answer may be lost with the node.
        let _ = struck(&mut store.edge, (point, action), manager.decide(&waiting, true)).await?;

        let total = async || -> Result<i64> {
            Ok(till.view().await?.cart.context("nobody is signed in")?.total.amount)
        };
        let expected = if is_allowed { price } else { item.price };
        ensure!(total().await? == expected, "{point} {action}: {}", total().await?);
        let path = "/workstations/1/view";
        let seen: Value = till.call(&Call::new(Method::GET, path, None)).await?.done()?;
        let state = &seen["cart"]["approvals"][0]["state"];
        ensure!(
            state == if is_allowed { "approved" } else { "waiting" },
            "{point} {action}: {state}"
        );
        ensure!(
            manager.decide(&waiting, true).await?.status == 204,
            "{point} {action}: the tap again"
        );
        ensure!(total().await? == price, "{point} {action}");
        let id = waiting["id"].as_str().context("no id")?;
        let deeds = store.edge.ledger()?.deeds_to(id)?;
        let expected = [("approval-asked", "1001"), ("approved", "9001")];
        ensure!(deeds.iter().map(|(a, b)| (a.as_str(), b.as_str())).eq(expected), "{deeds:?}");
        till.done(&till.void_cart()).await?;
    }
    store.edge.stop().await
}
