//! One batch, one transaction, one answer.
//!
//! **Invariant:** a batch is kept whole or not at all; a fact is known by its id, never by its
//! place, so sending again, in other splits, changes nothing.

use std::collections::{HashMap, HashSet};

use sync::{
    chain::Hash,
    replica::StoreId,
    wire::{BatchAnswerV1, BatchV1, FactV1, ToldV1, VerdictV1},
};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::judge::{self, Fit, Judged, Refusal};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        edges::EdgeRow,
        inbox::{self, Received, Sender, What},
        lives::{self, SessionRow},
        stores,
    },
};

/// Why a batch was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// It does not fit.
    #[error("the batch was turned away")]
    Refused(#[source] Refusal),
    /// The database refused.
    #[error("could not keep the batch")]
    Db(#[from] DbError),
}

/// Keeps a batch of an edge node and says what was done with it.
pub(crate) async fn receive(
    context: &Context,
    edge: &EdgeRow,
    batch: &BatchV1,
) -> Result<BatchAnswerV1, ReceiveError> {
    let doing = "keep a batch";
    let at = context.now();
    let sender = Sender { store: edge.store, edge: edge.id, epoch: batch.epoch, at };
    // Beside whoever has the turn: a hundred stores that come back at once do not wait for HQ, and HQ
    // does not wait for them. The cursor's row keeps one node's batches one after the other.
    let mut tx = context.db().write_beside(doing).await?;
    is_in_session(&mut tx, edge, batch).await?;
    let cursor = inbox::lock_cursor(&mut tx, &sender).await?;
    let cursor = cursor.ok_or(Refusal::Epoch { ours: edge.epoch.into() });
    let cursor = cursor.map_err(ReceiveError::Refused)?;
    let fit = judge::frame(&cursor, batch).map_err(ReceiveError::Refused)?;
    if let Fit::Gap { expected } = fit {
        return Ok(answer(cursor.acked_seq, Vec::new(), Some(expected)));
    }
    let mut keeping = Keeping::begin(&mut tx, sender, batch, cursor.acked_seq).await?;
    let mut verdicts = Vec::new();
    for fact in &batch.facts {
        let verdict = keeping.keep(&mut tx, fact).await?;
        if verdict != VerdictV1::Accepted {
            verdicts.push(ToldV1 { seq: fact.seq, verdict });
        }
    }
    inbox::keep(&mut tx, &sender, &keeping.new).await?;
    let new = batch.facts.iter().filter(|fact| fact.seq > cursor.acked_seq);
    lives::put_places(&mut tx, &sender, &new.collect::<Vec<_>>()).await?;
    let last = batch.facts.last().filter(|last| last.seq > cursor.acked_seq);
    if let Some(last) = last {
        inbox::advance(&mut tx, &sender, last.seq, last.chain).await?;
    }
    db::commit(tx, doing).await?;
    context.inbox_nudge().notify_one();
    tell(&sender, batch, &verdicts);
    Ok(answer(last.map_or(cursor.acked_seq, |last| last.seq), verdicts, None))
}

/// Whether whoever sends was told to go on in this life. A node that is older than sessions has none.
async fn is_in_session(tx: &mut Conn, edge: &EdgeRow, batch: &BatchV1) -> Result<(), ReceiveError> {
    let sessions = lives::sessions(tx, edge).await?;
    let is_given = |row: &SessionRow| row.given.nonce == batch.session;
    let refusal = match (batch.session, sessions.iter().find(|row| is_given(row))) {
        (None, _) if sessions.is_empty() => None,
        (None, _) | (Some(_), None) => Some(Refusal::SessionEnded),
        (Some(_), Some(row)) if row.given.epoch != batch.epoch => {
            Some(Refusal::Epoch { ours: row.given.epoch.into() })
        }
        (Some(_), Some(_)) => None,
    };
    refusal.map_or(Ok(()), |refusal| Err(ReceiveError::Refused(refusal)))
}

fn answer(acked_seq: i64, verdicts: Vec<ToldV1>, expected_seq: Option<i64>) -> BatchAnswerV1 {
    BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None }
}

/// Log lines for those who should come, after the commit.
fn tell(sender: &Sender, batch: &BatchV1, verdicts: &[ToldV1]) {
    verdicts.iter().for_each(|told| tell_one(sender, told));
    let n = batch.facts.len();
    info!(store.id = %sender.store, edge.id = %sender.edge, facts = n, "Kept a batch of {n} facts");
}

fn tell_one(sender: &Sender, told: &ToldV1) {
    match &told.verdict {
        VerdictV1::Conflict => tell_conflict(sender, told.seq),
        VerdictV1::Quarantined { reason } => tell_quarantined(sender, told.seq, reason),
        VerdictV1::Accepted | VerdictV1::Duplicate | VerdictV1::StoredUnknown => {}
    }
}

fn tell_conflict(sender: &Sender, seq: i64) {
    error!(
        store.id = %sender.store, edge.id = %sender.edge, fact.seq = seq,
        "Other bytes came under an id that is held; both are kept"
    );
}

fn tell_quarantined(sender: &Sender, seq: i64, reason: &str) {
    warn!(
        store.id = %sender.store, edge.id = %sender.edge, fact.seq = seq, reason,
        "A fact was quarantined"
    );
}

/// What is known of the ids of a batch while its facts are judged one by one, and which of them are
/// new: their bodies are written together.
struct Keeping<'a> {
    sender: Sender,
    store_code: String,
    taken: HashSet<Uuid>,
    held: HashMap<Uuid, Hash>,
    new: Vec<(Received<'a>, bool)>,
}

impl<'a> Keeping<'a> {
    /// Takes the new ids and reads the held ones.
    async fn begin(
        tx: &mut Conn,
        sender: Sender,
        batch: &'a BatchV1,
        acked_seq: i64,
    ) -> Result<Self, ReceiveError> {
        let received = batch.facts.iter().map(received);
        let (old, fresh): (Vec<_>, Vec<_>) =
            received.partition(|received| received.fact.seq <= acked_seq);
        let ids: Vec<Uuid> = batch.facts.iter().map(|fact| fact.id).collect();
        let taken = inbox::take_ids(tx, &sender, &fresh).await?;
        let held = inbox::digests(tx, sender.store, &ids).await?;
        // What was acknowledged is held; an old place with an id that is not tells of a history
        // that never was here.
        if old.iter().any(|old| !held.contains_key(&old.fact.id) || taken.contains(&old.fact.id)) {
            return Err(ReceiveError::Refused(Refusal::Forked));
        }
        let store_code = code(tx, sender.store).await?;
        Ok(Self { sender, store_code, taken, held, new: Vec::new() })
    }

    async fn keep(&mut self, tx: &mut Conn, fact: &'a FactV1) -> Result<VerdictV1, DbError> {
        let received = received(fact);
        if self.taken.remove(&fact.id) {
            return self.keep_new(tx, received).await;
        }
        if self.held.get(&fact.id) != Some(&received.digest) {
            inbox::put_trouble(tx, &self.sender, received, &What::Conflict).await?;
            return Ok(VerdictV1::Conflict);
        }
        // A lost answer must not hide a quarantine: it is told again.
        let store = self.sender.store;
        let reason = inbox::quarantine_reason(tx, store, fact.id, received.digest).await?;
        Ok(match reason {
            Some(reason) => VerdictV1::Quarantined { reason },
            None => VerdictV1::Duplicate,
        })
    }

    async fn keep_new(
        &mut self,
        tx: &mut Conn,
        received: Received<'a>,
    ) -> Result<VerdictV1, DbError> {
        let judged = judge::fact(&self.store_code, received.fact, received.digest);
        self.new.push((received, judged.is_work()));
        Ok(match judged {
            Judged::Order(_) | Judged::PostVoid(_) | Judged::Pickup(_) => VerdictV1::Accepted,
            Judged::Unknown => VerdictV1::StoredUnknown,
            Judged::Bad(reason) => {
                let what = What::Quarantined(reason.clone());
                inbox::put_trouble(tx, &self.sender, received, &what).await?;
                VerdictV1::Quarantined { reason }
            }
        })
    }
}

fn received(fact: &FactV1) -> Received<'_> {
    Received { fact, digest: Hash::of(fact.body.as_bytes()) }
}

async fn code(tx: &mut Conn, store: StoreId) -> Result<String, DbError> {
    let row = stores::by_id(tx, store).await?;
    Ok(row.map(|row| row.store.code).unwrap_or_default())
}
