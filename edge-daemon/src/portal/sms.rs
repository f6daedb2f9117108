//! How a code reaches a guest's phone.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf, time::Duration};

use domain::member::Phone;
use serde::Deserialize;

/// A provider that has not answered by then has not taken it.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where codes go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SmsConfig {
    /// A line of JSON for each in a file that only this user reads: for trying and testing. No SMS
    /// is sent.
    File(PathBuf),
    /// `POST` of `{"phone", "code", "minutes"}` to an address of the chain's, which knows the SMS
    /// provider's keys and templates; `guitai-signature` is the HMAC-SHA256 of the body in hex.
    Webhook {
        /// `https://…`.
        url: String,
        /// The file that holds the key of the signature.
        key: PathBuf,
    },
}

/// Why a code is not on its way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmsError {
    /// The file, or the key, could not be opened.
    #[error("could not use {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The provider's side could not be reached.
    #[error("the SMS were not taken")]
    Away(#[source] reqwest::Error),
}

#[derive(serde::Serialize)]
struct Message<'a> {
    phone: &'a str,
    code: &'a str,
    minutes: i64,
}

/// Sends a code that is good for so many minutes.
pub(crate) async fn send(
    to: &SmsConfig,
    phone: &Phone,
    code: &str,
    minutes: i64,
) -> Result<(), SmsError> {
    // Two texts and a number always have a JSON form.
    let body = serde_json::to_vec(&Message { phone: phone.digits(), code, minutes });
    let body = body.unwrap_or_default();
    match to {
        SmsConfig::File(path) => {
            let failed = |source| SmsError::File { path: path.clone(), source };
            let mut file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path)
                .map_err(failed)?;
            file.write_all(&[&body[..], b"\n"].concat()).map_err(failed)
        }
        SmsConfig::Webhook { url, key } => {
            let secret = std::fs::read(key)
                .map_err(|source| SmsError::File { path: key.clone(), source })?;
            let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.trim_ascii());
            let tag = ring::hmac::sign(&secret, &body);
            let client = reqwest::Client::builder()
                .https_only(true)
                .redirect(reqwest::redirect::Policy::none())
                .timeout(PATIENCE)
                .build()
                .map_err(SmsError::Away)?;
            let request = client
                .post(url)
                .header("content-type", "application/json")
                .header("guitai-signature", sync::chain::hex(tag.as_ref()))
                .body(body);
            let sent = request.send().await.and_then(reqwest::Response::error_for_status);
            sent.map(|_| ()).map_err(|error| SmsError::Away(error.without_url()))
        }
    }
}
