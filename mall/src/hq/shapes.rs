//! The answers, as HTTP and the command line give them.
//!
//! **Invariant:** money is whole fen with its currency; times are RFC 3339 in UTC.

use domain::money::{CURRENCY, Money};
use serde::Serialize;
use sync::{
    trouble::Trouble,
    wire::{AdjustmentV1, ItemV1, OrderLineV1, SourceV1},
};
use utoipa::ToSchema;

use super::{grant::GrantShape, post_void::PostVoidShape};
use crate::db::{
    edge_troubles::EdgeTroubleRow,
    holes::HoleRow,
    orders_read::{StoredOrder, TroubleRow},
};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyShape {
    /// In the currency's minor unit; 1 yuan is 100.
    #[schema(example = 1299)]
    pub(crate) amount: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    pub(crate) currency: &'static str,
}

impl MoneyShape {
    pub(super) const fn of(money: Money) -> Self {
        Self { amount: money.minor(), currency: CURRENCY }
    }

    /// Yuan with two decimals, for people.
    pub(crate) fn yuan(&self) -> String {
        Money::from_minor(self.amount).to_string()
    }
}

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreShape {
    /// Its number, which never changes.
    pub(crate) id: i64,
    /// Its code.
    #[schema(example = "SH001")]
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// Its workstations.
    pub(crate) workstations: Vec<WorkstationShape>,
    /// How many operators it has.
    pub(crate) n_operators: usize,
    /// Its edge nodes.
    pub(crate) edges: Vec<EdgeShape>,
}

/// A workstation of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Workstation)]
pub(crate) struct WorkstationShape {
    /// 1 to 999.
    pub(crate) number: u16,
    /// What people call it.
    pub(crate) name: String,
    /// `till` or `kiosk`.
    pub(crate) kind: String,
}

/// An edge node of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Edge)]
pub(crate) struct EdgeShape {
    /// Its id.
    pub(crate) id: String,
    /// The newest life of its ledger.
    pub(crate) epoch: u32,
    /// Everything up to this place of its outbox is held.
    pub(crate) acked_seq: i64,
    /// When it last sent a batch.
    pub(crate) heard_at: String,
    /// Whether it may speak no more.
    pub(crate) is_revoked: bool,
    /// All lives of its ledger, oldest first: one at enrolment, one more for each copy that was seen.
    pub(crate) lives: Vec<LifeShape>,
    /// What it says is wrong with it.
    pub(crate) troubles: Vec<EdgeTroubleShape>,
    /// The newest certificate that it was given; none where it enrolled before there were some.
    pub(crate) certificate: Option<CertificateShape>,
}

/// An edge node's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(crate) struct CertificateShape {
    /// When it was issued.
    pub(crate) issued_at: String,
    /// When it ends.
    pub(crate) ends_at: String,
    /// `valid`; `late`: the next one should have been asked for days ago; `ended`; `revoked`.
    pub(crate) state: &'static str,
}

/// What a store says is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EdgeTrouble)]
pub(crate) struct EdgeTroubleShape {
    /// Its name: `behind`, `hole`, `clone`, `conflict`, `quarantine`, `clock`, `disk-low`,
    /// `ledger-damaged`, `schema-old`, `day-differs`, `all-refused`, `certificate-ends`,
    /// `certificate-refused`, `certificate-ended`; or one of a newer program.
    pub(crate) trouble: String,
    /// `watch`, `look` or `act`; empty for one that this mall does not know.
    pub(crate) severity: &'static str,
    /// What the store's manager is told, in Chinese.
    pub(crate) chinese: &'static str,
    /// The same in English.
    pub(crate) english: &'static str,
    /// Since when, by the store's clock.
    pub(crate) since: String,
    /// How many of what it is about; days that are left where it is about a certificate.
    pub(crate) count: i64,
    /// When it was told last.
    pub(crate) told_at: String,
}

impl EdgeTroubleShape {
    pub(super) fn of(row: EdgeTroubleRow) -> Self {
        let known = Trouble::from_word(&row.trouble);
        Self {
            severity: known.map_or("", |trouble| trouble.severity().word()),
            chinese: known.map_or("", Trouble::chinese),
            english: known.map_or("", Trouble::english),
            trouble: row.trouble,
            since: row.since.to_string(),
            count: row.count,
            told_at: row.told_at.to_string(),
        }
    }
}

/// A life of an edge node's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Life)]
pub(crate) struct LifeShape {
    /// The epoch, as receipt numbers carry it.
    pub(crate) epoch: u32,
    /// Everything up to this place of its outbox is held.
    pub(crate) acked_seq: i64,
    /// When it was given.
    pub(crate) opened_at: String,
    /// When a batch of it last came.
    pub(crate) heard_at: String,
    /// Why it was given: `enrolled`, `restored`, `forked`, `moved`, `old-life`, `life-unknown`.
    pub(crate) why: String,
    /// Whether a machine speaks in it.
    pub(crate) is_spoken: bool,
    /// Two machines speak as this node, and this is the one that came later: it sells on and is lent
    /// nothing until somebody decides (`mall edge keep`).
    pub(crate) is_frozen: bool,
}

/// An order without its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OrderSummary)]
pub(crate) struct SummaryShape {
    /// Its id.
    pub(crate) id: String,
    /// What is on the paper.
    #[schema(example = "SH001-1-1-20261121-0042")]
    pub(crate) receipt_number: String,
    /// The trading day.
    pub(crate) business_date: String,
    /// The workstation.
    pub(crate) workstation: u16,
    /// The operator's number.
    pub(crate) operator: String,
    /// When it was completed.
    pub(crate) completed_at: String,
    /// When it came here.
    pub(crate) received_at: String,
    /// Before reductions.
    pub(crate) list: MoneyShape,
    /// After reductions.
    pub(crate) total: MoneyShape,
    /// What cash rounding did.
    pub(crate) rounding: MoneyShape,
    /// What went back in cash.
    pub(crate) change: MoneyShape,
    /// How it was undone on its business date (整单作废), if it was.
    pub(crate) undone: Option<PostVoidShape>,
}

impl SummaryShape {
    pub(super) fn of(stored: &StoredOrder) -> Self {
        let order = &stored.order;
        Self {
            id: order.id.to_string(),
            receipt_number: order.receipt_number.clone(),
            business_date: order.business_date.to_string(),
            workstation: order.workstation,
            operator: order.operator.clone(),
            completed_at: order.completed_at.to_string(),
            received_at: stored.received_at.to_string(),
            list: MoneyShape::of(order.list_minor),
            total: MoneyShape::of(order.total_minor),
            rounding: MoneyShape::of(order.rounding_minor),
            change: MoneyShape::of(order.change_minor),
            undone: stored.post_void.as_ref().map(PostVoidShape::of),
        }
    }
}

/// A whole order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderShape {
    /// The order without its lines.
    #[serde(flatten)]
    pub(crate) summary: SummaryShape,
    /// The edge node that sent it.
    pub(crate) edge: String,
    /// Its lines.
    pub(crate) lines: Vec<LineShape>,
    /// How it was covered.
    pub(crate) tenders: Vec<TenderShape>,
    /// What it brings beside its goods.
    pub(crate) grants: Vec<GrantShape>,
}

impl OrderShape {
    pub(super) fn of(stored: &StoredOrder) -> Self {
        let tender = |tender: &sync::wire::TenderV1| TenderShape {
            kind: tender.kind.word(),
            amount: MoneyShape::of(tender.amount_minor),
        };
        Self {
            summary: SummaryShape::of(stored),
            edge: stored.edge.to_string(),
            lines: stored.order.lines.iter().map(LineShape::of).collect(),
            tenders: stored.order.tenders.iter().map(tender).collect(),
            grants: stored.order.grants.iter().map(GrantShape::of).collect(),
        }
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct LineShape {
    /// 1, 2, 3 …
    pub(crate) number: u16,
    /// 货号.
    pub(crate) sku: String,
    /// The code it was scanned by.
    pub(crate) code: String,
    /// Its name then.
    pub(crate) name: String,
    /// Spec, size and colour then.
    pub(crate) spec: String,
    /// `piece` or `kg`.
    pub(crate) unit: &'static str,
    /// Thousandths of the unit.
    pub(crate) quantity_milli: i64,
    /// Per piece or kilogram.
    pub(crate) list_price: MoneyShape,
    /// Hundredths of a percent, inside the price.
    pub(crate) tax_rate_bps: u16,
    /// Before reductions.
    pub(crate) list: MoneyShape,
    /// What was paid for it.
    pub(crate) amount: MoneyShape,
    /// What reductions took from it, in the order they took it.
    pub(crate) adjustments: Vec<AdjustmentShape>,
}

/// What a reduction took from a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentShape {
    /// The promotion's or coupon's rule; empty for a reduction by hand.
    pub(crate) rule: String,
    /// What people read.
    pub(crate) name: String,
    /// `price`, `line`, `group`, `order`, `coupon` or `points`.
    pub(crate) lane: &'static str,
    /// How much; below zero only where an authorised person raised a price.
    pub(crate) amount: MoneyShape,
}

impl AdjustmentShape {
    fn of(adjustment: &AdjustmentV1) -> Self {
        let rule = match &adjustment.source {
            SourceV1::Rule { rule } | SourceV1::Coupon { rule, .. } => rule.clone(),
            SourceV1::Manual { .. } => String::new(),
        };
        Self {
            rule,
            name: adjustment.name.clone(),
            lane: adjustment.lane.word(),
            amount: MoneyShape::of(adjustment.amount_minor),
        }
    }
}

impl LineShape {
    fn of(line: &OrderLineV1) -> Self {
        Self {
            number: line.number,
            sku: line.sku.clone(),
            code: line.code.clone(),
            name: line.name.clone(),
            spec: line.spec.clone(),
            unit: line.unit.word(),
            quantity_milli: line.quantity_milli.milli(),
            list_price: MoneyShape::of(line.list_price_minor),
            tax_rate_bps: line.tax_rate_bps.0,
            list: MoneyShape::of(line.list_minor),
            amount: MoneyShape::of(line.amount_minor),
            adjustments: line.adjustments.iter().map(AdjustmentShape::of).collect(),
        }
    }
}

/// A tender of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Tender)]
pub(crate) struct TenderShape {
    /// Which way.
    pub(crate) kind: &'static str,
    /// What was given.
    pub(crate) amount: MoneyShape,
}

/// A page of orders, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OrderPage {
    /// The orders.
    pub(crate) orders: Vec<SummaryShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Item)]
pub(crate) struct ItemShape {
    /// 货号.
    pub(crate) sku: String,
    /// Its name.
    pub(crate) name: String,
    /// Size of the pack.
    pub(crate) spec: String,
    /// `piece` or `kg`.
    pub(crate) unit: &'static str,
    /// 款号.
    pub(crate) style: String,
    /// The variant's colour.
    pub(crate) colour: String,
    /// The variant's size.
    pub(crate) size: String,
    /// The brand.
    pub(crate) brand: String,
    /// Path in the category tree.
    pub(crate) category: String,
    /// Per piece or kilogram.
    pub(crate) list_price: MoneyShape,
    /// Its barcodes in 14 digits, single pieces first.
    pub(crate) barcodes: Vec<String>,
    /// The number in-store labels carry.
    pub(crate) label_plu: String,
    /// HQ's tags, which promotions look at.
    pub(crate) tags: Vec<String>,
}

impl ItemShape {
    pub(super) fn of(item: ItemV1) -> Self {
        Self {
            sku: item.sku,
            name: item.name,
            spec: item.spec,
            unit: item.unit.word(),
            style: item.style,
            colour: item.colour,
            size: item.size,
            brand: item.brand,
            category: item.category,
            list_price: MoneyShape::of(item.list_price_minor),
            barcodes: item.barcodes.iter().map(|barcode| barcode.gtin.to_string()).collect(),
            label_plu: item.plu,
            tags: item.tags,
        }
    }
}

/// A page of items, by SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ItemPage {
    /// The items.
    pub(crate) items: Vec<ItemShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// What a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Trouble)]
pub(crate) struct TroubleShape {
    /// The fact's id; of a discrepancy, the order's; of a hole, the edge node's.
    pub(crate) id: String,
    /// `quarantined`, `conflict`, `hole`: facts that a store cannot give, which stay there and are
    /// gone from this list once they come; `price_drift`, or `discrepancy`: other houses gave otherwise than
    /// an order says, with what it costs in `reason`; gone when the two agree. Or
    /// `coupon_used_twice`, `coupon_unknown`, `points_beyond`, `balance_beyond`: gone when the
    /// order is undone.
    pub(crate) what: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// Its place in the sender's outbox.
    pub(crate) seq: i64,
    /// What it says it is.
    pub(crate) kind: String,
    /// When it came, or was last seen to be otherwise.
    pub(crate) received_at: String,
}

impl TroubleShape {
    pub(super) fn of(row: TroubleRow) -> Self {
        let TroubleRow { id, what, reason, seq, kind, received_at } = row;
        Self { id, what, reason, seq, kind, received_at: received_at.to_string() }
    }

    pub(super) fn of_hole(row: HoleRow) -> Self {
        let HoleRow { edge, epoch, first, through, reason, told_at } = row;
        Self {
            id: edge,
            what: "hole".to_owned(),
            reason: format!("places {first} to {through} of life {epoch} stay empty: {reason}"),
            seq: first,
            kind: String::new(),
            received_at: told_at.to_string(),
        }
    }
}
