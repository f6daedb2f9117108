//! What is wrong with a rule set before it is in force.
//!
//! **Invariant:** a set without errors can be compiled, and never makes a quote fail or wait.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    benefit::is_benefit,
    book::named_goods,
    explain::Language,
    goods::{Goods, SELECTS_MAX, Select},
    rule::{
        Cut, GROUP_PIECES_MAX, Grant, Hours, Lane, Limits, NEEDS_MAX, NeedAmount, PRICE_LIST_MAX,
        RULE_ID_CHARS_MAX, RULE_NAME_CHARS_MAX, RULES_MAX, Repeat, Reward, Rule, RuleSet, SETS_MAX,
        SLOTS_MAX, STEPS_MAX, When,
    },
};
use crate::{
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    quantity::QUANTITY_MILLI_MAX,
    time::LocalMoment,
};

/// The largest sum a threshold or a reward may name: a hundred million yuan.
pub const RULE_MINOR_MAX: i64 = 10_000_000_000;
/// The most points a rule may name.
pub const RULE_POINTS_MAX: i64 = 1_000_000_000;
/// Selections that a list stands for once all names in it are put in.
pub const SELECTS_RESOLVED_MAX: usize = 10_000;
/// Selections of a whole set once all names are put in: some hundreds of megabytes in memory.
pub const SELECTS_ALL_MAX: usize = 2_000_000;
/// How deep named goods may use each other.
pub const SETS_DEEP_MAX: usize = 8;

/// Something about a rule set that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule's id, or the name of a set of goods; empty for the whole.
    pub subject: String,
    /// What it is.
    pub fault: Fault,
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// More than `RULES_MAX` rules.
    TooManyRules,
    /// More than `SETS_MAX` named goods.
    TooManySets,
    /// The id is empty, too long, has blanks or cannot be printed.
    Id,
    /// Another rule has this id.
    IdTwice,
    /// The name is empty, too long or cannot be printed.
    Name,
    /// Goods of a name that the set does not have.
    SetUnknown,
    /// Named goods that use themselves, by whatever way round.
    SetCycle,
    /// An empty or overlong list of selections.
    Selects,
    /// All names put in, the whole set comes to more than `SELECTS_ALL_MAX` selections.
    Selections,
    /// No step, or more than `STEPS_MAX`.
    Steps,
    /// More than `NEEDS_MAX` needs in a step, or one of nothing or of too much.
    Needs,
    /// Each time of nothing: a repetition that has no end.
    EndlessRepeat,
    /// Steps that bring different kinds of rewards.
    MixedRewards,
    /// A reward that does not belong into the rule's lane.
    Lane,
    /// A rate above one, a price or an amount that is nothing, below zero or too much.
    Amount,
    /// A group of fewer than two or more than `GROUP_PIECES_MAX` units, or cut as a whole.
    Group,
    /// No slot, or more than `SLOTS_MAX`.
    Slots,
    /// An empty or overlong list of prices.
    PriceList,
    /// Points that are nothing, below zero or too many.
    Points,
    /// The coupon it grants is no coupon rule of the set.
    CouponUnknown,
    /// A moment, weekday, day or hour that does not exist, or an end before its beginning.
    When,
    /// A limit of nothing.
    Limits,
    /// The shares of who pays do not sum to one.
    Funding,
    /// Warning: a step that a later one always hides.
    StepHidden,
    /// Warning: goods that are selected and excluded at once.
    NoGoods,
    /// Warning: it takes nothing.
    TakesNothing,
    /// Warning: no day between its beginning and its end is one of its days.
    NeverOpen,
}

impl Fault {
    /// Whether the set is refused for it; the others are warnings.
    #[must_use]
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::StepHidden | Self::NoGoods | Self::TakesNothing | Self::NeverOpen)
    }

    /// The code on wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.texts().0
    }

    /// Code, and what it says in Chinese and English.
    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::TooManyRules => ("too-many-rules", "规则太多", "there are too many rules"),
            Self::TooManySets => ("too-many-sets", "商品组太多", "there are too many named goods"),
            Self::Id => {
                ("id", "规则编号为空、太长或含空格", "the id is empty, too long or has blanks")
            }
            Self::IdTwice => ("id-twice", "规则编号重复", "another rule has this id"),
            Self::Name => ("name", "规则名称为空或太长", "the name is empty or too long"),
            Self::SetUnknown => {
                ("set-unknown", "引用了不存在的商品组", "it uses goods of an unknown name")
            }
            Self::SetCycle => ("set-cycle", "商品组互相循环引用", "the named goods use themselves"),
            Self::Selects => {
                ("selects", "商品条件为空或太多", "a list of goods is empty or too long")
            }
            Self::Selections => (
                "selections",
                "商品组展开后商品条件太多，请改用分类或标签",
                "its named goods come to too many selections; use categories or tags",
            ),
            Self::Steps => ("steps", "没有优惠阶梯或阶梯太多", "it has no step or too many"),
            Self::Needs => (
                "needs",
                "门槛为零、过大或太多",
                "a threshold is nothing, too much, or one of too many",
            ),
            Self::EndlessRepeat => {
                ("endless-repeat", "“每满”没有门槛", "it repeats without a threshold")
            }
            Self::MixedRewards => (
                "mixed-rewards",
                "各阶梯的优惠种类不同",
                "its steps bring different kinds of rewards",
            ),
            Self::Lane => {
                ("lane", "优惠种类与层级不符", "the reward does not belong into its lane")
            }
            Self::Amount => ("amount", "折扣或金额超出范围", "a rate or an amount is out of range"),
            Self::Group => ("group", "件数超出范围", "the number of pieces is out of range"),
            Self::Slots => {
                ("slots", "套装没有组成或组成太多", "the bundle has no slot or too many")
            }
            Self::PriceList => {
                ("price-list", "价目为空或太长", "the price list is empty or too long")
            }
            Self::Points => ("points", "积分超出范围", "the points are out of range"),
            Self::CouponUnknown => {
                ("coupon-unknown", "所返的券不存在", "the coupon it grants is not in the set")
            }
            Self::When => {
                ("when", "时间不存在或先后颠倒", "a time does not exist or ends before it begins")
            }
            Self::Limits => ("limits", "限量不能为零", "a limit is nothing"),
            Self::Funding => {
                ("funding", "费用分摊之和不是 100%", "the shares of who pays do not sum to 100 %")
            }
            Self::StepHidden => {
                ("step-hidden", "有的阶梯永远轮不到", "a step is always hidden by a later one")
            }
            Self::NoGoods => {
                ("no-goods", "选中的商品又全部被排除", "the goods selected are all excluded")
            }
            Self::TakesNothing => ("takes-nothing", "没有任何优惠", "it takes nothing"),
            Self::NeverOpen => {
                ("never-open", "有效期内没有符合的日子", "it has no day in its time")
            }
        }
    }
}

impl Finding {
    /// What is wrong, for its author.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let (_, zh, en) = self.fault.texts();
        match (language, self.subject.is_empty()) {
            (Language::Zh, true) => format!("{zh}。"),
            (Language::Zh, false) => format!("“{}”：{zh}。", self.subject),
            (Language::En, true) => format!("The set: {en}."),
            (Language::En, false) => format!("`{}`: {en}.", self.subject),
        }
    }
}

/// Looks a rule set over: errors first, then warnings, each by subject.
#[must_use]
pub fn check(set: &RuleSet) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    let mut find = |subject: &str, faults: Vec<Fault>| {
        for fault in faults {
            let finding = Finding { subject: subject.to_owned(), fault };
            findings.insert((!fault.is_error(), finding));
        }
    };
    if set.rules.len() > RULES_MAX {
        find("", vec![Fault::TooManyRules]);
    }
    if set.sets.len() > SETS_MAX {
        find("", vec![Fault::TooManySets]);
    }
    let sizes = Sizes::of(set);
    for (name, goods) in set.sets.iter().take(SETS_MAX) {
        find(name, goods_faults(goods, &sizes));
    }
    let goods = set.rules.iter().take(RULES_MAX).flat_map(goods_of);
    if goods.map(|goods| sizes.expanded(goods)).fold(0, usize::saturating_add) > SELECTS_ALL_MAX {
        find("", vec![Fault::Selections]);
    }
    let mut ids = BTreeSet::new();
    let coupons: BTreeSet<&str> =
        set.rules.iter().filter(|rule| rule.coupon).map(|rule| rule.id.as_str()).collect();
    for rule in set.rules.iter().take(RULES_MAX) {
        find(&rule.id, rule_faults(rule, &sizes, &coupons));
        if !ids.insert(rule.id.as_str()) {
            find(&rule.id, vec![Fault::IdTwice]);
        }
    }
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// Goods with all named goods put in. What `check` refuses comes out as nothing.
pub(super) fn resolved(goods: &Goods, sets: &BTreeMap<String, Goods>) -> Goods {
    let mut out = goods.clone();
    for depth in 0.. {
        let has_set = |selects: &[Select]| selects.iter().any(|s| matches!(s, Select::Set(_)));
        if depth > SETS_DEEP_MAX || !(has_set(&out.any) || has_set(&out.except)) {
            break;
        }
        out.any = flattened(out.any, sets);
        out.except = flattened(out.except, sets);
    }
    out
}

/// A list with each name replaced by what it stands for.
fn flattened(selects: Vec<Select>, sets: &BTreeMap<String, Goods>) -> Vec<Select> {
    let mut flat = Vec::with_capacity(selects.len());
    for select in selects {
        if let Select::Set(name) = select {
            flat.extend(sets.get(&name).into_iter().flat_map(|goods| goods.any.clone()));
        } else {
            flat.push(select);
        }
    }
    flat
}

fn goods_faults(goods: &Goods, sizes: &Sizes<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let lists = [&goods.any, &goods.all, &goods.except];
    let is_bad = |select: &Select| match select {
        Select::Sku(word)
        | Select::Style(word)
        | Select::Category(word)
        | Select::Brand(word)
        | Select::Tag(word)
        | Select::Attribute(word)
        | Select::Set(word) => word.trim().is_empty() || word.chars().any(char::is_control),
    };
    if lists.iter().any(|list| list.len() > SELECTS_MAX || list.iter().any(is_bad)) {
        faults.push(Fault::Selects);
    }
    // What is everything but something cannot be one of several, so named goods only choose.
    if goods.all.iter().any(|select| matches!(select, Select::Set(_))) {
        faults.push(Fault::SetUnknown);
    }
    for list in [&goods.any, &goods.except] {
        let mut n_selects = 0_usize;
        for select in list.iter().take(SELECTS_MAX) {
            let Select::Set(name) = select else { continue };
            match sizes.known.get(name.as_str()).copied().unwrap_or(Err(Fault::SetUnknown)) {
                Ok(size) => n_selects = n_selects.saturating_add(size.selects),
                Err(fault) => faults.push(fault),
            }
        }
        if n_selects > SELECTS_RESOLVED_MAX {
            faults.push(Fault::Selects);
        }
    }
    if !goods.any.is_empty() && goods.any.iter().all(|select| goods.except.contains(select)) {
        faults.push(Fault::NoGoods);
    }
    faults
}

/// How many selections each name of goods stands for, worked out once per name: names may use each
/// other, and what they stand for may grow beyond counting.
struct Sizes<'a> {
    set: &'a RuleSet,
    known: BTreeMap<&'a str, Result<Size, Fault>>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
struct Size {
    selects: usize,
    /// Names within names.
    deep: usize,
}

/// Every goods that a rule names.
fn goods_of(rule: &Rule) -> impl Iterator<Item = &Goods> {
    let needed = rule.steps.iter().flat_map(|step| &step.needs);
    let needed = needed.filter_map(|need| need.goods.as_ref());
    std::iter::once(&rule.goods)
        .chain(needed)
        .chain(rule.steps.iter().flat_map(|step| named_goods(&step.reward)))
}

impl<'a> Sizes<'a> {
    /// Selections of goods with all names put in.
    fn expanded(&self, goods: &Goods) -> usize {
        let size = |select: &Select| {
            let Select::Set(name) = select else {
                return 1;
            };
            let known = self.known.get(name.as_str()).copied();
            known.and_then(Result::ok).map_or(1, |size| size.selects)
        };
        goods.any.iter().chain(&goods.all).chain(&goods.except).map(size).sum()
    }

    fn of(set: &'a RuleSet) -> Self {
        let mut sizes = Self { set, known: BTreeMap::new() };
        for name in set.sets.keys().take(SETS_MAX) {
            // The answer is kept; whoever asks for it tells it.
            let _ = sizes.look(name);
        }
        sizes
    }

    fn look(&mut self, name: &'a str) -> Result<Size, Fault> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let goods = self.set.sets.get(name).ok_or(Fault::SetUnknown)?;
        // Whoever comes here again before it is known has gone round in a circle.
        self.known.insert(name, Err(Fault::SetCycle));
        let size = self.add_up(goods);
        self.known.insert(name, size);
        size
    }

    fn add_up(&mut self, goods: &'a Goods) -> Result<Size, Fault> {
        // Only plain lists can be put into another list.
        if goods.any.is_empty() || !goods.all.is_empty() || !goods.except.is_empty() {
            return Err(Fault::SetUnknown);
        }
        let mut size = Size { selects: 0, deep: 0 };
        for select in goods.any.iter().take(SELECTS_MAX) {
            let inner = if let Select::Set(name) = select {
                self.look(name)?
            } else {
                Size { selects: 1, deep: 0 }
            };
            size.selects = size.selects.saturating_add(inner.selects);
            size.deep = size.deep.max(inner.deep + 1);
        }
        if size.deep > SETS_DEEP_MAX {
            return Err(Fault::SetCycle);
        }
        if size.selects > SELECTS_RESOLVED_MAX { Err(Fault::Selects) } else { Ok(size) }
    }
}

fn is_text(text: &str, chars_max: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
}

fn rule_faults(rule: &Rule, sizes: &Sizes<'_>, coupons: &BTreeSet<&str>) -> Vec<Fault> {
    let mut faults = goods_faults(&rule.goods, sizes);
    let mut when = |is_fault: bool, fault: Fault| {
        if is_fault {
            faults.push(fault);
        }
    };
    let has_blank = rule.id.chars().any(char::is_whitespace);
    when(!is_text(&rule.id, RULE_ID_CHARS_MAX) || has_blank, Fault::Id);
    when(!is_text(&rule.name, RULE_NAME_CHARS_MAX), Fault::Name);
    when(rule.steps.is_empty() || rule.steps.len() > STEPS_MAX, Fault::Steps);
    when(!is_when(&rule.when), Fault::When);
    when(is_never_open(&rule.when), Fault::NeverOpen);
    when(!is_limits(&rule.limits), Fault::Limits);
    let funding = rule.funding;
    let shares = [funding.brand, funding.store, funding.platform].map(|rate| u32::from(rate.0));
    when(shares.iter().sum::<u32>() != 10_000, Fault::Funding);
    let kinds: BTreeSet<_> = rule.steps.iter().map(|step| kind(&step.reward)).collect();
    when(kinds.len() > 1, Fault::MixedRewards);
    when(!rule.steps.iter().all(|step| is_at_home(rule, &step.reward)), Fault::Lane);
    when(is_hidden(rule), Fault::StepHidden);
    for step in &rule.steps {
        let is_need = |amount: NeedAmount| match amount {
            NeedAmount::Pieces(pieces) => (1..=1_000_000).contains(&pieces),
            NeedAmount::Minor(minor) => (1..=RULE_MINOR_MAX).contains(&minor.minor()),
            NeedAmount::Milli(milli) => (1..=QUANTITY_MILLI_MAX).contains(&milli.milli()),
        };
        let are_needs = step.needs.iter().all(|need| is_need(need.amount));
        when(step.needs.len() > NEEDS_MAX || !are_needs, Fault::Needs);
        let is_endless = rule.repeat == Repeat::Each && step.needs.is_empty();
        when(is_endless && !repeats_by_itself(&step.reward), Fault::EndlessRepeat);
    }
    for step in &rule.steps {
        let needed = step.needs.iter().filter_map(|need| need.goods.as_ref());
        for goods in needed.chain(named_goods(&step.reward)) {
            faults.extend(goods_faults(goods, sizes));
        }
        faults.extend(reward_faults(&step.reward, coupons));
    }
    faults
}

/// Rewards that end by themselves: when no more units are there.
const fn repeats_by_itself(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::Units(_)
            | Reward::PriceList(_)
            | Reward::PointsPrice { .. }
            | Reward::Nth { .. }
            | Reward::Cheapest { .. }
            | Reward::BuyGet { .. }
            | Reward::Pick { .. }
            | Reward::Bundle { .. }
    )
}

/// Which rewards may stand in steps of one rule.
const fn kind(reward: &Reward) -> u8 {
    match reward {
        Reward::Units(_) | Reward::PriceList(_) => 0,
        Reward::PointsPrice { .. } => 1,
        Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. } => 2,
        Reward::AmountOff(_) | Reward::AmountRate(_) => 3,
        Reward::Gift { .. } | Reward::AddOn { .. } => 4,
        Reward::FreeDelivery { .. } => 5,
        Reward::EarnPoints { .. } => 6,
        Reward::PointsTimes(_) => 7,
        Reward::PointsPay { .. } => 8,
        Reward::Grant(_) => 9,
    }
}

fn is_at_home(rule: &Rule, reward: &Reward) -> bool {
    if rule.coupon {
        return rule.lane.is_none_or(|lane| lane == Lane::Coupon)
            && !matches!(reward, Reward::PointsPay { .. } | Reward::PointsPrice { .. });
    }
    match rule.lane() {
        Lane::Price | Lane::Line => kind(reward) <= 1,
        Lane::Group => kind(reward) == 0 || kind(reward) == 2,
        Lane::Order => matches!(kind(reward), 3 | 4) || is_benefit(reward),
        Lane::Points => matches!(reward, Reward::PointsPay { .. }) || is_benefit(reward),
        Lane::Coupon => false,
    }
}

/// A step whose needs are all at least those of a later one: the later always applies instead.
fn is_hidden(rule: &Rule) -> bool {
    let size = |step: &super::rule::Step| match step.needs.as_slice() {
        [need] if need.goods.is_none() => Some(match need.amount {
            NeedAmount::Pieces(n) => (0, i64::from(n)),
            NeedAmount::Minor(minor) => (1, minor.minor()),
            NeedAmount::Milli(milli) => (2, milli.milli()),
        }),
        [] => Some((3, 0)),
        _ => None,
    };
    rule.steps.windows(2).any(|pair| match pair {
        [a, b] => match (size(a), size(b)) {
            (Some((_, _)), Some((3, _))) => true,
            (Some((kind_a, a)), Some((kind_b, b))) => kind_a == kind_b && a >= b,
            _ => false,
        },
        _ => false,
    })
}

fn is_when(when: &When) -> bool {
    let parse =
        |text: &Option<String>| text.as_ref().map(|text| LocalMoment::parse(text)).transpose();
    let (Ok(from), Ok(until)) = (parse(&when.from), parse(&when.until)) else {
        return false;
    };
    let is_hours = |hours: &Hours| {
        hours.from_minute < 1_440
            && (1..=1_440).contains(&hours.until_minute)
            && hours.from_minute != hours.until_minute
    };
    from.zip(until).is_none_or(|(from, until)| from < until)
        && when.weekdays.iter().all(|day| (1..=7).contains(day))
        && when.month_days.iter().all(|day| (1..=31).contains(day))
        && when.hours.len() <= 24
        && when.hours.iter().all(is_hours)
}

/// Within a few days of validity, none is one of its weekdays.
fn is_never_open(when: &When) -> bool {
    let parse = |text: &Option<String>| text.as_ref().and_then(|t| LocalMoment::parse(t).ok());
    let (Some(from), Some(until)) = (parse(&when.from), parse(&when.until)) else {
        return false;
    };
    if when.weekdays.is_empty() || when.weekdays.iter().any(|day| !(1..=7).contains(day)) {
        return false;
    }
    let days = until.whole_days_since(from);
    days < 7
        && (0..=days).all(|n| {
            let ahead = u8::try_from(n).unwrap_or(0);
            let weekday = (from.weekday() - 1 + ahead) % 7 + 1;
            let is_past_end = n == days && until.minute() == 0 && from.minute() == 0;
            is_past_end || !when.weekdays.contains(&weekday)
        })
}

fn is_limits(limits: &Limits) -> bool {
    let Limits {
        per_order,
        per_member,
        per_member_day,
        quota,
        coupons,
        amount_max,
        floor_price,
        floor_rate,
    } = limits;
    [per_order, per_member, per_member_day, quota, coupons].into_iter().flatten().all(|n| *n > 0)
        && amount_max.is_none_or(|max| (1..=RULE_MINOR_MAX).contains(&max.minor()))
        && floor_price.is_none_or(|floor| (0..=UNIT_PRICE_MINOR_MAX).contains(&floor.minor()))
        && floor_rate.is_none_or(|rate| rate.0 <= 10_000)
}

fn is_sum(money: Money) -> bool {
    (1..=RULE_MINOR_MAX).contains(&money.minor())
}

/// Whether a cut's rate, amount or price can be meant.
pub(super) fn is_cut(cut: Cut) -> bool {
    match cut {
        Cut::Rate(rate) => rate.0 <= 10_000,
        Cut::Off(off) => is_sum(off),
        Cut::Price(price) => (0..=RULE_MINOR_MAX).contains(&price.minor()),
    }
}

const WHOLE: BasisPoints = BasisPoints(10_000);

fn reward_faults(reward: &Reward, coupons: &BTreeSet<&str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut when = |is_fault: bool, fault: Fault| {
        if is_fault {
            faults.push(fault);
        }
    };
    let is_size = |n: u32| (1..=GROUP_PIECES_MAX).contains(&n);
    let is_points = |points: i64| (1..=RULE_POINTS_MAX).contains(&points);
    match reward {
        Reward::Units(cut) => when(!is_cut(*cut), Fault::Amount),
        Reward::PriceList(prices) => {
            when(prices.is_empty() || prices.len() > PRICE_LIST_MAX, Fault::PriceList);
            when(prices.values().any(|price| !is_cut(Cut::Price(*price))), Fault::Amount);
        }
        Reward::PointsPrice { points, price } => {
            when(!is_points(*points), Fault::Points);
            when(!is_cut(Cut::Price(*price)), Fault::Amount);
        }
        Reward::Nth { n, cut } => {
            when(!is_size(*n) || *n < 2, Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::Cheapest { of, count, cut } => {
            when(!is_size(*of) || !is_size(*count) || count >= of, Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::BuyGet { buy, get, cut, .. } => {
            when(!is_size(*buy) || !is_size(*get), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::Pick { n, price } => {
            when(!is_size(*n), Fault::Group);
            when(!is_cut(Cut::Price(*price)), Fault::Amount);
        }
        Reward::Bundle { slots, cut } => {
            when(slots.is_empty() || slots.len() > SLOTS_MAX, Fault::Slots);
            when(!slots.iter().all(|slot| is_size(slot.count)), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::AmountOff(off) => when(!is_sum(*off), Fault::Amount),
        Reward::AmountRate(rate) => when(*rate > WHOLE, Fault::Amount),
        Reward::Gift { count, .. } => when(!is_size(*count), Fault::Group),
        Reward::AddOn { count, cut, .. } => {
            when(!is_size(*count), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::FreeDelivery { fee_max } => when(!fee_max.is_none_or(is_sum), Fault::Amount),
        Reward::EarnPoints { per, points } => {
            when(!is_sum(*per), Fault::Amount);
            when(!is_points(*points), Fault::Points);
        }
        Reward::PointsTimes(rate) => when(rate.0 == 0 || rate.0 > 1_000_000, Fault::Points),
        Reward::PointsPay { points, worth, rate_max } => {
            when(!is_points(*points), Fault::Points);
            when(!is_sum(*worth) || *rate_max > WHOLE || rate_max.0 == 0, Fault::Amount);
        }
        Reward::Grant(grant) => match grant {
            Grant::NextCoupon(id) => when(!coupons.contains(id.as_str()), Fault::CouponUnknown),
            Grant::CashbackRate(rate) => when(*rate > WHOLE || rate.0 == 0, Fault::Amount),
            Grant::CashbackAmount(amount) => when(!is_sum(*amount), Fault::Amount),
            Grant::ParkingMinutes(minutes) => when(!(1..=44_640).contains(minutes), Fault::Amount),
        },
    }
    let takes_nothing =
        matches!(reward, Reward::Units(Cut::Rate(WHOLE)) | Reward::AmountRate(WHOLE));
    when(takes_nothing, Fault::TakesNothing);
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(selects: Vec<Select>) -> Goods {
        Goods { any: selects, ..Goods::default() }
    }

    #[test]
    fn names_that_go_round_or_fan_out_are_refused_at_once() {
        let set = |name: &str| Select::Set(name.to_owned());
        let circle = [("a", any(vec![set("b")])), ("b", any(vec![set("a")]))];
        let fan = (0..7).map(|n| (format!("f{n}"), any(vec![set(&format!("f{}", n + 1)); 200])));
        let leaf = ("f7".to_owned(), any(vec![Select::Sku("tea".to_owned())]));
        let circle = circle.into_iter().map(|(name, goods)| (name.to_owned(), goods));
        let sets = circle.chain(fan).chain([leaf]).collect();
        let found = check(&RuleSet { sets, rules: Vec::new() });
        let of = |name: &str| -> Vec<Fault> {
            found.iter().filter(|f| f.subject == name).map(|f| f.fault).collect()
        };
        assert_eq!(of("a"), [Fault::SetCycle]);
        assert_eq!(of("f0"), [Fault::Selects]);
        assert_eq!(of("f6"), []);
        assert_eq!(of(""), []);
    }
}
