//! The loop: looks at what came, asks the mall, watches what is on trial, reports.
//!
//! Reconciler: it looks at what has come and asks the mall for the same every half minute, so a dead
//! broker costs that half minute and nothing else.
//!
//! **Invariant:** nobody else puts settings in force or takes them back while the daemon runs.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use sync::{
    backoff::retry_ms,
    path,
    settings::{Disbelief, KEYS_MAX, SettingsKeyV1, SignedSettingsV1},
    wire::{CameByV1, SettingsHeldV1},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    consider::{Fate, consider, keep, refuse, take_back},
    health,
    report::report,
    trial::{Verdict, blamed, decide},
};
use crate::{
    Chain, DaemonError,
    context::{Context, random},
    db::{
        DbError,
        node::Node,
        settings::{self as rows, Whose},
    },
    uplink::mall::Mall,
};

/// After something was refused nothing is looked at for so long: whoever floods the broker costs
/// this store one ledger write a second.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// A poll that fails is tried again within this, however seldom polls are.
const RETRY_MS_MAX: u64 = 30_000;
/// Within a trial the store is looked at so many times.
const TRIAL_LOOKS: u32 = 12;

/// What is on trial, and since when it is watched.
#[derive(Debug, Default)]
pub(super) struct Watched(Option<(i64, Instant)>);

/// Notes that the program ends in order: its next start blames no document on trial for it.
pub(crate) async fn note_stop(context: &Context) {
    if let Err(error) = context.ledger.write(rows::note_stop).await {
        tracing::error!(error = %Chain(&error), "It could not be noted that the program ends in order");
    }
}

/// Follows HQ's settings until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, node: Node, mall: Mall, stop: CancellationToken) {
    let (context, node, mall) = (&context, &node, &mall);
    let period = Duration::from_millis(context.config.mall.poll_ms);
    let (mut next_poll, mut failures, mut reported) = (Instant::now(), 0_u32, None);
    let mut watched = Watched::default();
    loop {
        let look = async {
            // Whatever the mall does, what is on trial is watched.
            watch(context, &mut watched).await?;
            let pushed = look_at_what_came(context, node).await?;
            let is_asked = context.settings.is_asked.swap(false, Ordering::SeqCst);
            let is_due = is_asked || pushed == Fate::AskMall || Instant::now() >= next_poll;
            if is_due {
                next_poll = Instant::now() + period;
                poll(context, node, mall).await?;
            }
            watch(context, &mut watched).await?;
            report(context, node, mall, &mut reported).await?;
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
            let mut left = next_poll.saturating_duration_since(Instant::now());
            if watched.0.is_some() {
                left = left.min(look_period(context));
            }
            context.settings.nudge.taken_or(left).await;
        };
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

fn look_period(context: &Context) -> Duration {
    Duration::from_millis(context.config.mall.settings_trial_ms) / TRIAL_LOOKS
}

/// Looks at the store while something is on trial, and keeps it or takes the newest of it back.
pub(super) async fn watch(context: &Arc<Context>, watched: &mut Watched) -> Result<(), DbError> {
    loop {
        let in_force = context.settings.in_force();
        let newest = in_force.on_trial().map(|(_, trial)| trial.joined).max();
        let Some(newest) = newest else {
            watched.0 = None;
            if let Ok(mut before) = context.settings.before_trial.lock() {
                *before = None;
            }
            return Ok(());
        };
        let since = match watched.0 {
            Some((of, since)) if of == newest => since,
            Some(_) | None => Instant::now(),
        };
        watched.0 = Some((newest, since));
        let before = context.settings.before_trial.lock().ok().and_then(|before| *before);
        let now = health::look(context).await;
        let elapsed_ms = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let length_ms = i64::try_from(context.config.mall.settings_trial_ms).unwrap_or(i64::MAX);
        match decide(before.unwrap_or_default(), now, elapsed_ms, length_ms) {
            Verdict::Watch => return Ok(()),
            Verdict::Keep => keep(context).await?,
            Verdict::GoBack(part) => {
                if let Some(whose) = blamed(in_force.on_trial()) {
                    take_back(context, whose, part.complaint()).await?;
                }
            }
        }
    }
}

/// Looks at what the broker brought; the worst of what became of it.
pub(super) async fn look_at_what_came(
    context: &Arc<Context>,
    node: &Node,
) -> Result<Fate, DbError> {
    let mut worst = Fate::Settled;
    for (whose, bytes) in context.settings.take_arrived() {
        let fate = match SignedSettingsV1::read(&bytes) {
            Ok(envelope) => consider(context, node, &envelope, CameByV1::Mqtt).await?,
            Err(why) => refuse(context, whose, 0, why.word(), String::new()).await?,
        };
        if fate != Fate::Settled && worst != Fate::AskMall {
            worst = fate;
        }
    }
    Ok(worst)
}

/// Asks the mall for its keys alone, e.g. because something is signed by one that is not known.
pub(crate) async fn learn_keys(context: &Context, mall: &Mall) -> Result<(), DaemonError> {
    let held: SettingsHeldV1 = mall.get(path::SETTINGS).await?;
    believe_keys(context, held.keys).await
}

async fn believe_keys(context: &Context, mut keys: Vec<SettingsKeyV1>) -> Result<(), DaemonError> {
    keys.truncate(KEYS_MAX);
    if !keys.is_empty() && keys != context.settings.keys() {
        let kept = keys.clone();
        context.ledger.write(move |tx| rows::keep_keys(tx, &kept)).await?;
        if let Ok(mut known) = context.settings.keys.lock() {
            *known = keys;
        }
    }
    Ok(())
}

/// Asks the mall for its keys and for what it wishes of this store.
async fn poll(context: &Arc<Context>, node: &Node, mall: &Mall) -> Result<(), DaemonError> {
    let held: SettingsHeldV1 = mall.get(path::SETTINGS).await?;
    believe_keys(context, held.keys).await?;
    // Which groups it is in comes before what they say.
    for envelope in held.groups.iter().chain(&held.envelopes).chain(&held.of_groups) {
        if consider(context, node, envelope, CameByV1::Poll).await? == Fate::AskMall {
            let whose = Whose::of(&envelope.target);
            let why = Disbelief::UnknownKey.word();
            refuse(context, whose, envelope.revision, why, String::new()).await?;
        }
    }
    Ok(())
}
