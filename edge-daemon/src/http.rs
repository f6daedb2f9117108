//! The only room that says HTTP inwards.
//!
//! | file | what |
//! | --- | --- |
//! | `routes`, `table` | every endpoint with who may call it |
//! | `guard` | host names, origins, sizes, headers: before anything is read |
//! | `caller` | who calls: nobody, an operator, a manager, a kiosk, the box itself |
//! | `problem` | refusals as RFC 9457 documents, in two languages |
//! | `body` | money and commands as they are written |
//! | `view`, `stream` | what screens are told, once and as it changes |
//! | `console`, `approvals` | the manager's console, and what a till asks it for |
//! | `session`, `workstation`, `rights`, `member`, `items`, `orders`, `pickups`, `online_returns`, `shelf`, `kiosk`, `phone`, `settings`, `sim`, `service` | the endpoints |
//! | `assets` | the screens themselves |
//! | `rooms` | how many come in through each door, and how long they may take |
//! | `portal` | what guests of the Wi-Fi reach, on listeners of their own |
//!
//! **Invariant:** nothing is decided here; a handler reads a request, calls one function of one
//! room, and writes an answer.

mod approvals;
mod assets;
#[cfg(test)]
mod at_the_doors;
#[cfg(test)]
mod bent;
mod body;
mod caller;
mod console;
mod elsewhere;
mod guard;
mod items;
mod kiosk;
mod member;
mod metrics;
mod online_returns;
mod orders;
mod phone;
mod pickups;
pub(crate) mod portal;
mod problem;
mod rights;
mod rooms;
mod routes;
mod service;
mod session;
mod settings;
mod shelf;
mod sim;
mod stream;
mod table;
mod view;
mod workstation;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, later};

pub(crate) use routes::{access, openapi};
pub(crate) use table::Door;
pub(crate) use view::{state_of, views_are_made};

/// Everything a handler gets.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) context: Arc<Context>,
    /// Ends streams at shutdown; they would otherwise keep the server open.
    pub(crate) stop: CancellationToken,
    pub(crate) address: SocketAddr,
}

fn router(door: Door, app: App) -> Router {
    let (router, _) = routes::routes(door);
    router
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

/// Opens a door as soon as its address is there, and serves it until told to stop.
pub(crate) async fn open(
    door: Door,
    at: SocketAddr,
    context: Arc<Context>,
    stop: CancellationToken,
) {
    if let Some(listener) = later::listen(at, &stop).await {
        serve(door, listener, context, stop).await;
    }
}

/// Serves a door until told to stop.
pub(crate) async fn serve(
    door: Door,
    listener: tokio::net::TcpListener,
    context: Arc<Context>,
    stop: CancellationToken,
) {
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => {
            tracing::error!(%error, ?door, "A door has no address");
            return;
        }
    };
    tracing::info!(%address, ?door, "A door is open");
    let room = match door {
        Door::Box => rooms::BOX,
        Door::Lan => rooms::LAN,
        Door::Phones => rooms::PHONES,
    };
    let app = App { context, stop: stop.clone(), address };
    doorway::serve(listener, room, doorway::Plain, router(door, app), stop).await;
}
