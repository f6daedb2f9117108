//! Whatever bytes come, nobody falls over: neither who reads them nor who decides by what was read.
//!
//! Each folder of `corpus` holds messages of one kind, as they are and as they should not be. They are
//! read, bent and read again; and what can be read is put before the cores, with places at both ends of
//! what a number can say.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use std::{fmt::Debug, path::Path};

use domain::time::Timestamp;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use sync::{
    chain::Hash,
    follow::{self, Gathering, Standing},
    inbox::{self, Cursor, Fit},
    outbox::marks,
    raw,
    session::{self, Given, Held},
    uplink::{Heard, Next, Uplink},
    wire::{
        BatchAnswerV1, BatchV1, BellV1, FeedCursorV1, FeedPageV1, HeadV1, LifeV1, PlaceV1,
        SessionAskV1, SessionV1, SnapshotV1,
    },
};

const NOW: Timestamp = Timestamp::from_micros(0);

/// The messages of one kind.
fn corpus(kind: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "there is hardly a {kind}");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Reads a message; what can be read is written and read again as the same.
fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&read).unwrap();
    assert_eq!(serde_json::from_slice::<T>(&written).unwrap(), read);
    Some(read)
}

/// Places at both ends, and some between.
const PLACES: [i64; 6] = [i64::MIN, -1, 0, 1, 7, i64::MAX];

fn receive(batch: BatchV1) {
    let batch = inbox::unwrapped(batch);
    for acked_seq in PLACES {
        for acked_chain in [Hash::GENESIS, batch.prev_chain] {
            let cursor = Cursor { epoch: batch.epoch, acked_seq, acked_chain };
            if let Ok(Fit::Fits(_)) = inbox::frame(&cursor, &batch) {
                let moved = inbox::advanced(&cursor, &batch);
                assert!(moved.is_none_or(|moved| moved.acked_seq > acked_seq));
            }
            let _ = inbox::was_here(&cursor, &batch, |_| true, |_| false);
        }
    }
    let given = Given { epoch: batch.epoch, nonce: batch.session };
    let _ = inbox::is_in_session(&[given], &batch);
    for fact in &batch.facts {
        assert_eq!(raw::unwrap(&raw::wrap(fact)).is_some(), {
            Hash::of(fact.body.as_bytes()) == fact.digest && !fact.kind.contains('\0')
        });
    }
    hear(&batch);
}

/// Puts a batch that was sent, and any answer to it, before the way up.
fn hear(sent: &BatchV1) {
    for acked_seq in PLACES {
        for expected_seq in PLACES.map(Some).into_iter().chain([None]) {
            let verdicts = Vec::new();
            let answer = BatchAnswerV1 {
                acked_seq,
                verdicts,
                expected_seq,
                retry_after_ms: Some(u64::MAX),
                credits: Some(0),
            };
            let told = marks(sent, &answer);
            assert!(told.acked_through.is_none_or(|through| through <= acked_seq));
            let mut uplink = Uplink::default();
            let _ = uplink.heard(Heard::Session(None, 0), NOW, 0);
            let _ = uplink.heard(Heard::Answer(sent, &answer), NOW, u32::MAX);
            assert!(matches!(uplink.next(NOW), Next::Rest(_)));
        }
    }
}

fn follow_page(page: &FeedPageV1) {
    let incarnation = page.next.incarnation;
    for version in PLACES {
        let cursor = FeedCursorV1 { incarnation, version, after: String::new() };
        let head = HeadV1 { incarnation, version: page.head };
        let standing = Standing { cursor: cursor.clone(), schema: 1 };
        let _ = follow::step(Some(&standing), &head, Some(i64::MIN));
        let _ = Gathering::from(cursor).take(page);
    }
}

fn hear_session(told: &SessionV1) {
    let mut uplink = Uplink::default();
    let _ = uplink.heard(
        Heard::Session(Some(told), u32::MAX),
        Timestamp::from_micros(i64::MIN),
        u32::MAX,
    );
    let _ = uplink.next(Timestamp::from_micros(i64::MAX));
}

fn look(said: &SessionAskV1) {
    for seq in PLACES {
        for chain in [None, Some(Hash::GENESIS), Some(said.newest.chain)] {
            let place = PlaceV1 { seq, chain: said.acked.chain };
            let held = Held {
                newest_epoch: said.epoch,
                life: Some(place),
                chain_at_newest: chain,
                chain_at_acked: chain,
                given: Some(Given { epoch: said.epoch, nonce: said.nonce }),
                has_other_machine: true,
            };
            let found = session::look(said, &held);
            let lives = [LifeV1 { epoch: said.epoch, acked_seq: seq, first: None }];
            for lost in session::lost(said, &held, &lives) {
                assert!(lost.after < lost.through);
            }
            let given = session::next_epoch(said.epoch, u32::MAX, found, u32::MAX);
            let told = session::told_lives(said, &held, given, lives.to_vec());
            assert!(told.iter().all(|life| life.acked_seq <= seq));
        }
    }
}

/// Reads a message of each kind from the same bytes, and goes on with what was read.
fn take(bytes: &[u8]) -> usize {
    let batch = read::<BatchV1>(bytes);
    let page = read::<FeedPageV1>(bytes);
    let told = read::<SessionV1>(bytes);
    let said = read::<SessionAskV1>(bytes);
    let bell = read::<BellV1>(bytes);
    let manifest = read::<SnapshotV1>(bytes);
    let n = [
        batch.is_some(),
        page.is_some(),
        told.is_some(),
        said.is_some(),
        bell.is_some(),
        manifest.is_some(),
    ];
    batch.into_iter().for_each(receive);
    page.iter().for_each(follow_page);
    told.iter().for_each(hear_session);
    said.iter().for_each(look);
    n.into_iter().filter(|is_read| *is_read).count()
}

const KINDS: [&str; 6] = ["batch", "page", "bell", "manifest", "session", "ask"];

#[test]
fn every_message_of_the_corpus_is_read_as_one_kind_or_as_none() {
    for kind in KINDS {
        let read: Vec<usize> = corpus(kind).iter().map(|bytes| take(bytes)).collect();
        assert!(read.iter().all(|n| *n <= 1), "{kind}: {read:?}");
        assert!(read.contains(&1), "no {kind} can be read");
    }
}

/// How bytes are bent.
#[derive(Clone, Debug)]
enum Bend {
    Set(usize, u8),
    Cut(usize, usize),
    Double(usize, usize),
    Number(usize, i64),
}

fn bend() -> impl Strategy<Value = Bend> {
    let at = 0..4_000_usize;
    prop_oneof![
        4 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Bend::Set(at, byte)),
        2 => (at.clone(), 0..60_usize).prop_map(|(at, n)| Bend::Cut(at, n)),
        1 => (at.clone(), 0..60_usize).prop_map(|(at, n)| Bend::Double(at, n)),
        4 => (at, prop::sample::select(PLACES.to_vec())).prop_map(|(at, n)| Bend::Number(at, n)),
    ]
}

/// Bends bytes; a number is written over the digits at or after a place.
fn bent(mut bytes: Vec<u8>, bend: &Bend) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let len = bytes.len();
    match *bend {
        Bend::Set(at, byte) => bytes[at % len] = byte,
        Bend::Cut(at, n) => drop(bytes.drain(at % len..(at % len + n).min(len))),
        Bend::Double(at, n) => {
            let part = bytes[at % len..(at % len + n).min(len)].to_vec();
            bytes.extend(part);
        }
        Bend::Number(at, number) => {
            let is_digit = |byte: &u8| byte.is_ascii_digit();
            let Some(from) = bytes[at % len..].iter().position(is_digit) else { return bytes };
            let from = at % len + from;
            let n = bytes[from..].iter().take_while(|byte| is_digit(byte)).count();
            bytes.splice(from..from + n, number.to_string().into_bytes());
        }
    }
    bytes
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        take(&bytes);
    }

    #[test]
    fn no_bent_message_breaks_who_reads_it_or_decides_by_it(
        kind in prop::sample::select(KINDS.to_vec()),
        which in any::<prop::sample::Index>(),
        bends in prop::collection::vec(bend(), 1..6),
    ) {
        let corpus = corpus(kind);
        let message = which.get(&corpus).clone();
        take(&bends.iter().fold(message, bent));
    }
}

#[test]
fn an_answer_of_an_older_mall_is_read() {
    let told = br#"{"acked_seq":7}"#;
    let answer: BatchAnswerV1 = read(told).unwrap();
    assert_eq!((answer.acked_seq, answer.credits, answer.expected_seq), (7, None, None));
}
