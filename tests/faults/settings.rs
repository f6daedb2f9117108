//! Settings that break the store, and blows while they are on trial: the last good ones come back
//! by themselves, what broke is never tried again, HQ is told, and the next good ones count.

use acceptance::{
    edge_process::Start,
    store::{CODE, Store, original},
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// The line that a receipt cannot be drawn with, once a test has said so.
const SICK: &str = "这一行打不出来";

struct Trial {
    store: Store,
    token: String,
}

impl Trial {
    /// A store whose node is not started yet, and whose trials last long.
    async fn open() -> Result<Self> {
        let mut store = Store::twin(original().await?, None)?;
        store.reboot_with(|boot| (boot.poll_ms, boot.settings_trial_ms) = (200, 600_000))?;
        store.mall.start().await?;
        let token = store.mall.saving_token("总部").await?;
        Ok(Self { store, token })
    }

    fn trials_last(&mut self, ms: u32) -> Result<()> {
        self.store.reboot_with(|boot| boot.settings_trial_ms = ms)
    }

    async fn set(&self, path: &str, line: &str) -> Result<()> {
        self.save(path, json!({ "receipt": { "head_lines": [line] } })).await
    }

    async fn save(&self, path: &str, settings: Value) -> Result<()> {
        let body = json!({ "settings": settings });
        self.store.mall.put(&self.token, path, "*", &body).await?.done::<Value>().map(|_| ())
    }

    async fn save_own(&self, settings: Value) -> Result<()> {
        self.save(&format!("/hq/v1/stores/{CODE}/settings"), settings).await
    }

    /// Waits until the store has taken this revision of its own document back, with the first one in
    /// force again, and says why it did.
    async fn taken_back(&self, revision: i64) -> Result<String> {
        let is_back =
            |it: &Value| is("rolled-back", 1)(it) && it["refused"]["revision"] == revision;
        let standing = self.until_own("taken back", is_back).await?;
        let why = standing["settings"][1]["refused"]["detail"].as_str();
        Ok(why.unwrap_or_default().to_owned())
    }

    async fn own(&self, line: &str) -> Result<()> {
        self.set(&format!("/hq/v1/stores/{CODE}/settings"), line).await
    }

    async fn until_own(&self, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        self.until(what, |standing| is(&standing["settings"][1])).await
    }

    async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        until(format!("the store to be {what} in HQ's eyes"), PATIENCE, async || {
            let path = format!("/hq/v1/stores/{CODE}/standing");
            let standing: Value = self.store.mall.ask(&self.token, &path).await?;
            Ok(is(&standing).then_some(standing))
        })
        .await
    }

    /// The head of a receipt as the store has it now.
    async fn head(&self) -> Result<Value> {
        let mut till = self.store.edge.till(1);
        till.sign_in("9001", "864200").await?.done::<Value>()?;
        let path = "/settings".to_owned();
        let call = acceptance::till::Call::new(reqwest::Method::GET, path, None);
        let rows: Vec<Value> = till.call(&call).await?.done()?;
        let row = rows.into_iter().find(|row| row["key"] == "receipt.head_lines");
        Ok(row.map(|row| row["value"].clone()).unwrap_or_default())
    }
}

fn is(state: &'static str, applied: i64) -> impl Fn(&Value) -> bool {
    move |it| it["state"] == state && it["applied"] == applied
}

#[tokio::test]
async fn settings_that_break_a_receipt_go_back_by_themselves_and_are_not_tried_again() -> Result<()>
{
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.store.edge.start_with(&[("GUITAI_SICK_LINE", SICK)]).await?;
    trial.own("第一版").await?;
    trial.until_own("level", is("applied", 1)).await?;
    trial.own(SICK).await?;
    let standing = trial.until_own("taken back", is("rolled-back", 1)).await?;
    let refused = &standing["settings"][1]["refused"];
    ensure!(refused["revision"] == 2, "{standing}");
    ensure!(refused["detail"] == "a receipt could not be drawn", "{standing}");
    ensure!(trial.head().await? == json!(["第一版"]), "the sick document is in force");
    // It is offered again and again, also to a new start that would not mind it, and not tried.
    trial.store.edge.stop().await?;
    trial.store.edge.start().await?;
    ensure!(trial.head().await? == json!(["第一版"]), "a new start tries it again");
    trial.own("第三版").await?;
    trial.until_own("level again", is("applied", 3)).await?;
    ensure!(trial.head().await? == json!(["第三版"]), "the next good document does not count");
    Ok(())
}

#[tokio::test]
async fn a_blow_within_a_trial_takes_the_document_back_at_the_next_start() -> Result<()> {
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.store.edge.start().await?;
    trial.own("第一版").await?;
    trial.until_own("level", is("applied", 1)).await?;
    trial.store.edge.stop().await?;
    trial.trials_last(600_000)?;
    trial.own("第二版").await?;
    // It dies the moment that the document is on disk, before anybody sees it.
    let start = trial.store.edge.start_dying_at("settings.on_trial", 1).await?;
    if start == Start::Ready {
        trial.store.edge.wait_until_killed().await?;
    }
    trial.store.edge.start().await?;
    ensure!(trial.head().await? == json!(["第一版"]), "what killed it is in force again");
    let standing = trial.until_own("taken back", is("rolled-back", 1)).await?;
    let refused = &standing["settings"][1]["refused"];
    ensure!(refused["detail"] == "the program ended within the trial", "{standing}");
    // An end in order blames nobody: the trial goes on at the next start.
    trial.own("第三版").await?;
    trial.until_own("trying", is("on-trial", 3)).await?;
    trial.store.edge.stop().await?;
    trial.trials_last(300)?;
    trial.store.edge.start().await?;
    trial.until_own("level", is("applied", 3)).await?;
    ensure!(trial.head().await? == json!(["第三版"]), "an end in order takes settings back");
    // What has proven itself stays, however the program ends.
    trial.store.edge.kill();
    trial.store.edge.start().await?;
    ensure!(trial.head().await? == json!(["第三版"]), "a blow after the trial takes it back");
    Ok(())
}

#[tokio::test]
async fn of_several_on_trial_each_blow_takes_the_newest_back_and_no_more() -> Result<()> {
    let mut trial = Trial::open().await?;
    trial.store.edge.start().await?;
    trial.set("/hq/v1/settings", "所有门店").await?;
    trial.until("trying", |it| it["settings"][0]["state"] == "on-trial").await?;
    trial.own("本店").await?;
    trial.until_own("trying", is("on-trial", 1)).await?;
    ensure!(trial.head().await? == json!(["本店"]), "the store's own does not stand over all");
    trial.store.edge.kill();
    trial.store.edge.start().await?;
    ensure!(trial.head().await? == json!(["所有门店"]), "the newest is not the one to go");
    trial.until_own("taken back", is("rolled-back", 0)).await?;
    // A blow between the writing and the telling leaves it taken back.
    trial.store.edge.kill();
    trial.store.edge.start().await?;
    let standing = trial.until("bare", |it| it["settings"][0]["state"] == "rolled-back").await?;
    ensure!(standing["settings"][1]["state"] == "rolled-back", "{standing}");
    ensure!(trial.head().await? != json!(["所有门店"]), "the other one is still in force");
    Ok(())
}

#[tokio::test]
async fn a_blow_while_settings_are_taken_back_leaves_them_taken_back() -> Result<()> {
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.own(SICK).await?;
    let point = format!("{}:1", "settings.taken_back");
    let environment = [("GUITAI_SICK_LINE", SICK), ("GUITAI_KILL_AT", point.as_str())];
    if trial.store.edge.start_with(&environment).await.is_ok() {
        trial.store.edge.wait_until_killed().await?;
    }
    // A program that would not mind the line does not try it either.
    trial.store.edge.start().await?;
    let standing = trial.until_own("taken back", is("rolled-back", 0)).await?;
    let refused = &standing["settings"][1]["refused"];
    ensure!(refused["detail"] == "a receipt could not be drawn", "{standing}");
    ensure!(trial.head().await? != json!([SICK]), "the sick document is in force");
    Ok(())
}

#[tokio::test]
async fn settings_come_and_go_back_though_a_step_of_it_fails_or_takes_a_while() -> Result<()> {
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.store.edge.start_with(&[("GUITAI_SICK_LINE", SICK)]).await?;
    let mut revision = 0;
    for action in [Action::Error, Action::Sleep] {
        let (trap, line) = (trial.store.edge.trap(), format!("第{revision}版"));
        trap.set("settings.on_trial", action)?;
        trial.own(&line).await?;
        revision += 1;
        trial.until_own("level", is("applied", revision)).await?;
        ensure!(!trap.is_set() && trial.head().await? == json!([line]), "{action}: {line}");
        trap.set("settings.taken_back", action)?;
        trial.own(SICK).await?;
        trial.until_own("taken back", is("rolled-back", revision)).await?;
        revision += 1;
        ensure!(!trap.is_set() && trial.head().await? == json!([line]), "{action}: {SICK}");
    }
    Ok(())
}

#[tokio::test]
async fn a_command_over_which_the_program_dies_is_told_as_interrupted_and_not_begun_again()
-> Result<()> {
    let mut trial = Trial::open().await?;
    let words = ["command", "give", "report-state", "--store", CODE];
    trial.store.mall.tell::<Value>(&words).await?;
    let start = trial.store.edge.start_dying_at("command.begun", 1).await?;
    if start == Start::Ready {
        trial.store.edge.wait_until_killed().await?;
    }
    trial.store.edge.start().await?;
    let path = format!("/hq/v1/stores/{CODE}/commands");
    let told = until("what came of the command", PATIENCE, async || {
        let listed: Vec<Value> = trial.store.mall.ask(&trial.token, &path).await?;
        Ok(listed.into_iter().next().filter(|one| one["state"] != "waiting"))
    })
    .await?;
    ensure!(told["state"] == "interrupted" && told["detail"] == "", "{told}");
    Ok(())
}

/// Each value is one that can be, each document is saved; only in this store, beside what else is there,
/// does it break something.
#[tokio::test]
async fn settings_that_break_the_store_only_together_go_back_and_say_what_they_broke() -> Result<()>
{
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.store.edge.start().await?;
    // A kiosk has no cash: without payment codes nobody could pay there. The tills have no say in it.
    trial.save_own(json!({ "tender": { "wechat": false } })).await?;
    trial.until_own("level", is("applied", 1)).await?;
    trial.save_own(json!({ "tender": { "wechat": false, "alipay": false } })).await?;
    let why = trial.taken_back(2).await?;
    ensure!(why.contains("no way to pay is left at a kiosk"), "{why}");
    // A line that its printers have no sign for.
    trial.save_own(json!({ "receipt": { "foot_lines": ["𠮷野家"] } })).await?;
    let why = trial.taken_back(3).await?;
    ensure!(why == "a receipt could not be drawn", "{why}");
    // The store's own keys are on trial, and good; then all stores' take one of them.
    trial.save_own(json!({ "keys": { "member": "F4" } })).await?;
    trial.until_own("level", is("applied", 4)).await?;
    trial.save("/hq/v1/settings", json!({ "keys": { "find": "F4" } })).await?;
    let what = "taken back for all";
    let standing = trial.until(what, |it| it["settings"][0]["state"] == "rolled-back").await?;
    let why = &standing["settings"][0]["refused"]["detail"];
    ensure!(*why == "two actions of the operator's screen are on one key", "{standing}");
    ensure!(standing["settings"][1]["state"] == "applied", "the good one went too: {standing}");
    // On the screen the store's own key counts, and no other has moved.
    let till = trial.store.edge.till(1);
    let path = "/workstations/1/view".to_owned();
    let call = acceptance::till::Call::new(reqwest::Method::GET, path, None);
    let view: Value = till.call(&call).await?.done()?;
    ensure!(view["keys"] == json!({ "member": "F4" }), "{}", view["keys"]);
    Ok(())
}

/// The head of a PNG, told from others by its last byte: as much of a picture as anybody looks at.
fn png(more: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x07\x80\0\0\x04\x38".to_vec();
    bytes.push(more);
    bytes
}

impl Trial {
    /// Adds pictures at the mall, and makes them the store's playlist.
    async fn play(&self, pictures: &[u8]) -> Result<()> {
        let mut slides = Vec::new();
        for more in pictures {
            let url = format!("{}/hq/v1/pictures?name=x", self.store.mall.url());
            let request = acceptance::till::http()?.post(url).bearer_auth(&self.token);
            let added: Value = acceptance::till::answer(request.body(png(*more))).await?.done()?;
            slides.push(json!({ "picture": added["picture"], "seconds": 5 }));
        }
        self.save_own(json!({ "customer_display": { "playlist": slides } })).await
    }

    /// The pictures that the first till's display shows, each as this box gives it.
    async fn shown(&self) -> Result<Vec<Vec<u8>>> {
        let till = self.store.edge.till(1);
        let path = "/workstations/1/display".to_owned();
        let call = acceptance::till::Call::new(reqwest::Method::GET, path, None);
        let view: Value = till.call(&call).await?.done()?;
        let mut shown = Vec::new();
        for slide in view["slides"].as_array().into_iter().flatten() {
            let url =
                format!("{}{}", self.store.edge.url(), slide["picture"].as_str().unwrap_or(""));
            let answer = acceptance::till::http()?.get(url).send().await?;
            ensure!(answer.headers()["content-type"] == "image/png", "{:?}", answer.headers());
            shown.push(answer.bytes().await?.to_vec());
        }
        Ok(shown)
    }

    async fn until_shown(&self, pictures: &[u8]) -> Result<()> {
        let wished: Vec<Vec<u8>> = pictures.iter().map(|more| png(*more)).collect();
        until(format!("the playlist {pictures:?}"), PATIENCE, async || {
            Ok((self.shown().await? == wished).then_some(()))
        })
        .await
    }

    /// Files of pictures that lie in the store's folder.
    fn n_kept(&self) -> Result<usize> {
        let entries = std::fs::read_dir(self.store.edge.data().join("pictures"))?;
        let is_picture = |name: &std::ffi::OsStr| name != "shown.json";
        Ok(entries.flatten().filter(|entry| is_picture(&entry.file_name())).count())
    }
}

#[tokio::test]
async fn pictures_are_shown_without_the_mall_and_a_blow_leaves_the_playlist_before() -> Result<()> {
    let mut trial = Trial::open().await?;
    trial.trials_last(300)?;
    trial.play(&[1, 2]).await?;
    trial.store.edge.start().await?;
    trial.until_own("level", is("applied", 1)).await?;
    // A display is idle where somebody works at its till.
    trial.store.cashier(1).await?;
    trial.until_shown(&[1, 2]).await?;
    for (point, revision) in [("picture.kept", 2), ("picture.listed", 3)] {
        // It dies over the next playlist, which is on trial, and is blamed for it.
        trial.store.edge.stop().await?;
        let start = trial.store.edge.start_dying_at(point, 1).await?;
        ensure!(start == Start::Ready, "{point}: it dies over what is shown already");
        trial.play(&[1, 10 + u8::try_from(revision)?]).await?;
        trial.store.edge.wait_until_killed().await?;
        trial.store.edge.start().await?;
        let why = trial.taken_back(revision).await?;
        ensure!(why == "the program ended within the trial", "{point}: {why}");
        trial.until_shown(&[1, 2]).await?;
    }
    // The next one comes whole, and what is shown no more is not kept.
    trial.play(&[5]).await?;
    trial.until_shown(&[5]).await?;
    let swept = "the folder to have one picture".to_owned();
    until(swept, PATIENCE, async || Ok((trial.n_kept()? == 1).then_some(()))).await?;
    // The cable is cut, the box starts anew, and shows what it has.
    trial.until_own("level", is("applied", 4)).await?;
    trial.store.mall.stop().await?;
    trial.store.edge.kill();
    trial.store.edge.start().await?;
    trial.until_shown(&[5]).await
}
