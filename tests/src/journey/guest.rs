//! A guest of the store's Wi-Fi: held, signed in by a code, through. The gate is one of memory here;
//! with a real packet filter and real phones the journey's test walks it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, header::LOCATION, redirect::Policy};
use serde_json::Value;

use super::Table;
use crate::{folder, port, store::Store};

/// What a phone asks to find out whether the way is open: host and path.
const PROBE: (&str, &str) = ("connectivitycheck.gstatic.com", "/generate_204");
const PHONE: &str = "13812345678";

/// A phone on the guests' network.
struct Guest {
    client: Client,
    /// The portal's address, ending in `/`.
    portal: String,
    /// Where the portal's SMS go.
    sms: PathBuf,
}

/// What a page answered.
struct Answered {
    status: u16,
    led_to: String,
    body: String,
}

impl Guest {
    fn new(port: u16, sms: &Path) -> Result<Self> {
        // A redirect is what a guest is told, not where this one goes.
        let client = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { client, portal: format!("http://127.0.0.1:{port}/"), sms: sms.to_owned() })
    }

    async fn answered(request: reqwest::RequestBuilder) -> Result<Answered> {
        let answer = request.send().await.context("the portal does not answer")?;
        let led_to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let (led_to, status) = (led_to.unwrap_or_default().to_owned(), answer.status().as_u16());
        Ok(Answered { status, led_to, body: answer.text().await? })
    }

    /// What the phone's probe hears; the gate leads it here, whatever host it asked.
    async fn probe(&self) -> Result<Answered> {
        let (host, path) = PROBE;
        let url = format!("{}{}", self.portal.trim_end_matches('/'), path);
        Self::answered(self.client.get(url).header("host", host)).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answered> {
        Self::answered(self.client.post(format!("{}{path}", self.portal)).form(form)).await
    }

    /// Asks for a code; the answer is the path of the sitting.
    async fn ask(&self) -> Result<String> {
        let page = Self::answered(self.client.get(&self.portal)).await?;
        let token = page.body.split("href=\"/w/").nth(1).and_then(|rest| rest.split('"').next());
        let sitting = format!("w/{}", token.context("the first page has no way in")?);
        let asked = self.post(&format!("{sitting}/code"), &[("phone", PHONE), ("terms", "1")]);
        let asked = asked.await?;
        ensure!(asked.status == 303, "{}: {}", asked.status, asked.body);
        Ok(sitting)
    }

    /// The code that was last sent.
    fn code(&self) -> Result<String> {
        let sent = std::fs::read_to_string(&self.sms).context("no SMS was sent")?;
        let last: Value = serde_json::from_str(sent.lines().last().unwrap_or_default())?;
        Ok(last["code"].as_str().context("an SMS without a code")?.to_owned())
    }
}

/// Walks a guest's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let folder = folder::temporary()?;
    let opened = async { Ok((open(folder.path()).await?, "a gate of memory".to_owned())) };
    let (mut store, guest) = table.step("open a store with Wi-Fi for its guests", opened).await?;
    let held = async {
        let page = guest.probe().await?;
        ensure!(page.status == 302 && page.led_to == guest.portal, "{}", page.led_to);
        Ok(((), "its probe is led to the portal".to_owned()))
    };
    table.step("a phone joins the Wi-Fi", held).await?;
    let asked = async {
        let sitting = guest.ask().await?;
        let entry = format!("{sitting}/entry");
        let code = guest.code()?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = guest.post(&entry, &[("code", wrong)]).await?;
        ensure!(refused.status == 422, "a wrong code: {}", refused.status);
        Ok(((entry, code), "sent; another one is refused".to_owned()))
    };
    let (entry, code) = table.step("it asks for a code by SMS", asked).await?;
    let signed_in = async {
        let entered = guest.post(&entry, &[("code", &code)]).await?;
        ensure!(entered.status == 303, "{}: {}", entered.status, entered.body);
        let page = guest.probe().await?;
        ensure!(page.status == 204, "the way is not open: {}", page.status);
        Ok(((), "its probe hears 204".to_owned()))
    };
    table.step("the code lets it through", signed_in).await?;
    store.close().await
}

async fn open(folder: &Path) -> Result<(Store, Guest)> {
    let mut store = Store::open(folder).await?;
    store.edge.stop().await?;
    let (port, sms) = (port::free()?, folder.join("sms.jsonl"));
    store.reboot_with(|boot| boot.portal = Some((port, sms.clone())))?;
    store.edge.start().await?;
    Ok((store, Guest::new(port, &sms)?))
}
