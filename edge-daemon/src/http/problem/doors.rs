//! The sentences about who may come in: operators, managers, kiosks, other pages, Chinese first.
//! What happened, what is safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
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
        "workstation-unknown",
        ["没有这台收银台", "门店没有这个编号的收银台。", "核对地址里的编号。"],
        [
            "No such workstation",
            "The store has no workstation of this number.",
            "Check the number in the address.",
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
];
