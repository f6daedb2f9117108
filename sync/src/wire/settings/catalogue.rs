//! All that HQ can set, with what each may be and what it is where nobody says anything.
//!
//! **Invariant:** a setting stands in `SETTINGS` if and only if an edge node acts on it.

use super::kind::Kind;

/// Days that the coupon for checking in is good where nobody says otherwise.
pub const COUPON_DAYS: i64 = 30;

/// Something that HQ can set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Group and name, as a document writes them.
    pub key: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is where nobody says anything, as JSON; `null` where the store as it was set up says
    /// it.
    pub default: &'static str,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// What it does, in English.
    pub en: &'static str,
}

/// A key of the operator's screen.
const fn key(
    key: &'static str,
    default: &'static str,
    zh: &'static str,
    en: &'static str,
) -> Setting {
    Setting { key, kind: Kind::Key, default, zh, en }
}

/// All that HQ can set.
pub const SETTINGS: [Setting; 38] = [
    Setting {
        key: "receipt.head_lines",
        kind: Kind::Lines,
        default: "null",
        zh: "小票抬头：店名下方的几行",
        en: "Lines under the store's name on a receipt",
    },
    Setting {
        key: "receipt.foot_lines",
        kind: Kind::Lines,
        default: "null",
        zh: "小票结尾的几行",
        en: "Lines at a receipt's foot",
    },
    Setting {
        key: "receipt.print_within_minutes",
        kind: Kind::Number { min: 1, max: 240, unit: "min" },
        default: "10",
        zh: "打印机恢复后，多久以内的小票自动补印；更早的搁置，由店员决定",
        en: "How old a waiting receipt may be to be printed by itself once its printer is back; older ones are set aside",
    },
    Setting {
        key: "tender.cash_rounding",
        kind: Kind::Rounding,
        default: "null",
        zh: "现金抹零方式",
        en: "How cash is rounded",
    },
    Setting {
        key: "tender.payment_code_starts_tender",
        kind: Kind::Flag,
        default: "null",
        zh: "销售中扫付款码即收整单",
        en: "A payment code that is scanned while goods are on the counter pays all of them at once",
    },
    Setting {
        key: "tender.wechat",
        kind: Kind::Flag,
        default: "true",
        zh: "收微信付款码；关掉后不再发起新的收款，已发起的照常收完",
        en: "WeChat payment codes are taken; turned off, no new charge begins, and those begun go on",
    },
    Setting {
        key: "tender.alipay",
        kind: Kind::Flag,
        default: "true",
        zh: "收支付宝付款码；关掉后不再发起新的收款，已发起的照常收完",
        en: "Alipay payment codes are taken; turned off, no new charge begins, and those begun go on",
    },
    Setting {
        key: "tender.order",
        kind: Kind::Order,
        default: r#"["cash","code","voucher","member"]"#,
        zh: "收银屏上各种收款方式的先后；没写到的排在后面",
        en: "In which order a till offers ways to pay; those left out come last",
    },
    Setting {
        key: "authority.price_cut_percent_max",
        kind: Kind::Number { min: 0, max: 100, unit: "%" },
        default: "100",
        zh: "店长最多可以让一行商品便宜百分之几",
        en: "How much of a line's amount a manager may take off, in percent",
    },
    Setting {
        key: "authority.undo_minutes",
        kind: Kind::Number { min: 0, max: 60, unit: "min" },
        default: "60",
        zh: "订单完成后多少分钟内可以作废，0 为不可作废",
        en: "How long after it was completed an order may be undone; 0 for never",
    },
    Setting {
        key: "day.cut_minutes",
        kind: Kind::Number { min: 0, max: 1_439, unit: "min" },
        default: "null",
        zh: "营业日从零点后几分钟开始",
        en: "Minutes after midnight at which a business date begins",
    },
    Setting {
        key: "customer_display.hints",
        kind: Kind::Flag,
        default: "true",
        zh: "客显提示再买多少可享优惠",
        en: "The customer display says what little more would bring",
    },
    Setting {
        key: "customer_display.playlist",
        kind: Kind::Playlist,
        default: "[]",
        zh: "客显空闲时轮播的图片；门店先取齐图片，再整份换上",
        en: "Pictures that the customer display shows in turn while nobody buys; a store fetches all of them before it shows the first",
    },
    Setting {
        key: "notices.behind_minutes",
        kind: Kind::Number { min: 1, max: 1_440, unit: "min" },
        default: "15",
        zh: "订单多久未上传就提示收银员",
        en: "How long an order may wait to be told to the mall before operators are told",
    },
    Setting {
        key: "notices.old_prices_hours",
        kind: Kind::Number { min: 1, max: 168, unit: "h" },
        default: "24",
        zh: "断网后价目多久未更新就提示收银员",
        en: "How old prices may be without the mall before operators are told",
    },
    Setting {
        key: "portal.coupon_rule",
        kind: Kind::Rule,
        default: "\"\"",
        zh: "到店礼券：顾客登录门店 Wi-Fi 后得到的券，填促销规则编号，留空不发",
        en: "The coupon of a guest who signs in to the Wi-Fi: a rule's id, or empty for none",
    },
    Setting {
        key: "portal.coupon_days",
        kind: Kind::Number { min: 1, max: 365, unit: "d" },
        default: "30",
        zh: "到店礼券的有效天数；有效期内同一手机号只发一张",
        en: "Days that it is good for; within them a phone number gets one",
    },
    Setting {
        key: "offline.coupons",
        kind: Kind::Flag,
        default: "true",
        zh: "连不上总部时，收不收本品牌的券",
        en: "The brand's own coupons are taken while the mall does not answer",
    },
    Setting {
        key: "offline.savings",
        kind: Kind::Flag,
        default: "true",
        zh: "连不上总部时，会员能不能用积分和余额（不超过总部留给本店的额度）",
        en: "Members spend points and balance while the mall does not answer, of what was set aside for the store",
    },
    Setting {
        key: "offline.pickups",
        kind: Kind::Flag,
        default: "true",
        zh: "连不上总部时，交不交付自提的线上订单",
        en: "Online orders are handed over while the mall does not answer",
    },
    key("keys.keys", r#""F1""#, "按键：查看所有按键", "The key by which all keys are shown"),
    key("keys.lock", r#""F12""#, "按键：锁屏", "The key by which the till is locked"),
    key(
        "keys.reprint",
        r#""Ctrl+KeyP""#,
        "按键：补打小票",
        "The key by which the last receipt is printed again",
    ),
    key(
        "keys.quantity",
        r#""NumpadMultiply""#,
        "按键：数量",
        "The key by which what was typed is how many",
    ),
    key(
        "keys.less",
        r#""NumpadSubtract""#,
        "按键：减一件",
        "The key by which a line gets one piece less",
    ),
    key("keys.tender", r#""NumpadAdd""#, "按键：收款", "The key by which it is paid"),
    key("keys.void", r#""Delete""#, "按键：删除一行", "The key by which a line is taken out"),
    key(
        "keys.void_cart",
        r#""Shift+Delete""#,
        "按键：清空整单",
        "The key by which the whole cart is given up",
    ),
    key("keys.find", r#""F2""#, "按键：找商品", "The key by which goods are looked for by name"),
    key("keys.member", r#""F3""#, "按键：会员", "The key by which who buys is said"),
    key(
        "keys.pickups",
        r#""F6""#,
        "按键：自提",
        "The key by which online orders that wait are shown",
    ),
    key(
        "keys.phone",
        r#""Shift+F8""#,
        "按键：接手机购物车",
        "The key by which a shopper's phone is taken in",
    ),
    key("keys.undo", r#""F7""#, "按键：撤销上一步", "The key by which the last step is undone"),
    key("keys.redeem", r#""F8""#, "按键：券", "The key by which coupons and vouchers are used"),
    key("keys.price", r#""F5""#, "按键：改价", "The key by which another price is asked for"),
    key(
        "keys.online_return",
        r#""F9""#,
        "按键：线上退货",
        "The key by which goods of online orders come back",
    ),
    key(
        "keys.code",
        r#""F2""#,
        "按键：付款码（收款时）",
        "The key by which a payment code is charged, while it is paid",
    ),
    key(
        "keys.post_void",
        r#""Ctrl+Delete""#,
        "按键：作废上一单",
        "The key by which the last order is undone",
    ),
];
