//! The books of a mall, read from its database beside the programs that write them.
//!
//! **Invariant:** reads only, and the same of a file and of a server: whole rows of texts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::postgres::Postgres;

/// Where they lie.
#[derive(Debug)]
pub enum Books<'a> {
    /// In a file of SQLite's.
    File(PathBuf),
    /// In the database `postgres` of a server.
    Server(&'a Postgres),
}

impl Books<'_> {
    /// Every row of a question, its columns as texts.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        match self {
            Self::File(file) => of_file(file, sql),
            Self::Server(server) => server.rows("postgres", sql),
        }
        .with_context(|| format!("could not read the mall's books: {sql}"))
    }

    /// Whether there is a table of this name: books of an older program may lack it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn has_table(&self, name: &str) -> Result<bool> {
        let all = match self {
            Self::File(_) => "select 1 from sqlite_schema where type = 'table' and name",
            Self::Server(_) => "select 1 from information_schema.tables where table_name",
        };
        Ok(!self.rows(&format!("{all} = '{name}'"))?.is_empty())
    }

    /// What SQLite finds wrong with the file; a server looks after its own.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn damage(&self) -> Result<Vec<String>> {
        match self {
            Self::Server(_) => Ok(Vec::new()),
            Self::File(_) => {
                let said = self.rows("pragma integrity_check")?;
                Ok(said.into_iter().flatten().filter(|word| word != "ok").collect())
            }
        }
    }
}

fn of_file(file: &PathBuf, sql: &str) -> Result<Vec<Vec<String>>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch("pragma query_only = on; pragma busy_timeout = 60000;")?;
    let mut statement = connection.prepare(sql)?;
    let n = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    };
    let rows = statement.query_map([], |row| (0..n).map(|i| row.get_ref(i).map(text)).collect());
    Ok(rows?.collect::<rusqlite::Result<_>>()?)
}
