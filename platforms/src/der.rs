//! The little of DER (X.690) that keys and certificates need: walk in, never build.
//!
//! **Invariant:** every length is checked against what is left; nothing is copied.

/// One element: its tag and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// Where a certificate says its version.
const CONTEXT_0: u8 = 0xa0;
/// PKCS#1, 1.2.840.113549.1.1; behind it the algorithm, of which 1 is an RSA key.
const PKCS1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// Reads elements one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next element; `None` at the end and where the bytes are not DER.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&short, rest) = rest.split_first()?;
        let (len, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
                let len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                (len, rest)
            }
            // Longer than any key, or not DER.
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(Element { tag, content })
    }

    /// The next element if it has this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|element| element.tag == tag).map(|element| element.content)
    }
}

/// What we read of a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// Big-endian, perhaps with a leading zero.
    pub(crate) serial: &'a [u8],
    /// The content of the signature's algorithm.
    algorithm: &'a [u8],
    /// The content of the issuer's sequence of names.
    pub(crate) issuer: &'a [u8],
    /// The content of the public key's sequence (SPKI).
    pub(crate) key: &'a [u8],
}

impl<'a> Certificate<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(Reader::new(der).take(SEQUENCE)?);
        let mut body = Reader::new(outer.take(SEQUENCE)?);
        let mut ahead = body;
        if ahead.next()?.tag == CONTEXT_0 {
            body = ahead;
        }
        let serial = body.take(INTEGER)?;
        let algorithm = body.take(SEQUENCE)?;
        let issuer = body.take(SEQUENCE)?;
        let _validity = body.take(SEQUENCE)?;
        let _subject = body.take(SEQUENCE)?;
        let key = body.take(SEQUENCE)?;
        Some(Self { serial, algorithm, issuer, key })
    }

    /// Whether its issuer signed it with RSA (any of PKCS#1's algorithms).
    pub(crate) fn is_signed_with_rsa(&self) -> bool {
        let id = Reader::new(self.algorithm).take(OBJECT_ID);
        id.is_some_and(|id| id.starts_with(&PKCS1))
    }
}

/// The RSA key inside the content of an SPKI sequence: what `ring` verifies with.
pub(crate) fn rsa_key(spki: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(spki);
    let mut algorithm = Reader::new(reader.take(SEQUENCE)?);
    if algorithm.take(OBJECT_ID)?.strip_prefix(&PKCS1)? != [1] {
        return None;
    }
    // The first byte of a bit string counts unused bits: a key has none.
    reader.take(BIT_STRING)?.strip_prefix(&[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_and_cut_ones_are_not() {
        type Read = Option<(u8, usize)>;
        let table: [(&[u8], Read); 8] = [
            (&[0x02, 0x01, 0x05], Some((0x02, 1))),
            (&[0x30, 0x81, 0x02, 0, 0], Some((0x30, 2))),
            (&[0x30, 0x00], Some((0x30, 0))),
            (&[0x30, 0x02, 0], None),
            (&[0x30, 0x80, 0, 0], None),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], None),
            (&[0x30], None),
            (&[], None),
        ];
        for (bytes, expected) in table {
            let read = Reader::new(bytes).next().map(|e| (e.tag, e.content.len()));
            assert_eq!(read, expected, "{bytes:02x?}");
        }
    }
}
