//! Who may depend on whom. The picture in `ARCHITECTURE.md` says the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use super::root;

/// Per crate: those of ours it may use, and those of others it must never see.
const WALLS: [(&str, &[&str], &[&str]); 7] = [
    ("domain", &[], &["tokio", "rusqlite", "sqlx", "reqwest", "tracing", "serde_json", "ring"]),
    ("sync", &["domain"], &["tokio", "reqwest", "rumqttc", "rusqlite", "sqlx", "tracing"]),
    ("platforms", &[], &["rusqlite", "sqlx", "axum", "rumqttc"]),
    ("drivers", &[], &["domain", "tokio", "reqwest", "rusqlite", "sqlx"]),
    ("edge-daemon", &["domain", "drivers", "platforms", "sync"], &["sqlx", "escpos"]),
    ("mall", &["domain", "sync"], &["drivers", "escpos", "reqwest"]),
    ("acceptance", &["domain", "sync", "drivers"], &[]),
];

/// Never anywhere in the tree: a second crypto library, or headers that a plain Debian lacks.
const BANNED: [&str; 6] =
    ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "libudev-sys", "libudev"];

fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        // What other systems would need is not in our tree, and not on this machine.
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo's JSON")
}

/// The normal dependencies of each crate of ours.
fn drawn(metadata: &serde_json::Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: Vec<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m.as_str())
        .collect();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .filter(|package| members.contains(&package["id"].as_str().unwrap()))
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let normal = dependencies.filter(|d| d["kind"].is_null());
            let names = normal.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

fn trespasses(drawn: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let ours: BTreeSet<&str> = WALLS.iter().map(|(name, _, _)| *name).collect();
    let mut found = Vec::new();
    for (name, uses) in drawn {
        let Some((_, may, never)) = WALLS.iter().find(|(known, _, _)| known == name) else {
            found.push(format!("{name} has no walls yet"));
            continue;
        };
        for used in uses {
            let is_foreign_room = ours.contains(used.as_str()) && !may.contains(&used.as_str());
            if is_foreign_room || never.contains(&used.as_str()) {
                found.push(format!("{name} must not use {used}"));
            }
        }
    }
    found
}

#[test]
fn every_crate_keeps_to_its_walls() {
    let drawn = drawn(&metadata());
    assert_eq!(drawn.len(), WALLS.len(), "{drawn:#?}");
    assert_eq!(trespasses(&drawn), Vec::<String>::new());
}

#[test]
fn a_moved_wall_is_noticed() {
    let mut drawn = drawn(&metadata());
    drawn.get_mut("domain").unwrap().insert("tokio".to_owned());
    drawn.get_mut("drivers").unwrap().insert("domain".to_owned());
    assert_eq!(trespasses(&drawn).len(), 2);
}

#[test]
fn there_is_one_crypto_library_and_one_sqlite() {
    let metadata = metadata();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    // Package ids read `…#name@version`; a renamed folder gives `…/name#version`.
    let is = |id: &str, name: &str| {
        id.contains(&format!("#{name}@")) || id.contains(&format!("/{name}#"))
    };
    let ids: Vec<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    for banned in BANNED {
        assert!(!ids.iter().any(|id| is(id, banned)), "{banned} is in the tree");
    }
    for single in ["libsqlite3-sys", "ring", "rustls"] {
        let n = ids.iter().filter(|id| is(id, single)).count();
        assert_eq!(n, 1, "{single} is in the tree {n} times");
    }
}
