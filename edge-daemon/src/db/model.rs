//! Random histories of a ledger, played on its SQL and on the model that the simulator's stores live on
//! (`sync/tests/simulator/books.rs`): after each step both hold the same, to the last byte.
//!
//! The mall that they speak with is the simulator's too (`tables.rs`), which is held against the real
//! one elsewhere (`mall/tests/rooms/model.rs`). `GUITAI_SEED` names the first history, `GUITAI_DEEP`
//! says how many times as many there are.

use std::path::PathBuf;

use domain::{id::EdgeId, time::Timestamp};
use rusqlite::Connection;
use sync::{
    chain::Hash,
    inbox::{Read, Refusal},
    outbox::marks,
    uplink::Facts,
    wire::{BatchV1, FactV1, HoleV1},
};
use uuid::Uuid;

use self::{
    books::{Books, PROVISIONAL_MIN, Row, State},
    dice::Dice,
    tables::Tables,
};
use super::{
    history,
    mark::Mark,
    migrate,
    outbox::{self, Waiting},
};

#[allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "the simulator's, of which this needs a part"
)]
#[path = "../../../sync/tests/simulator/books.rs"]
mod books;
#[allow(dead_code, reason = "the simulator's, of which this needs a part")]
#[path = "../../../sync/tests/simulator/dice.rs"]
pub(super) mod dice;
#[allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "the simulator's, of which this needs a part"
)]
#[path = "../../../sync/tests/simulator/tables.rs"]
pub(crate) mod tables;

/// Histories of a usual run, and steps of each.
const HISTORIES: u64 = 256;
const STEPS: usize = 80;
/// Copies of a ledger, or of the mall, that are kept.
const COPIES_MAX: usize = 3;

const EDGE: EdgeId = EdgeId::from_uuid(Uuid::from_u128(2));
const AT: Timestamp = Timestamp::from_micros(0);

pub(super) fn from_env(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A ledger twice: as it is kept, and as it is modelled.
struct Twin {
    sql: Connection,
    books: Books,
    /// What lies beside the ledger and no copy carries.
    mark: Option<books::Mark>,
    /// What the last session gave.
    nonce: Option<Uuid>,
}

impl Twin {
    fn enrolled(file: &PathBuf) -> Self {
        let mut sql = open(file);
        migrate::forward(&mut sql, file).unwrap();
        sql.execute(
            "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
             values (1, ?1, 1, 'S1', 1, 0)",
            [EDGE.bytes()],
        )
        .unwrap();
        Self { sql, books: Books::enrolled(1), mark: None, nonce: None }
    }

    fn start(&mut self, machine: Hash, fresh: u32) {
        let found = self.mark.map(|mark| Mark {
            edge: EDGE,
            boot_no: mark.boot_no,
            head: i64::try_from(mark.head).unwrap(),
        });
        history::start(&self.sql, found, machine, fresh).unwrap();
        self.books.start(self.mark, machine, fresh);
        // No session outlives the daemon.
        self.nonce = None;
    }

    fn put_mark(&mut self) {
        let mark = self.books.mark();
        history::is_marked(&self.sql).unwrap();
        let told = history::mark(&self.sql).unwrap().unwrap();
        let head = i64::try_from(mark.head).unwrap();
        assert_eq!((told.boot_no, told.head), (mark.boot_no, head), "the mark");
        self.mark = Some(mark);
    }

    fn push(&mut self, id: Uuid, kind: &str, body: String) {
        let fact = outbox::Fact { id, kind, v: 1, body: &body, at: AT };
        outbox::push(&self.sql, &fact).unwrap();
        self.books.push(id, kind, body);
    }

    /// Says where it stands; the answer may be lost, and then the ask is said again.
    fn talk(&mut self, mall: &mut Tables, fresh: Uuid, nonce: Uuid, is_heard: bool) {
        let ask = self.books.ask(fresh);
        assert_eq!(history::ask(&self.sql, fresh).unwrap(), ask, "what it says of itself");
        let told = mall.open(&ask, nonce);
        if is_heard {
            history::take(&self.sql, &told).unwrap();
            self.books.take(&told);
            self.nonce = Some(told.nonce);
        }
    }

    fn batch(&self, from: Option<i64>, at_most: usize) -> Option<BatchV1> {
        let ask = Facts { session: self.nonce, from, at_most, is_wrapped: false };
        let batch = self.books.next_batch(self.nonce, from, at_most);
        let told = match outbox::next_batch(&self.sql, ask).unwrap() {
            Waiting::Batch(batch, n_mended) => Some(batch).filter(|_| n_mended == 0),
            Waiting::Nothing | Waiting::Damaged(_) => None,
        };
        assert_eq!(told, batch, "the next batch");
        batch
    }

    fn hole(&self, hole: HoleV1) -> BatchV1 {
        let batch = self.books.hole_batch(self.nonce, hole.clone());
        let told = outbox::hole_batch(&self.sql, self.nonce, hole).unwrap();
        assert_eq!(told, batch, "a batch of a hole");
        batch
    }

    /// Sends a batch and writes the answer down, unless that is lost.
    fn tell(&mut self, mall: &mut Tables, batch: &BatchV1, is_heard: bool) {
        match mall.receive(batch, read) {
            Ok(answer) if is_heard => {
                let marks = marks(batch, &answer);
                outbox::mark(&self.sql, batch.epoch, &marks).unwrap();
                self.books.told(batch.epoch, &marks);
            }
            Err(Refusal::Forked) => mall.split(batch.epoch),
            Ok(_) | Err(_) => {}
        }
    }

    fn fetch_lost(&mut self, mall: &Tables) {
        let lost = self.books.lost();
        assert_eq!(history::lost(&self.sql).unwrap(), lost, "what may be lost");
        let Some(lost) = lost else { return };
        let facts = mall.lost(lost.epoch, lost.after).facts;
        history::find(&self.sql, lost, &facts, AT).unwrap();
        self.books.find(lost, &facts);
    }

    /// Both hold the same.
    fn check(&self) {
        assert_eq!(rows(&self.sql), self.books.rows, "the outbox");
        let found: Vec<[u8; 16]> = column(&self.sql, "select id from found order by id");
        let found: Vec<Uuid> = found.into_iter().map(Uuid::from_bytes).collect();
        assert_eq!(found, self.books.found.iter().copied().collect::<Vec<_>>(), "what was found");
        let standing = history::standing(&self.sql).unwrap();
        let doubt = self.books.provisional.is_some();
        assert_eq!((standing.is_doubtful, standing.is_frozen), (doubt, self.books.is_frozen));
        let epoch = history::receipt_epoch(&self.sql).unwrap();
        assert_eq!(epoch, self.books.receipt_epoch(), "what receipts carry");
        assert!(doubt == (epoch >= PROVISIONAL_MIN), "{epoch} of a ledger in doubt: {doubt}");
        let pending = outbox::backlog(&self.sql).unwrap().pending;
        assert_eq!(usize::try_from(pending).unwrap(), self.books.pending(), "what waits");
    }
}

/// What the mall reads a fact as.
fn read(fact: &FactV1) -> Read {
    match fact.kind.as_str() {
        "bad" => Read::Bad("its sums do not hold".to_owned()),
        "newer" => Read::Newer,
        _ => Read::Work,
    }
}

#[expect(clippy::disallowed_methods, reason = "a ledger of a test that nobody else has open")]
fn open(file: &PathBuf) -> Connection {
    let sql = Connection::open(file).unwrap();
    sql.execute_batch("pragma synchronous = off").unwrap();
    sql
}

fn column<T: rusqlite::types::FromSql>(sql: &Connection, query: &str) -> Vec<T> {
    let mut statement = sql.prepare(query).unwrap();
    let cells = statement.query_map([], |row| row.get(0)).unwrap();
    cells.map(Result::unwrap).collect()
}

fn rows(sql: &Connection) -> Vec<Row> {
    let mut statement = sql
        .prepare_cached(
            "select epoch, place, id, kind, body, digest, chain, state from outbox order by seq",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        let hash = |index| row.get::<_, [u8; 32]>(index).map(|bytes| Hash::from_bytes(&bytes));
        Ok(Row {
            epoch: row.get(0)?,
            place: row.get(1)?,
            id: Uuid::from_bytes(row.get(2)?),
            kind: row.get(3)?,
            body: row.get(4)?,
            digest: hash(5)?.unwrap(),
            chain: hash(6)?.unwrap(),
            state: match row.get::<_, String>(7)?.as_str() {
                "pending" => State::Pending,
                "acked" => State::Acked,
                "quarantined" | "conflict" => State::Troubled,
                "hole" => State::Hole,
                other => panic!("{other}"),
            },
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// One history.
struct History {
    dice: Dice,
    folder: tempfile::TempDir,
    twin: Twin,
    mall: Tables,
    copies: Vec<(PathBuf, Books)>,
    malls: Vec<Tables>,
    n_ids: u128,
    n_files: usize,
    log: Vec<String>,
}

impl History {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut twin = Twin::enrolled(&folder.path().join("ledger.db"));
        twin.start(Hash::of(b"a"), 5);
        twin.put_mark();
        Self {
            dice: Dice::new(seed),
            folder,
            twin,
            mall: Tables::enrolled(1),
            copies: Vec::new(),
            malls: Vec::new(),
            n_ids: 0,
            n_files: 0,
            log: Vec::new(),
        }
    }

    fn fresh_id(&mut self) -> Uuid {
        self.n_ids += 1;
        Uuid::from_u128(self.n_ids)
    }

    fn random(&mut self) -> u32 {
        u32::try_from(self.dice.below(1 << 30)).unwrap()
    }

    fn fresh_file(&mut self) -> PathBuf {
        self.n_files += 1;
        self.folder.path().join(format!("{}.db", self.n_files))
    }

    fn step(&mut self) {
        let is_heard = self.dice.is_within(80);
        let done = match self.dice.below(100) {
            0..=34 => self.sell(),
            35..=49 => {
                let (fresh, nonce) = (self.fresh_id(), self.fresh_nonce());
                self.twin.talk(&mut self.mall, fresh, nonce, is_heard);
                format!("talk, heard: {is_heard}")
            }
            50..=69 => self.upload(is_heard),
            70..=74 => self.tell_hole(is_heard),
            75..=79 => {
                self.twin.fetch_lost(&self.mall);
                "fetch what was lost".to_owned()
            }
            80..=84 => self.restart(),
            85..=88 => self.copy(),
            89..=91 => self.put_back(),
            92..=93 => self.copy_mall(),
            94 => self.put_mall_back(),
            _ => {
                self.twin.put_mark();
                "mark".to_owned()
            }
        };
        self.log.push(done);
        self.twin.check();
    }

    /// A nonce whose low bits are random, as a new one's are.
    fn fresh_nonce(&mut self) -> Uuid {
        let low = u128::from(self.random());
        Uuid::from_u128((self.fresh_id().as_u128() << 64) | low)
    }

    fn sell(&mut self) -> String {
        let kinds = ["x", "x", "x", "x", "x", "x", "bad", "newer"];
        let kind = *self.dice.pick(&kinds).unwrap();
        let id = self.fresh_id();
        self.twin.push(id, kind, format!("{kind} {id}"));
        format!("sell {kind}")
    }

    fn upload(&mut self, is_heard: bool) -> String {
        let n = self.twin.books.rows.len();
        let from =
            (!self.dice.is_within(70)).then(|| i64::try_from(1 + self.dice.below(n + 1)).unwrap());
        let at_most = 1 + self.dice.below(6);
        if let Some(batch) = self.twin.batch(from, at_most) {
            self.twin.tell(&mut self.mall, &batch, is_heard);
        }
        format!("upload {at_most} from {from:?}, heard: {is_heard}")
    }

    /// The first fact that waits, and some behind it, are told to be a hole.
    fn tell_hole(&mut self, is_heard: bool) -> String {
        let Some(batch) = self.twin.batch(None, 1 + self.dice.below(3)) else {
            return "no hole".to_owned();
        };
        let (from, through) = (batch.facts[0].seq, batch.facts[batch.facts.len() - 1].seq);
        let hole = HoleV1 { from, through, reason: "refused".to_owned() };
        let batch = self.twin.hole(hole);
        self.twin.tell(&mut self.mall, &batch, is_heard);
        format!("hole {from} to {through}, heard: {is_heard}")
    }

    fn restart(&mut self) -> String {
        let machine = if self.dice.is_within(90) { "a" } else { "b" };
        if self.dice.is_within(10) {
            self.twin.mark = None;
        }
        let fresh = self.random();
        self.twin.start(Hash::of(machine.as_bytes()), fresh);
        if self.dice.is_within(80) {
            self.twin.put_mark();
        }
        format!("start on {machine}")
    }

    fn copy(&mut self) -> String {
        if self.copies.len() < COPIES_MAX {
            let file = self.fresh_file();
            let to = file.display().to_string();
            self.twin.sql.execute("vacuum into ?1", [to]).unwrap();
            self.copies.push((file, self.twin.books.clone()));
        }
        "copy".to_owned()
    }

    /// A copy comes back in place of the ledger; what lies beside it stays.
    fn put_back(&mut self) -> String {
        let Some((kept, books)) = self.dice.pick(&self.copies).cloned() else {
            return "no copy".to_owned();
        };
        let file = self.fresh_file();
        std::fs::copy(kept, &file).unwrap();
        (self.twin.sql, self.twin.books) = (open(&file), books);
        format!("put back, {}", self.restart())
    }

    fn copy_mall(&mut self) -> String {
        if self.malls.len() < COPIES_MAX {
            self.malls.push(self.mall.clone());
        }
        "copy of the mall".to_owned()
    }

    fn put_mall_back(&mut self) -> String {
        if let Some(mall) = self.dice.pick(&self.malls).cloned() {
            self.mall = mall;
        }
        "the mall is put back".to_owned()
    }

    /// Says how a failure came about.
    fn guarded(mut self, seed: u64) {
        for _ in 0..STEPS {
            let step = std::panic::AssertUnwindSafe(|| self.step());
            if let Err(panic) = std::panic::catch_unwind(step) {
                let before = self.log.join("\n");
                let why = panic.downcast_ref::<String>().map_or("?", String::as_str);
                panic!("{before}\nthen: {why}\nGUITAI_SEED={seed}");
            }
        }
    }
}

#[test]
fn the_ledger_keeps_what_the_model_of_the_simulator_keeps() {
    let first = from_env("GUITAI_SEED", 1);
    for seed in first..first + HISTORIES * from_env("GUITAI_DEEP", 1) {
        History::new(seed).guarded(seed);
    }
}
