//! What the mall's rooms know of other houses: a few names over the crate `platforms`.
//!
//! | file | what |
//! | --- | --- |
//! | `file` | keys and accounts, from the file that the operator of the mall writes |
//! | `connected` | the accounts of that file, ready to ask |
//! | `acquiring`, `issuing` | the names of this file over those of `platforms` |
//!
//! Whatever must be the same when a question is put again (a number, a token) is given by the
//! asker, who has written it down before.
//!
//! **Invariant:** silence is an answer of its own here, never a no. No payment code, coupon code,
//! token or key is ever printed.

mod acquiring;
mod connected;
mod file;
mod issuing;

use std::{fmt, pin::Pin, sync::Arc};

use domain::{money::Money, payment::PaymentMethod, redemption::IssuerName, time::Timestamp};
use sync::wire::OfferV1;

use crate::{Clock, config::Platforms};

pub use file::PlatformsError;

/// An answer that is on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The word for a house that this mall has no account with for that store.
pub const NOT_SET_UP: &str = "not-set-up";
/// The word of a house that knows no such thing.
pub const NOT_FOUND: &str = "not-found";
/// The word for what was used, and not by us.
pub const USED: &str = "used";
/// The word of a house that undoes nothing any more; what was paid can be refunded.
pub const TOO_LATE: &str = "too-late";
/// The word of a house that does not undo this.
pub const NOT_REVERSIBLE: &str = "not-reversible";

/// The houses that stores ask through this mall.
pub trait Houses: fmt::Debug + Send + Sync {
    /// Who takes these payment codes for a store, by the store's code.
    fn acquirer(&self, store: &str, method: PaymentMethod) -> Option<Arc<dyn Acquirer>>;
    /// Who issued these coupons and vouchers, as far as a store may use them.
    fn issuer(&self, store: &str, issuer: IssuerName) -> Option<Arc<dyn Issuer>>;
}

/// No houses at all: every question is refused as `NOT_SET_UP`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHouses;

impl Houses for NoHouses {
    fn acquirer(&self, _: &str, _: PaymentMethod) -> Option<Arc<dyn Acquirer>> {
        None
    }

    fn issuer(&self, _: &str, _: IssuerName) -> Option<Arc<dyn Issuer>> {
        None
    }
}

/// The houses with which a mall has accounts.
pub(crate) fn open(
    platforms: &Platforms,
    clock: &Clock,
) -> Result<Arc<dyn Houses>, PlatformsError> {
    match platforms {
        Platforms::None => Ok(Arc::new(NoHouses)),
        Platforms::Given(houses) => Ok(Arc::clone(houses)),
        Platforms::File(path) => {
            let file = file::AccountsFile::read(path)?;
            Ok(Arc::new(connected::Connected::open(&file, clock)?))
        }
    }
}

/// What a house decided, or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// It was done.
    Yes(T),
    /// It was not done and will not be; why, in one word.
    No(String),
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

/// A charge that is asked for. Without its code it cannot be asked for again.
#[derive(Clone, PartialEq, Eq)]
pub struct Charge {
    /// Our number for it: at most 32 digits and letters.
    pub number: String,
    /// In fen.
    pub amount: Money,
    /// The payment code.
    pub code: String,
    /// What the payer reads on their bill.
    pub subject: String,
    /// At which workstation.
    pub workstation: u16,
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Money that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The house's own number.
    pub transaction: String,
    /// How much came, in fen.
    pub amount: Money,
    /// When, if the house says so.
    pub at: Option<Timestamp>,
}

/// Where a charge stands at its house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The money is ours.
    Paid(Receipt),
    /// The payer is being asked.
    Paying,
    /// The payer or their bank said no. It is to be undone before it is the end.
    Failed(String),
    /// No money moved, and none will under this number; why, in one word.
    Refused(String),
    /// It was paid, and money of it went back.
    Refunded,
    /// It was undone, and no money will move under this number.
    Reversed,
    /// The house does not know the number. It may still be on its way there.
    Unknown,
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

/// What became of the wish to undo a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It is undone, and no money will move under this number.
    Reversed,
    /// The house wants to be asked again.
    Again,
    /// The house does not undo it; why, in one word.
    Refused(String),
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

impl Undone {
    /// Whether the house says that it undoes this no more, however often it is asked.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused(word) => [TOO_LATE, NOT_REVERSIBLE].contains(&word.as_str()),
            Self::Reversed | Self::Again | Self::Silence => false,
        }
    }
}

/// Money that shall go back. The same again has no further effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our number for it: at most 32 digits and letters.
    pub number: String,
    /// Our number of the charge.
    pub charge: String,
    /// The house's own number of the charge.
    pub transaction: String,
    /// In fen.
    pub amount: Money,
    /// What was charged, in fen.
    pub charged: Money,
    /// Why, for the payer's bill.
    pub reason: String,
}

/// Where a refund stands at its house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStanding {
    /// The house has given it back.
    Done,
    /// It does not; why, in one word.
    Refused(String),
    /// The house does not know the number: it may be asked for again.
    Unknown,
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

/// A house that takes payment codes, in the name of one store.
pub trait Acquirer: fmt::Debug + Send + Sync {
    /// Charges whoever showed the code; asked once per number.
    fn charge<'a>(&'a self, charge: &'a Charge) -> Answering<'a, Standing>;
    /// Where a charge stands, by our number.
    fn standing<'a>(&'a self, number: &'a str) -> Answering<'a, Standing>;
    /// Undoes a charge, paid or not, by our number; the same again has no further effect.
    fn reverse<'a>(&'a self, number: &'a str) -> Answering<'a, Undone>;
    /// Gives a part back. A house that has only taken it on has not done it: that is silence.
    fn refund<'a>(&'a self, refund: &'a Refund) -> Answering<'a, Verdict<()>>;
    /// Where a refund stands.
    fn refund_standing<'a>(&'a self, refund: &'a Refund) -> Answering<'a, RefundStanding>;
}

/// What a house must be told again about what was looked up or used: its own codes and tokens, in
/// a form that only its side of this seam reads.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Held(pub String);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

/// What may be used of what was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As the store is told.
    pub offers: Vec<OfferV1>,
    /// For its use.
    pub held: Held,
}

/// A coupon or voucher that shall be used, or given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Our number for it: at most 32 digits and letters.
    pub number: String,
    /// What the look-up gave, or the use.
    pub held: Held,
    /// Which of the offers, from 0.
    pub offer: u16,
    /// How many of it.
    pub count: u32,
    /// When its use was first asked for.
    pub at: Timestamp,
    /// Whether this was asked before: then "used already" may mean "by this very question".
    pub is_repeat: bool,
    /// Uses by their house's names for them that were made by other questions.
    pub not_ours: Vec<String>,
}

/// Something that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// For giving it back.
    pub held: Held,
    /// Until when it can be given back, if there is such a time.
    pub reversible_until: Option<Timestamp>,
    /// The house's own names for this use, one for each piece; none where it gives none. A name
    /// that another question holds tells that it was that one which used it.
    pub names: Vec<String>,
}

/// Where a use stands at its house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseStanding {
    /// It was used by this question, or the house does not tell by which: then its names do.
    Used(Proof),
    /// It was used, and not by this question.
    NotOurs,
    /// It was not used. The question may still be on its way there.
    NotUsed,
    /// The house has no answer to this: only the same question again tells.
    CannotTell,
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

/// A house whose coupons and vouchers are taken, in the name of one store.
pub trait Issuer: fmt::Debug + Send + Sync {
    /// What something that was scanned or typed is worth; nothing is used.
    fn look_up<'a>(&'a self, presented: &'a str) -> Answering<'a, Verdict<Found>>;
    /// Uses it; the same again has no further effect.
    fn redeem<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<Proof>>;
    /// Where a use stands.
    fn standing<'a>(&'a self, ask: &'a Use) -> Answering<'a, UseStanding>;
    /// Gives back what was used, all of it that can be; the same again has no further effect. A no
    /// means that some of it is used still.
    fn reverse<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<()>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_on_which_we_act_are_those_of_the_houses() {
        use platforms::RefusalCode as R;
        let words = [
            (R::NotFound, NOT_FOUND),
            (R::Used, USED),
            (R::TooLate, TOO_LATE),
            (R::NotReversible, NOT_REVERSIBLE),
        ];
        for (code, word) in words {
            assert_eq!(code.as_str(), word);
        }
    }

    #[test]
    fn a_code_and_what_is_held_are_never_printed() {
        let charge = Charge {
            number: "1".into(),
            amount: Money::from_minor(1),
            code: "134567890123456789".into(),
            subject: "x".into(),
            workstation: 1,
        };
        let ask = Use {
            number: "1".into(),
            held: Held("token-3456".into()),
            offer: 0,
            count: 1,
            at: Timestamp::from_micros(0),
            is_repeat: false,
            not_ours: Vec::new(),
        };
        let printed = format!("{charge:?} {ask:?}");
        assert!(!printed.contains("3456"), "{printed}");
    }
}
