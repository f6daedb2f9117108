//! What `docs/sync.md` promises is kept by tests that are there.

use std::collections::BTreeSet;

use super::{files, root};

/// Where the tables of promises begin.
const BEGINS: &str = "\n## The invariants\n";
/// So many promises there are at least.
const ROWS_MIN: usize = 75;

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_path(word: &str) -> bool {
    word.contains('/') && !word.contains(' ')
}

/// A function's name: no single word, which may be a crate or a verb.
fn is_name(word: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    word.contains('_') && word.chars().all(is_sign)
}

/// The sources below a path, or at it.
fn sources(path: &str) -> String {
    let path = root().join(path);
    let found = if path.is_dir() { files(&path, ".rs") } else { vec![path] };
    found.iter().map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect()
}

/// The rows of the tables, without their heads.
fn rows(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |n: usize| lines[n].starts_with("| ") && !is_rule(lines.get(n + 1));
    (0..lines.len())
        .filter(|n| is_row(*n) && !is_rule(Some(&lines[*n])))
        .map(|n| lines[n])
        .collect()
}

fn is_rule(line: Option<&&str>) -> bool {
    line.is_some_and(|line| line.starts_with("| ---"))
}

/// What is wrong with a row: it names no test, or one that is not where it says.
fn faults(row: &str) -> Vec<String> {
    let told = row.rsplit(" | ").next().unwrap_or_default();
    if told.trim_start().starts_with('—') {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut n_named = 0;
    for clause in told.split(';') {
        let (mut paths, mut names) = (Vec::new(), Vec::new());
        for word in quoted(clause) {
            match word {
                path if is_path(path) && root().join(path).exists() => paths.push(path),
                path if is_path(path) => found.push(format!("there is no {path}: {row}")),
                name if is_name(name) => names.push(name),
                _ => {}
            }
        }
        n_named += quoted(clause).filter(|word| is_path(word) || is_name(word)).count();
        n_named += usize::from(clause.contains("simulator") || clause.contains("the same"));
        if paths.is_empty() {
            let simulator = clause.contains("simulator");
            paths = if simulator { vec!["sync/tests/simulator"] } else { TESTED.to_vec() };
        }
        let text: String = paths.iter().map(|path| sources(path)).collect();
        let gone = names.iter().filter(|name| !text.contains(&format!("fn {name}(")));
        found.extend(gone.map(|name| format!("there is no {name} in {paths:?}: {row}")));
    }
    if n_named == 0 {
        found.push(format!("nothing keeps it: {row}"));
    }
    found
}

/// Where tests are.
const TESTED: [&str; 5] = ["domain", "edge-daemon", "mall", "sync", "tests"];

fn text() -> String {
    let text = std::fs::read_to_string(root().join("docs/sync.md")).unwrap();
    let (_, text) = text.split_once(BEGINS).expect("the tables of docs/sync.md");
    text.to_owned()
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let text = text();
    // Of what random histories are played on the first cell names the test.
    let (kept, played) = text.split_once("\n## What a random history").expect("three tables");
    let (played, always) = played.split_once("\n## ").expect("three tables");
    let mut n = 0;
    for part in [kept, always] {
        for row in rows(part) {
            assert_eq!(faults(row), Vec::<String>::new());
            n += 1;
        }
    }
    for row in rows(played) {
        let first = quoted(row).next().expect("a test");
        assert!(root().join(first).exists(), "there is no {first}");
        n += 1;
    }
    assert!(n >= ROWS_MIN, "the tables are written otherwise by now: {n}");
}

#[test]
fn every_promise_has_a_number_of_its_own() {
    let text = text();
    let mut numbers = BTreeSet::new();
    for row in rows(&text) {
        let number = row.split('|').nth(1).unwrap_or_default().trim();
        let is_number = |rest: &str| rest.starts_with(|sign: char| sign.is_ascii_digit());
        let rest = number.strip_prefix("I-").or(number.strip_prefix('S'));
        if rest.is_some_and(is_number) {
            assert!(numbers.insert(number), "{number} is there twice");
        }
    }
    for n in 1..=36 {
        assert!(numbers.contains(format!("I-{n}").as_str()), "I-{n} is missing");
    }
}

#[test]
fn a_test_that_is_gone_is_noticed() {
    let good = "| I-0 | it holds | `every_promise_names_tests_that_are_there` (`tests/house/invariants.rs`) |";
    assert_eq!(faults(good), Vec::<String>::new());
    for bad in [
        "| I-0 | it holds | `no_such_test` (`tests/house/invariants.rs`) |",
        "| I-0 | it holds | `every_promise_names_tests_that_are_there` (`tests/house/main.rs`) |",
        "| I-0 | it holds | `tests/house/nobody.rs` |",
        "| I-0 | it holds | simulator `check_i99` |",
        "| I-0 | it holds | by being careful |",
    ] {
        assert_eq!(faults(bad).len(), 1, "{bad}");
    }
    assert_eq!(faults("| I-0 | it holds | — nothing yet |"), Vec::<String>::new());
}
