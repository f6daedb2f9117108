//! Counts, and tables of what a store has.
//!
//! **Invariant:** a row that was not taken is told with its line.

use domain::quantity::Quantity;

use super::{
    CliError, Desk,
    args::StockVerb,
    table::{Side, Table},
};
use crate::{hq::Asked, stock};

impl Desk<'_> {
    /// `false` when rows of a count were not taken.
    pub(super) async fn stock(&mut self, verb: StockVerb) -> Result<bool, CliError> {
        match verb {
            StockVerb::Count { store, file } => {
                let summary = stock::count_file(self.context, &store, &file).await?;
                if self.is_json {
                    self.say(&summary, "")?;
                } else {
                    for (line, what) in &summary.faults {
                        writeln!(self.out, "line {line}: {what}")?;
                    }
                    let (counted, bad) = (summary.n_counted, summary.n_bad);
                    writeln!(self.out, "{counted} items counted, {bad} rows not taken")?;
                }
                Ok(summary.n_bad == 0)
            }
            StockVerb::List { store, limit, after } => {
                let asked = Asked { date: None, after, limit: Some(limit) };
                let page = stock::list(self.context, &store, &asked).await?;
                if self.is_json {
                    return self.say(&page, "").map(|()| true);
                }
                let mut table = Table::new(&[
                    ("sku", Side::Left),
                    ("on hand", Side::Right),
                    ("reserved", Side::Right),
                    ("sold", Side::Right),
                    ("available", Side::Right),
                    ("counted at", Side::Left),
                ]);
                for item in page.items {
                    let shown = |milli: i64| Quantity::from_milli(milli).to_string();
                    table.row(vec![
                        item.sku,
                        shown(item.on_hand_milli),
                        shown(item.reserved_milli),
                        shown(item.sold_milli),
                        shown(item.available_milli),
                        item.counted_at,
                    ]);
                }
                self.page(&table, page.next).map(|()| true)
            }
        }
    }
}
