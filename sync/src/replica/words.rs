//! The words under which a replica's index finds an item.
//!
//! A store asks the index for words that *begin* with what was typed. Names are cut into words by
//! `domain::find::words`; for 拼音 there is nothing to cut at, so every end of the letters that
//! begins at a syllable is a word of its own: `zzs` finds 羊毛混纺针织衫 because `zzs` is the end of
//! `ymhfzzs`, and `zhenzhi` because `zhenzhishan` is the end of its 拼音.
//!
//! **Invariant:** only what travels with the item is used, so that a store that applies a change
//! can write the same words as a snapshot.

use std::collections::BTreeSet;

use domain::find;

use crate::wire::ItemV1;

/// Syllables of a name that get ends of their own; more does not fit a label either.
const SYLLABLES_MAX: usize = 24;
/// Letters of a word of 拼音; nobody types more before looking.
const LETTERS_MAX: usize = 32;
/// A single letter finds everything, and so nothing.
const LETTERS_MIN: usize = 2;

/// The words of an item, each once, in the order of their letters.
#[must_use]
pub fn item_words(item: &ItemV1) -> BTreeSet<String> {
    let texts = [&item.name, &item.spec, &item.brand, &item.sku];
    let mut words: BTreeSet<String> =
        texts.into_iter().flat_map(|text| find::words(text)).collect();
    let initials: String = item.initials.chars().take(SYLLABLES_MAX).collect();
    words.extend(ends(&initials, 0..initials.len()));
    words.extend(ends(&item.pinyin, syllables(&item.initials, &item.pinyin)));
    words
}

fn ends(letters: &str, starts: impl IntoIterator<Item = usize>) -> Vec<String> {
    starts
        .into_iter()
        .filter_map(|start| letters.get(start..))
        .filter(|end| end.len() >= LETTERS_MIN)
        .map(|end| end.chars().take(LETTERS_MAX).collect())
        .collect()
}

/// Where the syllables of a 拼音 begin: each begins with its initial and reads like a syllable.
///
/// Where the letters do not fit the initials, only the first place is given.
fn syllables(initials: &str, pinyin: &str) -> Vec<usize> {
    let initials: Vec<u8> = initials.bytes().collect();
    let mut starts = Vec::new();
    if !fit(&initials, pinyin.as_bytes(), 0, &mut starts) {
        starts = vec![0];
    }
    starts.truncate(SYLLABLES_MAX);
    starts
}

/// Tries syllables of every length, longest first, until all letters are used up; a dead end goes
/// back one syllable. Six letters is the longest (zhuang), so the work stays small.
fn fit(initials: &[u8], rest: &[u8], at: usize, starts: &mut Vec<usize>) -> bool {
    let Some((initial, others)) = initials.split_first() else {
        return rest.is_empty();
    };
    if rest.first() != Some(initial) {
        return false;
    }
    starts.push(at);
    for length in (1..=rest.len().min(6)).rev() {
        let (syllable, after) = rest.split_at(length);
        let goes_on = others.first() == after.first();
        if goes_on && is_syllable(syllable) && fit(others, after, at + length, starts) {
            return true;
        }
    }
    starts.pop();
    false
}

/// Consonants, vowels, and `n`, `ng` or `r` at the end; a letter or digit of the name alone.
fn is_syllable(letters: &[u8]) -> bool {
    if letters.len() == 1 {
        return true;
    }
    let is_vowel = |byte: &u8| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'v');
    let n_consonants = letters.iter().take_while(|byte| !is_vowel(byte)).count();
    let (head, rest) = letters.split_at(n_consonants);
    let n_vowels = rest.iter().take_while(|byte| is_vowel(byte)).count();
    let (_, tail) = rest.split_at(n_vowels);
    let is_head = head.len() <= 1 || matches!(head, b"zh" | b"ch" | b"sh");
    (1..=4).contains(&n_vowels) && is_head && matches!(tail, b"" | b"n" | b"ng" | b"r")
}

#[cfg(test)]
mod tests {
    use domain::{
        catalog::Unit,
        money::{BasisPoints, Money},
    };

    use super::*;

    fn item(name: &str, initials: &str, pinyin: &str) -> ItemV1 {
        ItemV1 {
            sku: "KN23".into(),
            name: name.into(),
            spec: "M 墨绿".into(),
            unit: Unit::Piece,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: "青垄".into(),
            category: "x".into(),
            list_price_minor: Money::ZERO,
            tax_rate_bps: BasisPoints(0),
            plu: String::new(),
            tags: Vec::new(),
            barcodes: Vec::new(),
            initials: initials.into(),
            pinyin: pinyin.into(),
        }
    }

    #[test]
    fn an_item_is_found_by_the_start_of_any_of_its_words() {
        let words = item_words(&item("羊毛混纺针织衫", "ymhfzzs", "yangmaohunfangzhenzhishan"));
        let queries =
            ["kn23", "针织", "墨绿", "青垄", "ymhf", "zzs", "zs", "maohun", "zhenzhi", "shan"];
        for query in queries {
            assert!(words.iter().any(|word| word.starts_with(query)), "{query} in {words:?}");
        }
        for query in ["angmao", "engzhi", "x"] {
            assert!(!words.iter().any(|word| word.starts_with(query)), "{query} in {words:?}");
        }
        assert_eq!(item_words(&item("Pistou", "", "")).len(), 5);
    }

    #[test]
    fn syllables_are_cut_where_they_begin() {
        let table = [
            ("cnn", "chunniunai", "0 4 7"),
            ("ymhfzzs", "yangmaohunfangzhenzhishan", "0 4 7 10 14 18 21"),
            ("xa", "xian", "0 2"),
            ("x", "xian", "0"),
            ("a4fyz", "a4fuyinzhi", "0 1 2 4 7"),
            ("nng", "niuniugan", "0 3 6"),
            ("e", "er", "0"),
            ("", "", ""),
        ];
        for (initials, pinyin, starts) in table {
            let got: Vec<String> =
                syllables(initials, pinyin).iter().map(ToString::to_string).collect();
            assert_eq!(got.join(" "), starts, "{initials} {pinyin}");
        }
    }

    #[test]
    fn a_long_name_has_a_bounded_number_of_words() {
        let name = "好".repeat(200);
        let words = item_words(&item(&name, &"h".repeat(200), &"hao".repeat(200)));
        assert!(words.len() < 3 * SYLLABLES_MAX, "{}", words.len());
    }
}
