//! What came onto the paper of a simulated printer, and how the printer is.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::till::{Call, Till};

/// The paper of one workstation, as the devices page draws it.
#[derive(Clone, Debug, Deserialize)]
pub struct Tape {
    /// Slips, newest last.
    pub slips: Vec<Slip>,
}

/// One slip.
#[derive(Clone, Debug, Deserialize)]
pub struct Slip {
    /// Whether the cutter has ended it.
    pub cut: bool,
    /// Pulses that the drawer got since the slip before.
    pub drawer_kicks: u32,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Row {
    Text {
        spans: Vec<Span>,
    },
    Qr {
        text: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize)]
struct Span {
    text: String,
}

impl Slip {
    /// All that a person reads on it, a line a row.
    #[must_use]
    pub fn text(&self) -> String {
        let rows = self.rows.iter().map(|row| match row {
            Row::Text { spans } => spans.iter().map(|span| span.text.as_str()).collect(),
            Row::Qr { text } => format!("[QR {text}]"),
            Row::Other => String::new(),
        });
        rows.collect::<Vec<String>>().join("\n")
    }
}

fn path(till: &Till, what: &str) -> String {
    format!("/sim/workstations/{}/{what}", till.workstation())
}

/// The paper of a till.
///
/// # Errors
/// When nobody answers.
pub async fn tape(till: &Till) -> Result<Tape> {
    till.call(&Call::new(Method::GET, path(till, "tape"), None)).await?.done()
}

/// The cut slips that carry a receipt number.
///
/// # Errors
/// When nobody answers.
pub async fn slips_of(till: &Till, receipt_number: &str) -> Result<Vec<String>> {
    let code = format!("[QR {receipt_number}]");
    let cut = tape(till).await?.slips.into_iter().filter(|slip| slip.cut);
    Ok(cut.map(|slip| slip.text()).filter(|text| text.contains(&code)).collect())
}

/// Puts a printer into a state: `ready`, `gone`, `paper-out` or `cover-open`.
///
/// # Errors
/// When it is refused or nobody answers.
pub async fn make_printer(till: &Till, state: &str) -> Result<()> {
    let call = Call::new(Method::PUT, path(till, "printer"), Some(json!({ "state": state })));
    let answer = till.call(&call).await?;
    anyhow::ensure!(answer.status == 204, "the printer stays as it was: {}", answer.text);
    Ok(())
}

/// How often the drawer of a till sprang open.
///
/// # Errors
/// When nobody answers.
pub async fn drawer_openings(till: &Till) -> Result<u64> {
    #[derive(Deserialize)]
    struct Devices {
        workstations: Vec<Devised>,
    }
    #[derive(Deserialize)]
    struct Devised {
        number: u16,
        drawer: Drawer,
    }
    #[derive(Deserialize)]
    struct Drawer {
        openings: u64,
    }
    let call = Call::new(Method::GET, "/sim/devices", None);
    let devices: Devices = till.call(&call).await?.done()?;
    let own = devices.workstations.iter().find(|w| w.number == till.workstation());
    Ok(own.context("the workstation has no devices")?.drawer.openings)
}

/// Pushes the drawer of a till shut.
///
/// # Errors
/// When it is refused or nobody answers.
pub async fn shut_drawer(till: &Till) -> Result<()> {
    let call = Call::new(Method::PUT, path(till, "drawer"), Some(json!({ "open": false })));
    let answer = till.call(&call).await?;
    anyhow::ensure!(answer.status == 204, "the drawer stays open: {}", answer.text);
    Ok(())
}
