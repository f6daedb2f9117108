//! An order's rows become a document that a printer driver lays out.
//!
//! **Invariant:** no column is counted here and no byte is made.

use domain::{
    order::Order,
    receipt::{self, Copy, Place, Row, StoreHead, Weight},
    time::StoreClock,
};
use drivers::printer::document::{self, Align, Cut, Document, Text};
use sync::wire::StoreV1;

/// The receipt of an order as rows, with the store's head.
pub(crate) fn rows_of(order: &Order, store: Option<&StoreV1>, copy: Copy) -> Vec<Row> {
    let head = store.map_or_else(
        || StoreHead { name: order.receipt_number.store.to_string(), lines: vec![], foot: vec![] },
        |store| StoreHead {
            name: store.name.clone(),
            lines: store.head_lines.clone(),
            foot: store.foot_lines.clone(),
        },
    );
    let clock = store.map_or_else(StoreClock::default, |store| store.clock);
    receipt::rows(order, &head, clock, copy)
}

/// The document that is printed.
pub(super) fn document(rows: &[Row]) -> Document {
    let mut document: Document = rows.iter().map(row).collect();
    document.push(document::Row::Feed { lines: 3 });
    document.push(document::Row::Cut(Cut::Partial));
    document
}

fn row(row: &Row) -> document::Row {
    match row {
        Row::Text { text, place, weight } => {
            let align = match place {
                Place::Left => Align::Left,
                Place::Centre => Align::Centre,
            };
            weigh(Text::new(text).aligned(align), *weight).into()
        }
        Row::Pair { left, right, weight } => weigh(Text::new(left).right(right), *weight).into(),
        Row::Rule => document::Row::Rule,
        Row::DoubleRule => document::Row::DoubleRule,
        Row::Code(text) => {
            document::Row::Qr { text: text.clone(), module: document::QR_MODULE_DOTS }
        }
    }
}

fn weigh(text: Text, weight: Weight) -> Text {
    match weight {
        Weight::Plain => text,
        Weight::Bold => text.bold(),
        Weight::Large => text.bold().double(),
    }
}
