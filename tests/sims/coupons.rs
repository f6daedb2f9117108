//! Merchant coupons over v3.

use acceptance::sim::{Coupon, Shape, Wrong};
use anyhow::{Context as _, Result};
use reqwest::Response;
use serde_json::{Value, json};

use super::hands::{Hands, has_signed};

const USE: &str = "/v3/marketing/busifavor/coupons/use";
const RETURN: &str = "/v3/marketing/busifavor/coupons/return";

fn using(hands: &Hands, code: &str, key: &str) -> String {
    json!({
        "coupon_code": code, "appid": hands.access().wechat.appid, "use_request_no": key,
        "use_time": "2026-03-14T15:09:26+08:00",
    })
    .to_string()
}

fn returning(code: &str, key: &str) -> String {
    json!({ "coupon_code": code, "stock_id": "100088", "return_request_no": key }).to_string()
}

/// Verifies an answer with the key that its serial names; status, serial and body come back.
async fn verified(hands: &Hands, answer: Response) -> Result<(u16, String, Value)> {
    let get = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
    let at = get("wechatpay-timestamp").context("no timestamp")?;
    let nonce = get("wechatpay-nonce").context("no nonce")?;
    let signature = get("wechatpay-signature").context("no signature")?;
    let serial = get("wechatpay-serial").context("no serial")?;
    let status = answer.status().as_u16();
    let body = answer.text().await?;
    let keys = &hands.access().wechat.platform_keys;
    let (_, key) = keys.iter().find(|(known, _)| *known == serial).context("no key")?;
    let text = format!("{at}\n{nonce}\n{body}\n");
    anyhow::ensure!(has_signed(key, text.as_bytes(), &signature), "{status} {body}");
    Ok((status, serial, serde_json::from_str(&body)?))
}

async fn post(hands: &Hands, path: &str, body: &str) -> Result<(u16, Value)> {
    let answer = hands.v3(("POST", path, body)).await?;
    let (status, _, said) = verified(hands, answer).await?;
    Ok((status, said))
}

#[tokio::test]
async fn a_coupon_is_used_once_looked_at_and_given_back() -> Result<()> {
    let hands = Hands::new().await?;
    let code = hands.platforms.wechat().issue_coupon(Coupon::default());
    let (status, first) = post(&hands, USE, &using(&hands, &code, "u1")).await?;
    assert_eq!(status, 200);
    let (status, again) = post(&hands, USE, &using(&hands, &code, "u1")).await?;
    assert_eq!((status, &again), (200, &first), "the same number is the same use");
    let (status, other) = post(&hands, USE, &using(&hands, &code, "u2")).await?;
    assert_eq!((status, other["code"].as_str()), (400, Some("INVALID_REQUEST")));
    assert_eq!(hands.platforms.balance(None).redeemed, 500);

    let wechat = &hands.access().wechat;
    let (openid, appid) = (&wechat.openid, &wechat.appid);
    let path = format!("/v3/marketing/busifavor/users/{openid}/coupons/{code}/appids/{appid}");
    let (_, _, seen) = verified(&hands, hands.v3(("GET", &path, "")).await?).await?;
    assert_eq!((&seen["coupon_state"], &seen["use_request_no"]), (&json!("USED"), &json!("u1")));

    assert_eq!(post(&hands, RETURN, &returning(&code, "b1")).await?.0, 200);
    assert_eq!(post(&hands, RETURN, &returning(&code, "b1")).await?.0, 200);
    assert_eq!(post(&hands, RETURN, &returning(&code, "b2")).await?.0, 400, "it is not used");
    assert_eq!(hands.platforms.balance(None).redeemed, 0);
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn refusals_have_the_shape_that_was_ordered() -> Result<()> {
    let hands = Hands::new().await?;
    let refusal =
        Shape { status: 403, code: "RULE_LIMIT".to_owned(), message: "券不可用".to_owned() };
    let shaped = Coupon { refusal: Some(refusal), ..Coupon::default() };
    for (coupon, status, code) in [
        (Coupon { expires_in_seconds: 0, ..Coupon::default() }, 400, "INVALID_REQUEST"),
        (shaped, 403, "RULE_LIMIT"),
    ] {
        let digits = hands.platforms.wechat().issue_coupon(coupon);
        let (said, body) = post(&hands, USE, &using(&hands, &digits, &digits)).await?;
        assert_eq!((said, body["code"].as_str()), (status, Some(code)));
    }
    let (status, _) = post(&hands, USE, &using(&hands, "80000000000", "u1")).await?;
    assert_eq!(status, 404);
    let strict = Coupon { refuses_repeats: true, ..Coupon::default() };
    let code = hands.platforms.wechat().issue_coupon(strict);
    assert_eq!(post(&hands, USE, &using(&hands, &code, "s1")).await?.0, 200);
    assert_eq!(post(&hands, USE, &using(&hands, &code, "s1")).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_request_number_with_another_coupon_is_a_violation() -> Result<()> {
    let hands = Hands::new().await?;
    for _ in 0..2 {
        let code = hands.platforms.wechat().issue_coupon(Coupon::default());
        post(&hands, USE, &using(&hands, &code, "u1")).await?;
    }
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::KeyReused);
    assert_eq!(hands.platforms.balance(None).redeemed_count, 1);
    Ok(())
}

#[tokio::test]
async fn a_signature_that_is_old_or_of_other_bytes_is_refused_and_blamed() -> Result<()> {
    let hands = Hands::new().await?;
    let code = hands.platforms.wechat().issue_coupon(Coupon::default());
    let body = using(&hands, &code, "u1");
    let other = using(&hands, &code, "u2");
    for (signed, age) in [(&body, 310), (&body, -310), (&other, 0)] {
        let authorization = hands.authorization(("POST", USE, signed), age)?;
        let answer = hands.v3_as(("POST", USE, &body), authorization).await?;
        assert_eq!(verified(&hands, answer).await?.0, 401);
    }
    let unsigned = hands.stranger.post(format!("{}{USE}", hands.access().wechat.base_url));
    assert_eq!(unsigned.body(body).send().await?.status(), 401);
    assert_eq!(hands.platforms.violations().len(), 4);
    assert_eq!(hands.platforms.balance(None).redeemed_count, 0);
    Ok(())
}

#[tokio::test]
async fn an_extra_parameter_is_told_by_its_number() -> Result<()> {
    let hands = Hands::new().await?;
    let mut body: Value = serde_json::from_str(&using(&hands, "80000000000", "u1"))?;
    body["store"] = json!(1);
    let answer = hands.v3(("POST", USE, &body.to_string())).await?;
    assert!(answer.headers()["request-id"].to_str()?.ends_with("-270924358"));
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::BadCall);
    Ok(())
}

#[tokio::test]
async fn answers_are_signed_by_the_other_key_after_a_rotation() -> Result<()> {
    let hands = Hands::new().await?;
    let mut serials = vec![];
    for _ in 0..2 {
        let answer = hands.v3(("POST", USE, &using(&hands, "80000000000", "u1"))).await?;
        serials.push(verified(&hands, answer).await?.1);
        hands.platforms.wechat().rotate_key();
    }
    let known: Vec<&String> = hands.access().wechat.platform_keys.iter().map(|(s, _)| s).collect();
    assert_eq!(serials.iter().collect::<Vec<_>>(), known);
    Ok(())
}
