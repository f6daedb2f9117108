//! Sales, priced by anything or by the engine.

use domain::{
    cart::CartLine,
    money::BasisPoints,
    pricing::{
        Occasion, PriceBook, Quote, Rule, RuleSet,
        goods::Goods,
        occasion::{Choice, Coupon, Shopper},
        quote,
        rule::{Cut, Funding, Grant, Need, NeedAmount, PointsRate, Repeat, Reward, Step},
    },
    tender::CashRounding,
};
use proptest::prelude::*;

use super::{
    Wish, deliver, fen, lines, occasion, plain_occasion, quote_of, rounding, rule, skus, wishes,
};

/// Rules for the engine: those of these whose bit is set.
pub(crate) fn shop(mask: u16) -> PriceBook {
    let need = |mut rule: Rule, amount: NeedAmount| {
        rule.steps[0].needs.push(Need { amount, goods: None });
        rule
    };
    let of = |goods: Goods, rule: Rule| Rule { goods, ..rule };
    let each = |rule: Rule| Rule { repeat: Repeat::Each, ..rule };
    let half = Cut::Rate(BasisPoints(5_000));
    let gift = Reward::Gift { goods: skus(&[3, 4]), count: 1 };
    let buy_get = Reward::BuyGet { buy: 2, get: 1, cut: half, goods: Some(skus(&[4, 5])) };
    let add_on = Reward::AddOn { goods: skus(&[5]), count: 1, cut: Cut::Price(fen(50)) };
    let pay = Reward::PointsPay { points: 10, worth: fen(10), rate_max: BasisPoints(5_000) };
    let rules = [
        points_price(),
        of(skus(&[2, 3]), rule("cut", Reward::Units(Cut::Rate(BasisPoints(8_800))))),
        each(rule("half", Reward::Nth { n: 2, cut: half })),
        of(skus(&[1, 2]), rule("pick", Reward::Pick { n: 3, price: fen(1_500) })),
        each(need(of(skus(&[0]), rule("gift", gift)), NeedAmount::Pieces(2))),
        each(need(rule("off", Reward::AmountOff(fen(500))), NeedAmount::Minor(fen(3_000)))),
        rule("rate", Reward::AmountRate(BasisPoints(9_001))),
        rule("coupon", Reward::AmountOff(fen(307))),
        rule("pay", pay),
        rule("earn", Reward::EarnPoints { per: fen(100), points: 3 }),
        need(rule("free", Reward::FreeDelivery { fee_max: None }), NeedAmount::Minor(fen(9_000))),
        each(of(skus(&[2]), rule("buy-get", buy_get))),
        need(of(skus(&[0, 1]), rule("add-on", add_on)), NeedAmount::Minor(fen(2_000))),
        of(skus(&[1, 2]), rule("times", Reward::PointsTimes(PointsRate(15_000)))),
        of(skus(&[0]), rule("earn-more", Reward::EarnPoints { per: fen(300), points: 7 })),
    ];
    let kept = (0..).zip(rules).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, rule)| rule);
    let brought = if mask >> 15 & 1 == 1 { grants().to_vec() } else { Vec::new() };
    let funded = |(n, rule): (u16, Rule)| {
        let brand = BasisPoints(n * 617 % 10_000);
        let store = BasisPoints((10_000 - brand.0) / 3);
        let platform = BasisPoints(10_000 - brand.0 - store.0);
        Rule { funding: Funding { brand, store, platform }, ..rule }
    };
    let kept = (0..).zip(kept).map(funded);
    let set = RuleSet { rules: kept.chain(brought).collect(), ..RuleSet::default() };
    PriceBook::compile(8, set).expect("a good rule set")
}

/// From three on, units cost fewer points and less money.
fn points_price() -> Rule {
    let step = |pieces, points, price| Step {
        needs: vec![Need { amount: NeedAmount::Pieces(pieces), goods: None }],
        reward: Reward::PointsPrice { points, price: fen(price) },
    };
    let mut rule = rule("points-price", Reward::FreeDelivery { fee_max: None });
    rule.goods = skus(&[1]);
    rule.steps = vec![step(1, 50, 100), step(3, 30, 80)];
    rule
}

/// What an order brings beside its goods.
fn grants() -> [Rule; 5] {
    let at = |id: &str, minor, grant| {
        let mut rule = rule(id, Reward::Grant(grant));
        rule.steps[0].needs.push(Need { amount: NeedAmount::Minor(fen(minor)), goods: None });
        rule
    };
    let next = at("next", 1_500, Grant::NextCoupon("coupon-next".into()));
    let mut park = at("park", 2_500, Grant::ParkingMinutes(60));
    park.goods = skus(&[0, 1, 2]);
    [
        rule("coupon-next", Reward::AmountOff(fen(1_000))),
        Rule { repeat: Repeat::Each, ..next },
        park,
        at("back3", 1_000, Grant::CashbackAmount(fen(300))),
        rule("back5", Reward::Grant(Grant::CashbackRate(BasisPoints(500)))),
    ]
}

/// A sale: goods, what is taken from them, and how they are paid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sale {
    pub(crate) lines: Vec<CartLine>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) earned: i64,
    pub(crate) fee: i64,
    pub(crate) cards: Vec<u8>,
    pub(crate) rounding: CashRounding,
    pub(crate) over: i64,
}

/// Who prices a sale.
#[derive(Clone, Debug)]
pub(crate) enum Pricer {
    /// Anything is taken from any units.
    Anything(PriceBook),
    /// The engine, with rules.
    Rules(PriceBook),
}

impl Pricer {
    pub(crate) fn book(&self) -> &PriceBook {
        match self {
            Self::Anything(book) | Self::Rules(book) => book,
        }
    }

    pub(crate) fn occasion(&self, sale: &Sale) -> Occasion {
        let delivery_fee = fen(sale.fee);
        match self {
            Self::Anything(_) => Occasion { delivery_fee, ..occasion() },
            Self::Rules(book) => {
                let code = |code: &str| Coupon { code: code.into(), rule: "coupon".into() };
                let has = |id: &str| book.rules().iter().any(|rule| rule.id == id);
                let choice = Choice { rule: "points-price".into(), uses: 3 };
                Occasion {
                    delivery_fee,
                    shopper: Some(Shopper { points: sale.earned * 3, ..Shopper::default() }),
                    coupons: if has("coupon") { vec![code("K-1")] } else { Vec::new() },
                    choices: if has("points-price") { vec![choice] } else { Vec::new() },
                    points_to_pay: sale.over / 10,
                    ..plain_occasion()
                }
            }
        }
    }

    pub(crate) fn quote(&self, sale: &Sale) -> Quote {
        match self {
            Self::Anything(book) => {
                let mut quote = quote_of(book, &sale.lines, &sale.wishes, sale.earned);
                deliver(&mut quote, sale.fee, sale.fee / 3);
                quote
            }
            Self::Rules(book) => quote(book, &sale.lines, &self.occasion(sale)).unwrap(),
        }
    }
}

pub(crate) fn sale() -> impl Strategy<Value = Sale> + Clone {
    let goods = (lines(60).boxed(), wishes().boxed());
    let paid = (prop::collection::vec(0..=100_u8, 0..3), rounding().boxed(), 0..9_000_i64);
    let beside = (0..500_i64, prop_oneof![3 => Just(0), 1 => 1..1_500_i64].boxed());
    (goods, paid, beside)
        .prop_map(|((lines, wishes), (cards, rounding, over), (earned, fee))| Sale {
            lines,
            wishes,
            earned,
            fee,
            cards,
            rounding,
            over,
        })
        .boxed()
}
