//! The books of a mall as sums, by which a test sees whether anything was written.

use std::{cell::RefCell, rc::Rc};

use crate::town::Town;

/// What the books of a mall say; two are the same where nothing was written in between.
pub(crate) type Books = Rc<Vec<String>>;

/// The books of a mall, read beside it.
pub(crate) struct Reader {
    file: rusqlite::Connection,
    query: String,
    /// What was read last, and of which version of the file.
    last: RefCell<Option<(i64, Books)>>,
}

impl Reader {
    #[expect(clippy::disallowed_methods, reason = "a test looks into the file from outside")]
    pub(crate) fn open(town: &Town) -> Self {
        let file = rusqlite::Connection::open(town.folder.path().join("mall.db")).unwrap();
        let query = sums_of_all_tables(&file);
        Self { file, query, last: RefCell::default() }
    }

    pub(crate) fn books(&self) -> Books {
        let version = self.file.query_row("pragma data_version", [], |row| row.get(0)).unwrap();
        let last = self.last.borrow().clone().filter(|(of, _)| *of == version);
        if let Some((_, books)) = last {
            return books;
        }
        let books = Rc::new(sums(&self.file, &self.query));
        *self.last.borrow_mut() = Some((version, books.clone()));
        books
    }
}

/// What asks a database for the rows of each table and the sums of its columns.
fn sums_of_all_tables(db: &rusqlite::Connection) -> String {
    let names = "select m.name, group_concat(' || '' '' || total(' || \
                 iif(p.type like 'int%', '', 'length') || '(\"' || p.name || '\"))', '') \
                 from sqlite_master m join pragma_table_info(m.name) p \
                 where m.type = 'table' and m.name not like 'sqlite_%' group by m.name";
    let mut statement = db.prepare(names).unwrap();
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let tables: Vec<(String, String)> = tables.map(Result::unwrap).collect();
    assert!(tables.len() > 40, "{tables:?}");
    let of = |(table, sums): &(String, String)| {
        format!("select '{table} ' || count(*){sums} from \"{table}\"")
    };
    tables.iter().map(of).collect::<Vec<_>>().join(" union all ")
}

/// The answer to that question, a line for each table.
fn sums(db: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut statement = db.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
