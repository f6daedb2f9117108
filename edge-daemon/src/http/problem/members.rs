//! The sentences about members and the brand's own coupons, Chinese first. What happened, what is
//! safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "not-a-member-code",
        [
            "不是会员码",
            "这既不是手机号，也不是会员码。购物车没有变。",
            "输入 11 位手机号，或扫会员码。",
        ],
        [
            "Not a member's code",
            "This is neither a phone number nor a member's code. The cart is as it was.",
            "Type the 11 digits of a phone number, or scan a member's code.",
        ],
    ),
    (
        "member-unknown",
        [
            "没有找到会员",
            "本店没有手机号 {0} 的会员资料。购物车没有变。",
            "核对号码，或请顾客出示会员码：会员码在哪家店都认。",
        ],
        [
            "No such member here",
            "This store knows no member with the number {0}. The cart is as it was.",
            "Check the number, or scan the member's code, which every store knows.",
        ],
    ),
    (
        "members-not-here",
        [
            "会员资料还没到店",
            "本机还没有从总部收到会员资料。购物车没有变，可以照常收款。",
            "先不用会员优惠，或等连上总部后再试。",
        ],
        [
            "Members have not arrived yet",
            "This box has not heard from HQ who its members are. The cart is as it was; sales go on.",
            "Sell without, or try again once the line to HQ is up.",
        ],
    ),
    (
        "code-not-believed",
        [
            "这个码不是本品牌的",
            "码上的签名核对不上。购物车没有变。",
            "请顾客打开本品牌的小程序，重新出示。",
        ],
        [
            "Not a code of ours",
            "Its signature does not fit. The cart is as it was.",
            "Ask the shopper to open our app and show it again.",
        ],
    ),
    (
        "code-too-early",
        ["还没到可用时间", "这个码现在还不能用。购物车没有变。", "请顾客看码上的可用时间。"],
        [
            "Too early",
            "This code is not good yet. The cart is as it was.",
            "Ask the shopper to look from when it is good.",
        ],
    ),
    (
        "code-expired",
        [
            "码已过期",
            "这个码已经过了可用时间。购物车没有变。",
            "会员码请刷新后再出示；券请换一张。",
        ],
        [
            "The code is too old",
            "This code is good no more. The cart is as it was.",
            "A member's code can be refreshed; a coupon cannot.",
        ],
    ),
    (
        "code-of-another-store",
        ["别的门店的码", "这个码只能在别的门店用。购物车没有变。", "请顾客看码上写的门店。"],
        [
            "Good in another store",
            "This code is good in another store only. The cart is as it was.",
            "Ask the shopper to look at the store named with it.",
        ],
    ),
    (
        "member-needed",
        ["先要认会员", "还不知道顾客是哪位会员。购物车没有变。", "按 F3 扫会员码，或输入手机号。"],
        [
            "Who is buying?",
            "Nobody has said which member this is. The cart is as it was.",
            "Press F3 and scan a member's code, or type a phone number.",
        ],
    ),
    (
        "member-unproven",
        [
            "请会员出示会员码",
            "只报手机号不能用积分和余额。购物车没有变。",
            "请会员打开会员码，扫一下再用。",
        ],
        [
            "Ask for the member's code",
            "Points and balance are not spent on a phone number alone. The cart is as it was.",
            "Scan the code in the member's app, then try again.",
        ],
    ),
    (
        "balance-not-here",
        [
            "余额不够用",
            "这位会员现在在本店最多可用余额 {0} 元。没有扣款。",
            "改小金额，其余用别的方式收。",
        ],
        [
            "Not as much balance here",
            "At most {0} of this member's balance may be spent here now. Nothing was taken.",
            "Take less, and the rest in another way.",
        ],
    ),
    (
        "coupon-of-another",
        ["不是这位会员的券", "这张券是另一位会员的。没有核销。", "请会员出示自己的券。"],
        [
            "Another member's coupon",
            "This coupon belongs to somebody else. Nothing was redeemed.",
            "Ask the member for a coupon of their own.",
        ],
    ),
    (
        "coupon-not-given",
        ["现在没有券可领", "总部现在没有发到店礼券。购物车没有变。", "照常买就好，下次来再看。"],
        [
            "No coupon to claim",
            "HQ gives no coupon for coming just now. The cart is as it was.",
            "Go on without it, and look again next time.",
        ],
    ),
    (
        "coupon-unheard",
        ["没领到", "连不上总部，券没有领到。购物车没有变。", "再点一次，或不用券照常付款。"],
        [
            "It did not come",
            "HQ cannot be reached, so no coupon came. The cart is as it was.",
            "Touch again, or pay without it.",
        ],
    ),
    (
        "coupon-used",
        ["券用过了", "这张券已经在本店用过。没有再核销。", "请顾客换一张券。"],
        [
            "Used already",
            "This coupon was used in this store before. Nothing was redeemed.",
            "Ask for another coupon.",
        ],
    ),
];
