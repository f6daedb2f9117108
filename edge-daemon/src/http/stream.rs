//! Views as they change: server-sent events, each the whole view, the newest only.
//!
//! A browser reconnects by itself, a missed event costs nothing, and `curl -N` can read it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::sse::{Event, Sse},
};
use domain::receipt_number::WorkstationNumber;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::{sync::watch, time::interval};
use tokio_util::sync::CancellationToken;

use super::{
    App,
    caller::{Display, Peer, operator_at},
    problem::{LanguageQuery, Problem, Wanted},
    view,
};
use crate::screens::{Scene, Watcher};

/// A screen calls 12 s of silence stale; three beats fit in.
const HEARTBEAT: Duration = Duration::from_secs(4);

/// What a stream waits for.
struct Feed<D> {
    scenes: watch::Receiver<Arc<Scene>>,
    pulse: watch::Receiver<u64>,
    beat: tokio::time::Interval,
    stop: CancellationToken,
    draw: D,
    is_first: bool,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

/// A stream of a workstation's views, drawn anew at each change; it ends when nothing is drawn.
pub(super) fn follow<
    T: Serialize + 'static,
    D: Fn(&Scene) -> Option<(u64, T)> + Send + Sync + 'static,
>(
    app: &App,
    workstation: WorkstationNumber,
    watcher: Watcher,
    draw: D,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<T, D>>, Problem> {
    let unknown = || Problem::plain("workstation-unknown", StatusCode::NOT_FOUND);
    let full = || Problem::plain("too-many-screens", StatusCode::SERVICE_UNAVAILABLE);
    let screens = &app.context.screens;
    let feed = Feed {
        scenes: screens.follow(workstation).ok_or_else(unknown)?,
        pulse: screens.follow_pulse(),
        beat: interval(HEARTBEAT),
        stop: app.stop.clone(),
        draw,
        is_first: true,
        _permit: screens.stream_permit(watcher).ok_or_else(full)?,
    };
    Ok(Sse::new(stream::unfold(feed, next_event)))
}

async fn next_event<
    T: Serialize + 'static,
    D: Fn(&Scene) -> Option<(u64, T)> + Send + Sync + 'static,
>(
    mut feed: Feed<D>,
) -> Option<(Result<Event, Infallible>, Feed<D>)> {
    let is_first = std::mem::take(&mut feed.is_first);
    if is_first {
        feed.beat.reset();
    } else {
        let is_alive = tokio::select! {
            () = feed.stop.cancelled() => return None,
            changed = feed.scenes.changed() => changed.is_ok(),
            changed = feed.pulse.changed() => changed.is_ok(),
            _ = feed.beat.tick() => {
                // A browser drops an event that carries nothing.
                return Some((Ok(Event::default().event("heartbeat").data("alive")), feed));
            }
        };
        if !is_alive {
            return None;
        }
    }
    let scene = Arc::clone(&feed.scenes.borrow_and_update());
    feed.pulse.mark_unchanged();
    let (revision, view) = (feed.draw)(&scene)?;
    // Our own structs always have a JSON form.
    let event = Event::default().event("view").id(revision.to_string()).json_data(view).ok()?;
    Some((Ok(event), feed))
}

/// The operator's view of a workstation as it changes. Anybody; without its session nothing but the
/// sign-in screen.
#[utoipa::path(get, path = "/api/v1/workstations/{number}/view/stream",
    params(("number" = u16, Path), LanguageQuery),
    responses((status = 200, content_type = "text/event-stream", body = view::OperatorView)))]
pub(super) async fn operator_stream(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    peer: Peer,
    Wanted(language): Wanted,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let is_known = peer.is_local || operator_at(&app, &headers, number).is_some();
    let watcher = if is_known { Watcher::Known } else { Watcher::Unknown };
    let of = app.clone();
    follow(&app, number, watcher, move |scene| {
        // Asked anew each time: a session that has ended elsewhere ends here too.
        let who = operator_at(&of, &headers, number);
        let view = view::operator(&of.context, scene, who.as_ref(), language);
        Some((of.context.screens.revision(), view))
    })
}

/// The shopper's view of a workstation as it changes. A display of this box.
#[utoipa::path(get, path = "/api/v1/workstations/{number}/display/stream",
    params(("number" = u16, Path), LanguageQuery),
    responses((status = 200, content_type = "text/event-stream", body = view::CustomerView)))]
pub(super) async fn customer_stream(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    peer: Peer,
    Wanted(language): Wanted,
    _: Display,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let context = Arc::clone(&app.context);
    let watcher = if peer.is_local { Watcher::Known } else { Watcher::Unknown };
    follow(&app, number, watcher, move |scene| {
        Some((context.screens.revision(), view::customer(&context, scene, language)))
    })
}
