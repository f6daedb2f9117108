//! Pairing: which browser is a kiosk's screen.
//!
//! A manager gives a code out, somebody types it at the kiosk, and the browser gets a token in a
//! cookie; from then on it sells without an operator, until it is paired anew or ended.
//!
//! **Invariant:** a code is good once, for minutes, and for few tries; what the ledger keeps of code
//! and token is their hash. One kiosk, one screen: whoever was paired last.

use std::sync::Arc;

use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use rusqlite::Connection;
use sync::chain::{Hash, hex};

use crate::{
    checkout::{CheckoutError, to_the_end},
    context::{Context, mint, random},
    db::{
        DbError,
        pairing::{self, Code},
        station,
    },
    prices,
    refusal::Refusal,
    station::{Priced, Terms},
};

/// A code is typed within this time: a walk through the store.
const CODE_MS: i64 = 600_000;
/// Wrong codes before a code is worth nothing: with six digits a guess hits once in 200,000.
const TRIES_MAX: u32 = 5;
/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// Why no browser was paired.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairingError {
    /// The workstation is no kiosk.
    #[error("the workstation is no kiosk")]
    NotAKiosk,
    /// No code is out, it has run out, it was tried too often, or it is another; which is not told.
    #[error("the code is not good")]
    Code,
    /// The store's data is not here, or there is no such workstation.
    #[error("the counter refuses")]
    Checkout(#[from] CheckoutError),
}

impl From<DbError> for PairingError {
    fn from(error: DbError) -> Self {
        Self::Checkout(error.into())
    }
}

/// A code for a person to type.
#[derive(Debug)]
pub(crate) struct GivenOut {
    /// Six digits; they exist nowhere else.
    pub(crate) code: String,
    /// Until when they are good.
    pub(crate) until: Timestamp,
}

fn is_kiosk(context: &Context, workstation: WorkstationNumber) -> Result<(), PairingError> {
    if context.screens.follow(workstation).is_none() {
        return Err(CheckoutError::from(Refusal::UnknownWorkstation).into());
    }
    if context.is_kiosk(workstation) { Ok(()) } else { Err(PairingError::NotAKiosk) }
}

/// Gives a code out for a kiosk's next screen; the one before is worth nothing from now on.
pub(crate) async fn give_out(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    manager: &str,
) -> Result<GivenOut, PairingError> {
    is_kiosk(context, workstation)?;
    // Of 2^64 numbers one million divides all but some trillionths evenly.
    let number = u64::from_be_bytes(random()) % 1_000_000;
    let digits = format!("{number:06}");
    let (salt, until) = (random::<16>(), context.clock.now().plus_ms(CODE_MS));
    let code = Code { salt, hash: hash(salt, &digits), until, tries: 0 };
    let by = manager.to_owned();
    context.ledger.write(move |tx| pairing::put_code(tx, workstation, &code, &by)).await?;
    tracing::info!(workstation.id = workstation, operator.id = %manager, "A pairing code is out");
    Ok(GivenOut { code: digits, until })
}

fn hash(salt: [u8; 16], digits: &str) -> Hash {
    Hash::of(&[salt.as_slice(), digits.as_bytes()].concat())
}

/// Whether a code is good now; a wrong one is counted.
fn is_good(
    tx: &Connection,
    workstation: WorkstationNumber,
    digits: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let Some(code) = pairing::code(tx, workstation)? else { return Ok(false) };
    if code.until <= now || code.tries >= TRIES_MAX {
        return Ok(false);
    }
    let is_it = hash(code.salt, digits) == code.hash;
    if !is_it {
        pairing::count_try(tx, workstation)?;
    }
    Ok(is_it)
}

/// Makes the calling browser the kiosk's screen: its token, which exists nowhere else. Without
/// `digits` nobody is asked for a code; only the demo's own box may do that.
pub(crate) async fn pair(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    digits: Option<String>,
) -> Result<String, PairingError> {
    is_kiosk(context, workstation)?;
    let is_code = |digits: &String| {
        digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if digits.as_ref().is_some_and(|digits| !is_code(digits)) {
        return Err(PairingError::Code);
    }
    let token = hex(&random::<32>());
    let hashed = Hash::of(token.as_bytes());
    let is_paired = set(context, workstation, Some(hashed), digits).await?;
    if !is_paired {
        tracing::warn!(workstation.id = workstation, "A wrong pairing code");
        return Err(PairingError::Code);
    }
    tracing::info!(workstation.id = workstation, "A kiosk's screen is paired");
    Ok(token)
}

/// Ends a pairing: the kiosk sells nothing until it is paired anew. Its cart stays.
pub(crate) async fn end(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
) -> Result<(), PairingError> {
    is_kiosk(context, workstation)?;
    set(context, workstation, None, None).await?;
    tracing::info!(workstation.id = workstation, "A kiosk's pairing has ended");
    Ok(())
}

async fn set(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    token: Option<Hash>,
    digits: Option<String>,
) -> Result<bool, CheckoutError> {
    let (now, fresh, context) = (context.clock.now(), mint(), Arc::clone(context));
    let terms: Terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, DbError> {
                if let Some(digits) = digits
                    && !is_good(tx, workstation, &digits, now)?
                {
                    return Ok(None);
                }
                pairing::pair(tx, workstation, token, now)?;
                let mut counter = station::load(tx, workstation, fresh)?;
                counter.cart.revision += 1;
                station::save_head(tx, &counter)?;
                Priced::of(counter, &terms).map(Some)
            })
            .await?;
        let is_done = priced.is_some();
        if let Some(priced) = priced {
            prices::show(&context, priced);
        }
        Ok(is_done)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    const KIOSK: WorkstationNumber = 2;

    fn other(code: &str) -> String {
        let last = code.as_bytes().last().map_or(0, |byte| byte - b'0');
        format!("{}{}", &code[..CODE_DIGITS - 1], (last + 1) % 10)
    }

    async fn is_paired_with(store: &TestStore, code: &str) -> bool {
        match pair(store.context(), KIOSK, Some(code.to_owned())).await {
            Ok(token) => {
                let known = store.scene(KIOSK).priced.station.pairing;
                assert_eq!(known, Some(Hash::of(token.as_bytes())));
                true
            }
            Err(PairingError::Code) => false,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn a_code_pairs_once_and_another_browser_takes_its_place() {
        let store = TestStore::open(None).await;
        let given = give_out(store.context(), KIOSK, "9001").await.unwrap();
        assert!(!is_paired_with(&store, &other(&given.code)).await);
        assert!(is_paired_with(&store, &given.code).await);
        let first = store.scene(KIOSK).priced.station.pairing;
        assert!(!is_paired_with(&store, &given.code).await, "it was used");
        let again = give_out(store.context(), KIOSK, "9001").await.unwrap();
        assert!(is_paired_with(&store, &again.code).await);
        assert_ne!(store.scene(KIOSK).priced.station.pairing, first);
        let store = store.restart().await;
        assert!(store.scene(KIOSK).priced.station.pairing.is_some(), "it outlives a restart");
        end(store.context(), KIOSK).await.unwrap();
        assert_eq!(store.scene(KIOSK).priced.station.pairing, None);
    }

    #[tokio::test]
    async fn a_code_is_worth_nothing_after_five_wrong_ones_or_ten_minutes() {
        let store = TestStore::open(None).await;
        let given = give_out(store.context(), KIOSK, "9001").await.unwrap();
        for _ in 0..TRIES_MAX {
            assert!(!is_paired_with(&store, &other(&given.code)).await);
        }
        assert!(!is_paired_with(&store, &given.code).await);
        let given = give_out(store.context(), KIOSK, "9001").await.unwrap();
        store.at("2026-11-21T12:10:00+08:00");
        assert!(!is_paired_with(&store, &given.code).await);
        for bad in ["", "12345", "1234567", "12345x", "１２３４５６"] {
            assert!(!is_paired_with(&store, bad).await, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_till_is_no_kiosk() {
        let store = TestStore::open(None).await;
        let refused = give_out(store.context(), 1, "9001").await;
        assert!(matches!(refused, Err(PairingError::NotAKiosk)), "{refused:?}");
    }
}
