//! HQ's web page: one document, one style, a script for each part, and nothing from elsewhere.
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

use super::{
    problem::{NOT_FOUND, Problem},
    segments::Path,
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

/// The scripts by their names: `page` puts the parts together, `kit` and `words` are what they share.
const SCRIPTS: [(&str, &str); 12] = [
    ("page.js", include_str!("page/page.js")),
    ("kit.js", include_str!("page/kit.js")),
    ("words.js", include_str!("page/words.js")),
    ("stores.js", include_str!("page/stores.js")),
    ("troubles.js", include_str!("page/troubles.js")),
    ("days.js", include_str!("page/days.js")),
    ("commands.js", include_str!("page/commands.js")),
    ("groups.js", include_str!("page/groups.js")),
    ("settings.js", include_str!("page/settings.js")),
    ("fields.js", include_str!("page/fields.js")),
    ("rules.js", include_str!("page/rules.js")),
    ("members.js", include_str!("page/members.js")),
];

/// `GET /hq/{file}`: the style, or a script.
pub(super) async fn part(Path(name): Path<String>) -> Response {
    if name == "page.css" {
        return file("text/css; charset=utf-8", include_str!("page/page.css"));
    }
    match SCRIPTS.into_iter().find(|(known, _)| *known == name) {
        Some((_, text)) => file("text/javascript; charset=utf-8", text),
        None => Problem::of(NOT_FOUND).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SCRIPTS;

    const HTML: &str = include_str!("page/page.html");
    const WORDS: &str = include_str!("page/words.js");

    /// What stands between two marks, wherever it does.
    fn between<'a>(text: &'a str, from: &str, to: char) -> BTreeSet<&'a str> {
        text.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
    }

    /// The same of all scripts.
    fn in_scripts(from: &str, to: char) -> BTreeSet<&'static str> {
        SCRIPTS.into_iter().flat_map(|(_, text)| between(text, from, to)).collect()
    }

    #[test]
    fn whatever_the_scripts_reach_for_is_on_the_page() {
        let ids = between(HTML, " id=\"", '"');
        let named = in_scripts("$('", '\'');
        assert!(named.len() > 60, "{named:?}");
        let missing: Vec<_> = named.difference(&ids).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn whatever_the_scripts_import_is_served_and_nothing_else() {
        let served: BTreeSet<&str> = SCRIPTS.into_iter().map(|(name, _)| name).collect();
        let mut wanted = in_scripts("from './", '\'');
        assert!(wanted.insert("page.js") && HTML.contains("src=\"page.js\""));
        assert_eq!(wanted, served);
    }

    #[test]
    fn whatever_the_page_says_it_says_in_both_languages() {
        let words = WORDS.split("\n}\n").next().unwrap();
        let keys: Vec<&str> = words
            .match_indices(": ['")
            .map(|(at, _)| words[..at].rsplit([' ', '\n']).next().unwrap())
            .collect();
        let known: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(known.len(), keys.len(), "a word is there twice");
        let mut said = in_scripts("say('", '\'');
        for mark in ["data-say=\"", "data-hint=\"", "data-call=\""] {
            said.extend(between(HTML, mark, '"'));
        }
        let missing: Vec<_> = said.difference(&known).collect();
        assert!(missing.is_empty() && said.len() > 120, "{missing:?}");
    }
}
