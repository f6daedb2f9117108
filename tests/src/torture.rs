//! Several stores of a chain, two malls over one database, a broker, and somebody who tries to break
//! them.
//!
//! Tills sell without a pause. Meanwhile every process is killed, cables are cut and lead elsewhere,
//! clocks jump, disks are full, ledgers are put back from old copies, and HQ changes prices and
//! settings; each victim has a tormentor of its own, so that many things go wrong at once. In the end
//! all is mended, and what the shoppers hold is compared with what every box and HQ hold.
//!
//! The seed says which blows fall on whom and in which order; when they fall is up to the machine.
//!
//! **Invariant:** the truth is what the tills were told: an order that was confirmed to a cashier is in
//! the mall once, whatever happened, and no number stands on two receipts.

mod blow;
mod site;
mod victim;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    task::{JoinSet, LocalSet},
    time::Instant,
};

pub use self::blow::Blow;
use self::{
    site::{Confirmed, Seller, Site},
    victim::{Counts, Hq, Victim, start},
};
use crate::{
    books::Books,
    cable::{Cable, Weather},
    catalog,
    compare::compare_when_level,
    dice::Dice,
    disk::SmallDisk,
    edge_process::{Boot, EdgeProcess},
    invariants::{CHECKS, Fault, Harm, MallSide, StoreSide, Witness},
    mall_process::MallProcess,
    mosquitto::{self, MALL, Mosquitto},
    port,
    postgres::{self, Postgres},
    store,
    wait::{PATIENCE, until},
};

/// A box's disk has so many mebibytes, and so many more for each minute.
const DISK_MIB: u64 = 64;
const DISK_MIB_A_MINUTE: u64 = 16;

/// Seeds that found something once, or that everybody starts with; the newest last.
pub const KEPT: &[u64] = &[1];

/// Whose programs are of an older version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Old {
    /// Every box runs this one.
    Boxes(PathBuf),
    /// Every mall does.
    Malls(PathBuf),
}

/// What shall be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The same for the same seed: which blows fall, and in which order.
    pub seed: u64,
    /// For so long.
    pub time: Duration,
    /// So many stores.
    pub n_stores: usize,
    /// Who is of an older version.
    pub old: Option<Old>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Blows of each kind.
    counts: Counts,
    /// Ledgers that were looked at by the program that a person asks (`edge-daemon verify`).
    n_verified: usize,
    /// Orders that tills were told of.
    pub n_confirmed: usize,
    /// Orders in the boxes.
    pub n_held: usize,
    /// Orders at HQ.
    pub n_told: usize,
    /// Each invariant that was looked at: its name, what it says, at how many things, how many faults.
    checked: Vec<(&'static str, &'static str, usize, usize)>,
    /// What is lost, there twice or otherwise than it should be.
    pub faults: Vec<Fault>,
}

impl Found {
    /// Blows of some kinds.
    fn blows(&self, of: fn(Blow) -> bool) -> u32 {
        self.counts.iter().filter(|(blow, _)| of(**blow)).map(|(_, times)| times).sum()
    }

    /// Processes that were killed.
    #[must_use]
    pub fn kills(&self) -> u32 {
        self.blows(Blow::is_a_kill)
    }

    /// Faults of a kind.
    #[must_use]
    pub fn harmed(&self, harm: Harm) -> usize {
        self.faults.iter().filter(|fault| fault.harm == harm).count()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, n: usize| writeln!(f, "{what:<56} {n:>8}");
        for (blow, times) in &self.counts {
            row(blow.name(), usize::try_from(*times).unwrap_or(usize::MAX))?;
        }
        for (name, says, n, _) in &self.checked {
            row(&format!("{name:<5} {says}"), *n)?;
        }
        let (kills, cuts) = (self.kills(), self.blows(Blow::is_a_cut));
        for (what, n) in [
            ("ledgers that are what they say (`edge-daemon verify`)", self.n_verified),
            ("orders confirmed to a cashier", self.n_confirmed),
            ("orders in the boxes", self.n_held),
            ("orders at HQ", self.n_told),
            ("kills", usize::try_from(kills).unwrap_or(usize::MAX)),
            ("cuts", usize::try_from(cuts).unwrap_or(usize::MAX)),
            ("lost", self.harmed(Harm::Lost)),
            ("doubled", self.harmed(Harm::Doubled)),
            ("otherwise", self.harmed(Harm::Otherwise)),
        ] {
            row(what, n)?;
        }
        self.faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

struct World {
    folder: PathBuf,
    database: Option<Postgres>,
    broker: Option<Mosquitto>,
    malls: Vec<MallProcess>,
    /// What HQ reads with.
    token: String,
    hq: Option<Hq>,
    sites: Vec<Site>,
    /// Whether boxes can say offline whether a ledger is what it says.
    can_verify: bool,
    dice: Dice,
    is_over: Arc<AtomicBool>,
    found: Found,
}

/// Tortures a chain that is made for it in a folder.
///
/// # Errors
/// When it cannot be set up, or something does not come back that should.
pub async fn torture(plan: Plan, folder: &Path) -> Result<Found> {
    let mut world = World::open(&plan, folder).await?;
    let end = Instant::now() + plan.time;
    // Nothing of it need be sent to another thread.
    let local = LocalSet::new();
    let storm = local.run_until(world.storm(end)).await;
    storm.with_context(|| format!("SEED={}", plan.seed))?;
    world.mend().await.with_context(|| format!("SEED={}: mending", plan.seed))?;
    world.look().await.with_context(|| format!("SEED={}: looking", plan.seed))
}

fn millis(ms: usize) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn code(number: usize) -> String {
    format!("SH{number:03}")
}

impl World {
    async fn open(plan: &Plan, folder: &Path) -> Result<Self> {
        let codes: Vec<String> = (1..=plan.n_stores).map(code).collect();
        let broker = match mosquitto::is_here() {
            true => {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                let mut broker = Mosquitto::on_a_free_port(&folder.join("broker"), &codes)?;
                broker.start().await?;
                Some(broker)
            }
            false => None,
        };
        let mut mall = MallProcess::new(folder.join("mall"), port::free()?);
        if let Some(Old::Malls(program)) = &plan.old {
            mall.run_with(program.clone());
        }
        if let Some(broker) = &broker {
            mall.call(broker.access(MALL));
        }
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
        let token = mall.saving_token("torture").await?;
        let mut malls = vec![mall];
        // Over a file there is one mall.
        if let (Some(first), true) = (malls.first(), database.is_some()) {
            let mut second = first.beside(port::free()?);
            second.start().await?;
            malls.push(second);
        }
        let mut world = Self {
            folder: folder.to_owned(),
            database,
            broker,
            malls,
            token,
            hq: None,
            sites: Vec::new(),
            can_verify: !matches!(plan.old, Some(Old::Boxes(_))),
            dice: Dice::new(plan.seed),
            is_over: Arc::default(),
            found: Found::default(),
        };
        world.settle(plan, &codes).await?;
        Ok(world)
    }

    /// Opens the stores, and HQ's desk.
    async fn settle(&mut self, plan: &Plan, codes: &[String]) -> Result<()> {
        let mall = self.malls.first().context("no mall")?;
        let list = catalog::read(&catalog::demo())?.into_iter();
        let list = Arc::new(list.filter(|item| !item.barcode.is_empty()).collect::<Vec<_>>());
        let size = DISK_MIB + DISK_MIB_A_MINUTE * plan.time.as_secs().div_ceil(60);
        for (number, code) in (1_u64..).zip(codes) {
            store::found_as(mall, code).await?;
            let cable = Cable::lay(mall.port()).await?;
            let mut boot = Boot::on_free_ports(cable.url())?;
            boot.broker = self.broker.as_ref().map(|broker| broker.access(code));
            if matches!(plan.old, Some(Old::Boxes(_))) {
                boot.settings_trial_ms = 0;
            }
            let mut edge = EdgeProcess::new(self.folder.join(code), boot)?;
            if let Some(Old::Boxes(program)) = &plan.old {
                edge.run_with(program.clone());
            }
            let disk = SmallDisk::mount(&edge.data(), u32::try_from(size)?)?;
            edge.enrol(&mall.claim(code).await?).await?;
            edge.start().await?;
            let confirmed = Confirmed::default();
            let seller = Seller {
                till: edge.till(1),
                list: Arc::clone(&list),
                dice: Dice::new(plan.seed.wrapping_add(number)),
                confirmed: Arc::clone(&confirmed),
                is_over: Arc::clone(&self.is_over),
            };
            let selling = tokio::spawn(seller.work());
            let (code, copy) = (code.clone(), self.folder.join(format!("copy-{number}")));
            let malls = self.malls.iter().map(MallProcess::port).collect();
            self.sites.push(Site { code, edge, cable, disk, confirmed, selling, copy, malls });
        }
        self.hq = Some(Hq {
            mall: mall.beside(mall.port()),
            urls: self.malls.iter().map(MallProcess::url).collect(),
            token: self.token.clone(),
            list,
            news: self.folder.join("news.csv"),
            saved: 0,
        });
        Ok(())
    }

    /// Everybody suffers at once.
    async fn storm(&mut self, end: Instant) -> Result<()> {
        let mut victims: Vec<Victim> = Vec::new();
        victims.extend(self.sites.drain(..).map(|site| Victim::Site(Box::new(site))));
        victims.extend(self.malls.drain(..).map(Victim::Mall));
        victims.extend(self.database.take().map(Victim::Database));
        victims.extend(self.broker.take().map(Victim::Broker));
        victims.extend(self.hq.take().map(Victim::Hq));
        let mut suffering = JoinSet::new();
        for victim in victims {
            let seed = u64::try_from(self.dice.below(usize::MAX)).unwrap_or(0);
            suffering.spawn_local(victim.suffer(Dice::new(seed), end));
        }
        while let Some(suffered) = suffering.join_next().await {
            let (victim, counts) = suffered.context("a tormentor fell over")??;
            for (blow, times) in counts {
                *self.found.counts.entry(blow).or_default() += times;
            }
            match victim {
                Victim::Site(site) => self.sites.push(*site),
                Victim::Mall(mall) => self.malls.push(mall),
                Victim::Database(database) => self.database = Some(database),
                Victim::Broker(broker) => self.broker = Some(broker),
                Victim::Hq(hq) => self.hq = Some(hq),
            }
        }
        Ok(())
    }

    /// Everything is there and well again, and everything is told.
    async fn mend(&mut self) -> Result<()> {
        for mall in &mut self.malls {
            if !mall.is_running()? {
                start(mall).await?;
            }
        }
        for site in &mut self.sites {
            site.cable.turn(Weather::Fair);
            site.edge.hand().put_ahead(0)?;
        }
        // The last word is HQ's, and must reach everybody. A mall whose database has just come back may
        // refuse the first.
        let (hq, dice) = (self.hq.as_mut().context("nobody is at HQ")?, &mut self.dice);
        until("HQ to set something", PATIENCE, async || Ok(hq.set(dice).await.ok())).await?;
        self.is_over.store(true, Ordering::Relaxed);
        for site in &mut self.sites {
            (&mut site.selling).await.context("a till stood still")?;
            site.all_told().await?;
        }
        Ok(())
    }

    /// Reads all books.
    fn witness(&self) -> Result<Witness> {
        let mall = self.malls.first().context("no mall")?;
        let file = || Books::File(mall.data().join("mall.db"));
        let books = self.database.as_ref().map_or_else(file, Books::Server);
        let sides = self.sites.iter();
        let sides =
            sides.map(|site| StoreSide::read(&site.code, &site.edge.data(), site.confirmed()));
        Ok(Witness { stores: sides.collect::<Result<_>>()?, mall: MallSide::read(&books)? })
    }

    /// Compares what was confirmed, what the boxes hold and what HQ holds.
    async fn look(mut self) -> Result<Found> {
        let mall = self.malls.first().context("no mall")?;
        for site in &self.sites {
            let ledger = site.edge.ledger()?;
            let compared =
                compare_when_level(mall, &self.token, &site.code, &ledger, PATIENCE).await?;
            self.found.n_held += compared.n_edge;
            self.found.n_told += compared.n_mall;
            self.found.faults.extend(compared.differences.into_iter().map(Fault::otherwise));
            self.found.n_confirmed += site.confirmed().len();
        }
        // Prices and settings may be on their way still.
        let mut witness = self.witness()?;
        let is_level =
            |witness: &Witness| CHECKS.iter().all(|check| (check.look)(witness).1.is_empty());
        let _ = until("all stores to be level", PATIENCE, async || {
            witness = self.witness()?;
            Ok(is_level(&witness).then_some(()))
        })
        .await;
        for check in CHECKS {
            let (n, faults) = (check.look)(&witness);
            self.found.checked.push((check.name, check.says, n, faults.len()));
            let named = faults
                .into_iter()
                .map(|fault| Fault { told: format!("{}: {}", check.name, fault.told), ..fault });
            self.found.faults.extend(named);
        }
        for site in &mut self.sites {
            site.edge.stop().await?;
            if self.can_verify {
                let said = site.edge.verify(&site.edge.data()).await?;
                let (code, told) = (&site.code, String::from_utf8_lossy(&said.stdout));
                if said.status.success() {
                    self.found.n_verified += 1;
                } else {
                    let told = format!("the ledger of {code} is not what it says:\n{told}");
                    self.found.faults.push(Fault::otherwise(told));
                }
            }
        }
        for mall in &mut self.malls {
            mall.stop().await?;
        }
        ensure!(self.found.n_confirmed > 0, "nobody sold anything");
        Ok(self.found)
    }
}
