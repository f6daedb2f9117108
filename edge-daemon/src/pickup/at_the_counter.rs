//! What a shopper shows at a counter, and for how long and for whom it is good.

use domain::{id::Id, money::Money, time::Timestamp};
use sync::{
    seal::Seal,
    wire::{PickupLineV1, RowV1, SealV1},
};

use super::*;
use crate::{http::view_of, signin, test_store::TestStore};

const CODE: &str = "20411234";
const NOON: &str = "2026-11-21T12:00:00+08:00";
const TILL: WorkstationNumber = 1;

/// A store where an online order lies ready.
struct Waiting(TestStore);

impl Waiting {
    async fn open() -> Self {
        let store = TestStore::open(None).await;
        let seal = SealV1::of(1, &[7; 32]).seal().unwrap();
        store.apply_own(RowV1::Pickup(ready(&seal))).await;
        store.context().seal.store(Some(Arc::new(seal)));
        Self(store)
    }

    async fn show(&self) {
        let shown = prove_by_code(self.0.context(), TILL, CODE).await.unwrap();
        assert_eq!(shown, order());
        assert!(self.is_proven());
    }

    fn is_proven(&self) -> bool {
        view_of(self.0.context(), TILL)["pickup"]["proven"] == true
    }

    /// Lets so much time pass since noon.
    fn after(&self, ms: i64) {
        self.0.at(&NOON.parse::<Timestamp>().unwrap().plus_ms(ms).to_string());
    }

    async fn hand_over(&self) -> Result<(), CheckoutError> {
        let id = mint::<domain::id::kind::Command>().uuid();
        let wish = Wish { workstation: TILL, id, pickup: order(), operator: "1001".into() };
        hand_over(self.0.context(), wish).await
    }

    async fn is_refused(&self) {
        let done = self.hand_over().await;
        let is_so = matches!(&done, Err(CheckoutError::Refused(Refusal::PickupNotProven)));
        assert!(is_so, "{done:?}");
    }
}

fn order() -> PickupId {
    Id::from_uuid(Uuid::from_u128(9))
}

fn ready(seal: &Seal) -> PickupV1 {
    PickupV1 {
        id: order(),
        number: "M-1".into(),
        state: PickupState::Ready,
        placed_at: "2026-11-20T12:00:00+08:00".parse().unwrap(),
        until: "2026-11-27T12:00:00+08:00".parse().unwrap(),
        shopper: "王*".into(),
        phone: "138****5678".into(),
        total_minor: Money::from_minor(1_200),
        unpaid: false,
        lines: vec![PickupLineV1 {
            number: 1,
            sku: "TEA".into(),
            name: "tea".into(),
            spec: String::new(),
            quantity_milli: Quantity::from_milli(1_000),
            amount_minor: Money::from_minor(1_200),
        }],
        code_hash: sync::pickup::code_hash(seal, order(), CODE),
    }
}

#[tokio::test]
async fn what_was_shown_is_good_while_the_goods_are_fetched() {
    let waiting = Waiting::open().await;
    waiting.show().await;
    waiting.after(PROOF_MS - 1);
    assert!(waiting.is_proven());
    waiting.hand_over().await.unwrap();
    assert_eq!(view_of(waiting.0.context(), TILL)["pickup"]["state"], "handed_over");
}

#[tokio::test]
async fn what_was_shown_minutes_ago_hands_nothing_over_and_is_shown_again() {
    let waiting = Waiting::open().await;
    waiting.show().await;
    waiting.after(PROOF_MS);
    assert!(!waiting.is_proven(), "no screen says that it was shown");
    waiting.is_refused().await;
    waiting.0.context().screens.age_proofs(waiting.0.context().clock.now());
    // A clock that goes back brings nothing back.
    waiting.after(0);
    waiting.is_refused().await;
    waiting.show().await;
    waiting.hand_over().await.unwrap();
}

#[tokio::test]
async fn what_was_shown_to_one_operator_is_not_good_for_the_next() {
    let waiting = Waiting::open().await;
    waiting.show().await;
    signin::sign_out(waiting.0.context(), TILL).await.unwrap();
    waiting.is_refused().await;
    let open = view_of(waiting.0.context(), TILL);
    assert_eq!(open["pickup"]["number"], "M-1", "the order itself stays open: {open}");
    assert!(!waiting.is_proven());
}
