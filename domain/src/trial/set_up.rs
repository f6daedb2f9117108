//! What stands before the first scan: items, rules, the place, the time, the shopper.
//!
//! **Invariant:** a word that is not known is refused; nothing is guessed.

use std::sync::Arc;

use super::{
    Detail, Row, TRIAL_ITEMS_MAX, TextFault, clause, goods_text,
    rule_text::Draft,
    words::{Unclear, Words, unclear},
};
use crate::{
    cart::LineItem,
    catalog::Unit,
    money::BasisPoints,
    pricing::{
        Occasion, PriceBook, RuleSet,
        check::Finding,
        occasion::{Choice, Coupon, Shopper, Used},
    },
    returns::{
        CouponPolicy, DeliveryPolicy, GiftPolicy, GrantPolicy, ReturnPolicy, WithoutReceipt,
    },
    tender::{CashRounding, TenderKind},
    time::{StoreClock, Timestamp},
};

/// Noon of a Saturday in the store's time, for trials to which the time does not matter.
const MOMENT: &str = "2026-11-21T12:00:00";
/// What most goods carry.
const TAX: BasisPoints = BasisPoints(1_300);

/// What a trial has to go by.
#[derive(Clone, Debug)]
pub(super) struct SetUp {
    pub(super) items: Vec<LineItem>,
    set: RuleSet,
    pub(super) circumstances: Circumstances,
}

/// What also a cart of the trial may change: shopper, time, coupons, choices.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    pub(super) occasion: Occasion,
    pub(super) rounding: CashRounding,
    pub(super) policy: ReturnPolicy,
    pub(super) show: Vec<Detail>,
}

/// The rules made ready, or what is wrong with them.
pub(super) type Ready = Result<Arc<PriceBook>, Vec<Finding>>;

impl SetUp {
    /// Reads the first part of a trial.
    pub(super) fn read(rows: &[Row<'_>]) -> Result<Self, TextFault> {
        let mut set_up = Self {
            items: Vec::new(),
            set: RuleSet::default(),
            circumstances: Circumstances::usual().map_err(|e| TextFault { line: 1, what: e.0 })?,
        };
        let mut draft: Option<Draft> = None;
        for row in rows {
            set_up
                .line(row.text, &mut draft)
                .map_err(|unclear| TextFault { line: row.line, what: unclear.0 })?;
        }
        set_up.set.rules.extend(draft.map(|draft| draft.rule));
        Ok(set_up)
    }

    /// Its rules, compiled; a trial is always of revision 1.
    pub(super) fn ready(&self) -> Ready {
        PriceBook::compile(1, self.set.clone()).map(Arc::new)
    }

    fn line(&mut self, text: &str, draft: &mut Option<Draft>) -> Result<(), Unclear> {
        let mut words = Words::of(text)?;
        if words.is_done() {
            return Ok(());
        }
        if let Some(draft) = draft.as_mut().filter(|_| text.starts_with(char::is_whitespace)) {
            return draft.clause(&mut words);
        }
        self.set.rules.extend(draft.take().map(|draft| draft.rule));
        if words.takes("rule") {
            *draft = Some(Draft::head(&mut words)?);
        } else if words.takes("item") {
            self.item(&mut words)?;
        } else if words.takes("set") {
            let name = words.name("a name for these goods")?;
            let goods = goods_text::read(&mut words)?;
            if self.set.sets.insert(name.clone(), goods).is_some() {
                return unclear(format!("the set `{name}` is there twice"));
            }
        } else if !self.circumstances.line(&mut words)? {
            return unclear(not_a_word(&words, text));
        }
        words.end()
    }

    /// `item tea 29.90 piece tax 13% brand 大益 category 食品/茶 tags new, season=2026AW`.
    fn item(&mut self, words: &mut Words) -> Result<(), Unclear> {
        let key = words.name("an item's key")?;
        if self.items.iter().any(|item| item.sku == key) {
            return unclear(format!("the item `{key}` is there twice"));
        }
        if self.items.len() >= TRIAL_ITEMS_MAX {
            return unclear(format!("a trial has at most {TRIAL_ITEMS_MAX} items"));
        }
        let list_price = words.money()?;
        let unit = words.name("piece or kg")?;
        let Some(unit) = Unit::from_word(&unit) else {
            return unclear(format!("`{unit}` is neither piece nor kg"));
        };
        let mut item = LineItem {
            sku: key.clone(),
            code: key.clone(),
            name: key,
            spec: String::new(),
            unit,
            list_price,
            tax_rate: TAX,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            tags: Vec::new(),
        };
        while !words.is_done() {
            attribute(&mut item, words)?;
        }
        self.items.push(item);
        Ok(())
    }
}

fn not_a_word(words: &Words, text: &str) -> String {
    let word = words.peek().unwrap_or(text);
    match word {
        "give" | "goods" | "stacking" | "limits" => {
            format!("`{word}` belongs to a rule: indent it below its `rule` line")
        }
        _ => format!(
            "`{word}` is not a word of a set-up; write item, set, rule, member, coupon, choose, \
             points, used, at, clock, store, channel, delivery, rounding, policy, show"
        ),
    }
}

fn attribute(item: &mut LineItem, words: &mut Words) -> Result<(), Unclear> {
    if words.takes("tax") {
        item.tax_rate = words.rate()?;
    } else if words.takes("brand") {
        item.brand = words.name("a brand")?;
    } else if words.takes("category") {
        item.category = words.name("a category")?;
    } else if words.takes("style") {
        item.style = words.name("a style")?;
    } else if words.takes("colour") {
        item.colour = words.name("a colour")?;
    } else if words.takes("size") {
        item.size = words.name("a size")?;
    } else if words.takes("name") {
        item.name = words.name("a name")?;
    } else if words.takes("tags") {
        item.tags = words.names("a tag")?;
    } else {
        return unclear(format!(
            "expected tax, brand, category, style, colour, size, name or tags{}",
            words.instead()
        ));
    }
    Ok(())
}

impl Circumstances {
    /// A till at noon, nobody known.
    fn usual() -> Result<Self, Unclear> {
        let clock = StoreClock::default();
        let at = moment(MOMENT, clock)?;
        Ok(Self {
            occasion: Occasion::at_till("SH001".to_owned(), clock, at),
            rounding: CashRounding::None,
            policy: ReturnPolicy::default(),
            show: Vec::new(),
        })
    }

    /// Takes a line if it is about the circumstances; `false` if it is not.
    pub(super) fn line(&mut self, words: &mut Words) -> Result<bool, Unclear> {
        let occasion = &mut self.occasion;
        if words.takes("member") {
            occasion.shopper = Some(shopper(words)?);
        } else if words.takes("coupon") {
            let code = words.name("a coupon's number")?;
            occasion.coupons.push(Coupon { code, rule: words.name("the id of its rule")? });
        } else if words.takes("choose") {
            let rule = words.name("a rule's id")?;
            let uses = if words.is_done() { 1 } else { words.number("a number of uses")? };
            occasion.choices.push(Choice { rule, uses });
        } else if words.takes("points") {
            occasion.points_to_pay = words.number("a number of points")?;
        } else if words.takes("used") {
            occasion.used.push(used(words)?);
        } else if words.takes("at") {
            let date = words.name("a date such as 2026-11-21")?;
            let time = words.name("a time such as 18:03")?;
            let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
            occasion.at = moment(&format!("{date}T{time}{seconds}"), occasion.clock)?;
        } else if words.takes("clock") {
            occasion.clock = clock(words)?;
        } else if words.takes("store") {
            occasion.store = words.name("a store's code")?;
        } else if words.takes("channel") {
            occasion.channel = clause::channel(&words.name("a channel")?)?;
        } else if words.takes("delivery") {
            occasion.delivery_fee = words.money()?;
        } else if words.takes("rounding") {
            self.rounding = rounding(words)?;
        } else if words.takes("policy") {
            policy(&mut self.policy, words)?;
        } else if words.takes("show") {
            for name in words.names("what to show")? {
                self.show.push(detail(&name)?);
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

fn detail(name: &str) -> Result<Detail, Unclear> {
    match Detail::from_word(name) {
        Some(detail) => Ok(detail),
        None => {
            let known: Vec<&str> = Detail::ALL.iter().map(|detail| detail.word()).collect();
            unclear(format!("`{name}` cannot be shown; write {}", known.join(", ")))
        }
    }
}

fn rounding(words: &mut Words) -> Result<CashRounding, Unclear> {
    let name = words.name("a rounding")?;
    match CashRounding::from_word(&name) {
        Some(rounding) => Ok(rounding),
        None => {
            let known: Vec<&str> = CashRounding::ALL.iter().map(|mode| mode.word()).collect();
            unclear(format!("`{name}` is not a rounding; write {}", known.join(", ")))
        }
    }
}

/// `gifts kept`, `grants void`, `grants kept`, `coupons never`, `delivery back`, `without receipt 100.00 day 300.00 cash`.
fn policy(policy: &mut ReturnPolicy, words: &mut Words) -> Result<(), Unclear> {
    if words.takes("gifts") {
        words.needs("kept")?;
        policy.gifts = GiftPolicy::Kept;
    } else if words.takes("grants") {
        policy.grants = if words.takes("void") { GrantPolicy::Voided } else { GrantPolicy::Kept };
        if policy.grants == GrantPolicy::Kept {
            words.needs("kept")?;
        }
    } else if words.takes("coupons") {
        words.needs("never")?;
        policy.coupons = CouponPolicy::Never;
    } else if words.takes("delivery") {
        words.needs("back")?;
        policy.delivery = DeliveryPolicy::WithLastUnit;
    } else if words.takes("without") {
        words.needs("receipt")?;
        let amount_max_minor = words.money()?;
        words.needs("day")?;
        let day_amount_max_minor = words.money()?;
        let kind = words.name("a tender")?;
        let Some(tender) = TenderKind::from_word(&kind) else {
            return unclear(format!("`{kind}` is not a tender; write cash or card"));
        };
        policy.without_receipt =
            Some(WithoutReceipt { amount_max_minor, day_amount_max_minor, tender });
    } else {
        return unclear(format!(
            "expected gifts kept, grants void, grants kept, coupons never, delivery back or without \
             receipt{}",
            words.instead()
        ));
    }
    Ok(())
}

/// A moment on the store's wall.
fn moment(local: &str, clock: StoreClock) -> Result<Timestamp, Unclear> {
    let minutes = i64::from(clock.utc_offset_minutes);
    match format!("{local}Z").parse::<Timestamp>() {
        Ok(as_utc) => Ok(as_utc.plus_ms(-minutes * 60_000)),
        Err(_) => unclear(format!("`{local}` is not a date and a time of the day")),
    }
}

/// `clock 480 cut 240`: minutes east of UTC, minutes after midnight at which the day turns.
fn clock(words: &mut Words) -> Result<StoreClock, Unclear> {
    let utc_offset_minutes = words.number("minutes east of UTC")?;
    let mut clock = StoreClock { utc_offset_minutes, ..StoreClock::default() };
    if words.takes("cut") {
        clock.day_cut_minutes = words.number("minutes after midnight")?;
    }
    if clock.utc_offset_minutes.unsigned_abs() >= 1_440 || clock.day_cut_minutes >= 1_440 {
        return unclear("a clock is less than a day from UTC, and its day turns within a day");
    }
    Ok(clock)
}

/// `member tier gold joined 2026-11-01 birthday 11-21 staff crowds 宝妈 points 500`.
fn shopper(words: &mut Words) -> Result<Shopper, Unclear> {
    let mut shopper = Shopper::default();
    while !words.is_done() {
        if words.takes("tier") {
            shopper.tier = words.name("a tier")?;
        } else if words.takes("joined") {
            let date = words.name("a date")?;
            match date.parse() {
                Ok(date) => shopper.joined_on = Some(date),
                Err(_) => return unclear(format!("`{date}` is not a date such as 2026-11-01")),
            }
        } else if words.takes("birthday") {
            let day = words.name("a month and a day")?;
            let parts =
                day.split_once('-').and_then(|(m, d)| Some((m.parse().ok()?, d.parse().ok()?)));
            match parts {
                Some(birthday) => shopper.birthday = Some(birthday),
                None => return unclear(format!("`{day}` is not a month and a day such as 11-21")),
            }
        } else if words.takes("staff") {
            shopper.is_staff = true;
        } else if words.takes("crowds") {
            shopper.crowds = words.names("a crowd")?;
        } else if words.takes("points") {
            shopper.points = words.number("a number of points")?;
        } else {
            return unclear(format!(
                "expected tier, joined, birthday, staff, crowds or points{}",
                words.instead()
            ));
        }
    }
    Ok(shopper)
}

/// `used flash member 1 today 1 all 30`.
fn used(words: &mut Words) -> Result<Used, Unclear> {
    let mut used = Used { rule: words.name("a rule's id")?, ..Used::default() };
    while !words.is_done() {
        if words.takes("member") {
            used.by_member = words.number("a number of uses")?;
        } else if words.takes("today") {
            used.by_member_today = words.number("a number of uses")?;
        } else if words.takes("all") {
            used.by_all = words.number("a number of uses")?;
        } else {
            return unclear(format!("expected member, today or all{}", words.instead()));
        }
    }
    Ok(used)
}
