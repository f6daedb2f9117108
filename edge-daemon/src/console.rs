//! The manager's console: who is signed in to it from where, and what it reports.
//!
//! A session is a random token in the browser's cookie; memory and the ledger keep its SHA-256. It
//! ends when nobody has touched the page for a while, after half a day, when its manager signs out,
//! or when HQ takes the role away or sets another PIN.
//!
//! **Invariant:** nobody but a manager gets a session; every coming, going and refusal is in `audit`.

pub(crate) mod report;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use domain::time::Timestamp;
use sync::{
    chain::{Hash, hex},
    wire::OperatorV1,
};

use crate::{
    Chain,
    checkout::to_the_end,
    context::{Context, random},
    db::{
        DbError,
        audit::{self, Action, Entry},
        console as table,
    },
    signin::{SignInError, Tried, is_manager, known_as, proven},
};

/// Nobody has touched the page for so long: whoever walks by finds it shut.
pub(crate) const IDLE_MS_MAX: i64 = 15 * 60_000;
/// A session ends after so long, whatever happens.
const SESSION_MS_MAX: i64 = 12 * 3_600_000;
/// Sessions at once: a few managers with a few devices each. The one longest unseen makes room.
const SESSIONS_MAX: usize = 32;
/// When a manager was last seen is written down no more often: each time is a flush of the disk.
const SEEN_KEPT_MS: i64 = 60_000;

/// A session of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The manager's number.
    pub(crate) operator: String,
    /// From which address they signed in.
    pub(crate) address: String,
    /// Since when.
    pub(crate) began_at: Timestamp,
    /// When they were last seen.
    pub(crate) seen_at: Timestamp,
    /// What stands for the PIN that it was begun with.
    pub(crate) pin: String,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.ms_since(self.seen_at) > IDLE_MS_MAX || now.ms_since(self.began_at) > SESSION_MS_MAX
    }
}

/// Signs of a hash that tell one PIN of an operator from the next.
const PIN_SIGNS: usize = 16;

/// What stands for an operator's PIN in a session: it says nothing of the PIN, and another PIN has
/// another.
fn pin_of(operator: &OperatorV1) -> String {
    Hash::of(operator.pin_hash.as_bytes()).to_string().chars().take(PIN_SIGNS).collect()
}

/// The sessions, by the hash of their token.
#[derive(Debug, Default)]
pub(crate) struct Consoles(Mutex<HashMap<Hash, Session>>);

/// A manager who was let in, and the token for their browser.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Who.
    pub(crate) operator: OperatorV1,
    /// The token; it exists nowhere else.
    pub(crate) token: String,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsoleError {
    /// The number or PIN is wrong, or there is a pause.
    #[error("not signed in")]
    SignIn(#[from] SignInError),
    /// The PIN is right, and its operator is no manager.
    #[error("no manager")]
    NoManager,
}

impl From<DbError> for ConsoleError {
    fn from(error: DbError) -> Self {
        Self::SignIn(error.into())
    }
}

/// Reads the sessions that were there before a restart.
pub(crate) async fn restore(context: &Context) -> Result<(), DbError> {
    let kept = context.ledger.read(table::sessions).await?;
    if let Ok(mut sessions) = context.consoles.0.lock() {
        sessions.extend(kept);
    }
    Ok(())
}

/// Lets a manager in.
pub(crate) async fn sign_in(
    context: &Arc<Context>,
    number: String,
    pin: String,
    address: IpAddr,
) -> Result<Admitted, ConsoleError> {
    let now = context.clock.now();
    let keys = Tried::pin(None, address, Some(&number));
    let begun = context.attempts.begin_all(&keys, now);
    begun.map_err(|wait_ms| SignInError::LockedOut { wait_ms })?;
    let _turn = context.attempts.in_turn(address).await;
    let Some(operator) = proven(context, &number, pin).await? else {
        let known = known_as(context, &number);
        tracing::warn!(operator.id = %known, %address, "A wrong PIN at the console");
        refused(context, known, address).await?;
        return Err(SignInError::Wrong.into());
    };
    context.attempts.right_all(&keys);
    if !is_manager(operator.role) {
        refused(context, operator.number, address).await?;
        return Err(ConsoleError::NoManager);
    }
    let token = hex(&random::<32>());
    let session = Session {
        operator: operator.number.clone(),
        address: address.to_string(),
        began_at: now,
        seen_at: now,
        pin: pin_of(&operator),
    };
    begin(context, Hash::of(token.as_bytes()), session).await?;
    tracing::info!(operator.id = %operator.number, %address, "Signed in to the console");
    Ok(Admitted { operator, token })
}

async fn refused(context: &Context, operator: String, address: IpAddr) -> Result<(), SignInError> {
    let entry = entry(context, Action::ConsoleRefused, operator, address.to_string());
    Ok(context.ledger.write(move |tx| audit::note(tx, &entry)).await?)
}

fn entry(context: &Context, action: Action, operator: String, address: String) -> Entry {
    let at = context.clock.now();
    Entry { at, action, operator, workstation: None, address, subject: String::new() }
}

async fn begin(context: &Arc<Context>, token: Hash, session: Session) -> Result<(), SignInError> {
    let now = context.clock.now();
    let mut gone = Vec::new();
    if let Ok(mut sessions) = context.consoles.0.lock() {
        gone.extend(sessions.iter().filter(|(_, s)| s.is_over(now)).map(|(token, _)| *token));
        if sessions.len() - gone.len() >= SESSIONS_MAX {
            let longest = sessions.iter().min_by_key(|(_, session)| session.seen_at);
            gone.extend(longest.map(|(token, _)| *token));
        }
        sessions.retain(|token, _| !gone.contains(token));
        sessions.insert(token, session.clone());
    }
    let (operator, address) = (session.operator.clone(), session.address.clone());
    let entry = entry(context, Action::ConsoleIn, operator, address);
    context
        .ledger
        .write(move |tx| -> Result<(), DbError> {
            for token in gone {
                table::forget(tx, token)?;
            }
            table::save(tx, token, &session)?;
            audit::note(tx, &entry)
        })
        .await?;
    Ok(())
}

/// Whose session a token's hash is, if it is one, has not run out, and they are a manager still with
/// the PIN that they came in with.
pub(crate) fn manager_of(context: &Context, token: Hash) -> Option<(OperatorV1, Session)> {
    let session = context.consoles.0.lock().ok()?.get(&token).cloned()?;
    if session.is_over(context.clock.now()) {
        return None;
    }
    let operator = context.operator(&session.operator)?;
    let is_still = is_manager(operator.role) && pin_of(&operator) == session.pin;
    is_still.then_some((operator, session))
}

/// Notes that the manager of a session did something; written down once a minute.
pub(crate) fn seen(context: &Arc<Context>, token: Hash) {
    let now = context.clock.now();
    let Ok(mut sessions) = context.consoles.0.lock() else {
        return;
    };
    let Some(session) = sessions.get_mut(&token) else {
        return;
    };
    let is_to_keep = now.ms_since(session.began_at) / SEEN_KEPT_MS
        != session.seen_at.ms_since(session.began_at) / SEEN_KEPT_MS;
    session.seen_at = now;
    let (session, of) = (session.clone(), Arc::clone(context));
    drop(sessions);
    if is_to_keep {
        // Losing it costs a manager a sign-in after a power cut.
        context.tasks.spawn(async move {
            let kept = of.ledger.write(move |tx| table::save(tx, token, &session)).await;
            if let Err(error) = kept {
                tracing::warn!(error = %Chain(&error), "When a manager was seen is not kept");
            }
        });
    }
}

/// Ends a session.
pub(crate) async fn sign_out(context: &Arc<Context>, token: Hash) -> Result<(), DbError> {
    let ended = context.consoles.0.lock().ok().and_then(|mut sessions| sessions.remove(&token));
    let Some(session) = ended else { return Ok(()) };
    let entry = entry(context, Action::ConsoleOut, session.operator, session.address);
    let context = Arc::clone(context);
    let done = to_the_end(async move {
        let written = context.ledger.write(move |tx| -> Result<(), DbError> {
            table::forget(tx, token)?;
            audit::note(tx, &entry)
        });
        Ok(written.await?)
    });
    // Whoever signed out is out; only the note of it may be missing.
    if let Err(error) = done.await {
        tracing::warn!(error = %Chain(&error), "A sign-out of the console is not written down");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sync::wire::{RoleV1, RowV1};

    use super::*;
    use crate::{signin, test_store::TestStore};

    async fn learn(store: &TestStore, role: RoleV1, pin_hash: &str) {
        let (number, name) = ("9001".to_owned(), "Chen".to_owned());
        let operator = OperatorV1 { number, name, role, pin_hash: pin_hash.to_owned() };
        store.apply_own(RowV1::Operator(operator)).await;
        store.context().refresh_store().unwrap();
    }

    /// Begins a session of the manager as they are now.
    async fn came_in(store: &TestStore, token: Hash) {
        let (operator, now) =
            (store.context().operator("9001").unwrap(), store.context().clock.now());
        let session = Session {
            operator: operator.number.clone(),
            address: "192.168.1.20".to_owned(),
            began_at: now,
            seen_at: now,
            pin: pin_of(&operator),
        };
        begin(store.context(), token, session).await.unwrap();
    }

    #[tokio::test]
    async fn a_session_ends_with_the_pin_it_was_begun_with_also_over_a_restart() {
        let store = TestStore::open(None).await;
        let (before, after) = (Hash::of(b"before"), Hash::of(b"after"));
        learn(&store, RoleV1::Manager, "$argon2id$one").await;
        came_in(&store, before).await;
        let store = store.restart().await;
        assert!(manager_of(store.context(), before).is_some(), "a restart ended it");
        learn(&store, RoleV1::Manager, "$argon2id$two").await;
        assert!(manager_of(store.context(), before).is_none(), "it outlived the PIN");
        came_in(&store, after).await;
        let store = store.restart().await;
        assert!(manager_of(store.context(), before).is_none());
        assert!(manager_of(store.context(), after).is_some());
        learn(&store, RoleV1::Cashier, "$argon2id$two").await;
        assert!(manager_of(store.context(), after).is_none(), "it outlived the role");
    }

    #[tokio::test]
    async fn guesses_from_another_address_hold_nobody_out_of_counter_and_console() {
        let store = TestStore::open(None).await;
        learn(&store, RoleV1::Manager, "no PIN opens this").await;
        let till = async |from: [u8; 4]| {
            let of = (1, IpAddr::from(from));
            signin::sign_in(store.context(), of, "9001".into(), "0".into()).await.unwrap_err()
        };
        let console = async |from: [u8; 4]| {
            let from = IpAddr::from(from);
            match sign_in(store.context(), "9001".into(), "0".into(), from).await {
                Err(ConsoleError::SignIn(error)) => error,
                other => panic!("{other:?}"),
            }
        };
        let is_locked = |error: SignInError| matches!(error, SignInError::LockedOut { .. });
        for _ in 0..5 {
            assert!(!is_locked(till([10, 0, 0, 66]).await));
        }
        let hashed = store.context().attempts.hashed();
        assert!(is_locked(till([10, 0, 0, 66]).await) && is_locked(console([10, 0, 0, 66]).await));
        assert_eq!(store.context().attempts.hashed(), hashed, "who waits costs work");
        for from in [[127, 0, 0, 1], [10, 0, 0, 20]] {
            assert!(!is_locked(till(from).await), "{from:?} is held out of the till");
            assert!(!is_locked(console(from).await), "{from:?} is held out of the console");
        }
    }

    #[test]
    fn a_session_ends_unseen_after_a_quarter_of_an_hour_and_at_all_after_half_a_day() {
        let at = |ms: i64| Timestamp::from_micros(0).plus_ms(ms);
        let session = |seen_ms| Session {
            operator: "9001".to_owned(),
            address: "192.168.1.20".to_owned(),
            began_at: at(0),
            seen_at: at(seen_ms),
            pin: String::new(),
        };
        let table = [
            (0, IDLE_MS_MAX, false),
            (0, IDLE_MS_MAX + 1, true),
            (SESSION_MS_MAX, SESSION_MS_MAX, false),
            (SESSION_MS_MAX, SESSION_MS_MAX + 1, true),
        ];
        for (seen, now, is_over) in table {
            assert_eq!(session(seen).is_over(at(now)), is_over, "seen {seen}, now {now}");
        }
    }
}
