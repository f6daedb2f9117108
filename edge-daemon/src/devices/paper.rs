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

fn text(text: impl Into<String>, place: Place, weight: Weight) -> Row {
    Row::Text { text: text.into(), place, weight }
}

fn plain(line: String) -> Row {
    text(line, Place::Left, Weight::Plain)
}

fn pair(left: impl Into<String>, right: String, weight: Weight) -> Row {
    Row::Pair { left: left.into(), right, weight }
}

/// How every slip that is no receipt begins: whose it is, what it is, and the facts of it.
fn slip<const N: usize>(
    store: Option<&StoreV1>,
    title: &str,
    facts: [(&str, String); N],
) -> Vec<Row> {
    let name = store.map(|store| store.name.clone()).unwrap_or_default();
    let mut rows = vec![
        text(name, Place::Centre, Weight::Large),
        text(title, Place::Centre, Weight::Bold),
        Row::Rule,
    ];
    rows.extend(facts.map(|(what, fact)| plain(format!("{what} {fact}"))));
    rows.push(Row::Rule);
    rows
}

fn with_spec(name: &str, spec: &str) -> String {
    [name, spec].join(" ").trim().to_owned()
}

/// The slip of an online order that was handed over. Of its shopper it has no more than masks.
pub(super) fn rows_of_pickup(own: &Own, store: Option<&StoreV1>, clock: StoreClock) -> Vec<Row> {
    let pickup = &own.pickup;
    let facts = [
        ("单号", pickup.number.clone()),
        ("顾客", format!("{} {}", pickup.shopper, pickup.phone)),
        ("交付", clock.wall(own.moved_at)),
        ("收银员", own.operator.clone()),
    ];
    let mut rows = slip(store, "自提交付", facts);
    for line in &pickup.lines {
        let right = format!("× {}", line.quantity_milli);
        rows.push(pair(with_spec(&line.name, &line.spec), right, Weight::Plain));
    }
    rows.push(Row::Rule);
    rows.push(pair("已付", pickup.total_minor.to_string(), Weight::Bold));
    // Whoever brings the goods back is found by it.
    rows.push(Row::Code(pickup.id.to_string()));
    rows.push(text("退货时请出示", Place::Centre, Weight::Plain));
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
    let id = said.id.to_string();
    let tail = id.chars().skip(id.len().saturating_sub(RETURN_TAIL_CHARS));
    let facts = [
        ("单号", said.number.clone()),
        ("顾客", format!("{} {}", said.shopper, said.phone)),
        ("退货", clock.wall(at)),
        ("退货号", tail.collect()),
        ("收银员", one.asked.operator.clone()),
        ("原因", reason(one.asked.reason).to_owned()),
    ];
    let mut rows = slip(store, "线上退货", facts);
    for line in &said.lines {
        rows.push(plain(with_spec(&line.name, &line.spec)));
        let quantity = format!("  × {}", line.quantity_milli);
        rows.push(pair(quantity, line.amount_minor.to_string(), Weight::Plain));
    }
    if said.held_minor != Money::ZERO {
        let held = Money::from_minor(said.held_minor.minor().saturating_neg());
        rows.push(pair("留下的赠品", held.to_string(), Weight::Plain));
    }
    rows.push(Row::Rule);
    rows.push(pair("应退", said.amount_minor.to_string(), Weight::Bold));
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

/// The store's head and foot, as they stand around every receipt.
pub(super) fn rows_of_head(store: &StoreV1) -> Vec<Row> {
    let mut rows = slip(Some(store), "", []);
    let lines = store.head_lines.iter().chain(&store.foot_lines);
    rows.extend(lines.map(|line| text(line, Place::Centre, Weight::Plain)));
    rows
}

/// A receipt with the number by which its shopper is called, large and before all else.
pub(crate) fn called(rows: Vec<Row>, call: Option<u32>) -> Vec<Row> {
    let Some(number) = call else { return rows };
    let mut called = vec![
        text("取货号", Place::Centre, Weight::Plain),
        text(shown(number), Place::Centre, Weight::Large),
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
    use domain::{
        id::Id, pickup::PickupState, quantity::Quantity, returns::online::OnlineReturnState,
        tender::TenderKind,
    };
    use drivers::{
        port::{Limits, NetworkPrinter},
        printer::{document::Paper, escpos},
        sim::{SimPrinter, SimPrinterSetup},
    };

    use sync::wire::{
        BackLineV1, OnlineReturnV1, PickupLineV1, PickupV1, ReturnedLineV1, TakeBackV1,
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

    const RULE: &str = "------------------------------------------";

    fn clock() -> StoreClock {
        StoreClock::default()
    }

    fn id(n: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(n << 64 | 0x1234_5678_9abc_def0)
    }

    fn collected() -> PickupV1 {
        let line = |number, name: &str, spec: &str, pieces: i64, fen: i64| PickupLineV1 {
            number,
            sku: format!("S{number}"),
            name: name.to_owned(),
            spec: spec.to_owned(),
            quantity_milli: Quantity::from_milli(pieces * 1_000),
            amount_minor: Money::from_minor(fen),
        };
        PickupV1 {
            id: Id::from_uuid(id(1)),
            number: "W240881".to_owned(),
            state: PickupState::HandedOver,
            placed_at: "2026-11-21T09:00:00+08:00".parse().unwrap(),
            until: "2026-11-28T09:00:00+08:00".parse().unwrap(),
            shopper: "王*".to_owned(),
            phone: "138****5678".to_owned(),
            total_minor: Money::from_minor(45_800),
            lines: vec![
                line(1, "羊毛围巾", "驼色", 2, 39_800),
                line(
                    2,
                    "超细纤维四合一长柄可拆洗平板拖把替换布加厚吸水",
                    "40cm × 12cm 三片装",
                    1,
                    6_000,
                ),
            ],
            code_hash: String::new(),
            unpaid: false,
        }
    }

    fn online(kind: u8) -> (Own, OnlineReturn) {
        let pickup = collected();
        let at = "2026-11-22T14:05:09+08:00".parse().unwrap();
        let asked = TakeBackV1 {
            id: Id::from_uuid(id(2)),
            order: pickup.id,
            lines: vec![BackLineV1 { number: 1, quantity_milli: Quantity::ONE }],
            reason: ReturnReason::Unfit,
            saleable: true,
            amount_minor: Money::from_minor(17_900),
            workstation: 1,
            operator: "1001".to_owned(),
            at,
        };
        let back = |line: &PickupLineV1| ReturnedLineV1 {
            number: line.number,
            sku: line.sku.clone(),
            name: line.name.clone(),
            spec: line.spec.clone(),
            quantity_milli: line.quantity_milli,
            amount_minor: line.amount_minor,
        };
        let held = if kind == 0 { 0 } else { 2_000 };
        let answer = OnlineReturnV1 {
            id: asked.id,
            state: OnlineReturnState::Done,
            refusal: None,
            number: pickup.number.clone(),
            shopper: pickup.shopper.clone(),
            phone: pickup.phone.clone(),
            method: TenderKind::Wechat,
            amount_minor: Money::from_minor(45_800 - held),
            held_minor: Money::from_minor(held),
            lines: pickup.lines.iter().map(back).collect(),
        };
        let returned = OnlineReturn {
            number: pickup.number.clone(),
            asked,
            state: OnlineReturnState::Done,
            answer: Some(answer),
            refusal: None,
            decided_at: Some(at),
        };
        let own = Own {
            pickup,
            state: PickupState::HandedOver,
            picked: Vec::new(),
            workstation: 1,
            operator: "1001".to_owned(),
            moved_at: at,
            handed_over: None,
        };
        (own, returned)
    }

    #[tokio::test]
    async fn the_slip_of_a_hand_over_says_who_got_what_and_carries_the_order() {
        let store = TestStore::open(None).await;
        let head = store.context().store.load_full();
        let (own, _) = online(0);
        let rows = rows_of_pickup(&own, head.as_deref(), clock());
        let code = Row::Code("00000000-0000-0001-1234-56789abcdef0".to_owned());
        assert!(rows.contains(&code), "{rows:?}");
        let paper = tokio::task::spawn_blocking(move || on_paper(&rows)).await.unwrap();
        let expected = [
            "Tea and coats",
            "自提交付",
            RULE,
            "单号 W240881",
            "顾客 王* 138****5678",
            "交付 2026-11-22 14:05:09",
            "收银员 1001",
            RULE,
            "羊毛围巾 驼色 × 2",
            "超细纤维四合一长柄可拆洗平板拖把替换布加厚",
            "吸水 40cm × 12cm 三片装 × 1",
            RULE,
            "已付 458.00",
            "[QR 00000000-0000-0001-1234-56789abcdef0]",
            "退货时请出示",
        ];
        assert_eq!(paper[..expected.len()], expected, "{paper:#?}");
    }

    #[tokio::test]
    async fn the_slip_of_a_return_adds_up_and_says_how_the_money_goes_back() {
        let store = TestStore::open(None).await;
        let head = store.context().store.load_full();
        let (_, returned) = online(1);
        let rows = rows_of_return(&returned, head.as_deref(), clock()).unwrap();
        let paper = tokio::task::spawn_blocking(move || on_paper(&rows)).await.unwrap();
        let expected = [
            "Tea and coats",
            "线上退货",
            RULE,
            "单号 W240881",
            "顾客 王* 138****5678",
            "退货 2026-11-22 14:05:09",
            "退货号 9abcdef0",
            "收银员 1001",
            "原因 尺码或颜色不合适",
            RULE,
            "羊毛围巾 驼色",
            "× 2 398.00",
            "超细纤维四合一长柄可拆洗平板拖把替换布加厚",
            "吸水 40cm × 12cm 三片装",
            "× 1 60.00",
            "留下的赠品 -20.00",
            RULE,
            "应退 438.00",
            "由网店退回微信支付（原付款方式）",
        ];
        assert_eq!(paper[..expected.len()], expected, "{paper:#?}");
        let pending = OnlineReturn { answer: None, ..returned };
        assert_eq!(rows_of_return(&pending, head.as_deref(), clock()), None);
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
