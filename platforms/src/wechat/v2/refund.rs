//! A refund on v2's wire. An answer means "accepted"; only the query says that money went back.

use super::{
    Fields,
    codes::{self, Asked},
    order::{cut, fen, number_field},
};
use crate::{
    acquirer::{Refund, Refunding},
    verdict::{Cause, Otherwise, RefusalCode},
};

/// `refund_desc` has 80 signs; in bytes that is safe for any text.
const REASON_BYTES_MAX: usize = 80;
/// Refunds of one order, by the house's rule.
const REFUNDS_MAX: usize = 50;

/// The question of a refund.
pub(super) fn fields(refund: &Refund) -> Fields {
    let mut fields = number_field(&refund.number);
    fields.put("out_refund_no", refund.refund_number.as_str());
    fields.put("total_fee", &refund.total.minor().to_string());
    fields.put("refund_fee", &refund.amount.minor().to_string());
    fields.put("refund_desc", cut(&refund.reason, REASON_BYTES_MAX));
    fields
}

/// The question how a refund stands.
pub(super) fn query_fields(refund: &Refund) -> Fields {
    let mut fields = Fields::default();
    fields.put("out_refund_no", refund.refund_number.as_str());
    fields
}

/// What became of a refund that was asked for.
pub(super) fn accepted(answer: &Fields, refund: &Refund) -> Result<Refunding, Otherwise> {
    codes::result(answer, Asked::Refund)?;
    let is_ours = answer.get("out_refund_no") == Some(refund.refund_number.as_str())
        && fen(answer, "refund_fee") == Some(refund.amount);
    if is_ours {
        Ok(Refunding::Accepted)
    } else {
        Err(Otherwise::silence(Cause::Contradiction, "another refund"))
    }
}

/// How a refund stands: the answer lists the refunds of an order by `_0`, `_1` and so on.
pub(super) fn standing(answer: &Fields, refund: &Refund) -> Result<Refunding, Otherwise> {
    match codes::result(answer, Asked::RefundQuery) {
        Ok(()) => {}
        Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NotFound => {
            return Ok(Refunding::Unknown);
        }
        Err(otherwise) => return Err(otherwise),
    }
    let number = Some(refund.refund_number.as_str());
    let is_ours = |i: &usize| answer.get(&format!("out_refund_no_{i}")) == number;
    let Some(i) = (0..REFUNDS_MAX).find(is_ours) else {
        return Err(Otherwise::silence(Cause::Contradiction, "another refund"));
    };
    if fen(answer, &format!("refund_fee_{i}")) != Some(refund.amount) {
        return Err(Otherwise::silence(Cause::Contradiction, "another amount"));
    }
    match answer.get(&format!("refund_status_{i}")).unwrap_or_default() {
        "SUCCESS" => Ok(Refunding::Done { amount: refund.amount }),
        "PROCESSING" => Ok(Refunding::Accepted),
        state @ ("REFUNDCLOSE" | "CHANGE") => Ok(Refunding::Failed(state.to_owned())),
        state => Err(Otherwise::silence(Cause::Unknown, &format!("refund_status {state}"))),
    }
}
