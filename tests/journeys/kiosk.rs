//! A kiosk: paired by a manager's code, browsed, filled, paid by a payment code, called by number,
//! and reset without a trace.

use acceptance::{
    cable::{Cable, Weather},
    catalog::Listed,
    club::{COUPON_OFF, COUPON_RULE, Club, MASKED, NAME, PHONE},
    houses::Town,
    kiosk::{KioskScreen, pairing_code},
    paper,
    sim::{Behaviour, PaymentCode, Platform, Voucher},
    store::{CODE, KIOSK, LACKING, NEIGHBOUR, Store, neighbour, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use uuid::Uuid;

use crate::{pieces, selling};

const NUMBER: u16 = KIOSK.0;

/// A store with houses around it, and a kiosk that is paired.
async fn open() -> Result<(Town, KioskScreen)> {
    let town = Town::found().await?;
    let mut kiosk = KioskScreen::new(town.store.edge.till(NUMBER), NUMBER);
    kiosk.pair_by(&town.store.manager(2).await?).await?;
    Ok((town, kiosk))
}

#[tokio::test]
async fn only_a_browser_with_a_managers_code_sells_and_the_next_takes_its_place() -> Result<()> {
    let mut store = selling().await?;
    let mut kiosk = KioskScreen::new(store.edge.till(NUMBER), NUMBER);
    kiosk.call(reqwest::Method::GET, "/view", None).await?.refused(401, "not-paired")?;
    kiosk.scan("KN2301-GRN-S").await?.refused(401, "not-paired")?;
    let nobody = store.edge.till(2);
    pairing_code(&nobody, NUMBER).await?.refused(401, "sign-in-required")?;
    let cashier = store.cashier(1).await?;
    pairing_code(&cashier, NUMBER).await?.refused(403, "forbidden")?;
    let manager = store.manager(2).await?;
    pairing_code(&manager, 1).await?.refused(409, "not-a-kiosk")?;
    kiosk.pair("000000").await?.refused(403, "pairing-code-wrong")?;
    kiosk.pair_by(&manager).await?;
    kiosk.scan("KN2301-GRN-S").await?.done::<Value>()?;
    let other = KioskScreen::new(store.edge.till(1), 1);
    other.call(reqwest::Method::GET, "/view", None).await?.refused(401, "not-paired")?;
    // A pairing outlives the node; its cart as well.
    store.edge.stop().await?;
    store.edge.start().await?;
    ensure!(kiosk.view().await?.cart.context("no cart")?.lines.len() == 1);
    let mut second = KioskScreen::new(store.edge.till(NUMBER), NUMBER);
    second.pair_by(&store.manager(2).await?).await?;
    kiosk.scan("KN2301-GRN-S").await?.refused(401, "not-paired")?;
    second.scan("KN2301-GRN-S").await?.done::<Value>()?;
    Ok(())
}

#[tokio::test]
async fn a_shopper_browses_by_category_and_search_and_sees_variants() -> Result<()> {
    let store = selling().await?;
    let kiosk = KioskScreen::new(store.edge.till(NUMBER), NUMBER);
    let categories = kiosk.shelf("/categories").await?.done::<Value>()?;
    let named = |path: &str| {
        let all = categories["categories"].as_array().into_iter().flatten();
        all.clone().find(|one| one["path"] == path).cloned().context(path.to_owned())
    };
    let (wear, knit) = (named("服装")?, named("服装/上装/针织衫")?);
    ensure!(wear["depth"] == 0 && knit["depth"] == 2 && knit["name"] == "针织衫", "{knit}");
    ensure!(wear["count"].as_u64() > knit["count"].as_u64(), "{wear} {knit}");
    // Pages lie end to end and hold everything once.
    let mut seen = std::collections::BTreeSet::new();
    for page in 0.. {
        let path = format!("/items?category=%E6%9C%8D%E8%A3%85&page={page}");
        let shown = kiosk.shelf(&path).await?.done::<Value>()?;
        for tile in shown["tiles"].as_array().context("no tiles")? {
            ensure!(tile["category"].as_str().is_some_and(|c| c.starts_with("服装")), "{tile}");
            ensure!(seen.insert(tile["sku"].as_str().context("no sku")?.to_owned()), "{tile}");
        }
        if shown["more"] == false {
            ensure!(
                shown["count"].as_u64() == u64::try_from(seen.len()).ok(),
                "{}",
                shown["count"]
            );
            break;
        }
        ensure!(page < 20, "the shelf has no end");
    }
    let found = kiosk.shelf("/search?query=ymhfzzs").await?.done::<Value>()?;
    let tiles = found["tiles"].as_array().context("no tiles")?;
    let style = tiles.iter().find(|tile| tile["name"] == "羊毛混纺针织衫");
    let style = style.context("拼音 initials find nothing")?;
    ensure!(style["variants"] == 6 && style["from"] == false, "{style}");
    let sku = style["sku"].as_str().context("no sku")?;
    let item = kiosk.shelf(&format!("/items/{sku}")).await?.done::<Value>()?;
    let variants = item["variants"].as_array().context("no variants")?;
    let sizes: Vec<_> = variants.iter().take(3).map(|one| one["size"].clone()).collect();
    ensure!(sizes == ["S", "M", "L"], "{sizes:?}");
    let by_code = kiosk.shelf("/items/9520011001021").await?.done::<Value>()?;
    ensure!(by_code["sku"] == "KN2301-GRN-M", "{by_code}");
    kiosk.shelf("/items/nothing").await?.refused(404, "item-unknown")?;
    let loose = kiosk.shelf("/search?query=%E8%8B%B9%E6%9E%9C").await?.done::<Value>()?;
    let kg = loose["tiles"].as_array().into_iter().flatten().find(|tile| tile["unit"] == "kg");
    let apple = kg.and_then(|tile| tile["sku"].as_str()).context("no apple")?;
    let apple = kiosk.shelf(&format!("/items/{apple}")).await?.done::<Value>()?;
    ensure!(apple["sellable"] == false, "{apple}");
    Ok(())
}

#[tokio::test]
async fn a_cart_is_paid_by_a_code_called_by_number_and_leaves_no_trace() -> Result<()> {
    let (town, kiosk) = open().await?;
    let goods = pieces()?;
    kiosk.scan(&goods[0].sku).await?.done::<Value>()?;
    kiosk.scan(&goods[7].barcode).await?.done::<Value>()?;
    let cart = kiosk.view().await?.cart.context("no cart")?;
    let view = kiosk.count(cart.lines[0].id, 2).await?;
    let total = 2 * goods[0].price + goods[7].price;
    let cart = view.cart.context("no cart")?;
    ensure!(cart.total.amount == total, "{}", cart.total.amount);
    kiosk.void_line(cart.lines[1].id).await?;
    ensure!(kiosk.undo().await?.cart.context("no cart")?.total.amount == total);
    // Money is taken where it was asked for.
    let view = kiosk.to_tender().await?;
    ensure!(view.phase == "tender" && view.rights.is_some_and(|r| r.left.amount == total));
    for n in 1..=2 {
        if n == 2 {
            kiosk.scan(&goods[0].sku).await?.done::<Value>()?;
            kiosk.to_tender().await?;
        }
        let code = town.platforms.wechat().issue_code(PaymentCode::default());
        kiosk.scan(&code).await?.done::<Value>()?;
        let view = kiosk.until("the result", |view| view.phase == "paid").await?;
        let paid = view.paid.context("no result")?;
        ensure!(paid.call == Some(format!("K00{n}")), "{:?}", paid.call);
        let order = town.store.edge.ledger()?.order(paid.order.order_id)?;
        ensure!(order.operator == "kiosk" && order.workstation == NUMBER, "{order:?}");
        let screen = town.store.edge.till(NUMBER);
        let slip = until("the receipt", PATIENCE, async || {
            Ok(paper::slips_of(&screen, &paid.order.receipt_number).await?.pop())
        });
        let slip = slip.await?;
        ensure!(slip.contains(&format!("K00{n}")) && slip.contains("自助"), "{slip}");
        kiosk.reset().await?.done::<Value>()?;
    }
    ensure!(town.platforms.balance(Some(Platform::Wechat)).held == total + goods[0].price);
    let after = kiosk.view().await?;
    ensure!(after.phase == "shopping" && after.paid.is_none() && after.last_scan.is_none());
    town.ends_well().await
}

#[tokio::test]
async fn a_reset_takes_the_cart_and_its_way_back_but_never_an_undecided_payment() -> Result<()> {
    let (town, kiosk) = open().await?;
    let goods = pieces()?;
    kiosk.scan(&goods[3].sku).await?.done::<Value>()?;
    kiosk.scan("nothing-like-this").await?.refused(404, "unknown-barcode")?;
    let before = kiosk.view().await?;
    ensure!(before.last_scan.is_some());
    kiosk.help().await?;
    let helped = async || {
        let notices = town.till.view().await?.notices;
        Ok::<_, anyhow::Error>(notices.iter().any(|notice| notice.code == "help-wanted"))
    };
    ensure!(kiosk.view().await?.helping && helped().await?, "no till was told");
    let after = kiosk.reset().await?.done::<acceptance::kiosk::KioskView>()?;
    ensure!(after.session != before.session && after.last_scan.is_none() && !after.helping);
    ensure!(after.cart.context("no cart")?.lines.is_empty() && !helped().await?);
    ensure!(kiosk.undo().await?.cart.context("no cart")?.lines.is_empty(), "the cart came back");
    // While nobody knows whether somebody pays, nothing is thrown away.
    kiosk.scan(&goods[3].sku).await?.done::<Value>()?;
    kiosk.to_tender().await?;
    let slow = PaymentCode { behaviour: Behaviour::NeverPays, ..PaymentCode::default() };
    let code = town.platforms.alipay().issue_code(slow);
    kiosk.scan(&code).await?.done::<Value>()?;
    let waiting = kiosk.until("the wait", |view| view.phase == "wait").await?;
    kiosk.reset().await?.refused(409, "rights-undecided")?;
    let payment = waiting.rights.context("no rights")?.payments.last().context("no payment")?.id;
    kiosk.reverse(payment).await?;
    kiosk.until("the payment to be undone", |view| view.phase != "wait").await?;
    kiosk.reset().await?.done::<Value>()?;
    town.ends_well().await
}

/// A store whose promotion gives an item away, with a kiosk: the item, and one of up to 50 yuan.
async fn with_a_present() -> Result<(Town, KioskScreen, [Listed; 2])> {
    let mut list = pieces()?.into_iter().filter(|item| (1_000..5_000).contains(&item.price));
    let goods = [list.next().context("nothing is cheap")?, list.next().context("one is cheap")?];
    let rules = serde_json::json!({ "rules": [{
        "id": "present", "name": "开业赠饮", "goods": { "any": [{ "sku": goods[0].sku }] },
        "steps": [{ "reward": { "units": { "rate": 0 } } }],
    }] });
    let town = Town::found_with(Some(&rules)).await?;
    let mut kiosk = KioskScreen::new(town.store.edge.till(NUMBER), NUMBER);
    kiosk.pair_by(&town.store.manager(2).await?).await?;
    Ok((town, kiosk, goods))
}

#[tokio::test]
async fn a_cart_of_which_nothing_is_left_to_pay_is_completed_by_its_shopper() -> Result<()> {
    let (town, kiosk, [present, cheap]) = with_a_present().await?;
    kiosk.complete().await?.refused(409, "cart-empty")?;
    // What is still to be paid is not given away, by whoever asks.
    kiosk.scan(&cheap.barcode).await?.done::<Value>()?;
    kiosk.complete().await?.refused(422, "tender-short")?;
    // A voucher of Douyin covers it, and is used with it.
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    kiosk.scan(&link).await?.done::<Value>()?;
    let is_covered = |view: &acceptance::kiosk::KioskView| {
        view.rights.as_ref().is_some_and(|rights| rights.left.amount == 0)
    };
    kiosk.until("the voucher to cover it", is_covered).await?;
    ensure!(town.platforms.balance(None).redeemed_count == 0, "what is shown is not used");
    kiosk.to_tender().await?;
    let view = kiosk.complete().await?.done::<acceptance::kiosk::KioskView>()?;
    let paid = view.paid.context("no result")?;
    ensure!(paid.call.as_deref() == Some("K001"), "{:?}", paid.call);
    let order = town.store.edge.ledger()?.order(paid.order.order_id)?;
    let tenders: Vec<_> =
        order.tenders.iter().map(|t| (t.kind.word(), t.amount_minor.minor())).collect();
    ensure!(tenders == [("voucher", cheap.price)] && order.operator == "kiosk", "{order:?}");
    ensure!(town.platforms.balance(Some(Platform::Douyin)).redeemed_count == 1);
    kiosk.reset().await?.done::<Value>()?;
    // What costs nothing by itself as well, and a total that was not shown is not completed.
    let view = kiosk.scan(&present.barcode).await?.done::<acceptance::kiosk::KioskView>()?;
    let cart = view.cart.context("no cart")?;
    ensure!(cart.total.amount == 0, "the promotion gives nothing away: {cart:?}");
    let other = serde_json::json!({
        "order_id": cart.order_id, "cart_revision": cart.revision, "total_minor": present.price,
    });
    let stale = kiosk.call(reqwest::Method::POST, "/orders", Some(other)).await?;
    stale.refused(409, "price-changed")?;
    let view = kiosk.complete().await?.done::<acceptance::kiosk::KioskView>()?;
    let paid = view.paid.context("no result")?;
    ensure!(paid.order.total.amount == 0 && paid.call.as_deref() == Some("K002"), "{paid:?}");
    town.ends_well().await?;
    town.store.wait_until_told(&town.till).await?;
    let found = town.store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    Ok(())
}

/// A paired kiosk whose store has none of an item, and whose neighbour has three.
async fn sold_out() -> Result<(Store, Cable, KioskScreen)> {
    let mut store = Store::twin(original().await?, None)?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    store.mall.start().await?;
    neighbour(&store.mall).await?;
    store.edge.start().await?;
    let mut kiosk = KioskScreen::new(store.edge.till(NUMBER), NUMBER);
    kiosk.pair_by(&store.manager(2).await?).await?;
    Ok((store, cable, kiosk))
}

/// Reserved and available of the item at the neighbour, in pieces.
async fn at_the_neighbour(store: &Store) -> Result<[i64; 2]> {
    let path = format!("/hq/v1/stores/{}/stock", NEIGHBOUR.0);
    let page: Value = store.mall.ask(&store.token, &path).await?;
    let number = |name: &str| page["items"][0][name].as_i64().unwrap_or_default() / 1_000;
    Ok([number("reserved_milli"), number("available_milli")])
}

#[tokio::test]
async fn an_item_the_store_lacks_is_set_aside_where_it_is_and_needs_the_line() -> Result<()> {
    let (store, cable, kiosk) = sold_out().await?;
    let stock = until("the count to reach the store", PATIENCE, async || {
        let item = kiosk.shelf(&format!("/items/{}", LACKING.0)).await?.done::<Value>()?;
        let variants = item["variants"].as_array().context("no variants")?.clone();
        let told = variants.iter().any(|one| !one["available"].is_null());
        Ok(told.then_some(variants))
    });
    let left = |variants: &[Value], sku: &str| {
        variants.iter().find(|one| one["sku"] == sku).map(|one| one["available"].clone())
    };
    let variants = stock.await?;
    ensure!(left(&variants, LACKING.0) == Some(Value::from(0)), "{variants:?}");
    ensure!(left(&variants, "KN2301-GRN-M") == Some(Value::Null), "nobody counted it");

    let found = kiosk.elsewhere(LACKING.0, 1).await?.done::<Value>()?;
    let stores = found["stores"].as_array().context("no stores")?;
    ensure!(stores.len() == 1 && stores[0]["store"] == NEIGHBOUR.0, "{found}");
    ensure!(stores[0]["name"] == NEIGHBOUR.1 && stores[0]["available"] == 3, "{found}");
    kiosk.elsewhere(LACKING.0, 4).await?.refused(409, "not-elsewhere")?;
    kiosk.elsewhere("no-such-item", 1).await?.refused(409, "not-elsewhere")?;

    let id = Uuid::now_v7();
    let aside = kiosk.set_aside(id, NEIGHBOUR.0, (LACKING.0, 2)).await?.done::<Value>()?;
    let again = kiosk.set_aside(id, NEIGHBOUR.0, (LACKING.0, 2)).await?.done::<Value>()?;
    ensure!(aside == again, "{aside} {again}");
    ensure!(aside["number"].as_str().is_some_and(|number| number.starts_with(CODE)), "{aside}");
    ensure!(aside["code"].as_str().is_some_and(|code| code.len() == 8), "{aside}");
    ensure!(at_the_neighbour(&store).await? == [2, 1]);
    let more = kiosk.set_aside(Uuid::now_v7(), NEIGHBOUR.0, (LACKING.0, 2)).await?;
    more.refused(409, "not-elsewhere")?;
    kiosk.set_aside(Uuid::now_v7(), CODE, (LACKING.0, 1)).await?.refused(409, "not-elsewhere")?;

    cable.turn(Weather::Cut);
    kiosk.elsewhere(LACKING.0, 1).await?.refused(503, "elsewhere-unreachable")?;
    let lost = Uuid::now_v7();
    let cut = kiosk.set_aside(lost, NEIGHBOUR.0, (LACKING.0, 1)).await?;
    cut.refused(503, "elsewhere-silent")?;
    ensure!(at_the_neighbour(&store).await? == [2, 1]);
    cable.turn(Weather::Fair);
    kiosk.set_aside(lost, NEIGHBOUR.0, (LACKING.0, 1)).await?.done::<Value>()?;
    kiosk.set_aside(lost, NEIGHBOUR.0, (LACKING.0, 1)).await?.done::<Value>()?;
    ensure!(at_the_neighbour(&store).await? == [3, 0], "it is set aside once");
    let found = kiosk.elsewhere(LACKING.0, 1).await?.done::<Value>()?;
    ensure!(found["stores"] == serde_json::json!([]), "{found}");
    let other = KioskScreen::new(store.edge.till(NUMBER), NUMBER);
    other.elsewhere(LACKING.0, 1).await?.refused(401, "not-paired")?;
    Ok(())
}

#[tokio::test]
async fn a_member_and_a_coupon_by_qr_price_the_cart_and_leave_with_their_shopper() -> Result<()> {
    let club = Club::open().await?;
    let mut kiosk = KioskScreen::new(club.store.edge.till(NUMBER), NUMBER);
    kiosk.pair_by(&club.store.manager(2).await?).await?;
    let total = |view: &acceptance::kiosk::KioskView| view.cart.as_ref().map(|c| c.total.amount);
    let plain = kiosk.scan(&club.item.sku).await?.done::<acceptance::kiosk::KioskView>()?;
    // Anybody can type a number; nobody is told whose it is, and no screen keeps it.
    for shown in [PHONE.to_owned(), format!("+86{PHONE}"), format!("MECARD:TEL:{PHONE};;")] {
        let answer = kiosk.scan(&shown).await?;
        let told = kiosk.call(reqwest::Method::GET, "/view", None).await?;
        for text in [&answer.text, &told.text] {
            ensure!(text.contains(MASKED), "what was read is not said: {text}");
            ensure!(!text.contains(PHONE), "the number stays on a screen: {text}");
        }
        answer.refused(404, "unknown-barcode")?;
    }
    let code = club.code().await?;
    kiosk.scan(&code).await?.done::<Value>()?;
    let view = kiosk.view().await?;
    let member = view.member.as_ref().context("nobody is known")?;
    ensure!(member["phone"] == MASKED && member["name"] == "欧*", "{member}");
    ensure!(total(&view) < total(&plain), "no member price");
    let reduced = total(&view);
    let coupon = club.coupon().await?;
    let view = kiosk.scan(&coupon).await?.done::<acceptance::kiosk::KioskView>()?;
    ensure!(view.coupons.len() == 1 && view.coupons[0]["takes_part"] == true, "{view:?}");
    ensure!(total(&view) == reduced.map(|total| total - COUPON_OFF), "{view:?}");
    let id = view.coupons[0]["id"].as_str().context("no id")?;
    let view = kiosk.take_coupon_off(id).await?;
    ensure!(view.coupons.is_empty() && total(&view) == reduced, "{view:?}");
    let view = kiosk.forget().await?;
    ensure!(view.member.is_none() && total(&view) == total(&plain), "{view:?}");
    // What one shopper showed is gone before the next one comes.
    kiosk.scan(&code).await?.done::<Value>()?;
    kiosk.scan(&coupon).await?.done::<Value>()?;
    let answer = kiosk.reset().await?;
    for mark in [MASKED, NAME, &code, &coupon] {
        ensure!(!answer.text.contains(mark), "{mark} stays: {}", answer.text);
    }
    let after = kiosk.scan(&club.item.sku).await?.done::<acceptance::kiosk::KioskView>()?;
    ensure!(after.member.is_none() && after.coupons.is_empty(), "{after:?}");
    ensure!(total(&after) == total(&plain), "{after:?}");
    Ok(())
}

/// What the kiosk shows once the coupon is claimed; nothing while the mall is not heard.
async fn claimed(kiosk: &KioskScreen) -> Result<Option<acceptance::kiosk::KioskView>> {
    let answer = kiosk.claim().await?;
    if answer.status == 503 {
        return Ok(None);
    }
    answer.done().map(Some)
}

#[tokio::test]
async fn a_member_claims_the_coupon_for_coming_by_their_code_once_and_needs_the_line() -> Result<()>
{
    let club = Club::open().await?;
    let mut kiosk = KioskScreen::new(club.store.edge.till(NUMBER), NUMBER);
    kiosk.pair_by(&club.store.manager(2).await?).await?;
    let total = |view: &acceptance::kiosk::KioskView| view.cart.as_ref().map(|c| c.total.amount);
    kiosk.scan(&club.item.sku).await?.done::<Value>()?;
    kiosk.claim().await?.refused(409, "member-needed")?;
    let shown = kiosk.scan(&club.code().await?).await?;
    let view = shown.done::<acceptance::kiosk::KioskView>()?;
    ensure!(!view.claim, "HQ gives no coupon yet");
    kiosk.claim().await?.refused(409, "coupon-not-given")?;
    let token = club.store.mall.saving_token("到店礼").await?;
    let settings = serde_json::json!({ "settings": { "portal": { "coupon_rule": COUPON_RULE } } });
    club.store.mall.put(&token, "/hq/v1/settings", "*", &settings).await?.done::<Value>()?;
    let plain = kiosk.until("the coupon to be offered", |view| view.claim).await?;

    club.cable.turn(Weather::Cut);
    kiosk.claim().await?.refused(503, "coupon-unheard")?;
    ensure!(kiosk.view().await?.coupons.is_empty(), "a coupon without the mall");
    club.cable.turn(Weather::Fair);
    let view = until("the line to be back", PATIENCE, async || claimed(&kiosk).await).await?;
    ensure!(view.coupons.len() == 1 && view.coupons[0]["takes_part"] == true, "{view:?}");
    ensure!(total(&view) == total(&plain).map(|total| total - COUPON_OFF), "{view:?}");
    ensure!(!view.claim, "it lies there already");
    let id = view.coupons[0]["id"].clone();

    // They have one at a time: the next time it is the same.
    kiosk.reset().await?.done::<Value>()?;
    kiosk.scan(&club.item.sku).await?.done::<Value>()?;
    kiosk.claim().await?.refused(409, "member-needed")?;
    kiosk.scan(&club.code().await?).await?.done::<Value>()?;
    let view = until("the coupon again", PATIENCE, async || claimed(&kiosk).await).await?;
    ensure!(view.coupons.len() == 1 && view.coupons[0]["id"] == id, "{view:?}");
    Ok(())
}
