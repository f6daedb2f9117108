//! What a test says in Rust, over HTTP on 127.0.0.1, for a page and for programs in other languages.
//!
//! **Invariant:** it is never reached from a page of another origin: the `Host` is this machine's, and
//! what changes something is JSON, which another page may not send.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    brand::Brand,
    shop::{Placed, Shop},
};

use super::{
    access::Access, code::PaymentCode, door::Ground, douyin::voucher::Voucher, fault::Planned,
    page, wechat::coupon::Coupon,
};

#[derive(Clone, Debug)]
struct Desk {
    ground: Arc<Ground>,
    access: Arc<Access>,
    folder: Option<PathBuf>,
}

/// A shop of the mall's (`Shop` as JSON), in the folder.
pub const SHOP: &str = "shop.json";
/// The brand with its member (`Brand` as JSON), in the folder.
pub const BRAND: &str = "brand.json";
/// Lines of JSON that would be SMS, in the folder.
pub const MESSAGES: &str = "sms.jsonl";

/// Messages that the page shows; the newest.
const MESSAGES_SHOWN: usize = 5;

/// Serves page and control until the task is aborted.
pub(crate) fn open(
    ground: &Arc<Ground>,
    access: &Access,
    folder: Option<PathBuf>,
    listener: TcpListener,
) -> JoinHandle<()> {
    let (ground, access) = (Arc::clone(ground), Arc::new(access.clone()));
    let desk = Desk { ground, access, folder };
    let router = Router::new()
        .route("/api/access", get(access_of))
        .route("/api/state", get(state))
        .route("/api/douyin/vouchers", post(issue_voucher))
        .route("/api/douyin/vouchers/{order_id}/refresh", post(refresh))
        .route("/api/douyin/token/take", post(take_token))
        .route("/api/wechat/codes", post(wechat_code))
        .route("/api/wechat/coupons", post(issue_coupon))
        .route("/api/wechat/key/rotate", post(rotate))
        .route("/api/alipay/codes", post(alipay_code))
        .route("/api/orders", post(place_order))
        .route("/api/brand/members", post(member_code))
        .route("/api/brand/coupons", post(brand_coupon))
        .route("/api/faults", post(plan))
        .route("/api/faults", delete(clear))
        .route("/api/clock", post(clock))
        .merge(page::router())
        .layer(middleware::from_fn(only_from_here))
        .with_state(desk);
    tokio::spawn(async move {
        // It ends with its task.
        let _ = axum::serve(listener, router).await;
    })
}

async fn only_from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost") {
        return (StatusCode::FORBIDDEN, "this machine only").into_response();
    }
    next.run(request).await
}

async fn access_of(State(desk): State<Desk>) -> Response {
    Json(&*desk.access).into_response()
}

/// All that a page shows.
async fn state(State(desk): State<Desk>) -> Json<Value> {
    let world = desk.ground.world();
    let vouchers: Vec<Value> = world
        .douyin
        .orders
        .values()
        .map(|order| {
            let used = order.certificates.iter().filter(|one| one.used.is_some()).count();
            json!({
                "issued": order.issued(&desk.access.douyin.link_url),
                "voucher": order.voucher,
                "used": used,
                "is_open": order.object.is_some(),
            })
        })
        .collect();
    let now = world.clock.now();
    let platforms = [
        super::ledger::Platform::Douyin,
        super::ledger::Platform::Wechat,
        super::ledger::Platform::Alipay,
    ];
    let balances: Vec<Value> = platforms
        .iter()
        .map(|one| json!({ "platform": one, "balance": world.books.balance(Some(*one)) }))
        .collect();
    Json(json!({
        "now": super::clock::rfc3339(now),
        "vouchers": vouchers,
        "coupons": world.wechat.coupons.0.values().collect::<Vec<_>>(),
        "wechat_codes": world.wechat.trades.codes.values().collect::<Vec<_>>(),
        "alipay_codes": world.alipay.trades.codes.values().collect::<Vec<_>>(),
        "wechat_trades": world.wechat.trades.trades.values().collect::<Vec<_>>(),
        "alipay_trades": world.alipay.trades.trades.values().collect::<Vec<_>>(),
        "ledger": world.books.entries,
        "violations": world.books.violations,
        "faults": world.plan.0,
        "balances": balances,
        "balance": world.books.balance(None),
        "messages": messages(desk.folder.as_deref()),
    }))
}

/// What the store's portal sent to phones, the newest first; a line that is being written is none
/// yet.
fn messages(folder: Option<&std::path::Path>) -> Vec<Value> {
    let sent = folder.and_then(|folder| std::fs::read_to_string(folder.join(MESSAGES)).ok());
    let sent = sent.unwrap_or_default();
    let lines = sent.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
    lines.take(MESSAGES_SHOWN).collect()
}

async fn issue_voucher(State(desk): State<Desk>, Json(voucher): Json<Voucher>) -> Json<Value> {
    let mut world = desk.ground.world();
    let now = world.clock.now();
    let order = world.douyin.issue(voucher, now);
    Json(json!(order.issued(&desk.access.douyin.link_url)))
}

async fn refresh(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Json(Empty {}): Json<Empty>,
) -> Response {
    let mut world = desk.ground.world();
    match world.douyin.refresh(&id) {
        Some(order) => Json(order.issued(&desk.access.douyin.link_url)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A body without anything in it, which still must be JSON.
#[derive(Debug, Deserialize)]
struct Empty {}

async fn take_token(State(desk): State<Desk>, Json(Empty {}): Json<Empty>) -> StatusCode {
    let mut world = desk.ground.world();
    let now = world.clock.now();
    world.douyin.tokens.fetch(now);
    world.douyin.tokens.fetch(now);
    StatusCode::NO_CONTENT
}

async fn wechat_code(State(desk): State<Desk>, Json(code): Json<PaymentCode>) -> Json<Value> {
    Json(json!({ "code": desk.ground.world().wechat.trades.issue(code, "13") }))
}

async fn alipay_code(State(desk): State<Desk>, Json(code): Json<PaymentCode>) -> Json<Value> {
    Json(json!({ "code": desk.ground.world().alipay.trades.issue(code, "28") }))
}

async fn issue_coupon(State(desk): State<Desk>, Json(coupon): Json<Coupon>) -> Json<Value> {
    let mut world = desk.ground.world();
    let now = world.clock.now();
    Json(json!({ "code": world.wechat.coupons.issue(coupon, now) }))
}

/// What a program has laid into the folder.
fn laid<T: DeserializeOwned>(desk: &Desk, name: &str) -> Option<Result<T>> {
    let file = desk.folder.as_ref()?.join(name);
    let text = std::fs::read(&file).ok()?;
    Some(serde_json::from_slice(&text).context("the file is not what it should be"))
}

/// Does something with what lies in the folder; without it there is nothing to do it with.
async fn with<T: DeserializeOwned>(
    desk: &Desk,
    name: &str,
    work: impl AsyncFnOnce(T) -> Result<Value>,
) -> Response {
    let Some(laid) = laid::<T>(desk, name) else { return StatusCode::NOT_FOUND.into_response() };
    let done = async { work(laid?).await };
    done.await.map_or_else(
        |error| {
            let told = json!({ "error": format!("{error:#}") });
            (StatusCode::BAD_GATEWAY, Json(told)).into_response()
        },
        |value| Json(value).into_response(),
    )
}

/// Places the next order for pickup at the mall, as an online shop would.
async fn place_order(State(desk): State<Desk>, Json(Empty {}): Json<Empty>) -> Response {
    let place = async |shop: Shop| {
        let Placed { number, code, token, .. } = shop.next().await?;
        Ok(json!({ "number": number, "code": token, "digits": code }))
    };
    with(&desk, SHOP, place).await
}

/// The brand's member shows who they are.
async fn member_code(State(desk): State<Desk>, Json(Empty {}): Json<Empty>) -> Response {
    let show = async |brand: Brand| Ok(json!({ "code": brand.code().await? }));
    with(&desk, BRAND, show).await
}

/// The brand gives a coupon away.
async fn brand_coupon(State(desk): State<Desk>, Json(Empty {}): Json<Empty>) -> Response {
    let give = async |brand: Brand| Ok(json!({ "code": brand.coupon().await? }));
    with(&desk, BRAND, give).await
}

async fn rotate(State(desk): State<Desk>, Json(Empty {}): Json<Empty>) -> StatusCode {
    let mut world = desk.ground.world();
    world.wechat.signs_with = 1 - world.wechat.signs_with;
    StatusCode::NO_CONTENT
}

async fn plan(State(desk): State<Desk>, Json(faults): Json<Vec<Planned>>) -> StatusCode {
    desk.ground.world().plan.0.extend(faults);
    StatusCode::NO_CONTENT
}

async fn clear(State(desk): State<Desk>) -> StatusCode {
    desk.ground.world().plan.0.clear();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Turn {
    #[serde(default)]
    turn_seconds: u32,
    #[serde(default)]
    stop: bool,
}

async fn clock(State(desk): State<Desk>, Json(turn): Json<Turn>) -> StatusCode {
    let mut world = desk.ground.world();
    if turn.stop {
        world.clock.stop();
    }
    world.clock.turn(turn.turn_seconds);
    StatusCode::NO_CONTENT
}
