//! Mall and store, order by order and fen by fen, in both directions.
//!
//! **Invariant:** the store's side is read from its file, the mall's side is what HQ is told; they
//! share no code of either program.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use domain::money::Money as Fen;
use serde::Deserialize;
use sync::wire::OrderV1;

use crate::{ledger::Ledger, mall_process::MallProcess, view::Money, wait::until};

/// An order in the words that both sides share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Sold {
    id: String,
    receipt_number: String,
    business_date: String,
    workstation: u16,
    operator: String,
    completed_at: String,
    list: Money,
    total: Money,
    rounding: Money,
    change: Money,
    lines: Vec<SoldLine>,
    tenders: Vec<Given>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct SoldLine {
    number: u16,
    sku: String,
    code: String,
    name: String,
    spec: String,
    unit: String,
    quantity_milli: i64,
    list_price: Money,
    tax_rate_bps: u16,
    list: Money,
    amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Given {
    kind: String,
    amount: Money,
}

const fn money(fen: Fen) -> Money {
    Money { amount: fen.minor() }
}

impl From<&OrderV1> for Sold {
    fn from(order: &OrderV1) -> Self {
        let lines = order.lines.iter().map(|line| SoldLine {
            number: line.number,
            sku: line.sku.clone(),
            code: line.code.clone(),
            name: line.name.clone(),
            spec: line.spec.clone(),
            unit: line.unit.word().to_owned(),
            quantity_milli: line.quantity_milli.milli(),
            list_price: money(line.list_price_minor),
            tax_rate_bps: line.tax_rate_bps.0,
            list: money(line.list_minor),
            amount: money(line.amount_minor),
        });
        let tenders = order.tenders.iter().map(|tender| Given {
            kind: tender.kind.word().to_owned(),
            amount: money(tender.amount_minor),
        });
        Self {
            id: order.id.to_string(),
            receipt_number: order.receipt_number.clone(),
            business_date: order.business_date.to_string(),
            workstation: order.workstation,
            operator: order.operator.clone(),
            completed_at: order.completed_at.to_string(),
            list: money(order.list_minor),
            total: money(order.total_minor),
            rounding: money(order.rounding_minor),
            change: money(order.change_minor),
            lines: lines.collect(),
            tenders: tenders.collect(),
        }
    }
}

/// What came of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Orders in the store's books.
    pub n_edge: usize,
    /// Orders that the mall tells HQ of.
    pub n_mall: usize,
    /// Sum of the totals in the store's books, in fen.
    pub total: i64,
    /// Everything in which the two differ, a sentence each.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Whether both sides say the same of every order, and neither has one twice.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Compares a store's books with what its mall tells HQ, now.
///
/// # Errors
/// When a side cannot be read.
pub async fn compare(
    mall: &MallProcess,
    token: &str,
    store: &str,
    ledger: &Ledger,
) -> Result<Comparison> {
    let own: Vec<Sold> = ledger.orders()?.iter().map(Sold::from).collect();
    let theirs = of_mall(mall, token, store).await?;
    let mut differences = Vec::new();
    let mut total = 0;
    let by_id = keyed(&own, |order| &order.id, "the store has order", &mut differences);
    let told = keyed(&theirs, |order| &order.id, "the mall has order", &mut differences);
    keyed(&own, |order| &order.receipt_number, "the store has receipt", &mut differences);
    keyed(&theirs, |order| &order.receipt_number, "the mall has receipt", &mut differences);
    for (id, order) in &by_id {
        total += order.total.amount;
        match told.get(id) {
            Some(other) if other == order => {}
            Some(other) => {
                differences.push(format!("the store says {order:?}, the mall {other:?}"))
            }
            None => differences.push(format!("the mall lacks {}", order.receipt_number)),
        }
    }
    for (id, order) in &told {
        if !by_id.contains_key(id) {
            differences.push(format!("the store never sold {}", order.receipt_number));
        }
    }
    compare_days(mall, token, store, &own, &mut differences).await?;
    troubles(mall, token, store, &mut differences).await?;
    Ok(Comparison { n_edge: own.len(), n_mall: theirs.len(), total, differences })
}

/// Waits until the mall has as many orders as the store, and compares. The mall acknowledges what
/// it holds and books it a moment later.
///
/// # Errors
/// When a side cannot be read.
pub async fn compare_when_level(
    mall: &MallProcess,
    token: &str,
    store: &str,
    ledger: &Ledger,
    limit: Duration,
) -> Result<Comparison> {
    let mut newest = Comparison::default();
    let level = until("mall and store to be level", limit, async || {
        newest = compare(mall, token, store, ledger).await?;
        Ok(newest.agrees().then_some(()))
    })
    .await;
    // What still differs at the end is the answer, and says more than that time ran out.
    match level {
        Ok(()) => Ok(newest),
        Err(_) if newest != Comparison::default() => Ok(newest),
        Err(error) => Err(error),
    }
}

fn keyed<'a>(
    orders: &'a [Sold],
    key: impl Fn(&'a Sold) -> &'a String,
    who: &str,
    differences: &mut Vec<String>,
) -> BTreeMap<&'a String, &'a Sold> {
    let mut by_key = BTreeMap::new();
    for order in orders {
        if by_key.insert(key(order), order).is_some() {
            differences.push(format!("{who} {} twice", key(order)));
        }
    }
    by_key
}

async fn of_mall(mall: &MallProcess, token: &str, store: &str) -> Result<Vec<Sold>> {
    #[derive(Deserialize)]
    struct Page {
        orders: Vec<Named>,
        next: Option<String>,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let (mut orders, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/hq/v1/stores/{store}/orders?limit=200{after}");
        let page: Page = mall.ask(token, &path).await?;
        for Named { id } in page.orders {
            orders.push(mall.ask(token, &format!("/hq/v1/orders/{id}")).await?);
        }
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(orders),
        }
    }
}

/// HQ's day sheet must be the sum of the store's own orders.
async fn compare_days(
    mall: &MallProcess,
    token: &str,
    store: &str,
    own: &[Sold],
    differences: &mut Vec<String>,
) -> Result<()> {
    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Day {
        n_orders: usize,
        total: Money,
        rounding: Money,
        change: Money,
    }
    let mut days: BTreeMap<&String, Vec<&Sold>> = BTreeMap::new();
    for order in own {
        days.entry(&order.business_date).or_default().push(order);
    }
    for (date, orders) in days {
        let sum = |of: fn(&Sold) -> Money| Money {
            amount: orders.iter().map(|order| of(order).amount).sum(),
        };
        let expected = Day {
            n_orders: orders.len(),
            total: sum(|order| order.total),
            rounding: sum(|order| order.rounding),
            change: sum(|order| order.change),
        };
        let day: Day = mall.ask(token, &format!("/hq/v1/stores/{store}/days/{date}")).await?;
        if day != expected {
            differences.push(format!("on {date} HQ has {day:?}, the store {expected:?}"));
        }
    }
    Ok(())
}

async fn troubles(
    mall: &MallProcess,
    token: &str,
    store: &str,
    differences: &mut Vec<String>,
) -> Result<()> {
    let path = format!("/hq/v1/stores/{store}/troubles");
    let answer: serde_json::Value = mall.ask(token, &path).await?;
    let list = answer.get("troubles").unwrap_or(&answer);
    for trouble in list.as_array().context("HQ's troubles are no list")? {
        differences.push(format!("HQ should look at {trouble}"));
    }
    Ok(())
}
