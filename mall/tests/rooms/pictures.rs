//! Pictures: added, listed, named by playlists, fetched by stores, removed.

use serde_json::{Value, json};
use sync::{
    chain::Hash,
    path,
    picture::{PICTURE_BYTES_MAX, SIDE_PIXELS_MAX},
};

use crate::town::Town;

const OWN: &str = "/hq/v1/stores/SH001/settings";

/// The head of a PNG of so many pixels, and some more to tell it from others: as much as is looked at.
fn png(width: u32, height: u32, more: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.push(more);
    bytes
}

async fn token(town: &Town) -> String {
    let answer = town.cli_json("staff add hq --may-save-settings").await;
    answer["token"].as_str().unwrap().to_owned()
}

fn wish(pictures: &[Hash]) -> String {
    let slides: Vec<Value> =
        pictures.iter().map(|picture| json!({ "picture": picture, "seconds": 8 })).collect();
    json!({ "settings": { "customer_display": { "playlist": slides } } }).to_string()
}

#[tokio::test]
async fn a_picture_is_added_once_listed_fetched_by_stores_and_removed_when_nobody_shows_it() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = token(&town).await;
    let bytes = png(1_920, 1_080, 1);
    let digest = Hash::of(&bytes);
    let add = ("POST", "/hq/v1/pictures?name=%E6%98%A5%E8%8A%82");
    let added: Value = town.hq_send(&token, add, None, bytes.clone()).await.read();
    assert_eq!(added["picture"], digest.to_string());
    assert_eq!((&added["kind"], &added["name"]), (&json!("image/png"), &json!("春节")));
    let sides = (&added["width"], &added["height"], &added["bytes"]);
    assert_eq!(sides, (&json!(1_920), &json!(1_080), &json!(bytes.len())));
    let again = ("POST", "/hq/v1/pictures?name=other");
    let again: Value = town.hq_send(&token, again, None, bytes.clone()).await.read();
    assert_eq!(again["name"], "春节");
    let listed: Value = town.hq(&token, "/hq/v1/pictures").await.read();
    assert_eq!(listed, json!([added]));
    let shown = town.hq(&token, &format!("/hq/v1/pictures/{digest}")).await;
    assert_eq!(
        (shown.headers["content-type"].to_str().unwrap(), &shown.body),
        ("image/png", &bytes)
    );
    // A store gets the very bytes; without a signature nobody does.
    let fetched = edge.get(&path::picture(digest)).await;
    assert_eq!((fetched.status.as_u16(), &fetched.body), (200, &bytes));
    let missing = edge.get(&path::picture(Hash::of(b"other"))).await;
    missing.is_problem(404, "not-found");
    town.hq(&token, &path::picture(digest)).await.is_problem(401, "signature-required");
    // What is shown somewhere stays.
    let saved = town.hq_send(&token, ("PUT", OWN), Some("*"), wish(&[digest])).await;
    assert_eq!(saved.status, 200, "{}", saved.json());
    let remove = format!("/hq/v1/pictures/{digest}");
    let refused = town.hq_send(&token, ("DELETE", &remove), None, "").await;
    refused.is_problem(409, "picture-shown");
    town.hq_send(&token, ("PUT", OWN), Some("*"), wish(&[])).await;
    assert_eq!(town.hq_send(&token, ("DELETE", &remove), None, "").await.status, 204);
    let gone = town.hq_send(&token, ("DELETE", &remove), None, "").await;
    gone.is_problem(404, "not-found");
    assert_eq!(town.rows("select count(*) from picture"), ["0"]);
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_or_named_by_nobody_is_refused() {
    let town = Town::new().await;
    let token = token(&town).await;
    let add = ("POST", "/hq/v1/pictures?name=x");
    for bytes in [b"<svg/>".to_vec(), png(SIDE_PIXELS_MAX + 1, 9, 0), Vec::new()] {
        let refused = town.hq_send(&token, add, None, bytes).await;
        refused.is_problem(422, "picture-refused");
    }
    let mut endless = png(9, 9, 0);
    endless.resize(PICTURE_BYTES_MAX + 1, 0);
    town.hq_send(&token, add, None, endless).await.is_problem(413, "body-too-large");
    let nameless = ("POST", "/hq/v1/pictures?name=%20");
    town.hq_send(&token, nameless, None, png(9, 9, 0)).await.is_problem(422, "picture-refused");
    let reader = town.cli_json("staff add reader").await;
    let reader = reader["token"].as_str().unwrap();
    town.hq_send(reader, add, None, png(9, 9, 0)).await.is_problem(403, "read-only");
    assert_eq!(town.rows("select count(*) from picture"), ["0"]);
}

#[tokio::test]
async fn a_playlist_names_only_pictures_that_are_held_and_a_key_is_one_actions_in_a_store() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    let nobodys = Hash::of(b"nobody's");
    let refused = town.hq_send(&token, ("PUT", OWN), Some("*"), wish(&[nobodys])).await;
    refused.is_problem(422, "settings-refused");
    let finding = &refused.json()["findings"][0];
    assert_eq!(finding["rule"], "customer_display.playlist");
    assert_eq!(finding["code"], "no-picture");
    let keys = |keys: Value| json!({ "settings": { "keys": keys } }).to_string();
    let save =
        async |path: &str, body: String| town.hq_send(&token, ("PUT", path), Some("*"), body).await;
    // `member` is on F3 where nobody says anything.
    let refused = save("/hq/v1/settings", keys(json!({ "find": "F3" }))).await;
    refused.is_problem(422, "settings-refused");
    assert_eq!(refused.json()["findings"][0]["code"], "key-taken");
    let moved = keys(json!({ "find": "F3", "member": "F4" }));
    assert_eq!(save("/hq/v1/settings", moved).await.status, 200);
    // What all stores have is counted below a store's own.
    let refused = save(OWN, keys(json!({ "phone": "F4" }))).await;
    refused.is_problem(422, "settings-refused");
    let sentence = &refused.json()["findings"][0]["sentence"];
    assert_eq!(sentence["en"], "the key is taken by `member`");
    assert_eq!(save(OWN, keys(json!({ "phone": "F10" }))).await.status, 200);
}
