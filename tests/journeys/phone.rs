//! A shopper's own phone: from the QR on an idle display to lines on the counter, and every door on
//! the way that stays shut.

use acceptance::{
    phone::{Phone, PhoneItem, PhoneView, token_on},
    store::Store,
    till::{Till, answer},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{pieces, selling};

async fn with_phone() -> Result<(Store, Till, Phone)> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let phone = Phone::joined_at(store.edge.url(), &till).await?;
    Ok((store, till, phone))
}

#[tokio::test]
async fn a_cart_built_on_a_phone_is_taken_in_by_four_digits_and_sold() -> Result<()> {
    let (store, till, phone) = with_phone().await?;
    let list = pieces()?;
    let item: PhoneItem = phone.item(&list[0].barcode).await?.done()?;
    ensure!(item.sku == list[0].sku && item.line.amount.amount == list[0].price, "{item:?}");
    phone.add(&list[0].barcode).await?.done::<PhoneView>()?;
    let view: PhoneView = phone.add(&list[1].barcode).await?.done()?;
    let second = view.cart()?.lines[1].id;
    let view: PhoneView = phone.count(second, 3_000).await?.done()?;
    let total = list[0].price + 3 * list[1].price;
    ensure!(view.cart()?.total.amount == total && view.cart()?.pieces == 4, "{view:?}");

    let shown = phone.show().await?;
    till.done(&till.scan(&list[2].barcode)).await?;
    let view = till.done(&till.take_in(&shown.digits)).await?;
    let cart = view.cart.as_ref().context("nobody is signed in")?;
    let sources: Vec<&str> = cart.lines.iter().map(|line| line.source.as_str()).collect();
    ensure!(sources == ["till", "phone", "phone"], "{sources:?}");
    ensure!(cart.total.amount == total + list[2].price, "{cart:?}");
    let display = till.display().await?.cart.context("the display shows no cart")?;
    ensure!(display.lines.iter().filter(|line| line.source == "phone").count() == 2);

    let taken = phone.view().await?.taken.context("the phone was not told")?;
    ensure!(taken.workstation == "1号台", "{taken:?}");
    let sold = till.sell(&[], 0).await?;
    ensure!(sold.order.total.amount == total + list[2].price);
    ensure!(store.edge.ledger()?.n_orders()? == 1);
    Ok(())
}

#[tokio::test]
async fn a_qr_is_scanned_as_goods_are_and_only_once() -> Result<()> {
    let (store, till, phone) = with_phone().await?;
    let list = pieces()?;
    phone.add(&list[0].barcode).await?.done::<PhoneView>()?;
    let shown = phone.show().await?;
    store.edge.gun(1).await?.read(&[&shown.ticket]).await?;
    let has_line = |view: &acceptance::view::View| {
        view.cart.as_ref().is_some_and(|cart| cart.lines.len() == 1)
    };
    till.until("the phone's line", has_line).await?;

    let other = store.cashier(2).await?;
    for (of, call) in [
        (&till, till.scan(&shown.ticket)),
        (&till, till.take_in(&shown.digits)),
        (&other, other.scan(&shown.ticket.to_ascii_lowercase())),
        (&other, other.take_in(&shown.digits)),
    ] {
        let problem = of.call(&call).await?.refused(409, "phone-cart-taken")?;
        ensure!(problem.detail.contains('1'), "it does not say where: {problem:?}");
    }
    let lines = [till.view().await?, other.view().await?].map(|view| view.cart);
    let counts = lines.map(|cart| cart.map_or(0, |cart| cart.lines.len()));
    ensure!(counts == [1, 0], "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn undo_takes_the_lines_off_and_the_phone_stays_handed_over() -> Result<()> {
    let (_store, till, phone) = with_phone().await?;
    let list = pieces()?;
    till.done(&till.scan(&list[0].barcode)).await?;
    for item in &list[..3] {
        phone.add(&item.barcode).await?.done::<PhoneView>()?;
    }
    let shown = phone.show().await?;
    let view = till.done(&till.take_in(&shown.digits)).await?;
    ensure!(view.cart.is_some_and(|cart| cart.lines.len() == 4));
    let view = till.done(&till.undo()).await?;
    ensure!(view.cart.is_some_and(|cart| cart.lines.len() == 1), "one step back is not one step");
    till.call(&till.take_in(&shown.digits)).await?.refused(409, "phone-cart-taken")?;
    ensure!(phone.view().await?.taken.is_some());
    // What is added now begins another cart.
    let view: PhoneView = phone.add(&list[4].barcode).await?.done()?;
    ensure!(view.taken.is_none() && view.cart()?.lines.len() == 1, "{view:?}");
    Ok(())
}

#[tokio::test]
async fn a_repeat_of_a_command_adds_nothing_more() -> Result<()> {
    let (_store, till, phone) = with_phone().await?;
    let code = &pieces()?[0].barcode;
    let id = Uuid::now_v7();
    for _ in 0..3 {
        let view: PhoneView = phone.add_as(id, code, None).await?.done()?;
        ensure!(view.cart()?.pieces == 1, "{view:?}");
    }
    let shown = phone.show().await?;
    let call = till.take_in(&shown.digits);
    for _ in 0..3 {
        let view = till.done(&call).await?;
        ensure!(view.cart.is_some_and(|cart| cart.pieces == 1));
    }
    // Also after the cart was taken in: a late repeat begins no other.
    let view: PhoneView = phone.add_as(id, code, None).await?.done()?;
    ensure!(view.taken.is_some(), "{view:?}");
    Ok(())
}

#[tokio::test]
async fn a_phone_sees_its_own_cart_and_nothing_else() -> Result<()> {
    let (store, till, phone) = with_phone().await?;
    let code = &pieces()?[0].barcode;
    let view: PhoneView = phone.add(code).await?.done()?;
    let line = view.cart()?.lines[0].id;
    let other = Phone::joined_at(store.edge.url(), &till).await?;
    ensure!(other.view().await?.cart.is_none());
    other.count(line, 9_000).await?.refused(409, "line-not-found")?;
    other.remove(line).await?.done::<PhoneView>()?;
    ensure!(phone.view().await?.cart()?.pieces == 1, "another phone changed it");
    // Its cookie opens no door of the till's.
    let mut request = till.without_session().request(Method::GET, "/items?query=a")?;
    request = request.header("cookie", phone.cookie().context("no cookie")?);
    answer(request).await?.refused(401, "sign-in-required")?;
    Ok(())
}

#[tokio::test]
async fn nobody_joins_with_what_no_screen_showed() -> Result<()> {
    let (store, till, phone) = with_phone().await?;
    let token = token_on(&till).await?;
    let mut stranger = Phone::new(store.edge.url());
    for (method, path) in [
        (Method::GET, "/view".to_owned()),
        (Method::GET, format!("/item?code={}", pieces()?[0].barcode)),
        (Method::DELETE, format!("/cart/lines/{}?id={}", Uuid::nil(), Uuid::nil())),
    ] {
        stranger.call(method, &path, None).await?.refused(401, "phone-join")?;
    }
    let bent = token.replacen('1', "2", 1);
    for wrong in ["", "1", "1.", "1.00", &bent, &token.to_ascii_uppercase(), &"9".repeat(300)] {
        stranger.join(wrong).await?.refused(403, "phone-join-over")?;
    }
    let cookie = phone.cookie().context("no cookie")?.to_owned();
    for wrong in [format!("{cookie}0"), cookie.replace('a', "b"), "guitai_phone=".to_owned()] {
        if wrong != cookie {
            stranger.pretend(&wrong);
            stranger.call(Method::GET, "/view", None).await?.refused(401, "phone-join")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_barcode_of_goods_is_refused_kindly() -> Result<()> {
    let (_store, _till, phone) = with_phone().await?;
    for (code, status, slug) in [
        ("6901234567892", 404, "phone-no-such-item"),
        ("6901234567890", 422, "phone-misread"),
        ("134567890123456789", 422, "phone-not-goods"),
        ("%20", 422, "phone-not-goods"),
    ] {
        let problem = phone.item(code).await?.refused(status, slug)?;
        ensure!(!problem.detail.contains("134567890123456789"), "{problem:?}");
    }
    let weighed = acceptance::catalog::read(&acceptance::catalog::demo())?;
    let weighed = weighed.iter().find(|item| item.is_weighed).context("nothing is weighed")?;
    let label = acceptance::catalog::weight_label(&weighed.plu, 1_250);
    for code in [&weighed.sku, &label] {
        phone.item(code).await?.refused(422, "phone-weighed")?;
        phone.add(code).await?.refused(422, "phone-weighed")?;
    }
    ensure!(phone.view().await?.cart.is_none(), "a refusal began a cart");
    Ok(())
}

#[tokio::test]
async fn four_digits_are_not_guessed() -> Result<()> {
    let (_store, till, phone) = with_phone().await?;
    phone.add(&pieces()?[0].barcode).await?.done::<PhoneView>()?;
    let right: u32 = phone.show().await?.digits.parse()?;
    for n in 1..=5 {
        let wrong = format!("{:04}", (right + n) % 10_000);
        till.call(&till.take_in(&wrong)).await?.refused(404, "phone-code-unknown")?;
    }
    let right = format!("{right:04}");
    let paused = till.call(&till.take_in(&right)).await?.refused(429, "phone-code-paused")?;
    ensure!(paused.retry_after_ms.is_some_and(|ms| ms > 0), "{paused:?}");
    // Another workstation is not paused, and a QR is not guessed either way.
    let ticket = phone.show().await?.ticket;
    let view = till.done(&till.scan(&ticket)).await?;
    ensure!(view.cart.is_some_and(|cart| cart.lines.len() == 1));
    Ok(())
}

#[tokio::test]
async fn a_phone_that_hurries_is_told_to_wait_and_large_bodies_stop_at_the_door() -> Result<()> {
    let (_store, till, phone) = with_phone().await?;
    let body = json!({ "id": Uuid::now_v7(), "code": "9".repeat(20_000) });
    let large = phone.call(Method::POST, "/cart/lines", Some(body)).await?;
    large.refused(413, "body-too-large")?;
    let told = until("the node to slow a phone down", PATIENCE, async || {
        let answer = phone.call(Method::GET, "/view", None).await?;
        Ok((answer.status != 200).then_some(answer))
    });
    let told = told.await?.refused(429, "phone-too-often")?;
    ensure!(told.retry_after_ms.is_some(), "{told:?}");
    // The till goes on.
    till.done(&till.scan(&pieces()?[0].barcode)).await?;
    Ok(())
}

#[tokio::test]
async fn a_store_that_names_no_address_for_phones_lets_none_in() -> Result<()> {
    let mut store = selling().await?;
    store.edge.stop().await?;
    store.reboot_with(|boot| boot.simulated = false)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    ensure!(till.display().await?.join.is_none());
    let mut phone = Phone::new(store.edge.url());
    phone.join("1.00").await?.refused(404, "not-found")?;
    Ok(())
}
