//! Members, and which stores know them.
//!
//! **Invariant:** names, phone numbers and birthdays are cells here, never text; a gone member keeps
//! their id and their entries, and nothing else of theirs.

use domain::{
    id::MemberId,
    lending::{Lent, Purse},
    money::Money,
    time::{BusinessDate, Timestamp},
};
use sqlx::{Row as _, any::AnyRow};
use sync::replica::{StoreId, join_tags, split_tags};

use super::{Conn, DbError, damaged, purses, sql};

/// A member as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberRow {
    /// The same in every channel.
    pub(crate) id: MemberId,
    /// What the phone number is found by; of a gone member their id.
    pub(crate) phone_index: String,
    /// The phone number, sealed.
    pub(crate) phone_cell: String,
    /// The name, sealed.
    pub(crate) name_cell: String,
    /// Month and day, sealed; empty where nobody knows.
    pub(crate) birthday_cell: String,
    /// The tier; empty for none.
    pub(crate) tier: String,
    /// When they became a member.
    pub(crate) joined_on: Option<BusinessDate>,
    /// Works for the chain.
    pub(crate) is_staff: bool,
    /// Tags of their crowds.
    pub(crate) crowds: Vec<String>,
    /// The sum of their entries.
    pub(crate) points: i64,
    /// The sum of their entries.
    pub(crate) balance: Money,
    /// Since when they are here.
    pub(crate) created_at: Timestamp,
    /// Whether they are no member any more.
    pub(crate) is_gone: bool,
}

/// Columns of a member in the order in which `row` reads them.
macro_rules! columns {
    () => {
        "m.member_id, m.phone_index, m.phone_cell, m.name_cell, m.birthday_cell, m.tier,
         m.joined_on, m.is_staff, m.crowds, m.points, m.balance_minor, m.created_at, m.gone"
    };
}

fn row(row: &AnyRow) -> Result<MemberRow, DbError> {
    let doing = "read a member";
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    let joined_on = match text(6)?.as_str() {
        "" => None,
        date => Some(date.parse().map_err(|_| damaged(doing))?),
    };
    Ok(MemberRow {
        id: text(0)?.parse().map_err(|_| damaged(doing))?,
        phone_index: text(1)?,
        phone_cell: text(2)?,
        name_cell: text(3)?,
        birthday_cell: text(4)?,
        tier: text(5)?,
        joined_on,
        is_staff: number(7)? != 0,
        crowds: split_tags(&text(8)?),
        points: number(9)?,
        balance: Money::from_minor(number(10)?),
        created_at: Timestamp::from_micros(number(11)?),
        is_gone: number(12)? != 0,
    })
}

/// Writes a member as they now are; what they have stays as the entries made it.
pub(crate) async fn put(tx: &mut Conn, member: &MemberRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into member (member_id, phone_index, phone_cell, name_cell, birthday_cell, tier,
                             joined_on, is_staff, crowds, points, balance_minor, created_at, gone)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11)
         on conflict (member_id) do update set
           phone_index = excluded.phone_index, phone_cell = excluded.phone_cell,
           name_cell = excluded.name_cell, birthday_cell = excluded.birthday_cell,
           tier = excluded.tier, joined_on = excluded.joined_on, is_staff = excluded.is_staff,
           crowds = excluded.crowds, gone = excluded.gone",
    )
    .bind(member.id.to_string())
    .bind(member.phone_index.as_str())
    .bind(member.phone_cell.as_str())
    .bind(member.name_cell.as_str())
    .bind(member.birthday_cell.as_str())
    .bind(member.tier.as_str())
    .bind(member.joined_on.map(|date| date.to_string()).unwrap_or_default())
    .bind(i64::from(member.is_staff))
    .bind(join_tags(&member.crowds))
    .bind(member.created_at.micros())
    .bind(i64::from(member.is_gone))
    .execute(tx)
    .await
    .map_err(sql("write a member"))?;
    Ok(())
}

/// A member by their id, also one that is gone.
pub(crate) async fn by_id(tx: &mut Conn, id: MemberId) -> Result<Option<MemberRow>, DbError> {
    const SQL: &str = concat!("select ", columns!(), " from member m where m.member_id = $1");
    let found = sqlx::query(SQL).bind(id.to_string()).fetch_optional(tx).await;
    found.map_err(sql("read a member"))?.as_ref().map(row).transpose()
}

/// A member by the blind index of their phone number.
pub(crate) async fn by_phone(tx: &mut Conn, index: &str) -> Result<Option<MemberRow>, DbError> {
    const SQL: &str = concat!("select ", columns!(), " from member m where m.phone_index = $1");
    let found = sqlx::query(SQL).bind(index).fetch_optional(tx).await;
    found.map_err(sql("read a member"))?.as_ref().map(row).transpose()
}

/// Members by id, after one, without those that are gone.
pub(crate) async fn page(
    tx: &mut Conn,
    after: &str,
    limit: i64,
) -> Result<Vec<MemberRow>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from member m where m.gone = 0 and m.member_id > $1 order by m.member_id limit $2"
    );
    let found = sqlx::query(SQL).bind(after).bind(limit).fetch_all(tx).await;
    found.map_err(sql("read the members"))?.iter().map(row).collect()
}

/// A store that knows a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownIn {
    /// The store.
    pub(crate) store: StoreId,
    /// Whether they call it theirs.
    pub(crate) is_home: bool,
}

/// The stores that know a member, the one they call theirs first.
pub(crate) async fn stores_of(tx: &mut Conn, id: MemberId) -> Result<Vec<KnownIn>, DbError> {
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "select store_id, is_home from member_store where member_id = $1 and gone = 0
         order by is_home desc, store_id",
    )
    .bind(id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read who knows a member"))?;
    let known = |(store, is_home)| KnownIn { store: StoreId(store), is_home: is_home != 0 };
    Ok(found.into_iter().map(known).collect())
}

/// Says that a store knows a member from a version of its feed on.
pub(crate) async fn put_known(
    tx: &mut Conn,
    id: MemberId,
    known: KnownIn,
    version: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into member_store (store_id, member_id, is_home, version, gone)
         values ($1, $2, $3, $4, 0)
         on conflict (store_id, member_id) do update set
           is_home = excluded.is_home, version = excluded.version, gone = 0",
    )
    .bind(known.store.0)
    .bind(id.to_string())
    .bind(i64::from(known.is_home))
    .bind(version)
    .execute(tx)
    .await
    .map_err(sql("write who knows a member"))?;
    Ok(())
}

/// Says that a member is gone from a store from a version of its feed on.
pub(crate) async fn forget_in(
    tx: &mut Conn,
    id: MemberId,
    store: StoreId,
    version: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "update member_store set version = $3, gone = 1 where store_id = $1 and member_id = $2",
    )
    .bind(store.0)
    .bind(id.to_string())
    .bind(version)
    .execute(tx)
    .await
    .map_err(sql("forget a member in a store"))?;
    Ok(())
}

/// A member with what one store is to know of them.
#[derive(Clone, Debug)]
pub(crate) struct ForStore {
    /// The member.
    pub(crate) member: MemberRow,
    /// The version of the store's feed that made it so.
    pub(crate) version: i64,
    /// Whether the store knows them no more.
    pub(crate) is_gone: bool,
    /// What it is lent.
    pub(crate) lent: Vec<(Purse, Lent)>,
}

/// The members of a store that changed after a place of its feed, in the order of the feed.
pub(crate) async fn changed(
    tx: &mut Conn,
    store: StoreId,
    (since, after): (i64, &str),
    limit: i64,
) -> Result<Vec<ForStore>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", s.version, s.gone from member_store s join member m on m.member_id = s.member_id
         where s.store_id = $1
           and (s.version > $2 + 1 or (s.version = $2 + 1 and 'member/' || s.member_id > $3))
         order by s.version, s.member_id limit $4"
    );
    let doing = "read the members of a store";
    let found = sqlx::query(SQL)
        .bind(store.0)
        .bind(since)
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(doing))?;
    let mut members = Vec::with_capacity(found.len());
    for found in &found {
        let member = row(found)?;
        let number = |place: usize| found.try_get::<i64, _>(place).map_err(sql(doing));
        let (version, is_gone) = (number(13)?, number(14)? != 0 || member.is_gone);
        let lent = if is_gone { Vec::new() } else { purses::lent_to(tx, store, member.id).await? };
        members.push(ForStore { member, version, is_gone, lent });
    }
    Ok(members)
}
