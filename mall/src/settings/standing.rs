//! Whether stores are there, and what became of their settings.
//!
//! **Invariant:** reads only; of several nodes of a store the one that was heard last speaks.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Timestamp;
use sync::replica::StoreId;

use super::shapes::{RefusedShape, SettingsError, StandingShape, TargetShape, refusal};
use crate::{
    context::Context,
    db::{
        Conn, DbError,
        groups::{self, GroupRow},
        settings::{self, ALL, PresenceRow, ReportRow},
        stores::{self, StoreRow},
    },
};

/// A node that asks every half minute and was not heard for so long is not there.
const UNHEARD_MS_MAX: i64 = 150_000;

/// What stores say, by store.
pub(crate) struct Said {
    is_broker_up: bool,
    desired: BTreeMap<StoreId, i64>,
    /// What each store was told of its groups.
    told: BTreeMap<StoreId, i64>,
    /// The groups that are there, by rank, and which store is in which.
    groups: Vec<GroupRow>,
    memberships: Vec<(StoreId, i64)>,
    reports: Vec<ReportRow>,
    presences: Vec<PresenceRow>,
}

/// Reads what stores say: all, or only these.
pub(crate) async fn said(
    context: &Context,
    tx: &mut Conn,
    only: Option<&[StoreId]>,
) -> Result<Said, DbError> {
    let (mut reports, mut presences) = (Vec::new(), Vec::new());
    match only {
        None => {
            reports = settings::reports(tx, None).await?;
            presences = settings::presences(tx, None).await?;
        }
        Some(stores) => {
            for store in stores {
                reports.extend(settings::reports(tx, Some(*store)).await?);
                presences.extend(settings::presences(tx, Some(*store)).await?);
            }
        }
    }
    let since = Timestamp::from_micros(0);
    let saved = settings::saved_since(tx, since).await?;
    let told = groups::told_since(tx, since).await?;
    Ok(Said {
        is_broker_up: context.is_broker_up(),
        desired: saved.into_iter().map(|changed| changed.what).collect(),
        told: told.into_iter().map(|changed| changed.what).collect(),
        groups: groups::all(tx).await?,
        memberships: groups::memberships(tx).await?,
        reports,
        presences,
    })
}

/// Whether a node with this presence is there.
fn is_there(presence: &PresenceRow, now: Timestamp) -> bool {
    presence.heard_at > presence.gone_at && now.ms_since(presence.heard_at) <= UNHEARD_MS_MAX
}

/// The stores whose node is there; of several, the one that was heard last counts.
pub(crate) async fn there(tx: &mut Conn, now: Timestamp) -> Result<BTreeSet<StoreId>, DbError> {
    let mut last: BTreeMap<StoreId, PresenceRow> = BTreeMap::new();
    for presence in settings::presences(tx, None).await? {
        let known = last.get(&presence.store).map(|known| known.heard_at);
        if known.is_none_or(|known| known <= presence.heard_at) {
            last.insert(presence.store, presence);
        }
    }
    Ok(last.into_values().filter(|one| is_there(one, now)).map(|one| one.store).collect())
}

impl Said {
    /// How a store stands.
    pub(crate) fn standing(&self, row: &StoreRow, now: Timestamp) -> StandingShape {
        let (id, code) = (row.id, row.store.code.clone());
        // Of several nodes, the one that was heard last speaks.
        let presence = self.presences.iter().filter(|p| p.store == id).max_by_key(|p| p.heard_at);
        let is_online = presence.is_some_and(|presence| is_there(presence, now));
        let edge = presence.map(|p| p.edge);
        let of = |word: String, target: String, desired: Option<&i64>| {
            let is_it = |r: &&ReportRow| {
                r.store == id && r.target == word && edge.is_none_or(|edge| edge == r.edge)
            };
            standing(target, desired.copied().unwrap_or(0), self.reports.iter().find(is_it))
        };
        let mut targets = vec![
            of("all".to_owned(), "all".to_owned(), self.desired.get(&ALL)),
            of("own".to_owned(), code.clone(), self.desired.get(&id)),
        ];
        if let Some(told) = self.told.get(&id) {
            targets.push(of("groups".to_owned(), format!("groups/{code}"), Some(told)));
        }
        for group in self.groups.iter().filter(|g| self.memberships.contains(&(id, g.id))) {
            let target = format!("group/{}", group.key);
            targets.push(of(target.clone(), target, self.desired.get(&group.owner())));
        }
        let heard_at = presence.map(|p| p.heard_at).filter(|at| at.micros() > 0);
        StandingShape {
            is_online,
            is_line_up: self.is_broker_up && presence.is_some_and(|p| p.is_line_up),
            heard_at: heard_at.map(|at| at.to_string()).unwrap_or_default(),
            program: presence.map(|p| p.program.clone()).unwrap_or_default(),
            settings: targets,
            name: row.store.name.clone(),
            code,
        }
    }
}

/// The reason of a document that a store has taken back.
const ROLLED_BACK: &str = "rolled-back";

fn standing(target: String, desired: i64, report: Option<&ReportRow>) -> TargetShape {
    let applied = report.map_or(0, |report| report.applied);
    let refused = report.and_then(|report| report.refused.clone());
    let is_on_trial = report.is_some_and(|report| report.is_on_trial);
    let state = match (refused.as_ref().map(|refused| refused.reason.as_str()), desired) {
        (Some(ROLLED_BACK), _) => "rolled-back",
        (Some(_), _) => "refused",
        (None, 0) => "none",
        (None, desired) if applied == desired && is_on_trial => "on-trial",
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
    Ok(said(context, &mut tx, Some(&[row.id])).await?.standing(&row, context.now()))
}
