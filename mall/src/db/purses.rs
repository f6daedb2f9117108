//! What members have, entry by entry, and what stores are lent of it.
//!
//! **Invariant:** an entry is inserted once and never changed; the sums beside it move in its own
//! transaction.

use domain::{
    id::MemberId,
    lending::{Lent, Purse},
    member::Through,
    time::Timestamp,
};
use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, damaged, inbox::Sender, sql};

/// Why a purse changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// By buying.
    Earned,
    /// By paying.
    Spent,
    /// By HQ.
    Adjusted,
}

impl EntryKind {
    const ALL: [Self; 3] = [Self::Earned, Self::Spent, Self::Adjusted];

    /// The word in tables and answers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Spent => "spent",
            Self::Adjusted => "adjusted",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One change of a purse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where; store 0 for HQ.
    pub(crate) store: StoreId,
    /// Whose.
    pub(crate) member: MemberId,
    /// The order, the post-void or the adjustment.
    pub(crate) source: Uuid,
    /// Which purse.
    pub(crate) purse: Purse,
    /// Why.
    pub(crate) kind: EntryKind,
    /// Points or fen; below zero takes.
    pub(crate) amount: i64,
    /// Whose hand.
    pub(crate) operator: String,
    /// Why, in their words; of orders empty.
    pub(crate) reason: String,
    /// When it happened.
    pub(crate) entered_at: Timestamp,
    /// When the mall heard of it.
    pub(crate) received_at: Timestamp,
}

/// Writes an entry; `false` when it is there already.
pub(crate) async fn insert(tx: &mut Conn, entry: &Entry) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into member_entry (store_id, member_id, source_id, purse, kind, amount, operator,
                                   reason, entered_at, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
    )
    .bind(entry.store.0)
    .bind(entry.member.to_string())
    .bind(entry.source.to_string())
    .bind(entry.purse.word())
    .bind(entry.kind.word())
    .bind(entry.amount)
    .bind(entry.operator.as_str())
    .bind(entry.reason.as_str())
    .bind(entry.entered_at.micros())
    .bind(entry.received_at.micros())
    .execute(&mut *tx)
    .await
    .map_err(sql("enter a change of a purse"))?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let statement = match entry.purse {
        Purse::Points => "update member set points = points + $2 where member_id = $1",
        Purse::Balance => {
            "update member set balance_minor = balance_minor + $2 where member_id = $1"
        }
    };
    sqlx::query(statement)
        .bind(entry.member.to_string())
        .bind(entry.amount)
        .execute(tx)
        .await
        .map_err(sql("add a change to a purse"))?;
    Ok(true)
}

type EntryColumns = (i64, String, String, String, String, i64, String, String, i64, i64);

fn entry(columns: EntryColumns) -> Result<Entry, DbError> {
    let doing = "read the entries of a member";
    let (store, member, source, purse, kind, amount, operator, reason, entered, received) = columns;
    Ok(Entry {
        store: StoreId(store),
        member: member.parse().map_err(|_| damaged(doing))?,
        source: source.parse().map_err(|_| damaged(doing))?,
        purse: Purse::from_word(&purse).ok_or_else(|| damaged(doing))?,
        kind: EntryKind::from_word(&kind).ok_or_else(|| damaged(doing))?,
        amount,
        operator,
        reason,
        entered_at: Timestamp::from_micros(entered),
        received_at: Timestamp::from_micros(received),
    })
}

/// What one source changed, of any member.
pub(crate) async fn of_source(
    tx: &mut Conn,
    store: StoreId,
    source: Uuid,
) -> Result<Vec<Entry>, DbError> {
    let found: Vec<EntryColumns> = sqlx::query_as(
        "select store_id, member_id, source_id, purse, kind, amount, operator, reason, entered_at,
                received_at
         from member_entry where store_id = $1 and source_id = $2 order by purse, kind",
    )
    .bind(store.0)
    .bind(source.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read the entries of a source"))?;
    found.into_iter().map(entry).collect()
}

/// A member's newest entries, newest first.
pub(crate) async fn of_member(
    tx: &mut Conn,
    member: MemberId,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let found: Vec<EntryColumns> = sqlx::query_as(
        "select store_id, member_id, source_id, purse, kind, amount, operator, reason, entered_at,
                received_at
         from member_entry where member_id = $1
         order by received_at desc, entered_at desc, source_id, purse, kind limit $2",
    )
    .bind(member.to_string())
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the entries of a member"))?;
    found.into_iter().map(entry).collect()
}

/// What a store is lent of a member's purses.
pub(crate) async fn lent_to(
    tx: &mut Conn,
    store: StoreId,
    member: MemberId,
) -> Result<Vec<(Purse, Lent)>, DbError> {
    let doing = "read what a store is lent";
    let found: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "select purse, spent, cap, expires_at from allowance
         where store_id = $1 and member_id = $2",
    )
    .bind(store.0)
    .bind(member.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let lent = |(purse, spent, cap, until): (String, i64, i64, i64)| {
        let purse = Purse::from_word(&purse).ok_or_else(|| damaged(doing))?;
        Ok((purse, Lent { spent, cap, expires_at: Timestamp::from_micros(until) }))
    };
    found.into_iter().map(lent).collect()
}

/// What all stores are lent of a member's purse.
pub(crate) async fn lent_of(
    tx: &mut Conn,
    member: MemberId,
    purse: Purse,
) -> Result<Vec<(StoreId, Lent)>, DbError> {
    let found: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "select store_id, spent, cap, expires_at from allowance
         where member_id = $1 and purse = $2 order by store_id",
    )
    .bind(member.to_string())
    .bind(purse.word())
    .fetch_all(tx)
    .await
    .map_err(sql("read what stores are lent"))?;
    let lent = |(store, spent, cap, until)| {
        (StoreId(store), Lent { spent, cap, expires_at: Timestamp::from_micros(until) })
    };
    Ok(found.into_iter().map(lent).collect())
}

/// Writes what a store is lent.
pub(crate) async fn put_lent(
    tx: &mut Conn,
    (store, member, purse): (StoreId, MemberId, Purse),
    lent: &Lent,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into allowance (store_id, member_id, purse, spent, cap, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (store_id, member_id, purse) do update set
           spent = excluded.spent, cap = excluded.cap, expires_at = excluded.expires_at",
    )
    .bind(store.0)
    .bind(member.to_string())
    .bind(purse.word())
    .bind(lent.spent)
    .bind(lent.cap)
    .bind(lent.expires_at.micros())
    .execute(tx)
    .await
    .map_err(sql("write what a store is lent"))?;
    Ok(())
}

/// Members some of whose allowances end before a moment.
pub(crate) async fn due(
    tx: &mut Conn,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<MemberId>, DbError> {
    let doing = "read which allowances end";
    let found: Vec<(String,)> = sqlx::query_as(
        "select distinct a.member_id from allowance a
         join member m on m.member_id = a.member_id and m.gone = 0
         where a.expires_at <= $1 limit $2",
    )
    .bind(before.micros())
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    found.into_iter().map(|(id,)| id.parse().map_err(|_| damaged(doing))).collect()
}

/// How far a store has told its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToldBy {
    /// Up to which place of which outbox all facts are processed.
    pub(crate) through: Through,
    /// The newest moment that they tell of.
    pub(crate) at: Timestamp,
}

/// How far a store has told its history: by the newest life of an edge node that may speak and is not
/// frozen. A fact that waits may have come in an earlier life and be told again in this one.
pub(crate) async fn told_by(tx: &mut Conn, store: StoreId) -> Result<ToldBy, DbError> {
    let doing = "read how far a store has told";
    let found: Option<(i64, i64, i64, i64)> = sqlx::query_as(
        "select c.epoch, c.acked_seq, c.told_at,
                (select coalesce(min(p.seq), 0) from event_inbox i
                 join event_place p on p.store_id = i.store_id and p.id = i.id
                   and p.edge_id = c.edge_id and p.epoch = c.epoch
                 where i.store_id = c.store_id and i.state = 'waiting')
         from edge_life c join edge e on e.edge_id = c.edge_id
         left join edge_session s
           on s.store_id = c.store_id and s.edge_id = c.edge_id and s.epoch = c.epoch
         where c.store_id = $1 and e.revoked_at = 0
         order by coalesce(s.is_frozen, 0), c.epoch desc, c.edge_id limit 1",
    )
    .bind(store.0)
    .fetch_optional(tx)
    .await
    .map_err(sql(doing))?;
    let (epoch, acked, told_at, waiting) = found.unwrap_or_default();
    let epoch = u32::try_from(epoch).map_err(|_| damaged(doing))?;
    let seq = if waiting > 0 { waiting - 1 } else { acked };
    Ok(ToldBy { through: Through { epoch, seq }, at: Timestamp::from_micros(told_at) })
}

/// Says that a processed fact told of a moment.
pub(crate) async fn tell(tx: &mut Conn, sender: &Sender, at: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "update edge_life set told_at = $3
         where store_id = $1 and edge_id = $2 and told_at < $3",
    )
    .bind(sender.store.0)
    .bind(sender.edge.to_string())
    .bind(at.micros())
    .execute(tx)
    .await
    .map_err(sql("write how far a store has told"))?;
    Ok(())
}
