//! A quote as it is shown and compared: the canonical bytes of a price.
//!
//! Its JSON has one field order, whole numbers alone, and rules by their ids: whoever prices the
//! same goods by the same rule set on the same occasion writes the same bytes, in store and mall.
//! Lines, coupons and manual reductions are named by their places, counted from 0, in the cart and
//! the occasion that were priced.

use domain::{
    id::LineId,
    money::{CURRENCY, Money},
    order::funding::{BY_STORE, parts},
    pricing::{
        Applied, By, Granted, Lane, Next, Note, PriceBook, Quote, QuotedLine, RuleIx, Taking, Why,
        explain::{Language, hint, reward, sentence},
        rule::{Grant, NeedAmount, Reward, Rule},
    },
    quantity::Quantity,
};
use serde::{Deserialize, Serialize};

/// A priced cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteV1 {
    /// The revision of the rule set; 0 for none.
    pub revision: i64,
    /// ISO 4217.
    pub currency: String,
    /// Its lines in the cart's order.
    pub lines: Vec<QuotedLineV1>,
    /// What was taken from which units, in the order it was taken.
    pub takings: Vec<TakingV1>,
    /// What each reduction did in all, and who pays for it.
    pub applied: Vec<AppliedV1>,
    /// Why each rule did what it did, in the order of the rules.
    pub notes: Vec<NoteV1>,
    /// Sum of the lists.
    pub list_minor: Money,
    /// What delivery costs before reductions.
    pub delivery_fee_minor: Money,
    /// What was taken off it.
    pub delivery_saved_minor: Money,
    /// What all reductions took: list + delivery fee − total.
    pub saved_minor: Money,
    /// What is to be paid, before any cash rounding.
    pub total_minor: Money,
    /// The tax inside the lines' amounts.
    pub tax_minor: Money,
    /// Pieces; a weighed line counts as one.
    pub pieces: u32,
    /// Points that pay.
    pub points_spent: i64,
    /// Points that the order earns.
    pub points_earned: i64,
    /// What comes beside the goods.
    pub grants: Vec<GrantedV1>,
    /// Lanes whose best combination was searched for within a bound and not proven.
    pub bounded: Vec<Lane>,
}

/// A line with its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotedLineV1 {
    /// Which line of the cart.
    pub line: LineId,
    /// Before reductions.
    pub list_minor: Money,
    /// What the shopper pays for it.
    pub amount_minor: Money,
    /// The tax inside the amount.
    pub tax_minor: Money,
    /// Units that a gift rule made free.
    pub gift_units: u32,
}

/// Who took something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ByV1 {
    /// A rule.
    Rule {
        /// Its id.
        rule: String,
        /// What people read.
        name: String,
    },
    /// A coupon.
    Coupon {
        /// Its rule's id.
        rule: String,
        /// What people read.
        name: String,
        /// Its place among the coupons that were presented.
        place: u16,
    },
    /// Somebody's hand.
    Manual {
        /// Its place among the reductions by hand.
        place: u16,
    },
}

/// Money taken from units that stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakingV1 {
    /// The line's place in the cart.
    pub line: u16,
    /// The first unit.
    pub first: u32,
    /// How many.
    pub units: u32,
    /// By whom.
    #[serde(flatten)]
    pub by: ByV1,
    /// In which lane.
    pub lane: Lane,
    /// From each unit.
    pub each_minor: Money,
}

/// What one reduction did in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedV1 {
    /// Which.
    #[serde(flatten)]
    pub by: ByV1,
    /// In which lane.
    pub lane: Lane,
    /// How many uses.
    pub uses: u32,
    /// What it saved.
    pub saved_minor: Money,
    /// The part of it that the brand or HQ pays.
    pub brand_minor: Money,
    /// The part that the store pays; reductions by hand are the store's.
    pub store_minor: Money,
    /// The part that a platform pays.
    pub platform_minor: Money,
}

/// Why a rule did what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteV1 {
    /// The rule's id.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// The code of `domain::pricing::Why`.
    pub why: String,
    /// The rule that had the goods instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beaten_by: Option<String>,
    /// Units that may still be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<u32>,
    /// What is missing to something better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextV1>,
    /// All of that as a sentence.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// What a shopper may be told to do, in the language that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What is missing to something better: one of the three amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextV1 {
    /// So much more money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_minor: Option<Money>,
    /// So many more pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_pieces: Option<u32>,
    /// So much more weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_milli: Option<Quantity>,
    /// Then this step applies, counted from 0.
    pub step: u8,
    /// It would then have been reached so many times.
    pub times: u32,
    /// What that brings, in the language that was asked for.
    pub reward: String,
}

/// Something an order brings beside its goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedV1 {
    /// By which rule.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The step that was reached.
    pub step: u8,
    /// How many times.
    pub times: u32,
    /// The amount in all, where it is money.
    pub amount_minor: Money,
}

impl QuoteV1 {
    /// Writes a quote down, with the notes that are to be shown: the quote's own, or a trace of
    /// every rule. The book must be the one that made it.
    #[must_use]
    pub fn of(book: &PriceBook, quote: &Quote, notes: &[Note], language: Language) -> Self {
        Self {
            revision: quote.revision,
            currency: CURRENCY.to_owned(),
            lines: quote.lines.iter().map(QuotedLineV1::of).collect(),
            takings: quote.takings.iter().map(|taking| TakingV1::of(book, taking)).collect(),
            applied: quote.applied.iter().map(|applied| AppliedV1::of(book, applied)).collect(),
            notes: notes.iter().map(|note| NoteV1::of(book, note, language)).collect(),
            list_minor: quote.list,
            delivery_fee_minor: quote.delivery_fee,
            delivery_saved_minor: quote.delivery_saved,
            saved_minor: quote.saved,
            total_minor: quote.total,
            tax_minor: quote.tax,
            pieces: quote.pieces,
            points_spent: quote.points_spent,
            points_earned: quote.points_earned,
            grants: quote.grants.iter().map(|granted| GrantedV1::of(book, granted)).collect(),
            bounded: quote.bounded.clone(),
        }
    }
}

/// A rule's id and name; both empty for one of another book.
fn named(book: &PriceBook, ix: RuleIx) -> (String, String) {
    book.rule(ix).map(|rule| (rule.id.clone(), rule.name.clone())).unwrap_or_default()
}

fn reward_of(rule: &Rule, step: u8) -> Option<&Reward> {
    rule.steps.get(usize::from(step)).map(|step| &step.reward)
}

impl QuotedLineV1 {
    const fn of(line: &QuotedLine) -> Self {
        Self {
            line: line.line,
            list_minor: line.list,
            amount_minor: line.amount,
            tax_minor: line.tax,
            gift_units: line.gift_units,
        }
    }
}

impl ByV1 {
    fn of(book: &PriceBook, by: By) -> Self {
        match by {
            By::Rule(ix) => {
                let (rule, name) = named(book, ix);
                Self::Rule { rule, name }
            }
            By::Coupon(ix, place) => {
                let (rule, name) = named(book, ix);
                Self::Coupon { rule, name, place }
            }
            By::Manual(place) => Self::Manual { place },
        }
    }
}

impl TakingV1 {
    fn of(book: &PriceBook, taking: &Taking) -> Self {
        Self {
            line: taking.line,
            first: taking.first,
            units: taking.units,
            by: ByV1::of(book, taking.by),
            lane: taking.lane,
            each_minor: taking.each,
        }
    }
}

impl AppliedV1 {
    fn of(book: &PriceBook, applied: &Applied) -> Self {
        let funding = match applied.by {
            By::Rule(ix) | By::Coupon(ix, _) => book.rule(ix).map(|rule| rule.funding),
            By::Manual(_) => Some(BY_STORE),
        };
        let [brand, store, platform] = parts(funding.unwrap_or(BY_STORE), applied.saved);
        Self {
            by: ByV1::of(book, applied.by),
            lane: applied.lane,
            uses: applied.uses,
            saved_minor: applied.saved,
            brand_minor: brand,
            store_minor: store,
            platform_minor: platform,
        }
    }
}

impl NoteV1 {
    fn of(book: &PriceBook, note: &Note, language: Language) -> Self {
        let (rule, name) = named(book, note.rule);
        let (beaten_by, choose) = match note.why {
            Why::Beaten(by) => (Some(named(book, by).0), None),
            Why::Choose(n) => (None, Some(n)),
            Why::Applied
            | Why::AppliedInPart
            | Why::Who
            | Why::When
            | Why::Where
            | Why::NoGoods
            | Why::Short
            | Why::Reduced
            | Why::UsedUp
            | Why::NoBetter
            | Why::NeedsCoupon
            | Why::NeedsChoice
            | Why::Full => (None, None),
        };
        Self {
            rule,
            name,
            why: note.why.code().to_owned(),
            beaten_by,
            choose,
            next: note.next.map(|next| NextV1::of(book.rule(note.rule), next, language)),
            sentence_zh: sentence(book, note, Language::Zh),
            sentence_en: sentence(book, note, Language::En),
            hint: hint(book, note, language),
        }
    }
}

impl NextV1 {
    fn of(rule: Option<&Rule>, next: Next, language: Language) -> Self {
        let brought = rule.and_then(|rule| reward_of(rule, next.step));
        let mut this = Self {
            missing_minor: None,
            missing_pieces: None,
            missing_milli: None,
            step: next.step,
            times: next.times,
            reward: brought.map(|brought| reward(brought, language)).unwrap_or_default(),
        };
        match next.missing {
            NeedAmount::Minor(minor) => this.missing_minor = Some(minor),
            NeedAmount::Pieces(pieces) => this.missing_pieces = Some(pieces),
            NeedAmount::Milli(milli) => this.missing_milli = Some(milli),
        }
        this
    }
}

impl GrantedV1 {
    fn of(book: &PriceBook, granted: &Granted) -> Self {
        let (rule, name) = named(book, granted.rule);
        let reward = book.rule(granted.rule).and_then(|rule| reward_of(rule, granted.step));
        let grant =
            if let Some(Reward::Grant(grant)) = reward { Some(grant.clone()) } else { None };
        Self {
            rule,
            name,
            grant,
            step: granted.step,
            times: granted.times,
            amount_minor: granted.amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::pricing::{quote, trace};

    use super::*;
    use crate::wire::order::tests::priced;

    #[test]
    fn the_same_price_is_the_same_bytes_and_reads_back() {
        let (book, cart, occasion) = priced();
        let bytes = || {
            let quote = quote(&book, &cart.lines, &occasion).unwrap();
            let notes = trace(&book, &quote, &occasion);
            assert_eq!(notes.len(), book.rules().len());
            serde_json::to_vec(&QuoteV1::of(&book, &quote, &notes, Language::Zh)).unwrap()
        };
        assert_eq!(bytes(), bytes());
        let read: QuoteV1 = serde_json::from_slice(&bytes()).unwrap();
        assert_eq!(serde_json::to_vec(&read).unwrap(), bytes());
        assert_eq!((read.revision, read.currency.as_str()), (12, "CNY"));
    }

    #[test]
    fn what_was_taken_sums_to_what_was_saved_and_so_does_who_pays_for_it() {
        let (book, cart, occasion) = priced();
        let quote = quote(&book, &cart.lines, &occasion).unwrap();
        let wire = QuoteV1::of(&book, &quote, &quote.notes, Language::En);
        let taken: i64 =
            wire.takings.iter().map(|t| t.each_minor.minor() * i64::from(t.units)).sum();
        assert_eq!(taken, (wire.saved_minor.minor()) - wire.delivery_saved_minor.minor());
        assert!(wire.applied.len() >= 4, "{:?}", wire.applied);
        for one in &wire.applied {
            let paid = [one.brand_minor, one.store_minor, one.platform_minor];
            assert_eq!(Money::sum(paid), Ok(one.saved_minor), "{one:?}");
            let is_manual = matches!(one.by, ByV1::Manual { place: 0 });
            assert_eq!(one.store_minor == one.saved_minor, is_manual, "{one:?}");
        }
        for note in &wire.notes {
            assert!(note.sentence_zh.starts_with(&note.name), "{note:?}");
            assert!(note.sentence_en.starts_with(&note.name), "{note:?}");
        }
    }
}
