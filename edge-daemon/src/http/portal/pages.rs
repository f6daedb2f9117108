//! The sign-in pages as HTML: one answer each, nothing loaded besides, readable without scripts,
//! cookies or recent CSS, at 320 px and at twice the size of text; what a finger may touch is 44 px
//! high and wide (WCAG 2.2, 2.5.5).
//!
//! **Invariant:** every text that comes from elsewhere is escaped here.

use std::fmt::Write as _;

use super::{super::problem::Language, STORE_PATH, qr};
use crate::portal::{Stop, check_in::Wallet, desk::Denied};

/// What a page shows.
#[derive(Debug)]
pub(super) enum Card {
    /// The shop's name and one button.
    First { token: String, minutes: u32 },
    /// A number, or the code that was sent to one.
    SignIn { token: String, phone: Option<String>, wrong: Option<Wrong> },
    /// The way is being opened.
    Opening { wallet: Wallet },
    /// The way is open.
    Connected { seconds: i64, may_lengthen: bool, wallet: Wallet, store: Option<String> },
    /// What is kept, and why.
    Terms,
    /// Too many guests at once.
    Full,
    /// Not now, with the reason.
    Stopped { stop: Stop, token: Option<String> },
}

/// What was wrong with what a guest sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    Phone,
    Terms,
    Code(u8),
}

/// A page of a store in a language.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) store: &'a str,
    pub(super) language: Language,
    pub(super) card: &'a Card,
}

/// A page of a way that is being opened looks again after so long; the gate is compared as often.
const OPENING_SECONDS: u32 = 5;

const STYLE: &str = "\
html{-webkit-text-size-adjust:100%}\
body{margin:0;background:#f6f4ee;color:#16201d;font:17px/1.6 'PingFang SC','HarmonyOS Sans SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif}\
main{max-width:26em;margin:0 auto;padding:1.5em 1.25em 3em}\
.shop{font:600 1.05em/1.4 'Songti SC','Noto Serif CJK SC',serif;border-bottom:3px double #d9d3c4;padding-bottom:.7em;margin:0 0 1.6em}\
h1{font-size:1.6em;line-height:1.3;margin:.2em 0 .5em}\
p{margin:.5em 0}\
.small{font-size:.85em;color:#5b635f}\
.wrong{background:#f7e2dd;border-left:4px solid #ae2b1f;padding:.6em .8em}\
label{display:block;margin:1em 0 .3em}\
label.box{display:block;margin:.4em 0;padding:.55em 0 .55em 1.9em;text-indent:-1.9em}\
label.box a,.small a{display:inline-block;padding:.8em 0;text-indent:0}\
input[type=checkbox]{width:1.3em;height:1.3em;margin:0 .6em 0 0;vertical-align:-.25em}\
input[type=tel],input[type=text]{width:100%;box-sizing:border-box;font:inherit;font-size:1.3em;padding:.55em .6em;border:1px solid #7d7a6e;border-radius:6px;background:#fff;color:inherit}\
button,a.button{display:block;width:100%;box-sizing:border-box;margin:1.4em 0 .8em;padding:.85em 1em;border:0;border-radius:6px;background:#0e665a;color:#fff;font:inherit;font-size:1.15em;font-weight:600;text-align:center;text-decoration:none}\
button.plain{background:none;color:#0e665a;border:1px solid #0e665a}\
a{color:#0e665a}\
:focus{outline:3px solid #2c4a8c;outline-offset:2px}\
.qr{display:block;width:100%;max-width:17em;margin:1em auto}\
section{border-top:3px double #d9d3c4;margin-top:1.6em;padding-top:.6em}\
h2{font-size:1.2em;margin:.4em 0}\
.left{font-size:2.2em;font-weight:600;line-height:1.2;margin:.2em 0}\
@media (prefers-color-scheme:dark){body{background:#101614;color:#eef2ef}.small{color:#aab3ae}.shop,section{border-color:#39423e}input[type=tel],input[type=text]{background:#182019;border-color:#8c948f}a,button.plain{color:#7fd0c0;border-color:#7fd0c0}:focus{outline-color:#9db5f2}.wrong{background:#3a1d19;border-color:#f08a7c}}";

/// A page.
pub(super) fn html(page: &Page<'_>) -> String {
    let chinese = page.language == Language::Chinese;
    let (title, body) = match page.card {
        Card::First { token, minutes } => first(chinese, token, *minutes),
        Card::SignIn { token, phone, wrong } => sign_in(chinese, token, phone.as_deref(), *wrong),
        Card::Opening { wallet } => opening(chinese, wallet),
        Card::Connected { seconds, may_lengthen, wallet, store } => {
            connected(chinese, (*seconds, *may_lengthen), wallet, store.as_deref())
        }
        Card::Terms => terms(chinese),
        Card::Full => plain(
            of(chinese, "现在人太多", "Too many guests just now"),
            of(
                chinese,
                "请过几分钟再试。您的信息没有保存。",
                "Please try again in a few minutes. Nothing of yours was kept.",
            ),
            &again(chinese, "/"),
        ),
        Card::Stopped { stop, token } => stopped(chinese, *stop, token.as_deref()),
    };
    let language = if chinese { "zh-CN" } else { "en" };
    let store = if page.store.is_empty() {
        of(chinese, "门店 Wi-Fi", "Store Wi-Fi").to_owned()
    } else {
        escape(page.store)
    };
    let again = if matches!(page.card, Card::Opening { .. }) {
        format!("<meta http-equiv=\"refresh\" content=\"{OPENING_SECONDS}\">")
    } else {
        String::new()
    };
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">{again}\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} · {store}</title><style>{STYLE}</style></head>\
         <body><main><p class=\"shop\">{store}</p><h1>{title}</h1>{body}</main></body></html>"
    )
}

const fn of<'a>(is_chinese: bool, chinese: &'a str, english: &'a str) -> &'a str {
    if is_chinese { chinese } else { english }
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

type Parts = (String, String);

fn plain(title: &str, detail: &str, more: &str) -> Parts {
    (title.to_owned(), format!("<p>{detail}</p>{more}"))
}

fn again(chinese: bool, to: &str) -> String {
    format!("<a class=\"button\" href=\"{to}\">{}</a>", of(chinese, "再试一次", "Try again"))
}

fn first(chinese: bool, token: &str, minutes: u32) -> Parts {
    let (title, detail, button, what) = if chinese {
        (
            "本店免费 Wi-Fi",
            format!("用手机号登录，可上网 {minutes} 分钟。"),
            "一键上网",
            "我们保存什么？为什么？",
        )
    } else {
        (
            "Free Wi-Fi of this store",
            format!("Sign in with your phone number and be online for {minutes} minutes."),
            "Go online",
            "What do we keep, and why?",
        )
    };
    let body = format!(
        "<p>{detail}</p><a class=\"button\" href=\"/w/{token}\">{button}</a>\
         <p class=\"small\"><a href=\"/terms\">{what}</a></p>",
        token = escape(token)
    );
    (title.to_owned(), body)
}

fn sign_in(chinese: bool, token: &str, phone: Option<&str>, wrong: Option<Wrong>) -> Parts {
    let token = escape(token);
    let wrong = wrong.map(|wrong| complaint(chinese, wrong)).unwrap_or_default();
    let Some(phone) = phone else {
        let body = format!(
            "{wrong}<form method=\"post\" action=\"/w/{token}/code\">\
             <label for=\"phone\">{phone}</label>\
             <input id=\"phone\" name=\"phone\" type=\"tel\" inputmode=\"numeric\" autocomplete=\"tel-national\" maxlength=\"13\" required>\
             <label class=\"box\"><input type=\"checkbox\" name=\"terms\" value=\"1\" required>{terms} <a href=\"/terms\">{link}</a></label>\
             <label class=\"box\"><input type=\"checkbox\" name=\"marketing\" value=\"1\">{marketing}</label>\
             <button>{button}</button></form>",
            phone = of(chinese, "手机号", "Mobile number (mainland China)"),
            terms = of(chinese, "我同意", "I agree to the"),
            link = of(chinese, "上网服务条款", "terms of use"),
            marketing = of(
                chinese,
                "愿意收到本店优惠消息（可不选）",
                "Send me offers of this store (optional)"
            ),
            button = of(chinese, "发送验证码", "Send me a code"),
        );
        return (of(chinese, "手机号登录", "Sign in").to_owned(), body);
    };
    let phone = escape(phone);
    let sent = if chinese {
        format!("验证码已发到 {phone}，5 分钟内有效。")
    } else {
        format!("A code was sent to {phone}. It is good for 5 minutes.")
    };
    let body = format!(
        "{wrong}<p>{sent}</p><form method=\"post\" action=\"/w/{token}/entry\">\
         <label for=\"code\">{label}</label>\
         <input id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" pattern=\"[0-9]{{6}}\" maxlength=\"6\" autocomplete=\"one-time-code\" required autofocus>\
         <button>{button}</button></form>\
         <p class=\"small\"><a href=\"/\">{other}</a></p>",
        label = of(chinese, "6 位验证码", "6-digit code"),
        button = of(chinese, "上网", "Go online"),
        other =
            of(chinese, "没收到？换个号码重来", "Not received? Start again with another number"),
    );
    (of(chinese, "输入验证码", "Enter the code").to_owned(), body)
}

fn complaint(chinese: bool, wrong: Wrong) -> String {
    let text = match (wrong, chinese) {
        (Wrong::Phone, true) => "请输入 11 位手机号。".to_owned(),
        (Wrong::Phone, false) => "Please enter a mobile number of 11 digits.".to_owned(),
        (Wrong::Terms, true) => "同意条款后才能上网。".to_owned(),
        (Wrong::Terms, false) => "You can go online once you agree to the terms.".to_owned(),
        (Wrong::Code(left), true) => format!("验证码不对，还可以试 {left} 次。"),
        (Wrong::Code(left), false) => format!("That is not the code; {left} more tries."),
    };
    format!("<p class=\"wrong\" role=\"alert\">{text}</p>")
}

/// Signed in, and the gate has not done it yet: nobody is told that they are online who is not.
fn opening(chinese: bool, wallet: &Wallet) -> Parts {
    let detail = of(
        chinese,
        "登录成功，正在打开网络，通常只要几秒，此页会自己刷新。一直没好的话，请告诉店员，不用再次登录。",
        "You are signed in and the way is being opened, which takes some seconds; this page looks again by itself. If it stays like this, please tell the staff. You need not sign in again.",
    );
    let look = of(chinese, "现在看看", "Look now");
    let body = format!(
        "<p>{detail}</p><a class=\"button\" href=\"/\">{look}</a>{}",
        coupon(chinese, wallet)
    );
    (of(chinese, "正在为您连网", "Opening the way").to_owned(), body)
}

fn connected(
    chinese: bool,
    (seconds, may_lengthen): (i64, bool),
    wallet: &Wallet,
    store: Option<&str>,
) -> Parts {
    // Rounded up: a guest with 30 seconds is not told that none are left.
    let minutes = (seconds + 59) / 60;
    let mut body = String::new();
    // Writing to a text does not fail.
    let _ = if chinese {
        write!(
            body,
            "<p>还可以上网</p><p class=\"left\">{minutes} 分钟</p><p>可以关闭此页，正常使用网络。</p>"
        )
    } else {
        write!(
            body,
            "<p>Online for</p><p class=\"left\">{minutes} min</p><p>You may close this page.</p>"
        )
    };
    if may_lengthen {
        let _ = write!(
            body,
            "<form method=\"post\" action=\"/longer\"><button class=\"plain\">{}</button></form>",
            of(chinese, "延长时间", "More time")
        );
    }
    body.push_str(&coupon(chinese, wallet));
    body.push_str(&store.map(|address| way_to_store(chinese, address)).unwrap_or_default());
    (of(chinese, "已连网", "You are online").to_owned(), body)
}

/// The store's own pages: as a link, and as an address for the phone's browser, because the sheet in
/// which sign-in pages are shown takes no photos and is gone soon.
fn way_to_store(chinese: bool, address: &str) -> String {
    let title = of(chinese, "用手机逛本店", "Shop with your phone");
    let what = of(
        chinese,
        "扫商品看价格，装好购物车，到收银台结账。",
        "Scan goods to see what they cost, fill a cart, and pay at the till.",
    );
    let go = of(chinese, "去逛逛", "Go in");
    let type_it = of(
        chinese,
        "此页不能拍照的话，在手机浏览器里输入：",
        "If no photo can be taken here, type this in your phone's browser:",
    );
    format!(
        "<section><h2>{title}</h2><p>{what}</p>\
         <a class=\"button\" href=\"{STORE_PATH}\">{go}</a>\
         <p class=\"small\">{type_it} <strong>{}</strong></p></section>",
        escape(address)
    )
}

/// What a guest gets for coming.
fn coupon(chinese: bool, wallet: &Wallet) -> String {
    let (name, token, until) = match wallet {
        Wallet::Empty => return String::new(),
        Wallet::OnItsWay => {
            let text = of(
                chinese,
                "到店礼券正在送来，稍后再打开此页就能看到。",
                "A coupon for coming is on its way: open this page again in a moment.",
            );
            let look = of(chinese, "看看礼券到了没有", "See whether it is here");
            return format!(
                "<section><p>{text}</p><a class=\"button\" href=\"/\">{look}</a></section>"
            );
        }
        Wallet::Coupon { name, is_used: true, .. } => {
            let text = of(chinese, "已使用，谢谢光临。", "It was used. Thank you for coming.");
            return format!("<section><h2>{}</h2><p>{text}</p></section>", escape(name));
        }
        Wallet::Coupon { name, token, until, is_used: false } => (escape(name), token, until),
    };
    let title = of(chinese, "您的到店礼券", "Your coupon for coming");
    let show = of(chinese, "结账时给收银员扫一下。", "Show it at the till.");
    let until = if chinese { format!("有效期至 {until}") } else { format!("Until {until}") };
    let code = qr::svg(token, title).unwrap_or_default();
    format!(
        "<section><h2>{title}</h2><p>{name}</p>{code}<p>{show}</p>\
         <p class=\"small\">{until}</p></section>"
    )
}

fn terms(chinese: bool) -> Parts {
    let body = if chinese {
        "<p><strong>简单说：</strong>按照法律，公共 Wi-Fi 要实名。我们保存您的手机号、设备地址、上网的开始和结束时间，\
         保存约六个月后删除。我们不看也不保存您上网的内容。</p>\
         <p><strong>保存什么：</strong>手机号（加密保存）、设备的 MAC 地址、分配的 IP 地址、登录时间和到期时间、您同意的条款版本。</p>\
         <p><strong>为什么：</strong>《网络安全法》和公安部第 82 号令要求提供公共上网的场所留存登录记录。除法律要求外，不会提供给他人。</p>\
         <p><strong>优惠消息：</strong>只有您自己勾选才会发送，与能否上网无关。</p>\
         <p><strong>您的权利：</strong>可以向门店要求查询、更正；法定期限届满后记录自动删除。</p>\
         <p><strong>请勿：</strong>利用本网络从事违法活动。</p>"
    } else {
        "<p><strong>In short:</strong> the law asks who uses a public Wi-Fi. We keep your number, your device's address and when you were online, \
         for about six months, and then delete it. We neither see nor keep what you do online.</p>\
         <p><strong>What we keep:</strong> phone number (encrypted), MAC address, IP address, time of sign-in and its end, the version of these terms.</p>\
         <p><strong>Why:</strong> the Cybersecurity Law and Order 82 of the Ministry of Public Security ask places with public internet to keep sign-in records. Nobody else gets them.</p>\
         <p><strong>Offers:</strong> only if you tick the box yourself; being online does not depend on it.</p>\
         <p><strong>Your rights:</strong> ask the store what it keeps of you and have it corrected; records are deleted when the legal term is over.</p>\
         <p><strong>Please</strong> do nothing unlawful on this network.</p>"
    };
    let title = of(chinese, "上网服务条款", "Terms of use");
    (title.to_owned(), format!("{body}{}", back(chinese)))
}

fn back(chinese: bool) -> String {
    format!("<a class=\"button\" href=\"/\">{}</a>", of(chinese, "返回", "Back"))
}

fn stopped(chinese: bool, stop: Stop, token: Option<&str>) -> Parts {
    let (title, detail) = reason(chinese, stop);
    // A guest who waits for the next SMS still has the code of the last one to type.
    let to = match (stop, token) {
        (Stop::Denied(Denied::TooSoon(_)), Some(token)) => format!("/w/{}", escape(token)),
        _ => "/".to_owned(),
    };
    plain(&title, &detail, &again(chinese, &to))
}

fn reason(chinese: bool, stop: Stop) -> Parts {
    let (title, detail) = match (stop, chinese) {
        (Stop::Denied(Denied::TooSoon(seconds)), true) => {
            return (
                "验证码刚发过".to_owned(),
                format!("请看看短信；{seconds} 秒后可以再发一次。"),
            );
        }
        (Stop::Denied(Denied::TooSoon(seconds)), false) => {
            return (
                "A code was just sent".to_owned(),
                format!(
                    "Please look at your messages; the next one can be sent in {seconds} seconds."
                ),
            );
        }
        (Stop::Denied(Denied::Gone), true) => ("等待太久", "这次登录已经结束，请从头再来。"),
        (Stop::Denied(Denied::Gone), false) => {
            ("That took too long", "This sign-in is over. Please begin again.")
        }
        (Stop::Denied(Denied::Enough), true) => {
            ("今天发得太多了", "这个号码或这台手机今天的验证码已用完，请明天再试。")
        }
        (Stop::Denied(Denied::Enough), false) => (
            "Enough codes for today",
            "This number or this phone has had its codes of today. Please try again tomorrow.",
        ),
        (Stop::Denied(Denied::Busy), true) => {
            ("现在人太多", "本店这一小时的验证码已发完，请稍后再试。")
        }
        (Stop::Denied(Denied::Busy), false) => (
            "Too many guests just now",
            "The store has sent all codes of this hour. Please try again later.",
        ),
        (Stop::Denied(Denied::Wrong(_) | Denied::Over), true) => {
            ("验证码已失效", "验证码过期或试错太多次，请重新获取。")
        }
        (Stop::Denied(Denied::Wrong(_) | Denied::Over), false) => (
            "The code is no longer good",
            "It is too old, or there were too many tries. Please ask for a new one.",
        ),
        (Stop::NotSent, true) => {
            ("短信没发出去", "验证码没有发出，您的号码没有保存。请过一分钟再试。")
        }
        (Stop::NotSent, false) => (
            "The message was not sent",
            "No code went out and your number was not kept. Please try again in a minute.",
        ),
        (Stop::NoDevice, true) => ("请先连接本店 Wi-Fi", "此页只为连接本店 Wi-Fi 的手机服务。"),
        (Stop::NoDevice, false) => {
            ("Join the store's Wi-Fi first", "This page is for phones on the store's Wi-Fi.")
        }
        (Stop::NotWritten, true) => {
            ("暂时不能上网", "门店设备忙，没有为您开通。请告诉店员，或稍后再试。")
        }
        (Stop::NotWritten, false) => (
            "Not available just now",
            "The store's box is busy and did not let you through. Please tell the staff, or try again later.",
        ),
        (Stop::LongEnough, true) => ("不能再延长", "时间用完后可以重新登录。"),
        (Stop::LongEnough, false) => {
            ("It cannot be made longer", "You may sign in again when the time is over.")
        }
    };
    (title.to_owned(), detail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest token there is.
    fn with_coupon(is_used: bool) -> Wallet {
        let token = format!("C1.{}", "x".repeat(247));
        let (name, until) = ("Ten off".to_owned(), "2026-12-22 18:03".to_owned());
        Wallet::Coupon { name, token, until, is_used }
    }

    fn online(may_lengthen: bool, wallet: Wallet, store: Option<&str>) -> Card {
        Card::Connected { seconds: 7_140, may_lengthen, wallet, store: store.map(str::to_owned) }
    }

    fn cards() -> Vec<Card> {
        let token = || "00".repeat(16);
        let denied =
            [Denied::Gone, Denied::TooSoon(30), Denied::Enough, Denied::Busy, Denied::Over];
        let stops = denied.into_iter().map(Stop::Denied).chain([
            Stop::NotSent,
            Stop::NoDevice,
            Stop::NotWritten,
            Stop::LongEnough,
        ]);
        let mut cards: Vec<Card> =
            stops.map(|stop| Card::Stopped { stop, token: Some(token()) }).collect();
        cards.extend([
            Card::First { token: token(), minutes: 120 },
            Card::SignIn { token: token(), phone: None, wrong: Some(Wrong::Phone) },
            Card::SignIn { token: token(), phone: None, wrong: Some(Wrong::Terms) },
            Card::SignIn {
                token: token(),
                phone: Some("138****5678".to_owned()),
                wrong: Some(Wrong::Code(4)),
            },
            Card::Opening { wallet: with_coupon(false) },
            online(true, Wallet::Empty, None),
            online(true, Wallet::OnItsWay, Some("10.77.0.1/store")),
            online(false, with_coupon(false), Some("10.77.0.1/store")),
            online(false, with_coupon(true), None),
            Card::Terms,
            Card::Full,
        ]);
        cards
    }

    #[test]
    fn every_page_is_small_loads_nothing_and_speaks_one_language() {
        for card in &cards() {
            for language in [Language::Chinese, Language::English] {
                let html = html(&Page { store: "南京西路店", language, card });
                assert!(html.len() < 14_000, "{} bytes", html.len());
                for foreign in
                    ["<script", "src=", "http://", "https://", "<link", "@import", "url("]
                {
                    assert!(!html.contains(foreign), "{foreign} in {html}");
                }
                if language == Language::English {
                    let body = html.split("</style>").nth(1).unwrap().replace("南京西路店", "");
                    assert!(body.is_ascii(), "{body}");
                }
            }
        }
    }

    #[test]
    fn a_page_says_online_only_where_the_way_is_open_and_looks_again_where_it_is_not() {
        for card in &cards() {
            let page = html(&Page { store: "店", language: Language::Chinese, card });
            let is_open = matches!(card, Card::Connected { .. });
            assert_eq!(page.contains("已连网"), is_open, "{card:?}");
            let is_opening = matches!(card, Card::Opening { .. });
            assert_eq!(page.contains("http-equiv"), is_opening, "{card:?}");
        }
    }

    #[test]
    fn nothing_is_ticked_for_the_guest_and_the_code_box_takes_a_paste() {
        let ask = Card::SignIn { token: "00".repeat(16), phone: None, wrong: None };
        let page = html(&Page { store: "店", language: Language::Chinese, card: &ask });
        assert_eq!(page.matches("type=\"checkbox\"").count(), 2);
        assert!(!page.contains("checked"));
        let phone = Some("138****5678".to_owned());
        let enter = Card::SignIn { token: "00".repeat(16), phone, wrong: None };
        let page = html(&Page { store: "店", language: Language::Chinese, card: &enter });
        assert!(page.contains("autocomplete=\"one-time-code\""));
        assert!(page.contains("inputmode=\"numeric\""));
    }

    #[test]
    fn a_name_cannot_become_a_script() {
        let card = Card::Terms;
        let store = "<script>alert(1)</script>\"'&";
        let page = html(&Page { store, language: Language::Chinese, card: &card });
        assert!(!page.contains("<script"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    }
}
