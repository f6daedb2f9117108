//! Several stores of a chain, two malls over one database, and somebody who tries to break them.
//!
//! Tills sell without a pause. Meanwhile boxes, malls and the database are killed, cables are cut and
//! lead elsewhere, clocks jump, ledgers are put back from old copies. In the end all is mended, and
//! what the shoppers hold is compared with what every box and HQ hold.
//!
//! **Invariant:** the truth is what the tills were told: an order that was confirmed to a cashier is in
//! the mall once, whatever happened, and no number stands on two receipts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    cable::{Cable, Weather},
    catalog::{self, Listed},
    compare::compare_when_level,
    dice::Dice,
    edge_process::{Boot, EdgeProcess},
    folder,
    mall_process::MallProcess,
    port,
    postgres::{self, Postgres},
    store::{self, OPERATORS},
    till::Till,
    wait::{PATIENCE, until},
};

/// How often a till looks that cannot go on.
const LOOK: Duration = Duration::from_millis(50);
/// A blow lasts so long at most, in milliseconds.
const BLOW_MS_MAX: usize = 3_000;
/// Between two blows so much time passes at most, in milliseconds.
const PAUSE_MS_MAX: usize = 1_500;
/// A clock jumps so far at most, in seconds: back and forth over the end of a business day.
const JUMP_S_MAX: usize = 90_000;
/// What a cashier hands over is so many lines at most.
const LINES_MAX: usize = 3;

/// What shall be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The same for the same seed: which blows fall, and in which order.
    pub seed: u64,
    /// For so long.
    pub time: Duration,
    /// So many stores.
    pub n_stores: usize,
}

/// A blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    BoxKilled,
    MallKilled,
    DatabaseKilled,
    CableCut,
    CableSilent,
    AnswersCutOff,
    OtherMall,
    ClockJumps,
    LedgerPutBack,
    PriceChanges,
}

impl Blow {
    const ALL: [Self; 10] = [
        Self::BoxKilled,
        Self::MallKilled,
        Self::DatabaseKilled,
        Self::CableCut,
        Self::CableSilent,
        Self::AnswersCutOff,
        Self::OtherMall,
        Self::ClockJumps,
        Self::LedgerPutBack,
        Self::PriceChanges,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::BoxKilled => "boxes killed",
            Self::MallKilled => "malls killed",
            Self::DatabaseKilled => "databases killed",
            Self::CableCut => "cables cut",
            Self::CableSilent => "cables that went silent",
            Self::AnswersCutOff => "cables that cut answers off",
            Self::OtherMall => "cables led to the other mall",
            Self::ClockJumps => "clocks that jumped",
            Self::LedgerPutBack => "ledgers put back from a copy",
            Self::PriceChanges => "prices changed by HQ",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Blows of each kind.
    blows: BTreeMap<Blow, u32>,
    /// Orders that tills were told of.
    pub n_confirmed: usize,
    /// Orders in the boxes.
    pub n_held: usize,
    /// Orders at HQ.
    pub n_told: usize,
    /// What is lost, there twice or otherwise than it should be, a sentence each.
    pub faults: Vec<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (blow, times) in &self.blows {
            writeln!(f, "{:<34} {times:>8}", blow.name())?;
        }
        for (what, n) in [
            ("orders confirmed to a cashier", self.n_confirmed),
            ("orders in the boxes", self.n_held),
            ("orders at HQ", self.n_told),
            ("lost, doubled or otherwise", self.faults.len()),
        ] {
            writeln!(f, "{what:<34} {n:>8}")?;
        }
        self.faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

/// What a cashier was told: the order's id and what is on the paper.
type Confirmed = Arc<Mutex<BTreeMap<Uuid, String>>>;

/// A store: its box, its cable, and the person at its till.
struct Site {
    code: String,
    edge: EdgeProcess,
    cable: Cable,
    confirmed: Confirmed,
    selling: JoinHandle<()>,
}

struct World {
    folder: PathBuf,
    database: Option<Postgres>,
    malls: Vec<MallProcess>,
    token: String,
    sites: Vec<Site>,
    list: Arc<Vec<Listed>>,
    dice: Dice,
    is_over: Arc<AtomicBool>,
    found: Found,
}

/// Tortures a chain that is made for it in a folder.
///
/// # Errors
/// When it cannot be set up, or something does not come back that should.
pub async fn torture(plan: Plan, folder: &Path) -> Result<Found> {
    let mut world = World::open(plan, folder).await?;
    let end = Instant::now() + plan.time;
    let mut bag = Vec::new();
    while Instant::now() < end {
        // Each falls once before any falls again.
        if bag.is_empty() {
            bag = Blow::ALL.to_vec();
        }
        let blow = bag.swap_remove(world.dice.below(bag.len()));
        let struck = world.strike(blow).await;
        struck.with_context(|| format!("SEED={}: {}", plan.seed, blow.name()))?;
        let pause = world.dice.below(PAUSE_MS_MAX);
        sleep(millis(pause)).await;
    }
    world.mend().await.with_context(|| format!("SEED={}: mending", plan.seed))?;
    world.look().await
}

fn millis(ms: usize) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

impl World {
    async fn open(plan: Plan, folder: &Path) -> Result<Self> {
        let mut mall = MallProcess::new(folder.join("mall"), port::free()?);
        let database = match postgres::is_here() {
            true => {
                let mut server = Postgres::lay(&folder.join("pg"))?;
                server.start().await?;
                mall.keep_books_in(format!("{}/postgres", server.url()));
                Some(server)
            }
            false => None,
        };
        mall.start().await?;
        mall.import(&catalog::demo()).await?;
        let token = mall.token("torture").await?;
        let list = catalog::read(&catalog::demo())?;
        let list: Vec<Listed> = list.into_iter().filter(|item| !item.barcode.is_empty()).collect();
        let (list, is_over) = (Arc::new(list), Arc::new(AtomicBool::new(false)));
        let dice = Dice::new(plan.seed);
        let mut sites = Vec::new();
        for number in 1..=plan.n_stores {
            let code = format!("SH{number:03}");
            store::found_as(&mall, &code).await?;
            let cable = Cable::lay(mall.port()).await?;
            let boot = Boot::on_free_ports(cable.url())?;
            let mut edge = EdgeProcess::new(folder.join(&code), boot)?;
            edge.enrol(&mall.claim(&code).await?).await?;
            edge.start().await?;
            let confirmed = Confirmed::default();
            let seller = Seller {
                till: edge.till(1),
                list: Arc::clone(&list),
                dice: Dice::new(plan.seed.wrapping_add(u64::try_from(number)?)),
                confirmed: Arc::clone(&confirmed),
                is_over: Arc::clone(&is_over),
            };
            let selling = tokio::spawn(seller.work());
            sites.push(Site { code, edge, cable, confirmed, selling });
        }
        let mut malls = vec![mall];
        // Over a file there is one mall.
        if let (Some(first), true) = (malls.first(), database.is_some()) {
            let mut second = first.beside(port::free()?);
            second.start().await?;
            malls.push(second);
        }
        let folder = folder.to_owned();
        let found = Found::default();
        Ok(Self { folder, database, malls, token, sites, list, dice, is_over, found })
    }

    async fn strike(&mut self, blow: Blow) -> Result<()> {
        let lasts = millis(self.dice.below(BLOW_MS_MAX));
        let (site, mall) = (self.dice.below(self.sites.len()), self.dice.below(self.malls.len()));
        let port = self.malls.get(mall).context("no mall")?.port();
        let struck = match blow {
            Blow::BoxKilled => {
                let edge = &mut self.site(site)?.edge;
                edge.kill();
                sleep(lasts).await;
                edge.start().await?;
                true
            }
            Blow::MallKilled => {
                let mall = self.malls.get_mut(mall).context("no mall")?;
                mall.kill();
                sleep(lasts).await;
                mall.start().await?;
                true
            }
            Blow::DatabaseKilled => match &mut self.database {
                Some(database) => {
                    database.kill();
                    sleep(lasts).await;
                    database.start().await?;
                    true
                }
                None => false,
            },
            Blow::CableCut => self.weather(site, Weather::Cut, lasts).await?,
            Blow::CableSilent => self.weather(site, Weather::Silent, lasts).await?,
            Blow::AnswersCutOff => self.weather(site, Weather::HalfAnswers(20), lasts).await?,
            Blow::OtherMall => {
                self.site(site)?.cable.lead_to(port);
                true
            }
            Blow::ClockJumps => {
                let jump = i64::try_from(self.dice.below(2 * JUMP_S_MAX))?;
                let jump = jump - i64::try_from(JUMP_S_MAX)?;
                self.site(site)?.edge.hand().put_ahead(jump)?;
                true
            }
            Blow::LedgerPutBack => self.put_back(site, lasts).await?,
            Blow::PriceChanges => self.reprice(mall).await.is_ok(),
        };
        if struck {
            *self.found.blows.entry(blow).or_default() += 1;
        }
        Ok(())
    }

    fn site(&mut self, number: usize) -> Result<&mut Site> {
        self.sites.get_mut(number).context("no such store")
    }

    async fn weather(&mut self, site: usize, weather: Weather, lasts: Duration) -> Result<bool> {
        let cable = &self.site(site)?.cable;
        cable.turn(weather);
        sleep(lasts).await;
        cable.turn(Weather::Fair);
        Ok(true)
    }

    /// Puts back an old copy of a ledger; where there is none yet, one is made, and the till sells on for
    /// a while. What had not reached HQ would be gone with a disk, so that waits until it has.
    async fn put_back(&mut self, number: usize, lasts: Duration) -> Result<bool> {
        let copy = self.folder.join(format!("copy-{number}"));
        let site = self.site(number)?;
        let data = site.edge.data();
        if !copy.exists() {
            site.edge.stop().await?;
            folder::copy(&data, &copy)?;
            site.edge.start().await?;
            sleep(lasts).await;
        }
        site.all_told().await?;
        site.edge.stop().await?;
        // Whoever sold between the look and the stop had it confirmed and not told.
        let is_told = site.edge.ledger()?.n_untold()? == 0;
        if is_told {
            std::fs::remove_dir_all(&data).context("could not throw a ledger away")?;
            folder::copy(&copy, &data)?;
        }
        site.edge.start().await?;
        Ok(is_told)
    }

    /// HQ gives an item another price, or the one it had. It may find no mall or no database.
    async fn reprice(&mut self, mall: usize) -> Result<()> {
        let item = self.dice.pick(&self.list).context("nothing is sold")?;
        let fen = item.price + i64::try_from(self.dice.below(100))?;
        let row = catalog::row_with_price(&catalog::demo(), &item.sku, &yuan(fen))?;
        let news = self.folder.join("news.csv");
        std::fs::write(&news, row).context("could not write the news")?;
        self.malls.get(mall).context("no mall")?.import(&news).await.map(|_| ())
    }

    /// Everything is there and well again, and everything is told.
    async fn mend(&mut self) -> Result<()> {
        for site in &mut self.sites {
            site.cable.turn(Weather::Fair);
            site.edge.hand().put_ahead(0)?;
        }
        self.is_over.store(true, Ordering::Relaxed);
        for site in &mut self.sites {
            (&mut site.selling).await.context("a till stood still")?;
            site.all_told().await?;
        }
        Ok(())
    }

    /// Compares what was confirmed, what the boxes hold and what HQ holds.
    async fn look(mut self) -> Result<Found> {
        let mall = self.malls.first().context("no mall")?;
        let mut numbers = BTreeSet::new();
        for site in &self.sites {
            let ledger = site.edge.ledger()?;
            ledger.check_file()?;
            let compared =
                compare_when_level(mall, &self.token, &site.code, &ledger, PATIENCE).await?;
            self.found.n_held += compared.n_edge;
            self.found.n_told += compared.n_mall;
            self.found.faults.extend(compared.differences);
            let orders = ledger.orders()?;
            let held: BTreeMap<Uuid, &String> =
                orders.iter().map(|order| (order.id.uuid(), &order.receipt_number)).collect();
            let confirmed = site.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
            self.found.n_confirmed += confirmed.len();
            for (id, number) in &*confirmed {
                if held.get(id) != Some(&number) {
                    self.found.faults.push(format!("{number} was confirmed and is not held"));
                }
                if !numbers.insert(number.clone()) {
                    self.found.faults.push(format!("{number} stands on two receipts"));
                }
            }
        }
        for site in &mut self.sites {
            site.edge.stop().await?;
        }
        for mall in &mut self.malls {
            mall.stop().await?;
        }
        ensure!(self.found.n_confirmed > 0, "nobody sold anything");
        Ok(self.found)
    }
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

impl Site {
    /// Waits until HQ has been told everything, and everything that was lost is back.
    async fn all_told(&self) -> Result<()> {
        let what = format!("{} to have told everything", self.code);
        until(what, PATIENCE, async || {
            let ledger = self.edge.ledger()?;
            Ok((ledger.n_untold()? == 0 && !ledger.has_lost()?).then_some(()))
        })
        .await
    }
}

/// Somebody who sells until it is over, whatever the screen says.
struct Seller {
    till: Till,
    list: Arc<Vec<Listed>>,
    dice: Dice,
    confirmed: Confirmed,
    is_over: Arc<AtomicBool>,
}

impl Seller {
    async fn work(mut self) {
        while !self.is_over.load(Ordering::Relaxed) {
            // A box that is away says nothing, and a cashier tries again.
            if self.step().await.is_err() {
                sleep(LOOK).await;
            }
        }
    }

    /// The one thing that is to be done as the screen stands.
    async fn step(&mut self) -> Result<()> {
        let (operator, _, _, pin) = OPERATORS[0];
        let Ok(view) = self.till.view().await else {
            self.till.sign_in(operator, pin).await?.done::<serde_json::Value>()?;
            return Ok(());
        };
        match view.phase.as_str() {
            "signed-out" => {
                self.till.sign_in(operator, pin).await?.done::<serde_json::Value>()?;
            }
            "done" => {
                // The screen says so, also when the answer was lost.
                if let Some(order) = &view.last_order {
                    self.confirm(order.id, &order.receipt_number);
                }
                self.till.done(&self.till.leave_done()).await?;
            }
            "tender" => {
                let due = view.tender.as_ref().context("nothing is due")?.cash.due.amount;
                let done = self.till.pay(&view, due).await?;
                self.confirm(done.order.id, &done.order.receipt_number);
            }
            _ => {
                let n_lines = view.cart.as_ref().map_or(0, |cart| cart.lines.len());
                if n_lines > 0 && (n_lines >= LINES_MAX || self.dice.is_within(50)) {
                    self.till.done(&self.till.to_tender()).await?;
                } else {
                    let item = self.dice.pick(&self.list).context("nothing is sold")?;
                    self.till.done(&self.till.scan(&item.barcode)).await?;
                }
            }
        }
        Ok(())
    }

    fn confirm(&self, order: Uuid, number: &str) {
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.insert(order, number.to_owned());
    }
}
