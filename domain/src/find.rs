//! How a typed word meets an item: the words of a name, and who comes first.
//!
//! Both sides use this file: the mall when it writes the search index of a snapshot, the edge when
//! it asks. SQLite's own tokenizers take a run of Chinese as one word or need three signs, so names
//! are cut into pairs here (牛奶 must find 纯牛奶).
//!
//! **Invariant:** no dictionary and no database; 拼音 comes in as text, made once at HQ.

/// Rows that a person can look through; more means "type another sign".
pub const FOUND_MAX: usize = 200;
/// Signs of a query that are looked at.
pub const QUERY_CHARS_MAX: usize = 64;

/// Whether a sign is written without spaces, so that words must be cut by pairs.
#[must_use]
pub const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The words under which a text is indexed: pairs of neighbouring ideographs, each single one that
/// stands alone, and runs of letters or digits in lower case.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(text) {
        let chars: Vec<char> = run.chars().collect();
        match chars.as_slice() {
            [first, _, ..] if is_ideograph(*first) => {
                words.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
            }
            _ => words.push(run),
        }
    }
    words
}

/// Runs of one kind of sign: ideographs, or letters and digits. Everything else divides.
fn runs(text: &str) -> Vec<String> {
    let mut runs: Vec<(bool, String)> = Vec::new();
    let mut divided = true;
    for c in text.chars().flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() {
            divided = true;
            continue;
        }
        let kind = is_ideograph(c);
        match runs.last_mut() {
            Some((last, run)) if *last == kind && !divided => run.push(c),
            _ => runs.push((kind, String::from(c))),
        }
        divided = false;
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

/// What Find knows of an item when it ranks it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// 货号.
    pub sku: &'a str,
    /// The item's name.
    pub name: &'a str,
    /// Spec, size and colour.
    pub spec: &'a str,
    /// First letters of its 拼音, e.g. `ymhfzzs`.
    pub initials: &'a str,
    /// Its 拼音 without tones or spaces, e.g. `yangmaohunfang`.
    pub pinyin: &'a str,
    /// Its first barcode in 14 digits, or empty.
    pub barcode: &'a str,
    /// The number its in-store labels carry, or empty.
    pub plu: &'a str,
}

/// How well an item answers the query: lower is better, `None` is not at all.
///
/// Whole code, then start of code or name, start of 拼音 initials, start of full 拼音, inside the
/// name, the barcode's tail, all words somewhere.
#[must_use]
pub fn rank(query: &str, item: &Candidate<'_>) -> Option<u32> {
    let query = query.trim().to_lowercase();
    let (sku, name) = (item.sku.to_lowercase(), item.name.to_lowercase());
    let letters: String = query.chars().filter(|c| !c.is_whitespace()).collect();
    let is_digits = !letters.is_empty() && letters.bytes().all(|b| b.is_ascii_digit());
    let tests = [
        sku == query || (is_digits && (same_number(item.barcode, &letters) || item.plu == letters)),
        name == query,
        sku.starts_with(&query),
        name.starts_with(&query),
        !letters.is_empty() && item.initials.starts_with(&letters),
        !letters.is_empty() && item.pinyin.starts_with(&letters),
        name.contains(&query),
        is_digits && letters.len() >= TAIL_DIGITS_MIN && item.barcode.ends_with(&letters),
        !letters.is_empty() && item.initials.contains(&letters),
        !letters.is_empty() && item.pinyin.contains(&letters),
        has_all_words(&query, &name, &item.spec.to_lowercase(), &sku),
    ];
    tests.iter().position(|passed| *passed).and_then(|place| u32::try_from(place).ok())
}

/// Fewer digits than this are a quantity or a price, not the end of a barcode.
pub const TAIL_DIGITS_MIN: usize = 4;

fn same_number(barcode: &str, digits: &str) -> bool {
    !barcode.is_empty() && barcode.trim_start_matches('0') == digits.trim_start_matches('0')
}

fn has_all_words(query: &str, name: &str, spec: &str, sku: &str) -> bool {
    let mut parts = query.split_whitespace().peekable();
    parts.peek().is_some()
        && parts.all(|part| [name, spec, sku].iter().any(|text| text.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_pairs_and_lower_case_runs() {
        let table = [
            ("纯牛奶 250ml", "纯牛|牛奶|250ml"),
            ("羊毛混纺Knit针织衫", "羊毛|毛混|混纺|knit|针织|织衫"),
            ("奶", "奶"),
            ("Pistou d'ail", "pistou|d|ail"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(words(text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn the_better_answer_has_the_lower_rank() {
        let knit = Candidate {
            sku: "KN2301-GRN-M",
            name: "羊毛混纺针织衫",
            spec: "M 墨绿",
            initials: "ymhfzzs",
            pinyin: "yangmaohunfangzhenzhishan",
            barcode: "09520001000013",
            plu: "20006",
        };
        let table = [
            ("kn2301-grn-m", Some(0)),
            ("9520001000013", Some(0)),
            ("20006", Some(0)),
            ("羊毛混纺针织衫", Some(1)),
            ("KN23", Some(2)),
            ("羊毛", Some(3)),
            ("ymhf", Some(4)),
            ("yangmao", Some(5)),
            ("yang mao", Some(5)),
            ("针织", Some(6)),
            ("0013", Some(7)),
            ("zzs", Some(8)),
            ("zhenzhi", Some(9)),
            ("针织 墨绿", Some(10)),
            ("棉", None),
            ("013", None),
        ];
        for (query, expected) in table {
            assert_eq!(rank(query, &knit), expected, "{query}");
        }
    }
}
