//! Which code of another house a scanned text is.
//!
//! A till that does not take such a code must still know it, so that a shopper's payment code is
//! never looked up as an item, shown on a screen, or written to a log.
//!
//! **Invariant:** nothing here calls anybody, and nothing here keeps or prints the code.

/// A code that belongs to another house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignCode {
    /// WeChat Pay's payment code: 18 digits that begin with 10 to 15.
    WechatPayment,
    /// Alipay's payment code: 16 to 24 digits that begin with 25 to 30.
    AlipayPayment,
    /// UnionPay's payment code: 19 digits that begin with 62.
    UnionpayPayment,
    /// A Douyin short link, as its vouchers' QR codes carry.
    DouyinVoucher,
}

impl ForeignCode {
    /// The house, as people call it.
    #[must_use]
    pub const fn house(self) -> &'static str {
        match self {
            Self::WechatPayment => "微信支付",
            Self::AlipayPayment => "支付宝",
            Self::UnionpayPayment => "云闪付",
            Self::DouyinVoucher => "抖音",
        }
    }
}

/// Tells a foreign code by its form. Ask after the store's own label patterns: an 18-digit weight
/// label may look like a payment code, and the store's table decides.
///
/// The ranges of payment codes are those that the houses publish for merchants (WeChat Pay
/// `auth_code`, Alipay `auth_code`); lengths of GTINs are never among them.
#[must_use]
pub fn recognise(text: &str) -> Option<ForeignCode> {
    let text = text.trim();
    if text.starts_with("https://v.douyin.com/") {
        return Some(ForeignCode::DouyinVoucher);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let prefix: u8 = text.get(..2)?.parse().ok()?;
    match (text.len(), prefix) {
        (18, 10..=15) => Some(ForeignCode::WechatPayment),
        (16..=24, 25..=30) => Some(ForeignCode::AlipayPayment),
        (19, 62) => Some(ForeignCode::UnionpayPayment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_other_houses_are_told_by_their_form() {
        let table = [
            ("134567890123456789", Some(ForeignCode::WechatPayment)),
            ("281234567890123456", Some(ForeignCode::AlipayPayment)),
            ("6212345678901234567", Some(ForeignCode::UnionpayPayment)),
            ("https://v.douyin.com/abc/", Some(ForeignCode::DouyinVoucher)),
            ("6901234567892", None),
            ("16901234567899", None),
            ("KN2301-GRN-M", None),
            ("1", None),
            ("", None),
            ("羊毛", None),
        ];
        for (text, expected) in table {
            assert_eq!(recognise(text), expected, "{text}");
        }
    }
}
