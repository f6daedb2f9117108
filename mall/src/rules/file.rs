//! A rule set as a file: its JSON, or a table with a row for each rule.
//!
//! The table has the columns of `domain::trial::rule_text` with the same words in its cells, and
//! before them `kind`: `set` in it makes the row a name for goods; a row whose kind is empty or
//! `rule` is a rule. A set without errors that was written as a table reads back as the same value.
//!
//! **Invariant:** what a clause means is `domain`'s; a fault is told with its line and column; of a
//! table that is too long no more is kept than shows that it is.

use std::path::Path;

use domain::{
    pricing::{
        RuleSet,
        goods::Goods,
        rule::{RULES_MAX, SETS_MAX},
    },
    trial::{
        parse_goods,
        rule_text::{Field, blank, cell, set_cell},
        write_goods,
    },
};
use encoding_rs::GB18030;

use super::shapes::{RuleSetShape, RulesError};
use crate::{catalog, db::damaged};

/// Bytes of a file: as it is kept a set has at most `RULES_BYTES_MAX`, but people indent it.
pub(crate) const RULES_FILE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;
/// Faulty cells that are told one by one: what a person mends before trying again.
const FAULTS_TOLD: usize = 20;
/// Signs that are told of what is wrong with a cell, which may be as long as the file.
const TOLD_CHARS_MAX: usize = 200;
/// Signs of a column's name, or of what stands instead of `rule`, that are said again.
const NAME_CHARS_SHOWN: usize = 40;
/// Bytes of a cell: a price list of `PRICE_LIST_MAX` SKUs fits, and what its words take in memory is
/// some tens of times as much.
const CELL_BYTES_MAX: usize = 512 * 1_024;
/// The column that tells rules from names for goods.
const KIND: &str = "kind";

/// Why a file is no rule set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesFileError {
    /// It cannot be read.
    #[error("could not read the file")]
    Read(#[from] std::io::Error),
    /// Over `RULES_FILE_BYTES_MAX`.
    #[error("a file of rules has at most {RULES_FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// Bytes of no encoding that is known.
    #[error("the table is neither UTF-8 nor GB18030")]
    Encoding,
    /// Its JSON is none, or not that of a rule set.
    #[error("the JSON of the rule set is not understood")]
    Json(#[from] serde_json::Error),
    /// Its rows cannot be told apart.
    #[error("the table is not understood")]
    Table(#[from] csv::Error),
    /// A column that means nothing, or one twice.
    #[error("column `{0}` is not known or there twice; there are: kind, {known}", known = known())]
    Column(String),
    /// Cells that are not understood, row by row.
    #[error("{0}")]
    Cells(CellFaults),
}

/// Cells that are not understood: the first, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CellFaults {
    /// At most `FAULTS_TOLD`.
    first: Vec<CellFault>,
    /// Of all rows that were read.
    n: usize,
}

/// A cell that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CellFault {
    /// Of the file, from 1.
    line: u64,
    /// The column's name.
    column: &'static str,
    /// What is wrong there.
    what: String,
}

impl CellFaults {
    fn add(&mut self, fault: CellFault) {
        self.n += 1;
        if self.first.len() < FAULTS_TOLD {
            self.first.push(fault);
        }
    }
}

impl std::fmt::Display for CellFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, CellFault { line, column, what }) in self.first.iter().enumerate() {
            let divider = if place == 0 { "" } else { "; " };
            write!(f, "{divider}line {line}, {column}: {what}")?;
        }
        match self.n - self.first.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

fn known() -> String {
    Field::ALL.map(Field::word).join(", ")
}

/// Reads a set from a file; a name that ends in `.csv` is a table.
pub(crate) fn read_file(path: &Path) -> Result<RuleSet, RulesFileError> {
    if std::fs::metadata(path)?.len() > RULES_FILE_BYTES_MAX {
        return Err(RulesFileError::TooLarge);
    }
    let is_table = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let text = catalog::read_text(path)?;
    if is_table { from_table(&text) } else { Ok(serde_json::from_str(&text)?) }
}

/// Reads a set from the bytes of a table: UTF-8, or GB18030 as a Chinese spreadsheet writes.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<RuleSet, RulesFileError> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return from_table(text.trim_start_matches('\u{feff}'));
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    from_table(&text.ok_or(RulesFileError::Encoding)?)
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Kind,
    Of(Field),
}

impl Column {
    const fn word(self) -> &'static str {
        match self {
            Self::Kind => KIND,
            Self::Of(field) => field.word(),
        }
    }
}

/// Reads a set from a table; of one with more rules, names or faults than a set may have rules, only
/// so many that this shows.
pub(crate) fn from_table(text: &str) -> Result<RuleSet, RulesFileError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let columns = columns(reader.headers()?)?;
    let (mut set, mut faults) = (RuleSet::default(), CellFaults::default());
    for record in reader.records() {
        let record = record?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if let Err(fault) = take(&mut set, &columns, &record) {
            faults.add(fault);
        }
        if set.rules.len() > RULES_MAX || set.sets.len() > SETS_MAX || faults.n > RULES_MAX {
            break;
        }
    }
    if faults.n == 0 { Ok(set) } else { Err(RulesFileError::Cells(faults)) }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, RulesFileError> {
    let mut columns = Vec::new();
    for name in header {
        let name = name.trim();
        let column = match name {
            KIND => Some(Column::Kind),
            _ => Field::from_word(name).map(Column::Of),
        };
        let fault = || RulesFileError::Column(name.chars().take(NAME_CHARS_SHOWN).collect());
        let column = column.filter(|column| !columns.contains(column)).ok_or_else(fault)?;
        columns.push(column);
    }
    Ok(columns)
}

fn take(
    set: &mut RuleSet,
    columns: &[Column],
    record: &csv::StringRecord,
) -> Result<(), CellFault> {
    let line = record.position().map_or(0, csv::Position::line);
    let fault = |column: Column, what: String| {
        let what = what.chars().take(TOLD_CHARS_MAX).collect();
        CellFault { line, column: column.word(), what }
    };
    let at = |column: Column| {
        let place = columns.iter().position(|held| *held == column);
        place.and_then(|place| record.get(place)).map_or("", str::trim)
    };
    if let Some(column) = columns.iter().find(|column| at(**column).len() > CELL_BYTES_MAX) {
        return Err(fault(*column, format!("a cell has at most {CELL_BYTES_MAX} bytes")));
    }
    match at(Column::Kind) {
        "" | "rule" => {
            let mut rule = blank();
            for column in columns {
                let Column::Of(field) = *column else { continue };
                set_cell(&mut rule, field, at(*column))
                    .map_err(|unclear| fault(*column, unclear.to_string()))?;
            }
            set.rules.push(rule);
        }
        "set" => {
            let (id, goods) = (Column::Of(Field::Id), Column::Of(Field::Goods));
            let named = goods_of(at(goods)).map_err(|what| fault(goods, what))?;
            let name = at(id).to_owned();
            if name.is_empty() || set.sets.insert(name, named).is_some() {
                return Err(fault(id, "names goods that have no name, or one twice".to_owned()));
            }
        }
        other => {
            let shown: String = other.chars().take(NAME_CHARS_SHOWN).collect();
            let what = format!("`{}` is neither `rule` nor `set`", shown.escape_debug());
            return Err(fault(Column::Kind, what));
        }
    }
    Ok(())
}

fn goods_of(text: &str) -> Result<Goods, String> {
    if text.is_empty() {
        return Ok(Goods::everything());
    }
    parse_goods(text).map_err(|unclear| unclear.to_string())
}

/// A kept set as a table.
pub(crate) fn table_of(shape: &RuleSetShape) -> Result<String, RulesError> {
    let table = serde_json::from_str(shape.set.get()).map_err(RulesFileError::from);
    // What was kept was read before, and a table is written into memory.
    table.and_then(|set| to_table(&set)).map_err(|_| damaged("write a rule set as a table").into())
}

/// Writes a set as a table, with the mark that lets a spreadsheet read Chinese.
pub(crate) fn to_table(set: &RuleSet) -> Result<String, RulesFileError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fields = Field::ALL.map(Field::word);
    writer.write_record([KIND].iter().chain(&fields))?;
    for (name, goods) in &set.sets {
        let words = if goods.is_everything() { String::new() } else { write_goods(goods) };
        let cell = |field| {
            if field == Field::Id {
                name.clone()
            } else if field == Field::Goods {
                words.clone()
            } else {
                String::new()
            }
        };
        writer.write_record(std::iter::once("set".to_owned()).chain(Field::ALL.map(cell)))?;
    }
    for rule in &set.rules {
        let cells = Field::ALL.map(|field| cell(rule, field));
        writer.write_record(std::iter::once("rule".to_owned()).chain(cells))?;
    }
    let bytes = writer.into_inner().map_err(|error| RulesFileError::Read(error.into_error()))?;
    Ok(format!("\u{feff}{}", String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_table_that_is_too_long_no_more_is_read_than_shows_it() {
        let rows = |row: &str, n: usize| format!("kind,id\n{}", row.repeat(n));
        let rules = from_table(&rows(",x\n", RULES_MAX + 3)).unwrap();
        assert_eq!((rules.rules.len(), rules.sets.len()), (RULES_MAX + 1, 0));
        let names: String = (0..SETS_MAX + 3).map(|n| format!("set,n{n}\n")).collect();
        let sets = from_table(&format!("kind,id\n{names}")).unwrap();
        assert_eq!((sets.rules.len(), sets.sets.len()), (0, SETS_MAX + 1));
        let Err(RulesFileError::Cells(faults)) = from_table(&rows("x,\n", RULES_MAX + 3)) else {
            panic!("rows of no kind are faults");
        };
        assert_eq!((faults.first.len(), faults.n), (FAULTS_TOLD, RULES_MAX + 1));
    }

    #[test]
    fn of_a_long_cell_little_is_said_again() {
        let long = "货".repeat(CELL_BYTES_MAX / 3);
        let table = [
            (format!("kind,id\n{long},a\n"), "is neither `rule` nor `set`"),
            (format!("id,lane\na,{long}\n"), "line 2, lane: "),
            (format!("id,name\na,{long}x货\n"), "at most 524288 bytes"),
        ];
        for (text, said) in table {
            let told = from_table(&text).unwrap_err().to_string();
            assert!(told.contains(said) && told.chars().count() < 300, "{told}");
        }
    }

    #[test]
    fn what_reads_back_as_another_value_is_refused_before() {
        let set = |goods: &str, name: &str| -> RuleSet {
            let goods = serde_json::json!({ goods: { "any": [{ "sku": "A1" }] } });
            let steps = serde_json::json!([{ "reward": { "amount_off": 1 } }]);
            let rule = serde_json::json!({ "id": "a", "name": name, "steps": steps });
            serde_json::from_value(serde_json::json!({ "sets": goods, "rules": [rule] })).unwrap()
        };
        let table = [
            ("果", "满减", true),
            ("水 果", "满 减", true),
            (" 果", "满减", false),
            ("果", "满减 ", false),
            ("", "满减", false),
        ];
        for (goods, name, is_right) in table {
            let set = set(goods, name);
            let is_same = from_table(to_table(&set).unwrap().trim_start_matches('\u{feff}'))
                .is_ok_and(|read| read == set);
            let is_refused = domain::pricing::PriceBook::compile(1, set).is_err();
            assert_eq!((is_same, is_refused), (is_right, !is_right), "{goods:?} {name:?}");
        }
    }
}
