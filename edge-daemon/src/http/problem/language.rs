//! The languages of the store, and which of them a caller wants.

use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, header, request::Parts},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// A language of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// 简体中文.
    Chinese,
    /// English.
    English,
}

/// The language of a view, where the caller cannot send headers (`EventSource`).
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LanguageQuery {
    /// `zh-CN` or `en`; by itself what `Accept-Language` wants.
    lang: Option<String>,
}

/// The language that the caller wants its view in: the query's, else the header's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted(pub(crate) Language);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<LanguageQuery>::from_request_parts(parts, state).await.ok();
        let asked = query.and_then(|Query(query)| Language::first_of(&query.lang?));
        Ok(Self(asked.unwrap_or_else(|| Language::of(&parts.headers))))
    }
}

impl Language {
    /// The first language that the caller names and we speak; Chinese otherwise.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self::first_of(wanted.unwrap_or_default()).unwrap_or(Self::Chinese)
    }

    /// The first language of a list of tags that we speak.
    fn first_of(wanted: &str) -> Option<Self> {
        wanted.split(',').find_map(|tag| match tag.trim().get(..2) {
            Some("zh") => Some(Self::Chinese),
            Some("en") => Some(Self::English),
            Some(_) | None => None,
        })
    }

    /// Its tag (BCP 47).
    pub(in crate::http) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_we_speak_is_taken() {
        for (wanted, language) in [
            ("en-GB,en;q=0.9", Language::English),
            ("fr,en;q=0.5,zh;q=0.4", Language::English),
            ("zh-CN,en", Language::Chinese),
            ("", Language::Chinese),
            ("de", Language::Chinese),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wanted.parse().unwrap());
            assert_eq!(Language::of(&headers), language, "{wanted}");
        }
    }
    #[tokio::test]
    async fn a_stream_may_name_its_language_in_the_address() {
        for (address, language) in [
            ("/x?lang=en", Language::English),
            ("/x?lang=zh-CN", Language::Chinese),
            ("/x?lang=fr", Language::English),
            ("/x", Language::English),
        ] {
            let request = axum::http::Request::get(address).header(header::ACCEPT_LANGUAGE, "en");
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let Ok(wanted) = Wanted::from_request_parts(&mut parts, &()).await;
            assert_eq!(wanted.0, language, "{address}");
        }
    }
}
