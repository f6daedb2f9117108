//! Facts are appended: no statement changes what was written down; every decision has one number.

use std::collections::BTreeSet;

use super::{files, root};

/// Tables of facts. The mall's hold what it received; a store's hold what it did.
const FACTS: [(&str, &[&str]); 2] = [
    (
        "edge-daemon",
        &["orders", "order_line", "tender", "order_body", "post_void", "call_number", "audit"],
    ),
    ("mall", &["event_id", "orders", "order_line", "tender", "order_saving", "post_void"]),
];

#[test]
fn no_statement_changes_a_fact() {
    for (room, tables) in FACTS {
        let sources = files(&root().join(room).join("src"), ".rs");
        let statements = files(&root().join(room), ".sql");
        for path in sources.iter().chain(&statements) {
            let text = std::fs::read_to_string(path).unwrap().to_lowercase();
            // Tests damage ledgers on purpose, to see it noticed.
            let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let words: Vec<&str> = shipped.split_whitespace().collect();
            for pair in words.windows(3) {
                let target = match pair {
                    ["update", table, _] => table,
                    ["delete", "from", table] => table,
                    ["drop", "table", table] => table,
                    _ => continue,
                };
                let target = target.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
                assert!(!tables.contains(&target), "{} changes {target}", path.display());
            }
        }
    }
}

#[test]
fn every_decision_has_a_number_of_its_own() {
    let mut numbers = BTreeSet::new();
    for path in files(&root().join("docs/decisions"), ".md") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (number, _) = name.split_once('-').expect("0001-what-was-decided.md");
        assert!(number.len() == 4 && number.parse::<u16>().is_ok(), "{name}");
        assert!(numbers.insert(number.to_owned()), "{number} is there twice");
    }
    assert!(!numbers.is_empty());
}

#[test]
fn every_picture_that_a_document_shows_is_there() {
    let mut n = 0;
    for document in files(&root().join("docs"), ".md").into_iter().chain([root().join("README.md")])
    {
        let text = std::fs::read_to_string(&document).unwrap();
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            if target.ends_with(".png") {
                n += 1;
                let picture = document.parent().unwrap().join(target);
                assert!(picture.exists(), "{} shows {target}", document.display());
            }
        }
    }
    assert!(n > 0, "the README shows no screen");
}
