//! Names, phone numbers and birthdays: sealed here, sealed again for a store, masked for people.
//!
//! **Invariant:** clear text lives as long as a function here runs.

use domain::{
    id::MemberId,
    lending::{Lent, Purse},
    member::{Allowance, Phone, Through, mask_name},
};
use sync::{
    chain::{hex, hex_bytes},
    seal::{Place, Seal, SealError},
    wire::MemberV1,
};

use crate::{
    db::members::{ForStore, MemberRow},
    vault::{Vault, VaultError},
};

const fn place<'a>(column: &'a str, row: &'a str) -> Place<'a> {
    Place { table: "member", column, row }
}

/// Seals one text of a member's.
fn close(vault: &Vault, id: MemberId, column: &str, clear: &str) -> Result<String, VaultError> {
    let cell = vault.seal().close(place(column, &id.to_string()), vault.nonce()?, clear)?;
    Ok(hex(&cell))
}

fn open(vault: &Vault, id: MemberId, column: &str, cell: &str) -> Result<String, VaultError> {
    let cell = hex_bytes(cell).ok_or(SealError::Closed)?;
    Ok(vault.seal().open(place(column, &id.to_string()), &cell)?)
}

/// What a phone number is found by here.
pub(super) fn index_of(vault: &Vault, phone: &Phone) -> String {
    MemberV1::index_of(vault.seal(), phone)
}

/// Puts who somebody is into their row.
pub(super) fn seal_into(
    vault: &Vault,
    row: &mut MemberRow,
    phone: &Phone,
    name: &str,
    birthday: Option<(u8, u8)>,
) -> Result<(), VaultError> {
    row.phone_index = index_of(vault, phone);
    row.phone_cell = close(vault, row.id, "phone", phone.digits())?;
    row.name_cell = close(vault, row.id, "name", name)?;
    row.birthday_cell = match birthday {
        None => String::new(),
        Some((month, day)) => close(vault, row.id, "birthday", &format!("{month:02}-{day:02}"))?,
    };
    Ok(())
}

/// Who somebody is, in clear.
pub(super) struct Clear {
    /// The phone number, which prints masked.
    pub(super) phone: Phone,
    /// The name.
    pub(super) name: String,
    /// Month and day.
    pub(super) birthday: Option<(u8, u8)>,
}

/// Opens who somebody is.
pub(super) fn clear(vault: &Vault, row: &MemberRow) -> Result<Clear, VaultError> {
    let phone = Phone::read(&open(vault, row.id, "phone", &row.phone_cell)?);
    let birthday = match row.birthday_cell.as_str() {
        "" => None,
        cell => Some(birthday(&open(vault, row.id, "birthday", cell)?).ok_or(SealError::Closed)?),
    };
    Ok(Clear {
        phone: phone.ok_or(SealError::Closed)?,
        name: open(vault, row.id, "name", &row.name_cell)?,
        birthday,
    })
}

/// Reads `MM-DD`; the 29th of February is a birthday.
pub(super) fn birthday(text: &str) -> Option<(u8, u8)> {
    const DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (month, day) = text.split_once('-')?;
    let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
    let days = DAYS.get(usize::from(month).checked_sub(1)?)?;
    (1..=*days).contains(&day).then_some((month, day))
}

/// A member's masked name and phone number.
pub(super) fn masked(vault: &Vault, row: &MemberRow) -> Result<(String, String), VaultError> {
    let Clear { phone, name, .. } = clear(vault, row)?;
    Ok((mask_name(&name), phone.to_string()))
}

/// A member as one store is to know them, sealed for it. `through` is how far that store has told.
pub(crate) fn for_store(
    vault: &Vault,
    seal: &Seal,
    found: &ForStore,
    through: Through,
) -> Result<MemberV1, VaultError> {
    let row = &found.member;
    let Clear { phone, name, birthday } = clear(vault, row)?;
    let nonces = [vault.nonce()?, vault.nonce()?];
    let (phone_cell, name_cell) = MemberV1::close(seal, row.id, (&phone, &name), nonces)?;
    let allowance = |purse: Purse| {
        let lent = found.lent.iter().find(|(of, _)| *of == purse);
        lent.map(|(_, lent)| allowance(lent, through))
    };
    Ok(MemberV1 {
        id: row.id,
        phone_index: MemberV1::index_of(seal, &phone),
        phone_cell,
        name_cell,
        tier: row.tier.clone(),
        joined_on: row.joined_on,
        birthday,
        is_staff: row.is_staff,
        crowds: row.crowds.clone(),
        points: row.points,
        balance_minor: row.balance,
        points_allowance: allowance(Purse::Points),
        balance_allowance: allowance(Purse::Balance),
    })
}

fn allowance(lent: &Lent, spent_through: Through) -> Allowance {
    let amount = lent.cap.saturating_sub(lent.spent).max(0);
    Allowance { amount, expires_at: lent.expires_at, spent_through }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_a_month_and_a_day_that_there_is() {
        for (text, expected) in [
            ("02-29", Some((2, 29))),
            ("12-31", Some((12, 31))),
            ("02-30", None),
            ("13-01", None),
            ("00-10", None),
            ("1990-02-03", None),
            ("0203", None),
        ] {
            assert_eq!(birthday(text), expected, "{text}");
        }
    }
}
