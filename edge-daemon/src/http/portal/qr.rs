//! A QR code (ISO/IEC 18004) as SVG inside a page.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code; readers need four (ISO/IEC 18004, 9.1).
const QUIET: usize = 4;

/// Draws a text: dark on light whatever colours the page has. `None` for one that is too long.
pub(super) fn svg(text: &str, label: &str) -> Option<String> {
    // On a phone's own screen nothing is torn or smeared; larger modules read better.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                // Writing to a text does not fail.
                let _ = write!(path, "M{} {}h{}", x + QUIET, y + QUIET, run.len());
            }
            x += run.len();
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path stroke=\"#000\" transform=\"translate(0 .5)\" d=\"{path}\"/></svg>"
    ))
}
