//! A box and its mall under TLS: known by a fingerprint and a certificate, renewed while it sells, shut
//! out; the same at a broker.

use std::{path::Path, time::Duration};

use acceptance::{
    ageing,
    edge_process::{Boot, EdgeProcess},
    mosquitto::{self, Mosquitto},
    open_line::OpenLine,
    port,
    store::{CODE, OPERATORS, Store, original, under_tls},
    till::{Till, http},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sync::path;

use crate::{pieces, settings::SELDOM_MS};

async fn cashier(edge: &EdgeProcess) -> Result<Till> {
    let (number, _, _, pin) = OPERATORS[0];
    let mut till = edge.till(1);
    till.sign_in(number, pin).await?.done::<Value>()?;
    Ok(till)
}

async fn until_noted(till: &Till, code: &str, expected: bool) -> Result<()> {
    until(format!("the notice {code} to be {expected}"), PATIENCE, async || {
        Ok((till.view().await?.notes(code) == expected).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_box_enrols_by_code_and_fingerprint_and_sells_on_when_it_is_shut_out() -> Result<()> {
    let store = under_tls().await?;
    let folder = acceptance::folder::temporary()?;
    let boot = Boot::on_free_ports(store.mall.tls_url()?)?;
    let mut edge = EdgeProcess::new(folder.path(), boot)?;
    let code = store.mall.claim(CODE).await?;
    // Somebody on the way has a certificate too, by another authority: not a code is told them.
    let stranger = "0".repeat(64);
    let refused = edge.enrol_at(&code, Some(&stranger)).await.unwrap_err().to_string();
    ensure!(refused.contains("silent"), "{refused}");
    ensure!(edge.enrol_at(&code, Some("12")).await.is_err(), "half a fingerprint is taken");
    let pin = store.mall.fingerprint().await?;
    edge.enrol_at(&code, Some(&pin)).await?;
    edge.start().await?;
    let (till, item) = (cashier(&edge).await?, pieces()?[0].barcode.clone());
    till.sell(&[&item], 0).await?;
    let ledger = edge.ledger()?;
    let told = async || Ok((ledger.n_untold()? == 0).then_some(()));
    until("the sale to be told", PATIENCE, told).await?;
    until_noted(&till, "box-revoked", false).await?;
    let edges: Vec<Value> = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
    for found in &edges {
        let id = found["id"].as_str().context("an edge node without an id")?;
        store.mall.order(&["edge", "revoke", id]).await?;
    }
    till.sell(&[&item], 0).await?;
    until_noted(&till, "box-revoked", true).await?;
    till.sell(&[&item], 0).await?;
    ensure!(ledger.n_orders()? == 3 && ledger.n_untold()? == 2);
    edge.stop().await
}

#[tokio::test]
async fn a_certificate_is_renewed_while_the_store_sells_and_nothing_is_lost() -> Result<()> {
    let mut store = under_tls().await?;
    let data = store.edge.data();
    let item = pieces()?[0].barcode.clone();
    for is_ended in [false, true] {
        let before = ageing::certificate(&data)?;
        if is_ended {
            // Shut for months: the certificate opens nothing but the next one.
            store.mall.stop().await?;
            ageing::end_certificates(store.mall.data())?;
            store.mall.start().await?;
        }
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        let path = data.join("certificate.json");
        until("the next certificate", PATIENCE, async || {
            till.sell(&[&item], 0).await?;
            let held: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
            Ok((held["told"]["certificate"] != before).then_some(()))
        })
        .await?;
        till.sell(&[&item], 0).await?;
        store.wait_until_told(&till).await?;
        ensure!(!data.join("certificate.next").exists(), "a key was left behind");
        store.edge.stop().await?;
    }
    store.edge.start().await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees(), "{:?}", compared.differences);
    store.close().await
}

/// Seconds by which a box is off: in 1986, after an empty battery; a year ahead, where the mall's own
/// certificate has ended long ago.
const OFF: [i64; 2] = [-40 * 365 * 86_400, 365 * 86_400];

#[tokio::test]
async fn a_box_in_another_year_reaches_its_mall_under_tls_and_says_that_its_clock_is_off()
-> Result<()> {
    let mut store = under_tls().await?;
    let item = pieces()?[0].barcode.clone();
    for seconds in OFF {
        store.edge.hand().put_ahead(seconds)?;
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        till.sell(&[&item], 0).await?;
        store.wait_until_told(&till).await?;
        until_noted(&till, "clock-off", true).await?;
        store.edge.stop().await?;
    }
    store.mall.stop().await
}

#[tokio::test]
async fn by_the_plain_door_no_box_comes_in_where_there_is_one_under_tls() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.open_tls(port::free()?);
    store.mall.start().await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    till.sell(&[&pieces()?[0].barcode], 0).await?;
    let log = store.edge.log();
    until("the refusal in the log", PATIENCE, async || {
        Ok(std::fs::read_to_string(&log)?.contains("certificate-required").then_some(()))
    })
    .await?;
    ensure!(store.edge.ledger()?.n_untold()? == 1);
    store.close().await
}

/// What HQ knows of a store.
async fn standing(store: &Store, token: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
    let path = format!("/hq/v1/stores/{CODE}/standing");
    until("the store to stand otherwise in HQ's eyes", PATIENCE, async || {
        let standing: Value = store.mall.ask(token, &path).await?;
        Ok(is(&standing).then_some(standing))
    })
    .await
}

#[tokio::test]
async fn at_a_broker_by_certificate_a_store_has_its_own_and_one_that_is_shut_out_has_nothing()
-> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let folder = acceptance::folder::temporary()?;
    let mut store = Store::twin(original().await?, None)?;
    // Another store's box, which is only enrolled.
    store.mall.start().await?;
    store.mall.order(&["store", "add", "--code", "SH002", "--name", "二店"]).await?;
    let other =
        EdgeProcess::new(folder.path().join("other"), Boot::on_free_ports(store.mall.url())?)?;
    other.enrol(&store.mall.claim("SH002").await?).await?;
    let lists = folder.path().join("broker");
    let mut broker = Mosquitto::lay_by_certificate(&lists, &store.mall, port::free()?).await?;
    broker.start().await?;
    store.mall.stop().await?;
    store.mall.call_by_certificate(broker.url());
    store.mall.start().await?;
    let url = broker.url();
    store.reboot_with(|boot| {
        (boot.broker_by_certificate, boot.poll_ms) = (Some(url), SELDOM_MS);
    })?;
    store.edge.start().await?;
    let token = store.mall.saving_token("总部").await?;
    standing(&store, &token, |it| it["is_line_up"] == true).await?;
    // HQ's word comes through it.
    let path = format!("/hq/v1/stores/{CODE}/settings");
    let body = json!({ "settings": { "receipt": { "foot_lines": ["一"] } }, "note": "" });
    store.mall.put(&token, &path, "*", &body).await?.done::<Value>()?;
    let is_level = |it: &Value| {
        it["settings"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["applied"] == 1 && one["came_by"] == "mqtt")
        })
    };
    standing(&store, &token, is_level).await?;
    // Another store hears nothing of it and says nothing in its name.
    let mut stranger = broker.call_with(&other.data(), &["guitai/v1/#"]).await?;
    stranger.retain(&format!("guitai/v1/stores/{CODE}/settings/desired"), b"{}").await?;
    stranger.retain(&format!("guitai/v1/stores/{CODE}/presence"), b"{}").await?;
    stranger.retain("guitai/v1/stores/SH002/presence", b"mine").await?;
    until_own_presence(&mut stranger).await?;
    standing(&store, &token, |it| is_level(it) && it["is_online"] == true).await?;
    shut_out(&store, &broker, &lists, &other, stranger).await?;
    store.close().await
}

/// Reads what the second store's account hears until it hears itself.
async fn until_own_presence(client: &mut mosquitto::Client) -> Result<()> {
    loop {
        let topic = client.next().await?.topic;
        ensure!(!topic.contains(CODE), "another store hears {topic}");
        if topic == "guitai/v1/stores/SH002/presence" {
            return Ok(());
        }
    }
}

/// Shuts the other store's box out, at first with a list of revoked certificates that the broker does not
/// know yet.
async fn shut_out(
    store: &Store,
    broker: &Mosquitto,
    lists: &Path,
    other: &EdgeProcess,
    mut open: mosquitto::Client,
) -> Result<()> {
    const ALL: &str = "guitai/v1/all/settings/desired";
    let edges: Vec<Value> = store.mall.tell(&["edge", "list", "--store", "SH002"]).await?;
    store.mall.order(&["edge", "revoke", edges[0]["id"].as_str().context("no id")?]).await?;
    let crl = lists.join("crl.pem");
    let old = std::fs::read(&crl)?;
    store.mall.order(&["broker", "files", lists.to_str().context("no text")?]).await?;
    let new = std::fs::read(&crl)?;
    ensure!(old != new, "nobody was added to the list of revoked certificates");
    std::fs::write(&crl, old)?;
    broker.reload().await?;
    // By the old list it is let in, and the line that was open stays open; by the access list neither
    // hears what every store hears.
    let mut again = broker.call_with(&other.data(), &[ALL]).await?;
    let mut witness = broker.call_with(&store.edge.data(), &[ALL]).await?;
    open.heard();
    let token = store.mall.saving_token("总部二").await?;
    let body = json!({ "settings": { "customer_display": { "hints": false } }, "note": "" });
    store.mall.put(&token, "/hq/v1/settings", "*", &body).await?.done::<Value>()?;
    ensure!(witness.next().await?.topic == ALL);
    ensure!(open.heard().is_empty() && again.heard().is_empty(), "it still hears");
    // With the list it is not even let in.
    std::fs::write(&crl, new)?;
    broker.reload().await?;
    let refused = broker.call_with(&other.data(), &[ALL]).await;
    ensure!(refused.is_err(), "a revoked certificate is let in");
    Ok(())
}

/// What the store's figures say of a trouble.
async fn trouble(edge: &EdgeProcess, name: &str) -> Result<i64> {
    let text = http()?.get(format!("{}/metrics", edge.url())).send().await?.text().await?;
    let begin = format!("guitai_trouble{{trouble=\"{name}\"");
    let line = text.lines().find(|line| line.starts_with(&begin)).context("no such trouble")?;
    let n = line.rsplit(' ').next().context("no figure")?;
    Ok(n.parse()?)
}

/// The certificate of the store's box in HQ's eyes.
async fn at_hq(store: &Store) -> Result<Value> {
    let edges: Vec<Value> = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
    Ok(edges.first().context("no edge node")?["certificate"].clone())
}

#[tokio::test]
async fn a_renewal_that_does_not_come_is_said_with_the_days_that_are_left_until_it_comes()
-> Result<()> {
    let mut store = under_tls().await?;
    ensure!(at_hq(&store).await?["state"] == "valid");
    store.mall.stop().await?;
    ageing::certificate(&store.edge.data())?;
    store.edge.start().await?;
    let days = async |expected: bool| {
        until("the notice of the certificate's end", PATIENCE, async || {
            let days = trouble(&store.edge, "certificate-ends").await?;
            Ok(((days > 0) == expected).then_some(days))
        })
        .await
    };
    let left = days(true).await?;
    ensure!((1..=90).contains(&left), "{left} days are left");
    store.mall.start().await?;
    days(false).await?;
    store.close().await
}

#[tokio::test]
async fn a_box_that_is_revoked_while_its_line_is_open_is_refused_with_the_next_request_on_it()
-> Result<()> {
    let store = under_tls().await?;
    let edges: Vec<Value> = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
    let id = edges[0]["id"].as_str().context("an edge node without an id")?;
    let mut line = OpenLine::open(&store.mall.tls_url()?, &store.edge.data(), id.parse()?).await?;
    for _ in 0..2 {
        let (status, said) = line.get(path::SEAL).await?;
        ensure!(status == 200, "{status}: {said}");
    }
    store.mall.order(&["edge", "revoke", id]).await?;
    let (status, said) = line.get(path::SEAL).await?;
    ensure!(status == 401 && said.contains("edge-unknown"), "{status}: {said}");
    ensure!(at_hq(&store).await?["state"] == "revoked");
    // What anybody may have it still has, on the same line.
    let (status, _) = line.get("/livez").await?;
    ensure!(status == 200, "{status}");
    Ok(())
}

#[tokio::test]
async fn another_authority_takes_the_place_of_the_one_that_is_and_no_box_is_enrolled_anew()
-> Result<()> {
    let mut store = under_tls().await?;
    let (data, item) = (store.edge.data(), pieces()?[0].barcode.clone());
    let old = store.mall.fingerprint().await?;
    store.mall.order(&["authority", "new"]).await?;
    let twice = store.mall.order(&["authority", "new"]).await.unwrap_err().to_string();
    ensure!(twice.contains("two authorities"), "{twice}");
    store.mall.stop().await?;
    store.mall.start().await?;
    ensure!(store.mall.fingerprint().await? == old, "boxes would not know what is shown");
    let early = store.mall.order(&["authority", "retire"]).await.unwrap_err().to_string();
    ensure!(early.contains("1 boxes hold no certificate by the second"), "{early}");
    // By its old certificate the box asks for the next one, which the second authority signs.
    let before = ageing::certificate(&data)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    until("the next certificate", PATIENCE, async || {
        let text = std::fs::read_to_string(data.join("certificate.json"))?;
        let held: Value = serde_json::from_str(&text)?;
        Ok((held["told"]["certificate"] != before).then_some(()))
    })
    .await?;
    till.sell(&[&item], 0).await?;
    store.wait_until_told(&till).await?;
    store.mall.order(&["authority", "retire"]).await?;
    store.mall.stop().await?;
    store.mall.start().await?;
    ensure!(store.mall.fingerprint().await? != old, "the first authority is still shown");
    // It believes the second, as it runs and after a restart, and renews once more.
    till.sell(&[&item], 0).await?;
    store.wait_until_told(&till).await?;
    store.edge.stop().await?;
    let before = ageing::certificate(&data)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    until("one more certificate", PATIENCE, async || {
        let text = std::fs::read_to_string(data.join("certificate.json"))?;
        let held: Value = serde_json::from_str(&text)?;
        let is_new = held["told"]["certificate"] != before;
        Ok((is_new && held["pin"] != old.as_str()).then_some(()))
    })
    .await?;
    till.sell(&[&item], 0).await?;
    store.wait_until_told(&till).await?;
    store.close().await
}

/// So long at most it takes until a broker shuts out who was revoked: a look of the mall, and of whoever
/// tells the broker; the rest is this machine's.
const SHUT_OUT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_broker_learns_by_itself_who_enrols_and_who_is_revoked() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    const ALL: &str = "guitai/v1/all/settings/desired";
    let folder = acceptance::folder::temporary()?;
    let mut store = Store::twin(original().await?, None)?;
    let lists = folder.path().join("broker");
    let mut broker = Mosquitto::lay_by_certificate(&lists, &store.mall, port::free()?).await?;
    broker.start().await?;
    store.mall.call_by_certificate(broker.url());
    store.mall.keep_lists(lists);
    store.mall.start().await?;
    store.mall.order(&["store", "add", "--code", "SH002", "--name", "二店"]).await?;
    let other =
        EdgeProcess::new(folder.path().join("other"), Boot::on_free_ports(store.mall.url())?)?;
    other.enrol(&store.mall.claim("SH002").await?).await?;
    // Who enrolled after the broker began to run is let speak.
    let mut open = until("the broker to know the new box", PATIENCE, async || {
        broker.heed().await?;
        let mut client = broker.call_with(&other.data(), &["guitai/v1/#"]).await?;
        client.retain("guitai/v1/stores/SH002/presence", b"mine").await?;
        let heard = tokio::time::timeout(Duration::from_millis(500), client.next()).await;
        Ok(heard.is_ok().then_some(client))
    })
    .await?;
    let edges: Vec<Value> = store.mall.tell(&["edge", "list", "--store", "SH002"]).await?;
    store.mall.order(&["edge", "revoke", edges[0]["id"].as_str().context("no id")?]).await?;
    until("the broker to shut the box out", SHUT_OUT, async || {
        broker.heed().await?;
        let refused = broker.call_with(&other.data(), &[ALL]).await.is_err();
        Ok(refused.then_some(()))
    })
    .await?;
    // Nor does the line that was open hear anything any more.
    let mut witness = broker.call_with(&store.edge.data(), &[ALL]).await?;
    open.heard();
    let token = store.mall.saving_token("总部").await?;
    let body = json!({ "settings": { "customer_display": { "hints": false } }, "note": "" });
    store.mall.put(&token, "/hq/v1/settings", "*", &body).await?.done::<Value>()?;
    ensure!(witness.next().await?.topic == ALL);
    ensure!(open.heard().is_empty(), "it still hears");
    // And whoever asks the mall is given the same list.
    let answer = http()?.get(format!("{}/authority/revoked.crl", store.mall.url())).send().await?;
    ensure!(answer.headers()["content-type"] == "application/pkix-crl", "{answer:?}");
    Ok(())
}
