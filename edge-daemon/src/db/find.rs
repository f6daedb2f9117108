//! Find: a typed word against the catalog replica.
//!
//! Each source of candidates is bounded and indexed; `domain::find::rank` puts them in order.

use std::collections::BTreeMap;

use domain::{
    barcode::Gtin,
    catalog::Item,
    find::{self, Candidate, FOUND_MAX, QUERY_CHARS_MAX, TAIL_DIGITS_MIN},
};
use rusqlite::{Connection, ToSql};

use super::{
    DbError,
    catalog::{ITEM_COLUMNS, item},
};

/// Candidates taken from each source; what lies beyond needs another sign typed.
const CANDIDATES_MAX: usize = 1_000;

/// An item that answers a query.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The item.
    pub(crate) item: Item,
    /// Its first barcode in 14 digits, or empty.
    pub(crate) code: String,
    initials: String,
    pinyin: String,
}

/// The best `FOUND_MAX` answers, best first, and whether there are more.
pub(crate) fn items(connection: &Connection, query: &str) -> Result<(Vec<Found>, bool), DbError> {
    let query: String = query.trim().chars().take(QUERY_CHARS_MAX).collect();
    if query.is_empty() {
        return Ok((Vec::new(), false));
    }
    let mut candidates = BTreeMap::new();
    for (condition, parameter) in sources(&query) {
        collect(connection, &condition, parameter.as_ref(), &mut candidates)?;
    }
    let mut ranked: Vec<(u32, Found)> = candidates
        .into_values()
        .filter_map(|found: Found| {
            let spec = found.item.spec_line();
            let rank = find::rank(
                &query,
                &Candidate {
                    sku: &found.item.sku,
                    name: &found.item.name,
                    spec: &spec,
                    initials: &found.initials,
                    pinyin: &found.pinyin,
                    barcode: &found.code,
                    plu: &found.item.plu,
                },
            )?;
            Some((rank, found))
        })
        .collect();
    ranked.sort_by(|(a, x), (b, y)| {
        (a, &x.item.name, &x.item.sku).cmp(&(b, &y.item.name, &y.item.sku))
    });
    let is_more = ranked.len() > FOUND_MAX;
    Ok((ranked.into_iter().take(FOUND_MAX).map(|(_, found)| found).collect(), is_more))
}

/// Where candidates come from: a condition on `item` and its one parameter.
fn sources(query: &str) -> Vec<(String, Box<dyn ToSql>)> {
    let lower = query.to_lowercase();
    let letters: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let mut sources: Vec<(String, Box<dyn ToSql>)> = vec![(
        // A range and not `like`: the index is used whatever signs are typed.
        "sku >= ?1 collate nocase and sku < ?1 || char(1114111) collate nocase".to_owned(),
        Box::new(lower.clone()),
    )];
    let is_digits = letters.bytes().all(|b| b.is_ascii_digit());
    if is_digits && let Ok(gtin) = Gtin::parse(&letters) {
        sources.push((
            "item_id in (select item_id from barcode where gtin = ?1)".to_owned(),
            Box::new(i64::try_from(gtin.number()).unwrap_or(0)),
        ));
    }
    if is_digits {
        sources.push(("plu = ?1 and plu <> ''".to_owned(), Box::new(letters.clone())));
    }
    let tail = letters.len().checked_sub(TAIL_DIGITS_MIN).and_then(|from| letters.get(from..));
    if let Some(Ok(tail)) = tail.filter(|_| is_digits).map(str::parse::<i64>) {
        sources.push((
            "item_id in (select item_id from barcode where gtin % 10000 = ?1)".to_owned(),
            Box::new(tail),
        ));
    }
    if letters.is_ascii() && !is_digits {
        for column in ["initials", "pinyin"] {
            sources.push((
                // The last part lets the partial index be used.
                format!("{column} >= ?1 and {column} < ?1 || char(1114111) and {column} <> ''"),
                Box::new(letters.clone()),
            ));
        }
    }
    if let Some(words) = match_words(&lower) {
        sources.push((
            "item_id in (select rowid from item_word where item_word match ?1 limit 1000)"
                .to_owned(),
            Box::new(words),
        ));
    }
    sources
}

/// All words of the query, the last run as a beginning: `纯牛奶` is `"纯牛" "牛奶"`, `knit` is
/// `"knit" *`. Words are quoted, so that nothing typed is taken for an operator.
fn match_words(query: &str) -> Option<String> {
    let words = find::words(query);
    let parts: Vec<String> = words
        .iter()
        .map(|word| {
            let is_pair = word.chars().count() == 2 && word.chars().all(find::is_ideograph);
            if is_pair { format!("\"{word}\"") } else { format!("\"{word}\" *") }
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn collect(
    connection: &Connection,
    condition: &str,
    parameter: &dyn ToSql,
    into: &mut BTreeMap<i64, Found>,
) -> Result<(), DbError> {
    let doing = "find items";
    let sql = format!(
        "select {ITEM_COLUMNS}, item.initials, item.pinyin, item.item_id,
                (select min(gtin) from barcode where barcode.item_id = item.item_id)
         from item where {condition} limit {CANDIDATES_MAX}"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([parameter], |row| {
            let code: Option<i64> = row.get(16)?;
            let code = code.map(|number| format!("{number:014}")).unwrap_or_default();
            let id: i64 = row.get(15)?;
            Ok((id, Found { item: item(row)?, code, initials: row.get(13)?, pinyin: row.get(14)? }))
        })
        .map_err(DbError::sqlite(doing))?;
    for row in rows {
        let (id, found) = row.map_err(DbError::sqlite(doing))?;
        into.entry(id).or_insert(found);
    }
    Ok(())
}
