//! Who buys: a member, known by phone number or by their own code, and what of theirs may be spent
//! here while nobody can ask the mall.
//!
//! | file | what |
//! | --- | --- |
//! | `member` | one of them at a counter, as a value |
//! | `identify` | from what was shown to a member, and off again |
//! | `spend` | points and prepaid balance that shall pay |
//! | `follow` | counters learn what has become of the member who stands there |
//!
//! **Invariant:** a name and a phone number rest sealed, in file and memory, and are opened to be
//! masked. Nothing of a member's is spent unless they showed their own code, and never more than is
//! left of what the mall has set aside for this store: its allowance, less what this store has
//! spent after the place in its outbox up to which the mall had counted.

mod follow;
mod identify;
mod spend;

pub(crate) use follow::{refresh, tell_others};
pub(crate) use identify::{Wish, blind, changed, forget, identify, is_for};
pub(crate) use spend::{set_balance, set_points};

use domain::{
    id::MemberId,
    member::{Member, Spent, Standing, mask_name},
    money::Money,
    order::Order,
    pricing::{Occasion, occasion::Used},
    receipt::MemberNote,
    tender::TenderKind,
    time::{BusinessDate, Timestamp},
};
use sync::{replica::StoreId, seal::Seal, token, wire::MemberV1};

use crate::{
    context::Context,
    db::{self, DbError},
    refusal::Refusal,
};

/// How often a member has used a rule in this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberUse {
    /// The rule.
    pub(crate) rule: String,
    /// Ever.
    pub(crate) ever: u32,
    /// The last business date on which they did.
    pub(crate) last_on: BusinessDate,
    /// On that date.
    pub(crate) on_last: u32,
}

/// A member at a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identified {
    /// The same in every channel.
    pub(crate) id: MemberId,
    /// They showed their own code; a phone number may be anybody's.
    pub(crate) is_proven: bool,
    /// What the mall says of them, name and phone number sealed; none where this store has no row.
    pub(crate) row: Option<MemberV1>,
    /// Points they want to pay with, at most.
    pub(crate) points_to_pay: i64,
    /// Balance they want to pay with, at most.
    pub(crate) balance_to_pay: Money,
    /// What this store has spent since the allowances were given.
    pub(crate) spent: Spent,
    /// Rules with a limit for each member that they have used here.
    pub(crate) uses: Vec<MemberUse>,
}

impl Identified {
    /// What the mall said last; nothing of a member whom this store has no row of.
    fn standing(&self) -> Standing {
        let row = self.row.as_ref();
        Standing {
            tier: row.map(|row| row.tier.clone()).unwrap_or_default(),
            joined_on: row.and_then(|row| row.joined_on),
            birthday: row.and_then(|row| row.birthday),
            is_staff: row.is_some_and(|row| row.is_staff),
            crowds: row.map(|row| row.crowds.clone()).unwrap_or_default(),
            points: row.map_or(0, |row| row.points),
            balance: row.map_or(Money::ZERO, |row| row.balance_minor),
            points_allowance: row.and_then(|row| row.points_allowance),
            balance_allowance: row.and_then(|row| row.balance_allowance),
        }
    }

    /// The member at a moment: what rules ask, and what may be spent here. Their names stay sealed.
    pub(crate) fn member(&self, now: Timestamp) -> Member {
        let names = (String::new(), String::new());
        Member::of(self.id, names, self.standing(), self.spent, now)
    }

    /// Name and phone number, masked; nothing where they do not open.
    pub(crate) fn masked(&self, seal: Option<&Seal>) -> Option<(String, String)> {
        let (phone, name) = self.row.as_ref()?.open(seal?).ok()?;
        Some((mask_name(&name), phone.to_string()))
    }

    /// What they have now of points and balance, as far as this store knows.
    pub(crate) fn has(&self) -> (i64, Money) {
        let standing = self.standing();
        let points = standing.points.saturating_sub(self.spent.points);
        (points, standing.balance.minus(self.spent.balance).unwrap_or_default())
    }

    /// Says in an occasion who buys.
    pub(crate) fn buys(&self, occasion: &mut Occasion) {
        occasion.shopper = Some(self.member(occasion.at).shopper);
        occasion.points_to_pay = if self.is_proven { self.points_to_pay } else { 0 };
        let today = occasion.clock.business_date(occasion.at);
        for by in &self.uses {
            let by_member_today = if by.last_on == today { by.on_last } else { 0 };
            match occasion.used.iter_mut().find(|used| used.rule == by.rule) {
                Some(used) => (used.by_member, used.by_member_today) = (by.ever, by_member_today),
                None => occasion.used.push(Used {
                    rule: by.rule.clone(),
                    by_member: by.ever,
                    by_member_today,
                    by_all: 0,
                }),
            }
        }
    }
}

/// What an order took of a member's balance.
pub(crate) fn balance_of(order: &Order) -> Money {
    let parts = order.tenders.iter().filter(|tender| tender.kind == TenderKind::Balance);
    parts.fold(Money::ZERO, |sum, tender| sum.plus(tender.amount).unwrap_or(sum))
}

/// What a receipt says of the member who bought; nothing for an order of nobody's.
pub(crate) async fn note(context: &Context, order: &Order) -> Result<Option<MemberNote>, DbError> {
    let Some(id) = order.member else { return Ok(None) };
    let before = order.id;
    let had = context.ledger.read(move |db| db::member::had_before(db, before)).await?;
    let row = match context.replicas.store() {
        Some(replica) => replica.read(|db| db::member::by_id(db, id))?,
        None => None,
    };
    let seal = context.seal.load_full();
    let open = |row: MemberV1| row.open(seal.as_deref()?).ok();
    let phone = row.and_then(open).map(|(phone, _)| phone.to_string());
    let (points_before, balance_before) = had.unwrap_or_default();
    Ok(Some(MemberNote { phone, points_before, balance_before }))
}

/// Believes a code of our own by the mall's keys alone, or says why not.
pub(crate) fn believe(context: &Context, text: &str) -> Result<token::Token, Refusal> {
    let replica = context.replicas.store().ok_or(Refusal::MembersNotHere)?;
    let keys = replica.read(db::member::keys).map_err(|_| Refusal::MembersNotHere)?;
    let store = context.node.as_ref().map_or(StoreId(0), |node| node.store);
    if keys.is_empty() {
        return Err(Refusal::MembersNotHere);
    }
    token::believe(text, &keys, store, context.clock.now()).map_err(Refusal::Disbelieved)
}

#[cfg(test)]
mod allowances;
#[cfg(test)]
mod at_the_counter;
