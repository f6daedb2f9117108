//! Commands of HQ to a store: signed by the mall for one store, good until a moment, of a closed set.
//!
//! ```text
//! signature = Ed25519(key, "guitai-command-1\n" key "\n" store "\n" id "\n" not_after "\n" word)
//! ```
//!
//! A store asks for them over HTTPS and tells over HTTPS what came of each; a bell only says that
//! there is something. So whoever holds the broker runs nothing, and whoever repeats a command to a
//! store that has its id runs it no second time.
//!
//! **Invariant:** what is not in the set is not run; keys come in as bytes and are neither made nor
//! kept here.

use domain::{receipt_number::StoreCode, time::Timestamp};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    chain::{hex, hex_bytes},
    settings::SettingsKeyV1,
    signature::NotAKey,
};

/// Commands that a store is given at once.
pub const COMMANDS_MAX: usize = 20;
/// Bytes of what came of a command.
pub const OUTCOME_BYTES_MAX: usize = 16 * 1_024;
/// The scope by which a bell says that there are commands; it is no feed.
pub const BELL: &str = "commands";

/// What a store can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Look at once at everything that the mall has for it, and tell it what waits.
    LookAgain,
    /// Fetch the catalog and the store's own rows as new snapshots.
    TakeSnapshot,
    /// Say how it is.
    ReportState,
    /// End the program in order; the machine starts it again.
    Restart,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::LookAgain, Self::TakeSnapshot, Self::ReportState, Self::Restart];

    /// The word on wire, in tables and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LookAgain => "look-again",
            Self::TakeSnapshot => "take-snapshot",
            Self::ReportState => "report-state",
            Self::Restart => "restart",
        }
    }

    /// A command by its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.word() == word)
    }
}

/// A command in its envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCommandV1 {
    /// Its id, which a store runs once.
    pub id: Uuid,
    /// The code of the store that it is for.
    pub store: String,
    /// When it is not to be begun any more, in microseconds since 1970.
    pub not_after: i64,
    /// The version of the key that signed it.
    pub key: u32,
    /// What to do: one of `Command`'s words, or a newer mall's.
    pub word: String,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// Why a command is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// For another store.
    #[error("it is for another store")]
    OtherStore,
    /// Signed by a key that is not believed here.
    #[error("it is signed by a key that is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Forged,
    /// Its time is over.
    #[error("its time is over")]
    Expired,
    /// Not in the set.
    #[error("this program does not know it")]
    Unknown,
}

impl NotRun {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OtherStore => "other-store",
            Self::UnknownKey => "unknown-key",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

impl SignedCommandV1 {
    /// Signs a command with the mall's key.
    ///
    /// # Errors
    /// When the key is none.
    pub fn sign(
        pkcs8: &[u8],
        key: u32,
        store: &StoreCode,
        (id, word): (Uuid, &str),
        not_after: Timestamp,
    ) -> Result<Self, NotAKey> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
        let (not_after, word, signature) = (not_after.micros(), word.to_owned(), String::new());
        let store = store.to_string();
        let mut signed = Self { id, store, not_after, key, word, signature };
        signed.signature = hex(pair.sign(&signed.covered()).as_ref());
        Ok(signed)
    }

    /// Believes a command or not: by the keys, for this store, at this moment.
    ///
    /// # Errors
    /// What is forged is told before what is merely late or unknown.
    pub fn believe(
        &self,
        keys: &[SettingsKeyV1],
        store: &StoreCode,
        now: Timestamp,
    ) -> Result<Command, NotRun> {
        if self.store != store.to_string() {
            return Err(NotRun::OtherStore);
        }
        let key = keys.iter().find(|key| key.version == self.key).ok_or(NotRun::UnknownKey)?;
        let public = hex_bytes(&key.public_key).ok_or(NotRun::UnknownKey)?;
        let signature = hex_bytes(&self.signature).ok_or(NotRun::Forged)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(&self.covered(), &signature)
            .map_err(|_| NotRun::Forged)?;
        if now.micros() > self.not_after {
            return Err(NotRun::Expired);
        }
        Command::from_word(&self.word).ok_or(NotRun::Unknown)
    }

    fn covered(&self) -> Vec<u8> {
        let Self { id, store, not_after, key, word, signature: _ } = self;
        format!("guitai-command-1\n{key}\n{store}\n{id}\n{not_after}\n{word}").into_bytes()
    }
}

/// What a store gets when it asks: the oldest first, at most `COMMANDS_MAX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandsV1 {
    /// The commands whose outcome the mall does not know yet.
    pub commands: Vec<SignedCommandV1>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeV1 {
    /// Which.
    pub id: Uuid,
    /// `done`, `failed`, `interrupted`, or a word of `NotRun`.
    pub outcome: String,
    /// What it said; at most `OUTCOME_BYTES_MAX`.
    #[serde(default)]
    pub detail: String,
}

/// What a store tells of commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomesV1 {
    /// Of each that is over; told again until it was heard.
    pub outcomes: Vec<OutcomeV1>,
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;
    use crate::signature::public_key;

    fn pair(version: u32) -> (Vec<u8>, SettingsKeyV1) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let public_key = public_key(pkcs8.as_ref()).unwrap();
        (pkcs8.as_ref().to_vec(), SettingsKeyV1 { version, public_key })
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_command_is_believed_for_one_store_until_its_moment_and_only_of_the_set() {
        let (pkcs8, key) = pair(1);
        let (here, id): (StoreCode, _) = ("SH001".parse().unwrap(), Uuid::from_u128(7));
        let sign =
            |word: &str| SignedCommandV1::sign(&pkcs8, 1, &here, (id, word), at(100)).unwrap();
        let keys = [key];
        for command in Command::ALL {
            let signed = sign(command.word());
            assert_eq!(signed.believe(&keys, &here, at(100)), Ok(command));
            assert_eq!(signed.believe(&keys, &here, at(101)), Err(NotRun::Expired));
            let elsewhere = "SH002".parse().unwrap();
            assert_eq!(signed.believe(&keys, &elsewhere, at(1)), Err(NotRun::OtherStore));
            assert_eq!(signed.believe(&[], &here, at(1)), Err(NotRun::UnknownKey));
        }
        assert_eq!(sign("rm -rf /").believe(&keys, &here, at(1)), Err(NotRun::Unknown));
    }

    #[test]
    fn no_field_can_be_changed_under_a_signature() {
        let (pkcs8, key) = pair(1);
        let here: StoreCode = "SH001".parse().unwrap();
        let keys = [key.clone(), SettingsKeyV1 { version: 2, ..key }];
        let id = Uuid::from_u128(7);
        let signed = SignedCommandV1::sign(&pkcs8, 1, &here, (id, "look-again"), at(100)).unwrap();
        for forged in [
            SignedCommandV1 { id: Uuid::from_u128(8), ..signed.clone() },
            SignedCommandV1 { not_after: 101, ..signed.clone() },
            SignedCommandV1 { key: 2, ..signed.clone() },
            SignedCommandV1 { word: "restart".to_owned(), ..signed.clone() },
            SignedCommandV1 { signature: String::new(), ..signed.clone() },
        ] {
            assert_eq!(forged.believe(&keys, &here, at(1)), Err(NotRun::Forged), "{forged:?}");
        }
        let moved = SignedCommandV1 { store: "SH002".to_owned(), ..signed };
        let elsewhere = "SH002".parse().unwrap();
        assert_eq!(moved.believe(&keys, &elsewhere, at(1)), Err(NotRun::Forged));
    }
}
