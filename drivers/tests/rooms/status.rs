//! Status bytes. Values from Epson's ESC/POS reference, seen with the emupos emulator.

use drivers::printer::status::demux::{Asked, Demux, Heard};
use drivers::printer::{PaperState, PrinterStatus, StatusError};

use crate::hex;

const READY: PrinterStatus = PrinterStatus::READY;

#[track_caller]
fn check(answers: &str, expected: PrinterStatus) {
    let answers: [u8; 4] = hex::bytes(answers).try_into().unwrap();
    assert_eq!(PrinterStatus::from_answers(answers), Ok(expected));
}

#[track_caller]
fn check_automatic(bytes: &str, expected: PrinterStatus) {
    let bytes: [u8; 4] = hex::bytes(bytes).try_into().unwrap();
    assert_eq!(PrinterStatus::from_automatic(bytes), Ok(expected));
}

#[test]
fn every_bit_of_the_four_answers_is_read() {
    let offline = PrinterStatus { online: false, ..READY };
    let drawer_pin3_high = true;
    check("12121212", READY);
    check("16121212", PrinterStatus { drawer_pin3_high, ..READY });
    check("1a121212", offline);
    check("1e121212", PrinterStatus { drawer_pin3_high, ..offline });
    check("1a161212", PrinterStatus { cover_open: true, ..offline });
    check("12121612", PrinterStatus { recoverable_error: true, ..READY });
    check("12121a12", PrinterStatus { cutter_error: true, ..READY });
    check("12123212", PrinterStatus { unrecoverable_error: true, ..READY });
    check("12125212", PrinterStatus { overheated: true, ..READY });
}

#[test]
fn paper_is_enough_near_its_end_or_out() {
    let near = PrinterStatus { paper: PaperState::NearEnd, ..READY };
    let out = PrinterStatus { paper: PaperState::Out, ..READY };
    check("1212121e", near);
    check("12121272", out);
    check("1212127e", out);
    check("12321212", out);
    check("1a32127e", PrinterStatus { online: false, ..out });
    assert!(near.is_ready());
    assert!(!out.is_ready());
}

#[test]
fn bytes_without_the_fixed_bits_are_no_status() {
    for answer in [0x00, 0x13, 0x92, 0x10] {
        assert_eq!(
            PrinterStatus::from_answers([0x12, 0x12, answer, 0x12]),
            Err(StatusError::NotRealTime { request: 3, answer })
        );
    }
}

#[test]
fn the_automatic_status_says_the_same() {
    let offline = PrinterStatus { online: false, ..READY };
    let (near, out) = (PaperState::NearEnd, PaperState::Out);
    let (drawer_pin3_high, cover_open) = (true, true);
    check_automatic("10000000", READY);
    check_automatic("14000000", PrinterStatus { drawer_pin3_high, ..READY });
    check_automatic("10000300", PrinterStatus { paper: near, ..READY });
    check_automatic("18000f00", PrinterStatus { paper: out, ..offline });
    check_automatic("38000000", PrinterStatus { cover_open, ..offline });
    check_automatic("38000f00", PrinterStatus { cover_open, paper: out, ..offline });
    check_automatic("18000000", offline);
    for bytes in [[0x12, 0, 0, 0], [0x10, 0x10, 0, 0], [0x10, 0, 0, 0x80]] {
        assert!(PrinterStatus::from_automatic(bytes).is_err());
    }
}

/// Everything a printer may send at once, in any pieces.
#[test]
fn answers_status_on_change_and_blocks_are_told_apart_wherever_they_are_cut() {
    let came = hex::bytes("1614000000372241303031001200");
    let expected = [
        Heard::RealTime { n: 1, value: 0x16 },
        Heard::Automatic([0x14, 0, 0, 0]),
        Heard::Block(b"7\"A001".to_vec()),
        Heard::RealTime { n: 2, value: 0x12 },
        Heard::Buffered { n: 1, value: 0 },
    ];
    for cut in 0..=came.len() {
        let mut demux = Demux::default();
        demux.asked(Asked::RealTime(1));
        demux.asked(Asked::RealTime(2));
        demux.asked(Asked::Buffered(1));
        let (first, second) = came.split_at(cut);
        let mut heard = demux.push(first);
        heard.extend(demux.push(second));
        assert_eq!(heard, expected, "cut at {cut}");
    }
}

#[test]
fn what_nobody_asked_for_is_stray_and_flow_control_is_its_own() {
    let mut demux = Demux::default();
    assert_eq!(
        demux.push(&[0x12, 0x11, 0x13, 0x00, 0xff]),
        [Heard::Stray(0x12), Heard::Xon, Heard::Xoff, Heard::Stray(0x00), Heard::Stray(0xff)]
    );
    // A status on change that breaks off does not swallow the answer behind it.
    demux.asked(Asked::RealTime(4));
    assert_eq!(
        demux.push(&[0x10, 0x00, 0x12]),
        [Heard::Stray(0x10), Heard::Stray(0x00), Heard::RealTime { n: 4, value: 0x12 }]
    );
}
