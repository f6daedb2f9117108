//! Who may ask for a code, and whether a code is theirs: decided over values, with the time and the
//! random digits handed in.
//!
//! A sitting is one guest's way from the first page to the last. It is kept in memory only: a
//! restart sends the guest back to the first page, and no phone number was written down for nothing.
//!
//! **Invariant:** a code opens one sitting of one device, once; asking costs the store an SMS and is
//! counted three ways: for the number, for the device, for the store.

use std::collections::{HashMap, VecDeque};

use domain::{member::Phone, time::Timestamp};
use gate::mac::Mac;

/// Digits of a code, as everybody expects them.
pub(crate) const CODE_DIGITS: usize = 6;
/// A code is good for five minutes.
pub(crate) const CODE_MS_MAX: i64 = 5 * 60_000;
/// Wrong codes for one SMS: a guess succeeds in 5 of a million.
const TRIES_MAX: u8 = 5;
/// A number gets no second SMS within a minute, since the first may be on its way.
const PHONE_PAUSE_MS: i64 = 60_000;
/// SMS for one number in a day: more is somebody else's joke.
const PHONE_SENT_MAX: usize = 5;
/// SMS for one device in a day, whatever numbers it names.
const DEVICE_SENT_MAX: usize = 8;
/// What counts as a day here.
const DAY_MS: i64 = 24 * 3_600_000;
/// SMS of the whole store in an hour: a busy Saturday, and a bill that can be paid.
const STORE_SENT_MAX: usize = 300;
const HOUR_MS: i64 = 3_600_000;
/// Sittings at the same time; as many devices as the gate lets through.
const SITTINGS_MAX: usize = gate::ruleset::PASSED_MAX;
/// A sitting ends when nothing came of it.
const SITTING_MS_MAX: i64 = 30 * 60_000;
/// Bytes of a sitting's token; it stands in the address of its pages, since the sheet in which a
/// phone shows them keeps no cookies.
pub(crate) const TOKEN_BYTES: usize = 16;

/// What names a sitting.
pub(crate) type Token = [u8; TOKEN_BYTES];
/// The digits of a code.
pub(crate) type Code = [u8; CODE_DIGITS];

/// What a guest agreed to when they asked for a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Consents {
    /// To news and offers; the terms of use are no choice and stand on their own.
    pub(crate) is_marketing: bool,
}

/// Why a guest goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The sitting is over, or another device's.
    Gone,
    /// The next SMS may be asked for in so many seconds.
    TooSoon(i64),
    /// Enough SMS for this number or this device today.
    Enough,
    /// Enough SMS for the store this hour.
    Busy,
    /// Not the code; so many tries are left.
    Wrong(u8),
    /// The code is too old, or was guessed at too often; a new one must be asked for.
    Over,
}

/// A guest who has shown that the number is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) phone: Phone,
    pub(crate) consents: Consents,
}

#[derive(Debug)]
struct Asked {
    phone: Phone,
    consents: Consents,
    code: Code,
    until: Timestamp,
    tries: u8,
}

#[derive(Debug)]
struct Sitting {
    device: Mac,
    until: Timestamp,
    asked: Option<Asked>,
}

/// When SMS were sent, oldest first.
type Sent = VecDeque<Timestamp>;

/// All sittings, and the SMS they cost.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    sittings: HashMap<Token, Sitting>,
    by_phone: HashMap<Phone, Sent>,
    by_device: HashMap<Mac, Sent>,
    sent: Sent,
}

impl Desk {
    /// Begins a sitting of a device; an older one of it is over. `false` when the house is full.
    pub(crate) fn begin(&mut self, device: Mac, token: Token, now: Timestamp) -> bool {
        self.sittings.retain(|_, sitting| sitting.until > now && sitting.device != device);
        if self.sittings.len() >= SITTINGS_MAX {
            return false;
        }
        let until = now.plus_ms(SITTING_MS_MAX);
        self.sittings.insert(token, Sitting { device, until, asked: None });
        true
    }

    /// The number for which a code was asked, if one was.
    pub(crate) fn asked(
        &self,
        token: &Token,
        device: Mac,
        now: Timestamp,
    ) -> Result<Option<&Phone>, Denied> {
        let sitting = self.sittings.get(token).filter(|s| s.device == device && s.until > now);
        Ok(sitting.ok_or(Denied::Gone)?.asked.as_ref().map(|asked| &asked.phone))
    }

    /// Takes a number, for which `code` is to be sent now; an earlier code is none any more.
    pub(crate) fn ask(
        &mut self,
        token: &Token,
        device: Mac,
        (phone, consents): (Phone, Consents),
        code: Code,
        now: Timestamp,
    ) -> Result<(), Denied> {
        self.asked(token, device, now)?;
        forget_before(&mut self.by_phone, now.plus_ms(-DAY_MS));
        forget_before(&mut self.by_device, now.plus_ms(-DAY_MS));
        drop_before(&mut self.sent, now.plus_ms(-HOUR_MS));
        let of_phone = self.by_phone.get(&phone);
        if let Some(last) = of_phone.and_then(|sent| sent.back()) {
            let wait_ms = PHONE_PAUSE_MS - (now.micros() - last.micros()) / 1_000;
            if wait_ms > 0 {
                return Err(Denied::TooSoon((wait_ms + 999) / 1_000));
            }
        }
        let is_enough = of_phone.is_some_and(|sent| sent.len() >= PHONE_SENT_MAX)
            || self.by_device.get(&device).is_some_and(|sent| sent.len() >= DEVICE_SENT_MAX);
        if is_enough {
            return Err(Denied::Enough);
        }
        if self.sent.len() >= STORE_SENT_MAX {
            return Err(Denied::Busy);
        }
        self.by_phone.entry(phone.clone()).or_default().push_back(now);
        self.by_device.entry(device).or_default().push_back(now);
        self.sent.push_back(now);
        let until = now.plus_ms(CODE_MS_MAX);
        let sitting = self.sittings.get_mut(token).ok_or(Denied::Gone)?;
        sitting.asked = Some(Asked { phone, consents, code, until, tries: TRIES_MAX });
        Ok(())
    }

    /// Takes a code; the right one ends the sitting.
    pub(crate) fn enter(
        &mut self,
        token: &Token,
        device: Mac,
        code: &str,
        now: Timestamp,
    ) -> Result<Shown, Denied> {
        self.asked(token, device, now)?;
        let sitting = self.sittings.get_mut(token).ok_or(Denied::Gone)?;
        let asked = sitting.asked.as_mut().filter(|a| a.until > now && a.tries > 0);
        let asked = asked.ok_or(Denied::Over)?;
        if !is_same(&asked.code, code.trim().as_bytes()) {
            asked.tries -= 1;
            return Err(if asked.tries == 0 { Denied::Over } else { Denied::Wrong(asked.tries) });
        }
        let shown = Shown { phone: asked.phone.clone(), consents: asked.consents };
        self.sittings.remove(token);
        Ok(shown)
    }
}

/// Compares in the same time wherever they differ.
fn is_same(code: &Code, typed: &[u8]) -> bool {
    let differ = code.iter().zip(typed).fold(0, |sum, (a, b)| sum | (a ^ b));
    typed.len() == code.len() && differ == 0
}

fn drop_before(sent: &mut Sent, before: Timestamp) {
    while sent.front().is_some_and(|at| *at < before) {
        sent.pop_front();
    }
}

fn forget_before<K: std::hash::Hash + Eq>(all: &mut HashMap<K, Sent>, before: Timestamp) {
    all.retain(|_, sent| {
        drop_before(sent, before);
        !sent.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: Code = *b"481729";
    const TOKEN: Token = [7; TOKEN_BYTES];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + seconds * 1_000_000)
    }

    fn device(n: u8) -> Mac {
        format!("d2:00:00:00:00:{n:02x}").parse().unwrap()
    }

    fn phone(n: u32) -> Phone {
        Phone::read(&format!("138{n:08}")).unwrap()
    }

    fn asking(n: u32) -> (Phone, Consents) {
        (phone(n), Consents::default())
    }

    fn desk() -> Desk {
        let mut desk = Desk::default();
        assert!(desk.begin(device(1), TOKEN, at(0)));
        desk
    }

    #[test]
    fn the_right_code_shows_that_the_number_is_theirs_and_opens_once() {
        let mut desk = desk();
        desk.ask(&TOKEN, device(1), (phone(1), Consents { is_marketing: true }), CODE, at(0))
            .unwrap();
        assert_eq!(desk.enter(&TOKEN, device(1), "000000", at(1)), Err(Denied::Wrong(4)));
        let shown = desk.enter(&TOKEN, device(1), " 481729 ", at(2)).unwrap();
        assert_eq!((shown.phone, shown.consents.is_marketing), (phone(1), true));
        assert_eq!(desk.enter(&TOKEN, device(1), "481729", at(3)), Err(Denied::Gone));
    }

    #[test]
    fn guessing_ends_after_five_tries_and_a_code_after_five_minutes() {
        let mut desk = desk();
        desk.ask(&TOKEN, device(1), asking(1), CODE, at(0)).unwrap();
        for left in [4, 3, 2, 1] {
            assert_eq!(desk.enter(&TOKEN, device(1), "000000", at(1)), Err(Denied::Wrong(left)));
        }
        assert_eq!(desk.enter(&TOKEN, device(1), "000000", at(1)), Err(Denied::Over));
        assert_eq!(desk.enter(&TOKEN, device(1), "481729", at(1)), Err(Denied::Over));
        desk.ask(&TOKEN, device(1), asking(1), CODE, at(60)).unwrap();
        assert_eq!(desk.enter(&TOKEN, device(1), "481729", at(60 + 300)), Err(Denied::Over));
    }

    #[test]
    fn a_sitting_is_of_one_device() {
        let mut desk = desk();
        desk.ask(&TOKEN, device(1), asking(1), CODE, at(0)).unwrap();
        assert_eq!(desk.enter(&TOKEN, device(2), "481729", at(1)), Err(Denied::Gone));
        assert_eq!(desk.enter(&[8; TOKEN_BYTES], device(1), "481729", at(1)), Err(Denied::Gone));
        assert!(desk.begin(device(1), [8; TOKEN_BYTES], at(2)));
        assert_eq!(desk.enter(&TOKEN, device(1), "481729", at(3)), Err(Denied::Gone));
    }

    #[test]
    fn sms_are_counted_for_the_number_the_device_and_the_store() {
        let mut desk = desk();
        desk.ask(&TOKEN, device(1), asking(1), CODE, at(0)).unwrap();
        assert_eq!(desk.ask(&TOKEN, device(1), asking(1), CODE, at(1)), Err(Denied::TooSoon(59)));
        for n in 1..5 {
            desk.ask(&TOKEN, device(1), asking(1), CODE, at(n * 60)).unwrap();
        }
        assert_eq!(desk.ask(&TOKEN, device(1), asking(1), CODE, at(300)), Err(Denied::Enough));
        for n in 2..5 {
            desk.ask(&TOKEN, device(1), asking(n), CODE, at(301)).unwrap();
        }
        assert_eq!(desk.ask(&TOKEN, device(1), asking(9), CODE, at(302)), Err(Denied::Enough));
        // A day later both have begun anew; the sitting has not lasted so long.
        let day = DAY_MS / 1_000 + 400;
        assert!(desk.begin(device(1), TOKEN, at(day)));
        desk.ask(&TOKEN, device(1), asking(1), CODE, at(day)).unwrap();

        let mut store = Desk::default();
        for n in 0..300_u32 {
            let (mac, token) =
                (device(u8::try_from(n % 200).unwrap()), [u8::try_from(n % 200).unwrap(); 16]);
            assert!(store.begin(mac, token, at(0)));
            store.ask(&token, mac, asking(1_000 + n), CODE, at(0)).unwrap();
        }
        assert!(store.begin(device(250), TOKEN, at(1)));
        assert_eq!(store.ask(&TOKEN, device(250), asking(9), CODE, at(1)), Err(Denied::Busy));
        store.ask(&TOKEN, device(250), asking(9), CODE, at(1_000)).unwrap_err();
    }

    #[test]
    fn the_house_is_full_at_its_limit_and_empties_by_itself() {
        let mut desk = Desk::default();
        for n in 0..SITTINGS_MAX {
            let mac = format!("d2:00:00:00:{:02x}:{:02x}", n / 256, n % 256).parse().unwrap();
            let mut token = [0; TOKEN_BYTES];
            token[..8].copy_from_slice(&n.to_be_bytes());
            assert!(desk.begin(mac, token, at(0)));
        }
        assert!(!desk.begin("d6:00:00:00:00:01".parse().unwrap(), TOKEN, at(1)));
        assert!(desk.begin("d6:00:00:00:00:01".parse().unwrap(), TOKEN, at(1_801)));
        assert_eq!(desk.sittings.len(), 1);
    }

    /// What a crowd of guests, honest or not, does at the desk.
    #[derive(Clone, Debug)]
    enum Deed {
        Begin(u8),
        Ask(u8, u8, u32),
        Enter(u8, u8, bool, String),
        Wait(i64),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let (device, token) = (0..3_u8, 0..4_u8);
        let deed = prop_oneof![
            device.clone().prop_map(Deed::Begin),
            (device.clone(), token.clone(), 0..3_u32).prop_map(|(d, t, p)| Deed::Ask(d, t, p)),
            (device, token, any::<bool>(), "\\PC{0,8}")
                .prop_map(|(d, t, is_right, text)| { Deed::Enter(d, t, is_right, text) }),
            prop_oneof![0..90_i64, 200..400_i64, 3_000..90_000_i64].prop_map(Deed::Wait),
        ];
        proptest::collection::vec(deed, 0..120)
    }

    /// An SMS that was sent: whose sitting, for whom, when, with which code, and the wrong tries at
    /// it.
    struct Message {
        token: u8,
        device: u8,
        phone: u32,
        at: i64,
        code: String,
        tries: u8,
        is_spent: bool,
    }

    proptest! {
        #[test]
        fn no_crowd_gets_more_messages_than_there_are_or_in_without_its_own_code(deeds in deeds()) {
            let (mut desk, mut now) = (Desk::default(), 0_i64);
            let mut sent: Vec<Message> = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Wait(seconds) => now += seconds,
                    // Each device has a sitting of its own token, as the mint gives it.
                    Deed::Begin(n) => {
                        prop_assert!(desk.begin(device(n), [n; TOKEN_BYTES], at(now)));
                        sent.iter_mut().filter(|m| m.device == n).for_each(|m| m.is_spent = true);
                    }
                    Deed::Ask(n, token, phone) => {
                        let number = sent.len() + 100_000;
                        let code: Code = format!("{number:06}").into_bytes().try_into().unwrap();
                        let key = [token; TOKEN_BYTES];
                        if desk.ask(&key, device(n), asking(phone), code, at(now)).is_ok() {
                            prop_assert_eq!(n, token, "a sitting of another device");
                            sent.iter_mut().filter(|m| m.token == token).for_each(|m| m.is_spent = true);
                            sent.push(Message {
                                token, device: n, phone, at: now, code: format!("{number:06}"),
                                tries: 0, is_spent: false,
                            });
                        }
                    }
                    Deed::Enter(n, token, is_right, text) => {
                        let last = sent.iter_mut().rev().find(|m| m.token == token);
                        let typed = match &last {
                            Some(message) if is_right => message.code.clone(),
                            _ => text,
                        };
                        let entered = desk.enter(&[token; TOKEN_BYTES], device(n), &typed, at(now));
                        let Some(message) = last else {
                            prop_assert!(entered.is_err());
                            continue;
                        };
                        let is_theirs = n == token && typed.trim() == message.code;
                        match entered {
                            Ok(shown) => {
                                prop_assert!(is_theirs && !message.is_spent && message.tries < 5);
                                prop_assert!(now - message.at < 300);
                                prop_assert_eq!(shown.phone, phone(message.phone));
                                message.is_spent = true;
                            }
                            Err(Denied::Wrong(_) | Denied::Over) if !is_theirs => message.tries += 1,
                            Err(_) => {}
                        }
                    }
                }
            }
            for (place, one) in sent.iter().enumerate() {
                let day = |m: &&Message| m.at <= one.at && one.at - m.at < 86_400;
                let before = || sent.iter().take(place + 1).filter(day);
                prop_assert!(before().filter(|m| m.phone == one.phone).count() <= 5);
                prop_assert!(before().filter(|m| m.device == one.device).count() <= 8);
                let mut earlier = sent.iter().take(place).filter(|m| m.phone == one.phone);
                prop_assert!(earlier.next_back().is_none_or(|m| one.at - m.at >= 60));
            }
        }
    }
}
