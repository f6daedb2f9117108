//! What becomes of settings that were just put in force: they stay, are watched on, or go back.
//!
//! Every document is on trial first. While it is, the store is looked at again and again; what was
//! right before and is wrong now is the document's doing. Of several on trial the newest is blamed,
//! and the others are watched anew. A program that ended by a blow within a trial blames the newest
//! one at its next start, so that a document which kills the daemon kills it once.
//!
//! **Invariant:** pure: what was seen and how long it took is passed in. Nothing that could not be
//! looked at counts for or against a document.

use crate::db::settings::OnTrial;

/// What of a store is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A sale can be priced and paid.
    Sale,
    /// A kiosk can be paid at.
    Kiosk,
    /// No order would be of a business date before one that is there already.
    Day,
    /// Every action of the operator's screen has a key of its own.
    Keys,
    /// Every screen gets its view.
    Screens,
    /// A receipt can be drawn for every printer.
    Paper,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Sale, Self::Kiosk, Self::Day, Self::Keys, Self::Screens, Self::Paper];

    /// What is wrong, for HQ.
    pub(crate) const fn complaint(self) -> &'static str {
        match self {
            Self::Sale => "a sale could not be priced and paid",
            Self::Kiosk => "no way to pay is left at a kiosk, which takes payment codes alone",
            Self::Day => {
                "the business date would go back to one before the newest order's; set the cut again when both cuts give the same date"
            }
            Self::Keys => "two actions of the operator's screen are on one key",
            Self::Screens => "a screen did not get its view",
            Self::Paper => "a receipt could not be drawn",
        }
    }
}

/// What is wrong when the program did not come through the trial.
pub(crate) const ENDED: &str = "the program ended within the trial";

/// How a store was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// A sale; `None` where it could not be looked at.
    pub(crate) sale: Option<bool>,
    /// Paying at kiosks.
    pub(crate) kiosk: Option<bool>,
    /// The business date.
    pub(crate) day: Option<bool>,
    /// The operator's keys.
    pub(crate) keys: Option<bool>,
    /// The screens.
    pub(crate) screens: Option<bool>,
    /// The printers' paper.
    pub(crate) paper: Option<bool>,
}

impl Health {
    const fn of(self, part: Part) -> Option<bool> {
        match part {
            Part::Sale => self.sale,
            Part::Kiosk => self.kiosk,
            Part::Day => self.day,
            Part::Keys => self.keys,
            Part::Screens => self.screens,
            Part::Paper => self.paper,
        }
    }
}

/// What becomes of the documents on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are watched on.
    Watch,
    /// They have proven themselves.
    Keep,
    /// The newest of them goes back.
    GoBack(Part),
}

/// What becomes of documents on trial: how the store was before them, how it is now, how long that
/// has been looked at, and how long it shall be.
pub(crate) fn decide(before: Health, now: Health, elapsed_ms: i64, length_ms: i64) -> Verdict {
    let is_worse = |part: &Part| before.of(*part) != Some(false) && now.of(*part) == Some(false);
    match Part::ALL.into_iter().find(is_worse) {
        Some(part) => Verdict::GoBack(part),
        None if elapsed_ms >= length_ms => Verdict::Keep,
        None => Verdict::Watch,
    }
}

/// The document to blame, of those on trial: the newest.
pub(crate) fn blamed<T>(on_trial: impl IntoIterator<Item = (T, OnTrial)>) -> Option<T> {
    on_trial.into_iter().max_by_key(|(_, trial)| trial.joined).map(|(whose, _)| whose)
}

/// The document to blame at a start: the newest on trial, if the program did not end in order.
pub(crate) fn blamed_at_start<T>(on_trial: impl IntoIterator<Item = (T, OnTrial)>) -> Option<T> {
    blamed(on_trial.into_iter().filter(|(_, trial)| !trial.is_stopped))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNSEEN: Health =
        Health { sale: None, kiosk: None, day: None, keys: None, screens: None, paper: None };
    const WELL: Health = Health {
        sale: Some(true),
        kiosk: Some(true),
        day: Some(true),
        keys: Some(true),
        screens: Some(true),
        paper: Some(true),
    };

    #[test]
    fn what_was_right_and_is_wrong_goes_back_at_once_and_what_was_wrong_before_is_not_blamed() {
        let no_sale = Health { sale: Some(false), ..WELL };
        let no_paper = Health { paper: Some(false), ..WELL };
        for (before, now, elapsed, verdict) in [
            (WELL, WELL, 0, Verdict::Watch),
            (WELL, WELL, 59_999, Verdict::Watch),
            (WELL, WELL, 60_000, Verdict::Keep),
            (WELL, no_sale, 0, Verdict::GoBack(Part::Sale)),
            (WELL, no_paper, 60_000, Verdict::GoBack(Part::Paper)),
            (WELL, Health { kiosk: Some(false), ..WELL }, 0, Verdict::GoBack(Part::Kiosk)),
            (WELL, Health { day: Some(false), ..WELL }, 0, Verdict::GoBack(Part::Day)),
            (WELL, Health { keys: Some(false), ..WELL }, 0, Verdict::GoBack(Part::Keys)),
            (no_paper, no_paper, 10, Verdict::Watch),
            (no_paper, no_sale, 10, Verdict::GoBack(Part::Sale)),
            // What was never seen right is not known to have been wrong.
            (UNSEEN, no_sale, 10, Verdict::GoBack(Part::Sale)),
            (WELL, UNSEEN, 60_000, Verdict::Keep),
        ] {
            assert_eq!(decide(before, now, elapsed, 60_000), verdict, "{before:?} {now:?}");
        }
    }

    #[test]
    fn the_newest_is_blamed_and_at_a_start_only_after_a_blow() {
        let trial = |joined, is_stopped| OnTrial { joined, is_stopped };
        assert_eq!(blamed([("a", trial(3, false)), ("b", trial(4, false))]), Some("b"));
        assert_eq!(blamed_at_start([("a", trial(3, false)), ("b", trial(4, false))]), Some("b"));
        assert_eq!(blamed_at_start([("a", trial(3, true)), ("b", trial(4, true))]), None);
        assert_eq!(blamed::<&str>([]), None);
    }

    proptest! {
        /// However many are on trial, as many blows take all of them back, each once.
        #[test]
        fn every_blow_takes_one_back_until_none_is_left(n in 0_i64..9) {
            let mut left: Vec<(i64, OnTrial)> =
                (0..n).map(|joined| (joined, OnTrial { joined, is_stopped: false })).collect();
            for expected in (0..n).rev() {
                let whose = blamed_at_start(left.iter().copied());
                prop_assert_eq!(whose, Some(expected));
                left.retain(|(of, _)| Some(*of) != whose);
            }
            prop_assert_eq!(blamed_at_start(left), None);
        }
    }
}
