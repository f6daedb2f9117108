//! A member enters, changes, goes.
//!
//! A wish says how a member should be, by the id that its caller made; the same wish again changes
//! nothing. What they have is not part of it: that is entries alone.
//!
//! **Invariant:** a phone number is one member's.

use domain::{
    id::MemberId,
    member::{NAME_CHARS_MAX, Phone},
    money::Money,
    time::BusinessDate,
};

use super::{MemberError, purse, sealed, value};
use crate::{
    context::Context,
    db::{
        self, Conn,
        members::{self, KnownIn, MemberRow},
        stores,
    },
    fleet::Outcome,
};

/// Signs of a tier's or crowd's word.
const WORD_CHARS_MAX: usize = 40;
/// Crowds of one member: what a person can oversee.
const CROWDS_MAX: usize = 20;

/// A member as HQ wishes them to be.
#[derive(Clone)]
pub(crate) struct MemberWish {
    /// The phone number, as people write it.
    pub(crate) phone: String,
    /// The name.
    pub(crate) name: String,
    /// The code of the store that they call theirs; none where empty.
    pub(crate) home: String,
    /// The tier; empty for none.
    pub(crate) tier: String,
    /// When they became a member.
    pub(crate) joined_on: Option<BusinessDate>,
    /// `MM-DD`; empty where nobody knows.
    pub(crate) birthday: String,
    /// Works for the chain.
    pub(crate) is_staff: bool,
    /// Tags of their crowds.
    pub(crate) crowds: Vec<String>,
}

/// A wish that can be.
pub(super) struct Checked {
    pub(super) phone: Phone,
    name: String,
    birthday: Option<(u8, u8)>,
}

/// Whether a wish can be.
pub(super) fn check(wish: &MemberWish) -> Result<Checked, MemberError> {
    let phone =
        Phone::read(&wish.phone).ok_or(value("phone", "is no mobile number of 11 digits"))?;
    let name = wish.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || has_controls(&name) {
        return Err(value("name", "has not 1 to 40 printable signs"));
    }
    let birthday = match wish.birthday.trim() {
        "" => None,
        text => Some(sealed::birthday(text).ok_or(value("birthday", "is not MM-DD"))?),
    };
    let is_word = |word: &str| {
        word.chars().count() <= WORD_CHARS_MAX && !has_controls(word) && !word.contains(';')
    };
    if !is_word(&wish.tier) {
        return Err(value("tier", "has more than 40 signs, or one that is not printable"));
    }
    let are_words = wish.crowds.iter().all(|crowd| !crowd.is_empty() && is_word(crowd));
    if !are_words || wish.crowds.len() > CROWDS_MAX {
        return Err(value("crowds", "are not up to 20 words of 1 to 40 printable signs"));
    }
    Ok(Checked { phone, name, birthday })
}

fn has_controls(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Lets a member enter, or changes who they are.
pub(crate) async fn enter(
    context: &Context,
    id: MemberId,
    wish: &MemberWish,
) -> Result<Outcome, MemberError> {
    let doing = "write a member";
    let checked = check(wish)?;
    let mut tx = context.db().write(doing).await?;
    let outcome = enter_in(context, &mut tx, id, wish, checked).await?;
    if outcome != Outcome::Unchanged {
        db::commit(tx, doing).await?;
    }
    Ok(outcome)
}

/// The same in a transaction that the caller commits.
pub(super) async fn enter_in(
    context: &Context,
    tx: &mut Conn,
    id: MemberId,
    wish: &MemberWish,
    checked: Checked,
) -> Result<Outcome, MemberError> {
    let vault = context.vault();
    let Checked { phone, name, birthday } = checked;
    let home = match wish.home.as_str() {
        "" => None,
        code => {
            let store = stores::by_code(tx, code).await?;
            Some(store.ok_or_else(|| MemberError::Store(code.to_owned()))?.id)
        }
    };
    if let Some(other) = members::by_phone(tx, &sealed::index_of(vault, &phone)).await?
        && other.id != id
    {
        return Err(MemberError::Phone(other.id));
    }
    let held = members::by_id(tx, id).await?;
    if held.as_ref().is_some_and(|held| held.is_gone) {
        return Err(MemberError::Unknown(id));
    }
    let known = members::stores_of(tx, id).await?;
    let mut row = MemberRow {
        id,
        phone_index: String::new(),
        phone_cell: String::new(),
        name_cell: String::new(),
        birthday_cell: String::new(),
        tier: wish.tier.clone(),
        joined_on: wish.joined_on,
        is_staff: wish.is_staff,
        crowds: wish.crowds.clone(),
        points: held.as_ref().map_or(0, |held| held.points),
        balance: held.as_ref().map_or(Money::ZERO, |held| held.balance),
        created_at: held.as_ref().map_or(context.now(), |held| held.created_at),
        is_gone: false,
    };
    if let Some(held) = &held {
        let clear = sealed::clear(vault, held)?;
        let is_same = (&clear.phone, clear.name.as_str(), clear.birthday)
            == (&phone, name.as_str(), birthday);
        let cells = MemberRow {
            phone_index: held.phone_index.clone(),
            phone_cell: held.phone_cell.clone(),
            name_cell: held.name_cell.clone(),
            birthday_cell: held.birthday_cell.clone(),
            ..row.clone()
        };
        let is_home = known.iter().find(|known| known.is_home).map(|known| known.store) == home;
        if is_same && cells == *held && is_home {
            return Ok(Outcome::Unchanged);
        }
    }
    sealed::seal_into(vault, &mut row, &phone, &name, birthday)?;
    members::put(tx, &row).await?;
    let mut wanted: Vec<KnownIn> = known.iter().map(|k| KnownIn { is_home: false, ..*k }).collect();
    if let Some(home) = home {
        wanted.retain(|known| known.store != home);
        wanted.push(KnownIn { store: home, is_home: true });
    }
    purse::lend_and_tell(tx, id, &wanted, context.now()).await?;
    Ok(if held.is_some() { Outcome::Changed } else { Outcome::Added })
}

/// Ends a membership: every store forgets them; their entries stay, under an id that says nothing.
pub(crate) async fn remove(context: &Context, id: MemberId) -> Result<(), MemberError> {
    let doing = "remove a member";
    let mut tx = context.db().write(doing).await?;
    let held = members::by_id(&mut tx, id).await?.filter(|held| !held.is_gone);
    let held = held.ok_or(MemberError::Unknown(id))?;
    let empty = String::new;
    let gone = MemberRow {
        phone_index: id.to_string(),
        phone_cell: empty(),
        name_cell: empty(),
        birthday_cell: empty(),
        tier: empty(),
        crowds: Vec::new(),
        is_gone: true,
        ..held
    };
    members::put(&mut tx, &gone).await?;
    purse::forget(&mut tx, id, context.now()).await?;
    Ok(db::commit(tx, doing).await?)
}
