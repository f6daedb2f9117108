//! Returns and exchanges as people at a counter would tell them.

use domain::{
    catalog::Unit,
    money::Money,
    order::{Adjustment, Completion, Condition, Order, OrderFault, UnitRun, complete},
    pricing::{
        Occasion, PriceBook, Rule, RuleSet,
        occasion::Coupon,
        quote,
        rule::{Cut, Grant, Need, NeedAmount, PointsRate, Repeat, Reward},
    },
    quantity::Quantity,
    returns::{
        CouponPolicy, DeliveryPolicy, GiftPolicy, GrantUse, LooseGoods, Refund, ReturnOrder,
        ReturnPolicy, ReturnRefusal, Returning, Wish, WithoutReceipt, exchange, give_back,
        give_back_without_receipt, left,
    },
    tender::{CashRounding, Tender, TenderKind, TenderRefusal},
};

use crate::{
    histories::returning,
    random::{cart, completion, fen, line, plain_occasion, rule, skus},
};

fn cash(minor: i64) -> Tender {
    Tender { kind: TenderKind::Cash, amount: fen(minor) }
}

fn card(minor: i64) -> Tender {
    Tender { kind: TenderKind::Card, amount: fen(minor) }
}

fn book(rules: Vec<Rule>) -> PriceBook {
    PriceBook::compile(1, RuleSet { rules, ..RuleSet::default() }).unwrap()
}

/// Pieces by price and number; line 1 is SKU 0.
fn pieces(goods: &[(i64, i64)]) -> Vec<domain::cart::CartLine> {
    let line =
        |(key, (price, n)): (u8, &(i64, i64))| line(key, *price, Unit::Piece, n * 1_000, None);
    (0..).zip(goods).map(line).collect()
}

fn sold(
    book: &PriceBook,
    lines: Vec<domain::cart::CartLine>,
    tenders: &[Tender],
    occasion: Occasion,
    rounding: CashRounding,
) -> Order {
    let quote = quote(book, &lines, &occasion).unwrap();
    let completion = Completion { occasion, ..completion(rounding) };
    complete(&cart(lines), book, &quote, tenders, completion).unwrap()
}

fn simply(book: &PriceBook, goods: &[(i64, i64)], tenders: &[Tender]) -> Order {
    sold(book, pieces(goods), tenders, plain_occasion(), CashRounding::None)
}

fn wish(number: u16, pieces: i64) -> Wish {
    Wish { number, quantity: Quantity::from_milli(pieces * 1_000) }
}

/// What comes back of an order step by step, by a policy.
struct Counter {
    order: Order,
    policy: ReturnPolicy,
    back: Vec<ReturnOrder>,
}

impl Counter {
    fn new(order: Order) -> Self {
        Self { order, policy: ReturnPolicy::default(), back: Vec::new() }
    }

    fn takes(&mut self, wishes: &[Wish]) -> Result<&ReturnOrder, ReturnRefusal> {
        let number = u32::try_from(self.back.len()).unwrap();
        let one = give_back(&self.order, &self.back, wishes, &self.policy, returning(number))?;
        assert_eq!(one.check(), Ok(()));
        self.back.push(one);
        Ok(self.back.last().unwrap())
    }

    /// What goes back in each tender.
    fn gives(&mut self, wishes: &[Wish]) -> Vec<(TenderKind, i64)> {
        let refunds = &self.takes(wishes).unwrap().refunds;
        refunds.iter().map(|refund| (refund.kind, -refund.amount.minor())).collect()
    }
}

use TenderKind::{Card, Cash};

#[test]
fn half_of_a_pair_gives_back_half_of_what_the_pair_cost() {
    let half = Reward::Nth { n: 2, cut: Cut::Rate(domain::money::BasisPoints(5_000)) };
    let mut counter =
        Counter::new(simply(&book(vec![rule("half", half)]), &[(1_000, 2)], &[cash(2_000)]));
    assert_eq!((counter.order.total, counter.order.change), (fen(1_500), fen(500)));
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Cash, 750)]);
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Cash, 750)]);
    assert_eq!(counter.takes(&[wish(1, 1)]), Err(ReturnRefusal::AllBack));
}

#[test]
fn an_odd_fen_goes_back_with_the_unit_that_carried_it() {
    let three = book(vec![rule("three", Reward::Pick { n: 3, price: fen(1_000) })]);
    let mut counter = Counter::new(simply(&three, &[(500, 3)], &[card(400), cash(600)]));
    let units = [1, 1, 1].map(|n| counter.gives(&[wish(1, n)]));
    assert_eq!(
        units,
        [[(Card, 133), (Cash, 200)], [(Card, 133), (Cash, 200)], [(Card, 134), (Cash, 200)]]
    );
    let taxes = counter.back.iter().map(|one| -one.lines[0].tax.minor()).collect::<Vec<_>>();
    assert_eq!(taxes.iter().sum::<i64>(), counter.order.lines[0].tax.minor());
    assert_eq!(taxes, [38, 39, 38]);
}

#[test]
fn cash_rounding_goes_back_with_the_units_it_was_granted_for() {
    let lines = pieces(&[(333, 3)]);
    let order = sold(
        &PriceBook::default(),
        lines,
        &[cash(1_000)],
        plain_occasion(),
        CashRounding::JiaoDown,
    );
    assert_eq!((order.rounding, order.change), (fen(-9), fen(10)));
    let mut counter = Counter::new(order);
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Cash, 330)]);
    assert_eq!(counter.gives(&[wish(1, 2)]), [(Cash, 660)]);
}

#[test]
fn what_cannot_come_back_is_refused_with_its_reason() {
    let mut lines = pieces(&[(1_000, 3)]);
    lines.push(line(7, 2_000, Unit::Kg, 452, None));
    let order =
        sold(&PriceBook::default(), lines, &[cash(3_904)], plain_occasion(), CashRounding::None);
    let mut counter = Counter::new(order);
    let weight = |milli| Wish { number: 2, quantity: Quantity::from_milli(milli) };
    for (wishes, refusal) in [
        (vec![], ReturnRefusal::Nothing),
        (vec![wish(1, 0)], ReturnRefusal::Nothing),
        (vec![wish(1, -1)], ReturnRefusal::Nothing),
        (vec![wish(3, 1)], ReturnRefusal::NoSuchLine(3)),
        (vec![wish(0, 1)], ReturnRefusal::NoSuchLine(0)),
        (vec![wish(1, 4)], ReturnRefusal::NotSoMany { number: 1, left: 3 }),
        (vec![wish(1, 2), wish(1, 2)], ReturnRefusal::NotSoMany { number: 1, left: 1 }),
        (vec![weight(200)], ReturnRefusal::Whole(2)),
        (vec![wish(2, 1)], ReturnRefusal::Whole(2)),
        (vec![Wish { number: 1, ..weight(500) }], ReturnRefusal::Whole(1)),
    ] {
        assert_eq!(counter.takes(&wishes), Err(refusal), "{wishes:?}");
    }
    assert_eq!(counter.gives(&[weight(452), wish(1, 1)]), [(Cash, 1_904)]);
    assert_eq!(left(&counter.order, &counter.back), Ok(vec![2, 0]));
    assert_eq!(counter.takes(&[weight(452)]), Err(ReturnRefusal::NotSoMany { number: 2, left: 0 }));
    let other = ReturnOrder { original: None, ..counter.back[0].clone() };
    counter.back.push(other);
    assert_eq!(counter.takes(&[wish(1, 1)]), Err(ReturnRefusal::History));
}

/// Each pair of item 0 at 20.00 earns one of item 1 at 8.00.
fn with_gifts() -> Counter {
    let order = gifts_and(Vec::new());
    let condition = order.lines[1].adjustments[0].condition.as_ref();
    assert_eq!(condition.map(Condition::lines), Some(vec![1]));
    Counter::new(order)
}

/// The same with other rules.
fn gifts_and(mut rules: Vec<Rule>) -> Order {
    let mut gift = rule("gift", Reward::Gift { goods: skus(&[1]), count: 1 });
    gift.goods = skus(&[0]);
    gift.repeat = Repeat::Each;
    gift.steps[0].needs = vec![Need { amount: NeedAmount::Pieces(2), goods: None }];
    rules.push(gift);
    simply(&book(rules), &[(2_000, 4), (800, 2)], &[card(8_000)])
}

#[test]
fn a_gift_whose_earning_goods_come_back_is_held_back_until_it_comes_back_too() {
    let mut counter = with_gifts();
    // Three of four are kept: one gift and a half, so one gift.
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, 1_200)]);
    assert_eq!(counter.back[0].charges[0].amount, fen(800));
    assert_eq!(counter.gives(&[wish(2, 1)]), [(Card, 800)]);
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, 2_000)]);
    // The last two earn the gift that is left, together.
    assert_eq!(counter.gives(&[wish(1, 2), wish(2, 1)]), [(Card, 4_000)]);
}

#[test]
fn a_gift_may_stay_where_the_chain_says_so() {
    let mut counter = with_gifts();
    counter.policy.gifts = GiftPolicy::Kept;
    assert_eq!(counter.gives(&[wish(1, 4)]), [(Card, 8_000)]);
    assert_eq!(counter.gives(&[wish(2, 2)]), []);
}

#[test]
fn of_a_line_with_a_gift_among_its_units_the_gift_comes_back_last() {
    let mut gift = rule("gift", Reward::Gift { goods: skus(&[0]), count: 1 });
    gift.steps[0].needs = vec![Need { amount: NeedAmount::Pieces(2), goods: None }];
    let order = simply(&book(vec![gift]), &[(2_000, 3)], &[card(4_000)]);
    assert_eq!(order.lines[0].units[0].amount, Money::ZERO, "the first unit is the gift");
    let mut counter = Counter::new(order);
    counter.policy.gifts = GiftPolicy::Kept;
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, 2_000)]);
    assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, 2_000)]);
    assert_eq!(counter.gives(&[wish(1, 1)]), []);
}

#[test]
fn a_gift_worth_more_than_what_comes_back_must_come_back_with_it() {
    let mut gift = rule("gift", Reward::Gift { goods: skus(&[1]), count: 1 });
    gift.goods = skus(&[0]);
    gift.steps[0].needs = vec![Need { amount: NeedAmount::Pieces(2), goods: None }];
    let mut counter =
        Counter::new(simply(&book(vec![gift]), &[(500, 2), (800, 1)], &[cash(1_000)]));
    let refused = counter.takes(&[wish(1, 1)]).cloned();
    assert_eq!(refused, Err(ReturnRefusal::Gift { missing: fen(300) }));
    assert_eq!(counter.gives(&[wish(1, 1), wish(2, 1)]), [(Cash, 500)]);
}

#[test]
fn coupons_and_delivery_go_back_with_the_last_unit_or_never() {
    let coupon = rule("coupon", Reward::AmountOff(fen(1_000)));
    let occasion = Occasion {
        coupons: vec![Coupon { code: "K-77".into(), rule: "coupon".into() }],
        delivery_fee: fen(600),
        ..plain_occasion()
    };
    let order = sold(
        &book(vec![coupon]),
        pieces(&[(2_000, 2)]),
        &[card(3_600)],
        occasion,
        CashRounding::None,
    );
    for (coupons, delivery, codes, last) in [
        (CouponPolicy::WithLastUnit, DeliveryPolicy::WithLastUnit, vec!["K-77"], 2_100),
        (CouponPolicy::Never, DeliveryPolicy::Never, vec![], 1_500),
    ] {
        let mut counter = Counter::new(order.clone());
        counter.policy = ReturnPolicy { coupons, delivery, ..ReturnPolicy::default() };
        assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, 1_500)]);
        assert_eq!(counter.gives(&[wish(1, 1)]), [(Card, last)]);
        assert!(counter.back[0].coupons.is_empty());
        assert_eq!(counter.back[1].coupons, codes);
    }
}

#[test]
fn an_order_from_before_units_were_written_down_comes_back_all_the_same() {
    let order = simply(&PriceBook::default(), &[(333, 3), (1_000, 1)], &[cash(1_000), card(999)]);
    let mut old = order.clone();
    old.lines.iter_mut().for_each(|line| line.units.clear());
    assert_eq!(old.check(), Ok(()));
    assert_eq!(*old.loaded(), order);
    let (mut counter, mut of_old) = (Counter::new(order), Counter::new(old));
    for wishes in [[wish(1, 2)], [wish(2, 1)], [wish(1, 1)]] {
        assert_eq!(counter.gives(&wishes), of_old.gives(&wishes));
    }
}

#[test]
fn an_exchange_moves_the_difference_alone() {
    let refund =
        |tender, kind, minor: i64| Refund { tender: Some(tender), kind, amount: fen(-minor) };
    // Refunds, the new total, what the shopper adds, rounding; tenders of the new order, what goes
    // back by card and cash, change.
    let check = |refunds: &[Refund],
                 total,
                 added: &[Tender],
                 rounding,
                 expected: &[Tender],
                 back: &[i64],
                 change| {
        let settled = exchange(refunds, fen(total), added, rounding).unwrap();
        assert_eq!(settled.tenders, expected);
        let went: Vec<i64> = settled.back.iter().map(|refund| -refund.amount.minor()).collect();
        assert_eq!((went.as_slice(), settled.settlement.change), (back, fen(change)));
    };
    use CashRounding::{JiaoDown, None};
    let by_card = [refund(1, Card, 10_000)];
    let by_cash = [refund(1, Cash, 10_000)];
    let both = [refund(1, Cash, 4_000), refund(2, Card, 6_000)];
    check(&by_card, 10_000, &[], None, &[card(10_000)], &[], 0);
    check(&by_card, 7_000, &[], None, &[card(7_000)], &[3_000], 0);
    check(&by_card, 13_000, &[cash(5_000)], None, &[card(10_000), cash(5_000)], &[], 2_000);
    check(&by_card, 13_009, &[cash(3_000)], JiaoDown, &[card(10_000), cash(3_000)], &[], 0);
    check(&by_cash, 7_009, &[], JiaoDown, &[cash(7_000)], &[3_000], 0);
    check(&by_cash, 4, &[], JiaoDown, &[cash(1)], &[9_999], 1);
    check(&both, 7_000, &[], None, &[cash(1_000), card(6_000)], &[3_000], 0);
    check(&both, 5_000, &[], None, &[card(5_000)], &[4_000, 1_000], 0);
    check(&both, 12_000, &[card(2_000)], None, &[cash(4_000), card(6_000), card(2_000)], &[], 0);
    check(&both, 0, &[], None, &[], &[4_000, 6_000], 0);
    // Two cards stay two, also where one of both would be more than a till takes.
    let most = domain::tender::CASH_MINOR_MAX;
    let cards = [refund(1, Card, most), refund(2, Card, most)];
    check(&cards, most + 5, &[], None, &[card(most), card(5)], &[most - 5], 0);
    check(&cards, most * 2, &[], None, &[card(most), card(most)], &[], 0);
    // Only where there would be too many tenders are some of one kind joined, cash before cards.
    let many: Vec<Refund> = (1..=9).map(|n| refund(n, Card, 100)).collect();
    let many = [many.as_slice(), &[refund(10, Cash, 50), refund(11, Cash, 50)]].concat();
    let nine = [card(100); 9];
    check(&many, 1_000, &[], None, &[&nine[..], &[cash(100)]].concat(), &[], 0);
    let eight = [&[card(200)][..], &nine[2..], &[cash(100), cash(70)]].concat();
    check(&many, 1_070, &[cash(70)], None, &eight, &[], 0);
    let over = exchange(&by_card, fen(9_000), &[card(9_001)], None);
    assert_eq!(over, Err(TenderRefusal::OverTender));
    let short = exchange(&by_card, fen(13_000), &[], None);
    assert_eq!(short, Err(TenderRefusal::Short { missing: fen(3_000) }));
}

#[test]
fn goods_without_a_receipt_are_worth_what_they_cost_today_within_limits() {
    let sale = book(vec![rule("sale", Reward::Units(Cut::Price(fen(700))))]);
    let goods = cart(pieces(&[(1_000, 2)]));
    let occasion = plain_occasion();
    let priced = quote(&sale, &goods.lines, &occasion).unwrap();
    let limit = |once, day| ReturnPolicy {
        without_receipt: Some(WithoutReceipt {
            amount_max_minor: fen(once),
            day_amount_max_minor: fen(day),
            tender: TenderKind::Cash,
        }),
        ..ReturnPolicy::default()
    };
    let take = |policy, today| {
        let (cart, book, quote, occasion) = (&goods, &sale, &priced, &occasion);
        let loose = LooseGoods { cart, book, quote, occasion, today: fen(today) };
        give_back_without_receipt(loose, &policy, returning(1))
    };
    let back = take(limit(1_400, 5_000), 3_600).unwrap();
    assert_eq!(back.check(), Ok(()));
    assert_eq!((back.total, back.original, back.lines[0].list), (fen(-1_400), None, fen(-2_000)));
    assert_eq!(back.refunds, [Refund { tender: None, kind: Cash, amount: fen(-1_400) }]);
    for (policy, today, refusal) in [
        (ReturnPolicy::default(), 0, ReturnRefusal::NoReceipt),
        (limit(1_399, 5_000), 0, ReturnRefusal::Limit { left: fen(1_399) }),
        (limit(9_000, 5_000), 3_601, ReturnRefusal::Limit { left: fen(1_399) }),
        (limit(9_000, 5_000), 6_000, ReturnRefusal::Limit { left: Money::ZERO }),
    ] {
        assert_eq!(take(policy, today), Err(refusal));
    }
}

#[test]
fn more_of_a_grant_than_there_was_cannot_have_been_used() {
    let next = rule("next", Reward::Grant(Grant::NextCoupon("coupon".into())));
    let rules = book(vec![next, rule("coupon", Reward::AmountOff(fen(100)))]);
    let order = simply(&rules, &[(1_000, 2)], &[cash(2_000)]);
    assert_eq!(order.grants[0].granted(), 1);
    let back = |number, used, worth| {
        let grants_used = vec![GrantUse { number, used, worth: fen(worth) }];
        let returning = Returning { grants_used, ..returning(1) };
        give_back(&order, &[], &[wish(1, 2)], &ReturnPolicy::default(), returning)
    };
    for (used, worth) in [(2, 0), (-1, 0), (1, -1)] {
        assert_eq!(back(1, used, worth), Err(ReturnRefusal::History), "{used} worth {worth}");
    }
    // Worth more than what comes back: nobody pays for bringing goods back.
    for (used, worth, void, held) in [(0, 0, 1, 0), (1, 100, 0, 100), (1, 5_000, 0, 2_000)] {
        let taken = back(1, used, worth).unwrap().grants;
        assert_eq!((taken[0].voided, taken[0].charge), (void, fen(held)), "{used} worth {worth}");
    }
}

/// What a stranger changes in an order, and why it holds no longer.
type Forged = (&'static str, fn(&mut Order), OrderFault);

/// The lines that count for the gift.
fn counted(order: &mut Order) -> &mut Vec<(u16, u16)> {
    let condition = order.lines[1].adjustments[0].condition.as_mut();
    &mut condition.unwrap().needs[0].goods.lines
}

/// The lines that a cashback is a rate of.
fn rated(order: &mut Order) -> &mut Vec<(u16, u16)> {
    &mut order.grants[0].of.as_mut().unwrap().lines
}

/// Runs that cancel each other out, on a line with two reductions that took nothing.
fn runs(order: &mut Order, change: fn(&mut UnitRun, i64)) {
    let of_gift = order.lines[1].adjustments[0].clone();
    let nothing = Adjustment { amount: Money::ZERO, condition: None, ..of_gift };
    let line = &mut order.lines[0];
    line.adjustments = vec![nothing.clone(), nothing];
    line.units[0].adjustments = vec![Money::ZERO; 2];
    let one = UnitRun { units: 1, ..line.units[0].clone() };
    line.units[0].units -= 3;
    for sign in [1, 1, -2] {
        let mut run = one.clone();
        change(&mut run, sign * 4_000_000_000_000_000_000);
        line.units.push(run);
    }
}

/// A list that falls below nothing where a reduction does.
fn below_nothing(run: &mut UnitRun, by: i64) {
    run.list = fen(run.list.minor() + by);
    run.adjustments[0] = fen(by);
}

const FORGED: [Forged; 8] = [
    ("a line that counts twice", |o| counted(o).push((1, 0)), OrderFault::Grants),
    ("a reduction that is not there", |o| counted(o)[0].1 = 9, OrderFault::Grants),
    ("a rate of a line that is not there", |o| rated(o)[0].0 = 9, OrderFault::Grants),
    ("a rate of a line twice", |o| rated(o).insert(0, (1, 0)), OrderFault::Grants),
    ("a list below nothing", |o| runs(o, below_nothing), OrderFault::Units),
    (
        "reductions that raise and take as much",
        |o| runs(o, |run, by| run.adjustments = vec![fen(by), fen(-by)]),
        OrderFault::Overflow,
    ),
    ("points below nothing", |o| runs(o, |run, by| run.points_earned = by), OrderFault::Points),
    (
        "points spent below nothing",
        |o| runs(o, |run, by| run.points_spent = by),
        OrderFault::Points,
    ),
];

#[test]
fn numbers_that_no_program_writes_are_refused_before_anybody_adds_them_up() {
    let back = Reward::Grant(Grant::CashbackRate(domain::money::BasisPoints(500)));
    let order = gifts_and(vec![rule("back", back)]);
    assert_eq!(order.check(), Ok(()));
    for (what, change, fault) in FORGED {
        let mut order = order.clone();
        change(&mut order);
        assert_eq!(order.check(), Err(fault), "{what}");
        let back = give_back(&order, &[], &[wish(1, 3)], &ReturnPolicy::default(), returning(1));
        assert_eq!(back, Err(ReturnRefusal::Order(fault)), "{what}");
    }
}

#[test]
fn points_of_two_rules_go_back_with_the_units_that_earned_them() {
    let earn = |id: &str, sku, per, points| {
        let per = fen(per);
        Rule { goods: skus(&[sku]), ..rule(id, Reward::EarnPoints { per, points }) }
    };
    let times = rule("times", Reward::PointsTimes(PointsRate(20_000)));
    let times = Rule { goods: skus(&[0]), ..times };
    let rules = book(vec![earn("a", 0, 100, 1), earn("b", 1, 500, 30), times]);
    let shopper = Some(domain::pricing::occasion::Shopper::default());
    let occasion = Occasion { shopper, ..plain_occasion() };
    let goods = pieces(&[(1_000, 2), (500, 2)]);
    let order = sold(&rules, goods, &[cash(3_000)], occasion, CashRounding::None);
    // Twice 20 for the first, twice 30 for the second.
    assert_eq!(order.pricing.points_earned, 40 + 60);
    let mut counter = Counter::new(order);
    for (number, points) in [(1, -20), (2, -30), (2, -30), (1, -20)] {
        assert_eq!(counter.takes(&[wish(number, 1)]).map(|one| one.points_earned), Ok(points));
    }
}

#[test]
fn points_go_back_as_the_units_carried_them() {
    let mut price = rule("points-price", Reward::PointsPrice { points: 50, price: fen(100) });
    price.goods = skus(&[0]);
    let earn = rule("earn", Reward::EarnPoints { per: fen(100), points: 1 });
    let rules = book(vec![price, Rule { goods: skus(&[1]), ..earn }]);
    let occasion = Occasion {
        shopper: Some(domain::pricing::occasion::Shopper { points: 120, ..Default::default() }),
        choices: vec![domain::pricing::occasion::Choice { rule: "points-price".into(), uses: 2 }],
        ..plain_occasion()
    };
    let order =
        sold(&rules, pieces(&[(1_000, 3), (500, 2)]), &[card(2_200)], occasion, CashRounding::None);
    assert_eq!((order.pricing.points_spent, order.pricing.points_earned), (100, 10));
    let mut counter = Counter::new(order);
    let points = |one: &ReturnOrder| (one.points_spent, one.points_earned);
    assert_eq!(counter.takes(&[wish(1, 1)]).map(points), Ok((-50, 0)));
    assert_eq!(counter.takes(&[wish(2, 1)]).map(points), Ok((0, -5)));
    assert_eq!(counter.takes(&[wish(1, 2)]).map(points), Ok((-50, 0)));
    assert_eq!(counter.takes(&[wish(2, 1)]).map(points), Ok((0, -5)));
}
