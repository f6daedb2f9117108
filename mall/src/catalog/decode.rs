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

/// Opens a text file as UTF-8: by its byte order mark, else as UTF-8 when all of it is, else as
/// GB18030, which is what a Chinese spreadsheet writes.
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

fn tell(file: &mut File) -> io::Result<&'static Encoding> {
    let mut buffer = vec![0; BUFFER_BYTES];
    // The end of a sign that began in the bytes before.
    let mut held: Vec<u8> = Vec::new();
    let mut is_first = true;
    loop {
        let n = file.read(&mut buffer)?;
        held.extend(buffer.iter().take(n));
        if is_first && let Some((encoding, _)) = Encoding::for_bom(&held) {
            return Ok(encoding);
        }
        is_first = false;
        match std::str::from_utf8(&held) {
            Ok(_) => held.clear(),
            Err(error) if error.error_len().is_some() => return Ok(GB18030),
            Err(error) => drop(held.drain(..error.valid_up_to())),
        }
        if n == 0 {
            return Ok(if held.is_empty() { UTF_8 } else { GB18030 });
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
}
