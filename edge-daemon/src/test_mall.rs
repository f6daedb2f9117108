//! A mall of the tests of this crate, as far as payments by code, coupons, vouchers, guests and catalogs
//! go: it hears signed requests over a real socket, keeps what it was asked, and answers as a test told
//! it to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may do what tests may"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::map_response,
    response::{IntoResponse as _, Response},
};
use domain::{money::Money, payment::PaymentState, redemption::RedemptionState, time::Timestamp};
use sync::{
    signature::{self, Claimed, Signed},
    wire::{
        ChargeV1, CheckedInV1, GivenCouponV1, LookUpV1, OfferV1, PaymentV1, RedemptionV1,
        ReversalV1,
    },
};
use uuid::Uuid;

/// How the mall fails a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The line is cut before anything is heard.
    CutBefore,
    /// It is heard and done, and the answer is lost.
    CutAfter,
    /// It is heard, and nothing is said until the mall speaks again.
    Silent,
}

/// What the mall knows, and how it shall answer.
#[derive(Debug)]
pub(crate) struct Known {
    /// Where a charge stands once it is heard.
    pub(crate) charges_are: PaymentState,
    /// Where a use stands once it is heard.
    pub(crate) uses_are: RedemptionState,
    /// Where a giving back stands once it is heard.
    pub(crate) reversals_are: RedemptionState,
    /// What a look-up offers.
    pub(crate) offers: Vec<OfferV1>,
    /// How every check-in is refused, in a status and a word; it is taken where this is `None`.
    pub(crate) check_ins_are_refused: Option<(u16, &'static str)>,
    /// The coupon of a check-in that is taken.
    pub(crate) coupon: Option<GivenCouponV1>,
    /// Faults of the next requests about rights.
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) payments: BTreeMap<Uuid, PaymentV1>,
    pub(crate) redemptions: BTreeMap<Uuid, RedemptionV1>,
    /// What is answered to `GET` of a path, with its query, byte for byte; from the asked byte on.
    pub(crate) told_at: BTreeMap<String, Vec<u8>>,
    /// Codes that money was taken by, once for each time it was.
    pub(crate) charged: Vec<String>,
    /// Redemptions that were used, once for each time one was.
    pub(crate) used: Vec<Uuid>,
}

#[derive(Clone, Debug)]
struct Ears {
    known: Arc<Mutex<Known>>,
    clock: Arc<AtomicI64>,
    public_key: String,
    voice: Arc<tokio::sync::Semaphore>,
}

/// A mall that runs.
pub(crate) struct TestMall {
    ears: Ears,
    /// Where it is.
    pub(crate) url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for TestMall {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl TestMall {
    /// A mall that knows one edge node by its key.
    pub(crate) async fn open(clock: &Arc<AtomicI64>, pkcs8: &[u8]) -> Self {
        let known = Known {
            charges_are: PaymentState::Paid,
            uses_are: RedemptionState::Redeemed,
            reversals_are: RedemptionState::Reversed,
            offers: vec![voucher(5_000, 2)],
            check_ins_are_refused: None,
            coupon: None,
            faults: VecDeque::new(),
            payments: BTreeMap::new(),
            redemptions: BTreeMap::new(),
            told_at: BTreeMap::new(),
            charged: Vec::new(),
            used: Vec::new(),
        };
        let ears = Ears {
            known: Arc::new(Mutex::new(known)),
            clock: Arc::clone(clock),
            public_key: signature::public_key(pkcs8).unwrap(),
            voice: Arc::new(tokio::sync::Semaphore::new(0)),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // One call on each connection: a mall that is gone is not met on an old one.
        let app = Router::new().fallback(hear).layer(map_response(hang_up));
        let app = app.with_state(ears.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { ears, url, server }
    }

    /// Ends it; when this returns, nobody listens where it was.
    pub(crate) async fn end(mut self) {
        self.server.abort();
        assert!((&mut self.server).await.unwrap_err().is_cancelled());
    }

    /// Lets it answer the question about which it was silent.
    pub(crate) fn speak(&self) {
        self.ears.voice.add_permits(1);
    }

    /// What it knows; also to tell it how to answer.
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.ears.known.lock().unwrap()
    }

    /// How often money was taken, and how often a voucher was used.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let known = self.known();
        (known.charged.len(), known.used.len())
    }

    /// Lets the other house decide about every charge that is not known yet.
    pub(crate) fn decide(&self, state: PaymentState) {
        for payment in self.known().payments.values_mut() {
            if payment.state.is_undecided() {
                payment.state = state;
            }
        }
    }
}

/// Vouchers of so much, so many alike.
pub(crate) fn voucher(worth: i64, count: u32) -> OfferV1 {
    OfferV1 {
        title: "代金券".to_owned(),
        count,
        worth_minor: Money::from_minor(worth),
        bought_minor: Money::ZERO,
        rule: None,
        expires_at: None,
    }
}

async fn hang_up(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

async fn hear(
    State(ears): State<Ears>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    let asked = uri.path_and_query().unwrap().as_str();
    let signed = Signed { method: method.as_str(), path: asked, body: &body };
    let header = headers.get(signature::HEADER).unwrap().to_str().unwrap();
    let now = Timestamp::from_micros(ears.clock.load(Ordering::SeqCst));
    if Claimed::read(header).unwrap().verify(&ears.public_key, now, signed).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let parts: Vec<&str> = path.trim_start_matches("/edge/v1/").split('/').collect();
    let is_right = matches!(parts.first(), Some(&("payments" | "redemptions")));
    let fault = if is_right { ears.known.lock().unwrap().faults.pop_front() } else { None };
    match fault {
        Some(Fault::CutBefore) => return StatusCode::BAD_GATEWAY.into_response(),
        Some(Fault::Silent) => ears.voice.acquire().await.unwrap().forget(),
        Some(Fault::CutAfter) | None => {}
    }
    let mut known = ears.known.lock().unwrap();
    if let (&Method::GET, Some(told)) = (&method, known.told_at.get(asked)) {
        return from_byte(told, headers.get(header::RANGE));
    }
    if let (Some(&"check-ins"), Some((status, word))) = (parts.first(), known.check_ins_are_refused)
    {
        let problem = serde_json::json!({ "type": format!("/problems/{word}") });
        return (StatusCode::from_u16(status).unwrap(), axum::Json(problem)).into_response();
    }
    let answer = known.answer(&method, &parts, &body);
    if fault == Some(Fault::CutAfter) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    match answer {
        Some(answer) => axum::Json(answer).into_response(),
        None => {
            let problem = serde_json::json!({ "type": "/problems/not-found", "status": 404 });
            (StatusCode::NOT_FOUND, axum::Json(problem)).into_response()
        }
    }
}

/// What is asked for from a byte on (RFC 9110, 14.2).
fn from_byte(told: &[u8], range: Option<&HeaderValue>) -> Response {
    let Some(range) = range else { return told.to_vec().into_response() };
    let from = range.to_str().unwrap().strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
    let left = told.get(from.parse().unwrap()..).unwrap_or_default().to_vec();
    (StatusCode::PARTIAL_CONTENT, left).into_response()
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).unwrap()
}

impl Known {
    fn answer(
        &mut self,
        method: &Method,
        parts: &[&str],
        body: &[u8],
    ) -> Option<serde_json::Value> {
        let id = |text: &&str| text.parse::<Uuid>().ok();
        match (method.as_str(), parts) {
            ("POST", ["check-ins"]) => json(&CheckedInV1 { coupon: self.coupon.clone() }),
            ("POST", ["payments"]) => json(&self.charge(read(body))),
            ("GET", ["payments", payment]) => json(self.payments.get(&id(payment)?)?),
            ("POST", ["payments", payment, "reversal"]) => {
                json(&self.reverse(id(payment)?, &read(body)))
            }
            ("POST", ["redemptions"]) => json(&self.look_up(&read(body))),
            ("POST", ["redemptions", redemption, "use"]) => json(&self.redeem(id(redemption)?)?),
            ("POST", ["redemptions", redemption, "reversal"]) => {
                json(&self.give_back(id(redemption)?)?)
            }
            _ => None,
        }
    }

    fn charge(&mut self, charge: ChargeV1) -> PaymentV1 {
        let state = self.charges_are;
        if let Some(known) = self.payments.get(&charge.id.uuid()) {
            return known.clone();
        }
        if state == PaymentState::Paid {
            self.charged.push(charge.code);
        }
        let payment = PaymentV1 {
            id: charge.id,
            state,
            method: charge.method,
            amount_minor: charge.amount_minor,
            refunded_minor: Money::ZERO,
            transaction: "4200".to_owned(),
            paid_at: None,
            refusal: (state == PaymentState::Refused).then(|| "funds-short".to_owned()),
        };
        self.payments.insert(charge.id.uuid(), payment.clone());
        payment
    }

    fn reverse(&mut self, id: Uuid, reversal: &ReversalV1) -> PaymentV1 {
        let tombstone = PaymentV1 {
            id: domain::id::Id::from_uuid(id),
            state: PaymentState::Reversed,
            method: reversal.method,
            amount_minor: reversal.amount_minor,
            refunded_minor: Money::ZERO,
            transaction: String::new(),
            paid_at: None,
            refusal: None,
        };
        let payment = self.payments.entry(id).or_insert(tombstone);
        payment.state = PaymentState::Reversed;
        payment.clone()
    }

    fn look_up(&mut self, look_up: &LookUpV1) -> RedemptionV1 {
        let is_good = !self.offers.is_empty();
        let redemption = RedemptionV1 {
            id: look_up.id,
            issuer: look_up.issuer,
            state: if is_good { RedemptionState::LookedUp } else { RedemptionState::Refused },
            offers: self.offers.clone(),
            code_tail: look_up.presented.chars().rev().take(4).collect(),
            refusal: (!is_good).then(|| "used".to_owned()),
            reversible_until: None,
        };
        self.redemptions.entry(look_up.id.uuid()).or_insert(redemption).clone()
    }

    fn redeem(&mut self, id: Uuid) -> Option<RedemptionV1> {
        let redemption = self.redemptions.get_mut(&id)?;
        let is_asked =
            matches!(redemption.state, RedemptionState::LookedUp | RedemptionState::Pending);
        if is_asked {
            redemption.state = self.uses_are;
            if redemption.state == RedemptionState::Redeemed {
                self.used.push(id);
            }
        }
        Some(redemption.clone())
    }

    fn give_back(&mut self, id: Uuid) -> Option<RedemptionV1> {
        let redemption = self.redemptions.get_mut(&id)?;
        redemption.state = self.reversals_are;
        Some(redemption.clone())
    }
}

fn json<T: serde::Serialize>(value: &T) -> Option<serde_json::Value> {
    serde_json::to_value(value).ok()
}
