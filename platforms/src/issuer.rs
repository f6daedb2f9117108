//! Vouchers and coupons of other houses, by four verbs: look up, redeem, query, reverse.
//!
//! | | Douyin | WeChat merchant coupon (商家券) |
//! | --- | --- | --- |
//! | look up | resolves the link, *prepare* | the shopper's coupon, if the shopper is known |
//! | redeem | *verify* with the token of *prepare* | *use* with our number |
//! | query | *certificate/get* | the same, for a known shopper |
//! | reverse | *cancel*, within an hour | *return* with our number |
//!
//! Prepare and verify are one to one: nobody looks a voucher up for decoration.
//!
//! The caller writes `Redeem` or `Undo` down before it calls, and says with `Attempt` whether an
//! earlier call of the same question may have arrived: the houses answer "used already" to the
//! second one, and whether that was by us only a query tells.

use domain::{
    money::{BasisPoints, Money},
    time::Timestamp,
};

use crate::{
    douyin,
    secret::{Code, OurNumber},
    verdict::Verdict,
    wechat,
};

/// Coupons that are redeemed by one question; what a person can explain at a counter.
pub const CODES_MAX: usize = 10;

/// A house that issues vouchers or coupons.
#[derive(Clone, Debug)]
pub enum Issuer {
    /// Douyin's group-buying vouchers (抖音团购券).
    Douyin(douyin::Client),
    /// WeChat's merchant coupons (商家券).
    Wechat(wechat::v3::Client),
}

/// What the shopper shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// A short link, a typed code, or the coupon's own code.
    pub code: Code,
    /// The shopper at WeChat, if a member was recognised.
    pub openid: Option<String>,
    /// The coupon's batch (`stock_id`), where we made the codes ourselves and know it.
    pub stock: Option<String>,
}

/// Our store, as the house knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shop {
    /// Douyin's `poi_id`. WeChat needs none.
    pub id: String,
    /// Douyin's `account_id`, for chains of 云连锁 only.
    pub account: Option<String>,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Goes back with the redemption; write it down beside the cart.
    pub prepared: Prepared,
    /// What the shopper may use, at least one.
    pub offers: Vec<Offer>,
}

/// What a house wants back with the redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Douyin's `verify_token`, which makes the redemption one and the same however often it is
    /// asked for, and the order that all its codes belong to.
    Douyin {
        /// `verify_token`.
        token: Code,
        /// `order_id`.
        order: String,
    },
    /// WeChat needs only what was known before.
    Wechat {
        /// `stock_id`.
        stock: Option<String>,
        /// `openid`.
        openid: Option<String>,
    },
}

/// One right of the shopper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// By this it is redeemed: Douyin's encrypted code, or the coupon's own.
    pub code: Code,
    /// The house's words, at most `THEIRS_CHARS_MAX` signs.
    pub title: String,
    /// Douyin's `sku_id`, or WeChat's `stock_id`; empty if not told.
    pub product: String,
    /// What it is worth at the counter.
    pub worth: Worth,
    /// What the shopper paid for it; zero if nothing or not told.
    pub paid: Money,
    /// From when it may be used.
    pub begins: Option<Timestamp>,
    /// Until when. Douyin may list an expired one, and refuses it later.
    pub ends: Option<Timestamp>,
}

/// What a right is worth at the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Certain goods, paid for already (团餐券, 次卡): the store's own table says which.
    Goods {
        /// What the house sold it for before its own discounts.
        price: Money,
    },
    /// It pays so much (代金券).
    Pays(Money),
    /// It takes so much off from a sum on.
    Reduces {
        /// So much off.
        off: Money,
        /// From this sum.
        from: Money,
    },
    /// The shopper pays this share, from a sum on: 8,600 for 8.6 折.
    Share {
        /// The share that is paid.
        rate: BasisPoints,
        /// From this sum.
        from: Money,
    },
    /// Goods for a set price, from a sum on (换购).
    Exchange {
        /// The price.
        price: Money,
        /// From this sum.
        from: Money,
    },
    /// The house does not tell at the counter; our own table of batches may.
    NotTold,
}

/// Whether an earlier call of the same question may have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing was sent yet, for certain.
    First,
    /// It may have been sent: "used already" may then be our own doing.
    Again,
}

/// A redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeem {
    /// WeChat's `use_request_no`; the same on every attempt.
    pub number: OurNumber,
    /// As the look-up gave it; the same on every attempt.
    pub prepared: Prepared,
    /// One to `CODES_MAX` of the look-up's offers; exactly one for WeChat.
    pub codes: Vec<Code>,
    /// Where.
    pub shop: Shop,
    /// When it was used; the same on every attempt.
    pub at: Timestamp,
    /// Which attempt.
    pub attempt: Attempt,
}

/// What became of a redemption that the house carried out, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// At least one.
    pub taken: Vec<Taken>,
    /// Codes of the same question that the house refused.
    pub refused: Vec<(Code, crate::Refusal)>,
}

/// One right that was used; the names by which it can be reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The code it was redeemed by.
    pub code: Code,
    /// Douyin's `verify_id`. A second attempt may not be told it; `query` is.
    pub verification: Option<String>,
    /// Douyin's `certificate_id`, likewise.
    pub certificate: Option<String>,
    /// WeChat's `stock_id`.
    pub stock: Option<String>,
    /// When, by the house's clock.
    pub at: Option<Timestamp>,
}

/// How a right stands with its house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Not used.
    Unused,
    /// Used.
    Taken {
        /// By which names.
        taken: Taken,
        /// By the question with this number; `None` where the house does not tell. Then the
        /// caller compares `taken.verification` with those of its other questions.
        is_ours: Option<bool>,
    },
    /// Neither: expired, cancelled, paid back. The house's own word for it.
    Gone(String),
}

/// A question how a right stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The redemption's number, to tell our own use from another's.
    pub number: OurNumber,
    /// When its use was first asked for: what was used before that was not used by it.
    pub at: Timestamp,
    /// Of which look-up.
    pub prepared: Prepared,
    /// Which right.
    pub code: Code,
}

/// A redemption to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// WeChat's `return_request_no`; another one than the redemption's, the same on every attempt.
    pub number: OurNumber,
    /// Of which look-up.
    pub prepared: Prepared,
    /// What was taken.
    pub taken: Taken,
    /// Where.
    pub shop: Shop,
    /// Which attempt.
    pub attempt: Attempt,
}

impl Issuer {
    /// What the shopper shows and what it is worth. It has no effect for the shopper.
    pub async fn look_up(&self, presented: &Presented, shop: &Shop) -> Verdict<Found> {
        match self {
            Self::Douyin(client) => client.look_up(presented, shop).await.into(),
            Self::Wechat(client) => client.look_up(presented).await.into(),
        }
    }

    /// Uses rights up, all of one look-up. After silence ask again with `Attempt::Again`.
    pub async fn redeem(&self, ask: &Redeem) -> Verdict<Redeemed> {
        match self {
            Self::Douyin(client) => client.redeem(ask).await.into(),
            Self::Wechat(client) => client.redeem(ask).await.into(),
        }
    }

    /// How a right stands; it changes nothing.
    pub async fn query(&self, ask: &Query) -> Verdict<Held> {
        match self {
            Self::Douyin(client) => client.query(&ask.code, Some(ask.at)).await.into(),
            Self::Wechat(client) => client.query(ask).await.into(),
        }
    }

    /// Gives a used right back. After silence ask again with `Attempt::Again`.
    pub async fn reverse(&self, ask: &Undo) -> Verdict<()> {
        match self {
            Self::Douyin(client) => client.reverse(ask).await.into(),
            Self::Wechat(client) => client.reverse(ask).await.into(),
        }
    }
}
