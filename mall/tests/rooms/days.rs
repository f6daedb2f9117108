//! Days that store and mall compare: what both hold is sealed, what is lost here is told again, and no
//! seal is broken in silence.

use sync::{
    chain::Hash,
    day::{Tally, compare, differing, part_of, weigh},
    path,
    wire::{
        DayAgainAnswerV1, DayAgainV1, DayAnswerV1, DayAskV1, DayFactsV1, DayLifeV1, DayV1, FactV1,
        SettingsHeldV1, TroubleV1, TroublesV1,
    },
};
use uuid::Uuid;

use crate::{
    intake::{Outbox, order, post, processed},
    town::{Answer, Edge, Town},
};

/// The day of all orders of `intake::order`.
const DAY: &str = "2026-11-21";

fn tally(facts: &[FactV1], left_out: &[Uuid]) -> Tally {
    let mut tally = Tally::default();
    for fact in facts.iter().filter(|fact| !left_out.contains(&fact.id)) {
        let weight = weigh(fact.id, &fact.kind, fact.v, &fact.body);
        if weight.day.to_string() == DAY {
            tally.add(fact.id, fact.digest, &weight.amounts);
        }
    }
    tally
}

/// What a ledger in its first life says of the day.
fn told(facts: &[FactV1], is_over: bool) -> DayV1 {
    let through = i64::try_from(facts.len()).unwrap();
    let lives = vec![DayLifeV1 { epoch: 1, through }];
    DayV1 { epoch: 1, is_over, lives, left_out: Vec::new(), sum: tally(facts, &[]).sum() }
}

async fn send(edge: &Edge<'_>, path: &str, body: &impl serde::Serialize) -> Answer {
    edge.call("POST", path, &serde_json::to_vec(body).unwrap()).await
}

async fn tell(edge: &Edge<'_>, told: &DayV1) -> DayAnswerV1 {
    send(edge, &path::day(DAY.parse().unwrap()), told).await.read()
}

async fn held(edge: &Edge<'_>, told: &DayV1, parts: Vec<u8>) -> DayFactsV1 {
    let ask = DayAskV1 { lives: told.lives.clone(), parts };
    send(edge, &path::day_ids(DAY.parse().unwrap()), &ask).await.read()
}

async fn again(edge: &Edge<'_>, facts: Vec<FactV1>) -> Answer {
    let path = path::day_facts(DAY.parse().unwrap());
    send(edge, &path, &DayAgainV1 { epoch: 1, facts }).await
}

/// Sells so many orders and tells them all.
async fn sold(edge: &Edge<'_>, n: u32) -> Outbox {
    let mut outbox = Outbox::new();
    (1..=n).for_each(|number| {
        outbox.order(&order("SH001", number, 1_000));
    });
    assert_eq!(post(edge, &outbox.batch(1, outbox.facts.len())).await.status, 200);
    outbox
}

#[tokio::test]
async fn a_day_of_which_both_hold_the_same_is_sealed_when_it_is_over() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = sold(&edge, 3).await;
    let open = tell(&edge, &told(&outbox.facts, false)).await;
    assert!(open.agrees && open.sealed_at.is_none(), "{open:?}");
    let over = tell(&edge, &told(&outbox.facts, true)).await;
    assert_eq!(over.sealed_at, Some(town.now()));
    let sealed = town.now();
    town.turn(3_600);
    // The same again, also of a store whose clock went back and calls the day open: sealed as before.
    for is_over in [true, false] {
        let again = tell(&edge, &told(&outbox.facts, is_over)).await;
        assert_eq!((again.agrees, again.sealed_at), (true, Some(sealed)));
    }
    assert!(town.rows("select why from day_opening").is_empty());
    let day: serde_json::Value = {
        let token = town.staff().await;
        town.hq(&token, &format!("/hq/v1/stores/SH001/days/{DAY}")).await.read()
    };
    assert_eq!(day["seals"][0]["facts"], 3, "{day}");
    assert_eq!(day["seals"][0]["sealed_at"], sealed.to_string(), "{day}");
    assert_eq!(day["seals"][0]["amounts"]["cash"], 3_000, "{day}");
    let token = town.cli_json("staff add calendar").await["token"].as_str().unwrap().to_owned();
    let month = "/hq/v1/stores/SH001/days?month=2026-11";
    let days: serde_json::Value = town.hq(&token, month).await.read();
    assert_eq!(days.as_array().unwrap().len(), 1, "{days}");
    assert_eq!((&days[0]["day"], &days[0]["state"]), (&DAY.into(), &"sealed".into()), "{days}");
    assert_eq!((&days[0]["facts"], &days[0]["taken"]["amount"]), (&3.into(), &3_000.into()));
    let other: serde_json::Value = town.hq(&token, &month.replace("11", "12")).await.read();
    assert_eq!(other.as_array().unwrap().len(), 0, "{other}");
    town.hq(&token, &month.replace("11", "13")).await.is_problem(400, "malformed");
    town.stop().await;
}

#[tokio::test]
async fn a_fact_of_a_sealed_day_that_comes_late_opens_it_and_is_written_down() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = sold(&edge, 2).await;
    let sealed = tell(&edge, &told(&outbox.facts, true)).await.sealed_at.unwrap();
    town.turn(60);
    outbox.order(&order("SH001", 3, 500));
    let late = outbox.facts[2].id;
    assert_eq!(post(&edge, &outbox.batch(3, 3)).await.status, 200);
    let opened = "select why, fact_id, sealed_at, opened_at from day_opening";
    let expected = [format!("late|{late}|{}|{}", sealed.micros(), town.now().micros())];
    assert_eq!(town.rows(opened), expected);
    assert_eq!(town.rows("select sealed_at from day_seal"), ["0"]);
    // The same batch again is no change.
    assert_eq!(post(&edge, &outbox.batch(3, 3)).await.status, 200);
    let anew = tell(&edge, &told(&outbox.facts, true)).await;
    assert_eq!((anew.agrees, anew.sealed_at), (true, Some(town.now())));
    assert_eq!(town.rows(opened), expected);
    town.stop().await;
}

/// Takes a fact out of a mall, as a disk does that lost some pages.
fn lose(town: &Town, id: Uuid, tables: &[(&str, &str)]) {
    for (table, column) in tables {
        town.folder.place().execute(&format!("delete from {table} where {column} = '{id}'"));
    }
}

#[tokio::test]
async fn what_a_mall_has_lost_is_found_told_again_and_sealed() {
    let whole: &[(&str, &str)] = &[
        ("tender", "order_id"),
        ("order_line", "order_id"),
        ("orders", "id"),
        ("event_inbox", "id"),
        ("event_place", "id"),
        ("event_id", "id"),
    ];
    let table = [("a fact", whole), ("its bytes", &whole[..4]), ("its place", &whole[4..5])];
    for (lost, tables) in table {
        let town = Town::new().await;
        let edge = town.edge("SH001").await;
        let outbox = sold(&edge, 40).await;
        processed(&town).await;
        assert!(tell(&edge, &told(&outbox.facts, true)).await.agrees, "{lost}");
        let gone = [&outbox.facts[4], &outbox.facts[30]];
        gone.iter().for_each(|fact| lose(&town, fact.id, tables));
        // A seal that holds no longer is broken, and says so.
        let told = told(&outbox.facts, true);
        let differs = tell(&edge, &told).await;
        assert!(!differs.agrees && differs.sealed_at.is_none(), "{lost}");
        assert_eq!(town.rows("select why from day_opening"), ["differs"], "{lost}");
        let parts = differing(&tally(&outbox.facts, &[]).parts(), &differs.parts);
        assert_eq!(parts.len(), 2, "{lost}");
        let theirs = held(&edge, &told, parts.clone()).await;
        let own = outbox.facts.iter().filter(|fact| parts.contains(&part_of(fact.id)));
        let own: Vec<(Uuid, Hash)> = own.map(|fact| (fact.id, fact.digest)).collect();
        let found = compare(&own, &theirs.facts);
        assert_eq!(found.missing, gone.map(|fact| fact.id), "{lost}");
        let kept: DayAgainAnswerV1 = again(&edge, gone.map(Clone::clone).to_vec()).await.read();
        assert_eq!(kept.n_kept, if lost == "its place" { 0 } else { 2 }, "{lost}");
        let healed = tell(&edge, &told).await;
        assert!(healed.agrees && healed.sealed_at.is_some(), "{lost}");
        processed(&town).await;
        assert_eq!(town.rows("select count(*) from orders"), ["40"], "{lost}");
        // Told once more it changes nothing.
        let kept: DayAgainAnswerV1 = again(&edge, outbox.facts[..3].to_vec()).await.read();
        assert_eq!(kept.n_kept, 0, "{lost}");
        town.stop().await;
    }
}

#[tokio::test]
async fn what_a_ledger_has_lost_is_named_with_its_place() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = sold(&edge, 5).await;
    let mut own = outbox.facts.clone();
    let lost = own.remove(2);
    let told = DayV1 { lives: vec![DayLifeV1 { epoch: 1, through: 5 }], ..told(&own, true) };
    let differs = tell(&edge, &told).await;
    let parts = differing(&tally(&own, &[]).parts(), &differs.parts);
    let theirs = held(&edge, &told, parts).await;
    let found = compare(&[], &theirs.facts);
    assert_eq!(found.lost, [(1, lost.seq)]);
    town.stop().await;
}

#[tokio::test]
async fn a_ledger_is_compared_with_what_it_knows_and_not_with_another_ones() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = sold(&edge, 5).await;
    // A copy that knows three of them agrees on those.
    let copy = told(&outbox.facts[..3], true);
    assert!(tell(&edge, &copy).await.agrees);
    // A box that replaced another knows none of its life.
    let second = DayV1 { lives: Vec::new(), ..told(&[], true) };
    assert!(tell(&edge, &second).await.agrees);
    let wrong = DayV1 { epoch: 9, ..told(&outbox.facts, true) };
    send(&edge, &path::day(DAY.parse().unwrap()), &wrong).await.is_problem(409, "epoch");
    town.stop().await;
}

#[tokio::test]
async fn other_bytes_under_one_id_and_told_holes_are_left_out_on_both_sides() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = sold(&edge, 3).await;
    let mut own = outbox.facts.clone();
    own[1].digest = Hash::of(b"other bytes");
    // One that the mall never got, in a place that is told to be a hole.
    let hole = Uuid::now_v7();
    let left_out = vec![own[1].id, hole];
    let day = DayV1 { sum: tally(&own, &left_out).sum(), left_out, ..told(&own, true) };
    let answer = tell(&edge, &day).await;
    assert!(answer.agrees && answer.sealed_at.is_some());
    assert!(answer.watermark.is_none(), "not everything is held");
    assert_eq!(town.rows("select left_out from day_seal"), ["2"]);
    town.stop().await;
}

#[tokio::test]
async fn a_fact_comes_again_only_at_a_place_that_was_acknowledged() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = sold(&edge, 2).await;
    outbox.order(&order("SH001", 3, 500));
    again(&edge, outbox.facts[2..].to_vec()).await.is_problem(400, "malformed");
    assert_eq!(town.rows("select count(*) from event_id"), ["2"]);
    town.stop().await;
}

#[tokio::test]
async fn a_ledger_of_which_all_is_held_is_given_a_signed_watermark() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = sold(&edge, 3).await;
    let mark = tell(&edge, &told(&outbox.facts, false)).await.watermark.unwrap();
    let last = outbox.facts.last().unwrap();
    assert_eq!((mark.epoch, mark.seq, mark.chain), (1, 3, last.chain));
    let keys: SettingsHeldV1 = edge.get(path::SETTINGS).await.read();
    let code = "SH001".parse().unwrap();
    assert_eq!(mark.believe(&keys.keys, &code, Some(last.chain)), Ok(()));
    let mut own = outbox.facts.clone();
    own.pop();
    assert!(tell(&edge, &told(&own, true)).await.watermark.is_some(), "of the places it knows");
    own.remove(0);
    let told = DayV1 { lives: vec![DayLifeV1 { epoch: 1, through: 3 }], ..told(&own, true) };
    assert!(tell(&edge, &told).await.watermark.is_none(), "the two differ");
    town.stop().await;
}

#[tokio::test]
async fn hq_sees_what_stores_say_is_wrong_and_figures_of_all_of_them() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let one = |word: &str, count| TroubleV1 { trouble: word.to_owned(), since: town.now(), count };
    for troubles in [vec![one("conflict", 1)], vec![one("behind", 7), one("newer-than-us", 1)]] {
        let answer = send(&edge, path::TROUBLES, &TroublesV1 { troubles, state: None }).await;
        assert_eq!(answer.status, 200);
    }
    for bad in ["", "Behind", "a\"b", &"x".repeat(33)] {
        let troubles = vec![one(bad, 1)];
        let answer = send(&edge, path::TROUBLES, &TroublesV1 { troubles, state: None }).await;
        answer.is_problem(400, "malformed");
    }
    let token = town.staff().await;
    let stores = town.hq(&token, "/hq/v1/stores").await.json();
    let told = &stores[0]["edges"][0]["troubles"];
    assert_eq!(told.as_array().unwrap().len(), 2, "{told}");
    assert_eq!((&told[0]["trouble"], &told[0]["count"]), (&"behind".into(), &7.into()), "{told}");
    assert!(!told[0]["chinese"].as_str().unwrap().is_empty() && told[1]["severity"] == "");
    let answer = town.hq(&token, "/metrics").await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    let line = format!(
        "guitai_edge_trouble{{store=\"SH001\",edge=\"{}\",trouble=\"behind\"}} 7",
        edge.id()
    );
    assert!(text.lines().any(|one| one == line), "{text}");
    assert!(text.contains("guitai_stores 1\n"), "{text}");
    town.hq("nobody", "/metrics").await.is_problem(401, "token-required");
    town.stop().await;
}
