//! A mall in a place of its own, with a clock that the test turns.
//!
//! Requests go to the router in process, so that no port and no time limit is in the way.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use clap::Parser as _;
use domain::{id::EdgeId, time::Timestamp};
use mall::{Clock, Config, Mall, Platforms, cli};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use serde_json::Value;
use sync::{
    path,
    signature::{self, Signed},
    wire::{EnrolledV1, EnrolmentV1},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::place::{Home, Place};

/// 2026-11-21T10:00:00Z.
pub(crate) const START: i64 = 1_795_255_200_000_000;

/// A mall and its place.
pub(crate) struct Town {
    pub(crate) folder: Home,
    clock: Arc<AtomicI64>,
    serving: Serving,
}

/// A mall that serves until it is told to stop.
pub(crate) struct Serving {
    router: Router,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), mall::RunError>>,
}

impl Serving {
    async fn start(config: Config) -> Self {
        let mall = Mall::start(config).await.unwrap();
        let router = mall.router();
        let stop = CancellationToken::new();
        let running = tokio::spawn(mall.run(stop.clone().cancelled_owned()));
        Self { router, stop, running }
    }

    /// Stops it, as SIGTERM does.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Asserts a problem by its slug.
    pub(crate) fn is_problem(&self, status: u16, slug: &str) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("/problems/{slug}"), "{text}");
        assert_eq!(body["status"], status);
    }
}

impl Town {
    pub(crate) async fn new() -> Self {
        Self::over(Home::new()).await
    }

    /// A mall over a place that another one left.
    pub(crate) async fn over(folder: Home) -> Self {
        Self::among(folder, Arc::new(AtomicI64::new(START)), Platforms::None).await
    }

    /// A mall among other houses that go by the same clock.
    pub(crate) async fn among(folder: Home, clock: Arc<AtomicI64>, platforms: Platforms) -> Self {
        let config = Config {
            clock: Clock::ByHand(clock.clone()),
            platforms,
            ..folder.place().config().listening_on("127.0.0.1:0".parse().unwrap())
        };
        Self { folder, clock, serving: Serving::start(config).await }
    }

    /// The same, whose HQ looks at a copy.
    pub(crate) async fn looking_at(folder: Home, copy: String) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let config = folder.place().config().listening_on("127.0.0.1:0".parse().unwrap());
        let database_read_url = Some(copy);
        let config = Config { clock: Clock::ByHand(clock.clone()), database_read_url, ..config };
        Self { folder, clock, serving: Serving::start(config).await }
    }

    /// Another mall over the same place.
    pub(crate) async fn beside(&self) -> Serving {
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = self.folder.place().config().listening_on(listen);
        Serving::start(Config { clock: Clock::ByHand(self.clock.clone()), ..config }).await
    }

    /// Stops the mall, as SIGTERM does.
    pub(crate) async fn stop(self) -> Home {
        self.serving.stop().await;
        self.folder
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn turn(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    /// Runs a verb of the command line over the same database, beside the serving mall.
    pub(crate) async fn try_cli(&self, words: &str) -> Result<(bool, String), String> {
        let clock = Clock::ByHand(self.clock.clone());
        cli(self.folder.place(), clock, &words.split(' ').collect::<Vec<_>>()).await
    }

    pub(crate) async fn cli(&self, words: &str) -> String {
        self.try_cli(words).await.unwrap_or_else(|error| panic!("{words}: {error}")).1
    }

    pub(crate) async fn cli_json(&self, words: &str) -> Value {
        serde_json::from_str(&self.cli(&format!("{words} --json")).await).unwrap()
    }

    /// Imports a price list; the answer is the summary.
    pub(crate) async fn import(&self, text: &str) -> Value {
        let path = self.file("list.csv", text);
        self.cli_json(&format!("import {}", path.display())).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.serving.send(request).await
    }

    pub(crate) async fn enrol(&self, code: &str, key: &Key) -> Answer {
        let body = EnrolmentV1 { claim_code: code.to_owned(), public_key: key.public(), csr: None };
        let body = serde_json::to_vec(&body).unwrap();
        self.send(Request::post(path::ENROLMENTS).body(body.into()).unwrap()).await
    }

    pub(crate) async fn claim(&self, store: &str) -> String {
        self.cli_json(&format!("claim {store}")).await["claim_code"].as_str().unwrap().to_owned()
    }

    /// Adds a store and enrols an edge node for it.
    pub(crate) async fn edge(&self, store: &str) -> Edge<'_> {
        self.cli(&format!("store add --code {store} --name {store}店")).await;
        let (code, key) = (self.claim(store).await, Key::new());
        let answer = self.enrol(&code, &key).await;
        assert_eq!(answer.status, 201);
        let enrolled: EnrolledV1 = serde_json::from_slice(&answer.body).unwrap();
        Edge { town: self, key, enrolled, nonce: AtomicU64::new(1) }
    }

    /// Asks as HQ.
    pub(crate) async fn hq(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends JSON as HQ; `if_match` names the revision it was made from.
    pub(crate) async fn hq_send(
        &self,
        token: &str,
        call: (&str, &str),
        if_match: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let (method, path) = call;
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        if let Some(tag) = if_match {
            request = request.header(header::IF_MATCH, tag);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn staff(&self) -> String {
        let answer = self.cli_json("staff add finance --may-save-rules").await;
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Every row of a query on the mall's own database, its columns joined by `|`.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        self.folder.place().rows(sql)
    }
}

/// Runs a verb over a place; whether what it looked at was right, and what it printed.
pub(crate) async fn cli(
    place: &Place,
    clock: Clock,
    words: &[&str],
) -> Result<(bool, String), String> {
    let words = place.words().into_iter().chain(words.iter().map(|word| (*word).to_owned()));
    let args = std::iter::once("mall".to_owned()).chain(words);
    let args = cli::Args::try_parse_from(args).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let is_right =
        cli::execute(args.by(clock), &mut out).await.map_err(|error| error.to_string())?;
    Ok((is_right, String::from_utf8(out).unwrap()))
}

/// An edge node's key.
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn new() -> Self {
        Self(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref().to_vec())
    }

    pub(crate) fn public(&self) -> String {
        signature::public_key(&self.0).unwrap()
    }

    pub(crate) fn sign(
        &self,
        edge: EdgeId,
        at: Timestamp,
        nonce: u64,
        signed: Signed<'_>,
    ) -> String {
        signature::sign(&self.0, edge, at, nonce, signed).unwrap()
    }
}

/// An enrolled edge node.
pub(crate) struct Edge<'a> {
    pub(crate) town: &'a Town,
    pub(crate) key: Key,
    pub(crate) enrolled: EnrolledV1,
    nonce: AtomicU64,
}

impl Edge<'_> {
    pub(crate) fn id(&self) -> EdgeId {
        self.enrolled.edge
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.town.send(self.request(method, path, body)).await
    }

    /// A signed request.
    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> Request<Body> {
        let nonce = self.nonce.fetch_add(1, Ordering::SeqCst);
        let signed = Signed { method, path, body };
        let header = self.key.sign(self.id(), self.town.now(), nonce, signed);
        let request = Request::builder().method(method).uri(path);
        request.header(signature::HEADER, header).body(body.to_vec().into()).unwrap()
    }

    /// Sends a body that is said to be packed.
    pub(crate) async fn post_packed(&self, path: &str, packing: &str, body: &[u8]) -> Answer {
        let mut request = self.request("POST", path, body);
        let packing = header::HeaderValue::from_str(packing).unwrap();
        request.headers_mut().insert(header::CONTENT_ENCODING, packing);
        self.town.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, b"").await
    }
}
