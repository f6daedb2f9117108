//! Goods in words: `sku tea, cake or brand 大益 with tag new without tag clearance`.
//!
//! **Invariant:** what `write` writes, `read` reads back as the same value.

use super::words::{Unclear, Words, unclear, word};
use crate::pricing::goods::{Goods, Select};

/// Every item.
const EVERYTHING: &str = "everything";

/// What goods can be known by, as it is written before a name.
const KINDS: [&str; 7] = ["sku", "style", "category", "brand", "tag", "attribute", "set"];

/// Reads goods to their end; what follows is left.
pub(super) fn read(words: &mut Words) -> Result<Goods, Unclear> {
    let mut goods = Goods::everything();
    if !words.takes(EVERYTHING) {
        goods.any = selects(words)?;
    }
    if words.takes("with") {
        goods.all = selects(words)?;
    }
    if words.takes("without") {
        goods.except = selects(words)?;
    }
    Ok(goods)
}

fn selects(words: &mut Words) -> Result<Vec<Select>, Unclear> {
    let mut selects = Vec::new();
    loop {
        let Some(kind) = words.peek().and_then(|w| KINDS.into_iter().find(|kind| *kind == w))
        else {
            return unclear(format!(
                "expected goods ({} or {EVERYTHING}){}",
                KINDS.join(", "),
                words.instead()
            ));
        };
        words.needs(kind)?;
        for name in words.names("a name")? {
            selects.push(select(kind, name));
        }
        if !words.takes("or") {
            return Ok(selects);
        }
    }
}

fn select(kind: &str, name: String) -> Select {
    match kind {
        "style" => Select::Style(name),
        "category" => Select::Category(name),
        "brand" => Select::Brand(name),
        "tag" => Select::Tag(name),
        "attribute" => Select::Attribute(name),
        "set" => Select::Set(name),
        // `KINDS` has one more.
        _ => Select::Sku(name),
    }
}

/// Goods as they are written inside another clause.
pub(super) fn write(goods: &Goods) -> String {
    let any = if goods.any.is_empty() { EVERYTHING.to_owned() } else { list(&goods.any) };
    let part = |before: &str, selects: &[Select]| {
        if selects.is_empty() { String::new() } else { format!(" {before} {}", list(selects)) }
    };
    format!("{any}{}{}", part("with", &goods.all), part("without", &goods.except))
}

fn list(selects: &[Select]) -> String {
    let mut text = String::new();
    let mut last = "";
    for select in selects {
        let (kind, name) = parts(select);
        if text.is_empty() {
            text.push_str(kind);
            text.push(' ');
        } else if kind == last {
            text.push_str(", ");
        } else {
            text.push_str(" or ");
            text.push_str(kind);
            text.push(' ');
        }
        text.push_str(&word(name));
        last = kind;
    }
    text
}

fn parts(select: &Select) -> (&'static str, &str) {
    match select {
        Select::Sku(name) => ("sku", name),
        Select::Style(name) => ("style", name),
        Select::Category(name) => ("category", name),
        Select::Brand(name) => ("brand", name),
        Select::Tag(name) => ("tag", name),
        Select::Attribute(name) => ("attribute", name),
        Select::Set(name) => ("set", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_read_back_as_they_are_written() {
        for text in [
            "everything",
            "sku tea",
            "sku tea, cake or brand 大益 with tag new without tag clearance, sample",
            "everything without category 食品/零食 or set drinks",
            "attribute colour=red or sku \"a b\"",
        ] {
            let mut words = Words::of(text).unwrap();
            assert_eq!(write(&read(&mut words).unwrap()), text);
            assert_eq!(words.end(), Ok(()));
        }
    }

    #[test]
    fn what_is_not_goods_is_said() {
        for (text, what) in [
            (
                "tea",
                "expected goods (sku, style, category, brand, tag, attribute, set or everything) at `tea`",
            ),
            ("sku", "expected a name at the end of the line"),
            (
                "sku a or b",
                "expected goods (sku, style, category, brand, tag, attribute, set or everything) at `b`",
            ),
        ] {
            let got = Words::of(text).and_then(|mut words| read(&mut words));
            assert_eq!(got.map_err(|e| e.0), Err(what.to_owned()));
        }
    }
}
