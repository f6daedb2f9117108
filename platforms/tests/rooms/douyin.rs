//! Vouchers at Douyin.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use domain::{money::Money, time::Timestamp};
use platforms::{
    Pin, Secret, Verdict,
    douyin::{Client, Config, LinkConfig},
    issuer::{Attempt, Issuer, Prepared, Presented, Redeem, Shop, Taken, Undo, Worth},
};

use crate::{
    keys::{NOW_SECONDS, clock, code, number},
    server::{Reply, Request, Server},
};

pub(crate) fn config(server: &Server) -> Config {
    let endpoint = server.endpoint();
    Config {
        links: LinkConfig {
            first_hosts: vec!["localhost".into()],
            pins: vec![Pin { host: "localhost".into(), addr: server.addr }],
            extra_root_pem: endpoint.extra_root_pem.clone(),
            limit: endpoint.answer_limit,
        },
        endpoint,
        client_key: "awx1".into(),
        client_secret: Secret::new("s3cret-of-the-app"),
        root_account: None,
    }
}

fn issuer(server: &Server) -> Issuer {
    Issuer::Douyin(Client::new(config(server), clock()).unwrap())
}

fn shop() -> Shop {
    Shop { id: "7001".into(), account: None }
}

const TOKEN: &str = r#"{"data":{"access_token":"clt.one","expires_in":"7200","error_code":0,
    "description":""},"message":"success"}"#;
const PREPARED: &str = r#"{"data":{"error_code":0,"description":"success","verify_token":"vt-1",
    "order_id":"8001","certificates":[{"encrypted_code":"CgYIASAHKAESLg==","start_time":1795000000,
    "expire_time":1798000000000,"amount":{"original_amount":8000,"pay_amount":7500},
    "sku":{"sku_id":"1730","title":"80代100","groupon_type":2,"market_price":10000}}]},
    "extra":{"error_code":0}}"#;

fn failed(code: i64, sub: i64) -> String {
    format!(
        r#"{{"data":{{"error_code":{code},"description":"…","verify_token":""}},
        "extra":{{"error_code":{code},"sub_error_code":{sub},"description":"…"}}}}"#
    )
}

fn verified(result: i64) -> String {
    format!(
        r#"{{"data":{{"error_code":0,"verify_results":[{{"result":{result},"msg":"…",
        "code":"CgYIASAHKAESLg==","verify_id":"91","certificate_id":"92"}}]}},
        "extra":{{"error_code":0}}}}"#
    )
}

/// A voucher that was used at this second.
fn used_at(second: i64) -> String {
    format!(
        r#"{{"data":{{"error_code":0,"certificate":{{"encrypted_code":"CgYIASAHKAESLg==","status":2,
        "verify":{{"verify_id":"91","certificate_id":"92","verify_time":{second}000}}}}}}}}"#
    )
}

#[tokio::test]
async fn used_already_is_a_yes_only_where_its_use_is_no_older_than_the_question() {
    let unused = used_at(NOW_SECONDS).replace("\"status\":2", "\"status\":1");
    let gone = used_at(NOW_SECONDS).replace("\"status\":2", "\"status\":4");
    let table = [
        (used_at(NOW_SECONDS), "yes", Some("91")),
        // The two clocks may differ a little.
        (used_at(NOW_SECONDS - 60), "yes", Some("91")),
        (used_at(NOW_SECONDS - 600), "used", None),
        (gone, "used", None),
        (unused, "silence: contradiction", None),
        (failed(2_100_004, 0), "silence: busy", None),
    ];
    for said in [verified(1_208), verified(2), failed(1_208, 0)] {
        for (stands, expected, name) in table.clone() {
            let (said, shown) = (said.clone(), format!("{said} {stands}"));
            let server = house(move |request| {
                let is_look = request.path.contains("/get/");
                Reply::ok(if is_look { stands.clone() } else { said.clone() })
            })
            .await;
            let verdict = issuer(&server).redeem(&redeem(Attempt::Again)).await;
            let told_name = match &verdict {
                Verdict::Yes(redeemed) => redeemed.taken[0].verification.clone(),
                Verdict::No(_) | Verdict::Silence(_) => None,
            };
            assert_eq!((told(verdict).as_str(), told_name.as_deref()), (expected, name), "{shown}");
        }
    }
}

#[tokio::test]
async fn only_goods_and_vouchers_that_pay_are_worth_what_their_amounts_say() {
    let goods = Worth::Goods { price: Money::from_minor(8_000) };
    let table = [
        ("1", goods),
        ("2", Worth::Pays(Money::from_minor(10_000))),
        // A card of visits: the amounts are of all its visits.
        ("3", Worth::NotTold),
        ("9", Worth::NotTold),
        ("null", Worth::NotTold),
    ];
    for (kind, worth) in table {
        let body = PREPARED.replace("\"groupon_type\":2", &format!("\"groupon_type\":{kind}"));
        let server = house(move |_| Reply::ok(body.clone())).await;
        let presented = Presented { code: code("104930181552"), openid: None, stock: None };
        let verdict = issuer(&server).look_up(&presented, &shop()).await;
        let Verdict::Yes(found) = verdict else { panic!("{kind}") };
        assert_eq!(found.offers[0].worth, worth, "{kind}");
    }
}

#[tokio::test]
async fn a_house_that_gives_no_token_is_not_asked_for_one_by_everybody() {
    let (now, asked) = (Arc::new(AtomicI64::new(NOW_SECONDS)), Arc::new(AtomicUsize::new(0)));
    let heard = asked.clone();
    // No token the first time; then one that lives for a moment.
    let server = Server::start(move |request| {
        if request.path != "/oauth/stable_client_token/" {
            return Reply::ok(verified(0));
        }
        match heard.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::Answer(502, Vec::new(), Vec::new()),
            _ => Reply::ok(TOKEN.replace("7200", "30")),
        }
    })
    .await;
    let clock = now.clone();
    let clock = Arc::new(move || Timestamp::from_micros(clock.load(Ordering::SeqCst) * 1_000_000));
    let issuer = Issuer::Douyin(Client::new(config(&server), clock).unwrap());
    // Seconds that pass; what is told, and tokens that were asked for so far.
    let table = [
        (0, "silence: busy", 1),
        (4, "silence: busy", 1),
        (1, "yes", 2),
        (14, "yes", 2),
        (1, "yes", 3),
    ];
    for (seconds, expected, tokens) in table {
        now.fetch_add(seconds, Ordering::SeqCst);
        assert_eq!(told(issuer.redeem(&redeem(Attempt::First)).await), expected, "{seconds}");
        assert_eq!(asked.load(Ordering::SeqCst), tokens, "{seconds}");
    }
}

/// A house that gives a token and answers the rest like this.
async fn house(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        if request.path == "/oauth/stable_client_token/" {
            Reply::ok(TOKEN)
        } else {
            answer(request)
        }
    })
    .await
}

fn redeem(attempt: Attempt) -> Redeem {
    Redeem {
        number: number("U1"),
        prepared: Prepared::Douyin { token: code("vt-1"), order: "8001".into() },
        codes: vec![code("CgYIASAHKAESLg==")],
        shop: shop(),
        at: "2026-11-21T10:03:27Z".parse().unwrap(),
        attempt,
    }
}

fn told<T>(verdict: Verdict<T>) -> String {
    match verdict {
        Verdict::Yes(_) => "yes".into(),
        Verdict::No(refusal) => refusal.code.as_str().into(),
        Verdict::Silence(silence) => format!("silence: {}", silence.cause.as_str()),
    }
}

#[tokio::test]
async fn a_short_link_is_followed_to_its_object_id_and_prepared() {
    let server = house(|request| match request.path.as_str() {
        "/eHHc1ft/" => {
            let to = vec![("location".to_owned(), "/hop".to_owned())];
            Reply::Answer(302, to, Vec::new())
        }
        "/hop" => {
            let to = "https://www.iesdouyin.com/share/coupon/?schema_type=13&object_id=Cg%2BY%3D";
            Reply::Answer(301, vec![("location".to_owned(), to.to_owned())], Vec::new())
        }
        _ => Reply::ok(PREPARED),
    })
    .await;
    // No port: the pin says where the host is, as for a simulator behind the real host's name.
    let link = "https://localhost/eHHc1ft/";
    let presented = Presented { code: code(link), openid: None, stock: None };
    let Verdict::Yes(found) = issuer(&server).look_up(&presented, &shop()).await else { panic!() };
    let expected = Prepared::Douyin { token: code("vt-1"), order: "8001".into() };
    assert_eq!(found.prepared, expected);
    let offer = &found.offers[0];
    assert_eq!((offer.worth, offer.paid.minor()), (Worth::Pays(Money::from_minor(10_000)), 7_500));
    // One in seconds, one in milliseconds.
    assert_eq!(offer.begins.unwrap().to_string(), "2026-11-18T11:06:40Z");
    assert_eq!(offer.ends.unwrap().to_string(), "2026-12-23T04:26:40Z");
    let seen = server.seen();
    let last = seen.last().unwrap();
    assert_eq!(
        last.path,
        "/goodlife/v1/fulfilment/certificate/prepare/?encrypted_data=Cg%2BY%3D&poi_id=7001"
    );
    assert_eq!(last.header("access-token"), Some("clt.one"));
    assert_eq!(last.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_is_not_followed() {
    let server = house(|request| {
        let to = match request.path.as_str() {
            "/private" => "https://169.254.169.254/latest/meta-data/",
            "/loopback" => "https://127.0.0.1/",
            "/plain" => "http://www.iesdouyin.com/",
            "/file" => "file:///etc/passwd",
            "/round" => "/round",
            "/broken" => "https://",
            "/busy" => return Reply::Answer(502, Vec::new(), Vec::new()),
            "/cut" => return Reply::Cut,
            _ => return Reply::ok("<html>"),
        };
        Reply::Answer(302, vec![("location".to_owned(), to.to_owned())], Vec::new())
    })
    .await;
    let table = [
        ("/private", "unreadable", 1),
        ("/loopback", "unreadable", 1),
        ("/plain", "unreadable", 1),
        ("/file", "unreadable", 1),
        ("/round", "unreadable", 5),
        ("/broken", "unreadable", 1),
        ("/page", "unreadable", 1),
        ("/busy", "silence: busy", 1),
        ("/cut", "silence: cut", 1),
    ];
    for (path, expected, hops) in table {
        let before = server.seen().len();
        let link = format!("https://localhost:{}{path}", server.addr.port());
        let presented = Presented { code: code(&link), openid: None, stock: None };
        let verdict = issuer(&server).look_up(&presented, &shop()).await;
        assert_eq!(told(verdict), expected, "{path}");
        assert_eq!(server.seen().len() - before, hops, "{path}");
    }
}

#[tokio::test]
async fn a_verify_is_yes_no_or_silence_and_whoever_finds_it_used_looks_when() {
    let other = verified(0).replace("CgYIASAHKAESLg==", "another");
    let empty = r#"{"data":{"error_code":0,"verify_results":[]},"extra":{"error_code":0}}"#;
    let table = [
        (verified(0), "yes", "yes"),
        // A call may arrive twice on its way.
        (verified(1_208), "yes", "yes"),
        (verified(2), "yes", "yes"),
        (verified(1_229), "silence: busy", "silence: busy"),
        (verified(77), "silence: unknown", "silence: unknown"),
        (failed(3_000_002, 0), "other-shop", "other-shop"),
        (failed(2_119_006, 0), "gifting", "gifting"),
        (failed(2_119_007, 0), "unpaid", "unpaid"),
        (failed(1_250, 0), "void", "void"),
        (failed(2_190_004, 0), "not-authorised", "silence: unknown"),
        (failed(2_100_005, 0), "misconfigured", "silence: unknown"),
        (failed(2_100_004, 0), "silence: busy", "silence: busy"),
        (failed(3_000_001, 0), "silence: busy", "silence: busy"),
        (failed(99, 0), "silence: unknown", "silence: unknown"),
        (other, "silence: contradiction", "silence: contradiction"),
        (empty.into(), "silence: contradiction", "silence: contradiction"),
        ("{}".into(), "silence: unreadable", "silence: unreadable"),
        ("<html>".into(), "silence: unreadable", "silence: unreadable"),
    ];
    for (body, first, again) in table {
        let shown = body.clone();
        let server = house(move |request| {
            let is_look = request.path.contains("/get/");
            Reply::ok(if is_look { used_at(NOW_SECONDS) } else { body.clone() })
        })
        .await;
        let issuer = issuer(&server);
        assert_eq!(told(issuer.redeem(&redeem(Attempt::First)).await), first, "{shown}");
        assert_eq!(told(issuer.redeem(&redeem(Attempt::Again)).await), again, "{shown}");
        let sent: serde_json::Value = serde_json::from_str(&server.seen()[1].body).unwrap();
        let expected = serde_json::json!({
            "verify_token": "vt-1", "poi_id": "7001", "encrypted_codes": ["CgYIASAHKAESLg=="],
        });
        assert_eq!(sent, expected);
    }
}

#[tokio::test]
async fn a_malformed_code_is_told_apart_from_a_busy_house() {
    for (body, expected) in [
        (failed(3_000_001, 0), "unreadable"),
        (failed(1_221, 0), "unreadable"),
        (failed(45_005_117, 0), "unreadable"),
        (failed(1_212, 0), "not-found"),
        (failed(2_100_004, 0), "silence: busy"),
        (PREPARED.replace("vt-1", ""), "silence: unreadable"),
        (PREPARED.replace("7500", "-1"), "silence: unreadable"),
    ] {
        let server = house(move |_| Reply::ok(body.clone())).await;
        let presented = Presented { code: code("104930181552"), openid: None, stock: None };
        assert_eq!(told(issuer(&server).look_up(&presented, &shop()).await), expected);
        assert!(server.seen()[1].path.contains("?code=104930181552&"));
    }
}

#[tokio::test]
async fn one_token_serves_all_and_is_renewed_once_when_the_house_no_longer_takes_it() {
    let (tokens, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.path == "/oauth/stable_client_token/" {
            let n = tokens.fetch_add(1, Ordering::SeqCst);
            return Reply::ok(TOKEN.replace("one", &n.to_string()));
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            2 => Reply::ok(failed(2_190_008, 0)),
            _ => Reply::ok(verified(0)),
        }
    })
    .await;
    let issuer = issuer(&server);
    for _ in 0..4 {
        assert_eq!(told(issuer.redeem(&redeem(Attempt::First)).await), "yes");
    }
    let seen = server.seen();
    let tokens: Vec<_> = seen.iter().filter_map(|request| request.header("access-token")).collect();
    assert_eq!(tokens, ["clt.0", "clt.0", "clt.0", "clt.1", "clt.1"]);

    let server = house(|_| Reply::ok(failed(2_190_002, 0))).await;
    let presented = Presented { code: code("104930181552"), openid: None, stock: None };
    let verdict = self::issuer(&server).look_up(&presented, &shop()).await;
    assert_eq!((told(verdict), server.seen().len()), ("not-authorised".into(), 4));
}

#[tokio::test]
async fn a_cancel_that_is_refused_is_done_where_the_voucher_is_unused() {
    let undo = |attempt, verification: Option<&str>| Undo {
        number: number("V1"),
        prepared: Prepared::Douyin { token: code("vt-1"), order: "8001".into() },
        taken: Taken {
            code: code("CgYIASAHKAESLg=="),
            verification: verification.map(str::to_owned),
            certificate: Some("92".into()),
            stock: None,
            at: None,
        },
        shop: shop(),
        attempt,
    };
    let state = |status: i64| {
        format!(
            r#"{{"data":{{"error_code":0,"certificate":{{"encrypted_code":"CgYIASAHKAESLg==",
            "status":{status},"verify":{{"verify_id":"91","certificate_id":"92"}}}}}}}}"#
        )
    };
    let late = failed(3_000_001, 2_034_000_910);
    let done = r#"{"data":{"error_code":0},"extra":{"error_code":0}}"#.to_owned();
    let table = [
        (Attempt::First, Some("91"), done.clone(), 2, "yes"),
        (Attempt::First, None, done, 2, "yes"),
        (Attempt::First, Some("91"), late.clone(), 2, "too-late"),
        (Attempt::First, Some("91"), failed(1_263, 0), 1, "yes"),
        (Attempt::Again, Some("91"), late.clone(), 2, "too-late"),
        (Attempt::Again, Some("91"), late, 1, "yes"),
        (Attempt::Again, Some("91"), failed(2_100_004, 0), 1, "silence: busy"),
        (Attempt::Again, Some("91"), failed(2_190_004, 0), 2, "silence: unknown"),
    ];
    for (attempt, verification, cancelled, status, expected) in table {
        let shown = format!("{attempt:?} {cancelled} {status}");
        let server = house(move |request| {
            let is_cancel = request.path.ends_with("/cancel/");
            Reply::ok(if is_cancel { cancelled.clone() } else { state(status) })
        })
        .await;
        let verdict = issuer(&server).reverse(&undo(attempt, verification)).await;
        assert_eq!(told(verdict), expected, "{shown}");
    }
}
