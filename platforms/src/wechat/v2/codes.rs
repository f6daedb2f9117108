//! What `err_code` means, per question. `err_code_des` is for people and never looked at.

use super::Fields;
use crate::verdict::{Cause, Otherwise, RefusalCode};

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Charge,
    Query,
    Reverse,
    Refund,
    RefundQuery,
}

/// `Ok` when `result_code` is SUCCESS, else what its code means.
pub(super) fn result(answer: &Fields, asked: Asked) -> Result<(), Otherwise> {
    match answer.get("result_code") {
        Some("SUCCESS") => Ok(()),
        Some("FAIL") => {
            let code = answer.get("err_code").unwrap_or_default();
            let said = answer.get("err_code_des").unwrap_or_default();
            Err(meaning(code, &format!("{code} {said}"), asked))
        }
        _ => Err(Otherwise::silence(Cause::Unreadable, "result_code")),
    }
}

fn meaning(code: &str, theirs: &str, asked: Asked) -> Otherwise {
    use RefusalCode as R;
    let refusal = match code {
        "AUTHCODEEXPIRE" | "AUTH_CODE_ERROR" | "AUTH_CODE_INVALID" => R::CodeSpent,
        // In a refund it is the merchant who has not enough.
        "NOTENOUGH" if matches!(asked, Asked::Refund | Asked::Reverse) => R::MerchantShort,
        "NOTENOUGH" => R::FundsShort,
        "NOTSUPORTCARD" | "BUYER_MISMATCH" => R::CardRefused,
        // The shopper did not type the password, or the bank said no.
        "TRADE_ERROR" if asked == Asked::Charge => R::Declined,
        "TRADE_ERROR" => R::NotReversible,
        "USER_ACCOUNT_ABNORMAL" => R::Declined,
        "ORDERCLOSED" | "ORDERREVERSED" => R::NumberSpent,
        "ORDERNOTEXIST" | "REFUNDNOTEXIST" | "INVALID_TRANSACTIONID" => R::NotFound,
        "REVERSE_EXPIRE" | "TRADE_OVERDUE" => R::TooLate,
        "NOAUTH" => R::NotAuthorised,
        // One of its meanings is "asked for twice".
        "INVALID_REQUEST" if asked == Asked::Charge => {
            return Otherwise::silence(Cause::KnownAlready, theirs);
        }
        // Well formed, and against a rule of the house: the same again is refused again.
        "INVALID_REQUEST" if asked == Asked::Refund => R::NotReversible,
        "PARAM_ERROR"
        | "LACK_PARAMS"
        | "SIGNERROR"
        | "XML_FORMAT_ERROR"
        | "REQUIRE_POST_METHOD"
        | "NOT_UTF8"
        | "APPID_NOT_EXIST"
        | "MCHID_NOT_EXIST"
        | "APPID_MCHID_NOT_MATCH"
        | "INVALID_REQUEST"
        | "POST_DATA_EMPTY" => R::Misconfigured,
        // Paid already, or the number is in use: only a query tells.
        "ORDERPAID" | "OUT_TRADE_NO_USED" => {
            return Otherwise::silence(Cause::KnownAlready, theirs);
        }
        "SYSTEMERROR"
        | "BANKERROR"
        | "USERPAYING"
        | "BIZERR_NEED_RETRY"
        | "FREQUENCY_LIMITED"
        | "INVALID_REQ_TOO_MUCH"
        | "RATELIMIT_EXCEEDED" => {
            return Otherwise::silence(Cause::Busy, theirs);
        }
        _ => return Otherwise::silence(Cause::Unknown, theirs),
    };
    Otherwise::no(refusal, theirs)
}

/// Whether the answer's code is this one.
pub(super) fn is(answer: &Fields, code: &str) -> bool {
    answer.get("result_code") == Some("FAIL") && answer.get("err_code") == Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str, asked: Asked) -> String {
        match meaning(code, "", asked) {
            Otherwise::No(refusal) => refusal.code.as_str().to_owned(),
            Otherwise::Silence(silence) => format!("silence: {}", silence.cause.as_str()),
        }
    }

    #[test]
    fn each_code_means_what_the_house_says_and_an_unknown_one_means_silence() {
        let table = [
            ("SYSTEMERROR", "silence: busy"),
            ("BANKERROR", "silence: busy"),
            ("USERPAYING", "silence: busy"),
            ("ORDERPAID", "silence: known already"),
            ("OUT_TRADE_NO_USED", "silence: known already"),
            ("INVALID_REQUEST", "silence: known already"),
            ("AUTHCODEEXPIRE", "code-spent"),
            ("AUTH_CODE_ERROR", "code-spent"),
            ("AUTH_CODE_INVALID", "code-spent"),
            ("NOTENOUGH", "funds-short"),
            ("NOTSUPORTCARD", "card-refused"),
            ("TRADE_ERROR", "declined"),
            ("ORDERCLOSED", "number-spent"),
            ("ORDERREVERSED", "number-spent"),
            ("NOAUTH", "not-authorised"),
            ("SIGNERROR", "misconfigured"),
            ("NEW_CODE_OF_NEXT_YEAR", "silence: unknown"),
            ("", "silence: unknown"),
        ];
        for (code, means) in table {
            assert_eq!(told(code, Asked::Charge), means, "{code}");
        }
        assert_eq!(told("NOTENOUGH", Asked::Refund), "merchant-short");
        assert_eq!(told("TRADE_ERROR", Asked::Reverse), "not-reversible");
        assert_eq!(told("INVALID_REQUEST", Asked::Refund), "not-reversible");
        assert_eq!(told("REVERSE_EXPIRE", Asked::Reverse), "too-late");
        assert_eq!(told("ORDERNOTEXIST", Asked::Query), "not-found");
        assert_eq!(told("REFUNDNOTEXIST", Asked::RefundQuery), "not-found");
    }
}
