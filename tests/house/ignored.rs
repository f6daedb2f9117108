//! No test is left out in silence.

use super::{files, root};

/// Where tests are.
const ROOMS: [&str; 8] =
    ["broker", "domain", "drivers", "edge-daemon", "gate", "mall", "platforms", "sync"];

#[test]
fn no_test_is_ignored() {
    // In two pieces, so that this line is none.
    let mark = concat!("#[", "ignore");
    let mut found = Vec::new();
    for room in ROOMS.iter().chain(&["tests"]) {
        let sources = files(&root().join(room), ".rs");
        assert!(!sources.is_empty(), "{room} has no sources");
        for file in sources {
            let text = std::fs::read_to_string(&file).expect("a source");
            let lines = text.lines().filter(|line| line.trim_start().starts_with(mark));
            found.extend(lines.map(|line| format!("{}: {}", file.display(), line.trim())));
        }
    }
    assert!(found.is_empty(), "a test that cannot run says why: {found:#?}");
}
