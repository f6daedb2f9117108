//! What the counter refuses, and why.
//!
//! **Invariant:** values only; `http::problem` finds the words, `checkout` decides.

use domain::{barcode::NotACode, cart::CartRefusal, money::Money, order::CompleteRefusal};
use platforms::ForeignCode;

/// What the counter refuses, and why. Nothing was changed, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody is signed in at the workstation.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The store has no such workstation.
    #[error("no such workstation")]
    UnknownWorkstation,
    /// This box has no place at the mall yet, or no catalog has arrived.
    #[error("the store's data has not arrived")]
    NoCatalog,
    /// No item has this code.
    #[error("no item has this code")]
    UnknownCode {
        /// The code, bounded for screens.
        code: String,
    },
    /// A GTIN's length with a wrong last digit.
    #[error("the code was misread")]
    CheckDigit {
        /// The code.
        code: String,
    },
    /// A payment code or voucher; the text itself is not kept.
    #[error("a code of another house")]
    Foreign(ForeignCode),
    /// Not a code at all.
    #[error("not a code")]
    NotACode(#[source] NotACode),
    /// The cart stays as it is.
    #[error("the cart refuses")]
    Cart(#[source] CartRefusal),
    /// Nothing is on the counter.
    #[error("the cart is empty")]
    CartEmpty,
    /// Another screen or scanner changed the cart meanwhile.
    #[error("the cart has changed")]
    CartChanged,
    /// The same cart costs something else than the screen showed: a rule began, ended or came.
    #[error("the price has changed")]
    PriceChanged {
        /// What it costs now, before any cash rounding.
        total: Money,
    },
    /// The tenders do not settle it.
    #[error("the order cannot be completed")]
    Complete(#[source] CompleteRefusal),
    /// The box is busy or its disk is full: nothing was written.
    #[error("it was not kept")]
    NotKept,
    /// The same id came with another body.
    #[error("the id was used for something else")]
    IdReused,
}
