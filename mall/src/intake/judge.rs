//! What each fact is. Whether a batch fits where the mall stands is `sync::inbox`.
//!
//! **Invariant:** pure; the same bytes are judged the same.

use domain::receipt_number::WORKSTATION_MAX;
use serde::de::DeserializeOwned;
use sync::{
    chain::Hash,
    inbox::Read,
    wire::{
        FactV1, KIND_ORDER, KIND_PICKUP_HANDED_OVER, KIND_PICKUP_READY, KIND_POST_VOID, OrderV1,
        OrderV1Fault, PickupHandedOverV1, PickupReadyV1, PostVoidV1,
    },
};
use uuid::Uuid;

use crate::{
    db::{
        day_seals::WeighedRow,
        inbox::{Received, is_kind},
    },
    pickup::Tale,
};

/// What this program can read: kinds, each with the version of its body.
pub(super) const KNOWN: [(&str, u16); 4] =
    [(KIND_ORDER, 1), (KIND_POST_VOID, 1), (KIND_PICKUP_READY, 1), (KIND_PICKUP_HANDED_OVER, 1)];

/// What a fact is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// An order whose sums hold.
    Order(Box<OrderV1>),
    /// An order was undone; whether the order is such a one is seen when it is processed.
    PostVoid(PostVoidV1),
    /// What the store did with an online order.
    Pickup(Tale),
    /// Newer than this mall.
    Unknown,
    /// Not readable, or its sums do not hold.
    Bad(String),
}

impl From<Judged> for Read {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Order(_) | Judged::PostVoid(_) | Judged::Pickup(_) => Self::Work,
            Judged::Unknown => Self::Newer,
            Judged::Bad(reason) => Self::Bad(reason),
        }
    }
}

/// Looks at one fact of a store.
pub(super) fn fact(store_code: &str, fact: &FactV1, digest: Hash) -> Judged {
    let (judged, store) = alone(fact, digest);
    if is_of(store.as_deref(), store_code) { judged } else { Judged::Bad(STRANGE.to_owned()) }
}

/// Looks at one fact without asking whose it is. The answer is also the store that it names, if it
/// names one.
fn alone(fact: &FactV1, digest: Hash) -> (Judged, Option<String>) {
    let judged = |done: Result<Judged, String>| (done.unwrap_or_else(Judged::Bad), None);
    if digest != fact.digest {
        return judged(Err("the digest does not fit the body".to_owned()));
    }
    if !is_kind(&fact.kind) {
        return judged(Err("the kind is no word".to_owned()));
    }
    match (fact.kind.as_str(), fact.v) {
        (KIND_ORDER, 1) => match order(fact) {
            Ok((order, store)) => (order, Some(store)),
            Err(reason) => judged(Err(reason)),
        },
        (KIND_POST_VOID, 1) => judged(post_void(fact)),
        (KIND_PICKUP_READY, 1) => judged(pickup_ready(fact)),
        (KIND_PICKUP_HANDED_OVER, 1) => judged(pickup_handed_over(fact)),
        (_, _) => judged(Ok(Judged::Unknown)),
    }
}

/// What is said of an order that is not whose it should be.
const STRANGE: &str = "the receipt number is another store's";

fn is_of(named: Option<&str>, store_code: &str) -> bool {
    named.is_none_or(|named| named == store_code)
}

/// A fact with all that can be said of it without the database: said before anything there is locked.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    /// The fact, with the digest of what came.
    pub(super) received: Received<'a>,
    /// Its day and money.
    pub(super) weighed: WeighedRow,
    read: Read,
    /// The store that it names, if it names one.
    store: Option<String>,
}

impl<'a> Seen<'a> {
    /// Looks at a fact.
    pub(super) fn of(fact: &'a FactV1) -> Self {
        let received = Received { fact, digest: Hash::of(fact.body.as_bytes()) };
        let (judged, store) = alone(fact, received.digest);
        Self { received, weighed: WeighedRow::of(fact), read: judged.into(), store }
    }

    /// What it is read as, coming from a store.
    pub(super) fn read(&self, store_code: &str) -> Read {
        if is_of(self.store.as_deref(), store_code) {
            self.read.clone()
        } else {
            Read::Bad(STRANGE.to_owned())
        }
    }
}

/// Reads a body. What is told is where it breaks, not what stands there: a reason is shown, a body
/// is not.
fn read<T: DeserializeOwned>(body: &str, what: &str) -> Result<T, String> {
    if tells_nul(body) {
        return Err(format!("not {what}: a text in it holds the sign NUL"));
    }
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("not {what}: line {line}, column {column}")
    })
}

/// Whether a text in a JSON document holds the sign NUL, which no order has and not every engine
/// keeps. As it is, JSON does not allow it; written `\u0000` it does.
fn tells_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        // After an odd number of backslashes this one is itself what is escaped.
        let before = json.get(..at).unwrap_or_default();
        before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
    })
}

fn order(fact: &FactV1) -> Result<(Judged, String), String> {
    let order: OrderV1 = read(&fact.body, "an order")?;
    if order.id.uuid() != fact.id {
        return Err("the order has another id than its fact".to_owned());
    }
    let checked = order.clone().into_order().map_err(|fault| match fault {
        OrderV1Fault::Sum(fault) => fault.to_string(),
        OrderV1Fault::ReceiptNumber | OrderV1Fault::Currency => fault.to_string(),
    })?;
    Ok((Judged::Order(Box::new(order)), checked.receipt_number.store.to_string()))
}

fn post_void(fact: &FactV1) -> Result<Judged, String> {
    let told: PostVoidV1 = read(&fact.body, "a post-void")?;
    if told.id != fact.id {
        return Err("the post-void has another id than its fact".to_owned());
    }
    if !(1..=WORKSTATION_MAX).contains(&told.workstation) {
        return Err(format!("there is no workstation {}", told.workstation));
    }
    Ok(Judged::PostVoid(told))
}

fn pickup_ready(fact: &FactV1) -> Result<Judged, String> {
    let told: PickupReadyV1 = read(&fact.body, "a pickup that is ready")?;
    check_pickup(fact, told.id, told.workstation)?;
    Ok(Judged::Pickup(Tale::Ready(told)))
}

fn pickup_handed_over(fact: &FactV1) -> Result<Judged, String> {
    let told: PickupHandedOverV1 = read(&fact.body, "a pickup that was handed over")?;
    check_pickup(fact, told.id, told.workstation)?;
    Ok(Judged::Pickup(Tale::HandedOver(told)))
}

fn check_pickup(fact: &FactV1, id: Uuid, workstation: u16) -> Result<(), String> {
    if id != fact.id {
        return Err("what is told of a pickup has another id than its fact".to_owned());
    }
    if (1..=WORKSTATION_MAX).contains(&workstation) {
        Ok(())
    } else {
        Err(format!("there is no workstation {workstation}"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_known_is_judged_and_nothing_else_is() {
        let judged = |kind: &str, v: u16| {
            let (id, body) = (Uuid::from_u128(1), "no body".to_owned());
            let (digest, chain) = (Hash::of(body.as_bytes()), Hash::GENESIS);
            fact(
                "SH001",
                &FactV1 { seq: 1, id, kind: kind.to_owned(), v, body, digest, chain },
                digest,
            )
        };
        for (kind, v) in KNOWN {
            assert!(matches!(judged(kind, v), Judged::Bad(_)), "{kind} {v}");
            for other in [0, v + 1] {
                assert_eq!(judged(kind, other), Judged::Unknown, "{kind} {other}");
            }
        }
    }

    #[test]
    fn a_nul_is_told_from_a_backslash_before_four_noughts() {
        assert!(tells_nul(r#"{"a":"x\u0000"}"#) && tells_nul(r#"["\\\u0000"]"#));
        assert!(!tells_nul(r#"{"a":"\\u0000"}"#) && !tells_nul(r#"["\u0001", 0]"#));
    }

    #[test]
    fn a_fact_is_an_order_or_unknown_or_bad_with_a_reason() {
        let check = |kind: &str, v: u16, body: &str, expected: Judged| {
            let digest = Hash::of(body.as_bytes());
            let id = Uuid::from_u128(1);
            let one = FactV1 {
                seq: 1,
                id,
                kind: kind.into(),
                v,
                body: body.into(),
                digest,
                chain: Hash::GENESIS,
            };
            assert_eq!(fact("SH001", &one, digest), expected, "{body}");
        };
        check("shift", 1, "anything", Judged::Unknown);
        check("order", 2, "anything", Judged::Unknown);
        check("shift", 1, "\0", Judged::Unknown);
        check("sh\0ift", 1, "{}", Judged::Bad("the kind is no word".into()));
        check(&"x".repeat(65), 1, "{}", Judged::Bad("the kind is no word".into()));
        let nul = "not an order: a text in it holds the sign NUL";
        check("order", 1, "{\"operator\":\"\\u0000\"}", Judged::Bad(nul.into()));
        check("order", 1, "secret!", Judged::Bad("not an order: line 1, column 1".into()));
        let one = FactV1 {
            seq: 1,
            id: Uuid::from_u128(1),
            kind: "x".into(),
            v: 1,
            body: "{} ".into(),
            digest: Hash::of(b"{}"),
            chain: Hash::GENESIS,
        };
        let digest = Hash::of(one.body.as_bytes());
        let expected = Judged::Bad("the digest does not fit the body".into());
        assert_eq!(fact("SH001", &one, digest), expected);
    }
}
