//! Sales with payments by code and vouchers, against a mall that answers, fails, or is not there.

mod payments;
mod silence;
mod undone;
mod vouchers;

use std::time::Duration;

use domain::{
    id::{CommandId, OrderId, PaymentId, RedemptionId},
    money::Money,
    payment::PaymentState,
    redemption::{REDEMPTIONS_MAX, RedemptionState},
    tender::{Tender, TenderKind},
};
use rusqlite::Connection;
use sync::chain::Hash;
use uuid::Uuid;

use super::{Choice, Hold, Payment, Rights, Secret};
use crate::{
    checkout::{self, CheckoutError, Command, CompleteCommand, Edit, ScanCommand},
    context::mint,
    db::{self, DbError},
    payment,
    post_void::{self, PostVoid},
    redemption::{self, Handling, LookUp},
    refusal::Refusal,
    screens::Scene,
    station::ScanFate,
    test_mall::{Fault, TestMall, voucher},
    test_store::TestStore,
};

/// No test waits longer for what shall become true.
const PATIENCE: Duration = Duration::from_secs(20);
const WECHAT_CODE: &str = "134567890123456789";
const ALIPAY_CODE: &str = "281234567890123456";
const DOUYIN_LINK: &str = "https://v.douyin.com/abc/";
/// A tea.
const TEA: i64 = 1_200;

fn fen(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn rights(store: &TestStore) -> Rights {
    store.scene(1).priced.station.rights.clone()
}

fn left(store: &TestStore) -> i64 {
    rights(store).left(fen(store.total(1))).minor()
}

fn payment_states(store: &TestStore) -> Vec<PaymentState> {
    rights(store).payments.iter().map(|payment| payment.state).collect()
}

fn redemption_states(store: &TestStore) -> Vec<RedemptionState> {
    rights(store).redemptions.iter().map(|redemption| redemption.state).collect()
}

/// Waits until a scene of workstation 1 is like that.
async fn until(store: &TestStore, what: &str, is_like_that: impl Fn(&Scene) -> bool) {
    let mut scenes = store.context().screens.follow(1).unwrap();
    let wait = scenes.wait_for(|scene| is_like_that(scene));
    let found = tokio::time::timeout(PATIENCE, wait).await;
    assert!(found.is_ok(), "{what} did not come: {:?}", rights(store));
}

async fn until_payment(store: &TestStore, state: PaymentState) {
    let is_last = |scene: &Scene| {
        scene.priced.station.rights.payments.last().is_some_and(|p| p.state == state)
    };
    until(store, "the payment's state", is_last).await;
}

/// Waits until a payment is undone, also one of no cart that is on a counter.
async fn until_reversed(store: &TestStore, id: PaymentId) {
    let is_reversed = async {
        while of_ledger(store, move |db| db::payment::find(db, id)).await.unwrap().state
            != PaymentState::Reversed
        {
            store.context().nudges.rights.give();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_reversed).await.unwrap();
}

async fn until_order(store: &TestStore, order: OrderId) {
    let is_done =
        |scene: &Scene| scene.last_order.as_ref().is_some_and(|last| last.order.id == order);
    until(store, "the order", is_done).await;
}

async fn scan(store: &TestStore, text: &str) -> Result<(), CheckoutError> {
    let command = Command { workstation: 1, id: mint(), body: Hash::of(b"scan") };
    let scan = ScanCommand { command, text: text.to_owned(), quantity: None };
    checkout::scan(store.context(), scan).await?;
    until_said(store).await;
    Ok(())
}

/// Waits until every house that was asked what something is worth has said.
async fn until_said(store: &TestStore) {
    until(store, "what another house says", |scene| scene.looking_up.is_empty()).await;
}

async fn edit(store: &TestStore, edit: Edit) -> Result<(), CheckoutError> {
    let id: CommandId = mint();
    let command = Command { workstation: 1, id, body: Hash::of(id.uuid().as_bytes()) };
    checkout::edit(store.context(), command, edit).await
}

async fn charge(
    store: &TestStore,
    id: PaymentId,
    code: &str,
    amount: Option<i64>,
) -> Result<bool, CheckoutError> {
    let cart = store.scene(1).priced.station.cart.clone();
    let charge = payment::Charge {
        workstation: 1,
        id,
        cart: Some((cart.order, cart.revision)),
        method: None,
        code: Secret(code.to_owned()),
        amount: amount.map(fen),
    };
    payment::begin(store.context(), charge).await
}

async fn look_up(store: &TestStore, text: &str) -> Result<RedemptionId, CheckoutError> {
    let id = mint();
    let presented = Secret(text.to_owned());
    let wish = LookUp { workstation: 1, id, order: None, presented, issuer: None };
    redemption::look_up(store.context(), wish).await?;
    until_said(store).await;
    match store.scene(1).last_scan.as_ref().map(|scan| scan.fate.clone()) {
        Some(ScanFate::Redemption(known)) if known == id => Ok(id),
        Some(ScanFate::Refused(refusal)) => Err(refusal.into()),
        other => panic!("a look-up ended with {other:?}"),
    }
}

async fn complete(store: &TestStore, cash: i64) -> Result<(), CheckoutError> {
    let scene = store.scene(1);
    let cart = &scene.priced.station.cart;
    let cash = Tender { kind: TenderKind::Cash, amount: fen(cash) };
    let command = CompleteCommand {
        workstation: 1,
        order: cart.order,
        revision: cart.revision,
        total: Some(scene.priced.quote.total),
        tenders: Some(cash).filter(|cash| cash.amount > Money::ZERO).into_iter().collect(),
    };
    checkout::complete(store.context(), command).await.map(|_| ())
}

/// What the last order was covered by.
fn tendered(store: &TestStore) -> Vec<(TenderKind, i64)> {
    let scene = store.scene(1);
    let order = &scene.last_order.as_ref().unwrap().order;
    assert_eq!(order.check(), Ok(()));
    order.tenders.iter().map(|tender| (tender.kind, tender.amount.minor())).collect()
}

fn refused(result: Result<impl std::fmt::Debug, CheckoutError>) -> Refusal {
    match result {
        Err(CheckoutError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A store with a mall, and a tea on the counter.
async fn with_tea() -> (TestStore, TestMall, OrderId) {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "TEA").await;
    let order = store.scene(1).priced.station.cart.order;
    (store, mall, order)
}

async fn of_ledger<T: Send + 'static>(
    store: &TestStore,
    read: impl FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
) -> T {
    store.context().ledger.read(read).await.unwrap()
}

async fn orders(store: &TestStore) -> i64 {
    of_ledger(store, |db| {
        db.query_row("select count(*) from orders", [], |row| row.get(0))
            .map_err(DbError::sqlite("count"))
    })
    .await
}
