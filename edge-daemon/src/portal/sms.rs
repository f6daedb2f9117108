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
    /// It answered with something else than a yes.
    #[error("the SMS were answered with {0}")]
    Refused(reqwest::StatusCode),
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
            let client = caller().build().map_err(SmsError::Away)?;
            post(&client, url, secret.trim_ascii(), body).await
        }
    }
}

/// How the provider's side is called: over TLS alone, and nowhere else than it was said to be.
fn caller() -> reqwest::ClientBuilder {
    // A box that has no mall yet has set none up.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
}

/// Says it, signed; anything but a yes is a no.
async fn post(
    client: &reqwest::Client,
    url: &str,
    secret: &[u8],
    body: Vec<u8>,
) -> Result<(), SmsError> {
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&secret, &body);
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("guitai-signature", sync::chain::hex(tag.as_ref()))
        .body(body);
    let answer = request.send().await.map_err(|error| SmsError::Away(error.without_url()))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(SmsError::Refused(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    };
    use tokio::{
        io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        sync::mpsc,
        task::JoinHandle,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const KEY: &[u8] = b"a key that the chain and the box have";

    /// The chain's side of it: speaks TLS with a certificate of its own, and answers as it is told.
    struct Receiver {
        url: String,
        certificate: reqwest::Certificate,
        heard: mpsc::Receiver<String>,
        serving: JoinHandle<()>,
    }

    impl Drop for Receiver {
        fn drop(&mut self) {
            self.serving.abort();
        }
    }

    impl Receiver {
        /// Answers every call with this, or with nothing at all.
        async fn open(answer: Option<&'static str>) -> Self {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            let certificate = certificate.self_signed(&key).unwrap();
            let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let config = ServerConfig::builder()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], secret)
                .unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("https://{}/sms", listener.local_addr().unwrap());
            let (say, heard) = mpsc::channel(8);
            let serving = tokio::spawn(async move {
                let mut silent = Vec::new();
                while let Ok((line, _)) = listener.accept().await {
                    // Who does not trust it hangs up here.
                    let Ok(mut line) = acceptor.accept(line).await else { continue };
                    say.send(request(&mut line).await).await.unwrap();
                    match answer {
                        Some(answer) => line.write_all(answer.as_bytes()).await.unwrap(),
                        None => silent.push(line),
                    }
                }
            });
            let certificate = reqwest::Certificate::from_der(certificate.der()).unwrap();
            Self { url, certificate, heard, serving }
        }

        /// A caller who trusts it.
        fn caller(&self) -> reqwest::ClientBuilder {
            caller().tls_certs_merge([self.certificate.clone()])
        }

        async fn send(&self, client: reqwest::ClientBuilder) -> Result<(), SmsError> {
            let body = serde_json::to_vec(&message()).unwrap();
            post(&client.build().unwrap(), &self.url, KEY, body).await
        }
    }

    fn message() -> Message<'static> {
        Message { phone: "13812345678", code: "042137", minutes: 5 }
    }

    /// Reads a request to the end of its body.
    async fn request(line: &mut (impl AsyncRead + Unpin)) -> String {
        let (mut text, mut part) = (String::new(), [0; 1_024]);
        loop {
            let n = line.read(&mut part).await.unwrap();
            text.push_str(std::str::from_utf8(&part[..n]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if n == 0 || length.is_some_and(|length| length.parse() == Ok(body.len())) {
                return text;
            }
        }
    }

    #[tokio::test]
    async fn a_code_is_told_once_and_signed_over_the_bytes_as_they_come() {
        let mut receiver = Receiver::open(Some("HTTP/1.1 204 No Content\r\n\r\n")).await;
        receiver.send(receiver.caller()).await.unwrap();
        let heard = receiver.heard.recv().await.unwrap();
        let (head, body) = heard.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /sms HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
        let signature = head.lines().find_map(|line| line.strip_prefix("guitai-signature: "));
        let signature = signature
            .unwrap()
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        let signature: Vec<u8> = signature.collect();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY);
        ring::hmac::verify(&key, body.as_bytes(), &signature).unwrap();
        assert!(ring::hmac::verify(&key, b"{}", &signature).is_err());
        let said: serde_json::Value = serde_json::from_str(body).unwrap();
        let expected =
            serde_json::json!({ "phone": "13812345678", "code": "042137", "minutes": 5 });
        assert_eq!(said, expected);
        assert!(receiver.heard.try_recv().is_err(), "it was told twice");
    }

    #[tokio::test]
    async fn anything_but_a_yes_is_no_sms_and_a_code_is_carried_to_no_other_address() {
        for (answer, status) in [
            (
                "HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
                302,
            ),
            ("HTTP/1.1 307 Temporary Redirect\r\nlocation: /sms\r\ncontent-length: 0\r\n\r\n", 307),
            ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", 403),
            ("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n", 429),
            ("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n", 500),
        ] {
            let mut receiver = Receiver::open(Some(answer)).await;
            let told = receiver.send(receiver.caller()).await;
            assert!(
                matches!(told, Err(SmsError::Refused(s)) if s.as_u16() == status),
                "{answer}: {told:?}"
            );
            receiver.heard.recv().await.unwrap();
            assert!(receiver.heard.try_recv().is_err(), "{answer}: it was asked again");
        }
    }

    #[tokio::test]
    async fn nonsense_and_silence_are_no_sms() {
        let receiver = Receiver::open(Some("SMS sent!\r\n\r\n")).await;
        let told = receiver.send(receiver.caller()).await;
        assert!(matches!(told, Err(SmsError::Away(_))), "{told:?}");
        let receiver = Receiver::open(None).await;
        let told = receiver.send(receiver.caller().timeout(Duration::from_millis(200))).await;
        assert!(matches!(&told, Err(SmsError::Away(error)) if error.is_timeout()), "{told:?}");
    }

    #[tokio::test]
    async fn a_receiver_that_cannot_prove_its_name_hears_no_code() {
        let mut receiver = Receiver::open(Some("HTTP/1.1 204 No Content\r\n\r\n")).await;
        let told = receiver.send(caller()).await;
        assert!(matches!(told, Err(SmsError::Away(_))), "its certificate is nobody's: {told:?}");
        receiver.url = receiver.url.replace("127.0.0.1", "localhost");
        let told = receiver.send(receiver.caller()).await;
        assert!(matches!(told, Err(SmsError::Away(_))), "it has another name: {told:?}");
        receiver.url = receiver.url.replace("https://", "http://");
        let told = receiver.send(receiver.caller()).await;
        assert!(matches!(told, Err(SmsError::Away(_))), "it would be readable: {told:?}");
        assert!(receiver.heard.try_recv().is_err(), "somebody heard a code");
    }

    #[tokio::test]
    async fn a_key_that_is_not_there_sends_nothing_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("sms.key");
        let to = SmsConfig::Webhook { url: "https://127.0.0.1:1/".to_owned(), key: key.clone() };
        let phone = Phone::read("13812345678").unwrap();
        let told = send(&to, &phone, "042137", 5).await;
        assert!(matches!(&told, Err(SmsError::File { path, .. }) if *path == key), "{told:?}");
        std::fs::write(&key, b"  key\n").unwrap();
        let told = send(&to, &phone, "042137", 5).await;
        let text = format!("{told:?} {}", told.as_ref().unwrap_err());
        assert!(matches!(told, Err(SmsError::Away(_))), "{text}");
        assert!(!text.contains("13812345678") && !text.contains("042137"), "{text}");
    }
}
