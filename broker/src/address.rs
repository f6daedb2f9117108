//! Where a broker is, and who calls.
//!
//! **Invariant:** a password is never printed.

use std::{fmt, str::FromStr};

/// Where a broker is: `mqtt://host[:1883]`, or `mqtts://host[:8883]` under TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its name, or its number without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to under TLS.
    pub is_tls: bool,
}

/// A written address that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a broker's address is mqtt://host:port or mqtts://host:port, without anything else")]
pub struct AddressText;

impl Address {
    /// Whether it is this very machine, where a line in the clear is nobody else's.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "127.0.0.1" | "localhost" | "::1")
    }
}

impl FromStr for Address {
    type Err = AddressText;

    fn from_str(text: &str) -> Result<Self, AddressText> {
        let (is_tls, rest) = match text.split_once("://") {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            Some(_) | None => return Err(AddressText),
        };
        let default = if is_tls { 8_883 } else { 1_883 };
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or(AddressText)?;
                match after.strip_prefix(':') {
                    None if !after.is_empty() => return Err(AddressText),
                    port => (host, port),
                }
            }
            None => match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let port = match port {
            None => default,
            Some(port) => port.parse().map_err(|_| AddressText)?,
        };
        let is_in_brackets = rest.starts_with('[');
        let is_ours = |b: u8| {
            b.is_ascii_alphanumeric() || b"-.".contains(&b) || (is_in_brackets && b == b':')
        };
        if host.is_empty() || !host.bytes().all(is_ours) {
            return Err(AddressText);
        }
        Ok(Self { host: host.to_owned(), port, is_tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, is_tls } = self;
        let scheme = if *is_tls { "mqtts" } else { "mqtt" };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

/// A password, which no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name of the account; a store's is its code.
    pub user: String,
    /// What proves it.
    pub password: Password,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_with_its_port() {
        for (text, written) in [
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883"),
            ("mqtts://broker.example.com", "mqtts://broker.example.com:8883"),
            ("mqtt://localhost:2000", "mqtt://localhost:2000"),
            ("mqtts://[::1]:9", "mqtts://[::1]:9"),
            ("mqtt://[::1]", "mqtt://[::1]:1883"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), written);
            assert_eq!(written.parse(), Ok(address));
        }
        assert!("mqtt://[::1]".parse::<Address>().unwrap().is_loopback());
        assert!(!"mqtt://10.0.0.1".parse::<Address>().unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "mqtt://",
            "http://x",
            "mqtt://x:",
            "mqtt://x:70000",
            "mqtt://user:secret@x",
            "mqtt://x/y",
            "mqtt://[::1",
            "mqtt://[::1]9",
            "mqtt://::1:9",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressText), "{text}");
        }
        assert_eq!(format!("{:?}", Password("geheim".to_owned())), "***");
    }
}
