//! What `make test` says at its end: each failure and all that was not tested, by name.

use std::process::Command;

use super::root;

/// What steps say: a table's row, and two tests of Cargo's that ended early.
const ROW: &str = "step 'a day' printf '%s\\n' \\
    '12  HQ sets something  NOT TESTED: settings over MQTT; install mosquitto       12'";
const TESTS: &str = "counted 'rooms' printf '%s\\n' \\
    'NOT TESTED: settings over MQTT; install mosquitto' \\
    'test one ... NOT TESTED: the Wi-Fi; this machine refuses: RTNETLINK answers: no; sorry' \\
    'test result: ok. 5 passed; 0 failed; 0 ignored'";
const LEFT_OUT: &str = "counted 'screens' printf '%s\\n' 'NOT TESTED: a page; set URL' '3 passed'";

/// The last lines after these steps, and whether all is well. `need` stands for what installs
/// packages.
fn close(is_ci: bool, need: &str, steps: &[&str]) -> (Vec<String>, bool) {
    let script = format!("source packaging/tally\n{}\necho CLOSE\nclose", steps.join("\n"));
    let mut bash = Command::new("bash");
    bash.args(["-uo", "pipefail", "-c", &script]).current_dir(root());
    bash.env("need", need).env("CI", if is_ci { "true" } else { "" });
    let output = bash.output().expect("bash");
    let said = String::from_utf8(output.stdout).expect("text");
    let (_, last) = said.split_once("CLOSE\n").expect("the steps' end");
    (last.lines().map(str::to_owned).collect(), output.status.success())
}

#[test]
fn what_is_not_tested_is_named_once_beside_the_last_line_and_is_not_counted_as_passed() {
    assert_eq!(
        close(false, "true", &[ROW, TESTS, LEFT_OUT]),
        (
            vec![
                "NOT TESTED: a page; set URL".to_owned(),
                "NOT TESTED: settings over MQTT; install mosquitto".to_owned(),
                "NOT TESTED: the Wi-Fi; this machine refuses: RTNETLINK answers: no; sorry"
                    .to_owned(),
                "7 passed, 0 failed".to_owned(),
            ],
            true,
        )
    );
}

#[test]
fn in_ci_what_packages_would_have_made_possible_is_a_failure() {
    let (lines, is_well) = close(true, "true", &[ROW, TESTS]);
    assert_eq!(
        lines,
        [
            "FAILED: NOT TESTED: settings over MQTT; install mosquitto",
            "NOT TESTED: the Wi-Fi; this machine refuses: RTNETLINK answers: no; sorry",
            "4 passed, 1 failed",
        ]
    );
    assert!(!is_well);
}

#[test]
fn in_ci_what_no_package_manager_gives_and_no_kernel_allows_is_named_and_no_failure() {
    let (lines, is_well) = close(true, "false", &[ROW, TESTS]);
    assert_eq!(lines.last().map(String::as_str), Some("4 passed, 0 failed"));
    assert_eq!(lines.iter().filter(|line| line.starts_with("NOT TESTED: ")).count(), 2);
    assert!(is_well);
}

#[test]
fn in_ci_what_somebody_left_out_is_a_failure_whatever_can_be_installed() {
    for need in ["true", "false"] {
        let (lines, is_well) = close(true, need, &[LEFT_OUT]);
        assert_eq!(lines, ["FAILED: NOT TESTED: a page; set URL", "3 passed, 1 failed"]);
        assert!(!is_well);
    }
}

#[test]
fn a_step_of_tests_that_were_all_left_out_has_failed() {
    let all =
        "counted 'rooms' printf '%s\\n' 'NOT TESTED: x; install y' 'test result: ok. 1 passed'";
    let (lines, is_well) = close(false, "false", &[all]);
    assert_eq!(lines, ["FAILED: rooms", "NOT TESTED: x; install y", "0 passed, 1 failed"]);
    assert!(!is_well);
}

#[test]
fn a_test_that_fails_is_named_with_its_program() {
    let failing = "fails() { printf '%s\\n' '     Running tests/one.rs (target/one)' \\
        'test a::b ... FAILED' '---- a::b stdout ----' 'it was red' 'test result: FAILED. 2 passed' \\
        'error: test failed, to rerun pass `-p house --test one`'; return 101; }
        counted 'rooms' fails";
    let (lines, is_well) = close(true, "true", &[failing]);
    assert_eq!(lines, ["FAILED: house/one::a::b", "2 passed, 1 failed"]);
    assert!(!is_well);
}

#[test]
fn a_test_that_a_step_of_its_own_runs_again_is_counted_there_alone() {
    let file = "counted 'rooms' printf '%s\\n' 'test a ... ON A SERVER ONLY: many writers' \\
        'test result: ok. 5 passed; 0 failed'";
    let server = "counted 'rooms on a server' printf '%s\\n' 'test result: ok. 5 passed; 0 failed'";
    let (lines, is_well) = close(true, "true", &[file, server]);
    assert_eq!(lines, ["9 passed, 0 failed"]);
    assert!(is_well);
}
