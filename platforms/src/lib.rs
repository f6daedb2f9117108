//! The room that speaks with other houses: Douyin, WeChat and Alipay, over their own JSON and XML.
//!
//! | file | what |
//! | --- | --- |
//! | `code` | which code of another house a scanned text is |
//! | `verdict` | yes, no with a reason, or silence |
//! | `issuer` | vouchers and coupons: look up, redeem, query, reverse |
//! | `acquirer` | payment codes: charge, query, reverse, refund, query the refund |
//! | `douyin`, `wechat`, `alipay` | one house each: its wire, its signatures, its error codes |
//! | `http` | https with limits; bytes go up as they came |
//! | `guard` | which addresses a scanned link may lead to |
//! | `rsa`, `der`, `seal`, `cipher` | signatures, the little of X.509 that they need, AES |
//! | `secret`, `moment` | what is never printed; times as each house writes them |
//!
//! Nothing here is kept: whatever must survive a power cut (our numbers, Douyin's token, which
//! attempt it is) is made and written down by the caller **before** it calls, and comes in as an
//! argument.
//!
//! **Invariants:** only this crate knows another house's field names and error codes. Nothing is
//! believed before its signature is verified over the bytes as they came. What is not understood
//! is silence, never a decision. No file, no database, no clock and no retry loop is here; no key,
//! token or code is ever printed.

pub mod acquirer;
pub mod alipay;
#[cfg(test)]
mod anything;
mod cipher;
mod code;
mod der;
pub mod douyin;
mod guard;
mod http;
pub mod issuer;
mod moment;
mod rsa;
mod seal;
mod secret;
#[cfg(test)]
mod vectors;
mod verdict;
pub mod wechat;

pub use code::{ForeignCode, recognise};
pub use guard::{Pin, may_be_called};
pub use http::{BODY_BYTES_MAX, Endpoint, SetupError};
pub use secret::{Code, OurNumber, Secret};
pub use verdict::{Cause, Refusal, RefusalCode, Silence, THEIRS_CHARS_MAX, Verdict};

/// The caller's clock, which tests turn by hand.
pub type Clock = std::sync::Arc<dyn Fn() -> domain::time::Timestamp + Send + Sync>;
