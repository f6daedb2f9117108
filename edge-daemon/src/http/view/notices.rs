//! What a person should know that stops nothing.

use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{context::Context, devices::PrinterState, uplink::Reach};

/// Something a person should know.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Notice {
    code: &'static str,
    since: String,
    params: NoticeParams,
}

/// A clock that is off by less is off by what a line may take.
const CLOCK_OFF_MINUTES: u32 = 2;

/// Numbers in a notice.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct NoticeParams {
    /// How many, where something is counted; of a kiosk its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

fn notice(code: &'static str, since: Timestamp, count: Option<u32>) -> Notice {
    Notice { code, since: since.to_string(), params: NoticeParams { count } }
}

/// The notices of a workstation, the most pressing first.
pub(super) fn of(context: &Context, workstation: WorkstationNumber, now: Timestamp) -> Vec<Notice> {
    let mut notices = Vec::new();
    if context.node.is_none() {
        notices.push(notice("not-enrolled", now, None));
    }
    notices.extend(notices_of(context, Some(workstation), now));
    notices.extend(notices_of(context, None, now).into_iter().filter(|n| n.code != "not-enrolled"));
    notices
}

/// The notices that are a workstation's own, or those that are the whole store's.
pub(in crate::http) fn notices_of(
    context: &Context,
    workstation: Option<WorkstationNumber>,
    now: Timestamp,
) -> Vec<Notice> {
    match workstation {
        Some(workstation) => of_workstation(context, workstation, now),
        None => of_store(context, now),
    }
}

fn of_workstation(
    context: &Context,
    workstation: WorkstationNumber,
    now: Timestamp,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    if let Some((state, since)) = context.health.trouble(workstation) {
        let code = match state {
            PrinterState::Ready | PrinterState::Gone | PrinterState::Stopped => "printer-gone",
            PrinterState::PaperOut => "printer-paper",
            PrinterState::CoverOpen => "printer-cover",
        };
        notices.push(notice(code, since, None));
    }
    for (kiosk, since) in context.help.waiting(now) {
        notices.push(notice("help-wanted", since, Some(u32::from(kiosk))));
    }
    if let Some(doubt) = context.health.doubt(workstation) {
        notices.push(notice("receipt-unknown", now, Some(doubt)));
    }
    notices
}

fn of_store(context: &Context, now: Timestamp) -> Vec<Notice> {
    let mut notices = Vec::new();
    if context.node.is_none() {
        notices.push(notice("not-enrolled", now, None));
    }
    if context.mall.get().is_some_and(|mall| mall.is_unknown()) {
        notices.push(notice("box-revoked", now, None));
    }
    if context.ledger.may_begin().is_err() {
        notices.push(notice("disk-full", now, None));
    }
    let trouble = context.trouble.load();
    if let Some((since, count)) = trouble.slow {
        notices.push(notice("reversal-slow", since, Some(count)));
    }
    if let Some((since, count)) = trouble.returns {
        notices.push(notice("online-return-slow", since, Some(count)));
    }
    if trouble.kept > 0 {
        notices.push(notice("voucher-kept", now, Some(trouble.kept)));
    }
    let (link, settings) = (context.link.state(), context.settings.in_force());
    if link.reach == Reach::Down {
        notices.push(notice("mall-down", link.since.unwrap_or(now), None));
    }
    if let Some(oldest) =
        link.backlog.oldest_at.filter(|at| now.ms_since(*at) > settings.behind_ms())
    {
        notices.push(notice("sync-lag", oldest, Some(link.backlog.pending)));
    }
    let off_minutes = u32::try_from(link.ahead_ms.unsigned_abs() / 60_000).unwrap_or(u32::MAX);
    if off_minutes >= CLOCK_OFF_MINUTES {
        notices.push(notice("clock-off", now, Some(off_minutes)));
    }
    if link.history.is_frozen {
        notices.push(notice("box-twice", now, None));
    } else if link.history.is_doubtful {
        notices.push(notice("ledger-copied", now, None));
    }
    if link.backlog.troubled > 0 {
        notices.push(notice("fact-troubled", now, Some(link.backlog.troubled)));
    }
    if link.backlog.held_back > 0 {
        notices.push(notice("fact-held-back", now, Some(link.backlog.held_back)));
    }
    if let Some(since) = context.prices.refused_since() {
        notices.push(notice("rules-old", since, None));
    }
    if let Some(since) = settings.refused_since() {
        notices.push(notice("settings-refused", since, None));
    }
    if let Some(since) = context.portal.since() {
        notices.push(notice("portal-away", since, None));
    }
    let learned = context.catalog_standing.load().as_ref().map(|standing| standing.updated_at);
    if let Some(learned) = learned
        && link.reach != Reach::Up
        && now.ms_since(learned) > settings.old_prices_ms()
    {
        notices.push(notice("price-book-old", learned, None));
    }
    notices
}
