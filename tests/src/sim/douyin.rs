//! Douyin life services: tokens, short links, vouchers.

pub(crate) mod certificate;
pub(crate) mod link;
pub(crate) mod token;
pub(crate) mod voucher;

use std::collections::BTreeMap;

use super::{
    access::DOUYIN,
    call::{Answer, Call},
    fault::Operation,
    ledger::{Ledger, Platform, Wrong},
};

const CERTIFICATE: &str = "/goodlife/v1/fulfilment/certificate/";

/// The time by the platforms' clock, and the books.
pub(crate) type Book<'a> = (i64, &'a mut Ledger);

/// What Douyin knows.
#[derive(Debug, Default)]
pub(crate) struct Douyin {
    pub(crate) tokens: token::Tokens,
    /// By their id.
    pub(crate) orders: BTreeMap<String, voucher::Order>,
    pub(crate) links: link::Links,
}

impl Douyin {
    /// Issues an order of vouchers.
    pub(crate) fn issue(&mut self, voucher: voucher::Voucher, now: i64) -> &voucher::Order {
        let order = voucher::Order::new(voucher, now);
        self.links.keep(&order);
        self.orders.entry(order.id.clone()).or_insert(order)
    }

    /// The guest opens a new QR of an order.
    pub(crate) fn refresh(&mut self, id: &str) -> Option<&voucher::Order> {
        let order = self.orders.get_mut(id)?;
        order.refresh();
        self.links.keep(order);
        Some(order)
    }

    /// What a call wants.
    pub(crate) fn operation(call: &Call) -> Option<Operation> {
        use axum::http::Method;
        Some(match (&call.method, call.path.as_str()) {
            (&Method::POST, "/oauth/client_token/" | "/oauth/stable_client_token/") => {
                Operation::Token
            }
            (method, path) => match (method, path.strip_prefix(CERTIFICATE)?) {
                (&Method::GET, "prepare/") => Operation::Prepare,
                (&Method::POST, "verify/") => Operation::Verify,
                (&Method::POST, "cancel/") => Operation::Cancel,
                (&Method::GET, "get/" | "query/") => Operation::Look,
                _ => return None,
            },
        })
    }

    pub(crate) fn answer(
        &mut self,
        call: &Call,
        operation: Operation,
        (now, books): Book<'_>,
    ) -> Answer {
        if operation == Operation::Token {
            return self.tokens.answer(call, now);
        }
        let token = call.header("access-token");
        if token.is_empty() {
            let detail = format!("{} without an access-token", call.path);
            books.blame(now, Platform::Douyin, Wrong::BadCall, detail);
        }
        match self.tokens.standing(token, now) {
            token::Standing::Good => {}
            token::Standing::Expired => {
                return certificate::refusal(2_190_008, "access_token过期", now);
            }
            token::Standing::Unknown => {
                return certificate::refusal(2_190_002, "access_token无效", now);
            }
        }
        let account = call.header("rpc-transit-life-account");
        if !account.is_empty() && account != DOUYIN.account_id {
            return certificate::refusal(2_119_005, "商家未授权", now);
        }
        match operation {
            Operation::Prepare => self.prepare(call, (now, books)),
            Operation::Verify => self.verify(call, (now, books)),
            Operation::Cancel => self.cancel(call, (now, books)),
            Operation::Look => self.look(call, (now, books)),
            Operation::Token
            | Operation::Link
            | Operation::Use
            | Operation::Return
            | Operation::Charge
            | Operation::Query
            | Operation::Reverse
            | Operation::Refund
            | Operation::RefundQuery => certificate::refusal(2_100_001, "未知错误", now),
        }
    }
}
