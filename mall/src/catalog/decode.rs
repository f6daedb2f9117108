//! Bytes of a text file → UTF-8, whatever a spreadsheet wrote them in.
//!
//! **Invariant:** the encoding is told from the whole file, never from its first lines.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8};

const BUFFER_BYTES: usize = 64 * 1_024;

/// Opens a text file as UTF-8: by its byte order mark, else as GB18030, which is what a Chinese
/// spreadsheet writes, when it is free of errors as that and clearly no UTF-8, else as UTF-8.
///
/// One damaged byte in a UTF-8 file damages its own row and no other.
pub(super) fn open(path: &Path) -> io::Result<Decoding> {
    let mut file = File::open(path)?;
    let encoding = tell(&mut file)?;
    file.rewind()?;
    Ok(Decoding {
        file: BufReader::with_capacity(BUFFER_BYTES, file),
        decoder: encoding.new_decoder_with_bom_removal(),
        ready: Vec::new(),
        place: 0,
        after_return: false,
        is_done: false,
    })
}

/// Reads a whole text file, in whatever a spreadsheet wrote it; who asks has looked at its size.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    open(path)?.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn tell(file: &mut File) -> io::Result<&'static Encoding> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut census = Census::default();
    let mut is_first = true;
    loop {
        let n = file.read(&mut buffer)?;
        let bytes = buffer.get(..n).unwrap_or_default();
        if is_first && let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Ok(encoding);
        }
        is_first = false;
        if n == 0 {
            break;
        }
        census.take(bytes);
    }
    if census.is_utf_8() {
        return Ok(UTF_8);
    }
    file.rewind()?;
    Ok(if is_gb18030(file)? { GB18030 } else { UTF_8 })
}

/// What of a file is UTF-8 and what is not.
#[derive(Debug, Default)]
struct Census {
    /// The end of a sign that began in the bytes before.
    held: Vec<u8>,
    /// Signs of more than one byte: in text of another encoding they are rare accidents.
    signs: usize,
    /// Bytes that are part of no sign.
    invalid: usize,
}

impl Census {
    fn take(&mut self, bytes: &[u8]) {
        self.held.extend(bytes);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while let Err(error) = std::str::from_utf8(rest) {
            let (good, bad) = rest.split_at(error.valid_up_to());
            self.signs += signs(good);
            let Some(n) = error.error_len() else {
                self.held = bad.to_vec();
                return;
            };
            self.invalid += n;
            rest = bad.get(n..).unwrap_or_default();
        }
        self.signs += signs(rest);
    }

    /// Whether it is UTF-8, a few damaged bytes aside.
    fn is_utf_8(&self) -> bool {
        let invalid = self.invalid + self.held.len();
        invalid == 0 || self.signs > invalid
    }
}

/// Signs of more than one byte in valid UTF-8, by their first bytes.
fn signs(valid: &[u8]) -> usize {
    valid.iter().filter(|byte| **byte >= 0xc0).count()
}

fn is_gb18030(file: &mut File) -> io::Result<bool> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut buffer = vec![0; BUFFER_BYTES];
    let room = decoder.max_utf8_buffer_length(BUFFER_BYTES).unwrap_or(BUFFER_BYTES * 4);
    let mut text = String::with_capacity(room);
    loop {
        let n = file.read(&mut buffer)?;
        text.clear();
        let bytes = buffer.get(..n).unwrap_or_default();
        let (_, _, has_errors) = decoder.decode_to_string(bytes, &mut text, n == 0);
        if has_errors || n == 0 {
            return Ok(!has_errors);
        }
    }
}

/// A file that reads as UTF-8; what could not be decoded stands as U+FFFD.
///
/// Every line ends with one line feed, whatever it ended with in the file, the last one too: then
/// lines can be counted.
pub(super) struct Decoding {
    file: BufReader<File>,
    decoder: Decoder,
    ready: Vec<u8>,
    place: usize,
    after_return: bool,
    is_done: bool,
}

impl Decoding {
    fn refill(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; BUFFER_BYTES];
        let n = self.file.read(&mut bytes)?;
        bytes.truncate(n);
        self.is_done = n == 0;
        let room = self.decoder.max_utf8_buffer_length(n).unwrap_or(BUFFER_BYTES * 4);
        let mut text = String::with_capacity(room);
        let _ = self.decoder.decode_to_string(&bytes, &mut text, self.is_done);
        if self.is_done {
            text.push('\n');
        }
        self.ready.clear();
        for byte in text.bytes() {
            let is_second = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if !is_second {
                self.ready.push(if byte == b'\r' { b'\n' } else { byte });
            }
        }
        self.place = 0;
        Ok(())
    }
}

impl Read for Decoding {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.place >= self.ready.len() {
            if self.is_done {
                return Ok(0);
            }
            self.refill()?;
        }
        let rest = self.ready.get(self.place..).unwrap_or_default();
        let n = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.place += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut text = String::new();
        open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("{expected}\n"));
    }

    #[test]
    fn utf_8_with_and_without_a_mark_gb18030_and_utf_16_read_the_same() {
        check("名称,纯牛奶".as_bytes(), "名称,纯牛奶");
        check("\u{feff}名称,纯牛奶".as_bytes(), "名称,纯牛奶");
        check(&GB18030.encode("名称,纯牛奶").0, "名称,纯牛奶");
        let utf_16: Vec<u8> = "\u{feff}名,奶".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&utf_16, "名,奶");
        check(b"", "");
        check(b"a\r\nb\rc\nd\r\n", "a\nb\nc\nd\n");
    }

    #[test]
    fn a_sign_across_two_reads_is_not_taken_for_another_encoding() {
        let long = format!("{}奶", "a".repeat(BUFFER_BYTES - 1));
        check(long.as_bytes(), &long);
        let long = format!("{}奶b", "a".repeat(BUFFER_BYTES - 2));
        check(&GB18030.encode(&long).0, &long);
    }

    #[test]
    fn a_damaged_byte_does_not_turn_a_file_into_another_encoding() {
        let text = "货号,名称\nA1,纯牛奶\nA2,绿茶".as_bytes();
        let with = |bytes: &[u8]| [text, b"\nA3,", bytes].concat();
        let read = |end: &str| format!("货号,名称\nA1,纯牛奶\nA2,绿茶\nA3,{end}");
        check(&with(b"\xff"), &read("\u{fffd}"));
        check(&with(b"a\xc4\xccb"), &read("a\u{fffd}\u{fffd}b"));
        check(&with(b"\xe5\xa5"), &read("\u{fffd}"));
        check(b"caf\xe9,1", "caf\u{fffd},1");
        let long = format!("{}奶茶奶茶", "a".repeat(BUFFER_BYTES - 1));
        check(&[long.as_bytes(), b"\xff"].concat(), &format!("{long}\u{fffd}"));
        let gb = GB18030.encode("货号,名称\nA1,联通\nA2,绿茶").0;
        check(&gb, "货号,名称\nA1,联通\nA2,绿茶");
    }
}
