//! A note as a sentence, for the shopper, the cashier and whoever writes rules.
//!
//! **Invariant:** words only; whoever decides is elsewhere.

use super::{
    Note, PriceBook, Why,
    quote::Next,
    rule::{Cut, Grant, NeedAmount, Repeat, Reward},
};
use crate::money::{BasisPoints, Money};

/// A language of the counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 简体中文.
    #[default]
    Zh,
    /// English.
    En,
}

use Language::{En, Zh};

/// Why a rule did what it did.
#[must_use]
pub fn sentence(book: &PriceBook, note: &Note, language: Language) -> String {
    let name = |ix| book.rule(ix).map_or("", |rule| rule.name.as_str());
    let own = name(note.rule);
    let text = |zh: &str, en: &str| match language {
        Zh => format!("{own}：{zh}。"),
        En => format!("{own}: {en}."),
    };
    let why = match note.why {
        Why::Applied => text("已优惠", "applied"),
        Why::AppliedInPart => text(
            "已优惠，到限量、封顶或最低价为止",
            "applied as far as its limit, cap or floor allows",
        ),
        Why::Who => text("这位顾客不享受", "not for this shopper"),
        Why::When => text("现在不在活动时间", "not at this time"),
        Why::Where => text("本店或本渠道不参加", "not in this store or channel"),
        Why::NoGoods => text("没有参加活动的商品", "no goods here take part"),
        Why::Short => text("还没有达到条件", "not reached yet"),
        Why::Beaten(by) => match language {
            Zh => format!("{own}：不能与“{}”同享，已取更优惠的。", name(by)),
            En => format!("{own}: not together with “{}”, which saves at least as much.", name(by)),
        },
        Why::Reduced => text("商品已有优惠，不再参加", "the goods are reduced already"),
        Why::UsedUp => text("次数或名额已用完", "all of its uses are spent"),
        Why::NoBetter => text("现价已经不高于它", "prices are as low already"),
        Why::NeedsCoupon => text("要出示优惠券", "needs a coupon"),
        Why::NeedsChoice => text("要顾客选择使用积分", "the shopper has to choose to spend points"),
        Why::Full => text(
            "这一单的优惠明细已记满，这项没有享受；分成两单结账就能享受",
            "not applied: this sale already has as many reductions as its record holds; as two \
             smaller sales it would apply",
        ),
        Why::Choose(n) => match language {
            Zh => format!("{own}：还可再选 {n} 件。"),
            En => format!("{own}: {n} more may be chosen."),
        },
    };
    match (further(book, note, language), language) {
        (Some(further), Zh) => format!("{why}{further}。"),
        (Some(further), En) => format!("{why} {further}."),
        (None, _) => why,
    }
}

/// What would bring more (凑单), if something would.
#[must_use]
pub fn hint(book: &PriceBook, note: &Note, language: Language) -> Option<String> {
    let rule = book.rule(note.rule)?;
    if let Why::Choose(n) = note.why {
        return Some(match language {
            Zh => format!("{}：可选 {n} 件", rule.name),
            En => format!("{}: choose {n}", rule.name),
        });
    }
    let further = further(book, note, language)?;
    Some(match language {
        Zh => format!("{}：{further}", rule.name),
        En => format!("{}: {further}", rule.name),
    })
}

/// What is missing to the next step, and what that brings.
fn further(book: &PriceBook, note: &Note, language: Language) -> Option<String> {
    let rule = book.rule(note.rule)?;
    let Next { missing, step, times } = note.next?;
    let brought = reward(&rule.steps.get(usize::from(step))?.reward, language);
    let more = match (missing, language) {
        (NeedAmount::Minor(minor), Zh) => format!("再买 {minor} 元"),
        (NeedAmount::Minor(minor), En) => format!("buy {minor} more"),
        (NeedAmount::Pieces(n), Zh) => format!("再买 {n} 件"),
        (NeedAmount::Pieces(n), En) => format!("buy {n} more pieces"),
        (NeedAmount::Milli(milli), Zh) => format!("再买 {milli} 公斤"),
        (NeedAmount::Milli(milli), En) => format!("buy {milli} kg more"),
    };
    let is_again = rule.repeat == Repeat::Each && times > 1;
    Some(match (language, is_again) {
        (Zh, false) => format!("{more}，{brought}"),
        (Zh, true) => format!("{more}，再享{brought}"),
        (En, false) => format!("{more}: {brought}"),
        (En, true) => format!("{more}: once more {brought}"),
    })
}

/// What a reward is.
#[must_use]
pub fn reward(reward: &Reward, language: Language) -> String {
    let (zh, en) = match reward {
        Reward::Units(cut) => (unit_cut(*cut, Zh), unit_cut(*cut, En)),
        Reward::PriceList(_) => ("享活动价".to_owned(), "special prices".to_owned()),
        Reward::PointsPrice { points, price } => {
            (format!("{points} 积分加 {price} 元换购"), format!("{points} points and {price} each"))
        }
        Reward::Nth { n, cut } => (
            format!("第 {n} 件{}", unit_cut(*cut, Zh)),
            format!("the {n}th {}", unit_cut(*cut, En)),
        ),
        Reward::Cheapest { count, cut, .. } => (
            format!("最低价 {count} 件{}", unit_cut(*cut, Zh)),
            format!("the {count} cheapest {}", unit_cut(*cut, En)),
        ),
        Reward::BuyGet { buy, get, cut: Cut::Rate(BasisPoints(0)), .. } => {
            (format!("买 {buy} 送 {get}"), format!("buy {buy}, get {get} free"))
        }
        Reward::BuyGet { buy, get, cut, .. } => (
            format!("买 {buy} 件，另 {get} 件{}", unit_cut(*cut, Zh)),
            format!("buy {buy}, get {get} {}", unit_cut(*cut, En)),
        ),
        Reward::Pick { n, price } => {
            (format!("任选 {n} 件 {price} 元"), format!("any {n} for {price}"))
        }
        Reward::Bundle { cut, .. } => {
            (format!("套装{}", whole_cut(*cut, Zh)), format!("the set {}", whole_cut(*cut, En)))
        }
        Reward::AmountOff(off) => (format!("减 {off}"), format!("{off} off")),
        Reward::AmountRate(rate) => (format!("打 {}", fold(*rate)), off_rate(*rate)),
        Reward::Gift { count, .. } => (format!("送 {count} 件"), format!("{count} for free")),
        Reward::AddOn { count, cut, .. } => (
            format!("可换购 {count} 件，{}", unit_cut(*cut, Zh)),
            format!("{count} more at a special price, {}", unit_cut(*cut, En)),
        ),
        Reward::FreeDelivery { .. } => ("包邮".to_owned(), "free delivery".to_owned()),
        Reward::EarnPoints { per, points } => {
            (format!("每 {per} 元积 {points} 分"), format!("{points} points for each {per}"))
        }
        Reward::PointsTimes(rate) => {
            let times = Money::from_minor(i64::from(rate.0) / 100);
            (format!("{times} 倍积分"), format!("points times {times}"))
        }
        Reward::PointsPay { points, worth, .. } => {
            (format!("{points} 积分抵 {worth} 元"), format!("{points} points pay {worth}"))
        }
        Reward::Grant(grant) => granted(grant),
    };
    match language {
        Zh => zh,
        En => en,
    }
}

fn granted(grant: &Grant) -> (String, String) {
    match grant {
        Grant::NextCoupon(_) => {
            ("返下次可用的优惠券".to_owned(), "a coupon for next time".to_owned())
        }
        Grant::CashbackRate(rate) => {
            let percent = Money::from_minor(i64::from(rate.0));
            (format!("提货返现 {percent}%"), format!("{percent} % back after pickup"))
        }
        Grant::CashbackAmount(amount) => {
            (format!("提货返现 {amount} 元"), format!("{amount} back after pickup"))
        }
        Grant::ParkingMinutes(minutes) => {
            (format!("停车 {minutes} 分钟"), format!("{minutes} minutes of parking"))
        }
    }
}

fn unit_cut(cut: Cut, language: Language) -> String {
    match (cut, language) {
        (Cut::Rate(BasisPoints(0)), Zh) => "免费".to_owned(),
        (Cut::Rate(BasisPoints(0)), En) => "free".to_owned(),
        (Cut::Rate(rate), Zh) => format!("打 {}", fold(rate)),
        (Cut::Rate(rate), En) => off_rate(rate),
        (Cut::Off(off), Zh) => format!("每件减 {off}"),
        (Cut::Off(off), En) => format!("{off} off each"),
        (Cut::Price(price), Zh) => format!("只要 {price} 元"),
        (Cut::Price(price), En) => format!("for {price}"),
    }
}

fn whole_cut(cut: Cut, language: Language) -> String {
    match (cut, language) {
        (Cut::Off(off), Zh) => format!("减 {off}"),
        (Cut::Off(off), En) => format!("{off} off"),
        (Cut::Rate(_) | Cut::Price(_), _) => unit_cut(cut, language),
    }
}

/// 8,800 is 8.8 折.
fn fold(rate: BasisPoints) -> String {
    let (whole, rest) = (rate.0 / 1_000, rate.0 % 1_000);
    if rest == 0 {
        return format!("{whole} 折");
    }
    let rest = format!("{rest:03}");
    format!("{whole}.{} 折", rest.trim_end_matches('0'))
}

/// 8,800 is 12 % off.
fn off_rate(rate: BasisPoints) -> String {
    let off = 10_000_u16.saturating_sub(rate.0);
    let (whole, rest) = (off / 100, off % 100);
    if rest == 0 { format!("{whole} % off") } else { format!("{whole}.{rest:02} % off") }
}
