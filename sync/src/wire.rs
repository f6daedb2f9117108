//! The version 1 messages between edge node and mall.
//!
//! Aggregates of `domain` are not serialisable; these structs are, with a conversion each way, so
//! that an old store can talk to a new mall. Fields are only added inside a version; what is not
//! known is ignored.
//!
//! **Invariant:** no message is built for sending anywhere else.

mod batch;
mod certificate;
mod change;
mod check_in;
mod day;
mod enrolment;
mod item;
mod member;
mod online_return;
mod order;
mod payment;
mod pickup;
mod post_void;
mod quote;
mod redemption;
mod rules;
mod session;
mod settings;
mod stock;
mod store;
mod trouble;

pub use batch::{BatchAnswerV1, BatchV1, FactV1, HoleV1, KIND_ORDER, ToldV1, VerdictV1};
pub use certificate::{CertificateAskV1, CertificateV1, RENEWAL_LATE_MS};
pub use change::{
    BucketV1, ChangeV1, DigestsV1, FeedCursorV1, FeedPageV1, HeadV1, RowV1, SnapshotV1,
};
pub use check_in::{CheckInV1, CheckedInV1, GUEST_DIGITS, GivenCouponV1};
pub use day::{
    DayAgainAnswerV1, DayAgainV1, DayAnswerV1, DayAskV1, DayFactV1, DayFactsV1, DayLifeV1,
    DayPartV1, DaySumV1, DayV1,
};
pub use enrolment::{EnrolledV1, EnrolmentV1};
pub use item::{BarcodeV1, ItemV1};
pub use member::{KeyV1, KeysV1, MemberV1, SealV1};
pub use online_return::{
    BROUGHT_CHARS_MAX, BackLineV1, BroughtV1, OnlineLineV1, OnlineOrderV1, OnlineReturnV1,
    ReturnedLineV1, TakeBackV1,
};
pub use order::{
    AdjustmentV1, DeliveryV1, GrantV1, OrderLineV1, OrderV1, OrderV1Fault, PricingV1, SourceV1,
    TenderV1, UnitRunV1,
};
pub use payment::{
    ChargeV1, PAYMENT_CODE_CHARS_MAX, PaymentV1, RefundAskV1, RefundV1, ReversalV1,
    SUBJECT_CHARS_MAX,
};
pub use pickup::{
    ASIDE_PIECES_MAX, AsideV1, ElsewhereFoundV1, ElsewhereV1, KIND_PICKUP_HANDED_OVER,
    KIND_PICKUP_READY, PickupHandedOverV1, PickupLineV1, PickupReadyV1, PickupV1, ProofV1,
    STORES_FOUND_MAX, SetAsideV1, StoreFoundV1,
};
pub use post_void::{KIND_POST_VOID, PostVoidV1};
pub use quote::{AppliedV1, ByV1, GrantedV1, NextV1, NoteV1, QuoteV1, QuotedLineV1, TakingV1};
pub use redemption::{LookUpV1, OFFERS_MAX, OfferV1, PRESENTED_BYTES_MAX, RedemptionV1, UseV1};
pub use rules::{RULES_BYTES_MAX, RulesV1};
pub use session::{
    LOST_FACTS_MAX, LifeV1, LostFactV1, LostPageV1, LostV1, PlaceV1, SessionAskV1, SessionV1,
};
pub use settings::{
    BellV1, CHORDS, COUPON_DAYS, CameByV1, CustomerDisplaySettingsV1, FaultKind, KEY_ACTIONS,
    KeyAction, Kind, NoticeSettingsV1, OfflineSettingsV1, PICTURES_MAX, Place, PortalSettingsV1,
    PresenceV1, ReceiptSettingsV1, RefusedV1, ReportV1, SETTINGS, SLIDE_SECONDS_MAX,
    SLIDE_SECONDS_MIN, Setting, SettingFault, SettingsHeldV1, SettingsV1, SlideV1, StandingV1,
    TenderSettingsV1, WayV1,
};
pub use stock::StockV1;
pub use store::{OperatorV1, RoleV1, StoreV1, WorkstationKindV1, WorkstationV1};
pub use trouble::{StateV1, TroubleV1, TroublesV1};
