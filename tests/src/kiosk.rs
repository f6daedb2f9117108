//! The screen of a kiosk without a screen: paired by a code, then a shopper's fingers.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    till::{Answer, Call, Till},
    view::{Cart, Money, Rights},
    wait::{PATIENCE, until},
};

/// What a kiosk's screen is told.
#[derive(Clone, Debug, Deserialize)]
pub struct KioskView {
    /// `paused`, `shopping`, `tender`, `wait` or `paid`.
    pub phase: String,
    /// Another one with each shopper.
    pub session: Uuid,
    /// What they want.
    pub cart: Option<Cart>,
    /// What other houses have a say in.
    pub rights: Option<Rights>,
    /// Who buys, masked.
    pub member: Option<Value>,
    /// Coupons of the brand's own beside the cart.
    pub coupons: Vec<Value>,
    /// They may claim the coupon that HQ gives to whoever comes.
    pub claim: bool,
    /// What they paid.
    pub paid: Option<Paid>,
    /// What became of the last scan.
    pub last_scan: Option<Value>,
    /// Whether somebody of the store was called.
    pub helping: bool,
}

/// What a shopper paid.
#[derive(Clone, Debug, Deserialize)]
pub struct Paid {
    /// The order.
    pub order: PaidOrder,
    /// The number by which they are called.
    pub call: Option<String>,
}

/// An order as the shopper sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct PaidOrder {
    /// Its id.
    pub order_id: Uuid,
    /// What is on the paper.
    pub receipt_number: String,
    /// What it came to.
    pub total: Money,
}

/// A kiosk's screen.
#[derive(Clone, Debug)]
pub struct KioskScreen {
    browser: Till,
    number: u16,
}

impl KioskScreen {
    /// A browser that is no kiosk's screen yet.
    #[must_use]
    pub const fn new(browser: Till, number: u16) -> Self {
        Self { browser, number }
    }

    fn at(&self, rest: &str) -> String {
        format!("/kiosks/{}{rest}", self.number)
    }

    /// Asks, and gives the answer whatever it says.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(&self, method: Method, rest: &str, body: Option<Value>) -> Result<Answer> {
        self.browser.call(&Call::new(method, self.at(rest), body)).await
    }

    async fn done(&self, method: Method, rest: &str, body: Option<Value>) -> Result<KioskView> {
        self.call(method, rest, body).await?.done()
    }

    /// Types a code in, and keeps what makes this browser the kiosk's screen.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn pair(&mut self, code: &str) -> Result<Answer> {
        let body = json!({ "workstation": self.number, "code": code });
        let call = Call::new(Method::POST, "/pairings", Some(body));
        let answer = self.browser.call(&call).await?;
        if let Some(cookie) = &answer.cookie {
            self.browser.keep(cookie);
        }
        Ok(answer)
    }

    /// Pairs itself with a code of this manager's.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn pair_by(&mut self, manager: &Till) -> Result<()> {
        let code = pairing_code(manager, self.number).await?.done::<Value>()?;
        let code =
            code.get("code").and_then(serde_json::Value::as_str).context("no code")?.to_owned();
        let answer = self.pair(&code).await?;
        anyhow::ensure!(answer.status == 204, "not paired: {}", answer.text);
        Ok(())
    }

    /// What it shows.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn view(&self) -> Result<KioskView> {
        self.done(Method::GET, "/view", None).await
    }

    /// Touches an item, or holds a code under the reader.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn scan(&self, text: &str) -> Result<Answer> {
        let body = json!({ "id": Uuid::now_v7(), "text": text });
        self.call(Method::POST, "/cart/scans", Some(body)).await
    }

    /// Sets how many of a line.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn count(&self, line: Uuid, pieces: i64) -> Result<KioskView> {
        let body = json!({ "id": Uuid::now_v7(), "quantity_milli": pieces * 1_000 });
        self.done(Method::PATCH, &format!("/cart/lines/{line}"), Some(body)).await
    }

    /// Takes a line off.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn void_line(&self, line: Uuid) -> Result<KioskView> {
        let path = format!("/cart/lines/{line}?id={}", Uuid::now_v7());
        self.done(Method::DELETE, &path, None).await
    }

    /// Takes the last step back.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn undo(&self) -> Result<KioskView> {
        self.done(Method::POST, "/cart/undo", Some(json!({ "id": Uuid::now_v7() }))).await
    }

    /// Takes the member off.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn forget(&self) -> Result<KioskView> {
        self.done(Method::DELETE, &format!("/member?id={}", Uuid::now_v7()), None).await
    }

    /// Claims the coupon that HQ gives to whoever comes.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn claim(&self) -> Result<Answer> {
        self.call(Method::POST, "/claims", Some(json!({ "id": Uuid::now_v7() }))).await
    }

    /// Takes a coupon of the brand's own off.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn take_coupon_off(&self, coupon: &str) -> Result<KioskView> {
        let path = format!("/coupons/{coupon}?id={}", Uuid::now_v7());
        self.done(Method::DELETE, &path, None).await
    }

    /// Goes on to paying.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn to_tender(&self) -> Result<KioskView> {
        self.done(Method::PUT, "/tendering", None).await
    }

    /// Completes the cart as it is shown, with nothing to pay.
    ///
    /// # Errors
    /// When nobody answers, or the screen shows no cart.
    pub async fn complete(&self) -> Result<Answer> {
        let cart = self.view().await?.cart.context("no cart")?;
        let body = json!({
            "order_id": cart.order_id,
            "cart_revision": cart.revision,
            "total_minor": cart.total.amount,
        });
        self.call(Method::POST, "/orders", Some(body)).await
    }

    /// Leaves nothing of whoever was here.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn reset(&self) -> Result<Answer> {
        self.call(Method::POST, "/reset", Some(json!({ "id": Uuid::now_v7() }))).await
    }

    /// Takes a payment off.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn reverse(&self, payment: Uuid) -> Result<KioskView> {
        let body = json!({ "id": Uuid::now_v7() });
        self.done(Method::POST, &format!("/payments/{payment}/reversal"), Some(body)).await
    }

    /// Calls somebody of the store.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn help(&self) -> Result<KioskView> {
        self.done(Method::POST, "/help", None).await
    }

    /// Reads a page of the shelf, by its path under `/api/v1/shelf`.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn shelf(&self, rest: &str) -> Result<Answer> {
        self.browser.call(&Call::new(Method::GET, format!("/shelf{rest}"), None)).await
    }

    /// Asks which other stores have so many of an item.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn elsewhere(&self, sku: &str, pieces: u32) -> Result<Answer> {
        let path = format!("/elsewhere?sku={sku}&pieces={pieces}");
        self.call(Method::GET, &path, None).await
    }

    /// Has an item set aside in another store; the same id again is the same order.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn set_aside(&self, id: Uuid, store: &str, of: (&str, u32)) -> Result<Answer> {
        let body = json!({ "id": id, "store": store, "sku": of.0, "pieces": of.1 });
        self.call(Method::POST, "/set-asides", Some(body)).await
    }

    /// Waits until the view is like that.
    ///
    /// # Errors
    /// When it never is.
    pub async fn until(&self, what: &str, is_so: impl Fn(&KioskView) -> bool) -> Result<KioskView> {
        let found = until(what, PATIENCE, async || Ok(Some(self.view().await?).filter(&is_so)));
        match found.await {
            Ok(view) => Ok(view),
            Err(error) => {
                let view = self.view().await?;
                Err(error.context(format!("the kiosk shows {view:?}")))
            }
        }
    }
}

/// Asks for a code by which a browser becomes a kiosk's screen.
///
/// # Errors
/// When nobody answers.
pub async fn pairing_code(manager: &Till, number: u16) -> Result<Answer> {
    let body = json!({ "workstation": number });
    manager.call(&Call::new(Method::POST, "/pairing-codes", Some(body))).await
}
