//! The control API and the page.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::hands::Hands;

async fn post(hands: &Hands, path: &str, body: &Value) -> Result<Value> {
    let url = format!("{}/api/{path}", hands.access().control_url);
    let answer = hands.stranger.post(url).json(body).send().await?.error_for_status()?;
    let text = answer.text().await?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

async fn state(hands: &Hands) -> Result<Value> {
    let url = format!("{}/api/state", hands.access().control_url);
    Ok(hands.stranger.get(url).send().await?.json().await?)
}

#[tokio::test]
async fn what_a_page_issues_is_good_at_its_platform_and_stands_in_the_books() -> Result<()> {
    let hands = Hands::new().await?;
    let behaviour = json!({ "behaviour": { "kind": "paying_then_pays", "polls": 1 } });
    let digits = post(&hands, "wechat/codes", &behaviour).await?["code"].clone();
    let digits = digits.as_str().unwrap().to_owned();
    assert_eq!(hands.micropay("order01", "5", &digits).await?["err_code"], "USERPAYING");
    for _ in 0..2 {
        hands.v2("/pay/orderquery", &[("out_trade_no", "order01")]).await?;
    }
    assert!(post(&hands, "alipay/codes", &json!({})).await?["code"].is_string());
    assert!(
        post(&hands, "wechat/coupons", &json!({ "discount_fen": 100 })).await?["code"].is_string()
    );
    let issued = post(&hands, "douyin/vouchers", &json!({ "count": 2 })).await?;
    assert_eq!(issued["codes"].as_array().unwrap().len(), 2);
    let order = issued["order_id"].as_str().unwrap();
    let fresh = post(&hands, &format!("douyin/vouchers/{order}/refresh"), &json!({})).await?;
    assert_ne!(fresh["link"], issued["link"]);

    let state = state(&hands).await?;
    assert_eq!(state["balance"]["held"], 5);
    assert_eq!(state["ledger"][0]["deed"], "charge");
    assert_eq!(state["violations"], json!([]));
    assert_eq!(state["vouchers"].as_array().unwrap().len(), 1);
    Ok(())
}

#[tokio::test]
async fn faults_and_clock_obey_the_page() -> Result<()> {
    let hands = Hands::new().await?;
    let fault = json!([{
        "platform": "wechat", "operation": "charge", "fault": { "kind": "html_before", "status": 502 },
    }]);
    post(&hands, "faults", &fault).await?;
    let faults = state(&hands).await?["faults"].clone();
    assert_eq!(faults[0]["times"], 1);
    let url = format!("{}/api/faults", hands.access().control_url);
    hands.stranger.delete(url).send().await?.error_for_status()?;
    assert_eq!(state(&hands).await?["faults"], json!([]));
    post(&hands, "clock", &json!({ "stop": true })).await?;
    let before = state(&hands).await?["now"].clone();
    assert_eq!(state(&hands).await?["now"], before);
    post(&hands, "clock", &json!({ "turn_seconds": 86_400 })).await?;
    assert_ne!(state(&hands).await?["now"], before);
    Ok(())
}

#[tokio::test]
async fn a_misspelt_order_is_refused_and_so_is_another_origin() -> Result<()> {
    let hands = Hands::new().await?;
    let control = &hands.access().control_url;
    let voucher = hands.stranger.post(format!("{control}/api/douyin/vouchers"));
    let misspelt = voucher.json(&json!({ "cuont": 2 })).send().await?;
    assert_eq!(misspelt.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let rebound = hands.stranger.get(format!("{control}/api/state")).header("host", "evil.example");
    assert_eq!(rebound.send().await?.status(), StatusCode::FORBIDDEN);
    let form = hands.stranger.post(format!("{control}/api/wechat/codes")).body("{}");
    assert_eq!(form.send().await?.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    Ok(())
}

#[tokio::test]
async fn the_page_needs_nothing_from_anywhere_else_and_draws_a_qr() -> Result<()> {
    let hands = Hands::new().await?;
    let control = &hands.access().control_url;
    for (file, holds) in
        [("", "<html lang=\"zh-CN\""), ("page.css", ":focus-visible"), ("page.js", "'use strict'")]
    {
        let answer = hands.stranger.get(format!("{control}/{file}")).send().await?;
        let policy = answer.headers()["content-security-policy"].to_str()?;
        assert!(policy.starts_with("default-src 'self'"));
        let text = answer.text().await?;
        assert!(text.contains(holds), "{file}");
        for foreign in ["http://", "https://", "src=\"//", "@import"] {
            assert_eq!(text.find(foreign), None, "{foreign} in {file}");
        }
    }
    let qr = hands.stranger.get(format!("{control}/qr?text=131234567890123456")).send().await?;
    assert_eq!(qr.headers()["content-type"], "image/svg+xml");
    let svg = qr.text().await?;
    assert!(svg.contains("<svg") && svg.contains("<path"));
    Ok(())
}
