//! Why a phone, or a till for a phone's cart, is told no.
//!
//! **Invariant:** values only; `http::problem::phone` finds the words.

use domain::receipt_number::WorkstationNumber;

/// Why not. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PhoneRefusal {
    /// What it joined with is forged, or was shown too long ago.
    #[error("the join token is over")]
    JoinOver,
    /// It calls too often, or all phones together do.
    #[error("too many calls; {wait_ms} ms to wait")]
    TooOften {
        /// How long to wait.
        wait_ms: u64,
    },
    /// As many carts are open as the store keeps.
    #[error("too many phone carts are open")]
    TooManyCarts,
    /// As many lines, or pieces of a line, as a phone's cart has.
    #[error("the phone's cart is full")]
    Full,
    /// No item has the code that was read.
    #[error("no item has this code")]
    NoSuchItem {
        /// The code, bounded for screens.
        code: String,
    },
    /// A barcode's length with a wrong last digit.
    #[error("the code was misread")]
    Misread {
        /// The code.
        code: String,
    },
    /// Goods by weight, or their label: a till weighs and reads them.
    #[error("weighed goods are for the till")]
    Weighed,
    /// A payment code or voucher.
    #[error("this is no code of goods")]
    NotGoods,
    /// Nothing is in the phone's cart, so that there is nothing to show to a till.
    #[error("the phone's cart is empty")]
    Empty,
    /// No open cart has this code, or no longer.
    #[error("no phone cart has this code")]
    Unknown,
    /// It was taken in before.
    #[error("the phone's cart was taken in at {by}")]
    Taken {
        /// Where.
        by: WorkstationNumber,
    },
    /// Too many wrong codes at this workstation.
    #[error("too many wrong codes; {wait_ms} ms to wait")]
    Paused {
        /// How long to wait.
        wait_ms: u64,
    },
}
