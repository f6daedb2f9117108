//! The rules in force (price book), and what is shown priced by them.
//!
//! A set arrives with the catalog's replica. It is compiled once, when it changes; a quote reads
//! memory alone. Once a minute, and when the rules change, every cart on a counter is priced again,
//! because a promotion may have begun or ended while it stood there.
//!
//! **Invariant:** a set that this program cannot use leaves the one before in force, also over a
//! restart. What is shown is never charged differently: `checkout::complete` refuses instead.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use domain::{
    pricing::{PriceBook, RuleSet, check::Finding, occasion::Used},
    time::Timestamp,
};
use sync::chain::Hash;
use tokio_util::sync::CancellationToken;

use crate::{
    Chain,
    context::Context,
    db::{
        DbError,
        rules::{self, Rules},
    },
    station::Priced,
};

/// Rules begin and end on whole minutes.
const MINUTE_MS: i64 = 60_000;

/// What was looked at last: nothing yet, or a replica without rules, or with these.
type Seen = Option<Option<(i64, Hash)>>;

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    book: ArcSwap<PriceBook>,
    /// Since when the newest set cannot be used here.
    refused_since: ArcSwapOption<Timestamp>,
    /// How often this store has used the rules that have a quota.
    used: ArcSwap<Vec<Used>>,
    /// What the newest set hashes to, so that only another one is compiled.
    newest: Mutex<Seen>,
}

impl Prices {
    /// The rules in force.
    pub(crate) fn book(&self) -> Arc<PriceBook> {
        self.book.load_full()
    }

    /// How often this store has used the rules that have a quota.
    pub(crate) fn used(&self) -> Vec<Used> {
        self.used.load().as_ref().clone()
    }

    /// Since when HQ's newest rules cannot be used by this program, if that is so.
    pub(crate) fn refused_since(&self) -> Option<Timestamp> {
        self.refused_since.load().as_deref().copied()
    }

    /// Notes the newest set; `false` when it is the one that was looked at last.
    fn is_new(&self, rules: Option<&Rules>) -> bool {
        let newest = rules.map(|rules| (rules.revision, Hash::of(rules.body.as_bytes())));
        let Ok(mut known) = self.newest.lock() else {
            return true;
        };
        known.replace(newest) != Some(newest)
    }
}

/// Why a set is not put in force.
#[derive(Debug, thiserror::Error)]
enum RulesError {
    /// A newer mall may write what this program has no word for.
    #[error("the rules cannot be read")]
    Text(#[source] serde_json::Error),
    /// It says something that makes no sense to this program.
    #[error("the rules have {} faults, the first at `{}`", .0.len(), first(.0))]
    Faults(Vec<Finding>),
}

fn first(findings: &[Finding]) -> &str {
    findings.first().map(|finding| finding.subject.as_str()).unwrap_or_default()
}

fn compile(rules: &Rules) -> Result<PriceBook, RulesError> {
    let set: RuleSet = serde_json::from_str(&rules.body).map_err(RulesError::Text)?;
    PriceBook::compile(rules.revision, set).map_err(RulesError::Faults)
}

/// Puts the replica's rules in force if they are others than before, and prices what stands on the
/// counters again.
pub(crate) async fn refresh(context: &Arc<Context>) {
    let Some(replica) = context.replicas.catalog() else {
        return;
    };
    let of = Arc::clone(context);
    let found = tokio::task::spawn_blocking(move || -> Result<_, DbError> {
        let rules = replica.read(rules::newest)?;
        Ok(of.prices.is_new(rules.as_ref()).then(|| {
            let book = rules.as_ref().map_or_else(|| Ok(PriceBook::default()), compile);
            (rules, book)
        }))
    });
    match found.await.unwrap_or(Err(DbError::Closed)) {
        Ok(Some((rules, Ok(book)))) => put_in_force(context, rules, book).await,
        Ok(Some((_, Err(error)))) => refuse(context, &error),
        Ok(None) => {}
        Err(error) => {
            tracing::error!(error = %Chain(&error), "The rules could not be read; the old ones stay");
        }
    }
}

async fn put_in_force(context: &Arc<Context>, rules: Option<Rules>, book: PriceBook) {
    let (revision, n_rules) = (book.revision(), book.rules().len());
    context.prices.book.store(Arc::new(book));
    context.prices.refused_since.store(None);
    learn_uses(context).await;
    look(context);
    context.screens.beat();
    tracing::info!(revision, n_rules, "Rules are in force");
    let now = context.clock.now();
    let kept = match rules {
        Some(rules) => context.ledger.write(move |tx| rules::keep(tx, &rules, now)).await,
        None => context.ledger.write(rules::drop_kept).await,
    };
    if let Err(error) = kept {
        tracing::error!(error = %Chain(&error), "The rules in force are not kept beside the ledger");
    }
}

/// Reads anew how often rules with a quota were used, and prices open carts by it. Until the next
/// time screens may promise what is used up; completion counts for itself and never does.
pub(crate) async fn learn_uses(context: &Context) {
    let book = context.prices.book();
    match context.ledger.read(move |connection| rules::used(connection, &book)).await {
        Ok(used) => context.prices.used.store(Arc::new(used)),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "Uses of rules could not be read");
        }
    }
}

/// Puts the last set in force that this program could use, as a start begins: whatever happens to
/// the replica, carts cost what they cost before.
pub(crate) async fn restore(context: &Context) {
    let kept = context.ledger.read(rules::kept).await;
    match kept.map(|kept| kept.map(|rules| compile(&rules))) {
        Ok(Some(Ok(book))) => {
            context.prices.book.store(Arc::new(book));
            learn_uses(context).await;
        }
        Ok(Some(Err(error))) => {
            tracing::error!(error = %Chain(&error), "The rules before cannot be used either");
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(error = %Chain(&error), "The rules before could not be read");
        }
    }
}

/// The set before stays in force.
fn refuse(context: &Context, error: &RulesError) {
    tracing::error!(
        error = %Chain(error),
        "HQ's newest rules cannot be used by this program; the ones before stay in force",
    );
    if context.prices.refused_since().is_none() {
        context.prices.refused_since.store(Some(Arc::new(context.clock.now())));
    }
    look(context);
    context.screens.beat();
}

/// Looks once a minute whether what stands on the counters costs something else by now.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    loop {
        let pause = tokio::time::sleep(to_next_minute(context.clock.now()));
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
        look(&context);
    }
}

fn to_next_minute(now: Timestamp) -> Duration {
    let into_minute = (now.micros() / 1_000).rem_euclid(MINUTE_MS);
    Duration::from_millis(u64::try_from(MINUTE_MS - into_minute).unwrap_or_default())
}

/// Prices every cart on a counter as of now, and shows those that cost something else.
pub(crate) fn look(context: &Context) {
    for scene in context.screens.counters() {
        let Priced { station, quote: shown, book, used: _ } = &scene.priced;
        let terms = context.terms(station.workstation).with(station);
        match terms.quote(&station.cart) {
            // A quote names rules by their place in its book.
            Ok(quote) if quote == *shown && Arc::ptr_eq(book, &terms.book) => {}
            Ok(quote) => {
                let (station, book, used) = (station.clone(), terms.book, terms.occasion.used);
                context.screens.repriced(Priced { station, quote, book, used });
            }
            Err(error) => {
                tracing::error!(
                    workstation.id = station.workstation, error = %Chain(&error),
                    "A cart could not be priced again",
                );
            }
        }
    }
}

/// Shows a changed station. It was priced before its change was written, or was held until then; if
/// the rules or their uses have changed meanwhile, it is priced again.
pub(crate) fn show(context: &Context, priced: Priced) {
    let is_current =
        Arc::ptr_eq(&priced.book, &context.prices.book()) && priced.used == context.prices.used();
    context.screens.show(priced);
    if !is_current {
        look(context);
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Money;
    use uuid::Uuid;

    use super::*;
    use crate::{
        checkout::{self, CheckoutError, CompleteCommand},
        post_void::{self, PostVoid},
        refusal::Refusal,
        test_store::TestStore,
    };

    fn rules(body: &str) -> Rules {
        Rules { revision: 7, body: body.to_owned() }
    }

    #[test]
    fn a_set_that_this_program_has_no_word_for_is_not_compiled() {
        assert!(matches!(compile(&rules(r#"{"rules":[{"id":"x"}]}"#)), Err(RulesError::Text(_))));
        let book = compile(&rules(r#"{"rules":[]}"#)).unwrap();
        assert_eq!((book.revision(), book.rules().len()), (7, 0));
    }

    #[test]
    fn only_another_set_is_looked_at_again() {
        let prices = Prices::default();
        assert!(prices.is_new(None), "nothing was looked at before");
        assert!(!prices.is_new(None));
        assert!(prices.is_new(Some(&rules("a"))));
        assert!(!prices.is_new(Some(&rules("a"))));
        assert!(prices.is_new(Some(&rules("b"))));
        assert!(prices.is_new(Some(&Rules { revision: 8, body: "b".to_owned() })));
        assert!(prices.is_new(None), "they are gone");
    }

    /// 八折 from 20:00 on, and nothing before.
    const EVENING: &str = r#"{"rules": [{"id": "evening", "name": "晚市八折",
        "when": {"hours": [{"from_minute": 1200, "until_minute": 1440}]},
        "steps": [{"reward": {"units": {"rate": 8000}}}]}]}"#;
    /// 直降 1.00 at kiosks.
    const KIOSK: &str = r#"{"rules": [{"id": "kiosk", "name": "自助立减",
        "where": {"channels": ["kiosk"], "stores": ["S1"]},
        "steps": [{"reward": {"units": {"off": 100}}}]}]}"#;
    /// 满 30.00 减 5.00.
    const OVER_30: &str = r#"{"rules": [{"id": "over-30", "name": "满30减5",
        "steps": [{"needs": [{"amount": {"minor": 3000}}], "reward": {"amount_off": 500}}]}]}"#;
    /// What a newer mall may say.
    const NEWER: &str = r#"{"rules": [{"id": "x", "name": "x",
        "steps": [{"reward": {"raffle": {"tickets": 3}}}]}]}"#;

    #[tokio::test]
    async fn a_promotion_that_begins_under_an_open_cart_is_told_and_not_charged_unseen() {
        let store = TestStore::open(Some(EVENING)).await;
        store.at("2026-11-21T19:59:59+08:00");
        store.scan(1, "TEA").await;
        assert_eq!(store.total(1), 1_200);
        store.at("2026-11-21T20:00:00+08:00");
        let refused = store.complete(1, Some(1_200), 1_200).await.unwrap_err();
        let expected = Refusal::PriceChanged { total: Money::from_minor(960) };
        assert!(matches!(refused, CheckoutError::Refused(ref is) if *is == expected), "{refused}");
        // Nothing is lost, and the screen says the new price already.
        assert_eq!(store.total(1), 960);
        let order = store.complete(1, Some(960), 1_000).await.unwrap();
        assert_eq!((order.total.minor(), order.change.minor()), (960, 40));
        assert_eq!(order.pricing.revision, 1);
    }

    #[tokio::test]
    async fn a_screen_that_does_not_say_what_it_showed_is_charged_what_it_shows() {
        let store = TestStore::open(Some(EVENING)).await;
        store.at("2026-11-21T19:59:59+08:00");
        store.scan(1, "TEA").await;
        store.at("2026-11-21T20:00:00+08:00");
        let refused = store.complete(1, None, 1_200).await.unwrap_err();
        assert!(
            matches!(refused, CheckoutError::Refused(Refusal::PriceChanged { .. })),
            "{refused}"
        );
        assert_eq!(store.complete(1, None, 960).await.unwrap().total.minor(), 960);
    }

    #[tokio::test]
    async fn a_repeat_after_the_promotion_has_ended_is_the_same_order() {
        let store = TestStore::open(Some(EVENING)).await;
        store.at("2026-11-21T23:59:59+08:00");
        store.scan(1, "TEA").await;
        let cart = store.scene(1).priced.station.cart.clone();
        let order = store.complete(1, Some(960), 960).await.unwrap();
        store.at("2026-11-22T00:00:00+08:00");
        let again = CompleteCommand {
            workstation: 1,
            order: cart.order,
            revision: cart.revision,
            total: Some(Money::from_minor(960)),
            tenders: order.tenders.clone(),
        };
        let again = checkout::complete(store.context(), again).await.unwrap();
        assert!(again.is_repeat);
        assert_eq!(again.order, order);
    }

    #[tokio::test]
    async fn the_look_shows_what_a_cart_costs_by_now_and_changes_nothing_else() {
        let store = TestStore::open(Some(EVENING)).await;
        store.at("2026-11-21T19:59:00+08:00");
        store.scan(1, "COAT").await;
        let before = store.scene(1);
        look(store.context());
        assert_eq!(store.scene(1).revision, before.revision, "nothing was new");
        store.at("2026-11-21T20:00:00+08:00");
        look(store.context());
        let after = store.scene(1);
        assert_eq!(after.priced.quote.total.minor(), 16_000);
        assert_eq!(after.priced.station, before.priced.station);
        assert!(after.revision > before.revision);
    }

    #[tokio::test]
    async fn new_rules_price_open_carts_at_once() {
        let store = TestStore::open(None).await;
        store.scan(1, "COAT").await;
        assert_eq!(store.total(1), 20_000);
        store.learn(1, OVER_30).await;
        assert_eq!(store.total(1), 19_500);
        store.learn(2, r#"{"rules": []}"#).await;
        assert_eq!(store.total(1), 20_000);
    }

    #[tokio::test]
    async fn a_rule_for_kiosks_is_not_for_tills() {
        let store = TestStore::open(Some(KIOSK)).await;
        store.scan(1, "TEA").await;
        store.scan(2, "TEA").await;
        assert_eq!((store.total(1), store.total(2)), (1_200, 1_100));
    }

    #[tokio::test]
    async fn rules_that_cannot_be_used_leave_the_ones_before_in_force_over_a_restart() {
        let store = TestStore::open(Some(OVER_30)).await;
        store.scan(1, "COAT").await;
        store.learn(2, NEWER).await;
        assert!(store.context().prices.refused_since().is_some());
        assert_eq!(store.total(1), 19_500);
        let store = store.restart().await;
        assert!(store.context().prices.refused_since().is_some());
        assert_eq!((store.context().prices.book().revision(), store.total(1)), (1, 19_500));
        store.learn(3, r#"{"rules": []}"#).await;
        assert!(store.context().prices.refused_since().is_none());
        assert_eq!(store.total(1), 20_000);
    }

    /// 直降 2.00, three times in all.
    const QUOTA: &str = r#"{"rules": [{"id": "quota", "name": "限量立减",
        "limits": {"quota": 3}, "steps": [{"reward": {"units": {"off": 200}}}]}]}"#;

    #[tokio::test]
    async fn a_quota_is_counted_with_each_order_and_over_a_restart() {
        let store = TestStore::open(Some(QUOTA)).await;
        store.scan(1, "TEA").await;
        store.scan(1, "TEA").await;
        store.scan(2, "TEA").await;
        store.scan(2, "TEA").await;
        assert_eq!((store.total(1), store.total(2)), (2_000, 2_000));
        store.complete(1, Some(2_000), 2_000).await.unwrap();
        // One use is left for the other till, and its screen says so by now.
        assert_eq!(store.total(2), 2_200);
        let store = store.restart().await;
        assert_eq!(store.total(2), 2_200);
        store.complete(2, Some(2_200), 2_200).await.unwrap();
        store.scan(1, "TEA").await;
        assert_eq!(store.total(1), 1_200);
    }

    #[tokio::test]
    async fn an_order_that_is_undone_gives_back_what_it_used_of_a_quota() {
        let store = TestStore::open(Some(QUOTA)).await;
        for till in [1, 1, 2, 2] {
            store.scan(till, "TEA").await;
        }
        let order = store.scene(1).priced.station.cart.order;
        store.complete(1, Some(2_000), 2_000).await.unwrap();
        assert_eq!(store.total(2), 2_200);
        let (operator, reason) = ("E2".to_owned(), "顾客改主意".to_owned());
        let wish = PostVoid { workstation: 1, id: Uuid::from_u128(71), order, operator, reason };
        for _ in 0..2 {
            post_void::undo(store.context(), wish.clone()).await.unwrap();
            assert_eq!(store.total(2), 2_000, "once, however often it is undone");
        }
        let store = store.restart().await;
        assert_eq!(store.total(2), 2_000);
        store.complete(2, Some(2_000), 2_000).await.unwrap();
        store.scan(1, "TEA").await;
        store.scan(1, "TEA").await;
        assert_eq!(store.total(1), 2_200, "one is left");
    }

    #[tokio::test]
    async fn a_restart_finds_the_same_quote() {
        let store = TestStore::open(Some(OVER_30)).await;
        for text in ["TEA", "TEA", "TEA"] {
            store.scan(1, text).await;
        }
        let before = store.scene(1).priced.quote.clone();
        assert_eq!(before.total.minor(), 3_100);
        let store = store.restart().await;
        assert_eq!(store.scene(1).priced.quote, before);
    }

    #[test]
    fn the_look_is_on_the_minute() {
        for (micros, ms) in [(0, 60_000), (1_000, 59_999), (59_999_000, 1), (60_000_000, 60_000)] {
            let expected = Duration::from_millis(ms);
            assert_eq!(to_next_minute(Timestamp::from_micros(micros)), expected, "{micros}");
        }
    }
}
