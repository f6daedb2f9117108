//! How many stores tell something at the same time.
//!
//! After an outage every store comes back with all that it has sold. Those who would wait too long are
//! told at once when to come again, and whoever was served while others wait lets them go first. So does
//! who makes orders of what was told, for a while: what is not acknowledged lies on one disk only.
//!
//! **Invariant:** nobody's facts are touched here: who is turned away keeps them and comes again.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use sync::outbox::BATCH_FACTS_MAX;
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

/// Batches and sessions that are worked on at once: half of the connections that may write, so that HQ
/// and who makes orders are never kept from the database by stores.
const AT_WORK_MAX: usize = 4;
/// Those that wait for it: about a second of work on a small machine.
const WAITING_MAX: usize = 60;
/// Who finds no room comes again after so long, and up to half as much again.
const FULL_MS: u64 = 3_000;
/// Who was served while others wait rests so long at most.
const REST_MS_MAX: u64 = 2_000;

/// Who makes orders lets those who tell go first for so long at most; then HQ has waited enough.
const ASIDE_MAX: Duration = Duration::from_secs(10);
/// One turn counts for so much of the mean of all: one in so many.
const MEAN_OF: u64 = 8;

/// The way in for all stores of one mall process.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    work: Semaphore,
    waiting: AtomicUsize,
    at_work: AtomicUsize,
    /// Microseconds that a turn takes, on average of the last ones.
    turn_us: AtomicU64,
    emptied: Notify,
}

impl Default for WaitingRoom {
    fn default() -> Self {
        Self {
            work: Semaphore::new(AT_WORK_MAX),
            waiting: AtomicUsize::new(0),
            at_work: AtomicUsize::new(0),
            turn_us: AtomicU64::new(0),
            emptied: Notify::new(),
        }
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
    /// Among so many who wait, where a turn takes so long: until all of them had theirs.
    fn of(waiting: usize, turn_us: u64) -> Self {
        if waiting == 0 {
            return Self::default();
        }
        let waiting = waiting.min(WAITING_MAX);
        let turns = waiting.div_ceil(AT_WORK_MAX);
        let rest = turn_us.saturating_mul(u64::try_from(turns).unwrap_or(1)).div_ceil(1_000);
        let rest = rest.clamp(1, REST_MS_MAX);
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
    begun: Instant,
    _work: Option<SemaphorePermit<'a>>,
}

impl<'a> Pass<'a> {
    fn of(room: &'a WaitingRoom, work: Option<SemaphorePermit<'a>>) -> Self {
        room.at_work.fetch_add(1, Ordering::SeqCst);
        Self { room, begun: Instant::now(), _work: work }
    }

    /// How many wait now.
    pub(crate) fn crowd(&self) -> Crowd {
        let turn_us = self.room.turn_us.load(Ordering::Relaxed);
        Crowd::of(self.room.waiting.load(Ordering::SeqCst), turn_us)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let took = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Two that leave at once may lose one of their turns: it is a mean of many.
        let mean = self.room.turn_us.load(Ordering::Relaxed);
        let mean = (mean * (MEAN_OF - 1)).saturating_add(took) / MEAN_OF;
        self.room.turn_us.store(mean, Ordering::Relaxed);
        if self.room.at_work.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.room.emptied.notify_one();
        }
    }
}

/// Whoever makes orders of what was told, and how much longer they let those who tell go first.
#[derive(Debug)]
pub(crate) struct Aside {
    left: Duration,
}

impl Default for Aside {
    fn default() -> Self {
        Self { left: ASIDE_MAX }
    }
}

impl Aside {
    /// Waits until nobody tells anything, or patience is at its end; from then on it goes without
    /// waiting, until it once finds nobody at work.
    pub(crate) async fn step(&mut self, room: &WaitingRoom) {
        let begun = Instant::now();
        while room.at_work.load(Ordering::SeqCst) > 0 {
            let left = self.left.saturating_sub(begun.elapsed());
            if timeout(left, room.emptied.notified()).await.is_err() {
                self.left = Duration::ZERO;
                return;
            }
        }
        self.left = ASIDE_MAX;
    }
}

impl WaitingRoom {
    /// Waits for a turn, if there is room to wait.
    pub(crate) async fn enter(&self) -> Result<Pass<'_>, Full> {
        if let Ok(work) = self.work.try_acquire() {
            return Ok(Pass::of(self, Some(work)));
        }
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiter = Waiter(&self.waiting);
        if before >= WAITING_MAX {
            return Err(Full { retry_after_ms: FULL_MS });
        }
        // It is never closed.
        Ok(Pass::of(self, self.work.acquire().await.ok()))
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
            (0, 10_000, crowd(None, None)),
            (1, 0, crowd(Some(1), None)),
            (1, 10_000, crowd(Some(10), None)),
            (4, 10_000, crowd(Some(10), None)),
            (5, 10_000, crowd(Some(20), None)),
            (30, 10_000, crowd(Some(80), None)),
            (31, 10_000, crowd(Some(80), Some(25))),
            (60, 133_000, crowd(Some(1_995), Some(25))),
            (999, 150_000, crowd(Some(2_000), Some(25))),
            (999, u64::MAX, crowd(Some(2_000), Some(25))),
        ];
        for (waiting, turn_us, expected) in table {
            assert_eq!(Crowd::of(waiting, turn_us), expected, "{waiting} of {turn_us}");
        }
    }

    #[tokio::test]
    async fn who_makes_orders_lets_those_who_tell_go_first_and_not_for_ever() {
        let room = WaitingRoom::default();
        let mut aside = Aside::default();
        aside.step(&room).await;
        // As soon as the last one is done.
        let (first, last) = (room.enter().await.unwrap(), room.enter().await.unwrap());
        let begun = Instant::now();
        let leave = async {
            drop(first);
            tokio::task::yield_now().await;
            assert_eq!(room.at_work.load(Ordering::SeqCst), 1);
            drop(last);
        };
        tokio::join!(aside.step(&room), leave);
        assert!(begun.elapsed() < ASIDE_MAX);
        // One after the other, and never nobody: patience ends once, and is there again after a pause.
        aside.left = Duration::from_millis(1);
        let tells = room.enter().await.unwrap();
        for _ in 0..2 {
            aside.step(&room).await;
            assert_eq!(aside.left, Duration::ZERO);
        }
        drop(tells);
        aside.step(&room).await;
        assert_eq!(aside.left, ASIDE_MAX);
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
