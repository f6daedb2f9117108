//! An order as rows, before any printer or screen.
//!
//! **Invariant:** no column counts, no bytes; `drivers` lays out, screens draw, both from these.

use crate::{
    catalog::Unit,
    money::Money,
    order::{Order, OrderLine},
    tender::TenderKind,
    time::StoreClock,
};

/// What stands over and under every receipt of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHead {
    /// The store's name.
    pub name: String,
    /// Lines under the name, e.g. address and phone.
    pub lines: Vec<String>,
    /// Lines at the foot, e.g. the return policy.
    pub foot: Vec<String>,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the left edge.
    Left,
    /// In the middle.
    Centre,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As most of the receipt.
    Plain,
    /// Bold.
    Bold,
    /// Bold and twice as high and wide.
    Large,
}

/// One row of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line of text.
    Text {
        /// What it says.
        text: String,
        /// Where it stands.
        place: Place,
        /// How it is set.
        weight: Weight,
    },
    /// A label at the left and an amount at the right; the amount is never cut.
    Pair {
        /// What it is.
        left: String,
        /// How much.
        right: String,
        /// How it is set.
        weight: Weight,
    },
    /// A hairline.
    Rule,
    /// The double rule under a final amount (双线).
    DoubleRule,
    /// A code to scan the receipt by.
    Code(String),
}

/// A second copy says so, on paper and screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The first.
    First,
    /// Printed again (补打).
    Reprint,
}

fn text(text: impl Into<String>, place: Place, weight: Weight) -> Row {
    Row::Text { text: text.into(), place, weight }
}

fn pair(left: impl Into<String>, right: impl Into<String>, weight: Weight) -> Row {
    Row::Pair { left: left.into(), right: right.into(), weight }
}

/// The rows of an order's receipt.
#[must_use]
pub fn rows(order: &Order, head: &StoreHead, clock: StoreClock, copy: Copy) -> Vec<Row> {
    let mut rows = vec![text(&head.name, Place::Centre, Weight::Large)];
    rows.extend(head.lines.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    if copy == Copy::Reprint {
        rows.push(text("** 补打 **", Place::Centre, Weight::Bold));
    }
    rows.push(text(format!("单号 {}", order.receipt_number), Place::Left, Weight::Plain));
    rows.push(text(format!("时间 {}", clock.wall(order.completed_at)), Place::Left, Weight::Plain));
    let workstation = order.receipt_number.workstation;
    rows.push(text(
        format!("收银台 {workstation}  收银员 {}", order.operator),
        Place::Left,
        Weight::Plain,
    ));
    rows.push(Row::Rule);
    rows.extend(order.lines.iter().flat_map(line_rows));
    rows.push(Row::Rule);
    rows.extend(sum_rows(order));
    rows.push(Row::Code(order.receipt_number.to_string()));
    rows.extend(head.foot.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    rows
}

/// `名称 规格` over `2 × 12.99      25.98`.
fn line_rows(line: &OrderLine) -> [Row; 2] {
    let name = [line.item.name.as_str(), line.item.spec.as_str()];
    let name = name.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let unit = match line.item.unit {
        Unit::Piece => "",
        Unit::Kg => "kg",
    };
    let how = format!("  {}{unit} × {}", line.quantity, line.item.list_price);
    [text(name, Place::Left, Weight::Plain), pair(how, line.amount.to_string(), Weight::Plain)]
}

fn sum_rows(order: &Order) -> Vec<Row> {
    let mut rows = vec![pair("件数", order.pieces().to_string(), Weight::Plain)];
    // Sums of a checked order cannot overflow; were one ever to, the row is left out.
    if let Ok(saved) = order.saved()
        && saved != Money::ZERO
    {
        rows.push(pair("原价合计", order.list.to_string(), Weight::Plain));
        rows.push(pair("已省", saved.to_string(), Weight::Plain));
    }
    rows.push(pair("合计", order.total.to_string(), Weight::Plain));
    if order.rounding != Money::ZERO {
        rows.push(pair("抹零", order.rounding.to_string(), Weight::Plain));
    }
    if let Ok(due) = order.due() {
        rows.push(pair("应收", format!("￥{due}"), Weight::Large));
    }
    rows.push(Row::DoubleRule);
    rows.extend(order.tenders.iter().map(|tender| {
        let name = match tender.kind {
            TenderKind::Cash => "现金",
            TenderKind::Card => "银行卡",
        };
        pair(name, tender.amount.to_string(), Weight::Plain)
    }));
    if order.change != Money::ZERO {
        rows.push(pair("找零", order.change.to_string(), Weight::Bold));
    }
    rows
}
