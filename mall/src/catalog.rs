//! What HQ sells: import, retirement.
//!
//! | file | what |
//! | --- | --- |
//! | `sheet` + `csv_sheet`, `xlsx_sheet`, `decode` | a file as rows of cells with line numbers |
//! | `columns` | which column is what |
//! | `row` | cells → item, or what is wrong with them |
//! | `pinyin` | the letters of a name |
//! | `plan` | pure: what an import would do |
//! | `import` | reads, plans and applies in chunks |
//! | `retire` | tombstones, and forgetting old ones |
//!
//! **Invariant:** absence deletes nothing; only `retire` does. No price passes through a float.

mod columns;
mod csv_gate;
mod csv_sheet;
mod decode;
mod import;
#[cfg(test)]
mod noise;
mod pinyin;
mod plan;
mod retire;
mod row;
mod sheet;
mod xlsx_sheet;

pub(crate) use decode::read_text;
pub(crate) use import::{Import, ImportError, Summary, import};
pub(crate) use retire::{RetireError, prune, retire};
pub(crate) use row::RowFault;
