//! A kiosk sells by itself: paired by a manager, browsed, paid by code, called by number, reset.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Table;
use crate::{
    catalog::{self, yuan},
    houses::Town,
    kiosk::KioskScreen,
    sim::{PaymentCode, Platform},
    store::KIOSK,
};

/// What a shopper types: the first letters of 羊毛混纺针织衫.
const INITIALS: &str = "ymhfzzs";

/// Walks the kiosk's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let opened = async { Ok((Town::found().await?, "with a kiosk, 自助机".to_owned())) };
    let town = table.step("open a store with a kiosk", opened).await?;
    let paired = async {
        let mut kiosk = KioskScreen::new(town.store.edge.till(KIOSK.0), KIOSK.0);
        kiosk.call(reqwest::Method::GET, "/view", None).await?.refused(401, "not-paired")?;
        kiosk.pair_by(&town.store.manager(2).await?).await?;
        Ok((kiosk, "by a manager's six digits, good once".to_owned()))
    };
    let kiosk = table.step("pair its screen", paired).await?;
    let found = async {
        let path = format!("/search?query={INITIALS}");
        let found = kiosk.shelf(&path).await?.done::<Value>()?;
        let text = |key: &str| {
            let told = found.pointer(&format!("/tiles/0/{key}"));
            told.map(|told| told.as_str().map_or_else(|| told.to_string(), str::to_owned))
        };
        let sku = text("sku").context("nothing was found")?;
        let name = text("name").unwrap_or_default();
        let variants = text("variants").unwrap_or_default();
        Ok((sku, format!("{name} by {INITIALS}, {variants} variants")))
    };
    let sku = table.step("find a style by 拼音 initials", found).await?;
    let price = list.iter().find(|item| item.sku == sku).context("not in the list")?.price;
    let filled = async {
        kiosk.scan(&sku).await?.done::<Value>()?;
        let cart = kiosk.view().await?.cart.context("no cart")?;
        let line = cart.lines.first().context("no line")?;
        kiosk.count(line.id, 2).await?;
        let view = kiosk.to_tender().await?;
        let left = view.rights.context("no rights")?.left.amount;
        ensure!(left == 2 * price, "{left} is due");
        Ok(((), format!("2 × {} = {}", yuan(price), yuan(left))))
    };
    table.step("two of it go into the cart", filled).await?;
    let paid = async {
        let code = town.platforms.wechat().issue_code(PaymentCode::default());
        kiosk.scan(&code).await?.done::<Value>()?;
        let view = kiosk.until("the result", |view| view.phase == "paid").await?;
        let paid = view.paid.context("no result")?;
        let held = town.platforms.balance(Some(Platform::Wechat)).held;
        ensure!(held == 2 * price, "the house holds {held}");
        let call = paid.call.context("no number")?;
        Ok(((), format!("{} paid, called by {call}", yuan(held))))
    };
    table.step("pay by a payment code", paid).await?;
    let reset = async {
        let before = kiosk.view().await?.session;
        let after = kiosk.reset().await?.done::<crate::kiosk::KioskView>()?;
        ensure!(after.session != before && after.paid.is_none() && after.last_scan.is_none());
        ensure!(after.cart.is_some_and(|cart| cart.lines.is_empty()), "a cart is left");
        town.ends_well().await?;
        Ok(((), "cart, result and session are gone; the houses agree".to_owned()))
    };
    table.step("the shopper leaves, nothing stays", reset).await
}
