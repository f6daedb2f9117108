//! Payment codes: the names of this room over those of `platforms`.
//!
//! **Invariant:** a house that refuses *us* (a key, a right) has decided nothing about what was
//! asked.

use platforms::{
    OurNumber, Refusal, Silence,
    acquirer::{self, Charged, NotPaid, Paid, Refunding, Reversal},
};
use tracing::warn;

use super::{
    Acquirer, Answering, Charge, Receipt, Refund, RefundStanding, Standing, Undone, Verdict,
};

/// The word for a refund that a house took on and could not pay out.
const REFUND_FAILED: &str = "refund-failed";
/// The word for a number or code that no house takes.
const UNREADABLE: &str = "unreadable";

/// A house that takes payment codes, for one store.
#[derive(Debug)]
pub(super) struct Acquiring {
    /// The house.
    pub(super) house: acquirer::Acquirer,
    /// Its name in the log.
    pub(super) name: &'static str,
    /// The store's code, for the house's own reports.
    pub(super) store: String,
}

impl Acquiring {
    /// Writes down that nothing was decided, and why.
    fn silent(&self, asked: &'static str, silence: &Silence) {
        warn!(house = self.name, store = self.store, asked, "A house was silent: {silence}");
    }

    /// Writes down that a house does not let us ask.
    fn turned_away(&self, asked: &'static str, refusal: &Refusal) {
        warn!(
            house = self.name,
            store = self.store,
            asked,
            "A house does not answer us: {refusal}"
        );
    }

    fn heard(&self, charged: Charged) -> Standing {
        match charged {
            Charged::Paid(paid) => Standing::Paid(receipt(paid)),
            Charged::Paying => Standing::Paying,
            Charged::Refused(refusal) => {
                if refusal.code.is_about_us() {
                    self.turned_away("charge", &refusal);
                }
                Standing::Refused(refusal.code.as_str().to_owned())
            }
            Charged::Silence(silence) => {
                self.silent("charge", &silence);
                Standing::Silence
            }
        }
    }

    fn stands(&self, standing: acquirer::Standing) -> Standing {
        match standing {
            acquirer::Standing::Paid(paid) => Standing::Paid(receipt(paid)),
            acquirer::Standing::Paying | acquirer::Standing::NotPaid(NotPaid::Open) => {
                Standing::Paying
            }
            acquirer::Standing::NotPaid(NotPaid::Unknown) => Standing::Unknown,
            acquirer::Standing::NotPaid(NotPaid::Failed) => {
                Standing::Failed(platforms::RefusalCode::Declined.as_str().to_owned())
            }
            acquirer::Standing::Closed | acquirer::Standing::Reversed => Standing::Reversed,
            acquirer::Standing::Refunded => Standing::Refunded,
            acquirer::Standing::Refused(refusal) => {
                self.turned_away("standing", &refusal);
                Standing::Silence
            }
            acquirer::Standing::Silence(silence) => {
                self.silent("standing", &silence);
                Standing::Silence
            }
        }
    }

    fn undone(&self, reversal: Reversal) -> Undone {
        match reversal {
            Reversal::Reversed => Undone::Reversed,
            Reversal::Again => Undone::Again,
            Reversal::Refused(refusal) => {
                if refusal.code.is_about_us() {
                    self.turned_away("reversal", &refusal);
                }
                Undone::Refused(refusal.code.as_str().to_owned())
            }
            Reversal::Silence(silence) => {
                self.silent("reversal", &silence);
                Undone::Silence
            }
        }
    }

    fn given_back(&self, refunding: Refunding) -> Verdict<()> {
        match refunding {
            Refunding::Done { .. } => Verdict::Yes(()),
            // Money is not back before the house says so.
            Refunding::Accepted | Refunding::Unknown => Verdict::Silence,
            Refunding::Failed(_) => Verdict::No(REFUND_FAILED.to_owned()),
            Refunding::Refused(refusal) if refusal.code.is_about_us() => {
                self.turned_away("refund", &refusal);
                Verdict::Silence
            }
            Refunding::Refused(refusal) => Verdict::No(refusal.code.as_str().to_owned()),
            Refunding::Silence(silence) => {
                self.silent("refund", &silence);
                Verdict::Silence
            }
        }
    }

    fn refund_stands(&self, refunding: Refunding) -> RefundStanding {
        match refunding {
            Refunding::Done { .. } => RefundStanding::Done,
            Refunding::Accepted => RefundStanding::Silence,
            Refunding::Failed(_) => RefundStanding::Refused(REFUND_FAILED.to_owned()),
            Refunding::Unknown => RefundStanding::Unknown,
            // That the question is refused says nothing about the refund.
            Refunding::Refused(refusal) => {
                self.turned_away("refund standing", &refusal);
                RefundStanding::Silence
            }
            Refunding::Silence(silence) => {
                self.silent("refund standing", &silence);
                RefundStanding::Silence
            }
        }
    }
}

fn receipt(paid: Paid) -> Receipt {
    Receipt { transaction: paid.transaction, amount: paid.amount, at: paid.at }
}

/// The question as its house wants it; `None` where a number or the code has signs that none takes.
fn question(charge: &Charge, store: &str) -> Option<acquirer::Charge> {
    Some(acquirer::Charge {
        number: OurNumber::parse(&charge.number)?,
        code: platforms::Code::parse(&charge.code)?,
        amount: charge.amount,
        subject: charge.subject.clone(),
        shop: store.to_owned(),
        workstation: charge.workstation.to_string(),
    })
}

fn refunding(refund: &Refund) -> Option<acquirer::Refund> {
    Some(acquirer::Refund {
        number: OurNumber::parse(&refund.charge)?,
        refund_number: OurNumber::parse(&refund.number)?,
        total: refund.charged,
        amount: refund.amount,
        reason: refund.reason.clone(),
    })
}

impl Acquirer for Acquiring {
    fn charge<'a>(&'a self, charge: &'a Charge) -> Answering<'a, Standing> {
        Box::pin(async move {
            match question(charge, &self.store) {
                Some(question) => self.heard(self.house.charge(&question).await),
                None => Standing::Refused(UNREADABLE.to_owned()),
            }
        })
    }

    fn standing<'a>(&'a self, number: &'a str) -> Answering<'a, Standing> {
        Box::pin(async move {
            match OurNumber::parse(number) {
                Some(number) => self.stands(self.house.query(&number).await),
                None => Standing::Unknown,
            }
        })
    }

    fn reverse<'a>(&'a self, number: &'a str) -> Answering<'a, Undone> {
        Box::pin(async move {
            match OurNumber::parse(number) {
                Some(number) => self.undone(self.house.reverse(&number).await),
                None => Undone::Refused(UNREADABLE.to_owned()),
            }
        })
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> Answering<'a, Verdict<()>> {
        Box::pin(async move {
            match refunding(refund) {
                Some(question) => self.given_back(self.house.refund(&question).await),
                None => Verdict::No(UNREADABLE.to_owned()),
            }
        })
    }

    fn refund_standing<'a>(&'a self, refund: &'a Refund) -> Answering<'a, RefundStanding> {
        Box::pin(async move {
            match refunding(refund) {
                Some(question) => self.refund_stands(self.house.refund_query(&question).await),
                None => RefundStanding::Unknown,
            }
        })
    }
}
