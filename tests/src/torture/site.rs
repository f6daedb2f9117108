//! A store that suffers: its box on a small disk, its cable, and the person at its till.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

use super::{Blow, millis};
use crate::{
    cable::{Cable, Weather},
    catalog::Listed,
    dice::Dice,
    disk::SmallDisk,
    edge_process::EdgeProcess,
    folder,
    store::OPERATORS,
    till::Till,
    wait::{PATIENCE, until},
};

/// How often a till looks that cannot go on.
const LOOK: Duration = Duration::from_millis(50);
/// A clock jumps so far at most, in seconds: back and forth over the end of a business day.
const JUMP_S_MAX: usize = 90_000;
/// What a cashier hands over is so many lines at most.
const LINES_MAX: usize = 3;
/// A full disk has so many bytes left at most: some sales, or not one page.
const ROOM_BYTES_MAX: usize = 300_000;

/// What a cashier was told: the order's id and what is on the paper.
pub(super) type Confirmed = Arc<Mutex<BTreeMap<Uuid, String>>>;

/// A store.
pub(super) struct Site {
    /// Its code.
    pub(super) code: String,
    /// Its box.
    pub(super) edge: EdgeProcess,
    /// What lies between it and the malls.
    pub(super) cable: Cable,
    /// Its box's disk, where one may be mounted.
    pub(super) disk: Option<SmallDisk>,
    /// What its cashier was told.
    pub(super) confirmed: Confirmed,
    /// The person at its till.
    pub(super) selling: JoinHandle<()>,
    /// Where an old copy of its ledger lies, once there is one.
    pub(super) copy: PathBuf,
    /// Where its cable may lead.
    pub(super) malls: Vec<u16>,
}

impl Site {
    /// What can happen to it, the usual more often than the rare.
    pub(super) fn blows(&self) -> Vec<Blow> {
        let mut blows = vec![Blow::BoxKilled; 8];
        blows.extend([Blow::CableCut, Blow::CableSilent, Blow::AnswersCutOff, Blow::ClockJumps]);
        blows.push(Blow::LedgerPutBack);
        blows.extend((self.malls.len() > 1).then_some(Blow::OtherMall));
        blows.extend(self.disk.is_some().then_some(Blow::DiskFull));
        blows
    }

    /// Whether it was struck.
    pub(super) async fn strike(
        &mut self,
        blow: Blow,
        lasts: Duration,
        dice: &mut Dice,
    ) -> Result<bool> {
        ensure!(self.edge.is_running()?, "the box of {} ended by itself", self.code);
        match blow {
            Blow::BoxKilled => {
                self.edge.kill();
                sleep(lasts).await;
                self.edge.start().await?;
            }
            Blow::CableCut => self.weather(Weather::Cut, lasts).await,
            Blow::CableSilent => self.weather(Weather::Silent, lasts).await,
            Blow::AnswersCutOff => self.weather(Weather::HalfAnswers(20), lasts).await,
            Blow::OtherMall => {
                self.cable.lead_to(*dice.pick(&self.malls).context("there is no mall")?);
            }
            Blow::ClockJumps => {
                let jump = i64::try_from(dice.below(2 * JUMP_S_MAX))?;
                self.edge.hand().put_ahead(jump - i64::try_from(JUMP_S_MAX)?)?;
            }
            Blow::DiskFull => return self.fill_disk(lasts, dice).await,
            Blow::LedgerPutBack => return self.put_back(lasts).await,
            Blow::MallKilled
            | Blow::DatabaseKilled
            | Blow::BrokerKilled
            | Blow::PriceChanged
            | Blow::SettingsSaved => return Ok(false),
        }
        Ok(true)
    }

    async fn weather(&self, weather: Weather, lasts: Duration) {
        self.cable.turn(weather);
        sleep(lasts).await;
        self.cable.turn(Weather::Fair);
    }

    /// The disk is full for a while, and sometimes the power fails meanwhile.
    async fn fill_disk(&mut self, lasts: Duration, dice: &mut Dice) -> Result<bool> {
        let Some(disk) = &self.disk else { return Ok(false) };
        disk.fill(u64::try_from(dice.below(ROOM_BYTES_MAX))?)?;
        sleep(lasts).await;
        if dice.is_within(30) {
            self.edge.kill();
        }
        disk.make_room()?;
        // A box that cannot write may end, and is started again when it can.
        if !self.edge.is_running()? {
            self.edge.start().await?;
        }
        Ok(true)
    }

    /// Puts back an old copy of a ledger; where there is none yet, one is made, and the till sells on for
    /// a while. What had not reached HQ would be gone with a disk, so that waits until it has.
    async fn put_back(&mut self, lasts: Duration) -> Result<bool> {
        let data = self.edge.data();
        if !self.copy.exists() {
            self.edge.stop().await?;
            folder::copy(&data, &self.copy)?;
            self.edge.start().await?;
            sleep(lasts).await;
        }
        self.all_told().await?;
        self.edge.stop().await?;
        // Whoever sold between the look and the stop had it confirmed and not told.
        let is_told = self.edge.ledger()?.n_untold()? == 0;
        if is_told {
            folder::clear(&data)?;
            folder::copy(&self.copy, &data)?;
        }
        self.edge.start().await?;
        Ok(is_told)
    }

    /// Waits until HQ has been told everything, and everything that was lost is back.
    pub(super) async fn all_told(&self) -> Result<()> {
        let what = format!("{} to have told everything", self.code);
        until(what, PATIENCE, async || {
            let ledger = self.edge.ledger()?;
            Ok((ledger.n_untold()? == 0 && !ledger.has_lost()?).then_some(()))
        })
        .await
    }

    /// What its cashier was told.
    pub(super) fn confirmed(&self) -> Vec<(Uuid, String)> {
        let confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.iter().map(|(id, number)| (*id, number.clone())).collect()
    }
}

/// Somebody who sells until it is over, whatever the screen says.
pub(super) struct Seller {
    /// The screen.
    pub(super) till: Till,
    /// What there is.
    pub(super) list: Arc<Vec<Listed>>,
    /// What is picked.
    pub(super) dice: Dice,
    /// What the screen said was sold.
    pub(super) confirmed: Confirmed,
    /// Set when it is over.
    pub(super) is_over: Arc<AtomicBool>,
}

impl Seller {
    /// Sells.
    pub(super) async fn work(mut self) {
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

/// A pause or the length of a blow, up to so many milliseconds.
pub(super) fn up_to(ms: usize, dice: &mut Dice) -> Duration {
    millis(dice.below(ms))
}
