//! A guest of the store's Wi-Fi without a phone: what their browser asks the portal.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use reqwest::{
    Client, RequestBuilder,
    header::{CONTENT_TYPE, LOCATION},
    redirect::Policy,
};
use serde_json::Value;

use crate::qr;

/// What a phone asks to find out whether the way is open: host and path.
const PROBE: (&str, &str) = ("connectivitycheck.gstatic.com", "/generate_204");
/// Whose phone it is.
const PHONE: &str = "13812345678";

/// A phone on the guests' network.
#[derive(Debug)]
pub struct Guest {
    client: Client,
    /// The portal's address, ending in `/`.
    pub portal: String,
    /// Where the portal's SMS go.
    sms: PathBuf,
}

/// What a page answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The address that it leads to.
    pub led_to: String,
    /// What came.
    pub body: String,
}

impl Guest {
    /// A phone before a portal whose pages are on a port of this machine.
    ///
    /// # Errors
    /// When there is no TLS to be had.
    pub fn new(port: u16, sms: &Path) -> Result<Self> {
        // A redirect is what a guest is told, not where this one goes.
        let client = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { client, portal: format!("http://127.0.0.1:{port}/"), sms: sms.to_owned() })
    }

    async fn answered(request: RequestBuilder) -> Result<Answered> {
        let answer = request.send().await.context("the portal does not answer")?;
        let led_to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let (led_to, status) = (led_to.unwrap_or_default().to_owned(), answer.status().as_u16());
        Ok(Answered { status, led_to, body: answer.text().await? })
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answered> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(format!("{}{path}", self.portal)).body(body);
        Self::answered(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")).await
    }

    /// What the phone's probe hears; the gate leads it here, whatever host it asked.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn probe(&self) -> Result<Answered> {
        let (host, path) = PROBE;
        let url = format!("{}{}", self.portal.trim_end_matches('/'), path);
        Self::answered(self.client.get(url).header("host", host)).await
    }

    /// The portal's first page, as it is for this guest now.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn page(&self) -> Result<Answered> {
        Self::answered(self.client.get(&self.portal)).await
    }

    /// Asks for a code; gives the path of the sitting.
    ///
    /// # Errors
    /// When the portal sends none.
    pub async fn ask(&self) -> Result<String> {
        let page = self.page().await?;
        let token = page.body.split("href=\"/w/").nth(1).and_then(|rest| rest.split('"').next());
        let sitting = format!("w/{}", token.context("the first page has no way in")?);
        let form = [("phone", PHONE), ("terms", "1")];
        let asked = self.post(&format!("{sitting}/code"), &form).await?;
        ensure!(asked.status == 303, "{}: {}", asked.status, asked.body);
        Ok(sitting)
    }

    /// The code that was last sent.
    ///
    /// # Errors
    /// When none was.
    pub fn code(&self) -> Result<String> {
        let sent = std::fs::read_to_string(&self.sms).context("no SMS was sent")?;
        let last: Value = serde_json::from_str(sent.lines().last().unwrap_or_default())?;
        let code = last.get("code").and_then(Value::as_str);
        Ok(code.context("an SMS without a code")?.to_owned())
    }

    /// Types a code in.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn enter(&self, sitting: &str, code: &str) -> Result<Answered> {
        self.post(&format!("{sitting}/entry"), &[("code", code)]).await
    }

    /// The token of the coupon that the guest's page shows, read off its QR code as a scanner would.
    ///
    /// # Errors
    /// When the code does not decode.
    pub async fn coupon(&self) -> Result<Option<String>> {
        let page = self.page().await?;
        let Some((_, code)) = page.body.split_once("<svg class=\"qr\"") else { return Ok(None) };
        qr::read(code).map(Some)
    }
}
