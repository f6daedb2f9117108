//! What another house said: yes, no with a reason, or silence.
//!
//! | | means | what the caller may do |
//! | --- | --- | --- |
//! | yes | it happened, and the answer was verified | write it down as settled |
//! | no | it did not happen, and the house said why | write it down as refused, tell the cashier |
//! | silence | nobody knows | nothing but ask again by the same number |
//!
//! **Invariant:** a time-out, a cut line, an error 5xx, an unreadable or unverifiable answer and a
//! code that is not in our tables are silence. Nothing becomes a "no" because we do not know it.

use std::fmt;

/// The most signs that are kept of what another house says about itself.
pub const THEIRS_CHARS_MAX: usize = 120;

/// An answer, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict<T> {
    /// It is so.
    Yes(T),
    /// It is not so, and will not be.
    No(Refusal),
    /// Nobody knows yet.
    Silence(Silence),
}

impl<T> Verdict<T> {
    /// The same verdict over something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Yes(yes) => Verdict::Yes(change(yes)),
            Self::No(refusal) => Verdict::No(refusal),
            Self::Silence(silence) => Verdict::Silence(silence),
        }
    }
}

/// A "no", with the house's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Ours: one sentence at the counter each.
    pub code: RefusalCode,
    /// The house's code and text, at most `THEIRS_CHARS_MAX` signs; for people, never to branch on.
    pub theirs: String,
}

/// Why not. Each is one sentence at the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// 查无此券 / 查无此单: the house knows no such thing.
    NotFound,
    /// 已核销: it has been used.
    Used,
    /// 已过期: its time is over.
    Expired,
    /// 不在可用时段: its time has not come, or not at this hour.
    NotNow,
    /// 已作废或已退款: it was cancelled or paid back.
    Void,
    /// 赠送中: it is being given to somebody else.
    Gifting,
    /// 订单未支付: the shopper has not paid for it yet.
    Unpaid,
    /// 本店不可用: not in this store.
    OtherShop,
    /// 此券不可用: the house says that it cannot be used and not why.
    NotUsable,
    /// 码无法识别，请顾客刷新后重扫: read it again from a fresh screen.
    Unreadable,
    /// 付款码已失效，请顾客刷新: a payment code lives a minute and serves once.
    CodeSpent,
    /// 余额不足: another card or tender.
    FundsShort,
    /// 支付方式不支持: another card or tender.
    CardRefused,
    /// 支付未完成: the shopper or the house's risk control said no.
    Declined,
    /// 单号已失效: this number can never be paid; take a new one.
    NumberSpent,
    /// 已超过可撤销时限: too late to reverse.
    TooLate,
    /// 不可撤销: the house does not reverse this one; a person must look.
    NotReversible,
    /// 商户余额不足: our own account cannot pay the refund.
    MerchantShort,
    /// 未授权或能力未开通: the house does not allow us to ask this.
    NotAuthorised,
    /// 配置或参数错误: a key, an id or a field of ours is wrong.
    Misconfigured,
    /// 需要先识别会员: the house tells this only for a known shopper.
    NeedsMember,
}

impl RefusalCode {
    /// Every code, for tables that must be complete.
    pub const ALL: [Self; 21] = [
        Self::NotFound,
        Self::Used,
        Self::Expired,
        Self::NotNow,
        Self::Void,
        Self::Gifting,
        Self::Unpaid,
        Self::OtherShop,
        Self::NotUsable,
        Self::Unreadable,
        Self::CodeSpent,
        Self::FundsShort,
        Self::CardRefused,
        Self::Declined,
        Self::NumberSpent,
        Self::TooLate,
        Self::NotReversible,
        Self::MerchantShort,
        Self::NotAuthorised,
        Self::Misconfigured,
        Self::NeedsMember,
    ];

    /// Its name on the wire and in the ledger; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::NotNow => "not-now",
            Self::Void => "void",
            Self::Gifting => "gifting",
            Self::Unpaid => "unpaid",
            Self::OtherShop => "other-shop",
            Self::NotUsable => "not-usable",
            Self::Unreadable => "unreadable",
            Self::CodeSpent => "code-spent",
            Self::FundsShort => "funds-short",
            Self::CardRefused => "card-refused",
            Self::Declined => "declined",
            Self::NumberSpent => "number-spent",
            Self::TooLate => "too-late",
            Self::NotReversible => "not-reversible",
            Self::MerchantShort => "merchant-short",
            Self::NotAuthorised => "not-authorised",
            Self::Misconfigured => "misconfigured",
            Self::NeedsMember => "needs-member",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The house refused *us*: it says nothing about the thing that was asked for, so when an
    /// earlier attempt may have arrived, this decides nothing. Somebody at HQ should look.
    #[must_use]
    pub const fn is_about_us(self) -> bool {
        matches!(self, Self::NotAuthorised | Self::Misconfigured | Self::NeedsMember)
    }
}

/// No answer that could be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// What was there instead.
    pub cause: Cause,
    /// The house's code and text if it said any, at most `THEIRS_CHARS_MAX` signs; unverified.
    pub theirs: String,
}

/// What was there instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No connection was made: what we asked never left.
    Unreached,
    /// No answer in time; it may have happened.
    TimedOut,
    /// The line was cut; it may have happened.
    Cut,
    /// The answer is larger than `BODY_BYTES_MAX`.
    TooLarge,
    /// "Busy", "too often", "under review", an error 5xx.
    Busy,
    /// Not the agreed form.
    Unreadable,
    /// Its signature is missing or wrong, or its key, age or sender is not the right one.
    Unverified,
    /// A verified answer to another question: another number, another amount.
    Contradiction,
    /// The house knows our number already: query it.
    KnownAlready,
    /// A code that is not in our tables.
    Unknown,
}

impl Cause {
    /// Its name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreached => "unreached",
            Self::TimedOut => "timed out",
            Self::Cut => "cut",
            Self::TooLarge => "too large",
            Self::Busy => "busy",
            Self::Unreadable => "unreadable",
            Self::Unverified => "unverified",
            Self::Contradiction => "contradiction",
            Self::KnownAlready => "known already",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.as_str())?;
        if self.theirs.is_empty() { Ok(()) } else { write!(f, " ({})", self.theirs) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code.as_str(), self.theirs)
    }
}

impl Cause {
    pub(crate) fn silence(self, theirs: &str) -> Silence {
        Silence { cause: self, theirs: bounded(theirs) }
    }
}

impl RefusalCode {
    pub(crate) fn refusal(self, theirs: &str) -> Refusal {
        Refusal { code: self, theirs: bounded(theirs) }
    }
}

/// All that is not a yes, so that `?` may be used between a question and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    No(Refusal),
    Silence(Silence),
}

impl Otherwise {
    pub(crate) fn no(code: RefusalCode, theirs: &str) -> Self {
        Self::No(code.refusal(theirs))
    }

    pub(crate) fn silence(cause: Cause, theirs: &str) -> Self {
        Self::Silence(cause.silence(theirs))
    }

    /// After an earlier attempt that may have arrived, a refusal of us decides nothing.
    pub(crate) fn after_an_attempt(self) -> Self {
        match self {
            Self::No(refusal) if refusal.code.is_about_us() => {
                Self::Silence(Silence { cause: Cause::Unknown, theirs: refusal.theirs })
            }
            Self::No(_) | Self::Silence(_) => self,
        }
    }
}

impl From<Silence> for Otherwise {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}

impl<T> From<Result<T, Otherwise>> for Verdict<T> {
    fn from(outcome: Result<T, Otherwise>) -> Self {
        match outcome {
            Ok(yes) => Self::Yes(yes),
            Err(Otherwise::No(refusal)) => Self::No(refusal),
            Err(Otherwise::Silence(silence)) => Self::Silence(silence),
        }
    }
}

/// Another house's text as we keep it: short, on one line.
pub(crate) fn bounded(text: &str) -> String {
    let is_shown = |sign: &char| !sign.is_control();
    text.trim().chars().filter(is_shown).take(THEIRS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_name_of_its_own_that_reads_back() {
        for code in RefusalCode::ALL {
            assert_eq!(RefusalCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(RefusalCode::parse("no"), None);
    }

    #[test]
    fn every_refusal_has_a_sentence_in_the_document() {
        let document = include_str!("../../docs/platforms.md");
        for code in RefusalCode::ALL {
            assert!(document.contains(&format!("\n| `{}` |", code.as_str())), "{code:?}");
        }
    }

    #[test]
    fn what_other_houses_say_is_kept_short_and_on_one_line() {
        assert_eq!(bounded(" a\nb\u{1b}[31m "), "ab[31m");
        assert_eq!(bounded(&"券".repeat(500)).chars().count(), THEIRS_CHARS_MAX);
    }

    #[test]
    fn a_refusal_of_us_decides_nothing_once_an_attempt_may_have_arrived() {
        for code in RefusalCode::ALL {
            let after = Otherwise::no(code, "").after_an_attempt();
            let is_silent = matches!(after, Otherwise::Silence(_));
            assert_eq!(is_silent, code.is_about_us(), "{code:?}");
        }
    }
}
