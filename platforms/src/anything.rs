//! Whatever comes in, no reader panics, and nothing that is not the agreed form is believed.

#![allow(clippy::unwrap_used, reason = "tests stop at the first thing that is not as expected")]

use domain::time::Timestamp;
use proptest::{collection::vec, prelude::*};

use crate::{
    Code, Secret, alipay, cipher, der, douyin, moment,
    rsa::PublicKey,
    seal,
    wechat::{v2, v3},
};

/// Bytes as an attacker or a broken line may send them: random, JSON-like, XML-like.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..400),
        "[{}\\[\\]\",:0-9a-z_\\\\ ]{0,200}".prop_map(String::into_bytes),
        "(<[a-z!/?\\[]{0,8}[a-z=\"' &;#0-9]{0,12}>?){0,24}".prop_map(String::into_bytes),
        "\\PC{0,200}".prop_map(String::into_bytes),
    ]
}

/// JSON of the right shape with wrong values.
fn json_value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("1e400".to_owned()),
        Just("-1.5".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        "[a-z0-9]{0,12}".prop_map(|text| format!("\"{text}\"")),
        (1_usize..200).prop_map(|n| format!("{}{}", "[".repeat(n), "]".repeat(n))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn xml_is_read_or_refused(bytes in anything()) {
        if let Ok(fields) = v2::Fields::read(&bytes) {
            let again = v2::Fields::read(fields.to_xml().as_bytes());
            prop_assert!(again.is_ok());
        }
    }

    #[test]
    fn fields_are_written_and_read_back(value in "[^\\p{C}]{1,60}|[<>&\"']{1,8}|\\]\\]>") {
        let mut fields = v2::Fields::default();
        fields.put("body", &value);
        let read = v2::Fields::read(fields.to_xml().as_bytes());
        prop_assert_eq!(read.as_ref().ok().and_then(|read| read.get("body")), Some(value.as_str()));
    }

    #[test]
    fn douyins_answers_are_read_or_silent(
        bytes in anything(), a in json_value(), b in json_value(), c in json_value(),
    ) {
        douyin::reads_anything(&bytes);
        let prepared = format!(
            r#"{{"data":{{"error_code":0,"verify_token":{a},"certificates":[{{"encrypted_code":"x",
            "amount":{{"pay_amount":{b}}},"sku":{{"groupon_type":2,"market_price":{c}}}}}]}}}}"#,
        );
        douyin::reads_anything(prepared.as_bytes());
        let verified = format!(
            r#"{{"data":{{"error_code":{a},"verify_results":[{{"result":{b},"code":"x",
            "verify_id":{c}}}],"certificate":{{"encrypted_code":"x","status":{b}}}}}}}"#,
        );
        douyin::reads_anything(verified.as_bytes());
    }

    #[test]
    fn webhooks_are_read_or_refused(bytes in anything(), content in json_value()) {
        let secret = Secret::new("secret");
        let body = format!(r#"{{"event":"verify_webhook","content":{content}}}"#);
        for body in [bytes.as_slice(), body.as_bytes()] {
            let signature = douyin::webhook::signature(&secret, body);
            let _ = douyin::webhook::read(&secret, &signature, body);
            let refused = douyin::webhook::read(&secret, "", body);
            prop_assert_eq!(refused, Err(douyin::webhook::WebhookFault::Signature));
        }
    }

    #[test]
    fn notices_are_opened_or_refused(bytes in anything(), a in json_value(), text in "\\PC{0,40}") {
        let key = Secret::new("0123456789abcdef0123456789ABCDEF");
        prop_assert!(v3::open(&bytes, &key).is_err());
        let envelope = format!(
            r#"{{"id":{a},"event_type":"x","resource":{{"algorithm":"AEAD_AES_256_GCM",
            "ciphertext":{a},"nonce":"wCq51qZv4Yfg"}}}}"#,
        );
        prop_assert!(v3::open(envelope.as_bytes(), &key).is_err());
        prop_assert_eq!(seal::open(key.reveal().as_bytes(), &text, &text, &text), None);
        let _ = cipher::open_ecb(key.reveal().as_bytes(), &text);
        let _ = cipher::open_cbc(key.reveal().as_bytes(), &[0; 16], &text);
        let _ = douyin::webhook::open_field(&Secret::new(text), douyin::webhook::SealedBy::Spi, "");
    }

    #[test]
    fn coupons_and_refusals_are_read_or_silent(bytes in anything()) {
        let _ = v3::refusal(400, &bytes);
        let _ = v3::reads_sample(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn alipays_nodes_are_verified_or_silent(bytes in anything(), value in json_value()) {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors.json")).unwrap();
        let known = vectors["vectors"].as_array().unwrap().iter();
        let pem = known.into_iter().find_map(|v| v["inputs"]["alipay_public_key_spki_pem"].as_str());
        let key = PublicKey::read(pem.unwrap(), "key").unwrap();
        prop_assert!(alipay::verified(&bytes, "alipay.trade.pay", &key).is_err());
        let body = format!(r#"{{"alipay_trade_pay_response":{value},"sign":{value}}}"#);
        prop_assert!(alipay::verified(body.as_bytes(), "alipay.trade.pay", &key).is_err());
    }

    #[test]
    fn certificates_and_keys_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = der::Certificate::read(&bytes);
        let _ = der::rsa_key(&bytes);
        prop_assert!(PublicKey::read(&text, "key").is_err());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        prop_assert!(PublicKey::read(&pem, "key").is_err());
        prop_assert_eq!(alipay::sign::root_serials(&pem), None);
    }

    #[test]
    fn times_and_codes_are_read_or_not(text in "\\PC{0,40}|[0-9:T+ -]{10,20}", number in any::<i64>()) {
        let _ = moment::parse(&text);
        let _ = moment::from_epoch(number);
        let _ = crate::recognise(&text);
        if let Some(code) = Code::parse(&text) {
            prop_assert!(code.tail().chars().count() <= 4);
        }
        let _ = moment::rfc3339(Timestamp::from_micros(number));
    }
}
