//! The documents desired, older ones, and what is in force in a store.
//!
//! **Invariant:** reads only; a document is given as it is kept.

use std::collections::BTreeMap;

use domain::tender::CashRounding;
use serde_json::{Value, json};
use sync::{
    replica::StoreId,
    wire::{
        CHORDS, COUPON_DAYS, Kind, PICTURES_MAX, PortalSettingsV1, SETTINGS, SettingsV1, StoreV1,
        WayV1,
    },
};

use super::{
    groups,
    shapes::{
        ChangeShape, InForceShape, SettingShape, SettingsError, SettingsPage, SettingsShape, Whom,
    },
};
use crate::{
    context::Context,
    db::{
        Conn, DbError, damaged, groups as rows,
        settings::{self, ALL, SettingsRow},
        stores::{self, StoreRow},
    },
    hq::page_limit,
    rules::SentenceShape,
};

/// The number that a target's documents are kept under.
pub(super) async fn number(tx: &mut Conn, whom: &Whom) -> Result<StoreId, SettingsError> {
    match whom {
        Whom::All => Ok(ALL),
        Whom::Group(key) => Ok(groups::known(tx, key).await?.owner()),
        Whom::Store(code) => {
            let found = stores::by_code(tx, code).await?;
            found.map(|row| row.id).ok_or_else(|| SettingsError::Store(code.clone()))
        }
    }
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
    whom: &Whom,
    row: SettingsRow,
    before: Option<&SettingsRow>,
) -> Result<SettingsShape, DbError> {
    let after = document(&row)?;
    let before = before.map(document).transpose()?.unwrap_or_default();
    Ok(SettingsShape {
        target: whom.to_string(),
        revision: row.revision,
        settings: serde_json::from_str(&row.body).map_err(|_| damaged("read the settings"))?,
        changes: changes(&before, &after),
        note: row.note,
        saved_by: row.saved_by,
        saved_at: row.saved_at.to_string(),
    })
}

/// The document of a revision, or the one desired; before the first was saved one that says nothing.
/// What it changed is told against the one before, or against the revision `against`.
pub(crate) async fn one(
    context: &Context,
    whom: &Whom,
    revision: Option<i64>,
    against: Option<i64>,
) -> Result<SettingsShape, SettingsError> {
    let mut tx = context.db().read("read the settings").await?;
    let owner = number(&mut tx, whom).await?;
    let up_to = |revision: Option<i64>| revision.map_or(i64::MAX, |r| r.saturating_add(1));
    let mut found = settings::before(&mut tx, owner, up_to(revision), 2).await?.into_iter();
    let (row, mut before) = (found.next(), found.next());
    if let Some(asked) = against {
        let found = settings::before(&mut tx, owner, up_to(against), 1).await?;
        before = found.into_iter().next();
        let is_there = before.as_ref().map_or(0, |row| row.revision) == asked;
        if !is_there {
            return Err(SettingsError::Unknown(asked));
        }
    }
    match (row, revision) {
        (Some(row), Some(asked)) if row.revision != asked => Err(SettingsError::Unknown(asked)),
        (Some(row), _) => Ok(shape(whom, row, before.as_ref())?),
        (None, Some(asked)) if asked != 0 => Err(SettingsError::Unknown(asked)),
        (None, _) => Ok(SettingsShape {
            target: whom.to_string(),
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
    whom: &Whom,
    before: Option<i64>,
    limit: Option<i64>,
) -> Result<SettingsPage, SettingsError> {
    let limit = page_limit(limit);
    let mut tx = context.db().read("read the settings").await?;
    let owner = number(&mut tx, whom).await?;
    // One more, which the last one is compared with.
    let found = settings::before(&mut tx, owner, before.unwrap_or(i64::MAX), limit + 1).await?;
    let n_shown = found.len().min(usize::try_from(limit).unwrap_or(0));
    let mut revisions = Vec::with_capacity(n_shown);
    for (place, row) in found.iter().take(n_shown).enumerate() {
        revisions.push(shape(whom, row.clone(), found.get(place + 1))?);
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
        "day.cut_minutes" => Some(json!(store.clock.day_cut_minutes)),
        _ => None,
    }
}

/// What says something of a store, the highest first: its own document, its groups' by rank, all
/// stores'.
async fn layers(tx: &mut Conn, store: StoreId) -> Result<Vec<(Whom, String, SettingsV1)>, DbError> {
    let mut owners = vec![(store, Whom::Store(String::new()), "store".to_owned())];
    for group in rows::of_store(tx, store).await?.into_iter().rev() {
        let origin = format!("group/{}", group.key);
        owners.push((group.owner(), Whom::Group(group.key), origin));
    }
    owners.push((ALL, Whom::All, "all".to_owned()));
    let mut layers = Vec::with_capacity(owners.len());
    for (owner, whom, origin) in owners {
        let row = settings::current(tx, owner).await?;
        let said = row.map(|row| document(&row)).transpose()?.unwrap_or_default();
        layers.push((whom, origin, said));
    }
    Ok(layers)
}

/// A document over what lies below it: all stores' below a group's, that and its groups' below a
/// store's.
pub(super) async fn over_below(
    tx: &mut Conn,
    whom: &Whom,
    owner: StoreId,
    said: SettingsV1,
) -> Result<SettingsV1, DbError> {
    let below = match whom {
        Whom::All => SettingsV1::default(),
        Whom::Group(_) => {
            let all = settings::current(tx, ALL).await?;
            all.map(|row| document(&row)).transpose()?.unwrap_or_default()
        }
        Whom::Store(_) => {
            let below = layers(tx, owner).await?.into_iter().skip(1).map(|(_, _, said)| said);
            below.fold(SettingsV1::default(), SettingsV1::over)
        }
    };
    Ok(said.over(below))
}

/// A document that is looked at and not saved: whose it would be, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Trying {
    /// All, a group, or the store.
    pub(crate) whom: Whom,
    /// The document.
    pub(crate) document: Value,
}

/// What is in force in a store once everything desired is applied, setting by setting, and which
/// document says so; with a document in the place of the one that is desired, if one is given.
pub(crate) async fn in_force(
    context: &Context,
    code: &str,
    trying: Option<Trying>,
) -> Result<Vec<InForceShape>, SettingsError> {
    let mut tx = context.db().read("read the settings").await?;
    let found = stores::by_code(&mut tx, code).await?;
    let store = found.ok_or_else(|| SettingsError::Store(code.to_owned()))?;
    let mut layers = layers(&mut tx, store.id).await?;
    if let Some(Trying { whom, document }) = trying {
        let said = super::save::read(&document)?;
        let whom =
            if whom == Whom::Store(code.to_owned()) { Whom::Store(String::new()) } else { whom };
        let layer = layers.iter_mut().find(|(of, _, _)| *of == whom);
        let Some(layer) = layer else { return Err(SettingsError::NotOfStore(whom.to_string())) };
        layer.2 = said;
    }
    let layers: Vec<(String, BTreeMap<String, Value>)> =
        layers.into_iter().map(|(_, origin, said)| (origin, said.values())).collect();
    let of = |key: &'static str, default: &str| {
        let said = layers.iter().find_map(|(origin, said)| Some((origin, said.get(key)?)));
        let default = || serde_json::from_str(default).unwrap_or(Value::Null);
        let (value, origin) = match (said, set_up(&store.store, key)) {
            (Some((origin, value)), _) => (value.clone(), origin.clone()),
            (None, Some(value)) => (value, "set_up".to_owned()),
            (None, None) => (default(), "default".to_owned()),
        };
        InForceShape { key, value, origin }
    };
    Ok(SETTINGS.iter().map(|setting| of(setting.key, setting.default)).collect())
}

/// What all documents say of a store once everything desired is applied.
async fn merged(tx: &mut Conn, store: StoreId) -> Result<SettingsV1, DbError> {
    let layers = layers(tx, store).await?.into_iter().map(|(_, _, said)| said);
    Ok(layers.fold(SettingsV1::default(), SettingsV1::over))
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
        let slides = i64::try_from(PICTURES_MAX).ok();
        let (kind, min, max, unit) = match setting.kind {
            Kind::Lines => ("lines", None, Some(10), None),
            Kind::Flag => ("flag", None, None, None),
            Kind::Number { min, max, unit } => ("number", Some(min), Some(max), Some(unit)),
            Kind::Rounding => ("word", None, None, None),
            Kind::Rule => ("rule", None, None, None),
            Kind::Order => ("order", None, None, None),
            Kind::Key => ("key", None, None, None),
            Kind::Playlist => ("playlist", None, slides, None),
        };
        let words = match setting.kind {
            Kind::Rounding => CashRounding::ALL.map(CashRounding::word).to_vec(),
            Kind::Order => WayV1::ALL.map(WayV1::word).to_vec(),
            Kind::Key => CHORDS.to_vec(),
            Kind::Lines | Kind::Flag | Kind::Number { .. } | Kind::Rule | Kind::Playlist => {
                Vec::new()
            }
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
