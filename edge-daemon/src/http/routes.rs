//! Every endpoint with who may call it.
//!
//! `access.txt` is the same list with methods and paths, for people; `make openapi` writes it anew.
//!
//! **Invariant:** the one place where a path meets its handler.

use axum::{Json, Router, extract::DefaultBodyLimit, response::Redirect, routing::get};
use utoipa::OpenApi;
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};

use super::{
    App, approvals, assets, console, elsewhere, items, kiosk, member, metrics, online_returns,
    orders, phone, pickups, portal, rights, service, session, settings, shelf, sim, stream,
    table::{Access, Door, Endpoint, Table},
    view, workstation,
};

/// Where the console's page is.
const CONSOLE: &str = "/ui/console/";

#[derive(OpenApi)]
#[openapi(info(
    title = "Guitai edge node",
    description = "What the screens of a store call. Every creating call carries an id made by \
                   its caller; a repeat has no further effect."
))]
struct Document;

fn table(door: Door) -> Table {
    let table = Table::new(door, Document::openapi());
    let table = console(online_orders(buyers(other_houses(counter(screens(table))))));
    pages(simulated(phones(kiosks(on_the_shelf(lists(table))))))
}

/// Who may sign in, and what screens are told.
fn screens(table: Table) -> Table {
    table
        .api(Access::Lan, routes!(service::version))
        .api(Access::Anyone, routes!(session::workstations))
        .api(Access::Anyone, routes!(session::operators))
        .api(Access::Anyone, routes!(session::sign_in))
        .api(Access::Operator, routes!(session::sign_out))
        .api(Access::Anyone, routes!(view::operator_view))
        .api(Access::Anyone, routes!(stream::operator_stream))
        .api(Access::Display, routes!(view::customer_view))
        .api(Access::Display, routes!(stream::customer_stream))
}

/// What an operator does at the counter.
fn counter(table: Table) -> Table {
    table
        .api(Access::Operator, routes!(workstation::scan))
        .api(Access::Operator, routes!(workstation::count, workstation::void_line))
        .api(Access::Operator, routes!(workstation::void_cart))
        .api(Access::Operator, routes!(workstation::undo))
        .api(Access::Operator, routes!(workstation::to_tender, workstation::to_sell))
        .api(Access::Operator, routes!(workstation::complete))
        .api(Access::Operator, routes!(workstation::leave_done))
        .api(Access::Operator, routes!(workstation::reprint))
        .api(Access::Operator, routes!(approvals::ask))
        .api(Access::Operator, routes!(approvals::withdraw))
        .api(Access::Manager, routes!(workstation::open_drawer))
}

/// What other houses have a say in at the counter.
fn other_houses(table: Table) -> Table {
    table
        .api(Access::Operator, routes!(rights::charge))
        .api(Access::Operator, routes!(rights::query))
        .api(Access::Operator, routes!(rights::reverse))
        .api(Access::Operator, routes!(rights::look_up))
        .api(Access::Operator, routes!(rights::choose))
        .api(Access::Operator, routes!(rights::take_off))
        .api(Access::Manager, routes!(rights::undo_order))
}

/// Who buys, and what is theirs.
fn buyers(table: Table) -> Table {
    table
        .api(Access::Operator, routes!(member::identify, member::forget))
        .api(Access::Operator, routes!(member::set_points))
        .api(Access::Operator, routes!(member::set_balance))
        .api(Access::Operator, routes!(member::add_coupon))
        .api(Access::Operator, routes!(member::take_coupon_off))
}

/// Online orders that wait here, and goods of such that come back.
fn online_orders(table: Table) -> Table {
    table
        .api(Access::Staff, routes!(pickups::list_pickups))
        .api(Access::Operator, routes!(pickups::open_pickup))
        .api(Access::Operator, routes!(pickups::make_pickup_ready))
        .api(Access::Operator, routes!(pickups::prove_pickup))
        .api(Access::Operator, routes!(pickups::hand_pickup_over))
        .api(Access::Operator, routes!(pickups::close_pickup))
        .api(Access::Operator, routes!(online_returns::look_online_order_up))
        .api(Access::Operator, routes!(online_returns::take_back))
        .api(Access::Staff, routes!(online_returns::list_online_returns))
}

/// What is looked up.
fn lists(table: Table) -> Table {
    table
        .api(Access::Staff, routes!(items::find))
        .api(Access::Staff, routes!(orders::list))
        .api(Access::Staff, routes!(orders::one))
        .api(Access::Staff, routes!(orders::receipt))
        .api(Access::Manager, routes!(settings::list))
}

/// The manager's console.
fn console(table: Table) -> Table {
    table
        .api(Access::Lan, routes!(console::sign_in))
        .api(Access::Console, routes!(console::who, console::sign_out))
        .api(Access::Console, routes!(console::presence))
        .api(Access::Console, routes!(console::overview))
        .api(Access::Console, routes!(console::stream))
        .api(Access::Console, routes!(console::day))
        .api(Access::Console, routes!(console::orders))
        .api(Access::Console, routes!(console::order))
        .api(Access::Console, routes!(console::reprint))
        .api(Access::Console, routes!(console::settings))
        .api(Access::Console, routes!(console::staff))
        .api(Access::Console, routes!(console::test_printer))
        .api(Access::Console, routes!(console::test_displays))
        .api(Access::Console, routes!(console::open_drawer))
        .api(Access::Console, routes!(console::approvals))
        .api(Access::Console, routes!(console::decide))
}

/// What somebody who looks around is shown.
fn on_the_shelf(table: Table) -> Table {
    table
        .api(Access::Visitor, routes!(shelf::categories))
        .api(Access::Visitor, routes!(shelf::page))
        .api(Access::Visitor, routes!(shelf::search))
        .api(Access::Visitor, routes!(shelf::item))
}

/// Whose screen a kiosk is, and what a shopper does there.
fn kiosks(table: Table) -> Table {
    table
        .api(Access::Anyone, routes!(kiosk::kiosk))
        .api(Access::Manager, routes!(kiosk::give_out))
        .api(Access::Visitor, routes!(kiosk::pair))
        .api(Access::Simulated, routes!(kiosk::pair_itself))
        .api(Access::Manager, routes!(kiosk::unpair))
        .api(Access::Kiosk, routes!(kiosk::kiosk_view))
        .api(Access::Kiosk, routes!(kiosk::kiosk_stream))
        .api(Access::Kiosk, routes!(kiosk::scan))
        .api(Access::Kiosk, routes!(kiosk::count, kiosk::void_line))
        .api(Access::Kiosk, routes!(kiosk::undo))
        .api(Access::Kiosk, routes!(kiosk::to_tender, kiosk::to_cart))
        .api(Access::Kiosk, routes!(kiosk::complete))
        .api(Access::Kiosk, routes!(kiosk::reverse))
        .api(Access::Kiosk, routes!(kiosk::take_off))
        .api(Access::Kiosk, routes!(member::forget_at_kiosk))
        .api(Access::Kiosk, routes!(member::claim_at_kiosk))
        .api(Access::Kiosk, routes!(member::take_coupon_off_at_kiosk))
        .api(Access::Kiosk, routes!(kiosk::reset))
        .api(Access::Kiosk, routes!(kiosk::help))
        .api(Access::Kiosk, routes!(elsewhere::find))
        .api(Access::Kiosk, routes!(elsewhere::set_aside))
}

/// What a shopper's own phone calls, and a till for its cart.
fn phones(table: Table) -> Table {
    let small = DefaultBodyLimit::max(phone::BODY_BYTES_MAX);
    table
        .api(Access::Shopper, routes!(phone::join).layer(small))
        .api(Access::Phone, routes!(phone::view))
        .api(Access::Phone, routes!(phone::item))
        .api(Access::Phone, routes!(phone::add).layer(small))
        .api(Access::Phone, routes!(phone::count, phone::remove).layer(small))
        .api(Access::Phone, routes!(phone::show).layer(small))
        .api(Access::Operator, routes!(phone::take_in))
}

/// The page that plays devices.
fn simulated(table: Table) -> Table {
    table
        .api(Access::Simulated, routes!(sim::devices))
        .api(Access::Simulated, routes!(sim::device_stream))
        .api(Access::Simulated, routes!(sim::scan))
        .api(Access::Simulated, routes!(sim::printer))
        .api(Access::Simulated, routes!(sim::drawer))
        .api(Access::Simulated, routes!(sim::tape))
}

/// The screens themselves, and the daemon about itself.
fn pages(table: Table) -> Table {
    table
        .page(Access::Anyone, "/", get(|| async { Redirect::temporary("/ui/operator/") }))
        .page(Access::Anyone, "/kiosk", get(assets::to_kiosk))
        .page(Access::Anyone, "/kiosk/", get(assets::to_kiosk))
        .page(Access::Shopper, "/phone", get(|| async { Redirect::temporary("/phone/") }))
        .page(Access::Shopper, "/phone/", get(assets::phone))
        .page(Access::Shopper, "/ui/phone/", get(assets::phone))
        .page(Access::Shopper, "/ui/assets/{*path}", get(assets::part))
        .page(Access::Lan, "/ui/{*path}", get(assets::serve))
        .page(Access::Lan, "/console", get(|| async { Redirect::temporary(CONSOLE) }))
        .page(Access::Lan, "/console/", get(|| async { Redirect::temporary(CONSOLE) }))
        .page(Access::Anyone, "/pictures/{picture}", get(assets::picture))
        .page(Access::Anyone, "/livez", get(|| async { "ok" }))
        .page(Access::Anyone, "/readyz", get(service::ready))
        .page(Access::Machine, "/metrics", get(metrics::show))
        .page(Access::Anyone, "/api/v1/openapi.json", get(|| async { Json(openapi()) }))
        .page(Access::Lan, "/problems/{slug}", get(service::explain))
}

/// The OpenAPI document, as it is served and kept under test.
#[must_use]
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    table(Door::Box).finish().1
}

/// Every endpoint with who may call it, one a line, by path.
#[must_use]
pub(crate) fn access() -> String {
    let (_, _, mut endpoints) = table(Door::Box).finish();
    endpoints.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    let own: String = endpoints.iter().map(|endpoint| format!("{endpoint}\n")).collect();
    own + &portal::access()
}

/// The router of a door, and the list of all endpoints.
pub(super) fn routes(door: Door) -> (Router<App>, Vec<Endpoint>) {
    let (router, _, endpoints) = table(door).finish();
    (router, endpoints)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{
        body::{Body, to_bytes},
        extract::ConnectInfo,
        http::{Method, Request, Response},
    };
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt as _;

    use super::*;
    use crate::test_store::TestStore;

    const HERE: &str = "127.0.0.1:50000";
    const ON_THE_LAN: &str = "192.168.1.77:50000";
    /// 1001, a cashier, is signed in at the workstations of a test's store.
    const CASHIER: &str = "guitai_ws1=a session";

    fn app(store: &TestStore) -> App {
        App {
            context: store.context().clone(),
            stop: CancellationToken::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 7070)),
        }
    }

    /// A path with something in each pair of braces.
    fn filled(path: &str) -> String {
        let id = uuid::Uuid::nil().to_string();
        path.split('/')
            .map(|part| match part {
                "{number}" => "1".to_owned(),
                "{*path}" => "operator/".to_owned(),
                part if part.starts_with('{') => id.clone(),
                part => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    async fn ask(
        store: &TestStore,
        door: Door,
        endpoint: &Endpoint,
        from: &str,
        cookie: Option<&str>,
    ) -> Response<Body> {
        let peer: SocketAddr = from.parse().unwrap();
        let mut request = Request::builder()
            .method(&endpoint.method)
            .uri(filled(&endpoint.path))
            .header("host", "127.0.0.1:7070")
            .header("content-type", "application/json")
            .extension(ConnectInfo(peer));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let router = super::super::router(door, app(store));
        router.oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap()
    }

    /// The status, and the kind of problem if it is one.
    async fn told(response: Response<Body>) -> (u16, String) {
        let status = response.status().as_u16();
        if response.status().is_success() {
            return (status, String::new());
        }
        let body = to_bytes(response.into_body(), 65_536).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let kind = problem.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
        (status, kind.trim_start_matches("/problems/").to_owned())
    }

    /// Walks everything that is served: what an endpoint is declared to be is what it is.
    #[tokio::test]
    async fn every_endpoint_keeps_out_those_it_is_not_for() {
        let store = TestStore::open(None).await;
        // A test's sessions began with the clock; they have not run out by then.
        store.at("1970-01-01T08:00:01+08:00");
        let (_, mut endpoints) = routes(Door::Box);
        assert!(endpoints.len() >= 60);
        // Whoever signs out is nobody from then on.
        let is_session = |e: &Endpoint| e.path.ends_with("/session");
        endpoints.sort_by_key(is_session);
        for endpoint in &endpoints {
            let (nobody, kind) = told(ask(&store, Door::Box, endpoint, HERE, None).await).await;
            let (far, _) = told(ask(&store, Door::Box, endpoint, ON_THE_LAN, None).await).await;
            let cashier = ask(&store, Door::Box, endpoint, HERE, Some(CASHIER)).await;
            let (cashier, _) = told(cashier).await;
            let is_shut = |status: u16| matches!(status, 401 | 403);
            let got = format!("{endpoint}: {nobody} {kind} here, {far} afar, {cashier} signed in");
            match endpoint.access {
                // A PIN that nobody has is wrong, wherever it is typed.
                Access::Anyone | Access::Visitor | Access::Lan | Access::Shopper => {
                    assert!(!is_shut(nobody) && !is_shut(far), "{got}");
                }
                Access::Machine => assert!(nobody == 200 && far == 404, "{got}"),
                Access::Display => assert!(!is_shut(nobody) && far == 403, "{got}"),
                Access::Operator | Access::Staff => {
                    assert!(nobody == 401 && far == 401 && !is_shut(cashier), "{got}");
                }
                Access::Manager => assert!(nobody == 401 && far == 401 && cashier == 403, "{got}"),
                Access::Console => {
                    let is_so = kind == "console-sign-in-required";
                    assert!(is_so && nobody == 401 && far == 401 && cashier == 401, "{got}");
                }
                Access::Kiosk | Access::Phone => {
                    assert!(nobody == 401 && far == 401 && cashier == 401, "{got}");
                }
                Access::Simulated => {
                    assert!(nobody == 404 && cashier == 404 && kind == "not-found", "{got}");
                }
            }
        }
    }

    #[tokio::test]
    async fn through_the_doors_of_lan_and_phones_there_is_nothing_but_what_is_for_them() {
        let store = TestStore::open_with_boot("[phone]\nurl = \"http://store.lan\"").await;
        store.at("1970-01-01T08:00:01+08:00");
        for door in [Door::Lan, Door::Phones] {
            let (_, endpoints) = routes(door);
            let n = endpoints.iter().filter(|endpoint| endpoint.access.is_at(door)).count();
            assert!(n >= 8, "{door:?}");
            for endpoint in &endpoints {
                let response = ask(&store, door, endpoint, ON_THE_LAN, Some(CASHIER)).await;
                let (status, kind) = told(response).await;
                let is_there = !(status == 404 && kind == "not-found") && status != 405;
                // A page that is not built is not there either; its path is.
                let is_page = endpoint.path.starts_with("/ui/")
                    || endpoint.path.starts_with("/phone")
                    || endpoint.path.starts_with("/probl");
                let is_for_it = endpoint.access.is_at(door);
                assert!(is_there == is_for_it || is_page, "{door:?} {endpoint}: {status} {kind}");
            }
        }
    }

    /// Pages are one route each or all of them; what a door has of them is told by their names.
    #[tokio::test]
    async fn phones_reach_the_page_of_phones_and_no_other() {
        let store = TestStore::open(None).await;
        for (path, is_there) in [
            ("/phone/", true),
            ("/ui/phone/", true),
            ("/ui/operator/", false),
            ("/ui/console/", false),
            ("/ui/phone/../operator/", false),
            ("/ui/assets/../operator/", false),
            ("/ui/manifest.json", false),
            ("/kiosk", false),
            ("/console", false),
            ("/", false),
            ("/readyz", false),
            ("/api/v1/openapi.json", false),
        ] {
            let page =
                Endpoint { path: path.to_owned(), method: Method::GET, access: Access::Anyone };
            let (status, _) = told(ask(&store, Door::Phones, &page, ON_THE_LAN, None).await).await;
            let (at_box, _) = told(ask(&store, Door::Box, &page, HERE, None).await).await;
            let is_so = if is_there { status == at_box } else { status == 404 };
            assert!(is_so, "{path}: {status}, and {at_box} at the box");
        }
    }

    #[test]
    fn an_endpoint_is_declared_once_and_every_described_one_is() {
        let (_, document, endpoints) = table(Door::Box).finish();
        let mut seen: Vec<String> =
            endpoints.iter().map(|e| format!("{} {}", e.method, e.path)).collect();
        let n = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), n, "an endpoint is declared twice");
        let declared = |path: &String| endpoints.iter().any(|e| e.path == *path);
        let missing: Vec<&String> = document.paths.paths.keys().filter(|p| !declared(p)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_committed_list_is_what_is_served() {
        let committed = include_str!("../../access.txt");
        assert!(committed == access(), "edge-daemon/access.txt is stale: make openapi");
    }
}
