//! The sentences about online orders that wait in the store, Chinese first. What happened, what is
//! safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "pickup-unknown",
        [
            "没有这张自提单",
            "本店没有收到这张自提单。什么都没有改变。",
            "核对门店和单号；刚下的单要等连上总部才到店。",
        ],
        [
            "No such online order",
            "This store has not heard of this order. Nothing was changed.",
            "Check store and number; a fresh order comes once the line to HQ is up.",
        ],
    ),
    (
        "pickup-not-ready",
        [
            "还没有配好",
            "这张自提单还没有配齐，没有交付。",
            "先打开它逐件扫码，点「配好了」，再交给顾客。",
        ],
        [
            "Not put together yet",
            "This order is not ready. Nothing was handed over.",
            "Open it, scan its goods, press Ready, then hand it over.",
        ],
    ),
    (
        "pickup-handed-over",
        [
            "已经提走了",
            "这张自提单已经交付过。没有再次交付。",
            "看清单上的交付时间；顾客有疑问请店长处理。",
        ],
        [
            "Handed over already",
            "This order has been handed over. It was not handed over again.",
            "The list says when; if the shopper disagrees, call the manager.",
        ],
    ),
    (
        "pickup-cancelled",
        ["这单已取消", "网店取消了这张自提单，钱会退给顾客。没有交付。", "把配好的货放回货架。"],
        [
            "This order was cancelled",
            "The shop took it back and the money is returned. Nothing was handed over.",
            "Put its goods back on the shelf.",
        ],
    ),
    (
        "pickup-expired",
        [
            "已过提货期",
            "这张自提单超过了保留期限。没有交付。",
            "请顾客联系网店；把配好的货放回货架。",
        ],
        [
            "Its last day is over",
            "This order was kept as long as promised. Nothing was handed over.",
            "Ask the shopper to call the shop; put its goods back on the shelf.",
        ],
    ),
    (
        "pickup-out-of-turn",
        [
            "现在不能这样做",
            "这张自提单已经配好，或者还没有开始配。什么都没有改变。",
            "看清单上的状态再继续。",
        ],
        [
            "Not from here",
            "This order lies ready already, or nobody has begun it. Nothing was changed.",
            "See in the list where it stands.",
        ],
    ),
    (
        "pickup-item-not-ordered",
        [
            "这单里没有这件商品",
            "刚扫的商品不在这张自提单里，没有计数。",
            "换成单上的商品；要卖这件先关掉自提单。",
        ],
        [
            "Not in this order",
            "What was scanned is not in the open order. It was not counted.",
            "Scan what the order names; to sell this, close the order first.",
        ],
    ),
    (
        "pickup-item-enough",
        ["这件已经够了", "这件商品已经配齐，没有再计数。", "把多拿的放回去。"],
        [
            "Enough of this",
            "All of this item is there. It was not counted.",
            "Put the extra one back.",
        ],
    ),
    (
        "pickup-not-whole",
        ["还没有配齐", "还有商品没有扫到，没有标记为配好。", "扫完剩下的商品再试。"],
        [
            "Something is missing",
            "Not all goods were scanned. The order was not made ready.",
            "Scan what is left and try again.",
        ],
    ),
    (
        "pickup-not-proven",
        [
            "要先出示提货码",
            "这台收银台还没有扫过或输过这单的提货码，没有交付。",
            "扫顾客的提货码，或输入 8 位数字。",
        ],
        [
            "Its code first",
            "Nobody has shown this order's code at this workstation. Nothing was handed over.",
            "Scan the shopper's code, or type its eight digits.",
        ],
    ),
    (
        "pickup-code-malformed",
        ["提货码是 8 位数字", "输入的不是 8 位数字。什么都没有改变。", "请顾客再报一次。"],
        [
            "Eight digits",
            "What was typed is not eight digits. Nothing was changed.",
            "Ask the shopper to read it out again.",
        ],
    ),
    (
        "pickup-code-unknown",
        [
            "没有这个提货码",
            "本店没有自提单用这个码。什么都没有改变。",
            "核对数字和门店。连续五次不对要等一会儿。",
        ],
        [
            "No such code here",
            "No order of this store has this code. Nothing was changed.",
            "Check digits and store. After five wrong tries there is a pause.",
        ],
    ),
    (
        "pickup-code-pause",
        ["请稍等", "输错提货码的次数太多，暂时不能再输。", "扫顾客的提货码，或等一会儿再输。"],
        [
            "Wait a moment",
            "Too many wrong codes at this workstation.",
            "Scan the shopper's code instead, or wait.",
        ],
    ),
    (
        "pickups-not-here",
        [
            "自提单还没到店",
            "本机还没有从总部收到自提单的资料。什么都没有改变。",
            "等连上总部后再试。",
        ],
        [
            "Online orders have not arrived",
            "This box has not heard of any online order from HQ yet. Nothing was changed.",
            "Try again once the line to HQ is up.",
        ],
    ),
    (
        "elsewhere-unreachable",
        [
            "连不上总部",
            "现在看不到别的店有没有，什么都没有留。",
            "等网络恢复再试，或请店员打电话问。",
        ],
        [
            "HQ cannot be reached",
            "What other stores have cannot be seen now. Nothing was set aside.",
            "Try again once the line is back, or ask somebody of the store to call.",
        ],
    ),
    (
        "elsewhere-silent",
        ["没有等到回答", "总部没有及时回答，不知道留好没有。", "再点一次：同一件不会留两份。"],
        [
            "No answer came",
            "HQ did not answer in time; it may have been set aside or not.",
            "Ask once more: it is not set aside twice.",
        ],
    ),
    (
        "not-elsewhere",
        ["刚刚没有了", "那家店现在没有这么多，什么都没有留。", "看看别的店，或少留一件。"],
        [
            "No longer there",
            "That store does not have so many now. Nothing was set aside.",
            "Look at another store, or take fewer.",
        ],
    ),
    (
        "set-aside-full",
        ["留货太多了", "本店顾客在别的店留的货已经很多，这次没有留。", "请店员打电话问。"],
        [
            "Too much is set aside",
            "Shoppers of this store have much set aside elsewhere. Nothing more was.",
            "Ask somebody of the store to call.",
        ],
    ),
    (
        "not-at-a-kiosk",
        ["这件事请到收银台", "自助机不交付自提单。什么都没有改变。", "到收银台出示提货码。"],
        [
            "Please go to a till",
            "Online orders are not handed over by a kiosk. Nothing was changed.",
            "Show the code at a till.",
        ],
    ),
];
