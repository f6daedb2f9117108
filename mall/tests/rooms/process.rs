//! The program itself: a child process that is told to stop, or killed.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use crate::place::{Home, Place};

/// A mall as a process.
pub(crate) struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn mall(place: &Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mall"));
    command.args(place.words()).env_remove("RUST_LOG").stderr(Stdio::null());
    command
}

pub(crate) fn serve(place: &Place) -> Serving {
    let mut child = mall(place)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("mall listens on http://").unwrap().to_owned();
    Serving { child, address }
}

fn verb(place: &Place, words: &str) -> Output {
    mall(place).args(words.split(' ')).output().unwrap()
}

/// What a plain HTTP client gets: status line and all that follows.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: mall\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[test]
fn it_serves_beside_other_verbs_and_stops_cleanly_when_it_is_told() {
    let home = Home::new();
    let place = home.place();
    let mut serving = serve(place);
    assert!(get(&serving.address, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(get(&serving.address, "/hq/v1/stores").starts_with("HTTP/1.1 401"));
    let list = home.path().join("a.csv");
    std::fs::write(&list, "sku,name,price_yuan\nA1,奶,5\n").unwrap();
    let imported = verb(place, &format!("import {}", list.display()));
    assert!(imported.status.success());
    let expected = "1 rows: 1 added, 0 changed, 0 unchanged, 0 refused; catalog version 1\n";
    assert_eq!(String::from_utf8(imported.stdout).unwrap(), expected);
    signal(&serving.child, "-TERM");
    assert!(serving.child.wait().unwrap().success());
    assert_eq!(place.rows("select version from scope"), ["1"]);
}

#[test]
fn malls_that_start_at_once_over_an_empty_database_make_it_once_and_all_serve() {
    let home = Home::bare();
    let place = home.place();
    let serving: Vec<Serving> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| serve(place))).collect();
        starting.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for one in &serving {
        assert!(get(&one.address, "/readyz").starts_with("HTTP/1.1 200"));
    }
    assert_eq!(place.rows("select count(*) = max(number) from schema_step"), ["1"]);
    assert_eq!(place.rows("select scope from scope"), ["catalog"]);
    for mut one in serving {
        signal(&one.child, "-TERM");
        assert!(one.child.wait().unwrap().success());
    }
}

#[test]
fn a_second_one_on_the_same_port_says_what_to_do_and_a_wrong_verb_fails() {
    let folder = Home::new();
    let serving = serve(folder.place());
    let second = mall(folder.place())
        .args(["serve", "--listen", &serving.address])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(told.contains("could not listen on") && told.contains("--listen"), "{told}");
    assert_eq!(verb(folder.place(), "claim SH001").status.code(), Some(1));
    assert_eq!(verb(folder.place(), "sell everything").status.code(), Some(2));
    serving.kill();
}

#[test]
fn killed_at_any_moment_of_an_import_it_holds_whole_chunks_and_the_next_run_does_the_rest() {
    let folder = Home::new();
    let list = folder.path().join("a.csv");
    let lines: String = (0..20_000).map(|i| format!("S{i:05},商品{i},1.50\n")).collect();
    std::fs::write(&list, format!("sku,name,price_yuan\n{lines}")).unwrap();
    let mut seen = Vec::new();
    for round in 1..=3 {
        let mut child =
            mall(folder.place()).arg("import").arg(&list).stdout(Stdio::null()).spawn().unwrap();
        // Not a time but a state: some more chunks are in.
        let more = |seen: &[i64]| seen.last().copied().unwrap_or(0) + 2_000 * (round % 2 + 1);
        while child.try_wait().unwrap().is_none() && count(folder.place()) < more(&seen) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        seen.push(count(folder.place()));
    }
    assert!(seen.iter().all(|n| n % 2_000 == 0), "{seen:?}");
    assert!(verb(folder.place(), &format!("import {}", list.display())).status.success());
    assert_eq!(count(folder.place()), 20_000);
    let doubled =
        "select count(*) from (select 1 from item group by sku having count(*) > 1) as few";
    assert_eq!(folder.place().rows(doubled), ["0"]);
}

fn count(place: &Place) -> i64 {
    match place.has_table("item") {
        false => 0,
        true => place.rows("select count(*) from item")[0].parse().unwrap(),
    }
}

#[test]
fn accounts_that_cannot_be_read_are_told_before_it_listens() {
    let folder = Home::new();
    let told = |file: &std::path::Path| {
        let output = mall(folder.place())
            .args(["serve", "--listen", "127.0.0.1:0", "--platforms"])
            .arg(file)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let gone = told(&folder.path().join("gone.toml"));
    assert!(gone.contains("could not read") && gone.contains("--platforms FILE"), "{gone}");
    let (file, key) = (folder.path().join("platforms.toml"), folder.path().join("douyin.secret"));
    let text = "[douyin]\nclient_key = \"a\"\nclient_secret_file = \"douyin.secret\"\n";
    std::fs::write(&file, text).unwrap();
    std::fs::write(&key, "geheim").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let open = told(&file);
    assert!(open.contains("can read the key") && open.contains("chmod o="), "{open}");
    assert!(!open.contains("geheim"), "{open}");
}
