//! A store's life in random steps: sales, returns, exchanges and changes of price, each order with
//! what came back of it so far.

use domain::{
    id::Id,
    money::Money,
    order::{Completion, Order, OrderLine, Source, complete, condition::whole},
    quantity::Quantity,
    returns::{
        CouponPolicy, DeliveryPolicy, GiftPolicy, GrantPolicy, GrantUse, ReturnOrder, ReturnPolicy,
        ReturnRefusal, Returning, Wish, exchange, give_back, left,
    },
    tender::{CASH_MINOR_MAX, CashRounding, Tender, TenderKind, TenderRefusal},
    time::Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::random::{self, Pricer, Sale, completion, fen};

/// Which units to bring back: a line, and how much of what is left of it, in percent.
type Pick = (usize, u32);

#[derive(Clone, Debug)]
enum Event {
    Sell(Sale),
    /// Somebody uses so much of the rest of each grant, in percent, and it is worth so much.
    Use {
        order: usize,
        percent: i64,
        worth: i64,
    },
    Return {
        order: usize,
        picks: Vec<Pick>,
        policy: ReturnPolicy,
    },
    Exchange {
        order: usize,
        picks: Vec<Pick>,
        policy: ReturnPolicy,
        sale: Sale,
    },
}

fn policy() -> impl Strategy<Value = ReturnPolicy> + Clone {
    let grants = [GrantPolicy::HeldBack, GrantPolicy::Voided, GrantPolicy::Kept];
    let policy = move |(takes_gifts, gives_coupons, grants)| ReturnPolicy {
        grants,
        gifts: if takes_gifts { GiftPolicy::TakenBack } else { GiftPolicy::Kept },
        coupons: if gives_coupons { CouponPolicy::WithLastUnit } else { CouponPolicy::Never },
        delivery: DeliveryPolicy::WithLastUnit,
        without_receipt: None,
    };
    (any::<bool>(), any::<bool>(), prop::sample::select(grants.to_vec())).prop_map(policy).boxed()
}

fn event(sale: impl Strategy<Value = Sale> + Clone) -> impl Strategy<Value = Event> {
    let picks = prop::collection::vec((0..6_usize, 1..=100_u32), 1..4);
    let one = (0..8_usize, picks, policy());
    let uses = (0..8_usize, 0..=100_i64, 0..2_000_i64);
    prop_oneof![
        1 => uses.prop_map(|(order, percent, worth)| Event::Use { order, percent, worth }),
        2 => sale.clone().prop_map(Event::Sell),
        5 => one.clone().prop_map(|(order, picks, policy)| Event::Return { order, picks, policy }),
        2 => (one, sale).prop_map(|((order, picks, policy), sale)| Event::Exchange {
            order,
            picks,
            policy,
            sale,
        }),
    ]
}

pub(crate) fn returning(number: u32) -> Returning {
    Returning {
        id: Id::from_uuid(Uuid::from_u128(u128::from(number) + 10_000)),
        receipt_number: "SH001-1-1-20261121-0002".parse().unwrap(),
        operator: "1001".into(),
        completed_at: Timestamp::from_micros(1),
        grants_used: Vec::new(),
    }
}

/// Sold goods and what came back of them.
struct Account {
    order: Order,
    back: Vec<ReturnOrder>,
    used: Vec<GrantUse>,
}

impl Account {
    fn of(order: Order) -> Self {
        let none = |(number, _)| GrantUse { number, used: 0, worth: Money::ZERO };
        let used = (1..).zip(&order.grants).map(none).collect();
        Self { order, back: Vec::new(), used }
    }

    /// Of a grant so much is void, and so much was held back for it.
    fn taken_of(&self, number: u16) -> (i64, i64) {
        let backs = self.back.iter().flat_map(|one| &one.grants).filter(|b| b.number == number);
        backs.fold((0, 0), |(void, held), b| (void + b.voided, held + b.charge.minor()))
    }

    fn uses(&mut self, percent: i64, worth: i64) {
        for (at, grant) in self.order.grants.iter().enumerate() {
            let (void, _) = self.taken_of(self.used[at].number);
            let more = (grant.granted() - void - self.used[at].used) * percent / 100;
            if more > 0 {
                self.used[at].used += more;
                self.used[at].worth = fen(self.used[at].worth.minor() + worth);
            }
        }
    }

    fn wishes(&self, picks: &[Pick]) -> Vec<Wish> {
        let left = left(&self.order, &self.back).unwrap();
        let mut wishes: Vec<Wish> = Vec::new();
        for (line, percent) in picks {
            let place = line % left.len();
            let line = &self.order.lines[place];
            if wishes.iter().all(|wish| wish.number != line.number) && left[place] > 0 {
                wishes.push(wish(line, (left[place] * percent / 100).max(1)));
            }
        }
        wishes
    }

    /// What must hold after any return.
    fn check(&self) -> Result<(), TestCaseError> {
        let sums = Sums::of(&self.order, &self.back);
        for (back, net) in sums.tenders.iter().zip(self.order.nets()) {
            prop_assert!((0..=net.minor()).contains(back), "{back} of {net}");
        }
        for (back, line) in sums.lines.iter().zip(&self.order.lines) {
            prop_assert!((0..=line.amount.minor()).contains(&back.amount));
            prop_assert!((0..=line.tax.minor()).contains(&back.tax));
            prop_assert!((0..=line.list.minor()).contains(&back.list));
            for (back, taken) in back.adjustments.iter().zip(&line.adjustments) {
                prop_assert!((0..=taken.amount.minor()).contains(back), "{back} of {taken:?}");
            }
        }
        for (grant, used) in self.order.grants.iter().zip(&self.used) {
            let (void, held) = self.taken_of(used.number);
            prop_assert!(void >= 0 && void + used.used <= grant.granted(), "{void} {used:?}");
            prop_assert!((0..=used.worth.minor()).contains(&held), "{held} of {used:?}");
        }
        prop_assert!(sums.points_spent >= 0 && sums.points_earned >= 0);
        prop_assert!(sums.points_spent <= self.order.pricing.points_spent);
        prop_assert!(sums.points_earned <= self.order.pricing.points_earned);
        Ok(())
    }

    /// No grant is left of what came back by the usual policy.
    fn check_grants(&self) -> Result<(), TestCaseError> {
        for (grant, used) in self.order.grants.iter().zip(&self.used) {
            prop_assert_eq!(self.taken_of(used.number).0 + used.used, grant.granted());
        }
        Ok(())
    }

    /// What must hold when everything is back.
    fn check_closed(&self) -> Result<(), TestCaseError> {
        let sums = Sums::of(&self.order, &self.back);
        let minor = |amounts: Vec<Money>| amounts.into_iter().map(Money::minor).collect::<Vec<_>>();
        let nets = minor(self.order.nets());
        let held: i64 = self.used.iter().map(|used| self.taken_of(used.number).1).sum();
        prop_assert_eq!(sums.tenders.iter().sum::<i64>() + held, nets.iter().sum::<i64>());
        if held == 0 {
            prop_assert_eq!(&sums.tenders, &nets);
        }
        for (back, line) in sums.lines.iter().zip(&self.order.lines) {
            prop_assert_eq!(back.list, line.list.minor());
            prop_assert_eq!(back.amount, line.amount.minor());
            prop_assert_eq!(back.tax, line.tax.minor());
            prop_assert_eq!(back.charged, (0, 0));
            let taken = line.adjustments.iter().map(|adjustment| adjustment.amount).collect();
            prop_assert_eq!(&back.adjustments, &minor(taken));
        }
        prop_assert_eq!(sums.total + held, self.order.total.minor());
        prop_assert_eq!(sums.rounding, self.order.rounding.minor());
        prop_assert_eq!(sums.points_spent, self.order.pricing.points_spent);
        prop_assert_eq!(sums.points_earned, self.order.pricing.points_earned);
        Ok(())
    }
}

pub(crate) fn wish(line: &OrderLine, units: u32) -> Wish {
    let is_piece = line.quantity.milli() == i64::from(line.n_units()) * 1_000;
    let quantity = if is_piece && line.label_amount.is_none() {
        Quantity::from_milli(i64::from(units) * 1_000)
    } else {
        line.quantity
    };
    Wish { number: line.number, quantity }
}

#[derive(Default)]
struct LineSums {
    list: i64,
    amount: i64,
    tax: i64,
    charged: (i64, i64),
    adjustments: Vec<i64>,
}

/// What all returns of an order gave back, with the sign of the sale.
struct Sums {
    lines: Vec<LineSums>,
    tenders: Vec<i64>,
    total: i64,
    rounding: i64,
    points_spent: i64,
    points_earned: i64,
}

impl Sums {
    fn of(order: &Order, back: &[ReturnOrder]) -> Self {
        let line = |line: &OrderLine| LineSums {
            adjustments: vec![0; line.adjustments.len()],
            ..LineSums::default()
        };
        let mut sums = Self {
            lines: order.lines.iter().map(line).collect(),
            tenders: vec![0; order.tenders.len()],
            total: 0,
            rounding: 0,
            points_spent: 0,
            points_earned: 0,
        };
        for one in back {
            for line in &one.lines {
                let sum = &mut sums.lines[usize::from(line.original.unwrap()) - 1];
                sum.list -= line.list.minor();
                sum.amount -= line.amount.minor();
                sum.tax -= line.tax.minor();
                for (sum, part) in sum.adjustments.iter_mut().zip(&line.adjustments) {
                    *sum -= part.amount.minor();
                }
            }
            for charge in &one.charges {
                let sum = &mut sums.lines[usize::from(charge.number) - 1].charged;
                sum.0 += charge.amount.minor();
                sum.1 += charge.tax.minor();
            }
            for refund in &one.refunds {
                sums.tenders[usize::from(refund.tender.unwrap()) - 1] -= refund.amount.minor();
            }
            sums.total -= one.total.minor();
            sums.rounding -= one.rounding.minor();
            sums.points_spent -= one.points_spent;
            sums.points_earned -= one.points_earned;
        }
        sums
    }
}

pub(crate) fn sell(pricer: &Pricer, sale: &Sale, number: usize) -> Option<Order> {
    let quote = pricer.quote(sale);
    let tenders = random::tenders(quote.total.minor(), &sale.cards, sale.rounding, sale.over);
    if tenders.iter().any(|tender| tender.amount.minor() > CASH_MINOR_MAX) {
        return None;
    }
    let mut cart = random::cart(sale.lines.clone());
    cart.order = Id::from_uuid(Uuid::from_u128(number as u128 + 1));
    let completion = Completion { occasion: pricer.occasion(sale), ..completion(sale.rounding) };
    let order = complete(&cart, pricer.book(), &quote, &tenders, completion).unwrap();
    if matches!(pricer, Pricer::Rules(_)) {
        owes_nothing(&order);
    }
    is_paid_for(&order, pricer.book());
    Some(order)
}

/// As long as everything is kept, everything that was given was earned.
fn owes_nothing(order: &Order) {
    let all = whole(&order.lines);
    for adjustment in order.lines.iter().flat_map(|line| &line.adjustments) {
        let Some(condition) = &adjustment.condition else { continue };
        let given = order.lines.iter().flat_map(|line| {
            let at = line.adjustments.iter().position(|a| a.source == adjustment.source);
            let took = move |run: &&domain::order::UnitRun| {
                at.is_some_and(|at| run.adjustments[at] != Money::ZERO)
            };
            line.units.iter().filter(took).map(|run| i64::from(run.units))
        });
        let given: i64 = given.sum();
        assert_eq!(condition.keeps(&all, &adjustment.source, given), given, "{adjustment:?}");
    }
    for grant in &order.grants {
        assert_eq!(grant.earned_by(&all), grant.granted(), "{grant:?}");
    }
}

/// Somebody pays for every fen that was saved, and where nobody knows the rules it is nobody's.
fn is_paid_for(order: &Order, book: &domain::pricing::PriceBook) {
    let saved = order.saved().unwrap();
    for book in [Some(book), None] {
        let savings = order.savings(book).unwrap();
        let sum = |part: fn(&domain::order::Saving) -> Money| {
            Money::sum(savings.iter().map(part)).unwrap().minor()
        };
        let parts = [sum(|s| s.brand), sum(|s| s.store), sum(|s| s.platform), sum(|s| s.unknown)];
        assert_eq!((sum(|s| s.saved), parts.iter().sum()), (saved.minor(), saved.minor()));
        let by_hand = savings.iter().filter(|s| matches!(s.source, Some(Source::Manual { .. })));
        let by_hand: i64 = by_hand.map(|saving| saving.store.minor()).sum();
        assert!(book.is_some() || (parts[0], parts[1], parts[2]) == (0, by_hand, 0));
    }
}

/// Brings back what it can; a gift worth more than all of that stays with its goods.
fn bring_back(
    account: &mut Account,
    picks: &[Pick],
    policy: &ReturnPolicy,
    number: u32,
) -> Result<bool, TestCaseError> {
    let wishes = account.wishes(picks);
    let returning = Returning { grants_used: account.used.clone(), ..returning(number) };
    match give_back(&account.order, &account.back, &wishes, policy, returning) {
        Ok(back) => {
            prop_assert_eq!(back.check(), Ok(()));
            account.back.push(back);
            account.check()?;
            Ok(true)
        }
        Err(ReturnRefusal::AllBack) => {
            prop_assert!(left(&account.order, &account.back).unwrap().iter().all(|n| *n == 0));
            Ok(false)
        }
        Err(ReturnRefusal::Nothing) => {
            prop_assert!(wishes.is_empty());
            Ok(false)
        }
        Err(ReturnRefusal::Gift { missing }) => {
            prop_assert!(policy.gifts == GiftPolicy::TakenBack && missing > Money::ZERO);
            Ok(false)
        }
        Err(refusal) => Err(TestCaseError::fail(format!("{refusal:?} for {wishes:?}"))),
    }
}

/// Settles a new sale with the newest return of an account; no fen is made or lost.
fn settle_exchange(
    back: &ReturnOrder,
    sale: &Sale,
    pricer: &Pricer,
    number: usize,
) -> Result<Option<Order>, TestCaseError> {
    let quote = pricer.quote(sale);
    let mut added: Vec<Tender> = Vec::new();
    let pays_by_card = sale.over % 2 == 1;
    let settled = loop {
        match exchange(&back.refunds, quote.total, &added, sale.rounding) {
            Ok(settled) => break settled,
            Err(TenderRefusal::Short { missing }) => {
                prop_assert!(added.len() < 3, "{added:?} of {}", quote.total);
                if missing.minor() > CASH_MINOR_MAX {
                    return Ok(None);
                }
                // A card moves what is left for cash, and with it the rounding: cash ends it.
                let by_card = fen(missing.minor() - 100);
                let tender = if added.is_empty() && pays_by_card && by_card > Money::ZERO {
                    Tender { kind: TenderKind::Card, amount: by_card }
                } else {
                    Tender { kind: TenderKind::Cash, amount: missing }
                };
                added.push(tender);
            }
            Err(refusal) => return Err(TestCaseError::fail(format!("{refusal:?}"))),
        }
    };
    let refunded = |refunds: &[domain::returns::Refund]| -> i64 {
        refunds.iter().map(|refund| refund.amount.minor()).sum()
    };
    prop_assert_eq!(refunded(&settled.kept) + refunded(&settled.back), refunded(&back.refunds));
    let given: i64 = added.iter().map(|tender| tender.amount.minor()).sum();
    let paid = given - settled.settlement.change.minor() + refunded(&settled.back);
    prop_assert_eq!(
        paid,
        settled.settlement.due.minor() + back.due().unwrap().minor(),
        "the difference moves and nothing else"
    );
    if paid > 0 {
        prop_assert!(settled.back.is_empty() || given > 0);
    }
    let mut cart = random::cart(sale.lines.clone());
    cart.order = Id::from_uuid(Uuid::from_u128(number as u128 + 1));
    let completion = Completion { occasion: pricer.occasion(sale), ..completion(sale.rounding) };
    Ok(Some(complete(&cart, pricer.book(), &quote, &settled.tenders, completion).unwrap()))
}

/// Lives through a history, then brings everything back and looks at every sum.
fn live(pricer: &Pricer, first: Sale, events: Vec<Event>) -> Result<(), TestCaseError> {
    let mut accounts = Vec::new();
    let mut numbers = 0..;
    for event in std::iter::once(Event::Sell(first)).chain(events) {
        let number = numbers.next().unwrap();
        match event {
            Event::Sell(sale) => {
                let order = sell(pricer, &sale, accounts.len());
                accounts.extend(order.map(Account::of));
            }
            Event::Return { order, picks, policy } if !accounts.is_empty() => {
                let at = order % accounts.len();
                bring_back(&mut accounts[at], &picks, &policy, number)?;
            }
            Event::Exchange { order, picks, policy, sale } if !accounts.is_empty() => {
                let at = order % accounts.len();
                if bring_back(&mut accounts[at], &picks, &policy, number)? {
                    let back = accounts[at].back.last().unwrap();
                    let order = settle_exchange(back, &sale, pricer, accounts.len())?;
                    accounts.extend(order.map(Account::of));
                }
            }
            Event::Use { order, percent, worth } if !accounts.is_empty() => {
                let at = order % accounts.len();
                accounts[at].uses(percent, worth);
            }
            Event::Use { .. } | Event::Return { .. } | Event::Exchange { .. } => {}
        }
    }
    for account in &mut accounts {
        let policy = ReturnPolicy { delivery: DeliveryPolicy::WithLastUnit, ..Default::default() };
        let all: Vec<Pick> = (0..account.order.lines.len()).map(|line| (line, 100)).collect();
        if bring_back(account, &all, &policy, 9_999)? {
            account.check_grants()?;
        }
        account.check_closed()?;
        let again = account.wishes(&all);
        let refused = give_back(&account.order, &account.back, &again, &policy, returning(0));
        prop_assert_eq!(refused, Err(ReturnRefusal::AllBack));
    }
    Ok(())
}

fn history(sale: impl Strategy<Value = Sale> + Clone) -> impl Strategy<Value = (Sale, Vec<Event>)> {
    (sale.clone(), prop::collection::vec(event(sale), 0..14))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn all_returns_of_an_order_give_back_what_was_paid_whatever_was_taken(
        (first, events) in history(random::sale()),
    ) {
        live(&Pricer::Anything(random::book()), first, events)?;
    }

    #[test]
    fn all_returns_of_an_order_give_back_what_was_paid_whatever_rules_did(
        (first, events) in history(random::sale()), mask in any::<u16>(),
    ) {
        live(&Pricer::Rules(random::shop(mask)), first, events)?;
    }

    #[test]
    fn the_way_to_a_state_makes_no_difference(
        sale in random::sale(), picks in prop::collection::vec((0..6_usize, 1..=60_u32), 1..6),
    ) {
        let order = sell(&Pricer::Anything(random::book()), &sale, 0);
        prop_assume!(order.is_some());
        // Without gifts that hold money back, two ways meet in the same tenders.
        let gifts = GiftPolicy::Kept;
        let policy = ReturnPolicy { gifts, grants: GrantPolicy::Kept, ..Default::default() };
        let mut steps = Account::of(order.unwrap());
        for (number, pick) in (0..).zip(picks) {
            bring_back(&mut steps, &[pick], &policy, number)?;
        }
        let left = left(&steps.order, &steps.back).unwrap();
        let lines = steps.order.lines.iter().zip(left);
        let wishes: Vec<Wish> = lines
            .filter(|(line, left)| line.n_units() > *left)
            .map(|(line, left)| wish(line, line.n_units() - left))
            .collect();
        let once = give_back(&steps.order, &[], &wishes, &policy, returning(0)).unwrap();
        let (one, many) = (Sums::of(&steps.order, &[once]), Sums::of(&steps.order, &steps.back));
        prop_assert_eq!(one.tenders, many.tenders);
        prop_assert_eq!(one.rounding, many.rounding);
        prop_assert_eq!(one.points_spent, many.points_spent);
        for (one, many) in one.lines.iter().zip(&many.lines) {
            prop_assert_eq!((one.list, one.amount, one.tax), (many.list, many.amount, many.tax));
            prop_assert_eq!(&one.adjustments, &many.adjustments);
        }
    }
}

#[test]
fn a_history_without_events_is_one_sale_that_comes_back_whole() {
    let sale = Sale {
        lines: vec![random::line(1, 333, domain::catalog::Unit::Piece, 3_000, None)],
        rounding: CashRounding::JiaoDown,
        ..Sale::default()
    };
    let pricer = Pricer::Anything(random::book());
    let order = sell(&pricer, &sale, 0).unwrap();
    assert_eq!((order.total, order.rounding), (fen(999), fen(-9)));
    live(&pricer, sale, Vec::new()).unwrap();
}
