//! Stores, workstations and operators: added, changed, removed.
//!
//! Each function says how a thing should be. When it is so already nothing is written and no
//! version is raised, so that a script may say the same every morning.
//!
//! **Invariant:** what goes into a feed has been checked here.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};
use domain::receipt_number::{NumberText, StoreCode, WORKSTATION_MAX};
use sync::{
    replica::{Scope, StoreId},
    wire::{OperatorV1, RoleV1, StoreV1, WorkstationV1},
};

use crate::{
    context::{Context, NoDice},
    db::{
        self, Conn, DbError, scope,
        staffing::{self, Kept},
        stores::{self, StoreRow},
    },
};

/// Signs of a name, or of a line of a receipt's head or foot: an 80 mm line and some room.
const NAME_CHARS_MAX: usize = 60;
/// Lines of a receipt's head or foot.
const LINES_MAX: usize = 10;
/// argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet): a till checks a PIN
/// in a tenth of a second.
const ARGON2_KIB: u32 = 19_456;
const ARGON2_PASSES: u32 = 2;

/// What a wish led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not there.
    Added,
    /// It was, otherwise.
    Changed,
    /// It was so already.
    Unchanged,
}

impl Outcome {
    /// A word for people and programs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Why a wish was not granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The code is none.
    #[error("`{0}` cannot be a store code")]
    Code(String, #[source] NumberText),
    /// No such store.
    #[error("there is no store `{0}`")]
    Unknown(String),
    /// A value that cannot be.
    #[error("{field}: {reason}")]
    Value {
        /// Which.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The PIN could not be hashed.
    #[error("could not hash the PIN")]
    Pin,
    /// The machine gives no random numbers.
    #[error("could not make a salt")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not write the store")]
    Db(#[from] DbError),
}

const fn value(field: &'static str, reason: &'static str) -> StoreError {
    StoreError::Value { field, reason }
}

fn check_text(field: &'static str, text: &str, is_needed: bool) -> Result<(), StoreError> {
    if is_needed && text.trim().is_empty() {
        return Err(value(field, "is missing"));
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(value(field, "is longer than 60 signs"));
    }
    if text.chars().any(char::is_control) {
        return Err(value(field, "has unprintable characters"));
    }
    Ok(())
}

/// A store by its code, or an error that names it.
pub(crate) async fn known_store(tx: &mut Conn, code: &str) -> Result<StoreRow, StoreError> {
    stores::by_code(tx, code).await?.ok_or_else(|| StoreError::Unknown(code.to_owned()))
}

/// Adds a store, or changes how it is.
pub(crate) async fn add_store(
    context: &Context,
    store: &StoreV1,
) -> Result<(StoreId, Outcome), StoreError> {
    check_store(store)?;
    let (doing, now) = ("write a store", context.now());
    let mut tx = context.db().write(doing).await?;
    let (id, outcome) = match stores::by_code(&mut tx, &store.code).await? {
        Some(row) if row.store == *store => return Ok((row.id, Outcome::Unchanged)),
        Some(row) => (row.id, Outcome::Changed),
        None => (stores::next_id(&mut tx).await?, Outcome::Added),
    };
    let scope = Scope::Store(id);
    scope::create(&mut tx, scope, context.incarnation_id()?, now).await?;
    let version = scope::raise(&mut tx, scope, now).await?;
    stores::upsert(&mut tx, id, store, version, now).await?;
    db::commit(tx, doing).await?;
    Ok((id, outcome))
}

fn check_store(store: &StoreV1) -> Result<(), StoreError> {
    let code: Result<StoreCode, NumberText> = store.code.parse();
    code.map_err(|source| StoreError::Code(store.code.clone(), source))?;
    check_text("name", &store.name, true)?;
    for (field, lines) in [("head line", &store.head_lines), ("foot line", &store.foot_lines)] {
        if lines.len() > LINES_MAX {
            return Err(value(field, "there are more than 10"));
        }
        lines.iter().try_for_each(|line| check_text(field, line, false))?;
    }
    if !(-1_439..=1_439).contains(&store.clock.utc_offset_minutes) {
        return Err(value("utc offset", "is not between -1439 and 1439 minutes"));
    }
    if store.clock.day_cut_minutes > 1_439 {
        return Err(value("day cut", "is not between 0 and 1439 minutes"));
    }
    Ok(())
}

/// What to do with a row: nothing, or write it.
enum Step<T> {
    Keep,
    Write(T, Outcome),
}

/// Adds a workstation to a store, or changes how it is.
pub(crate) async fn add_workstation(
    context: &Context,
    store: &str,
    workstation: WorkstationV1,
) -> Result<Outcome, StoreError> {
    if !(1..=WORKSTATION_MAX).contains(&workstation.number) {
        return Err(value("number", "is not between 1 and 999"));
    }
    check_text("name", &workstation.name, true)?;
    let doing = "write a workstation";
    let mut tx = context.db().write(doing).await?;
    let row = known_store(&mut tx, store).await?;
    let held = staffing::workstations(&mut tx, row.id).await?;
    let held = held.into_iter().find(|w| w.row.number == workstation.number && !w.is_gone);
    let step = match held {
        Some(held) if held.row == workstation => Step::Keep,
        Some(_) => Step::Write(workstation, Outcome::Changed),
        None => Step::Write(workstation, Outcome::Added),
    };
    let Step::Write(row_new, outcome) = step else {
        return Ok(Outcome::Unchanged);
    };
    let version = scope::raise(&mut tx, Scope::Store(row.id), context.now()).await?;
    let kept = Kept { row: row_new, version, is_gone: false };
    staffing::put_workstation(&mut tx, row.id, &kept).await?;
    db::commit(tx, doing).await?;
    Ok(outcome)
}

/// Takes a workstation from a store.
pub(crate) async fn remove_workstation(
    context: &Context,
    store: &str,
    number: u16,
) -> Result<(), StoreError> {
    let doing = "remove a workstation";
    let mut tx = context.db().write(doing).await?;
    let row = known_store(&mut tx, store).await?;
    let held = staffing::workstations(&mut tx, row.id).await?;
    let held = held.into_iter().find(|w| w.row.number == number && !w.is_gone);
    let mut held = held.ok_or_else(|| value("number", "is no workstation of this store"))?;
    held.version = scope::raise(&mut tx, Scope::Store(row.id), context.now()).await?;
    held.is_gone = true;
    staffing::put_workstation(&mut tx, row.id, &held).await?;
    Ok(db::commit(tx, doing).await?)
}

/// An operator as HQ wishes them to be.
#[derive(Clone, Debug)]
pub(crate) struct OperatorWish {
    /// The number they are known by.
    pub(crate) number: String,
    /// Their name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: RoleV1,
    /// Their PIN, which is not kept.
    pub(crate) pin: String,
}

/// Adds an operator to a store, or changes how they are.
pub(crate) async fn add_operator(
    context: &Context,
    store: &str,
    wish: OperatorWish,
) -> Result<Outcome, StoreError> {
    check_operator(&wish)?;
    let doing = "write an operator";
    let mut tx = context.db().write(doing).await?;
    let row = known_store(&mut tx, store).await?;
    let held = staffing::operators(&mut tx, row.id).await?;
    let held = held.into_iter().find(|o| o.row.number == wish.number && !o.is_gone);
    let has_pin = held.as_ref().is_some_and(|held| fits(&wish.pin, &held.row.pin_hash));
    let is_same = held
        .as_ref()
        .is_some_and(|held| has_pin && held.row.name == wish.name && held.row.role == wish.role);
    if is_same {
        return Ok(Outcome::Unchanged);
    }
    let outcome = if held.is_some() { Outcome::Changed } else { Outcome::Added };
    let pin_hash = match held {
        Some(held) if has_pin => held.row.pin_hash,
        Some(_) | None => hashed(&wish.pin, context.secret::<16>()?)?,
    };
    let version = scope::raise(&mut tx, Scope::Store(row.id), context.now()).await?;
    let OperatorWish { number, name, role, .. } = wish;
    let operator = OperatorV1 { number, name, role, pin_hash };
    let kept = Kept { row: operator, version, is_gone: false };
    staffing::put_operator(&mut tx, row.id, &kept).await?;
    db::commit(tx, doing).await?;
    Ok(outcome)
}

fn check_operator(wish: &OperatorWish) -> Result<(), StoreError> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=12).contains(&wish.number.len()) || !digits(&wish.number) {
        return Err(value("number", "is not 1 to 12 digits"));
    }
    if !(4..=12).contains(&wish.pin.len()) || !digits(&wish.pin) {
        return Err(value("pin", "is not 4 to 12 digits"));
    }
    check_text("name", &wish.name, true)
}

/// Takes an operator from a store; their PIN is forgotten.
pub(crate) async fn remove_operator(
    context: &Context,
    store: &str,
    number: &str,
) -> Result<(), StoreError> {
    let doing = "remove an operator";
    let mut tx = context.db().write(doing).await?;
    let row = known_store(&mut tx, store).await?;
    let held = staffing::operators(&mut tx, row.id).await?;
    let held = held.into_iter().find(|o| o.row.number == number && !o.is_gone);
    let mut held = held.ok_or_else(|| value("number", "is no operator of this store"))?;
    held.version = scope::raise(&mut tx, Scope::Store(row.id), context.now()).await?;
    held.is_gone = true;
    staffing::put_operator(&mut tx, row.id, &held).await?;
    Ok(db::commit(tx, doing).await?)
}

fn argon2() -> Result<Argon2<'static>, StoreError> {
    let params = Params::new(ARGON2_KIB, ARGON2_PASSES, 1, None).map_err(|_| StoreError::Pin)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashed(pin: &str, salt: [u8; 16]) -> Result<String, StoreError> {
    let salt = SaltString::encode_b64(&salt).map_err(|_| StoreError::Pin)?;
    let hash = argon2()?.hash_password(pin.as_bytes(), &salt).map_err(|_| StoreError::Pin)?;
    Ok(hash.to_string())
}

fn fits(pin: &str, hash: &str) -> bool {
    let known = PasswordHash::new(hash);
    known.is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_kept_as_argon2id_and_fits_only_itself() {
        let hash = hashed("246810", [7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(fits("246810", &hash));
        assert!(!fits("246811", &hash) && !fits("246810", ""));
    }

    #[test]
    fn values_that_cannot_be_are_refused_with_their_field() {
        let wish = |number: &str, pin: &str, name: &str| OperatorWish {
            number: number.into(),
            name: name.into(),
            role: RoleV1::Cashier,
            pin: pin.into(),
        };
        let table = [
            (wish("", "246810", "李静"), "number: is not 1 to 12 digits"),
            (wish("10a1", "246810", "李静"), "number: is not 1 to 12 digits"),
            (wish("1001", "123", "李静"), "pin: is not 4 to 12 digits"),
            (wish("1001", "12345x", "李静"), "pin: is not 4 to 12 digits"),
            (wish("1001", "246810", " "), "name: is missing"),
            (wish("1001", "246810", "李\n静"), "name: has unprintable characters"),
        ];
        for (wish, message) in table {
            assert_eq!(check_operator(&wish).unwrap_err().to_string(), message);
        }
        assert!(check_operator(&wish("1001", "246810", "李静")).is_ok());
    }
}
