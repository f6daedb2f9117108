//! Receipts waiting for paper.
//!
//! `queued → sending → sent`, or `unknown` when bytes may have reached the printer and nobody knows
//! whether they came out; an unknown one is never sent again by itself. `set_aside` are slips that
//! waited too long for a dead printer: they are offered, not printed.

use domain::{
    id::{OnlineReturnId, OrderId, PickupId, SlipId},
    receipt::Copy,
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::DbError;

/// Where a slip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlipState {
    /// Waits.
    Queued,
    /// Bytes are on their way.
    Sending,
    /// The printer took all of it.
    Sent,
    /// Some bytes may have gone; look at the paper.
    Unknown,
    /// Waited too long; offered for reprint.
    SetAside,
}

impl SlipState {
    const ALL: [Self; 5] = [Self::Queued, Self::Sending, Self::Sent, Self::Unknown, Self::SetAside];

    /// The word in the table and on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::SetAside => "set_aside",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A slip to print.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    /// Its id.
    pub(crate) id: SlipId,
    /// What it says.
    pub(crate) of: SlipOf,
    /// Since when it waits.
    pub(crate) queued_at: Timestamp,
}

/// What a slip says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlipOf {
    /// The receipt of an order.
    Order {
        /// Which.
        order: OrderId,
        /// First or reprint.
        copy: Copy,
    },
    /// That an online order was handed over.
    Pickup(PickupId),
    /// That goods of an online order came back.
    Return(OnlineReturnId),
}

/// The word in the table.
const fn copy_word(copy: Copy) -> &'static str {
    match copy {
        Copy::First => "first",
        Copy::Reprint => "reprint",
        Copy::PostVoid => "post_void",
    }
}

/// Queues a receipt; the same id again is the same slip.
pub(crate) fn push(
    connection: &Connection,
    slip: &Slip,
    workstation: WorkstationNumber,
) -> Result<(), DbError> {
    let first = copy_word(Copy::First);
    let (order, pickup, back, copy) = match slip.of {
        SlipOf::Order { order, copy } => (Some(order.bytes()), None, None, copy_word(copy)),
        SlipOf::Pickup(pickup) => (None, Some(pickup.bytes()), None, first),
        SlipOf::Return(back) => (None, None, Some(back.bytes()), first),
    };
    connection
        .prepare_cached(
            "insert into spool (id, order_id, pickup_id, return_id, workstation, copy, queued_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (id) do nothing",
        )
        .and_then(|mut statement| {
            let (id, at) = (slip.id.bytes(), slip.queued_at.micros());
            statement.execute(params![id, order, pickup, back, workstation, copy, at])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("queue a receipt"))
}

/// The next slip of a workstation.
pub(crate) fn next(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<Option<Slip>, DbError> {
    connection
        .prepare_cached(
            "select id, order_id, copy, queued_at, pickup_id, return_id from spool
             where workstation = ?1 and state = 'queued' order by seq limit 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([workstation], |row| {
                    let id = |index| row.get(index).map(uuid::Uuid::from_bytes);
                    let word: String = row.get(2)?;
                    let copies = [Copy::First, Copy::Reprint, Copy::PostVoid];
                    let copy = copies.into_iter().find(|copy| copy_word(*copy) == word);
                    let maybe = |index| -> rusqlite::Result<Option<uuid::Uuid>> {
                        let bytes: Option<[u8; 16]> = row.get(index)?;
                        Ok(bytes.map(uuid::Uuid::from_bytes))
                    };
                    let of = match (maybe(4)?, maybe(5)?) {
                        (Some(pickup), _) => SlipOf::Pickup(PickupId::from_uuid(pickup)),
                        (None, Some(back)) => SlipOf::Return(OnlineReturnId::from_uuid(back)),
                        (None, None) => SlipOf::Order {
                            order: OrderId::from_uuid(id(1)?),
                            // What a newer program wrote is told as a copy.
                            copy: copy.unwrap_or(Copy::Reprint),
                        },
                    };
                    Ok(Slip {
                        id: SlipId::from_uuid(id(0)?),
                        of,
                        queued_at: Timestamp::from_micros(row.get(3)?),
                    })
                })
                .optional()
        })
        .map_err(DbError::sqlite("look for a receipt to print"))
}

/// Moves a slip on.
pub(crate) fn set(
    connection: &Connection,
    id: SlipId,
    state: SlipState,
    at: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached("update spool set state = ?2, settled_at = ?3 where id = ?1")
        .and_then(|mut s| s.execute(params![id.bytes(), state.word(), at.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("note what became of a receipt"))
}

/// What was being sent when the daemon died may be on paper or not.
pub(crate) fn doubt_what_was_sending(
    connection: &Connection,
    at: Timestamp,
) -> Result<usize, DbError> {
    connection
        .execute(
            "update spool set state = 'unknown', settled_at = ?1 where state = 'sending'",
            [at.micros()],
        )
        .map_err(DbError::sqlite("doubt what was being printed"))
}

/// Where the newest slip of an order stands.
pub(crate) fn state_of(
    connection: &Connection,
    order: OrderId,
) -> Result<Option<SlipState>, DbError> {
    connection
        .prepare_cached("select state from spool where order_id = ?1 order by seq desc limit 1")
        .and_then(|mut s| s.query_row([order.bytes()], |row| row.get::<_, String>(0)).optional())
        .map(|word| word.and_then(|word| SlipState::from_word(&word)))
        .map_err(DbError::sqlite("look up a receipt"))
}

/// Slips of a workstation that nobody is sure about.
pub(crate) fn doubtful(
    connection: &Connection,
    workstation: WorkstationNumber,
    since: Timestamp,
) -> Result<u32, DbError> {
    connection
        .prepare_cached(
            "select count(*) from spool
             where workstation = ?1 and state in ('unknown', 'set_aside') and settled_at >= ?2
               and not exists (select 1 from spool again
                               where again.order_id = spool.order_id and again.seq > spool.seq)",
        )
        .and_then(|mut s| s.query_row(params![workstation, since.micros()], |row| row.get(0)))
        .map_err(DbError::sqlite("count doubtful receipts"))
}
