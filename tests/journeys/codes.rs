use acceptance::{
    catalog::weight_label,
    till::Till,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;

use crate::{pieces, selling};

/// A valid GTIN-13 of GS1's demonstration prefix that the demo catalog does not have.
const UNKNOWN: &str = "9529999999993";

async fn n_lines(till: &Till) -> Result<usize> {
    Ok(till.view().await?.cart.context("nobody is signed in")?.lines.len())
}

#[tokio::test]
async fn a_code_that_nobody_has_is_told_as_such_and_the_cart_stays() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    till.done(&till.scan(&pieces()?[0].barcode)).await?;
    let problem = till.call(&till.scan(UNKNOWN)).await?.refused(404, "unknown-barcode")?;
    ensure!(problem.detail.contains(UNKNOWN), "it does not name the code: {}", problem.detail);
    let view = till.view().await?;
    ensure!(view.last_scan.context("no scan is shown")?.outcome == "refused");
    ensure!(n_lines(&till).await? == 1);
    Ok(())
}

#[tokio::test]
async fn a_misread_code_is_told_as_such_on_the_screen_and_by_the_scanners_port() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    till.call(&till.scan("6901234567890")).await?.refused(422, "bad-check-digit")?;
    let seen = till.view().await?.last_scan.context("no scan is shown")?.seq;
    store.edge.gun(1).await?.read(&["6901234567890"]).await?;
    let scan = until("the scanner's misread code to be shown", PATIENCE, async || {
        Ok(till.view().await?.last_scan.filter(|scan| scan.seq > seen))
    })
    .await?;
    ensure!(scan.outcome == "refused");
    ensure!(n_lines(&till).await? == 0);
    Ok(())
}

#[tokio::test]
async fn what_is_no_command_is_refused_whole() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let id = uuid::Uuid::now_v7();
    let json = "application/json";
    let table = [
        ("{", json),
        ("", json),
        ("[]", json),
        (r#"{"id":"no","text":"1"}"#, json),
        (&format!(r#"{{"id":"{id}"}}"#), json),
        (&format!(r#"{{"id":"{id}","text":1}}"#), json),
        (&format!(r#"{{"id":"{id}","text":"1","price":1}}"#), json),
        (&format!(r#"{{"id":"{id}","text":"1","quantity_milli":1.5}}"#), json),
        (&format!(r#"{{"id":"{id}","text":"1"}}"#), "text/plain"),
    ];
    for (body, kind) in table {
        let request = till.request(Method::POST, "/workstations/1/cart/scans")?;
        let request = request.header("content-type", kind).body(body.to_owned());
        let answer = acceptance::till::answer(request).await?;
        answer.refused(400, "malformed").with_context(|| body.to_owned())?;
    }
    ensure!(n_lines(&till).await? == 0);
    Ok(())
}

#[tokio::test]
async fn quantities_that_cannot_be_sold_are_refused_and_the_cart_stays() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let code = &pieces()?[0].barcode;
    for milli in [0, -1_000, 1_500, i64::MAX] {
        let answer = till.call(&till.scan_many(code, milli)).await?;
        answer.refused(422, "quantity-out-of-range")?;
    }
    till.call(&till.scan("WG2001")).await?.refused(422, "weight-needed")?;
    let view = till.done(&till.scan(&weight_label("12345", 500))).await?;
    let line = view.cart.context("nobody is signed in")?.lines[0].id;
    till.call(&till.count(line, 2_000)).await?.refused(409, "quantity-on-label")?;
    till.done(&till.void_line(line)).await?;
    till.call(&till.void_line(line)).await?.refused(409, "line-not-found")?;
    ensure!(n_lines(&till).await? == 0);
    Ok(())
}

#[tokio::test]
async fn a_payment_code_is_never_shown_logged_or_kept() -> Result<()> {
    let mut store = selling().await?;
    let till = store.cashier(1).await?;
    // Nothing is on the counter: nobody is charged.
    let codes = ["134567890123456789", "281234567890123456", "6212345678901234567"];
    let table = codes.into_iter().zip([
        (409, "nothing-to-pay"),
        (409, "nothing-to-pay"),
        (422, "unsupported-code"),
    ]);
    let mut gun = store.edge.gun(1).await?;
    for (code, (status, slug)) in table {
        let seen = till.view().await?.last_scan.map_or(0, |scan| scan.seq);
        let answer = till.call(&till.scan(code)).await?;
        answer.refused(status, slug)?;
        ensure!(!answer.text.contains(code), "the answer repeats it: {}", answer.text);
        gun.read(&[code]).await?;
        until("the scanner's code to be refused", PATIENCE, async || {
            let scan = till.view().await?.last_scan;
            Ok(scan.filter(|scan| scan.seq == seen + 2 && scan.outcome == "refused"))
        })
        .await?;
        let request = till.request(Method::GET, "/workstations/1/view")?;
        let shown = acceptance::till::answer(request).await?.text;
        ensure!(!shown.contains(code), "the view repeats it: {shown}");
    }
    // With goods there, a charge is written down and asked for, and ends one way or another.
    till.done(&till.scan(&pieces()?[0].barcode)).await?;
    till.call(&till.scan(codes[0])).await?;
    let request = || till.request(Method::GET, "/workstations/1/view");
    let shown = until("the charge to be over", PATIENCE, async || {
        let shown = acceptance::till::answer(request()?).await?.text;
        let is_over = ["refused", "reversed"]
            .iter()
            .any(|state| shown.contains(&format!(r#""method":"wechat","state":"{state}""#)));
        Ok(is_over.then_some(shown))
    })
    .await?;
    ensure!(!shown.contains(codes[0]), "the view repeats it: {shown}");
    store.edge.stop().await?;
    let log = std::fs::read(store.edge.log())?;
    let mut kept = vec![("the log".to_owned(), log)];
    for entry in std::fs::read_dir(store.edge.data())? {
        let path = entry?.path();
        kept.push((path.display().to_string(), std::fs::read(&path)?));
    }
    for (name, bytes) in kept {
        for code in codes {
            let is_kept = bytes.windows(code.len()).any(|part| part == code.as_bytes());
            ensure!(!is_kept, "{name} keeps a payment code");
        }
    }
    Ok(())
}
