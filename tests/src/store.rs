//! A whole store: its mall, its node, and the people who work there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tokio::sync::OnceCell;

use crate::{
    ageing, catalog,
    compare::{Comparison, compare_when_level},
    edge_process::{Boot, EdgeProcess},
    folder,
    mall_process::{Imported, MallProcess},
    port,
    sim::Access,
    till::Till,
    wait::{PATIENCE, until},
};

/// The store's code.
pub const CODE: &str = "SH001";
/// The store's name.
pub const NAME: &str = "示范店 · 南京西路";
/// Its workstations: number and name.
pub const WORKSTATIONS: [(u16, &str); 2] = [(1, "1号台"), (2, "2号台")];
/// Its kiosk: number and name.
pub const KIOSK: (u16, &str) = (3, "自助机");
/// Its operators: number, name, role, PIN.
pub const OPERATORS: [(&str, &str, &str, &str); 3] = [
    ("1001", "李静", "cashier", "246810"),
    ("1002", "王强", "cashier", "135790"),
    ("9001", "陈店长", "manager", "864200"),
];

/// Tells the mall of the store, its workstations and its people; a second time changes nothing.
///
/// # Errors
/// When the mall does not do it.
pub async fn found(mall: &MallProcess) -> Result<()> {
    found_as(mall, CODE).await
}

/// The same under another code.
///
/// # Errors
/// When the mall does not do it.
pub async fn found_as(mall: &MallProcess, code: &str) -> Result<()> {
    let head = ["store", "add", "--code", code, "--name", NAME];
    let texts = [
        "--head-line",
        "南京西路 1000 号  021-5550-0100",
        "--foot-line",
        "七日内凭小票退换 · 谢谢光临",
        "--cash-rounding",
        "jiao_down",
    ];
    mall.order(&[head.as_slice(), texts.as_slice()].concat()).await?;
    for (number, name) in WORKSTATIONS {
        let number = number.to_string();
        let words = ["workstation", "add", "--store", code, "--number", &number, "--name", name];
        mall.order(&words).await?;
    }
    let (number, name) = (KIOSK.0.to_string(), KIOSK.1);
    let words = ["workstation", "add", "--store", code, "--number", &number, "--name", name];
    mall.order(&[words.as_slice(), &["--kind", "kiosk"]].concat()).await?;
    for (number, name, role, pin) in OPERATORS {
        let who = ["operator", "add", "--store", code, "--number", number];
        let what = ["--name", name, "--role", role, "--pin", pin];
        mall.order(&[who.as_slice(), what.as_slice()].concat()).await?;
    }
    Ok(())
}

/// The store next door: it has no node of its own here, and what the first store lacks.
pub const NEIGHBOUR: (&str, &str) = ("SH002", "示范店 · 徐家汇");
/// What the first store has none of, and how many the one next door has.
pub const LACKING: (&str, u32) = ("KN2301-OWH-L", 3);

/// Opens the store next door in the mall's books, and counts in both what the first one lacks.
///
/// # Errors
/// When the mall does not do it.
pub async fn neighbour(mall: &MallProcess) -> Result<()> {
    mall.order(&["store", "add", "--code", NEIGHBOUR.0, "--name", NEIGHBOUR.1]).await?;
    for (code, on_hand) in [(CODE, 0), (NEIGHBOUR.0, LACKING.1)] {
        let file = mall.data().join(format!("count-{code}.csv"));
        std::fs::write(&file, format!("sku,on_hand\n{},{on_hand}\n", LACKING.0))
            .context("could not write a count")?;
        let file = file.to_str().context("the path of the count is no text")?;
        mall.order(&["stock", "count", "--store", code, file]).await?;
    }
    Ok(())
}

/// A store that was opened once for all tests of this process, and closed again: they copy it.
///
/// # Errors
/// When it cannot be opened.
pub async fn original() -> Result<&'static Store> {
    static ORIGINAL: OnceCell<Store> = OnceCell::const_new();
    ORIGINAL
        .get_or_try_init(async || {
            let mut store = Store::open(&folder::of_process()?).await?;
            store.close().await?;
            Ok(store)
        })
        .await
}

/// The same store, whose mall runs and lets boxes in under TLS alone, and whose box knows the mall by its
/// fingerprint. The box does not run yet.
///
/// # Errors
/// When the mall does not start.
pub async fn under_tls() -> Result<Store> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.open_tls(port::free()?);
    store.mall.start().await?;
    let (url, pin) = (store.mall.tls_url()?, store.mall.fingerprint().await?);
    store.reboot_with(|boot| (boot.mall_url, boot.fingerprint) = (url, Some(pin)))?;
    Ok(store)
}

/// A store with its mall, in one folder.
#[derive(Debug)]
pub struct Store {
    /// The mall.
    pub mall: MallProcess,
    /// The store's node.
    pub edge: EdgeProcess,
    /// The token of somebody at HQ.
    pub token: String,
    folder: PathBuf,
    /// Removes the folder, if it is ours to remove.
    temporary: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens a store from nothing: a mall, its catalog, the store and its people, and a node that
    /// is enrolled and ready to sell.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open(folder: &Path) -> Result<Self> {
        let mut mall = MallProcess::new(folder.join("mall"), port::free()?);
        mall.start().await?;
        mall.import(&catalog::demo()).await?;
        found(&mall).await?;
        let token = mall.token("acceptance").await?;
        let mut edge = EdgeProcess::new(folder.join("edge"), Boot::on_free_ports(mall.url())?)?;
        edge.enrol(&mall.claim(CODE).await?).await?;
        edge.start().await?;
        Ok(Self::of(folder, mall, edge, token))
    }

    /// A store of a mall and a node that somebody has set up in a folder.
    #[must_use]
    pub fn of(folder: &Path, mall: MallProcess, edge: EdgeProcess, token: String) -> Self {
        Self { mall, edge, token, folder: folder.to_owned(), temporary: None }
    }

    /// Stops both programs in order, so that the folder can be copied.
    ///
    /// # Errors
    /// When one does not end in order.
    pub async fn close(&mut self) -> Result<()> {
        self.edge.stop().await?;
        self.mall.stop().await
    }

    /// The same store as it stood when `original` was closed, in a folder and on ports of its own.
    /// Nothing runs yet; the node calls the mall where `through` says, or directly.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn twin(original: &Self, through: Option<String>) -> Result<Self> {
        let temporary = folder::temporary()?;
        let folder = temporary.path().to_owned();
        folder::copy(&original.folder.join("mall"), &folder.join("mall"))?;
        folder::copy(&original.edge.data(), &folder.join("edge/data"))?;
        let mark = folder.join("edge/data.mark");
        std::fs::copy(original.edge.mark(), mark).context("could not copy the ledger's mark")?;
        let mall = MallProcess::new(folder.join("mall"), port::free()?);
        let url = through.unwrap_or_else(|| mall.url());
        let edge = EdgeProcess::new(folder.join("edge"), Boot::on_free_ports(url)?)?;
        let token = original.token.clone();
        Ok(Self { mall, edge, token, folder, temporary: Some(temporary) })
    }

    /// Gives the node another boot file; it must not run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn reboot_with(&mut self, change: impl FnOnce(&mut Boot)) -> Result<()> {
        let mut boot = self.edge.boot().clone();
        change(&mut boot);
        self.edge = EdgeProcess::new(self.folder.join("edge"), boot)?;
        Ok(())
    }

    /// Keeps the folder, with the logs and books of a bad day, for whoever looks into it.
    pub fn keep(&mut self) -> &Path {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
        &self.folder
    }

    /// Gives the mall accounts with the simulated houses; it must not run.
    ///
    /// # Errors
    /// When their file cannot be written.
    pub fn join(&mut self, access: &Access) -> Result<()> {
        self.mall.join(access.write(&self.folder.join("platforms"))?);
        Ok(())
    }

    /// Lets time pass for what mall and store hold of other houses, by hand, as soon as no call to
    /// a house is under way.
    ///
    /// # Errors
    /// When their books cannot be changed.
    pub async fn let_pass(&mut self, seconds: u32) -> Result<()> {
        let (data, is_running) = (self.mall.data().to_owned(), self.mall.is_running()?);
        until("the mall to have asked", PATIENCE, async || {
            Ok(ageing::mall(&data, is_running, seconds)?.then_some(()))
        })
        .await?;
        ageing::store(&self.edge.data(), seconds)
    }

    /// A cashier at a workstation: 李静 at the first, 王强 at the second.
    ///
    /// # Errors
    /// When the PIN is refused.
    pub async fn cashier(&self, workstation: u16) -> Result<Till> {
        let index = usize::from(workstation).saturating_sub(1);
        self.at(workstation, index).await
    }

    /// The manager at a workstation.
    ///
    /// # Errors
    /// When the PIN is refused.
    pub async fn manager(&self, workstation: u16) -> Result<Till> {
        self.at(workstation, OPERATORS.len() - 1).await
    }

    async fn at(&self, workstation: u16, operator: usize) -> Result<Till> {
        let (number, _, _, pin) = OPERATORS.get(operator).context("no such operator")?;
        let mut till = self.edge.till(workstation);
        till.sign_in(number, pin).await?.done::<serde_json::Value>()?;
        Ok(till)
    }

    /// Gives an item of the demo catalog another price, as HQ does: by a list with its row.
    ///
    /// # Errors
    /// When the mall does not do it.
    pub async fn reprice(&self, sku: &str, yuan: &str) -> Result<Imported> {
        let path = self.folder.join("news.csv");
        std::fs::write(&path, catalog::row_with_price(&catalog::demo(), sku, yuan)?)
            .context("could not write the news")?;
        self.mall.import(&path).await
    }

    /// Waits until the node has told the mall everything.
    ///
    /// # Errors
    /// When something is still untold after `PATIENCE`.
    pub async fn wait_until_told(&self, till: &Till) -> Result<()> {
        // A screen learns a moment later what the books say at once.
        let ledger = self.edge.ledger()?;
        until("the outbox to be empty", PATIENCE, async || {
            let is_told = ledger.n_untold()? == 0 && till.view().await?.link.outbox == 0;
            Ok(is_told.then_some(()))
        })
        .await
    }

    /// Compares both sides once they are level.
    ///
    /// # Errors
    /// When a side cannot be read.
    pub async fn compare(&self) -> Result<Comparison> {
        let ledger = self.edge.ledger()?;
        compare_when_level(&self.mall, &self.token, CODE, &ledger, PATIENCE).await
    }
}
