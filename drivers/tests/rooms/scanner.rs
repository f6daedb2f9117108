//! Frames of scanners. Identifiers from ISO/IEC 15424; frames as emupos and real scanners send.

use std::io::{Cursor, ErrorKind, Read};
use std::net::{Shutdown, TcpListener, TcpStream};

use drivers::scanner::{
    AimId, Framer, NetworkScanner, Reading, SCAN_BYTES_MAX, Scan, ScannerError, Suffix,
};
use drivers::sim::SimScanner;

use crate::hex;

fn scan(aim: &str, text: &str) -> Reading {
    Reading::Scan(Scan { text: text.to_owned(), symbology: AimId::parse(aim) })
}

/// The same bytes at once, byte by byte, and cut once at every place.
#[track_caller]
fn check(suffix: Suffix, bytes: &[u8], expected: &[Reading]) {
    for cut in 0..=bytes.len() {
        let mut framer = Framer::new(suffix);
        let (first, second) = bytes.split_at(cut);
        let mut readings = framer.push(first);
        readings.extend(framer.push(second));
        assert_eq!(readings, expected, "{suffix:?}, cut at {cut}");
    }
    let mut framer = Framer::new(suffix);
    let one_by_one: Vec<Reading> = bytes.iter().flat_map(|b| framer.push(&[*b])).collect();
    assert_eq!(one_by_one, expected, "{suffix:?}, byte by byte");
}

#[track_caller]
fn check_hex(suffix: Suffix, digits: &str, expected: &[Reading]) {
    check(suffix, &hex::bytes(digits), expected);
}

#[test]
fn frames_end_as_the_scanner_is_set() {
    let one = [scan("", "6901234567892")];
    check(Suffix::Any, b"6901234567892\r", &one);
    check(Suffix::Any, b"6901234567892\n", &one);
    check(Suffix::Any, b"6901234567892\r\n", &one);
    check(Suffix::Any, b"6901234567892\t", &one);
    check(Suffix::Any, b"\x026901234567892\x03", &one);
    check(Suffix::Cr, b"6901234567892\r", &one);
    check(Suffix::Lf, b"6901234567892\n", &one);
    check(Suffix::CrLf, b"6901234567892\r\n", &one);
    check(Suffix::Tab, b"6901234567892\t", &one);
    check(Suffix::StxEtx, b"junk\x026901234567892\x03junk", &one);
}

#[test]
fn a_scanner_set_to_both_behind_a_setting_of_one_still_reads_right() {
    let two = [scan("", "6901234567892"), scan("", "6901000000004")];
    let both = b"6901234567892\r\n6901000000004\r\n";
    for suffix in [Suffix::Any, Suffix::Lf, Suffix::CrLf] {
        check(suffix, both, &two);
    }
    check(Suffix::Cr, b"6901234567892\r\n6901000000004\r", &two);
}

#[test]
fn an_identifier_is_taken_off_the_code() {
    check_hex(Suffix::Any, "5d4530363930313233343536373839320d0a", &[scan("]E0", "6901234567892")]);
    check_hex(Suffix::Any, "5d453439363338353037340d", &[scan("]E4", "96385074")]);
    check_hex(
        Suffix::StxEtx,
        "025d45303639303132333435363738393203",
        &[scan("]E0", "6901234567892")],
    );
    check_hex(
        Suffix::Any,
        "5d643230313036393031323334353637383932313732363132333131304c4f543432411d3231534e2d303030310d0a",
        &[scan("]d2", "01069012345678921726123110LOT42A\u{1d}21SN-0001")],
    );
    check(Suffix::Any, b"]E0\r]-1abc\r", &[scan("", "]-1abc")]);
}

#[test]
fn identifiers_are_a_letter_and_a_modifier() {
    for id in [
        "]E0", "]E3", "]E4", "]C0", "]C1", "]I1", "]A0", "]F0", "]G0", "]e0", "]d1", "]d2", "]Q1",
        "]Q3", "]h0", "]z0", "]L0",
    ] {
        let parsed = AimId::parse(id).unwrap();
        assert_eq!(parsed.to_string(), id);
        assert_eq!(AimId::parse(&parsed.code()), Some(parsed));
    }
    for not in ["", "]", "]E", "E", "]E0x", "]00", "]E-", "]]E0", "中0"] {
        assert_eq!(AimId::parse(not), None, "{not}");
    }
}

#[test]
fn chinese_codes_are_read_from_gbk_and_from_utf_8() {
    let member = [scan("", "会员-8600138")];
    check_hex(Suffix::Any, "bbe1d4b12d383630303133380d0a", &member);
    check_hex(Suffix::Any, "e4bc9ae591982d383630303133380d0a", &member);
}

#[test]
fn what_is_not_text_is_refused_and_the_next_scan_is_not_hurt() {
    let expected = [Reading::NotText, scan("", "42")];
    check(Suffix::Any, b"\xff\xff\r42\r", &expected);
    check(Suffix::Any, b"69\x0001\r42\r", &expected);
    check(Suffix::Any, b"69\x1b@01\r42\r", &expected);
}

#[test]
fn empty_frames_say_nothing() {
    check(Suffix::Any, b"\r\r\n\t\n\x02\x03", &[]);
    check(Suffix::CrLf, b"\r\n\r\n", &[]);
}

#[test]
fn the_longest_scan_is_read_and_a_longer_one_is_dropped_with_a_word() {
    let longest = "7".repeat(SCAN_BYTES_MAX);
    for (suffix, end) in [(Suffix::Any, "\r"), (Suffix::CrLf, "\r\n")] {
        let mut framer = Framer::new(suffix);
        let bytes = format!("{longest}{end}8{longest}{end}42{end}");
        assert_eq!(
            framer.push(bytes.as_bytes()),
            [scan("", &longest), Reading::TooLong, scan("", "42")]
        );
    }
}

#[test]
fn silence_ends_a_frame_without_suffix_but_not_half_a_framed_one() {
    let mut framer = Framer::new(Suffix::Any);
    assert!(framer.push(b"69012345").is_empty());
    assert_eq!(framer.silence(), Some(scan("", "69012345")));
    assert_eq!(framer.silence(), None);
    let mut framer = Framer::new(Suffix::StxEtx);
    assert!(framer.push(b"\x026901").is_empty());
    assert_eq!(framer.silence(), None);
    assert_eq!(framer.push(b"\x0342\x03\x0243\x03"), [scan("", "43")]);
}

/// A line whose reads come as scripted.
struct Line(Vec<std::io::Result<Vec<u8>>>);

impl Read for Line {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let bytes = self.0.remove(0)?;
        into[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

#[test]
fn a_network_scanner_outlives_interruptions_and_ends_with_its_line() {
    let line = Line(vec![
        Ok(b"1\r2".to_vec()),
        Err(ErrorKind::Interrupted.into()),
        Ok(b"2\r".to_vec()),
        Ok(b"33".to_vec()),
        Err(ErrorKind::WouldBlock.into()),
        Ok(b"4".to_vec()),
    ]);
    let readings: Vec<Reading> =
        NetworkScanner::new(line, Suffix::Any).map(Result::unwrap).collect();
    // The last frame never ended: half a code is not a scan.
    assert_eq!(readings, [scan("", "1"), scan("", "22"), scan("", "33")]);
}

#[test]
fn a_broken_line_is_told_once() {
    let line = Line(vec![Ok(b"1\r".to_vec()), Err(ErrorKind::ConnectionReset.into())]);
    let mut scanner = NetworkScanner::new(line, Suffix::Any);
    assert_eq!(scanner.next().unwrap().unwrap(), scan("", "1"));
    assert!(matches!(scanner.next(), Some(Err(ScannerError::Read(_)))));
    assert!(scanner.next().is_none());
}

#[test]
fn a_burst_of_scans_loses_none() {
    let burst: String = (0..20).map(|n| format!("{n:013}\r\n")).collect();
    let scanner = NetworkScanner::new(Cursor::new(burst), Suffix::CrLf);
    assert_eq!(scanner.count(), 20);
}

#[test]
fn the_simulated_scanner_reads_over_a_real_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sim = SimScanner::attach(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    for suffix in [Suffix::Any, Suffix::Cr, Suffix::Lf, Suffix::CrLf, Suffix::Tab, Suffix::StxEtx] {
        sim.scan("]E06901234567892", suffix).unwrap();
    }
    sim.send(b"6901\r").unwrap();
    drop(sim);
    let readings: Vec<Reading> =
        NetworkScanner::new(stream, Suffix::Any).map(Result::unwrap).collect();
    let mut expected = vec![scan("]E0", "6901234567892"); 6];
    expected.push(scan("", "6901"));
    assert_eq!(readings, expected);
}

#[test]
fn shutting_the_stream_down_stops_a_waiting_scanner() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _sim = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let handle = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || NetworkScanner::new(stream, Suffix::Any).count());
    handle.shutdown(Shutdown::Both).unwrap();
    assert_eq!(reader.join().unwrap(), 0);
}
