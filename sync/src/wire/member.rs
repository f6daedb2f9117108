//! Members as they travel to a store, and the keys that tokens are believed by.
//!
//! Names and phone numbers are sealed for the store that reads them (`crate::seal`), each cell bound
//! to its column and its member; a phone number is found by its blind index.
//!
//! **Invariant:** no clear name or phone number is in a message, and no secret is printed.

use std::fmt;

use domain::{
    id::MemberId,
    member::{Allowance, Phone},
    money::Money,
    time::BusinessDate,
};
use serde::{Deserialize, Serialize};

use crate::{
    chain::{hex, hex_bytes},
    seal::{NONCE_BYTES, Place, SECRET_BYTES, Seal, SealError},
};

/// A member as one store knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberV1 {
    /// The same in every channel.
    pub id: MemberId,
    /// What the phone number is found by: `MemberV1::index_of`.
    pub phone_index: String,
    /// The phone number, sealed, as hexadecimal digits.
    pub phone_cell: String,
    /// The name, sealed, as hexadecimal digits.
    pub name_cell: String,
    /// The tier; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// When they became a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_on: Option<BusinessDate>,
    /// Month and day, never the year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<(u8, u8)>,
    /// Works for the chain.
    #[serde(default)]
    pub is_staff: bool,
    /// Tags of the crowds they belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowds: Vec<String>,
    /// All points they have.
    pub points: i64,
    /// All prepaid balance they have, in fen.
    pub balance_minor: Money,
    /// What this store may let them spend of their points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_allowance: Option<Allowance>,
    /// What this store may let them spend of their balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_allowance: Option<Allowance>,
}

/// The keys that tokens are believed by: at most `token::KEYS_MAX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysV1 {
    /// The one in use, and the one before or after it.
    pub keys: Vec<KeyV1>,
}

/// A public key of the mall's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyV1 {
    /// 1, 2, 3 …
    pub version: u8,
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
}

/// The secret by which a store opens what is sealed for it. It is kept beside the signing key,
/// mode 0600, and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealV1 {
    /// The secret's number, which stands in each cell.
    pub key: u16,
    /// 64 hexadecimal digits.
    pub secret: String,
}

impl fmt::Debug for SealV1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealV1").field("key", &self.key).finish_non_exhaustive()
    }
}

impl SealV1 {
    /// Puts a store's secret on the wire.
    #[must_use]
    pub fn of(key: u16, secret: &[u8; SECRET_BYTES]) -> Self {
        Self { key, secret: hex(secret) }
    }

    /// The keys that follow from it.
    ///
    /// # Errors
    /// When the secret is not 64 hexadecimal digits.
    pub fn seal(&self) -> Result<Seal, SealError> {
        let bytes = hex_bytes(&self.secret).and_then(|bytes| bytes.try_into().ok());
        Seal::of(&bytes.ok_or(SealError::Closed)?, self.key)
    }
}

impl MemberV1 {
    /// What a phone number is found by, under a store's seal.
    #[must_use]
    pub fn index_of(seal: &Seal, phone: &Phone) -> String {
        hex(&seal.index("phone", phone.digits()))
    }

    /// Seals a phone number and a name for a store; the answer is the two cells.
    ///
    /// # Errors
    /// When a text is too long to be sealed.
    pub fn close(
        seal: &Seal,
        id: MemberId,
        (phone, name): (&Phone, &str),
        nonces: [[u8; NONCE_BYTES]; 2],
    ) -> Result<(String, String), SealError> {
        let row = id.to_string();
        let [for_phone, for_name] = nonces;
        let cell = |column, nonce, clear| {
            seal.close(place(column, &row), nonce, clear).map(|cell| hex(&cell))
        };
        Ok((cell("phone", for_phone, phone.digits())?, cell("name", for_name, name)?))
    }

    /// The phone number and the name, in clear: to be masked at once.
    ///
    /// # Errors
    /// When a cell was sealed for another store or member, or is damaged.
    pub fn open(&self, seal: &Seal) -> Result<(Phone, String), SealError> {
        let row = self.id.to_string();
        let clear = |column, cell: &str| {
            let cell = hex_bytes(cell).ok_or(SealError::Closed)?;
            seal.open(place(column, &row), &cell)
        };
        let phone = clear("phone", &self.phone_cell)?;
        let phone = Phone::read(&phone).ok_or(SealError::Closed)?;
        Ok((phone, clear("name", &self.name_cell)?))
    }
}

const fn place<'a>(column: &'a str, row: &'a str) -> Place<'a> {
    Place { table: "member", column, row }
}

#[cfg(test)]
mod tests {
    use domain::id::Id;
    use uuid::Uuid;

    use super::*;

    fn seal(secret: u8) -> Seal {
        SealV1::of(1, &[secret; SECRET_BYTES]).seal().unwrap()
    }

    fn member(seal: &Seal) -> MemberV1 {
        let id = Id::from_uuid(Uuid::from_u128(7));
        let phone = Phone::read("138 1234 5678").unwrap();
        let nonces = [[1; NONCE_BYTES], [2; NONCE_BYTES]];
        let (phone_cell, name_cell) =
            MemberV1::close(seal, id, (&phone, "王小明"), nonces).unwrap();
        MemberV1 {
            id,
            phone_index: MemberV1::index_of(seal, &phone),
            phone_cell,
            name_cell,
            tier: "gold".into(),
            joined_on: None,
            birthday: Some((2, 29)),
            is_staff: false,
            crowds: vec![],
            points: 500,
            balance_minor: Money::from_minor(20_000),
            points_allowance: None,
            balance_allowance: None,
        }
    }

    #[test]
    fn a_member_opens_in_their_store_alone_and_no_text_of_theirs_is_on_the_line() {
        let (ours, other) = (seal(1), seal(2));
        let member = member(&ours);
        let (phone, name) = member.open(&ours).unwrap();
        assert_eq!((phone.digits(), name.as_str()), ("13812345678", "王小明"));
        assert_eq!(member.phone_index, MemberV1::index_of(&ours, &phone));
        assert_ne!(member.phone_index, MemberV1::index_of(&other, &phone));
        assert_eq!(member.open(&other), Err(SealError::Closed));
        let moved = MemberV1 { id: Id::from_uuid(Uuid::from_u128(8)), ..member.clone() };
        assert_eq!(moved.open(&ours), Err(SealError::Closed));
        let line = serde_json::to_string(&member).unwrap();
        assert!(!line.contains("5678") && !line.contains('王'), "{line}");
        assert_eq!(serde_json::from_str::<MemberV1>(&line).unwrap(), member);
    }

    #[test]
    fn a_secret_is_not_printed_and_half_a_one_is_none() {
        let told = SealV1::of(3, &[0xab; SECRET_BYTES]);
        assert_eq!(format!("{told:?}"), "SealV1 { key: 3, .. }");
        let half = SealV1 { secret: told.secret[..62].to_owned(), ..told };
        assert_eq!(half.seal().map(|_| ()), Err(SealError::Closed));
    }
}
