//! The mall is away, slow, or somebody else: selling is untouched, and the outbox drains when it is
//! itself again, with nothing lost and nothing doubled.

use std::time::Duration;

use acceptance::{
    cable::{Cable, Weather},
    catalog,
    houses::Town,
    sim::PaymentCode,
    store::{Store, original},
    till::Till,
    view::View,
    wait::PATIENCE,
};
use anyhow::{Context as _, Result, ensure};

/// Orders sold in each kind of weather, before anybody looks at the mall again.
const SOLD: usize = 4;

async fn sell(till: &Till, orders: usize) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let codes: Vec<&str> = list.iter().map(|item| item.barcode.as_str()).take(3).collect();
    for _ in 0..orders {
        till.sell(&codes, 100).await?;
    }
    Ok(())
}

/// What the mall may have taken in some weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// Nothing: every order sold meanwhile must still wait in the outbox.
    Nothing,
    /// Something, whether the store heard of it or not.
    Something,
}

/// A store that sells in fair weather, then in this until so many batches were answered by somebody
/// else, then in fair weather again.
async fn a_store_in(weather: Weather, fooled: u32, taken: Taken) -> Result<()> {
    let what = format!("{weather:?}");
    play(weather, fooled, taken).await.context(what)
}

async fn play(weather: Weather, fooled: u32, taken: Taken) -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    sell(&till, 1).await?;
    store.wait_until_told(&till).await?;
    cable.turn(weather);
    sell(&till, SOLD).await?;
    cable.wait_until_fooled(fooled, PATIENCE).await?;
    sell(&till, SOLD).await?;
    let untold = store.edge.ledger()?.n_untold()?;
    let is_all = usize::try_from(untold) == Ok(2 * SOLD);
    ensure!(taken == Taken::Something || is_all, "{untold} of {} orders wait", 2 * SOLD);
    cable.turn(Weather::Fair);
    sell(&till, 1).await?;
    store.wait_until_told(&till).await?;
    let found = store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    ensure!(found.n_mall == 2 + 2 * SOLD, "{} orders", found.n_mall);
    store.close().await
}

#[tokio::test]
async fn a_cut_cable_is_no_reason_to_close() -> Result<()> {
    a_store_in(Weather::Cut, 0, Taken::Nothing).await
}

#[tokio::test]
async fn a_mall_that_never_answers_is_not_waited_for() -> Result<()> {
    a_store_in(Weather::Silent, 0, Taken::Nothing).await
}

#[tokio::test]
async fn a_slow_mall_is_told_everything_all_the_same() -> Result<()> {
    a_store_in(Weather::Slow(Duration::from_secs(3)), 0, Taken::Something).await
}

#[tokio::test]
async fn an_answer_cut_half_way_is_asked_for_again_and_doubles_nothing() -> Result<()> {
    for bytes in [0, 20, 150] {
        a_store_in(Weather::HalfAnswers(bytes), 1, Taken::Something).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_a_captive_portal_is_no_acknowledgement() -> Result<()> {
    let page = "<!doctype html><title>Wi-Fi</title><p>请先登录无线网络。</p>";
    a_store_in(Weather::answering("200 OK", "text/html", page), 2, Taken::Nothing).await
}

#[tokio::test]
async fn json_of_somebody_else_is_no_acknowledgement() -> Result<()> {
    for body in [r#"{"hello":1}"#, "[]", "null", "", r#"{"acked_seq":"9"}"#] {
        a_store_in(Weather::answering("200 OK", "application/json", body), 1, Taken::Nothing)
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_404_of_a_proxy_after_the_shopper_has_paid_reverses_no_charge() -> Result<()> {
    let mut town = Town::found().await?;
    town.store.wait_until_told(&town.till).await?;
    town.store.edge.stop().await?;
    let cable = Cable::lay(town.store.mall.port()).await?;
    town.store.reboot_with(|boot| boot.mall_url = cable.url())?;
    town.store.edge.start().await?;
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing is sold")?;
    let till = town.store.cashier(1).await?;
    let view = till.done(&till.scan(&item.barcode)).await?;
    let total = view.cart.context("nobody is signed in")?.total.amount;
    let code = town.platforms.wechat().issue_code(PaymentCode::default());
    cable.turn(Weather::lost_behind_a_404());
    till.done(&till.scan(&code)).await?;
    town.until_balance("the charge", |balance| balance.held == total).await?;
    cable.wait_until_fooled(1, PATIENCE).await?;
    // Asked where it stands, the proxy says the same.
    let payment = till.view().await?.payment()?.id;
    till.done(&till.query(payment)).await?;
    let state = till.view().await?.payment()?.state.clone();
    ensure!(state == "sent", "it is {state}, and the money is taken");
    cable.turn(Weather::Fair);
    town.let_pass(5).await?;
    let is_sold = |view: &View| view.last_order.as_ref().is_some_and(|o| o.total.amount == total);
    till.until("the order", is_sold).await?;
    town.ends_well().await
}

#[tokio::test]
async fn a_mall_that_is_broken_keeps_nothing_of_ours() -> Result<()> {
    let table = [
        ("500 Internal Server Error", "oops"),
        ("502 Bad Gateway", "<html></html>"),
        ("503 Service Unavailable", r#"{"type":"/problems/busy","title":"","status":503}"#),
        ("400 Bad Request", r#"{"type":"/problems/malformed","title":"","status":400}"#),
        ("401 Unauthorized", r#"{"type":"/problems/signature-wrong","title":"","status":401}"#),
        ("404 Not Found", ""),
        ("413 Content Too Large", ""),
    ];
    for (status, body) in table {
        a_store_in(Weather::answering(status, "application/problem+json", body), 1, Taken::Nothing)
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_redirection_is_not_followed_with_a_stores_orders() -> Result<()> {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\n\
                  content-length: 0\r\nconnection: close\r\n\r\n";
    a_store_in(Weather::Nonsense(answer.to_owned()), 1, Taken::Nothing).await
}

#[tokio::test]
async fn what_is_no_http_at_all_is_like_silence() -> Result<()> {
    a_store_in(Weather::Nonsense("SSH-2.0-OpenSSH_9.7\r\n".to_owned()), 1, Taken::Nothing).await
}

#[tokio::test]
async fn acknowledgements_of_sequences_that_were_never_sent_lose_nothing() -> Result<()> {
    let table = [
        r#"{"acked_seq":-5}"#,
        r#"{"acked_seq":0}"#,
        r#"{"acked_seq":0,"verdicts":[{"seq":999,"verdict":"quarantined","reason":"x"}]}"#,
        r#"{"acked_seq":0,"expected_seq":-1}"#,
        r#"{"acked_seq":0,"expected_seq":999}"#,
    ];
    for body in table {
        a_store_in(Weather::answering("200 OK", "application/json", body), 1, Taken::Nothing)
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_feed_of_another_life_without_a_snapshot_leaves_the_old_prices_in_force() -> Result<()> {
    let head = r#"{"incarnation":"01890000-0000-7000-8000-000000000000","version":99}"#;
    a_store_in(Weather::answering("200 OK", "application/json", head), 1, Taken::Nothing).await
}

/// Nothing can tell such an answer from that of a mall which holds more than this store remembers
/// having sent; the next order finds the mall asking for what it lacks.
#[tokio::test]
async fn an_acknowledgement_beyond_what_was_sent_is_mended_by_the_next_order() -> Result<()> {
    let answer = Weather::answering("200 OK", "application/json", r#"{"acked_seq":1000000}"#);
    a_store_in(answer, 1, Taken::Something).await
}
