//! Certificates of edge nodes: given at enrolment, renewed, revoked; one authority for every mall over
//! one database.

use axum::{body::Body, http::Request};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use sync::{
    path,
    wire::{CertificateAskV1, CertificateV1, EnrolledV1, EnrolmentV1},
};
use x509_parser::{parse_x509_certificate, parse_x509_crl, prelude::GeneralName};

use crate::{
    office::told,
    right::Right,
    town::{Answer, Edge, Key, Town, cli},
};

const DAY_S: i64 = 86_400;

/// A request for a certificate, in which somebody else's names stand.
fn request(key: &KeyPair) -> String {
    let mut params = CertificateParams::new(vec!["mall.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "mall");
    params.serialize_request(key).unwrap().pem().unwrap()
}

/// A request that nobody made before.
pub(crate) fn fresh_request() -> String {
    request(&KeyPair::generate().unwrap())
}

/// What is right for `POST /edge/v1/certificates`.
pub(crate) fn ask_of_fresh() -> (String, Right) {
    told(path::CERTIFICATES, &CertificateAskV1 { csr: fresh_request() })
}

async fn ask(edge: &Edge<'_>, key: &KeyPair) -> Answer {
    let body = serde_json::to_vec(&CertificateAskV1 { csr: request(key) }).unwrap();
    edge.call("POST", path::CERTIFICATES, &body).await
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// Whether a server that goes by the authority, and by a list of revoked certificates, lets its holder in.
fn is_let_in(told: &CertificateV1, crl: Option<&str>, at_micros: i64) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(der(&told.authority)).unwrap();
    let crls = crl.map(|crl| CertificateRevocationListDer::from_pem_slice(crl.as_bytes()).unwrap());
    let provider = default_provider().into();
    let door = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
        .with_crls(crls)
        .build()
        .unwrap();
    let seconds = u64::try_from(at_micros / 1_000_000).unwrap();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    door.verify_client_cert(&der(&told.certificate), &[], at).is_ok()
}

#[tokio::test]
async fn a_claim_code_gives_a_certificate_that_names_store_and_edge_node_in_the_malls_words() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 示范店").await;
    let claim = town.cli_json("claim SH001").await;
    let authority = town.cli_json("authority").await;
    assert_eq!(claim["fingerprint"], authority["fingerprint"]);
    let (place, key) = (Key::new(), KeyPair::generate().unwrap());
    let wish = |key: &KeyPair| EnrolmentV1 {
        claim_code: claim["claim_code"].as_str().unwrap().to_owned(),
        public_key: place.public(),
        csr: Some(request(key)),
    };
    let enrol = async |wish: &EnrolmentV1| {
        let body = Body::from(serde_json::to_vec(wish).unwrap());
        let answer = town.send(Request::post(path::ENROLMENTS).body(body).unwrap()).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let enrolled: EnrolledV1 = serde_json::from_slice(&answer.body).unwrap();
        enrolled
    };
    let first = enrol(&wish(&key)).await;
    // The answer was lost.
    assert_eq!(enrol(&wish(&key)).await, first);
    let told = first.certificate.unwrap();
    assert_eq!(authority["certificate"].as_str(), Some(told.authority.as_str()));
    let bytes = der(&told.certificate);
    let (_, read) = parse_x509_certificate(&bytes).unwrap();
    let subject = read.subject().to_string();
    assert_eq!(subject, format!("O=Guitai, OU=SH001, CN={}", first.edge));
    let names = read.subject_alternative_name().unwrap().unwrap();
    let uri = format!("urn:guitai:store:SH001:edge:{}", first.edge);
    assert_eq!(names.value.general_names, [GeneralName::URI(&uri)]);
    assert!(!read.is_ca());
    assert_eq!(read.public_key().subject_public_key.data.as_ref(), key.public_key_raw());
    assert!(is_let_in(&told, None, town.now().micros()));
    assert!(!is_let_in(&told, None, told.ends_at_micros + 1_000_000));
    // The box made another key because it died before it had the answer: it gets one for that.
    let other = enrol(&wish(&KeyPair::generate().unwrap())).await;
    assert_ne!(other.certificate.unwrap().certificate, told.certificate);
    assert_eq!(town.rows("select count(*) from certificate"), ["2"]);
    town.stop().await;
}

#[tokio::test]
async fn a_certificate_is_renewed_by_its_holder_and_both_count_meanwhile() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let (old, new) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let first: CertificateV1 = ask(&edge, &old).await.read();
    assert_eq!(first.ends_at_micros - first.issued_at_micros, 90 * DAY_S * 1_000_000);
    assert_eq!(first.renew_at_micros - first.issued_at_micros, 60 * DAY_S * 1_000_000);
    assert_eq!(ask(&edge, &old).await.read::<CertificateV1>(), first);
    town.turn(61 * DAY_S);
    let second: CertificateV1 = ask(&edge, &new).await.read();
    assert_eq!(ask(&edge, &new).await.read::<CertificateV1>(), second);
    let now = town.now().micros();
    assert!(is_let_in(&first, None, now) && is_let_in(&second, None, now));
    assert_ne!(second.certificate, first.certificate);
    // Whoever asks by the old key gets a new life for it, not one that is nearly over.
    let third: CertificateV1 = ask(&edge, &old).await.read();
    assert!(third.ends_at_micros > first.ends_at_micros);
    town.stop().await;
}

#[tokio::test]
async fn what_is_no_request_gets_nothing_and_nobody_gets_hundreds() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let rsa_like = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
    for csr in ["", "x", rsa_like, &"x".repeat(5_000)] {
        let body = serde_json::json!({ "csr": csr }).to_string();
        edge.call("POST", path::CERTIFICATES, body.as_bytes()).await.is_problem(400, "malformed");
    }
    for _ in 0..24 {
        assert_eq!(ask(&edge, &KeyPair::generate().unwrap()).await.status, 200);
    }
    ask(&edge, &KeyPair::generate().unwrap()).await.is_problem(429, "too-many-tries");
    town.turn(DAY_S + 1);
    assert_eq!(ask(&edge, &KeyPair::generate().unwrap()).await.status, 200);
    town.stop().await;
}

#[tokio::test]
async fn a_revoked_edge_node_is_in_the_list_and_not_in_the_access_list() {
    let town = Town::new().await;
    let (lost, kept) = (town.edge("SH001").await, town.edge("SH002").await);
    let of_lost: CertificateV1 = ask(&lost, &KeyPair::generate().unwrap()).await.read();
    let of_kept: CertificateV1 = ask(&kept, &KeyPair::generate().unwrap()).await.read();
    let before = town.cli("broker crl").await;
    let now = town.now().micros();
    assert!(is_let_in(&of_lost, Some(&before), now));
    let folder = town.folder.path().join("broker");
    let files = format!("broker files {}", folder.display());
    assert_eq!(town.cli_json(&files).await["n_changed"], 3);
    assert_eq!(town.cli_json(&files).await["n_changed"], 0);
    town.cli(&format!("edge revoke {}", lost.id())).await;
    assert_eq!(town.cli_json(&files).await["n_changed"], 2);
    ask(&lost, &KeyPair::generate().unwrap()).await.is_problem(401, "edge-unknown");
    let crl = std::fs::read_to_string(folder.join("crl.pem")).unwrap();
    assert!(!is_let_in(&of_lost, Some(&crl), now) && is_let_in(&of_kept, Some(&crl), now));
    let acl = std::fs::read_to_string(folder.join("acl")).unwrap();
    assert!(!acl.contains(&lost.id().to_string()) && acl.contains(&format!("user {}", kept.id())));
    // A list that is a day old is written anew: a broker that has only an old one lets nobody in.
    town.turn(DAY_S);
    assert_eq!(town.cli_json(&files).await["n_changed"], 1);
    town.stop().await;
}

#[tokio::test]
async fn hq_sees_when_each_certificate_ends_and_how_it_stands() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let standing = async || {
        let listed = town.cli_json("edge list --store SH001").await;
        let table = town.cli("edge list --store SH001").await;
        let state = listed[0]["certificate"]["state"].as_str().unwrap_or("none").to_owned();
        assert!(state == "none" || table.contains(&state), "{table}");
        state
    };
    assert_eq!(standing().await, "none");
    let first: CertificateV1 = ask(&edge, &KeyPair::generate().unwrap()).await.read();
    assert_eq!(standing().await, "valid");
    let listed = town.cli_json("edge list --store SH001").await;
    let ends_at = domain::time::Timestamp::from_micros(first.ends_at_micros).to_string();
    assert_eq!(listed[0]["certificate"]["ends_at"], ends_at);
    // It is due after sixty days, and late three days later.
    town.turn(62 * DAY_S);
    assert_eq!(standing().await, "valid");
    town.turn(DAY_S);
    assert_eq!(standing().await, "late");
    town.turn(27 * DAY_S);
    assert_eq!(standing().await, "ended");
    let _: CertificateV1 = ask(&edge, &KeyPair::generate().unwrap()).await.read();
    assert_eq!(standing().await, "valid");
    town.cli(&format!("edge revoke {}", edge.id())).await;
    assert_eq!(standing().await, "revoked");
    town.stop().await;
}

#[tokio::test]
async fn whoever_asks_is_given_the_list_of_the_revoked_and_a_new_one_within_seconds() {
    let town = Town::new().await;
    let (lost, kept) = (town.edge("SH001").await, town.edge("SH002").await);
    let of_lost: CertificateV1 = ask(&lost, &KeyPair::generate().unwrap()).await.read();
    let of_kept: CertificateV1 = ask(&kept, &KeyPair::generate().unwrap()).await.read();
    let fetch = async |path: &str, kind: &str| {
        let answer = town.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], kind);
        assert_eq!(answer.headers["cache-control"], "max-age=10");
        answer.body
    };
    let list = async || fetch("/authority/revoked.crl", "application/pkix-crl").await;
    let before = list().await;
    town.cli(&format!("edge revoke {}", lost.id())).await;
    // Nothing is signed for whoever asks in a loop.
    assert_eq!(list().await, before);
    town.turn(10);
    let after = list().await;
    let (_, read) = parse_x509_crl(&after).unwrap();
    let serials: Vec<_> = read.iter_revoked_certificates().map(|one| one.raw_serial()).collect();
    let bytes = der(&of_lost.certificate);
    let (_, certificate) = parse_x509_certificate(&bytes).unwrap();
    assert_eq!(serials, [certificate.raw_serial()]);
    let now = town.now().micros() / 1_000_000;
    assert!(read.next_update().is_some_and(|at| at.timestamp() > now));
    assert!(read.crl_number().is_some());
    let pem = fetch("/authority/revoked.pem", "application/x-pem-file").await;
    let pem = String::from_utf8(pem).unwrap();
    let now = town.now().micros();
    assert!(!is_let_in(&of_lost, Some(&pem), now) && is_let_in(&of_kept, Some(&pem), now));
    let authority = fetch("/authority/authority.cer", "application/pkix-cert").await;
    assert_eq!(authority, der(&of_kept.authority).to_vec());
    town.stop().await;
}

#[tokio::test]
async fn malls_over_one_database_are_one_authority_and_another_key_is_refused() {
    let town = Town::new().await;
    let authority = town.cli_json("authority").await;
    let beside = town.beside().await;
    beside.stop().await;
    assert_eq!(town.cli_json("authority").await, authority);
    let clock = mall::Clock::System;
    let home = town.stop().await;
    let path = home.path().join("authority.key");
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let refused = cli(home.place(), clock.clone(), &["authority"]).await.unwrap_err();
    assert!(refused.contains("could not open the authority"), "{refused}");
    assert!(!path.exists(), "a key that belongs to no certificate was made");
    let other = Town::new().await;
    std::fs::copy(other.folder.path().join("authority.key"), &path).unwrap();
    cli(home.place(), clock.clone(), &["authority"]).await.unwrap_err();
    std::fs::write(&path, key).unwrap();
    assert!(cli(home.place(), clock, &["authority"]).await.is_ok());
    other.stop().await;
}
