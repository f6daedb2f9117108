//! The flat XML of v2: `<xml><a>…</a><b>…</b></xml>`.
//!
//! **Invariant:** no document type, no entity but the five of XML and numbers, no attribute, no
//! deeper element, no name twice, and limits on bytes and fields.

use std::collections::BTreeMap;

use quick_xml::{
    Reader,
    escape::{escape, resolve_predefined_entity},
    events::Event,
};

use crate::{http::BODY_BYTES_MAX, verdict::bounded};

/// A refund query of an order with 50 refunds has some 400 fields.
const FIELDS_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 64;

/// Not the XML of v2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// Larger than `BODY_BYTES_MAX`.
    #[error("the XML is too large")]
    TooLarge,
    /// Not UTF-8.
    #[error("the XML is not UTF-8")]
    NotUtf8,
    /// Not well-formed, or cut.
    #[error("the XML is not well-formed")]
    NotXml,
    /// Something that v2 never sends: a document type, an entity, an attribute, a depth.
    #[error("the XML has {0}")]
    NotFlat(&'static str),
    /// A field twice.
    #[error("the XML has the field `{0}` twice")]
    Twice(String),
}

/// Fields by name, as they are signed: in the order of their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

/// Names only: the values hold codes.
impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Fields {
    /// Sets a field.
    pub fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// A field's value, if it is there and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All fields, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Writes the XML, leaving empty fields out. Signs that XML cannot carry become blanks.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<xml>");
        for (name, value) in self.iter().filter(|(_, value)| !value.is_empty()) {
            xml.push_str(&format!("<{name}>{}</{name}>", escape(value)));
        }
        xml.push_str("</xml>");
        xml
    }

    /// Reads the XML of an answer.
    pub fn read(bytes: &[u8]) -> Result<Self, XmlFault> {
        Self::read_under("xml", bytes)
    }

    /// Reads flat XML under another root.
    pub(super) fn read_under(root: &'static str, bytes: &[u8]) -> Result<Self, XmlFault> {
        if bytes.len() > BODY_BYTES_MAX {
            return Err(XmlFault::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::NotUtf8)?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut state = State { root, ..State::default() };
        loop {
            let event = reader.read_event().map_err(|_| XmlFault::NotXml)?;
            if matches!(event, Event::Eof) {
                return state.end();
            }
            state.take(event)?;
        }
    }
}

/// Where in the document the reader is.
#[derive(Default)]
struct State {
    root: &'static str,
    fields: Fields,
    depth: usize,
    is_over: bool,
    name: String,
    value: String,
}

impl State {
    fn take(&mut self, event: Event<'_>) -> Result<(), XmlFault> {
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::Empty(tag) => {
                self.open(&tag)?;
                self.close()
            }
            Event::End(_) => self.close(),
            Event::Text(text) => {
                let text = text.decode().map_err(|_| XmlFault::NotXml)?;
                self.text(&text)
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|_| XmlFault::NotXml)?;
                if self.depth == 2 { self.text(&text) } else { Err(XmlFault::NotXml) }
            }
            Event::GeneralRef(entity) => {
                let text = entity.decode().map_err(|_| XmlFault::NotXml)?;
                let sign = match entity.resolve_char_ref().map_err(|_| XmlFault::NotXml)? {
                    Some(sign) => sign.to_string(),
                    None => resolve_predefined_entity(&text)
                        .ok_or(XmlFault::NotFlat("an entity"))?
                        .to_owned(),
                };
                if self.depth == 2 { self.text(&sign) } else { Err(XmlFault::NotXml) }
            }
            Event::DocType(_) => Err(XmlFault::NotFlat("a document type")),
            Event::Decl(_) | Event::Comment(_) | Event::Eof => Ok(()),
            Event::PI(_) => Err(XmlFault::NotFlat("an instruction")),
        }
    }

    fn open(&mut self, tag: &quick_xml::events::BytesStart<'_>) -> Result<(), XmlFault> {
        if tag.attributes_raw().iter().any(|byte| !byte.is_ascii_whitespace()) {
            return Err(XmlFault::NotFlat("an attribute"));
        }
        let name = std::str::from_utf8(tag.name().into_inner()).map_err(|_| XmlFault::NotUtf8)?;
        match self.depth {
            0 if self.is_over || name != self.root => {
                return Err(XmlFault::NotFlat("another root"));
            }
            0 => {}
            1 => {
                let is_name = name.len() <= NAME_BYTES_MAX
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if !is_name {
                    return Err(XmlFault::NotFlat("another name"));
                }
                self.name = name.to_owned();
                self.value.clear();
            }
            _ => return Err(XmlFault::NotFlat("a deeper element")),
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlFault> {
        if self.depth == 2 {
            let (name, value) = (std::mem::take(&mut self.name), std::mem::take(&mut self.value));
            if self.fields.0.len() == FIELDS_MAX {
                return Err(XmlFault::TooLarge);
            }
            if self.fields.0.insert(name.clone(), value).is_some() {
                return Err(XmlFault::Twice(bounded(&name)));
            }
        }
        self.depth = self.depth.checked_sub(1).ok_or(XmlFault::NotXml)?;
        self.is_over = self.depth == 0;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlFault> {
        match self.depth {
            2 => {
                self.value.push_str(text);
                Ok(())
            }
            _ if text.trim().is_empty() => Ok(()),
            _ => Err(XmlFault::NotXml),
        }
    }

    fn end(self) -> Result<Fields, XmlFault> {
        if self.is_over { Ok(self.fields) } else { Err(XmlFault::NotXml) }
    }
}
