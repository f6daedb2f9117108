//! What a phone joins with, what it is known by, and what its cart is called at a till.
//!
//! **Invariant:** no clock and no random number here; what somebody presents is compared in a time
//! that tells nothing about how much of it was right.

use domain::{
    id::{Id, PhoneCartId, PhoneId},
    receipt_number::{WORKSTATION_MAX, WorkstationNumber},
    time::Timestamp,
};
use ring::hmac;
use sync::chain::hex;
use uuid::Uuid;

/// Half of HMAC-SHA256's bytes: nobody guesses 128 bits, and a QR stays coarse enough for a cheap
/// camera.
const MAC_BYTES: usize = 16;
/// A join token on a screen is renewed this often, and taken for as long once more: a photo of the
/// screen is worth nothing after ten minutes.
pub(crate) const JOIN_MS: i64 = 300_000;
/// The number by which the sign-in page of the Wi-Fi lets phones in; no workstation has it.
pub(crate) const PORTAL: WorkstationNumber = 0;
/// A phone is known for a shopping day.
pub(crate) const PHONE_MS: i64 = 12 * 3_600_000;
/// What a cart's QR begins with, so that a till knows it from goods.
pub(crate) const TICKET_HEAD: &str = "G1.";
/// Digits that a shopper reads out.
pub(crate) const CODE_DIGITS: usize = 4;
/// How many codes of four digits there are.
pub(crate) const CODES: u16 = 10_000;

type Mac = [u8; MAC_BYTES];

/// The store's key for all of these.
#[derive(Debug)]
pub(crate) struct Keys(hmac::Key);

impl Keys {
    /// Made of the store's own secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Over what it is for and its parts, of which none can run into the next.
    fn mac(&self, what: &str, parts: &[&[u8]]) -> Mac {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn join_mac(&self, workstation: WorkstationNumber, slot: i64) -> Mac {
        self.mac("join", &[&workstation.to_be_bytes(), &slot.to_be_bytes()])
    }

    /// What a screen of this workstation, or [`PORTAL`], shows just now, for a phone to join with.
    pub(crate) fn join(&self, workstation: WorkstationNumber, now: Timestamp) -> String {
        format!("{workstation}.{}", hex(&self.join_mac(workstation, slot(now))))
    }

    /// The workstation whose screen showed this, unless it was forged or shown too long ago.
    pub(crate) fn read_join(&self, text: &str, now: Timestamp) -> Option<WorkstationNumber> {
        let (workstation, mac) = text.split_once('.')?;
        let workstation: WorkstationNumber = workstation.parse().ok()?;
        let newest = slot(now);
        let is_of =
            |slot| is_same(hex(&self.join_mac(workstation, slot)).as_bytes(), mac.as_bytes());
        // Both are looked at, so that the time it takes says nothing.
        let is_ours = is_of(newest) | is_of(newest - 1);
        (is_ours && (PORTAL..=WORKSTATION_MAX).contains(&workstation)).then_some(workstation)
    }

    /// What a phone carries as its cookie.
    pub(crate) fn cookie(&self, phone: PhoneId, until: Timestamp) -> String {
        let seconds = until.micros().div_euclid(1_000_000);
        let mac = self.mac("phone", &[&phone.bytes(), &seconds.to_be_bytes()]);
        format!("{}.{seconds}.{}", phone.uuid().simple(), hex(&mac))
    }

    /// The phone that carries this cookie, unless it was forged or its day is over.
    pub(crate) fn read_cookie(&self, text: &str, now: Timestamp) -> Option<PhoneId> {
        let mut parts = text.split('.');
        let (phone, seconds, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let (phone, seconds) = (Uuid::try_parse(phone).ok()?, seconds.parse::<i64>().ok()?);
        let phone: PhoneId = Id::from_uuid(phone);
        let expected = self.mac("phone", &[&phone.bytes(), &seconds.to_be_bytes()]);
        let is_ours = is_same(hex(&expected).as_bytes(), mac.as_bytes()) && parts.next().is_none();
        (is_ours && seconds > now.micros().div_euclid(1_000_000)).then_some(phone)
    }

    /// What stands for a phone's address, so that the ledger holds none.
    pub(crate) fn address(&self, address: std::net::IpAddr) -> Mac {
        self.mac("address", &[address.to_string().as_bytes()])
    }

    /// What a cart's QR says: another one for each code that it gets.
    pub(crate) fn ticket(&self, cart: PhoneCartId, code: &str) -> String {
        let mac = self.mac("ticket", &[&cart.bytes(), code.as_bytes()]);
        // Capitals and digits alone take the fewest modules of a QR.
        format!("{TICKET_HEAD}{}", hex(&mac).to_ascii_uppercase())
    }
}

fn slot(now: Timestamp) -> i64 {
    now.micros().div_euclid(JOIN_MS * 1_000)
}

/// How long until the next join token is shown.
pub(crate) fn join_changes_in_ms(now: Timestamp) -> i64 {
    JOIN_MS - now.micros().rem_euclid(JOIN_MS * 1_000) / 1_000
}

/// Compares every byte, however early they differ.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differ == 0
}

/// What somebody presents at a till for a phone's cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// The four digits, read out and typed.
    Code(String),
    /// The QR, as it was scanned.
    Ticket(String),
}

/// Whether a scanned text is the QR of a phone's cart; a keyboard scanner may have bent its case.
pub(crate) fn ticket_in(text: &str) -> Option<Presented> {
    let text = text.trim().to_ascii_uppercase();
    let mac = text.strip_prefix(TICKET_HEAD)?;
    let is_whole = mac.len() == 2 * MAC_BYTES && mac.bytes().all(|b| b.is_ascii_hexdigit());
    is_whole.then_some(Presented::Ticket(text))
}

/// Whether a typed text is four digits.
pub(crate) fn code_in(text: &str) -> Option<Presented> {
    let text = text.trim();
    let is_code = text.len() == CODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    is_code.then(|| Presented::Code(text.to_owned()))
}

/// The first code from `start` on that is not used; `None` when all are.
pub(crate) fn free_code(used: &[String], start: u16) -> Option<String> {
    let from = start % CODES;
    (from..CODES)
        .chain(0..from)
        .map(|n| format!("{n:04}"))
        .find(|code| !used.iter().any(|one| one == code))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_233_600_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(NOON).plus_ms(ms)
    }

    fn keys() -> Keys {
        Keys::new(&[7; 32])
    }

    /// Numbers that look like chance and are the same in every run (`SplitMix64`).
    fn dice(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }
    }

    #[test]
    fn a_join_token_is_taken_for_five_to_ten_minutes_by_this_store_alone() {
        let token = keys().join(12, at(0));
        for (ms, is_taken) in [(0, true), (299_999, true), (599_999, true), (600_000, false)] {
            assert_eq!(keys().read_join(&token, at(ms)).is_some(), is_taken, "{ms}");
        }
        assert_eq!(keys().read_join(&token, at(0)), Some(12));
        assert_eq!(keys().read_join(&keys().join(PORTAL, at(0)), at(0)), Some(PORTAL));
        assert_eq!(keys().read_join(&keys().join(WORKSTATION_MAX + 1, at(0)), at(0)), None);
        assert_eq!(keys().read_join(&token, at(-1)), None, "it was not shown yet");
        assert_eq!(Keys::new(&[8; 32]).read_join(&token, at(0)), None);
        assert_eq!(keys().read_join(&token.replacen("12", "13", 1), at(0)), None);
    }

    #[test]
    fn a_phone_is_known_by_its_own_cookie_until_its_day_is_over() {
        let phone: PhoneId = Id::from_uuid(Uuid::from_u128(5));
        let cookie = keys().cookie(phone, at(PHONE_MS));
        assert_eq!(keys().read_cookie(&cookie, at(0)), Some(phone));
        assert_eq!(keys().read_cookie(&cookie, at(PHONE_MS)), None);
        assert_eq!(keys().read_cookie(&format!("{cookie}.1"), at(0)), None);
        assert_eq!(Keys::new(&[8; 32]).read_cookie(&cookie, at(0)), None);
    }

    #[test]
    fn no_changed_sign_of_a_token_or_cookie_is_taken() {
        let phone: PhoneId = Id::from_uuid(Uuid::from_u128(5));
        let (join, cookie) = (keys().join(3, at(0)), keys().cookie(phone, at(PHONE_MS)));
        let mut next = dice(20_261_122);
        for _ in 0..4_000 {
            let n = next();
            let text = if n.is_multiple_of(2) { &join } else { &cookie };
            let mut bytes = text.clone().into_bytes();
            let place = usize::try_from(next() % 256).unwrap() % bytes.len();
            let sign = u8::try_from(32 + next() % 95).unwrap();
            let is_changed = bytes[place] != sign;
            bytes[place] = sign;
            let bent = String::from_utf8(bytes).unwrap();
            let is_taken = keys().read_join(&bent, at(0)).is_some()
                || keys().read_cookie(&bent, at(0)).is_some();
            // A UUID reads the same in capitals; that is the same phone.
            let is_same_phone = bent.eq_ignore_ascii_case(text);
            assert!(!is_taken || !is_changed || is_same_phone, "{bent} for {text}");
        }
    }

    #[test]
    fn no_text_at_all_makes_reading_fail() {
        let mut next = dice(7);
        for length in 0..600 {
            let text: String = (0..length)
                .map(|_| char::from_u32(u32::try_from(next() % 0x300).unwrap()).unwrap_or('.'))
                .collect();
            assert_eq!(keys().read_join(&text, at(0)), None);
            assert_eq!(keys().read_cookie(&text, at(0)), None);
            assert_eq!(ticket_in(&text), None);
        }
    }

    #[test]
    fn a_ticket_is_told_from_goods_and_typed_words() {
        let cart: PhoneCartId = Id::from_uuid(Uuid::from_u128(1));
        let ticket = keys().ticket(cart, "4817");
        assert_eq!(ticket_in(&ticket), Some(Presented::Ticket(ticket.clone())));
        let bent = ticket.to_ascii_lowercase();
        assert_eq!(ticket_in(&format!(" {bent}\r")), Some(Presented::Ticket(ticket.clone())));
        assert_ne!(ticket, keys().ticket(cart, "4818"));
        for text in ["6901234567892", "G1.", "G1.12", "g1", "4817", "KN2301-GRN-M"] {
            assert_eq!(ticket_in(text), None, "{text}");
        }
        assert_eq!(code_in(" 0042 "), Some(Presented::Code("0042".into())));
        for text in ["", "42", "00420", "4 17", "４８１７", "-123"] {
            assert_eq!(code_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_code_is_one_that_no_open_cart_has() {
        let used: Vec<String> = ["9998", "9999", "0000"].map(str::to_owned).into();
        assert_eq!(free_code(&used, 9_998).as_deref(), Some("0001"));
        assert_eq!(free_code(&used, 19_999).as_deref(), Some("0001"));
        assert_eq!(free_code(&used, 4_817).as_deref(), Some("4817"));
        let all: Vec<String> = (0..CODES).map(|n| format!("{n:04}")).collect();
        assert_eq!(free_code(&all, 3), None);
    }

    #[test]
    fn equal_is_equal_and_nothing_else() {
        for (one, other, is_equal) in
            [("", "", true), ("ab", "ab", true), ("ab", "ac", false), ("ab", "abc", false)]
        {
            assert_eq!(is_same(one.as_bytes(), other.as_bytes()), is_equal, "{one} {other}");
        }
    }
}
