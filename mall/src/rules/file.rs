//! A rule set as a file: its JSON, or a table with a row for each rule.
//!
//! The table has the columns of `domain::trial::rule_text` with the same words in its cells, and
//! before them `kind`: `set` in it makes the row a name for goods, anything else that is empty or
//! `rule` makes it a rule. A set that was written as a table reads back as the same value.
//!
//! **Invariant:** what a clause means is `domain`'s; a fault is told with its line and column.

use std::path::Path;

use domain::{
    pricing::{RuleSet, goods::Goods},
    trial::{
        parse_goods,
        rule_text::{Field, blank, cell, set_cell},
        write_goods,
    },
};

use crate::catalog;

/// Bytes of a file: as it is kept a set has at most `RULES_BYTES_MAX`, but people indent it.
pub(crate) const RULES_FILE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;
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
    /// Its JSON is none, or not that of a rule set.
    #[error("the JSON of the rule set is not understood")]
    Json(#[from] serde_json::Error),
    /// Its rows cannot be told apart.
    #[error("the table is not understood")]
    Table(#[from] csv::Error),
    /// A column that means nothing, or one twice.
    #[error("column `{0}` is not known or there twice; there are: kind, {known}", known = known())]
    Column(String),
    /// A cell that is not understood.
    #[error("line {line}, {column}: {what}")]
    Cell {
        /// Of the file, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What is wrong there.
        what: String,
    },
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

/// Reads a set from a table.
pub(crate) fn from_table(text: &str) -> Result<RuleSet, RulesFileError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let columns = columns(reader.headers()?)?;
    let mut set = RuleSet::default();
    for record in reader.records() {
        let record = record?;
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            take(&mut set, &columns, &record)?;
        }
    }
    Ok(set)
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, RulesFileError> {
    let mut columns = Vec::new();
    for name in header {
        let name = name.trim();
        let column = match name {
            KIND => Some(Column::Kind),
            _ => Field::from_word(name).map(Column::Of),
        };
        let fault = || RulesFileError::Column(name.chars().take(40).collect());
        let column = column.filter(|column| !columns.contains(column)).ok_or_else(fault)?;
        columns.push(column);
    }
    Ok(columns)
}

fn take(
    set: &mut RuleSet,
    columns: &[Column],
    record: &csv::StringRecord,
) -> Result<(), RulesFileError> {
    let line = record.position().map_or(0, csv::Position::line);
    let fault = |column: Column, what: String| RulesFileError::Cell {
        line,
        column: column.word().to_owned(),
        what,
    };
    let at = |column: Column| {
        let place = columns.iter().position(|held| *held == column);
        place.and_then(|place| record.get(place)).map_or("", str::trim)
    };
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
            let what = format!("`{}` is neither `rule` nor `set`", other.escape_debug());
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
