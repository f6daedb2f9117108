//! Many cases on all cores, and of one that fails the smallest that still fails.
//!
//! **Invariant:** the count of cases is fixed, never the time, so that CI is deterministic.

use std::{
    cell::Cell,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{
        Mutex, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    pricing::{
        Rule,
        goods::Goods,
        rule::{Funding, Join, Limits, Place, Repeat, Stacking, When, Who},
    },
    quantity::Quantity,
};

use super::world::Case;

/// Tries of making a failing case smaller.
const TRIES_MAX: u32 = 4_000;

/// Cases are counted out in pieces of this size.
const PIECE: u64 = 64;

/// What went wrong with which case.
type Failure = (u64, Case, String);

/// Runs a property over the cases of the seeds `0..count`; the smallest of a failure is told.
pub(crate) fn holds(
    what: &str,
    count: u64,
    make: impl Fn(u64) -> Case + Sync,
    property: impl Fn(&Case) -> Result<(), String> + Sync,
) {
    hush();
    let next = AtomicU64::new(0);
    let found: Mutex<Option<Failure>> = Mutex::new(None);
    let work = || loop {
        let from = next.fetch_add(PIECE, Ordering::Relaxed);
        if from >= count || found.lock().unwrap().is_some() {
            return;
        }
        for seed in from..(from + PIECE).min(count) {
            let case = make(seed);
            if let Err(why) = guarded(&case, &property) {
                let mut found = found.lock().unwrap();
                if found.as_ref().is_none_or(|(other, ..)| *other > seed) {
                    *found = Some((seed, case, why));
                }
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    if let Some((seed, case, why)) = found.into_inner().unwrap() {
        let (case, why) = smallest(case, why, &property);
        panic!("{what}, seed {seed}: {why}\n{}", told(&case));
    }
}

thread_local! {
    /// Whether a panic of this thread is one that `guarded` will tell of.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Panics that become failures say nothing by themselves; all others are told as ever.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                usual(panic);
            }
        }));
    });
}

/// A panic is a failure like any other.
fn guarded(case: &Case, property: &impl Fn(&Case) -> Result<(), String>) -> Result<(), String> {
    IS_GUARDED.set(true);
    let done = catch_unwind(AssertUnwindSafe(|| property(case)));
    IS_GUARDED.set(false);
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// Makes a failing case smaller as long as it fails in the same way.
fn smallest(
    mut case: Case,
    mut why: String,
    property: &impl Fn(&Case) -> Result<(), String>,
) -> (Case, String) {
    let kind = |why: &str| why.split(':').next().unwrap_or_default().to_owned();
    let mut tries = 0;
    'smaller: loop {
        for candidate in smaller(&case) {
            tries += 1;
            if tries > TRIES_MAX {
                break 'smaller;
            }
            if let Err(other) = guarded(&candidate, property)
                && kind(&other) == kind(&why)
            {
                (case, why) = (candidate, other);
                continue 'smaller;
            }
        }
        break;
    }
    (case, why)
}

/// The case with one thing less.
fn smaller(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        if other.set != case.set || other.lines != case.lines || other.occasion != case.occasion {
            found.push(other);
        }
    };
    for at in 0..case.set.rules.len() {
        with(&|case| drop(case.set.rules.remove(at)));
    }
    for at in 0..case.lines.len() {
        with(&|case| {
            let line = case.lines.remove(at);
            case.occasion.manuals.retain(|manual| manual.line != Some(line.id));
        });
    }
    with(&|case| case.occasion.manuals.clear());
    for at in 0..case.occasion.coupons.len() {
        with(&|case| drop(case.occasion.coupons.remove(at)));
    }
    for at in 0..case.occasion.manuals.len() {
        with(&|case| drop(case.occasion.manuals.remove(at)));
    }
    with(&|case| case.occasion.choices.clear());
    with(&|case| case.occasion.used.clear());
    with(&|case| case.occasion.points_to_pay = 0);
    with(&|case| case.occasion.delivery_fee = domain::money::Money::ZERO);
    with(&|case| case.occasion.shopper = None);
    with(&|case| case.set.sets.clear());
    for at in 0..case.lines.len() {
        with(&|case| case.lines[at].quantity = Quantity::ONE);
        with(&|case| case.lines[at].label_amount = None);
        let fewer = case.lines[at].quantity.milli() - 1_000;
        if fewer > 0 {
            with(&|case| case.lines[at].quantity = Quantity::from_milli(fewer));
        }
        with(&|case| {
            let item = &mut case.lines[at].item;
            item.tax_rate = domain::money::BasisPoints(0);
        });
    }
    for at in 0..case.set.rules.len() {
        for change in simpler_rules() {
            with(&|case| change(&mut case.set.rules[at]));
        }
    }
    found
}

/// Ways to say less in a rule.
fn simpler_rules() -> Vec<fn(&mut Rule)> {
    vec![
        |rule| rule.goods = Goods::default(),
        |rule| rule.goods.except.clear(),
        |rule| rule.goods.all.clear(),
        |rule| {
            if rule.goods.any.len() > 1 {
                rule.goods.any.pop();
            }
        },
        |rule| {
            if rule.goods.any.len() > 1 {
                rule.goods.any.remove(0);
            }
        },
        |rule| rule.who = Who::default(),
        |rule| rule.when = When::default(),
        |rule| rule.place = Place::default(),
        |rule| rule.limits = Limits::default(),
        |rule| rule.limits.amount_max = None,
        |rule| rule.limits.per_order = None,
        |rule| rule.limits.quota = None,
        |rule| rule.limits.floor_price = None,
        |rule| rule.limits.floor_rate = None,
        |rule| rule.stacking = Stacking::default(),
        |rule| rule.stacking.refuses_reduced = false,
        |rule| rule.stacking.priority = 0,
        |rule| rule.stacking.base = domain::pricing::rule::Base::Running,
        |rule| rule.repeat = Repeat::Once,
        |rule| rule.join = Join::All,
        |rule| rule.lane = None,
        |rule| rule.coupon = false,
        |rule| rule.steps.truncate(1),
        |rule| {
            if rule.steps.len() > 1 {
                rule.steps.remove(0);
            }
        },
        |rule| rule.steps.iter_mut().for_each(|step| step.needs.truncate(1)),
        |rule| rule.steps.iter_mut().for_each(|step| step.needs.clear()),
    ]
}

/// The case for a reader: what is as it is by itself is left out.
pub(crate) fn told(case: &Case) -> String {
    let mut text = String::new();
    for (name, goods) in &case.set.sets {
        let _ = writeln!(text, "set {name}: {goods:?}");
    }
    let by_itself = [
        format!(", who: {:?}", Who::default()),
        format!(", when: {:?}", When::default()),
        format!(", place: {:?}", Place::default()),
        format!(", goods: {:?}", Goods::default()),
        format!(", limits: {:?}", Limits::default()),
        format!(", stacking: {:?}", Stacking::default()),
        format!(", funding: {:?}", Funding::default()),
        ", lane: None".to_owned(),
        ", coupon: false".to_owned(),
        ", join: All".to_owned(),
        ", all: []".to_owned(),
        ", except: []".to_owned(),
    ];
    for rule in &case.set.rules {
        let mut rule = format!("{rule:?}");
        for part in &by_itself {
            rule = rule.replace(part, "");
        }
        let _ = writeln!(text, "{rule}");
    }
    for (n, line) in case.lines.iter().enumerate() {
        let item = &line.item;
        let _ = writeln!(
            text,
            "line {n}: {:?} {} at {} label {:?}, tax {}, brand {:?} category {:?} tags {:?}",
            line.quantity,
            item.sku,
            item.list_price,
            line.label_amount,
            item.tax_rate.0,
            item.brand,
            item.category,
            item.tags,
        );
    }
    let _ = writeln!(text, "{:?}", case.occasion);
    text
}
