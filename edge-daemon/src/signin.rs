//! Who works at a workstation: PIN in, session out.
//!
//! A session is a random token in the browser's cookie; the ledger keeps its SHA-256 beside the
//! workstation, so it survives a restart. One workstation, one operator: whoever signs in last.
//!
//! **Invariant:** a PIN is checked against the replica's hash and nothing else; it is never kept,
//! logged or compared as text.

mod tries;

pub(crate) use tries::{Attempts, Tried};

use std::{net::IpAddr, sync::Arc};

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use domain::receipt_number::WorkstationNumber;
use sync::{
    chain::{Hash, hex},
    wire::{OperatorV1, RoleV1},
};

use crate::{
    checkout::{CheckoutError, to_the_end},
    context::{Context, mint, random},
    db::{
        DbError,
        audit::{self, Action, Entry},
        station,
    },
    prices,
    refusal::Refusal,
    station::{Priced, SignedIn},
};

/// What a PIN is compared with where there is no such operator: no PIN fits it, and it costs the same
/// work as one that HQ made.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Numbers and PINs are short; anything longer is neither, and would cost hashing.
pub(crate) const WORD_BYTES_MAX: usize = 64;
/// A session ends after so long, whatever happens: a long shift and its breaks.
const SESSION_MS_MAX: i64 = 16 * 3_600_000;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// The PIN does not fit, or there is no such operator; which of both is not told.
    #[error("the PIN is wrong")]
    Wrong,
    /// Too many wrong PINs.
    #[error("locked out for {wait_ms} ms")]
    LockedOut {
        /// Until when.
        wait_ms: i64,
    },
    /// The store's data is not here, or there is no such workstation.
    #[error("the counter refuses")]
    Checkout(#[from] CheckoutError),
}

impl From<DbError> for SignInError {
    fn from(error: DbError) -> Self {
        Self::Checkout(error.into())
    }
}

/// An operator who was let in, and the token for their browser.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Who.
    pub(crate) operator: OperatorV1,
    /// The token; it exists nowhere else.
    pub(crate) token: String,
}

/// Lets an operator in at a workstation who calls from an address.
pub(crate) async fn sign_in(
    context: &Arc<Context>,
    (workstation, from): (WorkstationNumber, IpAddr),
    number: String,
    pin: String,
) -> Result<Admitted, SignInError> {
    if context.screens.follow(workstation).is_none() {
        return Err(CheckoutError::from(Refusal::UnknownWorkstation).into());
    }
    // A number that nobody has is counted as well: who waits learns nothing of it.
    let keys = Tried::pin(Some(workstation), from, Some(&number));
    let begun = context.attempts.begin_all(&keys, context.clock.now());
    begun.map_err(|wait_ms| SignInError::LockedOut { wait_ms })?;
    let _turn = context.attempts.in_turn(from).await;
    let Some(operator) = proven(context, &number, pin).await? else {
        let known = known_as(context, &number);
        tracing::warn!(workstation.id = workstation, operator.id = %known, "A wrong PIN");
        return Err(SignInError::Wrong);
    };
    context.attempts.right_all(&keys);
    let token = hex(&random::<32>());
    let signed_in = SignedIn {
        operator: operator.number.clone(),
        token: Hash::of(token.as_bytes()),
        at: context.clock.now(),
    };
    set(context, workstation, Some(signed_in)).await?;
    tracing::info!(workstation.id = workstation, operator.id = %operator.number, "Signed in");
    Ok(Admitted { operator, token })
}

/// The operator of a number, if the PIN is theirs.
///
/// A PIN is hashed once, whether there is such an operator or not: how long a refusal takes tells
/// nobody which numbers there are.
pub(crate) async fn proven(
    context: &Arc<Context>,
    number: &str,
    pin: String,
) -> Result<Option<OperatorV1>, DbError> {
    let operator = context.operator(number);
    let hash = operator.as_ref().map(|operator| operator.pin_hash.clone());
    let _turn = context.attempts.hashing().await.ok_or(DbError::Closed)?;
    let of = Arc::clone(context);
    let hashing = tokio::task::spawn_blocking(move || fits(&of.attempts, &pin, hash.as_deref()));
    let fits = hashing.await.unwrap_or(false);
    Ok(operator.filter(|_| fits))
}

/// Who a number is in our notes: what nobody has may be a PIN in the wrong field, and is not noted.
pub(crate) fn known_as(context: &Context, number: &str) -> String {
    context.operator(number).map(|operator| operator.number).unwrap_or_default()
}

/// Ends the session of a workstation; its cart stays, and what a shopper showed does not.
pub(crate) async fn sign_out(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
) -> Result<(), CheckoutError> {
    set(context, workstation, None).await
}

async fn set(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    signed_in: Option<SignedIn>,
) -> Result<(), CheckoutError> {
    let (fresh, now, context) = (mint(), context.clock.now(), Arc::clone(context));
    let terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, DbError> {
                let mut counter = station::load(tx, workstation, fresh)?;
                let before = std::mem::replace(&mut counter.signed_in, signed_in);
                let came = counter.signed_in.as_ref().map(|s| (Action::TillIn, s));
                let went = before.as_ref().map(|s| (Action::TillOut, s));
                if let Some((action, who)) = came.or(went) {
                    audit::note(tx, &Entry::at_till(now, action, &who.operator, workstation))?;
                }
                counter.cart.revision += 1;
                station::save_head(tx, &counter)?;
                Priced::of(counter, &terms)
            })
            .await?;
        context.screens.forget_proof(workstation);
        prices::show(&context, priced);
        Ok(())
    })
    .await
}

fn fits(attempts: &Attempts, pin: &str, hash: Option<&str>) -> bool {
    // What is no hash fits nothing, at the same cost.
    let theirs = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let Some(hash) = theirs.or_else(|| PasswordHash::new(NOBODYS_HASH).ok()) else { return false };
    attempts.has_hashed();
    Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok()
}

/// Whose session a token is at a workstation, if it is one and has not run out.
pub(crate) fn operator_of(
    context: &Context,
    signed_in: Option<&SignedIn>,
    token: &str,
) -> Option<OperatorV1> {
    let signed_in = signed_in.filter(|s| s.token == Hash::of(token.as_bytes()))?;
    if context.clock.now().ms_since(signed_in.at) > SESSION_MS_MAX {
        return None;
    }
    context.operator(&signed_in.operator)
}

/// Whether a role may do what managers do.
pub(crate) const fn is_manager(role: RoleV1) -> bool {
    match role {
        RoleV1::Manager => true,
        RoleV1::Cashier => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use argon2::{PasswordHasher as _, password_hash::SaltString};
    use sync::wire::RowV1;

    use super::{
        tries::{PAUSE_MS_MIN, TRIES_MAX},
        *,
    };
    use crate::{
        console::{self, ConsoleError},
        test_store::TestStore,
    };

    const PIN: &str = "864200";

    /// A store whose manager 9001 has a PIN.
    async fn store() -> TestStore {
        let store = TestStore::open(None).await;
        let salt = SaltString::encode_b64(b"a manager's salt").unwrap();
        let hash = Argon2::default().hash_password(PIN.as_bytes(), &salt).unwrap();
        let manager = OperatorV1 {
            number: "9001".to_owned(),
            name: "Chen".to_owned(),
            role: RoleV1::Manager,
            pin_hash: hash.to_string(),
        };
        store.apply_own(RowV1::Operator(manager)).await;
        store.context().refresh_store().unwrap();
        store
    }

    /// What became of a try, and how often a PIN was hashed for it.
    async fn tried(store: &TestStore, is_console: bool, number: &str, pin: &str) -> (String, u32) {
        let context = store.context();
        let (number, pin) = (number.to_owned(), pin.to_owned());
        let before = context.attempts.hashed();
        let became = if is_console {
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            match console::sign_in(context, number, pin, address).await {
                Ok(_) => "in".to_owned(),
                Err(ConsoleError::SignIn(error)) => error.to_string(),
                Err(error @ ConsoleError::NoManager) => error.to_string(),
            }
        } else {
            match sign_in(context, (1, Ipv4Addr::LOCALHOST.into()), number, pin).await {
                Ok(_) => "in".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        (became, context.attempts.hashed() - before)
    }

    #[tokio::test]
    async fn a_number_that_nobody_has_is_refused_by_the_same_work_as_a_wrong_pin() {
        let store = store().await;
        for is_console in [false, true] {
            let right = tried(&store, is_console, "9001", PIN).await;
            assert_eq!(right, ("in".to_owned(), 1));
            let wrong = tried(&store, is_console, "9001", "000000").await;
            assert_eq!(wrong, (SignInError::Wrong.to_string(), 1));
            for nobody in ["4711", "", "9001 "] {
                assert_eq!(tried(&store, is_console, nobody, "000000").await, wrong, "{nobody:?}");
                assert_eq!(tried(&store, is_console, nobody, PIN).await, wrong, "{nobody:?}");
            }
            // An operator whose row holds no hash at all.
            assert_eq!(tried(&store, is_console, "1001", "000000").await, wrong);
        }
    }

    #[tokio::test]
    async fn whoever_tries_a_number_too_often_waits_whether_somebody_has_it_or_not() {
        for number in ["9001", "4711"] {
            let store = store().await;
            for _ in 0..TRIES_MAX {
                let wrong = tried(&store, false, number, "000000").await;
                assert_eq!(wrong, (SignInError::Wrong.to_string(), 1), "{number}");
            }
            let locked = SignInError::LockedOut { wait_ms: PAUSE_MS_MIN };
            assert_eq!(
                tried(&store, false, number, PIN).await,
                (locked.to_string(), 0),
                "{number}"
            );
        }
    }

    #[test]
    fn nobodys_hash_is_one_like_those_that_hq_makes() {
        let hash = PasswordHash::new(NOBODYS_HASH).unwrap();
        let work = argon2::Params::try_from(&hash).unwrap();
        let usual = argon2::Params::default();
        assert_eq!(
            (work.m_cost(), work.t_cost(), work.p_cost()),
            (usual.m_cost(), usual.t_cost(), usual.p_cost())
        );
        assert_eq!(hash.algorithm.as_str(), "argon2id");
    }
}
