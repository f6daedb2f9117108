//! The one holder of Douyin's access token.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::answer::{self, Data};
use crate::{
    Clock,
    http::{self, Ask},
    secret::Secret,
    verdict::{Cause, Otherwise, RefusalCode},
};

/// A token so near its end is not begun with; the old one stays good for five minutes more.
const MARGIN_MS: i64 = 60_000;
/// No token lives longer than a day; the house says two hours.
const LIFE_SECONDS_MAX: i64 = 86_400;
/// However short its life, a token serves this long: else each question would fetch one.
const USE_MS_MIN: i64 = 15_000;
/// A house that gave no token is not asked for one again sooner.
const FAILURE_MS: i64 = 5_000;

/// Fetches a token when there is none, and keeps it: whoever comes while it is being fetched waits
/// for the same one.
pub(super) struct Tokens {
    http: http::Client,
    client_key: String,
    client_secret: Secret,
    clock: Clock,
    shelf: Mutex<Shelf>,
}

/// What the last fetches brought.
#[derive(Default)]
struct Shelf {
    /// Stays until there is another one.
    held: Option<Held>,
    /// When a fetch brought nothing, and why.
    failed: Option<(Timestamp, Otherwise)>,
}

struct Held {
    token: Secret,
    ends: Timestamp,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("client_key", &self.client_key).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    client_key: &'a str,
    client_secret: &'a str,
    grant_type: &'static str,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default, deserialize_with = "answer::whole")]
    expires_in: Option<i64>,
}

impl Tokens {
    pub(super) fn new(
        http: http::Client,
        client_key: String,
        client_secret: Secret,
        clock: Clock,
    ) -> Self {
        Self { http, client_key, client_secret, clock, shelf: Mutex::default() }
    }

    /// The token in force.
    pub(super) async fn current(&self) -> Result<Secret, Otherwise> {
        let mut shelf = self.shelf.lock().await;
        match shelf.held.as_ref() {
            Some(held) if held.ends > (self.clock)() => Ok(held.token.clone()),
            Some(_) | None => self.replace(&mut shelf).await,
        }
    }

    /// Another token than this one, which the house no longer takes; the one that somebody else
    /// fetched meanwhile, if so.
    pub(super) async fn renewed(&self, gone: &Secret) -> Result<Secret, Otherwise> {
        let mut shelf = self.shelf.lock().await;
        match shelf.held.as_ref() {
            Some(held) if held.token != *gone => Ok(held.token.clone()),
            Some(_) | None => self.replace(&mut shelf).await,
        }
    }

    /// Puts another token in the place of the one that is held. Who waited for a fetch that brought
    /// nothing hears the same, rather than ask one after the other.
    async fn replace(&self, shelf: &mut Shelf) -> Result<Secret, Otherwise> {
        let now = (self.clock)();
        if let Some((at, why)) = &shelf.failed
            && (0..FAILURE_MS).contains(&now.ms_since(*at))
        {
            return Err(why.clone());
        }
        match self.fetch().await {
            Ok(held) => {
                let token = held.token.clone();
                *shelf = Shelf { held: Some(held), failed: None };
                Ok(token)
            }
            Err(why) => {
                shelf.failed = Some(((self.clock)(), why.clone()));
                Err(why)
            }
        }
    }

    /// `stable_client_token` gives the same token again while it lives, so a restart of the mall
    /// does not take it from anybody.
    async fn fetch(&self) -> Result<Held, Otherwise> {
        let body = serde_json::to_vec(&Body {
            client_key: &self.client_key,
            client_secret: self.client_secret.reveal(),
            grant_type: "client_credential",
        })
        .map_err(|_| Otherwise::no(RefusalCode::Misconfigured, "not JSON"))?;
        let asked = (self.clock)();
        let ask = Ask::post("/oauth/stable_client_token/", "application/json", body);
        let body = self.http.ask(ask).await?.ok_body()?;
        let granted: Granted = match answer::read(&body, answer::plain) {
            Data::Yes(granted) => granted,
            Data::Otherwise(otherwise) => return Err(otherwise),
            Data::TokenGone => return Err(Otherwise::silence(Cause::Unreadable, "token")),
        };
        // It goes into a header.
        let is_token = !granted.access_token.is_empty()
            && granted.access_token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token {
            return Err(Otherwise::silence(Cause::Unreadable, "token"));
        }
        let life_ms = granted.expires_in.unwrap_or(0).clamp(0, LIFE_SECONDS_MAX) * 1_000;
        let ends = asked.plus_ms((life_ms - MARGIN_MS).max(life_ms.min(USE_MS_MIN)));
        Ok(Held { token: Secret::new(granted.access_token), ends })
    }
}
