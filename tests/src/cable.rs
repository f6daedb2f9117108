//! What lies between a store and its mall: a cable that can be cut, made slow, or lead to somebody
//! who talks nonsense.
//!
//! **Invariant:** a change of the cable's state ends every connection that was made before it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

/// Bytes that are carried at once.
const PIECE_BYTES: usize = 64 * 1_024;

/// How the cable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weather {
    /// It carries what comes.
    Fair,
    /// Connections are shut as soon as they are made.
    Cut,
    /// Connections are made and never answered.
    Silent,
    /// Every answer comes so much later.
    Slow(Duration),
    /// The mall gets every request, and its answer is cut off after so many bytes.
    HalfAnswers(usize),
    /// The mall gets every request, and somebody on the way answers in its place: these very bytes.
    Replaced(String),
    /// Whoever answers, it is not the mall: these very bytes for each request.
    Nonsense(String),
    /// Somebody on the way looks into each batch of facts, and answers some in the mall's place.
    Inspected(Offence, String),
}

/// What somebody on the way takes offence at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offence {
    /// A body with these words in it.
    Words(String),
    /// A body of more bytes, once it is unpacked.
    Bytes(usize),
    /// A body that is packed, whatever is in it.
    Packed,
}

impl Offence {
    fn is_given_by(&self, head: &str, body: &[u8]) -> bool {
        let unpacked = match head.contains("content-encoding: zstd") {
            true => zstd::decode_all(body).ok(),
            false => None,
        };
        let is_packed = unpacked.is_some();
        let body = unpacked.as_deref().unwrap_or(body);
        match self {
            Self::Packed => is_packed,
            Self::Words(words) => {
                let words = words.as_bytes();
                !words.is_empty() && body.windows(words.len()).any(|some| some == words)
            }
            Self::Bytes(most) => body.len() > *most,
        }
    }
}

impl Weather {
    /// An HTTP answer that the mall did not give.
    #[must_use]
    pub fn answering(status: &str, kind: &str, body: &str) -> Self {
        Self::Nonsense(answer(status, kind, body))
    }

    /// Somebody who refuses each batch that gives offence, and lets everything else pass.
    #[must_use]
    pub fn inspected(offence: Offence, status: &str) -> Self {
        let page = format!("<!doctype html><title>{status}</title>");
        Self::Inspected(offence, answer(status, "text/html", &page))
    }

    /// The page of a proxy that lost the mall's answer and says that there is no such thing.
    #[must_use]
    pub fn lost_behind_a_404() -> Self {
        let page = "<!doctype html><title>404 Not Found</title><hr>nginx";
        Self::Replaced(answer("404 Not Found", "text/html", page))
    }
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let n = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {n}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

/// A cable with one end in a port of this machine.
#[derive(Debug)]
pub struct Cable {
    port: u16,
    /// Where it leads.
    to: Arc<AtomicU16>,
    weather: watch::Sender<Weather>,
    /// Batches that somebody else than the mall answered, or whose answer was cut off, since the
    /// last turn.
    fooled: Arc<watch::Sender<u32>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Cable {
    /// Lays a cable to a port of this machine.
    ///
    /// # Errors
    /// When its own end cannot be opened.
    pub async fn lay(to: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for a cable")?;
        let port = listener.local_addr().context("a cable without an end")?.port();
        let weather = watch::Sender::new(Weather::Fair);
        let fooled = Arc::new(watch::Sender::new(0));
        let to = Arc::new(AtomicU16::new(to));
        let (changes, count, far) = (weather.clone(), Arc::clone(&fooled), Arc::clone(&to));
        let listening = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let to = far.load(Ordering::Relaxed);
                tokio::spawn(carry(near, to, changes.subscribe(), Arc::clone(&count)));
            }
        });
        Ok(Self { port, to, weather, fooled, listening })
    }

    /// Where the store calls.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Leads to another port of this machine from now on; what is connected is cut.
    pub fn lead_to(&self, to: u16) {
        self.to.store(to, Ordering::Relaxed);
        self.weather.send_modify(|_| {});
    }

    /// Changes how it is, and counts from nothing again who was fooled.
    pub fn turn(&self, weather: Weather) {
        self.fooled.send_replace(0);
        self.weather.send_replace(weather);
    }

    /// Waits until so many batches of facts were answered by somebody else than the mall, or had
    /// their answers cut off, since the cable was turned. Those that came before anybody waited
    /// count: a store that believes its orders told calls no more.
    ///
    /// # Errors
    /// When nobody calls.
    pub async fn wait_until_fooled(&self, times: u32, limit: Duration) -> Result<()> {
        let mut count = self.fooled.subscribe();
        let reached = tokio::time::timeout(limit, count.wait_for(|n| *n >= times)).await;
        reached.context("nobody called over the cable")?.context("the cable is gone")?;
        Ok(())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn carry(
    near: TcpStream,
    to: u16,
    mut weather: watch::Receiver<Weather>,
    fooled: Arc<watch::Sender<u32>>,
) {
    let now = weather.borrow_and_update().clone();
    tokio::select! {
        // What breaks on the way is what a cable is for.
        _ = under(now, near, to, &fooled) => {}
        _ = weather.changed() => {}
    }
}

async fn under(
    weather: Weather,
    near: TcpStream,
    to: u16,
    fooled: &watch::Sender<u32>,
) -> io::Result<()> {
    match weather {
        Weather::Cut => Ok(()),
        Weather::Silent => std::future::pending().await,
        Weather::Fair => {
            let (mut near, mut far) = (near, connect(to).await?);
            copy_bidirectional(&mut near, &mut far).await.map(|_| ())
        }
        Weather::Slow(delay) => slowly(near, connect(to).await?, delay).await,
        Weather::HalfAnswers(bytes) => half(near, to, bytes, fooled).await,
        Weather::Replaced(answer) => replaced(near, to, &answer, fooled).await,
        Weather::Nonsense(answer) => nonsense(near, &answer, fooled).await,
        Weather::Inspected(offence, answer) => inspected(near, to, &offence, &answer, fooled).await,
    }
}

async fn connect(to: u16) -> io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", to)).await
}

/// Questions go as they come, answers wait.
async fn slowly(near: TcpStream, far: TcpStream, delay: Duration) -> io::Result<()> {
    let (mut near_reads, mut near_writes) = near.into_split();
    let (mut far_reads, mut far_writes) = far.into_split();
    let up = tokio::io::copy(&mut near_reads, &mut far_writes);
    let down = async {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let n = far_reads.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            sleep(delay).await;
            near_writes.write_all(buffer.get(..n).unwrap_or_default()).await?;
        }
    };
    tokio::select! { done = down => done, failed = up => failed.map(|_| ()) }
}

/// The mall has heard and done it; the store hears the beginning of its answer.
async fn half(
    mut near: TcpStream,
    to: u16,
    bytes: usize,
    fooled: &watch::Sender<u32>,
) -> io::Result<()> {
    let request = read_request(&mut near).await?;
    let mut far = connect(to).await?;
    far.write_all(&request).await?;
    let mut answer = vec![0; PIECE_BYTES];
    let n = far.read(&mut answer).await?;
    near.write_all(answer.get(..n.min(bytes)).unwrap_or_default()).await?;
    near.shutdown().await?;
    count(&request, fooled);
    Ok(())
}

/// The mall has heard and done it; the store hears somebody else.
async fn replaced(
    mut near: TcpStream,
    to: u16,
    answer: &str,
    fooled: &watch::Sender<u32>,
) -> io::Result<()> {
    let request = read_request(&mut near).await?;
    let mut far = connect(to).await?;
    far.write_all(&request).await?;
    // Once something of its answer is there, it has done it.
    far.read_u8().await?;
    near.write_all(answer.as_bytes()).await?;
    near.shutdown().await?;
    count(&request, fooled);
    Ok(())
}

async fn nonsense(
    mut near: TcpStream,
    answer: &str,
    fooled: &watch::Sender<u32>,
) -> io::Result<()> {
    let request = read_request(&mut near).await?;
    near.write_all(answer.as_bytes()).await?;
    near.shutdown().await?;
    count(&request, fooled);
    Ok(())
}

/// One request, which the mall hears unless its batch gives offence.
async fn inspected(
    mut near: TcpStream,
    to: u16,
    offence: &Offence,
    answer: &str,
    fooled: &watch::Sender<u32>,
) -> io::Result<()> {
    let request = read_request(&mut near).await?;
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let (head, rest) = request.split_at(end);
    let text = String::from_utf8_lossy(head).to_lowercase();
    let is_batch = text.lines().next().is_some_and(|line| {
        let path = line.split(' ').nth(1).unwrap_or_default();
        path.ends_with("/batches")
    });
    if is_batch && offence.is_given_by(&text, rest.get(4..).unwrap_or_default()) {
        count(&request, fooled);
        near.write_all(answer.as_bytes()).await?;
        return near.shutdown().await;
    }
    let mut far = connect(to).await?;
    // So that the mall's answer ends where the connection does.
    far.write_all(head).await?;
    far.write_all(b"\r\nconnection: close").await?;
    far.write_all(rest).await?;
    tokio::io::copy(&mut far, &mut near).await?;
    near.shutdown().await
}

fn count(request: &[u8], fooled: &watch::Sender<u32>) {
    if request.starts_with(b"POST ") {
        fooled.send_modify(|n| *n += 1);
    }
}

/// Reads one request to the end of its body.
async fn read_request(near: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut request, mut buffer) = (Vec::new(), vec![0; PIECE_BYTES]);
    loop {
        let n = near.read(&mut buffer).await?;
        request.extend_from_slice(buffer.get(..n).unwrap_or_default());
        if n == 0 || is_whole(&request) {
            return Ok(request);
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(request.get(..head).unwrap_or_default()).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    request.len() >= head + 4 + length
}
