//! The address of a device on the guests' network.

use std::{fmt, str::FromStr};

/// A unicast MAC address, e.g. `3c:22:fb:0a:1b:2c`.
///
/// Phones make one up for each network that they join (the second-lowest bit of the first byte is
/// set then); it stays the same on that network, which is all that a sign-in needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// Why a text is no address of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of one device")]
pub struct NotAMac;

impl FromStr for Mac {
    type Err = NotAMac;

    /// Six bytes in hex with colons; of a group or of nobody is refused.
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or(NotAMac)?;
            let is_hex = part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
            *byte = is_hex.then(|| u8::from_str_radix(part, 16).ok()).flatten().ok_or(NotAMac)?;
        }
        let [first, ..] = bytes;
        let is_of_one = first & 1 == 0 && bytes != [0; 6];
        (parts.next().is_none() && is_of_one).then_some(Self(bytes)).ok_or(NotAMac)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_has_six_bytes_and_is_nobody_elses() {
        for (text, is_fine) in [
            ("3c:22:fb:0a:1b:2c", true),
            ("3C:22:FB:0A:1B:2C", true),
            ("d2:00:00:00:00:01", true),
            ("00:00:00:00:00:00", false),
            ("ff:ff:ff:ff:ff:ff", false),
            ("01:00:5e:00:00:fb", false),
            ("3c:22:fb:0a:1b", false),
            ("3c:22:fb:0a:1b:2c:00", false),
            ("3c:22:fb:0a:1b:2", false),
            ("+c:22:fb:0a:1b:2c", false),
            ("3c-22-fb-0a-1b-2c", false),
            ("3c:22:fb:0a:1b:2c }", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Mac>().is_ok(), is_fine, "{text:?}");
        }
        let mac: Mac = "3C:22:FB:0A:1B:2C".parse().unwrap();
        assert_eq!(mac.to_string(), "3c:22:fb:0a:1b:2c");
    }
}
