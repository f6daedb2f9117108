//! The portal of a store: what goes wrong with it stops no sale, and nobody is told that they are
//! online who is not.

use crate::{http::view_of, test_store::TestStore};

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
