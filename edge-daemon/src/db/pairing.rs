//! Which browser is a kiosk's screen, and the code by which the next one becomes it.
//!
//! **Invariant:** no token and no code is written, only what they hash to.

use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use sync::chain::Hash;

use super::DbError;

/// A code that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// What is hashed before its digits.
    pub(crate) salt: [u8; 16],
    /// What both hash to.
    pub(crate) hash: Hash,
    /// Until when it is good.
    pub(crate) until: Timestamp,
    /// How often somebody tried another one.
    pub(crate) tries: u32,
}

/// The token of the browser that is this kiosk's screen, hashed.
pub(crate) fn token(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<Option<Hash>, DbError> {
    let token: Option<Option<[u8; 32]>> = connection
        .prepare_cached("select token_sha256 from pairing where workstation = ?1")
        .and_then(|mut s| s.query_row([workstation], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read who is paired"))?;
    Ok(token.flatten().and_then(|bytes| Hash::from_bytes(&bytes)))
}

/// Keeps a new code; the one before is worth nothing from now on.
pub(crate) fn put_code(
    connection: &Connection,
    workstation: WorkstationNumber,
    code: &Code,
    by: &str,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into pairing (workstation, code_salt, code_sha256, code_until, code_tries, code_by)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (workstation) do update set code_salt = excluded.code_salt,
               code_sha256 = excluded.code_sha256, code_until = excluded.code_until,
               code_tries = excluded.code_tries, code_by = excluded.code_by",
        )
        .and_then(|mut s| {
            let (until, tries) = (code.until.micros(), code.tries);
            s.execute(params![workstation, code.salt, code.hash.bytes(), until, tries, by])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("keep a pairing code"))
}

/// The code that was given out last and is not used.
pub(crate) fn code(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<Option<Code>, DbError> {
    connection
        .prepare_cached(
            "select code_salt, code_sha256, code_until, code_tries from pairing
             where workstation = ?1 and code_sha256 is not null",
        )
        .and_then(|mut s| {
            let read = |row: &rusqlite::Row<'_>| {
                let hash: [u8; 32] = row.get(1)?;
                Ok(Hash::from_bytes(&hash).map(|hash| -> rusqlite::Result<Code> {
                    let until = Timestamp::from_micros(row.get(2)?);
                    Ok(Code { salt: row.get(0)?, hash, until, tries: row.get(3)? })
                }))
            };
            s.query_row([workstation], read).optional()
        })
        .and_then(|found| found.flatten().transpose())
        .map_err(DbError::sqlite("read a pairing code"))
}

/// Counts a try of another code.
pub(crate) fn count_try(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<(), DbError> {
    connection
        .prepare_cached("update pairing set code_tries = code_tries + 1 where workstation = ?1")
        .and_then(|mut s| s.execute([workstation]))
        .map(|_| ())
        .map_err(DbError::sqlite("count a try of a pairing code"))
}

/// Makes a browser the kiosk's screen, or nobody's; a code that was given out is gone.
pub(crate) fn pair(
    connection: &Connection,
    workstation: WorkstationNumber,
    token: Option<Hash>,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into pairing (workstation, token_sha256, paired_at) values (?1, ?2, ?3)
             on conflict (workstation) do update set token_sha256 = excluded.token_sha256,
               paired_at = excluded.paired_at, code_salt = null, code_sha256 = null,
               code_until = null, code_tries = 0, code_by = null",
        )
        .and_then(|mut s| {
            let at = token.map(|_| now.micros());
            s.execute(params![workstation, token.map(|token| *token.bytes()), at])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("pair a kiosk"))
}
