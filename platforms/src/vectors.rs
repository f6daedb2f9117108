//! Every published vector of the houses' signatures, seals and wire, in `tests/vectors.json` with
//! the source of each.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests stop at the first thing that is not as expected"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::Value;

use crate::{
    ForeignCode, Secret, alipay, cipher, douyin,
    rsa::{PublicKey, SigningKey},
    seal,
    wechat::{v2, v3},
};

/// What this crate has no use for, and why.
const NOT_OURS: [(&str, &str); 3] = [
    ("wechatpay-v3-get-certificates-doc-example", "its private key was never published"),
    ("wechatpay-v3-oaep-sha1-field-decrypt", "no answer that we ask for has a sealed field"),
    ("douyin-wire-verify-record-query", "records are read in Douyin's own console"),
];

/// Vectors in the file.
const CARRIED: usize = 37;

struct Vector(Value);

impl Vector {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn input(&self, name: &str) -> &str {
        self.0["inputs"][name].as_str().unwrap_or_else(|| panic!("{}: {name}", self.name()))
    }

    fn expected(&self, name: &str) -> &str {
        self.0["expected"][name].as_str().unwrap_or_else(|| panic!("{}: {name}", self.name()))
    }

    fn pairs(&self, name: &str) -> Vec<(&str, &str)> {
        let pairs = self.0["inputs"][name].as_object().unwrap();
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }

    fn fields(&self) -> v2::Fields {
        let mut fields = v2::Fields::default();
        self.pairs("params").into_iter().for_each(|(name, value)| fields.put(name, value));
        fields
    }
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("../tests/vectors.json")).unwrap();
    file["vectors"].as_array().unwrap().iter().cloned().map(Vector).collect()
}

/// The key of a vector, or of the one that it names.
fn key(vectors: &[Vector], vector: &Vector) -> SigningKey {
    let held = |vector: &Vector| {
        let names = ["private_key_pkcs8_pem", "private_key_pem"];
        names.iter().find_map(|name| vector.0["inputs"][name].as_str()).map(str::to_owned)
    };
    let pem = held(vector).or_else(|| {
        let named = vector.input("private_key_ref");
        held(vectors.iter().find(|vector| vector.name() == named).unwrap())
    });
    SigningKey::read(&Secret::new(pem.unwrap()), "key").unwrap()
}

/// The five lines that v3 signs, made from their parts or given whole.
fn v3_message(vector: &Vector) -> Vec<u8> {
    let inputs = &vector.0["inputs"];
    if inputs["method"].is_null() || inputs["canonical_url"].is_null() {
        return vector.input("message_utf8").into();
    }
    let (path, nonce) = (vector.input("canonical_url"), vector.input("nonce"));
    let (seconds, body) = (inputs["timestamp"].as_i64().unwrap(), vector.input("body_utf8"));
    v3::message(&vector.input("method").parse().unwrap(), path, seconds, nonce, body.as_bytes())
}

fn run(vectors: &[Vector], vector: &Vector) {
    let name = vector.name();
    match name {
        "wechatpay-v3-authorization-format" => {
            let expected = vector.expected("message_to_sign_utf8");
            assert_eq!(v3_message(vector), expected.as_bytes());
        }
        "wechatpay-v3-aes-gcm-hello" => aes_gcm(vector),
        "wechatpay-v2-md5" => {
            let api_key = Secret::new(vector.input("key"));
            let sign = v2::sign(&vector.fields(), &api_key, v2::SignType::Md5);
            assert_eq!(sign, vector.expected("sign"));
        }
        "wechatpay-v2-notify-xml-md5" => {
            let fields = v2::Fields::read(vector.input("xml").as_bytes()).unwrap();
            let api_key = Secret::new(vector.input("key"));
            assert!(v2::verifies(&fields, &api_key, v2::SignType::Md5));
            assert!(!v2::verifies(&fields, &Secret::new("another"), v2::SignType::Md5));
        }
        "wechatpay-v2-micropay-sign-derived" => {
            let (api_key, mut fields) = (Secret::new(vector.input("key")), vector.fields());
            let sign = v2::sign(&fields, &api_key, v2::SignType::Md5);
            assert_eq!(sign, vector.expected("sign_md5"));
            fields.put("sign_type", "HMAC-SHA256");
            let sign = v2::sign(&fields, &api_key, v2::SignType::HmacSha256);
            assert_eq!(sign, vector.expected("sign_hmac_sha256"));
        }
        "wechatpay-v2-reverse-sign-derived" => {
            let api_key = Secret::new(vector.input("key"));
            let sign = v2::sign(&vector.fields(), &api_key, v2::SignType::Md5);
            assert_eq!(sign, vector.expected("sign_md5"));
        }
        "wechatpay-v2-aes-256-ecb" => {
            let (key, sealed) = (vector.input("key_utf8"), vector.input("ciphertext_base64"));
            let text = cipher::open_ecb(key.as_bytes(), sealed).unwrap();
            assert_eq!(text, vector.expected("plaintext_utf8").as_bytes());
        }
        _ if name.starts_with("alipay") => alipay(vectors, vector),
        _ if name.starts_with("douyin") => douyin(vector),
        _ if name.starts_with("auth-code") => payment_codes(vector),
        _ if name.contains("-wire-") => wechat_wire(vector),
        _ => rsa(vectors, vector),
    }
}

/// A signature with the vector's key, verified with its public half if that is given.
fn rsa(vectors: &[Vector], vector: &Vector) {
    let message = v3_message(vector);
    let signature = key(vectors, vector).sign(&message);
    assert_eq!(signature, vector.expected("signature_base64"), "{}", vector.name());
    if let Some(pem) = vector.0["inputs"]["public_key_spki_pem"].as_str() {
        let public = PublicKey::read(pem, "key").unwrap();
        assert!(public.verifies(&message, &signature));
        assert!(!public.verifies(b"another", &signature));
    }
    if vector.0["inputs"]["serial_no"].is_string() {
        let inputs = &vector.0["inputs"];
        let (seconds, nonce) = (inputs["timestamp"].as_i64().unwrap(), vector.input("nonce"));
        let (mchid, serial) = (vector.input("mchid"), vector.input("serial_no"));
        let header = v3::authorization(mchid, serial, seconds, nonce, &signature);
        assert!(header.starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\""));
        for part in [mchid, serial, nonce, &seconds.to_string(), &signature] {
            assert!(header.contains(&format!("=\"{part}\"")), "{header}");
        }
    }
}

fn aes_gcm(vector: &Vector) {
    let (key, nonce) = (vector.input("key_utf8").as_bytes(), vector.input("nonce_utf8"));
    let (aad, sealed) = (vector.input("aad_utf8"), vector.input("ciphertext_base64"));
    let text = seal::open(key, nonce, aad, sealed).unwrap();
    assert_eq!(text, vector.expected("plaintext_utf8").as_bytes());
    // The negative cases of the same test of the official SDK.
    assert_eq!(seal::open(key, nonce, aad, "SGVsbG8gV29ybGQK"), None);
    assert_eq!(seal::open(b"testAPIv3Key1111", nonce, aad, sealed), None);
    assert_eq!(seal::open(key, nonce, "another", sealed), None);
}

fn alipay(vectors: &[Vector], vector: &Vector) {
    match vector.name() {
        "alipay-v2-sync-response-verify" => {
            let key = PublicKey::read(vector.input("alipay_public_key_spki_pem"), "key").unwrap();
            let body = vector.input("response_body_raw");
            let method = "alipay.open.file.upload";
            let node = alipay::verified(body.as_bytes(), method, &key).unwrap();
            assert_eq!(node, vector.input("signed_content"));
            let spaced = body.replacen("\"code\":", "\"code\": ", 1);
            assert!(alipay::verified(spaced.as_bytes(), method, &key).is_err());
        }
        "alipay-v2-notify-verify-rsacheckv2" => {
            let mut fields = vector.pairs("form_params_without_sign");
            let expected = vector.input("content_to_verify");
            assert_eq!(alipay::sign::text(&fields), expected);
            fields.push(("sign", vector.input("signature_base64")));
            let key = vector.input("alipay_public_key_spki_pem");
            let table = [
                (alipay::sign::Notified::ServiceMarket, true),
                (alipay::sign::Notified::Trade, false),
            ];
            for (notified, is_theirs) in table {
                let verified = alipay::sign::verifies_notification(&fields, key, notified);
                assert_eq!(verified, Ok(is_theirs));
            }
        }
        "alipay-v2-request-sign-derived" => {
            let text = alipay::sign::text(&vector.pairs("params_without_sign"));
            assert_eq!(text, vector.input("string_to_sign"));
            let signature = key(vectors, vector).sign(text.as_bytes());
            assert_eq!(signature, vector.expected("sign_base64"));
        }
        "alipay-app-cert-sn" => {
            let serial = alipay::sign::certificate_serial(vector.input("certificate_pem"));
            assert_eq!(serial.as_deref(), Some(vector.expected("sn")));
        }
        "alipay-aes-content-derived" => {
            let key = STANDARD.decode(vector.input("key_base64")).unwrap();
            let sealed = vector.expected("ciphertext_base64");
            let text = cipher::open_cbc(&key, &[0; 16], sealed).unwrap();
            assert_eq!(text, vector.input("plaintext_utf8").as_bytes());
        }
        "alipay-v3-request-sign-derived" => {
            let signature = key(vectors, vector).sign(vector.input("message_utf8").as_bytes());
            assert_eq!(signature, vector.expected("sign_base64"));
        }
        other => panic!("{other} is not run"),
    }
}

fn douyin(vector: &Vector) {
    use douyin::webhook;
    match vector.name() {
        "douyin-mobile-decrypt" => {
            let (secret, sealed) =
                (vector.input("client_secret"), vector.input("ciphertext_base64"));
            let secret = Secret::new(secret);
            let text = webhook::open_field(&secret, webhook::SealedBy::Mobile, sealed).unwrap();
            assert_eq!(text.reveal(), vector.expected("plaintext_utf8"));
        }
        "douyin-webhook-signature-derived" => {
            let (secret, body) = (Secret::new(vector.input("client_secret")), "body_utf8");
            let body = vector.input(body).as_bytes();
            let signature = vector.expected("X-Douyin-Signature");
            assert_eq!(webhook::signature(&secret, body), signature);
            let read = webhook::read(&secret, signature, body);
            assert_eq!(read, Ok(webhook::Webhook::Challenge(12_345)));
            let other = webhook::read(&Secret::new("x"), signature, body);
            assert_eq!(other, Err(webhook::WebhookFault::Signature));
        }
        "douyin-spi-signature-derived" => {
            let secret = Secret::new(vector.input("client_secret"));
            let body = vector.input("body_utf8").as_bytes();
            let signature = webhook::spi_signature(&secret, &vector.pairs("url_query"), body);
            assert_eq!(signature, vector.expected("x-life-sign"));
        }
        name if name.contains("-wire-") => {
            assert!(douyin::reads_sample(name, &vector.0["expected"]["json"]), "{name}");
        }
        other => panic!("{other} is not run"),
    }
}

fn payment_codes(vector: &Vector) {
    let Some(codes) = vector.0["inputs"]["codes"].as_array() else {
        let code = crate::recognise(vector.input("code"));
        assert_eq!(code, Some(ForeignCode::AlipayPayment));
        return;
    };
    let classes = vector.0["expected"]["class"].as_array().unwrap();
    for (code, class) in codes.iter().zip(classes) {
        let told = match crate::recognise(code.as_str().unwrap()) {
            Some(ForeignCode::WechatPayment) => "wechat",
            Some(ForeignCode::AlipayPayment) => "alipay",
            Some(ForeignCode::UnionpayPayment) => "unionpay",
            Some(ForeignCode::DouyinVoucher) | None => "unknown",
        };
        assert_eq!(told, class.as_str().unwrap(), "{code}");
    }
}

/// A user's coupon is read; what comes in notices is sealed and opened again.
fn wechat_wire(vector: &Vector) {
    let sample = vector.0["expected"]["json"].to_string();
    if vector.name() == "wechatpay-wire-busifavor-user-coupon" {
        assert!(v3::reads_sample(&sample));
        return;
    }
    let key = "0123456789abcdef0123456789ABCDEF";
    let sealer = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
    let mut sealed = sample.clone().into_bytes();
    let nonce = Nonce::try_assume_unique_for_key(b"wCq51qZv4Yfg").unwrap();
    sealer.seal_in_place_append_tag(nonce, Aad::from(b"coupon"), &mut sealed).unwrap();
    let envelope = serde_json::json!({
        "id": "EV-2018022511223320873", "event_type": "COUPON.SEND", "resource": {
            "algorithm": "AEAD_AES_256_GCM", "nonce": "wCq51qZv4Yfg",
            "associated_data": "coupon", "ciphertext": STANDARD.encode(&sealed),
        },
    });
    let notice = v3::open(envelope.to_string().as_bytes(), &Secret::new(key)).unwrap();
    assert_eq!(notice.resource.reveal(), sample);
    let other = v3::open(envelope.to_string().as_bytes(), &Secret::new(key.to_lowercase()));
    assert_eq!(other, Err(v3::NoticeFault::Sealed));
}

#[test]
fn every_published_vector_passes_or_says_why_it_is_not_ours() {
    let vectors = vectors();
    let is_ours = |vector: &&Vector| NOT_OURS.iter().all(|(name, _)| *name != vector.name());
    let ours: Vec<_> = vectors.iter().filter(is_ours).collect();
    assert_eq!(ours.len() + NOT_OURS.len(), vectors.len());
    assert_eq!(vectors.len(), CARRIED, "one was added or lost");
    for vector in ours {
        assert!(vector.0["source"].as_str().is_some_and(|source| !source.is_empty()));
        run(&vectors, vector);
    }
}
