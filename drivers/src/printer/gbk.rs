//! Text as a Chinese receipt printer understands it: GBK, one byte a column, two for a hanzi.
//!
//! Every text comes out printable: what GBK lacks is replaced, and control characters are taken
//! out, so that the name of an item can never carry a printer command.
//!
//! **Invariant:** no byte below 0x20 and no 0x7f leaves this room.

use encoding_rs::{EncoderResult, GBK};

/// What stands for a character that neither GBK nor the substitutes know.
const UNKNOWN: char = '?';

/// Characters that printers lack, and what people accept in their place.
///
/// The yen sign of Latin-1 is not in GBK while the full-width one is. Accented Latin letters that
/// the pinyin block does not hold lose their accent, as on airline tickets.
const SUBSTITUTES: &[(char, &str)] = &[
    ('\t', " "),
    ('\n', " "),
    ('\r', " "),
    ('\u{a0}', " "),
    ('¡', "!"),
    ('¢', "c"),
    ('£', "￡"),
    ('¥', "￥"),
    ('¦', "|"),
    ('©', "(c)"),
    ('ª', "a"),
    ('«', "《"),
    ('®', "(R)"),
    ('¯', "-"),
    ('²', "2"),
    ('³', "3"),
    ('´', "'"),
    ('µ', "μ"),
    ('¸', ","),
    ('¹', "1"),
    ('º', "°"),
    ('»', "》"),
    ('¼', "1/4"),
    ('½', "1/2"),
    ('¾', "3/4"),
    ('¿', "?"),
    ('ß', "ss"),
    ('Æ', "AE"),
    ('æ', "ae"),
    ('Œ', "OE"),
    ('œ', "oe"),
    ('ı', "i"),
    ('ł', "l"),
    ('Ł', "L"),
    ('\u{2010}', "-"),
    ('\u{2011}', "-"),
    ('\u{2012}', "-"),
    ('\u{2022}', "·"),
    ('\u{2027}', "·"),
    ('\u{2030}', "‰"),
    ('\u{2039}', "<"),
    ('\u{203a}', ">"),
    ('\u{2044}', "/"),
    ('\u{2122}', "TM"),
    ('\u{2212}', "-"),
    ('\u{2219}', "·"),
    ('\u{2713}', "√"),
    ('\u{2714}', "√"),
    ('\u{301c}', "～"),
    ('\u{30fb}', "·"),
];

/// Letters whose accent is dropped, by base letter.
const ACCENTED: &[(&str, &str)] = &[
    ("ÀÁÂÃÄÅĀĂĄ", "A"),
    ("âãäåăą", "a"),
    ("ÇĆČ", "C"),
    ("çćč", "c"),
    ("Ð", "D"),
    ("ð", "d"),
    ("ÈÉÊËĒĖĘĚ", "E"),
    ("ëėę", "e"),
    ("ğ", "g"),
    ("Ğ", "G"),
    ("ÌÍÎÏĪİ", "I"),
    ("îï", "i"),
    ("ÑŃŇ", "N"),
    ("ñ", "n"),
    ("ÒÓÔÕÖØŌŐ", "O"),
    ("ôõöøő", "o"),
    ("Řř", "r"),
    ("ŚŞŠ", "S"),
    ("śşš", "s"),
    ("ÙÚÛÜŪŮŰ", "U"),
    ("ûůű", "u"),
    ("Ý", "Y"),
    ("ýÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
];

/// The text as it can stand on paper: every character of the answer has a GBK code.
///
/// Applying it twice changes nothing more.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_printable(character, &mut out);
    }
    out
}

/// Whether paper shows every sign of the text, its own or one that people accept in its place: nothing
/// becomes a question mark, and of a text that says something not everything is left out.
#[must_use]
pub fn is_legible(text: &str) -> bool {
    let mut out = String::new();
    for character in text.chars() {
        let before = out.len();
        push_printable(character, &mut out);
        let is_unknown = out.get(before..).is_some_and(|shown| shown.contains(UNKNOWN));
        if is_unknown && !matches!(character, UNKNOWN | '¿') {
            return false;
        }
    }
    text.trim().is_empty() || !out.trim().is_empty()
}

/// The bytes for the printer, in Chinese mode and without any code page.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in printable(text).chars() {
        match code(character) {
            Some(Code::Single(byte)) => bytes.push(byte),
            Some(Code::Pair(pair)) => bytes.extend_from_slice(&pair),
            None => {}
        }
    }
    bytes
}

/// How many columns the text takes on paper: as many as it has GBK bytes.
#[must_use]
pub fn width(text: &str) -> usize {
    printable(text).chars().map(columns).sum()
}

/// Columns of one printable character.
pub(crate) fn columns(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

/// A character's place in GBK.
enum Code {
    Single(u8),
    Pair([u8; 2]),
}

/// The code of a character that printers can print, without substitution.
fn code(character: char) -> Option<Code> {
    if character.is_ascii() {
        let byte = u8::try_from(character).ok()?;
        return (0x20..0x7f).contains(&byte).then_some(Code::Single(byte));
    }
    if character == '€' {
        // The Encoding Standard gives the single byte 0x80, which printers do not know.
        return Some(Code::Pair([0xa2, 0xe3]));
    }
    if ('\u{e000}'..='\u{f8ff}').contains(&character) {
        return None;
    }
    // The encoder wants room for its longest answer, or it writes nothing.
    let mut room = [0_u8; 8];
    let mut utf8 = [0_u8; 4];
    let (result, _, written) = GBK.new_encoder().encode_from_utf8_without_replacement(
        character.encode_utf8(&mut utf8),
        &mut room,
        true,
    );
    match room.get(..written) {
        Some([lead, trail]) if result == EncoderResult::InputEmpty => {
            Some(Code::Pair([*lead, *trail]))
        }
        Some(_) | None => None,
    }
}

fn push_printable(character: char, out: &mut String) {
    if matches!(character, ' '..='~') {
        out.push(character);
    } else if let Some((_, instead)) = SUBSTITUTES.iter().find(|(from, _)| *from == character) {
        out.push_str(instead);
    } else if is_invisible(character) {
        // Nothing to print: controls, joiners, accents on their own, pictures.
    } else if code(character).is_some() {
        out.push(character);
    } else if let Some((_, base)) = ACCENTED.iter().find(|(set, _)| set.contains(character)) {
        out.push_str(base);
    } else if is_blank(character) {
        out.push(' ');
    } else {
        out.push(UNKNOWN);
    }
}

/// Spaces of typographers, which paper shows as one space.
fn is_blank(character: char) -> bool {
    matches!(character, '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}')
}

/// Characters that are dropped without a sign: they have no width, or are pictures for screens.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{300}'..='\u{36f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{1f000}'..='\u{1faff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
