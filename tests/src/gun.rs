//! A scanner that connects to a port of the daemon and sends what it reads.

use anyhow::{Context as _, Result};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// A connected scanner.
#[derive(Debug)]
pub struct Gun(TcpStream);

impl Gun {
    /// Plugs it in.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        Ok(Self(stream.context("the scanner's port does not answer")?))
    }

    /// Reads these codes as fast as it can, each ended by CR.
    ///
    /// # Errors
    /// When the cable is out.
    pub async fn read(&mut self, texts: &[&str]) -> Result<()> {
        let bytes: String = texts.iter().map(|text| format!("{text}\r")).collect();
        self.0.write_all(bytes.as_bytes()).await.context("the scanner's cable is out")
    }
}
