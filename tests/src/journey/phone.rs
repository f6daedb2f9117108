//! A shopper's phone: from the QR on a display to an order.

use anyhow::{Context as _, Result, ensure};

use super::Table;
use crate::{
    catalog::{self, yuan},
    folder,
    phone::{Phone, PhoneItem, PhoneView},
    store::Store,
};

/// Walks a phone's cart to a till in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let pieces: Vec<_> = list.iter().filter(|item| !item.barcode.is_empty()).collect();
    let (one, two) = (pieces.first().context("no item")?, pieces.get(1).context("one item")?);
    let folder = folder::temporary()?;
    let opened = async { Ok((Store::open(folder.path()).await?, "a till, a display".to_owned())) };
    let mut store = table.step("open a store that lets phones in", opened).await?;
    let till = store.cashier(1).await?;

    let joined = async {
        let phone = Phone::joined_at(store.edge.url(), &till).await?;
        let item: PhoneItem = phone.item(&one.barcode).await?.done()?;
        ensure!(item.line.amount.amount == one.price, "another price: {item:?}");
        Ok((phone, format!("{} costs {}", one.name, yuan(one.price))))
    };
    let phone = table.step("a phone joins by the display's QR and scans", joined).await?;
    let filled = async {
        for code in [&one.barcode, &two.barcode, &two.barcode] {
            phone.add(code).await?.done::<PhoneView>()?;
        }
        let shown = phone.show().await?;
        let total = phone.view().await?.cart()?.total.amount;
        Ok(((shown, total), format!("3 pieces, {}", yuan(total))))
    };
    let (shown, total) = table.step("its cart is shown to the till", filled).await?;
    let taken = async {
        let view = till.done(&till.take_in(&shown.digits)).await?;
        let cart = view.cart.context("nobody is signed in")?;
        let n = cart.lines.iter().filter(|line| line.source == "phone").count();
        ensure!(n == 2 && cart.total.amount == total, "{cart:?}");
        let seal = phone.view().await?.taken.context("the phone was not told")?;
        Ok(((), format!("{n} lines marked 手机, the phone says {}", seal.workstation)))
    };
    table.step("four digits bring it to the counter", taken).await?;
    let again = async {
        till.call(&till.scan(&shown.ticket)).await?.refused(409, "phone-cart-taken")?;
        let sold = till.sell(&[], 0).await?;
        ensure!(sold.order.total.amount == total, "an order of {:?}", sold.order.total);
        Ok(((), format!("refused once more; sold for {}", yuan(total))))
    };
    table.step("its QR is refused a second time, the order is paid", again).await?;
    store.close().await
}
