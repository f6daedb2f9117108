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
pub(super) type Row = (&'static str, [&'static str; 3], [&'static str; 3]);

const ROWS: &[Row] = &[
    (
        "console-sign-in-required",
        ["请先登录", "店长台没有登录，或已经超时退出。什么都没有改变。", "输入工号和密码登录。"],
        [
            "Sign in first",
            "Nobody is signed in to the console, or the session has ended. Nothing was changed.",
            "Sign in with your number and PIN.",
        ],
    ),
    (
        "console-managers",
        ["只有店长能进", "密码对，但这个工号不是店长。没有登录。", "请店长登录。"],
        [
            "For managers",
            "The PIN is right, but this operator is no manager. You are not signed in.",
            "Let a manager sign in.",
        ],
    ),
    (
        "approval-waiting",
        [
            "在等店长",
            "有一行的改价店长还没有答复。购物车没有变，没有收款。",
            "等店长答复，或按 F5 撤回申请再收款。",
        ],
        [
            "A manager is asked",
            "A manager has not decided yet about the price of a line. The cart is as it was, nothing was taken.",
            "Wait for the manager, or take the wish back with F5.",
        ],
    ),
    (
        "approval-weighed",
        ["称重商品不能改单价", "这一行按重量卖。购物车没有变。", "改用打折。"],
        [
            "Weighed goods have no price each",
            "The line is sold by weight. The cart is as it was.",
            "Ask for a discount instead.",
        ],
    ),
    (
        "approval-not-lower",
        [
            "没有更便宜",
            "申请的价格不比现在低。购物车没有变，没有去问店长。",
            "输入更低的价格或折扣。",
        ],
        [
            "Not a lower price",
            "What was typed is not less than the line costs now. The cart is as it was, nobody was asked.",
            "Type a lower price or a discount.",
        ],
    ),
    (
        "approval-unknown",
        ["没有这个申请", "找不到这个改价申请。什么都没有改变。", "看一眼列表再做。"],
        [
            "No such wish",
            "There is no such wish for a price. Nothing was changed.",
            "Look at the list again.",
        ],
    ),
    (
        "approval-decided",
        ["已经有结果了", "这个改价申请已经有人答复，或已经撤回。什么都没有改变。", "看一眼列表。"],
        [
            "Decided already",
            "Somebody has decided about it, or it was taken back. Nothing was changed.",
            "Look at the list.",
        ],
    ),
    (
        "approval-lapsed",
        [
            "这一行变了",
            "申请以后这一行改过、作废了或已经结账。没有改价，申请作废。",
            "需要的话请收银员重新申请。",
        ],
        [
            "The line has changed",
            "Since it was asked for, the line was changed, voided or sold. No price was changed, and the wish is gone.",
            "Let the cashier ask again if it is still wanted.",
        ],
    ),
    (
        "printer-not-ready",
        [
            "打印机没有准备好",
            "测试小票没有打印。收银不受影响。",
            "看一下纸、上盖和网线，再试一次。",
        ],
        [
            "The printer is not ready",
            "The test slip was not printed. Selling goes on.",
            "Look at paper, cover and cable, then try again.",
        ],
    ),
    (
        "display-busy",
        ["正在收银", "这台收银台上有商品，客显正给顾客看。没有测试。", "等这一单结束再试。"],
        [
            "The till is busy",
            "There are goods on this counter, and its display is the shopper's. Nothing was tried.",
            "Try again after this order.",
        ],
    ),
    (
        "not-paired",
        [
            "这块屏幕还没有配对",
            "这里不能买东西，什么都没有改变。",
            "请店长在收银台取配对码，在这里输入。",
        ],
        [
            "This screen is not paired",
            "Nothing can be bought here. Nothing was changed.",
            "Ask a manager for a pairing code at a till, and type it here.",
        ],
    ),
    (
        "not-a-kiosk",
        ["不是自助机", "这个工位不是自助机，什么都没有改变。", "核对编号，或请总部设为自助机。"],
        [
            "Not a kiosk",
            "This workstation is no kiosk. Nothing was changed.",
            "Check the number, or ask HQ to make it a kiosk.",
        ],
    ),
    (
        "pairing-code-wrong",
        ["配对码不能用", "配对码不对、已过期或已用过。屏幕没有配对。", "请店长取一个新码再试。"],
        [
            "The code is not good",
            "It is wrong, has run out, or was used. The screen is not paired.",
            "Ask a manager for a new code.",
        ],
    ),
    (
        "item-unknown",
        ["没有这个商品", "目录里没有这个商品，购物车没有变。", "换一个商品，或请店员帮忙。"],
        [
            "No such item",
            "The catalog has no such item. The cart is as it was.",
            "Choose another, or ask somebody of the store.",
        ],
    ),
    (
        "too-fast",
        ["请慢一点", "这台设备问得太快，什么都没有改变。", "稍等一秒再试。"],
        [
            "A little slower",
            "This device asks too fast. Nothing was changed.",
            "Wait a second and try again.",
        ],
    ),
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
        "offer-not-chosen",
        ["先选用哪张券", "这张码里有几种券，还没有选。没有扣款。", "选好要用的券，再扫付款码。"],
        [
            "Choose a voucher first",
            "This code holds several vouchers and none is chosen. Nothing was charged.",
            "Choose which to use, then scan the payment code again.",
        ],
    ),
    (
        "code-shown-before",
        [
            "这张付款码刚扫过",
            "一分钟内已经用它收过款，这一次没有再扣款。",
            "看屏幕上那一笔的结果；要再收，请顾客刷新付款码。",
        ],
        [
            "This code was just scanned",
            "It was charged within the last minute; this time nothing was taken.",
            "See how that one went. To charge again, ask the shopper for a fresh code.",
        ],
    ),
    (
        "charges-full",
        [
            "收款次数太多",
            "这一单已经试过很多次付款码。这一次没有扣款，购物车没有变。",
            "收现金，或整单取消后重新扫商品。",
        ],
        [
            "Too many charges",
            "This cart was charged too often. Nothing was taken now, and the cart is as it was.",
            "Take cash, or void the cart and begin anew.",
        ],
    ),
    (
        "paid-beyond-total",
        [
            "收的比现在的价钱多",
            "价钱变了，已经收的款比这一单现在的总额多。已收的款还在，没有变成订单。",
            "撤销这笔收款，再按现在的价钱收。",
        ],
        [
            "More is paid than it costs",
            "The price fell: what is paid is more than it costs now. The payment stands; no order was made.",
            "Take the payment off and charge what it costs now.",
        ],
    ),
    (
        "undo-voucher-late",
        [
            "券已经退不回来",
            "这一单用过的券过了可以撤销的时间。什么都没有退，订单照旧。",
            "请走退货，或告诉店长由总部处理。",
        ],
        [
            "A voucher cannot go back",
            "A voucher of this order is past the time in which it can be given back. Nothing went back.",
            "Make a return instead, or tell the manager; HQ will see to it.",
        ],
    ),
    (
        "rights-undecided",
        [
            "还在等结果",
            "有一笔收款或一张券还不知道结果，这时购物车不能动，也不能收别的钱。",
            "点“查询”再问一次，或点“撤销”取消这一笔。",
        ],
        [
            "Still waiting",
            "A payment or voucher is not known yet. Until then the cart stands still and nothing else is taken.",
            "Ask again, or take it off.",
        ],
    ),
    (
        "rights-held",
        ["已经收了钱", "这一单已经收款或核销，购物车不能再改。", "收完余款，或先撤销收款再改。"],
        [
            "Something is paid",
            "A payment or voucher was taken for this cart as it is, so it cannot change.",
            "Take the rest, or take the payment off first.",
        ],
    ),
    (
        "payment-reversing",
        [
            "上一笔还在撤销",
            "上一笔扫码收款还没有确定撤销。再扫一次可能重复扣款，所以没有发出去。",
            "等撤销完成再扫，或收现金。",
        ],
        [
            "Still being undone",
            "The charge before is not known to be undone. Another one could take the money twice, so it was not sent.",
            "Wait until it is undone, or take cash.",
        ],
    ),
    (
        "nothing-to-pay",
        ["没有要付的", "购物车是空的，或已经付清。没有扣款。", "先扫商品，再扫付款码。"],
        [
            "Nothing to pay",
            "The cart is empty or paid for. No money was taken.",
            "Scan the goods first, then the payment code.",
        ],
    ),
    (
        "not-a-payment-code",
        [
            "不是付款码",
            "这串数字不是能收的付款码。没有扣款。",
            "请顾客打开微信或支付宝的付款码再扫。",
        ],
        [
            "Not a payment code",
            "These digits are no payment code that is taken here. No money was taken.",
            "Ask for the WeChat Pay or Alipay payment code and scan again.",
        ],
    ),
    (
        "not-a-voucher",
        ["不是券码", "这不是能收的券码。没有核销。", "核对券码再输，或扫券上的二维码。"],
        [
            "Not a voucher code",
            "This is no coupon or voucher that is taken here. Nothing was redeemed.",
            "Check the code, or scan its QR code.",
        ],
    ),
    (
        "mall-unreachable",
        [
            "连不上总部",
            "现在不能查券。什么都没有用掉，购物车没有变。",
            "收现金，或等网络恢复再扫。",
        ],
        [
            "HQ cannot be reached",
            "Vouchers cannot be looked up now. Nothing was spent. The cart is as it was.",
            "Take cash, or scan again once the line is back.",
        ],
    ),
    (
        "mall-silent",
        ["没有等到回答", "平台没有及时回答。没有核销，购物车没有变。", "再扫一次，或换一种方式。"],
        [
            "No answer came",
            "The other house did not answer in time. Nothing was redeemed. The cart is as it was.",
            "Scan again, or take another way to pay.",
        ],
    ),
    (
        "coupon-without-rule",
        ["这张券的规则还没到店", "本店还没有这张券的规则。没有核销。", "稍后再试，并告诉店长。"],
        [
            "The coupon's rule is not here",
            "The rule of this coupon has not arrived in the store. Nothing was redeemed.",
            "Try again later, and tell the manager.",
        ],
    ),
    (
        "redemptions-full",
        ["券太多了", "一单最多用十张券。购物车没有变。", "先取下一张，或分两单。"],
        [
            "Too many vouchers",
            "One cart takes ten coupons and vouchers at most. The cart is as it was.",
            "Take one off, or make two orders.",
        ],
    ),
    (
        "count-beyond-offer",
        ["没有这么多张", "最多可以用 {0} 张。购物车没有变。", "重新选张数。"],
        [
            "Not as many",
            "There are {0} of them at most. The cart is as it was.",
            "Choose again how many.",
        ],
    ),
    (
        "right-unknown",
        [
            "找不到这一笔",
            "这台收银台上没有这笔收款或这张券。什么都没有改变。",
            "看屏幕上的收款再继续。",
        ],
        [
            "Not on this counter",
            "There is no such payment or voucher on this counter. Nothing was changed.",
            "Look at the payments on the screen and go on.",
        ],
    ),
    (
        "order-undone",
        ["这一单已经作废", "它以前已经作废过，没有再退一次。", "看订单记录。"],
        [
            "Undone already",
            "This order was undone before. Nothing went back a second time.",
            "Look at the order.",
        ],
    ),
    (
        "undo-late",
        [
            "不能整单作废了",
            "只有同一营业日、一小时内的订单可以整单作废。什么都没有退。",
            "请走退货。",
        ],
        [
            "Too late to undo",
            "Only an order of this business date and of the last hour can be undone. Nothing went back.",
            "Make a return instead.",
        ],
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

/// The problem that has the sentences of another house's word, if we know the word.
pub(super) fn refused(word: &str) -> Option<&'static str> {
    let word = word.replace('_', "-");
    let mut rows = super::houses::ROWS.iter().map(|(slug, _, _)| *slug);
    rows.find(|slug| slug.strip_prefix("refused-") == Some(word.as_str()))
}

/// The sentences of a problem we know.
pub(super) fn known(slug: &str, language: Language) -> Option<Words> {
    let mut rows = ROWS
        .iter()
        .chain(super::houses::ROWS)
        .chain(super::members::ROWS)
        .chain(super::online_returns::ROWS)
        .chain(super::pickups::ROWS)
        .chain(super::phone::ROWS);
    let (_, chinese, english) = rows.find(|(known, _, _)| *known == slug)?;
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
    const SOURCES: [&str; 21] = [
        include_str!("../problem.rs"),
        include_str!("../guard.rs"),
        include_str!("../caller.rs"),
        include_str!("../session.rs"),
        include_str!("../workstation.rs"),
        include_str!("../orders.rs"),
        include_str!("../rights.rs"),
        include_str!("../approvals.rs"),
        include_str!("../console.rs"),
        include_str!("../console/deeds.rs"),
        include_str!("../console/overview.rs"),
        include_str!("../member.rs"),
        include_str!("../shelf.rs"),
        include_str!("../kiosk.rs"),
        include_str!("../elsewhere.rs"),
        include_str!("../sim.rs"),
        include_str!("../stream.rs"),
        include_str!("../body.rs"),
        include_str!("../phone.rs"),
        include_str!("phone.rs"),
        include_str!("online_returns.rs"),
    ];

    #[test]
    fn a_word_of_another_house_has_its_sentence_and_an_unknown_one_has_that_of_any_no() {
        assert_eq!(refused("not_set_up"), Some("refused-not-set-up"));
        assert_eq!(refused("funds-short"), Some("refused-funds-short"));
        assert_eq!(refused("never heard of"), None);
        for (slug, chinese, english) in super::super::houses::ROWS {
            assert!(slug.starts_with("refused-"), "{slug}");
            assert!(chinese.iter().chain(english).all(|text| !text.is_empty()), "{slug}");
        }
    }

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
