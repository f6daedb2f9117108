//! Keys, tokens and codes are in no `Debug` of anything that a caller could log.

use domain::money::Money;
use platforms::{
    acquirer::{Acquirer, Charge},
    issuer::{Issuer, Offer, Prepared, Presented, Worth},
};

use crate::{
    alipay, douyin,
    keys::{clock, code, merchant_pem, number},
    server::{Reply, Server},
    wechat_v2, wechat_v3,
};

#[tokio::test]
async fn nothing_secret_is_printed() {
    let server = Server::start(|_| Reply::Cut).await;
    let (payment, token) = ("134567890123456789", "verify-token-0123456789");
    let (douyin, v2) = (douyin::config(&server), wechat_v2::config(&server));
    let (v3, alipay) = (wechat_v3::config(&server), alipay::config(&server));
    let mut printed = vec![
        format!("{douyin:?}"),
        format!("{v2:?}"),
        format!("{v3:?}"),
        format!("{alipay:?}"),
        format!("{:?}", Presented { code: code(payment), openid: None, stock: None }),
        format!("{:?}", Prepared::Douyin { token: code(token), order: String::new() }),
    ];
    let charge = Charge {
        number: number("S1"),
        code: code(payment),
        amount: Money::from_minor(1),
        subject: String::new(),
        shop: String::new(),
        workstation: String::new(),
    };
    let offer = Offer {
        code: code(token),
        title: String::new(),
        product: String::new(),
        worth: Worth::NotTold,
        paid: Money::ZERO,
        begins: None,
        ends: None,
    };
    printed.extend([format!("{charge:?}"), format!("{offer:?}")]);
    let issuers = [
        Issuer::Douyin(platforms::douyin::Client::new(douyin, clock()).unwrap()),
        Issuer::Wechat(platforms::wechat::v3::Client::new(v3, clock()).unwrap()),
    ];
    let acquirers = [
        Acquirer::Wechat(platforms::wechat::v2::Client::new(v2).unwrap()),
        Acquirer::Alipay(platforms::alipay::Client::new(alipay, clock()).unwrap()),
    ];
    printed.extend(issuers.iter().map(|issuer| format!("{issuer:?}")));
    printed.extend(acquirers.iter().map(|acquirer| format!("{acquirer:?}")));
    let xml = format!("<xml><auth_code>{payment}</auth_code></xml>");
    let fields = platforms::wechat::v2::Fields::read(xml.as_bytes()).unwrap();
    printed.push(format!("{fields:?}"));

    let key_row = merchant_pem().lines().nth(1).unwrap().to_owned();
    let identity_row = server.identity_pem.lines().rev().nth(1).unwrap().to_owned();
    let secrets = [
        wechat_v2::API_KEY,
        "0123456789abcdef0123456789ABCDEF",
        "s3cret-of-the-app",
        &key_row,
        &identity_row,
        "13456789012345",
        "verify-token",
        "BEGIN PRIVATE",
    ];
    for text in &printed {
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
