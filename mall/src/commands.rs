//! Commands of HQ to a store: given, signed when the store asks, and what came of them.
//!
//! **Invariant:** a command is one of a closed set and has an end; what came of it is the store's own
//! word, kept once.

use domain::{receipt_number::StoreCode, time::Timestamp};
use serde::Serialize;
use sync::{
    command::{COMMANDS_MAX, Command, CommandsV1, OUTCOME_BYTES_MAX, OutcomesV1, SignedCommandV1},
    replica::StoreId,
};
use tracing::{info, warn};
use utoipa::ToSchema;

use crate::{
    context::{Context, NoDice},
    db::{
        self, DbError,
        commands::{self, CommandRow},
        damaged, stores,
    },
    settings::KeysError,
};

/// Minutes that a command is good for where nobody says otherwise.
pub(crate) const MINUTES: i64 = 60;
/// At most so many: a store that was away for a week need not do what was meant for that day.
pub(crate) const MINUTES_MAX: i64 = 7 * 24 * 60;
/// Commands of a store that may wait at once.
pub(crate) const OPEN_MAX: usize = COMMANDS_MAX;
/// Signs of an outcome's word.
const OUTCOME_WORD_MAX: usize = 20;
/// So far back commands are listed.
const LISTED: i64 = 100;

/// Why a command was not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// Not in the set.
    #[error("a store can be told: look-again, take-snapshot, report-state, restart")]
    Word,
    /// No such time.
    #[error("a command is good for 1 to {MINUTES_MAX} minutes")]
    Minutes,
    /// Too many wait.
    #[error("{OPEN_MAX} commands wait for this store already")]
    TooMany,
    /// It could not be signed.
    #[error("the commands could not be signed")]
    Keys(#[from] KeysError),
    /// No id could be made.
    #[error(transparent)]
    NoDice(#[from] NoDice),
    /// The database refused.
    #[error("could not read or keep commands")]
    Db(#[from] DbError),
}

/// A command and what came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Command)]
pub(crate) struct CommandShape {
    /// 1, 2, 3 … for each store.
    pub(crate) number: i64,
    /// Its id.
    pub(crate) id: String,
    /// `look-again`, `take-snapshot`, `report-state` or `restart`.
    pub(crate) word: String,
    /// Who gave it.
    pub(crate) given_by: String,
    /// When.
    pub(crate) given_at: String,
    /// When it is not begun any more.
    pub(crate) not_after: String,
    /// `waiting`, `expired`, or the store's word: `done`, `failed`, `interrupted`, or why it was not
    /// run.
    pub(crate) state: String,
    /// What the store said of it.
    pub(crate) detail: String,
    /// When; empty while nothing is known.
    pub(crate) told_at: String,
}

fn shape(row: CommandRow, now: Timestamp) -> CommandShape {
    let is_told = !row.outcome.is_empty();
    let state = match (is_told, now > row.not_after) {
        (true, _) => row.outcome,
        (false, true) => "expired".to_owned(),
        (false, false) => "waiting".to_owned(),
    };
    CommandShape {
        number: row.number,
        id: row.id.to_string(),
        word: row.word,
        given_by: row.given_by,
        given_at: row.given_at.to_string(),
        not_after: row.not_after.to_string(),
        state,
        detail: row.detail,
        told_at: if is_told { row.told_at.to_string() } else { String::new() },
    }
}

/// Gives a store a command.
pub(crate) async fn give(
    context: &Context,
    code: &str,
    word: &str,
    minutes: i64,
    by: &str,
) -> Result<CommandShape, CommandError> {
    let doing = "keep a command";
    let command = Command::from_word(word).ok_or(CommandError::Word)?;
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(CommandError::Minutes);
    }
    let mut tx = context.db().write(doing).await?;
    let store = stores::by_code(&mut tx, code).await?;
    let store = store.ok_or_else(|| CommandError::Store(code.to_owned()))?.id;
    let now = context.now();
    let limit = i64::try_from(OPEN_MAX).unwrap_or(i64::MAX);
    if commands::open(&mut tx, store, now, limit).await?.len() >= OPEN_MAX {
        return Err(CommandError::TooMany);
    }
    let row = CommandRow {
        number: commands::next_number(&mut tx, store).await?,
        id: context.new_id::<()>()?.uuid(),
        word: command.word().to_owned(),
        given_by: by.to_owned(),
        given_at: now,
        not_after: Timestamp::from_micros(now.micros() + minutes * 60_000_000),
        outcome: String::new(),
        detail: String::new(),
        told_at: Timestamp::from_micros(0),
    };
    commands::insert(&mut tx, store, &row).await?;
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    info!(store = code, command = word, by, "`{word}` is given to {code}");
    Ok(shape(row, now))
}

/// The commands of a store, the newest first.
pub(crate) async fn list(context: &Context, code: &str) -> Result<Vec<CommandShape>, CommandError> {
    let mut tx = context.db().read("read the commands of a store").await?;
    let store = stores::by_code(&mut tx, code).await?;
    let store = store.ok_or_else(|| CommandError::Store(code.to_owned()))?.id;
    let (rows, now) = (commands::of_store(&mut tx, store, LISTED).await?, context.now());
    Ok(rows.into_iter().map(|row| shape(row, now)).collect())
}

/// What a store is to do, signed now.
pub(crate) async fn of_store(
    context: &Context,
    store: StoreId,
) -> Result<CommandsV1, CommandError> {
    let mut tx = context.db().read("read the open commands of a store").await?;
    let limit = i64::try_from(COMMANDS_MAX).unwrap_or(i64::MAX);
    let open = commands::open(&mut tx, store, context.now(), limit).await?;
    if open.is_empty() {
        return Ok(CommandsV1::default());
    }
    let code = stores::code(&mut tx, store).await?;
    let code: StoreCode = code.parse().map_err(|_| damaged("read the code of a store"))?;
    let key = context.settings_keys().newest()?;
    let sign = |row: CommandRow| {
        let what = (row.id, row.word.as_str());
        SignedCommandV1::sign(&key.pkcs8, key.version, &code, what, row.not_after)
    };
    let commands = open.into_iter().map(sign).collect::<Result<_, _>>().map_err(KeysError::Key)?;
    Ok(CommandsV1 { commands })
}

/// Keeps what a store says of its commands; of others it says nothing.
pub(crate) async fn hear(
    context: &Context,
    store: StoreId,
    told: &OutcomesV1,
) -> Result<(), CommandError> {
    let doing = "keep what came of commands";
    let mut tx = context.db().write(doing).await?;
    for outcome in told.outcomes.iter().take(COMMANDS_MAX) {
        let word: String = outcome.outcome.chars().filter(|sign| !sign.is_control()).collect();
        let word: String = word.chars().take(OUTCOME_WORD_MAX).collect();
        if word.is_empty() {
            continue;
        }
        if word != "done" {
            warn!(command.id = %outcome.id, outcome = word, "A store did not do what it was told");
        }
        let mut detail: String =
            outcome.detail.chars().filter(|sign| *sign == '\n' || !sign.is_control()).collect();
        while detail.len() > OUTCOME_BYTES_MAX {
            detail.pop();
        }
        commands::tell(&mut tx, store, outcome.id, (&word, &detail), context.now()).await?;
    }
    Ok(db::commit(tx, doing).await?)
}
