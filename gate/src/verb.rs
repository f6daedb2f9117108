//! The five things that may be asked of the gate: a line each, and a line or more back.

use std::{fmt, str::FromStr};

use crate::mac::Mac;

/// The longest line that is read: `allow`, an address and a number, with room.
pub const LINE_BYTES_MAX: usize = 64;
/// Nobody is let through for longer at once: a business day.
pub const SECONDS_MAX: u32 = 24 * 60 * 60;

/// What the store's node may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Lets a device pass for so many seconds, 1 to [`SECONDS_MAX`], from now.
    Allow(Mac, u32),
    /// Lets it pass no longer.
    Forget(Mac),
    /// Who passes, and for how many seconds yet.
    List,
    /// Whether the rules are in force.
    Health,
    /// Lays the rules down anew, as the gate's own boot file has them; nobody passes then.
    Apply,
}

/// A line that asks nothing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of the gate's verbs")]
pub struct NotAVerb;

impl FromStr for Verb {
    type Err = NotAVerb;

    fn from_str(line: &str) -> Result<Self, NotAVerb> {
        let words: Vec<&str> = line.split(' ').take(4).collect();
        let mac = |text: &str| text.parse::<Mac>().map_err(|_| NotAVerb);
        match words.as_slice() {
            ["allow", device, seconds] => {
                let is_number = seconds.bytes().all(|b| b.is_ascii_digit());
                let seconds = seconds.parse().ok().filter(|_| is_number).ok_or(NotAVerb)?;
                let is_fit = (1..=SECONDS_MAX).contains(&seconds);
                Ok(Self::Allow(mac(device)?, is_fit.then_some(seconds).ok_or(NotAVerb)?))
            }
            ["forget", device] => mac(device).map(Self::Forget),
            ["list"] => Ok(Self::List),
            ["health"] => Ok(Self::Health),
            ["apply"] => Ok(Self::Apply),
            _ => Err(NotAVerb),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(mac, seconds) => write!(f, "allow {mac} {seconds}"),
            Self::Forget(mac) => write!(f, "forget {mac}"),
            Self::List => f.write_str("list"),
            Self::Health => f.write_str("health"),
            Self::Apply => f.write_str("apply"),
        }
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so now.
    Done,
    /// Who passes, and for how many seconds yet.
    Passed(Vec<(Mac, u32)>),
    /// It could not be done; the keeper's log says why.
    Failed,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => writeln!(f, "done"),
            Self::Failed => writeln!(f, "failed"),
            Self::Passed(passed) => {
                writeln!(f, "passed {}", passed.len())?;
                passed.iter().try_for_each(|(mac, seconds)| writeln!(f, "{mac} {seconds}"))
            }
        }
    }
}

impl FromStr for Answer {
    type Err = NotAVerb;

    fn from_str(text: &str) -> Result<Self, NotAVerb> {
        let mut lines = text.lines();
        let first = lines.next().ok_or(NotAVerb)?;
        match first.split_once(' ') {
            None if first == "done" => Ok(Self::Done),
            None if first == "failed" => Ok(Self::Failed),
            Some(("passed", count)) => {
                let passed = lines.map(|line| {
                    let (mac, seconds) = line.split_once(' ')?;
                    Some((mac.parse().ok()?, seconds.parse().ok()?))
                });
                let passed: Vec<_> = passed.collect::<Option<_>>().ok_or(NotAVerb)?;
                // An answer that was cut short is none.
                let is_whole = count.parse() == Ok(passed.len());
                is_whole.then_some(Self::Passed(passed)).ok_or(NotAVerb)
            }
            _ => Err(NotAVerb),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mac() -> Mac {
        "d2:00:00:00:00:01".parse().unwrap()
    }

    #[test]
    fn every_verb_and_every_answer_is_read_back_as_it_was_written() {
        for verb in
            [Verb::Allow(mac(), 3_600), Verb::Forget(mac()), Verb::List, Verb::Health, Verb::Apply]
        {
            assert_eq!(verb.to_string().parse(), Ok(verb));
            assert!(verb.to_string().len() <= LINE_BYTES_MAX);
        }
        let two = vec![(mac(), 3_600), ("d2:00:00:00:00:02".parse().unwrap(), 1)];
        for answer in [Answer::Done, Answer::Failed, Answer::Passed(vec![]), Answer::Passed(two)] {
            assert_eq!(answer.to_string().parse(), Ok(answer));
        }
    }

    #[test]
    fn what_is_not_a_verb_is_refused() {
        for line in [
            "",
            "allow",
            "allow d2:00:00:00:00:01",
            "allow d2:00:00:00:00:01 0",
            "allow d2:00:00:00:00:01 +5",
            "allow d2:00:00:00:00:01 86401",
            "allow d2:00:00:00:00:01 60 and more",
            "allow ff:ff:ff:ff:ff:ff 60",
            "forget everybody",
            "list all",
            "LIST",
            "flush",
        ] {
            assert_eq!(line.parse::<Verb>(), Err(NotAVerb), "{line:?}");
        }
        for text in ["", "yes", "passed", "passed 1", "passed 2\nd2:00:00:00:00:01 5\n"] {
            assert_eq!(text.parse::<Answer>(), Err(NotAVerb), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_either_a_verb_that_says_the_same_or_refused(line in ".{0,80}") {
            if let Ok(verb) = line.parse::<Verb>() {
                prop_assert_eq!(verb.to_string().parse(), Ok(verb));
            }
        }
    }
}
