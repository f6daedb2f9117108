//! Says where the ledger stands before facts are sent, goes on as the mall says, and fetches what the
//! ledger has lost.
//!
//! **Invariant:** no sale waits for it. Until the mall has answered, a ledger that may be a copy sells
//! under receipt numbers of its own, and spends nothing that is lent.

use std::{path::PathBuf, sync::Arc};

use sync::{
    chain::Hash,
    path,
    wire::{LostPageV1, SessionV1},
};

use super::mall::{Mall, MallError};
use crate::{
    Chain,
    config::Config,
    context::{Context, mint, random},
    db::{
        DbError, Ledger,
        history::{self, Standing},
        mark,
    },
    fault,
};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The ledger did not do it.
    #[error("could not say where the ledger stands, or go on")]
    Db(#[from] DbError),
    /// The mall did not answer, or not as agreed.
    #[error("the mall opened no session")]
    Mall(#[from] MallError),
}

/// Where this ledger's mark lies.
fn mark_path(config: &Config) -> PathBuf {
    config.mark_file.clone().unwrap_or_else(|| mark::path_beside(&config.data))
}

/// Counts a start of the daemon and looks whether this ledger is a copy: by its mark, and by the
/// machine. Before anything is sold.
pub(crate) async fn start(config: &Config, ledger: &Ledger) -> Result<Standing, DbError> {
    let path = mark_path(config);
    let found = mark::read(&path);
    let machine = Hash::of(&std::fs::read(&config.machine_id_file).unwrap_or_default());
    let fresh = u32::from_be_bytes(random());
    let (own, stands) = ledger
        .write(move |tx| -> Result<_, DbError> {
            history::start(tx, found, machine, fresh)?;
            Ok((history::mark(tx)?, history::standing(tx)?))
        })
        .await?;
    if stands.is_doubtful {
        tracing::warn!(
            "This ledger may be a copy: receipts carry a life of their own until the mall has been asked"
        );
    }
    match own.map_or(Ok(()), |own| mark::write(&path, own)) {
        Ok(()) => ledger.write(history::is_marked).await?,
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "There is no mark beside the ledger");
        }
    }
    Ok(stands)
}

/// Writes down beside the ledger how far it has come. One that is old only doubts less.
pub(crate) async fn write_mark(context: &Context) {
    let write = async || -> Result<(), DbError> {
        let Some(own) = context.ledger.read(history::mark).await? else { return Ok(()) };
        let path = mark_path(&context.config);
        tokio::task::spawn_blocking(move || mark::write(&path, own))
            .await
            .unwrap_or(Err(DbError::Closed))
    };
    if let Err(error) = write().await {
        tracing::debug!(error = %Chain(&error), "The mark beside the ledger is an old one");
    }
}

/// Opens a session and goes on as it says; none where the mall is older than sessions.
pub(crate) async fn open(
    context: &Arc<Context>,
    mall: &Mall,
) -> Result<Option<SessionV1>, SessionError> {
    let fresh = mint::<SessionV1>().uuid();
    let ask = move |tx: &_| {
        let ask = history::ask(tx, fresh)?;
        fault::db("session.asking").map(|()| ask)
    };
    let ask = context.ledger.write(ask).await?;
    fault::db("session.asked")?;
    let told: SessionV1 = match mall.post(path::SESSIONS, &ask).await {
        Ok(told) => told,
        Err(MallError::Refused { status: 404, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    fault::db("session.answered")?;
    let (epoch, is_frozen, n_lost) = (told.epoch, told.is_frozen, told.lost.len());
    let taken = told.clone();
    let take = move |tx: &_| {
        history::take(tx, &taken)?;
        fault::db("session.taking")
    };
    context.ledger.write(take).await?;
    fault::db("session.taken")?;
    if epoch == ask.epoch {
        tracing::debug!(epoch, "A session with the mall began");
    } else {
        tracing::warn!(
            epoch,
            before = ask.epoch,
            lost = n_lost,
            "This ledger is a copy, or the mall's is: it goes on in a new life"
        );
    }
    if is_frozen {
        tracing::error!("Another box speaks as this one; HQ decides which one stays");
    }
    Ok(Some(told))
}

/// Fetches what this ledger may have lost, until it has all.
pub(crate) async fn find_what_was_lost(
    context: &Arc<Context>,
    mall: &Mall,
) -> Result<(), SessionError> {
    let mut n_found = 0_u32;
    while let Some(lost) = context.ledger.read(history::lost).await? {
        let page: LostPageV1 = mall.get(&path::lost(lost.epoch, lost.after)).await?;
        let now = context.clock.now();
        let keep = move |tx: &_| history::find(tx, lost, &page.facts, now);
        n_found += context.ledger.write(keep).await?;
        fault::db("session.found")?;
    }
    if n_found > 0 {
        tracing::warn!(n_found, "Facts that this ledger had lost came back from the mall");
    }
    Ok(())
}
