//! Who did what: inserted in the transaction of what was done, never changed.

use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use rusqlite::{Connection, params};

use super::DbError;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Signed in at a workstation.
    TillIn,
    /// Signed out there.
    TillOut,
    /// Signed in to the console.
    ConsoleIn,
    /// Signed out of it.
    ConsoleOut,
    /// Was not let in to the console.
    ConsoleRefused,
    /// Asked for a reduction by hand.
    ApprovalAsked,
    /// Took that back.
    ApprovalWithdrawn,
    /// Allowed it.
    Approved,
    /// Did not.
    Denied,
    /// Printed a receipt again from the console.
    Reprinted,
    /// Opened a drawer from the console.
    DrawerOpened,
    /// Printed a test slip.
    PrinterTested,
    /// Tried the displays.
    DisplayTested,
}

impl Action {
    /// The word in the table.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::TillIn => "till-in",
            Self::TillOut => "till-out",
            Self::ConsoleIn => "console-in",
            Self::ConsoleOut => "console-out",
            Self::ConsoleRefused => "console-refused",
            Self::ApprovalAsked => "approval-asked",
            Self::ApprovalWithdrawn => "approval-withdrawn",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Reprinted => "reprinted",
            Self::DrawerOpened => "drawer-opened",
            Self::PrinterTested => "printer-tested",
            Self::DisplayTested => "display-tested",
        }
    }
}

/// Something that was done.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) action: Action,
    /// The operator's number; empty where nobody is known.
    pub(crate) operator: String,
    /// At which workstation.
    pub(crate) workstation: Option<WorkstationNumber>,
    /// From which address, for the console.
    pub(crate) address: String,
    /// The id of what it was done to; empty for none.
    pub(crate) subject: String,
}

impl Entry {
    /// Something done at a workstation.
    pub(crate) fn at_till(
        at: Timestamp,
        action: Action,
        operator: &str,
        workstation: WorkstationNumber,
    ) -> Self {
        Self {
            at,
            action,
            operator: operator.to_owned(),
            workstation: Some(workstation),
            address: String::new(),
            subject: String::new(),
        }
    }

    /// The same, to this.
    pub(crate) fn to(self, subject: impl ToString) -> Self {
        Self { subject: subject.to_string(), ..self }
    }
}

/// Writes down that something was done.
pub(crate) fn note(connection: &Connection, entry: &Entry) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into audit (at, action, operator, workstation, address, subject)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                entry.at.micros(),
                entry.action.word(),
                entry.operator,
                entry.workstation,
                entry.address,
                entry.subject,
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write down who did what"))
}

/// Somebody came to a workstation, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// When.
    pub(crate) at: Timestamp,
    /// Where.
    pub(crate) workstation: WorkstationNumber,
    /// Who.
    pub(crate) operator: String,
    /// Came, or went.
    pub(crate) is_in: bool,
}

/// Who came to workstations and who went in a stretch of time, in that order.
pub(crate) fn marks(
    connection: &Connection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Mark>, DbError> {
    connection
        .prepare_cached(
            "select at, workstation, operator, action = 'till-in' from audit
             where at >= ?1 and at < ?2 and action in ('till-in', 'till-out')
             and workstation is not null order by seq",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![from.micros(), until.micros()], |row| {
                    Ok(Mark {
                        at: Timestamp::from_micros(row.get(0)?),
                        workstation: row.get(1)?,
                        operator: row.get(2)?,
                        is_in: row.get(3)?,
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("read who was signed in"))
}
