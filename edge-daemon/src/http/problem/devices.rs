//! The sentences about printers, drawers and displays, Chinese first.
//! What happened, what is safe, what to do.

use super::text::Row;

pub(super) const ROWS: &[Row] = &[
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
];
