//! HQ's web page: one document, one style, one script, and nothing from elsewhere.
//!
//! **Invariant:** the files hold no secret and no data; whatever the page shows it asks the HQ API
//! for, with the token that somebody typed in and that the browser forgets with its tab.

use axum::{
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
    response::{IntoResponse as _, Redirect, Response},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // A newer mall's script must never meet an older one's page.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// `GET /hq`.
pub(super) async fn to_page() -> Redirect {
    Redirect::permanent("/hq/")
}

/// `GET /hq/`.
pub(super) async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("page/page.html"))
}

/// `GET /hq/page.css`.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// `GET /hq/page.js`.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/page.js"))
}
