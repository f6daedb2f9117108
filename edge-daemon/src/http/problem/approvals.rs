//! The sentences about reductions by hand that a manager is asked for, Chinese first.
//! What happened, what is safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
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
        "approval-too-deep",
        ["让得太多", "总部规定了店长最多可以让多少。价格没有变。", "少让一些，或请示总部。"],
        [
            "Too much off",
            "HQ says how much a manager may take off at most. The price stays.",
            "Take less off, or ask HQ.",
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
];
