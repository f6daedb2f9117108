//! What HQ sets in this store while it runs: believed, put in force at once, reported.
//!
//! ```text
//! MQTT ──► the newest envelope of each target ──┐
//!                                               ├─► signature, store, revision ─► values
//! poll over HTTPS ──────────────────────────────┘          │                         │
//!                                                       refused: what was stays   one ledger write
//!                                                          └──────► report ◄─────────┘
//! ```
//!
//! Reconciler: it looks at what has come and asks the mall for the same every half minute, so a dead
//! broker costs that half minute and nothing else. The store's own document stands over the one for
//! all stores; what neither says is as the store was set up, or the program's default.
//!
//! **Invariant:** what is in force was signed by the mall for this store and is on disk with the one
//! before; whatever is refused changes nothing but what HQ is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::time::Timestamp;
use serde_json::Value;
use sync::{
    backoff::retry_ms,
    path,
    settings::{Disbelief, KEYS_MAX, SettingsKeyV1, SignedSettingsV1, Target},
    wire::{
        CameByV1, RefusedV1, ReportV1, SETTINGS, SettingsHeldV1, SettingsV1, StandingV1, StoreV1,
    },
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Chain, DaemonError,
    context::{Context, Nudge, random},
    db::{
        DbError,
        node::Node,
        settings::{self as rows, Document, Refused, Whose},
    },
    uplink::mall::Mall,
};

/// After something was refused nothing is looked at for so long: whoever floods the broker costs
/// this store one ledger write a second.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// A poll that fails is tried again within this, however seldom polls are.
const RETRY_MS_MAX: u64 = 30_000;

/// A document in force, and what was refused since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The document; `None` where HQ has never set anything.
    pub(crate) document: Option<Document>,
    /// What it says.
    pub(crate) settings: SettingsV1,
    /// Keys of it that this program has no word for.
    pub(crate) unknown: Vec<String>,
    /// What was refused since.
    pub(crate) refused: Option<Refused>,
}

/// All that is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InForce {
    all: Layer,
    own: Layer,
    /// One over the other.
    merged: SettingsV1,
}

impl InForce {
    fn layer(&self, whose: Whose) -> &Layer {
        match whose {
            Whose::All => &self.all,
            Whose::Own => &self.own,
        }
    }

    fn layer_mut(&mut self, whose: Whose) -> &mut Layer {
        match whose {
            Whose::All => &mut self.all,
            Whose::Own => &mut self.own,
        }
    }

    fn merge(&mut self) {
        self.merged = self.own.settings.clone().over(self.all.settings.clone());
    }

    /// Since when HQ's newest settings are refused, if that is so.
    pub(crate) fn refused_since(&self) -> Option<Timestamp> {
        let since = |layer: &Layer| layer.refused.as_ref().map(|(_, since)| *since);
        since(&self.own).or(since(&self.all))
    }

    /// Whether a payment code that is scanned in Sell pays the whole cart; the boot file says it
    /// where HQ says nothing.
    pub(crate) fn payment_code_starts_tender(&self, boot: bool) -> bool {
        self.merged.tender.payment_code_starts_tender.unwrap_or(boot)
    }

    /// Whether the customer display says what little more would bring.
    pub(crate) fn shows_hints(&self) -> bool {
        self.merged.customer_display.hints.unwrap_or(true)
    }

    /// How old a waiting receipt may be to be printed by itself.
    pub(crate) fn print_within_ms(&self) -> i64 {
        self.merged.receipt.print_within_minutes.unwrap_or(10) * 60_000
    }

    /// How long an order may wait for the mall before operators are told.
    pub(crate) fn behind_ms(&self) -> i64 {
        self.merged.notices.behind_minutes.unwrap_or(15) * 60_000
    }

    /// How old prices may be without the mall before operators are told.
    pub(crate) fn old_prices_ms(&self) -> i64 {
        self.merged.notices.old_prices_hours.unwrap_or(24) * 3_600_000
    }

    /// The rule of the coupon that a guest of the Wi-Fi gets, if there is one.
    pub(crate) fn coupon_rule(&self) -> Option<&str> {
        self.merged.portal.coupon_rule.as_deref().filter(|rule| !rule.is_empty())
    }

    /// The store as it was set up, with what HQ has set since.
    pub(crate) fn over(&self, mut store: StoreV1) -> StoreV1 {
        let SettingsV1 { receipt, tender, .. } = self.merged.clone();
        store.head_lines = receipt.head_lines.unwrap_or(store.head_lines);
        store.foot_lines = receipt.foot_lines.unwrap_or(store.foot_lines);
        store.cash_rounding = tender.cash_rounding.unwrap_or(store.cash_rounding);
        store
    }
}

/// A setting as it is in force here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Group and name.
    pub(crate) key: &'static str,
    /// What it is.
    pub(crate) value: Value,
    /// Who says so: `store`, `all`, `set_up` or `default`.
    pub(crate) origin: &'static str,
}

/// Every setting as it is in force here, with who says so.
pub(crate) fn rows(context: &Context) -> Vec<Row> {
    let in_force = context.settings.in_force();
    let (all, own) = (in_force.all.settings.values(), in_force.own.settings.values());
    let store = context.store.load_full();
    let boot = context.config.tender.payment_code_in_sell;
    let row = |setting: &sync::wire::Setting| {
        let key = setting.key;
        let (value, origin) = match (own.get(key), all.get(key)) {
            (Some(value), _) => (value.clone(), "store"),
            (None, Some(value)) => (value.clone(), "all"),
            (None, None) => match set_up(key, store.as_deref(), boot) {
                Some(value) => (value, "set_up"),
                None => (serde_json::from_str(setting.default).unwrap_or_default(), "default"),
            },
        };
        Row { key, value, origin }
    };
    SETTINGS.iter().map(row).collect()
}

/// What the store as it was set up, or its boot file, says of a setting.
fn set_up(key: &str, store: Option<&StoreV1>, payment_code_in_sell: bool) -> Option<Value> {
    match key {
        "receipt.head_lines" => store.map(|store| store.head_lines.clone().into()),
        "receipt.foot_lines" => store.map(|store| store.foot_lines.clone().into()),
        "tender.cash_rounding" => store.map(|store| store.cash_rounding.word().into()),
        "tender.payment_code_starts_tender" => Some(payment_code_in_sell.into()),
        _ => None,
    }
}

/// The settings of this store.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    in_force: watch::Sender<Arc<InForce>>,
    keys: Mutex<Vec<SettingsKeyV1>>,
    /// The newest that came of each, not looked at yet.
    arrived: Mutex<BTreeMap<Whose, Vec<u8>>>,
    nudge: Nudge,
}

impl Settings {
    /// All that is in force.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Changes whenever something was put in force or refused.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<InForce>> {
        self.in_force.subscribe()
    }

    /// Takes an envelope as it came through the broker; what had come before it is dropped.
    pub(crate) fn arrive(&self, target: &Target, bytes: Vec<u8>) {
        let Some(whose) = whose(target) else { return };
        if let Ok(mut arrived) = self.arrived.lock() {
            arrived.insert(whose, bytes);
        }
        self.nudge.give();
    }

    fn take_arrived(&self) -> BTreeMap<Whose, Vec<u8>> {
        self.arrived.lock().map(|mut arrived| std::mem::take(&mut *arrived)).unwrap_or_default()
    }

    /// The keys by which the mall's settings and watermarks are believed.
    pub(crate) fn keys(&self) -> Vec<SettingsKeyV1> {
        self.keys.lock().map(|keys| keys.clone()).unwrap_or_default()
    }
}

/// Puts in force what was in force before the start.
pub(crate) async fn restore(context: &Context) -> Result<(), DbError> {
    let read = |connection: &rusqlite::Connection| -> Result<_, DbError> {
        let (current, refused) = (rows::current(connection)?, rows::refused(connection)?);
        Ok((current, refused, rows::keys(connection)?))
    };
    let (current, refused, keys) = context.ledger.read(read).await?;
    let mut in_force = InForce::default();
    for (whose, document) in current {
        let layer = in_force.layer_mut(whose);
        match SettingsV1::read(&document.body) {
            Ok((settings, unknown)) => {
                (layer.settings, layer.unknown) = (settings, unknown);
            }
            // It was read before it was kept; an older program may know less than it did.
            Err(_) => tracing::error!(?whose, "The settings in force cannot be read any more"),
        }
        layer.document = Some(document);
    }
    for (whose, refused) in refused {
        in_force.layer_mut(whose).refused = Some(refused);
    }
    in_force.merge();
    if let Ok(mut held) = context.settings.keys.lock() {
        *held = keys;
    }
    context.settings.in_force.send_replace(Arc::new(in_force));
    Ok(())
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is in force, or was already, or is older than what is.
    Settled,
    /// It was refused.
    Refused,
    /// It names a key that is not known here; the mall is asked for its keys first.
    NeedsKeys,
}

/// Follows HQ's settings until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, node: Node, mall: Mall, stop: CancellationToken) {
    let period = Duration::from_millis(context.config.mall.poll_ms);
    let (mut next_poll, mut failures, mut reported) = (Instant::now(), 0_u32, None);
    loop {
        let look = async {
            let pushed = look_at_what_came(&context, &node).await?;
            let is_due = pushed == Fate::NeedsKeys || Instant::now() >= next_poll;
            if is_due {
                next_poll = Instant::now() + period;
                poll(&context, &node, &mall).await?;
            }
            report(&context, &node, &mall, &mut reported).await?;
            Ok::<_, DaemonError>(pushed)
        };
        let Some(looked) = stop.run_until_cancelled(look).await else { return };
        let mut rest = Duration::ZERO;
        match looked {
            Ok(fate) => {
                failures = 0;
                if fate != Fate::Settled {
                    rest = REFUSAL_PAUSE;
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let wait = retry_ms(failures, u32::from_be_bytes(random())).min(RETRY_MS_MAX);
                next_poll = Instant::now() + Duration::from_millis(wait);
                if failures == 1 {
                    tracing::warn!(
                        error = %Chain(&error),
                        "HQ's settings could not be followed; those in force stay",
                    );
                }
            }
        }
        let pause = async {
            tokio::time::sleep(rest).await;
            let left = next_poll.saturating_duration_since(Instant::now());
            context.settings.nudge.taken_or(left).await;
        };
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Looks at what the broker brought; the worst of what became of it.
async fn look_at_what_came(context: &Arc<Context>, node: &Node) -> Result<Fate, DbError> {
    let mut worst = Fate::Settled;
    for (whose, bytes) in context.settings.take_arrived() {
        let fate = match SignedSettingsV1::read(&bytes) {
            Ok(envelope) => consider(context, node, &envelope, CameByV1::Mqtt).await?,
            Err(why) => refuse(context, whose, 0, why.word(), String::new()).await?,
        };
        if fate != Fate::Settled && worst != Fate::NeedsKeys {
            worst = fate;
        }
    }
    Ok(worst)
}

/// Asks the mall for its keys and for what it wishes of this store.
async fn poll(context: &Arc<Context>, node: &Node, mall: &Mall) -> Result<(), DaemonError> {
    let held: SettingsHeldV1 = mall.get(path::SETTINGS).await?;
    let mut keys = held.keys;
    keys.truncate(KEYS_MAX);
    if !keys.is_empty() && keys != context.settings.keys() {
        let kept = keys.clone();
        context.ledger.write(move |tx| rows::keep_keys(tx, &kept)).await?;
        if let Ok(mut known) = context.settings.keys.lock() {
            *known = keys;
        }
    }
    for envelope in &held.envelopes {
        if consider(context, node, envelope, CameByV1::Poll).await? == Fate::NeedsKeys {
            let Some(whose) = whose(&envelope.target) else { continue };
            let why = Disbelief::UnknownKey.word();
            refuse(context, whose, envelope.revision, why, String::new()).await?;
        }
    }
    Ok(())
}

/// Whose document it is; this program does not know groups yet.
const fn whose(target: &Target) -> Option<Whose> {
    match target {
        Target::All => Some(Whose::All),
        Target::Store(_) => Some(Whose::Own),
        Target::Group(_) | Target::Groups(_) => None,
    }
}

/// Believes an envelope and puts it in force, or refuses it.
async fn consider(
    context: &Arc<Context>,
    node: &Node,
    envelope: &SignedSettingsV1,
    came_by: CameByV1,
) -> Result<Fate, DbError> {
    let Some(whose) = whose(&envelope.target) else { return Ok(Fate::Settled) };
    let revision = envelope.revision;
    let in_force = context.settings.in_force();
    let known = in_force.layer(whose).document.as_ref();
    let known = known.map(|document| (document.revision, document.body.as_str()));
    let is_older = known.is_some_and(|(known, _)| revision < known);
    match envelope.believe(&context.settings.keys(), &node.store_code, &[], known) {
        Ok(false) => return Ok(Fate::Settled),
        Ok(true) => {}
        Err(Disbelief::UnknownKey) => return Ok(Fate::NeedsKeys),
        // The broker may still hold what the mall has replaced since.
        Err(Disbelief::NotNewer) if is_older && came_by == CameByV1::Mqtt => {
            return Ok(Fate::Settled);
        }
        Err(why) => return refuse(context, whose, revision, why.word(), String::new()).await,
    }
    match SettingsV1::read(&envelope.body) {
        Ok((settings, unknown)) => {
            let document = Document { revision, body: envelope.body.clone(), came_by };
            apply(context, whose, document, settings, unknown).await?;
            Ok(Fate::Settled)
        }
        Err(faults) => {
            let keys: Vec<String> = faults.into_iter().map(|fault| fault.key).collect();
            refuse(context, whose, revision, "value", keys.join(", ")).await
        }
    }
}

/// Puts a document in force: on disk, then in memory, then on every screen.
async fn apply(
    context: &Arc<Context>,
    whose: Whose,
    document: Document,
    settings: SettingsV1,
    unknown: Vec<String>,
) -> Result<(), DbError> {
    let (kept, now) = (document.clone(), context.clock.now());
    context.ledger.write(move |tx| rows::apply(tx, whose, &kept, now)).await?;
    let (revision, came_by) = (document.revision, document.came_by.word());
    let layer = Layer { document: Some(document), settings, unknown, refused: None };
    context.settings.in_force.send_modify(|in_force| {
        let mut next = InForce::clone(in_force);
        *next.layer_mut(whose) = layer;
        next.merge();
        *in_force = Arc::new(next);
    });
    let of = Arc::clone(context);
    let refreshed = tokio::task::spawn_blocking(move || of.refresh_store()).await;
    refreshed.unwrap_or(Err(DbError::Closed))?;
    context.screens.beat();
    tracing::info!(?whose, revision, came_by, "HQ's settings are in force");
    Ok(())
}

/// Keeps what is in force, and what is to be told of the refusal; the same refusal again is not.
async fn refuse(
    context: &Context,
    whose: Whose,
    revision: i64,
    reason: &str,
    detail: String,
) -> Result<Fate, DbError> {
    let refused = RefusedV1 { revision, reason: reason.to_owned(), detail };
    let in_force = context.settings.in_force();
    let known = in_force.layer(whose).refused.as_ref();
    if known.is_some_and(|(known, _)| *known == refused) {
        return Ok(Fate::Settled);
    }
    tracing::error!(?whose, revision, reason, "Settings were refused; those in force stay");
    let (kept, now) = (refused.clone(), context.clock.now());
    context.ledger.write(move |tx| rows::refuse(tx, whose, &kept, now)).await?;
    context.settings.in_force.send_modify(|in_force| {
        let mut next = InForce::clone(in_force);
        next.layer_mut(whose).refused = Some((refused, now));
        *in_force = Arc::new(next);
    });
    context.screens.beat();
    Ok(Fate::Refused)
}

/// What this store says of its settings.
pub(crate) fn report_of(context: &Context, node: &Node) -> ReportV1 {
    let in_force = context.settings.in_force();
    let standing = |whose: Whose, target: Target| {
        let Layer { document, unknown, refused, .. } = in_force.layer(whose).clone();
        StandingV1 {
            target,
            applied: document.as_ref().map_or(0, |document| document.revision),
            came_by: document.map(|document| document.came_by),
            refused: refused.map(|(refused, _)| refused),
            unknown,
        }
    };
    ReportV1 {
        edge: node.edge,
        at_micros: context.clock.now().micros(),
        standings: vec![
            standing(Whose::All, Target::All),
            standing(Whose::Own, Target::Store(node.store_code.clone())),
        ],
    }
}

/// Tells the mall over HTTPS what became of settings, if it has not heard it yet.
async fn report(
    context: &Context,
    node: &Node,
    mall: &Mall,
    reported: &mut Option<Arc<InForce>>,
) -> Result<(), DaemonError> {
    let in_force = context.settings.in_force();
    if reported.as_ref() == Some(&in_force) {
        return Ok(());
    }
    let report = report_of(context, node);
    mall.post::<_, Value>(path::SETTINGS_REPORTS, &report).await?;
    *reported = Some(in_force);
    Ok(())
}

#[cfg(test)]
mod tests {
    use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
    use serde_json::json;

    use super::*;
    use crate::test_store::TestStore;

    /// The mall's key, and what a store is told of it.
    fn key(version: u32) -> (Vec<u8>, SettingsKeyV1) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let public_key = sync::signature::public_key(pkcs8.as_ref()).unwrap();
        (pkcs8.as_ref().to_vec(), SettingsKeyV1 { version, public_key })
    }

    fn sign(pkcs8: &[u8], target: &str, revision: i64, body: &Value) -> SignedSettingsV1 {
        let target = target.parse().unwrap();
        SignedSettingsV1::sign(pkcs8, 1, target, revision, body.to_string()).unwrap()
    }

    fn rounding(word: &str) -> Value {
        json!({ "tender": { "cash_rounding": word } })
    }

    struct Chain {
        store: TestStore,
        node: Node,
        pkcs8: Vec<u8>,
    }

    impl Chain {
        async fn open() -> Self {
            let store = TestStore::open(None).await;
            let node = store.context().node.clone().unwrap();
            let (pkcs8, key) = key(1);
            *store.context().settings.keys.lock().unwrap() = vec![key.clone()];
            let kept = store.context().ledger.write(move |tx| rows::keep_keys(tx, &[key])).await;
            kept.unwrap();
            Self { store, node, pkcs8 }
        }

        async fn send(&self, envelope: &SignedSettingsV1, came_by: CameByV1) -> Fate {
            consider(self.store.context(), &self.node, envelope, came_by).await.unwrap()
        }

        async fn own(&self, revision: i64, body: &Value) -> Fate {
            self.send(&sign(&self.pkcs8, "S1", revision, body), CameByV1::Mqtt).await
        }

        fn rounds(&self) -> &'static str {
            self.store.context().store.load().as_ref().unwrap().cash_rounding.word()
        }

        fn standing(&self, whose: usize) -> StandingV1 {
            report_of(self.store.context(), &self.node).standings[whose].clone()
        }
    }

    #[tokio::test]
    async fn the_stores_own_document_stands_over_all_stores_and_outlives_a_restart() {
        let mut chain = Chain::open().await;
        assert_eq!(chain.rounds(), "none");
        let all = sign(&chain.pkcs8, "all", 4, &rounding("jiao_down"));
        assert_eq!(chain.send(&all, CameByV1::Poll).await, Fate::Settled);
        assert_eq!(chain.rounds(), "jiao_down");
        assert_eq!(chain.own(1, &rounding("yuan_up")).await, Fate::Settled);
        assert_eq!(chain.own(2, &rounding("yuan_down")).await, Fate::Settled);
        assert_eq!(chain.rounds(), "yuan_down");
        let of_rounding = |chain: &Chain| {
            let rows = rows(chain.store.context()).into_iter();
            rows.map(|row| (row.key, row.origin)).find(|row| row.0 == "tender.cash_rounding")
        };
        assert_eq!(of_rounding(&chain), Some(("tender.cash_rounding", "store")));
        chain.store = chain.store.restart().await;
        assert_eq!(chain.rounds(), "yuan_down");
        let (all, own) = (chain.standing(0), chain.standing(1));
        assert_eq!((all.applied, all.came_by), (4, Some(CameByV1::Poll)));
        assert_eq!((own.applied, own.came_by, own.refused), (2, Some(CameByV1::Mqtt), None));
        // What it takes back is said by all stores' document again.
        assert_eq!(chain.own(3, &json!({})).await, Fate::Settled);
        assert_eq!(chain.rounds(), "jiao_down");
        assert_eq!(of_rounding(&chain), Some(("tender.cash_rounding", "all")));
    }

    #[tokio::test]
    async fn what_is_refused_changes_nothing_and_is_told_once() {
        let chain = Chain::open().await;
        chain.own(5, &rounding("yuan_up")).await;
        let (stranger, _) = key(1);
        let forged = sign(&stranger, "S1", 9, &rounding("none"));
        let elsewhere = sign(&chain.pkcs8, "S2", 9, &rounding("none"));
        let bad = sign(&chain.pkcs8, "S1", 9, &json!({ "notices": { "behind_minutes": 0 } }));
        let old = sign(&chain.pkcs8, "S1", 4, &rounding("none"));
        for (envelope, reason) in
            [(&forged, "forged"), (&elsewhere, "other-store"), (&bad, "value"), (&old, "not-newer")]
        {
            assert_eq!(chain.send(envelope, CameByV1::Poll).await, Fate::Refused, "{reason}");
            assert_eq!(chain.send(envelope, CameByV1::Poll).await, Fate::Settled, "{reason}");
            assert_eq!(chain.rounds(), "yuan_up");
            let standing = chain.standing(1);
            assert_eq!(standing.refused.unwrap().reason, reason);
            assert_eq!(standing.applied, 5);
        }
        let in_force = chain.store.context().settings.in_force();
        assert!(in_force.refused_since().is_some());
        // A broker may still hold what was replaced; that is no attack.
        assert_eq!(chain.send(&old, CameByV1::Mqtt).await, Fate::Settled);
        let unknown = SignedSettingsV1 { key: 7, ..forged };
        assert_eq!(chain.send(&unknown, CameByV1::Mqtt).await, Fate::NeedsKeys);
        assert_eq!(chain.own(6, &rounding("none")).await, Fate::Settled);
        assert_eq!(chain.standing(1).refused, None);
        let chain = Chain { store: chain.store.restart().await, ..chain };
        assert_eq!((chain.rounds(), chain.standing(1).refused), ("none", None));
    }

    #[tokio::test]
    async fn of_what_came_only_the_newest_is_looked_at_and_nonsense_is_refused() {
        let chain = Chain::open().await;
        let settings = &chain.store.context().settings;
        let target: Target = "S1".parse().unwrap();
        settings.arrive(&target, b"{}".to_vec());
        let newest = sign(&chain.pkcs8, "S1", 2, &rounding("yuan_up"));
        settings.arrive(&target, serde_json::to_vec(&newest).unwrap());
        let looked = look_at_what_came(chain.store.context(), &chain.node).await.unwrap();
        assert_eq!((looked, chain.rounds()), (Fate::Settled, "yuan_up"));
        settings.arrive(&target, b"nonsense".to_vec());
        let looked = look_at_what_came(chain.store.context(), &chain.node).await.unwrap();
        assert_eq!(looked, Fate::Refused);
        assert_eq!(chain.standing(1).refused.unwrap().reason, "malformed");
    }

    #[tokio::test]
    async fn a_newer_malls_setting_is_left_out_and_named() {
        let chain = Chain::open().await;
        let body = json!({ "tender": { "cash_rounding": "none", "tips": 1 } });
        assert_eq!(chain.own(1, &body).await, Fate::Settled);
        assert_eq!(chain.standing(1).unknown, ["tender.tips"]);
    }

    #[test]
    fn the_programs_defaults_are_those_that_hq_is_told() {
        let in_force = InForce::default();
        let told = |key: &str| -> Value {
            let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
            serde_json::from_str(setting.default).unwrap()
        };
        assert_eq!(in_force.print_within_ms() / 60_000, told("receipt.print_within_minutes"));
        assert_eq!(in_force.behind_ms() / 60_000, told("notices.behind_minutes"));
        assert_eq!(in_force.old_prices_ms() / 3_600_000, told("notices.old_prices_hours"));
        assert_eq!(in_force.shows_hints(), told("customer_display.hints"));
        assert!(in_force.payment_code_starts_tender(true));
        assert!(!in_force.payment_code_starts_tender(false));
    }
}
