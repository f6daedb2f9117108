//! A stream of server-sent events, read as a browser reads it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::{Instant, timeout, timeout_at};

use crate::wait::PATIENCE;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name, e.g. `view` or `heartbeat`.
    pub name: String,
    /// Its id, or nothing.
    pub id: String,
    /// What it carries.
    pub data: String,
}

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    rest: Vec<u8>,
}

impl Events {
    /// Opens it.
    ///
    /// # Errors
    /// When nobody answers, or something else than a stream.
    pub async fn open(request: reqwest::RequestBuilder) -> Result<Self> {
        let response = timeout(PATIENCE, request.send()).await.context("nobody answers")?;
        let response = response.context("nobody answers")?;
        ensure!(response.status().is_success(), "no stream: {}", response.status());
        Ok(Self { response, rest: Vec::new() })
    }

    /// The next event.
    ///
    /// # Errors
    /// When none comes within `limit`, or the stream ends.
    pub async fn next(&mut self, limit: Duration) -> Result<Event> {
        let end = Instant::now() + limit;
        loop {
            if let Some(event) = self.take() {
                return Ok(event);
            }
            let chunk = timeout_at(end, self.response.chunk()).await;
            let chunk = chunk.with_context(|| format!("no event within {} s", limit.as_secs()))?;
            match chunk.context("the stream broke off")? {
                Some(bytes) => self.rest.extend_from_slice(&bytes),
                None => bail!("the stream ended"),
            }
        }
    }

    /// The next event that fits.
    ///
    /// # Errors
    /// When none comes within `limit`, or the stream ends.
    pub async fn next_where(
        &mut self,
        limit: Duration,
        fits: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        let end = Instant::now() + limit;
        loop {
            let event = self.next(end.saturating_duration_since(Instant::now())).await?;
            if fits(&event) {
                return Ok(event);
            }
        }
    }

    /// Takes a whole event off what has come.
    fn take(&mut self) -> Option<Event> {
        let end = self.rest.windows(2).position(|pair| pair == b"\n\n")?;
        let text: Vec<u8> = self.rest.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&text).into_owned();
        let member = |name: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            lines
                .map(|value| value.strip_prefix(' ').unwrap_or(value))
                .collect::<Vec<_>>()
                .join("\n")
        };
        Some(Event { name: member("event"), id: member("id"), data: member("data") })
    }
}
