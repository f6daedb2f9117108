//! Where the power may fail by name, a test lets it fail.

use std::{collections::BTreeSet, path::Path};

use super::{files, root};

/// How a point stands in a source.
const CALLS: [&str; 2] = ["fault::point(", "fault::db("];
/// So many there are at least.
const POINTS_MIN: usize = 60;

fn sources(room: &Path) -> Vec<String> {
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("a source");
    files(room, ".rs").iter().map(read).collect()
}

/// The named points of a program.
fn points(program: &str) -> BTreeSet<String> {
    let sources = sources(&root().join(program).join("src"));
    let after = |source: &String| -> Vec<String> {
        let rests = CALLS.iter().flat_map(|call| source.split(call).skip(1));
        let name = |rest: &str| rest.split('"').nth(1).map(str::to_owned);
        rests.map(|rest| name(rest).expect("a point has its name where it stands")).collect()
    };
    let points: BTreeSet<String> = sources.iter().flat_map(after).collect();
    assert!(!points.is_empty(), "the points of {program} are written otherwise by now");
    points
}

#[test]
fn every_named_point_of_both_programs_is_in_the_walk_or_in_the_tests_of_its_business() {
    let faults = root().join("tests/faults");
    let all = sources(&faults).concat();
    let is_in = |text: &str, point: &String| text.contains(&format!("\"{point}\""));
    let (edge, mall) = (points("edge-daemon"), points("mall"));
    let untested: Vec<_> = edge.iter().filter(|point| !is_in(&all, point)).collect();
    assert!(untested.is_empty(), "no test of tests/faults names {untested:?}");
    let untested: Vec<_> = mall.iter().filter(|point| !is_in(&all, point)).collect();
    assert!(untested.is_empty(), "no test of tests/faults names {untested:?} of the mall");
    assert!(edge.len() + mall.len() >= POINTS_MIN, "{} + {}", edge.len(), mall.len());
}

#[test]
fn the_walk_comes_by_no_point_that_is_gone() {
    let walk = std::fs::read_to_string(root().join("tests/faults/walk.rs")).expect("the walk");
    let known: BTreeSet<String> = &points("edge-daemon") | &points("mall");
    let tables = walk.split("Deed::").count();
    let named = walk.lines().filter_map(|line| line.trim().strip_prefix("(\""));
    let named: Vec<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 40 && tables > named.len(), "the walk is written otherwise by now");
    let gone: Vec<_> = named.iter().filter(|point| !known.contains(**point)).collect();
    assert!(gone.is_empty(), "the walk waits for {gone:?}");
}
