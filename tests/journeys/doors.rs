use acceptance::till::answer;
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{pieces, selling};

#[tokio::test]
async fn a_foreign_name_for_this_box_is_turned_away() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    for path in ["/workstations/1/view", "/workstations/1/display/stream", "/workstations"] {
        let request = till.request(Method::GET, path)?.header("host", "shop.evil.example");
        answer(request).await?.refused(421, "foreign-host")?;
    }
    let port = store.edge.boot().port;
    let request = till.request(Method::GET, "/workstations")?;
    ensure!(answer(request.header("host", format!("localhost:{port}"))).await?.status == 200);
    Ok(())
}

#[tokio::test]
async fn a_foreign_page_cannot_use_the_session_of_a_browser() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let table = [
        ("origin", "https://shop.evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in table {
        let body = json!({ "id": uuid::Uuid::now_v7(), "text": pieces()?[0].barcode });
        let request = till.request(Method::POST, "/workstations/1/cart/scans")?;
        let refused = answer(request.header(name, value).json(&body)).await?;
        refused.refused(403, "foreign-page")?;
    }
    let own = store.edge.url();
    let body = json!({ "id": uuid::Uuid::now_v7(), "text": pieces()?[0].barcode });
    let request = till.request(Method::POST, "/workstations/1/cart/scans")?;
    ensure!(answer(request.header("origin", own).json(&body)).await?.status == 200);
    let view = till.view().await?;
    ensure!(view.cart.is_some_and(|cart| cart.pieces == 1), "more than the own page's scan counts");
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_also_when_it_does_not_say_how_large() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let text = "9".repeat(70_000);
    till.call(&till.scan(&text)).await?.refused(413, "body-too-large")?;

    let mut stream = TcpStream::connect(("127.0.0.1", store.edge.boot().port)).await?;
    let head = "POST /api/v1/workstations/1/session HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\
                connection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let chunk = format!("{:x}\r\n{}\r\n", 8_000, " ".repeat(8_000));
    for _ in 0..12 {
        // The daemon may hang up before it has heard all of it.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    let said = String::from_utf8_lossy(&said);
    ensure!(said.starts_with("HTTP/1.1 413"), "{said}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_here_is_told_as_a_problem() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let get = async |path: &str| answer(till.request(Method::GET, path)?).await;
    get("/nothing").await?.refused(404, "not-found")?;
    get("/workstations/9/view").await?.refused(404, "workstation-unknown")?;
    let request = till.request(Method::DELETE, "/workstations")?;
    answer(request).await?.refused(405, "method-not-allowed")?;
    Ok(())
}

#[tokio::test]
async fn devices_made_of_memory_do_not_exist_in_a_shop() -> Result<()> {
    let mut store = selling().await?;
    store.edge.stop().await?;
    store.reboot_with(|boot| boot.simulated = false)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    for path in ["/sim/devices", "/sim/workstations/1/tape"] {
        answer(till.request(Method::GET, path)?).await?.refused(404, "not-found")?;
    }
    let code = &pieces()?[0].barcode;
    let scan = till.request(Method::POST, "/sim/workstations/1/scans")?;
    answer(scan.json(&json!({ "text": code }))).await?.refused(404, "not-found")?;
    let completed = till.sell(&[code], 0).await?;
    let last = completed.view.last_order;
    ensure!(last.is_some_and(|order| order.receipt == "none"), "a receipt without a printer");
    Ok(())
}
