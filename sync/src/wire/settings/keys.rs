//! The operator's keys: what a key can be made to do, and which keys there are to choose from.
//!
//! What a cashier's hand does without looking stays where it is: digits, Enter, Esc, Backspace, arrows
//! and the keys of a list. A scanner is a keyboard and types digits, letters and signs, so that none of
//! those can be chosen; nor can what the browser keeps for itself (Ctrl+N, Ctrl+T, Ctrl+W, Ctrl+F4, F11).
//!
//! **Invariant:** two actions that one place of the screen has are never on one key.

use std::collections::BTreeMap;

use super::kind::{FaultKind, SettingFault};

/// What the setting of an action begins with.
const GROUP: &str = "keys.";

/// A place of the operator's screen whose keys are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Every place.
    Any,
    /// Goods are scanned.
    Sell,
    /// It is paid.
    Tender,
    /// It was paid.
    Done,
    /// Online orders that wait here.
    Pickups,
    /// Goods of online orders that come back.
    OnlineReturn,
}

impl Place {
    /// The word that the screen's map of keys has for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Sell => "sell",
            Self::Tender => "tender",
            Self::Done => "done",
            Self::Pickups => "pickups",
            Self::OnlineReturn => "online-return",
        }
    }
}

/// Something that a key does, where, and on which key it is where nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAction {
    /// Its word, as documents write it; the screen writes `-` for `_`.
    pub word: &'static str,
    /// Its key.
    pub chord: &'static str,
    /// Where it is.
    pub places: &'static [Place],
}

const fn action(word: &'static str, chord: &'static str, places: &'static [Place]) -> KeyAction {
    KeyAction { word, chord, places }
}

/// All that can be put on another key.
pub const KEY_ACTIONS: [KeyAction; 18] = [
    action("keys", "F1", &[Place::Any]),
    action("lock", "F12", &[Place::Any]),
    action("reprint", "Ctrl+KeyP", &[Place::Any]),
    action("quantity", "NumpadMultiply", &[Place::Sell]),
    action("less", "NumpadSubtract", &[Place::Sell]),
    // The key that pays goes on after it was paid.
    action("tender", "NumpadAdd", &[Place::Sell, Place::Done]),
    action("void", "Delete", &[Place::Sell]),
    action("void_cart", "Shift+Delete", &[Place::Sell]),
    action("find", "F2", &[Place::Sell, Place::Done]),
    action("member", "F3", &[Place::Sell, Place::Tender, Place::Done]),
    action("pickups", "F6", &[Place::Sell, Place::Pickups]),
    action("phone", "Shift+F8", &[Place::Sell]),
    action("undo", "F7", &[Place::Sell]),
    action("redeem", "F8", &[Place::Sell, Place::Tender]),
    action("price", "F5", &[Place::Sell, Place::Tender]),
    action("online_return", "F9", &[Place::Sell, Place::Pickups, Place::OnlineReturn]),
    action("code", "F2", &[Place::Tender]),
    action("post_void", "Ctrl+Delete", &[Place::Sell, Place::Done]),
];

/// Keys to choose from, by physical key as browsers name them (UI Events `code`), with what is held
/// down before it.
pub const CHORDS: [&str; 42] = [
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F12",
    "Shift+F1",
    "Shift+F2",
    "Shift+F3",
    "Shift+F4",
    "Shift+F5",
    "Shift+F6",
    "Shift+F7",
    "Shift+F8",
    "Shift+F9",
    "Shift+F10",
    "Shift+F12",
    "Ctrl+F1",
    "Ctrl+F2",
    "Ctrl+F3",
    "Ctrl+F5",
    "Ctrl+F6",
    "Ctrl+F7",
    "Ctrl+F8",
    "Ctrl+F9",
    "Ctrl+F10",
    "Ctrl+F12",
    "Insert",
    "Delete",
    "Shift+Delete",
    "Ctrl+Delete",
    "Pause",
    "Ctrl+KeyP",
    "NumpadAdd",
    "NumpadSubtract",
    "NumpadMultiply",
    "NumpadDivide",
];

/// Whether a text is a key that can be chosen.
pub(super) fn is_chord(text: &str) -> bool {
    CHORDS.contains(&text)
}

/// On which key an action is.
fn chord_of<'a>(said: &'a BTreeMap<String, String>, action: &KeyAction) -> &'a str {
    said.get(action.word).map_or(action.chord, String::as_str)
}

fn share_a_place(one: &KeyAction, other: &KeyAction) -> bool {
    let is_any = |action: &KeyAction| action.places.contains(&Place::Any);
    is_any(one) || is_any(other) || one.places.iter().any(|place| other.places.contains(place))
}

/// Which of the keys that are said are another action's too, in a place that has both. With
/// `is_whole` also actions of which nothing is said count, each on its own key.
pub(super) fn taken(said: &BTreeMap<String, String>, is_whole: bool) -> Vec<SettingFault> {
    let counts = |action: &&KeyAction| is_whole || said.contains_key(action.word);
    let mut faults = Vec::new();
    for one in KEY_ACTIONS.iter().filter(|action| said.contains_key(action.word)) {
        let other = KEY_ACTIONS.iter().filter(counts).find(|other| {
            other.word != one.word
                && chord_of(said, other) == chord_of(said, one)
                && share_a_place(one, other)
        });
        if let Some(other) = other {
            let kind = FaultKind::KeyTaken { by: other.word };
            faults.push(SettingFault { key: format!("{GROUP}{}", one.word), kind });
        }
    }
    faults
}

/// The actions that are not on their usual key, each with its key.
pub(super) fn moved(said: &BTreeMap<String, String>) -> BTreeMap<&'static str, &str> {
    let is_moved = |action: &&KeyAction| chord_of(said, action) != action.chord;
    let moved = KEY_ACTIONS.iter().filter(is_moved);
    moved.map(|action| (action.word, chord_of(said, action))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What the screen itself has, place by place.
    fn on_screen() -> Value {
        let map = include_str!("../../../../pos-ui/src/input/keymap.default.json");
        serde_json::from_str(map).unwrap()
    }

    fn chords(map: &Value, place: Place, action: &str) -> Vec<String> {
        let bindings = map[place.word()].as_array().unwrap();
        let found = bindings.iter().find(|binding| binding[0] == action);
        let chords = found.and_then(|binding| binding[1].as_array().cloned()).unwrap_or_default();
        chords.iter().map(|chord| chord.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_action_is_where_the_screen_has_it_and_on_the_key_that_it_has() {
        let map = on_screen();
        for action in KEY_ACTIONS {
            let word = action.word.replace('_', "-");
            for place in action.places {
                if (word.as_str(), *place) == ("tender", Place::Done) {
                    let next = chords(&map, *place, "next");
                    assert!(next.iter().any(|chord| chord == action.chord), "{next:?}");
                    continue;
                }
                let chords = chords(&map, *place, &word);
                assert_eq!(chords.first().map(String::as_str), Some(action.chord), "{word}");
            }
            let all = [
                Place::Any,
                Place::Sell,
                Place::Tender,
                Place::Done,
                Place::Pickups,
                Place::OnlineReturn,
            ];
            for place in all.iter().filter(|place| !action.places.contains(place)) {
                assert!(chords(&map, *place, &word).is_empty(), "{word} is in {}", place.word());
            }
        }
    }

    #[test]
    fn no_key_to_choose_is_typed_by_a_scanner_or_used_by_a_list() {
        let map = on_screen();
        let fixed = ["Enter", "Escape", "Backspace", "ArrowUp", "PageDown", "Home", "Space"];
        assert!(fixed.iter().all(|key| !is_chord(key)));
        for chord in CHORDS {
            let key = chord.rsplit('+').next().unwrap();
            let is_typed = key.starts_with("Digit") || matches!(key, "Minus" | "Period" | "Slash");
            assert!(!is_typed, "{chord}");
            // Letters are typed plain and with Shift.
            assert!(!key.starts_with("Key") || chord.starts_with("Ctrl+"), "{chord}");
        }
        // What stays where it is, is on no key that can be chosen.
        for (place, bindings) in map.as_object().unwrap() {
            for binding in bindings.as_array().unwrap() {
                let action = binding[0].as_str().unwrap().replace('-', "_");
                let is_ours = KEY_ACTIONS.iter().any(|known| known.word == action);
                let opens = |chord: &str| KEY_ACTIONS.iter().any(|known| known.chord == chord);
                for chord in binding[1].as_array().unwrap().iter().filter(|_| !is_ours) {
                    let chord = chord.as_str().unwrap();
                    // A panel is closed by the key that opens it; what is paid is gone on from by the
                    // key that pays.
                    let follows = matches!(action.as_str(), "back" | "next") && opens(chord);
                    assert!(follows || !is_chord(chord), "{place}: {action} on {chord}");
                }
            }
        }
    }

    #[test]
    fn the_usual_keys_are_each_one_actions_and_a_taken_one_is_told_with_whose_it_is() {
        let said = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(word, chord)| ((*word).to_owned(), (*chord).to_owned())).collect()
        };
        let usual: Vec<_> = KEY_ACTIONS.iter().map(|action| (action.word, action.chord)).collect();
        assert!(taken(&said(&usual), true).is_empty());
        // Both on F2 already, and never in one place.
        assert!(taken(&said(&[("find", "F2"), ("code", "F2")]), true).is_empty());
        let faults = taken(&said(&[("find", "F3")]), true);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].to_string(), "keys.find: the key is taken by `member`");
        // Alone it may be right: another document may put the member elsewhere.
        assert!(taken(&said(&[("find", "F3")]), false).is_empty());
        assert!(taken(&said(&[("find", "F3"), ("member", "F2")]), true).len() == 1);
        let swapped = said(&[("find", "F3"), ("member", "F2"), ("code", "F4")]);
        assert!(taken(&swapped, true).is_empty());
        assert_eq!(moved(&swapped).len(), 3);
        assert_eq!(
            taken(&said(&[("lock", "F9")]), true).len(),
            1,
            "what is everywhere is there too"
        );
        assert_eq!(taken(&said(&[("less", "F7"), ("undo", "F7")]), false).len(), 2);
        // After a sale the key that pays goes on.
        assert_eq!(taken(&said(&[("tender", "F4"), ("find", "F4")]), false).len(), 2);
        assert!(taken(&said(&[("tender", "F4"), ("find", "NumpadAdd")]), true).is_empty());
    }
}
