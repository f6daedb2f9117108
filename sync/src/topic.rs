//! The MQTT topics, there and back.
//!
//! ```text
//! guitai/v1/all/settings/desired               mall → every store, retained
//! guitai/v1/all/bell                           mall → every store, retained
//! guitai/v1/groups/{group}/settings/desired    mall → the stores of a group, retained
//! guitai/v1/stores/{store}/settings/desired    mall → that store, retained
//! guitai/v1/stores/{store}/settings/groups     mall → that store, retained: the groups it is in
//! guitai/v1/stores/{store}/settings/reported   that store → mall, retained
//! guitai/v1/stores/{store}/bell                mall → that store, retained
//! guitai/v1/stores/{store}/presence            that store → mall, retained; its will
//! ```
//!
//! A store is its code, which is also the user name of its account at the broker, so that one
//! pattern of an access list (`%u`) keeps it to its own. A group is its key; a store listens to the
//! groups that it was told it is in, and an access list may name those for it or let every store
//! read them all: what is not for a store it does not believe.
//!
//! **Invariant:** text and value are each other's inverse; nothing that must arrive has a topic.

use std::{fmt, str::FromStr};

use domain::receipt_number::StoreCode;

use crate::settings::{GroupKey, Target};

const ROOT: &str = "guitai/v1";

/// What is said where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The settings that HQ wishes for a target, signed; or the groups that a store is in.
    Desired(Target),
    /// What became of them in a store.
    Reported(StoreCode),
    /// Versions of feeds that have changed, and nothing else.
    Bell(Hearer),
    /// Whether a store's node is there.
    Presence(StoreCode),
}

/// Who hears a bell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hearer {
    /// Every store.
    All,
    /// One store.
    Store(StoreCode),
}

/// A topic that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a topic of ours")]
pub struct TopicText;

impl Topic {
    /// What the mall listens to: everything that stores say.
    #[must_use]
    pub fn of_every_store() -> [String; 2] {
        ["settings/reported", "presence"].map(|what| format!("{ROOT}/stores/+/{what}"))
    }

    /// What a store listens to, whatever groups it is in.
    #[must_use]
    pub fn of_store(store: &StoreCode) -> [Self; 5] {
        [
            Self::Desired(Target::All),
            Self::Desired(Target::Store(store.clone())),
            Self::Desired(Target::Groups(store.clone())),
            Self::Bell(Hearer::All),
            Self::Bell(Hearer::Store(store.clone())),
        ]
    }

    /// What the stores of a group listen to besides.
    #[must_use]
    pub const fn of_group(group: GroupKey) -> Self {
        Self::Desired(Target::Group(group))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desired(Target::All) => write!(f, "{ROOT}/all/settings/desired"),
            Self::Desired(Target::Group(group)) => {
                write!(f, "{ROOT}/groups/{group}/settings/desired")
            }
            Self::Desired(Target::Store(store)) => {
                write!(f, "{ROOT}/stores/{store}/settings/desired")
            }
            Self::Desired(Target::Groups(store)) => {
                write!(f, "{ROOT}/stores/{store}/settings/groups")
            }
            Self::Bell(Hearer::All) => write!(f, "{ROOT}/all/bell"),
            Self::Bell(Hearer::Store(store)) => write!(f, "{ROOT}/stores/{store}/bell"),
            Self::Reported(store) => write!(f, "{ROOT}/stores/{store}/settings/reported"),
            Self::Presence(store) => write!(f, "{ROOT}/stores/{store}/presence"),
        }
    }
}

impl FromStr for Topic {
    type Err = TopicText;

    fn from_str(text: &str) -> Result<Self, TopicText> {
        let rest = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/'));
        let parts: Vec<&str> = rest.ok_or(TopicText)?.split('/').collect();
        let store = |code: &str| code.parse().map_err(|_| TopicText);
        match parts.as_slice() {
            ["all", "settings", "desired"] => Ok(Self::Desired(Target::All)),
            ["all", "bell"] => Ok(Self::Bell(Hearer::All)),
            ["groups", key, "settings", "desired"] => {
                Ok(Self::of_group(key.parse().map_err(|_| TopicText)?))
            }
            ["stores", code, "settings", "desired"] => {
                Ok(Self::Desired(Target::Store(store(code)?)))
            }
            ["stores", code, "settings", "groups"] => {
                Ok(Self::Desired(Target::Groups(store(code)?)))
            }
            ["stores", code, "settings", "reported"] => Ok(Self::Reported(store(code)?)),
            ["stores", code, "bell"] => Ok(Self::Bell(Hearer::Store(store(code)?))),
            ["stores", code, "presence"] => Ok(Self::Presence(store(code)?)),
            _ => Err(TopicText),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn topics(code: &str, group: &str) -> [Topic; 8] {
        let store: StoreCode = code.parse().unwrap();
        [
            Topic::Desired(Target::All),
            Topic::of_group(group.parse().unwrap()),
            Topic::Desired(Target::Store(store.clone())),
            Topic::Desired(Target::Groups(store.clone())),
            Topic::Bell(Hearer::All),
            Topic::Bell(Hearer::Store(store.clone())),
            Topic::Reported(store.clone()),
            Topic::Presence(store),
        ]
    }

    proptest! {
        #[test]
        fn every_topic_reads_back_and_no_two_are_spelt_alike(
            code in "[0-9A-Z]{1,12}", group in "[a-z][a-z0-9-]{0,31}",
        ) {
            let topics = topics(&code, &group);
            for topic in &topics {
                let text = topic.to_string();
                prop_assert_eq!(text.parse::<Topic>(), Ok(topic.clone()));
                prop_assert!(!text.contains(['+', '#', '\0']));
            }
            let mut texts = topics.map(|topic| topic.to_string()).to_vec();
            texts.sort();
            texts.dedup();
            prop_assert_eq!(texts.len(), 8);
        }

        #[test]
        fn what_reads_as_a_topic_is_spelt_that_way(text in "(guitai/v1/)?[a-zA-Z0-9/+#]{0,40}") {
            if let Ok(topic) = text.parse::<Topic>() {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }

    #[test]
    fn a_topic_of_nobody_is_refused() {
        for text in [
            "",
            "guitai/v1",
            "guitai/v1/all/settings/reported",
            "guitai/v1/stores/SH001/settings",
            "guitai/v1/stores/+/bell",
            "guitai/v1/stores/sh001/bell",
            "guitai/v1/stores/SH001/bell/x",
            "guitai/v1/groups/north/bell",
            "guitai/v1/groups/North/settings/desired",
            "guitai/v1/groups/+/settings/desired",
            "guitai/v2/all/bell",
            "/guitai/v1/all/bell",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(TopicText), "{text}");
        }
    }
}
