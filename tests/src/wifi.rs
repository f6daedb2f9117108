//! The guests' Wi-Fi for a browser: phones with addresses of their own, and a gate at its socket.
//!
//! What is not the kernel's work here: a device is known by the loopback address that its phone calls
//! from instead of by the kernel's neighbours, nobody leads port 80 to the portal, and the gate writes
//! down who passes instead of letting packets through. The node asks it in the gate's own words over a
//! unix socket, as it asks the keeper of a packet filter; `tests/journeys/portal.rs` walks the same way
//! through a real one.
//!
//! | request | does |
//! | --- | --- |
//! | `POST /phones` | a phone joins; tells its `device`, and the `url` under which it finds the portal |
//! | `GET /sms` | the code that was sent last: `{phone, code, minutes}` |
//! | `GET /gate` | devices that the gate lets through, with the seconds that it was told |
//! | `PUT /gate` `{is_away}` | the gate goes and forgets everybody, or is there |
//! | `PUT /clock` `{ahead_s}` | puts the node's clock so far ahead |
//!
//! **Invariant:** it is never reached from a page of another origin: what changes something is JSON,
//! which another page may not send.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

use crate::{edge_process::Hand, port, store::Store};

/// The name by which shoppers' phones find the box. A page that came over plain HTTP from a name has
/// no camera, no ids and no clipboard of the browser's, as on a phone; one of 127.0.0.1 has them all.
const NAME: &str = "shop.guitai.test";
/// The first phone lives at 127.0.0.11; below are this machine's own callers.
const FIRST_PHONE: u8 = 11;

/// A store's Wi-Fi, until it is dropped.
#[derive(Debug)]
pub struct Wifi {
    url: String,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Air {
    portal: SocketAddr,
    sms: PathBuf,
    gate: PathBuf,
    hand: Hand,
    /// One task a phone.
    phones: Mutex<JoinSet<()>>,
    /// The gate's task, while it is there.
    keeper: Mutex<JoinSet<()>>,
    passed: Arc<Mutex<BTreeMap<String, u32>>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wifi {
    /// Gives a store a portal, a gate, and a name for phones. The node is started anew.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open(store: &mut Store) -> Result<Self> {
        store.edge.stop().await?;
        let (port, beside) = (port::free()?, store.edge.data());
        let (sms, gate) = (beside.with_file_name("sms.jsonl"), beside.with_file_name("gate.sock"));
        store.reboot_with(|boot| {
            boot.portal = Some((port, sms.clone()));
            boot.gate = Some(gate.clone());
            boot.phone_url = Some(format!("http://{NAME}:{}", boot.port));
        })?;
        let air = Air {
            portal: SocketAddr::from(([127, 0, 0, 1], port)),
            sms,
            gate,
            hand: store.edge.hand(),
            phones: Mutex::default(),
            keeper: Mutex::default(),
            passed: Arc::default(),
        };
        air.keep_gate()?;
        store.edge.start().await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port")?;
        let url = format!("http://{}", listener.local_addr().context("no address")?);
        let router = Router::new()
            .route("/phones", post(join))
            .route("/sms", get(last_sms))
            .route("/gate", get(passed))
            .route("/gate", put(turn_gate))
            .route("/clock", put(turn_clock))
            .with_state(Arc::new(air));
        let listening = tokio::spawn(async move {
            // It ends with its task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, listening })
    }

    /// Where to ask.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Wifi {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Air {
    /// Somebody is at the gate's socket from now on.
    fn keep_gate(&self) -> Result<()> {
        let mut keeper = lock(&self.keeper);
        if !keeper.is_empty() {
            return Ok(());
        }
        let listener = UnixListener::bind(&self.gate).context("no socket for the gate")?;
        let passed = Arc::clone(&self.passed);
        keeper.spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                // A caller who hangs up has their answer or wants none.
                let _ = hear(caller, &passed).await;
            }
        });
        Ok(())
    }

    fn take_gate_away(&self) -> Result<()> {
        *lock(&self.keeper) = JoinSet::new();
        lock(&self.passed).clear();
        match std::fs::remove_file(&self.gate) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("the gate's socket stays")
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A phone joins: its device, and where it finds the portal.
    async fn join(&self) -> Result<Value> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for a phone")?;
        let port = listener.local_addr().context("a port without a number")?.port();
        let mut phones = lock(&self.phones);
        let number = u8::try_from(phones.len()).ok().and_then(|n| n.checked_add(FIRST_PHONE));
        let number = number.context("the street is full of phones")?;
        let portal = self.portal;
        phones.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                calls.spawn(carry(near, number, portal));
                while calls.try_join_next().is_some() {}
            }
        });
        Ok(json!({
            "device": format!("d2:00:7f:00:00:{number:02x}"),
            "url": format!("http://127.0.0.1:{port}/"),
        }))
    }
}

/// Carries a call from the address of its phone.
async fn carry(mut near: TcpStream, phone: u8, portal: SocketAddr) {
    let call = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, phone], 0)))?;
        let mut far = socket.connect(portal).await?;
        copy_bidirectional(&mut near, &mut far).await
    };
    // A portal that is away is what the browser then says.
    let _ = call.await;
}

/// Answers one line, as the gate does.
async fn hear(caller: UnixStream, passed: &Mutex<BTreeMap<String, u32>>) -> std::io::Result<()> {
    let mut caller = BufReader::new(caller);
    let mut line = String::new();
    caller.read_line(&mut line).await?;
    let answer = answer(line.trim_end(), &mut lock(passed));
    caller.write_all(answer.as_bytes()).await
}

fn answer(line: &str, passed: &mut BTreeMap<String, u32>) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["allow", device, seconds] => match seconds.parse() {
            Ok(seconds) => {
                passed.insert((*device).to_owned(), seconds);
                "done\n".to_owned()
            }
            Err(_) => "failed\n".to_owned(),
        },
        ["forget", device] => {
            passed.remove(*device);
            "done\n".to_owned()
        }
        ["list"] => {
            let rows = passed.iter().map(|(device, seconds)| format!("{device} {seconds}\n"));
            format!("passed {}\n{}", passed.len(), rows.collect::<String>())
        }
        ["health"] => "done\n".to_owned(),
        _ => "failed\n".to_owned(),
    }
}

async fn join(State(air): State<Arc<Air>>) -> Response {
    told(air.join().await)
}

async fn last_sms(State(air): State<Arc<Air>>) -> Response {
    let last = || {
        let sent = std::fs::read_to_string(&air.sms).context("no SMS was sent")?;
        let last = sent.lines().last().context("no SMS was sent")?;
        serde_json::from_str::<Value>(last).context("an SMS that is none")
    };
    told(last())
}

async fn passed(State(air): State<Arc<Air>>) -> Response {
    Json(json!(*lock(&air.passed))).into_response()
}

#[derive(Debug, Deserialize)]
struct TurnGate {
    is_away: bool,
}

async fn turn_gate(State(air): State<Arc<Air>>, Json(turn): Json<TurnGate>) -> Response {
    let turned = if turn.is_away { air.take_gate_away() } else { air.keep_gate() };
    told(turned.map(|()| Value::Null))
}

#[derive(Debug, Deserialize)]
struct TurnClock {
    ahead_s: i64,
}

async fn turn_clock(State(air): State<Arc<Air>>, Json(turn): Json<TurnClock>) -> Response {
    told(air.hand.put_ahead(turn.ahead_s).map(|()| Value::Null))
}

fn told(done: Result<Value>) -> Response {
    done.map_or_else(
        |error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        |value| Json(value).into_response(),
    )
}
