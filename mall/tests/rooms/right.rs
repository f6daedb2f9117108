//! An endpoint and a body as it takes it.

use std::fmt;

use serde_json::{Value, json};

use crate::bend::{self, Bend};

/// An endpoint as it is declared.
pub(crate) struct Endpoint {
    pub(crate) caller: String,
    pub(crate) method: String,
    pub(crate) path: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A body as an endpoint takes it.
pub(crate) enum Right {
    /// None is read.
    Nothing,
    /// A document.
    Json(Value),
    /// A table.
    Table(String),
}

impl Right {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Json(document) => document.to_string().into_bytes(),
            Self::Table(table) => table.clone().into_bytes(),
        }
    }

    /// What is bent: what is no document is bent as if it were one.
    pub(crate) fn document(&self) -> Value {
        match self {
            Self::Json(document) => document.clone(),
            Self::Nothing | Self::Table(_) => json!({ "id": 1 }),
        }
    }

    pub(crate) fn every_bend(&self) -> Vec<Bend> {
        match self {
            Self::Json(document) => bend::every_bend(document),
            Self::Nothing | Self::Table(_) => bend::wholes(),
        }
    }
}
