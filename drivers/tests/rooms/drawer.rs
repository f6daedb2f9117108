//! Pulses and the sense wire. Values from Epson's ESC/POS reference.

use drivers::drawer::{Kick, OpenWhen, Pin};
use drivers::printer::PrinterStatus;

use crate::hex;

#[track_caller]
fn check(pin: Pin, pulse_100ms: u8, real_time: &str, buffered: &str) {
    let kick = Kick { pin, pulse_100ms };
    assert_eq!(hex::digits(&kick.real_time()), real_time);
    assert_eq!(hex::digits(&kick.buffered()), buffered);
}

#[test]
fn a_kick_names_pin_and_time_and_is_always_five_bytes() {
    check(Pin::Two, 2, "1014010002", "1b700064fa");
    check(Pin::Five, 1, "1014010101", "1b700132fa");
}

#[test]
fn a_pulse_out_of_range_is_brought_into_it() {
    check(Pin::Two, 0, "1014010001", "1b700032fa");
    check(Pin::Two, 200, "1014010008", "1b7000fafa");
    assert_eq!(hex::digits(&Kick::default().real_time()), "1014010002");
}

#[test]
fn open_is_high_or_low_by_setting() {
    for high in [false, true] {
        let status = PrinterStatus { drawer_pin3_high: high, ..PrinterStatus::READY };
        assert_eq!(OpenWhen::Pin3High.is_open(&status), high);
        assert_eq!(OpenWhen::Pin3Low.is_open(&status), !high);
    }
}
