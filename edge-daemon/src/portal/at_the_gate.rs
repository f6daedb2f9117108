//! The portal of a store: what goes wrong with it stops no sale, and nobody is told that they are
//! online who is not.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gate::{
    mac::Mac,
    verb::{Answer, Verb},
};

use sync::wire::GivenCouponV1;

use super::{Consents, Portal, PortalConfig, Standing, check_in};
use crate::{context::mint, db, http::view_of, test_store::TestStore};

/// A portal on loopback, with more in its table.
fn portal(more: &str) -> String {
    format!(
        "[portal]\nsms = {{ file = \"sms.jsonl\" }}\n{more}\n\
         [portal.lan]\ninterface = \"lo\"\naddress = \"127.0.0.1\"\nprefix = 24\npage_port = 7380"
    )
}

/// The codes of what the operator should know.
fn notices(store: &TestStore) -> Vec<String> {
    let view = view_of(store.context(), 1);
    let notices = view["notices"].as_array().cloned().unwrap_or_default();
    notices.iter().filter_map(|n| n["code"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_store_whose_portal_cannot_be_opened_sells_and_says_so() {
    let broken_key = tempfile::tempdir().unwrap();
    std::fs::write(broken_key.path().join("portal.key"), b"abc").unwrap();
    let fresh = || tempfile::tempdir().unwrap();
    let no_network = portal("").replace("127.0.0.1", "8.8.8.8");
    for (folder, boot) in
        [(broken_key, portal("")), (fresh(), portal("minutes = 0")), (fresh(), no_network)]
    {
        let store = TestStore::open_with_boot_in(folder, &boot).await;
        store.scan(1, "TEA").await;
        assert_eq!(store.total(1), 1_200, "{boot}");
        assert!(notices(&store).contains(&"portal-away".to_owned()), "{boot}");
        store.stop().await;
    }
    let store = TestStore::open_with_boot("").await;
    assert!(!notices(&store).contains(&"portal-away".to_owned()));
}

/// A gate behind its socket; while it is stubborn nobody passes, and it says so.
fn keep_gate(at: &Path) -> Arc<AtomicBool> {
    let (listener, is_stubborn) = (UnixListener::bind(at).unwrap(), Arc::<AtomicBool>::default());
    let will = Arc::clone(&is_stubborn);
    std::thread::spawn(move || {
        let mut passed: HashMap<Mac, u32> = HashMap::new();
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            let mut line = String::new();
            BufReader::new(&caller).read_line(&mut line).unwrap();
            if will.load(Ordering::SeqCst) {
                passed.clear();
            }
            let answer = match line.trim_end().parse().unwrap() {
                Verb::List => Answer::Passed(passed.iter().map(|(m, s)| (*m, *s)).collect()),
                _ if will.load(Ordering::SeqCst) => Answer::Failed,
                Verb::Allow(device, seconds) => {
                    passed.insert(device, seconds);
                    Answer::Done
                }
                Verb::Forget(device) => {
                    passed.remove(&device);
                    Answer::Done
                }
                Verb::Health | Verb::Apply => Answer::Done,
            };
            caller.write_all(answer.to_string().as_bytes()).unwrap();
        }
    });
    is_stubborn
}

/// The portal of a store, at a gate in its folder.
async fn portal_of(store: &TestStore) -> Portal {
    let (sms, gate) = (store.data().join("sms.jsonl"), store.data().join("gate.sock"));
    let config: PortalConfig = toml::from_str(&format!(
        "sms = {{ file = {sms:?} }}\ngate = {gate:?}\n[lan]\ninterface = \"lo\"\n\
         address = \"127.0.0.1\"\nprefix = 24\npage_port = 7380"
    ))
    .unwrap();
    Portal::open(Arc::clone(store.context()), config).await.unwrap()
}

/// Signs in with the code that was sent.
async fn sign_in(store: &TestStore, portal: &Portal, device: Mac) {
    let token = portal.begin(device).unwrap();
    let phone = domain::member::Phone::read("13812345678").unwrap();
    portal.ask(&token, device, phone, Consents::default()).await.unwrap();
    let sent = std::fs::read_to_string(store.data().join("sms.jsonl")).unwrap();
    let sent: serde_json::Value = serde_json::from_str(sent.lines().last().unwrap()).unwrap();
    let address = [10, 77, 0, 10].into();
    portal.enter(&token, device, address, sent["code"].as_str().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_guest_is_online_when_the_gate_says_so_and_not_when_the_ledger_does() {
    let store = TestStore::open_with_boot("").await;
    let portal = portal_of(&store).await;
    let device: Mac = "d2:00:00:00:00:02".parse().unwrap();
    assert_eq!(portal.standing(device), Standing::Held);
    sign_in(&store, &portal, device).await;
    assert_eq!(portal.standing(device), Standing::Opening, "nobody keeps the gate");
    assert!(notices(&store).contains(&"portal-away".to_owned()));
    portal.note_gate(portal.compare().await);
    assert_eq!(portal.standing(device), Standing::Opening);

    let is_stubborn = keep_gate(&store.data().join("gate.sock"));
    portal.note_gate(portal.compare().await);
    assert!(matches!(portal.standing(device), Standing::Open { .. }));
    assert!(!notices(&store).contains(&"portal-away".to_owned()));

    // Its rules were laid down anew, and it cannot do more.
    is_stubborn.store(true, Ordering::SeqCst);
    portal.note_gate(portal.compare().await);
    assert_eq!(portal.standing(device), Standing::Opening);
    // A sign-in that is written down is not asked for again, also after a restart.
    is_stubborn.store(false, Ordering::SeqCst);
    let again = portal_of(&store).await;
    assert_eq!(again.standing(device), Standing::Opening);
    again.note_gate(again.compare().await);
    assert!(matches!(again.standing(device), Standing::Open { .. }));
    store.at("2026-11-21T14:00:01+08:00");
    assert_eq!(again.standing(device), Standing::Held);
}

#[tokio::test]
async fn a_pass_that_the_gate_did_not_lengthen_ends_when_the_gate_ends_it() {
    let store = TestStore::open_with_boot("").await;
    let device: Mac = "d2:00:00:00:00:02".parse().unwrap();
    let is_stubborn = keep_gate(&store.data().join("gate.sock"));
    let portal = portal_of(&store).await;
    sign_in(&store, &portal, device).await;
    store.at("2026-11-21T13:59:00+08:00");
    is_stubborn.store(true, Ordering::SeqCst);
    portal.lengthen(device).await.unwrap();
    assert!(matches!(portal.standing(device), Standing::Open { .. }));
    store.at("2026-11-21T14:00:01+08:00");
    assert_eq!(portal.standing(device), Standing::Opening);
}

/// A guest who has checked in.
async fn checks_in(store: &TestStore) {
    let row = db::check_in::CheckInRow {
        id: mint::<()>().uuid(),
        guest: [7; 16],
        at: store.context().clock.now(),
    };
    let write = move |tx: &rusqlite::Connection| db::check_in::insert(tx, &row);
    store.context().ledger.write(write).await.unwrap();
}

/// Whether the mall will be asked about somebody again.
async fn waits(store: &TestStore) -> bool {
    let since = store.context().clock.now().plus_ms(-1);
    let read = store.context().ledger.read(move |c| db::check_in::unanswered(c, since, 9)).await;
    !read.unwrap().is_empty()
}

#[tokio::test]
async fn a_coupon_for_coming_is_lost_by_no_refusal_that_passes() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    let portal = portal_of(&store).await;
    checks_in(&store).await;
    for refusal in [
        (401, "signature-stale"),
        (401, "signature-wrong"),
        (401, "edge-unknown"),
        (403, "forbidden"),
        (404, "not-found"),
        (405, "method-not-allowed"),
        (409, "id-taken"),
        (413, "body-too-large"),
        (429, "too-many-tries"),
        (503, "busy"),
    ] {
        mall.known().check_ins_are_refused = Some(refusal);
        check_in::ask(&portal).await.unwrap();
        assert!(waits(&store).await, "{refusal:?}");
    }
    mall.known().check_ins_are_refused = None;
    mall.known().coupon = Some(GivenCouponV1 {
        id: domain::id::Id::from_uuid(uuid::Uuid::from_u128(9)),
        rule: "COMING".to_owned(),
        until: "2026-12-21T12:00:00+08:00".parse().unwrap(),
        token: "C1.x".to_owned(),
    });
    check_in::ask(&portal).await.unwrap();
    assert!(!waits(&store).await);
    let now = store.context().clock.now();
    let given = store.context().ledger.read(move |c| db::check_in::given_to(c, [7; 16], now)).await;
    assert_eq!(given.unwrap().unwrap().rule, "COMING");
}

#[tokio::test]
async fn a_check_in_that_the_mall_will_never_take_is_not_asked_about_again() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    let portal = portal_of(&store).await;
    checks_in(&store).await;
    mall.known().check_ins_are_refused = Some((400, "malformed"));
    check_in::ask(&portal).await.unwrap();
    assert!(!waits(&store).await);
}
