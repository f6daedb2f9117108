//! Another authority takes the place of the one that is, and no box is enrolled anew.
//!
//! ```text
//! one ──begin──► two: boxes are given certificates by the second, ──retire──► the second alone
//!                and with them the word that it is to be believed
//! ```
//!
//! It takes as long as certificates do: a box learns of the second with its next one. What is begun or
//! retired counts from the next start of each mall.
//!
//! **Invariant:** nobody is left out by oversight: the first stays while a box that may speak would not
//! believe the second.

use domain::time::Timestamp;
use x509_parser::parse_x509_certificate;

use super::{AuthorityError, ENDED_DAYS_MAX, make};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        certificates::{self, AuthorityRow},
    },
};

const DAY_MS: i64 = 86_400_000;

/// Why no authority takes the place of another.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RotateError {
    /// There are two already.
    #[error("there are two authorities already")]
    Two,
    /// There is one alone.
    #[error("there is one authority alone, and nothing takes its place")]
    One,
    /// Boxes would be left out.
    #[error("{0} boxes hold no certificate by the second authority yet")]
    LeftOut(usize),
    /// The second could not be made or read.
    #[error("could not change the authority")]
    Authority(#[from] AuthorityError),
}

impl From<DbError> for RotateError {
    fn from(error: DbError) -> Self {
        Self::Authority(error.into())
    }
}

impl RotateError {
    /// What a person can do.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Two => Some("mall authority retire"),
            Self::One => Some("mall authority new"),
            Self::LeftOut(_) => Some(
                "wait until they have renewed theirs, at most 90 days; with --leave-out they need new claim codes",
            ),
            Self::Authority(error) => error.hint(),
        }
    }
}

/// Makes the second authority.
pub(crate) async fn begin(context: &Context) -> Result<(), RotateError> {
    let (doing, now) = ("make another authority", context.now());
    let mut tx = context.db().write(doing).await?;
    let known = certificates::authorities(&mut tx).await?;
    let [only] = known.as_slice() else { return Err(RotateError::Two) };
    let made = make(context.data(), only.number + 1, now)?;
    certificates::put_authority(&mut tx, &made).await?;
    Ok(db::commit(tx, doing).await?)
}

/// Believes the first authority no more; how many boxes are left out by that.
pub(crate) async fn retire(context: &Context, leaves_out: bool) -> Result<usize, RotateError> {
    let (doing, now) = ("retire an authority", context.now());
    let mut tx = context.db().write(doing).await?;
    let known = certificates::authorities(&mut tx).await?;
    let [first, second] = known.as_slice() else { return Err(RotateError::One) };
    let n = n_behind(&mut tx, second, now).await?;
    if n > 0 && !leaves_out {
        return Err(RotateError::LeftOut(n));
    }
    certificates::remove_authority(&mut tx, first.number).await?;
    db::commit(tx, doing).await?;
    Ok(n)
}

/// How many boxes would be left out if the first authority were retired; none where there is one alone.
pub(crate) async fn n_left_out(context: &Context) -> Result<usize, RotateError> {
    let mut tx = context.db().read("count who knows the second authority").await?;
    let known = certificates::authorities(&mut tx).await?;
    let [_, second] = known.as_slice() else { return Ok(0) };
    n_behind(&mut tx, second, context.now()).await
}

/// Boxes that may speak and whose newest certificate is not by this authority; also those that may still
/// renew one that has ended.
async fn n_behind(
    tx: &mut Conn,
    second: &AuthorityRow,
    now: Timestamp,
) -> Result<usize, RotateError> {
    let der = super::der(&second.certificate).ok_or(AuthorityError::Damaged)?;
    let (_, authority) = parse_x509_certificate(&der).map_err(|_| AuthorityError::Damaged)?;
    let name = authority.subject().as_raw();
    let is_behind = |pem: &String| {
        let der = super::der(pem);
        let read = der.as_deref().and_then(|der| parse_x509_certificate(der).ok());
        read.is_none_or(|(_, read)| read.issuer().as_raw() != name)
    };
    let horizon = now.plus_ms(-ENDED_DAYS_MAX * DAY_MS);
    Ok(certificates::in_use(tx, horizon).await?.iter().filter(|pem| is_behind(pem)).count())
}
