//! An online shop that sells for pickup: it places orders at the mall, as any shop would.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    catalog::Listed,
    mall_process::MallProcess,
    store::CODE,
    till::{self, Answer, http},
};

/// A shop with its token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shop {
    url: String,
    token: String,
    /// What a person's orders are made of, by SKU.
    #[serde(default)]
    goods: Vec<String>,
}

/// An order as the shop is told it.
#[derive(Clone, Debug, Deserialize)]
pub struct Placed {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub number: String,
    /// Where it stands.
    pub state: String,
    /// What it cost, in fen.
    pub total_minor: i64,
    /// Eight digits, while it is open.
    pub code: Option<String>,
    /// The same as a signed text.
    pub token: Option<String>,
    /// Money that the shop owes its shopper.
    pub refunds: Vec<Due>,
}

/// Money that has to go back.
#[derive(Clone, Debug, Deserialize)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// Why.
    pub why: String,
    /// How much, in fen.
    pub amount_minor: i64,
    /// When it went back.
    pub done_at: Option<String>,
}

impl Shop {
    /// Opens a shop at a mall.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn open(mall: &MallProcess, name: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Told {
            token: String,
        }
        let told: Told = mall.tell(&["shop", "add", name]).await?;
        Ok(Self { url: mall.url(), token: told.token, goods: Vec::new() })
    }

    /// Asks, and gives the answer whatever it says.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = http()?.request(method, format!("{}/shop/v1{path}", self.url));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        till::answer(request).await
    }

    /// An order of some items, two of the first and one of each other, with its price.
    ///
    /// # Errors
    /// When it cannot be priced.
    pub async fn write(&self, number: &str, items: &[&Listed]) -> Result<Value> {
        let skus: Vec<&str> = items.iter().map(|item| item.sku.as_str()).collect();
        self.write_of(number, &skus).await
    }

    async fn write_of(&self, number: &str, skus: &[&str]) -> Result<Value> {
        let line = |(n, sku): (usize, &&str)| json!({ "sku": sku, "quantity": if n == 0 { 2 } else { 1 } });
        let lines: Vec<Value> = skus.iter().enumerate().map(line).collect();
        let asked = json!({ "store": CODE, "lines": lines });
        let quote: Value = self.call(Method::POST, "/quotes", Some(&asked)).await?.done()?;
        let total = quote
            .get("total_minor")
            .and_then(serde_json::Value::as_i64)
            .context("a quote without a total")?;
        Ok(json!({
            "id": Uuid::now_v7(), "number": number, "store": CODE, "lines": lines,
            "paid": { "method": "wechat", "reference": format!("4200{number}"), "amount_minor": total },
            "shopper": { "name": "王小明", "phone": "13812345678" },
        }))
    }

    /// The same shop with goods for `next`.
    #[must_use]
    pub fn selling(self, goods: Vec<String>) -> Self {
        Self { goods, ..self }
    }

    /// The next order of a person who plays shopper: two of one item, one of the item after it.
    ///
    /// # Errors
    /// When there is nothing to sell, or the mall refuses.
    pub async fn next(&self) -> Result<Placed> {
        let id = Uuid::now_v7().as_u128();
        let from = usize::try_from(id % 1_000)?.checked_rem(self.goods.len());
        let from = from.context("the shop sells nothing")?;
        let skus: Vec<&str> =
            self.goods.iter().cycle().skip(from).take(2).map(String::as_str).collect();
        let number = format!("W{:06}", id % 1_000_000);
        self.place(&self.write_of(&number, &skus).await?).await
    }

    /// Places an order.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn place(&self, order: &Value) -> Result<Placed> {
        self.call(Method::POST, "/orders", Some(order)).await?.done()
    }

    /// Where an order stands.
    ///
    /// # Errors
    /// When there is no such order.
    pub async fn show(&self, order: Uuid) -> Result<Placed> {
        self.call(Method::GET, &format!("/orders/{order}"), None).await?.done()
    }

    /// Takes an order back.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn cancel(&self, order: Uuid) -> Result<Answer> {
        self.call(Method::POST, &format!("/orders/{order}/cancellation"), None).await
    }
}
