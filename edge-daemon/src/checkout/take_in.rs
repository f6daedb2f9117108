//! A shopper's phone cart comes to the counter: all of its lines or none, once.
//!
//! **Invariant:** the lines, the phone's cart that is closed, and the command's id are one
//! transaction, so that a power cut finds both or neither.

use std::sync::Arc;

use domain::{cart::LineSource, id::LineId};
use rusqlite::Connection;

use super::{CheckoutError, Command, change, may_change, to_the_end};
use crate::{
    context::Context,
    db::{self, station},
    fault,
    phone::{
        PhoneCart, Taken,
        refusal::PhoneRefusal,
        token::{self, Keys, Presented},
    },
    refusal::Refusal,
    signin::Tried,
    station::{ScanFate, Station},
};

/// Takes in the cart whose four digits were typed, and shows what became of it.
pub(crate) async fn take_in(
    context: &Arc<Context>,
    command: Command,
    code: &str,
) -> Result<(), CheckoutError> {
    let workstation = command.workstation;
    let presented = token::code_in(code).ok_or(Refusal::Phone(PhoneRefusal::Unknown))?;
    let context = Arc::clone(context);
    to_the_end(async move {
        let (key, now) = (Tried::PhoneCode(workstation), context.clock.now());
        let begun = context.phones.wrong_codes.begin(&key, now);
        begun.map_err(|wait_ms| {
            Refusal::Phone(PhoneRefusal::Paused { wait_ms: wait_ms.unsigned_abs() })
        })?;
        let carried = carry(&context, command, presented).await;
        match &carried {
            Ok(_) => context.phones.wrong_codes.right(&key),
            Err(CheckoutError::Refused(Refusal::Phone(PhoneRefusal::Unknown))) => {}
            // Whether the code is known was not looked at, or it is: nothing was guessed.
            Err(_) => context.phones.wrong_codes.no_guess(&key),
        }
        if let Some(fate) = carried? {
            context.scanned(workstation, fate);
        }
        Ok(())
    })
    .await
}

/// The same for a QR that a scanner read, which comes as every scan does.
pub(super) async fn carry(
    context: &Arc<Context>,
    command: Command,
    presented: Presented,
) -> Result<Option<ScanFate>, CheckoutError> {
    let (workstation, now) = (command.workstation, context.clock.now());
    let of = Arc::clone(context);
    let taken = change(context, command, move |tx, counter| {
        if counter.seller().is_none() {
            return Err(Refusal::NotSignedIn.into());
        }
        may_change(counter)?;
        let found = choose(&of.phones.keys, db::phone::with_codes(tx, now)?, &presented);
        let mut cart = found.ok_or(Refusal::Phone(PhoneRefusal::Unknown))?;
        if let Some(Taken { by, .. }) = cart.taken {
            return Err(Refusal::Phone(PhoneRefusal::Taken { by }).into());
        }
        if cart.shows(now).is_none() {
            return Err(Refusal::Phone(PhoneRefusal::Unknown).into());
        }
        let newest = put(tx, counter, &cart)?;
        cart.taken = Some(Taken { by: workstation, at: now });
        cart.updated_at = now;
        db::phone::save(tx, &cart)?;
        fault::db("phone.taken")?;
        Ok((newest, cart.lines.len()))
    })
    .await?;
    fault::point("phone.committed");
    Ok(taken.map(|(newest, lines)| {
        tracing::info!(workstation.id = workstation, lines, "A phone's cart was taken in");
        ScanFate::Added(newest)
    }))
}

/// Puts the lines on the counter as one step.
fn put(tx: &Connection, counter: &mut Station, cart: &PhoneCart) -> Result<LineId, CheckoutError> {
    let change = counter.cart.take_in(LineSource::Phone, cart.lines.clone())?;
    counter.touched();
    station::save_change(tx, counter, &change)?;
    let newest = counter.cart.newest;
    newest.ok_or_else(|| Refusal::Phone(PhoneRefusal::Empty).into())
}

/// The cart that is meant. Every cart is looked at to its end, so that the time it takes tells
/// nothing; an open one goes before one that was taken in.
fn choose(keys: &Keys, carts: Vec<PhoneCart>, presented: &Presented) -> Option<PhoneCart> {
    let mut found: Option<PhoneCart> = None;
    for cart in carts {
        let code = cart.shown.as_ref().map(|shown| shown.code.clone()).unwrap_or_default();
        let is_meant = match presented {
            Presented::Code(text) => token::is_same(code.as_bytes(), text.as_bytes()),
            Presented::Ticket(text) => {
                token::is_same(keys.ticket(cart.id, &code).as_bytes(), text.as_bytes())
            }
        };
        if is_meant && found.as_ref().is_none_or(|found| found.taken.is_some()) {
            found = Some(cart);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use domain::{
        id::{CommandId, Id},
        payment::PaymentState,
    };
    use sync::chain::Hash;
    use uuid::Uuid;

    use super::*;
    use crate::{
        context::mint,
        payment,
        phone::{self, Caller, Edit},
        rights::Hold,
        screens::Scene,
        test_mall::TestMall,
        test_store::TestStore,
    };

    const WECHAT_CODE: &str = "134567890123456789";
    /// No test waits longer for what shall become true.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

    async fn typed(store: &TestStore, code: &str) -> Result<(), CheckoutError> {
        let id: CommandId = mint();
        let command = Command { workstation: 1, id, body: Hash::of(id.uuid().as_bytes()) };
        take_in(store.context(), command, code).await
    }

    fn refusal(result: Result<(), CheckoutError>) -> Refusal {
        match result {
            Err(CheckoutError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    /// A store in which a phone shows a tea; the answer is its digits.
    async fn shown() -> (TestStore, TestMall, String) {
        let (store, mall) = TestStore::open_with_mall(None).await;
        let phone =
            Caller { phone: Id::from_uuid(Uuid::from_u128(7)), address: [10, 0, 0, 7].into() };
        let (tea, pack) = phone::look_up(store.context(), "TEA").unwrap();
        for edit in [Edit::Add(Box::new(tea), pack), Edit::Show] {
            phone::edit(store.context(), phone, mint(), edit).await.unwrap();
        }
        let cart = phone::cart_of(store.context(), phone.phone).await.unwrap().unwrap();
        (store, mall, cart.shown.unwrap().code)
    }

    async fn until_held(store: &TestStore, hold: Hold) {
        let mut scenes = store.context().screens.follow(1).unwrap();
        let is_so = |scene: &Arc<Scene>| scene.priced.station.rights.hold() == hold;
        scenes.wait_for(is_so).await.unwrap();
    }

    /// Scans a payment code whose payer takes their time.
    async fn pays_slowly(store: &TestStore, mall: &TestMall) {
        mall.known().charges_are = PaymentState::Paying;
        store.scan(1, "TEA").await;
        store.scan(1, WECHAT_CODE).await;
        until_held(store, Hold::Undecided).await;
    }

    /// Lets the payer refuse, so that the counter is free again.
    async fn pays_not(store: &TestStore, mall: &TestMall) {
        let id = store.scene(1).priced.station.rights.payments[0].id;
        let asked = async {
            while store.scene(1).priced.station.rights.hold() != Hold::Free {
                mall.decide(PaymentState::Refused);
                payment::ask(store.context(), 1, id).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap();
    }

    #[tokio::test]
    async fn a_code_that_was_not_looked_at_is_no_guess() {
        let (store, mall, code) = shown().await;
        pays_slowly(&store, &mall).await;
        for _ in 0..20 {
            assert_eq!(refusal(typed(&store, &code).await), Refusal::Undecided);
        }
        pays_not(&store, &mall).await;
        typed(&store, &code).await.unwrap();
        let taken = Refusal::Phone(PhoneRefusal::Taken { by: 1 });
        for _ in 0..20 {
            assert_eq!(refusal(typed(&store, &code).await), taken, "it is known, so not guessed");
        }
    }

    #[tokio::test]
    async fn a_refusal_between_unknown_codes_takes_none_of_them_back() {
        let (store, mall, code) = shown().await;
        let unknown = |n: u16| format!("{:04}", (code.parse::<u16>().unwrap() + n) % token::CODES);
        for n in 1..=4 {
            let told = refusal(typed(&store, &unknown(n)).await);
            assert_eq!(told, Refusal::Phone(PhoneRefusal::Unknown));
        }
        pays_slowly(&store, &mall).await;
        assert_eq!(refusal(typed(&store, &code).await), Refusal::Undecided);
        pays_not(&store, &mall).await;
        let fifth = refusal(typed(&store, &unknown(5)).await);
        assert_eq!(fifth, Refusal::Phone(PhoneRefusal::Unknown));
        let paused = refusal(typed(&store, &code).await);
        assert!(matches!(paused, Refusal::Phone(PhoneRefusal::Paused { .. })), "{paused:?}");
    }
}
