//! What Alipay's `code` and `sub_code` mean, per question.

use crate::verdict::{Cause, Otherwise, RefusalCode};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Charge,
    Query,
    Reverse,
    Refund,
    RefundQuery,
}

/// The code with which the shopper is typing a password.
pub(super) const PAYING: &str = "10003";

/// Whether the node holds what was asked for.
pub(super) fn is_success(code: &str, asked: Asked) -> bool {
    code == "10000" || (code == PAYING && asked == Asked::Charge)
}

/// What everything else means.
pub(super) fn meaning(code: &str, sub_code: &str, theirs: &str, asked: Asked) -> Otherwise {
    match code {
        "40004" => {
            let bare = sub_code.strip_prefix("ACQ.").unwrap_or(sub_code);
            business(bare, theirs, asked)
        }
        // Refused at the door: nothing was carried out.
        "40006" | "20001" => Otherwise::no(RefusalCode::NotAuthorised, theirs),
        "40001" | "40002" => Otherwise::no(RefusalCode::Misconfigured, theirs),
        // "Service unavailable": it may have been carried out.
        "20000" | PAYING => Otherwise::silence(Cause::Busy, theirs),
        _ => Otherwise::silence(Cause::Unknown, theirs),
    }
}

fn business(sub_code: &str, theirs: &str, asked: Asked) -> Otherwise {
    use RefusalCode as R;
    let refusal = match sub_code {
        "PAYMENT_AUTH_CODE_INVALID" => R::CodeSpent,
        "BUYER_BALANCE_NOT_ENOUGH" | "BUYER_BANKCARD_BALANCE_NOT_ENOUGH" => R::FundsShort,
        "ERROR_BALANCE_PAYMENT_DISABLE"
        | "NO_PAYMENT_INSTRUMENTS_AVAILABLE"
        | "BUYER_ENABLE_STATUS_FORBID" => R::CardRefused,
        "PULL_MOBILE_CASHIER_FAIL" | "PAYMENT_FAIL" | "PAYMENT_REQUEST_HAS_RISK" => R::Declined,
        "TRADE_HAS_CLOSE" => R::NumberSpent,
        "TRADE_NOT_EXIST" => R::NotFound,
        "TRADE_CANCEL_TIME_OUT" | "TRADE_HAS_FINISHED" => R::TooLate,
        "SELLER_BALANCE_NOT_ENOUGH" => R::MerchantShort,
        "CANCEL_NOT_ALLOWED"
        | "REASON_TRADE_BEEN_FREEZEN"
        | "REASON_TRADE_REFUND_FEE_ERR"
        | "TRADE_STATUS_ERROR"
        | "TRADE_NOT_ALLOW_REFUND" => R::NotReversible,
        "ACCESS_FORBIDDEN" => R::NotAuthorised,
        "INVALID_PARAMETER" | "REFUND_AMT_NOT_EQUAL_TOTAL" => R::Misconfigured,
        // The same refund number with another amount; as a charge, the same number asked twice.
        "DISCORDANT_REPEAT_REQUEST" if asked == Asked::Refund => R::Misconfigured,
        "TRADE_HAS_SUCCESS" | "CONTEXT_INCONSISTENT" | "DISCORDANT_REPEAT_REQUEST" => {
            return Otherwise::silence(Cause::KnownAlready, theirs);
        }
        "SYSTEM_ERROR" => return Otherwise::silence(Cause::Busy, theirs),
        _ => return Otherwise::silence(Cause::Unknown, theirs),
    };
    Otherwise::no(refusal, theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_means_what_the_house_says_and_an_unknown_one_means_silence() {
        let table = [
            ("40004", "ACQ.SYSTEM_ERROR", "silence: busy"),
            ("40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", "code-spent"),
            ("40004", "ACQ.TRADE_HAS_SUCCESS", "silence: known already"),
            ("40004", "ACQ.CONTEXT_INCONSISTENT", "silence: known already"),
            ("40004", "ACQ.TRADE_HAS_CLOSE", "number-spent"),
            ("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "funds-short"),
            ("40004", "ACQ.PULL_MOBILE_CASHIER_FAIL", "declined"),
            ("40004", "ACQ.INVALID_PARAMETER", "misconfigured"),
            ("40004", "ACQ.ACCESS_FORBIDDEN", "not-authorised"),
            ("40004", "ACQ.CODE_OF_NEXT_YEAR", "silence: unknown"),
            ("40004", "", "silence: unknown"),
            ("20000", "isp.unknow-error", "silence: busy"),
            ("20001", "aop.invalid-auth-token", "not-authorised"),
            ("40002", "isv.invalid-signature", "misconfigured"),
            ("40006", "isv.insufficient-isv-permissions", "not-authorised"),
            ("99999", "", "silence: unknown"),
        ];
        for (code, sub_code, means) in table {
            let told = match meaning(code, sub_code, "", Asked::Charge) {
                Otherwise::No(refusal) => refusal.code.as_str().to_owned(),
                Otherwise::Silence(silence) => format!("silence: {}", silence.cause.as_str()),
            };
            assert_eq!(told, means, "{code} {sub_code}");
        }
        assert!(is_success("10003", Asked::Charge) && !is_success("10003", Asked::Query));
    }
}
