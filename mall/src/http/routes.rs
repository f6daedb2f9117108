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
    download, edge, elsewhere, hq, members, online_returns, open, page, payments,
    problem::{INTERNAL, METHOD_NOT_ALLOWED, Problem},
    redemptions, rules, settings, shop, stock,
    table::{Access, Endpoint, Table},
};
use crate::context::Context;

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

fn table(context: &Context) -> Table {
    let table = Table::new(context.clone(), Document::openapi());
    members(staff(page(shops(rights(edges(table))))))
        .plain(Access::Anyone, Method::GET, "/livez", get(open::livez))
        .plain(Access::Anyone, Method::GET, "/readyz", get(open::readyz))
        .plain(Access::Anyone, Method::GET, "/problems/{slug}", get(open::problem))
}

fn edges(table: Table) -> Table {
    table
        .plain(Access::Anyone, Method::POST, path::ENROLMENTS, post(edge::enrol))
        .plain(Access::Edge, Method::GET, path::HEAD, get(edge::head))
        .plain(Access::Edge, Method::GET, path::FEED, get(edge::feed))
        .plain(Access::Edge, Method::GET, path::SNAPSHOT, get(edge::snapshot))
        .plain(Access::Edge, Method::GET, path::SNAPSHOT_FILE, get(download::snapshot_file))
        .plain(Access::Edge, Method::GET, path::SETTINGS, get(settings::held))
        .plain(Access::Edge, Method::POST, path::SETTINGS_REPORTS, post(settings::report))
        .plain(Access::Edge, Method::POST, path::BATCHES, post(edge::batches))
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
        .plain(Access::Anyone, Method::GET, "/hq/page.css", get(page::style))
        .plain(Access::Anyone, Method::GET, "/hq/page.js", get(page::script))
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
        .documented(Access::Staff, routes!(hq::list_stores))
        .documented(Access::Staff, routes!(hq::list_orders))
        .documented(Access::Staff, routes!(hq::show_order))
        .documented(Access::Staff, routes!(hq::show_day))
        .documented(Access::Staff, routes!(hq::list_items))
        .documented(Access::Staff, routes!(hq::list_troubles))
        .documented(Access::Staff, routes!(hq::list_drifts))
        .documented(Access::Staff, routes!(rules::show_rules, rules::save_rules))
        .documented(Access::Staff, routes!(rules::list_rules))
        .documented(Access::Staff, routes!(rules::check_rules))
        .documented(Access::Staff, routes!(rules::make_quote))
        .documented(Access::Staff, routes!(settings::show_all, settings::save_all))
        .documented(Access::Staff, routes!(settings::list_all))
        .documented(Access::Staff, routes!(settings::show_schema))
        .documented(Access::Staff, routes!(settings::show_store, settings::save_store))
        .documented(Access::Staff, routes!(settings::list_store))
        .documented(Access::Staff, routes!(settings::show_in_force))
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
        .documented(
            Access::Staff,
            routes!(members::show_member, members::put_member, members::remove_member),
        )
        .documented(Access::Staff, routes!(members::find_member))
        .documented(Access::Staff, routes!(members::import_members))
        .documented(Access::Staff, routes!(members::adjust_member))
        .documented(Access::Staff, routes!(members::sign_code))
        .documented(Access::Staff, routes!(members::issue_coupons))
}

/// The HQ API's document.
const DOCUMENT: &str = "/hq/v1/openapi.json";

/// The router over a context, and the list of its endpoints.
pub(crate) fn routes(context: &Context) -> (Router, Vec<Endpoint>) {
    let (router, document, mut endpoints) = table(context).finish();
    let (method, path) = (Method::GET, DOCUMENT.to_owned());
    endpoints.push(Endpoint { method, path, access: Access::Anyone });
    let router = router
        .route(DOCUMENT, get(move || std::future::ready(Json(document.clone()))))
        .fallback(open::nothing)
        .method_not_allowed_fallback(|| std::future::ready(Problem::of(METHOD_NOT_ALLOWED)))
        // Bodies are read with limits of their own, in the guards and handlers.
        .layer(DefaultBodyLimit::disable())
        .with_state(context.clone());
    (router, endpoints)
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

    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{Clock, Config};

    async fn context(folder: &tempfile::TempDir) -> Context {
        let clock = Clock::ByHand(std::sync::Arc::new(AtomicI64::new(1)));
        Context::open(&Config { clock, ..Config::new(folder.path()) }).await.unwrap()
    }

    /// Walks the whole table: who shows nothing gets in only where anyone may.
    #[tokio::test]
    async fn every_endpoint_keeps_out_those_it_is_not_for() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (router, endpoints) = routes(&context);
        assert!(endpoints.len() >= 15);
        for Endpoint { method, path, access } in endpoints {
            let path = path.replace("{scope}", "catalog").replace(['{', '}'], "");
            let with = |header: Option<(&str, &str)>| {
                let mut request = Request::builder().method(&method).uri(&path);
                if let Some((name, value)) = header {
                    request = request.header(name, value);
                }
                router.clone().oneshot(request.body(Body::empty()).unwrap())
            };
            let wrong = [
                None,
                Some(("authorization", "Bearer guitai_hq_00")),
                Some(("authorization", "Basic eDp5")),
                Some((sync::signature::HEADER, "x;1;2;ff")),
                Some((sync::signature::HEADER, "00000000-0000-0000-0000-000000000007;1;2;ff")),
            ];
            for header in wrong {
                let status = with(header).await.unwrap().status().as_u16();
                let is_kept_out = status == 401;
                assert_eq!(is_kept_out, access != Access::Anyone, "{method} {path}: {status}");
            }
        }
    }

    #[tokio::test]
    async fn every_documented_endpoint_is_hqs_and_every_one_of_hqs_is_documented() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder).await;
        let (_, document, endpoints) = table(&context).finish();
        let documented: Vec<&String> = document.paths.paths.keys().collect();
        let mut staff: Vec<&String> = endpoints
            .iter()
            .filter(|endpoint| endpoint.access == Access::Staff)
            .map(|endpoint| &endpoint.path)
            .collect();
        staff.sort();
        // A path with several methods is documented once.
        staff.dedup();
        assert_eq!(documented, staff);
    }
}
