//! Where a mall of a test keeps its things: a folder, and its database: a file there, or one of its
//! own on the PostgreSQL server that `GUITAI_TEST_POSTGRES` names.
//!
//! **Invariant:** a test says the same of both engines; what it can say of only one it says here.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use mall::Config;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, TypeInfo as _, ValueRef as _,
    postgres::PgRow,
};
use uuid::Uuid;

/// The server's address without a database, e.g. `postgres://postgres@%2Frun%2Fpostgresql`.
const SERVER: &str = "GUITAI_TEST_POSTGRES";

/// What whoever writes says first.
const TAKE_TURN: &str = "select name from turn where name = 'write' for update";

/// Databases of this process that nobody uses, with the schema. To make one takes ten times as long
/// as to empty one.
static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Ends whatever a test left behind, and leaves of a database what a step of the schema put there.
const EMPTY: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    do $$ begin
      execute coalesce((select 'truncate ' || string_agg(quote_ident(tablename), ', ')
                        from pg_tables where schemaname = 'public'
                          and tablename not in ('turn', 'schema_step')), 'select');
    end $$";

/// A place that nobody else has until it is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    folder: tempfile::TempDir,
    place: Place,
    is_kept: bool,
}

impl Home {
    pub(crate) fn new() -> Self {
        let free = FREE.lock().unwrap().pop();
        if let Some(url) = &free {
            ask(url, EMPTY);
        }
        Self::of(free.or_else(database), true)
    }

    /// A place whose database is not even made, or holds nothing; what is done to its schema is gone
    /// with it.
    pub(crate) fn bare() -> Self {
        Self::of(database(), false)
    }

    /// A place whose database is a file, also where there is a server: for a test that looks into all
    /// tables thousands of times.
    pub(crate) fn of_a_file() -> Self {
        Self::of(None, false)
    }

    fn of(url: Option<String>, is_kept: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { data: folder.path().to_owned(), url };
        Self { folder, place, is_kept }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A test that failed may have left anything; the server is thrown away whole.
        let Some(url) = self.place.url.take().filter(|_| !std::thread::panicking()) else { return };
        if self.is_kept {
            FREE.lock().unwrap().push(url);
        } else if let Some((server, name)) = url.rsplit_once('/') {
            ask(&format!("{server}/postgres"), &format!("drop database {name} with (force)"));
        }
    }
}

/// Whether there is a server, for a test of something that a file has not: many writers, parts of a
/// table. Over a file such a test ends at once and says so in a line that `packaging/tally` leaves out of
/// its count; `make test` runs it again by `with-postgres`.
pub(crate) fn is_server_here(what: &str) -> bool {
    let is_here = std::env::var_os(SERVER).is_some();
    if !is_here {
        let said = format!("ON A SERVER ONLY: {what}\n");
        // What a test prints is not shown while it passes; what it writes is.
        let _ = std::io::stderr().write_all(said.as_bytes());
    }
    is_here
}

/// A new database, if there is a server.
fn database() -> Option<String> {
    let server = std::env::var(SERVER).ok()?;
    let name = format!("t_{}", Uuid::now_v7().simple());
    ask(&format!("{server}/postgres"), &format!("create database {name}"));
    Some(format!("{server}/{name}"))
}

/// A folder and a database; a clone is the same place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    data: PathBuf,
    url: Option<String>,
}

impl Place {
    /// What a mall over this place is started with.
    pub(crate) fn config(&self) -> Config {
        Config { database_url: self.url.clone(), ..Config::new(&self.data) }
    }

    /// The words that name this place on a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let data = ["--data".to_owned(), self.data.display().to_string()];
        let url = self.url.iter().flat_map(|url| ["--database-url".to_owned(), url.clone()]);
        data.into_iter().chain(url).collect()
    }

    /// The folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether the database is one of a server.
    pub(crate) const fn is_on_a_server(&self) -> bool {
        self.url.is_some()
    }

    /// The database's address on a server.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Copies the database as it is now, while nobody has it open; the address of the copy, which goes
    /// with the server or the folder.
    pub(crate) fn copied(&self) -> String {
        match self.url.as_ref().and_then(|url| url.rsplit_once('/')) {
            Some((server, name)) => {
                let make = format!("create database {name}_copy template {name}");
                ask(&format!("{server}/postgres"), &make);
                format!("{server}/{name}_copy")
            }
            None => {
                let copy = self.data.join("copy.db");
                std::fs::copy(self.file(), &copy).unwrap();
                format!("sqlite://{}", copy.display())
            }
        }
    }

    fn file(&self) -> PathBuf {
        self.data.join("mall.db")
    }

    /// Every row of a query, its columns joined by `|`.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        match &self.url {
            Some(url) => ask(url, sql),
            None => file_rows(&self.file(), sql),
        }
    }

    /// Reaches into the database from outside, in one transaction; where writers take turns, in turn.
    #[expect(clippy::disallowed_methods, reason = "a test reaches into the file from outside")]
    pub(crate) fn execute(&self, sql: &str) {
        match &self.url {
            Some(url) => drop(ask(url, &format!("{TAKE_TURN}; {sql}"))),
            None => rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap(),
        }
    }

    /// Takes the write lock of a file and keeps it.
    #[expect(clippy::disallowed_methods, reason = "a test reaches into the file from outside")]
    pub(crate) fn hold(&self) -> Held {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute_batch("begin immediate").unwrap();
        Held(connection)
    }

    /// Whether a table is there.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        let list = match &self.url {
            Some(_) => "select tablename from pg_tables where tablename",
            None if !self.file().exists() => return false,
            None => "select name from sqlite_schema where name",
        };
        !self.rows(&format!("{list} = '{name}'")).is_empty()
    }

    /// Which parts of what is kept hold a text: files of the folder and, on a server, tables.
    pub(crate) fn holding(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        files_holding(&self.data, text, &mut found);
        if self.url.is_some() {
            let tables = "select tablename from pg_tables where schemaname = 'public'";
            for table in self.rows(tables) {
                let rows = self.rows(&format!("select t::text from \"{table}\" t"));
                found.extend(rows.iter().any(|row| row.contains(text)).then_some(table));
            }
        }
        found
    }
}

/// The write lock of a file.
#[derive(Debug)]
pub(crate) struct Held(rusqlite::Connection);

impl Held {
    pub(crate) fn let_go(self) {
        self.0.execute_batch("rollback").unwrap();
    }
}

fn files_holding(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_holding(&path, text, found);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
}

/// Every row of a query on a file, its columns joined by `|`.
#[expect(clippy::disallowed_methods, reason = "a test looks into the file from outside")]
pub(crate) fn file_rows(file: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let n = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..n).map(|i| match row.get_ref(i).unwrap() {
            rusqlite::types::ValueRef::Null => "null".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Real(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            rusqlite::types::ValueRef::Blob(bytes) => format!("{bytes:?}"),
        });
        found.push(cells.collect::<Vec<_>>().join("|"));
    }
    found
}

/// The same of a server. A thread of its own with a runtime of its own: whoever asks waits, and may
/// stand in a runtime already.
fn ask(url: &str, sql: &str) -> Vec<String> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let asked = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
            let rows = asked.unwrap_or_else(|error| panic!("{sql}: {error}"));
            connection.close().await.unwrap();
            rows.iter().map(joined).collect()
        })
    });
    asking.join().unwrap()
}

/// A row's columns joined by `|`, written as SQLite would.
fn joined(row: &PgRow) -> String {
    let cells = (0..row.len()).map(|i| {
        let cell = row.try_get_raw(i).unwrap();
        if cell.is_null() {
            return "null".to_owned();
        }
        match (cell.type_info().name(), cell.as_str().unwrap()) {
            ("BOOL", "t") => "1".to_owned(),
            ("BOOL", _) => "0".to_owned(),
            (_, text) => text.to_owned(),
        }
    });
    cells.collect::<Vec<_>>().join("|")
}
