//! The sentences about payments by code, coupons and vouchers, and orders that are undone, Chinese
//! first. What happened, what is safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
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
        "payment-method-off",
        [
            "本店不收这种付款码",
            "总部关掉了这种收款方式。没有扣款。",
            "请顾客换一种付款码，或收现金。",
        ],
        [
            "Payment codes of this house are not taken here",
            "HQ has turned this way to pay off. No money was taken.",
            "Ask for another payment code, or take cash.",
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
        "needs-mall",
        [
            "要等总部连上",
            "现在连不上总部，总部不许门店在这时单独办这件事。什么都没有变。",
            "等网络恢复后再办；其他的照常。",
        ],
        [
            "Only with HQ on the line",
            "HQ cannot be reached, and lets the store not do this alone. Nothing was changed.",
            "Do it once the line is back; everything else goes on.",
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
];
