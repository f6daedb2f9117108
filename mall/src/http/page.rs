//! HQ's web page: one document, one style, two scripts, and nothing from elsewhere.
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

/// `GET /hq/fields.js`.
pub(super) async fn fields() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/fields.js"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    const HTML: &str = include_str!("page/page.html");
    const SCRIPT: &str = include_str!("page/page.js");
    const FIELDS: &str = include_str!("page/fields.js");

    /// What stands between two marks, wherever it does.
    fn between<'a>(text: &'a str, from: &str, to: char) -> BTreeSet<&'a str> {
        text.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
    }

    #[test]
    fn whatever_the_script_reaches_for_is_on_the_page() {
        let ids = between(HTML, " id=\"", '"');
        let named = between(SCRIPT, "$('", '\'');
        assert!(named.len() > 30, "{named:?}");
        let missing: Vec<_> = named.difference(&ids).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn whatever_the_page_says_it_says_in_both_languages() {
        let words = SCRIPT.split("\n}\n").next().unwrap();
        let keys: Vec<&str> = words
            .match_indices(": ['")
            .map(|(at, _)| words[..at].rsplit([' ', '\n']).next().unwrap())
            .collect();
        let known: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(known.len(), keys.len(), "a word is there twice");
        let mut said = between(HTML, "data-say=\"", '"');
        said.extend(between(SCRIPT, "say('", '\''));
        said.extend(between(FIELDS, "say('", '\''));
        let missing: Vec<_> = said.difference(&known).collect();
        assert!(missing.is_empty() && said.len() > 60, "{missing:?}");
    }
}
