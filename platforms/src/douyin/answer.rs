//! Douyin's envelope `{data: {error_code, …}, extra: {…}}`, and what its codes mean.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::verdict::{Cause, Otherwise, RefusalCode};

/// "Business error": what it means depends on its sub-code and on what was asked.
pub(super) const BUSINESS_ERROR: i64 = 3_000_001;
/// Its sub-code for a cancel that comes too late.
const CANCEL_TOO_LATE: i64 = 2_034_000_910;

/// What an answer is.
pub(super) enum Data<T> {
    Yes(T),
    /// The token is not taken any more: it can be renewed.
    TokenGone,
    Otherwise(Otherwise),
}

/// Data of which nothing is needed but that it is there.
#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Heads {
    data: Option<Head>,
    extra: Option<Head>,
}

#[derive(Default, Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "whole")]
    error_code: Option<i64>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    sub_error_code: Option<i64>,
    #[serde(default)]
    sub_description: Option<String>,
}

/// A whole number, also where it is written as a string, as some answers do.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Whole {
        Number(i64),
        Text(String),
    }
    match Option::<Whole>::deserialize(from)? {
        None => Ok(None),
        Some(Whole::Number(number)) => Ok(Some(number)),
        Some(Whole::Text(text)) if text.is_empty() => Ok(None),
        Some(Whole::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// What a code means in one question and in no other.
pub(super) type Special = fn(i64) -> Option<RefusalCode>;

/// Reads an answer: the codes first, the data only when both codes are zero.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], special: Special) -> Data<T> {
    let unreadable = || Data::Otherwise(Otherwise::silence(Cause::Unreadable, ""));
    let Ok(heads) = serde_json::from_slice::<Heads>(body) else { return unreadable() };
    let (data, extra) = (heads.data.unwrap_or_default(), heads.extra.unwrap_or_default());
    let codes = [data.error_code, extra.error_code];
    let Some(code) = codes.into_iter().flatten().max_by_key(|code| i32::from(*code != 0)) else {
        return unreadable();
    };
    if code == 0 {
        let data = serde_json::from_slice::<Envelope<T>>(body);
        return data.map_or_else(|_| unreadable(), |envelope| Data::Yes(envelope.data));
    }
    let sub = extra.sub_error_code.or(data.sub_error_code).unwrap_or(0);
    let said = [extra.sub_description, data.description, extra.description];
    let said = said.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or_default();
    let theirs = if sub == 0 { format!("{code} {said}") } else { format!("{code}/{sub} {said}") };
    match special(code) {
        Some(refusal) => Data::Otherwise(Otherwise::no(refusal, &theirs)),
        None if is_token_gone(code) => Data::TokenGone,
        None => Data::Otherwise(meaning(code, sub, &theirs)),
    }
}

/// Invalid or expired; 28001008 is the newer family's word for it.
const fn is_token_gone(code: i64) -> bool {
    matches!(code, 2_190_002 | 2_190_008 | 28_001_008)
}

/// Nothing special.
pub(super) fn plain(_: i64) -> Option<RefusalCode> {
    None
}

/// `result` of a verify that was carried out before: 1208, and 2 in older answers.
pub(super) const fn is_used_already(result: i64) -> bool {
    matches!(result, 1_208 | 2)
}

/// What a code that is not zero means; `sub` speaks when the code is a mere "business error".
pub(super) fn meaning(code: i64, sub: i64, theirs: &str) -> Otherwise {
    use RefusalCode as R;
    let code = match (code, sub) {
        (BUSINESS_ERROR, CANCEL_TOO_LATE) => R::TooLate,
        (used, _) if is_used_already(used) => R::Used,
        (1_212 | 1_263 | 3_100_101 | 1_033_000_519, _) => R::NotFound,
        (1_221 | 45_005_117, _) => R::Unreadable,
        (1_241, _) => R::Used,
        (1_250 | 1_265, _) => R::Void,
        (2_119_006, _) => R::Gifting,
        (2_119_007, _) => R::Unpaid,
        (3_000_002, _) => R::OtherShop,
        (2_190_004 | 2_119_005 | 1_508 | 2_119_008 | 2_119_010 | 5_000_001, _)
        | (28_001_014 | 28_001_018, _) => R::NotAuthorised,
        (2_100_005 | 2_119_001 | 200_002 | 1_502 | 4_000_001 | 4_000_002 | 28_001_007, _)
        | (10_002 | 10_003 | 10_013, _) => R::Misconfigured,
        // Busy, too often, under review for up to 48 hours, or a business error without a reason.
        (2_100_001 | 2_100_004 | 2_119_002 | 2_119_003 | 6_001_001 | BUSINESS_ERROR | 1_229, _)
        | (28_001_005 | 28_003_017 | 28_003_018 | 10_020, _) => {
            return Otherwise::silence(Cause::Busy, theirs);
        }
        _ => return Otherwise::silence(Cause::Unknown, theirs),
    };
    Otherwise::no(code, theirs)
}
