//! A rule set as a table over HTTP: read, changed in a spreadsheet, saved.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;

use crate::{
    rules::{cut, off, put, set},
    town::{Answer, Town},
};

const PATH: &str = "/hq/v1/rules";
const COLUMNS: &str = "kind,id,name,steps";

/// A call with a table, or one that wants one.
async fn call(town: &Town, token: &str, (method, path): (&str, &str), table: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::IF_MATCH, "*")
        .header(header::ACCEPT, "text/csv, application/json;q=0.5")
        .header(header::CONTENT_TYPE, "text/csv; charset=utf-8");
    town.send(request.body(Body::from(table)).unwrap()).await
}

#[tokio::test]
async fn a_set_is_read_as_a_table_and_saved_from_one() {
    let town = Town::new().await;
    let token = town.staff().await;
    let mut rules = set(&[cut("a", 8_850), off("b", "new", 500, 100)]);
    rules["sets"] = json!({ "果": { "any": [{ "category": "食品/水果" }] } });
    assert_eq!(put(&town, &token, Some("*"), &rules).await.status, 200);
    let read = call(&town, &token, ("GET", PATH), Vec::new()).await;
    assert_eq!((read.status.as_u16(), &read.headers["etag"]), (200, &"\"1\"".parse().unwrap()));
    assert_eq!(read.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let table = String::from_utf8(read.body.clone()).unwrap();
    assert!(table.starts_with("\u{feff}kind,id,name,") && table.contains("满减"), "{table}");
    // What came out goes in again as the same set.
    let again = call(&town, &token, ("PUT", PATH), read.body).await.json();
    assert_eq!((&again["revision"], &again["result"]), (&json!(1), &json!("unchanged")));
    // A spreadsheet in China saves GB18030, and why it was changed stands in the address.
    let changed = table.trim_start_matches('\u{feff}').replace("满减", "满额减");
    let changed = encoding_rs::GB18030.encode(&changed).0.into_owned();
    let noted = "/hq/v1/rules?note=%E7%A7%8B";
    let saved = call(&town, &token, ("PUT", noted), changed).await.json();
    assert_eq!((&saved["revision"], &saved["result"]), (&json!(2), &json!("saved")));
    let current = town.hq(&token, PATH).await.json();
    assert_eq!(
        (&current["note"], &current["set"]["rules"][1]["name"]),
        (&json!("秋"), &json!("满额减"))
    );
    let old = call(&town, &token, ("GET", "/hq/v1/rules?revision=1"), Vec::new()).await;
    assert_eq!(String::from_utf8(old.body).unwrap(), table);
    town.stop().await;
}

#[tokio::test]
async fn a_table_that_is_not_understood_is_told_cell_by_cell_and_nothing_is_kept() {
    let town = Town::new().await;
    let token = town.staff().await;
    let rows = format!(
        "{COLUMNS}\nrule,a,好,give 1.00 off\nrule,b,坏,give all\ngroup,c,坏,give 1.00 off\nrule,d,坏,sell\n"
    );
    let many = format!("{COLUMNS}\n{}", "rule,x,坏,sell\n".repeat(30));
    let table: [(&str, Vec<u8>, &[&str]); 6] = [
        ("cells", rows.clone().into(), &["line 3, steps: ", "line 4, kind: ", "line 5, steps: "]),
        ("many cells", many.into(), &["line 2, steps: ", "line 21, steps: ", "and 10 more"]),
        ("a column", b"id,colour\n".to_vec(), &["column `colour`"]),
        ("a short row", format!("{COLUMNS}\nrule,a\n").into(), &["the table is not understood"]),
        ("no text", vec![0xff, 0xff, 0x80], &["neither UTF-8 nor GB18030"]),
        ("JSON", b"{}".to_vec(), &["column `{}`"]),
    ];
    for (what, table, told) in table {
        for target in [("PUT", PATH), ("POST", "/hq/v1/rules/checks")] {
            let answer = call(&town, &token, target, table.clone()).await;
            answer.is_problem(400, "malformed");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(told.iter().all(|told| detail.contains(told)), "{what}: {detail}");
        }
    }
    // Understood, but no rule: told as of a document.
    let refused = format!("{COLUMNS}\nrule,a,好,\n");
    let answer = call(&town, &token, ("PUT", PATH), refused.clone().into()).await;
    answer.is_problem(422, "rules-refused");
    assert_eq!(answer.json()["findings"][0]["code"], "steps");
    let checked = call(&town, &token, ("POST", "/hq/v1/rules/checks"), refused.into()).await;
    assert_eq!((checked.status.as_u16(), &checked.json()["n_errors"]), (200, &json!(1)));
    let endless = vec![b' '; 16 * 1_024 * 1_024 + 1];
    call(&town, &token, ("PUT", PATH), endless).await.is_problem(413, "body-too-large");
    assert_eq!(town.rows("select count(*) from rule_set"), ["0"]);
    town.stop().await;
}

#[tokio::test]
async fn a_table_is_saved_only_by_who_may_and_has_seen_the_set_in_force() {
    let town = Town::new().await;
    let reader = town.cli_json("staff add dashboard").await["token"].as_str().unwrap().to_owned();
    let table = format!("{COLUMNS}\nrule,a,好,give 1.00 off\n").into_bytes();
    call(&town, &reader, ("PUT", PATH), table.clone()).await.is_problem(403, "read-only");
    let token = town.staff().await;
    let request = |tag: Option<&str>| {
        let request = Request::builder().method("PUT").uri(PATH);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::CONTENT_TYPE, "text/csv");
        let request = tag.into_iter().fold(request, |all, tag| all.header(header::IF_MATCH, tag));
        request.body(Body::from(table.clone())).unwrap()
    };
    town.send(request(None)).await.is_problem(428, "revision-required");
    town.send(request(Some("\"7\""))).await.is_problem(412, "rules-changed");
    assert_eq!(town.send(request(Some("\"0\""))).await.json()["revision"], 1);
    town.stop().await;
}
