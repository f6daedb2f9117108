//! Where the power may fail by name, a test lets it fail.

use super::{files, root};

#[test]
fn every_point_at_which_a_test_may_kill_the_node_stands_in_some_test() {
    let call = "fault::point(";
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("a source");
    let tests: String = files(&root().join("tests/faults"), ".rs").iter().map(read).collect();
    let sources: Vec<String> =
        files(&root().join("edge-daemon/src"), ".rs").iter().map(read).collect();
    let points: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.split(call).skip(1))
        .map(|rest| rest.split('"').nth(1).expect("a point has its name where it stands"))
        .collect();
    assert!(!points.is_empty(), "`{call}` is written otherwise by now");
    let untested: Vec<&&str> =
        points.iter().filter(|point| !tests.contains(&format!("\"{point}\""))).collect();
    assert!(untested.is_empty(), "no test of tests/faults names {untested:?}");
}
