//! What happens after an order of a trial: returns and exchanges.
//!
//! **Invariant:** `returns` decides; here words become wishes, and what came of them becomes rows.

use uuid::Uuid;

use super::{
    outcome::{Detail, RECEIPT_NUMBER},
    rows::settled_rows,
    words::{Unclear, Words, decimal, unclear, word},
};
use crate::{
    cart::{Addition, Cart, LineItem, Measure},
    catalog::Unit,
    id::Id,
    money::Money,
    order::{Order, OrderGrant, Source},
    pricing::{Occasion, PriceBook, Quote, quote, rule::Grant},
    quantity::Quantity,
    returns::{
        Exchange, GrantBack, GrantUse, LooseGoods, Refund, ReturnOrder, ReturnPolicy,
        ReturnRefusal, Returning, Wish, exchange, give_back, give_back_without_receipt, left,
    },
    tender::{CashRounding, Tender, TenderKind, TenderRefusal},
};

/// Goods that a line of a trial names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    item: LineItem,
    /// Not said: one piece, or the whole pack.
    quantity: Option<Quantity>,
}

/// Something that happens after the order.
#[derive(Clone, Debug)]
pub(super) enum After {
    Return {
        goods: Vec<Named>,
        has_receipt: bool,
    },
    Exchange {
        goods: Vec<Named>,
        new: Vec<Named>,
        added: Vec<Tender>,
    },
    /// Of what a rule granted, so much was used in all.
    GrantUsed {
        rule: String,
        used: i64,
        worth: Money,
    },
}

/// What came of a return or an exchange.
#[derive(Clone, Debug)]
pub enum Afterwards {
    /// Goods came back, or not.
    Returned(Result<Box<ReturnOrder>, ReturnRefusal>),
    /// Goods came back and others went.
    Exchanged(Box<Exchanged>),
    /// There is no order, or the new goods have no price.
    Nothing,
}

/// An exchange.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// What came back.
    pub returned: ReturnOrder,
    /// The new goods.
    pub cart: Cart,
    /// What they cost.
    pub quote: Quote,
    /// How the difference moves.
    pub settled: Result<Exchange, TenderRefusal>,
}

/// `return 2 tea, cake`, `return tea without receipt`.
pub(super) fn read_return(words: &mut Words, items: &[LineItem]) -> Result<After, Unclear> {
    let goods = named(words, items)?;
    let is_without = words.takes("without");
    if is_without {
        words.needs("receipt")?;
    }
    Ok(After::Return { goods, has_receipt: !is_without })
}

/// `grant back used 1 worth 10.00`; of a cashback `grant back5 used 2.99`.
pub(super) fn read_grant(words: &mut Words) -> Result<After, Unclear> {
    let rule = words.name("a rule's id")?;
    words.needs("used")?;
    let first = words.name("a number of coupons, or an amount of cashback")?;
    if !first.contains('.') {
        let used = Words::of(&first)?.number("a number of coupons or times of parking")?;
        let worth = if words.takes("worth") { words.money()? } else { Money::ZERO };
        return Ok(After::GrantUsed { rule, used, worth });
    }
    let worth = Words::of(&first)?.money()?;
    Ok(After::GrantUsed { rule, used: worth.minor(), worth })
}

/// `exchange tea for 2 cake, cup paying cash 50, card 3`.
pub(super) fn read_exchange(words: &mut Words, items: &[LineItem]) -> Result<After, Unclear> {
    let goods = named(words, items)?;
    words.needs("for")?;
    let new = named(words, items)?;
    let mut added = Vec::new();
    if words.takes("paying") {
        loop {
            let Some(kind) = words.peek().and_then(TenderKind::from_word) else {
                return unclear(format!("expected a tender{}", words.instead()));
            };
            words.needs(kind.word())?;
            added.push(Tender { kind, amount: words.money()? });
            if !words.takes(",") {
                break;
            }
        }
    }
    Ok(After::Exchange { goods, new, added })
}

fn named(words: &mut Words, items: &[LineItem]) -> Result<Vec<Named>, Unclear> {
    let mut goods = Vec::new();
    loop {
        let first = words.name("an item")?;
        let find = |key: &str| items.iter().find(|item| item.sku == key).cloned();
        let (key, quantity) = match (find(&first), decimal(&first, 3)) {
            (None, Some(milli)) => (words.name("an item")?, Some(Quantity::from_milli(milli))),
            (Some(_), _) | (None, None) => (first, None),
        };
        match find(&key) {
            Some(item) => goods.push(Named { item, quantity }),
            None => return unclear(format!("there is no item `{key}`")),
        }
        if !words.takes(",") {
            return Ok(goods);
        }
    }
}

/// What all of it goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shop<'a> {
    pub(super) book: &'a PriceBook,
    pub(super) occasion: &'a Occasion,
    pub(super) policy: &'a ReturnPolicy,
    pub(super) rounding: CashRounding,
}

/// Carries everything out in order.
pub(super) fn carry_out(shop: Shop<'_>, order: Option<&Order>, all: &[After]) -> Vec<Afterwards> {
    let mut earlier: Vec<ReturnOrder> = Vec::new();
    let mut without_receipt = Money::ZERO;
    let mut used: Vec<GrantUse> = Vec::new();
    let mut done = Vec::new();
    for (number, after) in (1_u128..).zip(all) {
        let Ok(returning) = returning(number, shop.occasion, &used) else {
            continue;
        };
        let outcome = match (after, order) {
            (After::GrantUsed { rule, used: of_it, worth }, order) => {
                let grants = order.map_or(&[][..], |order| &order.grants);
                let number = (1..).zip(grants).find(|(_, grant)| is_of(grant, rule));
                if let Some((number, _)) = number {
                    used.retain(|known| known.number != number);
                    used.push(GrantUse { number, used: *of_it, worth: *worth });
                }
                continue;
            }
            (After::Return { goods, has_receipt: false }, _) => {
                let back = loose(shop, goods, returning, without_receipt);
                if let Some(Ok(back)) = &back {
                    let sum = without_receipt.minus(back.total);
                    without_receipt = sum.unwrap_or(without_receipt);
                }
                back.map_or(Afterwards::Nothing, |back| Afterwards::Returned(back.map(Box::new)))
            }
            (After::Return { goods, .. }, Some(order)) => {
                let back = back(shop, order, &earlier, goods, returning);
                earlier.extend(back.as_ref().ok().cloned());
                Afterwards::Returned(back.map(Box::new))
            }
            (After::Exchange { goods, new, added }, Some(order)) => {
                match back(shop, order, &earlier, goods, returning) {
                    Err(refusal) => Afterwards::Returned(Err(refusal)),
                    Ok(returned) => change(shop, returned, new, added, &mut earlier),
                }
            }
            (After::Return { .. } | After::Exchange { .. }, None) => Afterwards::Nothing,
        };
        done.push(outcome);
    }
    done
}

fn is_of(grant: &OrderGrant, id: &str) -> bool {
    match &grant.source {
        Source::Rule(rule) | Source::Coupon { rule, .. } => rule == id,
        Source::Manual { .. } => false,
    }
}

fn returning(
    number: u128,
    occasion: &Occasion,
    used: &[GrantUse],
) -> Result<Returning, ReturnRefusal> {
    Ok(Returning {
        // Orders have the small numbers.
        id: Id::from_uuid(Uuid::from_u128(10_000 + number)),
        receipt_number: RECEIPT_NUMBER.parse().map_err(|_| ReturnRefusal::NoReceipt)?,
        operator: "1001".to_owned(),
        completed_at: occasion.at,
        grants_used: used.to_vec(),
    })
}

fn back(
    shop: Shop<'_>,
    order: &Order,
    earlier: &[ReturnOrder],
    goods: &[Named],
    returning: Returning,
) -> Result<ReturnOrder, ReturnRefusal> {
    let left = left(order, earlier)?;
    let wishes: Vec<Wish> = goods.iter().map(|named| wish(order, &left, named)).collect();
    give_back(order, earlier, &wishes, shop.policy, returning)
}

/// The line that is meant: the first of this item of which so much is left.
fn wish(order: &Order, left: &[u32], named: &Named) -> Wish {
    let of_item =
        || order.lines.iter().zip(left).filter(|(line, _)| line.item.sku == named.item.sku);
    let is_piece = named.item.unit == Unit::Piece;
    let fits = |(line, left): &(&crate::order::OrderLine, &u32)| match named.quantity {
        None => **left > 0,
        Some(quantity) if is_piece && line.label_amount.is_none() => {
            i64::from(**left) * 1_000 >= quantity.milli()
        }
        Some(quantity) => **left > 0 && line.quantity == quantity,
    };
    let line = of_item().find(fits).or_else(|| of_item().next()).map(|(line, _)| line);
    let whole = line.filter(|line| line.label_amount.is_some() || !is_piece);
    let all = whole.map_or(Quantity::ONE, |line| line.quantity);
    Wish {
        // No line has the number 0, and the refusal says so.
        number: line.map_or(0, |line| line.number),
        quantity: named.quantity.unwrap_or(all),
    }
}

/// Goods in a cart of their own with their price.
fn priced(shop: Shop<'_>, goods: &[Named], occasion: &Occasion) -> Option<(Cart, Quote)> {
    let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(2)), 0);
    for (number, Named { item, quantity }) in (20_000_u128..).zip(goods) {
        let line = Id::from_uuid(Uuid::from_u128(number));
        let measure = match quantity {
            Some(quantity) => Measure::Given(*quantity),
            None => Measure::Pack(Quantity::ONE),
        };
        cart.add(Addition { line, item: item.clone(), measure }).ok()?;
    }
    let quote = quote(shop.book, &cart.lines, occasion).ok()?;
    Some((cart, quote))
}

/// The same moment and place for other goods: nothing presented, nothing chosen.
fn plain(occasion: &Occasion) -> Occasion {
    let Occasion { at, clock, store, channel, shopper, .. } = occasion.clone();
    Occasion { channel, shopper, ..Occasion::at_till(store, clock, at) }
}

fn loose(
    shop: Shop<'_>,
    goods: &[Named],
    returning: Returning,
    today: Money,
) -> Option<Result<ReturnOrder, ReturnRefusal>> {
    let occasion = Occasion { shopper: None, ..plain(shop.occasion) };
    let (cart, quote) = priced(shop, goods, &occasion)?;
    let goods =
        LooseGoods { cart: &cart, book: shop.book, quote: &quote, occasion: &occasion, today };
    Some(give_back_without_receipt(goods, shop.policy, returning))
}

fn change(
    shop: Shop<'_>,
    returned: ReturnOrder,
    new: &[Named],
    added: &[Tender],
    earlier: &mut Vec<ReturnOrder>,
) -> Afterwards {
    let Some((cart, quote)) = priced(shop, new, &plain(shop.occasion)) else {
        return Afterwards::Nothing;
    };
    let settled = exchange(&returned.refunds, quote.total, added, shop.rounding);
    if settled.is_ok() {
        earlier.push(returned.clone());
    }
    Afterwards::Exchanged(Box::new(Exchanged { returned, cart, quote, settled }))
}

impl Afterwards {
    /// What came of it as rows, under a head that names it.
    pub(super) fn rows(&self, number: usize, show: &[Detail]) -> Vec<String> {
        match self {
            Self::Nothing => {
                vec![format!("return {number}"), "refused there is nothing to return".to_owned()]
            }
            Self::Returned(Err(refusal)) => {
                vec![format!("return {number}"), format!("refused {refusal}")]
            }
            Self::Returned(Ok(back)) => {
                let mut rows = vec![format!("return {number}")];
                rows.extend(return_rows(back, show));
                rows.extend(back.refunds.iter().map(|refund| money_row("back", refund)));
                rows
            }
            Self::Exchanged(exchanged) => {
                let mut rows = vec![format!("exchange {number}")];
                rows.extend(return_rows(&exchanged.returned, show));
                rows.extend(exchange_rows(exchanged));
                rows
            }
        }
    }
}

fn return_rows(back: &ReturnOrder, show: &[Detail]) -> Vec<String> {
    let mut rows = Vec::new();
    for line in &back.lines {
        let mut row = format!("{} {} {}", word(&line.item.sku), line.quantity, line.amount);
        if show.contains(&Detail::Tax) {
            row.push_str(&format!(" tax {}", line.tax));
        }
        rows.push(row);
    }
    rows.extend(
        back.charges
            .iter()
            .map(|charge| format!("gift of line {} {}", charge.number, charge.amount)),
    );
    rows.extend(back.grants.iter().flat_map(grant_rows));
    if back.delivery != Money::ZERO {
        rows.push(format!("delivery {}", back.delivery));
    }
    rows.push(format!("total {}", back.total));
    if back.rounding != Money::ZERO {
        rows.push(format!("rounding {}", back.rounding));
    }
    if back.points_spent != 0 {
        rows.push(format!("gives {} points back", -back.points_spent));
    }
    if back.points_earned != 0 {
        rows.push(format!("takes {} points back", -back.points_earned));
    }
    rows.extend(back.coupons.iter().map(|code| format!("coupon {} again", word(code))));
    rows
}

/// What became of a grant: `void back coupon next10 x1`, `held for back 10.00`.
fn grant_rows(back: &GrantBack) -> Vec<String> {
    let rule = match &back.source {
        Source::Rule(rule) | Source::Coupon { rule, .. } => word(rule),
        Source::Manual { .. } => String::new(),
    };
    let what = match &back.what {
        Grant::NextCoupon(coupon) => format!("coupon {} x{}", word(coupon), back.voided),
        Grant::ParkingMinutes(minutes) => format!("parking {minutes} minutes x{}", back.voided),
        Grant::CashbackRate(_) | Grant::CashbackAmount(_) => {
            format!("cashback {}", Money::from_minor(back.voided))
        }
    };
    let mut rows = Vec::new();
    if back.voided != 0 {
        rows.push(format!("void {rule} {what}"));
    }
    if back.charge != Money::ZERO {
        rows.push(format!("held for {rule} {}", back.charge));
    }
    rows
}

/// `back cash 22.40`: amounts as a person counts them, above zero.
fn money_row(verb: &str, refund: &Refund) -> String {
    let amount = Money::ZERO.minus(refund.amount).unwrap_or(refund.amount);
    format!("{verb} {} {amount}", refund.kind.word())
}

fn exchange_rows(exchanged: &Exchanged) -> Vec<String> {
    let Exchanged { cart, quote, settled, .. } = exchanged;
    let mut rows: Vec<String> = cart
        .lines
        .iter()
        .zip(&quote.lines)
        .map(|(line, quoted)| {
            format!("{} {} {}", word(&line.item.sku), line.quantity, quoted.amount)
        })
        .collect();
    rows.push(format!("total {}", quote.total));
    match settled {
        Ok(settled) => {
            rows.extend(settled.kept.iter().map(|refund| money_row("keeps", refund)));
            rows.extend(settled.back.iter().map(|refund| money_row("back", refund)));
            let settlement = &settled.settlement;
            rows.extend(settled_rows(settlement.rounding, settlement.due, settlement.change));
        }
        Err(TenderRefusal::Short { missing }) => rows.push(format!("missing {missing}")),
        Err(
            refusal @ (TenderRefusal::OverTender | TenderRefusal::Amount | TenderRefusal::TooMany),
        ) => rows.push(format!("refused {refusal}")),
    }
    rows
}
