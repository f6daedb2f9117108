//! Pictures for screens: what is one, told by its bytes alone.
//!
//! Both sides look: the mall before it keeps one, a store before it shows one. A name or a header may
//! say anything; and a few bytes of a picture may say that it is endless, on which a small box would
//! choke.
//!
//! **Invariant:** only the head is read, and no byte of it is believed to be there.

use thiserror::Error;

/// Bytes of a picture: a photograph of full HD with some room. A playlist of them fits a small disk, and
/// goes over a slow line in minutes.
pub const PICTURE_BYTES_MAX: usize = 1_024 * 1_024;
/// Pixels of a side: a portrait wall of 4K has fewer. Drawn, so many by so many are 64 MiB of memory.
pub const SIDE_PIXELS_MAX: u32 = 4_096;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// ITU-T T.81.
    Jpeg,
    /// RFC 2083.
    Png,
    /// RFC 9649.
    Webp,
}

impl PictureKind {
    /// Its media type (RFC 2046; RFC 9649 for WebP).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// A picture as its head describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// How it is written.
    pub kind: PictureKind,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// Bytes that are no picture for a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoPicture {
    /// More than `PICTURE_BYTES_MAX`.
    #[error("a picture has at most {PICTURE_BYTES_MAX} bytes")]
    TooLarge,
    /// Neither JPEG nor PNG nor WebP.
    #[error("neither a JPEG nor a PNG nor a WebP picture")]
    Unknown,
    /// No side, or one beyond `SIDE_PIXELS_MAX`.
    #[error("a side of a picture has 1 to {SIDE_PIXELS_MAX} pixels")]
    Side,
}

/// Looks at a picture.
///
/// # Errors
/// What it is not.
pub fn look(bytes: &[u8]) -> Result<Picture, NoPicture> {
    if bytes.len() > PICTURE_BYTES_MAX {
        return Err(NoPicture::TooLarge);
    }
    let picture = png(bytes).or_else(|| webp(bytes)).or_else(|| jpeg(bytes));
    let picture = picture.ok_or(NoPicture::Unknown)?;
    let sides = [picture.width, picture.height];
    let can_be = sides.into_iter().all(|side| (1..=SIDE_PIXELS_MAX).contains(&side));
    if can_be { Ok(picture) } else { Err(NoPicture::Side) }
}

fn big(bytes: &[u8], at: usize, n: usize) -> Option<u32> {
    let of = bytes.get(at..at.checked_add(n)?)?;
    Some(of.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

fn little(bytes: &[u8], at: usize, n: usize) -> Option<u32> {
    let of = bytes.get(at..at.checked_add(n)?)?;
    Some(of.iter().rev().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

/// RFC 2083, 3.1 and 4.1.1: the signature, then IHDR.
fn png(bytes: &[u8]) -> Option<Picture> {
    let is_one = bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16)? == b"IHDR";
    let (width, height) = (big(bytes, 16, 4)?, big(bytes, 20, 4)?);
    is_one.then_some(Picture { kind: PictureKind::Png, width, height })
}

/// RFC 9649, 2.4 to 2.7: a RIFF file whose first chunk says how the picture is written.
fn webp(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12)? != b"WEBP" {
        return None;
    }
    let (width, height) = match bytes.get(12..16)? {
        // RFC 6386, 9.1: three bytes of a tag, the start code, two sides of 14 bits.
        b"VP8 " if bytes.get(23..26)? == [0x9d, 0x01, 0x2a] => {
            (little(bytes, 26, 2)? & 0x3fff, little(bytes, 28, 2)? & 0x3fff)
        }
        // 3.4: two sides of 14 bits, each less one.
        b"VP8L" if *bytes.get(20)? == 0x2f => {
            let sides = little(bytes, 21, 4)?;
            ((sides & 0x3fff) + 1, ((sides >> 14) & 0x3fff) + 1)
        }
        // 2.7: two sides of 24 bits, each less one.
        b"VP8X" => (little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1),
        _ => return None,
    };
    Some(Picture { kind: PictureKind::Webp, width, height })
}

/// T.81, B.2: markers with their lengths, up to the first frame header, which has the sides.
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // A marker may have any number of these before it.
            0xff => at += 1,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let (height, width) = (big(bytes, at + 5, 2)?, big(bytes, at + 7, 2)?);
                return Some(Picture { kind: PictureKind::Jpeg, width, height });
            }
            // The picture itself, or its end, without a frame before it.
            0xd8..=0xda => return None,
            _ => {
                at =
                    at.checked_add(2)?.checked_add(usize::try_from(big(bytes, at + 2, 2)?).ok()?)?
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
        // An application's segment of four bytes, a stuffed marker, the frame.
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 17, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    fn webp_of(chunk: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend(chunk);
        bytes.extend([0; 4]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_with_its_sides() {
        let lossy = [0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x07, 0x38, 0x04];
        // 1,919 and 1,079 in 14 bits each.
        let sides: u32 = 1_919 | (1_079 << 14);
        let lossless = [&[0x2f][..], &sides.to_le_bytes()].concat();
        let extended = [0, 0, 0, 0, 0x7f, 0x07, 0, 0x37, 0x04, 0];
        for (bytes, kind) in [
            (png_of(1_920, 1_080), PictureKind::Png),
            (jpeg_of(1_920, 1_080), PictureKind::Jpeg),
            (webp_of(b"VP8 ", &lossy), PictureKind::Webp),
            (webp_of(b"VP8L", &lossless), PictureKind::Webp),
            (webp_of(b"VP8X", &extended), PictureKind::Webp),
        ] {
            assert_eq!(look(&bytes), Ok(Picture { kind, width: 1_920, height: 1_080 }));
            // A part of the head is no picture.
            for n in 0..bytes.len() {
                assert_eq!(look(&bytes[..n]), Err(NoPicture::Unknown), "{kind:?} {n}");
            }
        }
    }

    #[test]
    fn what_is_no_picture_or_endless_is_refused() {
        for bytes in [&b""[..], b"<svg xmlns='x'/>", b"GIF89a", b"%PDF-1.7", b"MZ"] {
            assert_eq!(look(bytes), Err(NoPicture::Unknown));
        }
        for (width, height) in [(0, 9), (9, 0), (SIDE_PIXELS_MAX + 1, 9), (9, u32::MAX)] {
            assert_eq!(look(&png_of(width, height)), Err(NoPicture::Side));
        }
        let mut long = png_of(9, 9);
        long.resize(PICTURE_BYTES_MAX, 0);
        assert!(look(&long).is_ok());
        long.push(0);
        assert_eq!(look(&long), Err(NoPicture::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_look(
            head in prop::sample::select(vec![png_of(9, 9), jpeg_of(9, 9), webp_of(b"VP8X", &[])]),
            rest in prop::collection::vec(any::<u8>(), 0..64),
            n in 0_usize..40,
        ) {
            let mut bytes = head;
            bytes.truncate(n);
            bytes.extend(rest);
            let _ = look(&bytes);
        }
    }
}
