//! What guests of the Wi-Fi reach: the sign-in pages, answers to probes, and the API of RFC 8908.
//!
//! Two doors of their own, on the guests' network, with no route, cookie or state in common with the
//! store's screens. Pages are plain HTML without scripts: the sheet in which phones show them
//! keeps no cookies, opens no windows and vanishes when the way is open.
//!
//! **Invariant:** nothing that a guest sends is logged, and no header says who calls.

mod pages;
mod qr;
mod routes;
mod tls;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Form,
    body::Body,
    extract::{ConnectInfo, FromRequestParts, Path, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use domain::member::Phone;
use gate::mac::Mac;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use self::pages::{Card, Page};
use super::{problem::Language, rooms};
use crate::{
    later,
    phone::token,
    portal::{
        Part, Portal, Standing, Stop,
        desk::{Consents, TOKEN_BYTES, Token},
        probe,
    },
};

pub(super) use routes::access;

/// Under this path of the sign-in pages a guest who is online finds the store's own pages.
const STORE_PATH: &str = "/store";

type Desk = Arc<Portal>;

/// Who calls: a device on the guests' network, by what the kernel says of its address.
#[derive(Clone, Copy, Debug)]
struct Guest {
    device: Mac,
    address: IpAddr,
    language: Language,
}

impl FromRequestParts<Desk> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Desk) -> Result<Self, Response> {
        let language = Language::of(&parts.headers);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let found = peer.and_then(|address| Some((portal.device(address)?, address)));
        let (device, address) =
            found.ok_or_else(|| stopped(portal, language, Stop::NoDevice, None))?;
        Ok(Self { device, address, language })
    }
}

/// Serves the pages as soon as the guests' network is there, until told to stop.
pub(crate) async fn serve_pages(portal: Desk, stop: CancellationToken) {
    let config = portal.lan.config();
    let at = SocketAddr::from((config.address, config.page_port));
    let (outage, screens) = (&portal.context.portal, &portal.context.screens);
    outage.begins(Part::Pages, portal.context.clock.now());
    let Some(listener) = later::listen(at, &stop).await else { return };
    outage.ends(Part::Pages);
    screens.beat();
    tracing::info!(address = %at, "Guests may sign in");
    let router = routes::pages().with_state(portal);
    doorway::serve(listener, rooms::GUESTS, doorway::Plain, router, stop).await;
}

/// Serves the API where there is a certificate, as soon as that can be read, until told to stop.
pub(crate) async fn serve_api(portal: Desk, stop: CancellationToken) {
    let Some(files) = portal.tls() else { return };
    let read = || std::future::ready(tls::Greeter::with(files));
    let what = "read the certificate of the portal's API";
    let Some(greeter) = later::in_the_end(what, &stop, read).await else { return };
    let config = portal.lan.config();
    let at = SocketAddr::from((config.address, config.api_port));
    let Some(listener) = later::listen(at, &stop).await else { return };
    tracing::info!(address = %at, "Phones may ask whether they are held");
    let router = routes::api().with_state(Arc::clone(&portal));
    doorway::serve(listener, rooms::GUESTS_API, greeter, router, stop).await;
}

/// The API of RFC 8908, section 5, under whatever path its address has.
async fn captivity(
    State(portal): State<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Response {
    let standing =
        portal.device(peer.ip()).map_or(Standing::Held, |device| portal.standing(device));
    let answer = match standing {
        Standing::Held | Standing::Opening => serde_json::json!({
            "captive": true,
            "user-portal-url": own_address(&portal),
        }),
        Standing::Open { seconds, may_lengthen } => serde_json::json!({
            "captive": false,
            "seconds-remaining": seconds,
            "can-extend-session": may_lengthen,
            "user-portal-url": own_address(&portal),
        }),
    };
    let headers =
        [(header::CONTENT_TYPE, "application/captive+json"), (header::CACHE_CONTROL, "private")];
    (headers, answer.to_string()).into_response()
}

fn own_address(portal: &Portal) -> String {
    let config = portal.lan.config();
    // On the guests' network port 80 leads here as well, and an address without a port is what a
    // guest can read; where devices are simulated no packet is led anywhere.
    if portal.context.config.devices.simulated {
        return format!("http://{}:{}/", config.address, config.page_port);
    }
    format!("http://{}/", config.address)
}

/// Whether a request is for the portal itself and not for the site that a guest wanted.
fn is_for_us(portal: &Portal, parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let (name, _) = host.rsplit_once(':').unwrap_or((host, ""));
    name == portal.lan.config().address.to_string()
}

/// A call that was for another house: led to the first page while the device is held.
async fn elsewhere(State(portal): State<Desk>, request: axum::extract::Request) -> Response {
    let (mut parts, _) = request.into_parts();
    led(&portal, &mut parts).await
}

async fn led(portal: &Desk, parts: &mut Parts) -> Response {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let expected = probe::expected(host, parts.uri.path());
    let guest = Guest::from_request_parts(parts, portal).await.ok();
    let standing = guest.map_or(Standing::Held, |guest| portal.standing(guest.device));
    let is_open = matches!(standing, Standing::Open { .. });
    match expected {
        Some((status, kind, body)) if is_open => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
            (status, headers, body).into_response()
        }
        _ => redirect(&own_address(portal)),
    }
}

fn redirect(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::FOUND;
    answer.headers_mut().insert(header::LOCATION, location);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The first page; a guest who passes already sees for how long.
async fn first(State(portal): State<Desk>, request: axum::extract::Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if !is_for_us(&portal, &parts) {
        return led(&portal, &mut parts).await;
    }
    let guest = match Guest::from_request_parts(&mut parts, &portal).await {
        Ok(guest) => guest,
        Err(stopped) => return stopped,
    };
    let card = match portal.standing(guest.device) {
        Standing::Open { seconds, may_lengthen } => {
            let wallet = portal.wallet(guest.device).await;
            Card::Connected { seconds, may_lengthen, wallet, store: store_address(&portal) }
        }
        Standing::Opening => Card::Opening { wallet: portal.wallet(guest.device).await },
        Standing::Held => match portal.begin(guest.device) {
            Some(token) => {
                Card::First { token: sync::chain::hex(&token), minutes: portal.minutes() }
            }
            None => Card::Full,
        },
    };
    show(&portal, guest.language, StatusCode::OK, &card)
}

async fn terms(State(portal): State<Desk>, guest: Guest) -> Response {
    show(&portal, guest.language, StatusCode::OK, &Card::Terms)
}

fn token_of(text: &str) -> Option<Token> {
    let bytes = sync::chain::hex_bytes(text)?;
    <[u8; TOKEN_BYTES]>::try_from(bytes).ok()
}

/// Where a sitting stands: asking for a number, or for the code that was sent to it.
async fn sitting(State(portal): State<Desk>, Path(text): Path<String>, guest: Guest) -> Response {
    let Some(token) = token_of(&text) else { return redirect(&own_address(&portal)) };
    match portal.asked(&token, guest.device) {
        Ok(phone) => {
            let card = Card::SignIn { token: text, phone, wrong: None };
            show(&portal, guest.language, StatusCode::OK, &card)
        }
        Err(stop) => stopped(&portal, guest.language, stop, Some(text)),
    }
}

#[derive(Deserialize)]
struct Asking {
    phone: String,
    /// A box that is not ticked is not sent.
    terms: Option<String>,
    marketing: Option<String>,
}

async fn ask(
    State(portal): State<Desk>,
    Path(text): Path<String>,
    guest: Guest,
    Form(asking): Form<Asking>,
) -> Response {
    let Some(token) = token_of(&text) else { return redirect(&own_address(&portal)) };
    let again = |wrong| {
        let card = Card::SignIn { token: text.clone(), phone: None, wrong: Some(wrong) };
        show(&portal, guest.language, StatusCode::UNPROCESSABLE_ENTITY, &card)
    };
    let Some(phone) = Phone::read(&asking.phone) else { return again(pages::Wrong::Phone) };
    if asking.terms.is_none() {
        return again(pages::Wrong::Terms);
    }
    let consents = Consents { is_marketing: asking.marketing.is_some() };
    match portal.ask(&token, guest.device, phone, consents).await {
        Ok(()) => see_other(&format!("/w/{text}")),
        Err(stop) => stopped(&portal, guest.language, stop, Some(text)),
    }
}

#[derive(Deserialize)]
struct Entry {
    code: String,
}

async fn enter(
    State(portal): State<Desk>,
    Path(text): Path<String>,
    guest: Guest,
    Form(entry): Form<Entry>,
) -> Response {
    let Some(token) = token_of(&text) else { return redirect(&own_address(&portal)) };
    match portal.enter(&token, guest.device, guest.address, &entry.code).await {
        Ok(()) => see_other("/"),
        Err(Stop::Denied(crate::portal::desk::Denied::Wrong(left))) => {
            let phone = portal.asked(&token, guest.device).ok().flatten();
            let wrong = Some(pages::Wrong::Code(left));
            let card = Card::SignIn { token: text, phone, wrong };
            show(&portal, guest.language, StatusCode::UNPROCESSABLE_ENTITY, &card)
        }
        Err(stop) => stopped(&portal, guest.language, stop, Some(text)),
    }
}

async fn lengthen(State(portal): State<Desk>, guest: Guest) -> Response {
    match portal.lengthen(guest.device).await {
        Ok(()) => see_other("/"),
        Err(stop) => stopped(&portal, guest.language, stop, None),
    }
}

/// Whether guests of this network reach the store's own pages; else no page leads there.
fn has_way_to_store(portal: &Portal) -> bool {
    let context = &portal.context;
    let port = context.config.phones_port_for(portal.lan.config().address);
    context.phones.are_welcome() && (port.is_some() || context.config.devices.simulated)
}

/// Where a guest types to find the store's own pages.
fn store_address(portal: &Portal) -> Option<String> {
    let own = own_address(portal);
    let host = own.trim_start_matches("http://").trim_end_matches('/');
    has_way_to_store(portal).then(|| format!("{host}{STORE_PATH}"))
}

/// The store's own pages, with what a phone joins them by, made for this call: an address that is
/// typed tomorrow leads there too.
async fn to_store(State(portal): State<Desk>, guest: Guest) -> Response {
    let is_open = matches!(portal.standing(guest.device), Standing::Open { .. });
    let now = portal.context.clock.now();
    let way = portal.context.phones.join_url(token::PORTAL, now);
    let way = way.filter(|_| is_open && has_way_to_store(&portal));
    see_other(way.as_deref().unwrap_or("/"))
}

/// After a form was taken: a page that may be loaded again.
fn see_other(to: &str) -> Response {
    let mut answer = redirect(to);
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer
}

fn stopped(portal: &Portal, language: Language, stop: Stop, token: Option<String>) -> Response {
    use crate::portal::desk::Denied;
    let status = match stop {
        Stop::Denied(Denied::TooSoon(_) | Denied::Enough | Denied::Busy) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Stop::Denied(Denied::Gone | Denied::Over | Denied::Wrong(_)) | Stop::LongEnough => {
            StatusCode::FORBIDDEN
        }
        Stop::NoDevice => StatusCode::FORBIDDEN,
        Stop::NotSent | Stop::NotWritten => StatusCode::SERVICE_UNAVAILABLE,
    };
    show(portal, language, status, &Card::Stopped { stop, token })
}

fn show(portal: &Portal, language: Language, status: StatusCode, card: &Card) -> Response {
    let store = portal.context.store.load();
    let store = store.as_ref().map_or("", |store| store.name.as_str());
    let html = pages::html(&Page { store, language, card });
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, html).into_response()
}
