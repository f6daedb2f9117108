//! The console's doors, with somebody on the Wi-Fi at them who is no manager.

use acceptance::{
    manager::Manager,
    port,
    store::{Store, original},
    till::{Answer, Call, Till, answer, http},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// A store with a door to the LAN, at which a manager is signed in, and a till that asks for a price.
struct Street {
    store: Store,
    lan: String,
    till: Till,
    manager: Manager,
    waiting: Value,
}

async fn street() -> Result<Street> {
    let mut store = Store::twin(original().await?, None)?;
    let lan = port::free()?;
    store.reboot_with(|boot| boot.lan = Some(lan))?;
    store.edge.start().await?;
    let lan = format!("http://127.0.0.1:{lan}");
    let till = store.cashier(1).await?;
    let mut manager = Manager::new(&lan);
    manager.sign_in("9001", "864200").await?.done::<Value>()?;
    let item = &crate::pieces()?[0];
    let view = till.done(&till.scan(&item.barcode)).await?;
    let line = view.cart.context("nobody is signed in")?.lines[0].id;
    let body = json!({
        "id": Uuid::now_v7(), "line_id": line, "reason": "sample",
        "cut": { "kind": "rate", "rate_bps": 9_000 },
    });
    let ask = Call::new(Method::POST, "/workstations/1/approvals", Some(body));
    till.call(&ask).await?.done::<Value>()?;
    let waiting = manager.waiting().await?;
    Ok(Street { store, lan, till, manager, waiting })
}

impl Street {
    /// Everything that changes something, with a body that a manager's page would send.
    fn deeds(&self) -> Result<Vec<(Method, String, Option<Value>)>> {
        let id = self.waiting["id"].as_str().context("no id")?;
        let drawer = json!({ "id": Uuid::now_v7(), "reason": "零钱" });
        let pin = json!({ "operator": "9001", "pin": "864200" });
        let copy = json!({ "id": Uuid::now_v7() });
        Ok(vec![
            (Method::POST, format!("/approvals/{id}/decision"), Some(json!({ "allowed": true }))),
            (Method::POST, "/workstations/1/drawer/openings".into(), Some(drawer)),
            (Method::POST, "/workstations/1/test-slips".into(), None),
            (Method::POST, "/workstations/1/display-tests".into(), None),
            (Method::POST, format!("/orders/{}/receipts", Uuid::now_v7()), Some(copy)),
            (Method::POST, "/session/presence".into(), None),
            (Method::POST, "/session".into(), Some(pin)),
            (Method::DELETE, "/session".into(), None),
        ])
    }

    /// What was asked for still waits, and nothing is in the audit but that it was asked for.
    async fn is_untouched(&self) -> Result<()> {
        let overview = self.manager.read("/overview").await?;
        ensure!(overview["waiting"][0]["id"] == self.waiting["id"], "{overview}");
        let id = self.waiting["id"].as_str().context("no id")?;
        let deeds = self.store.edge.ledger()?.deeds_to(id)?;
        ensure!(deeds.len() == 1, "{deeds:?}");
        Ok(())
    }
}

#[tokio::test]
async fn a_hostile_phone_on_the_wifi_reads_nothing_and_moves_nothing() -> Result<()> {
    let street = street().await?;
    // What everybody may load has no word of the store in it.
    let page = http()?.get(format!("{}/ui/console/", street.lan)).send().await?;
    ensure!(page.status() == 200, "{}", page.status());
    let text = page.text().await?;
    ensure!(text.contains("店长台") && !text.contains("南京西路"), "{text}");
    // Nobody, a made-up session, and a session of a till.
    let tokens =
        ["", "guitai_console=", "guitai_console=0000", "guitai_ws1=1", "guitai_console=%00"];
    let reads = ["/overview", "/day", "/orders", "/settings", "/staff", "/approvals", "/stream"];
    for token in tokens {
        for path in reads {
            let url = format!("{}/api/v1/console{path}", street.lan);
            let refused = answer(http()?.get(url).header("cookie", token)).await?;
            refused.refused(401, "console-sign-in-required")?;
            ensure!(!refused.text.contains("南京西路"), "{}", refused.text);
        }
        for (method, path, body) in street.deeds()? {
            if (method.clone(), path.as_str()) == (Method::POST, "/session") {
                continue;
            }
            let url = format!("{}/api/v1/console{path}", street.lan);
            let mut request = http()?.request(method, url).header("cookie", token);
            if let Some(body) = &body {
                request = request.json(body);
            }
            answer(request).await?.refused(401, "console-sign-in-required")?;
        }
    }
    street.is_untouched().await
}

#[tokio::test]
async fn a_foreign_page_in_the_managers_browser_cannot_use_their_session() -> Result<()> {
    let street = street().await?;
    let foreign = [
        ("origin", "https://shop.evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in foreign {
        for (method, path, body) in street.deeds()? {
            let mut request = street.manager.request(method, &path)?.header(name, value);
            if let Some(body) = &body {
                request = request.json(body);
            }
            answer(request).await?.refused(403, "foreign-page")?;
        }
    }
    // A foreign name that resolves to the store's address.
    for path in ["/overview", "/orders"] {
        let request = street.manager.request(Method::GET, path)?;
        let request = request.header("host", "console.evil.example");
        answer(request).await?.refused(421, "foreign-host")?;
    }
    street.is_untouched().await
}

/// Texts that no page sends, by a seed.
fn noise(seed: u64) -> impl Iterator<Item = String> {
    const PARTS: [&str; 16] = [
        "0",
        "9223372036854775807",
        "-1",
        "2026-13-45",
        "9999-12-31",
        "-262144-01-01",
        "%",
        "%00",
        "'; drop table audit; --",
        "\u{202e}",
        "𓀀",
        "..",
        "{",
        "null",
        "1e309",
        "店",
    ];
    let mut state = seed;
    std::iter::from_fn(move || {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap_or_default()
        };
        let n = next() % 4;
        let parts = (0..=n).map(|_| PARTS[next() % PARTS.len()].repeat(1 + next() % 40));
        Some(parts.collect())
    })
}

/// Neither done nor broken.
fn is_refused(answer: &Answer, what: &str) -> Result<()> {
    ensure!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    Ok(())
}

#[tokio::test]
async fn nonsense_is_refused_everywhere_and_changes_nothing() -> Result<()> {
    let street = street().await?;
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    for text in noise(8).take(60) {
        let odd = encoded(&text);
        for path in [format!("/day?date={odd}"), format!("/orders?before={odd}")] {
            let answer = street.manager.call(Method::GET, &path, None).await?;
            // Some noise is a day: a far one, which sold nothing.
            ensure!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
        }
        let found =
            street.manager.call(Method::GET, &format!("/orders?number={odd}"), None).await?;
        ensure!(found.status == 200 || found.status == 400, "{text}: {}", found.text);
        for path in [format!("/orders/{odd}"), format!("/overview?{odd}={odd}&x")] {
            let answer = street.manager.call(Method::GET, &path, None).await?;
            ensure!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
        }
        let id = street.waiting["id"].as_str().context("no id")?;
        let bodies =
            [json!(text), json!({ "allowed": text }), json!({ "allowed": true, "x": text })];
        for body in bodies {
            let path = format!("/approvals/{id}/decision");
            let answer = street.manager.call(Method::POST, &path, Some(body)).await?;
            is_refused(&answer, &text)?;
        }
        for path in [
            format!("/approvals/{odd}/decision"),
            format!("/workstations/{odd}/test-slips"),
            format!("/workstations/{odd}/display-tests"),
            format!("/workstations/{odd}/drawer/openings"),
            format!("/orders/{odd}/receipts"),
        ] {
            let body = json!({ "allowed": true });
            is_refused(&street.manager.call(Method::POST, &path, Some(body)).await?, &path)?;
        }
        let body = json!({ "id": text, "line_id": text, "cut": { "kind": text }, "reason": text });
        let ask = Call::new(Method::POST, "/workstations/1/approvals", Some(body));
        is_refused(&street.till.call(&ask).await?, &text)?;
    }
    // Amounts and rates at their ends.
    let view = street.till.view().await?;
    let line = view.cart.context("nobody is signed in")?.lines[0].id;
    for cut in [
        json!({ "kind": "price", "price": { "amount": -1, "currency": "CNY" } }),
        json!({ "kind": "price", "price": { "amount": i64::MAX, "currency": "CNY" } }),
        json!({ "kind": "price", "price": { "amount": 1, "currency": "USD" } }),
        json!({ "kind": "rate", "rate_bps": 10_000 }),
        json!({ "kind": "rate", "rate_bps": 65_535 }),
        json!({ "kind": "off", "off": { "amount": i64::MAX, "currency": "CNY" } }),
        json!({ "kind": "off", "off": { "amount": i64::MIN, "currency": "CNY" } }),
    ] {
        let body = json!({
            "id": Uuid::now_v7(), "line_id": line, "cut": cut, "reason": "damaged",
        });
        let ask = Call::new(Method::POST, "/workstations/1/approvals", Some(body));
        is_refused(&street.till.call(&ask).await?, &cut.to_string())?;
    }
    street.is_untouched().await
}
