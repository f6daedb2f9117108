//! Who, when, where, how often, beside what, and who pays: the clauses of a rule in words.
//!
//! **Invariant:** what a `write_…` writes, its `read_…` reads back as the same value; the default
//! of a clause is written as nothing.

use super::words::{Unclear, Words, percent, unclear, word, words as names};
use crate::{
    money::BasisPoints,
    pricing::rule::{
        Base, Birthday, Channel, Funding, Hours, Limits, Place, Stacking, StackingMode, When, Who,
    },
};

/// ISO weekdays from 1.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const CHANNELS: [(Channel, &str); 4] = [
    (Channel::Till, "till"),
    (Channel::Kiosk, "kiosk"),
    (Channel::Phone, "phone"),
    (Channel::Mall, "mall"),
];

const MODES: [(StackingMode, &str); 4] = [
    (StackingMode::Stack, "stack"),
    (StackingMode::Best, "best"),
    (StackingMode::Priority, "priority"),
    (StackingMode::Exclusive, "exclusive"),
];

/// `member tier gold, silver joined within 30 days birthday month staff crowd 宝妈`.
pub(super) fn read_who(words: &mut Words) -> Result<Who, Unclear> {
    let mut who = Who::default();
    while !words.is_done() {
        if words.takes("member") {
            who.member = true;
        } else if words.takes("tier") {
            who.tiers = words.names("a tier")?;
        } else if words.takes("joined") {
            words.needs("within")?;
            who.joined_days_max = Some(words.number("a number of days")?);
            words.needs("days")?;
        } else if words.takes("birthday") {
            let is_day = words.takes("day");
            if !is_day {
                words.needs("month")?;
            }
            who.birthday = Some(if is_day { Birthday::Day } else { Birthday::Month });
        } else if words.takes("staff") {
            who.staff = true;
        } else if words.takes("crowd") {
            who.crowds = words.names("a crowd")?;
        } else {
            return unclear(format!(
                "expected member, tier, joined, birthday, staff or crowd{}",
                words.instead()
            ));
        }
    }
    Ok(who)
}

pub(super) fn write_who(who: &Who) -> String {
    let mut parts = Vec::new();
    if who.member {
        parts.push("member".to_owned());
    }
    if !who.tiers.is_empty() {
        parts.push(format!("tier {}", names(&who.tiers)));
    }
    if let Some(days) = who.joined_days_max {
        parts.push(format!("joined within {days} days"));
    }
    match who.birthday {
        Some(Birthday::Day) => parts.push("birthday day".to_owned()),
        Some(Birthday::Month) => parts.push("birthday month".to_owned()),
        None => {}
    }
    if who.staff {
        parts.push("staff".to_owned());
    }
    if !who.crowds.is_empty() {
        parts.push(format!("crowd {}", names(&who.crowds)));
    }
    parts.join(" ")
}

/// `from 2026-11-01 until 2026-11-12 00:00 weekdays fri, sat days 8, 18 hours 20:00-22:00`.
pub(super) fn read_when(words: &mut Words) -> Result<When, Unclear> {
    let mut when = When::default();
    while !words.is_done() {
        if words.takes("from") {
            when.from = Some(moment(words)?);
        } else if words.takes("until") {
            when.until = Some(moment(words)?);
        } else if words.takes("weekdays") {
            for day in words.names("a weekday")? {
                when.weekdays.push(weekday(&day)?);
            }
        } else if words.takes("days") {
            for day in words.names("a day of the month")? {
                match day.parse() {
                    Ok(day) => when.month_days.push(day),
                    Err(_) => return unclear(format!("`{day}` is not a day of the month")),
                }
            }
        } else if words.takes("hours") {
            for text in words.names("hours such as 20:00-22:00")? {
                when.hours.push(hours(&text)?);
            }
        } else {
            return unclear(format!(
                "expected from, until, weekdays, days or hours{}",
                words.instead()
            ));
        }
    }
    Ok(when)
}

/// A date, and a time of the day if one follows.
fn moment(words: &mut Words) -> Result<String, Unclear> {
    let date = words.name("a date such as 2026-11-01")?;
    let Some(time) = words.peek().filter(|text| minutes(text).is_some()).map(str::to_owned) else {
        return Ok(date);
    };
    words.needs(&time)?;
    Ok(format!("{date}T{time}"))
}

fn weekday(text: &str) -> Result<u8, Unclear> {
    let known = (1u8..).zip(WEEKDAYS).find(|(_, name)| *name == text).map(|(day, _)| day);
    match known.or_else(|| text.parse().ok()) {
        Some(day) => Ok(day),
        None => unclear(format!("`{text}` is not a weekday; write {}", WEEKDAYS.join(", "))),
    }
}

fn hours(text: &str) -> Result<Hours, Unclear> {
    let parts = text.split_once('-').and_then(|(from, until)| {
        Some(Hours { from_minute: minutes(from)?, until_minute: minutes(until)? })
    });
    parts.ok_or_else(|| Unclear(format!("`{text}` are not hours such as 20:00-22:00")))
}

/// Minutes after midnight of `20:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_right =
        minute.len() == 2 && format!("{hour}{minute}").bytes().all(|b| b.is_ascii_digit());
    let minute: u16 = minute.parse().ok().filter(|m| is_right && *m < 60)?;
    hour.parse::<u16>().ok()?.checked_mul(60)?.checked_add(minute)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

pub(super) fn write_when(when: &When) -> String {
    let mut parts = Vec::new();
    let moment = |text: &str| {
        text.split_once('T')
            .filter(|(date, time)| word(date) == *date && minutes(time).is_some())
            .map_or_else(|| word(text), |(date, time)| format!("{date} {time}"))
    };
    if let Some(from) = &when.from {
        parts.push(format!("from {}", moment(from)));
    }
    if let Some(until) = &when.until {
        parts.push(format!("until {}", moment(until)));
    }
    if !when.weekdays.is_empty() {
        let name = |day: &u8| {
            let place = usize::from(*day).checked_sub(1);
            place
                .and_then(|at| WEEKDAYS.get(at))
                .map_or_else(|| day.to_string(), ToString::to_string)
        };
        parts.push(format!("weekdays {}", join(when.weekdays.iter().map(name))));
    }
    if !when.month_days.is_empty() {
        parts.push(format!("days {}", join(when.month_days.iter().map(u8::to_string))));
    }
    if !when.hours.is_empty() {
        let span = |h: &Hours| format!("{}-{}", clock(h.from_minute), clock(h.until_minute));
        parts.push(format!("hours {}", join(when.hours.iter().map(span))));
    }
    parts.join(" ")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// `stores SH001, SH002 channels till, mall`.
pub(super) fn read_where(words: &mut Words) -> Result<Place, Unclear> {
    let mut place = Place::default();
    while !words.is_done() {
        if words.takes("stores") {
            place.stores = words.names("a store's code")?;
        } else if words.takes("channels") {
            for name in words.names("a channel")? {
                place.channels.push(channel(&name)?);
            }
        } else {
            return unclear(format!("expected stores or channels{}", words.instead()));
        }
    }
    Ok(place)
}

/// A way of selling by its word.
pub(super) fn channel(text: &str) -> Result<Channel, Unclear> {
    match CHANNELS.iter().find(|(_, word)| *word == text) {
        Some((channel, _)) => Ok(*channel),
        None => unclear(format!("`{text}` is not a channel; write till, kiosk, phone or mall")),
    }
}

pub(super) fn write_where(place: &Place) -> String {
    let mut parts = Vec::new();
    if !place.stores.is_empty() {
        parts.push(format!("stores {}", names(&place.stores)));
    }
    if !place.channels.is_empty() {
        let word = |channel: &Channel| {
            CHANNELS.iter().find(|(c, _)| c == channel).map_or("till", |(_, word)| word).to_owned()
        };
        parts.push(format!("channels {}", join(place.channels.iter().map(word))));
    }
    parts.join(" ")
}

/// `order 3 member 1 member-day 1 quota 100 coupons 2 cap 50.00 floor 9.90 floor 60%`.
pub(super) fn read_limits(words: &mut Words) -> Result<Limits, Unclear> {
    let mut limits = Limits::default();
    while !words.is_done() {
        if words.takes("order") {
            limits.per_order = Some(words.number("a number of uses")?);
        } else if words.takes("member") {
            limits.per_member = Some(words.number("a number of uses")?);
        } else if words.takes("member-day") {
            limits.per_member_day = Some(words.number("a number of uses")?);
        } else if words.takes("quota") {
            limits.quota = Some(words.number("a number of uses")?);
        } else if words.takes("coupons") {
            limits.coupons = Some(words.number("a number of coupons")?);
        } else if words.takes("cap") {
            limits.amount_max = Some(words.money()?);
        } else if words.takes("floor") {
            if words.peek().is_some_and(|text| text.ends_with('%')) {
                limits.floor_rate = Some(words.rate()?);
            } else {
                limits.floor_price = Some(words.money()?);
            }
        } else {
            return unclear(format!(
                "expected order, member, member-day, quota, coupons, cap or floor{}",
                words.instead()
            ));
        }
    }
    Ok(limits)
}

pub(super) fn write_limits(limits: &Limits) -> String {
    let uses = [
        ("order", limits.per_order),
        ("member", limits.per_member),
        ("member-day", limits.per_member_day),
        ("quota", limits.quota),
        ("coupons", limits.coupons),
    ];
    let uses = uses.into_iter().filter_map(|(word, n)| Some(format!("{word} {}", n?)));
    let cap = limits.amount_max.map(|money| format!("cap {money}"));
    let price = limits.floor_price.map(|money| format!("floor {money}"));
    let rate = limits.floor_rate.map(|rate| format!("floor {}", percent(rate)));
    uses.chain(cap).chain(price).chain(rate).collect::<Vec<_>>().join(" ")
}

/// `best priority 10 refuses reduced on list`; after the mode `priority` its number follows at
/// once: `priority 10`.
pub(super) fn read_stacking(words: &mut Words) -> Result<Stacking, Unclear> {
    let mut stacking = Stacking::default();
    if let Some((mode, word)) =
        words.peek().and_then(|text| MODES.into_iter().find(|(_, word)| *word == text))
    {
        words.needs(word)?;
        stacking.mode = mode;
        if mode == StackingMode::Priority && words.peek().is_some_and(is_number) {
            stacking.priority = words.number("a priority")?;
        }
    }
    while !words.is_done() {
        if words.takes("priority") {
            stacking.priority = words.number("a priority")?;
        } else if words.takes("refuses") {
            words.needs("reduced")?;
            stacking.refuses_reduced = true;
        } else if words.takes("on") {
            words.needs("list")?;
            stacking.base = Base::List;
        } else {
            return unclear(format!(
                "expected stack, best, priority or exclusive, then `priority 10`, \
                 `refuses reduced` or `on list`{}",
                words.instead()
            ));
        }
    }
    Ok(stacking)
}

fn is_number(text: &str) -> bool {
    text.parse::<i32>().is_ok()
}

pub(super) fn write_stacking(stacking: &Stacking) -> String {
    if *stacking == Stacking::default() {
        return String::new();
    }
    let Stacking { mode, priority, refuses_reduced, base } = *stacking;
    let mut text =
        MODES.iter().find(|(m, _)| *m == mode).map_or("stack", |(_, word)| word).to_owned();
    if mode == StackingMode::Priority {
        text.push_str(&format!(" {priority}"));
    } else if priority != 0 {
        text.push_str(&format!(" priority {priority}"));
    }
    if refuses_reduced {
        text.push_str(" refuses reduced");
    }
    match base {
        Base::Running => {}
        Base::List => text.push_str(" on list"),
    }
    text
}

/// `brand 60% store 40%`.
pub(super) fn read_funding(words: &mut Words) -> Result<Funding, Unclear> {
    if words.is_done() {
        return Ok(Funding::default());
    }
    let none = BasisPoints(0);
    let mut funding = Funding { brand: none, store: none, platform: none };
    if words.takes("nobody") {
        return Ok(funding);
    }
    while !words.is_done() {
        if words.takes("brand") {
            funding.brand = words.rate()?;
        } else if words.takes("store") {
            funding.store = words.rate()?;
        } else if words.takes("platform") {
            funding.platform = words.rate()?;
        } else {
            return unclear(format!("expected brand, store or platform{}", words.instead()));
        }
    }
    Ok(funding)
}

pub(super) fn write_funding(funding: &Funding) -> String {
    if *funding == Funding::default() {
        return String::new();
    }
    let parts =
        [("brand", funding.brand), ("store", funding.store), ("platform", funding.platform)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, rate)| rate.0 != 0)
        .map(|(word, rate)| format!("{word} {}", percent(rate)))
        .collect();
    if parts.is_empty() { "nobody".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T>(
        text: &str,
        read: impl Fn(&mut Words) -> Result<T, Unclear>,
        write: impl Fn(&T) -> String,
    ) {
        let value = Words::of(text).and_then(|mut words| read(&mut words)).unwrap();
        assert_eq!(write(&value), text);
    }

    #[test]
    fn every_clause_reads_back_as_it_is_written() {
        for text in
            ["", "member", "tier gold, 白金 joined within 30 days birthday month staff crowd 宝妈"]
        {
            check(text, read_who, write_who);
        }
        for text in [
            "",
            "from 2026-11-01 until 2026-11-12 20:00 weekdays fri, sat days 8, 18",
            "hours 20:00-22:30, 22:30-02:00, 00:00-24:00",
        ] {
            check(text, read_when, write_when);
        }
        for text in ["", "stores SH001, SH002 channels till, kiosk, phone, mall"] {
            check(text, read_where, write_where);
        }
        for text in
            ["", "order 3 member 1 member-day 1 quota 100 coupons 2 cap 50.00 floor 9.90 floor 60%"]
        {
            check(text, read_limits, write_limits);
        }
        for text in ["", "best", "priority 0", "priority -3 on list", "stack priority 7"] {
            check(text, read_stacking, write_stacking);
        }
        check("exclusive priority 10 refuses reduced on list", read_stacking, write_stacking);
        for text in ["", "brand 60% store 40%", "platform 100%", "nobody"] {
            check(text, read_funding, write_funding);
        }
    }
}
