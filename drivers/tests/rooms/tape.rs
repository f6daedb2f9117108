//! What the simulated printer draws for bytes, also for those that our encoder never sends.

use drivers::sim::{Effect, Interpreter, TapeRow};
use serde_json::json;

use crate::hex;

/// Effects of the bytes; the same byte by byte as at once.
#[track_caller]
fn effects(bytes: &[u8]) -> Vec<Effect> {
    let (at_once, left) = Interpreter::new(20).run(bytes);
    let mut interpreter = Interpreter::new(20);
    let mut pending = Vec::new();
    let mut one_by_one = Vec::new();
    for byte in bytes {
        pending.push(*byte);
        while let Some(step) = interpreter.step(&pending) {
            pending.drain(..step.consumed);
            one_by_one.extend(step.effects);
        }
    }
    assert_eq!(one_by_one, at_once, "byte by byte");
    assert_eq!(pending.len(), left);
    at_once
}

#[track_caller]
fn check(digits: &str, expected: &serde_json::Value) {
    let rows: Vec<TapeRow> = effects(&hex::bytes(digits))
        .into_iter()
        .map(|effect| match effect {
            Effect::Row(row) => row,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(serde_json::to_value(rows).unwrap(), *expected);
}

fn span(text: &str, width: u8, height: u8) -> serde_json::Value {
    json!({"text": text, "width": width, "height": height, "bold": false, "underline": false,
           "inverse": false})
}

#[test]
fn a_line_has_spans_of_one_style_each() {
    check(
        "1b6101 d6d0 1d2111 ceC4 1d2100 41 0a",
        &json!([{"kind": "text", "align": "center",
                 "spans": [span("中", 1, 1), span("文", 2, 2), span("A", 1, 1)]}]),
    );
    check(
        "1b4501 1d4201 1b2d01 41 1b4500 1d4200 1b2d00 42 0a",
        &json!([{"kind": "text", "align": "left", "spans": [
            {"text": "A", "width": 1, "height": 1, "bold": true, "underline": true,
             "inverse": true},
            span("B", 1, 1)]}]),
    );
}

#[test]
fn print_modes_set_several_styles_for_ascii_and_for_hanzi() {
    check(
        "1b2130 41 d6d0 1b2100 0a",
        &json!([{"kind": "text", "align": "left", "spans": [span("A中", 2, 2)]}]),
    );
    check(
        "1c210c 41 d6d0 1c2100 0a",
        &json!([{"kind": "text", "align": "left", "spans": [span("A", 1, 1), span("中", 2, 2)]}]),
    );
    check(
        "1c5701 d6d0 1c5700 d6d0 0a",
        &json!([{"kind": "text", "align": "left",
                 "spans": [span("中", 2, 2), span("中", 1, 1)]}]),
    );
}

#[test]
fn a_line_longer_than_the_paper_goes_on_below() {
    let line = |text: &str| json!({"kind": "text", "align": "left", "spans": [span(text, 1, 1)]});
    check(&format!("{}0a", "41".repeat(21)), &json!([line(&"A".repeat(20)), line("A")]));
}

#[test]
fn feeding_prints_the_line_first() {
    let a = json!({"kind": "text", "align": "left", "spans": [span("A", 1, 1)]});
    check("41 1b6401", &json!([a]));
    check("41 1b6403", &json!([a, {"kind": "feed", "lines": 2}]));
    check("0a 1b6403", &json!([{"kind": "feed", "lines": 1}, {"kind": "feed", "lines": 3}]));
}

#[test]
fn codes_and_pictures_are_drawn_in_place() {
    check(
        "1d6b49067b4241303031 1d6b023639303132333435363738393200",
        &json!([{"kind": "barcode", "symbology": "CODE128", "text": "A001"},
                {"kind": "barcode", "symbology": "EAN13", "text": "6901234567892"}]),
    );
    check(
        "1d286b0400 31413200 1d286b0300 314304 1d286b0300 314531 1d286b0500 315030 4849 \
         1d286b0300 315130",
        &json!([{"kind": "qr", "text": "HI", "size": 4}]),
    );
    check(
        "1d763000 0200 0300 800000000001",
        &json!([{"kind": "raster", "width": 16, "height": 3, "data": "gAAAAAAB"}]),
    );
}

#[test]
fn cuts_kicks_and_questions_are_not_paper() {
    assert_eq!(
        effects(&hex::bytes(
            "1d564200 1d5600 1d564100 1b700019fa 1d7201 1d61ff 100401 1014010002 100502"
        )),
        [
            Effect::Cut,
            Effect::Cut,
            Effect::Cut,
            Effect::Kick,
            Effect::Fence(1),
            Effect::Automatic(255)
        ]
    );
}

#[test]
fn a_drawer_command_without_its_times_eats_the_next_bytes_as_a_real_printer_does() {
    // ESC p 0 and no t1 t2, then a full cut: the cut's first bytes become the times.
    assert_eq!(
        effects(&hex::bytes("1b7000 1d564100")),
        [Effect::Kick, Effect::Unknown(vec![0])],
        "no cut: its A waits as text"
    );
}

#[test]
fn what_it_does_not_know_is_told_and_stepped_over() {
    assert_eq!(effects(&hex::bytes("1b3f 07 1c99 1d7a 1d284c0200 3032 41 0a")).len(), 6);
    assert_eq!(effects(&hex::bytes("07")), [Effect::Unknown(vec![0x07])]);
}
