//! The network printer against the simulated one, over real sockets, and against worse hosts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use drivers::drawer::Kick;
use drivers::port::{Limits, NetworkPrinter, PortError, Printed, Sent};
use drivers::printer::{Cut, Document, Paper, PaperState, PrinterStatus, Row, Text, encode};
use drivers::sim::{SimPrinter, SimPrinterSetup, SimState};

/// Longer than anything here takes; a test that gets here fails.
const LONG: Duration = Duration::from_secs(60);

/// For answers that never come.
const SHORT: Duration = Duration::from_millis(50);

const LIMITS: Limits = Limits { connect: LONG, write: LONG, answer: LONG, fence: LONG };

fn job(text: &str) -> Vec<u8> {
    let mut document = Document::new();
    document.push(Text::new(text)).push(Row::Cut(Cut::Partial));
    encode(&document, Paper::COLUMNS_42).unwrap()
}

fn sim() -> SimPrinter {
    SimPrinter::start(SimPrinterSetup::on("127.0.0.1:0".parse().unwrap())).unwrap()
}

fn open(sim: &SimPrinter, limits: Limits) -> NetworkPrinter {
    NetworkPrinter::open(&sim.address().to_string(), limits).unwrap()
}

fn texts(sim: &SimPrinter) -> Vec<String> {
    sim.tape().slips.iter().map(|slip| slip.text(42).join("\n")).collect()
}

#[test]
fn a_job_is_fenced_and_on_paper_when_print_returns() {
    let sim = sim();
    let mut printer = open(&sim, LIMITS);
    assert_eq!(printer.status().unwrap(), PrinterStatus::READY);
    assert_eq!(printer.print(&job("一")).unwrap(), Printed::Fenced);
    assert_eq!(printer.print(&job("二")).unwrap(), Printed::Fenced);
    assert_eq!(texts(&sim), ["一", "二"]);
    assert_eq!(printer.status().unwrap(), PrinterStatus::READY);
    assert!(sim.unknown().is_empty());
    let slips = sim.tape().slips;
    assert_eq!(slips[0].bytes, job("一"), "the tape keeps the very bytes");
    assert!(slips.iter().all(|slip| slip.cut));
}

#[test]
fn a_job_of_many_pieces_arrives_whole() {
    let sim = sim();
    let mut document = Document::new();
    for n in 0..1_000 {
        document.push(Text::new(format!("第{n}行 羊毛混纺针织衫")).right("1,299.00"));
    }
    document.push(Row::Cut(Cut::Full));
    let bytes = encode(&document, Paper::COLUMNS_42).unwrap();
    assert!(bytes.len() > 40_000);
    assert_eq!(open(&sim, LIMITS).print(&bytes).unwrap(), Printed::Fenced);
    let slips = sim.tape().slips;
    assert_eq!(slips.len(), 1);
    assert_eq!(slips[0].rows.len(), 1_000);
    assert_eq!(slips[0].bytes, bytes);
}

#[test]
fn without_paper_the_status_says_so_and_the_drawer_still_opens() {
    let sim = sim();
    sim.set_state(SimState::PaperOut);
    let mut printer = open(&sim, LIMITS);
    let status = printer.status().unwrap();
    assert!(!status.is_ready());
    assert_eq!(status.paper, PaperState::Out);
    printer.kick_drawer(Kick::default()).unwrap();
    // The answer to the next question comes after the kick.
    assert!(printer.status().unwrap().drawer_pin3_high);
    assert!(sim.drawer().open);
    assert_eq!(sim.drawer().openings, 1);
    sim.close_drawer();
    assert!(!printer.status().unwrap().drawer_pin3_high);
}

#[test]
fn an_open_cover_is_told_apart_from_missing_paper() {
    let sim = sim();
    sim.set_state(SimState::CoverOpen);
    let status = open(&sim, LIMITS).status().unwrap();
    assert!(status.cover_open && !status.online);
    assert_eq!(status.paper, PaperState::Enough);
}

#[test]
fn a_job_sent_without_paper_is_kept_and_printed_once_after_reload() {
    let sim = sim();
    sim.set_state(SimState::PaperOut);
    let limits = Limits { fence: SHORT, ..LIMITS };
    let mut printer = open(&sim, limits);
    assert_eq!(printer.print(&job("一")).unwrap(), Printed::SentOnly);
    assert!(texts(&sim).is_empty());
    drop(printer);
    sim.set_state(SimState::Ready);
    // On a busy machine the job may still be on its way.
    assert!(sim.wait_until(LONG, |tape| tape.slips.iter().any(|slip| slip.cut)));
    assert_eq!(texts(&sim), ["一"]);
}

#[test]
fn a_reset_in_the_middle_says_that_some_bytes_may_have_arrived() {
    let sim = sim();
    let mut printer = open(&sim, LIMITS);
    printer.status().unwrap();
    let bytes = job("一二三四五六");
    sim.break_after(10);
    let failed = printer.print(&bytes).unwrap_err();
    assert_eq!(failed.sent, Sent::Some);
    assert!(failed.source.is_transient());
    // A new connection works, and what had come of the torn job stands before the next one.
    let mut printer = open(&sim, LIMITS);
    assert!(printer.status().unwrap().is_ready());
    assert!(texts(&sim).is_empty());
}

#[test]
fn a_printer_that_went_away_before_the_job_has_got_nothing() {
    let sim = sim();
    let mut printer = open(&sim, LIMITS);
    printer.status().unwrap();
    sim.set_state(SimState::Gone);
    assert!(matches!(
        printer.status(),
        Err(PortError::Gone | PortError::Read(_) | PortError::Write(_))
    ));
    // Nobody answers a new connection either, and nothing of a job was sent yet.
    let gone = NetworkPrinter::open(&sim.address().to_string(), LIMITS)
        .and_then(|mut printer| printer.status());
    assert!(gone.unwrap_err().is_transient());
    sim.set_state(SimState::Ready);
    assert!(open(&sim, LIMITS).status().unwrap().is_ready());
}

#[test]
fn a_printer_that_closed_takes_no_byte_of_a_job() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut printer = NetworkPrinter::open(&address, LIMITS).unwrap();
    // Closing with unread bytes resets the connection; the status request was unread.
    let (mut stream, _) = listener.accept().unwrap();
    let asking = std::thread::spawn(move || {
        let status = printer.status();
        (printer, status)
    });
    stream.read_exact(&mut [0_u8; 1]).unwrap();
    drop(stream);
    let (mut printer, status) = asking.join().unwrap();
    assert!(status.unwrap_err().is_transient());
    let failed = printer.print(&job("一")).unwrap_err();
    assert_eq!(failed.sent, Sent::Nothing, "{failed:?}");
}

#[test]
fn nobody_there_is_told_as_such() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let refused = NetworkPrinter::open(&address, LIMITS).unwrap_err();
    assert!(matches!(refused, PortError::Connect { .. }), "{refused:?}");
    assert!(refused.is_transient());
    let nameless = NetworkPrinter::open("no address", LIMITS).unwrap_err();
    assert!(matches!(nameless, PortError::Resolve { .. }), "{nameless:?}");
}

/// A host that takes everything and answers with these bytes, once.
fn answering(bytes: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(bytes).unwrap();
        let mut taken = Vec::new();
        stream.read_to_end(&mut taken).ok();
    });
    (address, thread)
}

#[test]
fn a_device_that_does_not_answer_is_silent_and_not_ready() {
    for bytes in [b"".as_slice(), b"\x12\x12\x12", b"HTTP/1.1 400 Bad Request\r\n"] {
        let (address, thread) = answering(bytes);
        let limits = Limits { answer: SHORT, ..LIMITS };
        let mut printer = NetworkPrinter::open(&address, limits).unwrap();
        assert!(matches!(printer.status(), Err(PortError::Silent)), "{bytes:?}");
        drop(printer);
        thread.join().unwrap();
    }
}

#[test]
fn a_printer_that_takes_nothing_more_is_stuck_and_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let limits = Limits { write: SHORT, ..LIMITS };
    let mut printer = NetworkPrinter::open(&address, limits).unwrap();
    let _deaf: (TcpStream, _) = listener.accept().unwrap();
    let failed = printer.print(&vec![b'x'; 64 << 20]).unwrap_err();
    assert_eq!(failed.sent, Sent::Some);
    assert!(matches!(failed.source, PortError::Stuck), "{failed:?}");
    assert_eq!(failed.to_string(), "could not send to the printer (some bytes may have arrived)");
}
