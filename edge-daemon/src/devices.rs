//! The store's devices: which there are, how they are, and who tends each.
//!
//! One task per printer asks, prints and kicks; one thread per scanner connection reads.
//!
//! **Invariant:** nothing here waits for the mall, and no order waits for anything here.

mod paper;
mod pole;
mod printer;
mod scanner;
pub(crate) mod sim;

pub(crate) use paper::{called, rows_of};

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{receipt::Row, receipt_number::WorkstationNumber, time::Timestamp};
use drivers::printer::{document::Paper, escpos, gbk};
use sync::wire::StoreV1;
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    DaemonError,
    context::{Context, mint},
    db::{DbError, call, orders, post_void, spool, station},
    screens::LastOrder,
    station::Priced,
};

/// How a printer is, as the till tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrinterState {
    /// Prints.
    Ready,
    /// Does not answer.
    Gone,
    /// Out of paper.
    PaperOut,
    /// Its cover is open.
    CoverOpen,
    /// Stopped by an error of its own, e.g. the cutter.
    Stopped,
}

/// A wish that must be met now or not at all: a drawer that opens late is worse than one that
/// stays shut.
#[derive(Clone, Copy, Debug)]
struct Kick {
    asked_at: Timestamp,
}

/// What a printer's task is asked for besides receipts.
#[derive(Debug)]
enum Wish {
    /// Open the drawer.
    Drawer(Kick),
    /// Print a test slip now or not at all, and say what came of it.
    Test(Vec<Row>, oneshot::Sender<Tested>),
}

/// What came of a test slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tested {
    /// It is on paper, as far as the printer says.
    Printed,
    /// The printer is not ready; nothing was sent.
    NotReady(PrinterState),
    /// Some of it may be on paper.
    Doubtful,
}

/// A drawer is opened within this time of being asked, or not at all.
const KICK_LATE_MS: i64 = 3_000;
/// Wishes for a drawer or a test slip that wait for one printer.
const WISHES_WAITING_MAX: usize = 4;

#[derive(Debug)]
struct Known {
    state: PrinterState,
    since: Timestamp,
    wishes: mpsc::Sender<Wish>,
}

/// How the devices are.
#[derive(Debug, Default)]
pub(crate) struct Health {
    printers: Mutex<BTreeMap<WorkstationNumber, Known>>,
    doubts: Mutex<BTreeMap<WorkstationNumber, u32>>,
    sims: Mutex<BTreeMap<WorkstationNumber, Arc<sim::SimDevices>>>,
    heard: Mutex<BTreeMap<WorkstationNumber, Timestamp>>,
}

impl Health {
    /// Whether receipts of this workstation have a printer.
    pub(crate) fn has_printer(&self, workstation: WorkstationNumber) -> bool {
        self.printers.lock().is_ok_and(|printers| printers.contains_key(&workstation))
    }

    /// A printer that is not ready, and since when.
    pub(crate) fn trouble(
        &self,
        workstation: WorkstationNumber,
    ) -> Option<(PrinterState, Timestamp)> {
        let printers = self.printers.lock().ok()?;
        let known = printers.get(&workstation)?;
        (known.state != PrinterState::Ready).then_some((known.state, known.since))
    }

    /// Receipts of a workstation that nobody is sure about, if there are any.
    pub(crate) fn doubt(&self, workstation: WorkstationNumber) -> Option<u32> {
        let count = self.doubts.lock().ok()?.get(&workstation).copied()?;
        (count > 0).then_some(count)
    }

    /// Asks for the drawer of a workstation to open now; `false` when it has none.
    pub(crate) fn ask_drawer(&self, workstation: WorkstationNumber, now: Timestamp) -> bool {
        let Ok(printers) = self.printers.lock() else {
            return false;
        };
        let Some(known) = printers.get(&workstation) else {
            return false;
        };
        known.wishes.try_send(Wish::Drawer(Kick { asked_at: now })).is_ok()
    }

    /// Asks for a test slip; `None` when the workstation has no printer, or it is busy.
    pub(crate) fn ask_test(
        &self,
        workstation: WorkstationNumber,
        rows: Vec<Row>,
    ) -> Option<oneshot::Receiver<Tested>> {
        let (reply, answer) = oneshot::channel();
        let printers = self.printers.lock().ok()?;
        printers.get(&workstation)?.wishes.try_send(Wish::Test(rows, reply)).ok()?;
        Some(answer)
    }

    /// How the printer of a workstation is, and since when; `None` without one.
    pub(crate) fn printer(
        &self,
        workstation: WorkstationNumber,
    ) -> Option<(PrinterState, Timestamp)> {
        let printers = self.printers.lock().ok()?;
        printers.get(&workstation).map(|known| (known.state, known.since))
    }

    /// Notes that something was scanned or typed at a workstation.
    pub(crate) fn heard(&self, workstation: WorkstationNumber, now: Timestamp) {
        if let Ok(mut heard) = self.heard.lock() {
            heard.insert(workstation, now);
        }
    }

    /// When something was last scanned or typed at a workstation, in this run.
    pub(crate) fn heard_at(&self, workstation: WorkstationNumber) -> Option<Timestamp> {
        self.heard.lock().ok()?.get(&workstation).copied()
    }

    /// The simulated devices of a workstation.
    pub(crate) fn sim(&self, workstation: WorkstationNumber) -> Option<Arc<sim::SimDevices>> {
        self.sims.lock().ok()?.get(&workstation).cloned()
    }

    fn note(&self, workstation: WorkstationNumber, state: PrinterState, now: Timestamp) -> bool {
        let Ok(mut printers) = self.printers.lock() else {
            return false;
        };
        match printers.get_mut(&workstation) {
            Some(known) if known.state != state => {
                (known.state, known.since) = (state, now);
                true
            }
            Some(_) | None => false,
        }
    }
}

/// Doubtful receipts older than this have been looked for or forgotten.
const DOUBT_KEPT_MS: i64 = 86_400_000;

/// Counts the receipts of a workstation that nobody is sure about.
pub(crate) async fn recount_doubts(context: &Arc<Context>, workstation: WorkstationNumber) {
    let since = context.clock.now().plus_ms(-DOUBT_KEPT_MS);
    let counted = context.ledger.read(move |db| spool::doubtful(db, workstation, since)).await;
    match counted {
        Ok(count) => {
            if let Ok(mut doubts) = context.health.doubts.lock() {
                doubts.insert(workstation, count);
            }
        }
        Err(error) => {
            tracing::error!(error = %crate::Chain(&error), "Receipts could not be counted")
        }
    }
}

/// Where tasks of the daemon are tracked, so that a shutdown waits for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    /// All tasks.
    pub(crate) tracker: TaskTracker,
    /// Ends them.
    pub(crate) stop: CancellationToken,
}

impl Tasks {
    /// Runs work that is cut short at a stop.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            stop.run_until_cancelled(work).await;
        });
    }
}

/// Starts what the boot file names.
///
/// A scanner's port whose address is away opens when that comes; a keyboard scanner or Find sells
/// meanwhile.
pub(crate) fn start(context: &Arc<Context>, tasks: &Tasks) {
    for config in &context.config.printers {
        let paper = Paper::with_columns(config.columns).unwrap_or(Paper::COLUMNS_48);
        tend(context, tasks, config.workstation, config.address.clone(), paper);
    }
    for config in &context.config.scanners {
        scanner::open(context, tasks, config.workstation, config.listen);
    }
}

/// Whether every sign of a line has a shape on our printers, its own or one that people accept.
pub(crate) fn prints(line: &str) -> bool {
    gbk::is_legible(line)
}

/// Whether a slip with the store's head and foot can be drawn for every printer.
pub(crate) fn draws_slips(context: &Context, store: &StoreV1) -> bool {
    let rows = paper::rows_of_head(store);
    let mut columns: Vec<u8> = context.config.printers.iter().map(|of| of.columns).collect();
    columns.push(48);
    columns.into_iter().all(|columns| {
        let paper = Paper::with_columns(columns).unwrap_or(Paper::COLUMNS_48);
        escpos::encode(&paper::document(&rows), paper).is_ok()
    })
}

/// Gives every workstation its first scene and, in a simulated store, its devices. Called at start
/// and whenever the store's own rows have changed; what is there already stays.
pub(crate) async fn attend(context: &Arc<Context>, tasks: &Tasks) -> Result<(), DaemonError> {
    context.refresh_store()?;
    for workstation in context.workstations.load().iter() {
        let number = workstation.number;
        recount_doubts(context, number).await;
        if context.screens.follow(number).is_none() {
            let (priced, last_order) = first_scene(context, number).await?;
            context.screens.open(priced, last_order);
        }
        let is_simulated = context.config.devices.simulated;
        if is_simulated && context.health.sim(number).is_none() {
            let devices = sim::SimDevices::start(context, tasks, number)?;
            let address = devices.printer.address().to_string();
            if let Ok(mut sims) = context.health.sims.lock() {
                sims.insert(number, Arc::clone(&devices));
            }
            if !context.health.has_printer(number) {
                tend(context, tasks, number, address, Paper::COLUMNS_42);
            }
            pole::follow(context, tasks, number, devices);
        }
    }
    context.screens.beat();
    Ok(())
}

/// A workstation as it stands on disk.
async fn first_scene(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
) -> Result<(Priced, Option<LastOrder>), DaemonError> {
    let (fresh, terms) = (mint(), context.terms(workstation));
    let scene = context
        .ledger
        .write(move |tx| -> Result<_, DbError> {
            // The empty cart's order id must be the same after a restart: it is what a screen that
            // was never answered repeats.
            let priced = Priced::of(station::load(tx, workstation, fresh)?, &terms)?;
            station::save_head(tx, &priced.station)?;
            let known = match priced.station.last_order {
                Some(id) => orders::find(tx, id)?,
                None => None,
            };
            let last_order = match known {
                Some(order) => Some(LastOrder {
                    receipt: spool::state_of(tx, order.id)?,
                    is_undone: post_void::of_order(tx, order.id)?.is_some(),
                    call: call::of_order(tx, order.id)?,
                    order: Arc::new(order),
                }),
                None => None,
            };
            Ok((priced, last_order))
        })
        .await?;
    Ok(scene)
}

fn tend(
    context: &Arc<Context>,
    tasks: &Tasks,
    workstation: WorkstationNumber,
    address: String,
    paper: Paper,
) {
    let (wishes, asked) = mpsc::channel(WISHES_WAITING_MAX);
    if let Ok(mut printers) = context.health.printers.lock() {
        let since = context.clock.now();
        printers.insert(workstation, Known { state: PrinterState::Ready, since, wishes });
    }
    let printer = printer::Tended { workstation, address, paper };
    let (context, stop) = (Arc::clone(context), tasks.stop.clone());
    tasks.tracker.spawn(printer.run(context, asked, stop));
}
