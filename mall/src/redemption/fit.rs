//! Whether a question fits what is held.
//!
//! **Invariant:** decisions from values only.

use domain::redemption::RedemptionState;
use sync::wire::{LookUpV1, OfferV1, PRESENTED_BYTES_MAX, UseV1};

use super::RedemptionError;
use crate::db::redemptions::RedemptionRow;

/// Signs of a code that are shown to people.
const TAIL_CHARS: usize = 4;
/// A shorter code would be shown whole, or nearly.
const TAILED_CHARS_MIN: usize = 8;

/// What was presented, if it can be looked up at all.
pub(super) fn presented(look_up: &LookUpV1) -> Result<&str, RedemptionError> {
    let presented = look_up.presented.trim();
    let is_good = (1..=PRESENTED_BYTES_MAX).contains(&presented.len())
        && !presented.chars().any(char::is_control);
    is_good.then_some(presented).ok_or(RedemptionError::Malformed("this is no code"))
}

/// The last signs of a code, for people; nothing of a code that is so short that they would tell it.
pub(super) fn tail(presented: &str) -> String {
    let signs: Vec<char> = presented.trim_end_matches('/').chars().collect();
    let from = signs.len().saturating_sub(TAIL_CHARS);
    let last = signs.get(from..).unwrap_or_default();
    if signs.len() < TAILED_CHARS_MIN { String::new() } else { last.iter().collect() }
}

/// What is to be done about a wish to use something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redeemable {
    /// It is written down, and its house is asked.
    Yes,
    /// It was wished for before, or is decided: where it stands is told.
    Tell,
}

/// Whether so many of an offer can be asked for.
pub(super) fn redeemable(row: &RedemptionRow, wish: &UseV1) -> Result<Redeemable, RedemptionError> {
    if let Some(before) = &row.wish {
        let is_same = before == wish;
        return is_same.then_some(Redeemable::Tell).ok_or(RedemptionError::Taken);
    }
    if row.state != RedemptionState::LookedUp {
        return Ok(Redeemable::Tell);
    }
    let offer: Option<&OfferV1> = row.offers.get(usize::from(wish.offer));
    let is_there = offer.is_some_and(|offer| (1..=offer.count).contains(&wish.count));
    let no = RedemptionError::Malformed("there are not so many of this offer");
    is_there.then_some(Redeemable::Yes).ok_or(no)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_the_last_signs_of_a_code_and_never_most_of_it() {
        let table = [
            ("https://v.douyin.com/eHHc1ft/", "c1ft"),
            ("100012345678", "5678"),
            ("12345678", "5678"),
            ("1234567", ""),
            ("", ""),
            ("一二三四五六七八九", "六七八九"),
        ];
        for (presented, expected) in table {
            assert_eq!(tail(presented), expected, "{presented}");
        }
    }
}
