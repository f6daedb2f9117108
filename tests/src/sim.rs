//! Other houses, simulated: Douyin, `WeChat` Pay, Alipay, over real TLS.
//!
//! | room | what |
//! | --- | --- |
//! | `tls`, `door` | certificates and ports; a call in, its answer out, and what goes wrong between |
//! | `douyin`, `wechat`, `alipay` | what each platform checks, does and answers |
//! | `code`, `trade` | payment codes, and what becomes of a charge at either of two houses |
//! | `ledger` | what they hold for true, and what no caller may do |
//! | `fault`, `clock` | what goes wrong on order; a clock that is turned by hand |
//! | `access`, `keys`, `mint` | how a client is let in; signatures; numbers nobody guesses |
//! | `control`, `page` | the same for a person and for another program, on 127.0.0.1 |
//!
//! They check what the real ones check, with code of their own, and keep their own
//! [books](Platforms::balance): after any storm these must equal what the store booked.
//!
//! **Invariant:** no line of the clients is used here. Whatever a caller does wrong is refused as the
//! platform would, and kept as a [`Violation`].

mod access;
mod alipay;
mod call;
mod clock;
mod code;
mod control;
mod door;
mod douyin;
mod fault;
mod keys;
mod ledger;
mod mint;
mod page;
mod platforms;
mod tls;
mod trade;
mod wechat;

pub use access::{Access, AlipayAccess, COUPON_RULE, DouyinAccess, WechatAccess};
pub use clock::Clock;
pub use code::{Behaviour, PaymentCode};
pub use control::{BRAND, MESSAGES, SHOP};
pub use douyin::{
    link::Astray,
    voucher::{Issued, Repeat, Script, Voucher},
};
pub use fault::{Fault, Operation, Planned};
pub use ledger::{Balance, Deed, Entry, Family, Platform, Violation, Wrong, without_attempt};
pub use platforms::{AtAlipay, AtDouyin, AtWechat, Options, Platforms};
pub use wechat::coupon::{Coupon, Shape};
