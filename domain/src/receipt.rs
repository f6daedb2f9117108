//! An order as rows, before any printer or screen.
//!
//! **Invariant:** no column counts, no bytes; `drivers` lays out, screens draw, both from these.

use crate::{
    catalog::Unit,
    money::Money,
    order::{Adjustment, Order, OrderLine, Pricing},
    pricing::Lane,
    tender::TenderKind,
    time::StoreClock,
};

/// What stands over and under every receipt of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHead {
    /// The store's name.
    pub name: String,
    /// Lines under the name, e.g. address and phone.
    pub lines: Vec<String>,
    /// Lines at the foot, e.g. the return policy.
    pub foot: Vec<String>,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the left edge.
    Left,
    /// In the middle.
    Centre,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As most of the receipt.
    Plain,
    /// Bold.
    Bold,
    /// Bold and twice as high and wide.
    Large,
}

/// One row of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line of text.
    Text {
        /// What it says.
        text: String,
        /// Where it stands.
        place: Place,
        /// How it is set.
        weight: Weight,
    },
    /// A label at the left and an amount at the right; the amount is never cut.
    Pair {
        /// What it is.
        left: String,
        /// How much.
        right: String,
        /// How it is set.
        weight: Weight,
    },
    /// A hairline.
    Rule,
    /// The double rule under a final amount (双线).
    DoubleRule,
    /// A code to scan the receipt by.
    Code(String),
}

/// A second copy says so, on paper and screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The first.
    First,
    /// Printed again (补打).
    Reprint,
}

fn text(text: impl Into<String>, place: Place, weight: Weight) -> Row {
    Row::Text { text: text.into(), place, weight }
}

fn pair(left: impl Into<String>, right: impl Into<String>, weight: Weight) -> Row {
    Row::Pair { left: left.into(), right: right.into(), weight }
}

/// The rows of an order's receipt.
#[must_use]
pub fn rows(order: &Order, head: &StoreHead, clock: StoreClock, copy: Copy) -> Vec<Row> {
    let mut rows = vec![text(&head.name, Place::Centre, Weight::Large)];
    rows.extend(head.lines.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    if copy == Copy::Reprint {
        rows.push(text("** 补打 **", Place::Centre, Weight::Bold));
    }
    rows.push(text(format!("单号 {}", order.receipt_number), Place::Left, Weight::Plain));
    rows.push(text(format!("时间 {}", clock.wall(order.completed_at)), Place::Left, Weight::Plain));
    let workstation = order.receipt_number.workstation;
    rows.push(text(
        format!("收银台 {workstation}  收银员 {}", order.operator),
        Place::Left,
        Weight::Plain,
    ));
    rows.push(Row::Rule);
    rows.extend(order.lines.iter().flat_map(line_rows));
    rows.push(Row::Rule);
    rows.extend(sum_rows(order));
    rows.push(Row::Code(order.receipt_number.to_string()));
    rows.extend(head.foot.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    rows
}

/// `名称 规格` over `2 × 12.99      25.98`, and under it what reductions of this line took by name.
///
/// The right column is the list amount and then what comes off it, so that a shopper can add it up.
fn line_rows(line: &OrderLine) -> Vec<Row> {
    let name = [line.item.name.as_str(), line.item.spec.as_str()];
    let name = name.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let unit = match line.item.unit {
        Unit::Piece => "",
        Unit::Kg => "kg",
    };
    let how = format!("  {}{unit} × {}", line.quantity, line.item.list_price);
    let mut rows = vec![
        text(name, Place::Left, Weight::Plain),
        pair(how, line.list.to_string(), Weight::Plain),
    ];
    let own = line.adjustments.iter().filter(|taken| is_of_line(taken.lane));
    rows.extend(own.map(|taken| {
        let gift = if taken.gift_for.is_some() { "赠品 " } else { "" };
        pair(format!("  {gift}{}", taken.name), taken_off(taken.amount), Weight::Plain)
    }));
    rows
}

/// Whether a reduction stands under its line; one of a later lane was split over many lines and
/// stands once, under all of them.
const fn is_of_line(lane: Lane) -> bool {
    match lane {
        Lane::Price | Lane::Line | Lane::Group => true,
        Lane::Order | Lane::Coupon | Lane::Points => false,
    }
}

/// `-12.50`; a price that somebody raised by hand reads `+12.50`.
fn taken_off(amount: Money) -> String {
    if amount < Money::ZERO {
        format!("+{}", Money::from_minor(amount.minor().saturating_neg()))
    } else {
        format!("-{amount}")
    }
}

/// From the sum of the lists to the total: what the lines' own reductions took together, then each
/// reduction of the whole order, then delivery. Nothing, where nothing was reduced or delivered.
fn savings_rows(order: &Order) -> Vec<Row> {
    let (mut of_lines, mut of_order) = (0_i64, Vec::<(&Adjustment, i64)>::new());
    for taken in order.lines.iter().flat_map(|line| &line.adjustments) {
        let amount = taken.amount.minor();
        if is_of_line(taken.lane) {
            of_lines = of_lines.saturating_add(amount);
            continue;
        }
        match of_order.iter_mut().find(|(known, _)| known.source == taken.source) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => of_order.push((taken, amount)),
        }
    }
    if of_lines == 0 && of_order.is_empty() && order.delivery.is_none() {
        return Vec::new();
    }
    let off = |name: &str, minor| pair(name, taken_off(Money::from_minor(minor)), Weight::Plain);
    let mut rows = vec![pair("原价合计", order.list.to_string(), Weight::Plain)];
    if of_lines != 0 {
        rows.push(off("商品优惠", of_lines));
    }
    rows.extend(of_order.into_iter().map(|(taken, sum)| {
        let gift = if taken.gift_for.is_some() { "赠品 " } else { "" };
        off(&format!("{gift}{}", taken.name), sum)
    }));
    if let Some(delivery) = &order.delivery {
        rows.push(pair("运费", delivery.fee.to_string(), Weight::Plain));
        let waived = delivery.fee.minor().saturating_sub(delivery.amount.minor());
        if waived != 0 {
            rows.push(off("运费减免", waived));
        }
    }
    rows
}

fn sum_rows(order: &Order) -> Vec<Row> {
    let mut rows = vec![pair("件数", order.pieces().to_string(), Weight::Plain)];
    rows.extend(savings_rows(order));
    rows.push(pair("合计", order.total.to_string(), Weight::Plain));
    if order.rounding != Money::ZERO {
        rows.push(pair("抹零", order.rounding.to_string(), Weight::Plain));
    }
    if let Ok(due) = order.due() {
        rows.push(pair("应收", format!("￥{due}"), Weight::Large));
    }
    rows.push(Row::DoubleRule);
    rows.extend(order.tenders.iter().map(|tender| {
        let name = match tender.kind {
            TenderKind::Cash => "现金",
            TenderKind::Card => "银行卡",
        };
        pair(name, tender.amount.to_string(), Weight::Plain)
    }));
    if order.change != Money::ZERO {
        rows.push(pair("找零", order.change.to_string(), Weight::Bold));
    }
    rows.extend(thanks_rows(order));
    rows
}

/// What the shopper saved in all, and what became of points.
fn thanks_rows(order: &Order) -> Vec<Row> {
    let mut rows = Vec::new();
    // Sums of a checked order cannot overflow; were one ever to, the row is left out.
    if let Ok(saved) = order.saved()
        && saved > Money::ZERO
    {
        rows.push(pair("本单已省", saved.to_string(), Weight::Bold));
    }
    let Pricing { points_spent, points_earned, .. } = order.pricing;
    if points_spent != 0 {
        rows.push(pair("使用积分", points_spent.to_string(), Weight::Plain));
    }
    if points_earned != 0 {
        rows.push(pair("获得积分", points_earned.to_string(), Weight::Plain));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cart::LineItem,
        id::{Id, LineId},
        money::BasisPoints,
        order::{Delivery, Source},
        pricing::Occasion,
        quantity::Quantity,
        tender::Tender,
        time::Timestamp,
    };

    fn fen(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn taken(rule: &str, lane: Lane, minor: i64) -> Adjustment {
        let source = Source::Rule(rule.to_owned());
        Adjustment { source, name: rule.to_owned(), lane, amount: fen(minor), gift_for: None }
    }

    fn line(number: u16, name: &str, list: i64, adjustments: Vec<Adjustment>) -> OrderLine {
        let off: i64 = adjustments.iter().map(|taken| taken.amount.minor()).sum();
        let item = LineItem {
            sku: name.to_owned(),
            code: name.to_owned(),
            name: name.to_owned(),
            spec: String::new(),
            unit: Unit::Piece,
            list_price: fen(list),
            tax_rate: BasisPoints(0),
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            tags: Vec::new(),
        };
        OrderLine {
            id: LineId::from_uuid(uuid::Uuid::from_u128(u128::from(number))),
            number,
            item,
            quantity: Quantity::ONE,
            label_amount: None,
            list: fen(list),
            amount: fen(list - off),
            tax: Money::ZERO,
            adjustments,
            units: Vec::new(),
        }
    }

    fn order(lines: Vec<OrderLine>, delivery: Option<Delivery>) -> Order {
        let list = lines.iter().map(|line| line.list.minor()).sum();
        let amounts: i64 = lines.iter().map(|line| line.amount.minor()).sum();
        let total = fen(amounts + delivery.as_ref().map_or(0, |d| d.amount.minor()));
        let clock = StoreClock::default();
        let at = Timestamp::from_micros(1_764_000_000_000_000);
        let occasion = Occasion::at_till("S1".to_owned(), clock, at);
        Order {
            id: Id::from_uuid(uuid::Uuid::from_u128(7)),
            receipt_number: "S1-1-1-20251125-0001".parse().unwrap(),
            operator: "1001".to_owned(),
            completed_at: at,
            lines,
            delivery,
            list: fen(list),
            total,
            rounding: Money::ZERO,
            tenders: vec![Tender { kind: TenderKind::Cash, amount: total }],
            change: Money::ZERO,
            pricing: Pricing { revision: 1, occasion, points_spent: 0, points_earned: 0 },
        }
    }

    /// Rows with two sides as `left right`, the spaces before the left side kept.
    fn pairs(order: &Order) -> Vec<String> {
        let head = StoreHead { name: "x".to_owned(), lines: Vec::new(), foot: Vec::new() };
        let rows = rows(order, &head, StoreClock::default(), Copy::First);
        let sides = rows.into_iter().filter_map(|row| match row {
            Row::Pair { left, right, .. } => Some(format!("{left} {right}")),
            Row::Text { .. } | Row::Rule | Row::DoubleRule | Row::Code(_) => None,
        });
        sides.collect()
    }

    #[test]
    fn a_receipt_without_reductions_says_nothing_of_them() {
        let plain = pairs(&order(vec![line(1, "tea", 1_200, vec![])], None));
        assert_eq!(
            plain,
            ["  1 × 12.00 12.00", "件数 1", "合计 12.00", "应收 ￥12.00", "现金 12.00"]
        );
    }

    #[test]
    fn what_a_line_saved_stands_under_it_and_what_the_order_saved_stands_once() {
        let mut gift = taken("满100赠", Lane::Order, 500);
        gift.gift_for = Some(vec![1]);
        let mut order = order(
            vec![
                line(
                    1,
                    "coat",
                    20_000,
                    vec![
                        taken("第二件半价", Lane::Group, 5_000),
                        taken("满100减10", Lane::Order, 750),
                    ],
                ),
                line(2, "hat", 5_000, vec![taken("满100减10", Lane::Order, 250)]),
                line(3, "socks", 500, vec![gift]),
            ],
            None,
        );
        (order.pricing.points_spent, order.pricing.points_earned) = (100, 18);
        assert_eq!(
            pairs(&order),
            [
                "  1 × 200.00 200.00",
                "  第二件半价 -50.00",
                "  1 × 50.00 50.00",
                "  1 × 5.00 5.00",
                "件数 3",
                "原价合计 255.00",
                "商品优惠 -50.00",
                "满100减10 -10.00",
                "赠品 满100赠 -5.00",
                "合计 190.00",
                "应收 ￥190.00",
                "现金 190.00",
                "本单已省 65.00",
                "使用积分 100",
                "获得积分 18",
            ]
        );
    }

    #[test]
    fn the_sums_of_the_right_column_lead_from_the_lists_to_the_total() {
        let delivery = Delivery {
            fee: fen(800),
            amount: fen(300),
            rounding: Money::ZERO,
            tenders: vec![fen(300)],
        };
        let raised = line(1, "tea", 1_000, vec![taken("手工改价", Lane::Line, -200)]);
        let rows = pairs(&order(vec![raised], Some(delivery)));
        let from = rows.iter().position(|row| row.starts_with("原价合计")).unwrap();
        assert_eq!(
            rows[from..from + 5],
            ["原价合计 10.00", "商品优惠 +2.00", "运费 8.00", "运费减免 -5.00", "合计 15.00"]
        );
    }
}
