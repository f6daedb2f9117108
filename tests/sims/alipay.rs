//! Face to face payments at Alipay.

use acceptance::sim::{Behaviour, PaymentCode, Wrong};
use anyhow::Result;
use serde_json::{Value, json};

use super::hands::{Hands, fields};

fn code(hands: &Hands, behaviour: Behaviour) -> String {
    hands.platforms.alipay().issue_code(PaymentCode { behaviour, ..PaymentCode::default() })
}

pub(crate) fn pay(number: &str, yuan: &str, code: &str) -> Value {
    json!({
        "out_trade_no": number, "scene": "bar_code", "auth_code": code, "subject": "归台/南京店",
        "total_amount": yuan, "product_code": "FACE_TO_FACE_PAYMENT",
    })
}

async fn status(hands: &Hands, number: &str) -> Result<Value> {
    let said = hands.alipay("alipay.trade.query", &json!({ "out_trade_no": number })).await?;
    Ok(said.get("trade_status").or(said.get("sub_code")).cloned().unwrap_or_default())
}

#[tokio::test]
async fn each_behaviour_is_answered_and_then_stands_as_it_must() -> Result<()> {
    let hands = Hands::new().await?;
    let unknown = "ACQ.TRADE_NOT_EXIST";
    for (number, behaviour, answer, wanted, charged) in [
        ("a01", Behaviour::Pays, "10000", ["TRADE_SUCCESS", "TRADE_SUCCESS"], 888),
        (
            "b01",
            Behaviour::PayingThenPays { polls: 1 },
            "10003",
            ["WAIT_BUYER_PAY", "TRADE_SUCCESS"],
            888,
        ),
        ("c01", Behaviour::NeverPays, "10003", ["WAIT_BUYER_PAY", "WAIT_BUYER_PAY"], 0),
        ("d01", Behaviour::BalanceShort, "40004", ["TRADE_CLOSED", "TRADE_CLOSED"], 0),
        ("e01", Behaviour::Expired, "40004", [unknown, unknown], 0),
        ("f01", Behaviour::ErrorButPaid, "20000", ["TRADE_SUCCESS", "TRADE_SUCCESS"], 888),
        ("g01", Behaviour::ErrorUnpaid, "20000", [unknown, unknown], 0),
    ] {
        let before = hands.platforms.balance(None).charged;
        let digits = code(&hands, behaviour);
        let said = hands.alipay("alipay.trade.pay", &pay(number, "8.88", &digits)).await?;
        assert_eq!(said["code"], answer, "{number}");
        for wanted in wanted {
            assert_eq!(status(&hands, number).await?, wanted, "{number}");
        }
        assert_eq!(hands.platforms.balance(None).charged - before, charged, "{number}");
    }
    Ok(())
}

#[tokio::test]
async fn a_number_is_charged_once() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = code(&hands, Behaviour::Pays);
    let body = pay("order01", "8.88", &digits);
    hands.alipay("alipay.trade.pay", &body).await?;
    let again = hands.alipay("alipay.trade.pay", &body).await?;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    assert_eq!(hands.platforms.violations(), []);
    let other = hands.alipay("alipay.trade.pay", &pay("order01", "8.89", &digits)).await?;
    assert_eq!(other["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::KeyReused);
    assert_eq!(hands.platforms.balance(None).held, 888);
    Ok(())
}

#[tokio::test]
async fn that_a_charge_is_not_known_decides_once_its_code_is_good_no_more() -> Result<()> {
    for (seconds, n_wrong) in [(59, 1), (60, 0)] {
        let hands = Hands::new().await?;
        hands.platforms.stop_clock();
        let first = pay("order01", "8.88", &code(&hands, Behaviour::ErrorUnpaid));
        hands.alipay("alipay.trade.pay", &first).await?;
        hands.platforms.turn_clock(seconds);
        assert_eq!(status(&hands, "order01").await?, "ACQ.TRADE_NOT_EXIST");
        let second = pay("order02", "8.88", &code(&hands, Behaviour::Pays));
        hands.alipay("alipay.trade.pay", &second).await?;
        assert_eq!(hands.platforms.violations().len(), n_wrong, "after {seconds} s");
    }
    Ok(())
}

#[tokio::test]
async fn a_cancel_closes_or_gives_back_and_kills_the_number() -> Result<()> {
    let hands = Hands::new().await?;
    for (number, behaviour, action) in [
        ("a01", Behaviour::NeverPays, json!("close")),
        ("b01", Behaviour::ErrorButPaid, json!("refund")),
        ("c01", Behaviour::CutAfter, json!("refund")),
    ] {
        let body = pay(number, "8.88", &code(&hands, behaviour));
        // The last one has its line cut.
        let _ = hands.alipay("alipay.trade.pay", &body).await;
        let cancel = json!({ "out_trade_no": number });
        let said = hands.alipay("alipay.trade.cancel", &cancel).await?;
        assert_eq!((&said["code"], &said["action"]), (&json!("10000"), &action), "{number}");
        let late = pay(number, "8.88", &code(&hands, Behaviour::Pays));
        let late = hands.alipay("alipay.trade.pay", &late).await?;
        assert_eq!(late["code"], "40004", "{number}");
    }
    assert_eq!(hands.platforms.balance(None).held, 0);
    Ok(())
}

#[tokio::test]
async fn a_cancel_of_a_number_that_never_came_succeeds_and_kills_nothing() -> Result<()> {
    let hands = Hands::new().await?;
    let said = hands.alipay("alipay.trade.cancel", &json!({ "out_trade_no": "order01" })).await?;
    assert_eq!((&said["code"], &said["action"]), (&json!("10000"), &Value::Null));
    let late = pay("order01", "8.88", &code(&hands, Behaviour::Pays));
    assert_eq!(hands.alipay("alipay.trade.pay", &late).await?["code"], "10000");
    assert_eq!(hands.platforms.balance(None).held, 888);
    Ok(())
}

#[tokio::test]
async fn a_cancel_may_have_to_be_repeated_and_has_its_day() -> Result<()> {
    let hands = Hands::new().await?;
    let digits =
        hands.platforms.alipay().issue_code(PaymentCode { recalls: 1, ..PaymentCode::default() });
    hands.alipay("alipay.trade.pay", &pay("order01", "8.88", &digits)).await?;
    let cancel = json!({ "out_trade_no": "order01" });
    let first = hands.alipay("alipay.trade.cancel", &cancel).await?;
    assert_eq!(
        (&first["sub_code"], &first["retry_flag"]),
        (&json!("ACQ.SYSTEM_ERROR"), &json!("Y"))
    );
    assert_eq!(hands.alipay("alipay.trade.cancel", &cancel).await?["action"], "refund");
    hands.platforms.turn_clock(86_401);
    let late = hands.alipay("alipay.trade.cancel", &cancel).await?;
    assert_eq!(late["sub_code"], "ACQ.TRADE_CANCEL_TIME_OUT");
    Ok(())
}

#[tokio::test]
async fn parts_are_refunded_once_each_and_never_more_than_was_paid() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = code(&hands, Behaviour::Pays);
    hands.alipay("alipay.trade.pay", &pay("order01", "8.88", &digits)).await?;
    let refund = async |key: &str, yuan: &str| {
        let body =
            json!({ "out_trade_no": "order01", "out_request_no": key, "refund_amount": yuan });
        hands.alipay("alipay.trade.refund", &body).await
    };
    assert_eq!(refund("r1", "1.88").await?["fund_change"], "Y");
    assert_eq!(refund("r1", "1.88").await?["fund_change"], "N", "the same number, the same refund");
    assert_eq!(refund("r2", "7.01").await?["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    let last = refund("r3", "7.00").await?;
    assert_eq!((&last["fund_change"], &last["refund_fee"]), (&json!("Y"), &json!("8.88")));
    assert_eq!(status(&hands, "order01").await?, "TRADE_CLOSED");
    assert_eq!(hands.platforms.balance(None).held, 0);
    assert_eq!(hands.platforms.violations(), []);
    let look = async |key: &str| {
        let body = json!({ "out_trade_no": "order01", "out_request_no": key });
        hands.alipay("alipay.trade.fastpay.refund.query", &body).await
    };
    assert_eq!(look("r1").await?["refund_status"], "REFUND_SUCCESS");
    assert_eq!(look("r9").await?["refund_status"], Value::Null);
    assert_eq!(refund("r1", "1.89").await?["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::KeyReused);
    Ok(())
}

#[tokio::test]
async fn a_form_that_is_not_signed_by_the_app_is_refused_and_blamed() -> Result<()> {
    let hands = Hands::new().await?;
    let alipay = &hands.access().alipay;
    let said = fields(&[
        ("app_id", &alipay.app_id),
        ("method", "alipay.trade.query"),
        ("format", "JSON"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-03-14 15:09:26"),
        ("version", "1.0"),
        ("biz_content", "{}"),
        ("sign", "AAAA"),
    ]);
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&said).finish();
    let kind = "application/x-www-form-urlencoded";
    let call = hands.stranger.post(&alipay.gateway_url).header("content-type", kind).body(form);
    let said: Value = call.send().await?.json().await?;
    assert_eq!(said["error_response"]["sub_code"], "isv.invalid-signature");
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::BadCall);
    Ok(())
}

#[tokio::test]
async fn amounts_that_are_no_yuan_are_refused_and_blamed() -> Result<()> {
    let hands = Hands::new().await?;
    for (n, yuan) in ["8.888", "0", "-1", "8,88"].into_iter().enumerate() {
        let body = pay("order01", yuan, &code(&hands, Behaviour::Pays));
        let said = hands.alipay("alipay.trade.pay", &body).await?;
        assert_eq!(said["sub_code"], "ACQ.INVALID_PARAMETER");
        assert_eq!(hands.platforms.violations().len(), n + 1);
    }
    Ok(())
}
