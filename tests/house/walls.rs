//! Who may depend on whom. The picture in `ARCHITECTURE.md` says the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use super::root;

/// Per crate: those of ours it may use, and those of others it must never see.
const WALLS: [(&str, &[&str], &[&str]); 11] = [
    ("domain", &[], &["tokio", "rusqlite", "sqlx", "reqwest", "tracing", "serde_json", "ring"]),
    ("sync", &["domain"], &["tokio", "reqwest", "rumqttc", "rusqlite", "sqlx", "tracing"]),
    ("platforms", &["domain"], &["rusqlite", "sqlx", "axum", "rumqttc"]),
    ("drivers", &[], &["domain", "tokio", "reqwest", "rusqlite", "sqlx"]),
    ("gate", &[], &["domain", "tokio", "axum", "reqwest", "rusqlite", "sqlx"]),
    ("broker", &[], &["domain", "reqwest", "rusqlite", "sqlx", "axum"]),
    ("doorway", &[], &["domain", "reqwest", "rustls", "rusqlite", "sqlx"]),
    (
        "edge-daemon",
        &["broker", "domain", "doorway", "drivers", "gate", "platforms", "sync"],
        &["sqlx", "escpos", "rumqttc"],
    ),
    (
        "mall",
        &["broker", "domain", "doorway", "platforms", "sync"],
        &["drivers", "escpos", "reqwest", "rumqttc"],
    ),
    // For tests: nothing that is shipped may name it among its dependencies.
    ("disk", &[], &["tokio", "rusqlite", "sqlx", "reqwest"]),
    ("acceptance", &["broker", "domain", "sync", "drivers"], &["rumqttc"]),
];

/// Never anywhere in the lock file: a second crypto library, or headers that a plain Debian lacks.
const BANNED: [&str; 6] =
    ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "libudev-sys", "libudev"];

/// What there must be one of, in one version.
const SINGLE: [&str; 3] = ["libsqlite3-sys", "ring", "rustls"];

/// What the manifests of our crates say. Cargo resolves nothing for it, so nothing is downloaded.
fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
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

/// Names in a lock file, as often as they stand there.
fn locked(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| line.strip_prefix("name = "));
    names.map(|name| name.trim_matches('"')).collect()
}

/// What is wrong with the names in a lock file.
fn doubles(names: &[&str]) -> Vec<String> {
    let count = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
    let banned = BANNED.iter().filter(|banned| count(banned) > 0);
    let banned = banned.map(|banned| format!("{banned} is in the lock file"));
    let single = SINGLE.iter().map(|single| (single, count(single))).filter(|(_, n)| *n != 1);
    let single = single.map(|(single, n)| format!("{single} is in the lock file {n} times"));
    banned.chain(single).collect()
}

/// The lock file names whatever any system and any feature could bring in: more than is built, and
/// all that is built.
#[test]
fn there_is_one_crypto_library_and_one_sqlite() {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut names = locked(&text);
    assert_eq!(doubles(&names), Vec::<String>::new());
    names.extend(["aws-lc-rs", "rustls"]);
    let told = ["aws-lc-rs is in the lock file", "rustls is in the lock file 2 times"];
    assert_eq!(doubles(&names), told);
}

/// Whether a manifest keeps to the lints of the workspace, which forbid unsafe code.
fn keeps_the_lints(manifest: &str) -> bool {
    manifest.contains("[lints]\nworkspace = true")
}

#[test]
fn only_the_disk_of_tests_holds_unsafe_code_in_one_file() {
    let members = WALLS.iter().map(|(name, _, _)| match *name {
        "acceptance" => "tests",
        name => name,
    });
    for member in members {
        let manifest = root().join(member).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert_eq!(keeps_the_lints(&text), member != "disk", "{}", manifest.display());
    }
    let allowing = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).unwrap().contains("\n    unsafe_code,\n")
    };
    let holding: Vec<_> =
        super::files(&root().join("disk"), ".rs").into_iter().filter(allowing).collect();
    assert_eq!(holding, [root().join("disk/src/below.rs")]);
}
