//! The only room that says HTTP inwards.
//!
//! | file | what |
//! | --- | --- |
//! | `guard` | host names, origins, sizes, headers: before anything is read |
//! | `caller` | who calls: nobody, an operator, a manager, the box itself |
//! | `problem` | refusals as RFC 9457 documents, in two languages |
//! | `body` | money and commands as they are written |
//! | `view`, `stream` | what screens are told, once and as it changes |
//! | `session`, `workstation`, `rights`, `member`, `items`, `orders`, `sim`, `service` | the endpoints |
//! | `assets` | the screens themselves |
//!
//! **Invariant:** nothing is decided here; a handler reads a request, calls one function of one
//! room, and writes an answer.

mod assets;
mod body;
mod caller;
mod guard;
mod items;
mod member;
mod orders;
mod pickups;
mod problem;
mod rights;
mod service;
mod session;
mod sim;
mod stream;
mod view;
mod workstation;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::context::Context;

/// Everything a handler gets.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) context: Arc<Context>,
    /// Ends streams at shutdown; they would otherwise keep the server open.
    pub(crate) stop: CancellationToken,
    pub(crate) address: SocketAddr,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Guitai edge node",
    description = "What the screens of a store call. Every creating call carries an id made by \
                   its caller; a repeat has no further effect."
))]
struct Document;

/// The endpoints with their description.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(screens())
        .merge(counter())
        .merge(other_houses())
        .merge(buyers())
        .merge(online_orders())
        .merge(lists())
        .merge(simulated())
}

/// Who may sign in, and what screens are told.
fn screens() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(service::version))
        .routes(routes!(session::workstations))
        .routes(routes!(session::operators))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(view::operator_view))
        .routes(routes!(view::customer_view))
        .routes(routes!(stream::operator_stream))
        .routes(routes!(stream::customer_stream))
}

/// What an operator does at the counter.
fn counter() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(workstation::scan))
        .routes(routes!(workstation::count, workstation::void_line))
        .routes(routes!(workstation::void_cart))
        .routes(routes!(workstation::undo))
        .routes(routes!(workstation::to_tender, workstation::to_sell))
        .routes(routes!(workstation::complete))
        .routes(routes!(workstation::leave_done))
        .routes(routes!(workstation::reprint))
        .routes(routes!(workstation::open_drawer))
}

/// What other houses have a say in at the counter.
fn other_houses() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(rights::charge))
        .routes(routes!(rights::query))
        .routes(routes!(rights::reverse))
        .routes(routes!(rights::look_up))
        .routes(routes!(rights::choose))
        .routes(routes!(rights::take_off))
        .routes(routes!(rights::undo_order))
}

/// Who buys, and what is theirs.
fn buyers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(member::identify, member::forget))
        .routes(routes!(member::set_points))
        .routes(routes!(member::set_balance))
        .routes(routes!(member::add_coupon))
        .routes(routes!(member::take_coupon_off))
}

/// Online orders that wait here.
fn online_orders() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pickups::list))
        .routes(routes!(pickups::open))
        .routes(routes!(pickups::make_ready))
        .routes(routes!(pickups::prove))
        .routes(routes!(pickups::hand_over))
        .routes(routes!(pickups::close))
}

/// What is looked up.
fn lists() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(items::find))
        .routes(routes!(orders::list))
        .routes(routes!(orders::one))
        .routes(routes!(orders::receipt))
}

/// The page that plays devices.
fn simulated() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sim::devices))
        .routes(routes!(sim::device_stream))
        .routes(routes!(sim::scan))
        .routes(routes!(sim::printer))
        .routes(routes!(sim::drawer))
        .routes(routes!(sim::tape))
}

/// The OpenAPI document, as it is served and kept under test.
#[must_use]
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    api().split_for_parts().1
}

fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    api.merge(service::router())
        .merge(assets::router())
        .fallback(problem::not_found)
        // A body that does not say how large it is stops here.
        .layer(DefaultBodyLimit::max(guard::BODY_BYTES_MAX))
        .layer(middleware::from_fn(problem::write_out))
        .layer(middleware::from_fn_with_state(app.clone(), guard::check))
        .with_state(app)
}

/// What the operator of a workstation is told, for tests of other rooms.
#[cfg(test)]
pub(crate) fn view_of(
    context: &Context,
    workstation: domain::receipt_number::WorkstationNumber,
) -> serde_json::Value {
    let scene = context.screens.follow(workstation).map(|scene| scene.borrow().clone());
    let who = context.operator("1001");
    let shown = scene
        .map(|scene| view::operator(context, &scene, who.as_ref(), problem::Language::Chinese));
    serde_json::to_value(shown).unwrap_or_default()
}

/// Serves until told to stop.
pub(crate) async fn serve(
    listener: tokio::net::TcpListener,
    address: SocketAddr,
    context: Arc<Context>,
    stop: CancellationToken,
) {
    let app = App { context, stop: stop.clone(), address };
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "The screens' port broke");
    }
}
