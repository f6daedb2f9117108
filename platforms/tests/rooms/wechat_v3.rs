//! Merchant coupons at WeChat, v3.

use domain::money::Money;
use platforms::{
    RefusalCode, Secret, Verdict,
    issuer::{Attempt, Held, Issuer, Prepared, Presented, Query, Redeem, Shop, Taken, Undo, Worth},
    wechat::v3::{Client, Config, NoticeFault, PlatformKey, SignedHeaders, Unverified},
};

use crate::{
    keys::{
        NOW_SECONDS, clock, code, house_pem, house_public_pem, merchant_pem, number, rsa_sign,
        rsa_verifies,
    },
    server::{Reply, Request, Server},
};

const KEY_ID: &str = "PUB_KEY_ID_0000000000000024101100397200000006";

pub(crate) fn config(server: &Server) -> Config {
    Config {
        endpoint: server.endpoint(),
        appid: "wxd678efh567hg6787".into(),
        mchid: "1900007291".into(),
        serial_no: "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB".into(),
        private_key_pem: Secret::new(merchant_pem()),
        api_v3_key: Secret::new("0123456789abcdef0123456789ABCDEF"),
        platform_keys: vec![PlatformKey { id: KEY_ID.into(), pem: house_public_pem() }],
    }
}

fn issuer(server: &Server) -> Issuer {
    Issuer::Wechat(Client::new(config(server), clock()).unwrap())
}

/// A signed answer, so many seconds from now.
fn signed(status: u16, body: &str, off_by: i64, serial: &str) -> Reply {
    let (timestamp, nonce) =
        ((NOW_SECONDS + off_by).to_string(), "c5ac7061fccab6bf3e254dcf98995b8c");
    let message = format!("{timestamp}\n{nonce}\n{body}\n");
    let headers = [
        ("wechatpay-serial", serial.to_owned()),
        ("wechatpay-signature", rsa_sign(&house_pem(), message.as_bytes())),
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce.to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Reply::Answer(status, headers, body.into())
}

fn good(body: &str) -> Reply {
    signed(200, body, 0, KEY_ID)
}

fn refused(code: &str) -> Reply {
    signed(400, &format!(r#"{{"code":"{code}","message":"…"}}"#), 0, KEY_ID)
}

fn prepared(openid: Option<&str>) -> Prepared {
    Prepared::Wechat { stock: Some("1002323".into()), openid: openid.map(str::to_owned) }
}

fn redeem(openid: Option<&str>, attempt: Attempt) -> Redeem {
    Redeem {
        number: number("U1"),
        prepared: prepared(openid),
        codes: vec![code("123446565767")],
        shop: Shop::default(),
        at: "2026-11-21T10:03:27Z".parse().unwrap(),
        attempt,
    }
}

fn coupon(state: &str, use_number: &str) -> String {
    format!(
        r#"{{"coupon_code":"123446565767","stock_id":"1002323","coupon_state":"{state}",
        "stock_name":"八六折","coupon_use_rule":{{"discount_coupon":{{"discount_percent":86,
        "transaction_minimum":10000}}}},"use_request_no":"{use_number}",
        "available_start_time":"2026-11-01T00:00:00+08:00","expire_time":"2026-11-30T23:59:59+08:00"}}"#
    )
}

const USED: &str =
    r#"{"stock_id":"1002323","openid":"o","wechatpay_use_time":"2026-11-21T18:03:28+08:00"}"#;

fn told<T>(verdict: Verdict<T>) -> String {
    match verdict {
        Verdict::Yes(_) => "yes".into(),
        Verdict::No(refusal) => refusal.code.as_str().into(),
        Verdict::Silence(silence) => format!("silence: {}", silence.cause.as_str()),
    }
}

#[tokio::test]
async fn a_use_is_signed_as_sent_and_its_answer_verified_as_it_came() {
    let server = Server::start(|request| {
        let header = request.header("authorization").unwrap();
        let part = |name: &str| {
            let (_, rest) = header.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let (timestamp, nonce) = (part("timestamp"), part("nonce_str"));
        let message = format!(
            "{}\n{}\n{timestamp}\n{nonce}\n{}\n",
            request.method, request.path, request.body
        );
        assert!(header.starts_with("WECHATPAY2-SHA256-RSA2048 "));
        assert!(rsa_verifies(&merchant_pem(), message.as_bytes(), &part("signature")));
        assert_eq!(nonce.len(), 32);
        good(USED)
    })
    .await;
    let Verdict::Yes(redeemed) = issuer(&server).redeem(&redeem(None, Attempt::First)).await else {
        panic!("not redeemed");
    };
    assert_eq!(redeemed.taken[0].stock.as_deref(), Some("1002323"));
    let request = &server.seen()[0];
    assert_eq!(request.path, "/v3/marketing/busifavor/coupons/use");
    assert_eq!(request.header("wechatpay-serial"), Some(KEY_ID));
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["use_request_no"], "U1");
    assert_eq!(body["use_time"], "2026-11-21T18:03:27+08:00");
    assert_eq!(body["appid"], "wxd678efh567hg6787");
    assert!(body.get("openid").is_none());
}

#[tokio::test]
async fn an_answer_that_is_not_the_houses_is_silence_also_when_it_says_no() {
    let unsigned = |status| Reply::Answer(status, Vec::new(), USED.into());
    let Reply::Answer(_, headers, _) = good(USED) else { panic!() };
    let table = [
        (good(USED), "yes"),
        (signed(200, USED, 299, KEY_ID), "yes"),
        (signed(200, USED, -299, KEY_ID), "yes"),
        (signed(200, USED, 300, KEY_ID), "silence: unverified"),
        (signed(200, USED, -300, KEY_ID), "silence: unverified"),
        (signed(200, USED, 0, "ANOTHER"), "silence: unverified"),
        (unsigned(200), "silence: unverified"),
        (unsigned(400), "silence: unverified"),
        (Reply::Answer(200, headers, USED.replace("18:03", "18:04").into()), "silence: unverified"),
        (refused("PARAM_ERROR"), "misconfigured"),
        (refused("RESOURCE_NOT_EXISTS"), "not-found"),
        (refused("FREQUENCY_LIMITED"), "silence: busy"),
        (refused("NEXT_YEARS_CODE"), "silence: unknown"),
        (signed(500, USED, 0, KEY_ID), "silence: busy"),
        (unsigned(502), "silence: busy"),
        (good("not JSON"), "silence: unreadable"),
    ];
    for (reply, expected) in table {
        let shown = format!("{reply:?}");
        let server = Server::start(move |_| reply.clone()).await;
        let verdict = issuer(&server).redeem(&redeem(None, Attempt::First)).await;
        assert_eq!(told(verdict), expected, "{shown}");
    }
}

/// `use` is refused, and the coupon, if it may be asked about, is in this state.
async fn refused_use(state: &'static str, use_number: &'static str) -> Server {
    Server::start(move |request: &Request| match request.method.as_str() {
        "POST" => refused("INVALID_REQUEST"),
        _ => good(&coupon(state, use_number)),
    })
    .await
}

#[tokio::test]
async fn behind_cannot_be_used_the_coupons_own_state_decides() {
    let table = [
        (Some("o"), Attempt::Again, "USED", "U1", "yes"),
        (Some("o"), Attempt::First, "USED", "U1", "yes"),
        (Some("o"), Attempt::Again, "USED", "ANOTHER", "used"),
        (Some("o"), Attempt::First, "EXPIRED", "", "expired"),
        (Some("o"), Attempt::First, "DEACTIVATED", "", "void"),
        (Some("o"), Attempt::First, "SENDED", "", "not-now"),
        (None, Attempt::First, "USED", "U1", "not-usable"),
        (None, Attempt::Again, "USED", "U1", "silence: unknown"),
    ];
    for (openid, attempt, state, use_number, expected) in table {
        let server = refused_use(state, use_number).await;
        let verdict = issuer(&server).redeem(&redeem(openid, attempt)).await;
        assert_eq!(told(verdict), expected, "{openid:?} {attempt:?} {state}");
    }
}

#[tokio::test]
async fn a_known_shoppers_coupon_tells_its_worth_and_a_strangers_does_not() {
    let server = Server::start(|_| good(&coupon("SENDED", ""))).await;
    let mut presented = Presented { code: code("123446565767"), openid: None, stock: None };
    let issuer = issuer(&server);
    let Verdict::Yes(found) = issuer.look_up(&presented, &Shop::default()).await else { panic!() };
    assert_eq!((found.offers[0].worth, server.seen().len()), (Worth::NotTold, 0));
    presented.openid = Some("o/1".into());
    let Verdict::Yes(found) = issuer.look_up(&presented, &Shop::default()).await else { panic!() };
    let rate = domain::money::BasisPoints(8_600);
    assert_eq!(found.offers[0].worth, Worth::Share { rate, from: Money::from_minor(10_000) });
    assert_eq!(
        server.seen()[0].path,
        "/v3/marketing/busifavor/users/o%2F1/coupons/123446565767/appids/wxd678efh567hg6787"
    );
    let at = "2026-11-21T10:03:27Z".parse().unwrap();
    let prepared_for = prepared(Some("o/1"));
    let ask = Query { number: number("U1"), at, prepared: prepared_for, code: presented.code };
    assert_eq!(issuer.query(&ask).await, Verdict::Yes(Held::Unused));
    let stranger = Query { prepared: prepared(None), ..ask };
    assert_eq!(told(issuer.query(&stranger).await), RefusalCode::NeedsMember.as_str());
}

#[tokio::test]
async fn a_return_that_may_have_arrived_is_looked_up() {
    let undo = |openid, attempt| Undo {
        number: number("V1"),
        prepared: prepared(openid),
        taken: Taken {
            code: code("123446565767"),
            verification: None,
            certificate: None,
            stock: Some("1002323".into()),
            at: None,
        },
        shop: Shop::default(),
        attempt,
    };
    let table = [
        (Some("o"), Attempt::Again, "SENDED", "yes"),
        (Some("o"), Attempt::Again, "USED", "not-usable"),
        (Some("o"), Attempt::First, "SENDED", "yes"),
        (Some("o"), Attempt::First, "USED", "not-usable"),
        (None, Attempt::Again, "SENDED", "silence: unknown"),
        (None, Attempt::First, "SENDED", "not-usable"),
    ];
    for (openid, attempt, state, expected) in table {
        let server = refused_use(state, "U1").await;
        let verdict = issuer(&server).reverse(&undo(openid, attempt)).await;
        assert_eq!(told(verdict), expected, "{openid:?} {attempt:?} {state}");
    }
    let at = r#"{"wechatpay_return_time":"2026-11-21T18:03:28+08:00"}"#;
    let server = Server::start(move |_| good(at)).await;
    assert_eq!(issuer(&server).reverse(&undo(None, Attempt::First)).await, Verdict::Yes(()));
}

#[tokio::test]
async fn a_notice_is_believed_only_when_it_is_the_houses_and_of_now() {
    let server = Server::start(|_| Reply::Cut).await;
    let client = Client::new(config(&server), clock()).unwrap();
    let body = b"{}";
    let now = NOW_SECONDS.to_string();
    let signature = rsa_sign(&house_pem(), format!("{now}\nn\n{{}}\n").as_bytes());
    let probe = format!("WECHATPAY/SIGNTEST/{signature}");
    let old = (NOW_SECONDS - 301).to_string();
    let table = [
        (KEY_ID, now.as_str(), signature.as_str(), NoticeFault::Form),
        (KEY_ID, &now, &probe, NoticeFault::Unverified(Unverified::Probe)),
        (KEY_ID, &old, &signature, NoticeFault::Unverified(Unverified::Skew)),
        (KEY_ID, "soon", &signature, NoticeFault::Unverified(Unverified::Skew)),
        ("OTHER", &now, &signature, NoticeFault::Unverified(Unverified::UnknownKey)),
        (KEY_ID, &now, "", NoticeFault::Unverified(Unverified::Signature)),
    ];
    for (serial, timestamp, signature, fault) in table {
        let headers = SignedHeaders { serial, timestamp, nonce: "n", signature };
        assert_eq!(client.read_notice(&headers, body), Err(fault), "{serial} {timestamp}");
    }
    let headers =
        SignedHeaders { serial: KEY_ID, timestamp: &now, nonce: "n", signature: &signature };
    let other = client.read_notice(&headers, b"{ }");
    assert_eq!(other, Err(NoticeFault::Unverified(Unverified::Signature)));
}
