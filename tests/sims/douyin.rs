//! Tokens, short links, prepare, verify, cancel.

use acceptance::sim::{Astray, Balance, Issued, Repeat, Script, Voucher, Wrong};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::hands::Hands;

/// What a link's long address says, url-decoded and written for a query again.
async fn object(hands: &Hands, issued: &Issued) -> Result<String> {
    let answer = hands.stranger.get(&issued.link).send().await?;
    assert_eq!(answer.status(), 302);
    let long = reqwest::Url::parse(answer.headers()["location"].to_str()?)?;
    let (_, object) = long.query_pairs().find(|(name, _)| name == "object_id").context("no id")?;
    Ok(form_urlencoded::byte_serialize(object.as_bytes()).collect())
}

async fn prepare(hands: &Hands, token: &str, issued: &Issued) -> Result<Value> {
    let object = object(hands, issued).await?;
    hands.ask_douyin(token, &format!("prepare/?encrypted_data={object}")).await
}

/// The body of a verify, of all that was prepared.
fn verify_of(hands: &Hands, prepared: &Value) -> Value {
    let codes: Vec<&Value> = prepared["data"]["certificates"]
        .as_array()
        .map(|all| all.iter().map(|one| &one["encrypted_code"]).collect())
        .unwrap_or_default();
    json!({
        "verify_token": prepared["data"]["verify_token"],
        "poi_id": hands.access().douyin.poi_ids[0],
        "encrypted_codes": codes,
    })
}

fn cancel_of(verified: &Value) -> Value {
    let result = &verified["data"]["verify_results"][0];
    json!({ "certificate_id": result["certificate_id"], "verify_id": result["verify_id"] })
}

#[tokio::test]
async fn a_voucher_is_prepared_verified_and_cancelled_within_the_hour() -> Result<()> {
    let hands = Hands::new().await?;
    hands.platforms.stop_clock();
    let token = hands.token("client_token").await?;
    let issued = hands.platforms.douyin().issue(Voucher { count: 2, ..Voucher::default() });
    let prepared = prepare(&hands, &token, &issued).await?;
    assert_eq!(prepared["data"]["certificates"].as_array().unwrap().len(), 2);
    let verified = hands.tell_douyin(&token, "verify/", &verify_of(&hands, &prepared)).await?;
    assert_eq!(verified["data"]["verify_results"][1]["result"], 0);
    assert_eq!(hands.platforms.balance(None).redeemed, 7_980);

    let again = prepare(&hands, &token, &issued).await?;
    assert_eq!(again["data"]["error_code"], 3_000_001, "the QR is void after verify");
    assert_eq!(again["data"]["verify_token"], "");

    hands.platforms.turn_clock(3_599);
    let cancelled = hands.tell_douyin(&token, "cancel/", &cancel_of(&verified)).await?;
    assert_eq!(cancelled["data"]["error_code"], 0);
    assert_eq!(hands.platforms.balance(None).redeemed_count, 1);

    let fresh = hands.platforms.douyin().refresh(&issued.order_id).unwrap();
    let prepared = prepare(&hands, &token, &fresh).await?;
    assert_eq!(prepared["data"]["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn nobody_cancels_after_the_hour() -> Result<()> {
    let hands = Hands::new().await?;
    hands.platforms.stop_clock();
    let token = hands.token("client_token").await?;
    let issued = hands.platforms.douyin().issue(Voucher::default());
    let prepared = prepare(&hands, &token, &issued).await?;
    let verified = hands.tell_douyin(&token, "verify/", &verify_of(&hands, &prepared)).await?;
    hands.platforms.turn_clock(3_601);
    let late = hands.tell_douyin(&token, "cancel/", &cancel_of(&verified)).await?;
    assert_eq!(late["data"]["error_code"], 3_000_001);
    assert_eq!(late["extra"]["sub_error_code"], 2_034_000_910_i64);
    assert_eq!(hands.platforms.balance(None).redeemed_count, 1);
    Ok(())
}

#[tokio::test]
async fn the_same_verify_redeems_once_whatever_it_is_answered() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("stable_client_token").await?;
    for (repeat, result) in [(Repeat::Used1208, 1_208), (Repeat::Used2, 2), (Repeat::Same, 0)] {
        let issued = hands.platforms.douyin().issue(Voucher { repeat, ..Voucher::default() });
        let body = verify_of(&hands, &prepare(&hands, &token, &issued).await?);
        hands.tell_douyin(&token, "verify/", &body).await?;
        let again = hands.tell_douyin(&token, "verify/", &body).await?;
        assert_eq!(again["data"]["verify_results"][0]["result"], result);
    }
    assert_eq!(hands.platforms.balance(None).redeemed_count, 3);
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn a_verify_token_with_other_codes_is_a_violation() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    let issued = hands.platforms.douyin().issue(Voucher { count: 2, ..Voucher::default() });
    let mut body = verify_of(&hands, &prepare(&hands, &token, &issued).await?);
    hands.tell_douyin(&token, "verify/", &body).await?;
    body["encrypted_codes"].as_array_mut().unwrap().pop();
    let other = hands.tell_douyin(&token, "verify/", &body).await?;
    assert_eq!(other["data"]["error_code"], 2_119_001);
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::KeyReused);
    Ok(())
}

#[tokio::test]
async fn scripts_refuse_at_their_step() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    let text = || "测试".to_owned();
    let busy = Script::BusyThenGood { times: 1 };
    for (script, prepare_code, verify_code, result, redeemed) in [
        (Script::RefusesPrepare { code: 1_229, text: text() }, 1_229, 2_119_001, 0, 0),
        (Script::RefusesVerify { code: 2_119_006, text: text() }, 0, 2_119_006, 0, 0),
        (Script::RefusesCode { result: 1_265, text: text() }, 0, 0, 1_265, 0),
        (busy, 0, 2_100_004, 0, 0),
        (Script::BusyButDone, 0, 2_100_004, 0, 1),
    ] {
        let before = hands.platforms.balance(None).redeemed_count;
        let issued = hands.platforms.douyin().issue(Voucher { script, ..Voucher::default() });
        let prepared = prepare(&hands, &token, &issued).await?;
        assert_eq!(prepared["data"]["error_code"], prepare_code);
        let said = hands.tell_douyin(&token, "verify/", &verify_of(&hands, &prepared)).await?;
        assert_eq!(said["data"]["error_code"], verify_code);
        if verify_code == 0 {
            assert_eq!(said["data"]["verify_results"][0]["result"], result);
        }
        assert_eq!(hands.platforms.balance(None).redeemed_count - before, redeemed);
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_is_not_meant_and_a_voucher_that_is_over_are_refused() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    let elsewhere = vec![hands.access().douyin.poi_ids[1].clone()];
    let issued =
        hands.platforms.douyin().issue(Voucher { poi_ids: elsewhere, ..Voucher::default() });
    let body = verify_of(&hands, &prepare(&hands, &token, &issued).await?);
    let said = hands.tell_douyin(&token, "verify/", &body).await?;
    assert_eq!(said["data"]["error_code"], 3_000_002);
    let over =
        hands.platforms.douyin().issue(Voucher { expires_in_seconds: 0, ..Voucher::default() });
    let body = verify_of(&hands, &prepare(&hands, &token, &over).await?);
    let said = hands.tell_douyin(&token, "verify/", &body).await?;
    assert_eq!(said["data"]["verify_results"][0]["result"], 1_250);
    assert_eq!(hands.platforms.balance(None), Balance::default());
    Ok(())
}

#[tokio::test]
async fn a_token_that_somebody_else_took_is_void() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    assert_eq!(hands.ask_douyin("clt.0", "get/?").await?["data"]["error_code"], 2_190_002);
    hands.platforms.douyin().take_token();
    assert_eq!(hands.ask_douyin(&token, "get/?").await?["data"]["error_code"], 2_190_008);
    let fresh = hands.token("stable_client_token").await?;
    assert_eq!(hands.ask_douyin(&fresh, "get/?").await?["data"]["error_code"], 1_212);
    hands.platforms.turn_clock(7_200);
    assert_eq!(hands.ask_douyin(&fresh, "get/?").await?["data"]["error_code"], 2_190_008);
    assert_eq!(hands.platforms.violations(), []);
    Ok(())
}

#[tokio::test]
async fn a_token_is_for_who_knows_the_secret() -> Result<()> {
    let hands = Hands::new().await?;
    let douyin = &hands.access().douyin;
    let (key, secret) = (douyin.client_key.as_str(), douyin.client_secret.as_str());
    for (key, secret, grant, code) in [
        (key, secret, "authorization_code", 10_002),
        ("aw0", secret, "client_credential", 10_003),
        (key, "0", "client_credential", 10_013),
        (key, secret, "client_credential", 0),
    ] {
        let body = json!({ "client_key": key, "client_secret": secret, "grant_type": grant });
        let url = format!("{}/oauth/client_token/", douyin.base_url);
        let said: Value = hands.stranger.post(url).json(&body).send().await?.json().await?;
        assert_eq!(said["data"]["error_code"], code);
    }
    Ok(())
}

#[tokio::test]
async fn json_that_is_url_encoded_is_refused_and_blamed() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    let base = &hands.access().douyin.base_url;
    let call = hands
        .stranger
        .post(format!("{base}/goodlife/v1/fulfilment/certificate/verify/"))
        .header("access-token", &token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("%7B%22verify_token%22%3A%22x%22%7D");
    let said: Value = call.send().await?.json().await?;
    assert_eq!(said["data"]["error_code"], 2_100_005);
    assert_eq!(hands.platforms.violations()[0].wrong, Wrong::BadCall);
    Ok(())
}

#[tokio::test]
async fn a_voucher_is_looked_at_in_milliseconds_by_get_and_in_seconds_by_query() -> Result<()> {
    let hands = Hands::new().await?;
    let token = hands.token("client_token").await?;
    let issued = hands.platforms.douyin().issue(Voucher::default());
    let typed = format!("prepare/?code={}", issued.codes[0]);
    let prepared = hands.ask_douyin(&token, &typed).await?;
    hands.tell_douyin(&token, "verify/", &verify_of(&hands, &prepared)).await?;
    let code = prepared["data"]["certificates"][0]["encrypted_code"].as_str().unwrap();
    let code: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
    let got = hands.ask_douyin(&token, &format!("get/?encrypted_code={code}")).await?;
    let asked = format!("query/?order_id={}", issued.order_id);
    let queried = hands.ask_douyin(&token, &asked).await?;
    let got = &got["data"]["certificate"];
    let queried = &queried["data"]["certificates"][0];
    assert_eq!(got["status"], 2);
    assert_eq!(got["verify"]["verify_id"], queried["verify"]["verify_id"]);
    let millis = got["expire_time"].as_i64().unwrap();
    assert_eq!(millis, queried["expire_time"].as_i64().unwrap() * 1_000);
    Ok(())
}

#[tokio::test]
async fn links_can_lead_astray() -> Result<()> {
    let hands = Hands::new().await?;
    let inner = "http://169.254.169.254/latest/".to_owned();
    let link = hands.platforms.douyin().lay_astray(Astray::To { address: inner.clone() });
    let said = hands.stranger.get(link).send().await?;
    assert_eq!(said.headers()["location"].to_str()?, inner);
    let round = hands.platforms.douyin().lay_astray(Astray::Round);
    let said = hands.stranger.get(&round).send().await?;
    assert_eq!(said.headers()["location"].to_str()?, round);
    let large = hands.platforms.douyin().lay_astray(Astray::Large { bytes: 100_000 });
    assert_eq!(hands.stranger.get(large).send().await?.bytes().await?.len(), 100_000);
    Ok(())
}
