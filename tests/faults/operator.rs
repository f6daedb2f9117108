//! An operator who goes on where the power failed.

use acceptance::{
    catalog::Listed,
    dice::Dice,
    gun::Gun,
    till::{Answer, Till},
    view::{Completed, View},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    counter::{Command, Counter, Pending},
    tally::Tally,
};

/// An operator, what they see, and what they were never answered.
pub(crate) struct Operator {
    pub(crate) till: Till,
    pub(crate) gun: u16,
    pub(crate) counter: Counter,
    pub(crate) pending: Option<Pending>,
    pub(crate) dice: Dice,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The node died.
    Dark,
    /// It lives.
    Light,
}

impl Operator {
    /// Looks at the screen after a restart: it shows what was seen last, or what the unanswered
    /// command makes of it. That command, sent again and again, counts once.
    pub(crate) async fn settle(&mut self, tally: &mut Tally) -> Result<End> {
        let Ok(view) = self.till.view().await else {
            return Ok(End::Dark);
        };
        let Some(pending) = self.pending.clone() else {
            self.expect(&view, "nothing was under way")?;
            self.counter.look(&view);
            return Ok(End::Light);
        };
        let is_before = self.counter.is_shown_by(&view)?;
        let is_after = pending.after.is_shown_by(&view)?;
        let standing = &self.counter.standing;
        ensure!(
            is_before || is_after,
            "the screen shows {:?} in {}; before was {standing:?}, after {:?} would be {:?}",
            view.cart,
            view.phase,
            pending.command,
            pending.after.standing
        );
        match (is_before, is_after) {
            (true, false) => tally.before += 1,
            (false, true) => tally.after += 1,
            _ => {}
        }
        if let Command::Gun(_) = pending.command {
            if is_after {
                self.counter = pending.after;
            }
            self.pending = None;
            self.counter.look(&view);
            return Ok(End::Light);
        }
        for _ in 0..2 {
            if self.send(&pending).await? == End::Dark {
                return Ok(End::Dark);
            }
        }
        self.pending = None;
        Ok(End::Light)
    }

    /// Works until the power fails, or so many things are done.
    pub(crate) async fn work(&mut self, list: &[Listed], actions: usize) -> Result<End> {
        for _ in 0..actions {
            let pending = self.counter.think(&self.till, list, &mut self.dice)?;
            self.pending = Some(pending.clone());
            if self.send(&pending).await? == End::Dark {
                return Ok(End::Dark);
            }
            self.pending = None;
        }
        Ok(End::Light)
    }

    /// Sends a command; when it is answered, the counter is what it makes of it.
    async fn send(&mut self, pending: &Pending) -> Result<End> {
        let view = match &pending.command {
            Command::Gun(text) => match self.shoot(text, pending).await? {
                Some(view) => view,
                None => return Ok(End::Dark),
            },
            Command::Call(call) | Command::Complete(call) | Command::Refused(call) => {
                let Ok(answer) = self.till.call(call).await else {
                    return Ok(End::Dark);
                };
                match self.read(&pending.command, &answer).await? {
                    Some(view) => view,
                    None => return Ok(End::Dark),
                }
            }
        };
        self.counter = pending.after.clone();
        self.expect(&view, &format!("{:?}", pending.command))?;
        self.counter.look(&view);
        Ok(End::Light)
    }

    async fn read(&self, command: &Command, answer: &Answer) -> Result<Option<View>> {
        Ok(match command {
            Command::Complete(_) => Some(answer.done::<Completed>()?.view),
            Command::Refused(_) => {
                ensure!((400..500).contains(&answer.status), "not refused: {answer:?}");
                self.till.view().await.ok()
            }
            Command::Call(_) | Command::Gun(_) => {
                Some(answer.done().with_context(|| format!("{command:?}"))?)
            }
        })
    }

    /// Reads a code with the scanner on the port and waits until the screen shows it.
    async fn shoot(&self, text: &str, pending: &Pending) -> Result<Option<View>> {
        let Ok(mut gun) = Gun::connect(self.gun).await else {
            return Ok(None);
        };
        if gun.read(&[text]).await.is_err() {
            return Ok(None);
        }
        until(format!("the scan of {text}"), PATIENCE, async || match self.till.view().await {
            Err(_) => Ok(Some(None)),
            Ok(view) if pending.after.is_shown_by(&view)? => Ok(Some(Some(view))),
            Ok(view) if self.counter.is_shown_by(&view)? => Ok(None),
            Ok(view) => bail!("the screen shows {:?}", view.cart),
        })
        .await
    }

    fn expect(&self, view: &View, after: &str) -> Result<()> {
        let standing = &self.counter.standing;
        let (cart, phase) = (&view.cart, &view.phase);
        ensure!(
            self.counter.is_shown_by(view)?,
            "workstation {}: the screen shows {cart:?} in {phase}, expected {standing:?} ({after})",
            self.till.workstation(),
        );
        Ok(())
    }
}
