//! HQ's tokens: who may read, and who may also put rules in force or set things in stores.
//!
//! **Invariant:** a token is told once; kept is its hash. With 256 random bits a plain SHA-256 is
//! enough: there is nothing to guess.

use sync::chain::{Hash, hex};

use crate::{
    context::{Context, NoDice},
    db::{
        self, DbError,
        staff::{self, Rights, StaffRow},
    },
};

/// What a token begins with, so that a search for leaked secrets finds it.
const PREFIX: &str = "guitai_hq_";
/// Signs of a holder's name.
const NAME_CHARS_MAX: usize = 100;

/// Why a token was not made or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StaffError {
    /// Not 1 to 100 printable signs.
    #[error("a name has 1 to {NAME_CHARS_MAX} printable signs")]
    Name,
    /// Somebody has it.
    #[error("`{0}` has a token already")]
    Taken(String),
    /// Nobody has it.
    #[error("`{0}` has no token")]
    Unknown(String),
    /// The machine gives no random numbers.
    #[error("could not make a token")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not keep the token")]
    Db(#[from] DbError),
}

/// A name that a holder may have.
pub(super) fn checked_name(name: &str) -> Result<&str, StaffError> {
    let name = name.trim();
    let n = name.chars().count();
    let is_good = (1..=NAME_CHARS_MAX).contains(&n) && !name.chars().any(char::is_control);
    if is_good { Ok(name) } else { Err(StaffError::Name) }
}

/// Makes a token for somebody; the answer is the only time it is told.
pub(crate) async fn add_staff(
    context: &Context,
    name: &str,
    rights: Rights,
) -> Result<String, StaffError> {
    let doing = "keep a token";
    let name = checked_name(name)?;
    let token = format!("{PREFIX}{}", hex(&context.secret::<32>()?));
    let mut tx = context.db().write(doing).await?;
    let hash = Hash::of(token.as_bytes());
    if !staff::insert(&mut tx, hash, name, rights, context.now()).await? {
        return Err(StaffError::Taken(name.to_owned()));
    }
    db::commit(tx, doing).await?;
    Ok(token)
}

/// Ends somebody's token.
pub(crate) async fn revoke_staff(context: &Context, name: &str) -> Result<(), StaffError> {
    let doing = "revoke a token";
    let mut tx = context.db().write(doing).await?;
    if !staff::revoke(&mut tx, name, context.now()).await? {
        return Err(StaffError::Unknown(name.to_owned()));
    }
    Ok(db::commit(tx, doing).await?)
}

/// Whose token it is; `None` for nobody's, or one that was ended.
pub(crate) async fn staff_of(context: &Context, token: &str) -> Result<Option<StaffRow>, DbError> {
    let mut tx = context.db().read("read a token").await?;
    let found = staff::by_token(&mut tx, Hash::of(token.as_bytes())).await?;
    Ok(found.filter(|staff| !staff.is_revoked))
}
