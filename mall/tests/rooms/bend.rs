//! What no program of ours sends: a right document, bent, and text where an id should stand.
//!
//! **Invariant:** knows JSON, and no endpoint; mall and edge node are tried with the same.

use std::fmt;

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value, json};

/// Signs of a text that is longer than any field of ours may be, and shorter than any body.
const LONG_CHARS: usize = 1_500;
/// Lists in each other: more than a reader of JSON follows.
const DEEP: usize = 400;

/// What is put where something right stood.
#[derive(Clone, Debug)]
pub(crate) enum Odd {
    /// Nothing: the field or the item is left out.
    Missing,
    /// Another value.
    Value(Value),
    /// Text that no value is written as.
    Text(String),
}

/// What is put at every place of every document, each by its name.
pub(crate) fn odds() -> Vec<(&'static str, Odd)> {
    let value = |value: Value| Odd::Value(value);
    let text = |text: &str| Odd::Text(text.to_owned());
    vec![
        ("nothing", Odd::Missing),
        ("null", value(Value::Null)),
        ("yes", value(json!(true))),
        ("zero", value(json!(0))),
        ("less than nothing", value(json!(-1))),
        ("the largest number", value(json!(i64::MAX))),
        ("the smallest number", value(json!(i64::MIN))),
        ("a number beyond both", value(json!(u64::MAX))),
        ("half a fen", value(json!(0.5))),
        ("a number without end", text("1e400")),
        ("no text", value(json!(""))),
        ("another text", value(json!("§"))),
        ("a long text", value(json!("长".repeat(LONG_CHARS)))),
        ("a text with NUL", value(json!("a\0b"))),
        ("text that turns about", value(json!("\u{202e}\u{feff}９９\u{1f9c2}"))),
        ("half a sign", text(r#""\ud800""#)),
        ("an empty list", value(json!([]))),
        ("an empty document", value(json!({}))),
        ("lists in lists", text(&format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP)))),
    ]
}

/// Every place in a document, as a pointer (RFC 6901); the whole is none.
pub(crate) fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, "", &mut found);
    found
}

fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        found.push(place.clone());
        walk(value, &place, found);
    }
}

/// What stands for text until the document is written; nobody else writes this.
fn mark(n: usize) -> String {
    format!("\u{e000}{n}\u{e000}")
}

/// Puts something odd at a place; text only stands there as its mark.
fn put(document: &mut Value, place: &str, odd: &Odd, n: usize) {
    let value = match odd {
        Odd::Value(value) => value.clone(),
        Odd::Text(_) => json!(mark(n)),
        Odd::Missing => return take_out(document, place),
    };
    if let Some(there) = document.pointer_mut(place) {
        *there = value;
    }
}

fn take_out(document: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&name);
        }
        Some(Value::Array(items)) => {
            if let Some(n) = name.parse().ok().filter(|n| *n < items.len()) {
                items.remove(n);
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
    }
}

/// A document with something odd at some places, one after the other.
fn with<'a>(document: &Value, odds: impl Iterator<Item = (&'a Index, &'a Odd)>) -> Vec<u8> {
    let (mut document, mut texts) = (document.clone(), Vec::new());
    for (index, odd) in odds {
        let places = places(&document);
        if places.is_empty() {
            break;
        }
        put(&mut document, &places[index.index(places.len())], odd, texts.len());
        if let Odd::Text(text) = odd {
            texts.push(text.as_str());
        }
    }
    written(&document, &texts)
}

fn written(document: &Value, texts: &[&str]) -> Vec<u8> {
    let written = document.to_string();
    let put_in = |written: String, (n, text): (usize, &&str)| {
        written.replace(&format!("\"{}\"", mark(n)), text)
    };
    texts.iter().enumerate().fold(written, put_in).into_bytes()
}

/// What is made of a document.
type Made = fn(&Value) -> Vec<u8>;

/// One way of bending a document.
#[derive(Clone, Debug)]
pub(crate) enum Bend {
    /// Something odd at a place, by its name.
    At(String, &'static str, Odd),
    /// The whole is something else, by its name.
    Whole(&'static str, Made),
}

impl fmt::Display for Bend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(place, name, _) => write!(f, "{name} at {place}"),
            Self::Whole(name, _) => f.write_str(name),
        }
    }
}

impl Bend {
    /// A right document, bent.
    pub(crate) fn of(&self, right: &Value) -> Vec<u8> {
        match self {
            Self::At(place, _, odd) => {
                let mut document = right.clone();
                put(&mut document, place, odd, 0);
                let texts = if let Odd::Text(text) = odd { vec![text.as_str()] } else { vec![] };
                written(&document, &texts)
            }
            Self::Whole(_, bent) => bent(right),
        }
    }
}

/// Everything odd at every place of a document, and what no document is.
pub(crate) fn every_bend(right: &Value) -> Vec<Bend> {
    let mut bends = wholes();
    for place in places(right) {
        bends.extend(odds().into_iter().map(|(name, odd)| Bend::At(place.clone(), name, odd)));
    }
    bends
}

/// What no document is, or no right one as a whole.
pub(crate) fn wholes() -> Vec<Bend> {
    let all: [(&'static str, Made); 14] = [
        ("null", |_| b"null".to_vec()),
        ("a number", |_| b"7".to_vec()),
        ("a text", |_| b"\"text\"".to_vec()),
        ("an empty list", |_| b"[]".to_vec()),
        ("an empty document", |_| b"{}".to_vec()),
        ("a list of documents", |_| b"[{}]".to_vec()),
        ("no byte", |_| Vec::new()),
        ("no JSON", |_| b"sku,name\nA1,\xe5\xa5\xb6\n".to_vec()),
        ("no text", |_| vec![0, 0xff, 0xfe, 0x80, 0x1f, 0x8b]),
        ("nothing but brackets", |_| "[".repeat(3_000).into_bytes()),
        ("half of it", |right| {
            let mut half = right.to_string().into_bytes();
            half.truncate(half.len() / 2);
            half
        }),
        ("it twice", |right| format!("{right}{right}").into_bytes()),
        ("a field twice", twice),
        ("a field that nobody knows", |right| {
            let mut more = right.clone();
            if let Value::Object(fields) = &mut more {
                fields.insert("nobody_knows_this".to_owned(), json!({ "a": [1] }));
            }
            more.to_string().into_bytes()
        }),
    ];
    all.into_iter().map(|(name, bent)| Bend::Whole(name, bent)).collect()
}

fn twice(right: &Value) -> Vec<u8> {
    let text = right.to_string();
    let first = right.as_object().and_then(|fields| fields.iter().next());
    let Some((name, value)) = first else { return text.into_bytes() };
    let all = text.strip_prefix('{').unwrap_or_default();
    format!("{{{}:{value},{all}", json!(name)).into_bytes()
}

/// A few bends wherever they fall, and perhaps wrong bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bends {
    odds: Vec<(Index, Odd)>,
    bytes: Vec<(Index, u8)>,
}

impl Bends {
    /// A right document, bent.
    pub(crate) fn of(&self, right: &Value) -> Vec<u8> {
        let mut bytes = with(right, self.odds.iter().map(|(index, odd)| (index, odd)));
        for (index, byte) in &self.bytes {
            // A document is never written as no byte.
            let place = index.index(bytes.len());
            bytes[place] = *byte;
        }
        bytes
    }
}

/// Any value of JSON, also one that somebody takes for right.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-100_i64..10_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u128>().prop_map(|n| json!(uuid::Uuid::from_u128(n))),
        ".{0,80}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let fields = proptest::collection::hash_map("[a-z_]{1,12}", inner.clone(), 0..3);
        let object = |fields: std::collections::HashMap<String, Value>| {
            Value::from(fields.into_iter().collect::<Map<String, Value>>())
        };
        prop_oneof![vec(inner, 0..4).prop_map(Value::from), fields.prop_map(object)]
    })
}

pub(crate) fn bends() -> impl Strategy<Value = Bends> {
    let known: Vec<Odd> = odds().into_iter().map(|(_, odd)| odd).collect();
    let odd = prop_oneof![any_value().prop_map(Odd::Value), select(known)];
    let bytes = prop_oneof![3 => Just(Vec::new()), 1 => vec((any::<Index>(), any::<u8>()), 1..4)];
    (vec((any::<Index>(), odd), 1..4), bytes).prop_map(|(odds, bytes)| Bends { odds, bytes })
}

/// What is written in a path or a query where something of ours should stand.
pub(crate) const SEGMENTS: [&str; 18] = [
    "0",
    "-1",
    "1e9",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0001-01-01",
    "9999-12-31",
    "%00",
    "%FF%FE",
    "%E5%A5%B6",
    "..%2F..%2Fetc",
    "%27%20or%201=1--",
    "%25",
    "%F0%9F%A7%82",
    "9.9.9",
];

/// Each name in braces of a path with something odd in its place, the others as they are.
pub(crate) fn every_path(path: &str, right: &str) -> Vec<String> {
    let (named, right): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), right.split('/').collect());
    let mut found = Vec::new();
    for (n, _) in named.iter().enumerate().filter(|(_, name)| name.starts_with('{')) {
        let long = "9".repeat(3_000);
        for odd in SEGMENTS.into_iter().chain([long.as_str()]) {
            let mut bent = right.clone();
            bent[n] = odd;
            found.push(bent.join("/"));
        }
    }
    found
}

#[test]
fn a_document_is_bent_at_every_place() {
    let right = json!({ "id": 7, "lines": [{ "a/b": "tea" }] });
    assert_eq!(places(&right), ["/id", "/lines", "/lines/0", "/lines/0/a~1b"]);
    let bends = every_bend(&right);
    assert_eq!(bends.len(), wholes().len() + 4 * odds().len());
    let text = |name: &str| {
        let bend = bends.iter().find(|bend| bend.to_string() == name).unwrap();
        String::from_utf8_lossy(&bend.of(&right)).into_owned()
    };
    assert_eq!(text("nothing at /lines/0/a~1b"), r#"{"id":7,"lines":[{}]}"#);
    assert_eq!(text("nothing at /lines/0"), r#"{"id":7,"lines":[]}"#);
    assert_eq!(text("half a sign at /id"), r#"{"id":"\ud800","lines":[{"a/b":"tea"}]}"#);
    assert_eq!(text("a field twice"), r#"{"id":7,"id":7,"lines":[{"a/b":"tea"}]}"#);
    assert_eq!(every_path("/a/{b}", "/a/1")[0], "/a/0");
}
