//! The screen of one workstation without a screen: what it may call, and what it is told.
//!
//! **Invariant:** every connection is new, so that a call either reached the daemon that runs now
//! or none; no answer (`Err`) is something else than a refusal (an `Answer`).

use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    events::Events,
    view::{Completed, Display, Problem, View},
    wait::{PATIENCE, until},
};

/// The client that all of this process share.
///
/// # Errors
/// When it cannot be set up.
pub fn http() -> Result<&'static Client> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    // Only plain HTTP is spoken here, but the client wants a provider all the same; another may
    // have been quicker.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("could not set the HTTP client up")?;
    Ok(CLIENT.get_or_init(|| client))
}

/// Something to be asked of the daemon; sent again, it is the same command.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Call {
    /// Any call, by its path under `/api/v1`.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, path: path.into(), body }
    }
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The session's cookie, if one was set.
    pub cookie: Option<String>,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body, if the status says that it was done.
    ///
    /// # Errors
    /// When it was refused, or the body is something else.
    pub fn done<T: DeserializeOwned>(&self) -> Result<T> {
        ensure!((200..300).contains(&self.status), "refused with {}: {}", self.status, self.text);
        serde_json::from_str(&self.text)
            .with_context(|| format!("not what was agreed: {}", self.text))
    }

    /// The refusal with this status and of this kind.
    ///
    /// # Errors
    /// When it is another, or none.
    pub fn refused(&self, status: u16, slug: &str) -> Result<Problem> {
        let problem: Problem = serde_json::from_str(&self.text)
            .with_context(|| format!("no problem document: {} {}", self.status, self.text))?;
        ensure!(
            self.status == status && problem.r#type == format!("/problems/{slug}"),
            "expected {status} {slug}, got {} {}",
            self.status,
            self.text
        );
        Ok(problem)
    }
}

/// Somebody at a workstation.
#[derive(Clone, Debug)]
pub struct Till {
    base: String,
    workstation: u16,
    cookie: Option<String>,
}

impl Till {
    /// The screen of a workstation of the daemon at `base`, e.g. `http://127.0.0.1:7070`.
    #[must_use]
    pub fn new(base: impl Into<String>, workstation: u16) -> Self {
        Self { base: base.into(), workstation, cookie: None }
    }

    /// The same screen after a restart of the browser: nobody is signed in.
    #[must_use]
    pub fn without_session(&self) -> Self {
        Self { cookie: None, ..self.clone() }
    }

    /// Its workstation.
    #[must_use]
    pub const fn workstation(&self) -> u16 {
        self.workstation
    }

    fn at(&self, rest: &str) -> String {
        format!("/workstations/{}{rest}", self.workstation)
    }

    /// A request under `/api/v1` with the session's cookie, to be changed before it is sent.
    ///
    /// # Errors
    /// When the client cannot be set up.
    pub fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder> {
        let mut request = http()?.request(method, format!("{}/api/v1{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        Ok(request.header("accept-language", "zh-CN"))
    }

    /// Asks, and gives the answer whatever it says.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(&self, call: &Call) -> Result<Answer> {
        let mut request = self.request(call.method.clone(), &call.path)?;
        if let Some(body) = &call.body {
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
        let answer = self.call(&Call::new(Method::POST, self.at("/session"), Some(body))).await?;
        if let Some(cookie) = &answer.cookie {
            self.cookie = Some(cookie.clone());
        }
        Ok(answer)
    }

    /// Keeps another cookie beside the session's.
    pub fn keep(&mut self, cookie: &str) {
        let kept = self.cookie.take().map(|known| format!("{known}; {cookie}"));
        self.cookie = Some(kept.unwrap_or_else(|| cookie.to_owned()));
    }

    /// A call that signs out.
    #[must_use]
    pub fn sign_out(&self) -> Call {
        Call::new(Method::DELETE, self.at("/session"), None)
    }

    /// A scan of one.
    #[must_use]
    pub fn scan(&self, text: &str) -> Call {
        self.scan_as(Uuid::now_v7(), text, None)
    }

    /// A scan with a typed or weighed quantity in thousandths.
    #[must_use]
    pub fn scan_many(&self, text: &str, quantity_milli: i64) -> Call {
        self.scan_as(Uuid::now_v7(), text, Some(quantity_milli))
    }

    /// A scan with an id of the caller's.
    #[must_use]
    pub fn scan_as(&self, id: Uuid, text: &str, quantity_milli: Option<i64>) -> Call {
        let mut body = json!({ "id": id, "text": text });
        if let (Some(milli), Some(members)) = (quantity_milli, body.as_object_mut()) {
            members.insert("quantity_milli".to_owned(), milli.into());
        }
        Call::new(Method::POST, self.at("/cart/scans"), Some(body))
    }

    /// Takes a shopper's phone cart in by its four digits.
    #[must_use]
    pub fn take_in(&self, code: &str) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "code": code });
        Call::new(Method::POST, self.at("/cart/phone"), Some(body))
    }

    /// Sets a line's quantity in thousandths.
    #[must_use]
    pub fn count(&self, line: Uuid, quantity_milli: i64) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "quantity_milli": quantity_milli });
        Call::new(Method::PATCH, self.at(&format!("/cart/lines/{line}")), Some(body))
    }

    /// Takes a line off.
    #[must_use]
    pub fn void_line(&self, line: Uuid) -> Call {
        let path = self.at(&format!("/cart/lines/{line}?id={}", Uuid::now_v7()));
        Call::new(Method::DELETE, path, None)
    }

    /// Takes everything off.
    #[must_use]
    pub fn void_cart(&self) -> Call {
        Call::new(Method::DELETE, self.at(&format!("/cart?id={}", Uuid::now_v7())), None)
    }

    /// Takes the last step back.
    #[must_use]
    pub fn undo(&self) -> Call {
        Call::new(Method::POST, self.at("/cart/undo"), Some(json!({ "id": Uuid::now_v7() })))
    }

    /// Goes on to Tender.
    #[must_use]
    pub fn to_tender(&self) -> Call {
        Call::new(Method::PUT, self.at("/tendering"), None)
    }

    /// Goes back to Sell.
    #[must_use]
    pub fn to_sell(&self) -> Call {
        Call::new(Method::DELETE, self.at("/tendering"), None)
    }

    /// Leaves the Done screen.
    #[must_use]
    pub fn leave_done(&self) -> Call {
        Call::new(Method::DELETE, self.at("/done"), None)
    }

    /// Completes a cart with cash; `fen` of nothing is no tender.
    #[must_use]
    pub fn complete(&self, order: Uuid, revision: u64, fen: i64) -> Call {
        let cash = json!({ "kind": "cash", "amount": { "amount": fen, "currency": "CNY" } });
        let tenders = if fen == 0 { vec![] } else { vec![cash] };
        let body = json!({ "order_id": order, "cart_revision": revision, "tenders": tenders });
        Call::new(Method::POST, self.at("/orders"), Some(body))
    }

    /// Charges a payment code with a part of what is left, or all of it.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn charge(&self, view: &View, code: &str, fen: Option<i64>) -> Result<Call> {
        let cart = view.cart.as_ref().context("nobody is signed in")?;
        let amount = fen.map(|fen| json!({ "amount": fen, "currency": "CNY" }));
        let body = json!({
            "id": Uuid::now_v7(), "order_id": cart.order_id, "cart_revision": cart.revision,
            "code": code, "amount": amount,
        });
        Ok(Call::new(Method::POST, self.at("/payments"), Some(body)))
    }

    /// Asks where a payment stands (查询).
    #[must_use]
    pub fn query(&self, payment: Uuid) -> Call {
        Call::new(Method::POST, self.at(&format!("/payments/{payment}/query")), None)
    }

    /// Takes a payment off (撤销).
    #[must_use]
    pub fn reverse(&self, payment: Uuid) -> Call {
        let body = json!({ "id": Uuid::now_v7() });
        Call::new(Method::POST, self.at(&format!("/payments/{payment}/reversal")), Some(body))
    }

    /// Types a coupon or voucher of this house in.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn look_up(&self, view: &View, issuer: &str, code: &str) -> Result<Call> {
        let mut call = self.look_up_anyones(view, code)?;
        if let Some(body) = &mut call.body {
            body["issuer"] = json!(issuer);
        }
        Ok(call)
    }

    /// The same as a screen does it: whose it is, nobody says.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn look_up_anyones(&self, view: &View, code: &str) -> Result<Call> {
        let cart = view.cart.as_ref().context("nobody is signed in")?;
        let body = json!({ "id": Uuid::now_v7(), "order_id": cart.order_id, "code": code });
        Ok(Call::new(Method::POST, self.at("/redemptions"), Some(body)))
    }

    /// Chooses how many of the first offer shall be used.
    #[must_use]
    pub fn choose(&self, redemption: Uuid, count: u32) -> Call {
        let path = self.at(&format!("/redemptions/{redemption}/choice"));
        Call::new(Method::POST, path, Some(json!({ "offer": 0, "count": count })))
    }

    /// Takes a coupon or voucher off.
    #[must_use]
    pub fn take_off(&self, redemption: Uuid) -> Call {
        let path = self.at(&format!("/redemptions/{redemption}?id={}", Uuid::now_v7()));
        Call::new(Method::DELETE, path, None)
    }

    /// Takes the member off.
    #[must_use]
    pub fn forget(&self) -> Call {
        Call::new(Method::DELETE, self.at(&format!("/member?id={}", Uuid::now_v7())), None)
    }

    /// Says who buys.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn identify(&self, view: &View, code: &str) -> Result<Call> {
        let cart = view.cart.as_ref().context("nobody is signed in")?;
        let body = json!({ "id": Uuid::now_v7(), "order_id": cart.order_id, "code": code });
        Ok(Call::new(Method::POST, self.at("/member"), Some(body)))
    }

    /// Sets with how many points the member pays.
    #[must_use]
    pub fn use_points(&self, points: i64) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "points": points });
        Call::new(Method::PUT, self.at("/member/points"), Some(body))
    }

    /// Sets with how much of their balance the member pays.
    #[must_use]
    pub fn use_balance(&self, fen: i64) -> Call {
        let amount = json!({ "amount": fen, "currency": "CNY" });
        let body = json!({ "id": Uuid::now_v7(), "amount": amount });
        Call::new(Method::PUT, self.at("/member/balance"), Some(body))
    }

    /// The receipt of an order as rows.
    #[must_use]
    pub fn receipt(&self, order: Uuid) -> Call {
        Call::new(Method::GET, format!("/orders/{order}/receipt"), None)
    }

    /// Undoes an order (整单作废).
    #[must_use]
    pub fn undo_order(&self, order: Uuid, reason: &str) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "reason": reason });
        Call::new(Method::POST, self.at(&format!("/orders/{order}/post-void")), Some(body))
    }

    /// Waits until the view is like that.
    ///
    /// # Errors
    /// When it never is.
    pub async fn until(&self, what: &str, is_so: impl Fn(&View) -> bool) -> Result<View> {
        let found = until(what, PATIENCE, async || Ok(Some(self.view().await?).filter(&is_so)));
        match found.await {
            Ok(view) => Ok(view),
            Err(error) => {
                let view = self.view().await?;
                let shown = format!("{} with {:?}, {:?}", view.phase, view.cart, view.rights);
                Err(error.context(format!("the screen shows {shown}")))
            }
        }
    }

    /// Sends a command, and waits until every house that was asked for it what something is worth has
    /// said.
    ///
    /// # Errors
    /// When nobody answers, or a house is never heard.
    pub async fn call_through(&self, call: &Call) -> Result<Answer> {
        let answer = self.call(call).await?;
        self.until_said().await?;
        Ok(answer)
    }

    /// The same, and reads the view by then.
    ///
    /// # Errors
    /// When it is refused, nobody answers, or a house is never heard.
    pub async fn done_through(&self, call: &Call) -> Result<View> {
        self.call(call).await?.done::<View>()?;
        self.until_said().await
    }

    async fn until_said(&self) -> Result<View> {
        let has_said = |view: &View| view.rights.as_ref().is_none_or(|r| r.looking_up.is_empty());
        self.until("what other houses say", has_said).await
    }

    /// Opens the drawer without an order.
    #[must_use]
    pub fn open_drawer(&self, reason: &str) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "reason": reason });
        Call::new(Method::POST, self.at("/drawer/openings"), Some(body))
    }

    /// Prints a receipt again.
    #[must_use]
    pub fn reprint(&self, order: Uuid) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "order_id": order });
        Call::new(Method::POST, self.at("/receipts"), Some(body))
    }

    /// Asks, and reads the view that a command answers with.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn done(&self, call: &Call) -> Result<View> {
        self.call(call).await?.done()
    }

    /// The operator's view.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn view(&self) -> Result<View> {
        self.done(&Call::new(Method::GET, self.at("/view"), None)).await
    }

    /// The shopper's view.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn display(&self) -> Result<Display> {
        self.call(&Call::new(Method::GET, self.at("/display"), None)).await?.done()
    }

    /// Pays what is on the counter with this much cash, as the view shows it now.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn pay(&self, view: &View, fen: i64) -> Result<Completed> {
        let cart = view.cart.as_ref().context("nobody is signed in")?;
        self.call(&self.complete(cart.order_id, cart.revision, fen)).await?.done()
    }

    /// Scans, goes to Tender and pays what is due and `over` fen more.
    ///
    /// # Errors
    /// When a step is refused or nobody answers.
    pub async fn sell(&self, texts: &[&str], over: i64) -> Result<Completed> {
        for text in texts {
            self.done(&self.scan(text)).await?;
        }
        let view = self.done(&self.to_tender()).await?;
        let due = view.tender.as_ref().context("the view names nothing due")?.cash.due;
        self.pay(&view, due.amount + over).await
    }

    /// Follows the operator's view.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn follow(&self) -> Result<Events> {
        Events::open(self.request(Method::GET, &self.at("/view/stream"))?).await
    }

    /// Follows the shopper's view.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn follow_display(&self) -> Result<Events> {
        Events::open(self.request(Method::GET, &self.at("/display/stream"))?).await
    }
}

/// Sends a request and reads the answer whole.
///
/// # Errors
/// When nobody answers.
pub async fn answer(request: reqwest::RequestBuilder) -> Result<Answer> {
    let response = request.timeout(PATIENCE).send().await.context("nobody answers")?;
    let status = response.status().as_u16();
    let cookie = response
        .headers()
        .get("set-cookie")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(ToOwned::to_owned);
    let text = response.text().await.context("the answer broke off")?;
    Ok(Answer { status, cookie, text })
}
