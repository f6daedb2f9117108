//! What HQ sees of stores: all their troubles in one list, how far each has told and heard, what its
//! token may do, and the commands of all of them.

use serde_json::{Value, json};
use sync::{
    command::{OutcomeV1, OutcomesV1},
    path,
    trouble::Trouble,
    wire::{StateV1, TroubleV1, TroublesV1},
};

use crate::town::{Edge, Town};

async fn tell(edge: &Edge<'_>, troubles: &[(&str, i64)], state: Option<StateV1>) -> u16 {
    let one = |(word, ago_s): &(&str, i64)| TroubleV1 {
        trouble: (*word).to_owned(),
        since: edge.town.now().plus_ms(-ago_s * 1_000),
        count: 1,
    };
    let told = TroublesV1 { troubles: troubles.iter().map(one).collect(), state };
    let body = serde_json::to_vec(&told).unwrap();
    edge.call("POST", path::TROUBLES, &body).await.status.as_u16()
}

async fn list(town: &Town, token: &str, path: &str) -> Value {
    town.hq(token, path).await.read()
}

/// Store and word of each row.
fn words(page: &Value) -> Vec<(String, String)> {
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = page["troubles"].as_array().unwrap();
    rows.iter().map(|row| (word(row, "store"), word(row, "trouble"))).collect()
}

#[tokio::test]
async fn troubles_of_all_stores_stand_in_one_list_the_most_pressing_and_newest_first() {
    let town = Town::new().await;
    let token = town.staff().await;
    let (one, other) = (town.edge("SH001").await, town.edge("SH002").await);
    assert_eq!(list(&town, &token, "/hq/v1/troubles").await["troubles"], json!([]));
    assert_eq!(tell(&one, &[("behind", 60), ("disk-low", 3_600)], None).await, 200);
    assert_eq!(tell(&other, &[("behind", 5), ("hole", 7), ("flood", 9)], None).await, 200);
    let all = list(&town, &token, "/hq/v1/troubles").await;
    let expected = [
        ("SH001", "disk-low"),
        ("SH002", "hole"),
        ("SH002", "flood"),
        ("SH002", "behind"),
        ("SH001", "behind"),
    ];
    let expected = expected.map(|(store, word)| (store.to_owned(), word.to_owned()));
    assert_eq!(words(&all), expected, "{all}");
    // A person reads what it means, what is safe and what to do; of a newer program's, what is known.
    let first = &all["troubles"][0];
    assert_eq!((&first["name"]["zh"], &first["severity"]), (&json!("磁盘将满"), &json!("act")));
    for key in ["what", "safe", "to_do"] {
        assert!(first[key]["en"].as_str().unwrap().ends_with('.'), "{first}");
    }
    assert_eq!(
        (&all["troubles"][2]["name"]["en"], &all["troubles"][2]["safe"]),
        (&json!("flood"), &Value::Null)
    );
    let kinds: Vec<_> = all["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| (&kind["trouble"], &kind["nodes"]))
        .collect();
    assert_eq!(kinds[0], (&json!("disk-low"), &json!(1)));
    assert!(kinds.contains(&(&json!("behind"), &json!(2))), "{kinds:?}");
    // Page by page it is the same list.
    let (mut paged, mut after) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = list(&town, &token, &format!("/hq/v1/troubles?limit=2{after}")).await;
        paged.extend(words(&page));
        after = page["next"].as_str().map(|next| format!("&after={next}")).unwrap_or_default();
    }
    assert_eq!((paged.as_slice(), after.as_str()), (expected.as_slice(), ""));
    let of_one = list(&town, &token, "/hq/v1/troubles?store=SH001&kind=behind").await;
    assert_eq!(words(&of_one), [("SH001".to_owned(), "behind".to_owned())]);
    assert_eq!(of_one["kinds"].as_array().unwrap().len(), 2, "{of_one}");
    town.hq(&token, "/hq/v1/troubles?store=XX").await.is_problem(404, "not-found");
    town.hq(&token, "/hq/v1/troubles?after=7").await.is_problem(400, "malformed");
    // A box that may not speak any more is in no list.
    town.cli(&format!("edge revoke {}", one.id())).await;
    assert_eq!(words(&list(&town, &token, "/hq/v1/troubles?store=SH001").await), []);
    town.stop().await;
}

#[tokio::test]
async fn every_kind_of_trouble_has_its_row_its_figure_and_its_mark_at_the_store() {
    let town = Town::new().await;
    let token = town.staff().await;
    let edge = town.edge("SH001").await;
    let all: Vec<(&str, i64)> = Trouble::ALL.iter().map(|kind| (kind.word(), 60)).collect();
    assert_eq!(tell(&edge, &all, Some(StateV1 { waiting: 3, ..StateV1::default() })).await, 200);
    let rows = words(&list(&town, &token, "/hq/v1/troubles").await);
    let store = list(&town, &token, "/hq/v1/states").await["stores"][0].clone();
    let figures = String::from_utf8(town.hq(&token, "/metrics").await.body).unwrap();
    for kind in Trouble::ALL {
        let word = kind.word();
        assert!(rows.contains(&("SH001".to_owned(), word.to_owned())), "{word}: {rows:?}");
        let marks = store["troubles"].as_array().unwrap();
        let mark = marks.iter().find(|mark| mark["trouble"] == word).unwrap();
        assert_eq!(
            (&mark["name"]["zh"], &mark["severity"]),
            (&json!(kind.name().zh), &json!(kind.severity().word()))
        );
        let edge = edge.id();
        let line =
            format!("guitai_edge_trouble{{store=\"SH001\",edge=\"{edge}\",trouble=\"{word}\"}} 1");
        assert!(figures.lines().any(|one| one == line), "{line} is not in\n{figures}");
    }
    for begin in
        ["guitai_edge_waiting_facts{", "guitai_edge_replica_behind{", "guitai_store_online{"]
    {
        assert!(figures.lines().any(|one| one.starts_with(begin)), "{begin} is not in\n{figures}");
    }
    town.stop().await;
}

#[tokio::test]
async fn each_store_shows_whether_it_is_there_and_how_far_it_has_told_and_heard() {
    let town = Town::new().await;
    let token = town.staff().await;
    let (one, _other) = (town.edge("SH001").await, town.edge("SH002").await);
    let oldest = town.now().plus_ms(-90_000);
    let state = StateV1 { waiting: 7, oldest_at: Some(oldest), catalog: 0, store: 1 };
    assert_eq!(tell(&one, &[("behind", 90)], Some(state)).await, 200);
    // A program that does not say leaves what was said.
    assert_eq!(tell(&one, &[("behind", 90)], None).await, 200);
    let below = StateV1 { catalog: -1, ..state };
    assert_eq!(tell(&one, &[], Some(below)).await, 400);
    assert_eq!(one.get(path::SETTINGS).await.status, 200);
    let page = list(&town, &token, "/hq/v1/states").await;
    assert_eq!((&page["all"], &page["away"], &page["troubled"]), (&json!(2), &json!(1), &json!(1)));
    let store = &page["stores"][0];
    assert_eq!((&store["code"], &store["is_online"]), (&json!("SH001"), &json!(true)), "{store}");
    let node = &store["nodes"][0];
    assert_eq!(node["edge"], one.id().to_string());
    assert_eq!((&node["epoch"], &node["acked_seq"]), (&json!(1), &json!(0)), "{node}");
    let said = &node["said"];
    assert_eq!((&said["waiting"], &said["oldest_at"]), (&json!(7), &json!(oldest.to_string())));
    assert_eq!((&said["catalog"], &said["store"]), (&json!(0), &json!(1)), "{said}");
    assert!(store["store_head"].as_i64().unwrap() >= 1, "{store}");
    assert_eq!(store["troubles"][0]["trouble"], "behind", "{store}");
    assert_eq!(store["sealed_day"], "");
    assert_eq!(page["stores"][1]["nodes"][0]["said"], Value::Null, "{page}");
    let codes = async |query: &str| -> Vec<Value> {
        let page = list(&town, &token, &format!("/hq/v1/states?{query}")).await;
        page["stores"].as_array().unwrap().iter().map(|store| store["code"].clone()).collect()
    };
    assert_eq!(codes("only=away").await, ["SH002"]);
    assert_eq!(codes("only=troubled").await, ["SH001"]);
    assert_eq!(codes("query=sh002").await, ["SH002"]);
    assert_eq!(codes("limit=1").await, ["SH001"]);
    assert_eq!(codes("limit=1&after=SH001").await, ["SH002"]);
    town.hq(&token, "/hq/v1/states?only=most").await.is_problem(400, "malformed");
    // Nothing is heard for a while: it is away.
    town.turn(151);
    assert_eq!(codes("only=away").await, ["SH001", "SH002"]);
    town.stop().await;
}

#[tokio::test]
async fn a_token_is_told_what_it_may_do() {
    let town = Town::new().await;
    let keeper = town.cli_json("staff add keeper --may-save-settings").await;
    let reader = town.cli_json("staff add reader").await;
    for (answer, name, may) in [(keeper, "keeper", true), (reader, "reader", false)] {
        let me = list(&town, answer["token"].as_str().unwrap(), "/hq/v1/me").await;
        assert_eq!((&me["name"], &me["may_save_settings"]), (&json!(name), &json!(may)), "{me}");
        assert_eq!(
            (&me["may_save_rules"], &me["may_manage_members"]),
            (&json!(false), &json!(false))
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn a_command_to_a_group_goes_to_each_of_its_stores_and_its_way_is_followed() {
    let town = Town::new().await;
    let (one, _other) = (town.edge("SH001").await, town.edge("SH002").await);
    let token = town.cli_json("staff add hq --may-save-settings").await;
    let token = token["token"].as_str().unwrap();
    let send = async |path: &str, body: Value| {
        town.hq_send(token, ("POST", path), None, body.to_string()).await
    };
    let body = json!({ "name": "北区", "rank": 1, "stores": ["SH001", "SH002"] }).to_string();
    let put = ("PUT", "/hq/v1/groups/north");
    assert_eq!(town.hq_send(token, put, Some("*"), body).await.status, 200);
    let path = "/hq/v1/groups/north/commands";
    send("/hq/v1/groups/south/commands", json!({ "command": "restart" }))
        .await
        .is_problem(404, "not-found");
    send(path, json!({ "command": "rm" })).await.is_problem(400, "malformed");
    let reader = town.staff().await;
    let wish = json!({ "command": "restart" }).to_string();
    town.hq_send(&reader, ("POST", path), None, wish).await.is_problem(403, "read-only");
    assert_eq!(list(&town, token, "/hq/v1/commands").await["commands"], json!([]));
    // In one store so many wait that there is room for one more.
    for _ in 0..19 {
        let given =
            send("/hq/v1/stores/SH002/commands", json!({ "command": "report-state" })).await;
        assert_eq!(given.status, 200);
    }
    for expected in [json!({ "given": 2, "full": [] }), json!({ "given": 1, "full": ["SH002"] })] {
        let told: Value = send(path, json!({ "command": "look-again", "minutes": 5 })).await.read();
        assert_eq!(told, expected);
        town.turn(1);
    }
    let states = async || -> Vec<(Value, Value, Value)> {
        let page = list(&town, token, "/hq/v1/commands?limit=2&store=SH001").await;
        let rows = page["commands"].as_array().unwrap().iter();
        rows.map(|row| (row["number"].clone(), row["state"].clone(), row["given_to"].clone()))
            .collect()
    };
    let row = |number: i64, state: &str| (json!(number), json!(state), json!("north"));
    assert_eq!(states().await, [row(2, "waiting"), row(1, "waiting")]);
    assert_eq!(one.get(path::COMMANDS).await.status, 200);
    assert_eq!(states().await, [row(2, "taken"), row(1, "taken")]);
    let page = list(&town, token, "/hq/v1/commands?store=SH001").await;
    let id = page["commands"][0]["id"].as_str().unwrap().parse().unwrap();
    let outcome = OutcomeV1 { id, outcome: "done".into(), detail: String::new() };
    let body = serde_json::to_vec(&OutcomesV1 { outcomes: vec![outcome] }).unwrap();
    assert_eq!(one.call("POST", path::COMMANDS, &body).await.status, 200);
    town.turn(300);
    assert_eq!(states().await, [row(2, "done"), row(1, "expired")]);
    // All stores' in one list, page by page, none left out and none twice.
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = list(&town, token, &format!("/hq/v1/commands?limit=5{after}")).await;
        let ids = page["commands"].as_array().unwrap().iter();
        seen.extend(ids.map(|row| row["id"].as_str().unwrap().to_owned()));
        after = page["next"].as_str().map(|next| format!("&after={next}")).unwrap_or_default();
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len(), after.as_str()), (22, 22, ""));
    town.hq(token, "/hq/v1/commands?after=x").await.is_problem(400, "malformed");
    town.stop().await;
}
