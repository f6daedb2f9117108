//! The only room that says SQL.
//!
//! | file | what |
//! | --- | --- |
//! | `engine` | what differs between SQLite and PostgreSQL: how a connection is set up, how a transaction begins, whose turn it is |
//! | `migrate` | steps the schema forward, refuses a newer one |
//! | `bulk` | lists of values for statements over many rows |
//! | `scope` | the counter of each feed |
//! | `items`, `items_read`, `barcodes` | the catalog |
//! | `stores`, `staffing` | stores, their workstations and operators |
//! | `edges`, `staff` | who may speak: claims, edge nodes, HQ's tokens |
//! | `rules` | sets of rules |
//! | `inbox`, `days`, `orders`, `orders_read` | what the stores sent |
//! | `holes` | what they said that they cannot send |
//! | `edge_troubles` | what stores say is wrong with them |
//! | `day_seals` | what stores told of days, and which are sealed |
//! | `online_orders`, `pickup_cases`, `shops` | orders that wait in a store, what went wrong with them, who places them |
//! | `online_returns` | goods of such orders that came back in stores |
//! | `stock` | what each store has of an item |
//! | `sums` | sums of orders and of what was given for them |
//! | `post_voids` | orders that were undone |
//! | `drift` | orders that were priced otherwise than the mall would |
//! | `discrepancies` | orders for which other houses gave otherwise than the orders say |
//! | `payments`, `refunds`, `redemptions` | what other houses were asked, and what they said |
//! | `rights` | what those are alike in: whose turn it is to ask, and their histories |
//! | `members`, `purses` | members, what they have, and what stores are lent of it |
//! | `coupons` | coupons as they were issued and used |
//! | `member_cases` | what cost the chain more than it gave |
//! | `token_keys` | keys of tokens |
//! | `moment` | moments that may not be there |
//!
//! **Invariant:** functions take a transaction and say what they do; nothing here decides. No
//! statement changes `orders`, `order_line`, `tender` or `post_void` after they were inserted. The
//! SQL is the same for every engine, but for `engine`.

pub(crate) mod barcodes;
mod bulk;
pub(crate) mod certificates;
pub(crate) mod check_ins;
pub(crate) mod commands;
pub(crate) mod coupons;
pub(crate) mod day_seals;
mod days;
pub(crate) mod discrepancies;
pub(crate) mod drift;
pub(crate) mod edge_states;
pub(crate) mod edge_troubles;
pub(crate) mod edges;
mod engine;
pub(crate) mod groups;
pub(crate) mod holes;
pub(crate) mod inbox;
pub(crate) mod items;
pub(crate) mod items_read;
pub(crate) mod lives;
pub(crate) mod member_cases;
pub(crate) mod members;
mod migrate;
mod moment;
pub(crate) mod online_orders;
pub(crate) mod online_returns;
pub(crate) mod orders;
pub(crate) mod orders_read;
pub(crate) mod payments;
pub(crate) mod pickup_cases;
pub(crate) mod pictures;
pub(crate) mod post_voids;
pub(crate) mod purses;
pub(crate) mod redemptions;
pub(crate) mod refunds;
pub(crate) mod rights;
pub(crate) mod rules;
pub(crate) mod savings;
pub(crate) mod scope;
pub(crate) mod settings;
pub(crate) mod shops;
pub(crate) mod staff;
pub(crate) mod staffing;
pub(crate) mod stock;
pub(crate) mod stores;
pub(crate) mod sums;
pub(crate) mod token_keys;

use std::time::Duration;

use domain::{id::IncarnationId, time::Timestamp};
use sqlx::{
    Any, AnyConnection, AnyPool, ConnectOptions as _, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use engine::Engine;
pub(crate) use engine::{Turn, file_in, url_of};

/// A transaction; rolled back unless it is committed.
pub(crate) type Tx = Transaction<'static, Any>;

/// Connections that only read: a screenful of HQ questions, the feed, and one snapshot at work.
const READERS_MAX: u32 = 6;
/// Longer than any batch takes; then the caller is told to come again.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(15);
/// How often the schema is tried again where another mall makes it at the same moment.
const FIRST_STARTS_MAX: u32 = 4;

/// Why a database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A statement, a commit or a connection failed.
    #[error("could not {doing}")]
    Sql {
        /// What we were doing.
        doing: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value is not what this program writes.
    #[error("could not {doing}: a stored value is damaged")]
    Damaged {
        /// What we were doing.
        doing: &'static str,
    },
    /// The database was written by a newer program.
    #[error("the database is of schema {found}, this program knows {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The database's address is of an engine that this build does not speak.
    #[error("`{scheme}` is no database this program speaks")]
    Engine {
        /// What stands before the colon; never the rest, which may hold a password.
        scheme: String,
    },
}

impl DbError {
    /// Whether the same may work a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Sql { source, .. } => engine::is_transient(source),
            Self::Damaged { .. } | Self::Newer { .. } | Self::Engine { .. } => false,
        }
    }

    /// Whether a text that was to be kept holds the sign NUL, which not every engine keeps.
    #[must_use]
    pub(crate) fn is_of_unkeepable_text(&self) -> bool {
        match self {
            Self::Sql { source, .. } => engine::is_unkeepable(source),
            Self::Damaged { .. } | Self::Newer { .. } | Self::Engine { .. } => false,
        }
    }

    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Newer { .. } => Some("start the newer program, or restore an older copy"),
            Self::Engine { .. } => Some("give an address that begins with sqlite: or postgres:"),
            Self::Damaged { .. } => Some("check the disk and restore a copy"),
            Self::Sql { source, .. } if engine::is_transient(source) => {
                Some("another program is writing, or the database does not answer; try again")
            }
            Self::Sql { .. } => None,
        }
    }
}

/// Names what we were doing when the database refused.
pub(crate) fn sql(doing: &'static str) -> impl FnOnce(sqlx::Error) -> DbError {
    move |source| DbError::Sql { doing, source }
}

/// Names what we were doing when a stored value could not be read.
pub(crate) const fn damaged(doing: &'static str) -> DbError {
    DbError::Damaged { doing }
}

/// The mall's database: its writers, who take turns, and a few readers.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    engine: Engine,
    writers: AnyPool,
    readers: AnyPool,
    /// Where `look` reads: a copy that follows, or the same as everybody else.
    copy: (Engine, AnyPool),
}

/// Where a mall's database is.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// The database's own.
    pub(crate) database: String,
    /// That of a copy which follows it and is only read, if there is one.
    pub(crate) copy: Option<String>,
}

/// Connections to an address, made when they are needed.
fn pool(url: &str, engine: Engine, connections: u32) -> Result<AnyPool, DbError> {
    let options: AnyConnectOptions = url.parse().map_err(sql("open the database"))?;
    // Reading a whole catalog for a snapshot is slow and no reason to warn. What lists of HQ run is
    // listened to in a test (`http::lists`).
    let options = if cfg!(test) { options } else { options.disable_statement_logging() };
    Ok(AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT_FOR_CONNECTION)
        .after_connect(move |connection, _| Box::pin(engine.set_up(connection)))
        .connect_lazy_with(options))
}

impl Db {
    /// Opens the database, steps its schema forward and makes sure that the catalog has a feed.
    pub(crate) async fn open(
        addresses: &Addresses,
        now: Timestamp,
        incarnation: IncarnationId,
    ) -> Result<Self, DbError> {
        let url = addresses.database.as_str();
        let engine = Engine::of(url)?;
        let readers = pool(url, engine, READERS_MAX)?;
        let copy = match &addresses.copy {
            None => (engine, readers.clone()),
            Some(url) => {
                let engine = Engine::of(url)?;
                (engine, pool(url, engine, READERS_MAX)?)
            }
        };
        let db = Self { engine, writers: pool(url, engine, engine.writers())?, readers, copy };
        let mut tries = 1;
        while !db.is_ready().await {
            match db.make_ready(now, incarnation).await {
                Err(error) if tries < FIRST_STARTS_MAX && engine.is_first_start_race(&error) => {
                    tries += 1;
                }
                made => return made.map(|()| db),
            }
        }
        Ok(db)
    }

    /// Whether nothing is to be stepped or made, seen without the write lock. An error is no: the
    /// writing way meets it again and tells it.
    async fn is_ready(&self) -> bool {
        let Ok(mut tx) = self.read("open the database").await else {
            return false;
        };
        migrate::is_current(&mut tx).await.unwrap_or(false)
            && matches!(scope::head(&mut tx, sync::replica::Scope::Catalog).await, Ok(Some(_)))
    }

    /// Steps the schema forward, in one transaction.
    async fn make_ready(&self, now: Timestamp, incarnation: IncarnationId) -> Result<(), DbError> {
        // The schema's own lock and not the turn, which may not be there yet.
        let mut tx = self.write_beside("open the database").await?;
        migrate::forward(&mut tx, self.engine, now).await?;
        scope::create(&mut tx, sync::replica::Scope::Catalog, incarnation, now).await?;
        commit(tx, "open the database").await
    }

    /// Begins a transaction that may write; of those only one is open at a time, in all malls over
    /// this database.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Tx, DbError> {
        let mut tx = self.write_beside(doing).await?;
        engine::take_turn(self.engine, Turn::Write, &mut tx, doing).await?;
        Ok(tx)
    }

    /// Begins a transaction that writes only what is one store's and what nobody who has the turn
    /// decides by; the engine may have several of them open beside `write`'s. It locks a row of that
    /// store's first, and waits for no turn afterwards.
    pub(crate) async fn write_beside(&self, doing: &'static str) -> Result<Tx, DbError> {
        self.writers.begin_with(self.engine.begin_write()).await.map_err(sql(doing))
    }

    /// Waits until no other mall over this database is at something, and keeps them from it until
    /// the answer is dropped. `None` where the engine has but one writer: there nobody is kept.
    pub(crate) async fn turn(
        &self,
        turn: Turn,
        doing: &'static str,
    ) -> Result<Option<Tx>, DbError> {
        if self.engine.take(turn).is_none() {
            return Ok(None);
        }
        let mut tx = self.write_beside(doing).await?;
        engine::take_turn(self.engine, turn, &mut tx, doing).await?;
        Ok(Some(tx))
    }

    /// Begins a transaction that only reads and sees one state throughout.
    pub(crate) async fn read(&self, doing: &'static str) -> Result<Tx, DbError> {
        self.readers.begin_with(self.engine.begin_read()).await.map_err(sql(doing))
    }

    /// The same for what people look at and nobody decides by: from a copy that follows and may be a
    /// little behind, where there is one.
    pub(crate) async fn look(&self, doing: &'static str) -> Result<Tx, DbError> {
        let (engine, pool) = &self.copy;
        pool.begin_with(engine.begin_read()).await.map_err(sql(doing))
    }

    /// Closes every connection; waits for those at work.
    pub(crate) async fn close(&self) {
        self.copy.1.close().await;
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Commits; what was written is durable when it returns.
pub(crate) async fn commit(tx: Tx, doing: &'static str) -> Result<(), DbError> {
    tx.commit().await.map_err(sql(doing))
}

/// How the database goes about a statement, step by step.
#[cfg(test)]
pub(crate) async fn plan(tx: &mut Conn, statement: &str) -> Vec<String> {
    let explain = format!("explain query plan {statement}");
    let steps = sqlx::query(sqlx::AssertSqlSafe(explain)).fetch_all(tx).await;
    let steps = steps.unwrap_or_else(|error| panic!("{statement}: {error}"));
    steps.iter().map(|step| sqlx::Row::get(step, "detail")).collect()
}

/// A connection inside a transaction.
pub(crate) type Conn = AnyConnection;
