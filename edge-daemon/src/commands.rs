//! Commands of HQ: fetched over HTTPS, believed, written down, done once, told.
//!
//! ```text
//! bell or poll ─► GET ─► signature, store, end ─► written down ─► done ─► written down ─► POST
//! ```
//!
//! **Invariant:** nothing is run that was not written down before; what was begun when the program
//! died is told as interrupted and not begun again. Nothing that comes through the broker runs
//! anything: a bell only lets the mall be asked.

use std::{sync::Arc, time::Duration};

use domain::time::Timestamp;
use serde_json::{Value, json};
use sync::{
    backoff::retry_ms,
    command::{
        COMMANDS_MAX, Command, CommandsV1, NotRun, OUTCOME_BYTES_MAX, OutcomeV1, OutcomesV1,
        SignedCommandV1,
    },
    path,
    replica::Scope,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Chain, DaemonError,
    context::{Context, random},
    db::{DbError, commands as rows, node::Node},
    fault, http, settings,
    uplink::mall::Mall,
};

/// After a failure the mall is asked again within this.
const RETRY_MS_MAX: u64 = 30_000;

/// Fetches and carries out commands until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, node: Node, mall: Mall, stop: CancellationToken) {
    let closed = context.ledger.write(|tx| rows::close_begun(tx, Command::Restart.word())).await;
    if let Err(error) = closed {
        tracing::error!(error = %Chain(&error), "Commands that were begun could not be closed");
    }
    let mut failures = 0_u32;
    loop {
        let look = look(&context, &node, &mall);
        let Some(looked) = stop.run_until_cancelled(look).await else { return };
        let pause = match looked {
            Ok(()) => {
                failures = 0;
                context.config.mall.poll_ms
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == 1 {
                    tracing::warn!(error = %Chain(&error), "HQ's commands could not be fetched or told of");
                }
                retry_ms(failures, u32::from_be_bytes(random())).min(RETRY_MS_MAX)
            }
        };
        let pause = context.nudges.commands.taken_or(Duration::from_millis(pause));
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Tells what is over, fetches what is open, does it, and tells that.
async fn look(context: &Arc<Context>, node: &Node, mall: &Mall) -> Result<(), DaemonError> {
    tell(context, mall).await?;
    let CommandsV1 { mut commands } = mall.get(path::COMMANDS).await?;
    commands.truncate(COMMANDS_MAX);
    let mut is_any = false;
    for command in commands {
        is_any |= take(context, node, command).await?;
    }
    if is_any { tell(context, mall).await } else { Ok(()) }
}

async fn tell(context: &Context, mall: &Mall) -> Result<(), DaemonError> {
    let outcomes = context.ledger.read(|db| rows::untold(db, COMMANDS_MAX)).await?;
    if outcomes.is_empty() {
        return Ok(());
    }
    let told = OutcomesV1 { outcomes };
    mall.post::<_, Value>(path::COMMANDS, &told).await?;
    let now = context.clock.now();
    context.ledger.write(move |tx| rows::told(tx, &told.outcomes, now)).await?;
    Ok(())
}

/// Carries out a command that was not seen before; whether something is to be told.
async fn take(
    context: &Arc<Context>,
    node: &Node,
    command: SignedCommandV1,
) -> Result<bool, DbError> {
    let id = command.id.to_string();
    if context.ledger.read(move |db| rows::is_known(db, &id)).await? {
        return Ok(false);
    }
    let now = context.clock.now();
    let believed = command.believe(&context.settings.keys(), &node.store_code, now);
    if believed == Err(NotRun::UnknownKey) {
        // The settings' own loop asks for keys; the command is offered again.
        context.settings.look_again();
        return Ok(false);
    }
    let (id, word) = (command.id, command.word.clone());
    if !context.ledger.write(move |tx| rows::begin(tx, &command, now)).await? {
        return Ok(false);
    }
    fault::point("command.begun");
    let (outcome, detail) = match believed {
        Err(why) => {
            tracing::error!(command.id = %id, why = why.word(), "A command of HQ is not run");
            (why.word(), String::new())
        }
        Ok(Command::Restart) => {
            tracing::info!(command.id = %id, "HQ lets the program end; the machine starts it again");
            // What comes of it the next start writes down.
            context.wants_restart.notify_one();
            return Ok(false);
        }
        Ok(command) => {
            tracing::info!(command.id = %id, word, "HQ's command is carried out");
            ("done", carry_out(context, node, command, now))
        }
    };
    let outcome = OutcomeV1 { id, outcome: outcome.to_owned(), detail };
    context.ledger.write(move |tx| rows::end(tx, &outcome)).await?;
    Ok(true)
}

fn carry_out(context: &Arc<Context>, node: &Node, command: Command, now: Timestamp) -> String {
    let scopes = [Scope::Catalog, Scope::Store(node.store)];
    match command {
        Command::LookAgain => {
            for scope in scopes {
                context.nudges.of(scope).give();
            }
            context.nudges.upload.give();
            context.nudges.rights.give();
            context.settings.look_again();
            String::new()
        }
        Command::TakeSnapshot => {
            for scope in scopes {
                context.replicas.wish_snapshot(scope);
                context.nudges.of(scope).give();
            }
            String::new()
        }
        Command::ReportState => state(context, node, now),
        // Done by the caller: nothing can be written down after it.
        Command::Restart => String::new(),
    }
}

/// How the store is, as JSON: nothing of shoppers, operators or money is in it.
fn state(context: &Context, node: &Node, now: Timestamp) -> String {
    let state = json!({
        "at": now.to_string(),
        "program": env!("CARGO_PKG_VERSION"),
        "boot": context.boot.to_string(),
        "store": http::state_of(context, now),
        "settings": settings::report_of(context, node).standings,
    });
    let text = state.to_string();
    // A store with a hundred notices would still fit; were it ever to be more, less is told.
    if text.len() > OUTCOME_BYTES_MAX { String::new() } else { text }
}
