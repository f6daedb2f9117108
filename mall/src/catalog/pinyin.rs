//! The 拼音 of a name: what a cashier types to find it.
//!
//! One reading per sign, the usual one; a sign with several readings may be found under only one
//! of them, except those of `READINGS`, which the shelves of a shop are full of.
//!
//! **Invariant:** the same name always gives the same letters.

use domain::find::is_ideograph;
use pinyin::ToPinyin as _;

/// Signs whose usual reading in names of goods is another than the table's first.
const READINGS: [(&str, &[&str]); 8] = [
    ("重庆", &["chong", "qing"]),
    ("长城", &["chang", "cheng"]),
    ("长裤", &["chang", "ku"]),
    ("长袖", &["chang", "xiu"]),
    ("长裙", &["chang", "qun"]),
    ("长款", &["chang", "kuan"]),
    ("西藏", &["xi", "zang"]),
    ("银行", &["yin", "hang"]),
];

/// First letters and full 拼音 of a name without tones or spaces; letters and digits of the name
/// stand as they are. A name without Chinese signs has neither: its words find it.
pub(super) fn letters(name: &str) -> (String, String) {
    let (mut initials, mut full) = (String::new(), String::new());
    if !name.chars().any(is_ideograph) {
        return (initials, full);
    }
    let mut rest = name;
    while let Some(sign) = rest.chars().next() {
        if let Some((word, readings)) = READINGS.iter().find(|(word, _)| rest.starts_with(word)) {
            for reading in *readings {
                push(&mut initials, &mut full, reading);
            }
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        if let Some(reading) = sign.to_pinyin() {
            // The table writes ü as it is; people type v.
            push(&mut initials, &mut full, &reading.plain().replace('ü', "v"));
        } else if sign.is_ascii_alphanumeric() {
            let lower = sign.to_ascii_lowercase();
            initials.push(lower);
            full.push(lower);
        }
        rest = rest.get(sign.len_utf8()..).unwrap_or_default();
    }
    (initials, full)
}

fn push(initials: &mut String, full: &mut String, reading: &str) {
    initials.extend(reading.chars().next());
    full.push_str(reading);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_the_letters_that_people_type() {
        let table = [
            ("羊毛混纺针织衫", "ymhfzzs", "yangmaohunfangzhenzhishan"),
            ("可口可乐", "kkkl", "kekoukele"),
            ("A4 复印纸", "a4fyz", "a4fuyinzhi"),
            ("长袖T恤", "cxtx", "changxiutxu"),
            ("绿茶", "lc", "lvcha"),
            ("Pistou d'ail", "", ""),
        ];
        for (name, initials, full) in table {
            assert_eq!(letters(name), (initials.to_owned(), full.to_owned()), "{name}");
        }
    }
}
