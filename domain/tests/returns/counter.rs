//! Returns and exchanges as people at a counter would tell them.

use domain::{
    catalog::Unit,
    money::Money,
    order::{Completion, Order, complete},
    pricing::{
        Occasion, PriceBook, Rule, RuleSet,
        occasion::Coupon,
        quote,
        rule::{Cut, Need, NeedAmount, Repeat, Reward},
    },
    quantity::Quantity,
    returns::{
        CouponPolicy, DeliveryPolicy, GiftPolicy, LooseGoods, Refund, ReturnOrder, ReturnPolicy,
        ReturnRefusal, Wish, WithoutReceipt, exchange, give_back, give_back_without_receipt, left,
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
    let mut gift = rule("gift", Reward::Gift { goods: skus(&[1]), count: 1 });
    gift.goods = skus(&[0]);
    gift.repeat = Repeat::Each;
    gift.steps[0].needs = vec![Need { amount: NeedAmount::Pieces(2), goods: None }];
    let order = simply(&book(vec![gift]), &[(2_000, 4), (800, 2)], &[card(8_000)]);
    assert_eq!(order.lines[1].adjustments[0].gift_for, Some(vec![1]));
    Counter::new(order)
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
