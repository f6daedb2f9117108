//! The page on which a person issues vouchers, coupons and payment codes, and sees the books.
//!
//! **Invariant:** it works without a network: nothing on it comes from elsewhere, and its headers say
//! so to the browser.

use axum::{
    Router,
    extract::Query,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Deserialize;

/// A side of the picture, in pixels at least; a scanner reads it from a screen.
const SIDE_PIXELS: u32 = 220;

const POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";

/// The page and its pictures.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("page/page.html"))))
        .route("/page.css", get(|| file("text/css; charset=utf-8", include_str!("page/page.css"))))
        .route("/page.js", get(|| file("text/javascript", include_str!("page/page.js"))))
        .route("/qr", get(picture))
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY)], text).into_response()
}

#[derive(Debug, Deserialize)]
struct Text {
    text: String,
}

/// A text as a QR, SVG.
async fn picture(Query(Text { text }): Query<Text>) -> Response {
    match QrCode::with_error_correction_level(&text, EcLevel::M) {
        Ok(code) => {
            let mut svg = code.render::<svg::Color<'_>>();
            let svg = svg.min_dimensions(SIDE_PIXELS, SIDE_PIXELS).build();
            ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response()
        }
        // It is too long for a QR.
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}
