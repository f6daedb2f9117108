//! A store's workstations and operators.
//!
//! **Invariant:** a removed one stays as a tombstone, without its PIN.

use sync::{
    replica::StoreId,
    wire::{OperatorV1, RoleV1, WorkstationKindV1, WorkstationV1},
};

use super::{Conn, DbError, damaged, sql};

/// A row with the version that made it, or what is gone.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    /// The row.
    pub(crate) row: T,
    /// The version that made it so.
    pub(crate) version: i64,
    /// Whether it is a tombstone.
    pub(crate) is_gone: bool,
}

const KINDS: [(WorkstationKindV1, &str); 2] =
    [(WorkstationKindV1::Till, "till"), (WorkstationKindV1::Kiosk, "kiosk")];
const ROLES: [(RoleV1, &str); 2] = [(RoleV1::Cashier, "cashier"), (RoleV1::Manager, "manager")];

fn word<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(of, _)| of == value).map_or("", |(_, word)| word)
}

fn value<T: Copy>(table: &[(T, &str)], word: &str) -> Option<T> {
    table.iter().find(|(_, of)| *of == word).map(|(value, _)| *value)
}

/// A store's workstations, tombstones too, by number.
pub(crate) async fn workstations(
    tx: &mut Conn,
    store: StoreId,
) -> Result<Vec<Kept<WorkstationV1>>, DbError> {
    let doing = "read the workstations";
    let rows: Vec<(i64, String, String, i64, i64)> = sqlx::query_as(
        "select number, name, kind, version, gone from workstation
         where store_id = $1 order by number",
    )
    .bind(store.0)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    rows.into_iter()
        .map(|(number, name, kind, version, gone)| {
            let number = u16::try_from(number).map_err(|_| damaged(doing))?;
            let kind = value(&KINDS, &kind).ok_or_else(|| damaged(doing))?;
            Ok(Kept { row: WorkstationV1 { number, name, kind }, version, is_gone: gone != 0 })
        })
        .collect()
}

/// Writes a workstation as it now is, or its tombstone.
pub(crate) async fn put_workstation(
    tx: &mut Conn,
    store: StoreId,
    kept: &Kept<WorkstationV1>,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into workstation (store_id, number, name, kind, version, gone)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (store_id, number) do update set
           name = excluded.name, kind = excluded.kind, version = excluded.version,
           gone = excluded.gone",
    )
    .bind(store.0)
    .bind(i64::from(kept.row.number))
    .bind(kept.row.name.as_str())
    .bind(word(&KINDS, &kept.row.kind))
    .bind(kept.version)
    .bind(i64::from(kept.is_gone))
    .execute(tx)
    .await
    .map_err(sql("write a workstation"))?;
    Ok(())
}

/// A store's operators, tombstones too, by number.
pub(crate) async fn operators(
    tx: &mut Conn,
    store: StoreId,
) -> Result<Vec<Kept<OperatorV1>>, DbError> {
    let doing = "read the operators";
    let rows: Vec<(String, String, String, String, i64, i64)> = sqlx::query_as(
        "select number, name, role, pin_hash, version, gone from operator
         where store_id = $1 order by number",
    )
    .bind(store.0)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    rows.into_iter()
        .map(|(number, name, role, pin_hash, version, gone)| {
            let role = value(&ROLES, &role).ok_or_else(|| damaged(doing))?;
            let row = OperatorV1 { number, name, role, pin_hash };
            Ok(Kept { row, version, is_gone: gone != 0 })
        })
        .collect()
}

/// Writes an operator as they now are, or their tombstone.
pub(crate) async fn put_operator(
    tx: &mut Conn,
    store: StoreId,
    kept: &Kept<OperatorV1>,
) -> Result<(), DbError> {
    let pin_hash = if kept.is_gone { "" } else { kept.row.pin_hash.as_str() };
    sqlx::query(
        "insert into operator (store_id, number, name, role, pin_hash, version, gone)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (store_id, number) do update set
           name = excluded.name, role = excluded.role, pin_hash = excluded.pin_hash,
           version = excluded.version, gone = excluded.gone",
    )
    .bind(store.0)
    .bind(kept.row.number.as_str())
    .bind(kept.row.name.as_str())
    .bind(word(&ROLES, &kept.row.role))
    .bind(pin_hash)
    .bind(kept.version)
    .bind(i64::from(kept.is_gone))
    .execute(tx)
    .await
    .map_err(sql("write an operator"))?;
    Ok(())
}
