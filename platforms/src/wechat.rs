//! WeChat Pay: payment codes by its second interface, merchant coupons by its third.
//!
//! The second signs XML with a shared key; the third signs bytes with RSA both ways.

pub mod v2;
pub mod v3;

/// The house's public address.
pub const BASE_URL: &str = "https://api.mch.weixin.qq.com";
