//! Time by hand for a command on the stage: a browser waits for no quarter of a minute and no hour.
//!
//! | request | does |
//! | --- | --- |
//! | `POST /` `{seconds}` | lets so much time pass for store, mall and houses, once nobody is asking a house |
//!
//! **Invariant:** it is never reached from a page of another origin: what changes something is JSON,
//! which another page may not send.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::Mutex,
    task::{JoinHandle, spawn_blocking},
};

use crate::houses::Town;

/// Somebody who turns the clocks of a town, until they are let go.
#[derive(Debug)]
pub struct Hours {
    url: String,
    town: Arc<Mutex<Town>>,
    listening: JoinHandle<()>,
}

impl Hours {
    /// Lets somebody turn the clocks of a town.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn of(town: Town) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port")?;
        let url = format!("http://{}", listener.local_addr().context("no address")?);
        let town = Arc::new(Mutex::new(town));
        let router = Router::new().route("/", post(pass)).with_state(Arc::clone(&town));
        let listening = tokio::spawn(async move {
            // It ends with its task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, town, listening })
    }

    /// Where to ask.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Does something with the town while its time goes by itself.
    ///
    /// # Errors
    /// When that fails.
    pub async fn with<T>(&self, work: impl AsyncFnOnce(&mut Town) -> Result<T>) -> Result<T> {
        work(&mut *self.town.lock().await).await
    }
}

impl Drop for Hours {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Debug, Deserialize)]
struct Wait {
    seconds: u32,
}

async fn pass(State(town): State<Arc<Mutex<Town>>>, Json(wait): Json<Wait>) -> Response {
    // Waiting for a turn between two questions borrows what no task may take along.
    let passing = move || {
        Handle::current().block_on(async { town.lock().await.let_pass(wait.seconds).await })
    };
    match spawn_blocking(passing).await.context("it was given up").flatten() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}
