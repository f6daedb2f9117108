//! What screens are told, as it is written: one struct per thing a screen shows.
//!
//! **Invariant:** no amount is computed here; a shopper's shapes have no field that a shopper may
//! not see.

use std::collections::BTreeMap;

use domain::{cart::LineSource, receipt_number::WorkstationNumber, tender::TenderKind};
use serde::Serialize;
use sync::wire::{OperatorV1, RoleV1, SlideV1, WayV1, WorkstationKindV1, WorkstationV1};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    approvals::ApprovalView,
    member::{CouponView, CustomerMemberView, MemberView},
    notices::Notice,
    pickup::{CustomerPickupView, PickupTallyView, PickupView},
    rights::{RightsView, WaitView},
};
use crate::http::{body::MoneyBody, problem::ProblemBody};

/// Minutes of a day.
const DAY_MINUTES: i64 = 1_440;

/// The store a screen is in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StoreView {
    pub(in crate::http) code: String,
    pub(in crate::http) name: String,
    /// Minutes east of UTC of the clock on the store's wall.
    pub(in crate::http) utc_offset_minutes: i16,
}

/// The workstation a screen belongs to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WorkstationView {
    pub(in crate::http) number: WorkstationNumber,
    pub(in crate::http) name: String,
    pub(in crate::http) kind: KindView,
}

impl WorkstationView {
    /// Its number.
    pub(in crate::http) const fn number(&self) -> WorkstationNumber {
        self.number
    }

    /// What it is for.
    pub(in crate::http) const fn kind(&self) -> KindView {
        self.kind
    }
}

impl From<&WorkstationV1> for WorkstationView {
    fn from(workstation: &WorkstationV1) -> Self {
        let kind = workstation.kind.into();
        Self { number: workstation.number, name: workstation.name.clone(), kind }
    }
}

impl From<WorkstationKindV1> for KindView {
    fn from(kind: WorkstationKindV1) -> Self {
        match kind {
            WorkstationKindV1::Till => Self::Till,
            WorkstationKindV1::Kiosk => Self::Kiosk,
        }
    }
}

/// What a workstation is for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KindView {
    Till,
    Kiosk,
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OperatorInfo {
    pub(in crate::http) number: String,
    pub(in crate::http) name: String,
    pub(in crate::http) role: RoleView,
}

/// What an operator may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleView {
    Cashier,
    Manager,
}

impl From<&OperatorV1> for OperatorInfo {
    fn from(operator: &OperatorV1) -> Self {
        let role = match operator.role {
            RoleV1::Cashier => RoleView::Cashier,
            RoleV1::Manager => RoleView::Manager,
        };
        Self { number: operator.number.clone(), name: operator.name.clone(), role }
    }
}

/// Where an operator is with the shopper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    SignedOut,
    Sell,
    Tender,
    Done,
}

/// A line as screens show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LineView {
    pub(in crate::http) id: Uuid,
    pub(in crate::http) sku: String,
    pub(in crate::http) code: String,
    pub(in crate::http) name: String,
    pub(in crate::http) spec: String,
    pub(in crate::http) unit: UnitView,
    pub(in crate::http) quantity_milli: i64,
    pub(in crate::http) list_price: MoneyBody,
    pub(in crate::http) amount: MoneyBody,
    /// Before any reduction.
    pub(in crate::http) list: MoneyBody,
    /// What reductions took: `list` less `amount`.
    pub(in crate::http) saved: MoneyBody,
    /// Each of them, in the order they were taken.
    pub(in crate::http) adjustments: Vec<LineAdjustmentView>,
    /// Units that are a gift (赠品).
    pub(in crate::http) gift_units: u32,
    /// Whether its quantity is printed on a label and cannot be changed.
    pub(in crate::http) label: bool,
    /// Who put it there.
    pub(in crate::http) source: SourceView,
}

/// Who put a line into a cart.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceView {
    /// Somebody at the workstation.
    Till,
    /// The shopper, on a phone (手机).
    Phone,
}

impl From<LineSource> for SourceView {
    fn from(source: LineSource) -> Self {
        match source {
            LineSource::Till => Self::Till,
            LineSource::Phone => Self::Phone,
        }
    }
}

/// What one reduction took from a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LineAdjustmentView {
    /// What people read.
    pub(in crate::http) name: String,
    /// What it took; below zero where somebody raised a price by hand.
    pub(in crate::http) amount: MoneyBody,
}

/// What one reduction took from a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AdjustmentView {
    /// What people read.
    pub(in crate::http) name: String,
    /// In which lane.
    pub(in crate::http) lane: LaneView,
    /// What it took in all.
    pub(in crate::http) saved: MoneyBody,
}

/// The stages of pricing, in their order.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LaneView {
    Price,
    Line,
    Group,
    Order,
    Coupon,
    Points,
}

/// How an item is counted.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnitView {
    Piece,
    Kg,
}

impl From<domain::catalog::Unit> for UnitView {
    fn from(unit: domain::catalog::Unit) -> Self {
        match unit {
            domain::catalog::Unit::Piece => Self::Piece,
            domain::catalog::Unit::Kg => Self::Kg,
        }
    }
}

/// A cart as screens show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CartView {
    pub(in crate::http) order_id: Uuid,
    pub(in crate::http) revision: u64,
    pub(in crate::http) pieces: u32,
    pub(in crate::http) lines: Vec<LineView>,
    pub(in crate::http) newest_line_id: Option<Uuid>,
    pub(in crate::http) list: MoneyBody,
    pub(in crate::http) saved: MoneyBody,
    pub(in crate::http) total: MoneyBody,
    /// What each reduction took, in the order of lanes.
    pub(in crate::http) adjustments: Vec<AdjustmentView>,
    /// What little more would bring, nearest first: at most three sentences.
    pub(in crate::http) hints: Vec<String>,
    /// Reductions by hand that a manager was asked for.
    pub(in crate::http) approvals: Vec<ApprovalView>,
}

/// What is to be paid.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TenderView {
    pub(in crate::http) total: MoneyBody,
    pub(in crate::http) cash: CashView,
    /// What a shopper is likely to hand over; the exact amount comes first.
    pub(in crate::http) notes: Vec<MoneyBody>,
    /// Ways to pay in the order in which HQ wants them offered.
    pub(in crate::http) ways: Vec<WayView>,
}

/// A way to pay that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WayView {
    Cash,
    /// The payment code of a shopper's phone.
    Code,
    /// Coupons and vouchers.
    Voucher,
    /// Points and prepaid balance.
    Member,
}

impl From<WayV1> for WayView {
    fn from(way: WayV1) -> Self {
        match way {
            WayV1::Cash => Self::Cash,
            WayV1::Code => Self::Code,
            WayV1::Voucher => Self::Voucher,
            WayV1::Member => Self::Member,
        }
    }
}

/// What is to be paid in cash.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CashView {
    pub(in crate::http) rounding: MoneyBody,
    pub(in crate::http) due: MoneyBody,
}

/// A way in which something was paid.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct TenderedView {
    pub(in crate::http) kind: TenderKindView,
    pub(in crate::http) amount: MoneyBody,
}

/// Ways to pay.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TenderKindView {
    Cash,
    Card,
    Wechat,
    Alipay,
    Voucher,
    Balance,
}

impl From<TenderKind> for TenderKindView {
    fn from(kind: TenderKind) -> Self {
        match kind {
            TenderKind::Cash => Self::Cash,
            TenderKind::Card => Self::Card,
            TenderKind::Wechat => Self::Wechat,
            TenderKind::Alipay => Self::Alipay,
            TenderKind::Voucher => Self::Voucher,
            TenderKind::Balance => Self::Balance,
        }
    }
}

/// Where a receipt stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReceiptState {
    Queued,
    Sending,
    Sent,
    Unknown,
    SetAside,
    /// This workstation has no printer.
    None,
}

/// The newest order of a workstation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LastOrderView {
    pub(in crate::http) id: Uuid,
    pub(in crate::http) receipt_number: String,
    pub(in crate::http) completed_at: String,
    pub(in crate::http) total: MoneyBody,
    pub(in crate::http) rounding: MoneyBody,
    pub(in crate::http) tendered: Vec<TenderedView>,
    pub(in crate::http) change: MoneyBody,
    pub(in crate::http) pieces: u32,
    pub(in crate::http) saved: MoneyBody,
    pub(in crate::http) receipt: ReceiptState,
    /// It was undone on its business date (整单作废).
    pub(in crate::http) undone: bool,
}

/// What became of a scan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LastScanView {
    /// Rises with each scan; a screen plays its tone when it sees a new one.
    pub(in crate::http) seq: u64,
    pub(in crate::http) outcome: ScanOutcome,
    pub(in crate::http) line_id: Option<Uuid>,
    pub(in crate::http) problem: Option<ProblemBody>,
}

/// What became of a scan, in a word.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScanOutcome {
    Added,
    Again,
    Weighed,
    /// A payment code: its charge is asked for.
    Payment,
    /// A coupon or voucher: it was looked up.
    Redemption,
    /// A member: the cart is priced for them.
    Member,
    /// A coupon of the brand's own: it lies beside the cart.
    Coupon,
    /// An online order: goods went into it, or its shopper showed its code.
    Pickup,
    Refused,
}

/// The line to the mall.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    pub(in crate::http) mall: ReachView,
    pub(in crate::http) outbox: u32,
    pub(in crate::http) outbox_oldest_at: Option<String>,
    pub(in crate::http) replica: Option<ReplicaView>,
}

/// Whether the mall answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReachView {
    Up,
    Down,
    Never,
}

/// How new the catalog is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReplicaView {
    pub(in crate::http) version: i64,
    pub(in crate::http) updated_at: String,
}

/// All that an operator's screen shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OperatorView {
    /// New at each start of the daemon; revisions begin anew with it.
    pub(in crate::http) boot: Uuid,
    /// Rises with each change.
    pub(in crate::http) revision: u64,
    pub(in crate::http) build: String,
    pub(in crate::http) now: String,
    pub(in crate::http) store: StoreView,
    pub(in crate::http) workstation: WorkstationView,
    pub(in crate::http) operator: Option<OperatorInfo>,
    pub(in crate::http) business_date: String,
    pub(in crate::http) training: bool,
    pub(in crate::http) phase: Phase,
    pub(in crate::http) cart: Option<CartView>,
    pub(in crate::http) tender: Option<TenderView>,
    /// Payments by code, coupons and vouchers of the cart.
    pub(in crate::http) rights: Option<RightsView>,
    /// Who buys, if they said so.
    pub(in crate::http) member: Option<MemberView>,
    /// Coupons of the brand's own beside the cart.
    pub(in crate::http) coupons: Vec<CouponView>,
    /// How many online orders wait for what.
    pub(in crate::http) pickups: PickupTallyView,
    /// The online order that is open here.
    pub(in crate::http) pickup: Option<PickupView>,
    pub(in crate::http) last_order: Option<LastOrderView>,
    pub(in crate::http) last_scan: Option<LastScanView>,
    pub(in crate::http) link: LinkView,
    pub(in crate::http) notices: Vec<Notice>,
    /// Actions that HQ has put on another key, each with its key.
    pub(in crate::http) keys: BTreeMap<String, String>,
}

/// All that a shopper's screen shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerView {
    pub(in crate::http) boot: Uuid,
    pub(in crate::http) revision: u64,
    pub(in crate::http) build: String,
    pub(in crate::http) now: String,
    pub(in crate::http) store: StoreView,
    pub(in crate::http) workstation: WorkstationView,
    pub(in crate::http) phase: CustomerPhase,
    pub(in crate::http) cart: Option<CustomerCartView>,
    pub(in crate::http) tender: Option<CustomerTenderView>,
    /// A manager tries this display: it shows the number, to be compared with the console's.
    pub(in crate::http) test: Option<u32>,
    /// Who buys, if they said so.
    pub(in crate::http) member: Option<CustomerMemberView>,
    /// The online order that the shopper gets, in phase `pickup`.
    pub(in crate::http) pickup: Option<CustomerPickupView>,
    /// What the shopper waits for, in phase `wait`.
    pub(in crate::http) wait: Option<WaitView>,
    pub(in crate::http) paid: Option<PaidView>,
    /// A link for phones to join with, in phases `idle` and `paid`; another one every few minutes.
    /// None where phones are not let in.
    pub(in crate::http) join: Option<String>,
    /// Pictures to be shown in turn, in phases `idle` and `paid`; each lies on this box.
    pub(in crate::http) slides: Vec<SlideView>,
}

/// A picture that a shopper's screen shows while nobody buys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SlideView {
    /// Where it is on this box.
    #[schema(
        example = "/pictures/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub(in crate::http) picture: String,
    /// For how long.
    pub(in crate::http) seconds: i64,
    /// The minute of the store's day from which it is shown.
    pub(in crate::http) from_minutes: i64,
    /// The minute of the store's day before which it is shown.
    pub(in crate::http) to_minutes: i64,
}

impl From<&SlideV1> for SlideView {
    fn from(slide: &SlideV1) -> Self {
        Self {
            picture: format!("/pictures/{}", slide.picture),
            seconds: slide.seconds,
            from_minutes: slide.from_minutes.unwrap_or(0),
            to_minutes: slide.to_minutes.unwrap_or(DAY_MINUTES),
        }
    }
}

/// What a shopper's screen is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CustomerPhase {
    Idle,
    Cart,
    Tender,
    /// Another house is asked; it says how it goes on.
    Wait,
    /// An online order, once its shopper showed its code.
    Pickup,
    Paid,
    Paused,
}

/// A cart as a shopper sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerCartView {
    pub(in crate::http) pieces: u32,
    pub(in crate::http) lines: Vec<CustomerLineView>,
    pub(in crate::http) newest_line_id: Option<Uuid>,
    pub(in crate::http) saved: MoneyBody,
    pub(in crate::http) total: MoneyBody,
    /// What each reduction took, in the order of lanes.
    pub(in crate::http) adjustments: Vec<AdjustmentView>,
    /// What little more would bring, nearest first: at most three sentences.
    pub(in crate::http) hints: Vec<String>,
}

/// A line as a shopper sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerLineView {
    pub(in crate::http) id: Uuid,
    pub(in crate::http) name: String,
    pub(in crate::http) spec: String,
    pub(in crate::http) unit: UnitView,
    pub(in crate::http) quantity_milli: i64,
    pub(in crate::http) list_price: MoneyBody,
    pub(in crate::http) amount: MoneyBody,
    /// Before any reduction.
    pub(in crate::http) list: MoneyBody,
    /// What reductions took: `list` less `amount`.
    pub(in crate::http) saved: MoneyBody,
    /// Each of them, in the order they were taken.
    pub(in crate::http) adjustments: Vec<LineAdjustmentView>,
    /// Units that are a gift (赠品).
    pub(in crate::http) gift_units: u32,
    /// Who put it there.
    pub(in crate::http) source: SourceView,
}

/// What a shopper is to pay.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerTenderView {
    pub(in crate::http) total: MoneyBody,
    /// What is still to be paid after payments by code and vouchers, before any cash rounding.
    pub(in crate::http) left: MoneyBody,
    pub(in crate::http) rounding: MoneyBody,
    pub(in crate::http) due: MoneyBody,
    pub(in crate::http) saved: MoneyBody,
}

/// What a shopper has paid.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PaidView {
    pub(in crate::http) order_id: Uuid,
    pub(in crate::http) receipt_number: String,
    pub(in crate::http) completed_at: String,
    pub(in crate::http) tendered: Vec<TenderedView>,
    pub(in crate::http) change: MoneyBody,
    pub(in crate::http) total: MoneyBody,
    pub(in crate::http) rounding: MoneyBody,
    pub(in crate::http) saved: MoneyBody,
}
