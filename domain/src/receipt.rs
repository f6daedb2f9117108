//! An order as rows, before any printer or screen.
//!
//! **Invariant:** no column counts, no bytes; `drivers` lays out, screens draw, both from these.

use crate::{
    catalog::Unit,
    money::Money,
    order::{Adjustment, Order, OrderGrant, OrderLine, Pricing, SELF_SERVICE, UnitRun},
    pricing::{Lane, rule::Grant},
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

/// What a receipt says of the member who bought, beside what the order says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberNote {
    /// The phone number, masked; none where it does not open.
    pub phone: Option<String>,
    /// Points before this order; none for who did not show their own code.
    pub points_before: Option<i64>,
    /// Prepaid balance before this order; likewise.
    pub balance_before: Option<Money>,
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

/// Any copy but the first says what it is, on paper and screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The first.
    First,
    /// Printed again (补打).
    Reprint,
    /// The order was undone (作废): what went back, and how.
    PostVoid,
}

impl Copy {
    /// What stands over it; nothing over the first.
    const fn mark(self) -> Option<&'static str> {
        match self {
            Self::First => None,
            Self::Reprint => Some("** 补打 **"),
            Self::PostVoid => Some("** 作废 **"),
        }
    }
}

fn text(text: impl Into<String>, place: Place, weight: Weight) -> Row {
    Row::Text { text: text.into(), place, weight }
}

fn pair(left: impl Into<String>, right: impl Into<String>, weight: Weight) -> Row {
    Row::Pair { left: left.into(), right: right.into(), weight }
}

/// The rows of an order's receipt, with what is to be said of its member.
#[must_use]
pub fn rows(
    order: &Order,
    head: &StoreHead,
    clock: StoreClock,
    copy: Copy,
    member: Option<&MemberNote>,
) -> Vec<Row> {
    let mut rows = vec![text(&head.name, Place::Centre, Weight::Large)];
    rows.extend(head.lines.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    if let Some(mark) = copy.mark() {
        rows.push(text(mark, Place::Centre, Weight::Bold));
    }
    rows.push(text(format!("单号 {}", order.receipt_number), Place::Left, Weight::Plain));
    rows.push(text(format!("时间 {}", clock.wall(order.completed_at)), Place::Left, Weight::Plain));
    let workstation = order.receipt_number.workstation;
    rows.push(text(format!("收银台 {workstation}  {}", seller(order)), Place::Left, Weight::Plain));
    rows.push(Row::Rule);
    rows.extend(order.lines.iter().flat_map(line_rows));
    rows.push(Row::Rule);
    rows.extend(sum_rows(order));
    rows.extend(member.into_iter().flat_map(|note| member_rows(order, note)));
    rows.extend(back_rows(order, copy));
    rows.push(Row::Code(order.receipt_number.to_string()));
    rows.extend(head.foot.iter().map(|line| text(line, Place::Centre, Weight::Plain)));
    rows
}

/// Who rang it up.
fn seller(order: &Order) -> String {
    match order.operator.as_str() {
        SELF_SERVICE => "自助".to_owned(),
        operator => format!("收银员 {operator}"),
    }
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
    let own = line.adjustments.iter().enumerate().filter(|(_, taken)| is_of_line(taken.lane));
    rows.extend(own.map(|(place, taken)| {
        let left = format!("  {}{}", gift(line, place), taken.name);
        pair(left, taken_off(taken.amount), Weight::Plain)
    }));
    rows
}

/// What stands before a reduction that left nothing of units given for others.
fn gift(line: &OrderLine, place: usize) -> &'static str {
    let is_given = line.adjustments.get(place).is_some_and(|taken| taken.condition.is_some());
    let took = |run: &&UnitRun| run.adjustments.get(place).is_some_and(|p| *p != Money::ZERO);
    let is_free = |run: &UnitRun| {
        let taken = run.adjustments.iter().take(place + 1).map(|part| part.minor());
        taken.fold(run.list.minor(), i64::saturating_sub) == 0
    };
    if is_given && line.units.iter().filter(took).all(is_free) { "赠品 " } else { "" }
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
    let (mut of_lines, mut of_order) = (0_i64, Vec::<(&Adjustment, &str, i64)>::new());
    for line in &order.lines {
        for (place, taken) in line.adjustments.iter().enumerate() {
            let amount = taken.amount.minor();
            if is_of_line(taken.lane) {
                of_lines = of_lines.saturating_add(amount);
                continue;
            }
            match of_order.iter_mut().find(|(known, ..)| known.source == taken.source) {
                Some((.., sum)) => *sum = sum.saturating_add(amount),
                None => of_order.push((taken, gift(line, place), amount)),
            }
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
    let of_order = of_order.into_iter();
    rows.extend(of_order.map(|(taken, gift, sum)| off(&format!("{gift}{}", taken.name), sum)));
    if let Some(delivery) = &order.delivery {
        rows.push(pair("运费", delivery.fee.to_string(), Weight::Plain));
        let waived = delivery.fee.minor().saturating_sub(delivery.amount.minor());
        if waived != 0 {
            rows.push(off("运费减免", waived));
        }
    }
    rows
}

/// A way to pay, as shoppers call it.
#[must_use]
pub const fn name_of(kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => "现金",
        TenderKind::Card => "银行卡",
        TenderKind::Wechat => "微信支付",
        TenderKind::Alipay => "支付宝",
        TenderKind::Voucher => "代金券",
        TenderKind::Balance => "储值余额",
    }
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
    rows.extend(
        order
            .tenders
            .iter()
            .map(|tender| pair(name_of(tender.kind), tender.amount.to_string(), Weight::Plain)),
    );
    if order.change != Money::ZERO {
        rows.push(pair("找零", order.change.to_string(), Weight::Bold));
    }
    rows.extend(thanks_rows(order));
    rows
}

/// Who bought, masked, and what they have now as far as the till knew.
fn member_rows(order: &Order, note: &MemberNote) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(phone) = &note.phone {
        rows.push(pair("会员", phone, Weight::Plain));
    }
    let Pricing { points_spent, points_earned, .. } = order.pricing;
    if let Some(before) = note.points_before {
        let now = before.saturating_sub(points_spent).saturating_add(points_earned);
        rows.push(pair("原有积分", before.to_string(), Weight::Plain));
        rows.push(pair("现有积分", now.to_string(), Weight::Plain));
    }
    if let Some(before) = note.balance_before {
        let paid = order.tenders.iter().filter(|tender| tender.kind == TenderKind::Balance);
        let left = paid.fold(before.minor(), |left, t| left.saturating_sub(t.amount.minor()));
        rows.push(pair("储值余额", Money::from_minor(left).to_string(), Weight::Plain));
    }
    rows
}

/// What goes back where an order is undone: each tender the way it came, less the change.
fn back_rows(order: &Order, copy: Copy) -> Vec<Row> {
    match copy {
        Copy::First | Copy::Reprint => Vec::new(),
        Copy::PostVoid => {
            let mut rows = vec![Row::Rule];
            let nets = order.tenders.iter().zip(order.nets());
            rows.extend(nets.filter(|(_, net)| *net != Money::ZERO).map(|(tender, net)| {
                let left = format!("退{}", name_of(tender.kind));
                pair(left, format!("-{net}"), Weight::Bold)
            }));
            rows
        }
    }
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
    rows.extend(order.grants.iter().map(grant_row));
    rows
}

/// What the order brings beside its goods: `下次可用券 满 80.00 减 10.00      1 张`.
fn grant_row(grant: &OrderGrant) -> Row {
    let (left, right) = match &grant.what {
        Grant::NextCoupon(_) => {
            (format!("下次可用券 {}", grant.coupon), format!("{} 张", grant.times))
        }
        Grant::ParkingMinutes(minutes) => {
            (format!("停车券 {minutes} 分钟"), format!("{} 张", grant.times))
        }
        Grant::CashbackRate(_) | Grant::CashbackAmount(_) => {
            ("提货返现".to_owned(), grant.amount.to_string())
        }
    };
    pair(left, right, Weight::Bold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cart::LineItem,
        id::{Id, LineId},
        money::BasisPoints,
        order::{Condition, Delivery, Source},
        pricing::{Occasion, rule::Repeat},
        quantity::Quantity,
        tender::Tender,
        time::Timestamp,
    };

    fn fen(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn taken(rule: &str, lane: Lane, minor: i64) -> Adjustment {
        let source = Source::Rule(rule.to_owned());
        Adjustment { source, name: rule.to_owned(), lane, amount: fen(minor), condition: None }
    }

    /// What is reached with nothing.
    fn condition() -> Condition {
        Condition { each: 1, repeat: Repeat::Once, ..Condition::UNTOLD }
    }

    fn grant(what: Grant, times: u32, minor: i64) -> OrderGrant {
        let (source, name) = (Source::Rule("back".to_owned()), "返券".to_owned());
        let (coupon, amount) = ("满 80.00 减 10.00".to_owned(), fen(minor));
        OrderGrant { source, name, what, coupon, times, amount, condition: condition(), of: None }
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
            member: None,
            completed_at: at,
            lines,
            delivery,
            list: fen(list),
            total,
            rounding: Money::ZERO,
            tenders: vec![Tender { kind: TenderKind::Cash, amount: total }],
            change: Money::ZERO,
            pricing: Pricing { revision: 1, occasion, points_spent: 0, points_earned: 0 },
            grants: Vec::new(),
        }
    }

    /// Rows with two sides as `left right`, the spaces before the left side kept.
    fn pairs(order: &Order) -> Vec<String> {
        let head = StoreHead { name: "x".to_owned(), lines: Vec::new(), foot: Vec::new() };
        let rows = rows(order, &head, StoreClock::default(), Copy::First, None);
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
    fn an_order_that_was_undone_says_so_and_what_goes_back_in_which_way() {
        let mut order = order(vec![line(1, "tea", 1_200, vec![])], None);
        let tender = |kind, minor| Tender { kind, amount: fen(minor) };
        order.tenders = vec![tender(TenderKind::Wechat, 700), tender(TenderKind::Cash, 1_000)];
        order.change = fen(500);
        let head = StoreHead { name: "x".to_owned(), lines: Vec::new(), foot: Vec::new() };
        let rows = |copy| rows(&order, &head, StoreClock::default(), copy, None);
        let back =
            [pair("退微信支付", "-7.00", Weight::Bold), pair("退现金", "-5.00", Weight::Bold)];
        let mark = text("** 作废 **", Place::Centre, Weight::Bold);
        let undone = rows(Copy::PostVoid);
        assert!(undone.contains(&mark) && undone.windows(2).any(|two| two == back), "{undone:?}");
        let first = rows(Copy::First);
        assert!(!first.contains(&mark) && !back.iter().any(|row| first.contains(row)));
    }

    #[test]
    fn what_a_line_saved_stands_under_it_and_what_the_order_saved_stands_once() {
        let mut gift = taken("满100赠", Lane::Order, 500);
        gift.condition = Some(condition());
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
        order.grants = vec![
            grant(Grant::NextCoupon("next10".to_owned()), 2, 0),
            grant(Grant::ParkingMinutes(120), 1, 0),
            grant(Grant::CashbackAmount(fen(300)), 1, 300),
        ];
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
                "下次可用券 满 80.00 减 10.00 2 张",
                "停车券 120 分钟 1 张",
                "提货返现 3.00",
            ]
        );
    }

    #[test]
    fn a_members_receipt_shows_them_masked_and_what_they_have_now() {
        let mut order = order(vec![line(1, "coat", 20_000, vec![])], None);
        order.tenders.insert(0, Tender { kind: TenderKind::Balance, amount: fen(5_000) });
        (order.pricing.points_spent, order.pricing.points_earned) = (100, 18);
        let note = |points, balance| MemberNote {
            phone: Some("138****5678".to_owned()),
            points_before: points,
            balance_before: balance,
        };
        let of = |note: &MemberNote| -> Vec<String> {
            let rows = member_rows(&order, note).into_iter();
            let pair = |row| match row {
                Row::Pair { left, right, .. } => Some(format!("{left} {right}")),
                Row::Text { .. } | Row::Rule | Row::DoubleRule | Row::Code(_) => None,
            };
            rows.filter_map(pair).collect()
        };
        assert_eq!(
            of(&note(Some(500), Some(fen(8_000)))),
            ["会员 138****5678", "原有积分 500", "现有积分 418", "储值余额 30.00"]
        );
        // Who only said a number is told nothing of what its owner has.
        assert_eq!(of(&note(None, None)), ["会员 138****5678"]);
        assert!(of(&MemberNote::default()).is_empty());
    }

    #[test]
    fn the_sums_of_the_right_column_lead_from_the_lists_to_the_total() {
        let delivery = Delivery {
            fee: fen(800),
            adjustments: Vec::new(),
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
