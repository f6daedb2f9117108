//! HQ's settings and promotions on their way to a till: pushed, asked for, refused.
//!
//! A node that asks seldom (once an hour) hears of nothing but through the broker; one without a
//! broker hears of nothing but by asking. So each way is proven by itself, and no test measures time.

use acceptance::{
    mosquitto::{self, MALL, Mosquitto},
    store::{CODE, Store, original},
    till::{Call, Till},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use serde_json::{Value, json};
use sync::{
    settings::{SignedSettingsV1, Target},
    topic::Topic,
};

use crate::pieces;

/// A node that asks so seldom hears of nothing but through the broker.
pub(crate) const SELDOM_MS: u32 = 3_600_000;

/// A store and its mall, and what lies between them.
struct Chain {
    store: Store,
    broker: Mosquitto,
    token: String,
    _folder: tempfile::TempDir,
}

impl Chain {
    /// All of it, running; the node asks seldom.
    async fn open() -> Result<Self> {
        let folder = acceptance::folder::temporary()?;
        let mut broker = Mosquitto::on_a_free_port(folder.path(), &[CODE, "SH002"])?;
        broker.start().await?;
        let mut store = Store::twin(original().await?, None)?;
        store.mall.call(broker.access(MALL));
        let access = broker.access(CODE);
        store.reboot_with(|boot| {
            (boot.broker, boot.poll_ms) = (Some(access), SELDOM_MS);
        })?;
        store.mall.start().await?;
        store.edge.start().await?;
        let token = store.mall.saving_token("总部").await?;
        let chain = Self { store, broker, token, _folder: folder };
        chain.until_standing("there", |it| it["is_line_up"] == true).await?;
        Ok(chain)
    }

    /// HQ saves the store's own document, whatever is desired now.
    async fn set(&self, settings: Value) -> Result<Value> {
        let path = format!("/hq/v1/stores/{CODE}/settings");
        let body = json!({ "settings": settings, "note": "" });
        self.store.mall.put(&self.token, &path, "*", &body).await?.done()
    }

    async fn standing(&self) -> Result<Value> {
        let path = format!("/hq/v1/stores/{CODE}/standing");
        self.store.mall.ask(&self.token, &path).await
    }

    async fn until_standing(&self, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        until(format!("the store to be {what} in HQ's eyes"), PATIENCE, async || {
            let standing = self.standing().await?;
            Ok(is(&standing).then_some(standing))
        })
        .await
    }
}

/// What became of the store's own document.
fn own(standing: &Value) -> &Value {
    &standing["settings"][1]
}

async fn look(till: &Till, screen: &str) -> Result<Value> {
    let path = format!("/workstations/{}/{screen}", till.workstation());
    till.call(&Call::new(Method::GET, path, None)).await?.done()
}

async fn until_view(till: &Till, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
    until(what.to_owned(), PATIENCE, async || {
        let view = look(till, "view").await?;
        Ok(is(&view).then_some(view))
    })
    .await
}

/// A cart of one item, at the point where it is paid; the item's price.
async fn tendering(till: &Till) -> Result<i64> {
    let item = pieces()?.into_iter().find(|item| item.price % 100 != 0);
    let item = item.context("everything costs whole yuan")?;
    till.done(&till.scan(&item.barcode)).await?;
    till.done(&till.to_tender()).await?;
    Ok(item.price)
}

fn due(view: &Value) -> &Value {
    &view["tender"]["cash"]["due"]["amount"]
}

fn has_notice(view: &Value, code: &str) -> bool {
    let notices = view["notices"].as_array();
    notices.is_some_and(|notices| notices.iter().any(|notice| notice["code"] == code))
}

#[tokio::test]
async fn what_hq_sets_is_pushed_applied_at_once_and_reported_back() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut chain = Chain::open().await?;
    let till = chain.store.cashier(1).await?;
    let price = tendering(&till).await?;
    let saved = chain.set(json!({ "tender": { "cash_rounding": "yuan_up" } })).await?;
    ensure!(saved["revision"] == 1 && saved["result"] == "saved", "{saved}");
    // The cart on the counter is asked for another amount, without a word from anybody.
    let rounded = (price + 99) / 100 * 100;
    until_view(&till, "cash rounded up to the yuan", |view| *due(view) == rounded).await?;
    let is_applied = |it: &Value| own(it)["state"] == "applied" && own(it)["applied"] == 1;
    let standing = chain.until_standing("level", is_applied).await?;
    ensure!(own(&standing)["came_by"] == "mqtt", "{standing}");
    ensure!(standing["is_online"] == true, "{standing}");
    // What all stores are told is said below what the store is told itself.
    let all = json!({ "settings": { "tender": { "cash_rounding": "none" },
                                    "customer_display": { "hints": false } } });
    let all = chain.store.mall.put(&chain.token, "/hq/v1/settings", "\"0\"", &all).await?;
    all.done::<Value>()?;
    let is_applied = |it: &Value| it["settings"][0]["state"] == "applied";
    chain.until_standing("level with all", is_applied).await?;
    ensure!(*due(&look(&till, "view").await?) == rounded, "the store's own word does not count");
    // It outlives the program.
    chain.store.edge.kill();
    chain.until_standing("gone", |it| it["is_online"] == false).await?;
    chain.store.edge.start().await?;
    ensure!(*due(&look(&till, "view").await?) == rounded, "a restart forgets settings");
    chain.until_standing("back", |it| it["is_online"] == true).await?;
    Ok(())
}

#[tokio::test]
async fn a_promotion_rings_a_bell_and_changes_the_price_on_the_counter() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let chain = Chain::open().await?;
    let till = chain.store.cashier(1).await?;
    let item = &pieces()?[0];
    till.done(&till.scan(&item.barcode)).await?;
    let rules = json!({ "set": { "rules": [
        { "id": "half", "name": "五折", "goods": { "any": [{ "sku": item.sku }] },
          "steps": [{ "reward": { "units": { "rate": 5_000 } } }] },
    ] } });
    let saved = chain.store.mall.put(&chain.token, "/hq/v1/rules", "*", &rules).await?;
    saved.done::<Value>()?;
    let half = (item.price * 5_000 + 5_000) / 10_000;
    let is_half = |view: &Value| view["cart"]["total"]["amount"] == half;
    until_view(&till, "half the price", is_half).await?;
    Ok(())
}

#[tokio::test]
async fn forged_settings_are_refused_and_told_and_the_next_true_ones_count() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let chain = Chain::open().await?;
    let till = chain.store.cashier(1).await?;
    let price = tendering(&till).await?;
    let before = look(&till, "view").await?;
    // Somebody holds the mall's account at the broker, and not its key.
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let key = key.ok().context("no key")?;
    let target = Target::Store(CODE.parse()?);
    let body = json!({ "tender": { "cash_rounding": "yuan_down" } }).to_string();
    let forged = SignedSettingsV1::sign(key.as_ref(), 1, target.clone(), 99, body)?;
    let stranger = chain.broker.call(MALL, &[]).await?;
    let topic = Topic::Desired(target).to_string();
    stranger.retain(&topic, &serde_json::to_vec(&forged)?).await?;
    let view =
        until_view(&till, "the refusal on the screen", |view| has_notice(view, "settings-refused"))
            .await?;
    ensure!(due(&view) == due(&before), "forged settings are in force");
    let standing = chain.until_standing("refusing", |it| own(it)["state"] == "refused").await?;
    let refused = &own(&standing)["refused"];
    ensure!(refused["revision"] == 99 && refused["reason"] == "forged", "{standing}");
    ensure!(own(&standing)["applied"] == 0, "{standing}");
    // What is no envelope at all is refused as well.
    stranger.retain(&topic, b"{}").await?;
    let is_malformed = |it: &Value| own(it)["refused"]["reason"] == "malformed";
    chain.until_standing("refusing nonsense", is_malformed).await?;
    chain.set(json!({ "tender": { "cash_rounding": "yuan_up" } })).await?;
    let rounded = (price + 99) / 100 * 100;
    let view = until_view(&till, "the true settings", |view| *due(view) == rounded).await?;
    ensure!(!has_notice(&view, "settings-refused"), "{view}");
    chain.until_standing("level", |it| own(it)["state"] == "applied").await?;
    Ok(())
}

#[tokio::test]
async fn without_the_broker_settings_come_by_asking_and_with_it_again_by_push() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut chain = Chain::open().await?;
    let till = chain.store.cashier(1).await?;
    chain.broker.kill();
    chain.set(json!({ "receipt": { "foot_lines": ["第一版"] } })).await?;
    // The same node with its usual patience instead of an hour's.
    chain.store.edge.stop().await?;
    chain.store.reboot_with(|boot| boot.poll_ms = 300)?;
    chain.store.edge.start().await?;
    let is_first = |it: &Value| own(it)["applied"] == 1 && it["is_line_up"] == false;
    let standing = chain.until_standing("level by asking", is_first).await?;
    ensure!(own(&standing)["came_by"] == "poll", "{standing}");
    ensure!(standing["is_online"] == true, "{standing}");
    chain.store.edge.stop().await?;
    chain.store.reboot_with(|boot| boot.poll_ms = SELDOM_MS)?;
    chain.store.edge.start().await?;
    // A broker that has lost all it held is told again.
    chain.broker.start().await?;
    chain.until_standing("there", |it| it["is_line_up"] == true).await?;
    chain.set(json!({ "receipt": { "foot_lines": ["第二版"] } })).await?;
    let standing = chain.until_standing("level by push", |it| own(it)["applied"] == 2).await?;
    ensure!(own(&standing)["came_by"] == "mqtt", "{standing}");
    // It is on the very next receipt.
    let item = &pieces()?[0];
    let done = till.sell(&[&item.barcode], 0).await?.order.receipt_number;
    let slip = until("the receipt", PATIENCE, async || {
        let slips = acceptance::paper::slips_of(&till, &done).await?;
        Ok(slips.into_iter().next())
    })
    .await?;
    ensure!(slip.contains("第二版") && !slip.contains("第一版"), "{slip}");
    Ok(())
}

#[tokio::test]
async fn a_store_hears_its_own_and_says_nothing_for_others() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let chain = Chain::open().await?;
    chain.set(json!({ "receipt": { "foot_lines": ["一"] } })).await?;
    let is_level = |it: &Value| own(it)["applied"] == 1;
    chain.until_standing("level", is_level).await?;
    let other = chain.broker.call("SH002", &["guitai/v1/#"]).await;
    // Its access list lets it listen to nothing of another's; a wish for everything brings its own.
    let mut other = other?;
    other.retain(&format!("guitai/v1/stores/{CODE}/settings/desired"), b"{}").await?;
    other.retain(&format!("guitai/v1/stores/{CODE}/presence"), b"{}").await?;
    other.retain("guitai/v1/stores/SH002/presence", b"mine").await?;
    let heard = other.next().await?;
    let first = if heard.topic.contains("/all/") { other.next().await? } else { heard };
    ensure!(first.topic == "guitai/v1/stores/SH002/presence", "{first:?}");
    let standing = chain.standing().await?;
    ensure!(own(&standing)["applied"] == 1 && own(&standing)["refused"].is_null(), "{standing}");
    Ok(())
}

#[tokio::test]
async fn a_groups_settings_are_pushed_to_its_stores_and_end_when_they_leave_it() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let chain = Chain::open().await?;
    let till = chain.store.cashier(1).await?;
    let price = tendering(&till).await?;
    let before = due(&look(&till, "view").await?).clone();
    let put = async |path: &str, body: Value| -> Result<Value> {
        chain.store.mall.put(&chain.token, path, "*", &body).await?.done()
    };
    let settings = "/hq/v1/groups/north/settings";
    let group = |stores: &[&str]| json!({ "name": "北区", "rank": 100, "stores": stores });
    put("/hq/v1/groups/north", group(&[CODE])).await?;
    let up = json!({ "settings": { "tender": { "cash_rounding": "yuan_up" } } });
    put(settings, up).await?;
    let (up, down) = ((price + 99) / 100 * 100, price / 100 * 100);
    until_view(&till, "cash rounded up by the group's word", |view| *due(view) == up).await?;
    // It listens to the group by now: what HQ sets next is pushed.
    let down_body = json!({ "settings": { "tender": { "cash_rounding": "yuan_down" } } });
    put(settings, down_body).await?;
    until_view(&till, "cash rounded down by the group's word", |view| *due(view) == down).await?;
    let of_group = |it: &Value| {
        let targets = it["settings"].as_array().cloned().unwrap_or_default();
        targets.into_iter().find(|of| of["target"] == "group/north").unwrap_or_default()
    };
    let is_level = |it: &Value| of_group(it)["applied"] == 2 && of_group(it)["state"] == "applied";
    let standing = chain.until_standing("level with its group", is_level).await?;
    ensure!(of_group(&standing)["came_by"] == "mqtt", "{standing}");
    put("/hq/v1/groups/north", group(&[])).await?;
    until_view(&till, "the amount as it was before", |view| *due(view) == before).await?;
    Ok(())
}

#[tokio::test]
async fn a_bell_lets_the_store_fetch_a_command_and_it_is_done_once_and_told() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut chain = Chain::open().await?;
    let path = format!("/hq/v1/stores/{CODE}/commands");
    let until_done = async |chain: &Chain, number: i64| -> Result<Value> {
        until(format!("command {number} to be done"), PATIENCE, async || {
            let listed: Vec<Value> = chain.store.mall.ask(&chain.token, &path).await?;
            let one = listed.into_iter().find(|one| one["number"] == number);
            Ok(one.filter(|one| one["state"] != "waiting" && one["state"] != "taken"))
        })
        .await
    };
    let give = async |chain: &Chain, command: &str| -> Result<()> {
        let words = ["command", "give", command, "--store", CODE];
        chain.store.mall.tell::<Value>(&words).await.map(|_| ())
    };
    // The node asks once an hour: only the bell can have brought it to ask.
    give(&chain, "report-state").await?;
    let done = until_done(&chain, 1).await?;
    ensure!(done["state"] == "done", "{done}");
    let state: Value = serde_json::from_str(done["detail"].as_str().unwrap_or_default())?;
    ensure!(state["store"]["link"]["mall"] == "up", "{state}");
    // Both replicas come anew, and it sells on.
    give(&chain, "take-snapshot").await?;
    ensure!(until_done(&chain, 2).await?["state"] == "done");
    let till = chain.store.cashier(1).await?;
    tendering(&till).await?;
    give(&chain, "restart").await?;
    let edge = &mut chain.store.edge;
    until("the program to end", PATIENCE, async || Ok((!edge.is_running()?).then_some(()))).await?;
    chain.store.edge.start().await?;
    ensure!(until_done(&chain, 3).await?["state"] == "done");
    ensure!(chain.store.edge.is_running()?, "it restarts again and again");
    Ok(())
}

#[tokio::test]
async fn the_order_of_ways_and_the_keys_are_on_the_tills_screen_at_once() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.reboot_with(|boot| boot.poll_ms = 200)?;
    store.mall.start().await?;
    store.edge.start().await?;
    let token = store.mall.saving_token("总部").await?;
    let till = store.cashier(1).await?;
    tendering(&till).await?;
    let usual = json!(["cash", "code", "voucher", "member"]);
    ensure!(look(&till, "view").await?["tender"]["ways"] == usual);
    let path = format!("/hq/v1/stores/{CODE}/settings");
    let save = async |settings: Value| {
        let body = json!({ "settings": settings });
        store.mall.put(&token, &path, "*", &body).await
    };
    let wished = json!({ "tender": { "order": ["code", "member"] }, "keys": { "find": "F4" } });
    save(wished).await?.done::<Value>()?;
    let ways = json!(["code", "member", "cash", "voucher"]);
    let view = until_view(&till, "the new order", |view| view["tender"]["ways"] == ways).await?;
    ensure!(view["keys"] == json!({ "find": "F4" }), "{view}");
    // What a scanner types, or another action has, is no key to choose; nothing changes.
    for keys in [json!({ "find": "Digit5" }), json!({ "find": "F8" })] {
        let refused = save(json!({ "keys": keys })).await?;
        ensure!(refused.status == 422 && refused.text.contains("keys.find"), "{refused:?}");
    }
    ensure!(look(&till, "view").await?["keys"] == json!({ "find": "F4" }));
    save(json!({})).await?.done::<Value>()?;
    until_view(&till, "the usual order", |view| view["tender"]["ways"] == usual).await?;
    Ok(())
}
