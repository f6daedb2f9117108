//! Carts on shoppers' phones: written as they change, taken in once, swept when their time is over.

use domain::{
    cart::CartLine,
    id::{Id, PhoneCartId, PhoneId},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::DbError;
use crate::phone::{PhoneCart, Shown, Taken};

const COLUMNS: &str = "id, phone, address, revision, lines, seen, updated_at, until, code,
                       code_until, taken_by, taken_at";

/// The secret of this store, or this one if it had none.
pub(crate) fn secret(connection: &Connection, fresh: &[u8; 32]) -> Result<[u8; 32], DbError> {
    connection
        .execute("insert into phone_secret values (1, ?1) on conflict do nothing", [fresh])
        .and_then(|_| connection.query_row("select secret from phone_secret", [], |row| row.get(0)))
        .map_err(DbError::sqlite("read the secret of phones"))
}

/// The newest cart of a phone, open or taken in, unless its time is over.
pub(crate) fn newest_of(
    connection: &Connection,
    phone: PhoneId,
    now: Timestamp,
) -> Result<Option<PhoneCart>, DbError> {
    let doing = "read the cart of a phone";
    let row = connection
        .prepare_cached(&format!(
            "select {COLUMNS} from phone_cart where phone = ?1 and until > ?2
             order by taken_by is null desc, updated_at desc limit 1"
        ))
        .and_then(|mut s| s.query_row(params![phone.bytes(), now.micros()], read).optional())
        .map_err(DbError::sqlite(doing))?;
    row.map(|raw| raw.whole(doing)).transpose()
}

/// Every cart that a code was given to and whose time is not over, open or taken in.
pub(crate) fn with_codes(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<PhoneCart>, DbError> {
    let doing = "read the codes of phones";
    let mut statement = connection
        .prepare_cached(&format!(
            "select {COLUMNS} from phone_cart where code is not null and until > ?1"
        ))
        .map_err(DbError::sqlite(doing))?;
    let rows = statement.query_map([now.micros()], read).map_err(DbError::sqlite(doing))?;
    rows.map(|row| row.map_err(DbError::sqlite(doing))?.whole(doing)).collect()
}

/// How many carts are open: in all, and of one address.
pub(crate) fn open_carts(
    connection: &Connection,
    address: &[u8; 16],
    now: Timestamp,
) -> Result<(u32, u32), DbError> {
    connection
        .prepare_cached(
            "select count(*), coalesce(sum(address = ?1), 0) from phone_cart
             where taken_by is null and until > ?2",
        )
        .and_then(|mut statement| {
            let wanted = params![address, now.micros()];
            statement.query_row(wanted, |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(DbError::sqlite("count the carts of phones"))
}

/// Writes a cart as it stands. One that was taken in stays as it was then.
pub(crate) fn save(connection: &Connection, cart: &PhoneCart) -> Result<(), DbError> {
    let doing = "save the cart of a phone";
    let damaged = |_| DbError::Damaged { doing };
    let lines = serde_json::to_string(&cart.lines).map_err(damaged)?;
    let seen = serde_json::to_string(&cart.seen).map_err(damaged)?;
    connection
        .prepare_cached(&format!(
            "insert into phone_cart ({COLUMNS})
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             on conflict (id) do update set
               revision = excluded.revision, lines = excluded.lines, seen = excluded.seen,
               updated_at = excluded.updated_at, until = excluded.until, code = excluded.code,
               code_until = excluded.code_until, taken_by = excluded.taken_by,
               taken_at = excluded.taken_at
             where phone_cart.taken_by is null"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                cart.id.bytes(),
                cart.phone.bytes(),
                cart.address,
                i64::try_from(cart.revision).unwrap_or(i64::MAX),
                lines,
                seen,
                cart.updated_at.micros(),
                cart.until.micros(),
                cart.shown.as_ref().map(|shown| shown.code.as_str()),
                cart.shown.as_ref().map(|shown| shown.until.micros()),
                cart.taken.map(|taken| taken.by),
                cart.taken.map(|taken| taken.at.micros()),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Forgets carts whose time is over.
pub(crate) fn sweep(connection: &Connection, now: Timestamp) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from phone_cart where until <= ?1")
        .and_then(|mut statement| statement.execute([now.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("sweep the carts of phones"))
}

struct Raw {
    cart: PhoneCart,
    lines: String,
    seen: String,
}

impl Raw {
    fn whole(self, doing: &'static str) -> Result<PhoneCart, DbError> {
        let Self { cart, lines, seen } = self;
        let damaged = |_| DbError::Damaged { doing };
        let lines: Vec<CartLine> = serde_json::from_str(&lines).map_err(damaged)?;
        let seen: Vec<Uuid> = serde_json::from_str(&seen).map_err(damaged)?;
        Ok(PhoneCart { lines, seen, ..cart })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let id = |bytes: [u8; 16]| Uuid::from_bytes(bytes);
    let (cart, phone): (PhoneCartId, PhoneId) =
        (Id::from_uuid(id(row.get(0)?)), Id::from_uuid(id(row.get(1)?)));
    let shown = match (row.get::<_, Option<String>>(8)?, row.get::<_, Option<i64>>(9)?) {
        (Some(code), Some(until)) => Some(Shown { code, until: Timestamp::from_micros(until) }),
        (Some(_), None) | (None, _) => None,
    };
    let taken = match (row.get::<_, Option<WorkstationNumber>>(10)?, row.get(11)?) {
        (Some(by), Some(at)) => Some(Taken { by, at: Timestamp::from_micros(at) }),
        (Some(_), None) | (None, _) => None,
    };
    let cart = PhoneCart {
        id: cart,
        phone,
        address: row.get(2)?,
        revision: row.get::<_, i64>(3)?.unsigned_abs(),
        lines: Vec::new(),
        seen: Vec::new(),
        updated_at: Timestamp::from_micros(row.get(6)?),
        until: Timestamp::from_micros(row.get(7)?),
        shown,
        taken,
    };
    Ok(Raw { cart, lines: row.get(4)?, seen: row.get(5)? })
}
