//! The simulated printer as the devices page and other hosts see it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use drivers::sim::{SLIPS_MAX, SimDrawer, SimPrinter, SimPrinterSetup, SimState};
use serde_json::json;

use crate::hex;

const LONG: Duration = Duration::from_secs(60);

fn setup() -> SimPrinterSetup {
    SimPrinterSetup::on("127.0.0.1:0".parse().unwrap())
}

fn sim() -> SimPrinter {
    SimPrinter::start(setup()).unwrap()
}

/// A host whose questions wait for their answers.
struct Host(TcpStream);

impl Host {
    fn of(sim: &SimPrinter) -> Self {
        let stream = TcpStream::connect(sim.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Self(stream)
    }

    fn send(&mut self, digits: &str) -> &mut Self {
        self.0.write_all(&hex::bytes(digits)).unwrap();
        self
    }

    #[track_caller]
    fn hears(&mut self, digits: &str) -> &mut Self {
        let mut answer = vec![0; digits.len() / 2];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(hex::digits(&answer), digits);
        self
    }
}

#[test]
fn the_tape_is_what_the_devices_page_reads() {
    let sim = SimPrinter::start(SimPrinterSetup {
        clock: Arc::new(|| "2026-11-21T10:00:00Z".to_owned()),
        ..setup()
    })
    .unwrap();
    Host::of(&sim)
        .send("1014010002 1b40 1c26 1b6101 d6d0cec4 1b6401 1b6402 1d564200 1d7201")
        .hears("00");
    assert_eq!(
        serde_json::to_value(sim.tape()).unwrap(),
        json!({"columns": 42, "slips": [{
            "id": 1, "cut": true, "at": "2026-11-21T10:00:00Z", "drawer_kicks": 1,
            "rows": [
                {"kind": "text", "align": "center", "spans": [
                    {"text": "中文", "width": 1, "height": 1, "bold": false, "underline": false,
                     "inverse": false}]},
                {"kind": "feed", "lines": 2}]}]})
    );
}

#[test]
fn status_answers_are_those_of_a_real_printer() {
    let all = "100401 100402 100403 100404";
    for (state, expected) in [
        (SimState::Ready, "12121212"),
        (SimState::PaperOut, "1a32127e"),
        (SimState::CoverOpen, "1a161212"),
    ] {
        let sim = sim();
        sim.set_state(state);
        Host::of(&sim).send(all).hears(expected);
        assert_eq!(SimState::from_name(state.name()), Some(state));
    }
    assert_eq!(SimState::from_name("gone"), Some(SimState::Gone));
    assert_eq!(SimState::from_name("on fire"), None);
}

#[test]
fn status_on_change_is_sent_when_asked_for() {
    let sim = sim();
    let mut host = Host::of(&sim);
    host.send("1d61ff").hears("10000000");
    sim.set_state(SimState::PaperOut);
    host.hears("18000f00");
    sim.set_state(SimState::CoverOpen);
    host.hears("38000000");
    sim.set_state(SimState::Ready);
    host.hears("10000000");
    host.send("1b700019fa").hears("14000000");
    sim.close_drawer();
    host.hears("10000000");
    host.send("1d6100 1b700019fa 1d7202").hears("01");
}

#[test]
fn a_buffered_kick_behind_missing_paper_opens_the_drawer_only_at_reload() {
    let sim = sim();
    sim.set_state(SimState::PaperOut);
    let mut host = Host::of(&sim);
    host.send("1b700019fa 100401").hears("1a");
    assert_eq!(sim.drawer(), SimDrawer::default());
    sim.set_state(SimState::Ready);
    assert!(sim.drawer().open);
}

#[test]
fn a_real_time_command_cut_between_two_writes_is_obeyed() {
    let sim = sim();
    sim.set_state(SimState::PaperOut);
    let mut host = Host::of(&sim);
    host.send("100401").hears("1a");
    host.send("10 14 01").send("00 02 10").send("04 01").hears("1e");
    assert_eq!(sim.drawer().openings, 1);
    // Open already: the pulse shows on the slip, the drawer does not open twice.
    host.send("1014010002 100401").hears("1e");
    assert_eq!(sim.drawer().openings, 1);
    assert_eq!(sim.tape().slips[0].drawer_kicks, 2);
}

#[test]
fn losing_power_tears_the_slip_and_forgets_the_buffer() {
    let sim = sim();
    let mut host = Host::of(&sim);
    host.send("41 0a 1d7201").hears("00");
    sim.set_state(SimState::PaperOut);
    host.send("42 0a 1d564200 100401").hears("1a");
    sim.set_state(SimState::Gone);
    assert_eq!(host.0.read(&mut [0]).unwrap_or(0), 0, "the connection is cut");
    sim.set_state(SimState::Ready);
    Host::of(&sim).send("43 0a 1d564200 1d7201").hears("00");
    let slips = sim.tape().slips;
    let seen: Vec<_> = slips.iter().map(|slip| (slip.cut, slip.text(42))).collect();
    assert_eq!(seen, [(false, vec!["A".to_owned()]), (true, vec!["C".to_owned()])]);
}

#[test]
fn a_printer_that_is_gone_hangs_up_on_everybody() {
    let sim = sim();
    sim.set_state(SimState::Gone);
    for _ in 0..2 {
        let mut host = Host::of(&sim);
        assert_eq!(host.0.read(&mut [0]).unwrap_or(0), 0);
    }
}

#[test]
fn only_the_newest_slips_are_kept() {
    let sim = sim();
    let mut host = Host::of(&sim);
    for _ in 0..SLIPS_MAX + 5 {
        host.send("41 0a 1d564200");
    }
    host.send("42 0a 1d7201").hears("00");
    let ids: Vec<u64> = sim.tape().slips.iter().map(|slip| slip.id).collect();
    assert_eq!(ids, (7..=26).collect::<Vec<u64>>());
}

#[test]
fn a_printer_with_a_full_buffer_listens_no_more_and_prints_all_of_it_after_reload() {
    let sim = sim();
    sim.set_state(SimState::PaperOut);
    let mut host = Host::of(&sim);
    // 65,536 bytes, the last three of which ask for an answer: the buffer is full when it comes.
    let mut full = b"A\n".repeat(32_766);
    full.extend(hex::bytes("00 100401"));
    assert_eq!(full.len(), 65_536);
    host.0.write_all(&full).unwrap();
    host.hears("1a").send("100401");
    host.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(host.0.read(&mut [0]).is_err(), "deaf");
    host.0.set_read_timeout(Some(LONG)).unwrap();
    sim.set_state(SimState::Ready);
    host.hears("12").send("1d564200 1d7201").hears("00");
    let slips = sim.tape().slips;
    let rows: usize = slips.iter().map(|slip| slip.rows.len()).sum();
    assert_eq!(rows, 32_766);
    assert!(slips.iter().all(|slip| slip.rows.len() <= 2_000), "torn where nobody cuts");
}

#[test]
fn a_change_wakes_those_who_wait_and_calls_back() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let sim = SimPrinter::start(SimPrinterSetup {
        on_change: Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }),
        ..setup()
    })
    .unwrap();
    let seen = sim.revision();
    let mut host = Host::of(&sim);
    // A question changes nothing that can be seen.
    host.send("100401").hears("12");
    assert_eq!(sim.wait_for_change(seen, Duration::from_millis(1)), seen);
    host.send("41 0a");
    assert!(sim.wait_for_change(seen, LONG) > seen);
    assert!(sim.wait_until(LONG, |tape| tape.slips.len() == 1));
    assert!(!sim.wait_until(Duration::from_millis(1), |tape| tape.slips.len() == 2));
    sim.set_state(SimState::CoverOpen);
    sim.set_state(SimState::CoverOpen);
    assert_eq!(sim.revision(), seen + 2);
    drop(sim);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn dropping_it_stops_it_with_a_host_on_the_line_and_frees_the_port() {
    let sim = sim();
    let address = sim.address();
    let mut host = Host::of(&sim);
    host.send("100401").hears("12");
    drop(sim);
    assert_eq!(host.0.read(&mut [0]).unwrap_or(0), 0);
    let again = SimPrinter::start(SimPrinterSetup::on(address)).unwrap();
    Host::of(&again).send("100401").hears("12");
}

#[test]
fn what_it_does_not_know_is_kept_for_the_curious() {
    let sim = sim();
    Host::of(&sim).send("1b3f 1d7201").hears("00");
    assert_eq!(sim.unknown(), [vec![0x1b, 0x3f]]);
}
