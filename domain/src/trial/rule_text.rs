//! A rule as a text that a merchandiser writes, and its clauses as cells of a table.
//!
//! ```text
//! rule tea-half 第二件半价
//!   goods sku tea or brand 大益 without tag clearance
//!   give nth 2 to 50%
//!   repeat each
//!   stacking best priority 10
//! ```
//!
//! A line is the name of a field and its clause; a step is a line of its own that begins with `at`
//! or `give`. A table has a column for each field with the same words in its cells, and one cell for
//! all steps, divided by semicolons or line breaks.
//!
//! **Invariant:** every rule that can be written is read back as the same value.

use super::{
    TextFault, clause, goods_text, step_text,
    words::{Unclear, Words, rest, unclear, word},
};
use crate::pricing::{
    goods::Goods,
    rule::{Funding, Join, Lane, Limits, Place, Repeat, Rule, STEPS_MAX, Stacking, When, Who},
};

/// A field of a rule: a column of a table, the first word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// HQ's key.
    Id,
    /// What people read.
    Name,
    /// The stage.
    Lane,
    /// Whether it needs a coupon: `yes`.
    Coupon,
    /// For whom.
    Who,
    /// When.
    When,
    /// Where.
    Where,
    /// What counts.
    Goods,
    /// What must be reached for what.
    Steps,
    /// All needs, or any.
    Join,
    /// Once, or each time.
    Repeat,
    /// How much of it there is.
    Limits,
    /// How it lives with others.
    Stacking,
    /// Who pays.
    Funding,
}

impl Field {
    /// All, in the order of a table's columns.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::Name,
        Self::Lane,
        Self::Coupon,
        Self::Who,
        Self::When,
        Self::Where,
        Self::Goods,
        Self::Steps,
        Self::Join,
        Self::Repeat,
        Self::Limits,
        Self::Stacking,
        Self::Funding,
    ];

    /// The head of its column and the first word of its line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Lane => "lane",
            Self::Coupon => "coupon",
            Self::Who => "who",
            Self::When => "when",
            Self::Where => "where",
            Self::Goods => "goods",
            Self::Steps => "steps",
            Self::Join => "join",
            Self::Repeat => "repeat",
            Self::Limits => "limits",
            Self::Stacking => "stacking",
            Self::Funding => "funding",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word() == word)
    }
}

/// A rule that says and gives nothing, to be filled field by field.
#[must_use]
pub fn blank() -> Rule {
    Rule {
        id: String::new(),
        name: String::new(),
        lane: None,
        coupon: false,
        who: Who::default(),
        when: When::default(),
        place: Place::default(),
        goods: Goods::everything(),
        steps: Vec::new(),
        join: Join::default(),
        repeat: Repeat::default(),
        limits: Limits::default(),
        stacking: Stacking::default(),
        funding: Funding::default(),
    }
}

/// What a field says of a rule: the words of its line, or of its cell. Empty where it says nothing.
#[must_use]
pub fn cell(rule: &Rule, field: Field) -> String {
    match field {
        Field::Id => rule.id.clone(),
        Field::Name => rule.name.clone(),
        Field::Lane => rule.lane.map_or_else(String::new, |lane| lane.word().to_owned()),
        Field::Coupon => if rule.coupon { "yes" } else { "" }.to_owned(),
        Field::Who => clause::write_who(&rule.who),
        Field::When => clause::write_when(&rule.when),
        Field::Where => clause::write_where(&rule.place),
        Field::Goods if rule.goods.is_everything() => String::new(),
        Field::Goods => goods_text::write(&rule.goods),
        Field::Steps => rule.steps.iter().map(step_text::write).collect::<Vec<_>>().join(";\n"),
        Field::Join => match rule.join {
            Join::All => String::new(),
            Join::Any => "any".to_owned(),
        },
        Field::Repeat => match rule.repeat {
            Repeat::Once => String::new(),
            Repeat::Each => "each".to_owned(),
        },
        Field::Limits => clause::write_limits(&rule.limits),
        Field::Stacking => clause::write_stacking(&rule.stacking),
        Field::Funding => clause::write_funding(&rule.funding),
    }
}

/// Takes a field from its cell.
pub fn set_cell(rule: &mut Rule, field: Field, text: &str) -> Result<(), Unclear> {
    match field {
        Field::Id => rule.id = text.trim().to_owned(),
        Field::Name => rule.name = text.trim().to_owned(),
        Field::Steps => rule.steps = steps(text)?,
        Field::Lane
        | Field::Coupon
        | Field::Who
        | Field::When
        | Field::Where
        | Field::Goods
        | Field::Join
        | Field::Repeat
        | Field::Limits
        | Field::Stacking
        | Field::Funding => {
            let mut words = Words::of(text)?;
            set(rule, field, &mut words)?;
            words.end()?;
        }
    }
    Ok(())
}

fn steps(text: &str) -> Result<Vec<crate::pricing::rule::Step>, Unclear> {
    let mut steps = Vec::new();
    for line in text.lines() {
        let mut words = Words::of(line)?;
        while !words.is_done() {
            steps.push(step_text::read(&mut words)?);
            if !words.takes(";") {
                words.end()?;
            }
        }
    }
    Ok(steps)
}

/// Reads the clause of a field; id, name and steps have ways of their own.
fn set(rule: &mut Rule, field: Field, words: &mut Words) -> Result<(), Unclear> {
    match field {
        Field::Id => rule.id = words.name("an id")?,
        Field::Name => rule.name = words.rest(),
        Field::Steps => rule.steps.push(step_text::read(words)?),
        Field::Lane => rule.lane = lane(words)?,
        Field::Coupon => {
            rule.coupon = !words.takes("no") && (words.takes("yes") || !words.is_done());
        }
        Field::Who => rule.who = clause::read_who(words)?,
        Field::When => rule.when = clause::read_when(words)?,
        Field::Where => rule.place = clause::read_where(words)?,
        Field::Goods if words.is_done() => rule.goods = Goods::everything(),
        Field::Goods => rule.goods = goods_text::read(words)?,
        Field::Join => {
            let is_any = words.takes("any");
            rule.join = if is_any { Join::Any } else { Join::All };
            words.takes("all");
        }
        Field::Repeat => {
            let is_each = words.takes("each");
            rule.repeat = if is_each { Repeat::Each } else { Repeat::Once };
            words.takes("once");
        }
        Field::Limits => rule.limits = clause::read_limits(words)?,
        Field::Stacking => rule.stacking = clause::read_stacking(words)?,
        Field::Funding => rule.funding = clause::read_funding(words)?,
    }
    Ok(())
}

fn lane(words: &mut Words) -> Result<Option<Lane>, Unclear> {
    if words.is_done() {
        return Ok(None);
    }
    let text = words.name("a lane")?;
    match Lane::ALL.into_iter().find(|lane| lane.word() == text) {
        Some(lane) => Ok(Some(lane)),
        None => unclear(format!(
            "`{text}` is not a lane; write price, line, group, order, coupon or points"
        )),
    }
}

/// A rule as a text, with a line for each field that says something.
#[must_use]
pub fn write(rule: &Rule) -> String {
    let mut text = format!("rule {} {}\n", word(&rule.id), rest(&rule.name));
    for field in Field::ALL {
        match field {
            Field::Id | Field::Name => {}
            Field::Coupon => {
                if rule.coupon {
                    text.push_str("  coupon\n");
                }
            }
            Field::Steps => {
                for step in &rule.steps {
                    text.push_str(&format!("  {}\n", step_text::write(step)));
                }
            }
            Field::Lane
            | Field::Who
            | Field::When
            | Field::Where
            | Field::Goods
            | Field::Join
            | Field::Repeat
            | Field::Limits
            | Field::Stacking
            | Field::Funding => {
                let clause = cell(rule, field);
                if !clause.is_empty() {
                    text.push_str(&format!("  {} {clause}\n", field.word()));
                }
            }
        }
    }
    text
}

/// Reads a rule from its text.
pub fn parse(text: &str) -> Result<Rule, TextFault> {
    let mut draft: Option<Draft> = None;
    for (line, row) in (1..).zip(text.lines()) {
        let at = |unclear: Unclear| TextFault { line, what: unclear.0 };
        let mut words = Words::of(row).map_err(at)?;
        if words.is_done() {
            continue;
        }
        match &mut draft {
            None => {
                words.needs("rule").map_err(at)?;
                draft = Some(Draft::head(&mut words).map_err(at)?);
            }
            Some(draft) => draft.clause(&mut words).map_err(at)?,
        }
    }
    draft.map(|draft| draft.rule).ok_or_else(|| TextFault {
        line: 1,
        what: "expected a rule: `rule id name` and a line for each clause".to_owned(),
    })
}

/// A rule while its lines are read.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) rule: Rule,
    said: Vec<Field>,
}

impl Draft {
    /// What follows `rule`: the id, and the name to the end of the line.
    pub(super) fn head(words: &mut Words) -> Result<Self, Unclear> {
        let mut rule = blank();
        rule.id = words.name("a rule's id")?;
        rule.name = if words.is_done() { rule.id.clone() } else { words.rest() };
        Ok(Self { rule, said: Vec::new() })
    }

    /// A clause of it.
    pub(super) fn clause(&mut self, words: &mut Words) -> Result<(), Unclear> {
        let field = match words.peek() {
            Some("at" | "give") => Field::Steps,
            Some(word) => match Field::from_word(word) {
                Some(field) if !matches!(field, Field::Id | Field::Name | Field::Steps) => {
                    words.needs(field.word())?;
                    field
                }
                Some(_) | None => return unclear(not_a_clause(word)),
            },
            None => return unclear(format!("expected a clause{}", words.instead())),
        };
        if field == Field::Steps {
            if self.rule.steps.len() >= STEPS_MAX {
                return unclear(format!("a rule has at most {STEPS_MAX} steps"));
            }
        } else if self.said.contains(&field) {
            return unclear(format!("`{}` is there twice", field.word()));
        }
        self.said.push(field);
        if field == Field::Coupon && words.is_done() {
            self.rule.coupon = true;
        } else if words.is_done() {
            return unclear(format!("`{}` says nothing", field.word()));
        } else {
            set(&mut self.rule, field, words)?;
        }
        words.end()
    }
}

fn not_a_clause(word: &str) -> String {
    format!(
        "`{word}` is not a clause of a rule; write at, give, who, when, where, goods, join, \
         repeat, limits, stacking, funding, lane or coupon"
    )
}
