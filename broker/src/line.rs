//! The line: up, down, what came; a watchdog that begins anew.
//!
//! Every failure throws client and event loop away: one of their states can wait for an
//! acknowledgement that never comes, through any number of reconnections, and only a new client is
//! rid of it.
//!
//! **Invariant:** one task polls, and it does nothing else that can take long; whoever does not read
//! what came stops the line, not the memory.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet, QoS, SubscribeFilter,
    SubscribeReasonCode, Transport,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    address::{Account, Address},
    papers::Papers,
    tunnel::{Tunnel, TunnelError},
};

/// Bytes of a packet, in and out: an envelope of settings and its topic. The client's own limit of
/// 10 KiB would break the line at each larger retained message, for ever.
pub const PACKET_BYTES_MAX: usize = 68 * 1_024;
/// How often a silent line is felt.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Nothing has happened for 2.5 of those: the line is dead, whatever the client thinks.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// A connection that is not made within this time will not be.
const CONNECT_LIMIT_S: u64 = 5;
/// Publishes on their way and not acknowledged.
const IN_FLIGHT_MAX: u16 = 50;
/// Publishes that wait for the line; whoever comes next waits with them.
const WAITING_MAX: usize = 64;
/// What came and was not read yet.
const TOLD_MAX: usize = 256;
/// The first wait after a failure is at most this …
const RETRY_MS_MIN: u64 = 1_000;
/// … and no wait is longer, so that a broker that is back is found within a minute.
const RETRY_MS_MAX: u64 = 60_000;
/// How long a farewell may take.
const FAREWELL_LIMIT: Duration = Duration::from_secs(2);

/// Random numbers, which the house has one source of.
pub type Random = Box<dyn Fn() -> u32 + Send + Sync>;

/// Something published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether the broker gives it to whoever subscribes later.
    pub is_retained: bool,
}

/// How a line shall be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where the broker is.
    pub address: Address,
    /// The certificate (PEM) of the one authority that is believed; `mqtts` needs it, here or among the
    /// papers.
    pub authority: Option<PathBuf>,
    /// The certificate that is shown under TLS, if any.
    pub papers: Option<Papers>,
    /// Who calls; nobody in particular where none is given.
    pub account: Option<Account>,
    /// The client's id: the broker ends an older connection of the same.
    pub client: String,
    /// What is listened to.
    pub topics: Vec<String>,
    /// What the broker says for us when the line breaks.
    pub will: Option<Message>,
    /// What is said before the line is closed in order.
    pub farewell: Option<Message>,
}

/// Why a line is down.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no way under TLS.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// `mqtts` without an authority.
    #[error("mqtts needs the certificate of the broker's authority")]
    NoAuthority,
    /// The broker is not reached, or broke off, or says no.
    #[error("the broker does not answer or broke off")]
    Connection(#[source] Box<rumqttc::ConnectionError>),
    /// The broker does not let us listen to what we must.
    #[error("the broker does not let this account listen")]
    Forbidden,
    /// Nothing came for so long that the line must be dead.
    #[error("the line to the broker is dead")]
    Silent,
}

/// What a line says.
#[derive(Debug)]
pub enum Told {
    /// The broker answers and listens; whatever it should hold is to be said again now.
    Up,
    /// It does not, or no more; it is tried again by itself.
    Down(Trouble),
    /// Something came.
    Message(Message),
}

/// A line to a broker; clones are the same line.
#[derive(Clone, Debug, Default)]
pub struct Line(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    client: Option<AsyncClient>,
    /// What is listened to besides what the wish names.
    more: Vec<String>,
}

impl Line {
    /// Says something; `false` when the line is down. `true` says nothing about its arrival.
    pub async fn publish(&self, message: Message) -> bool {
        let client = self.0.lock().ok().and_then(|held| held.client.clone());
        let Some(client) = client else { return false };
        let Message { topic, payload, is_retained } = message;
        client.publish(topic, QoS::AtLeastOnce, is_retained, payload).await.is_ok()
    }

    /// Listens to these besides what the wish names, and to nothing else; also after the line was
    /// down. A topic that the broker's access list forbids is not heard, and breaks nothing.
    pub fn listen(&self, topics: Vec<String>) {
        let Ok(mut held) = self.0.lock() else { return };
        let before = std::mem::replace(&mut held.more, topics);
        let Some(client) = &held.client else { return };
        let added: Vec<_> = held.more.iter().filter(|topic| !before.contains(topic)).collect();
        if !added.is_empty() {
            // A line whose queue is full is heard of by asking.
            let _ = client.try_subscribe_many(added.into_iter().map(filter));
        }
        for topic in before.iter().filter(|topic| !held.more.contains(topic)) {
            let _ = client.try_unsubscribe(topic);
        }
    }

    /// The line is up; what is listened to besides is said again.
    fn came_up(&self, client: &AsyncClient) {
        let Ok(mut held) = self.0.lock() else { return };
        held.client = Some(client.clone());
        if !held.more.is_empty() {
            let _ = client.try_subscribe_many(held.more.iter().map(filter));
        }
    }

    fn went_down(&self) {
        if let Ok(mut held) = self.0.lock() {
            held.client = None;
        }
    }
}

fn filter(topic: impl AsRef<str>) -> SubscribeFilter {
    SubscribeFilter::new(topic.as_ref().to_owned(), QoS::AtLeastOnce)
}

/// Keeps a line up.
pub struct Runner {
    wish: Wish,
    line: Line,
    told: mpsc::Sender<Told>,
    random: Random,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("wish", &self.wish).finish_non_exhaustive()
    }
}

/// Makes a line; it is up once somebody runs its runner. `random` spreads the tries of thousands of
/// stores.
#[must_use]
pub fn open(wish: Wish, random: Random) -> (Line, mpsc::Receiver<Told>, Runner) {
    let (told, hears) = mpsc::channel(TOLD_MAX);
    let line = Line::default();
    (line.clone(), hears, Runner { wish, line, told, random })
}

/// How a connection ended.
enum End {
    /// As it was told to.
    Stopped,
    /// By itself; whether it was ever up.
    Broken { was_up: bool, why: Trouble },
}

impl Runner {
    /// Keeps the line up until it is told to stop or nobody hears any more.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0_u32;
        while !stop.is_cancelled() && !self.told.is_closed() {
            let end = self.connect(&stop).await;
            self.line.went_down();
            let (was_up, why) = match end {
                End::Stopped => return,
                End::Broken { was_up, why } => (was_up, why),
            };
            failures = if was_up { 1 } else { failures.saturating_add(1) };
            if self.told.send(Told::Down(why)).await.is_err() {
                return;
            }
            let pause = sleep(Duration::from_millis(retry_ms(failures, (self.random)())));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// One connection with a client of its own, to its end.
    async fn connect(&self, stop: &CancellationToken) -> End {
        let (options, tunnel) = match self.options() {
            Ok(made) => made,
            Err(why) => return End::Broken { was_up: false, why },
        };
        let (client, mut events) = AsyncClient::new(options, WAITING_MAX);
        let mut network = events.network_options();
        network.set_connection_timeout(CONNECT_LIMIT_S);
        events.set_network_options(network);
        let mut was_up = false;
        let carried = async {
            if let Some(tunnel) = tunnel
                && let Err(error) = tunnel.carry().await
            {
                // The client only sees that its door closed.
                tracing::debug!(%error, "The way to the broker under TLS broke");
            }
            // The client notices and ends the connection.
            std::future::pending().await
        };
        let driven = self.drive(&client, &mut events, &mut was_up);
        let farewell = async {
            stop.cancelled().await;
            let said = timeout(FAREWELL_LIMIT, self.say_farewell(&client));
            // An end that takes longer is for the broker to find out, by the will.
            let _ = said.await;
            sleep(FAREWELL_LIMIT).await;
        };
        let broken = tokio::select! {
            why = driven => why,
            () = farewell => None,
            () = carried => None,
        };
        match broken {
            Some(why) if !stop.is_cancelled() => End::Broken { was_up, why },
            Some(_) | None => End::Stopped,
        }
    }

    async fn say_farewell(&self, client: &AsyncClient) {
        if let Some(Message { topic, payload, is_retained }) = self.wish.farewell.clone() {
            let _ = client.publish(topic, QoS::AtLeastOnce, is_retained, payload).await;
        }
        let _ = client.disconnect().await;
    }

    /// Polls until the connection ends; `None` when it was closed in order or nobody hears.
    async fn drive(
        &self,
        client: &AsyncClient,
        events: &mut EventLoop,
        was_up: &mut bool,
    ) -> Option<Trouble> {
        // The broker answers in the order it was asked: the first answer is about what the wish names.
        let mut is_asked = false;
        loop {
            let event = match timeout(SILENCE_MAX, events.poll()).await {
                Err(_) => return Some(Trouble::Silent),
                Ok(Err(error)) => return Some(Trouble::Connection(Box::new(error))),
                Ok(Ok(event)) => event,
            };
            let told = match event {
                Event::Incoming(Packet::ConnAck(_)) => {
                    is_asked = !self.wish.topics.is_empty();
                    let filters: Vec<_> = self.wish.topics.iter().map(filter).collect();
                    if !filters.is_empty() && client.try_subscribe_many(filters).is_err() {
                        return Some(Trouble::Forbidden);
                    }
                    self.line.came_up(client);
                    *was_up = true;
                    Told::Up
                }
                Event::Incoming(Packet::SubAck(answer)) => {
                    let is_no = |code: &SubscribeReasonCode| *code == SubscribeReasonCode::Failure;
                    if std::mem::take(&mut is_asked) && answer.return_codes.iter().any(is_no) {
                        return Some(Trouble::Forbidden);
                    }
                    continue;
                }
                Event::Incoming(Packet::Publish(publish)) => Told::Message(Message {
                    topic: publish.topic,
                    payload: publish.payload.to_vec(),
                    is_retained: publish.retain,
                }),
                Event::Outgoing(Outgoing::Disconnect) => return None,
                Event::Incoming(_) | Event::Outgoing(_) => continue,
            };
            if self.told.send(told).await.is_err() {
                return None;
            }
        }
    }

    fn options(&self) -> Result<(MqttOptions, Option<Tunnel>), Trouble> {
        let Wish { address, authority, papers, account, client, will, .. } = &self.wish;
        let (mut options, tunnel) = if address.is_tls {
            let paper = papers.as_ref().and_then(Papers::get);
            if authority.is_none() && paper.is_none() {
                return Err(Trouble::NoAuthority);
            }
            let tunnel = Tunnel::open(address, authority.as_deref(), paper.as_ref())?;
            let mut options = MqttOptions::new(client, &tunnel.door, address.port);
            options.set_transport(Transport::Unix);
            (options, Some(tunnel))
        } else {
            (MqttOptions::new(client, &address.host, address.port), None)
        };
        // What a broker would keep for us it may lose; everything is retained and said again.
        options.set_clean_session(true);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        options.set_inflight(IN_FLIGHT_MAX);
        if let Some(Account { user, password }) = account {
            options.set_credentials(user, &password.0);
        }
        if let Some(Message { topic, payload, is_retained }) = will.clone() {
            options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, is_retained));
        }
        Ok((options, tunnel))
    }
}

/// Milliseconds to wait after so many failures in a row, given a random number: half of the first
/// bound, up to the doubled one.
fn retry_ms(failures: u32, random: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(20);
    let bound = RETRY_MS_MIN.saturating_mul(1 << doublings).min(RETRY_MS_MAX);
    let floor = RETRY_MS_MIN / 2;
    floor + (bound - floor).saturating_mul(u64::from(random)) / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_under_a_minute() {
        for (failures, random, ms) in [
            (1, 0, 500),
            (1, u32::MAX, 1_000),
            (3, u32::MAX, 4_000),
            (7, u32::MAX, RETRY_MS_MAX),
            (u32::MAX, u32::MAX, RETRY_MS_MAX),
        ] {
            assert_eq!(retry_ms(failures, random), ms, "{failures} {random}");
        }
    }

    #[tokio::test]
    async fn nothing_is_published_while_the_line_is_down_and_a_line_without_authority_says_so() {
        let wish = Wish {
            address: "mqtts://127.0.0.1:1".parse().unwrap(),
            authority: None,
            papers: None,
            account: None,
            client: "x".to_owned(),
            topics: Vec::new(),
            will: None,
            farewell: None,
        };
        let (line, mut hears, runner) = open(wish, Box::new(|| 0));
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner.run(stop.clone()));
        assert!(matches!(hears.recv().await, Some(Told::Down(Trouble::NoAuthority))));
        let message = Message { topic: "x".to_owned(), payload: vec![], is_retained: false };
        assert!(!line.publish(message).await);
        stop.cancel();
        running.await.unwrap();
    }
}
