//! What is held of a day, what stores told of it, and which days are sealed.
//!
//! **Invariant:** a seal is broken by nothing that leaves no row in `day_opening`.

use std::collections::HashMap;

use domain::{
    id::EdgeId,
    time::{BusinessDate, Timestamp},
};
use sqlx::AssertSqlSafe;
use sync::{
    chain::Hash,
    day::{self, Amounts, Sum, Weight},
    replica::StoreId,
    wire::{DaySumV1, FactV1},
};
use uuid::Uuid;

use super::{Conn, DbError, bulk, damaged, edges::EdgeRow, inbox::Sender, sql};

/// Facts of one day of one edge node that are looked at; no store has as many.
const FACTS_MAX: i64 = 200_000;
/// Rows of a store's seals that are read for people.
const SEALS_MAX: i64 = 100;
/// Rows of the seals of a month: of a store with 32 lives on each day.
const MONTH_SEALS_MAX: i64 = 1_000;
/// Facts in one statement.
const ROWS_A_STATEMENT: usize = 100;

/// A held fact of a day, at one of its places.
#[derive(Clone, Debug)]
pub(crate) struct HeldRow {
    /// Its identity.
    pub(crate) id: Uuid,
    /// Of the bytes that are held.
    pub(crate) digest: Hash,
    /// The money it tells of.
    pub(crate) amounts: Amounts,
    /// The life of the place …
    pub(crate) epoch: u32,
    /// … and the place.
    pub(crate) seq: i64,
}

/// All that is held of a day of an edge node, bytes and all, at each of its places.
pub(crate) async fn held(
    tx: &mut Conn,
    edge: &EdgeRow,
    day: BusinessDate,
) -> Result<Vec<HeldRow>, DbError> {
    type Row = (String, String, String, i64, i64);
    let doing = "read what is held of a day";
    let rows: Vec<Row> = sqlx::query_as(
        "select e.id, e.digest, d.amounts, p.epoch, p.seq
         from event_day d
         join event_id e on e.store_id = d.store_id and e.id = d.id
         join event_place p on p.store_id = e.store_id and p.id = e.id
         join event_inbox i
           on i.store_id = e.store_id and i.received_day = e.received_day and i.id = e.id
         where d.store_id = $1 and d.day = $2 and p.edge_id = $3
         order by p.epoch, p.seq limit $4",
    )
    .bind(edge.store.0)
    .bind(day.to_string())
    .bind(edge.id.to_string())
    .bind(FACTS_MAX)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let read = |(id, digest, amounts, epoch, seq): Row| {
        Some(HeldRow {
            id: id.parse().ok()?,
            digest: Hash::from_hex(&digest)?,
            amounts: read_amounts(&amounts)?,
            epoch: u32::try_from(epoch).ok()?,
            seq,
        })
    };
    rows.into_iter().map(|row| read(row).ok_or_else(|| damaged(doing))).collect()
}

/// Amounts as they are kept; '' for none.
pub(crate) fn written_amounts(amounts: &Amounts) -> String {
    if amounts.is_empty() {
        return String::new();
    }
    // Words and numbers always have a JSON form.
    serde_json::to_string(amounts).unwrap_or_default()
}

fn read_amounts(text: &str) -> Option<Amounts> {
    if text.is_empty() { Some(Amounts::new()) } else { serde_json::from_str(text).ok() }
}

/// A fact's day and money, as they are kept.
#[derive(Clone, Debug)]
pub(crate) struct WeighedRow {
    id: Uuid,
    day: String,
    amounts: String,
}

impl WeighedRow {
    /// Weighs a fact.
    pub(crate) fn of(fact: &FactV1) -> Self {
        let Weight { day, amounts } = day::weigh(fact.id, &fact.kind, fact.v, &fact.body);
        Self { id: fact.id, day: day.to_string(), amounts: written_amounts(&amounts) }
    }
}

/// Counts held facts to their days; the same again changes nothing. The answer is the days, each with
/// one of its facts.
pub(crate) async fn count(
    tx: &mut Conn,
    store: StoreId,
    weighed: &[&WeighedRow],
) -> Result<HashMap<String, Uuid>, DbError> {
    const COLUMNS: usize = 4;
    for some in weighed.chunks(bulk::facts_max(COLUMNS)) {
        let statement = format!(
            "insert into event_day (store_id, day, id, amounts) values {} on conflict do nothing",
            bulk::only_rows(tx, some.len(), COLUMNS)
        );
        let is_usual = bulk::is_usual(some.len(), COLUMNS);
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(is_usual);
        for WeighedRow { id, day, amounts } in some {
            query =
                query.bind(store.0).bind(day.as_str()).bind(id.to_string()).bind(amounts.as_str());
        }
        query.execute(&mut *tx).await.map_err(sql("count facts to their days"))?;
    }
    Ok(weighed.iter().map(|one| (one.day.clone(), one.id)).collect())
}

/// Of these ids those that are held without their bytes, each with the day under which the bytes lay.
pub(crate) async fn bodiless(
    tx: &mut Conn,
    store: StoreId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, DbError> {
    let doing = "look for ids without bytes";
    let mut found = HashMap::new();
    for some in ids.chunks(ROWS_A_STATEMENT) {
        let statement = format!(
            "select id, received_day from event_id
             where id in {} and store_id = ${} and not exists (
               select 1 from event_inbox i where i.store_id = event_id.store_id
                 and i.received_day = event_id.received_day and i.id = event_id.id)",
            bulk::list(some.len()),
            some.len() + 1
        );
        let mut query =
            sqlx::query_as::<_, (String, String)>(AssertSqlSafe(statement)).persistent(false);
        for id in some {
            query = query.bind(id.to_string());
        }
        for (id, day) in query.bind(store.0).fetch_all(&mut *tx).await.map_err(sql(doing))? {
            found.insert(id.parse().map_err(|_| damaged(doing))?, day);
        }
    }
    Ok(found)
}

/// What a ledger was told of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealRow {
    /// The edge node.
    pub(crate) edge: EdgeId,
    /// The life that its ledger was in.
    pub(crate) epoch: u32,
    /// What is held here.
    pub(crate) sum: DaySumV1,
    /// So many facts both sides left out.
    pub(crate) left_out: u32,
    /// Whether the ledger held the same.
    pub(crate) agrees: bool,
    /// When it last told.
    pub(crate) told_at: Timestamp,
    /// Since when the day is sealed.
    pub(crate) sealed_at: Option<Timestamp>,
}

/// Since when a day is sealed for a life of a ledger.
pub(crate) async fn sealed_at(
    tx: &mut Conn,
    sender: &Sender,
    day: BusinessDate,
) -> Result<Option<Timestamp>, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select sealed_at from day_seal
         where store_id = $1 and day = $2 and edge_id = $3 and epoch = $4",
    )
    .bind(sender.store.0)
    .bind(day.to_string())
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .fetch_optional(tx)
    .await
    .map_err(sql("read the seal of a day"))?;
    Ok(found.map(|(at,)| at).filter(|at| *at != 0).map(Timestamp::from_micros))
}

/// Writes down what was found of a day.
pub(crate) async fn put(
    tx: &mut Conn,
    sender: &Sender,
    day: BusinessDate,
    row: &SealRow,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into day_seal (store_id, day, edge_id, epoch, facts, digest, amounts, left_out,
                               agrees, told_at, sealed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (store_id, day, edge_id, epoch) do update set
           facts = excluded.facts, digest = excluded.digest, amounts = excluded.amounts,
           left_out = excluded.left_out, agrees = excluded.agrees, told_at = excluded.told_at,
           sealed_at = excluded.sealed_at",
    )
    .bind(sender.store.0)
    .bind(day.to_string())
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(i64::from(row.sum.facts))
    .bind(row.sum.digest.to_string())
    .bind(written_amounts(&row.sum.amounts))
    .bind(i64::from(row.left_out))
    .bind(i64::from(row.agrees))
    .bind(row.told_at.micros())
    .bind(row.sealed_at.map_or(0, Timestamp::micros))
    .execute(tx)
    .await
    .map_err(sql("write the seal of a day"))?;
    Ok(())
}

/// Why a sealed day is open again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A fact of it came late.
    Late(Uuid),
    /// The two sides hold no longer the same.
    Differs,
}

/// Opens a sealed day again and says so; how many seals that broke.
///
/// A fact of a new life does not open what a life before it had sealed, for nobody speaks in that any
/// more; it is written down all the same.
pub(crate) async fn open(
    tx: &mut Conn,
    sender: &Sender,
    day: &str,
    why: Why,
) -> Result<u64, DbError> {
    let doing = "open a sealed day";
    let (word, fact) = match why {
        Why::Late(fact) => ("late", fact.to_string()),
        Why::Differs => ("differs", String::new()),
    };
    let opened = sqlx::query(
        "insert into day_opening (store_id, day, edge_id, epoch, sealed_at, opened_at, why, fact_id)
         select store_id, day, edge_id, epoch, sealed_at, $5, $6, $7 from day_seal
         where store_id = $1 and day = $2 and edge_id = $3 and epoch <= $4 and sealed_at <> 0
         on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(day)
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(sender.at.micros())
    .bind(word)
    .bind(fact)
    .execute(&mut *tx)
    .await
    .map_err(sql(doing))?
    .rows_affected();
    if opened > 0 {
        sqlx::query(
            "update day_seal set sealed_at = 0
             where store_id = $1 and day = $2 and edge_id = $3 and epoch = $4",
        )
        .bind(sender.store.0)
        .bind(day)
        .bind(sender.edge.to_string())
        .bind(i64::from(sender.epoch))
        .execute(tx)
        .await
        .map_err(sql(doing))?;
    }
    Ok(opened)
}

/// What a store's ledgers were told of a day, the newest life last.
pub(crate) async fn of_day(
    tx: &mut Conn,
    store: StoreId,
    day: BusinessDate,
) -> Result<Vec<SealRow>, DbError> {
    let doing = "read the seals of a day";
    let rows: Vec<SealColumns> = sqlx::query_as(
        "select edge_id, epoch, facts, digest, amounts, left_out, agrees, told_at, sealed_at
         from day_seal where store_id = $1 and day = $2 order by epoch, edge_id limit $3",
    )
    .bind(store.0)
    .bind(day.to_string())
    .bind(SEALS_MAX)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    rows.into_iter().map(|row| seal(row).ok_or_else(|| damaged(doing))).collect()
}

type SealColumns = (String, i64, i64, String, String, i64, i64, i64, i64);

/// A row of `day_seal` as it is read.
fn seal(columns: SealColumns) -> Option<SealRow> {
    let (edge, epoch, facts, digest, amounts, left_out, agrees, told_at, sealed_at) = columns;
    Some(SealRow {
        edge: edge.parse().ok()?,
        epoch: u32::try_from(epoch).ok()?,
        sum: DaySumV1 {
            facts: u32::try_from(facts).ok()?,
            digest: Sum::from_hex(&digest)?,
            amounts: read_amounts(&amounts)?,
        },
        left_out: u32::try_from(left_out).ok()?,
        agrees: agrees != 0,
        told_at: Timestamp::from_micros(told_at),
        sealed_at: (sealed_at != 0).then(|| Timestamp::from_micros(sealed_at)),
    })
}

/// A calendar month, `YYYY-MM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Month(String);

impl Month {
    /// Reads `2026-11`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        format!("{text}-01").parse().ok().map(Self::of)
    }

    /// The month of a day.
    pub(crate) fn of(day: BusinessDate) -> Self {
        Self(day.to_string().chars().take(7).collect())
    }

    /// Days are compared as text: no day of the month lies outside of these, and none of another within.
    fn bounds(&self) -> (String, String) {
        (format!("{}-01", self.0), format!("{}-31", self.0))
    }
}

/// What each ledger of a store was told of the days of a month by its newest life, by day and node.
pub(crate) async fn of_month(
    tx: &mut Conn,
    store: StoreId,
    month: &Month,
) -> Result<Vec<(String, SealRow)>, DbError> {
    let doing = "read the seals of days";
    let (first, last) = month.bounds();
    let rows: Vec<(String, SealColumns)> = {
        type Row = (String, String, i64, i64, String, String, i64, i64, i64, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "select day, edge_id, epoch, facts, digest, amounts, left_out, agrees, told_at, sealed_at
             from day_seal where store_id = $1 and day >= $2 and day <= $3
             order by store_id, day, edge_id, epoch limit $4",
        )
        .bind(store.0)
        .bind(first)
        .bind(last)
        .bind(MONTH_SEALS_MAX)
        .fetch_all(tx)
        .await
        .map_err(sql(doing))?;
        let row = |(day, edge, epoch, facts, digest, amounts, out, agrees, told, sealed): Row| {
            (day, (edge, epoch, facts, digest, amounts, out, agrees, told, sealed))
        };
        rows.into_iter().map(row).collect()
    };
    let mut seals: Vec<(String, SealRow)> = Vec::new();
    for (day, columns) in rows {
        let seal = seal(columns).ok_or_else(|| damaged(doing))?;
        // A later life of the same ledger speaks of all that is held of the day.
        if seals.last().is_some_and(|(of, last)| *of == day && last.edge == seal.edge) {
            seals.pop();
        }
        seals.push((day, seal));
    }
    Ok(seals)
}

/// The newest day of a store that is sealed for one of its ledgers, not before `since`, and since when.
pub(crate) async fn newest_sealed(
    tx: &mut Conn,
    store: StoreId,
    since: BusinessDate,
) -> Result<Option<(String, Timestamp)>, DbError> {
    let found: Option<(String, i64)> = sqlx::query_as(
        "select day, sealed_at from day_seal
         where store_id = $1 and day >= $2 and sealed_at <> 0
         order by store_id, day desc limit 1",
    )
    .bind(store.0)
    .bind(since.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read the newest sealed day"))?;
    Ok(found.map(|(day, at)| (day, Timestamp::from_micros(at))))
}

/// How many facts are held of each day of a month, by day.
pub(crate) async fn facts_of_month(
    tx: &mut Conn,
    store: StoreId,
    month: &Month,
) -> Result<Vec<(String, i64)>, DbError> {
    let (first, last) = month.bounds();
    sqlx::query_as(
        "select day, count(*) from event_day where store_id = $1 and day >= $2 and day <= $3
         group by day order by day",
    )
    .bind(store.0)
    .bind(first)
    .bind(last)
    .fetch_all(tx)
    .await
    .map_err(sql("count the facts of days"))
}

/// How many seals of each day of a month were broken, by day.
pub(crate) async fn openings_of_month(
    tx: &mut Conn,
    store: StoreId,
    month: &Month,
) -> Result<Vec<(String, i64)>, DbError> {
    let (first, last) = month.bounds();
    sqlx::query_as(
        "select day, count(*) from day_opening where store_id = $1 and day >= $2 and day <= $3
         group by day order by day",
    )
    .bind(store.0)
    .bind(first)
    .bind(last)
    .fetch_all(tx)
    .await
    .map_err(sql("count the broken seals of days"))
}

/// A seal that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpeningRow {
    /// The life of the ledger that had it.
    pub(crate) epoch: u32,
    /// Since when the day had been sealed.
    pub(crate) sealed_at: Timestamp,
    /// When it was opened.
    pub(crate) opened_at: Timestamp,
    /// `late` or `differs`.
    pub(crate) why: String,
    /// The late fact; '' where the sums differed.
    pub(crate) fact: String,
}

/// The seals of a store's day that were broken, oldest first.
pub(crate) async fn openings(
    tx: &mut Conn,
    store: StoreId,
    day: BusinessDate,
) -> Result<Vec<OpeningRow>, DbError> {
    let doing = "read the broken seals of a day";
    let rows: Vec<(i64, i64, i64, String, String)> = sqlx::query_as(
        "select epoch, sealed_at, opened_at, why, fact_id from day_opening
         where store_id = $1 and day = $2 order by opened_at, epoch limit $3",
    )
    .bind(store.0)
    .bind(day.to_string())
    .bind(SEALS_MAX)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let read = |(epoch, sealed_at, opened_at, why, fact): (i64, i64, i64, String, String)| {
        Ok(OpeningRow {
            epoch: u32::try_from(epoch).map_err(|_| damaged(doing))?,
            sealed_at: Timestamp::from_micros(sealed_at),
            opened_at: Timestamp::from_micros(opened_at),
            why,
            fact,
        })
    };
    rows.into_iter().map(read).collect()
}
