//! Documents and what became of them, as HTTP and the command line give it.
//!
//! **Invariant:** a sentence stands in both languages, a code in none.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sync::wire::{FaultKind, PICTURES_MAX, SLIDE_SECONDS_MAX, SLIDE_SECONDS_MIN, SettingFault};
use utoipa::ToSchema;

use super::{groups::GroupFault, keys::KeysError, save::NOTE_CHARS_MAX};
use crate::{
    db::DbError,
    rules::{FindingShape, SentenceShape},
};

/// Whose documents are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Every store's.
    All,
    /// A group's, by its key.
    Group(String),
    /// A store's, by its code.
    Store(String),
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Group(key) => write!(f, "group/{key}"),
            Self::Store(code) => f.write_str(code),
        }
    }
}

/// Something that HQ can set.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Setting)]
pub(crate) struct SettingShape {
    /// Group and name.
    #[schema(example = "tender.cash_rounding")]
    pub(crate) key: &'static str,
    /// `lines`, `flag`, `number`, `word`, `rule`, `order`, `key` or `playlist`.
    pub(crate) kind: &'static str,
    /// The least, of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<i64>,
    /// The most, of a number, of lines, of pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<i64>,
    /// What a number counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<&'static str>,
    /// What a word, a key or a part of an order may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) words: Vec<&'static str>,
    /// What it is where nobody says anything; `null` where the store as it was set up says it.
    pub(crate) default: Value,
    /// What it does.
    pub(crate) sentence: SentenceShape,
}

/// A value that changed with a revision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingChange)]
pub(crate) struct ChangeShape {
    /// Which.
    pub(crate) key: String,
    /// What it was; `null` where nothing was said.
    pub(crate) before: Value,
    /// What it is; `null` where nothing is said.
    pub(crate) after: Value,
}

/// A document of settings.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingsRevision)]
pub(crate) struct SettingsShape {
    /// `all`, `group/<key>`, or a store's code.
    pub(crate) target: String,
    /// 1, 2, 3 …; 0 before the first was saved.
    pub(crate) revision: i64,
    /// What it says, in groups.
    #[schema(value_type = Object)]
    pub(crate) settings: Value,
    /// What it changed.
    pub(crate) changes: Vec<ChangeShape>,
    /// Why it was saved.
    pub(crate) note: String,
    /// By whom.
    pub(crate) saved_by: String,
    /// When; empty for revision 0.
    pub(crate) saved_at: String,
}

/// A page of documents, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SettingsPage {
    /// The documents.
    pub(crate) revisions: Vec<SettingsShape>,
    /// Give it as `before` for the next page; none when this was the last.
    pub(crate) next: Option<i64>,
}

/// A value as it is in force in a store once everything desired is applied.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingInForce)]
pub(crate) struct InForceShape {
    /// Which.
    pub(crate) key: &'static str,
    /// What it is; `null` where the box in the store says it.
    pub(crate) value: Value,
    /// Who says so: `store`, `group/<key>`, `all`, `set_up` or `default`.
    pub(crate) origin: String,
}

/// What became of a target's settings in a store.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingsStanding)]
pub(crate) struct TargetShape {
    /// `all`, the store's code, `group/<key>`, or `groups/<code>`: which groups it is in.
    pub(crate) target: String,
    /// The revision that HQ wishes, 0 for none.
    pub(crate) desired: i64,
    /// The revision in force there, 0 for none.
    pub(crate) applied: i64,
    /// `none`, `waiting`, `on-trial`, `applied`, `refused` or `rolled-back`.
    pub(crate) state: &'static str,
    /// How it came: `mqtt`, `poll`, or empty.
    pub(crate) came_by: String,
    /// The last one that was refused since.
    pub(crate) refused: Option<RefusedShape>,
    /// Settings that the store's program has no word for, with commas between.
    pub(crate) unknown: String,
}

/// A revision that a store did not apply.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingsRefused)]
pub(crate) struct RefusedShape {
    /// Which it called itself.
    pub(crate) revision: i64,
    /// Why, for programs.
    pub(crate) reason: String,
    /// What it is about, where that is known.
    pub(crate) detail: String,
    /// Why, for people.
    pub(crate) sentence: SentenceShape,
}

/// Whether a store is there, and what its settings are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoreStanding)]
pub(crate) struct StandingShape {
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether its node is there.
    pub(crate) is_online: bool,
    /// Whether the broker has its line.
    pub(crate) is_line_up: bool,
    /// When it was heard last; empty for never.
    pub(crate) heard_at: String,
    /// Its program's version, where it was told.
    pub(crate) program: String,
    /// All stores' settings there, its own, and those of its groups.
    pub(crate) settings: Vec<TargetShape>,
}

/// Why settings were not saved, found or signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// No such group.
    #[error("there is no group `{0}`")]
    Group(String),
    /// A document that says nothing of the store.
    #[error("the store is not in `{0}`")]
    NotOfStore(String),
    /// A group that cannot be.
    #[error(transparent)]
    GroupFault(#[from] GroupFault),
    /// Values that cannot be.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Faults(Vec<SettingFault>),
    /// Somebody else saved one meanwhile.
    #[error("the settings desired are revision {current}")]
    Changed {
        /// The one desired.
        current: i64,
    },
    /// No such revision.
    #[error("there are no settings of revision {0}")]
    Unknown(i64),
    /// Too long, or not printable.
    #[error("a note has at most {NOTE_CHARS_MAX} printable signs")]
    Note,
    /// It could not be written as JSON.
    #[error("could not write the settings")]
    Write,
    /// There is no key to sign with.
    #[error("the settings could not be signed")]
    Keys(#[from] KeysError),
    /// The database refused.
    #[error("could not read or keep the settings")]
    Db(#[from] DbError),
}

/// A fault as people and programs read it.
pub(crate) fn finding(fault: &SettingFault) -> FindingShape {
    let (code, zh) = match fault.kind {
        FaultKind::Shape => ("shape", "设置应为分组的对象".to_owned()),
        FaultKind::Unknown => ("unknown-setting", "没有这一项设置".to_owned()),
        FaultKind::Lines => ("lines", "最多 10 行，每行最多 60 个可打印字符".to_owned()),
        FaultKind::Flag => ("flag", "只能是是或否".to_owned()),
        FaultKind::Number { min, max } => ("number", format!("应为 {min} 到 {max} 的整数")),
        FaultKind::Rounding => ("rounding", "没有这种抹零方式".to_owned()),
        FaultKind::Rule => ("rule-id", "应为促销规则编号，最多 64 字节，或留空".to_owned()),
        FaultKind::Order => ("order", "应为 cash、code、voucher、member，每种最多一次".to_owned()),
        FaultKind::Key => (
            "key",
            "不能用这个键：应为 F4、Shift+F4、Ctrl+Delete 之类；扫码枪会打出的和浏览器自留的不能用"
                .to_owned(),
        ),
        FaultKind::KeyTaken { by } => ("key-taken", format!("这个键已经用于 {by}")),
        FaultKind::Playlist => (
            "playlist",
            format!(
                "最多 {PICTURES_MAX} 张图片，每张 {SLIDE_SECONDS_MIN} 到 {SLIDE_SECONDS_MAX} 秒，起始时间要早于结束时间"
            ),
        ),
        FaultKind::NoPicture(picture) => ("no-picture", format!("商城没有图片 {picture}")),
    };
    let sentence = SentenceShape { zh, en: fault.kind.to_string() };
    FindingShape { rule: fault.key.clone(), code, sentence }
}

/// Why a store refused, for people: what happened, what is safe, what to do.
pub(super) fn refusal(reason: &str) -> SentenceShape {
    let (zh, en) = match reason {
        "forged" => (
            "签名不符，门店没有采用，原设置仍然有效。若不是总部所发，请检查消息服务器的账号。",
            "The signature does not fit; the store keeps what it had. If HQ did not send it, check the broker's accounts.",
        ),
        "unknown-key" => (
            "签名所用的密钥门店不认识，原设置仍然有效。请确认商城的密钥文件没有被更换。",
            "It is signed by a key that the store does not know; the store keeps what it had. Check that the mall's key files were not replaced.",
        ),
        "other-store" => (
            "这份设置是给别的门店的，没有采用，原设置仍然有效。",
            "It is for another store; the store keeps what it had.",
        ),
        "other-group" => (
            "这份设置属于门店不在其中的门店组，没有采用，原设置仍然有效。",
            "It is of a group that the store is not in; the store keeps what it had.",
        ),
        "not-newer" => (
            "版本号没有增加，门店保留原设置。若商城是从备份恢复的，请再保存几次，直到版本号超过门店的。",
            "The revision does not rise; the store keeps what it had. After restoring the mall from a copy, save again until the revision is above the store's.",
        ),
        "too-large" | "malformed" => (
            "收到的不是设置，没有采用，原设置仍然有效。",
            "What came is no envelope of settings; the store keeps what it had.",
        ),
        "rolled-back" => (
            "这份设置让门店出了问题，已自动退回上一份，照常营业。请按下面的原因修改后重新保存；同一版不会再试。",
            "These settings broke something in the store, which has gone back to the ones before and sells on. Change what is named below and save again; the same revision is not tried twice.",
        ),
        "value" => (
            "有的值门店的程序不能使用，整份没有采用，原设置仍然有效。请升级门店程序或修改该值。",
            "The store's program cannot use one of the values; nothing of it was applied. Update the store's program, or change that value.",
        ),
        _ => {
            ("门店没有采用，原设置仍然有效。", "The store did not apply it and keeps what it had.")
        }
    };
    SentenceShape { zh: zh.to_owned(), en: en.to_owned() }
}
