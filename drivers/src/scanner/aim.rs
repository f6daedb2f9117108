//! The identifier by which a scanner says what kind of code it has read, such as `]E0`.
//!
//! Source: AIM's symbology identifiers, ISO/IEC 15424.
//!
//! **Invariant:** only the form is checked here; what a kind of code may mean is for others.

/// A code letter and a modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AimId {
    letter: char,
    modifier: char,
}

impl AimId {
    /// Reads `]E0` or `E0`; nothing else may follow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut characters = text.strip_prefix(']').unwrap_or(text).chars();
        let letter = characters.next().filter(char::is_ascii_alphabetic)?;
        let modifier = characters.next().filter(char::is_ascii_alphanumeric)?;
        characters.next().is_none().then_some(Self { letter, modifier })
    }

    /// The identifier at the head of a scan, and the scan without it.
    #[must_use]
    pub fn split(text: &str) -> (Option<Self>, &str) {
        let head = text.get(..3).filter(|head| head.starts_with(']'));
        match head.and_then(Self::parse) {
            Some(id) => (Some(id), text.get(3..).unwrap_or_default()),
            None => (None, text),
        }
    }

    /// Letter and modifier without the bracket: `E0`.
    #[must_use]
    pub fn code(self) -> String {
        format!("{}{}", self.letter, self.modifier)
    }
}

impl std::fmt::Display for AimId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "]{}{}", self.letter, self.modifier)
    }
}
