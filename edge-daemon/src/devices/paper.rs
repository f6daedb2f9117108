//! An order's rows become a document that a printer driver lays out.
//!
//! **Invariant:** no column is counted here and no byte is made.

use domain::{
    money::Money,
    order::Order,
    receipt::{self, Copy, MemberNote, Place, Row, StoreHead, Weight},
    returns::online::ReturnReason,
    time::StoreClock,
};
use drivers::printer::document::{self, Align, Cut, Document, Text};
use sync::wire::StoreV1;

use crate::{
    db::{call::shown, pickup::Own},
    online_return::OnlineReturn,
};

/// The receipt of an order as rows, with the store's head.
pub(crate) fn rows_of(
    order: &Order,
    store: Option<&StoreV1>,
    copy: Copy,
    member: Option<&MemberNote>,
) -> Vec<Row> {
    let head = store.map_or_else(
        || StoreHead { name: order.receipt_number.store.to_string(), lines: vec![], foot: vec![] },
        |store| StoreHead {
            name: store.name.clone(),
            lines: store.head_lines.clone(),
            foot: store.foot_lines.clone(),
        },
    );
    let clock = store.map_or_else(StoreClock::default, |store| store.clock);
    receipt::rows(order, &head, clock, copy, member)
}

/// The slip of an online order that was handed over. Of its shopper it has no more than masks.
pub(super) fn rows_of_pickup(own: &Own, store: Option<&StoreV1>, clock: StoreClock) -> Vec<Row> {
    let text = |text: String, place, weight| Row::Text { text, place, weight };
    let plain = |line: String| text(line, Place::Left, Weight::Plain);
    let pickup = &own.pickup;
    let name = store.map(|store| store.name.clone()).unwrap_or_default();
    let mut rows = vec![
        text(name, Place::Centre, Weight::Large),
        text("自提交付".to_owned(), Place::Centre, Weight::Bold),
        Row::Rule,
        plain(format!("单号 {}", pickup.number)),
        plain(format!("顾客 {} {}", pickup.shopper, pickup.phone)),
        plain(format!("交付 {}", clock.wall(own.moved_at))),
        plain(format!("收银员 {}", own.operator)),
        Row::Rule,
    ];
    for line in &pickup.lines {
        let left = [line.name.as_str(), line.spec.as_str()].join(" ").trim().to_owned();
        let right = format!("× {}", line.quantity_milli);
        rows.push(Row::Pair { left, right, weight: Weight::Plain });
    }
    rows.push(Row::Rule);
    let right = pickup.total_minor.to_string();
    rows.push(Row::Pair { left: "已付".to_owned(), right, weight: Weight::Bold });
    // Whoever brings the goods back is found by it.
    rows.push(Row::Code(pickup.id.to_string()));
    rows.push(text("退货时请出示".to_owned(), Place::Centre, Weight::Plain));
    rows
}

/// Signs of a return's id that stand on its slip; HQ's list ends with them.
const RETURN_TAIL_CHARS: usize = 8;

/// The slip of goods of an online order that came back; none of a return that is not done.
pub(super) fn rows_of_return(
    one: &OnlineReturn,
    store: Option<&StoreV1>,
    clock: StoreClock,
) -> Option<Vec<Row>> {
    let (said, at) = (one.answer.as_ref()?, one.decided_at?);
    let text = |text: String, place, weight| Row::Text { text, place, weight };
    let plain = |line: String| text(line, Place::Left, Weight::Plain);
    let pair = |left: String, right: String, weight| Row::Pair { left, right, weight };
    let id = said.id.to_string();
    let tail = id.chars().skip(id.len().saturating_sub(RETURN_TAIL_CHARS));
    let name = store.map(|store| store.name.clone()).unwrap_or_default();
    let mut rows = vec![
        text(name, Place::Centre, Weight::Large),
        text("线上退货".to_owned(), Place::Centre, Weight::Bold),
        Row::Rule,
        plain(format!("单号 {}", said.number)),
        plain(format!("顾客 {} {}", said.shopper, said.phone)),
        plain(format!("退货 {}", clock.wall(at))),
        plain(format!("退货号 {}", tail.collect::<String>())),
        plain(format!("收银员 {}", one.asked.operator)),
        plain(format!("原因 {}", reason(one.asked.reason))),
        Row::Rule,
    ];
    for line in &said.lines {
        let left = [line.name.as_str(), line.spec.as_str()].join(" ").trim().to_owned();
        rows.push(plain(left));
        let quantity = format!("  × {}", line.quantity_milli);
        rows.push(pair(quantity, line.amount_minor.to_string(), Weight::Plain));
    }
    if said.held_minor != Money::ZERO {
        let held = Money::from_minor(said.held_minor.minor().saturating_neg());
        rows.push(pair("留下的赠品".to_owned(), held.to_string(), Weight::Plain));
    }
    rows.push(Row::Rule);
    rows.push(pair("应退".to_owned(), said.amount_minor.to_string(), Weight::Bold));
    let way = format!("由网店退回{}（原付款方式）", receipt::name_of(said.method));
    rows.push(plain(way));
    Some(rows)
}

const fn reason(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::ChangedMind => "不想要了",
        ReturnReason::Unfit => "尺码或颜色不合适",
        ReturnReason::Defective => "商品有问题",
        ReturnReason::WrongItem => "发错了货",
        ReturnReason::Other => "其他",
    }
}

/// A receipt with the number by which its shopper is called, large and before all else.
pub(crate) fn called(rows: Vec<Row>, call: Option<u32>) -> Vec<Row> {
    let Some(number) = call else { return rows };
    let text = |text: String, weight| Row::Text { text, place: Place::Centre, weight };
    let mut called = vec![
        text("取货号".to_owned(), Weight::Plain),
        text(shown(number), Weight::Large),
        Row::Rule,
    ];
    called.extend(rows);
    called
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

#[cfg(test)]
mod tests {
    use drivers::{
        port::{Limits, NetworkPrinter},
        printer::{document::Paper, escpos},
        sim::{SimPrinter, SimPrinterSetup},
    };

    use super::*;
    use crate::test_store::TestStore;

    const RULES: &str = r#"{"rules": [
        {"id": "second", "name": "第二件半价", "repeat": "each", "goods": {"any": [{"sku": "TEA"}]},
         "steps": [{"reward": {"nth": {"n": 2, "cut": {"rate": 5000}}}}]},
        {"id": "over-100", "name": "满100减7",
         "steps": [{"needs": [{"amount": {"minor": 10000}}], "reward": {"amount_off": 700}}]}
    ]}"#;

    /// What stands on the paper of a printer that got the receipt's bytes.
    fn on_paper(rows: &[Row]) -> Vec<String> {
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sim = SimPrinter::start(SimPrinterSetup::on(any)).unwrap();
        let bytes = escpos::encode(&document(rows), Paper::COLUMNS_42).unwrap();
        let mut printer =
            NetworkPrinter::open(&sim.address().to_string(), Limits::default()).unwrap();
        printer.print(&bytes).unwrap();
        let tape = sim.tape();
        let lines = tape.slips[0].text(tape.columns);
        lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[tokio::test]
    async fn the_paper_says_by_name_what_was_saved() {
        let store = TestStore::open(Some(RULES)).await;
        for text in ["TEA", "COAT", "TEA"] {
            store.scan(1, text).await;
        }
        let order = store.complete(1, None, 30_000).await.unwrap();
        let head = store.context().store.load();
        let rows = rows_of(&order, head.as_deref(), Copy::First, None);
        let paper = tokio::task::spawn_blocking(move || on_paper(&rows)).await.unwrap();
        let from = paper.iter().position(|line| line == "tea").unwrap();
        let expected = [
            "tea",
            "2 × 12.00 24.00",
            "第二件半价 -6.00",
            "coat",
            "1 × 200.00 200.00",
            "------------------------------------------",
            "件数 3",
            "原价合计 224.00",
            "商品优惠 -6.00",
            "满100减7 -7.00",
            "合计 211.00",
        ];
        assert_eq!(paper[from..from + expected.len()], expected, "{paper:#?}");
        assert!(paper.contains(&"本单已省 13.00".to_owned()), "{paper:#?}");
    }
}
