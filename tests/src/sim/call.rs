//! A call as it came, and its answer before it leaves.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method},
};
use serde_json::Value;

use super::keys::Keys;

/// A call: its bytes, before anybody has read them.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the caller showed the merchant's certificate.
    pub(crate) has_certificate: bool,
}

impl Call {
    /// A header, empty when it is missing or no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Path and query as they were sent.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, self.query)
    }

    /// The pairs of the query.
    pub(crate) fn asked(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// Whether the body is said to be of a content type.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.header("content-type").split(';').next().is_some_and(|said| said.trim() == kind)
    }
}

/// How an answer is signed; made when it leaves, because a fault may spoil it.
#[derive(Clone, Debug)]
pub(crate) enum Seal {
    /// Not at all.
    Plain,
    /// A `sign` field, by the manner of the call; `WeChat` Pay v2.
    V2 { is_hmac: bool },
    /// Headers with time, nonce, serial and signature, by one of two keys; `WeChat` Pay v3.
    V3 { key: usize },
    /// The text of the node beside its signature; Alipay.
    Node { name: String },
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Json(Value),
    Xml(BTreeMap<String, String>),
    Html(String),
    /// Bytes of a content type.
    Raw(&'static str, Vec<u8>),
    Empty,
    /// Nothing: the line is cut.
    Cut,
}

/// An answer before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content: Content,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) seal: Seal,
    /// The charge that is decided for the caller once this has arrived.
    pub(crate) settles: Option<String>,
}

impl Answer {
    pub(crate) fn new(status: u16, content: Content) -> Self {
        Self { status, content, headers: vec![], seal: Seal::Plain, settles: None }
    }

    pub(crate) fn json(value: Value) -> Self {
        Self::new(200, Content::Json(value))
    }

    /// The line is cut instead of an answer.
    pub(crate) fn cut() -> Self {
        Self::new(200, Content::Cut)
    }

    pub(crate) fn sealed(mut self, seal: Seal) -> Self {
        self.seal = seal;
        self
    }

    pub(crate) fn settling(mut self, number: &str) -> Self {
        self.settles = Some(number.to_owned());
        self
    }
}

/// An answer that can leave: status, content type, headers, bytes.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Writes and signs an answer; a spoiled signature is the one of another text. `None` is a cut.
    pub(crate) fn write(answer: Answer, keys: &Keys, is_spoiled: bool) -> Option<Self> {
        let Answer { status, content, mut headers, seal, .. } = answer;
        let (kind, bytes) = match (content, seal) {
            (Content::Cut, _) => return None,
            (Content::Xml(mut fields), Seal::V2 { is_hmac }) => {
                super::wechat::xml::sign(&mut fields, is_hmac, is_spoiled);
                ("text/xml; charset=utf-8", super::wechat::xml::write(&fields).into_bytes())
            }
            (Content::Xml(fields), _) => {
                ("text/xml; charset=utf-8", super::wechat::xml::write(&fields).into_bytes())
            }
            (Content::Json(value), Seal::Node { name }) => {
                let signed = super::alipay::gateway::sign(keys, &name, &value, is_spoiled);
                ("application/json;charset=utf-8", signed.into_bytes())
            }
            (Content::Json(value), Seal::V3 { key }) => {
                let text = value.to_string();
                headers.extend(super::wechat::v3::sign(keys, key, &text, is_spoiled));
                ("application/json; charset=utf-8", text.into_bytes())
            }
            (Content::Json(value), _) => ("application/json", value.to_string().into_bytes()),
            (Content::Html(text), _) => ("text/html; charset=utf-8", text.into_bytes()),
            (Content::Raw(kind, bytes), _) => (kind, bytes),
            (Content::Empty, _) => ("text/plain", vec![]),
        };
        Some(Self { status, kind, headers, bytes })
    }
}
