//! A day's sums, made of its orders.
//!
//! **Invariant:** pure; every part adds up to the whole, to the fen.

use std::collections::BTreeMap;

use domain::{
    money::Money,
    receipt_number::WorkstationNumber,
    time::{BusinessDate, StoreClock, Timestamp},
};

use crate::db::{
    audit::Mark,
    console::{Sold, Taken},
};

/// So many orders, and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// How many.
    pub(crate) count: u32,
    /// How much.
    pub(crate) amount: Money,
}

impl Sum {
    fn add(&mut self, amount: Money) {
        self.count += 1;
        // A day's orders are far from overflow.
        self.amount = self.amount.plus(amount).unwrap_or(self.amount);
    }
}

/// What a business date has sold. What was undone is apart and in no other sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// In all.
    pub(crate) all: Sum,
    /// What was undone.
    pub(crate) undone: Sum,
    /// By the hour of the clock on the wall, 0 to 23; hours without an order are left out.
    pub(crate) hours: BTreeMap<u8, Sum>,
    /// By workstation.
    pub(crate) workstations: BTreeMap<WorkstationNumber, Sum>,
    /// By the way it was paid.
    pub(crate) taken: Vec<Taken>,
}

impl Day {
    /// Sums a day up.
    pub(crate) fn of(sold: &[Sold], taken: Vec<Taken>, clock: StoreClock) -> Self {
        let mut day = Self { taken, ..Self::default() };
        for order in sold {
            if order.is_undone {
                day.undone.add(order.due);
                continue;
            }
            day.all.add(order.due);
            day.hours.entry(hour(order.at, clock)).or_default().add(order.due);
            day.workstations.entry(order.workstation).or_default().add(order.due);
        }
        day
    }

    /// What one order came to on average, in whole fen.
    pub(crate) fn average(&self) -> Money {
        let count = i64::from(self.all.count.max(1));
        Money::from_minor(self.all.amount.minor() / count)
    }
}

/// The hour on the wall.
fn hour(at: Timestamp, clock: StoreClock) -> u8 {
    u8::try_from(clock.local_moment(at).minute() / 60).unwrap_or_default()
}

/// What is usual by the hour: the mean of days that sold anything, in whole fen; and how many they
/// are.
pub(crate) fn usual(days: &[Day]) -> (BTreeMap<u8, Money>, u32) {
    let open: Vec<&Day> = days.iter().filter(|day| day.all.count > 0).collect();
    let n = i64::try_from(open.len()).unwrap_or(i64::MAX).max(1);
    let mut hours: BTreeMap<u8, i64> = BTreeMap::new();
    for (hour, sum) in open.iter().flat_map(|day| &day.hours) {
        *hours.entry(*hour).or_default() += sum.amount.minor();
    }
    let mean = hours.into_iter().map(|(hour, sum)| (hour, Money::from_minor(sum / n))).collect();
    (mean, u32::try_from(open.len()).unwrap_or(u32::MAX))
}

/// When a business date begins.
pub(crate) fn begins(date: BusinessDate, clock: StoreClock) -> Option<Timestamp> {
    let midnight: Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
    let minutes = i64::from(clock.day_cut_minutes) - i64::from(clock.utc_offset_minutes);
    Some(midnight.plus_ms(minutes * 60_000))
}

/// Somebody was signed in at a workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    /// Where.
    pub(crate) workstation: WorkstationNumber,
    /// Who.
    pub(crate) operator: String,
    /// From when.
    pub(crate) from: Timestamp,
    /// To when; `None` while they are.
    pub(crate) to: Option<Timestamp>,
    /// What they sold meanwhile, what was undone left out.
    pub(crate) sold: Sum,
}

/// Who was signed in where, and what they sold there: each stay ends with the next mark of its
/// workstation. The newest first.
pub(crate) fn stays(marks: &[Mark], sold: &[Sold]) -> Vec<Stay> {
    let mut open: BTreeMap<WorkstationNumber, Stay> = BTreeMap::new();
    let mut stays = Vec::new();
    for mark in marks {
        if let Some(stay) = open.remove(&mark.workstation) {
            stays.push(Stay { to: Some(mark.at), ..stay });
        }
        if mark.is_in {
            let stay = Stay {
                workstation: mark.workstation,
                operator: mark.operator.clone(),
                from: mark.at,
                to: None,
                sold: Sum::default(),
            };
            open.insert(mark.workstation, stay);
        }
    }
    stays.extend(open.into_values());
    for order in sold.iter().filter(|order| !order.is_undone) {
        let is_of = |stay: &&mut Stay| {
            stay.workstation == order.workstation
                && stay.operator == order.operator
                && stay.from <= order.at
                && stay.to.is_none_or(|to| order.at <= to)
        };
        if let Some(stay) = stays.iter_mut().find(is_of) {
            stay.sold.add(order.due);
        }
    }
    stays.sort_by_key(|stay| std::cmp::Reverse(stay.from));
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(moment: &str) -> Timestamp {
        format!("2026-11-21T{moment}:00+08:00").parse().unwrap()
    }

    fn sold(workstation: WorkstationNumber, who: &str, moment: &str, fen: i64) -> Sold {
        Sold {
            workstation,
            operator: who.to_owned(),
            at: at(moment),
            due: Money::from_minor(fen),
            is_undone: false,
        }
    }

    #[test]
    fn the_parts_of_a_day_are_the_whole() {
        let orders = [
            sold(1, "1001", "09:59", 1_200),
            sold(2, "1002", "10:00", 34),
            sold(1, "1001", "10:59", 101),
            Sold { is_undone: true, ..sold(1, "1001", "11:00", 9_999) },
        ];
        let day = Day::of(&orders, Vec::new(), StoreClock::default());
        let sum = |count, fen| Sum { count, amount: Money::from_minor(fen) };
        assert_eq!((day.all, day.undone), (sum(3, 1_335), sum(1, 9_999)));
        assert_eq!(day.hours, BTreeMap::from([(9, sum(1, 1_200)), (10, sum(2, 135))]));
        assert_eq!(day.workstations, BTreeMap::from([(1, sum(2, 1_301)), (2, sum(1, 34))]));
        assert_eq!(day.average().minor(), 445);
        assert_eq!(Day::default().average(), Money::ZERO);
    }

    #[test]
    fn what_is_usual_is_the_mean_of_days_that_sold_anything() {
        let clock = StoreClock::default();
        let days = [
            Day::of(&[sold(1, "a", "09:00", 100), sold(1, "a", "12:00", 7)], Vec::new(), clock),
            Day::of(&[sold(1, "a", "09:30", 201)], Vec::new(), clock),
            Day::default(),
        ];
        let (hours, n) = usual(&days);
        let fen = |minor| Money::from_minor(minor);
        assert_eq!((hours, n), (BTreeMap::from([(9, fen(150)), (12, fen(3))]), 2));
        assert_eq!(usual(&[]), (BTreeMap::new(), 0));
    }

    #[test]
    fn a_stay_ends_with_the_next_mark_of_its_workstation_and_counts_what_was_sold_in_it() {
        let mark = |workstation, who: &str, moment, is_in| Mark {
            at: at(moment),
            workstation,
            operator: who.to_owned(),
            is_in,
        };
        let marks = [
            mark(1, "1001", "08:00", true),
            mark(2, "1002", "08:30", true),
            mark(1, "9001", "12:00", true),
            mark(1, "9001", "12:10", false),
            mark(1, "1001", "12:20", true),
        ];
        let orders = [
            sold(1, "1001", "09:00", 500),
            sold(2, "1002", "09:00", 70),
            sold(1, "9001", "12:05", 8),
            sold(1, "1001", "13:00", 6),
            Sold { is_undone: true, ..sold(1, "1001", "13:01", 1_000) },
        ];
        let found: Vec<_> = stays(&marks, &orders)
            .into_iter()
            .map(|s| (s.workstation, s.operator, s.to.is_none(), s.sold.amount.minor()))
            .collect();
        let stay =
            |workstation, who: &str, is_open, fen| (workstation, who.to_owned(), is_open, fen);
        let expected = [
            stay(1, "1001", true, 6),
            stay(1, "9001", false, 8),
            stay(2, "1002", true, 70),
            stay(1, "1001", false, 500),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_business_date_begins_where_it_turns() {
        let date: BusinessDate = "2026-11-21".parse().unwrap();
        let begins = begins(date, StoreClock::default()).unwrap();
        assert_eq!(begins, at("04:00"));
        let clock = StoreClock::default();
        assert_eq!(clock.business_date(begins), date);
        assert!(clock.business_date(begins.plus_ms(-1)) < date);
    }
}
