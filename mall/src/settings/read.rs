//! The documents desired, older ones, what is in force in a store, and what became of them.
//!
//! **Invariant:** reads only; a document is given as it is kept.

use std::collections::BTreeMap;

use domain::{tender::CashRounding, time::Timestamp};
use serde_json::{Value, json};
use sync::{
    replica::StoreId,
    wire::{COUPON_DAYS, Kind, PortalSettingsV1, SETTINGS, SettingsV1, StoreV1},
};

use super::shapes::{
    ChangeShape, InForceShape, RefusedShape, SettingShape, SettingsError, SettingsPage,
    SettingsShape, StandingShape, TargetShape, refusal,
};
use crate::{
    context::Context,
    db::{
        Conn, DbError, damaged,
        settings::{self, ALL, PresenceRow, ReportRow, SettingsRow},
        stores::{self, StoreRow},
    },
    hq::page_limit,
    rules::SentenceShape,
};

/// A node that asks every half minute and was not heard for so long is not there.
const UNHEARD_MS_MAX: i64 = 150_000;

/// The number that a store's documents are kept under.
pub(super) async fn number(tx: &mut Conn, code: Option<&str>) -> Result<StoreId, SettingsError> {
    let Some(code) = code else { return Ok(ALL) };
    let found = stores::by_code(tx, code).await?;
    found.map(|row| row.id).ok_or_else(|| SettingsError::Store(code.to_owned()))
}

fn document(row: &SettingsRow) -> Result<SettingsV1, DbError> {
    // What this program has no word for was written by a newer one and stays in the body.
    let read = SettingsV1::read(&row.body).map_err(|_| damaged("read the settings"))?;
    Ok(read.0)
}

fn changes(before: &SettingsV1, after: &SettingsV1) -> Vec<ChangeShape> {
    let (before, after) = (before.values(), after.values());
    let said = |values: &BTreeMap<String, Value>, key: &str| {
        values.get(key).cloned().unwrap_or(Value::Null)
    };
    SETTINGS
        .iter()
        .map(|setting| (setting.key, said(&before, setting.key), said(&after, setting.key)))
        .filter(|(_, before, after)| before != after)
        .map(|(key, before, after)| ChangeShape { key: key.to_owned(), before, after })
        .collect()
}

fn shape(
    code: Option<&str>,
    row: SettingsRow,
    before: Option<&SettingsRow>,
) -> Result<SettingsShape, DbError> {
    let after = document(&row)?;
    let before = before.map(document).transpose()?.unwrap_or_default();
    Ok(SettingsShape {
        target: code.unwrap_or("all").to_owned(),
        revision: row.revision,
        settings: serde_json::from_str(&row.body).map_err(|_| damaged("read the settings"))?,
        changes: changes(&before, &after),
        note: row.note,
        saved_by: row.saved_by,
        saved_at: row.saved_at.to_string(),
    })
}

/// The document of a revision, or the one desired; before the first was saved one that says nothing.
pub(crate) async fn one(
    context: &Context,
    code: Option<&str>,
    revision: Option<i64>,
) -> Result<SettingsShape, SettingsError> {
    let mut tx = context.db().read("read the settings").await?;
    let store = number(&mut tx, code).await?;
    let below = revision.map_or(i64::MAX, |revision| revision.saturating_add(1));
    let mut found = settings::before(&mut tx, store, below, 2).await?.into_iter();
    let (row, before) = (found.next(), found.next());
    match (row, revision) {
        (Some(row), Some(asked)) if row.revision != asked => Err(SettingsError::Unknown(asked)),
        (Some(row), _) => Ok(shape(code, row, before.as_ref())?),
        (None, Some(asked)) if asked != 0 => Err(SettingsError::Unknown(asked)),
        (None, _) => Ok(SettingsShape {
            target: code.unwrap_or("all").to_owned(),
            revision: 0,
            settings: json!({}),
            changes: Vec::new(),
            note: String::new(),
            saved_by: String::new(),
            saved_at: String::new(),
        }),
    }
}

/// The documents that were ever desired, newest first, each with what it changed.
pub(crate) async fn list(
    context: &Context,
    code: Option<&str>,
    before: Option<i64>,
    limit: Option<i64>,
) -> Result<SettingsPage, SettingsError> {
    let limit = page_limit(limit);
    let mut tx = context.db().read("read the settings").await?;
    let store = number(&mut tx, code).await?;
    // One more, which the last one is compared with.
    let found = settings::before(&mut tx, store, before.unwrap_or(i64::MAX), limit + 1).await?;
    let n_shown = found.len().min(usize::try_from(limit).unwrap_or(0));
    let mut revisions = Vec::with_capacity(n_shown);
    for (place, row) in found.iter().take(n_shown).enumerate() {
        revisions.push(shape(code, row.clone(), found.get(place + 1))?);
    }
    let is_more = found.len() > n_shown;
    let next = revisions.last().filter(|_| is_more).map(|last| last.revision);
    Ok(SettingsPage { revisions, next })
}

/// What a store as it was set up says of a setting.
fn set_up(store: &StoreV1, key: &str) -> Option<Value> {
    match key {
        "receipt.head_lines" => Some(json!(store.head_lines)),
        "receipt.foot_lines" => Some(json!(store.foot_lines)),
        "tender.cash_rounding" => Some(json!(store.cash_rounding)),
        _ => None,
    }
}

/// What is in force in a store once everything desired is applied, setting by setting.
pub(crate) async fn in_force(
    context: &Context,
    code: &str,
) -> Result<Vec<InForceShape>, SettingsError> {
    let mut tx = context.db().read("read the settings").await?;
    let found = stores::by_code(&mut tx, code).await?;
    let store = found.ok_or_else(|| SettingsError::Store(code.to_owned()))?;
    let (all, own) = (values(&mut tx, ALL).await?, values(&mut tx, store.id).await?);
    let of = |key: &'static str, default: &str| {
        let set_up = set_up(&store.store, key);
        let default = || serde_json::from_str(default).unwrap_or(Value::Null);
        let (value, origin) = match (own.get(key), all.get(key), set_up) {
            (Some(value), _, _) => (value.clone(), "store"),
            (None, Some(value), _) => (value.clone(), "all"),
            (None, None, Some(value)) => (value, "set_up"),
            (None, None, None) => (default(), "default"),
        };
        InForceShape { key, value, origin }
    };
    Ok(SETTINGS.iter().map(|setting| of(setting.key, setting.default)).collect())
}

async fn values(tx: &mut Conn, store: StoreId) -> Result<BTreeMap<String, Value>, DbError> {
    let row = settings::current(tx, store).await?;
    Ok(row.map(|row| document(&row)).transpose()?.unwrap_or_default().values())
}

/// What both documents say of a store once everything desired is applied.
async fn merged(tx: &mut Conn, store: StoreId) -> Result<SettingsV1, DbError> {
    let mut said = SettingsV1::default();
    for target in [store, ALL] {
        let row = settings::current(tx, target).await?;
        said = said.over(row.map(|row| document(&row)).transpose()?.unwrap_or_default());
    }
    Ok(said)
}

/// How a store rounds cash once everything desired is applied.
pub(crate) async fn rounding(tx: &mut Conn, store: &StoreRow) -> Result<CashRounding, DbError> {
    let said = merged(tx, store.id).await?;
    Ok(said.tender.cash_rounding.unwrap_or(store.store.cash_rounding))
}

/// The rule of the coupon that guests of a store's Wi-Fi get, and for how many days; `None` where
/// they get none.
pub(crate) async fn coupon_for_coming(
    tx: &mut Conn,
    store: &StoreRow,
) -> Result<Option<(String, i64)>, DbError> {
    let PortalSettingsV1 { coupon_rule, coupon_days } = merged(tx, store.id).await?.portal;
    let rule = coupon_rule.filter(|rule| !rule.is_empty());
    Ok(rule.map(|rule| (rule, coupon_days.unwrap_or(COUPON_DAYS))))
}

/// All that HQ can set.
pub(crate) fn schema() -> Vec<SettingShape> {
    let shape = |setting: &sync::wire::Setting| {
        let (kind, min, max, unit) = match setting.kind {
            Kind::Lines => ("lines", None, Some(10), None),
            Kind::Flag => ("flag", None, None, None),
            Kind::Number { min, max, unit } => ("number", Some(min), Some(max), Some(unit)),
            Kind::Rounding => ("word", None, None, None),
            Kind::Rule => ("rule", None, None, None),
        };
        let words = match setting.kind {
            Kind::Rounding => CashRounding::ALL.map(CashRounding::word).to_vec(),
            Kind::Lines | Kind::Flag | Kind::Number { .. } | Kind::Rule => Vec::new(),
        };
        SettingShape {
            key: setting.key,
            kind,
            min,
            max,
            unit,
            words,
            default: serde_json::from_str(setting.default).unwrap_or(Value::Null),
            sentence: SentenceShape { zh: setting.zh.to_owned(), en: setting.en.to_owned() },
        }
    };
    SETTINGS.iter().map(shape).collect()
}

/// What stores say, by store.
struct Said {
    is_broker_up: bool,
    desired: BTreeMap<StoreId, i64>,
    reports: Vec<ReportRow>,
    presences: Vec<PresenceRow>,
}

async fn said(context: &Context, tx: &mut Conn, store: Option<StoreId>) -> Result<Said, DbError> {
    let since = Timestamp::from_micros(0);
    let saved = settings::saved_since(tx, since).await?;
    Ok(Said {
        is_broker_up: context.is_broker_up(),
        desired: saved.into_iter().map(|changed| changed.what).collect(),
        reports: settings::reports(tx, store).await?,
        presences: settings::presences(tx, store).await?,
    })
}

impl Said {
    fn standing(&self, row: &StoreRow, now: Timestamp) -> StandingShape {
        let (id, code) = (row.id, row.store.code.clone());
        // Of several nodes, the one that was heard last speaks.
        let presence = self.presences.iter().filter(|p| p.store == id).max_by_key(|p| p.heard_at);
        let is_online = presence
            .is_some_and(|p| p.heard_at > p.gone_at && now.ms_since(p.heard_at) <= UNHEARD_MS_MAX);
        let edge = presence.map(|p| p.edge);
        let of = |is_all: bool, target: String| {
            let desired = if is_all { ALL } else { id };
            let report = self.reports.iter().find(|r| {
                r.store == id && r.is_all == is_all && edge.is_none_or(|edge| edge == r.edge)
            });
            standing(target, self.desired.get(&desired).copied().unwrap_or(0), report)
        };
        let heard_at = presence.map(|p| p.heard_at).filter(|at| at.micros() > 0);
        StandingShape {
            is_online,
            is_line_up: self.is_broker_up && presence.is_some_and(|p| p.is_line_up),
            heard_at: heard_at.map(|at| at.to_string()).unwrap_or_default(),
            program: presence.map(|p| p.program.clone()).unwrap_or_default(),
            settings: vec![of(true, "all".to_owned()), of(false, code.clone())],
            name: row.store.name.clone(),
            code,
        }
    }
}

fn standing(target: String, desired: i64, report: Option<&ReportRow>) -> TargetShape {
    let applied = report.map_or(0, |report| report.applied);
    let refused = report.and_then(|report| report.refused.clone());
    let state = match (&refused, desired) {
        (Some(_), _) => "refused",
        (None, 0) => "none",
        (None, desired) if applied == desired => "applied",
        (None, _) => "waiting",
    };
    TargetShape {
        target,
        desired,
        applied,
        state,
        came_by: report.map(|report| report.came_by.clone()).unwrap_or_default(),
        refused: refused.map(|refused| RefusedShape {
            revision: refused.revision,
            sentence: refusal(&refused.reason),
            reason: refused.reason,
            detail: refused.detail,
        }),
        unknown: report.map(|report| report.unknown.clone()).unwrap_or_default(),
    }
}

/// Whether every store is there, and what its settings are.
pub(crate) async fn list_standings(context: &Context) -> Result<Vec<StandingShape>, SettingsError> {
    let mut tx = context.db().read("read how stores stand").await?;
    let (said, now) = (said(context, &mut tx, None).await?, context.now());
    let rows = stores::all(&mut tx).await?;
    Ok(rows.iter().map(|row| said.standing(row, now)).collect())
}

/// The same of one store.
pub(crate) async fn standing_of(
    context: &Context,
    code: &str,
) -> Result<StandingShape, SettingsError> {
    let mut tx = context.db().read("read how a store stands").await?;
    let row = stores::by_code(&mut tx, code).await?;
    let row = row.ok_or_else(|| SettingsError::Store(code.to_owned()))?;
    Ok(said(context, &mut tx, Some(row.id)).await?.standing(&row, context.now()))
}
