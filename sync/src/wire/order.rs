//! Orders as they travel, and as a ledger keeps them.

use domain::{
    cart::LineItem,
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, CURRENCY, Money},
    order::{Order, OrderFault, OrderLine},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::{Tender, TenderKind},
    time::{BusinessDate, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A completed order. The bytes of its JSON are made once, in the store, and kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderV1 {
    /// Its id.
    pub id: OrderId,
    /// `store-workstation-epoch-date-sequence`.
    pub receipt_number: String,
    /// The trading day, also inside the receipt number.
    pub business_date: BusinessDate,
    /// The workstation, also inside the receipt number.
    pub workstation: u16,
    /// The operator's number.
    pub operator: String,
    /// Microseconds since 1970.
    pub completed_at: Timestamp,
    /// ISO 4217.
    pub currency: String,
    /// Its lines.
    pub lines: Vec<OrderLineV1>,
    /// Before reductions, in fen.
    pub list_minor: Money,
    /// After reductions, in fen.
    pub total_minor: Money,
    /// What cash rounding did, in fen.
    pub rounding_minor: Money,
    /// How it was covered.
    pub tenders: Vec<TenderV1>,
    /// What went back in cash, in fen.
    pub change_minor: Money,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineV1 {
    /// Its id.
    pub id: LineId,
    /// 1, 2, 3 …
    pub number: u16,
    /// 货号.
    pub sku: String,
    /// The code it was scanned by.
    pub code: String,
    /// Its name then.
    pub name: String,
    /// Spec, size and colour then.
    pub spec: String,
    /// `piece` or `kg`.
    pub unit: Unit,
    /// Thousandths.
    pub quantity_milli: Quantity,
    /// Fen per piece or kilogram.
    pub list_price_minor: Money,
    /// Tax inside the price.
    pub tax_rate_bps: BasisPoints,
    /// 款号.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub style: String,
    /// The variant's colour.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub colour: String,
    /// The variant's size.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub size: String,
    /// The brand then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// Path in the category tree then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// HQ's tags then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Before reductions.
    pub list_minor: Money,
    /// What was paid for it.
    pub amount_minor: Money,
}

/// A tender of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderV1 {
    /// Which way.
    pub kind: TenderKind,
    /// What was given, in fen.
    pub amount_minor: Money,
}

/// Why a body is not an order that holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderV1Fault {
    /// The receipt number is none, or says another date or workstation than the order.
    #[error("the receipt number does not fit the order")]
    ReceiptNumber,
    /// Another currency than ours.
    #[error("the currency is not {CURRENCY}")]
    Currency,
    /// A sum does not hold.
    #[error("a sum does not hold")]
    Sum(#[source] OrderFault),
}

impl OrderV1 {
    /// Puts an order on the wire.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            id: order.id,
            receipt_number: order.receipt_number.to_string(),
            business_date: order.receipt_number.business_date,
            workstation: order.receipt_number.workstation,
            operator: order.operator.clone(),
            completed_at: order.completed_at,
            currency: CURRENCY.to_owned(),
            lines: order.lines.iter().map(OrderLineV1::of).collect(),
            list_minor: order.list,
            total_minor: order.total,
            rounding_minor: order.rounding,
            tenders: order
                .tenders
                .iter()
                .map(|t| TenderV1 { kind: t.kind, amount_minor: t.amount })
                .collect(),
            change_minor: order.change,
        }
    }

    /// Takes an order off the wire and checks every sum.
    pub fn into_order(self) -> Result<Order, OrderV1Fault> {
        let receipt_number: ReceiptNumber =
            self.receipt_number.parse().map_err(|_| OrderV1Fault::ReceiptNumber)?;
        let is_same = receipt_number.business_date == self.business_date
            && receipt_number.workstation == self.workstation;
        if !is_same {
            return Err(OrderV1Fault::ReceiptNumber);
        }
        if self.currency != CURRENCY {
            return Err(OrderV1Fault::Currency);
        }
        let tender = |t: TenderV1| Tender { kind: t.kind, amount: t.amount_minor };
        let order = Order {
            id: self.id,
            receipt_number,
            operator: self.operator,
            completed_at: self.completed_at,
            lines: self.lines.into_iter().map(OrderLineV1::into_line).collect(),
            list: self.list_minor,
            total: self.total_minor,
            rounding: self.rounding_minor,
            tenders: self.tenders.into_iter().map(tender).collect(),
            change: self.change_minor,
        };
        order.check().map_err(OrderV1Fault::Sum)?;
        Ok(order)
    }
}

impl OrderLineV1 {
    fn of(line: &OrderLine) -> Self {
        let item = line.item.clone();
        Self {
            id: line.id,
            number: line.number,
            sku: item.sku,
            code: item.code,
            name: item.name,
            spec: item.spec,
            unit: item.unit,
            quantity_milli: line.quantity,
            list_price_minor: item.list_price,
            tax_rate_bps: item.tax_rate,
            style: item.style,
            colour: item.colour,
            size: item.size,
            brand: item.brand,
            category: item.category,
            tags: item.tags,
            list_minor: line.list,
            amount_minor: line.amount,
        }
    }

    fn into_line(self) -> OrderLine {
        OrderLine {
            id: self.id,
            number: self.number,
            item: LineItem {
                sku: self.sku,
                code: self.code,
                name: self.name,
                spec: self.spec,
                unit: self.unit,
                list_price: self.list_price_minor,
                tax_rate: self.tax_rate_bps,
                style: self.style,
                colour: self.colour,
                size: self.size,
                brand: self.brand,
                category: self.category,
                tags: self.tags,
            },
            quantity: self.quantity_milli,
            list: self.list_minor,
            amount: self.amount_minor,
        }
    }
}
