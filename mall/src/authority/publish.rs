//! The list of revoked certificates for whoever asks: who was revoked is no secret, and whoever believes
//! the authority's certificates has to know.
//!
//! **Invariant:** whoever asks in a loop has nothing read and nothing signed for them.

use std::sync::Arc;

use domain::time::Timestamp;
use tokio::sync::Mutex;

use super::{AuthorityError, papers};
use crate::{context::Context, db::certificates};

/// The same list is given for so long: so much later than by the mall's own doors, which look at each
/// request, somebody is revoked for those who go by it.
pub(crate) const PUBLISHED_MS: i64 = 10_000;

/// A list as it is given (RFC 5280, 5).
#[derive(Debug)]
pub(crate) struct Published {
    /// By the authority that is shown, in DER.
    pub(crate) der: Vec<u8>,
    /// In PEM, by each that signs.
    pub(crate) pem: String,
}

/// The list that was given last, and since when.
pub(super) type Kept = Mutex<Option<(Timestamp, Arc<Published>)>>;

/// The list of revoked certificates.
pub(crate) async fn published(context: &Context) -> Result<Arc<Published>, AuthorityError> {
    let authority = context.authority();
    // One makes it; whoever asks meanwhile waits for that.
    let mut kept = authority.published.lock().await;
    let now = context.now();
    if let Some((since, list)) = kept.as_ref()
        && (0..PUBLISHED_MS).contains(&now.ms_since(*since))
    {
        return Ok(Arc::clone(list));
    }
    let mut tx = context.db().read("publish revoked certificates").await?;
    let rows = certificates::revoked(&mut tx, now).await?;
    drop(tx);
    let made = papers::revoked(authority, &rows, now)?;
    let der = made.first().map(|list| list.der().to_vec()).unwrap_or_default();
    let pem = made.iter().map(|list| list.pem()).collect::<Result<String, _>>()?;
    let list = Arc::new(Published { der, pem });
    *kept = Some((now, Arc::clone(&list)));
    Ok(list)
}
