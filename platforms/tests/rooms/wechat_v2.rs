//! Payment codes at WeChat, v2.

use std::collections::BTreeMap;

use domain::money::Money;
use md5::{Digest as _, Md5};
use platforms::{
    Cause, RefusalCode, Secret,
    acquirer::{Acquirer, Charge, Charged, NotPaid, Refund, Refunding, Reversal, Standing},
    wechat::v2::{Client, Config, SignType},
};

use crate::{
    keys::{code, number},
    server::{Reply, Request, Server},
};

pub(crate) const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";

pub(crate) fn config(server: &Server) -> Config {
    Config {
        endpoint: server.endpoint(),
        appid: "wx2421b1c4370ec43b".into(),
        mch_id: "10000100".into(),
        api_key: Secret::new(API_KEY),
        sign_type: SignType::Md5,
        identity_pem: Secret::new(server.identity_pem.as_str()),
        caller_ip: "14.17.22.52".parse().unwrap(),
    }
}

pub(crate) fn acquirer(server: &Server) -> Acquirer {
    Acquirer::Wechat(Client::new(config(server)).unwrap())
}

fn charge() -> Charge {
    Charge {
        number: number("S1W2E3N4"),
        code: code("134567890123456789"),
        amount: Money::from_minor(1_290),
        subject: "柜台 & 茶<1>".into(),
        shop: "S1".into(),
        workstation: "2".into(),
    }
}

fn refund() -> Refund {
    Refund {
        number: number("S1W2E3N4"),
        refund_number: number("R1"),
        total: Money::from_minor(1_290),
        amount: Money::from_minor(290),
        reason: "退货".into(),
    }
}

/// The signature by the page's recipe.
fn sign(fields: &BTreeMap<&str, &str>) -> String {
    let kept = fields.iter().filter(|(name, value)| **name != "sign" && !value.is_empty());
    let text: String = kept.map(|(name, value)| format!("{name}={value}&")).collect();
    let digest = Md5::digest(format!("{text}key={API_KEY}"));
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A signed answer, written as the house writes it.
pub(crate) fn answer(more: &[(&str, &str)]) -> String {
    let mut fields = BTreeMap::from([
        ("return_code", "SUCCESS"),
        ("appid", "wx2421b1c4370ec43b"),
        ("mch_id", "10000100"),
        ("nonce_str", "5K8264ILTKCH16CQ"),
    ]);
    fields.extend(more.iter().copied());
    let sign = sign(&fields);
    let rows = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    format!("<xml>\n{}<sign>{sign}</sign>\n</xml>", rows.collect::<String>())
}

const PAID: [(&str, &str); 6] = [
    ("result_code", "SUCCESS"),
    ("out_trade_no", "S1W2E3N4"),
    ("total_fee", "1290"),
    ("cash_fee", "1190"),
    ("transaction_id", "4200000000202611210000000001"),
    ("time_end", "20261121180327"),
];

fn failed(code: &str) -> String {
    answer(&[("result_code", "FAIL"), ("err_code", code), ("err_code_des", "…")])
}

async fn server(body: String) -> Server {
    Server::start(move |_| Reply::ok(body.clone())).await
}

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
    let other_amount = PAID.map(|(n, v)| if n == "total_fee" { (n, "1") } else { (n, v) });
    let other_number = PAID.map(|(n, v)| if n == "out_trade_no" { (n, "X") } else { (n, v) });
    let other_merchant = [PAID.as_slice(), &[("mch_id", "10000101")]].concat();
    let fail = "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>";
    let table = [
        (answer(&PAID), "paid 12.90 by shopper 11.90"),
        (failed("USERPAYING"), "paying"),
        (failed("SYSTEMERROR"), "silence: busy"),
        (failed("ORDERPAID"), "silence: known already"),
        (failed("NOTENOUGH"), "funds-short"),
        (failed("AUTHCODEEXPIRE"), "code-spent"),
        (failed("NEXT_YEARS_CODE"), "silence: unknown"),
        (answer(&other_amount), "silence: contradiction"),
        (answer(&other_number), "silence: contradiction"),
        (answer(&other_merchant), "silence: contradiction"),
        (answer(&PAID).replace("1290", "1291"), "silence: unverified"),
        (
            answer(&PAID).replace("<sign>", "<sing>").replace("</sign>", "</sing>"),
            "silence: unverified",
        ),
        (failed("NOTENOUGH").replace("NOTENOUGH", "NOAUTH"), "silence: unverified"),
        (fail.into(), "silence: unverified"),
        (
            "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml>&a;</xml>".into(),
            "silence: unreadable",
        ),
        ("<html>502</html>".into(), "silence: unreadable"),
        (String::new(), "silence: unreadable"),
    ];
    for (body, expected) in table {
        let server = server(body.clone()).await;
        let charged = acquirer(&server).charge(&charge()).await;
        assert_eq!(told(charged), expected, "{body}");
    }
}

#[tokio::test]
async fn a_question_is_signed_and_asked_once_and_only_secapi_shows_the_merchants_certificate() {
    let server = server(answer(&[("result_code", "SUCCESS"), ("recall", "N")])).await;
    let acquirer = acquirer(&server);
    let _ = acquirer.charge(&charge()).await;
    assert_eq!(acquirer.reverse(&number("S1W2E3N4")).await, Reversal::Reversed);
    let _ = acquirer.refund(&refund()).await;
    let _ = acquirer.refund_query(&refund()).await;
    let seen = server.seen();
    let ways: Vec<_> = seen
        .iter()
        .map(|request| (request.path.as_str(), request.has_client_certificate))
        .collect();
    assert_eq!(
        ways,
        [
            ("/pay/micropay", false),
            ("/secapi/pay/reverse", true),
            ("/secapi/pay/refund", true),
            ("/pay/refundquery", false),
        ]
    );
    for request in &seen {
        let fields = platforms::wechat::v2::Fields::read(request.body.as_bytes()).unwrap();
        let names = [
            "appid",
            "mch_id",
            "nonce_str",
            "body",
            "total_fee",
            "fee_type",
            "spbill_create_ip",
            "auth_code",
            "device_info",
            "out_trade_no",
            "out_refund_no",
            "refund_fee",
            "refund_desc",
        ];
        let signed: BTreeMap<_, _> =
            names.iter().filter_map(|name| Some((*name, fields.get(name)?))).collect();
        assert_eq!(fields.get("sign"), Some(sign(&signed).as_str()), "{}", request.path);
    }
    assert!(seen[0].body.contains("<body>柜台 &amp; 茶&lt;1&gt;</body>"));
}

#[tokio::test]
async fn a_query_tells_how_a_charge_stands() {
    let state = |state| answer(&[PAID.as_slice(), &[("trade_state", state)]].concat());
    let standing = |body| async move {
        let server = server(body).await;
        acquirer(&server).query(&number("S1W2E3N4")).await
    };
    assert!(matches!(standing(state("SUCCESS")).await, Standing::Paid(_)));
    let table = [
        (state("USERPAYING"), Standing::Paying),
        (state("ACCEPT"), Standing::Paying),
        (state("NOTPAY"), Standing::NotPaid(NotPaid::Open)),
        (state("PAYERROR"), Standing::NotPaid(NotPaid::Failed)),
        (state("CLOSED"), Standing::Closed),
        (state("REVOKED"), Standing::Reversed),
        (state("REFUND"), Standing::Refunded),
        (failed("ORDERNOTEXIST"), Standing::NotPaid(NotPaid::Unknown)),
    ];
    for (body, expected) in table {
        assert_eq!(standing(body).await, expected);
    }
    for (body, cause) in [
        (state("NEXT_YEARS_STATE"), Cause::Unknown),
        (failed("SYSTEMERROR"), Cause::Busy),
        (state("SUCCESS").replace("S1W2E3N4", "S1W2E3N5"), Cause::Unverified),
    ] {
        let Standing::Silence(silence) = standing(body).await else { panic!("no silence") };
        assert_eq!(silence.cause, cause);
    }
}

#[tokio::test]
async fn a_reverse_is_asked_for_again_until_the_house_is_done() {
    let reversal = |body| async move {
        let server = server(body).await;
        acquirer(&server).reverse(&number("S1W2E3N4")).await
    };
    let again = answer(&[("result_code", "FAIL"), ("err_code", "SYSTEMERROR"), ("recall", "Y")]);
    assert_eq!(reversal(again).await, Reversal::Again);
    assert_eq!(reversal(failed("USERPAYING")).await, Reversal::Again);
    assert_eq!(reversal(failed("ORDERREVERSED")).await, Reversal::Reversed);
    for (code, expected) in
        [("REVERSE_EXPIRE", RefusalCode::TooLate), ("ORDERNOTEXIST", RefusalCode::NotFound)]
    {
        let Reversal::Refused(refusal) = reversal(failed(code)).await else { panic!("{code}") };
        assert_eq!(refusal.code, expected);
    }
    assert!(matches!(reversal(failed("SYSTEMERROR")).await, Reversal::Silence(_)));
}

#[tokio::test]
async fn a_refund_is_accepted_first_and_done_when_the_query_says_so() {
    let accepted = [("result_code", "SUCCESS"), ("out_refund_no", "R1"), ("refund_fee", "290")];
    let house = server(answer(&accepted)).await;
    assert_eq!(acquirer(&house).refund(&refund()).await, Refunding::Accepted);
    let listed = |state| {
        answer(&[
            ("result_code", "SUCCESS"),
            ("out_refund_no_0", "R0"),
            ("out_refund_no_1", "R1"),
            ("refund_fee_1", "290"),
            ("refund_status_1", state),
        ])
    };
    let amount = Money::from_minor(290);
    let table = [
        (listed("SUCCESS"), Refunding::Done { amount }),
        (listed("PROCESSING"), Refunding::Accepted),
        (listed("CHANGE"), Refunding::Failed("CHANGE".into())),
        (failed("REFUNDNOTEXIST"), Refunding::Unknown),
    ];
    for (body, expected) in table {
        let server = server(body).await;
        assert_eq!(acquirer(&server).refund_query(&refund()).await, expected);
    }
}

#[tokio::test]
async fn the_notice_of_a_refund_is_opened_for_its_own_merchant() {
    let server = Server::start(|_: &Request| Reply::Cut).await;
    let client = Client::new(config(&server)).unwrap();
    let table = [
        (
            "<xml><mch_id>10000100</mch_id><req_info>l/aL5GyVfl/tw3Lww6GvCQ==</req_info></xml>",
            "opened",
        ),
        ("<xml><mch_id>10000101</mch_id><req_info>x</req_info></xml>", "another merchant"),
        ("<xml><mch_id>10000100</mch_id></xml>", "not what was agreed"),
    ];
    for (body, fault) in table {
        let told = client.read_refund_notice(body.as_bytes()).unwrap_err().to_string();
        assert!(told.contains(fault), "{told}");
    }
}
