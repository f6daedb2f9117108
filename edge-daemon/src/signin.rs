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
    let operator = context.operator(&number);
    let known = operator.is_some().then_some(number.as_str());
    let keys = Tried::pin(Some(workstation), from, known);
    let begun = context.attempts.begin_all(&keys, context.clock.now());
    begun.map_err(|wait_ms| SignInError::LockedOut { wait_ms })?;
    let operator = operator.ok_or(SignInError::Wrong)?;
    let _turn = context.attempts.in_turn(from).await;
    if !has_pin(context, &operator, pin).await? {
        tracing::warn!(workstation.id = workstation, operator.id = %key_of(&operator), "A wrong PIN");
        return Err(SignInError::Wrong);
    }
    context.attempts.right_all(&keys);
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
    let _turn = context.attempts.hashing().await.ok_or(DbError::Closed)?;
    let hash = operator.pin_hash.clone();
    let fits = tokio::task::spawn_blocking(move || fits(&pin, &hash)).await.unwrap_or(false);
    context.attempts.has_hashed();
    Ok(fits)
}

fn key_of(operator: &OperatorV1) -> &str {
    &operator.number
}

/// Ends the session of a workstation; its cart stays.
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
