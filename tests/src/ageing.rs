//! Time by hand: what the programs have written down becomes older, as if so much time had passed.
//!
//! Whatever a program does when it is time, it decides by the moments in its books; so nobody waits
//! for a quarter of a minute or an hour.
//!
//! **Invariant:** nothing is made older while a call to another house is under way: no call takes as
//! long as what it would then seem to have taken.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::sim::Clock;

/// Longer than any program holds its books for one change.
const BUSY_WAIT: Duration = Duration::from_secs(60);

/// The moments of a table; 0 or nothing stands for a moment that has not come.
type Moments = (&'static str, &'static [&'static str], &'static str);

const OF_MALL: [Moments; 3] = [
    ("payment", &["made_at", "paid_at", "reversing_at", "decided_at", "ask_at", "busy_until"], "1"),
    ("refund", &["made_at", "decided_at", "ask_at", "busy_until"], "1"),
    (
        "redemption",
        &[
            "made_at",
            "asked_at",
            "put_at",
            "used_at",
            "reversing_at",
            "decided_at",
            "reversible_until",
            "ask_at",
            "busy_until",
        ],
        "1",
    ),
];

/// What is decided is frozen there, and has no more to wait for.
const OF_STORE: [Moments; 2] = [
    ("payment", &["asked_at"], "state in ('sent', 'paying', 'reversing')"),
    ("redemption", &["looked_up_at", "asked_at"], "state in ('looked_up', 'pending', 'reversing')"),
];

/// Whether somebody is just asking another house: their turn ends later than any pause between two
/// questions.
const IS_ASKING: &str = "
    select exists (select 1 from payment where busy_until > ?1)
        or exists (select 1 from refund where busy_until > ?1)
        or exists (select 1 from redemption where busy_until > ?1)";
/// Longer than such a pause, shorter than a turn.
const PAUSE_S: i64 = 5;

/// What of a mall's books is not known yet, and what of it somebody asks about by a moment.
const TO_ASK: &str = "
    select count(*), count(*) filter (where ask_at <= ?1 or busy_until > ?1) from (
        select ask_at, busy_until from payment where state in ('sent', 'paying', 'reversing')
        union all select ask_at, busy_until from refund where state = 'sent'
        union all select ask_at, busy_until from redemption where state in ('pending', 'reversing')
    )";
/// Shorter than any pause between two questions.
const MOMENT_S: i64 = 1;

fn open(file: &Path) -> Result<Connection> {
    // A file that is not there is not made.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let books = Connection::open_with_flags(file, flags)
        .with_context(|| format!("could not open {}", file.display()))?;
    books.busy_timeout(BUSY_WAIT).context("could not wait for the books")?;
    Ok(books)
}

fn age(change: &Connection, tables: &[Moments], seconds: u32) -> Result<()> {
    let micros = i64::from(seconds) * 1_000_000;
    for (table, moments, which) in tables {
        let sets: Vec<String> = moments
            .iter()
            .map(|moment| format!("{moment} = iif({moment} > 0, {moment} - ?1, {moment})"))
            .collect();
        let sql = format!("update {table} set {} where {which}", sets.join(", "));
        change.execute(&sql, [micros]).with_context(|| sql.clone())?;
    }
    Ok(())
}

/// Makes what a mall holds of payments, coupons and vouchers older. `false` when it runs and is just
/// asking a house: then nothing was done.
///
/// # Errors
/// When its books cannot be changed.
pub fn mall(data: &Path, is_running: bool, seconds: u32) -> Result<bool> {
    let mut books = open(&data.join("mall.db"))?;
    // Whoever takes a turn writes, so nobody begins to ask meanwhile.
    let change = books.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let soon = (Clock::wall() + PAUSE_S) * 1_000_000;
    if is_running && change.query_row(IS_ASKING, [soon], |row| row.get(0))? {
        return Ok(false);
    }
    age(&change, &OF_MALL, seconds)?;
    change.commit().context("could not make the mall's books older")?;
    Ok(true)
}

/// How much a mall that runs does not know yet, once it has asked about all of that and asks again only
/// when more time has passed. `None` while it asks, or is about to.
///
/// # Errors
/// When its books cannot be read.
pub fn n_open_at_mall(data: &Path) -> Result<Option<usize>> {
    let soon = (Clock::wall() + MOMENT_S) * 1_000_000;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (open, asked): (usize, usize) =
        open(&data.join("mall.db"))?.query_row(TO_ASK, [soon], read)?;
    Ok((asked == 0).then_some(open))
}

/// Makes what a store does not know yet of them older; it may run.
///
/// # Errors
/// When its books cannot be changed.
pub fn store(data: &Path, seconds: u32) -> Result<()> {
    let mut books = open(&data.join("ledger.db"))?;
    let change = books.transaction_with_behavior(TransactionBehavior::Immediate)?;
    age(&change, &OF_STORE, seconds)?;
    change.commit().context("could not make the store's books older")
}

/// Ends every pass of a store's Wi-Fi portal a moment after it began; the store must not run.
///
/// # Errors
/// When its books cannot be changed.
pub fn end_portal_passes(data: &Path) -> Result<()> {
    // A line of the log stays as it is, but for the hand that turns the time.
    const KEPT: &str = "select sql from sqlite_schema where name = 'portal_pass_kept'";
    let mut books = open(&data.join("ledger.db"))?;
    let change = books.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let kept: String = change.query_row(KEPT, [], |row| row.get(0)).context("no trigger")?;
    change.execute_batch("drop trigger portal_pass_kept; update portal_pass set until = at + 1")?;
    change.execute_batch(&kept)?;
    change.commit().context("could not end the passes")
}
/// Makes a box believe that its next certificate is due; it must not run. The answer is the certificate.
///
/// # Errors
/// When it holds none.
pub fn certificate(data: &Path) -> Result<String> {
    let path = data.join("certificate.json");
    let text = std::fs::read_to_string(&path).context("the box holds no certificate")?;
    let mut held: serde_json::Value = serde_json::from_str(&text)?;
    let told = held.get_mut("told").and_then(serde_json::Value::as_object_mut);
    let told = told.context("the certificate is damaged")?;
    let before = told.get("certificate").and_then(serde_json::Value::as_str);
    let before = before.context("the certificate is damaged")?.to_owned();
    told.insert("renew_at_micros".to_owned(), 0.into());
    std::fs::write(&path, held.to_string()).context("could not make the certificate older")?;
    Ok(before)
}

/// How many certificates a mall has issued that have not ended.
///
/// # Errors
/// When its books cannot be read.
pub fn n_certificates(data: &Path) -> Result<usize> {
    let now = Clock::wall() * 1_000_000;
    let count = "select count(*) from certificate where ends_at > ?1";
    let n = open(&data.join("mall.db"))?.query_row(count, [now], |row| row.get(0));
    n.context("could not count the certificates")
}

/// Lets every certificate that a mall has issued so far have ended in its books.
///
/// # Errors
/// When they cannot be changed.
pub fn end_certificates(data: &Path) -> Result<()> {
    open(&data.join("mall.db"))?
        .execute("update certificate set issued_at = 0, ends_at = 1", [])
        .context("could not end the certificates")?;
    Ok(())
}
