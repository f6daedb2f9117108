//! The sentences about what is scanned, counted and completed at a counter, Chinese first.
//! What happened, what is safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
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
        "order-unknown",
        ["没有这个订单", "这家门店没有这个订单。", "核对小票号。"],
        ["No such order", "This store has no such order.", "Check the receipt number."],
    ),
];
