//! A line of a box to its mall that stays open, under TLS with the box's certificate; what is asked on it
//! is signed by the box's key.
//!
//! **Invariant:** everything goes over one connection: when that is gone, so is the line.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail, ensure};
use domain::{id::EdgeId, time::Timestamp};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use sync::signature::{self, Signed};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::sim::Clock;

/// The line.
#[derive(Debug)]
pub struct OpenLine {
    stream: BufReader<TlsStream<TcpStream>>,
    edge: EdgeId,
    key: Vec<u8>,
    nonce: u64,
}

impl OpenLine {
    /// Opens it to a mall under TLS (`https://host:port`), with what lies in a box's data folder.
    ///
    /// # Errors
    /// When the box holds no certificate, or the mall does not let it in.
    pub async fn open(url: &str, data: &Path, edge: EdgeId) -> Result<Self> {
        let text = std::fs::read_to_string(data.join("certificate.json"))?;
        let held: Value = serde_json::from_str(&text)?;
        let text = |place: &str| {
            let value = held.pointer(place).and_then(Value::as_str);
            value.map(str::to_owned).context("half a certificate")
        };
        let der = |pem: String| CertificateDer::from_pem_slice(pem.as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(der(text("/told/authority")?)?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![der(text("/told/certificate")?)?],
                PrivateKeyDer::from_pem_slice(text("/key")?.as_bytes())?,
            )?;
        let address = url.strip_prefix("https://").context("the mall is not under TLS")?;
        let host = address.split(':').next().unwrap_or_default().to_owned();
        let stream = TcpStream::connect(address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(ServerName::try_from(host)?, stream).await?;
        let key = std::fs::read(data.join("edge.key"))?;
        Ok(Self { stream: BufReader::new(stream), edge, key, nonce: 0 })
    }

    /// Asks for something; the status and the body.
    ///
    /// # Errors
    /// When the line is gone.
    pub async fn get(&mut self, path: &str) -> Result<(u16, String)> {
        self.nonce += 1;
        let signed = Signed { method: "GET", path, body: b"" };
        let now = Timestamp::from_micros(Clock::wall() * 1_000_000);
        let said = signature::sign(&self.key, self.edge, now, self.nonce, signed)?;
        let name = signature::HEADER;
        let call = format!("GET {path} HTTP/1.1\r\nhost: mall\r\n{name}: {said}\r\n\r\n");
        self.stream.write_all(call.as_bytes()).await?;
        self.stream.flush().await?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the line is gone");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
            }
            if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        let Some(status) = status else { bail!("no HTTP was answered") };
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
