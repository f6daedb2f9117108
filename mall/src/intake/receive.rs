//! One batch, one transaction, one answer.
//!
//! **Invariant:** a batch is kept whole or not at all; a fact is known by its id, never by its
//! place, so sending again, in other splits, changes nothing.

use std::collections::{HashMap, HashSet};

use sync::{
    chain::Hash,
    inbox::{
        Cursor, Fit, Keep, Known, Read, Refusal, advanced, frame, is_in_session, verdict, was_here,
    },
    session::Given,
    wire::{BatchAnswerV1, BatchV1, FactV1, HoleV1, ToldV1, VerdictV1},
};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::judge::Seen;
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        day_seals::{self, Why},
        edges::EdgeRow,
        holes,
        inbox::{self, Received, Sender, What},
        lives, stores,
    },
    fault,
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
    // What can be said of the facts by themselves is said while nobody waits for a lock.
    let seen: Vec<Seen<'_>> = batch.facts.iter().map(Seen::of).collect();
    // Beside whoever has the turn: a hundred stores that come back at once do not wait for HQ, and HQ
    // does not wait for them. The cursor's row keeps one node's batches one after the other.
    let mut tx = context.db().write_beside(doing).await?;
    fault::db("batch.begun").await?;
    check_session(&mut tx, edge, batch).await?;
    let cursor = inbox::lock_cursor(&mut tx, &sender).await?;
    let cursor = cursor.ok_or(Refusal::Epoch { ours: edge.epoch });
    let cursor = cursor.map_err(ReceiveError::Refused)?;
    let hole = match frame(&cursor, batch).map_err(ReceiveError::Refused)? {
        Fit::Fits(hole) => hole,
        Fit::Gap { expected } => return Ok(answer(&cursor, Vec::new(), Some(expected))),
    };
    fault::db("batch.locked").await?;
    let mut keeping = Keeping::begin(&mut tx, sender, (batch, &seen), &cursor).await?;
    fault::db("batch.taken").await?;
    if let Some(hole) = &hole {
        holes::put(&mut tx, &sender, hole).await?;
    }
    let mut verdicts = Vec::new();
    for one in &seen {
        let verdict = keeping.keep(&mut tx, one).await?;
        if verdict != VerdictV1::Accepted {
            verdicts.push(ToldV1 { seq: one.received.fact.seq, verdict });
        }
    }
    keeping.write(&mut tx).await?;
    fault::db("batch.kept").await?;
    open_days(&mut tx, &sender, keeping.days()).await?;
    lives::put_places(&mut tx, &sender, &keeping.fresh).await?;
    let moved = advanced(&cursor, batch);
    if let Some(to) = &moved {
        inbox::advance(&mut tx, &sender, to).await?;
    }
    fault::db("batch.advanced").await?;
    db::commit(tx, doing).await?;
    fault::db("batch.committed").await?;
    context.inbox_nudge().notify_one();
    tell(&sender, batch, &verdicts);
    if let Some(hole) = &hole {
        tell_hole(&sender, hole);
    }
    Ok(answer(&moved.unwrap_or(cursor), verdicts, None))
}

/// Whether whoever sends was told to go on in this life. A node that is older than sessions has none.
async fn check_session(tx: &mut Conn, edge: &EdgeRow, batch: &BatchV1) -> Result<(), ReceiveError> {
    let sessions = lives::sessions(tx, edge).await?;
    let given: Vec<Given> = sessions.iter().map(|row| row.given).collect();
    is_in_session(&given, batch).map_err(ReceiveError::Refused)
}

fn answer(cursor: &Cursor, verdicts: Vec<ToldV1>, expected_seq: Option<i64>) -> BatchAnswerV1 {
    let acked_seq = cursor.acked_seq;
    BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None, credits: None }
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

fn tell_hole(sender: &Sender, hole: &HoleV1) {
    let HoleV1 { from, through, .. } = hole;
    error!(
        store.id = %sender.store, edge.id = %sender.edge, epoch = sender.epoch, fact.seq = from,
        "A store cannot give its facts from {from} to {through}; they stay there, and a person must look"
    );
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

/// Breaks the seals of days of which something came late.
pub(super) async fn open_days(
    tx: &mut Conn,
    sender: &Sender,
    days: &HashMap<String, Uuid>,
) -> Result<(), DbError> {
    for (day, fact) in days {
        let opened = day_seals::open(tx, sender, day, Why::Late(*fact)).await?;
        if opened > 0 {
            warn!(
                store.id = %sender.store, edge.id = %sender.edge, day, fact.id = %fact,
                "A fact of a sealed day came late; the day is open again"
            );
        }
    }
    Ok(())
}

/// What is known of the ids of a batch while its facts are judged one by one, and which of them are
/// new: their bodies are written together.
pub(super) struct Keeping<'a> {
    sender: Sender,
    store_code: String,
    taken: HashSet<Uuid>,
    /// The days that new facts count to, each with one of them.
    days: HashMap<String, Uuid>,
    held: HashMap<Uuid, Hash>,
    /// Those at places where nothing is held yet.
    fresh: Vec<&'a FactV1>,
    /// Ids that are held without their bytes, each with the day under which those lay.
    bodiless: HashMap<Uuid, String>,
    new: Vec<(Received<'a>, bool)>,
    /// Bytes that are put back under the day where they lay.
    restored: Vec<(String, Received<'a>, bool)>,
}

impl<'a> Keeping<'a> {
    /// Takes the new ids and reads the held ones.
    async fn begin(
        tx: &mut Conn,
        sender: Sender,
        (batch, seen): (&BatchV1, &'a [Seen<'a>]),
        cursor: &Cursor,
    ) -> Result<Self, ReceiveError> {
        let holes = holes_of(tx, &sender, batch, cursor).await?;
        let is_hole = |seq| holes.iter().any(|(first, last)| (*first..=*last).contains(&seq));
        // What a store called a hole may come after all.
        let is_fresh = |one: &&Seen<'_>| {
            let seq = one.received.fact.seq;
            seq > cursor.acked_seq || is_hole(seq)
        };
        let claimed: Vec<&Seen<'_>> = seen.iter().filter(is_fresh).collect();
        let fresh = claimed.iter().map(|one| one.received.fact).collect();
        let keeping = Self { fresh, ..Self::of(tx, sender, &claimed, seen).await? };
        let was_held = |id: Uuid| keeping.held.contains_key(&id) && !keeping.taken.contains(&id);
        was_here(cursor, batch, was_held, is_hole).map_err(ReceiveError::Refused)?;
        Ok(keeping)
    }

    /// The same for facts whose places were acknowledged once.
    pub(super) async fn over(
        tx: &mut Conn,
        sender: Sender,
        seen: &'a [Seen<'a>],
    ) -> Result<Self, DbError> {
        let claimed: Vec<&Seen<'_>> = seen.iter().collect();
        let mut keeping = Self::of(tx, sender, &claimed, seen).await?;
        // Those that a program kept which did not count would be missing for ever.
        let is_same =
            |one: &&Seen<'_>| keeping.held.get(&one.received.fact.id) == Some(&one.received.digest);
        let same: Vec<_> = seen.iter().filter(is_same).map(|one| &one.weighed).collect();
        day_seals::count(tx, sender.store, &same).await?;
        let ids: Vec<Uuid> = seen.iter().map(|one| one.received.fact.id).collect();
        keeping.bodiless = day_seals::bodiless(tx, sender.store, &ids).await?;
        keeping.bodiless.retain(|id, _| !keeping.taken.contains(id));
        Ok(keeping)
    }

    async fn of(
        tx: &mut Conn,
        sender: Sender,
        fresh: &[&'a Seen<'a>],
        all: &[Seen<'a>],
    ) -> Result<Self, DbError> {
        let claimed: Vec<Received<'_>> = fresh.iter().map(|one| one.received).collect();
        let taken = inbox::take_ids(tx, &sender, &claimed).await?;
        // Of two with one id in a batch the first is the one that was taken.
        let mut first = taken.clone();
        let new: Vec<&Seen<'_>> =
            fresh.iter().copied().filter(|one| first.remove(&one.received.fact.id)).collect();
        let weighed: Vec<_> = new.iter().map(|one| &one.weighed).collect();
        let days = day_seals::count(tx, sender.store, &weighed).await?;
        let ids = all.iter().map(|one| one.received.fact.id);
        let others: Vec<Uuid> = ids.filter(|id| !taken.contains(id)).collect();
        let mut held = inbox::digests(tx, sender.store, &others).await?;
        held.extend(new.iter().map(|one| (one.received.fact.id, one.received.digest)));
        let store_code = stores::code(tx, sender.store).await?;
        let (fresh, bodiless, new, restored) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
        Ok(Self { sender, store_code, taken, days, held, fresh, bodiless, new, restored })
    }

    /// The days that new facts count to, each with one of them.
    pub(super) const fn days(&self) -> &HashMap<String, Uuid> {
        &self.days
    }

    /// How many bodies are written.
    pub(super) const fn n_written(&self) -> usize {
        self.new.len() + self.restored.len()
    }

    /// Writes the bodies of what is new, and of what had lost its own.
    pub(super) async fn write(&self, tx: &mut Conn) -> Result<(), DbError> {
        for (day, received, is_work) in &self.restored {
            let at = format!("{day}T00:00:00Z").parse().unwrap_or(self.sender.at);
            let sender = Sender { at, ..self.sender };
            inbox::keep(tx, &sender, &[(*received, *is_work)]).await?;
        }
        inbox::keep(tx, &self.sender, &self.new).await
    }

    pub(super) async fn keep(
        &mut self,
        tx: &mut Conn,
        seen: &'a Seen<'a>,
    ) -> Result<VerdictV1, DbError> {
        let received = seen.received;
        let known = self.known(tx, received).await?;
        let read = || seen.read(&self.store_code);
        if let (Known::Same(_), Some(day)) = (&known, self.bodiless.remove(&received.fact.id)) {
            let is_work = matches!(read(), Read::Work);
            self.restored.push((day, received, is_work));
        }
        let (verdict, keep) = verdict(known, read);
        match keep {
            Keep::Nothing => {}
            Keep::Body { is_work } => self.new.push((received, is_work)),
            Keep::BodyAndTrouble(reason) => {
                self.new.push((received, false));
                let what = What::Quarantined(reason);
                inbox::put_trouble(tx, &self.sender, received, &what).await?;
            }
            Keep::Conflict => {
                inbox::put_trouble(tx, &self.sender, received, &What::Conflict).await?;
            }
        }
        Ok(verdict)
    }

    async fn known(&mut self, tx: &mut Conn, received: Received<'_>) -> Result<Known, DbError> {
        let Received { fact, digest } = received;
        if self.taken.remove(&fact.id) {
            return Ok(Known::Nothing);
        }
        if self.held.get(&fact.id) != Some(&digest) {
            return Ok(Known::Other);
        }
        let reason = inbox::quarantine_reason(tx, self.sender.store, fact.id, digest).await?;
        Ok(Known::Same(reason))
    }
}

/// The holes among the places of a batch that the cursor has passed.
async fn holes_of(
    tx: &mut Conn,
    sender: &Sender,
    batch: &BatchV1,
    cursor: &Cursor,
) -> Result<Vec<(i64, i64)>, DbError> {
    let first = batch.facts.first().map(|fact| fact.seq);
    let Some(first) = first.filter(|seq| *seq <= cursor.acked_seq) else { return Ok(Vec::new()) };
    let life = (sender.store, sender.edge, sender.epoch);
    holes::between(tx, life, first, cursor.acked_seq).await
}
