//! Which facts of the outbox are the bytes that were written.
//!
//! A disk may give back other bytes than it took. The chain binds id and body of each place to all
//! before it, so one cell that is damaged shows, and its neighbours say which one it is:
//!
//! | what does not fit | what is told |
//! | --- | --- |
//! | the body; the order's own copy of it fits | the copy |
//! | the digest alone | the body, with its true digest |
//! | the chain alone, and the next place goes on from the true one | the fact, with its true chain |
//! | anything else | nothing: the fact is damaged, and a person looks |
//!
//! **Invariant:** nothing is written here. What cannot be proven is never given as if it were good.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sync::{
    chain::Hash,
    wire::{FactV1, KIND_ORDER},
};
use uuid::Uuid;

use super::DbError;

/// Places before the first that is asked for: by them its chain is proven.
const BEFORE: usize = 2;

/// A place of the outbox, column by column; nothing where one is not what this program writes.
#[derive(Debug)]
struct Cells {
    place: i64,
    id: Option<Uuid>,
    kind: Option<String>,
    v: Option<u16>,
    body: Option<String>,
    digest: Option<Hash>,
    chain: Option<Hash>,
}

impl Cells {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |index| -> rusqlite::Result<Option<String>> {
            Ok(row.get_ref(index)?.as_str().ok().map(str::to_owned))
        };
        let bytes = |index| -> rusqlite::Result<Option<Vec<u8>>> {
            Ok(row.get_ref(index)?.as_blob().ok().map(<[u8]>::to_vec))
        };
        let hash = |index| -> rusqlite::Result<Option<Hash>> {
            Ok(bytes(index)?.and_then(|bytes| Hash::from_bytes(&bytes)))
        };
        Ok(Self {
            place: row.get(0)?,
            id: bytes(1)?.and_then(|bytes| Uuid::from_slice(&bytes).ok()),
            kind: text(2)?,
            v: row.get_ref(3)?.as_i64().ok().and_then(|v| u16::try_from(v).ok()),
            body: text(4)?,
            digest: hash(5)?,
            chain: hash(6)?,
        })
    }

    /// The chain here, if it was this before.
    fn linked(&self, before: Hash) -> Option<Hash> {
        Some(before.link(self.id?, self.digest?))
    }

    /// Whether the chain goes on here from this.
    fn goes_on_from(&self, before: Option<Hash>) -> bool {
        before.is_some_and(|before| self.chain.is_some() && self.linked(before) == self.chain)
    }
}

/// Some places of a life in a row, with what they are proven by.
#[derive(Debug)]
pub(super) struct Places {
    cells: Vec<Cells>,
    /// So many of them lie before the first that was asked for.
    before: usize,
    /// So many at most were asked for.
    at_most: usize,
}

/// A fact that may be told.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) fact: FactV1,
    /// Whether a cell of it was damaged, and another one said what it was.
    pub(super) is_mended: bool,
}

impl Places {
    /// Reads so many places at most from one on.
    pub(super) fn read(
        connection: &Connection,
        epoch: u32,
        from: i64,
        at_most: usize,
    ) -> Result<Self, DbError> {
        let doing = "read facts and what they are proven by";
        let read = |sql: &str, limit: usize| -> Result<Vec<Cells>, DbError> {
            connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    statement.query_map(params![epoch, from, limit], Cells::read)?.collect()
                })
                .map_err(DbError::sqlite(doing))
        };
        let mut cells = read(
            "select place, id, kind, v, body, digest, chain from outbox
             where epoch = ?1 and place < ?2 order by place desc limit ?3",
            BEFORE,
        )?;
        cells.reverse();
        let before = cells.len();
        cells.extend(read(
            "select place, id, kind, v, body, digest, chain from outbox
             where epoch = ?1 and place >= ?2 order by place limit ?3",
            at_most.saturating_add(1),
        )?);
        Ok(Self { cells, before, at_most })
    }

    /// The first place that was asked for and is there.
    pub(super) fn first(&self) -> Option<i64> {
        self.cells.get(self.before).map(|cells| cells.place)
    }

    /// The chain before it.
    pub(super) fn chain_before(&self) -> Hash {
        self.chain_before_index(self.before)
    }

    fn chain_before_index(&self, index: usize) -> Hash {
        index.checked_sub(1).map_or(Hash::GENESIS, |before| self.chain_after(before))
    }

    /// Whether what lies right before a place was read: the place before it, or the beginning of the life.
    fn follows(&self, index: usize) -> bool {
        let place = |index: usize| self.cells.get(index).map_or(0, |cells| cells.place);
        place(index) == index.checked_sub(1).map_or(0, place) + 1
    }

    /// The chain after a place: the one that is written there, unless the place before and the place
    /// after agree on another.
    fn chain_after(&self, index: usize) -> Hash {
        let Some(cells) = self.cells.get(index) else { return Hash::GENESIS };
        let before = match index.checked_sub(1) {
            _ if !self.follows(index) => None,
            Some(before) => self.cells.get(before).and_then(|cells| cells.chain),
            None => Some(Hash::GENESIS),
        };
        let reckoned = before.and_then(|before| cells.linked(before));
        let next = self.cells.get(index + 1);
        let next_says = |chain| next.is_some_and(|next| next.goes_on_from(chain));
        if reckoned != cells.chain && !next_says(cells.chain) && next_says(reckoned) {
            return reckoned.unwrap_or(Hash::GENESIS);
        }
        cells.chain.or(reckoned).unwrap_or(Hash::GENESIS)
    }

    /// The facts from the first place on, as long as they can be proven and no place is missing between
    /// them.
    pub(super) fn proven(&self, connection: &Connection) -> Result<Vec<Proven>, DbError> {
        let (mut proven, Some(first)) = (Vec::new(), self.first()) else { return Ok(Vec::new()) };
        for (place, index) in (first..).zip(self.before..).take(self.at_most) {
            match self.cells.get(index).filter(|cells| cells.place == place) {
                Some(cells) => match self.prove(connection, index, cells)? {
                    Some(fact) => proven.push(fact),
                    None => break,
                },
                None => break,
            }
        }
        Ok(proven)
    }

    fn prove(
        &self,
        connection: &Connection,
        index: usize,
        cells: &Cells,
    ) -> Result<Option<Proven>, DbError> {
        let (before, chain) = (self.chain_before_index(index), self.chain_after(index));
        let Some(id) = cells.id else { return Ok(None) };
        let fits = |body: &String| {
            let digest = Hash::of(body.as_bytes());
            match self.follows(index) {
                true => before.link(id, digest) == chain,
                // Where the place before is missing no chain says anything.
                false => cells.digest == Some(digest),
            }
        };
        let own = cells.body.as_ref().filter(|body| fits(body));
        let body = match own {
            Some(body) => Some(body.clone()),
            None => body_of_order(connection, id)?.filter(fits),
        };
        let Some(body) = body else { return Ok(None) };
        let digest = Hash::of(body.as_bytes());
        // No chain binds these two. What is an order says so elsewhere too.
        let (kind, v) = match (&cells.kind, cells.v) {
            (Some(kind), Some(1)) if kind == KIND_ORDER => (kind.clone(), 1),
            (_, _) if body_of_order(connection, id)?.is_some() => (KIND_ORDER.to_owned(), 1),
            (Some(kind), Some(v)) => (kind.clone(), v),
            (_, _) => return Ok(None),
        };
        let as_written = (own.is_some(), cells.digest, cells.chain, cells.kind.as_ref(), cells.v);
        let is_mended = as_written != (true, Some(digest), Some(chain), Some(&kind), Some(v));
        let fact = FactV1 { seq: cells.place, id, kind, v, body, digest, chain };
        Ok(Some(Proven { fact, is_mended }))
    }
}

/// The bytes of an order as its own table has them: the very ones of its fact.
fn body_of_order(connection: &Connection, id: Uuid) -> Result<Option<String>, DbError> {
    connection
        .prepare_cached("select body from order_body where order_id = ?1")
        .and_then(|mut statement| {
            let read = |row: &Row<'_>| Ok(row.get_ref(0)?.as_str().ok().map(str::to_owned));
            statement.query_row([id.as_bytes()], read).optional()
        })
        .map(Option::flatten)
        .map_err(DbError::sqlite("read the bytes of an order"))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use sync::{
        uplink::{DAMAGED, Facts},
        wire::{BatchV1, HoleV1},
    };

    use super::*;
    use crate::db::{
        migrate,
        outbox::{self, Waiting},
    };

    const FACTS: u128 = 6;

    /// A ledger with facts that wait, of which no other table knows anything.
    fn ledger() -> Connection {
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
        let node = "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
                    values (1, zeroblob(16), 1, 'S1', 1, 0)";
        ledger.execute(node, []).unwrap();
        for n in 1..=FACTS {
            let (id, body) = (Uuid::from_u128(n), format!("fact {n}"));
            let at = Timestamp::from_micros(0);
            outbox::push(&ledger, &outbox::Fact { id, kind: "x", v: 1, body: &body, at }).unwrap();
        }
        ledger
    }

    fn waiting(ledger: &Connection, from: Option<i64>) -> Waiting {
        let ask = Facts { session: None, from, at_most: 100, is_wrapped: false };
        outbox::next_batch(ledger, ask).unwrap()
    }

    fn batch(ledger: &Connection, from: Option<i64>) -> (BatchV1, usize) {
        match waiting(ledger, from) {
            Waiting::Batch(batch, n_mended) => (batch, n_mended),
            Waiting::Nothing => panic!("nothing waits"),
            Waiting::Damaged(place) => panic!("the fact at {place} is damaged"),
        }
    }

    fn change(ledger: &Connection, place: i64, column: &str, value: impl rusqlite::ToSql) {
        let sql = format!("update outbox set {column} = ?1 where place = ?2");
        assert_eq!(ledger.execute(&sql, params![value, place]).unwrap(), 1);
    }

    #[test]
    fn a_body_that_is_damaged_is_a_hole_and_what_comes_before_and_after_is_told() {
        let whole = batch(&ledger(), None).0;
        let ledger = ledger();
        change(&ledger, 3, "body", "fact 4");
        let (before, n_mended) = batch(&ledger, None);
        assert_eq!((before.facts.as_slice(), n_mended), (&whole.facts[..2], 0));
        assert!(matches!(waiting(&ledger, Some(3)), Waiting::Damaged(3)));
        let hole = HoleV1 { from: 3, through: 3, reason: DAMAGED.to_owned() };
        let told_of = outbox::hole_batch(&ledger, None, hole).unwrap();
        assert_eq!(told_of.prev_chain, whole.facts[2].chain);
        let (after, _) = batch(&ledger, Some(4));
        assert_eq!(
            (after.prev_chain, after.facts.as_slice()),
            (told_of.prev_chain, &whole.facts[3..])
        );
        // Nor is it told again when a day is compared.
        assert_eq!(outbox::again(&ledger, Uuid::from_u128(3)).unwrap(), None);
        let again = outbox::again(&ledger, Uuid::from_u128(4)).unwrap();
        assert_eq!(again, Some((1, whole.facts[3].clone())));
    }

    #[test]
    fn a_digest_or_a_chain_that_is_damaged_is_known_by_what_lies_beside_it() {
        let whole = batch(&ledger(), None).0;
        for column in ["digest", "chain"] {
            for place in 1..6 {
                let ledger = ledger();
                change(&ledger, place, column, [7_u8; 32]);
                let (told, n_mended) = batch(&ledger, None);
                assert_eq!((told, n_mended), (whole.clone(), 1), "{column} of {place}");
                for from in 1..=6 {
                    let (told, _) = batch(&ledger, Some(from));
                    let before = usize::try_from(from - 1).unwrap();
                    let prev =
                        before.checked_sub(1).map_or(Hash::GENESIS, |n| whole.facts[n].chain);
                    assert_eq!(told.facts, whole.facts[before..], "{column} of {place}");
                    assert_eq!(told.prev_chain, prev, "{column} of {place}, from {from}");
                }
            }
        }
    }

    #[test]
    fn an_id_that_is_damaged_and_cells_of_another_kind_are_no_facts() {
        for (column, value) in [("id", vec![9_u8; 16]), ("body", vec![0xFF, 0xFE])] {
            let ledger = ledger();
            let sql = format!("update outbox set {column} = ?1 where place = 2");
            let sql = if column == "body" { sql.replace("?1", "cast(?1 as text)") } else { sql };
            ledger.execute(&sql, [value]).unwrap();
            assert_eq!(batch(&ledger, None).0.facts.len(), 1, "{column}");
            assert!(matches!(waiting(&ledger, Some(2)), Waiting::Damaged(2)), "{column}");
            assert_eq!(batch(&ledger, Some(3)).0.facts.len(), 4, "{column}");
        }
    }

    #[test]
    fn places_that_are_missing_end_a_batch() {
        let whole = batch(&ledger(), None).0;
        let ledger = ledger();
        ledger.execute("delete from outbox where place = 4", []).unwrap();
        assert_eq!(batch(&ledger, None).0.facts.len(), 3);
        assert!(matches!(waiting(&ledger, Some(7)), Waiting::Nothing));
        // No chain leads to what comes after; its digest says that it is what was written.
        let (after, n_mended) = batch(&ledger, Some(4));
        assert_eq!((after.facts.as_slice(), n_mended), (&whole.facts[4..], 0));
        assert_eq!(after.prev_chain, whole.facts[2].chain);
        change(&ledger, 5, "body", "another");
        assert!(matches!(waiting(&ledger, Some(5)), Waiting::Damaged(5)));
    }
}
