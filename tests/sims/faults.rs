//! What goes wrong on order.

use acceptance::{
    sim::{Behaviour, Coupon, Fault, Operation, PaymentCode, Planned, Platform, Voucher, Wrong},
    wait::{PATIENCE, until},
};
use anyhow::Result;
use serde_json::json;

use super::{
    alipay::pay,
    hands::{Hands, charge, split_alipay},
};

fn planned(platform: Platform, operation: Operation, fault: Fault) -> [Planned; 1] {
    [Planned { platform, operation: Some(operation), fault, times: 1 }]
}

/// Charges a new code under a fault: whether an answer came that can be read, and what was charged.
async fn charged_under(hands: &Hands, number: &str, fault: Fault) -> Result<(String, i64)> {
    hands.platforms.faults(planned(Platform::Wechat, Operation::Charge, fault));
    let before = hands.platforms.balance(None).charged;
    let digits = hands.platforms.wechat().issue_code(PaymentCode::default());
    let pairs = charge(number, "5", &digits);
    let answer = hands.post_v2(&hands.stranger, "/pay/micropay", &pairs).await;
    let seen = match answer {
        Err(_) => "nothing".to_owned(),
        Ok(answer) if answer.status() != 200 => format!("HTTP {}", answer.status().as_u16()),
        Ok(answer) => match String::from_utf8(answer.bytes().await?.to_vec()) {
            Err(_) => "no UTF-8".to_owned(),
            Ok(text) if text.contains("ORDERPAID") => "ORDERPAID".to_owned(),
            Ok(_) => "an answer".to_owned(),
        },
    };
    Ok((seen, hands.platforms.balance(None).charged - before))
}

#[tokio::test]
async fn each_fault_does_what_it_says_and_no_more() -> Result<()> {
    let hands = Hands::new().await?;
    for (number, fault, seen, charged) in [
        ("a01", Fault::CutBefore, "nothing", 0),
        ("b01", Fault::CutAfter, "nothing", 5),
        ("c01", Fault::HtmlBefore { status: 502 }, "HTTP 502", 0),
        ("d01", Fault::HtmlAfter { status: 500 }, "HTTP 500", 5),
        ("e01", Fault::Gbk, "no UTF-8", 0),
        ("f01", Fault::Duplicate, "ORDERPAID", 5),
        ("g01", Fault::DelayAfter { ms: 1 }, "an answer", 5),
        ("h01", Fault::DelayBefore { ms: 1 }, "an answer", 5),
    ] {
        let (saw, took) = charged_under(&hands, number, fault).await?;
        assert_eq!((saw.as_str(), took), (seen, charged), "{fault:?}");
    }
    assert_eq!(hands.platforms.violations(), []);
    assert_eq!(hands.platforms.clear_faults(), []);
    Ok(())
}

#[tokio::test]
async fn what_is_late_happens_though_the_caller_has_hung_up() -> Result<()> {
    let hands = Hands::new().await?;
    let late = Fault::DelayBefore { ms: 300 };
    hands.platforms.faults(planned(Platform::Wechat, Operation::Charge, late));
    let digits = hands.platforms.wechat().issue_code(PaymentCode::default());
    let pairs = charge("order01", "5", &digits);
    tokio::select! {
        answer = hands.post_v2(&hands.stranger, "/pay/micropay", &pairs) => {
            panic!("it was answered before it was late: {answer:?}")
        }
        arrived = until("the call to arrive", PATIENCE, async || {
            Ok(hands.platforms.planned().is_empty().then_some(()))
        }) => arrived?,
    }
    until("the late charge", PATIENCE, async || {
        Ok((hands.platforms.balance(None).charged == 5).then_some(()))
    })
    .await
}

#[tokio::test]
async fn an_answer_that_did_not_come_whole_decides_nothing() -> Result<()> {
    for fault in [Fault::CutAfter, Fault::HtmlAfter { status: 500 }, Fault::WrongSignature] {
        let hands = Hands::new().await?;
        charged_under(&hands, "order01", fault).await?;
        let digits = hands.platforms.wechat().issue_code(PaymentCode::default());
        hands.micropay("order02", "5", &digits).await?;
        let wrongs: Vec<Wrong> = hands.platforms.violations().iter().map(|v| v.wrong).collect();
        assert_eq!(wrongs, [Wrong::SecondCharge], "{fault:?}");
    }
    Ok(())
}

/// Charges a code by a call that a proxy sends twice, and then another one for the same payment: what
/// was wrong about that.
async fn charged_again_after_a_doubled_call(
    house: Platform,
    behaviour: Behaviour,
) -> Result<Vec<Wrong>> {
    let hands = Hands::new().await?;
    hands.platforms.faults(planned(house, Operation::Charge, Fault::Duplicate));
    for (number, behaviour) in [("order01", behaviour), ("order02", Behaviour::Pays)] {
        let code = PaymentCode { behaviour, ..PaymentCode::default() };
        if house == Platform::Wechat {
            let digits = hands.platforms.wechat().issue_code(code);
            hands.micropay(number, "5", &digits).await?;
        } else {
            let digits = hands.platforms.alipay().issue_code(code);
            hands.alipay("alipay.trade.pay", &pay(number, "0.05", &digits)).await?;
        }
    }
    Ok(hands.platforms.violations().iter().map(|violation| violation.wrong).collect())
}

#[tokio::test]
async fn what_a_doubled_call_is_told_decides_where_it_tells_how_the_charge_ended() -> Result<()> {
    for (house, behaviour, is_decided) in [
        (Platform::Wechat, Behaviour::Pays, true),
        (Platform::Wechat, Behaviour::ErrorButPaid, true),
        // Its number is in use, and that is all it is told.
        (Platform::Wechat, Behaviour::BalanceShort, false),
        (Platform::Wechat, Behaviour::NeverPays, false),
        (Platform::Wechat, Behaviour::ErrorUnpaid, false),
        (Platform::Alipay, Behaviour::Pays, true),
        (Platform::Alipay, Behaviour::ErrorButPaid, true),
        (Platform::Alipay, Behaviour::BalanceShort, true),
        (Platform::Alipay, Behaviour::NeverPays, false),
        (Platform::Alipay, Behaviour::ErrorUnpaid, false),
    ] {
        let wrongs = charged_again_after_a_doubled_call(house, behaviour).await?;
        let expected: &[Wrong] = if is_decided { &[] } else { &[Wrong::SecondCharge] };
        assert_eq!(wrongs, expected, "{house:?} {behaviour:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_without_results_to_leave_out_decides_as_it_is() -> Result<()> {
    let hands = Hands::new().await?;
    charged_under(&hands, "order01", Fault::EmptyResults).await?;
    let digits = hands.platforms.wechat().issue_code(PaymentCode::default());
    hands.micropay("order02", "5", &digits).await?;
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn wrong_signatures_are_wrong_at_every_house() -> Result<()> {
    let hands = Hands::new().await?;
    let wrong = Fault::WrongSignature;
    hands.platforms.faults(planned(Platform::Wechat, Operation::Query, wrong));
    assert!(hands.v2("/pay/orderquery", &[("out_trade_no", "a01")]).await.is_err());
    assert!(hands.v2("/pay/orderquery", &[("out_trade_no", "a01")]).await.is_ok());
    hands.platforms.faults(planned(Platform::Alipay, Operation::Query, wrong));
    let query = json!({ "out_trade_no": "a01" });
    let text = hands.post_alipay("alipay.trade.query", &query).await?;
    assert!(split_alipay(&text).is_some());
    hands.platforms.faults(planned(Platform::Alipay, Operation::Query, wrong));
    assert!(hands.alipay("alipay.trade.query", &query).await.is_err());
    assert!(hands.alipay("alipay.trade.query", &query).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_coupon_is_used_though_its_answer_is_lost() -> Result<()> {
    let hands = Hands::new().await?;
    hands.platforms.faults(planned(Platform::Wechat, Operation::Use, Fault::CutAfter));
    let code = hands.platforms.wechat().issue_coupon(Coupon::default());
    let body = json!({
        "coupon_code": code, "appid": hands.access().wechat.appid, "use_request_no": "u1",
        "use_time": "2026-03-14T15:09:26+08:00",
    });
    let path = "/v3/marketing/busifavor/coupons/use";
    assert!(hands.v3(("POST", path, &body.to_string())).await.is_err());
    assert_eq!(hands.v3(("POST", path, &body.to_string())).await?.status(), 200);
    assert_eq!(hands.platforms.balance(None).redeemed_count, 1);
    Ok(())
}

#[tokio::test]
async fn a_voucher_is_redeemed_though_the_list_of_results_is_empty() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    hands.platforms.faults(planned(Platform::Douyin, Operation::Verify, Fault::EmptyResults));
    let issued = hands.platforms.douyin().issue(Voucher::default());
    let typed = format!("prepare/?code={}", issued.codes[0]);
    let prepared = hands.ask_douyin(&token, &typed).await?;
    let body = json!({
        "verify_token": prepared["data"]["verify_token"],
        "poi_id": hands.access().douyin.poi_ids[0],
        "encrypted_codes": [prepared["data"]["certificates"][0]["encrypted_code"]],
    });
    let said = hands.tell_douyin(&token, "verify/", &body).await?;
    assert_eq!(said["data"]["error_code"], 0);
    assert_eq!(said["data"]["verify_results"], json!([]));
    assert_eq!(hands.platforms.balance(None).redeemed_count, 1);
    Ok(())
}
