//! An order's place in lists, newest first: where a page ends and the next one begins.
//!
//! **Invariant:** no two orders have the same place, so no page hides one, whatever their moments.

use std::str::FromStr;

use domain::{id::OrderId, time::Timestamp};
use uuid::Uuid;

/// Where an order stands: by its moment, and among those of one moment by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// When it was completed.
    pub(crate) at: Timestamp,
    /// Which one.
    pub(crate) id: OrderId,
}

impl Place {
    /// Before it stand all orders, whose clocks may have been wrong.
    pub(crate) const LAST: Self =
        Self { at: Timestamp::from_micros(i64::MAX), id: OrderId::from_uuid(Uuid::max()) };
}

/// As `next` of a page writes it.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.at, self.id)
    }
}

/// No place is written like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the place of an order")]
pub(crate) struct NotAPlace;

/// A moment alone stands before all orders of that moment.
impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (at, id) = text.split_once(',').map_or((text, None), |(at, id)| (at, Some(id)));
        Ok(Self {
            at: at.parse().map_err(|_| NotAPlace)?,
            id: match id {
                Some(id) => id.parse().map_err(|_| NotAPlace)?,
                None => OrderId::from_uuid(Uuid::nil()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use rusqlite::{Connection, params};

    use super::*;
    use crate::db::{console, migrate, orders};

    /// A ledger with an order at each place. Their ids rise and fall whatever their moments do.
    fn ledger(places: &[Place]) -> Connection {
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, Path::new("ledger.db")).unwrap();
        for place in places {
            let (number, at) = (format!("S1-{}", place.id), place.at.micros());
            ledger
                .execute(
                    "insert into orders (id, receipt_number, workstation, business_date, operator,
                       completed_at, list_minor, total_minor, rounding_minor, change_minor)
                     values (?1, ?2, 1, '2026-11-21', '1001', ?3, 0, 0, 0, 0)",
                    params![place.id.bytes(), number, at],
                )
                .unwrap();
        }
        ledger
    }

    /// All pages of a list, one after the other, each asked for by the text of the one before.
    fn turned(limit: usize, page: impl Fn(Option<Place>) -> Vec<Place>) -> Vec<Place> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let found = page(before);
            let is_full = found.len() == limit;
            before = found.last().map(|last| last.to_string().parse().unwrap());
            all.extend(found);
            if !is_full {
                return all;
            }
        }
    }

    fn place() -> impl Strategy<Value = Place> {
        // Few moments and many ids, so that pages end within a moment.
        (0..4_i64, any::<u128>()).prop_map(|(at, id)| Place {
            at: Timestamp::from_micros(at),
            id: OrderId::from_uuid(Uuid::from_u128(id)),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn page_by_page_every_order_is_shown_once_the_newest_first(
            places in prop::collection::btree_set(place(), 0..24),
            limit in 1..7_usize,
        ) {
            let mut expected: Vec<Place> = places.into_iter().collect();
            let ledger = ledger(&expected);
            expected.reverse();
            let of_api = turned(limit, |before| {
                let found = orders::newest(&ledger, None, before, limit).unwrap();
                found.iter().map(|order| order.place).collect()
            });
            prop_assert_eq!(&of_api, &expected);
            let of_console = turned(limit, |before| {
                let found = console::list(&ledger, "S1", before, limit).unwrap();
                found.iter().map(|order| order.place).collect()
            });
            prop_assert_eq!(&of_console, &expected);
        }
    }

    #[test]
    fn a_moment_alone_stands_before_all_orders_of_that_moment() {
        let at = Timestamp::from_micros(7);
        let of = |id| Place { at, id: OrderId::from_uuid(Uuid::from_u128(id)) };
        let ledger = ledger(&[of(1), of(2), Place { at: Timestamp::from_micros(6), ..of(3) }]);
        let before: Place = at.to_string().parse().unwrap();
        let found = orders::newest(&ledger, None, Some(before), 9).unwrap();
        let found: Vec<u128> = found.iter().map(|o| o.place.id.uuid().as_u128()).collect();
        assert_eq!(found, [3]);
        assert_eq!(of(2).to_string().parse(), Ok(of(2)));
        for nonsense in ["", ",", "7", "2026-11-21T12:00:00Z,", "2026-11-21T12:00:00Z,7"] {
            assert_eq!(nonsense.parse::<Place>(), Err(NotAPlace), "{nonsense}");
        }
    }
}
