//! What is refused before anything is read: foreign hosts, foreign pages, large bodies.
//!
//! A hostile page in a shopper's browser, or a hostile phone on the Wi-Fi, reaches this first.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::{
    App,
    problem::{self, Language, Problem},
};

/// No command is larger.
pub(super) const BODY_BYTES_MAX: usize = 65_536;

/// Pages load nothing from elsewhere and nobody frames them.
const CSP: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; \
                   object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The phone's page reads barcodes off photos with WebAssembly, which it may compile; nothing else.
const CSP_PHONE: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                         connect-src 'self'; img-src 'self' data: blob:; object-src 'none'; \
                         base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

fn policy(path: &str) -> &'static str {
    if path.starts_with("/phone") || path.starts_with("/ui/phone/") { CSP_PHONE } else { CSP }
}

pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let policy = policy(request.uri().path());
    let mut response = match refuse(&app, &request) {
        // This layer stands outside of the one that writes problems out.
        Some(problem) => problem::write(&problem, Language::of(request.headers())),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    // What an operator may see is nobody's to keep; pages and their parts say so for themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refuse(app: &App, request: &Request) -> Option<Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // DNS rebinding: a foreign name that resolves to this box is still a foreign name, and a
    // request that names nobody is not from a screen of ours.
    let Some(host) = host.filter(|host| is_our_name(app, host)) else {
        return Some(Problem::plain("foreign-host", StatusCode::MISDIRECTED_REQUEST));
    };
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_safe && !is_own_page(request.headers(), host) {
        return Some(Problem::plain("foreign-page", StatusCode::FORBIDDEN));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let is_large = length.and_then(|v| v.parse().ok()).is_some_and(|n: usize| n > BODY_BYTES_MAX);
    is_large.then(|| Problem::plain("body-too-large", StatusCode::PAYLOAD_TOO_LARGE))
}

fn is_our_name(app: &App, host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
    });
    let is_loopback = name == "localhost"
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback
        || host == app.address.to_string()
        || app.context.phones.host() == Some(host)
        || app.context.config.host_names.iter().any(|ours| ours == host)
}

/// A browser names the page that calls; a program that is no browser names none.
fn is_own_page(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own_origin = text("origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, origin_host)| origin_host == host)
    });
    let is_own_site =
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    is_own_origin && is_own_site
}
