//! Up to where the mall holds everything of a ledger, signed by the mall.
//!
//! ```text
//! signature = Ed25519(key, "guitai-watermark-1\n" key "\n" store "\n" epoch "\n" seq "\n" chain "\n" day "\n" at)
//! ```
//!
//! A store that holds one can show later, without the mall, that its facts were taken; whoever changes
//! a fact before the place changes the chain that was signed.
//!
//! **Invariant:** a watermark is believed by the mall's key, for one store, and only where the store's
//! own chain is the signed one; keys come in as bytes and are neither made nor kept here.

use domain::{
    receipt_number::StoreCode,
    time::{BusinessDate, Timestamp},
};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::{
    chain::{Hash, hex, hex_bytes},
    settings::SettingsKeyV1,
    signature::NotAKey,
};

/// What a watermark says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatermarkV1 {
    /// The store's code.
    pub store: String,
    /// The life of its ledger.
    pub epoch: u32,
    /// Everything of it up to this place is held.
    pub seq: i64,
    /// The chain there.
    pub chain: Hash,
    /// The newest day on which store and mall were found to hold the same when it was made.
    pub day: BusinessDate,
    /// When, by the mall's clock.
    pub at: Timestamp,
    /// The version of the key that signed it: of the keys that sign settings.
    pub key: u32,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// Why a watermark is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// For another store.
    #[error("it is for another store")]
    OtherStore,
    /// Signed by a key that is not believed here.
    #[error("it is signed by a key that is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Forged,
    /// Another history than the store's stands at its place.
    #[error("the chain at its place is another one")]
    OtherChain,
}

impl WatermarkV1 {
    /// Signs it with the mall's key; what its signature says before does not matter.
    ///
    /// # Errors
    /// When the key is none.
    pub fn signed(self, pkcs8: &[u8]) -> Result<Self, NotAKey> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
        let signature = hex(pair.sign(&self.covered()).as_ref());
        Ok(Self { signature, ..self })
    }

    /// Believes it or not: by the keys, for this store, with the chain that the store has at its place
    /// (`None` where the store has nothing there).
    ///
    /// # Errors
    /// What is forged is told before what is of another history.
    pub fn believe(
        &self,
        keys: &[SettingsKeyV1],
        store: &StoreCode,
        own: Option<Hash>,
    ) -> Result<(), Disbelief> {
        if self.store != store.to_string() {
            return Err(Disbelief::OtherStore);
        }
        let key = keys.iter().find(|key| key.version == self.key).ok_or(Disbelief::UnknownKey)?;
        let public = hex_bytes(&key.public_key).ok_or(Disbelief::UnknownKey)?;
        let signature = hex_bytes(&self.signature).ok_or(Disbelief::Forged)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(&self.covered(), &signature)
            .map_err(|_| Disbelief::Forged)?;
        if own == Some(self.chain) { Ok(()) } else { Err(Disbelief::OtherChain) }
    }

    fn covered(&self) -> Vec<u8> {
        let Self { store, epoch, seq, chain, day, at, key, signature: _ } = self;
        let at = at.micros();
        format!("guitai-watermark-1\n{key}\n{store}\n{epoch}\n{seq}\n{chain}\n{day}\n{at}")
            .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;
    use crate::signature::public_key;

    #[test]
    fn a_watermark_is_believed_by_its_key_for_its_store_over_its_chain() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let keys = [SettingsKeyV1 { version: 3, public_key: public_key(pkcs8.as_ref()).unwrap() }];
        let store: StoreCode = "SH001".parse().unwrap();
        let chain = Hash::of(b"a history");
        let mark = WatermarkV1 {
            store: "SH001".to_owned(),
            epoch: 2,
            seq: 77,
            chain,
            day: "2026-11-21".parse().unwrap(),
            at: Timestamp::from_micros(1_795_255_200_000_000),
            key: 3,
            signature: String::new(),
        };
        let mark = mark.signed(pkcs8.as_ref()).unwrap();
        assert_eq!(mark.believe(&keys, &store, Some(chain)), Ok(()));
        let of = || mark.clone();
        let table = [
            (WatermarkV1 { store: "SH002".to_owned(), ..of() }, Disbelief::OtherStore),
            (WatermarkV1 { key: 4, ..of() }, Disbelief::UnknownKey),
            (WatermarkV1 { epoch: 3, ..of() }, Disbelief::Forged),
            (WatermarkV1 { seq: 78, ..of() }, Disbelief::Forged),
            (WatermarkV1 { chain: Hash::GENESIS, ..of() }, Disbelief::Forged),
            (WatermarkV1 { day: "2026-11-22".parse().unwrap(), ..of() }, Disbelief::Forged),
            (WatermarkV1 { at: mark.at.plus_ms(1), ..of() }, Disbelief::Forged),
            (WatermarkV1 { signature: "zz".to_owned(), ..of() }, Disbelief::Forged),
        ];
        for (wrong, why) in table {
            assert_eq!(wrong.believe(&keys, &store, Some(chain)), Err(why), "{wrong:?}");
        }
        for own in [None, Some(Hash::of(b"another history"))] {
            assert_eq!(mark.believe(&keys, &store, own), Err(Disbelief::OtherChain));
        }
    }
}
