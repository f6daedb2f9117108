//! What is wrong and what is measured is named where people look for it.

use std::collections::BTreeSet;

use sync::trouble::Trouble;

use super::{files, root};

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn every_trouble_is_explained_to_a_stranger() {
    let document = text("docs/sync.md");
    for trouble in Trouble::ALL {
        let row = format!("| `{trouble}` | {} | ", trouble.severity().word());
        assert!(document.contains(&row), "docs/sync.md has no row {row}");
    }
}

/// Names of figures in a text: words that begin as all of them do.
fn figures(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !(sign.is_ascii_lowercase() || sign == '_'));
    words.filter(|word| word.starts_with("guitai_") && word.len() > 8).map(str::to_owned).collect()
}

#[test]
fn every_figure_of_both_programs_is_in_the_table_for_operators_and_no_other() {
    let document = text("docs/operating.md");
    let (_, section) = document.split_once("\n## Figures\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let shown = ["edge-daemon/src/http/metrics.rs", "mall/src/hq/figures.rs"]
        .map(|path| figures(&text(path)));
    let shown: BTreeSet<String> = shown.into_iter().flatten().collect();
    assert!(shown.len() > 15, "{shown:?}");
    assert_eq!(figures(section), shown);
    // No other room gives any.
    let elsewhere = ["edge-daemon/src", "mall/src"].into_iter().flat_map(|room| {
        let all = files(&root().join(room), ".rs");
        all.into_iter()
            .filter(|path| !path.ends_with("metrics.rs") && !path.ends_with("figures.rs"))
    });
    for path in elsewhere {
        let source = std::fs::read_to_string(&path).unwrap();
        assert!(!source.contains("Family::gauge"), "{}", path.display());
    }
}
