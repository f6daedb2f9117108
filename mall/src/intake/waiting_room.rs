//! How many stores tell something at the same time.
//!
//! After an outage every store comes back with all that it has sold. Those who would wait too long are
//! told at once when to come again, and whoever was served while others wait lets them go first.
//!
//! **Invariant:** nobody's facts are touched here: who is turned away keeps them and comes again.

use std::sync::atomic::{AtomicUsize, Ordering};

use sync::outbox::BATCH_FACTS_MAX;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Batches and sessions that are worked on at once: half of the connections that may write, so that HQ
/// and who makes orders are never kept from the database by stores.
const AT_WORK_MAX: usize = 4;
/// Those that wait for it: about a second of work on a small machine.
const WAITING_MAX: usize = 60;
/// Who finds no room comes again after so long, and up to half as much again.
const FULL_MS: u64 = 3_000;
/// Who was served while others wait rests so long at most.
const REST_MS_MAX: u64 = 2_000;

/// The way in for all stores of one mall process.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    work: Semaphore,
    waiting: AtomicUsize,
}

impl Default for WaitingRoom {
    fn default() -> Self {
        Self { work: Semaphore::new(AT_WORK_MAX), waiting: AtomicUsize::new(0) }
    }
}

/// There is no room: come again after so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many stores tell something at the same time")]
pub(crate) struct Full {
    /// When.
    pub(crate) retry_after_ms: u64,
}

/// What whoever was served is told while others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    /// Rest so long before the next batch.
    pub(crate) retry_after_ms: Option<u64>,
    /// The next batch may have so many facts at most.
    pub(crate) credits: Option<u32>,
}

impl Crowd {
    /// Among so many who wait.
    fn of(waiting: usize) -> Self {
        if waiting == 0 {
            return Self::default();
        }
        let waiting = waiting.min(WAITING_MAX);
        let share = REST_MS_MAX * u64::try_from(waiting).unwrap_or(0);
        let rest = share.div_ceil(u64::try_from(WAITING_MAX).unwrap_or(1));
        // Short turns while the room is more than half full: a store with a day's sales does not keep
        // one with a single sale.
        let credits = (waiting > WAITING_MAX / 2).then_some(BATCH_FACTS_MAX / 4);
        let credits = credits.and_then(|credits| u32::try_from(credits).ok());
        Self { retry_after_ms: Some(rest), credits }
    }
}

/// Somebody in the waiting room.
struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whoever has it may work; the next one may when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    room: &'a WaitingRoom,
    _work: Option<SemaphorePermit<'a>>,
}

impl Pass<'_> {
    /// How many wait now.
    pub(crate) fn crowd(&self) -> Crowd {
        Crowd::of(self.room.waiting.load(Ordering::SeqCst))
    }
}

impl WaitingRoom {
    /// Waits for a turn, if there is room to wait.
    pub(crate) async fn enter(&self) -> Result<Pass<'_>, Full> {
        if let Ok(work) = self.work.try_acquire() {
            return Ok(Pass { room: self, _work: Some(work) });
        }
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiter = Waiter(&self.waiting);
        if before >= WAITING_MAX {
            return Err(Full { retry_after_ms: FULL_MS });
        }
        // It is never closed.
        Ok(Pass { room: self, _work: self.work.acquire().await.ok() })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    type Entering<'a> = Pin<Box<dyn Future<Output = Result<Pass<'a>, Full>> + 'a>>;

    fn enter<'a>(entering: &mut Entering<'a>) -> Poll<Result<Pass<'a>, Full>> {
        entering.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_is_served_while_others_wait_lets_them_go_first() {
        let crowd = |retry_after_ms, credits| Crowd { retry_after_ms, credits };
        let table = [
            (0, crowd(None, None)),
            (1, crowd(Some(34), None)),
            (30, crowd(Some(1_000), None)),
            (31, crowd(Some(1_034), Some(25))),
            (60, crowd(Some(2_000), Some(25))),
            (999, crowd(Some(2_000), Some(25))),
        ];
        for (waiting, expected) in table {
            assert_eq!(Crowd::of(waiting), expected, "{waiting}");
        }
    }

    #[test]
    fn beyond_those_at_work_some_wait_and_the_others_are_told_when_to_come_again() {
        let room = WaitingRoom::default();
        let come = || -> Entering<'_> { Box::pin(room.enter()) };
        let at_work: Vec<_> = (0..AT_WORK_MAX)
            .map(|_| match enter(&mut come()) {
                Poll::Ready(Ok(pass)) => pass,
                other @ (Poll::Ready(Err(_)) | Poll::Pending) => panic!("{other:?}"),
            })
            .collect();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| come()).collect();
        assert!(waiting.iter_mut().all(|one| enter(one).is_pending()));
        let full = Full { retry_after_ms: FULL_MS };
        for _ in 0..2 {
            let turned_away = enter(&mut come());
            assert!(matches!(turned_away, Poll::Ready(Err(told)) if told == full));
        }
        // Who hangs up makes room, and who is done lets the first in.
        drop(waiting.pop());
        let mut late = come();
        assert!(enter(&mut late).is_pending());
        drop(at_work);
        assert!(enter(&mut waiting[0]).is_ready());
    }
}
