//! Groups of stores: how one is called, and what tells a store which it is in.
//!
//! ```text
//! the program's default ◄ the store as it was set up ◄ all stores ◄ its groups, by rank ◄ this store
//! ```
//!
//! Which groups a store is in travels as a document of its own, signed for that store; so whoever
//! holds the broker can show a store the documents of every group, and adds it to none.
//!
//! **Invariant:** a list names a group once and no more than `GROUPS_OF_STORE_MAX`; a key is written
//! in one way.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Groups that a store may be in: each is a topic that it listens to and a layer of its settings.
pub const GROUPS_OF_STORE_MAX: usize = 16;
/// Signs of a group's key.
pub const GROUP_KEY_BYTES_MAX: usize = 32;

/// What a group is called by programs: small letters, digits and `-`, a letter first. It never
/// changes; what people call it is the mall's affair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(String);

/// A text that is no key of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a group's key is at most {GROUP_KEY_BYTES_MAX} small letters, digits and `-`, a letter first"
)]
pub struct GroupKeyText;

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GroupKey {
    type Err = GroupKeyText;

    fn from_str(text: &str) -> Result<Self, GroupKeyText> {
        let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_key = text.len() <= GROUP_KEY_BYTES_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(is_sign);
        if is_key { Ok(Self(text.to_owned())) } else { Err(GroupKeyText) }
    }
}

impl Serialize for GroupKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for GroupKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The groups that a store is in: the body of the document that tells it so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupsV1 {
    /// By their rank: what a later one says stands over what an earlier one says.
    pub groups: Vec<GroupKey>,
}

/// A body that tells no groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not tell groups, or one twice, or too many")]
pub struct NoGroups;

impl GroupsV1 {
    /// Reads the body of a document that tells a store its groups.
    ///
    /// # Errors
    /// When it is none, or names a group twice, or more than `GROUPS_OF_STORE_MAX`.
    pub fn read(body: &str) -> Result<Self, NoGroups> {
        let read: Self = serde_json::from_str(body).map_err(|_| NoGroups)?;
        let mut sorted = read.groups.clone();
        sorted.sort();
        sorted.dedup();
        let is_right = sorted.len() == read.groups.len() && sorted.len() <= GROUPS_OF_STORE_MAX;
        if is_right { Ok(read) } else { Err(NoGroups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_in_one_way_and_fits_in_a_topic() {
        for text in ["north", "a", "city-1", &"x".repeat(GROUP_KEY_BYTES_MAX)] {
            assert_eq!(text.parse::<GroupKey>().unwrap().to_string(), text);
        }
        let long = "x".repeat(GROUP_KEY_BYTES_MAX + 1);
        for text in ["", "North", "1a", "-a", "a/b", "a+", "#", "a b", "北", &long] {
            assert_eq!(text.parse::<GroupKey>(), Err(GroupKeyText), "{text}");
        }
    }

    #[test]
    fn a_list_names_each_group_once_and_not_too_many() {
        let list = |keys: &[String]| serde_json::json!({ "groups": keys }).to_string();
        let keys: Vec<String> = (0..=GROUPS_OF_STORE_MAX).map(|n| format!("g{n}")).collect();
        let most = keys.get(1..).unwrap();
        assert_eq!(GroupsV1::read(&list(most)).unwrap().groups.len(), GROUPS_OF_STORE_MAX);
        assert_eq!(GroupsV1::read(r#"{"groups":[]}"#), Ok(GroupsV1::default()));
        let twice = list(&["a".to_owned(), "b".to_owned(), "a".to_owned()]);
        for body in [list(&keys), twice, list(&["A".to_owned()]), "{}".to_owned(), String::new()] {
            assert_eq!(GroupsV1::read(&body), Err(NoGroups), "{body}");
        }
    }
}
