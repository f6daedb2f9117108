//! Receipt numbers: what people see, and what can never come back.
//!
//! Store, workstation, epoch, business date and a sequence, as ARTS keys a retail transaction.
//! The epoch changes when a database was restored or cloned, so a restored counter cannot repeat
//! a number that is already on paper.
//!
//! **Invariant:** text and value are each other's inverse.

use std::{fmt, str::FromStr};

use crate::time::BusinessDate;

/// A workstation's place in its store, 1 to 999 (ARTS `WorkstationID`).
pub type WorkstationNumber = u16;

/// The highest workstation number; three digits on the receipt.
pub const WORKSTATION_MAX: WorkstationNumber = 999;

/// A store's code as people know it (ARTS `RetailStoreID`): 1 to 12 of `0–9 A–Z`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreCode(String);

/// A written store code or receipt number that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberText {
    /// Not 1 to 12 of `0–9 A–Z`.
    #[error("a store code is 1 to 12 digits and capital letters")]
    StoreCode,
    /// Not `store-workstation-epoch-date-sequence`.
    #[error("not a receipt number")]
    ReceiptNumber,
}

impl FromStr for StoreCode {
    type Err = NumberText;

    fn from_str(text: &str) -> Result<Self, NumberText> {
        let is_ours = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
        if (1..=12).contains(&text.len()) && text.bytes().all(is_ours) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NumberText::StoreCode)
        }
    }
}

impl fmt::Display for StoreCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `SH001-1-1-20261121-0042`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptNumber {
    /// The store.
    pub store: StoreCode,
    /// Its workstation.
    pub workstation: WorkstationNumber,
    /// The life of the store's ledger, given by the mall, from 1; written in base 36.
    pub epoch: u32,
    /// The trading day.
    pub business_date: BusinessDate,
    /// Counts from 1 per workstation and business date.
    pub sequence: u32,
}

const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        let place = usize::try_from(number % 36).unwrap_or(0);
        digits.extend(BASE36.get(place).copied().map(char::from));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, workstation, epoch, business_date, sequence } = self;
        let (epoch, date) = (base36(*epoch), business_date.compact());
        write!(f, "{store}-{workstation}-{epoch}-{date}-{sequence:04}")
    }
}

impl FromStr for ReceiptNumber {
    type Err = NumberText;

    fn from_str(text: &str) -> Result<Self, NumberText> {
        let wrong = || NumberText::ReceiptNumber;
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or_else(wrong);
        let number = Self {
            store: part()?.parse()?,
            workstation: part()?.parse().map_err(|_| wrong())?,
            epoch: u32::from_str_radix(part()?, 36).map_err(|_| wrong())?,
            business_date: BusinessDate::parse_compact(part()?).ok_or_else(wrong)?,
            sequence: part()?.parse().map_err(|_| wrong())?,
        };
        // One way of writing only: `+1`, `01` or lower case would be a second.
        if number.to_string() == text { Ok(number) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_number_reads_back_and_has_one_spelling() {
        let number = ReceiptNumber {
            store: "SH001".parse().unwrap(),
            workstation: 2,
            epoch: 37,
            business_date: "2026-11-21".parse().unwrap(),
            sequence: 42,
        };
        let text = "SH001-2-11-20261121-0042";
        assert_eq!(number.to_string(), text);
        assert_eq!(text.parse(), Ok(number));
        for bad in [
            "SH001-2-11-20261121-42",
            "SH001-02-11-20261121-0042",
            "SH001-2-11-20261121",
            "sh001-2-1-20261121-0042",
            "SH001-2-1-20261121-0042-9",
        ] {
            assert!(bad.parse::<ReceiptNumber>().is_err(), "{bad}");
        }
    }
}
