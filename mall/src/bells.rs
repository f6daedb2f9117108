//! The mall's line to the MQTT broker: settings and bells out, reports and presence in.
//!
//! A reconciler: it looks which documents and feeds have changed and publishes them, retained. A
//! document that is saved here nudges it; one that another mall or the command line saves is seen at
//! the next look. Whenever the line comes up, and every ten minutes, everything is published again,
//! because a broker may have lost what it held.
//!
//! **Invariant:** nothing may depend on what passes here: stores ask for the same over HTTPS. Orders,
//! payments and rights never pass.

use std::{collections::BTreeMap, io, path::PathBuf, time::Duration};

use broker::{Account, Address, Line, Message, Paper, Papers, Password, Told, Wish};
use domain::{receipt_number::StoreCode, time::Timestamp};
use sync::{
    command,
    replica::StoreId,
    settings::{ENVELOPE_BYTES_MAX, SignedSettingsV1},
    topic::{Hearer, Topic},
    wire::{BellV1, PresenceV1, ReportV1},
};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
    authority::{MALL, OWN_DAYS},
    context::Context,
    db::{
        commands, groups,
        settings::{self as rows, Changed},
    },
    error_chain::Chain,
    settings::{self, SettingsError},
};

/// How soon what another process saved is published.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often everything is published again, for a broker that lost it.
const REPEAT_MS: i64 = 600_000;
/// How often the mall makes itself another certificate for the broker.
const PAPERS_MS: i64 = 86_400_000;
/// What was saved so long before the newest that is known may still become visible now: processes
/// of one database go by clocks of their own.
const SLACK_MS: i64 = 30_000;

/// Where the broker is, and as whom the mall calls it.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Its address; plain `mqtt` only on this very machine.
    pub address: Address,
    /// The account's name.
    pub user: Option<String>,
    /// The file of its password.
    pub password: Option<PathBuf>,
    /// The certificate (PEM) of the broker's authority; `mqtts` needs it.
    pub authority: Option<PathBuf>,
}

/// Why there is no line to the broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Settings would cross a network in the clear.
    #[error("the broker's address must be mqtts, or mqtt on loopback: {0}")]
    Plain(Address),
    /// Half an account.
    #[error("a broker's account is a user and a password file, or neither")]
    Half,
    /// `mqtts` by an account without an authority.
    #[error("mqtts by an account needs the certificate of the broker's authority")]
    NoAuthority,
    /// The password could not be read.
    #[error("could not read the broker's password in {}", path.display())]
    Password {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What the mall's line shall be.
pub(crate) fn wish(broker: &Broker, client: String) -> Result<Wish, BrokerError> {
    let Broker { address, user, password, authority } = broker.clone();
    if !address.is_tls && !address.is_loopback() {
        return Err(BrokerError::Plain(address));
    }
    // Without an account the mall shows a certificate of its own authority, and believes that.
    if address.is_tls && authority.is_none() && user.is_some() {
        return Err(BrokerError::NoAuthority);
    }
    let account = match (user, password) {
        (None, None) => None,
        (Some(user), Some(path)) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| BrokerError::Password { path, source })?;
            Some(Account { user, password: Password(text.trim().to_owned()) })
        }
        (Some(_), None) | (None, Some(_)) => return Err(BrokerError::Half),
    };
    let topics = Topic::of_every_store().to_vec();
    let papers = (address.is_tls && account.is_none()).then(Papers::default);
    Ok(Wish { address, authority, papers, account, client, topics, will: None, farewell: None })
}

/// What the broker holds by our doing, and since when we need not look.
#[derive(Debug, Default)]
struct Known {
    settings: BTreeMap<StoreId, i64>,
    groups: BTreeMap<StoreId, i64>,
    /// By the store's code, empty for all: the feeds of its bell.
    bells: BTreeMap<String, BTreeMap<String, i64>>,
    settings_since: i64,
    groups_since: i64,
    commands_since: i64,
    scopes_since: i64,
    repeated_at: i64,
}

/// Keeps the broker level with the database until it is told to stop.
pub(crate) async fn keep_ringing(context: Context, wish: Wish, stop: CancellationToken) {
    let address = wish.address.clone();
    let (papers, mut papers_at) = (wish.papers.clone(), None);
    show_papers(&context, papers.as_ref(), &mut papers_at);
    let dice = context.clone();
    let (line, hears, runner) = broker::open(wish, Box::new(move || dice.random()));
    let running = tokio::spawn(runner.run(stop.clone()));
    let (ups, mut up) = watch::channel(0_u64);
    // Whoever publishes may have to wait for the line, and the line for whoever hears: two tasks.
    let hearing = tokio::spawn(keep_hearing(context.clone(), address, hears, ups));
    let (mut known, mut seen) = (Known::default(), 0);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            changed = up.changed() => if changed.is_err() { break },
            () = context.bell_nudge().notified() => {}
            () = sleep(LOOK_EVERY) => {}
        }
        show_papers(&context, papers.as_ref(), &mut papers_at);
        let now_up = *up.borrow_and_update();
        if now_up != seen {
            (known, seen) = (Known::default(), now_up);
        }
        if now_up > 0
            && let Err(error) = publish(&context, &line, &mut known).await
        {
            error!(error = %Chain(&error), "What changed could not be published; stores ask by themselves");
        }
    }
    // It closes the line in order, or gives up soon.
    let _ = timeout(Duration::from_secs(5), running).await;
    hearing.abort();
}

/// Puts a certificate of the mall's own among its papers, and another one every day: the next connection
/// shows it.
fn show_papers(context: &Context, papers: Option<&Papers>, at: &mut Option<Timestamp>) {
    let now = context.now();
    let Some(papers) = papers else { return };
    if at.is_some_and(|at| now.ms_since(at).abs() < PAPERS_MS) {
        return;
    }
    match context.authority().server(&[], MALL, (now, OWN_DAYS)) {
        Ok(made) => {
            let (certificate, key) = (made.pem.clone(), made.key.serialize_pem());
            let authority = context.authority().pem();
            papers.set(Some(Paper { certificate, key, authority }));
            *at = Some(now);
        }
        Err(error) => {
            error!(error = %Chain(&error), "The mall has no certificate for the broker");
        }
    }
}

/// Hears what the line says until it says nothing more. `ups` counts how often it came up, and is 0
/// while it is down.
async fn keep_hearing(
    context: Context,
    address: Address,
    mut hears: mpsc::Receiver<Told>,
    ups: watch::Sender<u64>,
) {
    let (mut n, mut is_told) = (0, false);
    while let Some(told) = hears.recv().await {
        match told {
            Told::Up => {
                info!(%address, "The broker answers; everything is published again");
                (n, is_told) = (n + 1, false);
                // What the broker still holds of stores follows; who is not in it is gone.
                if let Err(error) = settings::forget_lines(&context).await {
                    error!(error = %Chain(&error), "Old lines of stores could not be forgotten");
                }
                context.broker_is_up(true);
                ups.send_replace(n);
            }
            Told::Down(why) => {
                if !is_told {
                    warn!(%address, error = %Chain(&why), "The broker does not answer; stores ask by themselves");
                }
                // Told once; the tries that follow say nothing new.
                is_told = true;
                context.broker_is_up(false);
                ups.send_replace(0);
            }
            Told::Message(message) => hear(&context, message).await,
        }
    }
}

/// Publishes what has changed.
async fn publish(context: &Context, line: &Line, known: &mut Known) -> Result<(), SettingsError> {
    let now = context.now().micros();
    if now - known.repeated_at >= REPEAT_MS * 1_000 {
        *known = Known { repeated_at: now, ..Known::default() };
    }
    let mut tx = context.db().read("read what changed").await?;
    let since = |at: i64| Timestamp::from_micros(at.saturating_sub(SLACK_MS * 1_000));
    for changed in rows::saved_since(&mut tx, since(known.settings_since)).await? {
        let Changed { what: (store, revision), at, .. } = changed;
        known.settings_since = known.settings_since.max(at.micros());
        if known.settings.get(&store) == Some(&revision) {
            continue;
        }
        let Some(envelope) = settings::envelope(context, &mut tx, store).await? else { continue };
        if desire(line, &envelope).await? {
            known.settings.insert(store, envelope.revision);
        }
    }
    for changed in groups::told_since(&mut tx, since(known.groups_since)).await? {
        let Changed { what: (store, revision), at, .. } = changed;
        known.groups_since = known.groups_since.max(at.micros());
        if known.groups.get(&store) == Some(&revision) {
            continue;
        }
        let envelope = settings::groups_envelope(context, &mut tx, store).await?;
        let Some(envelope) = envelope else { continue };
        if desire(line, &envelope).await? {
            known.groups.insert(store, envelope.revision);
        }
    }
    for changed in commands::given_since(&mut tx, since(known.commands_since)).await? {
        let Changed { code, what: number, at } = changed;
        known.commands_since = known.commands_since.max(at.micros());
        ring(line, known, code, (command::BELL.to_owned(), number)).await?;
    }
    for changed in rows::scopes_since(&mut tx, since(known.scopes_since)).await? {
        let Changed { code, what: (scope, version), at } = changed;
        known.scopes_since = known.scopes_since.max(at.micros());
        ring(line, known, code, (scope, version)).await?;
    }
    Ok(())
}

/// Rings a store's bell, or all stores', if it has not rung for this.
async fn ring(
    line: &Line,
    known: &mut Known,
    code: String,
    (scope, version): (String, i64),
) -> Result<(), SettingsError> {
    let mut bell = known.bells.get(&code).cloned().unwrap_or_default();
    let Some(hearer) = hearer_of(&code) else { return Ok(()) };
    if bell.insert(scope, version) == Some(version) {
        return Ok(());
    }
    let payload = serde_json::to_vec(&BellV1 { scopes: bell.clone() });
    let payload = payload.map_err(|_| SettingsError::Write)?;
    let topic = Topic::Bell(hearer).to_string();
    if line.publish(Message { topic, payload, is_retained: true }).await {
        debug!(code, "The bell rang");
        known.bells.insert(code, bell);
    }
    Ok(())
}

/// Publishes an envelope where whom it is for listens; `false` when the line is down.
async fn desire(line: &Line, envelope: &SignedSettingsV1) -> Result<bool, SettingsError> {
    let payload = serde_json::to_vec(envelope).map_err(|_| SettingsError::Write)?;
    if payload.len() > ENVELOPE_BYTES_MAX {
        return Ok(false);
    }
    let topic = Topic::Desired(envelope.target.clone()).to_string();
    Ok(line.publish(Message { topic, payload, is_retained: true }).await)
}

/// Who hears of a change: a store, or all where it has no code.
fn hearer_of(code: &str) -> Option<Hearer> {
    if code.is_empty() { Some(Hearer::All) } else { code.parse().ok().map(Hearer::Store) }
}

/// Takes what a store says; what is not understood is not worth a word.
async fn hear(context: &Context, message: Message) {
    let Message { topic, payload, is_retained } = message;
    let Ok(topic) = topic.parse::<Topic>() else { return };
    let heard = match topic {
        Topic::Reported(store) => hear_report(context, &store, &payload, !is_retained).await,
        Topic::Presence(store) => match serde_json::from_slice::<PresenceV1>(&payload) {
            Ok(said) => settings::hear_presence(context, &store, &said, !is_retained).await,
            Err(_) => return,
        },
        Topic::Desired(_) | Topic::Bell(_) => return,
    };
    if let Err(error) = heard {
        error!(error = %Chain(&error), "What a store said could not be kept");
    }
}

async fn hear_report(
    context: &Context,
    store: &StoreCode,
    payload: &[u8],
    is_live: bool,
) -> Result<(), crate::DbError> {
    match serde_json::from_slice::<ReportV1>(payload) {
        Ok(report) => settings::hear_report(context, store, &report, is_live).await,
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
    use serde_json::{Value, json};

    use super::*;
    use crate::Config;

    /// Topics that a store's account may write to, and some that it may not.
    fn topic() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("guitai/v1/stores/SH001/presence".to_owned()),
            Just("guitai/v1/stores/SH001/settings/reported".to_owned()),
            Just("guitai/v1/all/settings/desired".to_owned()),
            "guitai/v1/stores/[A-Z0-9]{0,12}/(presence|settings/reported|bell)",
            ".{0,40}",
        ]
    }

    /// A document of the right shape with values that are not, or bytes.
    fn payload() -> impl Strategy<Value = Vec<u8>> {
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,900}".prop_map(Value::from),
            any::<u128>().prop_map(|n| json!(uuid::Uuid::from_u128(n))),
            Just(json!([])),
            Just(json!([{ "target": "all", "applied": i64::MIN, "unknown": vec!["x"; 40] }])),
        ];
        let names =
            vec!["edge", "boot", "is_online", "program", "at_micros", "standings", "scopes", "x"];
        let document = proptest::collection::hash_map(proptest::sample::select(names), value, 0..8);
        let document = document.prop_map(|fields| json!(fields).to_string().into_bytes());
        prop_oneof![3 => document, 1 => vec(any::<u8>(), 0..500)]
    }

    #[test]
    fn whatever_comes_through_the_broker_is_kept_of_nobody_who_is_not_known() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path());
        let context = runtime.block_on(Context::open(&config)).unwrap();
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        let said = (topic(), payload(), any::<bool>());
        let heard = TestRunner::new(config).run(&said, |(topic, payload, is_retained)| {
            runtime.block_on(hear(&context, Message { topic, payload, is_retained }));
            let standings = runtime.block_on(settings::list_standings(&context));
            prop_assert!(standings.is_ok_and(|all| all.is_empty()));
            Ok(())
        });
        heard.unwrap();
    }

    fn broker(address: &str) -> Broker {
        let address = address.parse().unwrap();
        Broker { address, user: None, password: None, authority: None }
    }

    #[test]
    fn a_line_in_the_clear_or_half_an_account_is_refused() {
        let wish = |broker: &Broker| wish(broker, "mall".to_owned());
        assert!(wish(&broker("mqtt://127.0.0.1:1")).is_ok());
        let plain = wish(&broker("mqtt://10.0.0.1:1"));
        assert!(matches!(plain, Err(BrokerError::Plain(_))));
        assert!(
            wish(&broker("mqtts://broker.example.com")).is_ok_and(|wish| wish.papers.is_some())
        );
        let by_account = Broker { user: Some("mall".to_owned()), ..broker("mqtts://b.example") };
        let tls = wish(&by_account);
        assert!(matches!(tls, Err(BrokerError::NoAuthority)));
        let half = Broker { user: Some("mall".to_owned()), ..broker("mqtt://localhost") };
        assert!(matches!(wish(&half), Err(BrokerError::Half)));
        let password = Some(PathBuf::from("/nowhere/password"));
        assert!(matches!(wish(&Broker { password, ..half }), Err(BrokerError::Password { .. })));
    }

    #[test]
    fn a_change_without_a_store_is_for_all() {
        assert_eq!(hearer_of(""), Some(Hearer::All));
        assert_eq!(hearer_of("SH001"), "SH001".parse().ok().map(Hearer::Store));
        assert_eq!(hearer_of("sh 1"), None);
    }
}
