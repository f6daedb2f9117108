//! Which goods count: selections over what an item is.
//!
//! **Invariant:** a selection looks at the item alone, never at its price or quantity.

use serde::{Deserialize, Serialize};

use crate::cart::LineItem;

/// Selections in one list; a longer list is a category or a tag.
pub const SELECTS_MAX: usize = 2_000;

/// One selection. Words are compared exactly, as HQ wrote them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// One item (货号).
    Sku(String),
    /// All variants of a style (款号).
    Style(String),
    /// A category and everything below it; parts divided by `/`.
    Category(String),
    /// A brand.
    Brand(String),
    /// A tag: `new` marks new arrivals (新品), `clearance` clearance goods (尾货), others are HQ's.
    Tag(String),
    /// An attribute: `colour=red`, `size=XL`, `unit=kg`, or a tag of the form `season=2026AW`.
    Attribute(String),
    /// Goods that the rule set names once and uses often.
    Set(String),
}

/// Goods: one of `any` (nothing there: everything), and each of `all`, and none of `except`.
///
/// Exclusion always wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    /// At least one of these; empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Select>,
    /// And each of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Select>,
    /// And none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Select>,
}

impl Goods {
    /// Every item.
    #[must_use]
    pub const fn everything() -> Self {
        Self { any: Vec::new(), all: Vec::new(), except: Vec::new() }
    }

    /// Whether nothing is narrowed down.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.any.is_empty() && self.all.is_empty() && self.except.is_empty()
    }

    /// Whether an item is among them. Named sets must have been put in before (`book`).
    #[must_use]
    pub fn has(&self, item: &LineItem) -> bool {
        (self.any.is_empty() || self.any.iter().any(|select| select.has(item)))
            && self.all.iter().all(|select| select.has(item))
            && !self.except.iter().any(|select| select.has(item))
    }
}

impl Goods {
    /// Whether an item that is one of `any` is among them.
    pub(super) fn keeps(&self, item: &LineItem) -> bool {
        self.all.iter().all(|select| select.has(item))
            && !self.except.iter().any(|select| select.has(item))
    }
}

impl Select {
    /// Whether an item is selected.
    #[must_use]
    pub fn has(&self, item: &LineItem) -> bool {
        match self {
            Self::Sku(sku) => item.sku == *sku,
            Self::Style(style) => !style.is_empty() && item.style == *style,
            Self::Category(path) => is_at_or_below(&item.category, path),
            Self::Brand(brand) => item.brand == *brand,
            Self::Tag(tag) => item.tags.iter().any(|t| t == tag),
            Self::Attribute(pair) => has_attribute(item, pair),
            Self::Set(_) => false,
        }
    }
}

/// `食品/零食` is at or below `食品`; `食品2` is not.
pub(super) fn is_at_or_below(category: &str, path: &str) -> bool {
    category.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_attribute(item: &LineItem, pair: &str) -> bool {
    match pair.split_once('=') {
        Some(("colour", value)) => item.colour == value,
        Some(("size", value)) => item.size == value,
        Some(("unit", value)) => item.unit.word() == value,
        _ => item.tags.iter().any(|tag| tag == pair),
    }
}
