//! Random histories of stores and the mall, played on the mall itself and on the model of it that the
//! simulator's mall lives on (`sync/tests/simulator/tables.rs`): every answer is the same, and in the
//! end both hold the same.
//!
//! The stores' ledgers are the simulator's model too (`books.rs`), which is held against the ledger's
//! SQL elsewhere (`edge-daemon/src/db/model.rs`). `GUITAI_SEED` names the first history,
//! `GUITAI_DEEP` says how many times as many there are.

use std::collections::BTreeMap;

use domain::money::Money;
use sync::{
    chain::Hash,
    inbox::{Read, Refusal},
    outbox::marks,
    path, raw,
    wire::{BatchAnswerV1, BatchV1, FactV1, HoleV1, KIND_ORDER, LostPageV1, SessionV1},
};
use uuid::Uuid;

use self::{
    books::{Books, Mark},
    dice::Dice,
    tables::Tables,
};
use crate::{
    intake::{order, post},
    town::{Edge, Town},
};

#[allow(dead_code, reason = "the simulator's, of which this needs a part")]
#[path = "../../../sync/tests/simulator/books.rs"]
mod books;
#[allow(dead_code, reason = "the simulator's, of which this needs a part")]
#[path = "../../../sync/tests/simulator/dice.rs"]
pub(crate) mod dice;
#[allow(dead_code, reason = "the simulator's, of which this needs a part")]
#[path = "../../../sync/tests/simulator/tables.rs"]
mod tables;

/// Histories of a usual run, and steps of each; on a server, where each step takes several times as
/// long, so many histories.
const HISTORIES: u64 = 256;
const HISTORIES_ON_A_SERVER: u64 = 32;
const STEPS: usize = 40;
/// Boxes with one history, at most.
const BOXES_MAX: usize = 3;

pub(crate) fn from_env(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A box that speaks as the node.
#[derive(Clone)]
struct Machine {
    books: Books,
    name: Hash,
    nonce: Option<Uuid>,
    mark: Option<Mark>,
}

impl Machine {
    fn start(&mut self, fresh: u32) {
        self.books.start(self.mark, self.name, fresh);
        self.mark = Some(self.books.mark());
        self.nonce = None;
    }
}

/// One history.
struct History<'a> {
    dice: Dice,
    edge: Edge<'a>,
    store: String,
    model: Tables,
    boxes: Vec<Machine>,
    copies: Vec<Books>,
    n_orders: u32,
    seed: u64,
    log: Vec<String>,
}

/// Says how a failure came about.
impl Drop for History<'_> {
    #[expect(clippy::print_stderr, reason = "a test says what it did before it failed")]
    fn drop(&mut self) {
        if std::thread::panicking() && !self.log.is_empty() {
            eprintln!("{}\nGUITAI_SEED={}", self.log.join("\n"), self.seed);
        }
    }
}

impl<'a> History<'a> {
    async fn new(town: &'a Town, seed: u64, n: u64) -> Self {
        let store = format!("M{n:05}");
        let (name, mark) = (Hash::of(b"a"), None);
        let mut first = Machine { books: Books::enrolled(1), name, nonce: None, mark };
        first.start(5);
        Self {
            dice: Dice::new(seed),
            edge: town.edge(&store).await,
            store,
            model: Tables::enrolled(1),
            boxes: vec![first],
            copies: Vec::new(),
            n_orders: 0,
            seed,
            log: Vec::new(),
        }
    }

    fn random(&mut self) -> u32 {
        u32::try_from(self.dice.below(1 << 30)).unwrap()
    }

    async fn step(&mut self) {
        let at = self.dice.below(self.boxes.len());
        let is_heard = self.dice.is_within(80);
        let done = match self.dice.below(100) {
            0..=34 => self.sell(at),
            35..=49 => self.open(at, is_heard).await,
            50..=74 => self.upload(at, is_heard).await,
            75..=80 => self.tell_hole(at, is_heard).await,
            81..=85 => self.fetch_lost(at).await,
            86..=89 => self.copy(at),
            90..=93 => self.put_back(at),
            94..=95 => self.clone_box(at),
            _ => {
                let fresh = self.random();
                self.boxes[at].start(fresh);
                "start".to_owned()
            }
        };
        self.log.push(format!("box {at}: {done}"));
    }

    fn sell(&mut self, at: usize) -> String {
        let n = self.n_orders + 1;
        let n_said = usize::try_from(n).unwrap();
        let earlier = |dice: &mut Dice| 1 + u32::try_from(dice.below(n_said)).unwrap();
        // Some say again what a box said before, in the same words or in others.
        let (n, fen) = match self.dice.below(12) {
            0 => (earlier(&mut self.dice), 7),
            1 => (earlier(&mut self.dice), 100),
            _ => (n, 100),
        };
        self.n_orders = self.n_orders.max(n);
        let mut one = order(&self.store, n, fen);
        let id = one.id.uuid();
        let (kind, body) = match self.dice.below(10) {
            0 => (KIND_ORDER, "not json".to_owned()),
            1 => ("newer", "{}".to_owned()),
            2 => {
                one.total_minor = Money::from_minor(fen + 1);
                (KIND_ORDER, serde_json::to_string(&one).unwrap())
            }
            _ => (KIND_ORDER, serde_json::to_string(&one).unwrap()),
        };
        // A ledger has each id once.
        if self.boxes[at].books.row(id).is_none() {
            self.boxes[at].books.push(id, kind, body);
            self.boxes[at].mark = Some(self.boxes[at].books.mark());
        }
        format!("sell {n} for {fen}")
    }

    async fn open(&mut self, at: usize, is_heard: bool) -> String {
        let ask = self.boxes[at].books.ask(Uuid::now_v7());
        let body = serde_json::to_vec(&ask).unwrap();
        let told: SessionV1 = self.edge.call("POST", path::SESSIONS, &body).await.read();
        // A nonce is a random number, and what follows from it the model has from there.
        let model = self.model.open(&ask, told.nonce);
        let told = SessionV1 { retry_after_ms: None, packings: Vec::new(), ..told };
        assert_eq!(told, model, "{ask:?}");
        if is_heard {
            self.boxes[at].books.take(&model);
            self.boxes[at].nonce = Some(model.nonce);
        }
        format!("open {}, heard: {is_heard}", model.epoch)
    }

    async fn upload(&mut self, at: usize, is_heard: bool) -> String {
        let n = self.boxes[at].books.rows.len();
        let from =
            (!self.dice.is_within(70)).then(|| i64::try_from(1 + self.dice.below(n + 1)).unwrap());
        let (at_most, nonce) = (1 + self.dice.below(6), self.boxes[at].nonce);
        let Some(mut batch) = self.boxes[at].books.next_batch(nonce, from, at_most) else {
            return "nothing waits".to_owned();
        };
        match self.dice.below(20) {
            0 => batch.facts = batch.facts.iter().map(raw::wrap).collect(),
            1 => batch.prev_chain = Hash::of(b"another"),
            2 => batch.epoch += 1,
            3 => drop(batch.facts.remove(0)),
            _ => {}
        }
        format!("upload {at_most} from {from:?}: {}", self.tell(at, &batch, is_heard).await)
    }

    async fn tell_hole(&mut self, at: usize, is_heard: bool) -> String {
        let (nonce, at_most) = (self.boxes[at].nonce, 1 + self.dice.below(3));
        let Some(batch) = self.boxes[at].books.next_batch(nonce, None, at_most) else {
            return "no hole".to_owned();
        };
        let (from, through) = (batch.facts[0].seq, batch.facts[batch.facts.len() - 1].seq);
        let hole = HoleV1 { from, through, reason: "refused".to_owned() };
        let batch = self.boxes[at].books.hole_batch(nonce, hole);
        format!("hole {from} to {through}: {}", self.tell(at, &batch, is_heard).await)
    }

    async fn tell(&mut self, at: usize, batch: &BatchV1, is_heard: bool) -> String {
        let answer = post(&self.edge, batch).await;
        match self.model.receive(batch, read) {
            Ok(model) => {
                let told: BatchAnswerV1 = answer.read();
                assert_eq!(told, model, "{batch:?}");
                if is_heard {
                    let marks = marks(batch, &told);
                    self.boxes[at].books.told(batch.epoch, &marks);
                }
                format!("acked {}, heard: {is_heard}", model.acked_seq)
            }
            Err(refusal) => {
                let (status, problem) = match refusal {
                    Refusal::Epoch { .. } => (409, "epoch"),
                    Refusal::SessionEnded => (409, "session-ended"),
                    Refusal::Forked => (409, "forked"),
                    Refusal::Sequences => (400, "malformed"),
                };
                answer.is_problem(status, problem);
                if refusal == Refusal::Forked {
                    self.model.split(batch.epoch);
                }
                problem.to_owned()
            }
        }
    }

    async fn fetch_lost(&mut self, at: usize) -> String {
        let Some(lost) = self.boxes[at].books.lost() else { return "nothing lost".to_owned() };
        let page: LostPageV1 = self.edge.get(&path::lost(lost.epoch, lost.after)).await.read();
        assert_eq!(page, self.model.lost(lost.epoch, lost.after), "{lost:?}");
        self.boxes[at].books.find(lost, &page.facts);
        format!("fetch {lost:?}")
    }

    fn copy(&mut self, at: usize) -> String {
        self.copies.push(self.boxes[at].books.clone());
        "copy".to_owned()
    }

    fn put_back(&mut self, at: usize) -> String {
        let Some(books) = self.dice.pick(&self.copies).cloned() else {
            return "no copy".to_owned();
        };
        // Some are put back with all that would tell it.
        let is_unaware = self.dice.is_within(30);
        let fresh = self.random();
        let it = &mut self.boxes[at];
        it.books = books;
        if is_unaware {
            it.mark = Some(it.books.mark());
        }
        it.start(fresh);
        format!("put back, unaware: {is_unaware}")
    }

    fn clone_box(&mut self, at: usize) -> String {
        if self.boxes.len() == BOXES_MAX {
            return "no room for a box".to_owned();
        }
        let mut other = self.boxes[at].clone();
        if self.dice.is_within(80) {
            other.name = Hash::of(&[u8::try_from(self.boxes.len()).unwrap()]);
        }
        let fresh = self.random();
        other.start(fresh);
        self.boxes.push(other);
        "clone".to_owned()
    }

    /// The mall holds what the model holds.
    fn check(&self, town: &Town) {
        let of = |what: &str| {
            let id = self.edge.enrolled.store;
            town.rows(&what.replace("$store", &format!("store_id = {id}")))
        };
        let hex = |hash: &Hash| hash.to_string();
        let ids = self.model.ids.iter().map(|(id, digest)| format!("{id}|{}", hex(digest)));
        assert_eq!(
            of("select id, digest from event_id where $store order by id"),
            ids.collect::<Vec<_>>()
        );
        let bodies = self.model.bodies.values().map(|fact| format!("{}|{}", fact.id, fact.body));
        assert_eq!(
            of("select id, body from event_inbox where $store order by id"),
            bodies.collect::<Vec<_>>()
        );
        let lives = self.model.lives.iter().map(|(epoch, life)| {
            let why = life.why.map_or("enrolled", |found| found.word());
            format!("{epoch}|{}|{}|{why}", life.cursor.acked_seq, hex(&life.cursor.acked_chain))
        });
        assert_eq!(
            of(
                "select epoch, acked_seq, acked_chain, why from edge_life where $store order by epoch"
            ),
            lives.collect::<Vec<_>>()
        );
        let places = self.model.places.iter();
        let places =
            places.map(|((epoch, seq), (id, chain))| format!("{epoch}|{seq}|{id}|{}", hex(chain)));
        assert_eq!(
            of("select epoch, seq, id, chain from event_place where $store order by 1, 2"),
            places.collect::<Vec<_>>()
        );
        let holes = self.model.holes.iter().map(|((epoch, first), hole)| {
            format!("{epoch}|{first}|{}|{}", hole.through, hole.reason)
        });
        assert_eq!(
            of("select epoch, first, through, reason from hole where $store order by 1, 2"),
            holes.collect::<Vec<_>>()
        );
        let mut troubles = BTreeMap::new();
        for ((id, digest), why) in &self.model.troubles {
            let (what, reason) = match why.as_str() {
                "conflict" => ("conflict", "other bytes are held under this id"),
                reason => ("quarantined", reason),
            };
            troubles.insert((*id, hex(digest)), format!("{what}|{reason}"));
        }
        let troubles = troubles.iter().map(|((id, digest), why)| format!("{id}|{digest}|{why}"));
        assert_eq!(
            of("select id, digest, what, reason from trouble where $store order by 1, 2"),
            troubles.collect::<Vec<_>>()
        );
    }
}

/// What the mall reads a fact as.
fn read(fact: &FactV1) -> Read {
    if fact.kind != KIND_ORDER {
        return Read::Newer;
    }
    match serde_json::from_str::<sync::wire::OrderV1>(&fact.body) {
        Err(_) => Read::Bad("not an order: line 1, column 2".to_owned()),
        Ok(order) if order.total_minor == order.list_minor => Read::Work,
        Ok(_) => Read::Bad("the lines do not add up to the total".to_owned()),
    }
}

#[tokio::test]
async fn the_mall_keeps_what_the_model_of_the_simulator_keeps() {
    let town = Town::new().await;
    let first = from_env("GUITAI_SEED", 1);
    let on_a_server = town.folder.place().is_on_a_server();
    let usual = if on_a_server { HISTORIES_ON_A_SERVER } else { HISTORIES };
    for n in 0..usual * from_env("GUITAI_DEEP", 1) {
        let seed = first + n;
        let mut history = History::new(&town, seed, n).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        history.check(&town);
    }
    town.stop().await;
}
