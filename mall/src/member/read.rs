//! What HQ reads of members: masked.
//!
//! **Invariant:** a shape has no clear name, phone number or birthday.

use domain::{id::MemberId, lending::Purse, member::Phone};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MemberError, sealed, value};
use crate::{
    context::Context,
    db::{
        Conn,
        member_cases::Case,
        members::{self, MemberRow},
        purses, stores,
    },
    hq::{Asked, TroubleShape},
};

/// Entries shown of one member.
const ENTRIES_MAX: i64 = 50;

/// A member as HQ sees them in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberShape {
    /// The same in every channel.
    pub(crate) id: String,
    /// The name, masked: `王*`.
    pub(crate) name: String,
    /// The phone number, masked: `138****5678`.
    pub(crate) phone: String,
    /// The tier; empty for none.
    pub(crate) tier: String,
    /// When they became a member.
    pub(crate) joined_on: Option<String>,
    /// Works for the chain.
    pub(crate) is_staff: bool,
    /// Tags of their crowds.
    pub(crate) crowds: Vec<String>,
    /// All points they have.
    pub(crate) points: i64,
    /// All prepaid balance they have, in fen.
    pub(crate) balance_minor: i64,
    /// The stores that know them, by code, the one they call theirs first; only of one member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stores: Vec<KnownShape>,
    /// The newest 50 changes, newest first; only of one member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) entries: Vec<EntryShape>,
}

/// A store that knows a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MemberStore)]
pub(crate) struct KnownShape {
    /// Its code.
    pub(crate) store: String,
    /// Whether they call it theirs.
    pub(crate) is_home: bool,
    /// Points that it is lent and may still spend.
    pub(crate) points_open: i64,
    /// Fen of balance that it is lent and may still spend.
    pub(crate) balance_open_minor: i64,
}

/// A change of a purse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MemberEntry)]
pub(crate) struct EntryShape {
    /// `points` or `balance`.
    pub(crate) purse: &'static str,
    /// `earned`, `spent` or `adjusted`.
    pub(crate) kind: &'static str,
    /// Points or fen; below zero took.
    pub(crate) amount: i64,
    /// The order, the post-void or the adjustment.
    pub(crate) source: String,
    /// The store's code; empty for HQ.
    pub(crate) store: String,
    /// Whose hand.
    pub(crate) operator: String,
    /// Why.
    pub(crate) reason: String,
    /// When it happened.
    pub(crate) at: String,
}

/// A page of members, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MemberPage {
    /// The members.
    pub(crate) members: Vec<MemberShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

fn shape(context: &Context, row: &MemberRow) -> Result<MemberShape, MemberError> {
    let (name, phone) = sealed::masked(context.vault(), row)?;
    Ok(MemberShape {
        id: row.id.to_string(),
        name,
        phone,
        tier: row.tier.clone(),
        joined_on: row.joined_on.map(|date| date.to_string()),
        is_staff: row.is_staff,
        crowds: row.crowds.clone(),
        points: row.points,
        balance_minor: row.balance.minor(),
        stores: Vec::new(),
        entries: Vec::new(),
    })
}

/// Members by id.
pub(crate) async fn members(context: &Context, asked: &Asked) -> Result<MemberPage, MemberError> {
    let mut tx = context.db().read("read the members").await?;
    let after = asked.after.as_deref().unwrap_or_default();
    let found = members::page(&mut tx, after, asked.limit() + 1).await?;
    let (found, next) = asked.page(found, |last| last.id.to_string());
    let members = found.iter().map(|row| shape(context, row)).collect::<Result<_, _>>()?;
    Ok(MemberPage { members, next })
}

/// A member with their stores and newest changes.
pub(crate) async fn one(context: &Context, id: MemberId) -> Result<MemberShape, MemberError> {
    let mut tx = context.db().read("read a member").await?;
    let row = members::by_id(&mut tx, id).await?.filter(|row| !row.is_gone);
    whole(context, &mut tx, &row.ok_or(MemberError::Unknown(id))?).await
}

/// The member with a phone number, if there is one.
pub(crate) async fn find(
    context: &Context,
    phone: &str,
) -> Result<Option<MemberShape>, MemberError> {
    let phone = Phone::read(phone).ok_or(value("phone", "is no mobile number of 11 digits"))?;
    let mut tx = context.db().read("find a member").await?;
    let index = sealed::index_of(context.vault(), &phone);
    match members::by_phone(&mut tx, &index).await?.filter(|row| !row.is_gone) {
        Some(row) => whole(context, &mut tx, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn whole(
    context: &Context,
    tx: &mut Conn,
    row: &MemberRow,
) -> Result<MemberShape, MemberError> {
    let mut shape = shape(context, row)?;
    for known in members::stores_of(tx, row.id).await? {
        let told = purses::told_by(tx, known.store).await?;
        let lent = purses::lent_to(tx, known.store, row.id).await?;
        let open = |purse: Purse| {
            let lent = lent.iter().find(|(of, _)| *of == purse);
            lent.map_or(0, |(_, lent)| lent.open(told.at))
        };
        shape.stores.push(KnownShape {
            store: stores::code(tx, known.store).await?,
            is_home: known.is_home,
            points_open: open(Purse::Points),
            balance_open_minor: open(Purse::Balance),
        });
    }
    for entry in purses::of_member(tx, row.id, ENTRIES_MAX).await? {
        let store = match entry.store.0 {
            0 => String::new(),
            _ => stores::code(tx, entry.store).await?,
        };
        shape.entries.push(EntryShape {
            purse: entry.purse.word(),
            kind: entry.kind.word(),
            amount: entry.amount,
            source: entry.source.to_string(),
            store,
            operator: entry.operator,
            reason: entry.reason,
            at: entry.entered_at.to_string(),
        });
    }
    Ok(shape)
}

/// A case as one of a store's troubles.
pub(crate) fn case_trouble(case: Case) -> TroubleShape {
    TroubleShape {
        id: case.order.to_string(),
        what: case.kind.word().to_owned(),
        reason: case.reason,
        seq: case.seq,
        kind: sync::wire::KIND_ORDER.to_owned(),
        received_at: case.received_at.to_string(),
    }
}
