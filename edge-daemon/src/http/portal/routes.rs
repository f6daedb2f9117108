//! Every page of the portal with who may call it; `access.txt` lists them for people.
//!
//! **Invariant:** the one place where a path of the guests' doors meets its handler.

use std::fmt;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use super::{
    Desk, STORE_PATH, ask, captivity, elsewhere, enter, first, lengthen, sitting, terms, to_store,
};

/// A form of a page: a phone number, a code, two boxes.
const FORM_BYTES_MAX: usize = 2_048;

/// Who may call a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// A device on the guests' network, which the kernel knows.
    Guest,
    /// Anyone who reaches the port; the answer has nothing that is not everybody's.
    Anyone,
}

impl Access {
    const fn word(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Anyone => "anybody",
        }
    }
}

/// A page as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Endpoint {
    /// `None`: every method.
    method: Option<Method>,
    path: &'static str,
    access: Access,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_ref().map_or("any", Method::as_str);
        write!(f, "{:<10} {method:<7} {}", self.access.word(), self.path)
    }
}

/// Every page of a door, and the router made of them.
#[derive(Default)]
struct Table {
    endpoints: Vec<Endpoint>,
    router: Router<Desk>,
}

impl Table {
    fn shows<T: 'static>(
        self,
        access: Access,
        path: &'static str,
        handler: impl Handler<T, Desk>,
    ) -> Self {
        let router = self.router.clone().route(path, get(handler));
        self.with(Some(Method::GET), access, path, router)
    }

    fn takes<T: 'static>(
        self,
        access: Access,
        path: &'static str,
        handler: impl Handler<T, Desk>,
    ) -> Self {
        let router = self.router.clone().route(path, post(handler));
        self.with(Some(Method::POST), access, path, router)
    }

    fn otherwise<T: 'static>(self, access: Access, handler: impl Handler<T, Desk>) -> Self {
        let router = self.router.clone().fallback(handler);
        self.with(None, access, "/{*path}", router)
    }

    fn with(
        mut self,
        method: Option<Method>,
        access: Access,
        path: &'static str,
        router: Router<Desk>,
    ) -> Self {
        self.endpoints.push(Endpoint { method, path, access });
        Self { router, ..self }
    }
}

fn table_of_pages() -> Table {
    Table::default()
        .shows(Access::Guest, "/", first)
        .shows(Access::Guest, "/terms", terms)
        .shows(Access::Guest, "/w/{token}", sitting)
        .takes(Access::Guest, "/w/{token}/code", ask)
        .takes(Access::Guest, "/w/{token}/entry", enter)
        .takes(Access::Guest, "/longer", lengthen)
        .shows(Access::Guest, STORE_PATH, to_store)
        .otherwise(Access::Anyone, elsewhere)
}

fn table_of_api() -> Table {
    Table::default().otherwise(Access::Anyone, captivity)
}

/// The sign-in pages.
pub(super) fn pages() -> Router<Desk> {
    let router = table_of_pages().router;
    router.layer(DefaultBodyLimit::max(FORM_BYTES_MAX)).layer(middleware::from_fn(small))
}

/// The API of RFC 8908.
pub(super) fn api() -> Router<Desk> {
    table_of_api().router
}

/// Every page with who may call it, one a line, by door.
pub(in crate::http) fn access() -> String {
    let lines = |table: Table| -> String {
        table.endpoints.iter().map(|endpoint| format!("{endpoint}\n")).collect()
    };
    format!(
        "\n[portal.lan] page_port\n{}\n[portal.lan] api_port\n{}",
        lines(table_of_pages()),
        lines(table_of_api())
    )
}

/// Turns away what says that it is too large, whether its page would read it or not.
async fn small(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let is_large = length.and_then(|v| v.parse().ok()).is_some_and(|n: usize| n > FORM_BYTES_MAX);
    if is_large { StatusCode::PAYLOAD_TOO_LARGE.into_response() } else { next.run(request).await }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, sync::Arc};

    use axum::{body::Body, extract::ConnectInfo};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        portal::{Portal, PortalConfig},
        test_store::TestStore,
    };

    /// The phone of memory.
    const GUEST: &str = "127.0.0.1:50000";
    /// An address that the kernel knows no device of.
    const STRANGER: &str = "192.0.2.7:50000";
    const HOST: &str = "127.0.0.1:7380";
    const FORM: &str = "application/x-www-form-urlencoded";

    async fn portal() -> (TestStore, Desk) {
        let store = TestStore::open_with_boot("[devices]\nsimulated = true").await;
        let sms = store.data().join("sms.jsonl");
        let config: PortalConfig = toml::from_str(&format!(
            "sms = {{ file = {sms:?} }}\n[lan]\ninterface = \"lo\"\n\
             address = \"127.0.0.1\"\nprefix = 24\npage_port = 7380"
        ))
        .unwrap();
        let portal = Portal::open(Arc::clone(store.context()), config).await.unwrap();
        (store, Arc::new(portal))
    }

    async fn ask(
        portal: &Desk,
        from: &str,
        request: axum::http::request::Builder,
        body: String,
    ) -> u16 {
        let peer: SocketAddr = from.parse().unwrap();
        let request = request.extension(ConnectInfo(peer)).body(Body::from(body)).unwrap();
        let router = pages().with_state(Arc::clone(portal));
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    fn call(endpoint: &Endpoint) -> axum::http::request::Builder {
        let path = endpoint.path.replace("{token}", &"0".repeat(32)).replace("{*path}", "x");
        let method = endpoint.method.clone().unwrap_or(Method::PUT);
        Request::builder().method(method).uri(path).header("host", HOST)
    }

    /// Walks everything that is served: what a page is declared to be is what it is.
    #[tokio::test]
    async fn every_page_keeps_out_those_it_is_not_for_and_what_is_too_large() {
        let (_store, portal) = portal().await;
        let endpoints = table_of_pages().endpoints;
        assert!(endpoints.len() >= 8);
        for endpoint in &endpoints {
            let stranger = ask(&portal, STRANGER, call(endpoint), String::new()).await;
            let is_shut = stranger == 403;
            assert_eq!(is_shut, endpoint.access == Access::Guest, "{endpoint}: {stranger}");
            for said in [FORM_BYTES_MAX + 1, usize::MAX] {
                let large = call(endpoint).header("content-length", said);
                let told = ask(&portal, GUEST, large, String::new()).await;
                assert_eq!(told, 413, "{endpoint}");
            }
            if endpoint.method == Some(Method::POST) && endpoint.path.contains("{token}") {
                // It does not say how large it is.
                let silent = call(endpoint).header("content-type", FORM);
                let told =
                    ask(&portal, GUEST, silent, "code=".to_owned() + &"1".repeat(4_000)).await;
                assert_eq!(told, 413, "{endpoint}");
            }
        }
    }

    /// Numbers that look like chance and are the same in every run (Knuth's MMIX).
    fn dice(mut state: u64) -> impl FnMut(usize) -> usize {
        move |sides| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % sides
        }
    }

    #[tokio::test]
    async fn no_noise_breaks_a_page() {
        let (_store, portal) = portal().await;
        let device = portal.device([127, 0, 0, 1].into()).unwrap();
        let token = sync::chain::hex(&portal.begin(device).unwrap());
        let sitting = format!("/w/{token}");
        let parts = [
            "/", "/w/", &sitting, "/code", "/entry", "/longer", "/terms", "/%00", "/%ff", "/..",
            "?x",
        ];
        let bodies = [
            "", "phone=", "code=", "&", "=", "%", "%zz", "%00", "terms=1", "1", "九", "{}",
            "\u{202e}",
        ];
        let hosts = [HOST, "captive.apple.com", "127.0.0.1", ":", "[::1]:x", "a b"];
        let kinds = [FORM, "application/json", "multipart/form-data", ""];
        let methods = [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::OPTIONS];
        let mut throw = dice(7);
        for _ in 0..4_000 {
            let mut some = |of: &[&str], most: usize| -> String {
                (0..=throw(most)).map(|_| of[throw(of.len())]).collect()
            };
            let (path, body) = (format!("/{}", some(&parts, 4)), some(&bodies, 40));
            let (method, host) = (methods[throw(5)].clone(), hosts[throw(hosts.len())]);
            let from = if throw(4) == 0 { STRANGER } else { GUEST };
            let request = Request::builder().method(&method).uri(&path);
            let request = request.header("host", host).header("content-type", kinds[throw(4)]);
            let told = ask(&portal, from, request, body.clone()).await;
            assert!(told < 500, "{method} {path} at {host}: {told} for {body}");
        }
    }
}
