//! A catalog as large as the largest real one we know: 808,096 items.

use std::{
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use domain::barcode::check_digit;

/// As many as Open Food Facts had with a valid GTIN in 2026.
pub const WORLD_ITEMS: u32 = 808_096;

const KINDS: [&str; 8] = [
    "纯牛奶",
    "Dark chocolate",
    "橙汁饮料",
    "Pain de mie",
    "苏打饼干",
    "Olive oil",
    "速溶咖啡",
    "Tomates pelées",
];
const MAKES: [&str; 7] = ["晨露", "Bellami", "山行", "Norrøna Mat", "一禾", "Casa Verde", "柏舟"];

/// The GTIN-13 of the n-th item, under GS1's prefix 952 for demonstrations.
#[must_use]
pub fn gtin(n: u32) -> String {
    let body = format!("952{n:09}");
    let last = check_digit(&body);
    format!("{body}{last}")
}

/// The price of the n-th item in fen.
#[must_use]
pub const fn price(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761) % 29_900 + 90
}

/// The name of the n-th item.
///
/// # Errors
/// None on a machine whose numbers have 32 bits.
pub fn name(n: u32) -> Result<String> {
    let kind = KINDS.get(usize::try_from(n)? % KINDS.len()).context("a kind")?;
    let make = MAKES.get(usize::try_from(n / 8)? % MAKES.len()).context("a make")?;
    Ok(format!("{make} {kind} {n}"))
}

/// Writes the catalog as the mall imports it.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path) -> Result<()> {
    let file = std::fs::File::create(path).context("could not make the large catalog")?;
    let mut out = BufWriter::new(file);
    writeln!(out, "barcode,name,price_yuan")?;
    for n in 0..WORLD_ITEMS {
        let (name, fen) = (name(n)?, price(n));
        writeln!(out, "{},{name},{}.{:02}", gtin(n), fen / 100, fen % 100)?;
    }
    out.flush().context("could not write the large catalog")
}
