//! The brand's own app without an app: a member's code, and coupons, as HQ's API signs them.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    mall_process::MallProcess,
    store::CODE,
    till::{answer, http},
};

/// A member of the brand's, and how the mall is asked about them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Brand {
    url: String,
    token: String,
    member: Uuid,
    rule: String,
}

/// Who the member is.
pub const PHONE: &str = "13812345678";
/// Points and fen of balance that they begin with.
const PURSES: [(&str, i64); 2] = [("points", 1_000), ("balance", 20_000)];
/// Minutes for which a code is good: a phone makes a new one before that.
const CODE_MINUTES: u32 = 5;
/// Days for which a coupon is good.
const COUPON_DAYS: u32 = 7;

impl Brand {
    /// Lets a member enter at a mall, with some points and balance; a rule of the set in force is
    /// what their coupons switch on.
    ///
    /// # Errors
    /// When the mall does not do it.
    pub async fn open(mall: &MallProcess, name: &str, rule: &str) -> Result<Self> {
        let token = mall.keeping_token(name).await?;
        let (url, rule) = (mall.url(), rule.to_owned());
        let brand = Self { url, token, member: Uuid::now_v7(), rule };
        let who = json!({ "phone": PHONE, "name": "王小明", "store": CODE, "tier": "金卡" });
        brand.call(Method::PUT, &brand.of_member(""), &who).await?;
        for (purse, amount) in PURSES {
            let given = json!({
                "id": Uuid::now_v7(), "purse": purse, "amount": amount, "reason": "开卡赠送",
            });
            brand.call(Method::POST, &brand.of_member("/adjustments"), &given).await?;
        }
        Ok(brand)
    }

    fn of_member(&self, what: &str) -> String {
        format!("/hq/v1/members/{}{what}", self.member)
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = http()?.request(method, format!("{}{path}", self.url));
        answer(request.bearer_auth(&self.token).json(body)).await?.done()
    }

    /// What the member's phone shows now.
    ///
    /// # Errors
    /// When the mall does not sign it.
    pub async fn code(&self) -> Result<String> {
        let asked = json!({ "minutes": CODE_MINUTES });
        let told = self.call(Method::POST, &self.of_member("/codes"), &asked).await?;
        let code = told.get("code").and_then(Value::as_str);
        Ok(code.context("no code was signed")?.to_owned())
    }

    /// A new coupon for whoever shows it.
    ///
    /// # Errors
    /// When the mall does not issue it.
    pub async fn coupon(&self) -> Result<String> {
        let asked = json!({
            "id": Uuid::now_v7(), "rule": self.rule, "count": 1, "days": COUPON_DAYS,
        });
        let told = self.call(Method::POST, "/hq/v1/coupons", &asked).await?;
        let token = told.pointer("/coupons/0/token").and_then(Value::as_str);
        Ok(token.context("no coupon was issued")?.to_owned())
    }
}
