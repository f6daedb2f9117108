//! Reads a QR code off a page, as a scanner reads it off a phone.

use anyhow::{Context as _, Result, ensure};
use rqrr::{Grid, SimpleGrid};

/// Light modules around a code.
const QUIET: usize = 4;

/// Reads the first code of a page that draws it as rows of an SVG path: `M6 4h7` is seven dark
/// modules from column 6 of row 4, with a light border of four.
///
/// # Errors
/// When there is none, or it does not decode.
pub fn read(page: &str) -> Result<String> {
    let side = between(page, "viewBox=\"0 0 ", " ").context("no drawing")?;
    let side: usize = side.parse().context("a drawing without a size")?;
    let width = side.checked_sub(2 * QUIET).context("a code without a border")?;
    let rows = between(page, "translate(0 .5)\" d=\"M", "\"").context("no rows")?;
    let mut dark = vec![false; width * width];
    for run in rows.split('M') {
        let (place, n) = run.split_once('h').context("a row without a length")?;
        let (x, y) = place.split_once(' ').context("a row without a place")?;
        let (x, y, n): (usize, usize, usize) = (x.parse()?, y.parse()?, n.parse()?);
        ensure!(x >= QUIET && y >= QUIET && x + n <= width + QUIET, "{run} is in the border");
        let begin = (y - QUIET) * width + (x - QUIET);
        let modules = dark.get_mut(begin..begin + n).context("a row outside of the code")?;
        modules.fill(true);
    }
    let is_dark = |x: usize, y: usize| dark.get(y * width + x).copied().unwrap_or(false);
    let (_, text) = Grid::new(SimpleGrid::from_func(width, is_dark)).decode()?;
    Ok(text)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
