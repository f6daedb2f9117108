//! A day in the life of a store, from an empty folder to books that agree.
//!
//! Two workstations sell through the screens' API and the scanners' ports; the mall dies, the store
//! sells on; the node dies in the middle of a cart; everything comes back; both books are compared.
//!
//! **Invariant:** each step checks what a person would see, and the first that is not so ends the
//! day.

mod console;
mod guest;
mod houses;
mod kiosk;
mod member;
mod morning;
mod online;
mod package;
mod phone;
mod settings;
mod storm;
mod table;

pub use console::play as play_at_the_console;
pub use guest::play as play_with_a_guest;
pub use houses::play as play_with_houses;
pub use kiosk::play as play_at_a_kiosk;
pub use member::play as play_with_a_member;
pub use package::play as play_from_the_package;
pub use phone::play as play_with_a_phone;
pub use settings::play as play_settings;
pub use table::Table;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::{
    catalog::{self, Listed},
    compare::Comparison,
    paper,
    store::Store,
    till::Till,
    view::{Completed, View},
    wait::{PATIENCE, until},
};

/// What the day is played with.
pub(crate) struct Stage {
    store: Store,
    /// 李静 at the first workstation.
    one: Till,
    /// 王强 at the second.
    two: Till,
    list: Vec<Listed>,
}

impl Stage {
    /// The n-th item of the list that is sold by the piece.
    fn piece(&self, n: usize) -> Result<&Listed> {
        let mut pieces = self.list.iter().filter(|item| !item.barcode.is_empty());
        pieces.nth(n).context("the list is too short")
    }

    /// An item with a code that stands for several pieces.
    fn packed(&self) -> Result<(&Listed, &str, i64)> {
        let found = self.list.iter().find_map(|item| {
            let (code, n) = item.pack.as_ref()?;
            Some((item, code.as_str(), *n))
        });
        found.context("the list has no packs")
    }

    /// A weighed item by the number on its labels.
    fn weighed(&self, plu: &str) -> Result<&Listed> {
        self.list.iter().find(|item| item.plu == plu).context("the list lacks a weighed item")
    }
}

/// Plays the whole day in a folder and writes each step down. The comparison is the last step's.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(folder: &Path, table: &mut Table) -> Result<Comparison> {
    let mut stage = morning::open(folder, table).await?;
    morning::pieces(&mut stage, table).await?;
    morning::fresh_goods(&mut stage, table).await?;
    online::collected(&mut stage, table).await?;
    storm::mall_dies(&mut stage, table).await?;
    storm::node_dies(&mut stage, table).await?;
    storm::prices_change(&mut stage, table).await?;
    storm::everything_agrees(stage, table).await
}

/// The sum of a view's cart, which a person adds up by the list.
fn shows(view: &View, total: i64, lines: usize) -> Result<()> {
    let cart = view.cart.as_ref().context("nobody is signed in")?;
    let shown = (cart.total.amount, cart.lines.len());
    ensure!(shown == (total, lines), "the counter shows {shown:?} and not {:?}", (total, lines));
    Ok(())
}

/// A weighed amount as a scale rounds it: to the fen, a half up.
const fn weighed(price: i64, grams: i64) -> i64 {
    (price * grams + 500) / 1_000
}

/// Waits for the one receipt of an order and reads its number, amount due and change on it.
async fn receipt(till: &Till, completed: &Completed) -> Result<String> {
    let order = &completed.order;
    let slips = until("the receipt to be printed", PATIENCE, async || {
        let slips = paper::slips_of(till, &order.receipt_number).await?;
        Ok((!slips.is_empty()).then_some(slips))
    })
    .await?;
    ensure!(slips.len() == 1, "{} receipts of one order", slips.len());
    let text = slips.concat();
    let due = order.total.amount + order.rounding.amount;
    let mut expected = vec![order.receipt_number.clone(), catalog::yuan(due)];
    if order.change.amount != 0 {
        expected.push("找零".to_owned());
        expected.push(catalog::yuan(order.change.amount));
    }
    for words in expected {
        ensure!(text.contains(&words), "the receipt lacks {words}:\n{text}");
    }
    Ok(text)
}

/// Waits until the shopper's screen is in a phase.
async fn display_is(till: &Till, phase: &str) -> Result<crate::view::Display> {
    until(format!("the customer display to show {phase}"), PATIENCE, async || {
        let display = till.display().await?;
        Ok((display.phase == phase).then_some(display))
    })
    .await
}
