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
        self, Conn, DbError,
        commands::{self, CommandRow},
        damaged, groups, stores,
    },
    hq::Asked,
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
/// Stores of a group that are given a command in one transaction.
const STORES_A_WRITE: usize = 100;
/// So far back commands are listed.
const LISTED: i64 = 100;

/// Why a command was not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// No such group.
    #[error("there is no group `{0}`")]
    Group(String),
    /// A cursor that was not given out.
    #[error("`after` is no cursor of this list")]
    Cursor,
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
    /// The group that it was given to; empty where it was given to the store alone.
    pub(crate) given_to: String,
    /// When the store fetched it; empty while it did not.
    pub(crate) taken_at: String,
    /// `waiting`, `taken` (the store fetched it and has not told of it), `expired`, or the store's
    /// word: `done`, `failed`, `interrupted`, or why it was not run.
    pub(crate) state: String,
    /// What the store said of it.
    pub(crate) detail: String,
    /// When; empty while nothing is known.
    pub(crate) told_at: String,
}

fn shape(row: CommandRow, now: Timestamp) -> CommandShape {
    let is_told = !row.outcome.is_empty();
    let is_taken = row.taken_at.micros() > 0;
    let state = match (is_told, now > row.not_after) {
        (true, _) => row.outcome,
        (false, true) => "expired".to_owned(),
        (false, false) if is_taken => "taken".to_owned(),
        (false, false) => "waiting".to_owned(),
    };
    CommandShape {
        number: row.number,
        id: row.id.to_string(),
        word: row.word,
        given_by: row.given_by,
        given_at: row.given_at.to_string(),
        not_after: row.not_after.to_string(),
        given_to: row.given_to,
        taken_at: if is_taken { row.taken_at.to_string() } else { String::new() },
        state,
        detail: row.detail,
        told_at: if is_told { row.told_at.to_string() } else { String::new() },
    }
}

/// What is to be done, by when, as somebody says it.
fn wish(word: &str, minutes: i64) -> Result<Command, CommandError> {
    let command = Command::from_word(word).ok_or(CommandError::Word)?;
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(CommandError::Minutes);
    }
    Ok(command)
}

/// A command as somebody gives it.
struct Gift<'a> {
    command: Command,
    minutes: i64,
    by: &'a str,
    to: &'a str,
}

/// Keeps a command for a store; none where too many wait there.
async fn keep(
    context: &Context,
    tx: &mut Conn,
    store: StoreId,
    gift: &Gift<'_>,
) -> Result<Option<CommandRow>, CommandError> {
    let now = context.now();
    let limit = i64::try_from(OPEN_MAX).unwrap_or(i64::MAX);
    if commands::open(tx, store, now, limit).await?.len() >= OPEN_MAX {
        return Ok(None);
    }
    let row = CommandRow {
        number: commands::next_number(tx, store).await?,
        id: context.new_id::<()>()?.uuid(),
        word: gift.command.word().to_owned(),
        given_by: gift.by.to_owned(),
        given_at: now,
        not_after: Timestamp::from_micros(now.micros() + gift.minutes * 60_000_000),
        outcome: String::new(),
        detail: String::new(),
        told_at: Timestamp::from_micros(0),
        taken_at: Timestamp::from_micros(0),
        given_to: gift.to.to_owned(),
    };
    commands::insert(tx, store, &row).await?;
    Ok(Some(row))
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
    let gift = Gift { command: wish(word, minutes)?, minutes, by, to: "" };
    let mut tx = context.db().write(doing).await?;
    let store = stores::by_code(&mut tx, code).await?;
    let store = store.ok_or_else(|| CommandError::Store(code.to_owned()))?.id;
    let row = keep(context, &mut tx, store, &gift).await?.ok_or(CommandError::TooMany)?;
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    info!(store = code, command = word, by, "`{word}` is given to {code}");
    Ok(shape(row, context.now()))
}

/// To which stores of a group a command went.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = GroupCommand)]
pub(crate) struct GroupCommandShape {
    /// Stores that were given it.
    pub(crate) given: usize,
    /// The codes of stores that were not, because too many commands wait there.
    pub(crate) full: Vec<String>,
}

/// Gives every store of a group a command, a hundred stores in a transaction, so that nobody waits
/// long behind a large group.
pub(crate) async fn give_group(
    context: &Context,
    key: &str,
    word: &str,
    minutes: i64,
    by: &str,
) -> Result<GroupCommandShape, CommandError> {
    let doing = "keep the commands of a group";
    let gift = Gift { command: wish(word, minutes)?, minutes, by, to: key };
    let mut tx = context.db().read(doing).await?;
    let group = groups::by_key(&mut tx, key).await?.filter(|group| !group.is_deleted);
    let group = group.ok_or_else(|| CommandError::Group(key.to_owned()))?;
    let members = groups::members(&mut tx, group.id).await?;
    drop(tx);
    let mut told = GroupCommandShape::default();
    for some in members.chunks(STORES_A_WRITE) {
        let mut tx = context.db().write(doing).await?;
        for (store, code) in some {
            match keep(context, &mut tx, *store, &gift).await? {
                Some(_) => told.given += 1,
                None => told.full.push(code.clone()),
            }
        }
        db::commit(tx, doing).await?;
        context.bell_nudge().notify_one();
    }
    info!(group = key, command = word, by, stores = told.given, "`{word}` is given to {key}");
    Ok(told)
}

/// A command with the store that it is for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoreCommand)]
pub(crate) struct StoreCommandShape {
    /// The store's code.
    pub(crate) store: String,
    /// The command.
    #[serde(flatten)]
    pub(crate) command: CommandShape,
}

/// A page of commands, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CommandPage {
    /// The commands.
    pub(crate) commands: Vec<StoreCommandShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// `microseconds.store.number`.
fn cursor(text: &str) -> Result<commands::Place, CommandError> {
    let numbers: Result<Vec<i64>, _> = text.split('.').map(str::parse).collect();
    match numbers.as_deref() {
        Ok([at, store, number]) => Ok((Timestamp::from_micros(*at), StoreId(*store), *number)),
        _ => Err(CommandError::Cursor),
    }
}

/// The commands of all stores, or of one, the newest first.
pub(crate) async fn page(
    context: &Context,
    code: Option<&str>,
    asked: &Asked,
) -> Result<CommandPage, CommandError> {
    let after = asked.after.as_deref().map(cursor).transpose()?;
    let mut tx = context.db().read("read the commands").await?;
    let store = match code {
        Some(code) => {
            let found = stores::by_code(&mut tx, code).await?;
            Some(found.ok_or_else(|| CommandError::Store(code.to_owned()))?.id)
        }
        None => None,
    };
    let found = commands::all(&mut tx, store, after, asked.limit() + 1).await?;
    let (found, next) = asked.page(found, |(store, (_, row))| {
        format!("{}.{}.{}", row.given_at.micros(), store.0, row.number)
    });
    let now = context.now();
    let one = |(_, (store, row))| StoreCommandShape { store, command: shape(row, now) };
    Ok(CommandPage { commands: found.into_iter().map(one).collect(), next })
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
    if open.iter().any(|row| row.taken_at.micros() == 0) {
        let doing = "note that commands were fetched";
        let mut writing = context.db().write(doing).await?;
        commands::take(&mut writing, store, context.now()).await?;
        db::commit(writing, doing).await?;
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
