//! Coupons and vouchers: the names of this room over those of `platforms`.
//!
//! What a house must be told again is kept as one JSON text (`Kept`), which only this file reads.
//!
//! **Invariant:** what was used in part is given back before it is a no.

use domain::{money::Money, time::Timestamp};
use platforms::{
    Code, OurNumber, Refusal, RefusalCode, Silence,
    issuer::{
        self, Attempt, CODES_MAX, Prepared, Presented, Query, Redeem, Shop, Taken, Undo, Worth,
    },
};
use serde::{Deserialize, Serialize};
use sync::wire::OfferV1;
use tracing::warn;

use super::{Answering, Found, Held, Issuer, Proof, USED, Use, UseStanding, Verdict};

/// Douyin takes a voucher back within an hour of its use (撤销核销).
const DOUYIN_REVERSIBLE_MS: i64 = 3_600_000;

/// A stock of WeChat's coupons (批次) that HQ has made.
#[derive(Clone, Debug)]
pub(super) struct Stock {
    /// Its number at WeChat.
    pub(super) id: String,
    /// What its codes begin with; empty where it is the only one.
    pub(super) prefix: String,
    /// What people call it.
    pub(super) title: String,
    /// The rule that a coupon of it switches on.
    pub(super) rule: String,
}

/// A house whose coupons and vouchers are taken, for one store.
#[derive(Debug)]
pub(super) struct Issuing {
    /// The house.
    pub(super) house: issuer::Issuer,
    /// Its name in the log.
    pub(super) name: &'static str,
    /// The store, as the house knows it.
    pub(super) shop: Shop,
    /// The coupons that switch rules on.
    pub(super) stocks: Vec<Stock>,
}

/// What a house must be told again.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Douyin's token and order; WeChat's stock.
    token: String,
    order: String,
    stock: String,
    /// The codes of each offer.
    offers: Vec<Vec<String>>,
    /// What was used, by the names its house gave it.
    #[serde(default)]
    taken: Vec<KeptTaken>,
}

#[derive(Serialize, Deserialize)]
struct KeptTaken {
    code: String,
    verification: Option<String>,
    certificate: Option<String>,
    stock: Option<String>,
    at: Option<Timestamp>,
}

impl KeptTaken {
    fn of(taken: Taken) -> Self {
        let Taken { code, verification, certificate, stock, at } = taken;
        Self { code: code.reveal().to_owned(), verification, certificate, stock, at }
    }

    fn taken(&self) -> Option<Taken> {
        Some(Taken {
            code: Code::parse(&self.code)?,
            verification: self.verification.clone(),
            certificate: self.certificate.clone(),
            stock: self.stock.clone(),
            at: self.at,
        })
    }
}

impl Kept {
    fn read(held: &Held) -> Option<Self> {
        serde_json::from_str(&held.0).ok()
    }

    fn held(&self) -> Held {
        Held(serde_json::to_string(self).unwrap_or_default())
    }

    fn prepared(&self) -> Option<Prepared> {
        if self.token.is_empty() {
            let stock = (!self.stock.is_empty()).then(|| self.stock.clone());
            return Some(Prepared::Wechat { stock, openid: None });
        }
        let (token, order) = (Code::parse(&self.token)?, self.order.clone());
        Some(Prepared::Douyin { token, order })
    }

    /// The codes that a question is about.
    fn codes(&self, ask: &Use) -> Option<Vec<Code>> {
        let count = usize::try_from(ask.count).ok()?;
        let codes = self.offers.get(usize::from(ask.offer))?.get(..count)?;
        codes.iter().map(|code| Code::parse(code)).collect()
    }
}

/// A question in the house's words.
struct Question {
    kept: Kept,
    number: OurNumber,
    prepared: Prepared,
    codes: Vec<Code>,
}

impl Question {
    fn of(ask: &Use) -> Option<Self> {
        let kept = Kept::read(&ask.held)?;
        let (prepared, codes) = (kept.prepared()?, kept.codes(ask)?);
        Some(Self { number: OurNumber::parse(&ask.number)?, prepared, codes, kept })
    }

    /// The number of giving back: another one than that of the use, and always the same.
    fn back(&self) -> Option<OurNumber> {
        OurNumber::parse(&format!("R{}", self.number.as_str().get(1..)?))
    }
}

impl Issuing {
    fn silent(&self, asked: &'static str, silence: &Silence) {
        warn!(house = self.name, shop = self.shop.id, asked, "A house was silent: {silence}");
    }

    fn no<T>(&self, asked: &'static str, refusal: &Refusal) -> Verdict<T> {
        if refusal.code.is_about_us() {
            warn!(
                house = self.name,
                shop = self.shop.id,
                asked,
                "A house does not answer us: {refusal}"
            );
        }
        Verdict::No(refusal.code.as_str().to_owned())
    }

    fn stock(&self, code: &str) -> Option<&Stock> {
        let of_code = self.stocks.iter().filter(|stock| code.starts_with(&stock.prefix));
        of_code.max_by_key(|stock| stock.prefix.len())
    }

    async fn look(&self, presented: &str) -> Verdict<Found> {
        let Some(code) = Code::parse(presented) else {
            return Verdict::No(RefusalCode::Unreadable.as_str().to_owned());
        };
        let stock = match self.house {
            issuer::Issuer::Wechat(_) => self.stock(code.reveal()),
            issuer::Issuer::Douyin(_) => None,
        };
        let stock = stock.map(|stock| stock.id.clone());
        let presented = Presented { code, openid: None, stock };
        match self.house.look_up(&presented, &self.shop).await {
            platforms::Verdict::Yes(found) => self.found(found),
            platforms::Verdict::No(refusal) => self.no("look-up", &refusal),
            platforms::Verdict::Silence(silence) => {
                self.silent("look-up", &silence);
                Verdict::Silence
            }
        }
    }

    /// Puts alike offers together, and leaves out what no rule and no tender can take.
    fn found(&self, found: issuer::Found) -> Verdict<Found> {
        let mut offers: Vec<(OfferV1, Vec<String>)> = Vec::new();
        for offer in found.offers {
            let Some(told) = self.offer(&offer) else { continue };
            let code = offer.code.reveal().to_owned();
            match offers.iter_mut().find(|(before, _)| is_alike(before, &told)) {
                // One question takes no more.
                Some((_, codes)) if codes.len() >= CODES_MAX => {}
                Some((before, codes)) => {
                    before.count = before.count.saturating_add(1);
                    codes.push(code);
                }
                None => offers.push((told, vec![code])),
            }
        }
        if offers.is_empty() {
            return Verdict::No(RefusalCode::NotUsable.as_str().to_owned());
        }
        let (offers, codes) = offers.into_iter().unzip();
        let (token, order, stock) = match found.prepared {
            Prepared::Douyin { token, order } => (token.reveal().to_owned(), order, String::new()),
            Prepared::Wechat { stock, .. } => {
                (String::new(), String::new(), stock.unwrap_or_default())
            }
        };
        let kept = Kept { token, order, stock, offers: codes, taken: Vec::new() };
        Verdict::Yes(Found { offers, held: kept.held() })
    }

    /// What an offer does at our counter; `None` when it does nothing here.
    fn offer(&self, offer: &issuer::Offer) -> Option<OfferV1> {
        let stock = self.stocks.iter().find(|stock| stock.id == offer.product);
        let (worth, rule) = match offer.worth {
            Worth::Pays(worth) | Worth::Goods { price: worth } => (worth, None),
            Worth::Reduces { .. }
            | Worth::Share { .. }
            | Worth::Exchange { .. }
            | Worth::NotTold => (Money::ZERO, Some(stock?.rule.clone())),
        };
        let title = match stock {
            Some(stock) if !stock.title.is_empty() => stock.title.clone(),
            Some(_) | None => offer.title.clone(),
        };
        Some(OfferV1 {
            title,
            count: 1,
            worth_minor: worth,
            bought_minor: offer.paid,
            rule,
            expires_at: offer.ends,
        })
    }

    async fn use_up(&self, ask: &Use) -> Verdict<Proof> {
        let Some(question) = Question::of(ask) else {
            return Verdict::No(RefusalCode::NotUsable.as_str().to_owned());
        };
        let redeem = Redeem {
            number: question.number.clone(),
            prepared: question.prepared.clone(),
            codes: question.codes.clone(),
            shop: self.shop.clone(),
            at: ask.at,
            attempt: attempt(ask),
        };
        match self.house.redeem(&redeem).await {
            platforms::Verdict::Yes(redeemed) => {
                let is_anothers = |one: &Taken| {
                    one.verification.as_ref().is_some_and(|name| ask.not_ours.contains(name))
                };
                let (theirs, ours): (Vec<_>, Vec<_>) =
                    redeemed.taken.into_iter().partition(is_anothers);
                let refused = redeemed.refused.first().map(|(_, refusal)| refusal.code.as_str());
                match refused.or((!theirs.is_empty()).then_some(USED)) {
                    None => Verdict::Yes(self.proof(question.kept, ours, ask.at)),
                    Some(no) => match self.give_back(&question, ours, Attempt::Again).await {
                        Verdict::Yes(()) => Verdict::No(no.to_owned()),
                        // Asked again, the house says the same, and it is given back then.
                        Verdict::No(_) | Verdict::Silence => Verdict::Silence,
                    },
                }
            }
            platforms::Verdict::No(refusal) => self.no("use", &refusal),
            platforms::Verdict::Silence(silence) => {
                self.silent("use", &silence);
                Verdict::Silence
            }
        }
    }

    fn proof(&self, mut kept: Kept, taken: Vec<Taken>, at: Timestamp) -> Proof {
        let reversible_until = match self.house {
            issuer::Issuer::Douyin(_) => {
                let used_at = taken.iter().filter_map(|taken| taken.at).min().unwrap_or(at);
                Some(used_at.plus_ms(DOUYIN_REVERSIBLE_MS))
            }
            issuer::Issuer::Wechat(_) => None,
        };
        let names = taken.iter().filter_map(|one| one.verification.clone()).collect();
        kept.taken = taken.into_iter().map(KeptTaken::of).collect();
        Proof { held: kept.held(), reversible_until, names }
    }

    /// Where all codes of a question stand; that some are used and some not, only using them again
    /// mends.
    async fn look_at(&self, ask: &Use) -> UseStanding {
        let Some(question) = Question::of(ask) else {
            return UseStanding::CannotTell;
        };
        let (mut taken, mut n_theirs) = (Vec::new(), 0);
        for code in &question.codes {
            let (number, prepared) = (question.number.clone(), question.prepared.clone());
            let query = Query { number, at: ask.at, prepared, code: code.clone() };
            match self.house.query(&query).await {
                platforms::Verdict::Yes(issuer::Held::Unused) => {}
                platforms::Verdict::Yes(issuer::Held::Taken { is_ours: Some(false), .. }) => {
                    n_theirs += 1;
                }
                platforms::Verdict::Yes(issuer::Held::Gone(_)) => return UseStanding::CannotTell,
                platforms::Verdict::Yes(issuer::Held::Taken { taken: one, .. }) => taken.push(one),
                platforms::Verdict::No(refusal) if refusal.code == RefusalCode::NeedsMember => {
                    return UseStanding::CannotTell;
                }
                platforms::Verdict::No(refusal) => {
                    warn!(house = self.name, "A house does not say where a use stands: {refusal}");
                    return UseStanding::Silence;
                }
                platforms::Verdict::Silence(silence) => {
                    self.silent("use standing", &silence);
                    return UseStanding::Silence;
                }
            }
        }
        let n = question.codes.len();
        match (taken.len(), n_theirs) {
            (0, 0) => UseStanding::NotUsed,
            (0, theirs) if theirs == n => UseStanding::NotOurs,
            (ours, 0) if ours == n => UseStanding::Used(self.proof(question.kept, taken, ask.at)),
            _ => UseStanding::CannotTell,
        }
    }

    async fn give_back(
        &self,
        question: &Question,
        taken: Vec<Taken>,
        attempt: Attempt,
    ) -> Verdict<()> {
        let Some(number) = question.back() else {
            return Verdict::Silence;
        };
        // One that is refused keeps no other from its owner, and one that may still be given back is
        // asked for again before any is kept.
        let mut all = Verdict::Yes(());
        for one in taken {
            let undo = Undo {
                number: number.clone(),
                prepared: question.prepared.clone(),
                taken: one,
                shop: self.shop.clone(),
                attempt,
            };
            match self.house.reverse(&undo).await {
                platforms::Verdict::Yes(()) => {}
                // Where it is we who are refused, somebody mends that, and it is asked again.
                platforms::Verdict::No(refusal) if refusal.code.is_about_us() => {
                    let _: Verdict<()> = self.no("reversal", &refusal);
                    all = Verdict::Silence;
                }
                platforms::Verdict::No(refusal) if all == Verdict::Yes(()) => {
                    all = self.no("reversal", &refusal);
                }
                platforms::Verdict::No(_) => {}
                platforms::Verdict::Silence(silence) => {
                    self.silent("reversal", &silence);
                    all = Verdict::Silence;
                }
            }
        }
        all
    }
}

fn attempt(ask: &Use) -> Attempt {
    if ask.is_repeat { Attempt::Again } else { Attempt::First }
}

fn is_alike(one: &OfferV1, other: &OfferV1) -> bool {
    *one == OfferV1 { count: one.count, ..other.clone() }
}

impl Issuer for Issuing {
    fn look_up<'a>(&'a self, presented: &'a str) -> Answering<'a, Verdict<Found>> {
        Box::pin(self.look(presented))
    }

    fn redeem<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<Proof>> {
        Box::pin(self.use_up(ask))
    }

    fn standing<'a>(&'a self, ask: &'a Use) -> Answering<'a, UseStanding> {
        Box::pin(self.look_at(ask))
    }

    fn reverse<'a>(&'a self, ask: &'a Use) -> Answering<'a, Verdict<()>> {
        Box::pin(async move {
            let question = Question::of(ask);
            let taken: Option<Vec<Taken>> = question
                .as_ref()
                .and_then(|question| question.kept.taken.iter().map(KeptTaken::taken).collect());
            match (question, taken) {
                (Some(question), Some(taken)) => {
                    self.give_back(&question, taken, attempt(ask)).await
                }
                (Some(_), None) | (None, _) => {
                    Verdict::No(RefusalCode::NotReversible.as_str().to_owned())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A client that asks nobody.
    fn issuing(stocks: &[(&str, &str)]) -> Issuing {
        let config = platforms::douyin::Config {
            endpoint: platforms::Endpoint::at(platforms::douyin::BASE_URL),
            client_key: "key".into(),
            client_secret: platforms::Secret::new("secret"),
            root_account: None,
            links: platforms::douyin::LinkConfig::default(),
        };
        let clock: platforms::Clock = Arc::new(|| Timestamp::from_micros(0));
        let client = platforms::douyin::Client::new(config, clock).unwrap();
        let stocks = stocks.iter().map(|(id, prefix)| Stock {
            id: (*id).to_owned(),
            prefix: (*prefix).to_owned(),
            title: format!("stock {id}"),
            rule: format!("rule-{id}"),
        });
        Issuing {
            house: issuer::Issuer::Douyin(client),
            name: "Douyin",
            shop: Shop::default(),
            stocks: stocks.collect(),
        }
    }

    fn offer(code: &str, product: &str, worth: Worth) -> issuer::Offer {
        issuer::Offer {
            code: Code::parse(code).unwrap(),
            title: format!("title of {product}"),
            product: product.to_owned(),
            worth,
            paid: Money::from_minor(3_990),
            begins: None,
            ends: None,
        }
    }

    fn found(offers: Vec<issuer::Offer>) -> issuer::Found {
        let token = Code::parse("verify-token").unwrap();
        issuer::Found { prepared: Prepared::Douyin { token, order: "order".into() }, offers }
    }

    fn ask(held: Held, offer: u16, count: u32) -> Use {
        let number = "019ab3f0c4d57e1f8a9b0c1d2e3f4a5b".to_owned();
        let at = Timestamp::from_micros(1);
        Use { number, held, offer, count, at, is_repeat: false, not_ours: Vec::new() }
    }

    #[test]
    fn alike_vouchers_are_one_offer_and_each_piece_keeps_its_own_code() {
        let fifty = Worth::Pays(Money::from_minor(5_000));
        let meal = Worth::Goods { price: Money::from_minor(9_900) };
        let offers =
            vec![offer("a1", "50", fifty), offer("b1", "meal", meal), offer("a2", "50", fifty)];
        let Verdict::Yes(Found { offers, held }) = issuing(&[]).found(found(offers)) else {
            panic!("nothing was found");
        };
        let told: Vec<_> = offers.iter().map(|o| (o.count, o.worth_minor.minor())).collect();
        assert_eq!(told, [(2, 5_000), (1, 9_900)]);
        let table = [(0, 2, Some("a1 a2")), (0, 1, Some("a1")), (1, 1, Some("b1")), (1, 2, None)];
        for (offer, count, codes) in table {
            let question = Question::of(&ask(held.clone(), offer, count));
            let found = question.map(|question| {
                assert_eq!(question.back().unwrap().as_str().len(), 32);
                assert_ne!(question.back(), Some(question.number));
                question.codes.iter().map(Code::reveal).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref(), codes, "{count} of {offer}");
        }
    }

    #[test]
    fn a_coupon_of_a_stock_that_hq_has_not_named_does_nothing_here() {
        let off = Worth::Reduces { off: Money::from_minor(1_000), from: Money::from_minor(10_000) };
        let issuing = issuing(&[("12", "A"), ("13", "A7")]);
        let told = issuing.offer(&offer("A7-1", "13", off)).unwrap();
        assert_eq!((told.rule.as_deref(), told.worth_minor), (Some("rule-13"), Money::ZERO));
        assert_eq!(told.title, "stock 13");
        let Verdict::No(word) = issuing.found(found(vec![offer("A7-1", "99", off)])) else {
            panic!("it was offered");
        };
        assert_eq!(word, "not-usable");
        let stocks = ["A71", "A8", "B1"].map(|code| issuing.stock(code).map(|s| s.id.as_str()));
        assert_eq!(stocks, [Some("13"), Some("12"), None], "the longest prefix counts");
    }

    #[test]
    fn what_was_used_is_known_by_the_names_its_house_gave() {
        let fifty = Worth::Pays(Money::from_minor(5_000));
        let issuing = issuing(&[]);
        let Verdict::Yes(Found { held, .. }) = issuing.found(found(vec![offer("a1", "50", fifty)]))
        else {
            panic!("nothing was found");
        };
        let question = Question::of(&ask(held, 0, 1)).unwrap();
        let used_at = Timestamp::from_micros(1_795_255_200_000_000);
        let taken = Taken {
            code: Code::parse("a1").unwrap(),
            verification: Some("v".into()),
            certificate: Some("c".into()),
            stock: None,
            at: Some(used_at),
        };
        let proof = issuing.proof(question.kept, vec![taken.clone()], Timestamp::from_micros(1));
        assert_eq!(proof.reversible_until, Some(used_at.plus_ms(DOUYIN_REVERSIBLE_MS)));
        let kept = Question::of(&ask(proof.held, 0, 1)).unwrap().kept;
        assert_eq!(kept.taken.iter().map(|one| one.taken().unwrap()).collect::<Vec<_>>(), [taken]);
    }
}
