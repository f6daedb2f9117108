//! The simulated platforms, called by hand: requests signed here, not by the clients, so that what a
//! simulator accepts and refuses is known before a client is believed.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may do what tests may")]

mod alipay;
mod control;
mod coupons;
mod douyin;
mod faults;
mod hands;
mod wechat_pay;
