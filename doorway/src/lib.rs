//! How callers come in through a door: how many, how long they may take, and how they leave.
//!
//! A program has several doors, and they share its open files and its threads. Each door has room for so
//! many connections and lets one caller have a part of them; who says nothing is shown out. Whatever
//! happens at one door, the others have room.
//!
//! A caller is known by their address, because nothing else is known of them when they come. A greeting
//! that finds out who somebody is may give them a place in another crowd instead, where strangers take
//! nobody's place.
//!
//! **Invariant:** nothing here reads what callers say.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    hash::Hash,
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
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// Cookies of some workstations and a link; no head of ours is larger.
const HEAD_BYTES_MAX: usize = 32_768;

/// How many come in through a door, and how long they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Connections at once; who comes then waits in the kernel's queue.
    pub all: usize,
    /// Of them, those of one caller; one more is hung up on.
    pub of_one: usize,
    /// How long the first head may take, from when the caller was greeted.
    pub head: Duration,
    /// How long the head of a connection's next request may take, the silence before it included.
    pub idle: Duration,
    /// How long a request may take until its answer begins.
    pub answer: Duration,
    /// What is under way when the door is told to close gets so long.
    pub parting: Duration,
}

/// Callers inside by who they are, and how many may be.
pub struct Crowd<K> {
    places: Arc<Semaphore>,
    of_one: usize,
    inside: Mutex<HashMap<K, usize>>,
}

impl<K> fmt::Debug for Crowd<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").field("of_one", &self.of_one).finish_non_exhaustive()
    }
}

/// A caller's place inside; free again when this is gone.
pub struct Place {
    _of_all: OwnedSemaphorePermit,
    _own: Box<dyn Send + Sync>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

/// One of a caller's own places.
struct Own<K: Eq + Hash> {
    crowd: Arc<Crowd<K>>,
    of: K,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Crowd<K> {
    /// Nobody is inside; `all` may be, `of_one` of one caller.
    #[must_use]
    pub fn new(all: usize, of_one: usize) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(all));
        Arc::new(Self { places, of_one, inside: Mutex::default() })
    }

    /// A place now, where there is one.
    #[must_use]
    pub fn place(self: &Arc<Self>, of: K) -> Option<Place> {
        self.own(of, Arc::clone(&self.places).try_acquire_owned().ok()?)
    }

    fn own(self: &Arc<Self>, of: K, of_all: OwnedSemaphorePermit) -> Option<Place> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let n = inside.entry(of.clone()).or_default();
        if *n >= self.of_one {
            return None;
        }
        *n += 1;
        drop(inside);
        let own = Own { crowd: Arc::clone(self), of };
        Some(Place { _of_all: of_all, _own: Box::new(own) })
    }
}

impl<K: Eq + Hash> Drop for Own<K> {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = inside.get_mut(&self.of) {
            *n = n.saturating_sub(1);
            if *n == 0 {
                inside.remove(&self.of);
            }
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

/// Somebody who was greeted.
#[derive(Debug)]
pub struct Guest<L, V> {
    /// What they speak over.
    pub line: L,
    /// What a handler may know of them, as `ConnectInfo`.
    pub visitor: V,
    /// Their place inside.
    pub place: Place,
    /// How long the silence between two requests may be, where that is another than the room's.
    pub idle: Option<Duration>,
}

/// How somebody is greeted who has come in, before a word is heard.
pub trait Greeting: Clone + Send + Sync + 'static {
    /// What they speak over from then on.
    type Line: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// What a handler may know of them.
    type Visitor: Clone + Send + Sync + 'static;

    /// Greets somebody who has a stranger's place; `None` shows them out. Whoever takes their time here
    /// keeps nobody else waiting, and holds their place: a greeting has a limit of its own.
    fn greet(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
    ) -> impl Future<Output = Option<Guest<Self::Line, Self::Visitor>>> + Send;
}

/// No greeting: plain HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Greeting for Plain {
    type Line = TcpStream;
    type Visitor = SocketAddr;

    async fn greet(
        &self,
        line: TcpStream,
        visitor: SocketAddr,
        place: Place,
    ) -> Option<Guest<TcpStream, SocketAddr>> {
        Some(Guest { line, visitor, place, idle: None })
    }
}

/// Serves a door until told to stop, and then until those inside have their answers.
pub async fn serve<G: Greeting>(
    mut listener: TcpListener,
    room: Room,
    greeting: G,
    router: Router,
    stop: CancellationToken,
) {
    let crowd = Crowd::new(room.all, room.of_one);
    let (inside, end) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let comes = async {
            let of_all = Arc::clone(&crowd.places).acquire_owned().await;
            // The listener waits out what a full table of files does to it.
            (of_all, axum::serve::Listener::accept(&mut listener).await)
        };
        let (of_all, (stream, peer)) = tokio::select! {
            () = stop.cancelled() => break,
            comes = comes => comes,
        };
        let Ok(of_all) = of_all else { break };
        let Some(place) = crowd.own(caller(peer.ip()), of_all) else { continue };
        let (greeting, router) = (greeting.clone(), router.clone());
        let (stop, end) = (stop.clone(), end.clone());
        inside.spawn(async move {
            let visit = async {
                if let Some(guest) = greeting.greet(stream, peer, place).await {
                    converse(guest, room, router, stop).await;
                }
            };
            end.run_until_cancelled(visit).await;
        });
    }
    drop(listener);
    inside.close();
    if timeout(room.parting, inside.wait()).await.is_err() {
        end.cancel();
        inside.wait().await;
    }
}

/// Answers what comes over a connection until it ends.
async fn converse<L, V>(guest: Guest<L, V>, room: Room, router: Router, stop: CancellationToken)
where
    L: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    let Guest { line, visitor, place, idle } = guest;
    let has_spoken = Notify::new();
    let service = service_fn(|request| {
        has_spoken.notify_one();
        answer(router.clone(), visitor.clone(), room.answer, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle.unwrap_or(room.idle))
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(line), service);
    let mut connection = pin!(connection);
    // How long a silence may be is another matter once somebody has spoken.
    let speaks = async {
        if timeout(room.head, has_spoken.notified()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = speaks => Ok(()),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "A connection broke");
    }
    drop(place);
}

/// The answer of a router. One that takes too long is none, and ends its connection.
async fn answer<V: Clone + Send + Sync + 'static>(
    router: Router,
    visitor: V,
    limit: Duration,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(visitor));
    timeout(limit, router.oneshot(request)).await.unwrap_or_else(|_| {
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

    /// Longer than any machine takes.
    const PATIENCE: Duration = Duration::from_secs(60);
    /// No time at all for a caller; all of it for whoever answers.
    const SHORT: Duration = Duration::from_millis(200);
    const SMALL: Room =
        Room { all: 4, of_one: 2, head: SHORT, idle: SHORT, answer: PATIENCE, parting: SHORT };

    /// The same, with time for whoever says nothing.
    const PATIENT: Room = Room { head: PATIENCE, idle: PATIENCE, ..SMALL };

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
        let (at, ..) = door(PATIENT).await;
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
        let (at, stop, tasks) = door(PATIENT).await;
        let mut idle = connect(1, at).await;
        stop.cancel();
        timeout(PATIENCE, tasks.wait()).await.unwrap();
        assert_eq!(say(&mut idle, CALL).await, "");
        assert!(TcpStream::connect(at).await.is_err());
    }

    #[tokio::test]
    async fn whoever_has_spoken_may_be_silent_longer_and_whoever_has_not_may_not() {
        let (at, ..) = door(Room { idle: PATIENCE, ..SMALL }).await;
        assert_eq!(say(&mut connect(1, at).await, "GET / HT").await, "");
        let mut spoken = connect(1, at).await;
        spoken.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 512];
        assert!(timeout(PATIENCE, spoken.read(&mut first)).await.unwrap().unwrap() > 0);
        // Others come and go for not saying anything, this one stays.
        assert_eq!(say(&mut connect(1, at).await, "").await, "");
        assert!(say(&mut spoken, CALL).await.ends_with("in"));
    }

    #[test]
    fn a_crowd_has_places_for_all_and_for_one_and_gets_them_back() {
        let crowd = Crowd::new(3, 2);
        let first = [crowd.place("a").unwrap(), crowd.place("a").unwrap()];
        assert!(crowd.place("a").is_none());
        let other = crowd.place("b").unwrap();
        assert!(crowd.place("c").is_none());
        drop((first, other));
        assert!(crowd.inside.lock().unwrap().is_empty());
        assert!(crowd.place("a").is_some());
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
