//! Every endpoint with who may call it.
//!
//! **Invariant:** the one place where a path meets its handler.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::Method,
    middleware::{Next, from_fn},
    response::IntoResponse as _,
    routing::{MethodRouter, get, post},
};
use sync::path;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::routes;

use super::{
    authority, commands, download, edge, elsewhere, groups, hq, members, online_returns, open,
    page, payments, pictures,
    problem::{INTERNAL, METHOD_NOT_ALLOWED, Problem},
    redemptions, rules, settings, shop, states, stock,
    table::{Access, Endpoint, Table},
};
use crate::{context::Context, db::staff::Right};

/// The HQ API's document without its paths, which the table adds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Guitai mall, HQ API",
        description = "What HQ reads, how it decides prices, and what it sets in stores. Errors are application/problem+json (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("staff", SecurityScheme::Http(scheme));
    }
}

const RULES: Access = Access::Keeper(Right::SaveRules);
const SETTINGS: Access = Access::Keeper(Right::SaveSettings);
const MEMBERS: Access = Access::Keeper(Right::ManageMembers);

fn table(context: &Context) -> Table {
    let table = Table::new(context.clone(), Document::openapi());
    members(staff(page(shops(rights(edges(table))))))
        .plain(Access::Anyone, Method::GET, "/livez", get(open::livez))
        .plain(Access::Anyone, Method::GET, "/readyz", get(open::readyz))
        .plain(Access::Anyone, Method::GET, "/problems/{slug}", get(open::problem))
        .plain(Access::Anyone, Method::GET, authority::REVOKED, get(authority::revoked))
        .plain(Access::Anyone, Method::GET, authority::REVOKED_PEM, get(authority::revoked_pem))
        .plain(Access::Anyone, Method::GET, authority::CERTIFICATE, get(authority::certificate))
}

fn edges(table: Table) -> Table {
    table
        .plain(Access::Anyone, Method::POST, path::ENROLMENTS, post(edge::enrol))
        .plain(Access::Edge, Method::POST, path::CERTIFICATES, post(edge::certificate))
        .plain(Access::Edge, Method::GET, path::HEAD, get(edge::head))
        .plain(Access::Edge, Method::GET, path::FEED, get(edge::feed))
        .plain(Access::Edge, Method::GET, path::SNAPSHOT, get(edge::snapshot))
        .plain(Access::Edge, Method::GET, path::SNAPSHOT_FILE, get(download::snapshot_file))
        .plain(Access::Edge, Method::GET, path::DIGESTS, get(edge::digests))
        .plain(Access::Edge, Method::GET, path::BUCKET, get(edge::bucket))
        .plain(Access::Edge, Method::GET, path::SETTINGS, get(settings::held))
        .plain(Access::Edge, Method::POST, path::SETTINGS_REPORTS, post(settings::report))
        .plain(Access::Edge, Method::GET, path::PICTURE, get(pictures::of_store))
        .plain(Access::Edge, Method::GET, path::COMMANDS, get(commands::of_store))
        .plain(Access::Edge, Method::POST, path::COMMANDS, post(commands::hear))
        .plain(Access::Edge, Method::POST, path::SESSIONS, post(edge::session))
        .plain(Access::Edge, Method::GET, path::LOST, get(edge::lost))
        .plain(Access::Edge, Method::POST, path::BATCHES, post(edge::batches))
        .plain(Access::Edge, Method::POST, path::TROUBLES, post(edge::troubles))
        .plain(Access::Edge, Method::POST, path::DAY, post(edge::day))
        .plain(Access::Edge, Method::POST, path::DAY_IDS, post(edge::day_ids))
        .plain(Access::Edge, Method::POST, path::DAY_FACTS, post(edge::day_facts))
        .plain(Access::Edge, Method::GET, path::SEAL, get(edge::seal))
        .plain(Access::Edge, Method::POST, path::ELSEWHERE, post(elsewhere::find))
        .plain(Access::Edge, Method::POST, path::SET_ASIDES, post(elsewhere::set_aside))
        .plain(Access::Edge, Method::POST, path::CHECK_INS, post(edge::check_in))
}

/// HQ's web page: files without a secret; what it shows it asks for with the token that is typed in.
fn page(table: Table) -> Table {
    table
        .plain(Access::Anyone, Method::GET, "/hq", get(page::to_page))
        .plain(Access::Anyone, Method::GET, "/hq/", get(page::page))
        .plain(Access::Anyone, Method::GET, "/hq/{file}", get(page::part))
}

/// Carries what is asked to its end, also when whoever asked hangs up: what was written down and not
/// put to its house would wait until a turn is over that nobody takes.
fn to_the_end(route: MethodRouter<Context>) -> MethodRouter<Context> {
    route.layer(from_fn(async |request: Request, next: Next| {
        let answer = tokio::spawn(next.run(request)).await;
        answer.unwrap_or_else(|_| Problem::of(INTERNAL).into_response())
    }))
}

fn rights(table: Table) -> Table {
    table
        .plain(Access::Edge, Method::POST, path::PAYMENTS, to_the_end(post(payments::charge)))
        .plain(Access::Edge, Method::GET, path::PAYMENT, get(payments::show))
        .plain(Access::Edge, Method::POST, path::REVERSAL, to_the_end(post(payments::reverse)))
        .plain(Access::Edge, Method::POST, path::REFUNDS, to_the_end(post(payments::refund)))
        .plain(Access::Edge, Method::GET, path::REFUND, get(payments::show_refund))
        .plain(
            Access::Edge,
            Method::POST,
            path::REDEMPTIONS,
            to_the_end(post(redemptions::look_up)),
        )
        .plain(Access::Edge, Method::GET, path::REDEMPTION, get(redemptions::show))
        .plain(
            Access::Edge,
            Method::POST,
            path::REDEMPTION_USE,
            to_the_end(post(redemptions::redeem)),
        )
        .plain(
            Access::Edge,
            Method::POST,
            path::REDEMPTION_REVERSAL,
            to_the_end(post(redemptions::reverse)),
        )
        .plain(Access::Edge, Method::POST, path::ONLINE_ORDERS, post(online_returns::look))
        .plain(
            Access::Edge,
            Method::POST,
            path::ONLINE_RETURNS,
            to_the_end(post(online_returns::take_back)),
        )
}

fn shops(table: Table) -> Table {
    const ORDER: &str = "/shop/v1/orders/{order}";
    const CANCELLATION: &str = "/shop/v1/orders/{order}/cancellation";
    const REFUND: &str = "/shop/v1/orders/{order}/refunds/{refund}";
    table
        .plain(Access::Shop, Method::POST, "/shop/v1/quotes", post(shop::quote))
        .plain(Access::Shop, Method::POST, "/shop/v1/orders", post(shop::place))
        .plain(Access::Shop, Method::GET, ORDER, get(shop::show))
        .plain(Access::Shop, Method::POST, CANCELLATION, post(shop::cancel))
        .plain(Access::Shop, Method::POST, REFUND, post(shop::refunded))
}

fn staff(table: Table) -> Table {
    table
        .documented(Access::Staff, routes!(hq::metrics))
        .documented(Access::Staff, routes!(hq::list_stores))
        .documented(Access::Staff, routes!(hq::list_orders))
        .documented(Access::Staff, routes!(hq::show_order))
        .documented(Access::Staff, routes!(hq::show_day))
        .documented(Access::Staff, routes!(hq::list_items))
        .documented(Access::Staff, routes!(hq::list_troubles))
        .documented(Access::Staff, routes!(hq::list_drifts))
        .documented(Access::Staff, routes!(rules::show_rules))
        .documented(RULES, routes!(rules::save_rules))
        .documented(Access::Staff, routes!(rules::list_rules))
        .documented(Access::Staff, routes!(rules::check_rules))
        .documented(Access::Staff, routes!(rules::make_quote))
        .documented(Access::Staff, routes!(settings::show_all))
        .documented(SETTINGS, routes!(settings::save_all))
        .documented(Access::Staff, routes!(settings::list_all))
        .documented(Access::Staff, routes!(settings::show_schema))
        .documented(Access::Staff, routes!(settings::show_store))
        .documented(SETTINGS, routes!(settings::save_store))
        .documented(Access::Staff, routes!(settings::list_store))
        .documented(Access::Staff, routes!(settings::show_in_force))
        .documented(Access::Staff, routes!(settings::preview))
        .documented(Access::Staff, routes!(pictures::list_pictures))
        .documented(SETTINGS, routes!(pictures::add_picture))
        .documented(Access::Staff, routes!(pictures::show_picture))
        .documented(SETTINGS, routes!(pictures::remove_picture))
        .documented(Access::Staff, routes!(states::show_me))
        .documented(Access::Staff, routes!(states::list_store_troubles))
        .documented(Access::Staff, routes!(states::list_states))
        .documented(Access::Staff, routes!(states::list_days))
        .documented(Access::Staff, routes!(commands::list_all_commands))
        .documented(Access::Staff, routes!(commands::list_commands))
        .documented(SETTINGS, routes!(commands::give_command))
        .documented(SETTINGS, routes!(commands::give_group_command))
        .documented(Access::Staff, routes!(groups::list_groups))
        .documented(Access::Staff, routes!(groups::show_group))
        .documented(SETTINGS, routes!(groups::save_group, groups::remove_group))
        .documented(Access::Staff, routes!(groups::show_group_settings))
        .documented(SETTINGS, routes!(groups::save_group_settings))
        .documented(Access::Staff, routes!(groups::list_group_settings))
        .documented(Access::Staff, routes!(groups::show_groups_of_store))
        .documented(Access::Staff, routes!(settings::show_standing))
        .documented(Access::Staff, routes!(settings::list_standings))
        .documented(Access::Staff, routes!(payments::list_payments))
        .documented(Access::Staff, routes!(redemptions::list_redemptions))
        .documented(Access::Staff, routes!(stock::list_stock))
        .documented(Access::Staff, routes!(stock::list_pickup_cases))
        .documented(Access::Staff, routes!(online_returns::list_online_returns))
        .documented(Access::Staff, routes!(online_returns::list_refunds_due))
}

fn members(table: Table) -> Table {
    table
        .documented(Access::Staff, routes!(members::list_members))
        .documented(Access::Staff, routes!(members::show_member))
        .documented(MEMBERS, routes!(members::put_member, members::remove_member))
        .documented(Access::Staff, routes!(members::find_member))
        .documented(MEMBERS, routes!(members::import_members))
        .documented(MEMBERS, routes!(members::adjust_member))
        .documented(MEMBERS, routes!(members::sign_code))
        .documented(MEMBERS, routes!(members::issue_coupons))
}

/// The HQ API's document.
const DOCUMENT: &str = "/hq/v1/openapi.json";

/// The router over a context, and the list of its endpoints.
pub(crate) fn routes(context: &Context) -> (Router, Vec<Endpoint>) {
    let (router, document, mut endpoints) = table(context).finish();
    endpoints.push(of_document());
    let router = router
        .route(DOCUMENT, get(move || std::future::ready(Json(document.clone()))))
        .fallback(open::nothing)
        .method_not_allowed_fallback(|| std::future::ready(Problem::of(METHOD_NOT_ALLOWED)))
        // Bodies are read with limits of their own, in the guards and handlers.
        .layer(DefaultBodyLimit::disable())
        .with_state(context.clone());
    (router, endpoints)
}

fn of_document() -> Endpoint {
    Endpoint { method: Method::GET, path: DOCUMENT.to_owned(), access: Access::Anyone }
}

/// Every endpoint with who may call it, one a line, by path.
pub(crate) fn access(context: &Context) -> String {
    let (_, _, mut endpoints) = table(context).finish();
    endpoints.push(of_document());
    endpoints.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    endpoints.iter().map(|endpoint| format!("{endpoint}\n")).collect()
}

/// The HQ API's document, and the router beside it.
#[cfg(test)]
pub(super) fn documented(context: &Context) -> (Router, utoipa::openapi::OpenApi) {
    let (_, document, _) = table(context).finish();
    (routes(context).0, document)
}

/// The HQ API's document as JSON text.
pub(crate) fn document(context: &Context) -> String {
    let (_, document, _) = table(context).finish();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use axum::{
        body::{Body, to_bytes},
        http::{HeaderName, Request, header::AUTHORIZATION},
    };
    use domain::id::EdgeId;
    use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
    use sync::{
        signature::{self, Signed},
        wire::StoreV1,
    };
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        Clock, Config,
        db::{
            self,
            edges::{self, EdgeRow},
            staff::Rights,
        },
        fleet,
    };

    const RIGHTS: [Right; 3] = [Right::SaveRules, Right::SaveSettings, Right::ManageMembers];

    async fn context(folder: &tempfile::TempDir) -> Context {
        let clock = Clock::ByHand(std::sync::Arc::new(AtomicI64::new(1)));
        Context::open(&Config { clock, ..Config::new(folder.path()) }).await.unwrap()
    }

    /// Somebody who calls.
    enum Caller {
        /// With this header, or none.
        Header(Option<(HeaderName, String)>),
        /// A node of a store, with its key.
        Edge(EdgeId, Vec<u8>),
    }

    impl Caller {
        fn with_token(token: &str) -> Self {
            Self::Header(Some((AUTHORIZATION, format!("Bearer {token}"))))
        }

        fn signed(header: &str) -> Self {
            Self::Header(Some((HeaderName::from_static(signature::HEADER), header.to_owned())))
        }

        /// The status, and the kind of problem if it is one.
        async fn asks(
            &self,
            context: &Context,
            router: &Router,
            endpoint: &Endpoint,
        ) -> (u16, String) {
            let Endpoint { method, path, .. } = endpoint;
            let path = path.replace("{scope}", "catalog").replace(['{', '}'], "");
            let mut request = Request::builder().method(method).uri(&path);
            match self {
                Self::Header(Some((name, value))) => request = request.header(name, value),
                Self::Header(None) => {}
                Self::Edge(id, key) => {
                    let signed = Signed { method: method.as_str(), path: &path, body: b"" };
                    let made = signature::sign(key, *id, context.now(), 7, signed).unwrap();
                    request = request.header(signature::HEADER, made);
                }
            }
            let request = request.body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let kind = problem.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
            (status, kind.trim_start_matches("/problems/").to_owned())
        }
    }

    /// Walks the whole table: who shows nothing gets in only where anyone may.
    #[tokio::test]
    async fn every_endpoint_keeps_out_who_shows_nothing_that_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (router, endpoints) = routes(&context);
        assert!(endpoints.len() >= 15);
        let basic = Caller::Header(Some((AUTHORIZATION, "Basic eDp5".to_owned())));
        let wrong = [
            Caller::Header(None),
            Caller::with_token("guitai_hq_00"),
            basic,
            Caller::signed("x;1;2;ff"),
            Caller::signed("00000000-0000-0000-0000-000000000007;1;2;ff"),
        ];
        for endpoint in &endpoints {
            for caller in &wrong {
                let (status, kind) = caller.asks(&context, &router, endpoint).await;
                let is_kept_out = status == 401;
                let is_for_anyone = endpoint.access == Access::Anyone;
                assert_eq!(is_kept_out, !is_for_anyone, "{endpoint}: {status} {kind}");
            }
        }
    }

    async fn edge(context: &Context) -> Caller {
        let store = serde_json::json!({ "code": "SH001", "name": "滨江店" });
        let store: StoreV1 = serde_json::from_value(store).unwrap();
        let (store, _) = fleet::add_store(context, &store).await.unwrap();
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref().to_vec();
        let row = EdgeRow {
            id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            store,
            public_key: signature::public_key(&key).unwrap(),
            epoch: 1,
            enrolled_at: context.now(),
            is_revoked: false,
        };
        let mut tx = context.db().write("enrol").await.unwrap();
        edges::insert(&mut tx, &row).await.unwrap();
        db::commit(tx, "enrol").await.unwrap();
        Caller::Edge(row.id, key)
    }

    async fn holder(context: &Context, right: Option<Right>) -> Caller {
        let rights = Rights {
            may_save_rules: right == Some(Right::SaveRules),
            may_save_settings: right == Some(Right::SaveSettings),
            may_manage_members: right == Some(Right::ManageMembers),
        };
        let token = fleet::add_staff(context, &format!("{right:?}"), rights).await.unwrap();
        Caller::with_token(&token)
    }

    /// Walks the whole table with everybody's own key or token: what an endpoint is declared to be is
    /// what it is.
    #[tokio::test]
    async fn every_endpoint_lets_in_those_it_is_for_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (router, endpoints) = routes(&context);
        let shop = fleet::add_shop(&context, "shop").await.unwrap();
        let mut callers = vec![
            (Access::Edge, edge(&context).await),
            (Access::Shop, Caller::with_token(&shop)),
            (Access::Staff, holder(&context, None).await),
        ];
        for right in RIGHTS {
            callers.push((Access::Keeper(right), holder(&context, Some(right)).await));
        }
        for endpoint in &endpoints {
            for (is, caller) in &callers {
                let (status, kind) = caller.asks(&context, &router, endpoint).await;
                let is_of_hq = matches!(is, Access::Staff | Access::Keeper(_));
                let expected = match endpoint.access {
                    Access::Anyone => "in",
                    Access::Staff if is_of_hq => "in",
                    needed if needed == *is => "in",
                    Access::Keeper(_) if is_of_hq => "read-only",
                    Access::Staff | Access::Keeper(_) | Access::Edge | Access::Shop => "unknown",
                };
                let found = match (status, kind.as_str()) {
                    (401, _) => "unknown",
                    (403, "read-only") => "read-only",
                    _ => "in",
                };
                assert_eq!(found, expected, "{endpoint}: {status} {kind}, called by {is:?}");
            }
        }
    }

    /// What changes something in HQ's name is declared with the right that it needs; these change
    /// nothing.
    #[tokio::test]
    async fn whoever_only_reads_changes_nothing() {
        const KEEP_NOTHING: [&str; 4] = [
            "/hq/v1/members/search",
            "/hq/v1/quotes",
            "/hq/v1/rules/checks",
            "/hq/v1/stores/{code}/settings/preview",
        ];
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (_, endpoints) = routes(&context);
        let is_for_readers = |e: &&Endpoint| e.access == Access::Staff && e.method != Method::GET;
        let mut found: Vec<String> =
            endpoints.iter().filter(is_for_readers).map(|e| e.path.clone()).collect();
        found.sort();
        assert_eq!(found, KEEP_NOTHING);
        let is_open = |e: &&Endpoint| e.access == Access::Anyone && e.method != Method::GET;
        let open: Vec<&str> = endpoints.iter().filter(is_open).map(|e| e.path.as_str()).collect();
        assert_eq!(open, [path::ENROLMENTS]);
    }

    #[tokio::test]
    async fn every_documented_endpoint_is_hqs_and_every_one_of_hqs_is_documented() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (_, document, endpoints) = table(&context).finish();
        let documented: Vec<&String> = document.paths.paths.keys().collect();
        let mut staff: Vec<&String> = endpoints
            .iter()
            .filter(|endpoint| matches!(endpoint.access, Access::Staff | Access::Keeper(_)))
            .map(|endpoint| &endpoint.path)
            .collect();
        staff.sort();
        // A path with several methods is documented once.
        staff.dedup();
        assert_eq!(documented, staff);
    }

    #[tokio::test]
    async fn the_committed_list_is_what_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let committed = include_str!("../../access.txt");
        assert!(committed == access(&context), "mall/access.txt is stale: make openapi");
    }
}
