//! Group-buy vouchers 团购券: an order of one or more, with one QR for all.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sim::mint;

/// What becomes of a voucher when it is redeemed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "codes and texts are Douyin's")]
pub enum Script {
    /// It is redeemed.
    #[default]
    Good,
    /// `prepare` is refused.
    RefusesPrepare { code: i64, text: String },
    /// `verify` is refused as a whole.
    RefusesVerify { code: i64, text: String },
    /// `verify` goes well and says of each code that it did not.
    RefusesCode { result: i64, text: String },
    /// Somebody else uses it while it lies on the counter.
    UsedElsewhere,
    /// `verify` is answered "busy" so often, and nothing is done.
    BusyThenGood { times: u32 },
    /// The first `verify` is done and answered "busy".
    BusyButDone,
}

/// What the same `verify` is answered once it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// `result` 1208 and nothing else, which is the least that is published.
    #[default]
    Used1208,
    /// `result` 2.
    Used2,
    /// The first answer again.
    Same,
}

/// An order of vouchers to issue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voucher {
    /// What it is called.
    pub title: String,
    /// How many lie in the order.
    pub count: u8,
    /// What the guest paid for each, in fen.
    pub paid_fen: i64,
    /// What it is good for, in fen.
    pub market_fen: i64,
    /// 1 group meal, 2 cash voucher 代金券, 3 card of several uses.
    pub groupon_type: u8,
    /// Douyin's own number of the goods.
    pub sku_id: String,
    /// The merchant's number of the goods.
    pub third_sku_id: String,
    /// Seconds from now; one that is not positive is over already.
    pub expires_in_seconds: i64,
    /// The stores it is for; all, when empty.
    pub poi_ids: Vec<String>,
    /// What becomes of it.
    pub script: Script,
    /// What the same `verify` is answered again.
    pub repeat: Repeat,
}

impl Default for Voucher {
    fn default() -> Self {
        Self {
            title: "50元代金券".to_owned(),
            count: 1,
            paid_fen: 3_990,
            market_fen: 5_000,
            groupon_type: 2,
            sku_id: "1730440745530376".to_owned(),
            third_sku_id: String::new(),
            expires_in_seconds: 30 * 86_400,
            poi_ids: vec![],
            script: Script::Good,
            repeat: Repeat::Used1208,
        }
    }
}

/// What the guest holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// Douyin's number of the order.
    pub order_id: String,
    /// What the QR says.
    pub link: String,
    /// What the guest can read out, one for each voucher.
    pub codes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Used {
    pub(crate) verify_id: String,
    pub(crate) token: String,
    pub(crate) at: i64,
}

/// One voucher of an order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Certificate {
    pub(crate) encrypted: String,
    pub(crate) origin: String,
    pub(crate) id: String,
    pub(crate) used: Option<Used>,
}

/// An order as Douyin keeps it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) voucher: Voucher,
    pub(crate) begins_at: i64,
    pub(crate) short: String,
    /// What the QR means; none after a voucher was redeemed, until the guest opens a new one.
    pub(crate) object: Option<String>,
    pub(crate) tokens: Vec<String>,
    pub(crate) certificates: Vec<Certificate>,
}

impl Order {
    pub(crate) fn new(voucher: Voucher, now: i64) -> Self {
        let certificate = |_| Certificate {
            encrypted: mint::awkward(),
            origin: mint::digits("10", 10),
            id: mint::digits("7091", 15),
            used: None,
        };
        let certificates = (0..voucher.count).map(certificate).collect();
        let mut order = Self {
            id: mint::digits("8001", 15),
            voucher,
            begins_at: now,
            short: String::new(),
            object: None,
            tokens: vec![],
            certificates,
        };
        order.refresh();
        order
    }

    /// The guest opens a new QR.
    pub(crate) fn refresh(&mut self) {
        self.short = mint::word(8);
        self.object = Some(mint::awkward());
    }

    /// Somebody else used all of it, for nothing that is in the books here.
    pub(crate) fn use_elsewhere(&mut self, at: i64) {
        for certificate in &mut self.certificates {
            let verify_id = mint::digits("7091", 15);
            certificate.used = Some(Used { verify_id, token: String::new(), at });
        }
    }

    pub(crate) fn ends_at(&self) -> i64 {
        self.begins_at + self.voucher.expires_in_seconds
    }

    pub(crate) fn is_for(&self, poi_id: &str) -> bool {
        self.voucher.poi_ids.is_empty() || self.voucher.poi_ids.iter().any(|poi| poi == poi_id)
    }

    pub(crate) fn issued(&self, link_url: &str) -> Issued {
        let codes = self.certificates.iter().map(|one| one.origin.clone()).collect();
        Issued { order_id: self.id.clone(), link: format!("{link_url}/{}/", self.short), codes }
    }

    pub(crate) fn amount(&self) -> Value {
        json!({
            "original_amount": self.voucher.market_fen,
            "list_market_amount": self.voucher.market_fen,
            "pay_amount": self.voucher.paid_fen,
            "coupon_pay_amount": self.voucher.paid_fen,
            "merchant_ticket_amount": 0,
            "payment_discount_amount": 0,
            "platform_discount_amount": 0,
        })
    }

    pub(crate) fn sku(&self, account_id: &str, times: i64) -> Value {
        json!({
            "sku_id": self.voucher.sku_id,
            "title": self.voucher.title,
            "groupon_type": self.voucher.groupon_type,
            "market_price": self.voucher.market_fen,
            "sold_start_time": self.begins_at * times,
            "third_sku_id": self.voucher.third_sku_id,
            "account_id": account_id,
        })
    }
}
