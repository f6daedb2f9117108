//! Promotions: saved, refused, warned of, listed, sent to stores, taken from files.

use std::collections::BTreeMap;

use domain::pricing::RuleSet;
use serde_json::{Value, json};
use sync::{
    path,
    replica::Scope,
    wire::{FeedPageV1, RULES_BYTES_MAX, RowV1, RulesV1},
};

use crate::{
    feed::{follow, start},
    place::file_rows,
    snapshot::fetch,
    town::{Answer, Town},
};

/// A rule over everything that cuts each unit to a rate.
pub(crate) fn cut(id: &str, rate: u16) -> Value {
    json!({ "id": id, "name": format!("{id} 折"), "steps": [{ "reward": { "units": { "rate": rate } } }] })
}

/// Takes an amount off the goods of a tag when they reach another.
pub(crate) fn off(id: &str, tag: &str, from: i64, minor: i64) -> Value {
    json!({
        "id": id, "name": "满减", "goods": { "any": [{ "tag": tag }] },
        "steps": [{ "needs": [{ "amount": { "minor": from } }], "reward": { "amount_off": minor } }]
    })
}

pub(crate) fn set(rules: &[Value]) -> Value {
    json!({ "rules": rules })
}

/// Saves a set over the one in force.
pub(crate) async fn put(town: &Town, token: &str, tag: Option<&str>, set: &Value) -> Answer {
    let body = json!({ "set": set, "note": "双十一" }).to_string();
    town.hq_send(token, ("PUT", "/hq/v1/rules"), tag, body).await
}

pub(crate) async fn post(town: &Town, token: &str, path: &str, body: &Value) -> Answer {
    town.hq_send(token, ("POST", path), None, body.to_string()).await
}

#[tokio::test]
async fn a_set_gets_a_revision_and_the_same_again_keeps_it() {
    let town = Town::new().await;
    let token = town.staff().await;
    let none = town.hq(&token, "/hq/v1/rules").await;
    assert_eq!(
        (&none.headers["etag"], &none.json()["set"]),
        (&"\"0\"".parse().unwrap(), &set(&[]))
    );
    let (first, second) = (set(&[cut("a", 9_000)]), set(&[cut("a", 8_000), cut("b", 9_500)]));
    let saved = put(&town, &token, Some("\"0\""), &first).await;
    assert_eq!((saved.status.as_u16(), &saved.headers["etag"]), (200, &"\"1\"".parse().unwrap()));
    assert_eq!(saved.json()["result"], "saved");
    let again = put(&town, &token, Some("\"1\""), &first).await.json();
    assert_eq!((&again["revision"], &again["result"]), (&1.into(), &"unchanged".into()));
    town.turn(60);
    assert_eq!(put(&town, &token, Some("1"), &second).await.json()["revision"], 2);
    let current = town.hq(&token, "/hq/v1/rules").await.json();
    assert_eq!((&current["revision"], &current["set"]), (&2.into(), &second));
    let told = (&current["n_rules"], &current["note"], &current["saved_by"], &current["saved_at"]);
    let expected = (&json!(2), &json!("双十一"), &json!("finance"), &json!("2026-11-21T10:01:00Z"));
    assert_eq!(told, expected);
    let old = town.hq(&token, "/hq/v1/rules?revision=1").await.json();
    assert_eq!((&old["set"], old["sha256"].as_str().unwrap().len()), (&first, 64));
    town.hq(&token, "/hq/v1/rules?revision=3").await.is_problem(404, "not-found");
    town.hq(&token, "/hq/v1/rules?revision=x").await.is_problem(400, "malformed");
    // What was in force once may be so again; it is a new decision.
    assert_eq!(put(&town, &token, Some("\"2\""), &first).await.json()["revision"], 3);
    let page = town.hq(&token, "/hq/v1/rules/revisions?limit=2").await.json();
    let next = format!("/hq/v1/rules/revisions?before={}", page["next"]);
    let rest = town.hq(&token, &next).await.json();
    let revisions = |page: &Value| -> Vec<Value> {
        page["revisions"].as_array().unwrap().iter().map(|set| set["revision"].clone()).collect()
    };
    assert_eq!((revisions(&page), revisions(&rest)), (vec![3.into(), 2.into()], vec![1.into()]));
    assert_eq!(rest["next"], json!(null));
    assert_eq!(town.rows("select version from scope where scope = 'catalog'"), ["3"]);
    town.stop().await;
}

#[tokio::test]
async fn who_has_not_seen_the_set_in_force_does_not_overwrite_it() {
    let town = Town::new().await;
    let token = town.staff().await;
    let (a, b) = (set(&[cut("a", 9_000)]), set(&[cut("b", 9_000)]));
    put(&town, &token, None, &a).await.is_problem(428, "revision-required");
    put(&town, &token, Some("W/x"), &a).await.is_problem(400, "malformed");
    // Two people at once: one of them is told.
    let (one, other) =
        tokio::join!(put(&town, &token, Some("\"0\""), &a), put(&town, &token, Some("\"0\""), &b));
    let (taken, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(taken.json()["revision"], 1);
    refused.is_problem(412, "rules-changed");
    assert_eq!(refused.json()["revision"], 1);
    assert_eq!(put(&town, &token, Some("*"), &b).await.status, 200);
    let file = town.file("c.json", &set(&[cut("c", 9_000)]).to_string());
    let import = format!("rules import {} --expect 9", file.display());
    assert!(town.try_cli(&import).await.unwrap_err().contains("in force is revision"));
    assert_eq!(town.rows("select count(*) from rule_set where body like '%\"c\"%'"), ["0"]);
    town.stop().await;
}

#[tokio::test]
async fn a_token_that_only_reads_puts_no_rules_in_force() {
    let town = Town::new().await;
    let answer = town.cli_json("staff add dashboard").await;
    let reader = answer["token"].as_str().unwrap().to_owned();
    let wish = set(&[cut("a", 1_000)]);
    put(&town, &reader, Some("*"), &wish).await.is_problem(403, "read-only");
    assert_eq!(town.rows("select count(*) from rule_set"), ["0"]);
    assert_eq!(town.hq(&reader, "/hq/v1/rules/revisions").await.status, 200);
    let checked = post(&town, &reader, "/hq/v1/rules/checks", &json!({ "set": wish })).await;
    assert_eq!(checked.status, 200);
    town.stop().await;
}

#[tokio::test]
async fn a_set_with_faults_is_refused_with_all_of_them_and_nothing_is_kept() {
    let town = Town::new().await;
    let token = town.staff().await;
    let nothing = json!({ "id": "nothing", "name": "空", "steps": [] });
    let circle = json!({
        "sets": {
            "水果": { "any": [{ "set": "生鲜" }] },
            "生鲜": { "any": [{ "set": "水果" }] },
        },
        "rules": [nothing, cut("", 9_000), cut("twice", 9_000), cut("twice", 8_000)],
    });
    let refused = put(&town, &token, Some("*"), &circle).await;
    refused.is_problem(422, "rules-refused");
    let findings = refused.json()["findings"].as_array().unwrap().clone();
    assert!(findings.len() >= 4, "{findings:?}");
    for finding in &findings {
        let sentence = |language: &str| finding["sentence"][language].as_str().unwrap().to_owned();
        assert!(!finding["code"].as_str().unwrap().is_empty(), "{finding}");
        assert!(!sentence("zh").is_ascii() && !sentence("en").is_empty(), "{finding}");
    }
    let about = |rule: &str| findings.iter().any(|finding| finding["rule"] == rule);
    assert!(about("nothing") && about("twice"), "{findings:?}");
    assert!(about("水果") || about("生鲜"), "{findings:?}");
    let checked = post(&town, &token, "/hq/v1/rules/checks", &json!({ "set": circle })).await;
    assert_eq!(checked.json()["errors"], refused.json()["findings"]);
    let file = town.file("bad.json", &circle.to_string());
    for verb in ["check", "import"] {
        let (is_right, told) =
            town.try_cli(&format!("rules {verb} {}", file.display())).await.unwrap();
        assert!(!is_right && told.contains("fault nothing ("), "{told}");
    }
    // Twenty kilobytes of names that stand for more goods than any machine holds.
    let mut bomb = set(&[cut("bomb", 9_000)]);
    bomb["rules"][0]["goods"] = json!({ "any": [{ "set": "a0" }] });
    for at in 0..6 {
        bomb["sets"][format!("a{at}")] =
            json!({ "any": vec![json!({ "set": format!("a{}", at + 1) }); 200] });
    }
    bomb["sets"]["a6"] = json!({ "any": [{ "sku": "A1" }] });
    let answer = put(&town, &token, Some("*"), &bomb).await;
    answer.is_problem(422, "rules-refused");
    assert_eq!(answer.json()["findings"][0]["code"], "selects");
    let unknown = json!({ "set": { "rules": [{ "id": "x", "steps": [], "colour": 1 }] } });
    let answer = post(&town, &token, "/hq/v1/rules/checks", &unknown).await;
    answer.is_problem(400, "malformed");
    assert!(answer.json()["detail"].as_str().unwrap().contains("unknown field `colour`"));
    assert_eq!(town.rows("select count(*) from rule_set"), ["0"]);
    assert_eq!(town.rows("select version from scope"), ["0"]);
    town.stop().await;
}

#[tokio::test]
async fn what_sells_below_cost_is_saved_with_a_warning_and_the_cost_stays_here() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = town.staff().await;
    town.import("sku,name,售价,成本价\nA1,纯牛奶,5.50,4.44\nA2,绿茶,4.00,1.00\nA3,水,2.00,\n")
        .await;
    let saved =
        put(&town, &token, Some("*"), &set(&[cut("half", 5_000), cut("some", 9_900)])).await;
    let warnings = saved.json()["warnings"].as_array().unwrap().clone();
    let below: Vec<&Value> = warnings.iter().filter(|w| w["code"] == "below-cost").collect();
    assert_eq!(below.len(), 1, "{warnings:?}");
    assert_eq!(below[0]["rule"], "half");
    let zh = below[0]["sentence"]["zh"].as_str().unwrap();
    let told = "“half 折”低于成本价：例如 A1 等 1 件收 2.75，成本 4.44。";
    assert_eq!(zh, told);
    assert_eq!(town.rows("select revision from rule_set"), ["1"]);
    let page = edge.get(&path::feed(Scope::Catalog, &start(&edge, Scope::Catalog).await)).await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("纯牛奶") && !page.contains("444") && !page.contains("cost"), "{page}");
    town.stop().await;
}

#[tokio::test]
async fn a_store_gets_the_whole_set_by_page_and_by_snapshot() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = town.staff().await;
    town.import("sku,name,售价,标签\nA1,纯牛奶,5.50,new\nA2,绿茶,4.00,\n").await;
    put(&town, &token, Some("*"), &set(&[cut("a", 9_000)])).await;
    town.import("sku,name,售价\nA3,水,2.00\nA4,茶,3.00\n").await;
    for limit in [1, 2, 3, 2_000] {
        let (mut cursor, mut all) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
        follow(&edge, Scope::Catalog, &mut cursor, limit, &mut all).await;
        assert_eq!((all.len(), cursor.version), (5, 3), "in pages of {limit}");
        let RowV1::Rules(RulesV1 { revision: 1, set: text }) = &all["\u{1}rules"] else {
            panic!("{all:?}")
        };
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), set(&[cut("a", 9_000)]));
    }
    // Who has read on gets the next set, and only that.
    let (mut cursor, mut rows_by_key) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    follow(&edge, Scope::Catalog, &mut cursor, 2_000, &mut rows_by_key).await;
    put(&town, &token, Some("*"), &set(&[])).await;
    let page: FeedPageV1 = edge.get(&path::feed(Scope::Catalog, &cursor)).await.read();
    let expected = RulesV1 { revision: 2, set: "{\"rules\":[]}".into() };
    assert_eq!((page.changes.len(), &page.changes[0].row), (1, &RowV1::Rules(expected)));
    let (_, file) = fetch(&edge, Scope::Catalog).await;
    assert_eq!(
        file_rows(file.path(), "select one, revision, body from rule_set"),
        ["1|2|{\"rules\":[]}"]
    );
    assert_eq!(file_rows(file.path(), "select sku, tags from item order by sku")[0], "A1|new");
    town.stop().await;
}

#[tokio::test]
async fn a_large_set_has_a_page_for_itself_and_one_beyond_the_limit_is_refused() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = town.staff().await;
    let large = |n: usize| {
        let skus = |rule: usize| -> Vec<Value> {
            (0..500).map(|i| json!({ "sku": format!("S{rule:05}-{i:05}") })).collect()
        };
        let rule = |at: usize| {
            let mut rule = cut(&format!("r{at:05}"), 9_000);
            rule["goods"] = json!({ "any": skus(at) });
            rule
        };
        set(&(0..n).map(rule).collect::<Vec<_>>())
    };
    let many = large(200);
    let bytes = many.to_string().len();
    assert!((2_000_000..RULES_BYTES_MAX).contains(&bytes), "{bytes}");
    town.import("sku,name,售价\nA1,纯牛奶,5.50\nA2,绿茶,4.00\n").await;
    assert_eq!(put(&town, &token, Some("*"), &many).await.status, 200);
    town.import("sku,name,售价\nA3,水,2.00\n").await;
    let (mut cursor, mut all) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    assert_eq!(follow(&edge, Scope::Catalog, &mut cursor, 2_000, &mut all).await, 3);
    assert_eq!(all.len(), 4);
    let RowV1::Rules(rules) = &all["\u{1}rules"] else { panic!("no rules") };
    assert_eq!(serde_json::from_str::<RuleSet>(&rules.set).unwrap().rules.len(), 200);
    let too_large = put(&town, &token, Some("*"), &large(600)).await;
    too_large.is_problem(413, "body-too-large");
    assert!(too_large.json()["detail"].as_str().unwrap().contains("6291456 bytes"));
    let endless = vec![b' '; 16 * 1_024 * 1_024 + 1];
    let call = ("PUT", "/hq/v1/rules");
    town.hq_send(&token, call, Some("*"), endless).await.is_problem(413, "body-too-large");
    town.stop().await;
}

const TABLE: &str = "\
kind,id,name,lane,coupon,who,when,where,goods,steps,join,repeat,limits,stacking,funding
";

#[tokio::test]
async fn a_set_goes_out_as_json_and_as_a_table_and_comes_back_the_same() {
    let town = Town::new().await;
    let mut rules = set(&[cut("a", 8_850), off("b", "new", 500, 100)]);
    rules["sets"] = json!({ "果": { "any": [{ "category": "食品/水果" }, { "style": "W 1" }] } });
    let any = json!([{ "set": "果" }, { "brand": "大, \"益\"" }]);
    rules["rules"][0]["goods"] = json!({ "any": any, "except": [{ "tag": "clearance" }] });
    rules["rules"][0]["stacking"] = json!({ "mode": "best", "priority": -3 });
    rules["rules"][1]["limits"] = json!({ "per_order": 2, "amount_max": 5_000 });
    let file = town.file("rules.json", &rules.to_string());
    let told = town.cli(&format!("rules import {} --note 秋", file.display())).await;
    assert!(told.starts_with("rule set 1 is in force: 2 rules, "), "{told}");
    for format in ["json", "csv"] {
        let text = town.cli(&format!("rules export --format {format}")).await;
        let file = town.file(&format!("back.{format}"), &text);
        let back = town.cli_json(&format!("rules import {}", file.display())).await;
        assert_eq!(
            (&back["revision"], &back["result"]),
            (&1.into(), &"unchanged".into()),
            "{text}"
        );
    }
    let list = town.cli("rules list").await;
    assert!(list.contains("command line") && list.contains('秋'), "{list}");
    let show = town.cli("rules show").await;
    assert!(show.contains("a 折") && show.contains("满减"), "{show}");
    assert_eq!(town.cli_json("rules show --revision 1").await["set"], rules);
    // A spreadsheet in China saves GB18030.
    let table = town.cli("rules export --format csv").await.replace("满减", "满额减");
    let path = town.folder.path().join("gb.csv");
    let table = table.trim_start_matches('\u{feff}');
    std::fs::write(&path, encoding_rs::GB18030.encode(table).0).unwrap();
    let dry = town.cli(&format!("rules import {} --dry-run", path.display())).await;
    assert!(dry.contains("0 faults"), "{dry}");
    let told = town.cli(&format!("rules import {}", path.display())).await;
    assert!(told.starts_with("rule set 2 is in force"), "{told}");
    assert!(town.cli("rules export").await.contains("满额减"));
    town.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_understood_is_told_by_line_and_column() {
    let town = Town::new().await;
    let row = |cells: &str| format!("{TABLE}rule,ok,好,,,,,,,give 1.00 off,,,,,\n{cells}\n");
    let table = [
        ("a.csv", row("rule,x,坏,,,,,,,give everything,,,,,"), "line 3, steps: "),
        ("b.csv", row("rule,x,坏,nowhere,,,,,,give 1.00 off,,,,,"), "line 3, lane: "),
        ("c.csv", row("group,x,坏,,,,,,,give 1.00 off,,,,,"), "line 3, kind: `group` is neither"),
        ("d.csv", "id,colour\n".to_owned(), "column `colour`"),
        ("e.csv", "id,id\n".to_owned(), "column `id`"),
        ("f.csv", row("rule,x"), "the table is not understood"),
        ("g.json", "{\"rules\": 7}".to_owned(), "the JSON of the rule set"),
        ("h.json", String::new(), "the JSON of the rule set"),
    ];
    for (name, text, told) in table {
        let path = town.file(name, &text);
        let error = town.try_cli(&format!("rules check {}", path.display())).await.unwrap_err();
        assert!(error.contains(told), "{name}: {error}");
    }
    assert!(town.try_cli("rules check /nowhere.json").await.is_err());
    town.stop().await;
}

#[tokio::test]
async fn the_demo_rules_are_taken_over_the_demo_catalog() {
    let town = Town::new().await;
    let demo = |file: &str| format!("{}/../packaging/demo/{file}", env!("CARGO_MANIFEST_DIR"));
    town.cli(&format!("import {}", demo("catalog.csv"))).await;
    let taken = town.cli_json(&format!("rules import {}", demo("rules.json"))).await;
    assert_eq!((&taken["revision"], &taken["result"]), (&1.into(), &"saved".into()), "{taken}");
    town.stop().await;
}
