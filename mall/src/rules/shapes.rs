//! Findings and sets, as HTTP and the command line give them.
//!
//! **Invariant:** a sentence stands in both languages, a code in none.

use domain::pricing::{check::Finding, explain::Language};
use serde::Serialize;
use serde_json::value::RawValue;
use sync::wire::RULES_BYTES_MAX;
use utoipa::ToSchema;

use super::save::NOTE_CHARS_MAX;
use crate::db::{DbError, rules::RuleSetHead};

/// Findings that are told one by one: nobody mends more before checking again.
const FINDINGS_MAX: usize = 1_000;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Sentence)]
pub(crate) struct SentenceShape {
    /// Chinese.
    pub(crate) zh: String,
    /// English.
    pub(crate) en: String,
}

/// Something about a rule set that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingShape {
    /// The rule's id, or the name of a set of goods; empty for the whole.
    pub(crate) rule: String,
    /// What it is, for programs.
    #[schema(example = "below-cost")]
    pub(crate) code: &'static str,
    /// What it is, for people.
    pub(crate) sentence: SentenceShape,
}

impl FindingShape {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.subject.clone(),
            code: finding.fault.code(),
            sentence: SentenceShape {
                zh: finding.sentence(Language::Zh),
                en: finding.sentence(Language::En),
            },
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckShape {
    /// Why the set would be refused, at most 1,000 of them.
    pub(crate) errors: Vec<FindingShape>,
    /// How many errors there are in all.
    pub(crate) n_errors: usize,
    /// What its author should know, at most 1,000.
    pub(crate) warnings: Vec<FindingShape>,
    /// How many warnings there are in all.
    pub(crate) n_warnings: usize,
}

impl CheckShape {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let pick = |is_error: bool| {
            let picked = findings.iter().filter(move |one| one.fault.is_error() == is_error);
            (picked.clone().take(FINDINGS_MAX).map(FindingShape::of).collect(), picked.count())
        };
        let ((errors, n_errors), (warnings, n_warnings)) = (pick(true), pick(false));
        Self { errors, n_errors, warnings, n_warnings }
    }

    pub(super) fn warn(&mut self, finding: FindingShape) {
        self.n_warnings += 1;
        if self.warnings.len() < FINDINGS_MAX {
            self.warnings.push(finding);
        }
    }
}

/// A set without its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RuleSetHead)]
pub(crate) struct RuleSetHeadShape {
    /// 1, 2, 3 …; 0 before the first was saved.
    pub(crate) revision: i64,
    /// How many rules it has.
    pub(crate) n_rules: i64,
    /// SHA-256 of its JSON as it is kept.
    pub(crate) sha256: String,
    /// Why it was saved.
    pub(crate) note: String,
    /// By whom.
    pub(crate) saved_by: String,
    /// When; empty for revision 0.
    pub(crate) saved_at: String,
}

impl RuleSetHeadShape {
    pub(super) fn of(head: RuleSetHead) -> Self {
        Self {
            revision: head.revision,
            n_rules: head.n_rules,
            sha256: head.sha256.to_string(),
            note: head.note,
            saved_by: head.saved_by,
            saved_at: head.saved_at.to_string(),
        }
    }

    /// The set of a mall in which nobody has saved one.
    pub(super) fn none(body: &str) -> Self {
        Self {
            revision: 0,
            n_rules: 0,
            sha256: sync::chain::Hash::of(body.as_bytes()).to_string(),
            note: String::new(),
            saved_by: String::new(),
            saved_at: String::new(),
        }
    }
}

/// A set of rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RuleSetRevision)]
pub(crate) struct RuleSetShape {
    /// All but its rules.
    #[serde(flatten)]
    pub(crate) head: RuleSetHeadShape,
    /// The rules and the goods they name, the very bytes that are kept.
    #[schema(value_type = Object)]
    pub(crate) set: Box<RawValue>,
}

/// A page of sets, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RuleSetPage {
    /// The sets without their rules.
    pub(crate) revisions: Vec<RuleSetHeadShape>,
    /// Give it as `before` for the next page; none when this was the last.
    pub(crate) next: Option<i64>,
}

/// Why a rule set was not saved or not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    /// Its JSON has too many bytes.
    #[error("a rule set has at most {RULES_BYTES_MAX} bytes; this one has {0}")]
    TooLarge(usize),
    /// It has faults.
    #[error("the rule set has {} faults", .0.n_errors)]
    Faults(Box<CheckShape>),
    /// Somebody else saved one meanwhile.
    #[error("the rule set in force is revision {current}")]
    Changed {
        /// The one in force.
        current: i64,
    },
    /// No such revision.
    #[error("there is no rule set of revision {0}")]
    Unknown(i64),
    /// Too long, or not printable.
    #[error("a note has at most {NOTE_CHARS_MAX} printable signs")]
    Note,
    /// The check was cut off.
    #[error("the check of the rule set was cut off")]
    CutOff,
    /// The database refused.
    #[error("could not read or keep the rule set")]
    Db(#[from] DbError),
}
