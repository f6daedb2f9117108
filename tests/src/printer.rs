//! A receipt printer on a port of this machine that stays on when the node's power goes.
//!
//! It knows as much of ESC/POS as a paper trail needs: it answers status requests (DLE EOT n) and
//! the fence behind a job (GS r n), and ends a slip at each cut (GS V), as Epson's ESC/POS
//! reference describes them.
//!
//! **Invariant:** what was cut before a cable broke stays on paper; what was not is waste.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// An answer to DLE EOT n: on line, lid shut, no error, paper enough.
const ALL_IS_WELL: u8 = 0x12;
/// An answer to GS r 1: paper enough.
const PAPER_ENOUGH: u8 = 0x00;
/// 补打 in GBK, which stands on every second copy.
const COPY_MARK: &[u8] = &[0xb2, 0xb9, 0xb4, 0xf2];

type Slips = Arc<Mutex<Vec<Vec<u8>>>>;

/// The printer.
#[derive(Debug)]
pub struct Printer {
    port: u16,
    slips: Slips,
    listening: JoinHandle<()>,
}

impl Printer {
    /// Switches it on.
    ///
    /// # Errors
    /// When it gets no port.
    pub async fn switch_on() -> Result<Self> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.context("no port for a printer")?;
        let port = listener.local_addr().context("a printer without a port")?.port();
        let slips = Slips::default();
        let kept = Arc::clone(&slips);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                // A cable that breaks is what this printer is for.
                tokio::spawn(async move { serve(stream, &kept).await });
            }
        });
        Ok(Self { port, slips, listening })
    }

    /// `host:port`, as a boot file names it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many slips carry a receipt number: first ones, and copies marked as such.
    #[must_use]
    pub fn slips_of(&self, receipt_number: &str) -> (usize, usize) {
        let slips = self.slips.lock().unwrap_or_else(PoisonError::into_inner);
        let own = slips.iter().filter(|slip| holds(slip, receipt_number.as_bytes()));
        let (copies, firsts): (Vec<_>, Vec<_>) = own.partition(|slip| holds(slip, COPY_MARK));
        (firsts.len(), copies.len())
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn holds(slip: &[u8], part: &[u8]) -> bool {
    slip.windows(part.len()).any(|window| window == part)
}

async fn serve(mut stream: TcpStream, slips: &Slips) -> io::Result<()> {
    let (mut slip, mut buffer) = (Vec::new(), vec![0; 4_096]);
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        let mut answers = Vec::new();
        for byte in buffer.get(..n).unwrap_or_default() {
            slip.push(*byte);
            match slip.as_slice() {
                [.., 0x10, 0x04, 1..=4] => {
                    answers.push(ALL_IS_WELL);
                    slip.truncate(slip.len() - 3);
                }
                [.., 0x1d, 0x72, 1] => {
                    answers.push(PAPER_ENOUGH);
                    slip.truncate(slip.len() - 3);
                }
                [.., 0x1d, 0x56, _] => {
                    let cut = std::mem::take(&mut slip);
                    slips.lock().unwrap_or_else(PoisonError::into_inner).push(cut);
                }
                _ => {}
            }
        }
        stream.write_all(&answers).await?;
    }
}
