use serde_json::{Value, json};
use sync::{
    path,
    settings::{GROUPS_OF_STORE_MAX, GroupsV1, SignedSettingsV1, Target},
    wire::{CameByV1, RefusedV1, ReportV1, SETTINGS, SettingsHeldV1, StandingV1},
};

use crate::town::{Edge, Town};

const OWN: &str = "/hq/v1/stores/SH001/settings";
const ALL: &str = "/hq/v1/settings";

async fn token(town: &Town) -> String {
    let answer = town.cli_json("staff add hq --may-save-settings").await;
    answer["token"].as_str().unwrap().to_owned()
}

fn wish(settings: Value) -> String {
    json!({ "settings": settings, "note": "试一下" }).to_string()
}

fn rounding(word: &str) -> Value {
    json!({ "tender": { "cash_rounding": word } })
}

async fn save(town: &Town, token: &str, path: &str, tag: &str, settings: Value) -> Value {
    let answer = town.hq_send(token, ("PUT", path), Some(tag), wish(settings)).await;
    answer.read()
}

async fn held(edge: &Edge<'_>) -> SettingsHeldV1 {
    edge.get(path::SETTINGS).await.read()
}

fn report(edge: &Edge<'_>, at: i64, applied: i64, refused: Option<&str>) -> ReportV1 {
    let target = Target::Store("SH001".parse().unwrap());
    let refused = refused.map(|reason| RefusedV1 {
        revision: 9,
        reason: reason.to_owned(),
        detail: String::new(),
    });
    let came_by = Some(CameByV1::Poll);
    let standing =
        StandingV1 { target, applied, is_on_trial: false, came_by, refused, unknown: Vec::new() };
    ReportV1 { edge: edge.id(), at_micros: at, standings: vec![standing] }
}

async fn tell(edge: &Edge<'_>, report: &ReportV1) {
    let body = serde_json::to_vec(report).unwrap();
    let answer = edge.call("POST", path::SETTINGS_REPORTS, &body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

#[tokio::test]
async fn a_document_is_saved_once_over_the_one_that_was_seen_and_kept_with_what_it_changed() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    let nothing = town.hq(&token, OWN).await;
    assert_eq!(nothing.headers["etag"], "\"0\"");
    let saved = save(&town, &token, OWN, "\"0\"", rounding("yuan_up")).await;
    assert_eq!(saved, json!({ "revision": 1, "result": "saved" }));
    let again = save(&town, &token, OWN, "\"1\"", rounding("yuan_up")).await;
    assert_eq!(again["result"], "unchanged");
    let stale = town.hq_send(&token, ("PUT", OWN), Some("\"0\""), wish(rounding("none"))).await;
    stale.is_problem(412, "settings-changed");
    assert_eq!(stale.json()["revision"], 1);
    let blind = town.hq_send(&token, ("PUT", OWN), None, wish(rounding("none"))).await;
    blind.is_problem(428, "revision-required");
    save(&town, &token, OWN, "\"1\"", json!({ "customer_display": { "hints": false } })).await;
    let page: Value = town.hq(&token, &format!("{OWN}/revisions")).await.read();
    let newest = &page["revisions"][0];
    assert_eq!((&newest["revision"], &newest["saved_by"]), (&json!(2), &json!("hq")));
    assert_eq!(
        newest["changes"],
        json!([
            { "key": "tender.cash_rounding", "before": "yuan_up", "after": null },
            { "key": "customer_display.hints", "before": null, "after": false },
        ])
    );
    let first: Value = town.hq(&token, &format!("{OWN}?revision=1")).await.read();
    assert_eq!(first["settings"]["tender"]["cash_rounding"], "yuan_up");
    town.hq(&token, &format!("{OWN}?revision=7")).await.is_problem(404, "not-found");
    town.hq(&token, "/hq/v1/stores/XX/settings").await.is_problem(404, "not-found");
    assert_eq!(town.rows("select count(*) from settings"), ["2"]);
}

#[tokio::test]
async fn what_cannot_be_and_who_may_not_are_refused_and_nothing_is_kept() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    let bad = json!({ "tender": { "cash_rounding": "up", "tips": 1 },
                      "notices": { "behind_minutes": 0 } });
    let refused = town.hq_send(&token, ("PUT", OWN), Some("*"), wish(bad)).await;
    refused.is_problem(422, "settings-refused");
    let findings = refused.json()["findings"].clone();
    let rules: Vec<&str> =
        findings.as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["notices.behind_minutes", "tender.cash_rounding"]);
    let unknown = json!({ "tender": { "tips": 1 } });
    let refused = town.hq_send(&token, ("PUT", OWN), Some("*"), wish(unknown)).await;
    assert_eq!(refused.json()["findings"][0]["code"], "unknown-setting");
    let reader = town.cli_json("staff add reader --may-save-rules").await;
    let reader = reader["token"].as_str().unwrap();
    let refused = town.hq_send(reader, ("PUT", ALL), Some("*"), wish(rounding("none"))).await;
    refused.is_problem(403, "read-only");
    let endless = "x".repeat(3 * 1_024 * 1_024);
    for path in [ALL, OWN] {
        let call = ("PUT", path);
        let refused = town.hq_send(&token, call, Some("*"), endless.clone()).await;
        refused.is_problem(413, "body-too-large");
    }
    assert_eq!(town.rows("select count(*) from settings"), ["0"]);
}

#[tokio::test]
async fn a_store_gets_all_stores_document_and_its_own_signed_by_a_key_it_is_told() {
    let town = Town::new().await;
    let (edge, other) = (town.edge("SH001").await, town.edge("SH002").await);
    assert!(held(&edge).await.envelopes.is_empty());
    let token = token(&town).await;
    save(&town, &token, ALL, "*", rounding("none")).await;
    save(&town, &token, OWN, "*", rounding("yuan_up")).await;
    let SettingsHeldV1 { keys, envelopes, .. } = held(&edge).await;
    let targets: Vec<String> = envelopes.iter().map(|e| e.target.to_string()).collect();
    assert_eq!(targets, ["all", "SH001"]);
    let here = "SH001".parse().unwrap();
    assert!(envelopes.iter().all(|envelope| envelope.believe(&keys, &here, &[], None) == Ok(true)));
    assert_eq!(held(&other).await.envelopes.len(), 1);
    // Another key signs; the one before is still told.
    town.cli("settings rotate-key").await;
    let SettingsHeldV1 { keys: both, envelopes: newer, .. } = held(&edge).await;
    assert_eq!((both.len(), &both[0]), (2, &keys[0]));
    let of_new: &SignedSettingsV1 = &newer[1];
    assert_eq!((of_new.key, of_new.believe(&both, &here, &[], None)), (2, Ok(true)));
    assert_eq!(envelopes[1].believe(&both, &here, &[], None), Ok(true));
}

#[tokio::test]
async fn hq_sees_what_became_of_it_and_whether_the_store_is_there() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = token(&town).await;
    let standing =
        async || -> Value { town.hq(&token, "/hq/v1/stores/SH001/standing").await.read() };
    let unheard = standing().await;
    assert_eq!((&unheard["is_online"], &unheard["heard_at"]), (&json!(false), &json!("")));
    assert_eq!(unheard["settings"][1]["state"], "none");
    save(&town, &token, OWN, "*", rounding("yuan_up")).await;
    held(&edge).await;
    let heard = standing().await;
    assert_eq!((&heard["is_online"], &heard["is_line_up"]), (&json!(true), &json!(false)));
    assert_eq!(heard["settings"][1]["state"], "waiting");
    tell(&edge, &report(&edge, 2, 1, None)).await;
    assert_eq!(standing().await["settings"][1]["state"], "applied");
    // An older report comes late and says nothing.
    tell(&edge, &report(&edge, 1, 0, None)).await;
    assert_eq!(standing().await["settings"][1]["applied"], 1);
    tell(&edge, &report(&edge, 3, 1, Some("forged"))).await;
    let refused = standing().await["settings"][1].clone();
    assert_eq!(
        (&refused["state"], &refused["refused"]["revision"]),
        (&json!("refused"), &json!(9))
    );
    assert!(refused["refused"]["sentence"]["zh"].as_str().unwrap().contains("签名不符"));
    // Nobody has heard of it for three minutes.
    town.turn(180);
    assert_eq!(standing().await["is_online"], false);
    let all: Vec<Value> = town.hq(&token, "/hq/v1/standings").await.read();
    assert_eq!((all.len(), &all[0]["code"]), (1, &json!("SH001")));
}

#[tokio::test]
async fn a_node_reports_for_itself_and_its_own_store_alone() {
    let town = Town::new().await;
    let (edge, other) = (town.edge("SH001").await, town.edge("SH002").await);
    let body = serde_json::to_vec(&report(&edge, 1, 1, None)).unwrap();
    let refused = other.call("POST", path::SETTINGS_REPORTS, &body).await;
    refused.is_problem(403, "forbidden");
    // Under its own name, about another store: kept for nobody.
    let about_another = ReportV1 { edge: other.id(), ..report(&edge, 1, 1, None) };
    tell(&other, &about_another).await;
    assert_eq!(town.rows("select count(*) from settings_standing"), ["0"]);
}

#[tokio::test]
async fn what_is_in_force_names_who_says_so_and_rounds_the_previews_cash() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    town.cli("store add --code SH001 --name SH001店 --cash-rounding jiao_down").await;
    let token = token(&town).await;
    let of = async |key: &str| -> (Value, Value) {
        let rows: Vec<Value> = town.hq(&token, &format!("{OWN}/in-force")).await.read();
        let row = rows.into_iter().find(|row| row["key"] == key).unwrap();
        (row["value"].clone(), row["origin"].clone())
    };
    assert_eq!(of("tender.cash_rounding").await, (json!("jiao_down"), json!("set_up")));
    assert_eq!(of("notices.behind_minutes").await, (json!(15), json!("default")));
    save(&town, &token, ALL, "*", rounding("none")).await;
    assert_eq!(of("tender.cash_rounding").await, (json!("none"), json!("all")));
    save(&town, &token, OWN, "*", rounding("yuan_up")).await;
    assert_eq!(of("tender.cash_rounding").await, (json!("yuan_up"), json!("store")));
    town.import("sku,barcode,name,list_price_yuan,unit,tax_rate_percent\nA1,,茶,12.30,piece,13\n")
        .await;
    let ask = json!({ "lines": [{ "sku": "A1" }], "occasion": { "store": "SH001", "channel": "till" },
                      "tenders": [{ "kind": "cash", "amount_minor": 2000 }] });
    let quote: Value =
        town.hq_send(&token, ("POST", "/hq/v1/quotes"), None, ask.to_string()).await.read();
    assert_eq!(quote["settlement"]["due_minor"], 1_300, "{quote}");
    let schema: Vec<Value> = town.hq(&token, "/hq/v1/settings/schema").await.read();
    assert_eq!(schema.len(), SETTINGS.len());
}

#[tokio::test]
async fn the_command_line_sets_shows_and_tells_the_history() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let path = town.file("settings.json", &rounding("yuan_up").to_string());
    let path = path.display();
    let said = town.cli(&format!("settings set {path} --store SH001 --note 新")).await;
    assert_eq!(said, "settings 1 of SH001: saved\n");
    assert!(town.cli("settings show --store SH001").await.contains("yuan_up"));
    let history = town.cli("settings history --store SH001").await;
    assert!(history.contains("tender.cash_rounding \"yuan_up\""), "{history}");
    assert!(town.cli("settings schema").await.contains("receipt.head_lines"));
    assert!(town.cli("settings standing").await.contains("SH001"));
    let stale = town.try_cli(&format!("settings set {path} --expect 3")).await;
    assert!(stale.unwrap_err().contains("revision 0"));
    assert!(town.try_cli("settings set /nowhere.json").await.is_err());
    assert!(town.try_cli("settings show --store XX").await.is_err());
}

#[tokio::test]
async fn hqs_page_is_served_without_a_secret_and_lets_nothing_else_in() {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let town = Town::new().await;
    for (path, kind) in [
        ("/hq/", "text/html; charset=utf-8"),
        ("/hq/page.css", "text/css; charset=utf-8"),
        ("/hq/page.js", SCRIPT),
        ("/hq/kit.js", SCRIPT),
        ("/hq/words.js", SCRIPT),
        ("/hq/stores.js", SCRIPT),
        ("/hq/troubles.js", SCRIPT),
        ("/hq/days.js", SCRIPT),
        ("/hq/commands.js", SCRIPT),
        ("/hq/groups.js", SCRIPT),
        ("/hq/settings.js", SCRIPT),
        ("/hq/rules.js", SCRIPT),
        ("/hq/members.js", SCRIPT),
    ] {
        let answer = town.hq("", path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["content-type"]),
            (200, &kind.parse().unwrap())
        );
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path} names another host"
        );
        assert!(!text.contains("innerHTML") && !text.contains(" style="), "{path}");
    }
    assert_eq!(town.hq("", "/hq").await.status, 308);
}

/// A node that is ours and mad may say what it likes of its own store: it breaks nothing, and HQ is
/// told no more than a screen shows.
#[tokio::test]
async fn no_report_of_a_node_breaks_anything_or_grows_without_end() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let staff = town.staff().await;
    let long = "𝕏".repeat(5_000);
    let odd = [
        json!(null),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(""),
        json!("all"),
        json!("SH002"),
        json!("mqtt"),
        json!(long),
        json!([]),
        json!({}),
        json!(vec![json!("setting"); 500]),
        json!({ "revision": i64::MAX, "reason": long, "detail": "\u{0}\u{202e}" }),
    ];
    let fields = ["target", "applied", "came_by", "refused", "unknown", "edge", "at_micros"];
    let mut state = 20_261_122_u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % n
    };
    for n in 0..600 {
        let mut standing = json!({ "target": "SH001", "applied": n });
        let mut report = json!({ "edge": edge.id(), "at_micros": n });
        for _ in 0..=below(2) {
            let (field, value) = (fields[below(fields.len())], odd[below(odd.len())].clone());
            let of = if below(4) == 0 { &mut report } else { &mut standing };
            of[field] = value;
        }
        report["standings"] = json!(vec![standing; 1 + below(4)]);
        let mut body = report.to_string().into_bytes();
        if below(4) == 0 {
            let at = below(body.len());
            body[at] = u8::try_from(below(256)).unwrap();
        }
        let told = edge.call("POST", path::SETTINGS_REPORTS, &body).await;
        assert!(matches!(told.status.as_u16(), 200 | 400 | 403), "{} {report}", told.status);
    }
    let standing = town.hq(&staff, "/hq/v1/stores/SH001/standing").await.json();
    assert_eq!(standing["settings"].as_array().unwrap().len(), 2);
    assert!(standing.to_string().len() < 8_000, "{standing}");
    let other = town.hq(&staff, "/hq/v1/stores/SH002/standing").await;
    assert_ne!(other.status, 500);
    drop(edge);
    town.stop().await;
}

async fn group(town: &Town, token: &str, key: &str, rank: i64, stores: &[&str]) -> u16 {
    let body = json!({ "name": key, "rank": rank, "stores": stores }).to_string();
    let path = format!("/hq/v1/groups/{key}");
    town.hq_send(token, ("PUT", &path), Some("*"), body).await.status.as_u16()
}

/// Which groups a store is told, signed for it, and which documents it gets of them.
async fn told(edge: &Edge<'_>, code: &str) -> (i64, Vec<String>, Vec<String>) {
    let SettingsHeldV1 { keys, groups, of_groups, .. } = held(edge).await;
    let envelope = groups.unwrap();
    let here = code.parse().unwrap();
    assert_eq!(envelope.believe(&keys, &here, &[], None), Ok(true));
    let is_in = GroupsV1::read(&envelope.body).unwrap().groups;
    for envelope in &of_groups {
        assert_eq!(envelope.believe(&keys, &here, &is_in, None), Ok(true));
    }
    let is_in = is_in.iter().map(ToString::to_string).collect();
    (envelope.revision, is_in, of_groups.iter().map(|e| e.target.to_string()).collect())
}

#[tokio::test]
async fn a_store_is_told_its_groups_by_rank_and_gets_their_documents() {
    let town = Town::new().await;
    let (edge, other) = (town.edge("SH001").await, town.edge("SH002").await);
    let token = token(&town).await;
    assert_eq!(held(&edge).await.groups, None);
    assert_eq!(group(&town, &token, "north", 20, &["SH001", "SH002"]).await, 200);
    assert_eq!(group(&town, &token, "big", 10, &["SH001"]).await, 200);
    save(&town, &token, "/hq/v1/groups/north/settings", "\"0\"", rounding("yuan_up")).await;
    let north = vec!["group/north".to_owned()];
    assert_eq!(told(&edge, "SH001").await, (2, vec!["big".into(), "north".into()], north.clone()));
    assert_eq!(told(&other, "SH002").await, (1, vec!["north".into()], north.clone()));
    // The same again tells nobody anything; another rank turns them round; an equal one goes by key.
    assert_eq!(group(&town, &token, "big", 10, &["SH001"]).await, 200);
    assert_eq!(told(&edge, "SH001").await.0, 2);
    assert_eq!(group(&town, &token, "big", 30, &["SH001"]).await, 200);
    assert_eq!(told(&edge, "SH001").await.1, ["north", "big"]);
    assert_eq!(group(&town, &token, "big", 20, &["SH001"]).await, 200);
    assert_eq!(told(&edge, "SH001").await, (4, vec!["big".into(), "north".into()], north));
    assert_eq!(told(&other, "SH002").await.0, 1);
    // A group that is ended is told of no more, and its key is not given again.
    let ended =
        town.hq_send(&token, ("DELETE", "/hq/v1/groups/north"), Some("*"), String::new()).await;
    assert_eq!(ended.status, 200);
    assert_eq!(told(&edge, "SH001").await, (5, vec!["big".into()], vec![]));
    assert_eq!(told(&other, "SH002").await, (2, vec![], vec![]));
    assert_eq!(group(&town, &token, "north", 20, &[]).await, 400);
    town.hq(&token, "/hq/v1/groups/north/settings").await.is_problem(404, "not-found");
    let history: Vec<Value> = town.hq(&token, "/hq/v1/stores/SH001/groups").await.read();
    assert_eq!((history.len(), &history[1]["groups"]), (5, &json!(["big", "north"])));
}

#[tokio::test]
async fn what_says_a_value_of_a_store_is_its_own_document_then_its_groups_then_all_stores() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    group(&town, &token, "low", 10, &["SH001"]).await;
    group(&town, &token, "high", 20, &["SH001"]).await;
    let of = async |rows: Vec<Value>| -> (Value, Value) {
        let row = rows.into_iter().find(|row| row["key"] == "tender.cash_rounding").unwrap();
        (row["value"].clone(), row["origin"].clone())
    };
    let in_force = async || of(town.hq(&token, &format!("{OWN}/in-force")).await.read()).await;
    for (path, word, origin) in [
        (ALL, "none", "all"),
        ("/hq/v1/groups/low/settings", "jiao_down", "group/low"),
        ("/hq/v1/groups/high/settings", "jiao_up", "group/high"),
        (OWN, "yuan_up", "store"),
    ] {
        // What it would be is told before it is saved, and is what it is afterwards.
        let target = if path == OWN { "SH001" } else { origin };
        let ask = json!({ "target": target, "settings": rounding(word) }).to_string();
        let before = in_force().await;
        let path_of = format!("{OWN}/preview");
        let preview = town.hq_send(&token, ("POST", &path_of), None, ask).await.read();
        assert_eq!(of(preview).await, (json!(word), json!(origin)));
        assert_eq!(in_force().await, before);
        save(&town, &token, path, "*", rounding(word)).await;
        assert_eq!(in_force().await, (json!(word), json!(origin)));
    }
    let elsewhere = json!({ "target": "group/none", "settings": {} }).to_string();
    let refused = town.hq_send(&token, ("POST", &format!("{OWN}/preview")), None, elsewhere).await;
    refused.is_problem(400, "malformed");
    // Any two revisions are compared.
    save(&town, &token, OWN, "*", json!({})).await;
    save(&town, &token, OWN, "*", rounding("none")).await;
    let shape: Value = town.hq(&token, &format!("{OWN}?revision=3&against=1")).await.read();
    assert_eq!(
        shape["changes"],
        json!([{ "key": "tender.cash_rounding", "before": "yuan_up", "after": "none" }])
    );
    town.hq(&token, &format!("{OWN}?against=9")).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_group_that_cannot_be_or_was_changed_meanwhile_is_refused_whole() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    for (key, rank, stores) in
        [("North", 1, vec!["SH001"]), ("north", 0, vec!["SH001"]), ("north", 1_001, vec!["SH001"])]
    {
        assert_eq!(group(&town, &token, key, rank, &stores).await, 400, "{key} {rank}");
    }
    assert_eq!(group(&town, &token, "north", 1, &["SH001", "XX"]).await, 404);
    assert_eq!(town.rows("select count(*) from store_group"), ["0"]);
    assert_eq!(town.rows("select count(*) from store_group_member"), ["0"]);
    for n in 0..GROUPS_OF_STORE_MAX {
        assert_eq!(group(&town, &token, &format!("g{n}"), 1, &["SH001"]).await, 200);
    }
    assert_eq!(group(&town, &token, "more", 1, &["SH001"]).await, 400);
    assert_eq!(town.rows("select count(*) from store_group where key = 'more'"), ["0"]);
    let stale = json!({ "name": "北区", "rank": 5, "stores": [] }).to_string();
    let stale = town.hq_send(&token, ("PUT", "/hq/v1/groups/g1"), Some("\"7\""), stale).await;
    stale.is_problem(412, "settings-changed");
    let reader = town.cli_json("staff add reader").await["token"].as_str().unwrap().to_owned();
    assert_eq!(group(&town, &reader, "g1", 5, &[]).await, 403);
    let said = town.cli("settings group g1 --name 东区 --rank 7 --stores SH001").await;
    assert_eq!(said, "group g1: version 2\n");
    assert!(town.cli("settings groups").await.contains("东区"));
    assert_eq!(town.cli("settings remove-group g1").await, "group g1: ended\n");
    assert!(town.try_cli("settings show --group g1").await.is_err());
}
