//! A manager at the console, without a page: what it may call, and what it is told.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    events::Events,
    till::{Answer, answer, http},
    wait::{PATIENCE, until},
};

/// Somebody at the console of the daemon at `base`.
#[derive(Clone, Debug)]
pub struct Manager {
    base: String,
    cookie: Option<String>,
}

impl Manager {
    /// Nobody yet.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), cookie: None }
    }

    /// A request under `/api/v1/console` with the session's cookie.
    ///
    /// # Errors
    /// When the client cannot be set up.
    pub fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder> {
        let url = format!("{}/api/v1/console{path}", self.base);
        let mut request = http()?.request(method, url).header("accept-language", "zh-CN");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        Ok(request)
    }

    /// Asks, and gives the answer whatever it says.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let mut request = self.request(method, path)?;
        if let Some(body) = &body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// Signs in and keeps the session.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn sign_in(&mut self, operator: &str, pin: &str) -> Result<Answer> {
        let body = json!({ "operator": operator, "pin": pin });
        let answer = self.call(Method::POST, "/session", Some(body)).await?;
        if answer.status == 200 {
            self.cookie.clone_from(&answer.cookie);
        }
        Ok(answer)
    }

    /// Reads something.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn read(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await?.done()
    }

    /// Waits until the overview is like that.
    ///
    /// # Errors
    /// When it never is.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        until(what, PATIENCE, async || Ok(Some(self.read("/overview").await?).filter(&is_so))).await
    }

    /// The first thing that waits for a manager.
    ///
    /// # Errors
    /// When nothing ever does.
    pub async fn waiting(&self) -> Result<Value> {
        let overview = self.until("a till to ask", |v| v.pointer("/waiting/0").is_some()).await?;
        overview.pointer("/waiting/0").cloned().context("nothing waits")
    }

    /// Allows or denies what a till asked for.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn decide(&self, approval: &Value, allowed: bool) -> Result<Answer> {
        let id = approval.get("id").and_then(Value::as_str).context("an approval without an id")?;
        let path = format!("/approvals/{id}/decision");
        self.call(Method::POST, &path, Some(json!({ "allowed": allowed }))).await
    }

    /// Prints a receipt again.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn reprint(&self, order: Uuid) -> Result<Answer> {
        let body = json!({ "id": Uuid::now_v7() });
        self.call(Method::POST, &format!("/orders/{order}/receipts"), Some(body)).await
    }

    /// Follows the overview.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn follow(&self) -> Result<Events> {
        Events::open(self.request(Method::GET, "/stream")?).await
    }
}
