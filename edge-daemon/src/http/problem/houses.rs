//! The sentences of what another house says no with, Chinese first, by the word that `platforms`
//! has for it. What happened, what is safe, what to do.

use super::text::Row;

/// By slugs that begin with `refused-`; the rest is the word. The first is for a no without a word
/// that we know; the next few are the mall's and our own.
pub(super) const ROWS: &[Row] = &[
    (
        "refused-by-house",
        [
            "没有成功",
            "对方平台说不行。没有扣款，也没有核销，购物车没有变。",
            "请顾客换一张码再试，或换一种方式。",
        ],
        [
            "It did not go through",
            "The other house says no. Nothing was charged or redeemed. The cart is as it was.",
            "Try a fresh code, or another way to pay.",
        ],
    ),
    (
        "refused-mall-unreachable",
        [
            "连不上总部",
            "这一笔没有发出去，没有扣款，也没有核销。购物车没有变。",
            "收现金，或等网络恢复后请顾客出示新的付款码。",
        ],
        [
            "HQ cannot be reached",
            "It was never sent: nothing was charged or redeemed. The cart is as it was.",
            "Take cash, or ask for a fresh code once the line is back.",
        ],
    ),
    (
        "refused-not-heard",
        [
            "总部没有收到",
            "这一笔没有记在总部，正在作废，不会扣款。",
            "稍等片刻，请顾客出示新的付款码，或收现金。",
        ],
        [
            "HQ never heard of it",
            "It is being undone so that it cannot be charged later.",
            "Wait a moment, then ask for a fresh code, or take cash.",
        ],
    ),
    (
        "refused-being-undone",
        [
            "正在撤销",
            "总部没有接受这一笔，正在撤销，结果还不知道。购物车没有变。",
            "可以先收现金；要再扫码，等撤销完成。",
        ],
        [
            "It is being undone",
            "HQ did not take it; it is being undone, and how that went is not known. The cart is as it was.",
            "Take cash meanwhile, or wait until it is undone and ask for a fresh code.",
        ],
    ),
    (
        "refused-took-too-long",
        [
            "付款超时",
            "顾客太久没有付成，总部已经撤销这一笔。万一扣了款会退回。",
            "请顾客出示新的付款码，或收现金。",
        ],
        [
            "The payment took too long",
            "It was not paid in time, so HQ has it undone. Money that was taken goes back.",
            "Ask for a fresh code, or take cash.",
        ],
    ),
    (
        "refused-not-offered",
        [
            "总部还不能收这种码",
            "总部的程序还不认识这种码。没有扣款，也没有核销。",
            "请顾客换一种方式，并告诉店长。",
        ],
        [
            "HQ does not take these yet",
            "HQ's program does not know this kind. Nothing was charged or redeemed.",
            "Take another way to pay, and tell the manager.",
        ],
    ),
    (
        "refused-not-set-up",
        [
            "本店还没有开通",
            "总部没有为本店设置这个平台。没有扣款，也没有核销。",
            "请顾客换一种方式，并告诉店长。",
        ],
        [
            "Not set up for this store",
            "HQ has no account with this house for the store. Nothing was charged or redeemed.",
            "Take another way to pay, and tell the manager.",
        ],
    ),
    (
        "refused-nothing-to-redeem",
        ["没有可用的券", "这张码里没有可以核销的券。什么都没有用掉。", "请顾客看看订单里的券。"],
        [
            "Nothing to redeem",
            "There is no voucher behind this code that can be used. Nothing was spent.",
            "Ask the shopper to look at their order.",
        ],
    ),
    (
        "refused-not-found",
        [
            "查无此券",
            "对方平台没有这张券或这一单。什么都没有用掉。",
            "核对券码，或请顾客刷新后再扫。",
        ],
        [
            "No such voucher",
            "The other house knows no such voucher or order. Nothing was spent.",
            "Check the code, or ask the shopper to refresh it and scan again.",
        ],
    ),
    (
        "refused-used",
        ["券已经用过", "这张券以前核销过。这一单没有用它。", "请顾客看看订单，或换一张券。"],
        [
            "Redeemed before",
            "This voucher was redeemed before. It was not used for this cart.",
            "Ask the shopper to look at their order, or take another voucher.",
        ],
    ),
    (
        "refused-expired",
        ["券过期了", "这张券已经过了有效期。没有核销。", "请顾客换一张券或换一种方式。"],
        [
            "The voucher has expired",
            "It is past its date. Nothing was redeemed.",
            "Take another voucher or another way to pay.",
        ],
    ),
    (
        "refused-not-now",
        [
            "现在不能用",
            "这张券还没到可用的时间，或不在可用时段。没有核销。",
            "请顾客看券上的说明。",
        ],
        [
            "Not at this hour",
            "Its time has not come, or not at this hour. Nothing was redeemed.",
            "Ask the shopper to read what it says.",
        ],
    ),
    (
        "refused-void",
        ["券已作废", "这张券已经作废或退款。没有核销。", "请顾客换一张券或换一种方式。"],
        [
            "The voucher is void",
            "It was cancelled or paid back. Nothing was redeemed.",
            "Take another voucher or another way to pay.",
        ],
    ),
    (
        "refused-gifting",
        [
            "券正在赠送",
            "顾客正把这张券送给别人，现在不能用。没有核销。",
            "请顾客先取消赠送，或换一张券。",
        ],
        [
            "It is being given away",
            "The shopper is giving this voucher to somebody else. Nothing was redeemed.",
            "Ask them to cancel that, or take another voucher.",
        ],
    ),
    (
        "refused-unpaid",
        ["券还没有付款", "这张券的订单还没有支付。没有核销。", "请顾客先在手机上付款，再扫一次。"],
        [
            "Not paid for yet",
            "The order of this voucher is not paid for. Nothing was redeemed.",
            "Ask the shopper to pay for it on the phone, then scan again.",
        ],
    ),
    (
        "refused-other-shop",
        ["本店不可用", "这张券不能在本店用。没有核销。", "请顾客看券上的适用门店。"],
        [
            "Not for this store",
            "This voucher is not good in this store. Nothing was redeemed.",
            "Ask the shopper to read where it is good.",
        ],
    ),
    (
        "refused-not-usable",
        ["这张券不可用", "对方平台说它现在不能用。没有核销。", "请顾客看券上的说明，或换一张券。"],
        [
            "It cannot be used",
            "The other house says that it cannot be used. Nothing was redeemed.",
            "Ask the shopper to read what it says, or take another voucher.",
        ],
    ),
    (
        "refused-unreadable",
        ["码无法识别", "对方平台认不出这张码。没有扣款，也没有核销。", "请顾客刷新后重扫。"],
        [
            "The code was not understood",
            "The other house cannot read this code. Nothing was charged or redeemed.",
            "Ask the shopper to refresh it and scan again.",
        ],
    ),
    (
        "refused-code-spent",
        ["付款码已失效", "付款码只用一次，一分钟就换。没有扣款。", "请顾客刷新付款码，再扫一次。"],
        [
            "The code is spent",
            "A payment code serves once and lives a minute. No money was taken.",
            "Ask the shopper to refresh it and scan again.",
        ],
    ),
    (
        "refused-funds-short",
        ["余额不足", "顾客的账户余额不够。没有扣款。", "请顾客换一张卡或换一种方式。"],
        [
            "Not enough money",
            "The shopper's account is short. No money was taken.",
            "Ask for another card or another way to pay.",
        ],
    ),
    (
        "refused-card-refused",
        [
            "支付方式不支持",
            "顾客选的卡或支付方式不能用。没有扣款。",
            "请顾客换一张卡或换一种方式。",
        ],
        [
            "Not with this card",
            "The card or way of paying that the shopper chose is not taken. No money was taken.",
            "Ask for another card or another way to pay.",
        ],
    ),
    (
        "refused-declined",
        [
            "支付未完成",
            "顾客取消了、没有输入密码，或被风控拦下。没有扣款。",
            "请顾客再出示付款码，或换一种方式。",
        ],
        [
            "The payment was not made",
            "It was declined, no password was typed, or the house held it back. No money was taken.",
            "Ask for the code again, or another way to pay.",
        ],
    ),
    (
        "refused-number-spent",
        ["单号已失效", "这一笔的单号不能再用。没有扣款。", "请顾客出示新的付款码，重新收款。"],
        [
            "This number is dead",
            "The number of this charge cannot be paid any more. No money was taken.",
            "Ask for a fresh code and charge again.",
        ],
    ),
    (
        "refused-too-late",
        ["超过可撤销时限", "对方平台已经不让撤销，钱或券还没有退回。", "请告诉店长，由总部处理。"],
        [
            "Too late to undo",
            "The other house no longer takes it back; it has not gone back.",
            "Tell the manager; HQ will see to it.",
        ],
    ),
    (
        "refused-not-reversible",
        ["不可撤销", "对方平台不能撤销这一笔，钱或券还没有退回。", "请告诉店长，由总部处理。"],
        [
            "It cannot be undone",
            "The other house does not undo this one; it has not gone back.",
            "Tell the manager; HQ will see to it.",
        ],
    ),
    (
        "refused-merchant-short",
        ["商户余额不足", "本店在平台的账户余额不够退款，还没有退回。", "请告诉店长，由总部处理。"],
        [
            "Our account is short",
            "Our account with the other house cannot pay it back yet.",
            "Tell the manager; HQ will see to it.",
        ],
    ),
    (
        "refused-not-authorised",
        [
            "未授权",
            "对方平台不许我们做这一步。没有扣款，也没有核销。",
            "收现金，并请店长联系总部。",
        ],
        [
            "Not authorised",
            "The other house does not let us do this. Nothing was charged or redeemed.",
            "Take cash, and ask the manager to call HQ.",
        ],
    ),
    (
        "refused-misconfigured",
        [
            "平台设置有误",
            "总部与平台的设置不对。没有扣款，也没有核销。",
            "收现金，并请店长联系总部。",
        ],
        [
            "Set up wrongly",
            "HQ's settings with the other house are wrong. Nothing was charged or redeemed.",
            "Take cash, and ask the manager to call HQ.",
        ],
    ),
    (
        "refused-needs-member",
        ["要先识别会员", "对方平台要先知道是哪位会员。没有核销。", "请顾客先出示会员码。"],
        [
            "The member must be known",
            "The other house wants to know which member it is. Nothing was redeemed.",
            "Ask the shopper for the member code first.",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use platforms::RefusalCode;

    use super::super::text::refused;

    #[test]
    fn every_no_of_another_house_has_its_sentence() {
        for code in RefusalCode::ALL {
            let word = code.as_str();
            assert_eq!(refused(word), Some(format!("refused-{word}").as_str()));
        }
    }
}
