//! What is said stays said: messages as programs of today and of the version before write them.
//!
//! `frozen/now` has each kind as this program writes it. `frozen/before` has the same messages as the
//! program before wrote them (`said`), and in which objects its reader took no key that it did not know
//! (`closed`); it was made by that program's own types, and is made anew at a release alone.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sync::{
    command::{CommandsV1, OutcomesV1},
    replica::{self, REPLICA_SCHEMA},
    settings::{GroupsV1, SignedSettingsV1},
    wire::*,
};

/// Reads a message and writes it again.
fn again<T: Serialize + DeserializeOwned>(message: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_value(message.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

macro_rules! kinds {
    ($($kind:ident)*) => {
        /// Every kind of message between a box and its mall, and every body of a fact.
        const KINDS: &[&str] = &[$(stringify!($kind)),*];

        fn rewritten(kind: &str, message: &Value) -> Result<Value, String> {
            match kind {
                $(stringify!($kind) => again::<$kind>(message),)*
                _ => Err("no such kind".to_owned()),
            }
        }
    };
}

kinds! {
    AsideV1 BatchAnswerV1 BatchV1 BellV1 BroughtV1 BucketV1 CertificateAskV1 CertificateV1 ChargeV1
    CheckInV1 CheckedInV1 CommandsV1 DayAgainAnswerV1 DayAgainV1 DayAnswerV1 DayAskV1 DayFactsV1 DayV1
    DigestsV1 ElsewhereFoundV1 ElsewhereV1 EnrolledV1 EnrolmentV1 FeedPageV1 GroupsV1 HeadV1 LookUpV1
    LostPageV1 OnlineOrderV1 OnlineReturnV1 OrderV1 OutcomesV1 PaymentV1 PickupHandedOverV1 PickupReadyV1
    PostVoidV1 PresenceV1 RedemptionV1 RefundAskV1 RefundV1 ReportV1 ReversalV1 SealV1 SessionAskV1
    SessionV1 SetAsideV1 SettingsHeldV1 SettingsV1 SignedSettingsV1 SnapshotV1 TakeBackV1 TroublesV1 UseV1
}

/// Types that travel to HQ alone.
const OF_HQ: [&str; 1] = ["QuoteV1"];

/// What the program before has no word for, and what keeps the two together.
const NEWER: [(&str, &str); 17] = [
    ("BucketV1", "an older mall answers 404, an older box does not ask"),
    ("CertificateAskV1", "an older mall answers 404, an older box does not ask"),
    ("CertificateV1", "told to whoever asked"),
    ("CommandsV1", "an older mall answers 404, an older box does not ask"),
    ("DayAgainAnswerV1", "told to whoever asked"),
    ("DayAgainV1", "sent to a mall that answered a `DayV1`"),
    ("DayAnswerV1", "told to whoever asked"),
    ("DayAskV1", "sent to a mall that answered a `DayV1`"),
    ("DayFactsV1", "told to whoever asked"),
    ("DayV1", "an older mall answers 404, an older box does not ask"),
    ("DigestsV1", "an older mall answers 404, an older box does not ask"),
    ("GroupsV1", "in envelopes that an older box does not look at"),
    ("OutcomesV1", "sent to a mall that gave commands"),
    ("ReportV1.of-a-group", "only a newer mall tells a box that it is in a group"),
    (
        "SignedSettingsV1.group",
        "an older box hears no group's topic; asked for, it stands beside `envelopes`",
    ),
    (
        "SignedSettingsV1.groups",
        "an older box hears no such topic; asked for, it stands beside `envelopes`",
    ),
    ("TroublesV1", "an older mall answers 404"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen").join(name)
}

/// Messages of a folder by kind and case.
fn frozen(name: &str) -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder(name)).unwrap() {
        let path = file.unwrap().path();
        let kind = path.file_stem().unwrap().to_string_lossy().into_owned();
        let cases: BTreeMap<String, Value> =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert!(!cases.is_empty(), "{kind}");
        found.extend(cases.into_iter().map(|(case, message)| ((kind.clone(), case), message)));
    }
    found
}

fn is_newer(kind: &str, case: &str) -> bool {
    NEWER.iter().any(|(name, _)| *name == kind || *name == format!("{kind}.{case}"))
}

/// What of `said` is not in `now`, by its place. Lists are as long as they were.
fn missing(said: &Value, now: &Value, place: &str) -> Vec<String> {
    match (said, now) {
        (Value::Object(said), Value::Object(now)) => {
            let each = said.iter().flat_map(|(key, value)| {
                let place = format!("{place}/{key}");
                match now.get(key) {
                    Some(now) => missing(value, now, &place),
                    None => vec![place],
                }
            });
            each.collect()
        }
        (Value::Array(said), Value::Array(now)) if said.len() == now.len() => {
            let each = said.iter().zip(now).enumerate();
            each.flat_map(|(n, (said, now))| missing(said, now, &format!("{place}/{n}"))).collect()
        }
        (said, now) if said == now => Vec::new(),
        (_, _) => vec![place.to_owned()],
    }
}

#[test]
fn this_program_writes_every_frozen_message_as_it_was_frozen() {
    let now = frozen("now");
    for ((kind, case), message) in &now {
        let again = rewritten(kind, message).unwrap_or_else(|why| panic!("{kind} {case}: {why}"));
        let none: [String; 0] = [];
        assert_eq!(missing(message, &again, ""), none, "{kind} {case} is not read as it is");
        assert_eq!(missing(&again, message, ""), none, "{kind} {case} says more by now");
    }
    let shown: BTreeSet<&str> = now.keys().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(shown, KINDS.iter().copied().collect(), "each kind is frozen, and nothing else");
}

#[test]
fn this_program_reads_what_the_one_before_wrote_and_forgets_nothing_of_it() {
    for ((kind, case), before) in frozen("before") {
        let said = &before["said"];
        let read = rewritten(&kind, said).unwrap_or_else(|why| panic!("{kind} {case}: {why}"));
        assert_eq!(missing(said, &read, ""), [""; 0], "{kind} {case}");
    }
}

#[test]
fn the_program_before_reads_what_this_one_writes() {
    let (now, before) = (frozen("now"), frozen("before"));
    for ((kind, case), before) in &before {
        let now = &now[&(kind.clone(), case.clone())];
        // All that it wrote of this message, and so all that its reader can ask for, is still said.
        assert_eq!(missing(&before["said"], now, ""), [""; 0], "{kind} {case}");
        for closed in before["closed"].as_array().unwrap() {
            let closed = closed.as_str().unwrap();
            let keys = |message: &Value| -> BTreeSet<String> {
                message.pointer(closed).unwrap().as_object().unwrap().keys().cloned().collect()
            };
            assert_eq!(
                keys(now),
                keys(&before["said"]),
                "{kind} {case}: {closed} takes no other key"
            );
        }
    }
    let told = |(kind, case): &&(String, String)| !is_newer(kind, case);
    let alone: Vec<_> =
        now.keys().filter(told).filter(|message| !before.contains_key(message)).collect();
    assert!(alone.is_empty(), "what does the program before make of {alone:?}?");
    let known: Vec<_> = before.keys().filter(|(kind, case)| is_newer(kind, case)).collect();
    assert!(known.is_empty(), "the program before knows {known:?}");
}

/// The places of all objects in a message.
fn objects(message: &Value, place: String, found: &mut Vec<String>) {
    match message {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| objects(value, format!("{place}/{key}"), found));
            found.push(place);
        }
        Value::Array(values) => {
            let each = values.iter().enumerate();
            each.for_each(|(n, value)| objects(value, format!("{place}/{n}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The objects of a message in which this program's reader takes no key that it does not know.
fn closed(kind: &str, message: &Value) -> BTreeSet<String> {
    let mut places = Vec::new();
    objects(message, String::new(), &mut places);
    let is_closed = |place: &String| {
        let mut bent = message.clone();
        let object = bent.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("not_known_before".to_owned(), json!("x"));
        rewritten(kind, &bent) != rewritten(kind, message)
    };
    places.into_iter().filter(is_closed).collect()
}

/// `GUITAI_FREEZE=1` makes `before` of `now`, at a release.
#[test]
fn a_reader_takes_offence_at_no_more_than_the_one_before() {
    for ((kind, case), before) in frozen("before") {
        let before_closed: BTreeSet<String> =
            serde_json::from_value(before["closed"].clone()).unwrap();
        assert_eq!(closed(&kind, &before["said"]), before_closed, "{kind} {case}");
    }
    if std::env::var_os("GUITAI_FREEZE").is_some() {
        let mut kinds: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for ((kind, case), said) in frozen("now") {
            let closed = closed(&kind, &said);
            let cases = kinds.entry(kind).or_default();
            cases.insert(case, json!({ "said": said, "closed": closed }));
        }
        for (kind, cases) in kinds {
            let text = serde_json::to_string_pretty(&cases).unwrap() + "\n";
            std::fs::write(folder("before").join(format!("{kind}.json")), text).unwrap();
        }
    }
}

/// The definition of each type that is said.
fn definitions() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                let named = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "));
                let name = named.and_then(|rest| rest.split([' ', '(', ';']).next());
                if let Some(name) = name.filter(|name| name.ends_with("V1")) {
                    let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
                    found.insert(name.to_owned(), body.join("\n"));
                }
            }
        }
    }
    assert!(found.len() > KINDS.len(), "the messages are written otherwise by now");
    found
}

/// The names of types in a definition.
fn mentioned(definition: &str) -> impl Iterator<Item = &str> {
    let code = definition.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split(|sign: char| !sign.is_alphanumeric()))
        .filter(|word| word.ends_with("V1"))
}

#[test]
fn every_type_that_is_said_is_frozen_or_a_part_of_one_that_is() {
    let definitions = definitions();
    let mut reached: BTreeSet<&str> = KINDS.iter().chain(&OF_HQ).copied().collect();
    let mut next: Vec<&str> = reached.iter().copied().collect();
    while let Some(name) = next.pop() {
        let definition = definitions.get(name).unwrap_or_else(|| panic!("there is no {name}"));
        next.extend(mentioned(definition).filter(|part| reached.insert(part)));
    }
    let unfrozen: Vec<_> =
        definitions.keys().filter(|name| !reached.contains(name.as_str())).collect();
    assert!(unfrozen.is_empty(), "sync/tests/frozen/now has no message with {unfrozen:?}");
}

/// Keys of objects and words of texts.
fn told_in(message: &Value, told: &mut BTreeSet<String>) {
    match message {
        Value::Object(fields) => {
            told.extend(fields.keys().cloned());
            fields.values().for_each(|value| told_in(value, told));
        }
        Value::Array(values) => values.iter().for_each(|value| told_in(value, told)),
        Value::String(word) => drop(told.insert(word.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A variant as serde writes it: `snake_case`, which is `lowercase` where it is one word.
fn word(variant: &str) -> String {
    let sign = |sign: char| match sign.is_ascii_uppercase() {
        true => format!("_{}", sign.to_ascii_lowercase()),
        false => sign.to_string(),
    };
    variant.chars().map(sign).collect::<String>().trim_start_matches('_').to_owned()
}

#[test]
fn every_field_and_every_variant_stands_in_a_frozen_message() {
    let mut told = BTreeSet::new();
    frozen("now").values().for_each(|message| told_in(message, &mut told));
    let definitions = definitions();
    let mut of_hq: BTreeSet<&str> = OF_HQ.into();
    let mut next = Vec::from(OF_HQ);
    while let Some(name) = next.pop() {
        next.extend(mentioned(&definitions[name]).filter(|part| of_hq.insert(part)));
    }
    let mut n = 0;
    for (name, definition) in definitions.iter().filter(|(name, _)| !of_hq.contains(name.as_str()))
    {
        let mut is_flat = false;
        for line in definition.lines().filter_map(|line| line.strip_prefix("    ")) {
            let field = line.strip_prefix("pub ").and_then(|rest| rest.split(':').next());
            let is_variant = line.starts_with(|sign: char| sign.is_ascii_uppercase());
            let variant = line.split([',', '(', ' ']).next().filter(|_| is_variant).map(word);
            if let Some(said) = field.map(str::to_owned).or(variant) {
                assert!(is_flat || told.contains(&said), "no frozen message says {name} {said}");
                n += 1;
            }
            is_flat = line.starts_with("#[serde(flatten)]");
        }
    }
    assert!(n > 200, "the messages are written otherwise by now: {n}");
}

#[test]
fn every_kind_of_row_is_in_this_programs_schema() {
    for ((_, case), message) in frozen("now").iter().filter(|((kind, _), _)| kind == "FeedPageV1") {
        let page: FeedPageV1 = serde_json::from_value(message.clone()).unwrap();
        for change in &page.changes {
            assert!(replica::has(REPLICA_SCHEMA, &change.row), "{case} raises REPLICA_SCHEMA");
        }
    }
}
