//! What phones, and tills for phones' carts, are told no with: statuses and sentences.

use axum::http::StatusCode as S;

use super::{Problem, text::Row};
use crate::phone::refusal::PhoneRefusal;

impl From<&PhoneRefusal> for Problem {
    fn from(refusal: &PhoneRefusal) -> Self {
        let plain = Self::plain;
        match refusal {
            PhoneRefusal::JoinOver => plain("phone-join-over", S::FORBIDDEN),
            PhoneRefusal::TooOften { wait_ms } => {
                plain("phone-too-often", S::TOO_MANY_REQUESTS).retry_after_ms(*wait_ms)
            }
            PhoneRefusal::TooManyCarts => plain("phone-carts-full", S::SERVICE_UNAVAILABLE),
            PhoneRefusal::Full => plain("phone-cart-full", S::CONFLICT),
            PhoneRefusal::NoSuchItem { code } => {
                plain("phone-no-such-item", S::NOT_FOUND).with_code(code)
            }
            PhoneRefusal::Misread { code } => {
                plain("phone-misread", S::UNPROCESSABLE_ENTITY).with_code(code)
            }
            PhoneRefusal::Weighed => plain("phone-weighed", S::UNPROCESSABLE_ENTITY),
            PhoneRefusal::NotGoods => plain("phone-not-goods", S::UNPROCESSABLE_ENTITY),
            PhoneRefusal::Empty => plain("phone-cart-empty", S::CONFLICT),
            PhoneRefusal::Unknown => plain("phone-code-unknown", S::NOT_FOUND),
            PhoneRefusal::Taken { by } => plain("phone-cart-taken", S::CONFLICT).about(by),
            PhoneRefusal::Paused { wait_ms } => {
                plain("phone-code-paused", S::TOO_MANY_REQUESTS).retry_after_ms(*wait_ms)
            }
        }
    }
}

/// Their sentences, Chinese first.
pub(super) const ROWS: &[Row] = &[
    (
        "phone-join",
        [
            "先扫店里的二维码",
            "这部手机还没有连上这家店，或已经过了一天。",
            "扫收银台顾客屏上的二维码。",
        ],
        [
            "Scan the store's QR first",
            "This phone has not joined this store, or its day is over.",
            "Scan the QR on the customer display at a till.",
        ],
    ),
    (
        "phone-join-over",
        [
            "二维码过时了",
            "屏幕上的二维码几分钟换一次，这一个不能用了。",
            "再扫一次屏幕上现在的二维码。",
        ],
        [
            "The QR is out of date",
            "The QR on the screen changes every few minutes; this one is over.",
            "Scan the one that is on the screen now.",
        ],
    ),
    (
        "phone-too-often",
        ["稍等一下", "刚才点得太快，这一步没有做。购物车没有变。", "过一会儿再点。"],
        [
            "One moment",
            "That was too quick and was not done. Your cart is as it was.",
            "Try again in a moment.",
        ],
    ),
    (
        "phone-carts-full",
        [
            "现在用手机的人太多",
            "店里暂时开不了新的手机购物车。什么都没有改变。",
            "直接拿商品到收银台，或过一会儿再试。",
        ],
        [
            "Too many phones just now",
            "The store cannot open another phone cart. Nothing was changed.",
            "Take the goods to a till, or try again later.",
        ],
    ),
    (
        "phone-cart-full",
        [
            "放不下了",
            "手机购物车最多 50 行，每行最多 99 件。购物车没有变。",
            "先去收银台，或拿掉一些。",
        ],
        [
            "The cart is full",
            "A phone cart has at most 50 lines of at most 99 pieces. It is as it was.",
            "Go to a till first, or take something out.",
        ],
    ),
    (
        "phone-no-such-item",
        ["店里没有这个条码", "没有找到 {0}。购物车没有变。", "换一个角度再拍，或请店员看一看。"],
        [
            "The store does not know it",
            "Nothing has the code {0}. Your cart is as it was.",
            "Take another picture, or ask the staff.",
        ],
    ),
    (
        "phone-misread",
        ["条码没读对", "{0} 的最后一位对不上。购物车没有变。", "再拍一张，或核对数字。"],
        [
            "The code was misread",
            "The last digit of {0} does not fit. Your cart is as it was.",
            "Take another picture, or check the digits.",
        ],
    ),
    (
        "phone-weighed",
        [
            "称重商品请到收银台",
            "按重量卖的商品和称重标签由收银台来扫。购物车没有变。",
            "拿着它一起去收银台。",
        ],
        [
            "Weighed goods are for the till",
            "Goods sold by weight and their labels are scanned at a till. Your cart is as it was.",
            "Take it to the till with the others.",
        ],
    ),
    (
        "phone-not-goods",
        [
            "这不是商品条码",
            "读到的是付款码、券码或别的码。没有扣款，购物车没有变。",
            "对准商品包装上的条码再拍。",
        ],
        [
            "Not a barcode of goods",
            "It is a payment code, a voucher or something else. Nothing was charged. Your cart is as it was.",
            "Take a picture of the barcode on the pack.",
        ],
    ),
    (
        "phone-cart-empty",
        ["购物车是空的", "还没有要结账的商品。", "先扫一件商品。"],
        ["Your cart is empty", "There is nothing to pay for yet.", "Scan something first."],
    ),
    (
        "phone-code-unknown",
        [
            "没有这个手机购物车",
            "号码不对，或已经过了 15 分钟。收银台的购物车没有变。",
            "看一眼顾客手机上现在的四位数字，或扫它的二维码。",
        ],
        [
            "No such phone cart",
            "The digits are wrong, or older than 15 minutes. The cart on the counter is as it was.",
            "Read the four digits on the phone now, or scan its QR.",
        ],
    ),
    (
        "phone-cart-taken",
        [
            "这个手机购物车已经收过了",
            "{0} 号收银台已经收下它的商品。收银台的购物车没有变。",
            "再要加的商品，请直接扫。",
        ],
        [
            "This phone cart was taken in before",
            "Workstation {0} has its goods already. The cart on the counter is as it was.",
            "Scan whatever else there is.",
        ],
    ),
    (
        "phone-code-paused",
        [
            "请稍等",
            "四位数字试错太多次。收银台的购物车没有变。",
            "扫手机上的二维码，或过一会儿再输。",
        ],
        [
            "Wait a moment",
            "Too many wrong digits were typed. The cart on the counter is as it was.",
            "Scan the QR on the phone, or wait and type again.",
        ],
    ),
];
