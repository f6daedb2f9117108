//! One printer's task: drawer wishes at once, receipts in order, and how the printer is.
//!
//! `queued → sending → sent | unknown`. A slip is marked `sending` on disk before its first byte
//! leaves; if anything breaks after that, it is `unknown` and a person decides. So a receipt is
//! never printed twice without 补打 on it, and none is missing without a notice.
//!
//! **Invariant:** a receipt is never sent again by itself once a byte of it may have left.

use std::{sync::Arc, time::Duration};

use domain::{receipt::Row, receipt_number::WorkstationNumber};
use drivers::{
    drawer,
    port::{Limits, NetworkPrinter, PrintError, Printed, Sent},
    printer::{
        document::Paper,
        escpos,
        status::{PaperState, PrinterStatus},
    },
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{KICK_LATE_MS, Kick, PrinterState, Tested, Wish, paper};
use crate::{
    Chain,
    context::Context,
    db::{
        DbError, call, orders, pickup,
        spool::{self, Slip, SlipOf, SlipState},
    },
    fault, member,
};

/// How often a printer is asked how it is when nothing is to be printed.
const LOOK_PERIOD: Duration = Duration::from_secs(3);
/// A printer and whose receipts it prints.
#[derive(Clone, Debug)]
pub(super) struct Tended {
    pub(super) workstation: WorkstationNumber,
    pub(super) address: String,
    pub(super) paper: Paper,
}

/// What came of sending bytes.
enum Outcome {
    Sent,
    /// Not one byte left.
    NotReady(PrinterState),
    /// Some may have.
    Doubtful,
}

impl Tended {
    /// Tends the printer until the daemon stops.
    pub(super) async fn run(
        self,
        context: Arc<Context>,
        mut wishes: mpsc::Receiver<Wish>,
        stop: CancellationToken,
    ) {
        let mut queued = context.nudges.spool.subscribe();
        loop {
            queued.mark_unchanged();
            let waiting = self.print_until_empty(&context, &mut wishes).await;
            if let Err(error) = waiting {
                tracing::error!(
                    workstation.id = self.workstation, error = %Chain(&error),
                    "The receipts of workstation {} could not be tended", self.workstation,
                );
            }
            tokio::select! {
                () = stop.cancelled() => return,
                wish = wishes.recv() => match wish {
                    Some(wish) => self.grant(&context, wish).await,
                    None => return,
                },
                _ = queued.changed() => {}
                () = tokio::time::sleep(LOOK_PERIOD) => self.look(&context).await,
            }
        }
    }

    async fn print_until_empty(
        &self,
        context: &Arc<Context>,
        wishes: &mut mpsc::Receiver<Wish>,
    ) -> Result<(), DbError> {
        let workstation = self.workstation;
        loop {
            while let Ok(wish) = wishes.try_recv() {
                self.grant(context, wish).await;
            }
            let next = context.ledger.read(move |db| spool::next(db, workstation)).await?;
            let Some(slip) = next else { return Ok(()) };
            // An old one is offered, not printed: nobody stands waiting for it, and a pile of old
            // slips would bury the next shopper's.
            let age_ms = context.clock.now().ms_since(slip.queued_at);
            if age_ms > context.settings.in_force().print_within_ms() {
                self.settle(context, &slip, SlipState::SetAside).await?;
                continue;
            }
            if !self.print(context, &slip).await? {
                return Ok(());
            }
        }
    }

    async fn grant(&self, context: &Arc<Context>, wish: Wish) {
        match wish {
            Wish::Drawer(kick) => self.kick(context, kick).await,
            Wish::Test(rows, reply) => {
                // Whoever asked may have gone; the slip is on paper all the same.
                let _ = reply.send(self.test(context, &rows).await);
            }
        }
    }

    /// Prints a test slip. It stands in no spool: what did not come out is not tried again.
    async fn test(&self, context: &Arc<Context>, rows: &[Row]) -> Tested {
        let state = self.ask().await;
        self.note(context, state);
        if state != PrinterState::Ready {
            return Tested::NotReady(state);
        }
        let bytes = match escpos::encode(&paper::document(rows), self.paper) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "A test slip cannot be drawn");
                return Tested::NotReady(PrinterState::Stopped);
            }
        };
        match self.send(bytes).await {
            Outcome::Sent => Tested::Printed,
            Outcome::NotReady(state) => {
                self.note(context, state);
                Tested::NotReady(state)
            }
            Outcome::Doubtful => Tested::Doubtful,
        }
    }

    /// Prints a slip; `false` when the printer is not ready and it stays queued.
    async fn print(&self, context: &Arc<Context>, slip: &Slip) -> Result<bool, DbError> {
        let state = self.ask().await;
        self.note(context, state);
        if state != PrinterState::Ready {
            return Ok(false);
        }
        let rows = rows(context, slip.of).await?;
        let bytes = match escpos::encode(&paper::document(&rows), self.paper) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(slip.id = %slip.id, error = %Chain(&error), "A receipt cannot be drawn");
                self.settle(context, slip, SlipState::SetAside).await?;
                return Ok(true);
            }
        };
        self.settle(context, slip, SlipState::Sending).await?;
        fault::point("spool.sending");
        let outcome = self.send(bytes).await;
        fault::point("spool.sent");
        let (state, goes_on) = match outcome {
            Outcome::Sent => (SlipState::Sent, true),
            Outcome::NotReady(state) => {
                self.note(context, state);
                (SlipState::Queued, false)
            }
            Outcome::Doubtful => (SlipState::Unknown, true),
        };
        self.settle_surely(context, slip, state).await;
        Ok(goes_on)
    }

    /// Bytes have left: what became of them is written down, however long the disk refuses, or
    /// until the daemon ends, whose next start then doubts the slip.
    async fn settle_surely(&self, context: &Arc<Context>, slip: &Slip, state: SlipState) {
        while let Err(error) = self.settle(context, slip, state).await {
            tracing::error!(slip.id = %slip.id, error = %Chain(&error), "A receipt's fate is not kept yet");
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    async fn settle(
        &self,
        context: &Arc<Context>,
        slip: &Slip,
        state: SlipState,
    ) -> Result<(), DbError> {
        let (id, now) = (slip.id, context.clock.now());
        context.ledger.write(move |tx| spool::set(tx, id, state, now)).await?;
        super::recount_doubts(context, self.workstation).await;
        match slip.of {
            SlipOf::Order { order, .. } => {
                context.screens.printed(self.workstation, order, Some(state));
            }
            SlipOf::Pickup(_) => {}
        }
        if matches!(state, SlipState::Unknown | SlipState::SetAside) {
            tracing::warn!(
                workstation.id = self.workstation, slip.id = %slip.id,
                "Nobody knows whether a receipt came out; it can be printed again as a copy",
            );
            context.screens.beat();
        }
        Ok(())
    }

    async fn send(&self, bytes: Vec<u8>) -> Outcome {
        let address = self.address.clone();
        let sent = tokio::task::spawn_blocking(move || -> Result<Printed, PrintError> {
            let open = NetworkPrinter::open(&address, Limits::default());
            let mut printer = open.map_err(|source| PrintError { sent: Sent::Nothing, source })?;
            printer.print(&bytes)
        });
        match sent.await {
            Ok(Ok(Printed::Fenced)) => Outcome::Sent,
            // The printer took every byte and did not say that they are on paper: it may know no
            // such answer, or the paper ran out under the receipt. Only a ready one is believed.
            Ok(Ok(Printed::SentOnly)) => match self.ask().await {
                PrinterState::Ready => Outcome::Sent,
                PrinterState::Gone
                | PrinterState::PaperOut
                | PrinterState::CoverOpen
                | PrinterState::Stopped => Outcome::Doubtful,
            },
            Ok(Err(PrintError { sent: Sent::Nothing, .. })) => {
                Outcome::NotReady(PrinterState::Gone)
            }
            Ok(Err(PrintError { sent: Sent::Some, .. })) | Err(_) => Outcome::Doubtful,
        }
    }

    async fn kick(&self, context: &Arc<Context>, kick: Kick) {
        let late_ms = context.clock.now().ms_since(kick.asked_at);
        let address = self.address.clone();
        let kicked_in_time = late_ms <= KICK_LATE_MS;
        let kicked = kicked_in_time.then(|| {
            tokio::task::spawn_blocking(move || -> Result<(), PrintError> {
                let open = NetworkPrinter::open(&address, Limits::default());
                let mut printer =
                    open.map_err(|source| PrintError { sent: Sent::Nothing, source })?;
                printer.kick_drawer(drawer::Kick::default())
            })
        });
        let is_open = match kicked {
            Some(task) => matches!(task.await, Ok(Ok(()))),
            None => false,
        };
        if !is_open {
            tracing::warn!(
                workstation.id = self.workstation,
                late_ms,
                "The drawer of workstation {} did not open",
                self.workstation,
            );
        }
        if kicked_in_time && !is_open {
            self.note(context, PrinterState::Gone);
        }
    }

    async fn look(&self, context: &Arc<Context>) {
        let state = self.ask().await;
        self.note(context, state);
    }

    fn note(&self, context: &Arc<Context>, state: PrinterState) {
        if context.health.note(self.workstation, state, context.clock.now()) {
            if state == PrinterState::Ready {
                tracing::info!(workstation.id = self.workstation, "A printer is ready again");
            } else {
                tracing::warn!(workstation.id = self.workstation, ?state, "A printer is not ready");
            }
            context.screens.beat();
        }
    }

    async fn ask(&self) -> PrinterState {
        let address = self.address.clone();
        let asked = tokio::task::spawn_blocking(move || {
            NetworkPrinter::open(&address, Limits::default())?.status()
        });
        match asked.await {
            Ok(Ok(status)) => state_of(&status),
            Ok(Err(_)) | Err(_) => PrinterState::Gone,
        }
    }
}

/// What stands on a slip.
async fn rows(context: &Arc<Context>, of: SlipOf) -> Result<Vec<Row>, DbError> {
    let doing = "print a receipt";
    let store = context.store.load_full();
    match of {
        SlipOf::Order { order, copy } => {
            let read = move |db: &rusqlite::Connection| -> Result<_, DbError> {
                Ok((orders::find(db, order)?, call::of_order(db, order)?))
            };
            let (order, call) = context.ledger.read(read).await?;
            let order = order.ok_or(DbError::Damaged { doing })?;
            let note = member::note(context, &order).await?;
            let rows = paper::rows_of(&order, store.as_deref(), copy, note.as_ref());
            Ok(paper::called(rows, call))
        }
        SlipOf::Pickup(id) => {
            let own = context.ledger.read(move |db| pickup::own(db, id)).await?;
            let own = own.ok_or(DbError::Damaged { doing })?;
            Ok(paper::rows_of_pickup(&own, store.as_deref(), context.store_clock()))
        }
    }
}

fn state_of(status: &PrinterStatus) -> PrinterState {
    if status.cover_open {
        PrinterState::CoverOpen
    } else if status.paper == PaperState::Out {
        PrinterState::PaperOut
    } else if status.is_ready() {
        PrinterState::Ready
    } else {
        PrinterState::Stopped
    }
}
