//! Numbers and texts that nobody can guess.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::rand::{SecureRandom as _, SystemRandom};

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // A machine without randomness has no TLS either: what is left is zeros in a simulator.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// So many decimal digits after a prefix, 32 at most.
pub(crate) fn digits(prefix: &str, count: usize) -> String {
    let random = random::<32>();
    let tail = random.iter().take(count).map(|byte| char::from(b'0' + byte % 10));
    prefix.chars().chain(tail).collect()
}

/// So many letters, 32 at most, as in the path of a short link.
pub(crate) fn word(count: usize) -> String {
    let random = random::<32>();
    random.iter().take(count).map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// Base64 in which `+`, `/` and `=` all occur, so that a caller who forgets to encode it fails here.
pub(crate) fn awkward() -> String {
    format!("{}+/8=", STANDARD.encode(random::<30>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_minted_has_its_length_and_differs() {
        assert_eq!(digits("13", 16).len(), 18);
        assert_ne!(digits("13", 16), digits("13", 16));
        assert!(awkward().contains('+') && awkward().ends_with('='));
    }
}
