//! A thousand stores at once, against one real mall and one real broker.
//!
//! The stores are fakes in one process: each has a key, a claim, an outbox in memory and a line to the
//! broker, and says what an edge node says, decided by the same pure core (`sync::uplink`). Everything
//! that they call is real.
//!
//! 1. All come at once with a backlog, each with a session, batches, its settings and its line.
//! 2. In the middle of that, mall and broker are killed, and everybody comes back at once.
//! 3. HQ sets something for all, and all believe it.
//! 4. The mall's books are read: every fact once, every chain whole, every order made once.
//!
//! **Invariant:** a store that is told to come later comes later; what it holds is the truth that the
//! mall's books are compared with.

pub mod ear;
pub mod member;
pub mod outbox;
pub mod tally;
pub mod town;
pub mod way;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use sync::wire::{OrderV1, SettingsHeldV1};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    ear::{Awaited, Ear},
    member::Member,
    outbox::Outbox,
    tally::{Counted, Tally},
    town::Settled,
    way::{Heard, Way},
};
use crate::{
    bench::figure::Watch,
    books::Books,
    dice::Dice,
    invariants::{CHECKS, Fault, Harm, MallSide, StoreSide, Witness},
    ledger,
    mall_process::MallProcess,
    mosquitto::{self, MALL, Mosquitto},
    port,
    postgres::Postgres,
    wait::until,
};

/// Nothing that the crowd waits for takes longer, on a busy machine and in a debug build.
const PATIENCE: Duration = Duration::from_secs(600);
/// Mall and broker are dead for so long.
const DEAD: Duration = Duration::from_secs(1);
/// How soon stores come that all come at once, in milliseconds: the wires of a machine that has been
/// switched on.
const SPREAD_MS: usize = 500;

/// What shall be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What is picked.
    pub seed: u64,
    /// So many stores.
    pub n_stores: u32,
    /// So many orders wait in each.
    pub backlog: u32,
    /// Whether the mall keeps its books on a server.
    pub is_on_server: bool,
    /// Whether mall and broker are killed in the middle.
    pub is_cut: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    n_stores: u32,
    n_facts: u32,
    counted: Counted,
    settled: Duration,
    drained: Duration,
    processed: Duration,
    lined: Duration,
    /// From HQ's click until the last store believed it; nothing without a broker.
    pub reached: Option<Duration>,
    /// From a publish by hand until the last store heard it.
    pub fanned: Option<Duration>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

fn ms(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = &self.counted;
        let harmed = |harm| self.faults.iter().filter(|fault| fault.harm == harm).count();
        let per_s = u128::from(self.n_facts) * 1_000 / self.drained.as_millis().max(1);
        let none = "no broker".to_owned();
        for (what, value) in [
            ("stores", self.n_stores.to_string()),
            ("enrolled within", ms(self.settled)),
            ("a first session for all within", ms(counted.all_begun)),
            ("sessions", counted.n_sessions.to_string()),
            ("batches", counted.n_batches.to_string()),
            ("told to come later, and did", counted.n_later.to_string()),
            ("calls that nobody answered", counted.n_silent.to_string()),
            ("facts that waited", self.n_facts.to_string()),
            ("told within, kill and all", format!("{}, {per_s} a second", ms(self.drained))),
            ("orders made of them within", ms(self.processed)),
            ("lines to the broker came up", counted.n_lines.to_string()),
            ("all lines up within", ms(self.lined)),
            ("settings in force everywhere within", self.reached.map_or(none.clone(), ms)),
            ("a bare message everywhere within", self.fanned.map_or(none, ms)),
            ("lost", harmed(Harm::Lost).to_string()),
            ("doubled", harmed(Harm::Doubled).to_string()),
            ("otherwise", harmed(Harm::Otherwise).to_string()),
        ] {
            writeln!(f, "{what:<40} {value}")?;
        }
        self.faults.iter().take(40).try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

/// A crowd that has its places, with the mall and the broker it calls.
#[derive(Debug)]
pub struct Crowd {
    /// The mall.
    pub mall: MallProcess,
    /// Its database, where that is not a file.
    pub server: Option<Postgres>,
    /// The broker, where there is one.
    pub broker: Option<Mosquitto>,
    /// Every store.
    pub stores: Vec<Settled>,
    /// What is counted.
    pub tally: Arc<Tally>,
    client: Client,
    token: String,
    awaited: watch::Sender<Awaited>,
    stop: CancellationToken,
    lines: JoinSet<Result<()>>,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Crowd {
    /// Opens mall and broker, and gives every store its place.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open(folder: &Path, n_stores: u32, is_on_server: bool) -> Result<Self> {
        let mut mall = MallProcess::new(folder.join("mall"), port::free()?);
        let codes: Vec<String> = (0..n_stores).map(town::code).collect();
        let mut broker = None;
        if mosquitto::is_here() {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            let mut laid = Mosquitto::on_a_free_port(&folder.join("broker"), &codes)?;
            laid.start().await?;
            mall.call(laid.access(MALL));
            broker = Some(laid);
        }
        let mut server = None;
        if is_on_server {
            let mut laid = Postgres::lay(&folder.join("pg"))?;
            laid.start().await?;
            mall.keep_books_in(format!("{}/postgres", laid.url()));
            server = Some(laid);
        }
        mall.start().await?;
        let token = mall.saving_token("crowd").await?;
        let client = way::client()?;
        let stores = town::settle(&mall, server.as_ref(), &client, n_stores).await?;
        Ok(Self {
            mall,
            server,
            broker,
            stores,
            tally: Arc::default(),
            client,
            token,
            awaited: watch::Sender::default(),
            stop: CancellationToken::new(),
            lines: JoinSet::new(),
        })
    }

    fn way(&self, store: &Settled) -> Way {
        let (client, url) = (self.client.clone(), self.mall.url());
        Way { client, url, edge: store.edge, key: store.key.clone() }
    }

    /// The stores with so many orders each that wait.
    ///
    /// # Errors
    /// When an order cannot be made.
    pub fn members(&self, backlog: u32, seed: u64) -> Result<Vec<Member>> {
        let at = way::now();
        let each = (1_u32..).zip(&self.stores).map(|(number, store)| {
            let outbox = Outbox::of_orders(&store.code, number, store.epoch, backlog, at)?;
            let dice = Dice::new(seed.wrapping_add(u64::from(number)));
            Ok(Member::new(store.code.clone(), self.way(store), outbox, dice))
        });
        each.collect()
    }

    /// Calls the broker for every store, each after it has asked for the keys that it believes.
    pub fn listen(&mut self, seed: u64) {
        let Some(broker) = &self.broker else { return };
        for (number, store) in (1_u64..).zip(&self.stores) {
            let mut dice = Dice::new(seed.wrapping_add(number << 32));
            let (way, access, code) =
                (self.way(store), broker.access(&store.code), store.code.clone());
            let (tally, awaited) = (Arc::clone(&self.tally), self.awaited.subscribe());
            let stop = self.stop.clone();
            self.lines.spawn(async move {
                tokio::time::sleep(Duration::from_millis(u64::try_from(dice.below(SPREAD_MS))?))
                    .await;
                let keys = keys(&way, &stop).await;
                let code = code.parse().ok().context("no code of a store")?;
                let ear = Ear { code, edge: way.edge, keys, access, tally, awaited };
                ear.listen(dice, stop).await
            });
        }
    }

    /// Waits until so many lines have come up in all.
    ///
    /// # Errors
    /// When they do not.
    pub async fn lines_up(&self, n: u32) -> Result<()> {
        until("every line to the broker to be up", PATIENCE, async || {
            Ok((self.tally.counted().n_lines >= n).then_some(()))
        })
        .await
    }

    /// HQ sets something for all stores for the `n`th time; the time until the last one believed it.
    ///
    /// # Errors
    /// When it is refused, or does not come to all.
    pub async fn set(&self, n: i64) -> Result<Duration> {
        self.awaited.send_modify(|awaited| awaited.revision = n);
        self.tally.count(|counted| counted.believed.clear());
        let word = if n % 2 == 0 { "none" } else { "jiao_down" };
        let body = json!({ "settings": { "tender": { "cash_rounding": word } } });
        let (watch, began) = (Watch::start(), self.tally.now());
        self.mall.put(&self.token, "/hq/v1/settings", "*", &body).await?.done::<Value>()?;
        let all = until("all stores to believe it", PATIENCE, async || {
            let believed = self.tally.counted().believed;
            Ok((believed.len() >= self.stores.len()).then_some(believed))
        });
        let all = all.await.with_context(|| format!("after {:?}", watch.elapsed()))?;
        Ok(all.iter().max().copied().unwrap_or_default().saturating_sub(began))
    }

    /// Publishes a bell by hand; the time until the last store heard it.
    ///
    /// # Errors
    /// When it does not come to all.
    pub async fn ring(&self, hq: &mosquitto::Client, n: i64) -> Result<Duration> {
        let scope = format!("floor-{n}");
        self.awaited.send_modify(|awaited| awaited.bell.clone_from(&scope));
        self.tally.count(|counted| counted.rung.clear());
        let began = self.tally.now();
        let payload = json!({ "scopes": { scope: n } }).to_string();
        hq.retain("guitai/v1/all/bell", payload.as_bytes()).await?;
        let all = until("all stores to hear it", PATIENCE, async || {
            let rung = self.tally.counted().rung;
            Ok((rung.len() >= self.stores.len()).then_some(rung))
        });
        Ok(all.await?.iter().max().copied().unwrap_or_default().saturating_sub(began))
    }

    /// Waits until nothing waits in the inbox.
    ///
    /// # Errors
    /// When something always does.
    pub async fn processed(&self) -> Result<()> {
        until("orders to be made of all", PATIENCE, async || {
            let waiting = "select count(*) from event_inbox where state = 'waiting'";
            let n = self.books().rows(waiting)?;
            Ok((n == [["0"]]).then_some(()))
        })
        .await
    }

    /// The mall's books.
    #[must_use]
    pub fn books(&self) -> Books<'_> {
        let file = || Books::File(self.mall.data().join("mall.db"));
        self.server.as_ref().map_or_else(file, Books::Server)
    }

    /// Kills mall and broker, and starts them again.
    async fn cut(&mut self) -> Result<()> {
        self.mall.kill();
        if let Some(broker) = &mut self.broker {
            broker.kill();
        }
        tokio::time::sleep(DEAD).await;
        if let Some(broker) = &mut self.broker {
            broker.start().await?;
        }
        self.mall.start().await
    }
}

/// The keys of the mall, asked for as often as it takes.
async fn keys(way: &Way, stop: &CancellationToken) -> Vec<sync::settings::SettingsKeyV1> {
    while !stop.is_cancelled() {
        match way.get::<SettingsHeldV1>(sync::path::SETTINGS).await {
            Heard::Done(held) => return held.keys,
            Heard::Refused(no) => {
                let ms = no.retry_after_ms.unwrap_or(1_000);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            Heard::Silent => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    Vec::new()
}

/// Plays it all.
///
/// # Errors
/// When it cannot be set up, or something does not come back that should.
pub async fn crowd(plan: Plan, folder: &Path) -> Result<Found> {
    let mut found = Found { n_stores: plan.n_stores, ..Found::default() };
    found.n_facts = plan.n_stores * plan.backlog;
    let watch = Watch::start();
    let mut crowd = Crowd::open(folder, plan.n_stores, plan.is_on_server).await?;
    found.settled = watch.elapsed();
    crowd.tally = Arc::default();
    let watch = Watch::start();
    crowd.listen(plan.seed);
    let mut telling = JoinSet::new();
    for mut member in crowd.members(plan.backlog, plan.seed)? {
        let tally = Arc::clone(&crowd.tally);
        telling.spawn(async move {
            let ms = member.dice.below(SPREAD_MS);
            tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
            member.tell(&tally).await;
            tally.count(|n| n.n_told += 1);
            member
        });
    }
    let mut n_lines = plan.n_stores;
    if plan.is_cut {
        let some = plan.n_stores / 4;
        until("a quarter to have told all", PATIENCE, async || {
            Ok((crowd.tally.counted().n_told >= some).then_some(()))
        })
        .await?;
        n_lines += crowd.tally.counted().n_lines;
        crowd.cut().await?;
    }
    let mut members = Vec::new();
    while let Some(member) = telling.join_next().await {
        members.push(member.context("a store fell over")?);
    }
    found.drained = watch.elapsed();
    crowd.processed().await?;
    found.processed = watch.elapsed();
    if let Some(broker) = &crowd.broker {
        // Some lines were not up yet when they were cut.
        crowd.lines_up(n_lines.saturating_sub(plan.n_stores / 10)).await?;
        found.lined = watch.elapsed();
        let hq = broker.call(MALL, &[]).await?;
        found.reached = Some(crowd.set(1).await?);
        found.fanned = Some(crowd.ring(&hq, 1).await?);
    }
    found.counted = crowd.tally.counted();
    found.faults = faults(&crowd, &members, &found)?;
    crowd.mall.stop().await?;
    Ok(found)
}

/// What is wrong with the mall's books, and with what it said on the way.
fn faults(crowd: &Crowd, members: &[Member], found: &Found) -> Result<Vec<Fault>> {
    let mall = MallSide::read(&crowd.books())?;
    let (prices, settings) = (mall.prices.clone(), mall.settings);
    let stores = members.iter().map(|member| {
        let told = member.outbox.facts.iter();
        let told = told.map(|fact| serde_json::from_str(&fact.body).context("no order"));
        let told: Vec<OrderV1> = told.collect::<Result<_>>()?;
        let number = |order: &OrderV1| (order.id.uuid(), order.receipt_number.clone());
        let date = |order: &OrderV1| (order.id.uuid(), order.business_date.to_string());
        Ok(StoreSide {
            code: member.code.clone(),
            confirmed: told.iter().map(number).collect(),
            orders: told.iter().map(number).collect(),
            dates: told.iter().map(date).collect(),
            facts: member.outbox.facts.iter().map(|fact| held(member, fact)).collect(),
            prices: prices.clone(),
            settings,
            ..StoreSide::default()
        })
    });
    let witness = Witness { stores: stores.collect::<Result<_>>()?, mall };
    ensure!(found.n_facts == 0 || !witness.mall.ids.is_empty(), "the mall holds nothing");
    let mut faults: Vec<Fault> =
        found.counted.refusals.iter().cloned().map(Fault::otherwise).collect();
    if found.counted.n_disbelieved > 0 {
        let n = found.counted.n_disbelieved;
        faults.push(Fault::otherwise(format!("{n} envelopes were not believed")));
    }
    for check in CHECKS {
        let (_, found) = (check.look)(&witness);
        let named = found.into_iter();
        faults
            .extend(named.map(|fault| Fault { told: format!("{}: {fault}", check.name), ..fault }));
    }
    Ok(faults)
}

fn held(member: &Member, fact: &sync::wire::FactV1) -> ledger::Fact {
    let is_acked = fact.seq <= member.outbox.acked;
    ledger::Fact {
        epoch: member.outbox.epoch,
        place: fact.seq,
        id: fact.id,
        kind: fact.kind.clone(),
        state: if is_acked { "acked" } else { "pending" }.to_owned(),
        digest: fact.digest,
        chain: fact.chain,
    }
}
