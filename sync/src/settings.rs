//! HQ's settings as they are signed, and whether a store believes them.
//!
//! ```text
//! signature = Ed25519(key, "guitai-settings-1\n" key "\n" target "\n" revision "\n" body)
//! ```
//!
//! The body travels as the very text that was signed; nobody writes it again. Whoever holds the
//! broker, or the line to it, can withhold settings and repeat old ones, and a store refuses both
//! the repeated and the forged.
//!
//! **Invariant:** a revision is believed once, for one target, and only if it is higher than the one
//! that is known; a group's only by a store that was told, for itself, that it is in it; keys come in as bytes and are neither made nor kept here.

use std::{fmt, str::FromStr};

use domain::receipt_number::StoreCode;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod groups;

pub use groups::{
    GROUP_KEY_BYTES_MAX, GROUPS_OF_STORE_MAX, GroupKey, GroupKeyText, GroupsV1, NoGroups,
};

use crate::{
    chain::{hex, hex_bytes},
    signature::NotAKey,
};

/// Bytes of an envelope as it travels: a receipt's lines and a few dozen words are some 2 KiB, and a
/// broker lets a packet of that size through.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1_024;
/// Keys that are believed at once: the one in use, and the one before or after it.
pub const KEYS_MAX: usize = 2;

/// Whom settings are for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Every store.
    All,
    /// The stores of a group; stands over `All` and under `Store`.
    Group(GroupKey),
    /// One store; where others say something too, this is what counts.
    Store(StoreCode),
    /// One store, told which groups it is in: the body is a `GroupsV1`.
    Groups(StoreCode),
}

/// Before a group's key.
const GROUP: &str = "group/";
/// Before the code of a store that is told its groups.
const GROUPS: &str = "groups/";

/// `all`, a store's code, which has no small letters, `group/<key>`, or `groups/<store's code>`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Group(group) => write!(f, "{GROUP}{group}"),
            Self::Store(store) => write!(f, "{store}"),
            Self::Groups(store) => write!(f, "{GROUPS}{store}"),
        }
    }
}

/// A text that names no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither `all` nor a store's code nor a group")]
pub struct TargetText;

impl FromStr for Target {
    type Err = TargetText;

    fn from_str(text: &str) -> Result<Self, TargetText> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(key) = text.strip_prefix(GROUP) {
            return key.parse().map(Self::Group).map_err(|_| TargetText);
        }
        let (is_told, code) = text.strip_prefix(GROUPS).map_or((false, text), |code| (true, code));
        let store: StoreCode = code.parse().map_err(|_| TargetText)?;
        Ok(if is_told { Self::Groups(store) } else { Self::Store(store) })
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Settings in their envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedSettingsV1 {
    /// Whom they are for.
    pub target: Target,
    /// 1, 2, 3 … for each target; 0 where HQ has never set anything.
    pub revision: i64,
    /// The version of the key that signed them.
    pub key: u32,
    /// `SettingsV1` as JSON, exactly as signed.
    pub body: String,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// A key of the mall's by its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsKeyV1 {
    /// 1, 2, 3 …
    pub version: u32,
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
}

/// Why settings are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// More than `ENVELOPE_BYTES_MAX`.
    #[error("the envelope is too large")]
    TooLarge,
    /// Not an envelope at all.
    #[error("it is not an envelope of settings")]
    Malformed,
    /// For another store.
    #[error("they are for another store")]
    OtherStore,
    /// For a group that the mall does not say this store is in.
    #[error("they are for a group that this store is not in")]
    OtherGroup,
    /// Signed by a key that is not believed here.
    #[error("they are signed by a key that is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Forged,
    /// An older revision than the one in force, or the same with another body.
    #[error("the revision does not rise")]
    NotNewer,
}

impl Disbelief {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
            Self::OtherStore => "other-store",
            Self::OtherGroup => "other-group",
            Self::UnknownKey => "unknown-key",
            Self::Forged => "forged",
            Self::NotNewer => "not-newer",
        }
    }
}

/// What is in force of a target: its revision and its body.
pub type Known<'a> = Option<(i64, &'a str)>;

impl SignedSettingsV1 {
    /// Signs settings with the mall's key.
    ///
    /// # Errors
    /// When the key is none.
    pub fn sign(
        pkcs8: &[u8],
        key: u32,
        target: Target,
        revision: i64,
        body: String,
    ) -> Result<Self, NotAKey> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
        let mut signed = Self { target, revision, key, body, signature: String::new() };
        signed.signature = hex(pair.sign(&signed.covered()).as_ref());
        Ok(signed)
    }

    /// Reads an envelope as it travelled.
    ///
    /// # Errors
    /// `TooLarge` or `Malformed`; nothing is believed yet.
    pub fn read(bytes: &[u8]) -> Result<Self, Disbelief> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(Disbelief::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(|_| Disbelief::Malformed)
    }

    /// Believes an envelope or not: by the keys, for this store and the groups that it was told it is
    /// in, over what is known of its target. `false` when it is that one already.
    ///
    /// # Errors
    /// What is forged is told before what is merely old.
    pub fn believe(
        &self,
        keys: &[SettingsKeyV1],
        store: &StoreCode,
        groups: &[GroupKey],
        known: Known<'_>,
    ) -> Result<bool, Disbelief> {
        match &self.target {
            Target::All => {}
            Target::Group(group) if groups.contains(group) => {}
            Target::Group(_) => return Err(Disbelief::OtherGroup),
            Target::Store(code) | Target::Groups(code) if code == store => {}
            Target::Store(_) | Target::Groups(_) => return Err(Disbelief::OtherStore),
        }
        let key = keys.iter().find(|key| key.version == self.key).ok_or(Disbelief::UnknownKey)?;
        let public = hex_bytes(&key.public_key).ok_or(Disbelief::UnknownKey)?;
        let signature = hex_bytes(&self.signature).ok_or(Disbelief::Forged)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(&self.covered(), &signature)
            .map_err(|_| Disbelief::Forged)?;
        match known {
            Some((revision, body)) if revision == self.revision && body == self.body => Ok(false),
            Some((revision, _)) if revision >= self.revision => Err(Disbelief::NotNewer),
            None | Some(_) if self.revision < 1 => Err(Disbelief::NotNewer),
            None | Some(_) => Ok(true),
        }
    }

    fn covered(&self) -> Vec<u8> {
        let Self { target, revision, key, body, signature: _ } = self;
        format!("guitai-settings-1\n{key}\n{target}\n{revision}\n{body}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::rand::SystemRandom;

    use super::*;
    use crate::signature::public_key;

    fn pair(version: u32) -> (Vec<u8>, SettingsKeyV1) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let public_key = public_key(pkcs8.as_ref()).unwrap();
        (pkcs8.as_ref().to_vec(), SettingsKeyV1 { version, public_key })
    }

    fn here() -> StoreCode {
        "SH001".parse().unwrap()
    }

    fn own() -> Target {
        Target::Store(here())
    }

    fn north() -> GroupKey {
        "north".parse().unwrap()
    }

    const BODY: &str = r#"{"tender":{"cash_rounding":"jiao_down"}}"#;

    #[test]
    fn settings_are_believed_by_either_of_two_keys_once_and_only_rising() {
        let ((old_pkcs8, old), (new_pkcs8, new)) = (pair(1), pair(2));
        let keys = [old, new];
        for (pkcs8, key) in [(old_pkcs8, 1), (new_pkcs8, 2)] {
            for target in [Target::All, own(), Target::Group(north()), Target::Groups(here())] {
                let signed =
                    SignedSettingsV1::sign(&pkcs8, key, target, 7, BODY.to_owned()).unwrap();
                let bytes = serde_json::to_vec(&signed).unwrap();
                let read = SignedSettingsV1::read(&bytes).unwrap();
                assert_eq!(read, signed);
                let over = |known| read.believe(&keys, &here(), &[north()], known);
                assert_eq!(over(None), Ok(true));
                assert_eq!(over(Some((6, "{}"))), Ok(true));
                assert_eq!(over(Some((7, BODY))), Ok(false));
                assert_eq!(over(Some((7, "{}"))), Err(Disbelief::NotNewer));
                assert_eq!(over(Some((8, BODY))), Err(Disbelief::NotNewer));
            }
        }
    }

    #[test]
    fn what_is_for_others_or_by_others_is_not_believed() {
        let (pkcs8, key) = pair(1);
        let elsewhere = Target::Store("SH002".parse().unwrap());
        let signed = SignedSettingsV1::sign(&pkcs8, 1, elsewhere, 1, BODY.to_owned()).unwrap();
        let keys = [key];
        assert_eq!(signed.believe(&keys, &here(), &[], None), Err(Disbelief::OtherStore));
        let signed = SignedSettingsV1::sign(&pkcs8, 2, own(), 1, BODY.to_owned()).unwrap();
        assert_eq!(signed.believe(&keys, &here(), &[], None), Err(Disbelief::UnknownKey));
        let signed = SignedSettingsV1::sign(&pair(1).0, 1, own(), 1, BODY.to_owned()).unwrap();
        assert_eq!(signed.believe(&keys, &here(), &[], None), Err(Disbelief::Forged));
        let signed = SignedSettingsV1::sign(&pkcs8, 1, own(), 0, BODY.to_owned()).unwrap();
        assert_eq!(signed.believe(&keys, &here(), &[], None), Err(Disbelief::NotNewer));
        assert!(SignedSettingsV1::sign(b"no key", 1, own(), 1, BODY.to_owned()).is_err());
    }

    #[test]
    fn a_groups_document_is_believed_by_the_stores_that_were_told_they_are_in_it() {
        let (pkcs8, key) = pair(1);
        let keys = [key];
        let of = |target: &str| {
            let target = target.parse().unwrap();
            SignedSettingsV1::sign(&pkcs8, 1, target, 1, BODY.to_owned()).unwrap()
        };
        let south: GroupKey = "south".parse().unwrap();
        let signed = of("group/north");
        assert_eq!(signed.believe(&keys, &here(), &[south.clone(), north()], None), Ok(true));
        assert_eq!(signed.believe(&keys, &here(), &[south], None), Err(Disbelief::OtherGroup));
        // Who is told of groups is told by name; nobody is told another's.
        assert_eq!(of("groups/SH001").believe(&keys, &here(), &[], None), Ok(true));
        let others = of("groups/SH002").believe(&keys, &here(), &[], None);
        assert_eq!(others, Err(Disbelief::OtherStore));
    }

    #[test]
    fn a_target_has_one_spelling() {
        for text in ["all", "SH001", "ALL", "group/north", "groups/SH001"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "sh001", "group/", "group/North", "groups/north", "groups/", "group/a/b"] {
            assert_eq!(text.parse::<Target>(), Err(TargetText), "{text}");
        }
    }

    #[test]
    fn no_field_can_be_changed_or_moved_under_a_signature() {
        let (pkcs8, key) = pair(1);
        let keys = [key.clone(), SettingsKeyV1 { version: 2, ..key }];
        let signed = SignedSettingsV1::sign(&pkcs8, 1, own(), 7, BODY.to_owned()).unwrap();
        for forged in [
            SignedSettingsV1 { target: Target::All, ..signed.clone() },
            SignedSettingsV1 { target: Target::Groups(here()), ..signed.clone() },
            SignedSettingsV1 { revision: 8, ..signed.clone() },
            SignedSettingsV1 { key: 2, ..signed.clone() },
            SignedSettingsV1 { body: BODY.replace("down", "up"), ..signed.clone() },
            SignedSettingsV1 { body: format!("{BODY} "), ..signed.clone() },
            SignedSettingsV1 {
                signature: signed.signature.replace(['0', '1'], "2"),
                ..signed.clone()
            },
            SignedSettingsV1 { signature: String::new(), ..signed.clone() },
        ] {
            assert_eq!(
                forged.believe(&keys, &here(), &[], None),
                Err(Disbelief::Forged),
                "{forged:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let read = SignedSettingsV1::read(&bytes);
            prop_assert!(read.is_err());
        }

        #[test]
        fn no_changed_byte_of_an_envelope_is_believed(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let (pkcs8, key) = pair(1);
            let signed = SignedSettingsV1::sign(&pkcs8, 1, own(), 7, BODY.to_owned()).unwrap();
            let mut bytes = serde_json::to_vec(&signed).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            if let Ok(read) = SignedSettingsV1::read(&bytes) {
                // A digit of the signature in the other case says the same.
                let same = read.signature.eq_ignore_ascii_case(&signed.signature)
                    && SignedSettingsV1 { signature: signed.signature.clone(), ..read.clone() } == signed;
                prop_assert!(same || read.believe(&[key], &here(), &[], None).is_err(), "{:?}", read);
            }
        }
    }

    #[test]
    fn an_envelope_has_an_end() {
        let bytes = vec![b' '; ENVELOPE_BYTES_MAX + 1];
        assert_eq!(SignedSettingsV1::read(&bytes), Err(Disbelief::TooLarge));
        assert_eq!(SignedSettingsV1::read(&bytes[1..]), Err(Disbelief::Malformed));
    }
}
