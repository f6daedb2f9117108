//! Who works at a workstation: PIN in, session out.
//!
//! A session is a random token in the browser's cookie; the ledger keeps its SHA-256 beside the
//! workstation, so it survives a restart. One workstation, one operator: whoever signs in last.
//!
//! **Invariant:** a PIN is checked against the replica's hash and nothing else; it is never kept,
//! logged or compared as text.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use sync::{
    chain::{Hash, hex},
    wire::{OperatorV1, RoleV1},
};

use tokio::sync::Semaphore;

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

/// Wrong PINs of one operator before the first pause.
const TRIES_MAX: u32 = 5;
/// Tries from one address before the first pause: several managers behind one, and their slips.
const TRIES_OF_ADDRESS_MAX: u32 = 20;
/// Whose tries are counted at once; beyond that nobody new may try before a pause is over.
const TRIED_MAX: usize = 4_096;
/// The first pause; it doubles with each further wrong PIN.
const PAUSE_MS_MIN: i64 = 30_000;
/// No pause is longer, so that nobody is locked out of a day's work.
const PAUSE_MS_MAX: i64 = 3_600_000;
/// PINs that are hashed at once: each takes 19 MiB and a core.
const HASHING_MAX: usize = 2;
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

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    wrong: u32,
    until: i64,
}

/// Whose tries are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tried {
    /// An operator at a workstation.
    Till(WorkstationNumber, String),
    /// Codes of phones that are typed at a workstation.
    PhoneCode(WorkstationNumber),
    /// Codes of online orders that are typed at a workstation.
    PickupCode(WorkstationNumber),
    /// An operator at the console, from wherever.
    Console(String),
    /// An address, whoever it says it is.
    Address(IpAddr),
}

impl Tried {
    /// Tries before the first pause.
    const fn most(&self) -> u32 {
        match self {
            Self::Till(..) | Self::PhoneCode(_) | Self::PickupCode(_) | Self::Console(_) => {
                TRIES_MAX
            }
            Self::Address(_) => TRIES_OF_ADDRESS_MAX,
        }
    }
}

/// Wrong PINs. They are forgotten at a restart, which takes a person at the box.
#[derive(Debug)]
pub(crate) struct Attempts {
    tries: Mutex<HashMap<Tried, Tries>>,
    hashing: Semaphore,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { tries: Mutex::default(), hashing: Semaphore::new(HASHING_MAX) }
    }
}

impl Attempts {
    /// Counts a try before it is looked at, so that many at once are not one; `right` takes it
    /// back. The error is how long to wait.
    pub(crate) fn begin(&self, key: &Tried, now: Timestamp) -> Result<(), i64> {
        let Ok(mut all) = self.tries.lock() else { return Err(PAUSE_MS_MIN) };
        if all.len() >= TRIED_MAX && !all.contains_key(key) {
            all.retain(|_, tries| tries.until > now.micros());
            if all.len() >= TRIED_MAX {
                return Err(PAUSE_MS_MIN);
            }
        }
        let tries = all.entry(key.clone()).or_default();
        let wait_ms = (tries.until - now.micros()) / 1_000;
        if wait_ms > 0 {
            return Err(wait_ms);
        }
        tries.wrong = tries.wrong.saturating_add(1);
        if let Some(over) = tries.wrong.checked_sub(key.most()) {
            let pause = PAUSE_MS_MIN.saturating_mul(1 << over.min(10)).min(PAUSE_MS_MAX);
            tries.until = now.plus_ms(pause).micros();
        }
        Ok(())
    }

    /// The tries were those of somebody who knows the PIN.
    pub(crate) fn right(&self, key: &Tried) {
        if let Ok(mut all) = self.tries.lock() {
            all.remove(key);
        }
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

/// Lets an operator in at a workstation.
pub(crate) async fn sign_in(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    number: String,
    pin: String,
) -> Result<Admitted, SignInError> {
    if context.screens.follow(workstation).is_none() {
        return Err(CheckoutError::from(Refusal::UnknownWorkstation).into());
    }
    let operator = context.operator(&number).ok_or(SignInError::Wrong)?;
    let key = Tried::Till(workstation, number);
    let begun = context.attempts.begin(&key, context.clock.now());
    begun.map_err(|wait_ms| SignInError::LockedOut { wait_ms })?;
    if !has_pin(context, &operator, pin).await? {
        tracing::warn!(workstation.id = workstation, operator.id = %key_of(&operator), "A wrong PIN");
        return Err(SignInError::Wrong);
    }
    context.attempts.right(&key);
    let token = hex(&random::<32>());
    let signed_in = SignedIn {
        operator: operator.number.clone(),
        token: Hash::of(token.as_bytes()),
        at: context.clock.now(),
    };
    set(context, workstation, Some(signed_in)).await?;
    tracing::info!(workstation.id = workstation, operator.id = %key_of(&operator), "Signed in");
    Ok(Admitted { operator, token })
}

/// Whether a PIN is an operator's.
pub(crate) async fn has_pin(
    context: &Context,
    operator: &OperatorV1,
    pin: String,
) -> Result<bool, DbError> {
    let _turn = context.attempts.hashing.acquire().await.map_err(|_| DbError::Closed)?;
    let hash = operator.pin_hash.clone();
    Ok(tokio::task::spawn_blocking(move || fits(&pin, &hash)).await.unwrap_or(false))
}

fn key_of(operator: &OperatorV1) -> &str {
    &operator.number
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

fn fits(pin: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
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
