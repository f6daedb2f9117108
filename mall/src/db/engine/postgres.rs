//! PostgreSQL: one database, several malls.
//!
//! SQLite has one writer, and what was written for it decides by what it has just read. Here whoever
//! writes takes a turn first: the row `write` of the table `turn`, locked until the end of their
//! transaction. Under it every statement sees what was committed before (`read committed`), as there.
//! A row and not an advisory lock: a row is locked across every node of a cluster.
//!
//! **Invariant:** words only; nothing is opened here. The turn is taken before any other row, so
//! nobody who holds a row waits for it.

/// Connections of a mall that may write: one at work under the turn, one that makes orders, and
/// batches of some stores beside them.
pub(super) const WRITERS_MAX: u32 = 8;

/// Plain; see `TAKE_WRITE`. Both in one message would save a way, and leave a connection that was
/// given up while it waited with the turn in its hands.
pub(super) const BEGIN_WRITE: &str = "begin";
/// Every statement sees the state of the first one.
pub(super) const BEGIN_READ: &str = "begin isolation level repeatable read read only";
/// Waits for its turn among all malls and keeps it.
pub(super) const TAKE_WRITE: &str = "select name from turn where name = 'write' for update";
/// The same for making orders of what the stores sent.
pub(super) const TAKE_PROCESS: &str = "select name from turn where name = 'process' for update";
/// Two malls that start over an empty database make it one after the other. Readers go on.
pub(super) const LOCK_SCHEMA: &str = "lock table schema_step in exclusive mode";

/// `synchronous_commit`: a commit is on the disk before anyone hears of it, whatever the database's
/// own default is. A mall that hangs inside a transaction holds no lock for longer than a minute; a
/// wait for a lock ends when a wait for a connection would.
pub(super) const SETTINGS: &str = "
    set synchronous_commit = on;
    set default_transaction_isolation = 'read committed';
    set default_transaction_read_only = off;
    set standard_conforming_strings = on;
    set idle_in_transaction_session_timeout = '60s';
    set lock_timeout = '15s';
    set client_min_messages = warning;
";

/// An untranslatable sign, here always NUL: no text of PostgreSQL can hold one.
pub(super) const CHARACTER_NOT_IN_REPERTOIRE: &str = "22021";

/// The head and the end of the inbox's table in the first step of the schema.
const INBOX: (&str, &str) = ("create table event_inbox (", "\n);");
/// What becomes of the end: a part for each day, and one for the days that have none.
const INBOX_BY_DAY: &str = "\n) partition by list (received_day);
create table event_inbox_rest partition of event_inbox default;";
/// The name of a table that is there, or nothing.
pub(super) const HAS_PART: &str = "select coalesce(to_regclass($1)::text, '')";

/// A step of the schema. Texts sort by their bytes, as in SQLite and in the stores' own files: the
/// feed goes on from the last key that a store holds. The inbox is kept by days.
pub(super) fn step(text: &str) -> String {
    let text = text.replace(" text not null", " text collate \"C\" not null");
    // Bytes have another name there.
    let text = text.replace(" blob not null", " bytea not null");
    let (head, end) = INBOX;
    match text.split_once(head) {
        None => text,
        Some((before, table)) => {
            format!("{before}{head}{}", table.replacen(end, INBOX_BY_DAY, 1))
        }
    }
}

/// Makes the part of a day. It is made aside and attached, which whoever writes to other days need
/// not wait for.
pub(crate) fn make_part(name: &str, day: &str) -> String {
    format!(
        "create table {name} (like event_inbox including all);
         alter table event_inbox attach partition {name} for values in ('{day}')"
    )
}

/// Codes after which the same may work (<https://www.postgresql.org/docs/current/errcodes-appendix.html>):
/// a lost connection, a deadlock, a lock that was not to be had, a server that stops or starts.
pub(super) fn is_transient(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "53300" | "55P03" | "57P01" | "57P02" | "57P03")
        || (code.len() == 5 && code.starts_with("08"))
        // Ended because its transaction lay idle.
        || code == "25P03"
}

/// Codes that a second start over the same empty database may meet: the name of a table that is just
/// being made is taken in the catalog of types before anybody can see the table.
pub(super) fn is_race(code: &str) -> bool {
    matches!(code, "23505" | "42P07" | "42710") || is_transient(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_step_sorts_by_its_bytes() {
        let step =
            step("create table a (\n  id text not null primary key,\n  n bigint not null\n);");
        let told = "create table a (\n  id text collate \"C\" not null primary key,\n  n bigint not null\n);";
        assert_eq!(step, told);
    }

    #[test]
    fn the_inbox_alone_is_kept_by_days() {
        let text = "create table a (\n  x bigint\n);\ncreate table event_inbox (\n  y bigint\n);\n\
                    create table b (\n  z bigint\n);";
        let made = "create table a (\n  x bigint\n);\ncreate table event_inbox (\n  y bigint\n\
                    ) partition by list (received_day);\n\
                    create table event_inbox_rest partition of event_inbox default;\n\
                    create table b (\n  z bigint\n);";
        assert_eq!(step(text), made);
    }

    #[test]
    fn a_lost_connection_is_transient_and_a_wrong_statement_is_not() {
        for code in ["08006", "57P01", "55P03", "40P01"] {
            assert!(is_transient(code), "{code}");
        }
        for code in ["42601", "23505", "22021", "08", "5"] {
            assert!(!is_transient(code), "{code}");
        }
    }
}
