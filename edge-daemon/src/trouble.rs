//! What is wrong between this store and its mall: looked at, shown to the manager, told to HQ.
//!
//! ```text
//! outbox, lives, days, clock, disk ──► list (pure) ──► console, /metrics
//!                                         └──────────► the mall, when it changes and once an hour
//! ```
//!
//! Reconciler: it takes no input and looks at the state; what it tells is all that is wrong now.
//!
//! **Invariant:** nothing here stops a sale, and nothing is mended here.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::time::Timestamp;
use sync::{
    path,
    replica::Scope,
    trouble::Trouble,
    wire::{StateV1, TroubleV1, TroublesV1},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Chain,
    context::Context,
    db::{
        self, DbError, is_misread,
        trouble::{self as table, Counted},
    },
    uplink::{LinkState, mall::Mall},
};

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How often the whole ledger is looked through: at each start, and again after a day. It is read once
/// from its beginning to its end, which takes a box of a year's sales some seconds beside its work.
const CHECK_MS: i64 = 24 * 60 * 60 * 1_000;
/// The mall is told again after so long, also where nothing changed.
const TELL_MS: i64 = 60 * 60 * 1_000;
/// How far it has told and heard is told no sooner than so long after it was told last: with 10,000
/// stores that sell all the time the mall writes a row some eighty times a second.
const TELL_STATE_MS: i64 = 2 * 60 * 1_000;
/// Less room than this is little: a busy store writes some tens of megabytes a day, and a schema step
/// keeps a copy of the ledger.
const DISK_LOW_BYTES: u64 = 512 * 1_024 * 1_024;
/// A clock that is off by less is off by what a line may take.
const CLOCK_OFF_MS: u64 = 120_000;
const DAY_MS: i64 = 86_400_000;

/// A trouble as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What.
    pub(crate) trouble: Trouble,
    /// Since when.
    pub(crate) since: Timestamp,
    /// How many of what it is about.
    pub(crate) count: u32,
}

/// All that is wrong now.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    standing: Mutex<Vec<Standing>>,
    /// Scopes of which the mall offers what this program cannot read.
    schema_old: Mutex<BTreeSet<Scope>>,
    /// Whether SQLite found the ledger damaged when it was looked through last, and when that was.
    checked: Mutex<Option<(Timestamp, bool)>>,
    /// The ledger gave other bytes than were written, and another part of it told what they were. A
    /// disk that has done so once is not trusted before the next start.
    gave_other_bytes: AtomicBool,
    is_renewal_refused: AtomicBool,
}

impl Troubles {
    /// As it was seen last, the most pressing first.
    pub(crate) fn now(&self) -> Vec<Standing> {
        self.standing.lock().map(|standing| standing.clone()).unwrap_or_default()
    }

    /// Notes whether the mall offers of a scope what this program cannot read.
    pub(crate) fn schema_is_old(&self, scope: Scope, is_old: bool) {
        if let Ok(mut old) = self.schema_old.lock() {
            if is_old {
                old.insert(scope)
            } else {
                old.remove(&scope)
            };
        }
    }

    fn is_schema_old(&self) -> bool {
        self.schema_old.lock().is_ok_and(|old| !old.is_empty())
    }

    /// Notes that the ledger gave other bytes than were written, though nothing is lost by it.
    pub(crate) fn ledger_gave_other_bytes(&self) {
        self.gave_other_bytes.store(true, Ordering::Relaxed);
    }

    /// Whether the ledger is to be looked through now. A clock that was put back makes it so as well.
    fn is_check_due(&self, now: Timestamp) -> bool {
        let checked = self.checked.lock().ok().and_then(|checked| *checked);
        checked.is_none_or(|(at, _)| !(0..CHECK_MS).contains(&now.ms_since(at)))
    }

    fn put_checked(&self, at: Timestamp, is_damaged: bool) {
        if let Ok(mut checked) = self.checked.lock() {
            *checked = Some((at, is_damaged));
        }
    }

    /// Whether the ledger's file is damaged, as far as that is known.
    fn is_ledger_damaged(&self) -> bool {
        let checked = self.checked.lock().ok().and_then(|checked| *checked);
        checked.is_some_and(|(_, is_damaged)| is_damaged)
            || self.gave_other_bytes.load(Ordering::Relaxed)
    }

    /// Notes whether the mall refuses this box its next certificate.
    pub(crate) fn renewal_is_refused(&self, is_refused: bool) {
        self.is_renewal_refused.store(is_refused, Ordering::Relaxed);
    }

    /// Puts what is wrong now in the place of what was; whether that is news.
    fn put(&self, standing: Vec<Standing>) -> bool {
        let Ok(mut before) = self.standing.lock() else { return false };
        let is_new = *before != standing;
        *before = standing;
        is_new
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    link: LinkState,
    counted: Counted,
    behind_ms: i64,
    is_schema_old: bool,
    is_ledger_damaged: bool,
    /// Room on the disk, where that is known.
    free_bytes: Option<u64>,
    certificate: Option<CertificateFacts>,
}

/// How this box's certificate stands, by the mall's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CertificateFacts {
    /// How long it is still good, in milliseconds.
    left_ms: i64,
    /// Whether the next one should have been here long ago.
    is_late: bool,
    /// Whether the mall refuses the next one.
    is_refused: bool,
}

impl CertificateFacts {
    /// Days that are left, begun ones too.
    fn days(self) -> u32 {
        u32::try_from(self.left_ms.saturating_add(DAY_MS - 1) / DAY_MS).unwrap_or(u32::MAX)
    }

    /// What of it is wrong.
    fn trouble(self) -> Option<Trouble> {
        match self {
            Self { left_ms: ..=0, .. } => Some(Trouble::CertificateEnded),
            Self { is_refused: true, .. } => Some(Trouble::CertificateRefused),
            Self { is_late: true, .. } => Some(Trouble::CertificateEnds),
            Self { .. } => None,
        }
    }
}

/// What of it is wrong, the most pressing first. A trouble that stood before stands since then.
fn list(facts: &Facts, before: &[Standing], now: Timestamp) -> Vec<Standing> {
    let Facts {
        link,
        counted,
        behind_ms,
        is_schema_old,
        is_ledger_damaged,
        free_bytes,
        certificate,
    } = facts;
    let waits = link.backlog.oldest_at.filter(|at| now.ms_since(*at) > *behind_ms);
    let is = |is_so: bool| u32::from(is_so);
    let certificate = certificate.and_then(|it| Some((it.trouble()?, it.days().max(1))));
    let count = |trouble: Trouble| match trouble {
        Trouble::Behind => waits.map_or(0, |_| link.backlog.pending),
        Trouble::AllRefused => {
            if link.is_shut {
                link.backlog.pending
            } else {
                0
            }
        }
        Trouble::Hole => counted.held_back,
        Trouble::Clone => is(link.history.is_frozen || link.history.is_doubtful),
        Trouble::Conflict => counted.conflicts,
        Trouble::Quarantine => counted.quarantined,
        Trouble::Clock => is(link.ahead_ms.unsigned_abs() >= CLOCK_OFF_MS),
        Trouble::DiskLow => is(free_bytes.is_some_and(|free| free < DISK_LOW_BYTES)),
        // Facts by their number; where none is concerned, the file.
        Trouble::LedgerDamaged => counted.damaged.max(is(*is_ledger_damaged)),
        Trouble::SchemaOld => is(*is_schema_old),
        Trouble::DayDiffers => counted.days_that_differ,
        Trouble::CertificateEnds | Trouble::CertificateRefused | Trouble::CertificateEnded => {
            certificate.filter(|(of, _)| *of == trouble).map_or(0, |(_, days)| days)
        }
    };
    let standing = |trouble: Trouble| {
        let count = count(trouble);
        let known = before.iter().find(|one| one.trouble == trouble).map(|one| one.since);
        let oldest = waits.filter(|_| trouble == Trouble::Behind);
        let since = oldest.or(known).unwrap_or(now);
        (count > 0).then_some(Standing { trouble, since, count })
    };
    Trouble::ALL.into_iter().filter_map(standing).collect()
}

/// Looks at the state of this store.
async fn look(context: &Arc<Context>, mall: &Mall) -> Result<Vec<Standing>, DbError> {
    let (ledger, troubles, now) = (&context.ledger, &context.troubles, context.clock.now());
    if ledger.was_misread() || troubles.is_check_due(now) {
        let is_damaged = ledger.read(table::is_damaged).await?;
        if is_damaged {
            tracing::error!("The ledger is damaged on its disk; a person must look");
        }
        troubles.put_checked(now, is_damaged);
    }
    let counted = match ledger.read(table::count).await {
        // What cannot be counted because the file is damaged is no reason to say nothing of that.
        Err(error) if is_misread(&error) => {
            troubles.put_checked(now, true);
            Counted::default()
        }
        counted => counted?,
    };
    let certificate = mall.held().map(|held| {
        let now = now.plus_ms(mall.ahead_ms());
        CertificateFacts {
            left_ms: held.told.left_ms(now),
            is_late: held.told.is_late(now),
            is_refused: troubles.is_renewal_refused.load(Ordering::Relaxed),
        }
    });
    let facts = Facts {
        certificate,
        link: context.link.state(),
        counted,
        behind_ms: context.settings.in_force().behind_ms(),
        is_schema_old: context.troubles.is_schema_old(),
        is_ledger_damaged: troubles.is_ledger_damaged(),
        free_bytes: db::free_bytes(&context.config.data).ok(),
    };
    Ok(list(&facts, &troubles.now(), now))
}

/// Bytes of the ledger with its log.
pub(crate) fn ledger_bytes(data: &Path) -> u64 {
    let ledger = crate::db::ledger::path_in(data);
    let mut log = ledger.clone().into_os_string();
    log.push("-wal");
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    size(&ledger).saturating_add(size(Path::new(&log)))
}

/// Looks and tells until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, stop: CancellationToken) {
    let (mut told, mut told_at): (Option<TroublesV1>, Option<Timestamp>) = (None, None);
    loop {
        let turn = async {
            match look(&context, &mall).await {
                Ok(standing) => {
                    if context.troubles.put(standing) {
                        context.screens.beat();
                    }
                }
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "What is wrong here could not be looked at");
                }
            }
            let (now, tale) = (context.clock.now(), tale(&context));
            if !is_news(told.as_ref().zip(told_at), &tale, now) {
                return;
            }
            // What is not heard now is told at the next look.
            let heard = mall.post::<_, serde_json::Value>(path::TROUBLES, &tale).await;
            if heard.is_ok() {
                (told, told_at) = (Some(tale), Some(now));
            }
        };
        if stop.run_until_cancelled(turn).await.is_none() {
            return;
        }
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Whether it is to be told now: what is wrong at once when that changes, the rest after a while.
fn is_news(told: Option<(&TroublesV1, Timestamp)>, tale: &TroublesV1, now: Timestamp) -> bool {
    let Some((told, at)) = told else { return true };
    let is_within = |ms: i64| (0..ms).contains(&now.ms_since(at));
    told.troubles != tale.troubles
        || !is_within(TELL_MS)
        || (told.state != tale.state && !is_within(TELL_STATE_MS))
}

/// How far the store has told and heard.
fn state(context: &Context) -> StateV1 {
    let backlog = context.link.state().backlog;
    let version = |replica: Option<Arc<db::replica::Replica>>| {
        replica.and_then(|replica| Some(replica.standing().ok()?.cursor.version)).unwrap_or(0)
    };
    StateV1 {
        waiting: backlog.pending,
        oldest_at: backlog.oldest_at,
        catalog: version(context.replicas.catalog()),
        store: version(context.replicas.store()),
    }
}

fn tale(context: &Context) -> TroublesV1 {
    let standing = context.troubles.now();
    let tell = |one: &Standing| TroubleV1 {
        trouble: one.trouble.word().to_owned(),
        since: one.since,
        count: one.count,
    };
    TroublesV1 { troubles: standing.iter().map(tell).collect(), state: Some(state(context)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::db::{history::Standing as History, outbox::Backlog};

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_200_000_000);

    /// States of the ledger, the line and the clock, and what each is called.
    fn states(well: Facts) -> Vec<(Facts, Option<(Trouble, u32)>)> {
        let link = LinkState::default();
        let history = History::default();
        let oldest_at = Some(NOW.plus_ms(-60_001));
        let backlog = Backlog { pending: 7, oldest_at, ..Backlog::default() };
        let line = |link| Facts { link, ..well };
        let doubt = |history| line(LinkState { history, ..link });
        let waits = LinkState { backlog, ..link };
        let late = Facts { behind_ms: 60_001, link: waits, ..well };
        let free = |bytes| Facts { free_bytes: Some(bytes), ..well };
        vec![
            (well, None),
            (free(DISK_LOW_BYTES), None),
            (free(DISK_LOW_BYTES - 1), Some((Trouble::DiskLow, 1))),
            (late, None),
            (line(waits), Some((Trouble::Behind, 7))),
            (
                Facts { link: LinkState { is_shut: true, ..waits }, ..late },
                Some((Trouble::AllRefused, 7)),
            ),
            (line(LinkState { is_shut: true, ..link }), None),
            (doubt(History { is_frozen: true, ..history }), Some((Trouble::Clone, 1))),
            (doubt(History { is_doubtful: true, ..history }), Some((Trouble::Clone, 1))),
            (line(LinkState { ahead_ms: -120_000, ..link }), Some((Trouble::Clock, 1))),
            (line(LinkState { ahead_ms: 119_999, ..link }), None),
            (Facts { is_schema_old: true, ..well }, Some((Trouble::SchemaOld, 1))),
            (Facts { is_ledger_damaged: true, ..well }, Some((Trouble::LedgerDamaged, 1))),
        ]
    }

    /// What is counted in the ledger, and what each count is called.
    fn counts(well: Facts) -> Vec<(Facts, Option<(Trouble, u32)>)> {
        let none = Counted::default();
        let of = |counted| Facts { counted, ..well };
        vec![
            (of(Counted { held_back: 2, ..none }), Some((Trouble::Hole, 2))),
            (of(Counted { conflicts: 3, ..none }), Some((Trouble::Conflict, 3))),
            (of(Counted { quarantined: 4, ..none }), Some((Trouble::Quarantine, 4))),
            (of(Counted { days_that_differ: 1, ..none }), Some((Trouble::DayDiffers, 1))),
            (
                Facts { is_ledger_damaged: true, ..of(Counted { damaged: 2, ..none }) },
                Some((Trouble::LedgerDamaged, 2)),
            ),
        ]
    }

    /// Certificates by the time that is left, and what each is called.
    fn certificates(well: Facts) -> Vec<(Facts, Option<(Trouble, u32)>)> {
        let of = |left_ms, is_late, is_refused| Facts {
            certificate: Some(CertificateFacts { left_ms, is_late, is_refused }),
            ..well
        };
        vec![
            (of(90 * DAY_MS, false, false), None),
            (of(26 * DAY_MS + 1, true, false), Some((Trouble::CertificateEnds, 27))),
            (of(1, true, false), Some((Trouble::CertificateEnds, 1))),
            (of(29 * DAY_MS, false, true), Some((Trouble::CertificateRefused, 29))),
            (of(0, true, true), Some((Trouble::CertificateEnded, 1))),
        ]
    }

    #[test]
    fn each_state_is_called_by_its_name_and_a_store_that_is_well_has_none() {
        let well = Facts { behind_ms: 60_000, ..Facts::default() };
        let table = [states(well), counts(well), certificates(well)].concat();
        let shown: BTreeSet<Trouble> =
            table.iter().filter_map(|(_, expected)| expected.map(|(trouble, _)| trouble)).collect();
        assert_eq!(shown, Trouble::ALL.into(), "every kind has a state here that raises it");
        for (facts, expected) in table {
            let found = list(&facts, &[], NOW);
            let found: Vec<_> = found.iter().map(|one| (one.trouble, one.count)).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{facts:?}");
        }
    }

    #[test]
    fn a_trouble_stands_since_it_was_first_seen_and_the_most_pressing_comes_first() {
        let facts = Facts { is_schema_old: true, free_bytes: Some(0), ..Facts::default() };
        let first = list(&facts, &[], NOW);
        let later = list(&facts, &first, NOW.plus_ms(5));
        assert_eq!(later, first);
        let words: Vec<_> = first.iter().map(|one| one.trouble).collect();
        assert_eq!(words, [Trouble::DiskLow, Trouble::SchemaOld]);
        assert!(list(&Facts::default(), &first, NOW).is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_at_once_and_how_far_the_store_is_after_a_while() {
        let state = |waiting| Some(StateV1 { waiting, ..StateV1::default() });
        let wrong = TroubleV1 { trouble: Trouble::Hole.word().to_owned(), since: NOW, count: 1 };
        let well = TroublesV1 { troubles: Vec::new(), state: state(0) };
        let sold = TroublesV1 { state: state(1), ..well.clone() };
        let hole = TroublesV1 { troubles: vec![wrong], ..well.clone() };
        assert!(is_news(None, &well, NOW));
        for (tale, after_ms, expected) in [
            (&well, TELL_MS - 1, false),
            (&well, TELL_MS, true),
            (&well, -1, true),
            (&sold, TELL_STATE_MS - 1, false),
            (&sold, TELL_STATE_MS, true),
            (&hole, 0, true),
        ] {
            let found = is_news(Some((&well, NOW)), tale, NOW.plus_ms(after_ms));
            assert_eq!(found, expected, "{tale:?} after {after_ms} ms");
        }
    }

    #[test]
    fn a_disk_says_how_much_room_it_has() {
        let folder = tempfile::tempdir().unwrap();
        assert!(db::free_bytes(folder.path()).is_ok_and(|free| free > 0));
        assert!(db::free_bytes(&folder.path().join("nothing")).is_err());
    }
}
