//! `WeChat` Pay: payment codes over v2, merchant coupons over v3.

pub(crate) mod coupon;
pub(crate) mod v2;
pub(crate) mod v3;
pub(crate) mod xml;

use axum::http::Method;

use super::{
    call::{Answer, Call},
    fault::Operation,
    keys::Keys,
    ledger::{Ledger, Platform, Wrong},
    trade::Trades,
};

const COUPONS: &str = "/v3/marketing/busifavor/";

/// What `WeChat` Pay knows.
#[derive(Debug)]
pub(crate) struct Wechat {
    pub(crate) trades: Trades,
    pub(crate) coupons: coupon::Coupons,
    /// Which of the two keys signs v3 answers.
    pub(crate) signs_with: usize,
}

impl Wechat {
    pub(crate) fn new() -> Self {
        let (trades, coupons) = (Trades::new(Platform::Wechat), coupon::Coupons::default());
        Self { trades, coupons, signs_with: 0 }
    }

    /// What a call wants.
    pub(crate) fn operation(call: &Call) -> Option<Operation> {
        Some(match call.path.as_str() {
            "/pay/micropay" => Operation::Charge,
            "/pay/orderquery" => Operation::Query,
            "/secapi/pay/reverse" => Operation::Reverse,
            "/secapi/pay/refund" => Operation::Refund,
            "/pay/refundquery" => Operation::RefundQuery,
            path => match (path.strip_prefix(COUPONS)?, &call.method) {
                ("coupons/use", &Method::POST) => Operation::Use,
                ("coupons/return", &Method::POST) => Operation::Return,
                (rest, &Method::GET) if rest.starts_with("users/") => Operation::Look,
                _ => return None,
            },
        })
    }

    pub(crate) fn answer(
        &mut self,
        keys: &Keys,
        call: &Call,
        operation: Operation,
        (now, books): (i64, &mut Ledger),
    ) -> Answer {
        if !call.path.starts_with(COUPONS) {
            return v2::answer(&mut self.trades, call, operation, (now, books));
        }
        let is_json = call.method == Method::GET || call.is("application/json");
        let answer = if let Err(why) = v3::check(keys, call) {
            books.blame(now, Platform::Wechat, Wrong::BadCall, format!("{}: {why}", call.path));
            v3::error(401, "SIGN_ERROR", &format!("签名错误 {why}"), v3::Number::Signature)
        } else if !is_json || !call.header("accept").contains("application/json") {
            let why = "Accept and Content-Type must be application/json";
            books.blame(now, Platform::Wechat, Wrong::BadCall, format!("{}: {why}", call.path));
            v3::error(400, "PARAM_ERROR", why, v3::Number::Parameter)
        } else if operation == Operation::Use {
            self.coupons.redeem(call, now, books)
        } else if operation == Operation::Return {
            self.coupons.give_back(call, now, books)
        } else {
            self.coupons.look(&call.path, now)
        };
        v3::sealed(answer, self.signs_with)
    }
}
