//! This box's certificate: asked for with the place, and again before it ends.
//!
//! What is held lies in `certificate.json`, mode 0600: the key, what the mall said of it, and the
//! fingerprint of the mall's authority where one was given. A key that was made and has no certificate yet
//! lies in `certificate.next`: an answer that was lost is asked for again with the same key.
//!
//! **Invariant:** a file is there whole or as it was; the key is printed nowhere and sent nowhere.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::time::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use sync::{
    backoff::retry_ms,
    chain::Hash,
    path,
    wire::{CertificateAskV1, CertificateV1},
};
use tokio_util::sync::CancellationToken;

use super::mall::{Mall, MallError, UNKNOWN};
use crate::{
    Chain,
    context::{Context, random},
    db::{DbError, lay, sync_folder},
    fault,
};

/// How often is looked whether the next certificate is due, at most.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long is waited after a refusal, at most: a third of its life is left when a certificate is due.
const RETRY_MAX: Duration = Duration::from_secs(600);

/// What this box holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The key, PKCS#8 in PEM.
    pub(crate) key: String,
    /// What the mall said.
    pub(crate) told: CertificateV1,
    /// The fingerprint of the mall's authority, if it was given with the code.
    #[serde(default)]
    pub(crate) pin: Option<Hash>,
}

impl Held {
    /// The fingerprints of the authorities that were told with the certificate.
    pub(crate) fn authorities(&self) -> Vec<Hash> {
        let read = CertificateDer::pem_slice_iter(self.told.authority.as_bytes());
        read.filter_map(Result::ok).map(|der| Hash::of(&der)).collect()
    }

    /// What was asked for by a box that believes the authority of a fingerprint: that one for as long as
    /// the mall names it, and the one that took its place from then on.
    fn of(key: String, told: CertificateV1, pin: Option<Hash>) -> Self {
        let held = Self { key, told, pin };
        let known = held.authorities();
        let is_retired = pin.is_some_and(|pin| !known.contains(&pin));
        let pin = if is_retired { known.first().copied().or(pin) } else { pin };
        Self { pin, ..held }
    }

    /// What is shown to a broker.
    pub(crate) fn paper(&self) -> broker::Paper {
        broker::Paper {
            certificate: self.told.certificate.clone(),
            key: self.key.clone(),
            authority: self.told.authority.clone(),
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("told", &self.told).finish_non_exhaustive()
    }
}

fn held_path(data: &Path) -> PathBuf {
    data.join("certificate.json")
}

fn next_path(data: &Path) -> PathBuf {
    data.join("certificate.next")
}

/// What is held, if anything; what cannot be read is as if it were not there, and is asked for again.
pub(crate) fn read(data: &Path) -> Option<Held> {
    let text = match std::fs::read_to_string(held_path(data)) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::error!(%error, "This box's certificate could not be read");
            }
            return None;
        }
    };
    let held = serde_json::from_str(&text);
    let held: Option<Held> =
        held.inspect_err(|_| tracing::error!("This box's certificate is damaged")).ok();
    // A box that died as soon as it held a certificate has not forgotten the key that waited for it; the
    // next certificate is for another key.
    let waiting = std::fs::read_to_string(next_path(data)).ok();
    if held.as_ref().is_some_and(|held| waiting.as_ref() == Some(&held.key)) {
        let _ = std::fs::remove_file(next_path(data));
    }
    held
}

/// Puts what the mall said in the place of what was held, and forgets the key that waited.
pub(crate) fn keep(data: &Path, held: &Held) -> Result<(), DbError> {
    let path = held_path(data);
    let text = serde_json::to_string(held)
        .map_err(|_| DbError::Damaged { doing: "write this box's certificate" })?;
    fault::db("certificate.keeping")?;
    lay(&path, &text).map_err(DbError::file("keep", &path))?;
    fault::db("certificate.laid")?;
    let _ = std::fs::remove_file(next_path(data));
    sync_folder(data)
}

/// When the certificate that this box shows the mall ends, if it holds one.
pub(crate) fn end(context: &Context) -> Option<Timestamp> {
    let held = context.mall.get()?.held()?;
    Some(Timestamp::from_micros(held.told.ends_at_micros))
}

/// A key that waits for its certificate, made now if there is none, and the request for it.
pub(crate) fn next(data: &Path) -> Result<(String, CertificateAskV1), DbError> {
    let damaged = |_| DbError::Damaged { doing: "ask for a certificate" };
    let path = next_path(data);
    let waiting = std::fs::read_to_string(&path).ok();
    let waiting = waiting.and_then(|pem| KeyPair::from_pem(&pem).ok());
    let key = match waiting {
        Some(key) => key,
        None => {
            let key = KeyPair::generate().map_err(damaged)?;
            lay(&path, &key.serialize_pem()).map_err(DbError::file("make", &path))?;
            sync_folder(data)?;
            key
        }
    };
    // The mall writes the names.
    let request = CertificateParams::default().serialize_request(&key).map_err(damaged)?;
    let csr = request.pem().map_err(damaged)?;
    Ok((key.serialize_pem(), CertificateAskV1 { csr }))
}

/// Asks for the next certificate whenever it is due, until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, stop: CancellationToken) {
    let mut failures = 0_u32;
    let look = Duration::from_millis(context.config.mall.poll_ms).min(LOOK_EVERY);
    loop {
        let now = context.clock.now().plus_ms(mall.ahead_ms());
        let pause = if mall.held().is_some_and(|held| !held.told.is_due(now)) {
            look
        } else {
            let Some(done) = stop.run_until_cancelled(renew(&context, &mall)).await else { return };
            match done {
                Ok(()) => {
                    context.troubles.renewal_is_refused(false);
                    failures = 0;
                    look
                }
                Err(error) => {
                    context.troubles.renewal_is_refused(error.is_refusal());
                    failures = failures.saturating_add(1);
                    if failures == 1 {
                        tracing::warn!(error = %Chain(&error), "The next certificate was not given; asking again");
                    }
                    let wait = retry_ms(failures, u32::from_be_bytes(random()));
                    Duration::from_millis(wait).min(RETRY_MAX)
                }
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Why there is no next certificate.
#[derive(Debug, thiserror::Error)]
enum RenewError {
    #[error("the mall gave no certificate")]
    Mall(#[from] MallError),
    #[error("a certificate could not be kept")]
    Db(#[from] DbError),
}

impl RenewError {
    /// Whether the mall said no, and would say it again: not that it is away or busy, and not that this
    /// box may speak no more, which has a name of its own.
    fn is_refusal(&self) -> bool {
        let Self::Mall(MallError::Refused { status, problem, .. }) = self else { return false };
        (400..500).contains(status) && problem != UNKNOWN
    }
}

async fn renew(context: &Context, mall: &Mall) -> Result<(), RenewError> {
    let (key, ask) = next(&context.config.data)?;
    fault::db("certificate.asking")?;
    let told: CertificateV1 = mall.post(path::CERTIFICATES, &ask).await?;
    fault::db("certificate.told")?;
    let held = Held::of(key, told, mall.pin());
    // One that cannot be used is not put in the place of one that can.
    mall.can_hold(&held)?;
    // One that is not kept is asked for again, so it is kept before it is shown.
    keep(&context.config.data, &held)?;
    mall.hold(held.clone())?;
    context.papers.set(Some(held.paper()));
    tracing::info!(ends_at = held.told.ends_at_micros, "This box has its next certificate");
    Ok(())
}
