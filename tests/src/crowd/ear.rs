//! A store's line to the broker: settings and bells in, presence and reports out, as an edge node says
//! them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use broker::{Account, Line, Message, Password, Told, Wish};
use domain::{id::EdgeId, receipt_number::StoreCode};
use serde::Serialize;
use sync::{
    settings::{SettingsKeyV1, SignedSettingsV1, Target},
    topic::Topic,
    wire::{BellV1, CameByV1, PresenceV1, ReportV1, StandingV1},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{tally::Tally, way::now};
use crate::{dice::Dice, mosquitto::Access};

/// What the crowd waits for: a revision of the settings for all, and a bell's scope.
#[derive(Clone, Debug, Default)]
pub struct Awaited {
    /// The revision.
    pub revision: i64,
    /// The scope of a bell that means nothing else.
    pub bell: String,
}

/// A line.
#[derive(Debug)]
pub struct Ear {
    /// The store.
    pub code: StoreCode,
    /// Its node.
    pub edge: EdgeId,
    /// By what it believes settings.
    pub keys: Vec<SettingsKeyV1>,
    /// How it calls the broker.
    pub access: Access,
    /// What is counted.
    pub tally: Arc<Tally>,
    /// What all wait for.
    pub awaited: watch::Receiver<Awaited>,
}

fn retained(topic: &Topic, document: &impl Serialize) -> Option<Message> {
    let payload = serde_json::to_vec(document).ok()?;
    Some(Message { topic: topic.to_string(), payload, is_retained: true })
}

impl Ear {
    fn presence(&self, is_online: bool) -> Option<Message> {
        let (edge, program) = (self.edge, "crowd".to_owned());
        let presence = PresenceV1 { edge, boot: "1".to_owned(), is_online, program };
        retained(&Topic::Presence(self.code.clone()), &presence)
    }

    fn report(&self, revision: i64) -> Option<Message> {
        let standing = StandingV1 {
            target: Target::All,
            applied: revision,
            came_by: Some(CameByV1::Mqtt),
            refused: None,
            is_on_trial: false,
            unknown: Vec::new(),
        };
        let (edge, at_micros) = (self.edge, now().micros());
        let report = ReportV1 { edge, at_micros, standings: vec![standing] };
        retained(&Topic::Reported(self.code.clone()), &report)
    }

    fn wish(&self) -> Result<Wish> {
        let Access { url, user, password, authority } = self.access.clone();
        let password = std::fs::read_to_string(password).context("no password")?;
        Ok(Wish {
            address: url.parse().context("the broker's address")?,
            authority: Some(authority),
            papers: None,
            account: Some(Account { user, password: Password(password) }),
            client: self.edge.to_string(),
            topics: Topic::of_store(&self.code).iter().map(ToString::to_string).collect(),
            will: self.presence(false),
            farewell: self.presence(false),
        })
    }

    /// Listens until it is told to stop.
    ///
    /// # Errors
    /// When it cannot even begin.
    pub async fn listen(self, dice: Dice, stop: CancellationToken) -> Result<()> {
        let dice = Mutex::new(dice);
        let random = move || {
            let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
            u32::try_from(dice.below(1 << 31)).unwrap_or(0)
        };
        let (line, mut hears, runner) = broker::open(self.wish()?, Box::new(random));
        let running = tokio::spawn(runner.run(stop.clone()));
        let mut in_force: Option<(i64, String)> = None;
        while let Some(told) = hears.recv().await {
            match told {
                Told::Up => {
                    self.tally.count(|n| n.n_lines += 1);
                    self.say(&line, self.presence(true)).await;
                    if let Some((revision, _)) = in_force {
                        self.say(&line, self.report(revision)).await;
                    }
                }
                Told::Down(_) => {}
                Told::Message(message) => {
                    if let Some(revision) = self.hear(&message, &mut in_force) {
                        self.say(&line, self.report(revision)).await;
                    }
                }
            }
        }
        running.await.context("a line fell over")
    }

    async fn say(&self, line: &Line, message: Option<Message>) {
        if let Some(message) = message {
            line.publish(message).await;
        }
    }

    /// Believes settings or not; the revision that is in force now, if it is another one.
    fn hear(&self, message: &Message, in_force: &mut Option<(i64, String)>) -> Option<i64> {
        match message.topic.parse() {
            Ok(Topic::Desired(_)) => {}
            Ok(Topic::Bell(_)) => {
                self.ring(&message.payload);
                return None;
            }
            Ok(_) | Err(_) => return None,
        }
        let known = in_force.as_ref().map(|(revision, body)| (*revision, body.as_str()));
        let signed = SignedSettingsV1::read(&message.payload);
        let believed = signed.and_then(|signed| {
            let is_new = signed.believe(&self.keys, &self.code, &[], known)?;
            Ok(is_new.then_some(signed))
        });
        match believed {
            Err(_) => {
                self.tally.count(|n| n.n_disbelieved += 1);
                None
            }
            Ok(None) => None,
            Ok(Some(signed)) => {
                let (revision, at) = (signed.revision, self.tally.now());
                if revision == self.awaited.borrow().revision {
                    self.tally.count(|n| n.believed.push(at));
                }
                *in_force = Some((revision, signed.body));
                Some(revision)
            }
        }
    }

    fn ring(&self, payload: &[u8]) {
        let bell: BellV1 = serde_json::from_slice(payload).unwrap_or_default();
        let scopes: BTreeMap<String, i64> = bell.scopes;
        if scopes.contains_key(&self.awaited.borrow().bell) {
            let at = self.tally.now();
            self.tally.count(|n| n.rung.push(at));
        }
    }
}
