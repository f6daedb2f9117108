//! The clients against small TLS servers that answer as a house does, or break as a line does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first thing that is not as expected"
)]

mod alipay;
mod douyin;
mod keys;
mod lines;
mod server;
mod unprinted;
mod wechat_v2;
mod wechat_v3;
