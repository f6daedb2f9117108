//! Random histories of HQ and of replicas that follow it, by `sync::follow`, in pages of any size, with
//! HQ's transactions between any two pages: whatever a replica may show is what the catalog was at its
//! version, as a plain map remembers it.
//!
//! `GUITAI_SEED` names the first history, `GUITAI_DEEP` says how many times as many there are.

use std::collections::BTreeMap;

use sync::{
    follow::{Gathering, Standing, Step, Taken, step},
    path,
    replica::{REPLICA_SCHEMA, Scope},
    wire::{FeedCursorV1, FeedPageV1, HeadV1, RowV1},
};

use crate::{
    feed::{list, start},
    model::{dice::Dice, from_env},
    town::{Edge, Town},
};

/// Histories of a usual run, and steps of each; on a server so many.
const HISTORIES: u64 = 256;
const HISTORIES_ON_A_SERVER: u64 = 32;
const STEPS: usize = 14;
/// SKUs that there are.
const SKUS: usize = 30;
/// Changes in a page, of which each replica has one.
const LIMITS: [usize; 4] = [1, 3, 8, 2_000];

/// Prices by SKU.
type Items = BTreeMap<String, i64>;

/// What HQ has published: every version.
struct Published {
    now: Items,
    versions: BTreeMap<i64, Items>,
}

impl Published {
    /// Writes down where the feed stands. Who changed nothing raised no version.
    fn is_at(&mut self, head: &HeadV1) {
        let before = self.versions.insert(head.version, self.now.clone());
        assert!(before.is_none_or(|before| before == self.now), "a version that was two things");
    }
}

/// A store's copy.
struct Replica {
    limit: usize,
    cursor: FeedCursorV1,
    items: Items,
    under_way: Option<(Gathering, Vec<FeedPageV1>)>,
}

impl Replica {
    async fn new(edge: &Edge<'_>, limit: usize) -> Self {
        let cursor = start(edge, Scope::Catalog).await;
        Self { limit, cursor, items: Items::new(), under_way: None }
    }

    /// Fetches one page, and applies what was gathered once it is whole. Whether it is level.
    async fn follow(&mut self, edge: &Edge<'_>, published: &Published) -> bool {
        let Some((mut gathering, mut pages)) = self.under_way.take() else {
            let head: HeadV1 = edge.get(&path::head(Scope::Catalog)).await.read();
            let standing = Standing { cursor: self.cursor.clone(), schema: REPLICA_SCHEMA };
            match step(Some(&standing), &head, None) {
                Step::Idle => return true,
                Step::Page(cursor) => {
                    self.under_way = Some((Gathering::from(cursor), Vec::new()));
                }
                Step::Snapshot(_) => self.take_snapshot(&head, published),
            }
            return false;
        };
        let path = path::feed(Scope::Catalog, gathering.cursor());
        let page: FeedPageV1 = edge.get(&format!("{path}&limit={}", self.limit)).await.read();
        assert!(page.changes.len() <= self.limit, "a page of more than was asked for");
        let taken = gathering.take(&page).unwrap();
        pages.push(page);
        match taken {
            Taken::Aside(_) => self.under_way = Some((gathering, pages)),
            Taken::Whole => self.apply(pages, published),
            Taken::TooMany => {
                let head: HeadV1 = edge.get(&path::head(Scope::Catalog)).await.read();
                self.take_snapshot(&head, published);
            }
        }
        false
    }

    fn take_snapshot(&mut self, head: &HeadV1, published: &Published) {
        self.items = published.versions[&head.version].clone();
        let HeadV1 { incarnation, version } = *head;
        self.cursor = FeedCursorV1 { incarnation, version, after: String::new() };
    }

    fn apply(&mut self, pages: Vec<FeedPageV1>, published: &Published) {
        for page in pages {
            for change in page.changes {
                if let RowV1::Item(item) = change.row {
                    self.items.insert(item.sku, item.list_price_minor.minor());
                } else if let RowV1::ItemGone { sku } = change.row {
                    self.items.remove(&sku);
                } else {
                    panic!("{} is no item", change.key);
                }
            }
            self.cursor = page.next;
        }
        let was = &published.versions[&self.cursor.version];
        assert_eq!(self.items, *was, "at version {}", self.cursor.version);
    }
}

/// HQ does something, in one transaction.
async fn change(town: &Town, dice: &mut Dice, published: &mut Published) {
    let known: Vec<String> = published.now.keys().cloned().collect();
    if dice.is_within(25)
        && let Some(sku) = dice.pick(&known)
    {
        town.cli(&format!("item retire {sku}")).await;
        published.now.remove(sku);
        return;
    }
    let (first, fen) = (dice.below(SKUS), 100 + i64::try_from(dice.below(4)).unwrap());
    let end = (first + 1 + dice.below(9)).min(SKUS);
    town.import(&list(first..end, &format!("1.0{}", fen - 100))).await;
    published.now.extend((first..end).map(|n| (format!("S{n:04}"), fen)));
}

#[tokio::test]
async fn what_a_replica_shows_is_what_the_catalog_was_at_its_version() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut published = Published { now: Items::new(), versions: BTreeMap::new() };
    published.is_at(&edge.get(&path::head(Scope::Catalog)).await.read());
    let mut replicas = Vec::new();
    for limit in LIMITS {
        replicas.push(Replica::new(&edge, limit).await);
    }
    let first = from_env("GUITAI_SEED", 1);
    let on_a_server = town.folder.place().is_on_a_server();
    let usual = if on_a_server { HISTORIES_ON_A_SERVER } else { HISTORIES };
    for seed in first..first + usual * from_env("GUITAI_DEEP", 1) {
        let mut dice = Dice::new(seed);
        // One of them has lost its file and begins anew.
        let n = dice.below(replicas.len());
        replicas[n] = Replica::new(&edge, LIMITS[n]).await;
        for _ in 0..STEPS {
            if dice.is_within(25) {
                change(&town, &mut dice, &mut published).await;
                published.is_at(&edge.get(&path::head(Scope::Catalog)).await.read());
            } else {
                let n = dice.below(replicas.len());
                replicas[n].follow(&edge, &published).await;
            }
        }
    }
    // HQ is quiet: everybody gets there.
    for replica in &mut replicas {
        while !replica.follow(&edge, &published).await {}
        assert_eq!(replica.items, published.now);
    }
    town.stop().await;
}
