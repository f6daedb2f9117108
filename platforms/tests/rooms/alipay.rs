//! Payment codes at Alipay.

use domain::money::Money;
use platforms::{
    Secret,
    acquirer::{Acquirer, Charge, Charged, NotPaid, Refund, Refunding, Reversal, Standing},
    alipay::{Client, Config},
};

use crate::{
    keys::{
        clock, code, house_pem, house_public_pem, merchant_pem, number, rsa_sign, rsa_verifies,
    },
    server::{Reply, Request, Server},
};

pub(crate) fn config(server: &Server) -> Config {
    Config {
        endpoint: server.endpoint(),
        app_id: "2014072300007148".into(),
        private_key: Secret::new(merchant_pem()),
        alipay_key: house_public_pem(),
        certificates: None,
        app_auth_token: None,
    }
}

fn acquirer(server: &Server) -> Acquirer {
    Acquirer::Alipay(Client::new(config(server), clock()).unwrap())
}

fn charge() -> Charge {
    Charge {
        number: number("S1W2E3N4"),
        code: code("281234567890123456"),
        amount: Money::from_minor(8_888),
        subject: "柜台 1".into(),
        shop: "S1".into(),
        workstation: "2".into(),
    }
}

fn refund() -> Refund {
    Refund {
        number: number("S1W2E3N4"),
        refund_number: number("R1"),
        total: Money::from_minor(8_888),
        amount: Money::from_minor(888),
        reason: "退货".into(),
    }
}

/// The answer's node for whatever method was asked, signed.
fn answer(request: &Request, node: &str) -> String {
    let name = request.form("method").replace('.', "_");
    let signature = rsa_sign(&house_pem(), node.as_bytes());
    format!(r#"{{"{name}_response": {node} ,"sign":"{signature}"}}"#)
}

async fn house(node: &'static str) -> Server {
    Server::start(move |request| Reply::ok(answer(request, node))).await
}

const PAID: &str = r#"{"code":"10000","msg":"Success","trade_no":"2026112122001",
    "out_trade_no":"S1W2E3N4","total_amount":"88.88","buyer_pay_amount":"80.00",
    "gmt_payment":"2026-11-21 18:03:27","buyer_logon_id":"158****1562"}"#;
const BALANCE: &str = r#"{"code":"40004","msg":"Business Failed",
    "sub_code":"ACQ.BUYER_BALANCE_NOT_ENOUGH","sub_msg":"买家余额不足"}"#;

fn told(charged: Charged) -> String {
    match charged {
        Charged::Paid(paid) => format!("paid {} by shopper {}", paid.amount, paid.by_shopper),
        Charged::Paying => "paying".into(),
        Charged::Refused(refusal) => refusal.code.as_str().into(),
        Charged::Silence(silence) => format!("silence: {}", silence.cause.as_str()),
    }
}

#[tokio::test]
async fn a_charge_is_paid_paying_refused_or_silence() {
    let table = [
        (PAID, "paid 88.88 by shopper 80.00"),
        (r#"{"code":"10003","msg":"order success pay inprocess"}"#, "paying"),
        (r#"{"code":"20000","msg":"Service Currently Unavailable"}"#, "silence: busy"),
        (BALANCE, "funds-short"),
        (r#"{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}"#, "silence: busy"),
        (r#"{"code":"40004","sub_code":"ACQ.TRADE_HAS_SUCCESS"}"#, "silence: known already"),
        (r#"{"code":"40002","sub_code":"isv.invalid-signature"}"#, "misconfigured"),
        (
            r#"{"code":"10000","out_trade_no":"X","trade_no":"1","total_amount":"88.88"}"#,
            "silence: contradiction",
        ),
        (
            r#"{"code":"10000","out_trade_no":"S1W2E3N4","trade_no":"1","total_amount":"88.8"}"#,
            "silence: contradiction",
        ),
        (
            r#"{"code":"10000","out_trade_no":"S1W2E3N4","trade_no":"1","total_amount":"8e1"}"#,
            "silence: unreadable",
        ),
        (r#"{"code":10000}"#, "silence: unreadable"),
    ];
    for (node, expected) in table {
        let server = house(node).await;
        assert_eq!(told(acquirer(&server).charge(&charge()).await), expected, "{node}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_alipays_is_silence_also_when_it_says_no() {
    let spoil: [fn(&Request) -> String; 5] = [
        |request| answer(request, PAID).replace("88.88", "88.89"),
        |request| answer(request, BALANCE).replace("余额", "金额"),
        |request| answer(request, PAID).replace("alipay_trade_pay", "alipay_trade_query"),
        |_| format!(r#"{{"alipay_trade_pay_response":{BALANCE}}}"#),
        |_| format!(r#"{{"error_response":{BALANCE}}}"#),
    ];
    for spoil in spoil {
        let server = Server::start(move |request| Reply::ok(spoil(request))).await;
        let charged = acquirer(&server).charge(&charge()).await;
        assert_eq!(told(charged), "silence: unverified");
    }
}

#[tokio::test]
async fn a_question_is_a_signed_form() {
    let server = house(PAID).await;
    let _ = acquirer(&server).charge(&charge()).await;
    let request = &server.seen()[0];
    let names = [
        "app_id",
        "biz_content",
        "charset",
        "format",
        "method",
        "sign_type",
        "timestamp",
        "version",
    ];
    let text: Vec<String> =
        names.iter().map(|name| format!("{name}={}", request.form(name))).collect();
    let signature = request.form("sign");
    assert!(rsa_verifies(&merchant_pem(), text.join("&").as_bytes(), &signature));
    assert_eq!(request.form("timestamp"), "2026-11-21 18:03:27");
    let content: serde_json::Value = serde_json::from_str(&request.form("biz_content")).unwrap();
    assert_eq!(content["total_amount"], "88.88");
    assert_eq!(content["auth_code"], "281234567890123456");
    assert_eq!((request.path.as_str(), request.method.as_str()), ("/gateway.do", "POST"));
}

#[tokio::test]
async fn a_query_tells_how_a_charge_stands() {
    let paid = r#"{"code":"10000","trade_no":"1","out_trade_no":"S1W2E3N4","total_amount":"88.88",
        "trade_status":"TRADE_SUCCESS","send_pay_date":"2026-11-21 18:03:27"}"#;
    let server = house(paid).await;
    let Standing::Paid(paid) = acquirer(&server).query(&number("S1W2E3N4")).await else { panic!() };
    assert_eq!(paid.at.unwrap().to_string(), "2026-11-21T10:03:27Z");
    let table = [
        (
            r#"{"code":"10000","out_trade_no":"S1W2E3N4","trade_status":"WAIT_BUYER_PAY"}"#,
            Standing::Paying,
        ),
        (
            r#"{"code":"10000","out_trade_no":"S1W2E3N4","trade_status":"TRADE_CLOSED"}"#,
            Standing::Closed,
        ),
        (
            r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#,
            Standing::NotPaid(NotPaid::Unknown),
        ),
    ];
    for (node, expected) in table {
        let server = house(node).await;
        assert_eq!(acquirer(&server).query(&number("S1W2E3N4")).await, expected);
    }
}

#[tokio::test]
async fn a_cancel_and_a_refund_end_as_the_house_says() {
    // A number that Alipay does not know is cancelled with success, and nothing was done.
    let table = [
        (r#""retry_flag":"N","action":"close""#, "reversed"),
        (r#""retry_flag":"N","action":"refund""#, "reversed"),
        (r#""retry_flag":"N""#, "not-found"),
        (r#""retry_flag":"N","action":"sleep""#, "silence"),
        (r#""retry_flag":"Y""#, "again"),
    ];
    for (flags, expected) in table {
        let node = format!(r#"{{"code":"10000","out_trade_no":"S1W2E3N4",{flags}}}"#);
        let server = house(node.leak()).await;
        let told = match acquirer(&server).reverse(&number("S1W2E3N4")).await {
            Reversal::Reversed => "reversed",
            Reversal::Again => "again",
            Reversal::Refused(refusal) => refusal.code.as_str(),
            Reversal::Silence(_) => "silence",
        };
        assert_eq!(told, expected, "{flags}");
    }
    let amount = Money::from_minor(888);
    let table = [
        (
            r#"{"code":"10000","out_trade_no":"S1W2E3N4","fund_change":"Y"}"#,
            Refunding::Done { amount },
        ),
        (r#"{"code":"10000","out_trade_no":"S1W2E3N4","fund_change":"N"}"#, Refunding::Accepted),
    ];
    for (node, expected) in table {
        let server = house(node).await;
        assert_eq!(acquirer(&server).refund(&refund()).await, expected);
    }
    let done = r#"{"code":"10000","out_request_no":"R1","refund_status":"REFUND_SUCCESS",
        "refund_amount":"8.88"}"#;
    let table = [(done, Refunding::Done { amount }), (r#"{"code":"10000"}"#, Refunding::Unknown)];
    for (node, expected) in table {
        let server = house(node).await;
        assert_eq!(acquirer(&server).refund_query(&refund()).await, expected);
    }
}
