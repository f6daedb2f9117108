//! What a store replica answers: the store itself, its workstations, its operators.

use domain::receipt_number::WorkstationNumber;
use rusqlite::{Connection, OptionalExtension, Row};
use sync::wire::{OperatorV1, RoleV1, StoreV1, WorkstationKindV1, WorkstationV1};

use super::DbError;

/// The store; `None` until its row has arrived.
pub(crate) fn store(connection: &Connection) -> Result<Option<StoreV1>, DbError> {
    let doing = "read the store";
    let body: Option<String> = connection
        .query_row("select body from store", [], |row| row.get(0))
        .optional()
        .map_err(DbError::sqlite(doing))?;
    body.map(|body| serde_json::from_str(&body).map_err(|_| DbError::Damaged { doing })).transpose()
}

/// Its workstations by number.
pub(crate) fn workstations(connection: &Connection) -> Result<Vec<WorkstationV1>, DbError> {
    connection
        .prepare("select number, name, kind from workstation order by number")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    let is_kiosk = row.get::<_, String>(2)? == "kiosk";
                    Ok(WorkstationV1 {
                        number: row.get::<_, WorkstationNumber>(0)?,
                        name: row.get(1)?,
                        kind: if is_kiosk {
                            WorkstationKindV1::Kiosk
                        } else {
                            WorkstationKindV1::Till
                        },
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("read the workstations"))
}

fn operator_row(row: &Row<'_>) -> rusqlite::Result<OperatorV1> {
    let is_manager = row.get::<_, String>(2)? == "manager";
    Ok(OperatorV1 {
        number: row.get(0)?,
        name: row.get(1)?,
        role: if is_manager { RoleV1::Manager } else { RoleV1::Cashier },
        pin_hash: row.get(3)?,
    })
}

/// Its operators by number.
pub(crate) fn operators(connection: &Connection) -> Result<Vec<OperatorV1>, DbError> {
    connection
        .prepare("select number, name, role, pin_hash from operator order by number")
        .and_then(|mut statement| statement.query_map([], operator_row)?.collect())
        .map_err(DbError::sqlite("read the operators"))
}
