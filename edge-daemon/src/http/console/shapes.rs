//! What the console is told, as it is written.
//!
//! **Invariant:** no amount is computed here.

use domain::receipt_number::WorkstationNumber;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use sync::watermark::WatermarkV1;

use crate::{
    console::report::{self, Day},
    context::Context,
    db::day::DayRow,
    http::{
        body::MoneyBody,
        view::{ApprovalView, KindView, LinkView, Notice, OperatorInfo, StoreView, TenderKindView},
    },
    trouble::Standing,
};

/// So many orders, and what they come to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct SumBody {
    count: u32,
    amount: MoneyBody,
}

impl From<report::Sum> for SumBody {
    fn from(sum: report::Sum) -> Self {
        Self { count: sum.count, amount: sum.amount.into() }
    }
}

/// An hour of a day.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct HourBody {
    /// On the wall's clock, 0 to 23.
    hour: u8,
    sum: SumBody,
}

/// What was taken in one way.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct TakenBody {
    kind: TenderKindView,
    /// In how many orders; one order may be paid in several ways.
    orders: u32,
    /// How much, less the change.
    net: MoneyBody,
}

/// What a workstation has sold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WorkstationSumBody {
    number: WorkstationNumber,
    name: String,
    sum: SumBody,
}

/// What a business date has sold; what was undone is apart and in no other sum.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DayBody {
    business_date: String,
    all: SumBody,
    /// What one order came to on average, in whole fen.
    average: MoneyBody,
    undone: SumBody,
    /// Hours with an order.
    hours: Vec<HourBody>,
    taken: Vec<TakenBody>,
    workstations: Vec<WorkstationSumBody>,
}

impl DayBody {
    pub(super) fn of(context: &Context, business_date: String, day: &Day) -> Self {
        let names = context.workstations.load();
        let name = |number: WorkstationNumber| {
            names.iter().find(|w| w.number == number).map(|w| w.name.clone())
        };
        Self {
            business_date,
            all: day.all.into(),
            average: day.average().into(),
            undone: day.undone.into(),
            hours: day
                .hours
                .iter()
                .map(|(hour, sum)| HourBody { hour: *hour, sum: (*sum).into() })
                .collect(),
            taken: day
                .taken
                .iter()
                .map(|taken| TakenBody {
                    kind: taken.kind.into(),
                    orders: taken.orders,
                    net: taken.net.into(),
                })
                .collect(),
            workstations: day
                .workstations
                .iter()
                .map(|(number, sum)| WorkstationSumBody {
                    number: *number,
                    name: name(*number).unwrap_or_else(|| number.to_string()),
                    sum: (*sum).into(),
                })
                .collect(),
        }
    }
}

/// What is usual in an hour.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct UsualHourBody {
    pub(super) hour: u8,
    pub(super) amount: MoneyBody,
}

/// Somebody was signed in at a workstation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StayBody {
    pub(super) workstation: WorkstationNumber,
    pub(super) operator: String,
    pub(super) name: String,
    pub(super) from: String,
    /// `None` while they are.
    pub(super) to: Option<String>,
    /// What they sold meanwhile, what was undone left out.
    pub(super) sold: SumBody,
}

/// A day looked at on its own.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DayReportBody {
    pub(super) day: DayBody,
    /// The mean of up to four same weekdays before, in whole fen.
    pub(super) usual: Vec<UsualHourBody>,
    /// How many of them sold anything.
    pub(super) usual_days: u32,
    /// Who was signed in where, the newest first.
    pub(super) stays: Vec<StayBody>,
}

/// How a printer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PrinterBody {
    /// The workstation has none.
    None,
    Ready,
    Gone,
    PaperOut,
    CoverOpen,
    Stopped,
}

/// The devices of a workstation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DevicesBody {
    pub(super) number: WorkstationNumber,
    pub(super) name: String,
    pub(super) kind: KindView,
    /// Who is signed in there.
    pub(super) operator: Option<OperatorInfo>,
    /// Pieces on its counter.
    pub(super) pieces: u32,
    pub(super) printer: PrinterBody,
    /// Since when the printer is so.
    pub(super) printer_since: Option<String>,
    /// Receipts that wait for paper.
    pub(super) slips: u32,
    /// Receipts of the last day that may or may not have come out.
    pub(super) slips_unknown: u32,
    /// When something was last scanned or typed there, in this run of the daemon.
    pub(super) heard_at: Option<String>,
}

/// A replica of what the mall owns.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReplicaStandingBody {
    /// `catalog` or `store`.
    pub(super) scope: String,
    pub(super) version: i64,
    pub(super) updated_at: String,
}

/// Something that another house has not said yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OpenRightBody {
    /// A payment by code; else a coupon or voucher.
    pub(super) is_payment: bool,
    /// `sent`, `paying`, `pending` or `reversing`.
    pub(super) state: String,
    pub(super) workstation: WorkstationNumber,
    pub(super) amount: MoneyBody,
    pub(super) since: String,
}

/// How store and mall stand with each other.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SyncBody {
    pub(super) link: LinkView,
    /// Since when the mall answers, or does not.
    pub(super) since: Option<String>,
    /// When the mall last acknowledged facts, in this run of the daemon.
    pub(super) told_at: Option<String>,
    /// Facts that the mall keeps apart for a person to look at.
    pub(super) troubled: u32,
    /// Facts that nobody on the way to the mall takes: only this box has them.
    pub(super) held_back: u32,
    pub(super) replicas: Vec<ReplicaStandingBody>,
    pub(super) rules_revision: i64,
    pub(super) open_rights: Vec<OpenRightBody>,
    /// What is wrong between store and mall, the most pressing first.
    pub(super) troubles: Vec<TroubleBody>,
    /// The newest business days as they were compared with the mall.
    pub(super) days: Vec<DayStandingBody>,
    /// Up to where the mall has signed that it holds everything.
    pub(super) watermark: Option<WatermarkBody>,
    /// When the certificate that this box shows the mall ends.
    pub(super) certificate_ends_at: Option<String>,
}

/// Something that is wrong between store and mall.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TroubleBody {
    /// Its name: `behind`, `hole`, `clone`, `conflict`, `quarantine`, `clock`, `disk-low`,
    /// `ledger-damaged`, `schema-old`, `day-differs`, `all-refused`, `certificate-ends`,
    /// `certificate-refused`, `certificate-ended`.
    pub(super) trouble: &'static str,
    /// `watch`, `look` or `act`.
    pub(super) severity: &'static str,
    pub(super) since: String,
    /// How many of what it is about; days that are left where it is about a certificate.
    pub(super) count: u32,
    /// What people call it, in Chinese …
    pub(super) name_chinese: &'static str,
    /// … and in English.
    pub(super) name_english: &'static str,
    /// What it means and what to do, in Chinese …
    pub(super) chinese: &'static str,
    /// … and in English.
    pub(super) english: &'static str,
}

impl From<&Standing> for TroubleBody {
    fn from(one: &Standing) -> Self {
        Self {
            trouble: one.trouble.word(),
            severity: one.trouble.severity().word(),
            since: one.since.to_string(),
            count: one.count,
            name_chinese: one.trouble.name().zh,
            name_english: one.trouble.name().en,
            chinese: one.trouble.chinese(),
            english: one.trouble.english(),
        }
    }
}

/// A business day as it was compared with the mall.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DayStandingBody {
    pub(super) day: String,
    /// Whether the mall held the same.
    pub(super) agrees: bool,
    /// Facts that both sides leave out.
    pub(super) left_out: u32,
    /// When it was compared last; `None` where it never was.
    pub(super) told_at: Option<String>,
    /// Since when it is sealed; `None` while it is open.
    pub(super) sealed_at: Option<String>,
}

impl From<&DayRow> for DayStandingBody {
    fn from(row: &DayRow) -> Self {
        Self {
            day: row.day.clone(),
            agrees: row.found.agrees,
            left_out: u32::try_from(row.found.left_out).unwrap_or(u32::MAX),
            told_at: row.told_at.map(|at| at.to_string()),
            sealed_at: row.found.sealed_at.map(|at| at.to_string()),
        }
    }
}

/// The mall's signed word that it holds everything up to a place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WatermarkBody {
    /// The life of the ledger …
    pub(super) epoch: u32,
    /// … and its place.
    pub(super) seq: i64,
    /// The newest day that was found to be the same.
    pub(super) day: String,
    /// When, by the mall's clock.
    pub(super) at: String,
}

impl From<&WatermarkV1> for WatermarkBody {
    fn from(mark: &WatermarkV1) -> Self {
        Self {
            epoch: mark.epoch,
            seq: mark.seq,
            day: mark.day.to_string(),
            at: mark.at.to_string(),
        }
    }
}

/// A notice and whose it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StoreNoticeBody {
    /// `None`: the whole store's.
    pub(super) workstation: Option<WorkstationNumber>,
    pub(super) notice: Notice,
}

/// What the store is doing now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OverviewBody {
    /// New at each start of the daemon; revisions begin anew with it.
    pub(super) boot: Uuid,
    pub(super) revision: u64,
    pub(super) build: String,
    pub(super) now: String,
    pub(super) store: StoreView,
    pub(super) operator: OperatorInfo,
    pub(super) day: DayBody,
    /// What a manager is asked for and can still decide, the oldest first.
    pub(super) waiting: Vec<ApprovalView>,
    pub(super) devices: Vec<DevicesBody>,
    pub(super) sync: SyncBody,
    pub(super) notices: Vec<StoreNoticeBody>,
}

/// An order in the console's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleOrderBody {
    pub(super) id: Uuid,
    pub(super) receipt_number: String,
    pub(super) workstation: WorkstationNumber,
    pub(super) operator: String,
    pub(super) completed_at: String,
    pub(super) due: MoneyBody,
    pub(super) undone: bool,
}

/// Orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleOrdersBody {
    pub(super) orders: Vec<ConsoleOrderBody>,
    /// Where the next page begins, if there may be one.
    pub(super) next: Option<String>,
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use sync::trouble::Trouble;

    use super::*;

    #[test]
    fn the_console_says_of_every_trouble_what_it_is_called_and_what_to_do() {
        for trouble in Trouble::ALL {
            let since = Timestamp::from_micros(1);
            let shown = TroubleBody::from(&Standing { trouble, since, count: 2 });
            assert_eq!((shown.trouble, shown.count), (trouble.word(), 2));
            for said in [
                shown.severity,
                shown.name_chinese,
                shown.name_english,
                shown.chinese,
                shown.english,
            ] {
                assert!(!said.is_empty(), "{trouble}");
            }
        }
    }
}
