//! A shopper's phone without a phone: what it may call, and what it is told.
//!
//! **Invariant:** it knows only what the QR on a screen and the node's answers say.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    till::{Answer, Till, answer, http},
    view::{DisplayLine, Money},
    wait::{PATIENCE, until},
};

/// A cart on a phone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PhoneCart {
    /// Things in it.
    pub pieces: u32,
    /// Its lines.
    pub lines: Vec<PhoneLine>,
    /// What it would cost.
    pub total: Money,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PhoneLine {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// What it would cost.
    pub amount: Money,
}

/// What is shown to a till.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Shown {
    /// Four digits.
    pub digits: String,
    /// What the QR says.
    pub ticket: String,
}

/// Where a cart went.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TakenIn {
    /// The workstation's name.
    pub workstation: String,
}

/// A phone's screen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PhoneView {
    /// Its cart.
    pub cart: Option<PhoneCart>,
    /// What it shows to a till.
    pub code: Option<Shown>,
    /// The till that took it in.
    pub taken: Option<TakenIn>,
}

impl PhoneView {
    /// The cart.
    ///
    /// # Errors
    /// When it has none.
    pub fn cart(&self) -> Result<&PhoneCart> {
        self.cart.as_ref().context("the phone has no cart")
    }
}

/// A variant of an item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Variant {
    /// 货号.
    pub sku: String,
}

/// An item as a phone shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PhoneItem {
    /// 货号.
    pub sku: String,
    /// What one costs.
    pub line: DisplayLine,
    /// All of its style.
    pub variants: Vec<Variant>,
}

/// A shopper's phone.
#[derive(Clone, Debug)]
pub struct Phone {
    base: String,
    cookie: Option<String>,
}

impl Phone {
    /// A phone that has not joined, on the network of the daemon at `base`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), cookie: None }
    }

    /// A phone whose owner scanned the QR on the idle display of a workstation.
    ///
    /// # Errors
    /// When the display shows none, or the store does not let it in.
    pub async fn joined_at(base: impl Into<String>, till: &Till) -> Result<Self> {
        let mut phone = Self::new(base);
        let token = token_on(till).await?;
        phone.join(&token).await?.done::<PhoneView>()?;
        Ok(phone)
    }

    /// Joins with what a screen showed, and keeps the cookie.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn join(&mut self, token: &str) -> Result<Answer> {
        let body = json!({ "token": token });
        let answer = self.call(Method::POST, "/session", Some(body)).await?;
        if let Some(cookie) = &answer.cookie {
            self.cookie = Some(cookie.clone());
        }
        Ok(answer)
    }

    /// Carries another cookie from now on.
    pub fn pretend(&mut self, cookie: &str) {
        self.cookie = Some(cookie.to_owned());
    }

    /// What it carries.
    #[must_use]
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Asks, by the path under `/api/v1/phone`, and gives the answer whatever it says.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let mut request = http()?.request(method, format!("{}/api/v1/phone{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        answer(request.header("accept-language", "zh-CN")).await
    }

    /// What its screen shows.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn view(&self) -> Result<PhoneView> {
        self.call(Method::GET, "/view", None).await?.done()
    }

    /// Looks a code up.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn item(&self, code: &str) -> Result<Answer> {
        self.call(Method::GET, &format!("/item?code={code}"), None).await
    }

    /// Puts one of what has this code into the cart.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn add(&self, code: &str) -> Result<Answer> {
        self.add_as(Uuid::now_v7(), code, None).await
    }

    /// The same with an id and a number of its own.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn add_as(&self, id: Uuid, code: &str, milli: Option<i64>) -> Result<Answer> {
        let body = json!({ "id": id, "code": code, "quantity_milli": milli });
        self.call(Method::POST, "/cart/lines", Some(body)).await
    }

    /// Sets how many there are of a line.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn count(&self, line: Uuid, milli: i64) -> Result<Answer> {
        let body = json!({ "id": Uuid::now_v7(), "quantity_milli": milli });
        self.call(Method::PATCH, &format!("/cart/lines/{line}"), Some(body)).await
    }

    /// Takes a line out.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn remove(&self, line: Uuid) -> Result<Answer> {
        let path = format!("/cart/lines/{line}?id={}", Uuid::now_v7());
        self.call(Method::DELETE, &path, None).await
    }

    /// Shows the cart to a till.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn show(&self) -> Result<Shown> {
        let body = json!({ "id": Uuid::now_v7() });
        let view: PhoneView = self.call(Method::POST, "/cart/code", Some(body)).await?.done()?;
        view.code.context("the phone shows no code")
    }
}

/// The token on the idle display of a workstation.
///
/// # Errors
/// When it shows none.
pub async fn token_on(till: &Till) -> Result<String> {
    let link = until("the display to show a QR for phones", PATIENCE, async || {
        Ok(till.display().await?.join)
    });
    let link = link.await?;
    let (_, token) = link.split_once("?j=").context("the link has no token")?;
    Ok(token.to_owned())
}
