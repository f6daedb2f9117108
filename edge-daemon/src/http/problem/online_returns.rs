//! What operators are told no with who take goods of online orders back: statuses and sentences,
//! Chinese first. What happened, what is safe, what to do.

use axum::http::StatusCode as S;

use super::{Problem, text::Row};
use crate::online_return::ReturnNo;

impl From<&ReturnNo> for Problem {
    fn from(no: &ReturnNo) -> Self {
        let plain = Self::plain;
        match no {
            ReturnNo::Away => plain("online-return-away", S::SERVICE_UNAVAILABLE),
            ReturnNo::Waiting => plain("online-return-waiting", S::CONFLICT),
            ReturnNo::NotNamed => plain("online-return-not-named", S::UNPROCESSABLE_ENTITY),
            ReturnNo::Said(word) => match word.as_str() {
                "order-unknown" | "not-found" => plain("online-order-unknown", S::NOT_FOUND),
                "order-ambiguous" => plain("online-order-ambiguous", S::CONFLICT),
                "order-not-collected" => plain("online-order-not-collected", S::CONFLICT),
                "order-sold-at-counter" => plain("online-order-sold-at-counter", S::CONFLICT),
                "order-ended" => plain("online-order-ended", S::CONFLICT),
                "returned-already" => plain("online-return-already", S::CONFLICT),
                "not-so-many" => plain("online-return-not-so-many", S::CONFLICT),
                "gift-missing" => plain("online-return-gift-missing", S::CONFLICT),
                "amount-changed" => plain("online-return-amount-changed", S::CONFLICT),
                _ => plain("online-return-refused", S::CONFLICT),
            },
        }
    }
}

/// Their sentences.
pub(super) const ROWS: &[Row] = &[
    (
        "online-return-away",
        [
            "连不上总部，现在不能退线上单",
            "能退几件、退多少钱，要问总部。没有退货，没有退款，什么都没有改变。",
            "商品先还给顾客，请稍后再来；网络恢复后再试一次。",
        ],
        [
            "HQ cannot be reached: no online returns now",
            "Only HQ knows what may come back and for how much. Nothing came back, no money is due, nothing was changed.",
            "Give the goods back to the shopper. Try again once the line is up.",
        ],
    ),
    (
        "online-return-waiting",
        [
            "上一次退货还在等总部答复",
            "这张订单有一笔退货还没有结果，没有开始新的退货。商品留在柜台。",
            "等一会儿看下面的清单：答复来了会自动显示，并打印退货单。",
        ],
        [
            "An earlier return waits for HQ",
            "A return of this order has no answer yet. No other one was begun. Keep the goods at the counter.",
            "Look at the list below: the answer shows by itself, and the slip prints.",
        ],
    ),
    (
        "online-return-not-named",
        [
            "没有选商品，或不是单号",
            "没有可以退的东西。什么都没有改变。",
            "扫顾客的提货码或输入网店单号，再选要退的件数。",
        ],
        [
            "Nothing is chosen, or no order",
            "There is nothing to take back. Nothing was changed.",
            "Scan the order's code or type its number, then choose the pieces.",
        ],
    ),
    (
        "online-order-unknown",
        ["没有这张线上订单", "总部没有这个单号。什么都没有改变。", "核对单号，或扫顾客的提货码。"],
        [
            "No such online order",
            "HQ knows no order of this number. Nothing was changed.",
            "Check the number, or scan the shopper's code.",
        ],
    ),
    (
        "online-order-ambiguous",
        [
            "这个单号有好几张订单",
            "不同的网店用了同一个单号，分不清是哪一张。什么都没有改变。",
            "扫顾客的提货码或提货小票上的二维码。",
        ],
        [
            "Several orders have this number",
            "Two shops use the same number, so it is not clear which is meant. Nothing was changed.",
            "Scan the shopper's code, or the one on the hand-over slip.",
        ],
    ),
    (
        "online-order-not-collected",
        [
            "这单还没有提货",
            "商品还没有交给顾客，不能退货。什么都没有改变。",
            "不想要了请顾客在网店取消，钱会全部退回。",
        ],
        [
            "Not collected yet",
            "The goods have not been handed over, so nothing can come back. Nothing was changed.",
            "The shopper can cancel it in the shop and gets all of it back.",
        ],
    ),
    (
        "online-order-sold-at-counter",
        [
            "这单是在收银台付的钱",
            "它只是预留，商品是收银台卖出的。什么都没有改变。",
            "请店长按收银小票处理。",
        ],
        [
            "This was paid at a till",
            "The goods were only set aside, and a till sold them. Nothing was changed.",
            "Call the manager: it goes by the till's receipt.",
        ],
    ),
    (
        "online-order-ended",
        [
            "这单已取消或过期",
            "它的钱由网店全额退回，不能再退一次。什么都没有改变。",
            "商品若在顾客手里，请店长处理。",
        ],
        [
            "This order was cancelled or has expired",
            "Its money goes back whole, and not a second time. Nothing was changed.",
            "If the shopper has the goods, call the manager.",
        ],
    ),
    (
        "online-return-already",
        [
            "这单已经全部退过了",
            "所有商品都退过，钱已登记退回。没有再退一次。",
            "看清单上的退货时间；顾客有疑问请店长处理。",
        ],
        [
            "All of it came back already",
            "Every piece was returned and its money is due. It was not taken back again.",
            "The list says when; if the shopper disagrees, call the manager.",
        ],
    ),
    (
        "online-return-not-so-many",
        [
            "没有这么多件可退",
            "这些商品有一部分已经退过，可能在别的门店。没有退货，没有退款。",
            "重新查一次订单，看还剩几件。",
        ],
        [
            "Not so many are left",
            "Some of these pieces came back before, perhaps in another store. Nothing was taken back and no money is due.",
            "Look the order up again to see what is left.",
        ],
    ),
    (
        "online-return-gift-missing",
        [
            "赠品要一起退",
            "留下的赠品比退回的钱还贵。没有退货，没有退款。",
            "请顾客把赠品也退回，一起选上。",
        ],
        [
            "The gift must come back too",
            "The gift that stays is worth more than what would go back. Nothing was taken back and no money is due.",
            "Take the gift back with the goods.",
        ],
    ),
    (
        "online-return-amount-changed",
        [
            "可退金额变了",
            "刚才有别的退货，这几件现在退的钱不一样。没有退货，没有退款。",
            "看新的金额，顾客同意后再确认。",
        ],
        [
            "It gives back another amount now",
            "Something else came back meanwhile. Nothing was taken back and no money is due.",
            "Look at the new amount, and confirm it if the shopper agrees.",
        ],
    ),
    (
        "online-return-refused",
        [
            "总部没有收下这笔退货",
            "没有退货，没有退款，什么都没有改变。",
            "重新查一次订单；还不行请联系总部。",
        ],
        [
            "HQ did not take it back",
            "Nothing came back, no money is due, nothing was changed.",
            "Look the order up again; call HQ if it stays so.",
        ],
    ),
];
