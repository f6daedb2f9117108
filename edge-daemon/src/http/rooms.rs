//! The rooms behind the edge's doors: how many come in through each, and how long they may take.
//!
//! Pages for guests, shoppers' phones and the tills share a process, its open files and its threads.
//! Whatever happens at the other doors, the tills' own has room.
//!
//! **Invariant:** numbers alone; how callers come in and leave is the crate `doorway`'s.

use std::time::Duration;

use doorway::Room;

/// Screens of this box and of tills beside it: browsers that open six each, and their streams. They
/// may all be one caller.
pub(super) const BOX: Room = room(256, 256);
/// Managers' phones and other devices of the store; a browser opens six.
pub(super) const LAN: Room = room(128, 16);
/// Shoppers' phones; those behind one access point may share an address.
pub(super) const PHONES: Room = room(256, 64);
/// The sign-in pages of guests: one answer each.
pub(super) const GUESTS: Room = room(256, 16);
/// The portal's API: one question each, when a phone joins and when it looks again.
pub(super) const GUESTS_API: Room = room(64, 4);

/// A request's head is a packet or two; a phone that has moved out of reach is not waited for.
const HEAD: Duration = Duration::from_secs(10);
/// Until its answer begins a request may take so long: longer than the mall and other houses take,
/// and than a body of ours over the worst of lines.
const ANSWER: Duration = Duration::from_secs(60);
/// What is under way when the daemon is told to stop gets so long; systemd waits twenty seconds.
const PARTING: Duration = Duration::from_secs(10);

const fn room(all: usize, of_one: usize) -> Room {
    Room { all, of_one, head: HEAD, idle: HEAD, answer: ANSWER, parting: PARTING }
}
