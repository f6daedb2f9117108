//! What each store has (库存): counted by people, promised to online orders, sold at the counter.
//!
//! A count comes as a table of two columns; it replaces what was counted before. Rows that cannot
//! be are told and cost nothing but themselves.
//!
//! **Invariant:** a count never touches a promise, and absence from a table counts nothing.

use std::path::Path;

use domain::{
    catalog::Unit,
    quantity::Quantity,
    stock::{Stock, is_countable},
};
use serde::Serialize;
use sync::replica::Scope;
use utoipa::ToSchema;

use crate::{
    catalog,
    context::Context,
    db::{
        self, DbError,
        items::{Stamp, sku_key},
        items_read, scope,
        stock::{self, Counted, StockRow},
    },
    fleet::{StoreError, known_store},
    hq::{Asked, HqError},
};

/// Rows in one transaction: a version of the feed each.
const ROWS_MAX: usize = 2_000;
/// Bytes of a table: a million rows of a SKU and a number.
const FILE_BYTES_MAX: u64 = 32 * 1_024 * 1_024;
/// Rows that are told one by one: what a person mends before trying again.
const FAULTS_TOLD: usize = 20;
/// Signs of a cell that are said again.
const CELL_CHARS_SHOWN: usize = 40;
/// Names of the first column.
const SKU_NAMES: [&str; 2] = ["sku", "货号"];
/// Names of the second.
const ON_HAND_NAMES: [&str; 3] = ["on_hand", "库存", "数量"];

/// Why a count was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountError {
    /// It cannot be read.
    #[error("could not read the file")]
    Read(#[from] std::io::Error),
    /// Over `FILE_BYTES_MAX`.
    #[error("a table of stock has at most {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// Its first row does not name both columns.
    #[error("the first row names no column `sku` and no column `on_hand`")]
    Header,
    /// No such store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database refused.
    #[error("could not keep the count")]
    Db(#[from] DbError),
}

/// What came of a count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Rows that were taken.
    pub(crate) n_counted: usize,
    /// Rows that were not.
    pub(crate) n_bad: usize,
    /// The first of those: line and what is wrong.
    pub(crate) faults: Vec<(u64, String)>,
}

impl Summary {
    fn fault(&mut self, line: u64, what: String) {
        self.n_bad += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push((line, what));
        }
    }
}

/// One row of a table, read but not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    line: u64,
    sku: String,
    on_hand: Quantity,
}

/// Takes a count from a file (CSV, UTF-8 or GB18030).
pub(crate) async fn count_file(
    context: &Context,
    store: &str,
    file: &Path,
) -> Result<Summary, CountError> {
    if std::fs::metadata(file)?.len() > FILE_BYTES_MAX {
        return Err(CountError::TooLarge);
    }
    let mut summary = Summary::default();
    let rows = rows(&catalog::read_text(file)?, &mut summary)?;
    for some in rows.chunks(ROWS_MAX) {
        count(context, store, some, &mut summary).await?;
    }
    Ok(summary)
}

async fn count(
    context: &Context,
    store: &str,
    rows: &[Row],
    summary: &mut Summary,
) -> Result<(), CountError> {
    let (doing, now) = ("keep a count", context.now());
    let mut tx = context.db().write(doing).await?;
    let store = known_store(&mut tx, store).await?.id;
    let keys: Vec<String> = rows.iter().map(|row| sku_key(&row.sku)).collect();
    let items = items_read::by_keys(&mut tx, &keys).await?;
    let mut counted = Vec::with_capacity(rows.len());
    for row in rows {
        match items.get(&sku_key(&row.sku)) {
            None => summary.fault(row.line, format!("no item has the SKU `{}`", short(&row.sku))),
            Some(item) if item.unit == Unit::Piece && !row.on_hand.is_whole() => {
                summary.fault(row.line, format!("`{}` is counted in whole pieces", item.sku));
            }
            Some(item) => counted.push(Counted { sku: item.sku.clone(), on_hand: row.on_hand }),
        }
    }
    if counted.is_empty() {
        return Ok(());
    }
    let version = scope::raise(&mut tx, Scope::Store(store), now).await?;
    stock::count(&mut tx, store, &counted, Stamp { version, at: now }).await?;
    db::commit(tx, doing).await?;
    summary.n_counted += counted.len();
    Ok(())
}

/// The rows of a table; those that are none are told.
fn rows(text: &str, summary: &mut Summary) -> Result<Vec<Row>, CountError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|_| CountError::Header)?.clone();
    let place = |names: &[&str]| {
        header.iter().position(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
    };
    let (Some(sku), Some(on_hand)) = (place(&SKU_NAMES), place(&ON_HAND_NAMES)) else {
        return Err(CountError::Header);
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let Ok(record) = record else {
            summary.fault(0, "a row is not UTF-8 text".to_owned());
            continue;
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: usize| record.get(place).unwrap_or_default();
        match milli(cell(on_hand)) {
            _ if cell(sku).is_empty() => summary.fault(line, "the SKU is missing".to_owned()),
            None => {
                let told = format!("`{}` is no quantity", short(cell(on_hand)));
                summary.fault(line, told);
            }
            Some(on_hand) => rows.push(Row { line, sku: cell(sku).to_owned(), on_hand }),
        }
    }
    Ok(rows)
}

fn short(text: &str) -> String {
    text.chars().take(CELL_CHARS_SHOWN).collect()
}

/// `12`, `0.452`: at most three decimals, not below nothing.
fn milli(text: &str) -> Option<Quantity> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(rest) || rest.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let rest: i64 = format!("{rest:0<3}").parse().ok()?;
    let quantity = Quantity::from_milli(whole.checked_mul(1_000)?.checked_add(rest)?);
    Some(quantity).filter(|quantity| is_countable(*quantity))
}

/// What a store has of an item, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockShape {
    /// 货号.
    #[schema(example = "DF-0001")]
    pub(crate) sku: String,
    /// Counted, less what online orders took out since, with what came back; thousandths.
    pub(crate) on_hand_milli: i64,
    /// Promised to online orders that wait; thousandths.
    pub(crate) reserved_milli: i64,
    /// Sold at the counter since it was counted, as far as the mall has heard; thousandths.
    pub(crate) sold_milli: i64,
    /// What is left of it; below 0 where more was sold than counted.
    pub(crate) available_milli: i64,
    /// When it was counted.
    pub(crate) counted_at: String,
}

/// A page of a store's stock, by SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StockPage {
    /// The items.
    pub(crate) items: Vec<StockShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

impl StockShape {
    fn of((row, stock): &(StockRow, Stock)) -> Self {
        Self {
            sku: row.told.sku.clone(),
            on_hand_milli: stock.on_hand.milli(),
            reserved_milli: stock.reserved.milli(),
            sold_milli: stock.sold.milli(),
            available_milli: stock.available().milli(),
            counted_at: row.told.counted_at.to_string(),
        }
    }
}

/// A store's stock, by SKU.
pub(crate) async fn list(
    context: &Context,
    store: &str,
    asked: &Asked,
) -> Result<StockPage, HqError> {
    let mut tx = context.db().read("read what a store has").await?;
    let known = db::stores::by_code(&mut tx, store).await?;
    let store = known.ok_or_else(|| HqError::Store(store.to_owned()))?.id;
    let after = asked.after.as_deref().unwrap_or_default();
    let found = stock::list(&mut tx, store, after, asked.limit() + 1).await?;
    let (found, next) = asked.page(found, |(row, _)| sku_key(&row.told.sku));
    Ok(StockPage { items: found.iter().map(StockShape::of).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_at_most_three_decimals() {
        for (text, expected) in [
            ("12", Some(12_000)),
            ("0", Some(0)),
            ("0.452", Some(452)),
            ("1.5", Some(1_500)),
            ("7.", Some(7_000)),
            ("", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1.2345", None),
            ("1e3", None),
            ("99999999999999999999", None),
            ("1000001", None),
        ] {
            assert_eq!(milli(text).map(Quantity::milli), expected, "{text:?}");
        }
    }

    #[test]
    fn a_table_names_its_columns_and_its_bad_rows_are_told_by_line() {
        let mut summary = Summary::default();
        let text = "\u{feff}名称, 库存 ,SKU\n茶,3,TEA\n,x,COAT\n苹果,0.5,APPLE\n,4\n";
        let rows = rows(text, &mut summary).unwrap();
        let found: Vec<_> =
            rows.iter().map(|r| (r.line, r.sku.as_str(), r.on_hand.milli())).collect();
        assert_eq!(found, [(2, "TEA", 3_000), (4, "APPLE", 500)]);
        let told: Vec<u64> = summary.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!((summary.n_bad, told), (2, vec![3, 5]));
        assert!(matches!(super::rows("a,b\n1,2", &mut summary), Err(CountError::Header)));
        assert!(matches!(super::rows("", &mut summary), Err(CountError::Header)));
    }
}
