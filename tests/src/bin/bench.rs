//! `make bench`: ratios to floors of the same run, with 808,096 SKUs and 20,000 rules.
//!
//! `bench pricing intake` measures those parts alone; there are pricing, settings, intake, crowd and store.

use std::{alloc::System, path::PathBuf, process::ExitCode, time::Duration};

use acceptance::{
    bench::{
        figure::{Figure, Promise, Report, Samples, Watch, timed},
        floor, intake, pricing, replica,
        wire::Wire,
        world,
    },
    crowd::Crowd,
    edge_process::{Boot, EdgeProcess},
    folder,
    mall_process::MallProcess,
    mosquitto, port, postgres,
    pushed::Pushed,
    store::{self, CODE, OPERATORS},
    wait::until,
};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use uuid::Uuid;

/// What can be measured alone.
const PARTS: [&str; 5] = ["pricing", "settings", "intake", "crowd", "store"];
/// Scans and orders that are timed, after as many again that are not.
const TIMES: u32 = 1_000;
/// Lines of a timed order; a cart is voided before it grows beyond twice that.
const LINES: i64 = 5;
/// Pushes of a setting that are timed, after one that is not.
const PUSHES: u32 = 50;
/// Stores that hear what HQ sets, and how often it sets something.
const CROWD: u32 = 1_000;
const CROWD_TIMES: i64 = 8;
/// Orders that wait for the mall.
const BACKLOG: usize = 1_000;
/// A first snapshot of the large catalog takes a while on a slow machine.
const LONG: Duration = Duration::from_secs(600);

const LEDGER: &str = include_str!("../../../edge-daemon/migrations/0001_ledger.sql");

/// The n-th pick out of the catalog: scattered, so that no cache has it.
const fn pick(n: u32) -> u32 {
    n.wrapping_mul(2_246_822_519).wrapping_add(374_761_393) % world::WORLD_ITEMS
}

/// Counts what quotes ask of it; two additions each time, which slow nothing that is measured here.
#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and bytes that some work asks for.
fn counted(work: &mut dyn FnMut()) -> (usize, usize) {
    let region = Region::new(MEMORY);
    work();
    let used = region.change();
    (used.allocations + used.reallocations, used.bytes_allocated)
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut report = Report::default();
    let only: Vec<String> = std::env::args().skip(1).collect();
    if let Some(other) = only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        bail!("there is no part {other}; there are {PARTS:?}");
    }
    let is_wished = |what: &str| only.is_empty() || only.iter().any(|part| part == what);
    if is_wished("pricing") {
        eprintln_line("quotes …");
        pricing::all(&mut report, &counted)?;
    }
    if is_wished("settings") {
        settings(&mut report).await?;
    }
    if is_wished("intake") {
        eprintln_line("intake …");
        if postgres::is_here() {
            intake::intake(&mut report, true).await?;
        }
        intake::intake(&mut report, false).await?;
    }
    if is_wished("crowd") {
        crowd(&mut report).await?;
    }
    if is_wished("store") {
        whole_store(&mut report).await?;
    }
    let text = report.text();
    report.write(&PathBuf::from("var/bench"))?;
    print_text(&text);
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What HQ sets, on its way to a till through a real broker.
async fn settings(report: &mut Report) -> Result<()> {
    let what = "a setting from HQ's save to the till's screen, through the broker";
    if !mosquitto::is_here() {
        let missing = "NOT MEASURED: mosquitto is not installed".to_owned();
        report.notes.push((what.into(), missing));
        return Ok(());
    }
    eprintln_line("settings …");
    let pushed = Pushed::open().await?;
    let price = pushed.odd_amount_due().await?;
    let under = pushed.round_trips(PUSHES).await?;
    let over = pushed.pushes(price, PUSHES).await?;
    let floor = "a message through the same broker, and a bare durable write at each end";
    report.figures.push(Figure::of(what, &over, floor, &under, 0));
    Ok(())
}

/// What HQ sets, on its way to a thousand stores, against a message by hand to the same lines.
async fn crowd(report: &mut Report) -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    eprintln_line("a crowd …");
    let folder = folder::temporary()?;
    let mut crowd = Crowd::open(folder.path(), CROWD, postgres::is_here()).await?;
    crowd.listen(1);
    crowd.lines_up(CROWD).await?;
    let broker = crowd.broker.as_ref().context("no broker")?;
    let hq = broker.call(mosquitto::MALL, &[]).await?;
    let (mut over, mut under) = (Samples::default(), Samples::default());
    for n in 1..=CROWD_TIMES {
        let (set, rung) = (crowd.set(n).await?, crowd.ring(&hq, n).await?);
        if n > 1 {
            over.push(set);
            under.push(rung);
        }
    }
    let what = "a setting from HQ's save to all of 1,000 stores, believed";
    let floor = "a bare message through the same broker to the same stores";
    report.figures.push(Figure::of(what, &over, floor, &under, 0));
    let (got, bound) = (over.permille(500) / 1_000, 2 * under.permille(500) / 1_000 + 250);
    report.promises.push(Promise::at_most(
        "ms of it, against twice the bare one and 250",
        got,
        bound,
    ));
    crowd.mall.stop().await
}

/// A store and its mall with the large catalog.
async fn whole_store(report: &mut Report) -> Result<()> {
    let folder = folder::temporary()?;
    let say = |text: &str| eprintln_line(text);

    say("writing and importing 808,096 items …");
    let catalog = folder.path().join("world.csv");
    world::write(&catalog)?;
    let mut mall = MallProcess::new(folder.path().join("mall"), port::free()?);
    mall.start().await?;
    let watch = Watch::start();
    mall.import(&catalog).await?;
    report.notes.push(("catalog import of 808,096 rows".into(), seconds(watch.elapsed())));
    store::found(&mall).await?;

    say("the first snapshot …");
    let boot = Boot::on_free_ports(mall.url())?;
    let mut edge = EdgeProcess::new(folder.path().join("edge"), boot.clone())?;
    edge.enrol(&mall.claim(CODE).await?).await?;
    let watch = Watch::start();
    edge.start_within(LONG).await?;
    report
        .notes
        .push(("first start: snapshot built, fetched, in force".into(), seconds(watch.elapsed())));
    edge.stop().await?;
    imported(report, &mut edge).await?;
    replica::snapshot(report, &mall, &mut edge).await?;
    started(report, &mut edge).await?;

    let (operator, _, _, pin) = OPERATORS.first().context("an operator")?;
    let mut till = edge.till(1);
    let session = till.sign_in(operator, pin).await?.cookie.context("a session")?;
    let mut wire = Wire::connect(&format!("127.0.0.1:{}", boot.port), session)?;
    say("scans …");
    scans(report, &mut wire, &edge)?;
    say("orders …");
    orders(report, &mut wire, &edge)?;
    say("a backlog, uploaded …");
    told(report, &mut wire, &mut mall, &edge).await?;

    edge.stop().await?;
    say("10,000 changed items …");
    replica::applied(report, folder.path(), &mall, &mut edge).await?;
    mall.stop().await
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn print_text(text: &str) {
    println!("{text}\nA copy for programs: var/bench/bench.json");
}

#[expect(clippy::print_stderr, reason = "a person waits and wants to know for what")]
fn eprintln_line(text: &str) {
    eprintln!("{text}");
}

fn seconds(duration: Duration) -> String {
    format!("{}.{:01} s", duration.as_secs(), duration.subsec_millis() / 100)
}

/// Snapshot import: the same file again, ready at the mall, into an empty data folder's place.
async fn imported(report: &mut Report, edge: &mut EdgeProcess) -> Result<()> {
    let data = edge.data();
    let (tables, indexes) = (sync::replica::CATALOG_TABLES, sync::replica::CATALOG_INDEXES);
    let (_, under) = timed(|| floor::bulk_insert(&data, tables, indexes))?;
    std::fs::remove_file(data.join("replica-catalog.current"))?;
    let watch = Watch::start();
    edge.start_within(LONG).await?;
    let took = watch.elapsed();
    edge.stop().await?;
    let what = "snapshot import of 808,096 items: start, fetch, unpack, verify, in force";
    let floor = "bare bulk insert of the same rows and indexes, without the words of Find";
    report.figures.push(Figure::once(what, took, floor, under));
    Ok(())
}

/// From exec to ready with the large replica in place.
async fn started(report: &mut Report, edge: &mut EdgeProcess) -> Result<()> {
    let watch = Watch::start();
    edge.start().await?;
    let took = watch.elapsed().as_millis();
    report
        .notes
        .push(("start with 808,096 items in place, until ready".into(), format!("{took} ms")));
    Ok(())
}

fn scan(wire: &mut Wire, gtin: &str) -> Result<String> {
    let id = Uuid::now_v7();
    let body = format!("{{\"id\":\"{id}\",\"text\":\"{gtin}\"}}");
    wire.done("POST", "/api/v1/workstations/1/cart/scans", &body)
}

fn void(wire: &mut Wire) -> Result<()> {
    let path = format!("/api/v1/workstations/1/cart?id={}", Uuid::now_v7());
    wire.done("DELETE", &path, "").map(|_| ())
}

fn scans(report: &mut Report, wire: &mut Wire, edge: &EdgeProcess) -> Result<()> {
    let bare = floor::Scan::open(&edge.data())?;
    let (mut over, mut under) = (Samples::default(), Samples::default());
    void(wire)?;
    for n in 0..2 * TIMES {
        if n % 10 == 9 {
            void(wire)?;
        }
        let (floor_code, code) = (world::gtin(pick(2 * n)), world::gtin(pick(2 * n + 1)));
        let (_, floor) = timed(|| bare.once(&floor_code))?;
        let (_, took) = timed(|| scan(wire, &code))?;
        if n >= TIMES {
            under.push(floor);
            over.push(took);
        }
    }
    void(wire)?;
    let what = "scan to quoted cart over HTTP, durable, 808,096 SKUs";
    let floor = "bare lookup and one bare durable write";
    report.figures.push(Figure::of(what, &over, floor, &under, 3_000));
    Ok(())
}

/// Scans a cart together and completes it; gives back how long the completion took.
fn order(wire: &mut Wire, n: u32) -> Result<Duration> {
    let mut view = String::new();
    for line in 0..u32::try_from(LINES)? {
        view = scan(wire, &world::gtin(pick(n.wrapping_mul(31).wrapping_add(line))))?;
    }
    let view: Value = serde_json::from_str(&view)?;
    let cart = view.get("cart").context("a cart")?;
    let text = |key| cart.get(key).context("a field of the cart").map(Value::to_string);
    let (order, revision) = (text("order_id")?, text("revision")?);
    let body = format!(
        "{{\"order_id\":{order},\"cart_revision\":{revision},\"tenders\":[{{\"kind\":\"cash\",\
         \"amount\":{{\"amount\":1000000,\"currency\":\"CNY\"}}}}]}}"
    );
    let (_, took) = timed(|| wire.done("POST", "/api/v1/workstations/1/orders", &body))?;
    Ok(took)
}

fn orders(report: &mut Report, wire: &mut Wire, edge: &EdgeProcess) -> Result<()> {
    let mut bare = floor::Complete::open(&edge.data(), LEDGER)?;
    let (mut over, mut under) = (Samples::default(), Samples::default());
    for n in 0..TIMES {
        bare.fill(LINES)?;
        let (_, floor) = timed(|| bare.once(LINES))?;
        let took = order(wire, n)?;
        if n >= TIMES / 2 {
            under.push(floor);
            over.push(took);
        }
    }
    let what = "durable completion of an order of 5 lines over HTTP";
    let floor = "bare transaction of the same rows, synchronous = full";
    report.figures.push(Figure::of(what, &over, floor, &under, 0));
    Ok(())
}

async fn told(
    report: &mut Report,
    wire: &mut Wire,
    mall: &mut MallProcess,
    edge: &EdgeProcess,
) -> Result<()> {
    let untold = |wire: &mut Wire| -> Result<u64> {
        let view = wire.done("GET", "/api/v1/workstations/1/view", "")?;
        let view: Value = serde_json::from_str(&view)?;
        view.pointer("/link/outbox").and_then(Value::as_u64).context("the outbox")
    };
    until("the outbox to be empty", LONG, async || Ok((untold(wire)? == 0).then_some(()))).await?;
    mall.stop().await?;
    for n in 0..u32::try_from(BACKLOG)? {
        order(wire, TIMES + n)?;
    }
    let body = "x".repeat(1_800);
    let bodies = vec![body; BACKLOG];
    let (_, under) = timed(|| floor::intake(&edge.data(), &bodies, LINES))?;
    mall.start().await?;
    // The node waits before it knocks again; the time counts from the first order that is taken.
    let n = u64::try_from(BACKLOG)?;
    let first = until("the first batch to be told", LONG, async || {
        let watch = Watch::start();
        let left = untold(wire)?;
        Ok((left < n).then_some((watch, n - left)))
    });
    let (watch, before) = first.await?;
    until("the backlog to be told", LONG, async || Ok((untold(wire)? == 0).then_some(()))).await?;
    let took = watch.elapsed();
    let rest = n - before;
    let per_s = u128::from(rest) * 1_000_000 / took.as_micros().max(1);
    let floor_per_s = u128::from(n) * 1_000_000 / under.as_micros().max(1);
    report.notes.push((
        format!("order upload, {rest} orders of 5 lines from the outbox to the mall's commit"),
        format!("{per_s} orders/s; bare SQLite group commit of the same rows {floor_per_s} orders/s; ratio {}.{:02}",
            floor_per_s / per_s.max(1), floor_per_s * 100 / per_s.max(1) % 100),
    ));
    Ok(())
}
