//! Members from a table (CSV, UTF-8): good rows are taken, refused rows are told by their line.
//!
//! | column | what |
//! | --- | --- |
//! | `phone`, `name` | needed |
//! | `store` | the code of the store that they call theirs |
//! | `tier`, `joined_on`, `birthday` | as in the API; `YYYY-MM-DD`, `MM-DD` |
//! | `staff` | `1` for those who work for the chain |
//! | `crowds` | joined by `;` |
//! | `points`, `balance` | what a **new** member brings; balance in yuan with two decimals |
//!
//! A phone number that is a member's already changes who they are, never what they have: the same
//! file twice gives nobody anything twice.
//!
//! **Invariant:** a refused row is told by line and column, never by what stands in it.

use std::{collections::HashMap, path::Path};

use domain::{id::MemberId, lending::Purse, member::Phone, money::Money};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    MemberError,
    purse::{self, Adjustment},
    register::{self, Checked, MemberWish},
    sealed, value,
};
use crate::{
    context::Context,
    db::{self, Conn, members},
    fleet::Outcome,
};

/// Bytes of a table: some 50,000 members.
pub(crate) const TABLE_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Rows in one transaction.
const CHUNK_ROWS: u64 = 200;
/// Refused rows that are told one by one.
const FAULTS_MAX: usize = 1_000;
const COLUMNS: [&str; 10] = [
    "phone",
    "name",
    "store",
    "tier",
    "joined_on",
    "birthday",
    "staff",
    "crowds",
    "points",
    "balance",
];

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MemberImport)]
pub(crate) struct ImportShape {
    /// Whether nothing was written.
    pub(crate) dry_run: bool,
    /// Rows without the heading.
    pub(crate) rows: u64,
    /// Members that were not there.
    pub(crate) added: u64,
    /// Members that were, and differ now.
    pub(crate) changed: u64,
    /// Members that stood so already.
    pub(crate) unchanged: u64,
    /// Rows that were refused.
    pub(crate) refused: u64,
    /// The first 1,000 of them.
    pub(crate) faults: Vec<FaultShape>,
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MemberFault)]
pub(crate) struct FaultShape {
    /// Its line in the table.
    pub(crate) line: u64,
    /// What is wrong; not what stands there.
    pub(crate) reason: String,
}

/// One row as it was read.
struct Row {
    wish: MemberWish,
    checked: Checked,
    points: i64,
    balance: i64,
}

/// Imports a file.
pub(crate) async fn import_file(
    context: &Context,
    file: &Path,
    dry_run: bool,
    by: &str,
) -> Result<ImportShape, MemberError> {
    let told = |what: &str| MemberError::Table(format!("{}: {what}", file.display()));
    let size = std::fs::metadata(file).map_err(|_| told("it cannot be read"))?.len();
    if usize::try_from(size).is_ok_and(|size| size > TABLE_BYTES_MAX) {
        return Err(told("it has more than 4 MiB"));
    }
    let bytes = std::fs::read(file).map_err(|_| told("it cannot be read"))?;
    import(context, &bytes, dry_run, by).await
}

/// Imports a table, some rows in a transaction, so that batches of orders get their turn in between;
/// one that is cut off leaves whole rows, and the same table again does the rest. A dry run is one
/// transaction, and is taken back.
pub(crate) async fn import(
    context: &Context,
    table: &[u8],
    dry_run: bool,
    by: &str,
) -> Result<ImportShape, MemberError> {
    let doing = "import members";
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table);
    let head = reader.headers().map_err(|_| MemberError::Table("it has no heading".into()))?;
    let places = places(head)?;
    let mut done = ImportShape { dry_run, ..ImportShape::default() };
    let mut tx = context.db().write(doing).await?;
    for record in reader.records() {
        if !dry_run && done.rows > 0 && done.rows.is_multiple_of(CHUNK_ROWS) {
            db::commit(tx, doing).await?;
            tx = context.db().write(doing).await?;
        }
        done.rows += 1;
        let line = record
            .as_ref()
            .map_or_else(
                |fault| fault.position().map(csv::Position::line),
                |record| record.position().map(csv::Position::line),
            )
            .unwrap_or(0);
        let row = match &record {
            Ok(record) => read(&places, record),
            Err(_) => Err(value("row", "has not as many cells as the heading")),
        };
        let taken = match row {
            Ok(row) => take(context, &mut tx, row, by).await,
            Err(fault) => Err(fault),
        };
        match taken {
            Ok(Outcome::Added) => done.added += 1,
            Ok(Outcome::Changed) => done.changed += 1,
            Ok(Outcome::Unchanged) => done.unchanged += 1,
            Err(fault @ (MemberError::Db(_) | MemberError::Vault(_) | MemberError::Dice(_))) => {
                return Err(fault);
            }
            Err(fault) => {
                done.refused += 1;
                if done.faults.len() < FAULTS_MAX {
                    done.faults.push(FaultShape { line, reason: fault.to_string() });
                }
            }
        }
    }
    if !dry_run {
        db::commit(tx, doing).await?;
    }
    Ok(done)
}

fn places(head: &csv::StringRecord) -> Result<HashMap<&'static str, usize>, MemberError> {
    let mut places = HashMap::new();
    for (place, name) in head.iter().enumerate() {
        let name = name.trim_start_matches('\u{feff}');
        let Some(column) = COLUMNS.iter().find(|column| **column == name) else {
            return Err(MemberError::Table(format!("column {} is none of ours", place + 1)));
        };
        if places.insert(*column, place).is_some() {
            return Err(MemberError::Table(format!("column {} stands twice", place + 1)));
        }
    }
    for needed in ["phone", "name"] {
        if !places.contains_key(needed) {
            return Err(MemberError::Table(format!("the column `{needed}` is missing")));
        }
    }
    Ok(places)
}

fn read(
    places: &HashMap<&'static str, usize>,
    record: &csv::StringRecord,
) -> Result<Row, MemberError> {
    let cell = |column: &str| {
        places.get(column).and_then(|place| record.get(*place)).unwrap_or_default().to_owned()
    };
    let joined_on = match cell("joined_on").as_str() {
        "" => None,
        date => Some(date.parse().map_err(|_| value("joined_on", "is not YYYY-MM-DD"))?),
    };
    let is_staff = match cell("staff").as_str() {
        "" | "0" => false,
        "1" => true,
        _ => return Err(value("staff", "is neither 1 nor 0")),
    };
    let points = match cell("points").as_str() {
        "" => 0,
        text => {
            text.parse().ok().filter(|n| *n >= 0).ok_or(value("points", "is no whole number"))?
        }
    };
    let balance = match cell("balance").as_str() {
        "" => 0,
        text => {
            let fen = Money::parse_yuan(text).map(Money::minor).ok().filter(|fen| *fen >= 0);
            fen.ok_or(value("balance", "is no amount in yuan"))?
        }
    };
    let crowds = cell("crowds");
    let crowds = crowds.split(';').map(str::trim).filter(|crowd| !crowd.is_empty());
    let wish = MemberWish {
        phone: cell("phone"),
        name: cell("name"),
        home: cell("store"),
        tier: cell("tier"),
        joined_on,
        birthday: cell("birthday"),
        is_staff,
        crowds: crowds.map(str::to_owned).collect(),
    };
    let checked = register::check(&wish)?;
    Ok(Row { wish, checked, points, balance })
}

async fn take(
    context: &Context,
    tx: &mut Conn,
    row: Row,
    by: &str,
) -> Result<Outcome, MemberError> {
    let Row { wish, checked, points, balance } = row;
    let held = of_phone(context, tx, &checked.phone).await?;
    let id = match held {
        Some(id) => id,
        None => context.new_id()?,
    };
    let outcome = register::enter_in(context, tx, id, &wish, checked).await?;
    if outcome != Outcome::Added {
        return Ok(outcome);
    }
    for (purse, amount) in [(Purse::Points, points), (Purse::Balance, balance)] {
        if amount > 0 {
            let reason = "brought along with the import".to_owned();
            let source: Uuid = context.new_id::<domain::id::kind::Command>()?.uuid();
            let wish =
                Adjustment { id: source, member: id, purse, amount, reason, by: by.to_owned() };
            purse::adjust_in(tx, &wish, context.now()).await?;
        }
    }
    Ok(outcome)
}

async fn of_phone(
    context: &Context,
    tx: &mut Conn,
    phone: &Phone,
) -> Result<Option<MemberId>, MemberError> {
    let index = sealed::index_of(context.vault(), phone);
    Ok(members::by_phone(tx, &index).await?.map(|row| row.id))
}
