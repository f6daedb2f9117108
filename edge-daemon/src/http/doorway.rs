//! How callers come in through a door: how many, how long they may take, and how they leave.
//!
//! Pages for guests, shoppers' phones and the tills share a process, its open files and its threads.
//! Each door has room for so many connections and lets one caller have a part of them; who says
//! nothing is shown out. Whatever happens at the other doors, the tills' own has room.
//!
//! **Invariant:** nothing here reads what callers say.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::Chain;

/// How many come in through a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Connections at once; who comes then waits in the kernel's queue.
    all: usize,
    /// Of them, those of one caller; one more is hung up on.
    pub(super) of_one: usize,
    /// How long a head may take, also that of a connection's next request.
    head: Duration,
}

/// Screens of this box and of tills beside it: browsers that open six each, and their streams. They
/// may all be one caller.
pub(super) const BOX: Room = Room { all: 256, of_one: 256, head: HEAD };
/// Managers' phones and other devices of the store; a browser opens six.
pub(super) const LAN: Room = Room { all: 128, of_one: 16, head: HEAD };
/// Shoppers' phones; those behind one access point may share an address.
pub(super) const PHONES: Room = Room { all: 256, of_one: 64, head: HEAD };
/// The sign-in pages of guests: one answer each.
pub(super) const GUESTS: Room = Room { all: 256, of_one: 16, head: HEAD };
/// The portal's API: one question each, when a phone joins and when it looks again.
pub(super) const GUESTS_API: Room = Room { all: 64, of_one: 4, head: HEAD };

/// A request's head is a packet or two; a phone that has moved out of reach is not waited for.
const HEAD: Duration = Duration::from_secs(10);
/// Cookies of some workstations and a link; no head of ours is larger.
const HEAD_BYTES_MAX: usize = 32_768;
/// Until its answer begins a request may take so long: longer than the mall and other houses take,
/// and than a body of ours over the worst of lines.
const ANSWER: Duration = Duration::from_secs(60);
/// What is under way when the daemon is told to stop gets so long; systemd waits twenty seconds.
const PARTING: Duration = Duration::from_secs(10);

/// Callers inside by who they are.
#[derive(Debug, Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// A caller's place inside; free again when this is gone.
#[derive(Debug)]
struct Place {
    crowd: Arc<Crowd>,
    of: IpAddr,
}

impl Crowd {
    fn place(self: &Arc<Self>, of: IpAddr, most: usize) -> Option<Place> {
        let of = caller(of);
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = inside.entry(of).or_default();
        (*n < most).then(|| {
            *n += 1;
            Place { crowd: Arc::clone(self), of }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = inside.get(&self.of).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            inside.remove(&self.of);
        } else {
            inside.insert(self.of, left);
        }
    }
}

/// Who has an address: over IPv6 a device has a network of them (RFC 4291, 2.5.1).
fn caller(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// How somebody is greeted who has come in, before a word is heard.
pub(super) trait Greeting: Clone + Send + Sync + 'static {
    /// What they speak over from then on.
    type Line: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Greets; `None` shows them out. Whoever takes their time here keeps nobody else waiting.
    fn greet(&self, stream: TcpStream) -> impl Future<Output = Option<Self::Line>> + Send;
}

/// No greeting: plain HTTP.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Greeting for Plain {
    type Line = TcpStream;

    async fn greet(&self, stream: TcpStream) -> Option<TcpStream> {
        Some(stream)
    }
}

/// Serves a door until told to stop, and then until those inside have their answers.
pub(super) async fn serve<G: Greeting>(
    mut listener: TcpListener,
    room: Room,
    greeting: G,
    router: Router,
    stop: CancellationToken,
) {
    let (places, crowd) = (Arc::new(Semaphore::new(room.all)), Arc::new(Crowd::default()));
    let (inside, end) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let comes = async {
            let place = Arc::clone(&places).acquire_owned().await;
            // The listener waits out what a full table of files does to it.
            (place, axum::serve::Listener::accept(&mut listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = stop.cancelled() => break,
            comes = comes => comes,
        };
        let Some(own) = crowd.place(peer.ip(), room.of_one) else { continue };
        let (greeting, router) = (greeting.clone(), router.clone());
        let (stop, end) = (stop.clone(), end.clone());
        inside.spawn(async move {
            let visit = async {
                if let Some(line) = greeting.greet(stream).await {
                    converse(line, peer, room.head, router, stop).await;
                }
            };
            end.run_until_cancelled(visit).await;
            drop((place, own));
        });
    }
    drop(listener);
    inside.close();
    if timeout(PARTING, inside.wait()).await.is_err() {
        end.cancel();
        inside.wait().await;
    }
}

/// Answers what comes over a connection until it ends.
async fn converse<L: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    line: L,
    peer: SocketAddr,
    head: Duration,
    router: Router,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(line), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(error = %Chain(&error), "A connection broke");
    }
}

/// The answer of a router. One that takes too long is none, and ends its connection.
async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    timeout(ANSWER, router.oneshot(request)).await.unwrap_or_else(|_| {
        let mut late = StatusCode::REQUEST_TIMEOUT.into_response();
        late.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        Ok(late)
    })
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SMALL: Room = Room { all: 4, of_one: 2, head: Duration::from_millis(200) };
    /// Longer than any machine takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A door, and what ends it.
    async fn door(room: Room) -> (SocketAddr, CancellationToken, TaskTracker) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, stop, tasks) =
            (listener.local_addr().unwrap(), CancellationToken::new(), TaskTracker::new());
        let router = Router::new().route("/", get(|| async { "in" }));
        tasks.spawn(serve(listener, room, Plain, router, stop.clone()));
        tasks.close();
        (at, stop, tasks)
    }

    /// A connection of a caller who lives at `127.0.0.<of>`.
    async fn connect(of: u8, at: SocketAddr) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, of], 0))).unwrap();
        socket.connect(at).await.unwrap()
    }

    async fn say(stream: &mut TcpStream, words: &str) -> String {
        // A door that has hung up hears nothing, which is what its silence says below.
        let _ = stream.write_all(words.as_bytes()).await;
        let mut said = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.unwrap();
        String::from_utf8(said).unwrap()
    }

    const CALL: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_caller_who_says_half_a_head_or_nothing_is_shown_out() {
        let (at, ..) = door(SMALL).await;
        for words in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\nx-", "\r\n\r\n"] {
            let said = say(&mut connect(1, at).await, words).await;
            assert!(!said.starts_with("HTTP/1.1 200"), "{words:?}: {said}");
        }
        // Also one who was answered and then says nothing more.
        let said = say(&mut connect(1, at).await, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(said.ends_with("in"), "{said}");
    }

    #[tokio::test]
    async fn one_caller_has_a_part_of_the_room_and_the_next_one_theirs() {
        let (at, ..) = door(Room { head: PATIENCE, ..SMALL }).await;
        let _idle = [connect(1, at).await, connect(1, at).await];
        assert_eq!(say(&mut connect(1, at).await, CALL).await, "");
        assert!(say(&mut connect(2, at).await, CALL).await.ends_with("in"));
    }

    #[tokio::test]
    async fn whoever_finds_the_room_full_waits_and_comes_in() {
        let (at, ..) = door(SMALL).await;
        let mut idle = Vec::new();
        for of in [1, 1, 2, 2, 3, 3] {
            idle.push(connect(of, at).await);
        }
        assert!(say(&mut connect(4, at).await, CALL).await.ends_with("in"));
    }

    #[tokio::test]
    async fn a_door_that_is_told_to_stop_ends_though_somebody_stands_in_it() {
        let (at, stop, tasks) = door(Room { head: PATIENCE, ..SMALL }).await;
        let mut idle = connect(1, at).await;
        stop.cancel();
        timeout(PATIENCE, tasks.wait()).await.unwrap();
        assert_eq!(say(&mut idle, CALL).await, "");
        assert!(TcpStream::connect(at).await.is_err());
    }

    #[test]
    fn a_caller_over_ipv6_is_a_network() {
        let of = |text: &str| caller(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
