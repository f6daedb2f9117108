use acceptance::{
    paper::{make_printer, slips_of},
    till::Till,
    view::Completed,
    wait::{PATIENCE, until},
};
use anyhow::{Result, ensure};

use crate::{pieces, selling};

async fn printed(till: &Till, completed: &Completed, n: usize) -> Result<Vec<String>> {
    let number = &completed.order.receipt_number;
    until(format!("{n} receipts of {number}"), PATIENCE, async || {
        let slips = slips_of(till, number).await?;
        Ok((slips.len() >= n).then_some(slips))
    })
    .await
}

/// A sale while the printer is in some state completes, says so, and prints once when it is ready.
async fn sale_with_a_printer_that_is(state: &str, notice: &str) -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let code = pieces()?[0].barcode.clone();
    make_printer(&till, state).await?;
    let first = till.sell(&[&code], 500).await?;
    let second = till.sell(&[&code, &code], 0).await?;
    until(format!("the notice {notice}"), PATIENCE, async || {
        Ok(till.view().await?.notes(notice).then_some(()))
    })
    .await?;
    ensure!(slips_of(&till, &first.order.receipt_number).await?.is_empty());
    make_printer(&till, "ready").await?;
    printed(&till, &second, 1).await?;
    until("the notice to go", PATIENCE, async || {
        let view = till.view().await?;
        let is_sent = view.last_order.as_ref().is_some_and(|order| order.receipt == "sent");
        Ok((is_sent && !view.notes(notice)).then_some(()))
    })
    .await?;
    // Slips are printed in order: a third one shows that nothing more of the first two comes.
    let third = till.sell(&[&code], 0).await?;
    printed(&till, &third, 1).await?;
    for completed in [&first, &second, &third] {
        let slips = slips_of(&till, &completed.order.receipt_number).await?;
        ensure!(slips.len() == 1, "{} receipts of one order", slips.len());
        ensure!(!slips.concat().contains("补打"), "a first receipt is marked as a copy");
    }
    // The books learn of the paper a moment after it came.
    let ledger = store.edge.ledger()?;
    until("three receipts and no other in the books", PATIENCE, async || {
        let slips = ledger.slips()?;
        Ok((slips.get("sent") == Some(&3) && slips.len() == 1).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_sale_without_paper_completes_and_prints_once_when_there_is_some() -> Result<()> {
    sale_with_a_printer_that_is("paper-out", "printer-paper").await
}

#[tokio::test]
async fn a_sale_with_the_printers_lid_open_completes_and_prints_once_when_it_is_shut() -> Result<()>
{
    sale_with_a_printer_that_is("cover-open", "printer-cover").await
}

#[tokio::test]
async fn a_sale_without_a_printer_completes_and_prints_once_when_it_is_back() -> Result<()> {
    sale_with_a_printer_that_is("gone", "printer-gone").await
}

#[tokio::test]
async fn a_receipt_printed_again_is_marked_as_a_copy() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let completed = till.sell(&[&pieces()?[0].barcode], 0).await?;
    printed(&till, &completed, 1).await?;
    let reprint = till.reprint(completed.order.id);
    ensure!(till.call(&reprint).await?.status == 202);
    ensure!(till.call(&reprint).await?.status == 202);
    let slips = printed(&till, &completed, 2).await?;
    ensure!(slips.len() == 2 && slips[1].contains("补打"), "{slips:?}");
    let other = till.sell(&[&pieces()?[0].barcode], 0).await?;
    printed(&till, &other, 1).await?;
    let slips = slips_of(&till, &completed.order.receipt_number).await?;
    ensure!(slips.len() == 2, "the same wish printed twice");
    let nobodys = till.reprint(uuid::Uuid::now_v7());
    till.call(&nobodys).await?.refused(404, "order-unknown")?;
    Ok(())
}
