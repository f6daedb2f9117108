//! The shelf: what somebody who looks around sees of the catalog, with what one piece costs now.
//!
//! Kiosks and phones share it. The walk along the whole catalog is kept per catalog version; pages
//! and items are read anew each time, so that a price is never older than its replica.
//!
//! **Invariant:** no cart, no shopper, no network. A shelf price is what rules take off one piece
//! by themselves; what a whole cart saves is said by the cart.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    barcode::Gtin,
    cart::{CartLine, LineItem, LineSource},
    catalog::Item,
    id::LineId,
    money::Money,
    pricing::{self, By, Lane, Occasion, PriceBook, rule::Channel},
    quantity::Quantity,
};
use rusqlite::Connection;
use tokio::time::Instant;

use crate::{
    context::{Context, mint},
    db::{
        DbError, catalog,
        replica::Replica,
        shelf::{self, Placed},
    },
};

/// What stands on the shelf at most: beyond, a person searches. Some megabytes of memory.
pub(crate) const PLACED_MAX: u32 = 100_000;
/// Variants of one style that are shown; more colours and sizes than any style has.
pub(crate) const VARIANTS_MAX: u32 = 200;
/// A walk along the catalog is taken anew at most so often; HQ's changes come in bursts.
const WALKED_AGAIN: Duration = Duration::from_secs(60);

/// A category and how much stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Category {
    /// Its path, parts divided by `/`.
    pub(crate) path: String,
    /// Items and styles in it and below it.
    pub(crate) n_placed: u32,
}

/// The walk along a catalog.
#[derive(Debug)]
pub(crate) struct Walk {
    placed: Vec<Placed>,
    /// Every category of every level, by path.
    pub(crate) categories: Vec<Category>,
}

impl Walk {
    fn of(placed: Vec<Placed>) -> Self {
        let mut counts = BTreeMap::<String, u32>::new();
        for one in placed.iter().filter(|one| !one.category.is_empty()) {
            for (end, _) in one.category.match_indices('/') {
                *counts
                    .entry(one.category.get(..end).unwrap_or_default().to_owned())
                    .or_default() += 1;
            }
            *counts.entry(one.category.clone()).or_default() += 1;
        }
        let categories =
            counts.into_iter().map(|(path, n_placed)| Category { path, n_placed }).collect();
        Self { placed, categories }
    }

    /// The 货号 of what stands in a category and below it; everything for an empty path.
    pub(crate) fn under<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let is_under = move |category: &str| {
            path.is_empty()
                || category
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.placed.iter().filter(move |one| is_under(&one.category)).map(|one| one.sku.as_str())
    }
}

/// The newest walk, and of which catalog version it is.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    newest: Mutex<Option<(Version, Instant, Arc<Walk>)>>,
}

/// A catalog's version: the feed's life and its cursor.
type Version = (domain::id::IncarnationId, i64);

impl Walks {
    /// The walk along a catalog as it stands; a minute old at most when it changes all the time.
    /// It may read the whole catalog: call it where blocking is fine.
    pub(crate) fn of(&self, replica: &Replica) -> Result<Arc<Walk>, DbError> {
        let cursor = replica.standing()?.cursor;
        let version = (cursor.incarnation, cursor.version);
        // Whoever comes while it is taken waits for it instead of walking beside it.
        let mut newest = self.newest.lock().map_err(|_| DbError::Closed)?;
        if let Some((known, at, walk)) = newest.as_ref()
            && (*known == version || (known.0 == version.0 && at.elapsed() < WALKED_AGAIN))
        {
            return Ok(Arc::clone(walk));
        }
        let walk = Arc::new(Walk::of(replica.read(|db| shelf::placed(db, PLACED_MAX))?));
        *newest = Some((version, Instant::now(), Arc::clone(&walk)));
        Ok(walk)
    }
}

/// What one piece, or one kilogram, costs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShelfPrice {
    /// After what rules take off it by themselves.
    pub(crate) price: Money,
    /// What people call those rules, in their order.
    pub(crate) promotions: Vec<String>,
}

/// By what a shelf's prices are made.
#[derive(Clone, Debug)]
pub(crate) struct ShelfTerms {
    book: Arc<PriceBook>,
    occasion: Occasion,
}

impl ShelfTerms {
    /// The rules in force, for somebody who buys in this way at this moment.
    pub(crate) fn of(context: &Context, channel: Channel) -> Self {
        let (book, occasion) = context.shelf_terms(channel);
        Self { book, occasion }
    }

    /// Prices one piece, or one kilogram. Reductions of whole carts are left out.
    pub(crate) fn price(&self, item: &Item) -> Result<ShelfPrice, DbError> {
        let line: LineId = mint();
        let alone = CartLine {
            id: line,
            position: 1,
            item: LineItem::of(item, &item.sku),
            quantity: Quantity::ONE,
            label_amount: None,
            is_labelled: false,
            source: LineSource::default(),
        };
        let damaged = || DbError::Damaged { doing: "price an item on the shelf" };
        let quote = pricing::quote(&self.book, &[alone], &self.occasion).map_err(|_| damaged())?;
        let (mut price, mut promotions) = (item.list_price, Vec::<String>::new());
        for taking in quote.takings.iter().filter(|taking| is_of_the_item(taking.lane)) {
            let units = i64::from(taking.units);
            let taken = Money::from_minor(taking.each.minor().saturating_mul(units));
            price = price.minus(taken).map_err(|_| damaged())?;
            let name = match taking.by {
                By::Rule(rule) | By::Coupon(rule, _) => self.book.rule(rule).map(|r| &r.name),
                By::Manual(_) => None,
            };
            if let Some(name) = name.filter(|name| !promotions.contains(name)) {
                promotions.push(name.clone());
            }
        }
        Ok(ShelfPrice { price, promotions })
    }
}

/// Whether a reduction is of the item itself; the others look at what lies beside it.
const fn is_of_the_item(lane: Lane) -> bool {
    match lane {
        Lane::Price | Lane::Line => true,
        Lane::Group | Lane::Order | Lane::Coupon | Lane::Points => false,
    }
}

/// An item by its 货号 or a barcode, and the variants of its style, itself among them; sizes in the
/// order of people.
pub(crate) fn with_variants(
    connection: &Connection,
    key: &str,
) -> Result<Option<(Item, Vec<Item>)>, DbError> {
    let by_code = match Gtin::parse(key) {
        Ok(gtin) => catalog::by_gtin(connection, gtin)?.map(|(item, _)| item),
        Err(_) => None,
    };
    let found = match by_code {
        Some(item) => Some(item),
        None => catalog::by_sku(connection, key)?,
    };
    let Some(item) = found else { return Ok(None) };
    let mut variants = shelf::variants(connection, &item.style, VARIANTS_MAX)?;
    if variants.is_empty() {
        variants.push(item.clone());
    }
    variants
        .sort_by(|a, b| (&a.colour, size_order(&a.size)).cmp(&(&b.colour, size_order(&b.size))));
    Ok(Some((item, variants)))
}

/// Sizes as people line them up: letters, then numbers, then words.
fn size_order(size: &str) -> (u8, u64, &str) {
    const LETTERS: [&str; 9] = ["XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL", "4XL"];
    let upper = size.to_uppercase();
    if let Some(place) = LETTERS.iter().position(|letters| *letters == upper) {
        return (0, u64::try_from(place).unwrap_or_default(), "");
    }
    let digits: String = size.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse() {
        Ok(number) => (1, number, size),
        Err(_) => (2, 0, size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    fn placed(category: &str, sku: &str) -> Placed {
        Placed { category: category.to_owned(), sku: sku.to_owned() }
    }

    #[test]
    fn a_category_counts_what_stands_below_it_and_no_neighbour() {
        let walk = Walk::of(vec![
            placed("", "LOOSE"),
            placed("food", "APPLE"),
            placed("food/tea", "TEA"),
            placed("food/tea/black", "KEEMUN"),
            placed("foodstuff", "OIL"),
        ]);
        let counted: Vec<_> =
            walk.categories.iter().map(|c| (c.path.as_str(), c.n_placed)).collect();
        assert_eq!(
            counted,
            [("food", 3), ("food/tea", 2), ("food/tea/black", 1), ("foodstuff", 1)]
        );
        for (path, expected) in [
            ("food", vec!["APPLE", "TEA", "KEEMUN"]),
            ("food/tea", vec!["TEA", "KEEMUN"]),
            ("foodstuff", vec!["OIL"]),
            ("foo", vec![]),
            ("", vec!["LOOSE", "APPLE", "TEA", "KEEMUN", "OIL"]),
        ] {
            assert_eq!(walk.under(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn sizes_stand_in_the_order_of_people() {
        let mut sizes = ["均码", "XL", "38", "S", "M", "110", "L", "36"];
        sizes.sort_by(|a, b| size_order(a).cmp(&size_order(b)));
        assert_eq!(sizes, ["S", "M", "L", "XL", "36", "38", "110", "均码"]);
    }

    /// Every piece costs 1.00 less at kiosks, every cart from 10.00 on is 5.00 less.
    const RULES: &str = r#"{"rules": [
        {"id": "kiosk", "name": "自助立减", "where": {"channels": ["kiosk"], "stores": ["S1"]},
         "steps": [{"reward": {"units": {"off": 100}}}]},
        {"id": "over-10", "name": "满10减5",
         "steps": [{"needs": [{"amount": {"minor": 1000}}], "reward": {"amount_off": 500}}]}]}"#;

    #[tokio::test]
    async fn a_shelf_price_has_what_takes_off_the_item_and_nothing_of_the_cart() {
        let store = TestStore::open(Some(RULES)).await;
        let replica = store.context().replicas.catalog().unwrap();
        let (tea, _) = replica.read(|db| with_variants(db, "tea")).unwrap().unwrap();
        for (channel, price, promotions) in
            [(Channel::Kiosk, 1_100, vec!["自助立减"]), (Channel::Till, 1_200, vec![])]
        {
            let shown = ShelfTerms::of(store.context(), channel).price(&tea).unwrap();
            assert_eq!(
                (shown.price.minor(), shown.promotions),
                (price, promotions.into_iter().map(str::to_owned).collect()),
                "{channel:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_walk_is_kept_until_the_catalog_changes() {
        let store = TestStore::open(None).await;
        let replica = store.context().replicas.catalog().unwrap();
        let walks = Walks::default();
        let first = walks.of(&replica).unwrap();
        assert!(Arc::ptr_eq(&first, &walks.of(&replica).unwrap()));
        assert_eq!(first.under("food").collect::<Vec<_>>(), ["APPLE", "TEA"]);
    }
}
