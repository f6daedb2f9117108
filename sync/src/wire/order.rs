//! Orders as they travel, and as a ledger keeps them.

mod carried;

pub use carried::{AdjustmentV1, DeliveryV1, GrantV1, PricingV1, SourceV1, UnitRunV1};
use domain::{
    cart::LineItem,
    catalog::Unit,
    id::{LineId, MemberId, OrderId},
    money::{BasisPoints, CURRENCY, Money},
    order::{Order, OrderFault, OrderLine, Pricing},
    pricing::{Occasion, tax_inside},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::{Tender, TenderKind},
    time::{BusinessDate, StoreClock, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A completed order. The bytes of its JSON are made once, in the store, and kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderV1 {
    /// Its id.
    pub id: OrderId,
    /// `store-workstation-epoch-date-sequence`.
    pub receipt_number: String,
    /// The trading day, also inside the receipt number.
    pub business_date: BusinessDate,
    /// The workstation, also inside the receipt number.
    pub workstation: u16,
    /// The operator's number.
    pub operator: String,
    /// Who bought; missing when they did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// Microseconds since 1970.
    pub completed_at: Timestamp,
    /// ISO 4217.
    pub currency: String,
    /// Its lines.
    pub lines: Vec<OrderLineV1>,
    /// What delivery cost; missing at a till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryV1>,
    /// Before reductions, in fen.
    pub list_minor: Money,
    /// After reductions, in fen.
    pub total_minor: Money,
    /// What cash rounding did, in fen.
    pub rounding_minor: Money,
    /// How it was covered.
    pub tenders: Vec<TenderV1>,
    /// What went back in cash, in fen.
    pub change_minor: Money,
    /// How it was priced; missing from stores that knew no rules yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<PricingV1>,
    /// What it brings beside its goods; none from stores that did not write it down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantV1>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineV1 {
    /// Its id.
    pub id: LineId,
    /// 1, 2, 3 …
    pub number: u16,
    /// 货号.
    pub sku: String,
    /// The code it was scanned by.
    pub code: String,
    /// Its name then.
    pub name: String,
    /// Spec, size and colour then.
    pub spec: String,
    /// `piece` or `kg`.
    pub unit: Unit,
    /// Thousandths.
    pub quantity_milli: Quantity,
    /// Fen per piece or kilogram.
    pub list_price_minor: Money,
    /// Tax inside the price.
    pub tax_rate_bps: BasisPoints,
    /// 款号.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub style: String,
    /// The variant's colour.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub colour: String,
    /// The variant's size.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub size: String,
    /// The brand then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// Path in the category tree then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// HQ's tags then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Before reductions.
    pub list_minor: Money,
    /// What was paid for it.
    pub amount_minor: Money,
    /// The amount printed on an in-store label, if that is what counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_amount_minor: Option<Money>,
    /// The tax inside the amount; missing from stores that left it to be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_minor: Option<Money>,
    /// What reductions took from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<AdjustmentV1>,
    /// What its units carry, from the first on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitRunV1>,
}

/// A tender of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderV1 {
    /// Which way.
    pub kind: TenderKind,
    /// What was given, in fen.
    pub amount_minor: Money,
}

/// Why a body is not an order that holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderV1Fault {
    /// The receipt number is none, or says another date or workstation than the order.
    #[error("the receipt number does not fit the order")]
    ReceiptNumber,
    /// Another currency than ours.
    #[error("the currency is not {CURRENCY}")]
    Currency,
    /// A sum does not hold.
    #[error("a sum does not hold")]
    Sum(#[source] OrderFault),
}

impl OrderV1 {
    /// Puts an order on the wire.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            id: order.id,
            receipt_number: order.receipt_number.to_string(),
            business_date: order.receipt_number.business_date,
            workstation: order.receipt_number.workstation,
            operator: order.operator.clone(),
            member: order.member,
            completed_at: order.completed_at,
            currency: CURRENCY.to_owned(),
            lines: order.lines.iter().map(OrderLineV1::of).collect(),
            delivery: order.delivery.as_ref().map(DeliveryV1::of),
            list_minor: order.list,
            total_minor: order.total,
            rounding_minor: order.rounding,
            tenders: order
                .tenders
                .iter()
                .map(|t| TenderV1 { kind: t.kind, amount_minor: t.amount })
                .collect(),
            change_minor: order.change,
            pricing: Some(PricingV1::of(&order.pricing)),
            grants: order.grants.iter().map(GrantV1::of).collect(),
        }
    }

    /// Takes an order off the wire and checks every sum.
    pub fn into_order(self) -> Result<Order, OrderV1Fault> {
        let receipt_number: ReceiptNumber =
            self.receipt_number.parse().map_err(|_| OrderV1Fault::ReceiptNumber)?;
        let is_same = receipt_number.business_date == self.business_date
            && receipt_number.workstation == self.workstation;
        if !is_same {
            return Err(OrderV1Fault::ReceiptNumber);
        }
        if self.currency != CURRENCY {
            return Err(OrderV1Fault::Currency);
        }
        let tender = |t: TenderV1| Tender { kind: t.kind, amount: t.amount_minor };
        let clock = StoreClock::default();
        let store = receipt_number.store.to_string();
        let unknown = || Pricing {
            revision: 0,
            occasion: Occasion::at_till(store, clock, self.completed_at),
            points_spent: 0,
            points_earned: 0,
        };
        let order = Order {
            id: self.id,
            pricing: self.pricing.map_or_else(unknown, PricingV1::into_pricing),
            receipt_number,
            operator: self.operator,
            member: self.member,
            completed_at: self.completed_at,
            lines: self.lines.into_iter().map(OrderLineV1::into_line).collect(),
            delivery: self.delivery.map(DeliveryV1::into_delivery),
            list: self.list_minor,
            total: self.total_minor,
            rounding: self.rounding_minor,
            tenders: self.tenders.into_iter().map(tender).collect(),
            change: self.change_minor,
            grants: self.grants.into_iter().map(GrantV1::into_grant).collect(),
        };
        order.check().map_err(OrderV1Fault::Sum)?;
        Ok(order)
    }
}

impl OrderLineV1 {
    fn of(line: &OrderLine) -> Self {
        let item = line.item.clone();
        Self {
            id: line.id,
            number: line.number,
            sku: item.sku,
            code: item.code,
            name: item.name,
            spec: item.spec,
            unit: item.unit,
            quantity_milli: line.quantity,
            list_price_minor: item.list_price,
            tax_rate_bps: item.tax_rate,
            style: item.style,
            colour: item.colour,
            size: item.size,
            brand: item.brand,
            category: item.category,
            tags: item.tags,
            list_minor: line.list,
            amount_minor: line.amount,
            label_amount_minor: line.label_amount,
            tax_minor: Some(line.tax),
            adjustments: line.adjustments.iter().map(AdjustmentV1::of).collect(),
            units: line.units.iter().map(UnitRunV1::of).collect(),
        }
    }

    fn into_line(self) -> OrderLine {
        let tax = || tax_inside(self.amount_minor, self.tax_rate_bps);
        OrderLine {
            id: self.id,
            number: self.number,
            item: LineItem {
                sku: self.sku,
                code: self.code,
                name: self.name,
                spec: self.spec,
                unit: self.unit,
                list_price: self.list_price_minor,
                tax_rate: self.tax_rate_bps,
                style: self.style,
                colour: self.colour,
                size: self.size,
                brand: self.brand,
                category: self.category,
                tags: self.tags,
            },
            quantity: self.quantity_milli,
            label_amount: self.label_amount_minor,
            list: self.list_minor,
            amount: self.amount_minor,
            tax: self.tax_minor.unwrap_or_else(tax),
            adjustments: self.adjustments.into_iter().map(AdjustmentV1::into_adjustment).collect(),
            units: self.units.into_iter().map(UnitRunV1::into_run).collect(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::{
        cart::{Cart, CartLine, LineSource},
        id::Id,
        order::{Completion, Source, complete},
        pricing::{
            PriceBook, RuleSet,
            occasion::{Coupon, Manual},
            quote,
            rule::Cut,
        },
        tender::CashRounding,
    };
    use uuid::Uuid;

    use super::*;

    /// As a store wrote it before there were rules.
    const OLD: &str = r#"{"id":"019aa4c2-0000-7000-8000-000000000001","receipt_number":"SH001-1-1-20261121-0042","business_date":"2026-11-21","workstation":1,"operator":"1001","completed_at":1795246200000000,"currency":"CNY","lines":[{"id":"019aa4c2-0000-7000-8000-000000000002","number":1,"sku":"A1","code":"06901234567892","name":"tea","spec":"","unit":"piece","quantity_milli":3000,"list_price_minor":333,"tax_rate_bps":1300,"list_minor":999,"amount_minor":999},{"id":"019aa4c2-0000-7000-8000-000000000003","number":2,"sku":"A2","code":"20001","name":"pears","spec":"","unit":"kg","quantity_milli":452,"list_price_minor":1299,"tax_rate_bps":900,"list_minor":587,"amount_minor":587}],"list_minor":1586,"total_minor":1586,"rounding_minor":-6,"tenders":[{"kind":"cash","amount_minor":2000}],"change_minor":420}"#;

    fn read(body: &str) -> Order {
        serde_json::from_str::<OrderV1>(body).unwrap().into_order().unwrap()
    }

    #[test]
    fn an_order_from_before_rules_still_reads_and_its_units_follow_from_its_amounts() {
        let order = read(OLD);
        assert_eq!((order.pricing.revision, order.member), (0, None));
        assert_eq!(order.pricing.occasion.store, "SH001");
        assert_eq!(order.lines[0].tax, Money::from_minor(115));
        assert!(order.lines.iter().all(|line| line.units.is_empty()));
        assert_eq!(order.loaded().check(), Ok(()));
        assert_eq!(order.loaded().lines[0].units.iter().map(|run| run.units).sum::<u32>(), 3);
    }

    fn rules() -> PriceBook {
        let set = r#"{"rules":[
            {"id":"half","name":"第二件半价","steps":[{"reward":{"nth":{"n":2,"cut":{"rate":5000}}}}]},
            {"id":"ten","name":"满五减一","coupon":true,
             "steps":[{"needs":[{"amount":{"minor":500}}],"reward":{"amount_off":100}}]},
            {"id":"gift","name":"满赠","goods":{"any":[{"sku":"A1"}]},
             "steps":[{"needs":[{"amount":{"pieces":2}}],
                       "reward":{"gift":{"goods":{"any":[{"sku":"A2"}]},"count":1}}}]},
            {"id":"earn","name":"积分","steps":[{"reward":{"earn_points":{"per":100,"points":1}}}]},
            {"id":"next","name":"返券","steps":[{"needs":[{"amount":{"minor":300}}],
                                               "reward":{"grant":{"next_coupon":"ten"}}}]},
            {"id":"back","name":"返现","steps":[{"reward":{"grant":{"cashback_rate":500}}}]},
            {"id":"free","name":"减运费","steps":[{"reward":{"free_delivery":{"fee_max":100}}}]}]}"#;
        PriceBook::compile(12, serde_json::from_str::<RuleSet>(set).unwrap()).unwrap()
    }

    pub(crate) fn priced() -> (PriceBook, Cart, Occasion) {
        let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0);
        for (position, line) in (1..).zip(read(OLD).lines) {
            let OrderLine { id, item, quantity, .. } = line;
            let label_amount = (position == 2).then_some(Money::from_minor(590));
            let is_labelled = label_amount.is_some();
            let source = LineSource::default();
            let line = CartLine { id, position, item, quantity, label_amount, is_labelled, source };
            cart.lines.push(line);
        }
        let mut occasion = Occasion::at_till(
            "SH001".into(),
            StoreClock::default(),
            Timestamp::from_micros(1_795_246_200_000_000),
        );
        occasion.delivery_fee = Money::from_minor(300);
        occasion.coupons.push(Coupon { code: "K-77".into(), rule: "ten".into() });
        occasion.manuals.push(Manual {
            line: None,
            cut: Cut::Off(Money::from_minor(5)),
            reason: "damaged".into(),
            operator: "1001".into(),
            off_max: BasisPoints(2_000),
            may_raise: false,
        });
        (rules(), cart, occasion)
    }

    #[test]
    fn an_order_with_all_that_its_units_carry_comes_off_the_wire_as_it_went_on() {
        let (book, cart, occasion) = priced();
        let quote = quote(&book, &cart.lines, &occasion).unwrap();
        let completion = Completion {
            receipt_number: "SH001-1-1-20261121-0042".parse().unwrap(),
            operator: "1001".into(),
            member: Some(Id::from_uuid(Uuid::from_u128(77))),
            completed_at: occasion.at,
            rounding: CashRounding::JiaoDown,
            occasion,
        };
        let tender = |kind, minor| Tender { kind, amount: Money::from_minor(minor) };
        let tenders = [tender(TenderKind::Card, 500), tender(TenderKind::Cash, 1_000)];
        let order = complete(&cart, &book, &quote, &tenders, completion).unwrap();
        let sources = order.lines.iter().flat_map(|line| &line.adjustments);
        assert!(sources.clone().count() >= 4, "{sources:?}");
        let mut given = sources.clone().filter_map(|adjustment| adjustment.condition.as_ref());
        assert!(given.any(|condition| condition.lines() == [1]));
        assert_eq!((order.grants.len(), order.grants[1].coupon.as_str()), (2, "满 5.00 减 1.00"));
        let delivery = order.delivery.as_ref().unwrap();
        assert_eq!(delivery.adjustments[0].amount, Money::from_minor(100));
        let body = serde_json::to_string(&OrderV1::of(&order)).unwrap();
        assert_eq!(read(&body), order);
        for word in [
            r#""source":"rule","rule":"half","name":"第二件半价","lane":"group""#,
            r#""source":"coupon","rule":"ten","code":"K-77""#,
            r#""source":"manual","operator":"1001","reason":"damaged""#,
            r#""pricing":{"revision":12,"occasion":{"#,
            r#""member":"00000000-0000-0000-0000-00000000004d""#,
            r#""grants":[{"source":"rule","rule":"back","name":"返现","grant":{"cashback_rate":500}"#,
            r#"{"next_coupon":"ten"},"coupon":"满 5.00 减 1.00","times":1,"condition":{"needs":[{"#,
        ] {
            assert!(body.contains(word), "{word} in {body}");
        }
        // A gift from before conditions stays the shopper's.
        let older: AdjustmentV1 = serde_json::from_str(
            r#"{"source":"rule","rule":"gift","name":"满赠","lane":"order","amount_minor":500,
                "gift_for":[1]}"#,
        )
        .unwrap();
        let condition = older.into_adjustment().condition.unwrap();
        assert_eq!(condition.keeps(&[], &Source::Rule("gift".into()), 9_999), 9_999);
        // A condition on a line that is not there.
        let strange = body.replacen(r#""lines":[[1,"#, r#""lines":[[9,"#, 1);
        let fault = serde_json::from_str::<OrderV1>(&strange).unwrap().into_order();
        assert_eq!(fault, Err(OrderV1Fault::Sum(OrderFault::Grants)));
        // One fen moved from one unit to another.
        let moved = body.replacen(r#""tenders_minor":["#, r#""tenders_minor":[1"#, 1);
        let fault = serde_json::from_str::<OrderV1>(&moved).unwrap().into_order();
        assert_eq!(fault, Err(OrderV1Fault::Sum(OrderFault::Tenders)));
    }
}
