//! How bodies may be packed on their way up.
//!
//! A mall says in each session which packings it takes ([`crate::wire::SessionV1::packings`]); one that
//! is older says none, and gets bodies as they are. What is signed is what is sent: the packed bytes.
//!
//! **Invariant:** names only; nothing is packed here.

/// `content-encoding: zstd` (RFC 8878).
pub const ZSTD: &str = "zstd";

/// What a mall of this program takes.
#[must_use]
pub fn taken() -> Vec<String> {
    vec![ZSTD.to_owned()]
}

/// Whether a mall that says this of itself takes [`ZSTD`].
#[must_use]
pub fn takes_zstd(packings: &[String]) -> bool {
    packings.iter().any(|packing| packing == ZSTD)
}
