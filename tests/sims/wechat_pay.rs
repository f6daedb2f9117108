//! Payment codes over v2.

use acceptance::sim::{Behaviour, PaymentCode, Wrong};
use anyhow::Result;

use super::hands::{Hands, charge};

fn code(hands: &Hands, behaviour: Behaviour) -> String {
    hands.platforms.wechat().issue_code(PaymentCode { behaviour, ..PaymentCode::default() })
}

async fn state(hands: &Hands, number: &str) -> Result<String> {
    let said = hands.v2("/pay/orderquery", &[("out_trade_no", number)]).await?;
    Ok(said.get("trade_state").or(said.get("err_code")).cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_code_is_charged_once() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = code(&hands, Behaviour::Pays);
    let paid = hands.micropay("order01", "888", &digits).await?;
    assert_eq!((paid["result_code"].as_str(), paid["total_fee"].as_str()), ("SUCCESS", "888"));
    assert_eq!(hands.micropay("order01", "888", &digits).await?["err_code"], "ORDERPAID");
    let other = hands.micropay("other01", "888", &digits).await?;
    assert_eq!(other["err_code"], "AUTH_CODE_INVALID");
    assert_eq!(hands.platforms.balance(None).held, 888);
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn each_behaviour_is_answered_and_then_stands_as_it_must() -> Result<()> {
    let hands = Hands::new().await?;
    for (number, behaviour, answer, states, charged) in [
        ("a01", Behaviour::PayingThenPays { polls: 1 }, "USERPAYING", ["USERPAYING", "SUCCESS"], 5),
        (
            "b01",
            Behaviour::PayingThenFails { polls: 1 },
            "USERPAYING",
            ["USERPAYING", "PAYERROR"],
            0,
        ),
        ("c01", Behaviour::NeverPays, "USERPAYING", ["USERPAYING", "USERPAYING"], 0),
        ("d01", Behaviour::BalanceShort, "NOTENOUGH", ["PAYERROR", "PAYERROR"], 0),
        ("e01", Behaviour::Expired, "AUTHCODEEXPIRE", ["ORDERNOTEXIST", "ORDERNOTEXIST"], 0),
        ("f01", Behaviour::ErrorButPaid, "SYSTEMERROR", ["SUCCESS", "SUCCESS"], 5),
        ("g01", Behaviour::ErrorUnpaid, "SYSTEMERROR", ["NOTPAY", "NOTPAY"], 0),
    ] {
        let before = hands.platforms.balance(None).charged;
        let digits = code(&hands, behaviour);
        assert_eq!(hands.micropay(number, "5", &digits).await?["err_code"], answer);
        for wanted in states {
            assert_eq!(state(&hands, number).await?, wanted, "{number}");
        }
        assert_eq!(hands.platforms.balance(None).charged - before, charged, "{number}");
    }
    for (number, behaviour, wanted) in
        [("h01", Behaviour::CutBefore, "ORDERNOTEXIST"), ("i01", Behaviour::CutAfter, "SUCCESS")]
    {
        let digits = code(&hands, behaviour);
        assert!(hands.micropay(number, "5", &digits).await.is_err(), "the line is cut");
        assert_eq!(state(&hands, number).await?, wanted);
    }
    Ok(())
}

#[tokio::test]
async fn a_second_charge_of_a_family_before_the_first_is_decided_is_a_violation() -> Result<()> {
    let hands = Hands::new().await?;
    let first = code(&hands, Behaviour::ErrorButPaid);
    hands.micropay("order01", "5", &first).await?;
    let second = code(&hands, Behaviour::Pays);
    hands.micropay("order02", "5", &second).await?;
    let violations = hands.platforms.violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].wrong, Wrong::SecondCharge);
    Ok(())
}

#[tokio::test]
async fn a_reversal_that_was_told_makes_room_for_another_charge() -> Result<()> {
    let hands = Hands::new().await?;
    hands.platforms.stop_clock();
    let first = hands.platforms.wechat().issue_code(PaymentCode {
        behaviour: Behaviour::ErrorButPaid,
        recalls: 2,
        ..PaymentCode::default()
    });
    hands.micropay("order01", "5", &first).await?;
    let reverse = async || hands.v2("/secapi/pay/reverse", &[("out_trade_no", "order01")]).await;
    hands.platforms.turn_clock(14);
    assert_eq!(reverse().await?["err_code"], "INVALID_REQUEST", "not in the first 15 s");
    hands.platforms.turn_clock(1);
    for recall in ["Y", "Y", "N"] {
        assert_eq!(reverse().await?["recall"], recall);
    }
    assert_eq!(reverse().await?["result_code"], "SUCCESS", "again, and nothing happens");
    assert_eq!(state(&hands, "order01").await?, "REVOKED");
    let second = code(&hands, Behaviour::Pays);
    hands.micropay("order02", "5", &second).await?;
    let balance = hands.platforms.balance(None);
    assert_eq!((balance.charged, balance.reversed, balance.held), (10, 5, 5));
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn a_reversal_of_a_number_that_never_came_kills_nothing() -> Result<()> {
    let hands = Hands::new().await?;
    let said = hands.v2("/secapi/pay/reverse", &[("out_trade_no", "order01")]).await?;
    assert_eq!(said["err_code"], "ORDERNOTEXIST");
    let digits = code(&hands, Behaviour::Pays);
    assert_eq!(hands.micropay("order01", "5", &digits).await?["result_code"], "SUCCESS");
    assert_eq!(hands.platforms.balance(None).charged, 5);
    Ok(())
}

#[tokio::test]
async fn a_guest_who_types_cannot_be_reversed_and_after_a_week_nobody_can() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = hands.platforms.wechat().issue_code(PaymentCode {
        behaviour: Behaviour::NeverPays,
        paying_on_reverse: 1,
        ..PaymentCode::default()
    });
    hands.micropay("order01", "5", &digits).await?;
    hands.platforms.turn_clock(15);
    let reverse = async || hands.v2("/secapi/pay/reverse", &[("out_trade_no", "order01")]).await;
    assert_eq!(reverse().await?["err_code"], "USERPAYING");
    assert_eq!(reverse().await?["result_code"], "SUCCESS");
    let digits = code(&hands, Behaviour::Pays);
    hands.micropay("week01", "5", &digits).await?;
    hands.platforms.turn_clock(7 * 86_400 + 1);
    let late = hands.v2("/secapi/pay/reverse", &[("out_trade_no", "week01")]).await?;
    assert_eq!(late["err_code"], "REVERSE_EXPIRE");
    Ok(())
}

#[tokio::test]
async fn what_nobody_pays_is_closed_after_two_hours_and_stays_unpaid() -> Result<()> {
    let hands = Hands::new().await?;
    hands.platforms.stop_clock();
    for (number, behaviour) in [("a01", Behaviour::NeverPays), ("b01", Behaviour::ErrorUnpaid)] {
        hands.micropay(number, "5", &code(&hands, behaviour)).await?;
        hands.platforms.turn_clock(2 * 3_600 - 1);
        assert_ne!(state(&hands, number).await?, "CLOSED", "{number}");
        hands.platforms.turn_clock(1);
        assert_eq!(state(&hands, number).await?, "CLOSED", "{number}");
    }
    assert_eq!(hands.platforms.balance(None).charged, 0);
    Ok(())
}

#[tokio::test]
async fn parts_are_refunded_once_each_and_never_more_than_was_paid() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = hands
        .platforms
        .wechat()
        .issue_code(PaymentCode { refund_polls: 1, ..PaymentCode::default() });
    hands.micropay("order01", "100", &digits).await?;
    let refund = async |key: &str, fen: &str| {
        let order = [("out_trade_no", "order01"), ("total_fee", "100")];
        let part = [("out_refund_no", key), ("refund_fee", fen)];
        let said = hands.v2("/secapi/pay/refund", &[order, part].concat()).await?;
        anyhow::Ok(said.get("err_code").cloned().unwrap_or_default())
    };
    assert_eq!(refund("r1", "30").await?, "");
    assert_eq!(refund("r1", "30").await?, "", "the same number is the same refund");
    assert_eq!(refund("r2", "30").await?, "FREQUENCY_LIMITED");
    hands.platforms.turn_clock(60);
    assert_eq!(refund("r2", "71").await?, "REFUND_FEE_MISMATCH");
    assert_eq!(refund("r3", "70").await?, "");
    assert_eq!(hands.platforms.balance(None).held, 0);
    assert_eq!(hands.platforms.violations(), []);
    let look = async || hands.v2("/pay/refundquery", &[("out_refund_no", "r1")]).await;
    assert_eq!(look().await?["refund_status_0"], "PROCESSING");
    assert_eq!(look().await?["refund_status_0"], "SUCCESS");
    assert_eq!(state(&hands, "order01").await?, "REFUND");
    assert_eq!(refund("r1", "31").await?, "INVALID_REQUEST");
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::KeyReused);
    Ok(())
}

#[tokio::test]
async fn reversals_and_refunds_want_the_merchants_certificate() -> Result<()> {
    let hands = Hands::new().await?;
    for path in ["/secapi/pay/reverse", "/secapi/pay/refund"] {
        let said = hands.post_v2(&hands.stranger, path, &[("out_trade_no", "a01")]).await?;
        assert!(said.text().await?.contains("请使用双向证书验证"));
    }
    assert_eq!(hands.platforms.violations().len(), 2);
    Ok(())
}

#[tokio::test]
async fn both_manners_of_signing_are_answered_in_kind() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = code(&hands, Behaviour::Pays);
    let pairs = [&charge("order01", "5", &digits)[..], &[("sign_type", "HMAC-SHA256")]].concat();
    assert_eq!(hands.v2("/pay/micropay", &pairs).await?["result_code"], "SUCCESS");
    Ok(())
}

#[tokio::test]
async fn what_no_right_client_sends_is_refused_and_blamed() -> Result<()> {
    let hands = Hands::new().await?;
    let digits = code(&hands, Behaviour::Pays);
    let base = charge("order01", "5", &digits);
    let but = |name: &'static str, value: &'static str| {
        let mut pairs = base.to_vec();
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
        pairs
    };
    for (pairs, field, wanted) in [
        (but("sign", "0123"), "return_msg", "签名错误"),
        (but("mch_id", "1900000109"), "return_msg", "商户号mch_id与appid不匹配"),
        (but("total_fee", "5.0"), "err_code", "PARAM_ERROR"),
        (but("total_fee", "0"), "err_code", "PARAM_ERROR"),
        (but("total_fee", "-5"), "err_code", "PARAM_ERROR"),
        (but("appid", "wx0"), "err_code", "APPID_MCHID_NOT_MATCH"),
        (but("body", ""), "err_code", "LACK_PARAMS"),
        (but("out_trade_no", "order 1"), "err_code", "PARAM_ERROR"),
    ] {
        let before = hands.platforms.violations().len();
        assert_eq!(hands.v2("/pay/micropay", &pairs).await?[field], wanted, "{pairs:?}");
        assert_eq!(hands.platforms.violations().len(), before + 1, "{pairs:?}");
    }
    assert_eq!(hands.platforms.balance(None).charged, 0);
    Ok(())
}
