//! Lines that break, and houses that are not there: always silence, never a decision.

use std::time::Duration;

use domain::money::Money;
use platforms::{
    BODY_BYTES_MAX, Cause, Endpoint, SetupError,
    acquirer::{Acquirer, Charge, Charged, Standing},
    wechat::v2::Client,
};

use crate::{
    keys::{code, number},
    server::{Reply, Server},
    wechat_v2::{acquirer, config},
};

fn charge() -> Charge {
    Charge {
        number: number("S1"),
        code: code("134567890123456789"),
        amount: Money::from_minor(1),
        subject: "茶".into(),
        shop: String::new(),
        workstation: String::new(),
    }
}

async fn cause_of(acquirer: &Acquirer) -> Cause {
    match acquirer.charge(&charge()).await {
        Charged::Silence(silence) => silence.cause,
        decided @ (Charged::Paid(_) | Charged::Paying | Charged::Refused(_)) => {
            panic!("{decided:?}")
        }
    }
}

#[tokio::test]
async fn a_broken_line_is_silence_and_the_charge_is_not_sent_again() {
    let page = b"<html>Bad Gateway</html>".to_vec();
    let away = vec![("location".to_owned(), "https://localhost/elsewhere".to_owned())];
    let table = [
        (Reply::Cut, Cause::Cut),
        (Reply::CutInside, Cause::Cut),
        (Reply::ok(vec![b' '; BODY_BYTES_MAX + 1]), Cause::TooLarge),
        (Reply::Answer(500, Vec::new(), page.clone()), Cause::Busy),
        (Reply::Answer(502, Vec::new(), page.clone()), Cause::Busy),
        (Reply::Answer(429, Vec::new(), page.clone()), Cause::Busy),
        (Reply::Answer(302, away, Vec::new()), Cause::Unreadable),
        (Reply::Answer(403, Vec::new(), page), Cause::Unreadable),
        // GBK in an error text.
        (Reply::ok(b"<xml><return_msg>\xc7\xa9\xc3\xfb</return_msg></xml>"), Cause::Unreadable),
    ];
    for (reply, expected) in table {
        let server = Server::start(move |_| reply.clone()).await;
        assert_eq!(cause_of(&acquirer(&server)).await, expected);
        assert_eq!(server.seen().len(), 1, "{expected:?}");
    }
}

#[tokio::test]
async fn a_house_that_never_answers_is_left_after_the_limit() {
    let server = Server::start(|_| Reply::Stall).await;
    let mut config = config(&server);
    config.endpoint.charge_limit = Duration::from_millis(300);
    let acquirer = Acquirer::Wechat(Client::new(config).unwrap());
    assert_eq!(cause_of(&acquirer).await, Cause::TimedOut);
}

#[tokio::test]
async fn a_house_that_is_not_there_or_is_another_one_is_not_reached() {
    let gone = {
        let server = Server::start(|_| Reply::Cut).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = config(&server);
        let port = listener.local_addr().unwrap().port();
        config.endpoint.base_url = format!("https://localhost:{port}");
        config
    };
    let acquirer = Acquirer::Wechat(Client::new(gone).unwrap());
    assert_eq!(cause_of(&acquirer).await, Cause::Unreached);

    // Another root: the certificate is not believed, and nothing of the charge was sent.
    let (server, other) =
        (Server::start(|_| Reply::Cut).await, Server::start(|_| Reply::Cut).await);
    let mut config = config(&server);
    config.endpoint.extra_root_pem = Some(other.ca_pem.clone());
    let acquirer = Acquirer::Wechat(Client::new(config).unwrap());
    assert_eq!(cause_of(&acquirer).await, Cause::Unreached);
    let standing = acquirer.query(&number("S1")).await;
    assert!(matches!(standing, Standing::Silence(silence) if silence.cause == Cause::Unreached));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_setting_that_cannot_work_is_refused_at_once_and_not_shown() {
    let server = Server::start(|_| Reply::Cut).await;
    for base_url in ["http://api.mch.weixin.qq.com", "api.mch.weixin.qq.com", "", "https://x?y"] {
        let mut config = config(&server);
        config.endpoint = Endpoint::at(base_url);
        assert_eq!(Client::new(config).unwrap_err(), SetupError::BaseUrl, "{base_url}");
    }
    let mut other = config(&server);
    other.api_key = platforms::Secret::new("short");
    assert_eq!(Client::new(other).unwrap_err(), SetupError::Length("API key"));
    let mut other = config(&server);
    other.identity_pem = platforms::Secret::new("-----BEGIN X-----");
    assert_eq!(Client::new(other).unwrap_err(), SetupError::Identity);
    let mut other = config(&server);
    other.endpoint.extra_root_pem = Some("no PEM".into());
    assert_eq!(Client::new(other).unwrap_err(), SetupError::ExtraRoot);
}
