//! Why the feed counts as it does, where writers are many: on a server alone. A file has one writer, and
//! there nothing can commit in another order than it began.

use std::{collections::BTreeMap, time::Duration};

use mall::Clock;
use sqlx::{Connection as _, PgConnection};
use sync::{
    path,
    replica::Scope,
    wire::{FeedCursorV1, FeedPageV1, RowV1},
};
use tokio::sync::mpsc;

use crate::{
    feed::{follow, list, start},
    place::{Home, is_server_here},
    town::{Edge, Town, cli},
};

/// Longer than all of it takes on a busy machine; what comes in time ends the wait.
const PATIENCE: Duration = Duration::from_secs(180);

/// A line of its own into the town's database.
async fn line(town: &Town) -> PgConnection {
    PgConnection::connect(town.folder.place().url().unwrap()).await.unwrap()
}

async fn run(line: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(line).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The negative control: numbers from a sequence are given at the beginning and seen at the end.
#[tokio::test]
async fn a_poller_of_identities_loses_what_commits_late() {
    if !is_server_here("a feed by identities") {
        return;
    }
    let town = Town::over(Home::bare()).await;
    let (mut slow, mut quick) = (line(&town).await, line(&town).await);
    run(&mut quick, "create table naive (pos bigserial primary key, what text)").await;
    run(&mut slow, "begin; insert into naive (what) values ('slow')").await;
    run(&mut quick, "insert into naive (what) values ('quick')").await;
    let after = |pos: &str| format!("select pos from naive where pos > {pos} order by pos");
    let seen = town.rows(&after("0"));
    run(&mut slow, "commit").await;
    let rest = town.rows(&after(seen.last().unwrap()));
    assert_eq!((seen, rest), (vec!["2".to_owned()], Vec::new()));
    assert_eq!(town.rows("select count(*) from naive"), ["2"]);
    town.stop().await;
}

/// The same two writers over the counter of a scope: the second gets no number before the first can
/// be seen.
#[tokio::test]
async fn a_number_of_a_scope_is_given_when_the_one_before_can_be_seen() {
    const RAISE: &str = "update scope set version = version + 1 where scope = 'catalog'";
    if !is_server_here("two writers of one scope") {
        return;
    }
    let town = Town::new().await;
    let (mut slow, mut quick) = (line(&town).await, line(&town).await);
    run(&mut slow, "begin").await;
    run(&mut slow, RAISE).await;
    run(&mut quick, "set lock_timeout = '50ms'").await;
    let refused = sqlx::raw_sql(RAISE).execute(&mut quick).await.unwrap_err();
    let code = refused.as_database_error().unwrap().code().unwrap();
    assert_eq!(code, "55P03", "{refused}");
    run(&mut slow, "commit").await;
    run(&mut quick, RAISE).await;
    assert_eq!(town.rows("select version from scope where scope = 'catalog'"), ["2"]);
    town.stop().await;
}

/// One page, asked again for as long as the mall says that it is busy.
async fn page(edge: &Edge<'_>, cursor: &FeedCursorV1) -> FeedPageV1 {
    loop {
        let answer = edge.get(&format!("{}&limit=5", path::feed(Scope::Catalog, cursor))).await;
        if answer.status != 503 {
            return answer.read();
        }
    }
}

/// Eight writers whose lines into the database are cut at random, also in the middle of a commit, while
/// a poller reads: what it has in the end is what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_poller_skips_nothing_while_the_lines_of_eight_writers_are_cut() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 6;
    if !is_server_here("a feed of eight writers whose lines are cut") {
        return;
    }
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let (done, mut dones) = mpsc::channel(WRITERS);
    for writer in 0..WRITERS {
        let (place, done) = (town.folder.place().clone(), done.clone());
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let path = place.data().join(format!("w{writer}.csv"));
                let price = format!("{}.{writer}0", round + 1);
                std::fs::write(&path, list(writer * 100..writer * 100 + 10, &price)).unwrap();
                // Whoever was cut off does it again, as a person would.
                let words = ["import", path.to_str().unwrap()];
                while cli(&place, Clock::System, &words).await.is_err() {}
                done.send(()).await.unwrap();
            }
        });
    }
    drop(done);
    let (mut cursor, mut rows, mut n_cut) =
        (start(&edge, Scope::Catalog).await, BTreeMap::new(), 0);
    let storm = async {
        loop {
            let read = page(&edge, &cursor).await;
            let changed = read.changes.into_iter().map(|change| (change.key, change.row));
            rows.extend(changed.collect::<BTreeMap<String, RowV1>>());
            cursor = read.next;
            match dones.try_recv() {
                Ok(()) => n_cut += cut_one(&town),
                Err(mpsc::error::TryRecvError::Empty) => {}
                Err(mpsc::error::TryRecvError::Disconnected) => return,
            }
        }
    };
    tokio::time::timeout(PATIENCE, storm).await.unwrap();
    assert!(n_cut > WRITERS, "only {n_cut} lines were cut");
    // The mall's own lines may be cut still; whoever looks again finds new ones.
    page(&edge, &cursor).await;
    follow(&edge, Scope::Catalog, &mut cursor, 5, &mut rows).await;
    let (mut fresh, mut all) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    follow(&edge, Scope::Catalog, &mut fresh, 2_000, &mut all).await;
    assert_eq!(rows, all);
    assert_eq!(all.len(), WRITERS * 10);
    for (key, row) in &all {
        let RowV1::Item(item) = row else { panic!("{key}: {row:?}") };
        let writer = key[1..].parse::<i64>().unwrap() / 100;
        assert_eq!(
            item.list_price_minor.minor(),
            i64::try_from(ROUNDS).unwrap() * 100 + writer * 10
        );
    }
    drop(edge);
    town.stop().await;
}

/// Cuts one line of a mall that is at work, else any; how many it cut.
fn cut_one(town: &Town) -> usize {
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()
               order by state like 'active%' or state like 'idle in%' desc, random() limit 1";
    town.rows(cut).len()
}
