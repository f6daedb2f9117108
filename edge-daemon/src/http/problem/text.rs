//! The sentences of problems, Chinese first. What happened, what is safe, what to do.

use super::Language;

/// The sentences of one problem.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    pub(super) hint: &'static str,
}

/// Slug, then title, detail and hint in Chinese, then in English.
type Row = (&'static str, [&'static str; 3], [&'static str; 3]);

const ROWS: &[Row] = &[
    (
        "sign-in-required",
        ["请先登录", "这台收银台还没有人登录。", "选择姓名并输入密码。"],
        [
            "Sign in first",
            "Nobody is signed in at this workstation.",
            "Choose your name and type your PIN.",
        ],
    ),
    (
        "pin-wrong",
        ["密码不对", "没有登录。", "再试一次。连续五次不对要等一会儿。"],
        [
            "Wrong PIN",
            "You are not signed in.",
            "Try again. After five wrong tries there is a pause.",
        ],
    ),
    (
        "locked-out",
        [
            "请稍等",
            "试错次数太多，这位收银员在这台收银台暂时不能登录。",
            "等一会儿再试，或换人登录。",
        ],
        [
            "Wait a moment",
            "Too many wrong PINs for this operator at this workstation.",
            "Wait, or let somebody else sign in.",
        ],
    ),
    (
        "forbidden",
        ["没有权限", "这一步需要店长。什么都没有改变。", "请店长登录后再做。"],
        ["Not allowed", "This needs a manager. Nothing was changed.", "Ask a manager to sign in."],
    ),
    (
        "unknown-barcode",
        ["没有这个商品", "条码 {0} 不在目录里。购物车没有变。", "核对条码，或按 F2 找商品。"],
        [
            "No such item",
            "No item has the code {0}. The cart is as it was.",
            "Check the code, or press F2 to find the item.",
        ],
    ),
    (
        "bad-check-digit",
        ["条码读错了", "{0} 的校验位不对，可能错扫了一位。购物车没有变。", "再扫一次。"],
        [
            "Code misread",
            "The check digit of {0} is wrong. The cart is as it was.",
            "Scan it again.",
        ],
    ),
    (
        "unsupported-code",
        [
            "这种码还不能收",
            "这是{0}的码，这里还不能收。没有扣款，也没有核销，购物车没有变。",
            "请顾客换一种方式。",
        ],
        [
            "Code not taken here",
            "This is a code of {0}, which is not taken here yet. Nothing was charged or redeemed. The cart is as it was.",
            "Ask the shopper for another way to pay.",
        ],
    ),
    (
        "not-a-code",
        ["读不出条码", "扫到的内容不是条码。购物车没有变。", "再扫一次，或输入条码。"],
        [
            "Not a code",
            "What was scanned is not a code. The cart is as it was.",
            "Scan again, or type the code.",
        ],
    ),
    (
        "weight-needed",
        ["要先称重", "这个商品按重量卖。购物车没有变。", "先输入公斤数再扫，或扫称重标签。"],
        [
            "Weigh it first",
            "This item is sold by weight. The cart is as it was.",
            "Type the kilograms and scan again, or scan its weight label.",
        ],
    ),
    (
        "quantity-out-of-range",
        ["数量不对", "数量要大于 0、不超过 9999，按件卖的要整数。购物车没有变。", "重新输入数量。"],
        [
            "Quantity out of range",
            "A quantity is more than 0 and at most 9,999; pieces are whole. The cart is as it was.",
            "Type the quantity again.",
        ],
    ),
    (
        "quantity-on-label",
        ["数量印在标签上", "称重标签的数量不能改。购物车没有变。", "作废这一行，重新称。"],
        [
            "Printed on the label",
            "The quantity of a weight label cannot be changed. The cart is as it was.",
            "Void the line and weigh again.",
        ],
    ),
    (
        "line-not-found",
        ["这一行已经不在了", "别的屏幕刚改过购物车。什么都没有改变。", "看一眼屏幕再做。"],
        [
            "The line is gone",
            "Another screen has just changed the cart. Nothing was done.",
            "Look at the screen and try again.",
        ],
    ),
    (
        "cart-full",
        ["购物车满了", "一单最多 200 行。购物车没有变。", "先结这一单。"],
        [
            "The cart is full",
            "An order has at most 200 lines. The cart is as it was.",
            "Complete this order first.",
        ],
    ),
    (
        "cart-empty",
        ["购物车是空的", "没有要收款的商品。", "先扫商品。"],
        ["The cart is empty", "There is nothing to pay for.", "Scan an item first."],
    ),
    (
        "cart-changed",
        ["购物车刚变过", "屏幕上的金额已经不是最新的。没有收款。", "核对新的金额再收款。"],
        [
            "The cart has changed",
            "The amount on this screen is not the newest. Nothing was taken.",
            "Check the new amount and tender again.",
        ],
    ),
    (
        "price-changed",
        [
            "价格刚变过",
            "促销刚开始、结束或更新，现在合计 {0} 元。没有收款，购物车还在。",
            "告诉顾客新的金额，再按一次收款。",
        ],
        [
            "The price has changed",
            "A promotion has just begun, ended or changed: the total is {0} now. Nothing was taken; the cart is still here.",
            "Tell the shopper the new amount and press again.",
        ],
    ),
    (
        "tender-short",
        ["钱还不够", "还差 {0} 元。订单没有完成，购物车还在。", "再收一些。"],
        [
            "Not enough",
            "{0} is missing. The order is not complete; the cart is still here.",
            "Take the rest.",
        ],
    ),
    (
        "tender-impossible",
        ["金额不对", "这个收款金额不能用。订单没有完成，购物车还在。", "重新输入金额。"],
        [
            "Amount not possible",
            "This amount cannot be taken. The order is not complete; the cart is still here.",
            "Type the amount again.",
        ],
    ),
    (
        "order-conflict",
        ["编号重复", "同一个编号已经用在另一件事上。什么都没有改变。", "刷新屏幕再做。"],
        [
            "Id used before",
            "The same id was used for something else. Nothing was changed.",
            "Reload the screen and try again.",
        ],
    ),
    (
        "no-catalog",
        ["商品资料还没到", "这台机器还没有收到商品资料。", "检查网络，等资料到了再卖。"],
        [
            "No catalog yet",
            "This box has not received its catalog.",
            "Check the network and wait for it to arrive.",
        ],
    ),
    (
        "workstation-unknown",
        ["没有这台收银台", "门店没有这个编号的收银台。", "核对地址里的编号。"],
        [
            "No such workstation",
            "The store has no workstation of this number.",
            "Check the number in the address.",
        ],
    ),
    (
        "order-unknown",
        ["没有这个订单", "这家门店没有这个订单。", "核对小票号。"],
        ["No such order", "This store has no such order.", "Check the receipt number."],
    ),
    (
        "no-printer",
        ["没有打印机", "这台收银台没有配打印机。订单是好的。", "到别的收银台补打。"],
        [
            "No printer",
            "This workstation has no printer. The order is safe.",
            "Print at another workstation.",
        ],
    ),
    (
        "drawer-unreachable",
        ["钱箱打不开", "钱箱没有回应。", "检查打印机和钱箱的连线，或用钥匙开。"],
        [
            "Drawer not reached",
            "The drawer did not answer.",
            "Check the printer's cable, or use the key.",
        ],
    ),
    (
        "busy",
        ["请稍等", "机器正忙，这一步没有做。", "再按一次。"],
        ["Busy", "The box is busy; this step was not done.", "Press again."],
    ),
    (
        "not-kept",
        ["没有记上", "这一步没有存下，购物车没有变。", "再扫一次；多次不行请叫店长。"],
        [
            "Not kept",
            "This step was not kept. The cart is as it was.",
            "Scan again; call a manager if it goes on.",
        ],
    ),
    (
        "disk-full",
        ["磁盘满了", "这一步没有存下。已经存下的订单都在。", "请店长清理磁盘。"],
        [
            "The disk is full",
            "This step was not kept. Orders already kept are safe.",
            "Ask the manager to free space.",
        ],
    ),
    (
        "too-many-screens",
        ["屏幕太多", "连着的屏幕已经到上限。", "关掉不用的页面。"],
        [
            "Too many screens",
            "The limit of connected screens is reached.",
            "Close pages that are not used.",
        ],
    ),
    (
        "foreign-host",
        ["地址不对", "请用门店给的地址打开。", ""],
        ["Wrong address", "Open this page by the store's own address.", ""],
    ),
    (
        "foreign-page",
        ["来源不对", "别的网页不能操作收银台。什么都没有改变。", ""],
        ["Foreign page", "Another site cannot work a till. Nothing was changed.", ""],
    ),
    (
        "body-too-large",
        ["内容太长", "请求超过了上限。什么都没有改变。", ""],
        ["Too large", "The request is over the limit. Nothing was changed.", ""],
    ),
    (
        "malformed",
        ["请求看不懂", "请求不完整或格式不对。什么都没有改变。", "刷新屏幕再做。"],
        [
            "Malformed request",
            "The request is incomplete or not understood. Nothing was changed.",
            "Reload the screen and try again.",
        ],
    ),
    (
        "method-not-allowed",
        ["不能这样做", "这个地址不接受这种请求。", ""],
        ["Method not allowed", "This address does not take such a request.", ""],
    ),
    (
        "not-found",
        ["没有这个页面", "地址里没有东西。", ""],
        ["Not found", "There is nothing at this address.", ""],
    ),
    (
        "internal",
        [
            "机器出错了",
            "这一步可能没有做完。已经存下的订单都在。",
            "看屏幕上的购物车再继续。出错多次请联系支持。",
        ],
        [
            "Something broke",
            "This step may not be done. Orders already kept are safe.",
            "Look at the cart on the screen and go on. Call support if it happens again.",
        ],
    ),
];

/// The sentences of a problem; every slug of ours has a row, which a test checks.
pub(super) fn words(slug: &str, language: Language) -> Words {
    known(slug, language).unwrap_or(Words { title: "", detail: "", hint: "" })
}

/// The sentences of a problem we know.
pub(super) fn known(slug: &str, language: Language) -> Option<Words> {
    let (_, chinese, english) = ROWS.iter().find(|(known, _, _)| *known == slug)?;
    let [title, detail, hint] = match language {
        Language::Chinese => *chinese,
        Language::English => *english,
    };
    Some(Words { title, detail, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The room's own source names every slug it uses.
    const SOURCES: [&str; 9] = [
        include_str!("../problem.rs"),
        include_str!("../guard.rs"),
        include_str!("../caller.rs"),
        include_str!("../session.rs"),
        include_str!("../workstation.rs"),
        include_str!("../orders.rs"),
        include_str!("../sim.rs"),
        include_str!("../stream.rs"),
        include_str!("../body.rs"),
    ];

    #[test]
    fn every_problem_that_is_answered_has_its_sentences_in_both_languages() {
        let slugs = SOURCES.iter().flat_map(|source| {
            source.split("plain(\"").skip(1).filter_map(|rest| rest.split('"').next())
        });
        let mut n = 0;
        for slug in slugs {
            n += 1;
            for language in [Language::Chinese, Language::English] {
                let words = known(slug, language);
                assert!(
                    words.is_some_and(|w| !w.title.is_empty() && !w.detail.is_empty()),
                    "{slug}"
                );
            }
        }
        assert!(n > 25, "only {n} slugs were found");
    }
}
