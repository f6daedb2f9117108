//! The doors with real sockets at them: one whose address is away, callers who say nothing, too many
//! callers. Whatever they do, the till sells.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::rooms;
use crate::test_store::TestStore;

/// An address of no box (RFC 5737): this host has no interface with it.
const NOT_HERE: &str = "192.0.2.1:7072";
/// Where an API is said to be that nobody asks in a test.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);
/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name of the portal's API.
const NAME: &str = "portal.store.example";

/// What is said at a door to a call, to its end; `None` where nobody listens.
async fn told(at: SocketAddr, call: &str) -> Option<String> {
    Some(say(TcpStream::connect(at).await.ok()?, call).await)
}

async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, call: &str) -> String {
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut said = String::new();
    // A server that hangs up without a farewell has said all the same.
    let _ = stream.read_to_string(&mut said).await;
    said
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

/// Waits until something is there.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

async fn until_open(at: SocketAddr) -> String {
    until(async || told(at, &get("/api/v1/version")).await).await
}

/// A port of this host that nobody has just now, kept from others until it is dropped.
fn taken_port() -> (std::net::TcpListener, SocketAddr) {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    (taken, at)
}

#[tokio::test]
async fn a_store_whose_lan_has_no_address_yet_sells() {
    let store = TestStore::open_with_boot(&format!("listen_lan = {NOT_HERE:?}")).await;
    scans(&store).await;
    store.stop().await;
}

#[tokio::test]
async fn the_door_of_the_lan_opens_when_its_address_comes() {
    let (taken, at) = taken_port();
    let store = TestStore::open_with_boot(&format!("listen_lan = \"{at}\"")).await;
    scans(&store).await;
    drop(taken);
    until_open(at).await;
    store.stop().await;
}

#[tokio::test]
async fn a_store_whose_own_address_is_not_there_yet_opens_its_other_doors() {
    let ((lan, lan_at), listen) = (taken_port(), NOT_HERE);
    drop(lan);
    let store = TestStore::open_listening(listen, &format!("listen_lan = \"{lan_at}\"")).await;
    until_open(lan_at).await;
    store.scan(1, "TEA").await;
    assert_eq!((store.total(1), store.address().to_string()), (1_200, listen.to_owned()));
    store.stop().await;
}

#[tokio::test]
async fn a_port_that_another_program_has_taken_is_no_door_to_wait_for() {
    let (_taken, at) = taken_port();
    let refused = TestStore::start_listening(&at.to_string()).await;
    assert!(matches!(refused, Err(crate::DaemonError::Open(_))), "{refused:?}");
}

#[tokio::test]
async fn the_port_of_a_scanner_opens_when_its_address_comes() {
    let (taken, at) = taken_port();
    let boot = format!("[[scanner]]\nworkstation = 1\nlisten = \"{at}\"");
    let store = TestStore::open_with_boot(&boot).await;
    scans(&store).await;
    let before = store.total(1);
    drop(taken);
    // A scanner that finds its port shut calls again.
    let mut scanner = until(async || TcpStream::connect(at).await.ok()).await;
    scanner.write_all(b"TEA\r").await.unwrap();
    until(async || (store.total(1) == before + 1_200).then_some(())).await;
    store.stop().await;
}

/// Whether the other side has hung up by now.
async fn is_hung_up(stream: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut [0])).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn three_hundred_connections_that_say_nothing_take_nothing_from_the_till() {
    let folder = tempfile::tempdir().unwrap();
    let ((lan, lan_at), (pages, pages_at)) = (taken_port(), taken_port());
    drop((lan, pages));
    let boot = format!("listen_lan = \"{lan_at}\"\n{}", portal(folder.path(), pages_at, NOWHERE));
    let store = TestStore::open_with_boot(&boot).await;
    until_open(lan_at).await;
    for (at, room) in [(lan_at, rooms::LAN), (pages_at, rooms::GUESTS)] {
        let mut idle = Vec::new();
        for _ in 0..300 {
            idle.push(TcpStream::connect(at).await.unwrap());
        }
        scans(&store).await;
        // One phone has its part of the room at once, long before it is shown out for saying nothing.
        let stay = until(async || {
            let mut n = 0;
            for stream in &mut idle {
                n += usize::from(!is_hung_up(stream).await);
            }
            (n <= room.of_one).then_some(n)
        });
        assert!(stay.await > 0);
    }
    store.stop().await;
}

/// A portal on loopback with its pages and its API; files are in a folder.
fn portal(folder: &Path, pages: SocketAddr, api: SocketAddr) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file("portal.pem"), file("portal.key.pem"));
    format!(
        "[portal]\nsms = {{ file = {sms:?} }}\n\
         [portal.lan]\ninterface = \"lo\"\naddress = \"127.0.0.1\"\nprefix = 24\n\
         page_port = {pages}\napi_url = \"https://{NAME}/api\"\napi_port = {api}\n\
         [portal.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\
         [devices]\nsimulated = true",
        sms = file("sms.jsonl"),
        pages = pages.port(),
        api = api.port(),
    )
}

/// A certificate for the portal's API, and whoever believes it.
fn certificate(folder: &Path) -> TlsConnector {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    // The key first: the certificate is read when both are there.
    std::fs::write(folder.join("portal.key.pem"), key.serialize_pem()).unwrap();
    let pem = folder.join("portal.pem");
    std::fs::write(&pem, certificate.pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// What the portal's API says; `None` where nobody greets.
async fn captivity(phone: &TlsConnector, at: SocketAddr) -> Option<String> {
    let name = ServerName::try_from(NAME).unwrap();
    let stream = phone.connect(name, TcpStream::connect(at).await.ok()?).await.ok()?;
    Some(say(stream, &get("/api")).await)
}

#[tokio::test]
async fn guests_sign_in_once_their_network_is_there_whatever_the_certificate_is_worth() {
    let folder = tempfile::tempdir().unwrap();
    let ((pages, pages_at), (api, api_at)) = (taken_port(), taken_port());
    std::fs::write(folder.path().join("portal.pem"), "no certificate").unwrap();
    let store = TestStore::open_with_boot(&portal(folder.path(), pages_at, api_at)).await;
    scans(&store).await;
    assert!(store.context().portal.since().is_some());
    drop(pages);
    let page = until(async || told(pages_at, &get("/terms")).await).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(store.context().portal.since().is_none());
    // The operator puts a good one there; nothing is restarted.
    let phone = certificate(folder.path());
    drop(api);
    let said = until(async || captivity(&phone, api_at).await).await;
    assert!(said.ends_with("}") && said.contains("\"captive\":true"), "{said}");
    // Phones that connect and do not greet keep no other from its answer.
    let silent =
        [TcpStream::connect(api_at).await.unwrap(), TcpStream::connect(api_at).await.unwrap()];
    assert!(captivity(&phone, api_at).await.is_some());
    for mut stream in silent {
        assert!(!is_hung_up(&mut stream).await, "the answer waited until they were given up");
    }
    store.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_half_of_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let ((pages, pages_at), (api, api_at)) = (taken_port(), taken_port());
    drop((pages, api));
    let first = certificate(folder.path());
    let store = TestStore::open_with_boot(&portal(folder.path(), pages_at, api_at)).await;
    until(async || captivity(&first, api_at).await).await;
    // A key without its certificate, as it is between the two files of a renewal.
    let key = KeyPair::generate().unwrap().serialize_pem();
    std::fs::write(folder.path().join("portal.key.pem"), key).unwrap();
    assert!(captivity(&first, api_at).await.is_some());
    let second = certificate(folder.path());
    assert!(captivity(&second, api_at).await.is_some());
    assert!(captivity(&first, api_at).await.is_none(), "the old one is still shown");
    std::fs::remove_file(folder.path().join("portal.pem")).unwrap();
    assert!(captivity(&second, api_at).await.is_some());
    store.stop().await;
}
