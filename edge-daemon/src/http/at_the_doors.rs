//! The doors with real sockets at them: one whose address is away, callers who say nothing, too many
//! callers. Whatever they do, the till sells.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::test_store::TestStore;

/// An address of no box (RFC 5737): this host has no interface with it.
const NOT_HERE: &str = "192.0.2.1:7072";

/// What is said at a door to a call, to its end; `None` where nobody listens.
async fn told(at: SocketAddr, call: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).await.ok()?;
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    Some(said)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// A scan at the till, as its screen sends it.
async fn scans(store: &TestStore) {
    // The session of a test's store began with the clock.
    store.at("1970-01-01T08:00:01+08:00");
    let body = format!(r#"{{"id":"{}","text":"TEA"}}"#, uuid::Uuid::now_v7());
    let call = format!(
        "POST /api/v1/workstations/1/cart/scans HTTP/1.1\r\nhost: localhost\r\n\
         cookie: guitai_ws1=a session\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let before = store.total(1);
    let said = told(store.address(), &call).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert_eq!(store.total(1), before + 1_200);
}

/// Waits until a door answers.
async fn until_open(at: SocketAddr) {
    let look = async {
        while told(at, &get("/api/v1/version")).await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look).await.unwrap();
}

#[tokio::test]
async fn a_store_whose_lan_has_no_address_yet_sells() {
    let store = TestStore::open_with_boot(&format!("listen_lan = {NOT_HERE:?}")).await;
    scans(&store).await;
    store.stop().await;
}

#[tokio::test]
async fn the_door_of_the_lan_opens_when_its_address_comes() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let store = TestStore::open_with_boot(&format!("listen_lan = \"{at}\"")).await;
    scans(&store).await;
    drop(taken);
    until_open(at).await;
    store.stop().await;
}
