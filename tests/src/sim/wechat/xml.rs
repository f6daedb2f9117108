//! `WeChat` Pay v2's XML: one flat element, signed over its sorted fields.
//!
//! **Invariant:** no document type, no entity but the five of XML itself, no second level.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};

use crate::sim::{
    access::WECHAT,
    keys::{hmac_hex, md5_hex},
    mint,
};

/// Names and values of an element.
pub(crate) type Fields = BTreeMap<String, String>;

/// Reads a body, or says what is wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<Fields, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let mut reader = Reader::from_str(text);
    let (mut fields, mut name, mut value, mut depth) =
        (Fields::new(), String::new(), String::new(), 0);
    loop {
        match reader.read_event().map_err(|_| "no XML")? {
            Event::Start(start) => {
                depth += 1;
                let local = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                match depth {
                    1 if local == "xml" => {}
                    2 => (name, value) = (local, String::new()),
                    _ => return Err("not one flat <xml>"),
                }
            }
            Event::Text(text) if depth == 2 => value.push_str(&text.decode().map_err(|_| "text")?),
            Event::CData(text) if depth == 2 => value.push_str(&text.decode().map_err(|_| "text")?),
            Event::GeneralRef(reference) => {
                let entity = reference.decode().map_err(|_| "entity")?;
                let known = match reference.resolve_char_ref().map_err(|_| "entity")? {
                    Some(one) => one,
                    None => match &*entity {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return Err("an entity of its own"),
                    },
                };
                value.push(known);
            }
            Event::End(_) => {
                if depth == 2 && fields.insert(name.clone(), value.clone()).is_some() {
                    return Err("a field twice");
                }
                depth -= 1;
            }
            Event::DocType(_) => return Err("a document type"),
            Event::Eof if depth == 0 && !fields.is_empty() => return Ok(fields),
            Event::Eof => return Err("cut off"),
            Event::Text(_)
            | Event::CData(_)
            | Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_) => {}
        }
    }
}

/// Writes fields, all as CDATA.
pub(crate) fn write(fields: &Fields) -> String {
    let inner =
        fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>\n"));
    format!("<xml>{}</xml>", inner.collect::<String>())
}

/// The signature over fields, by the key of the merchant.
pub(crate) fn signature(fields: &Fields, is_hmac: bool) -> String {
    let said = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
    let text: String = said.map(|(name, value)| format!("{name}={value}&")).collect();
    let text = format!("{text}key={}", WECHAT.api_key);
    if is_hmac { hmac_hex(WECHAT.api_key, &text) } else { md5_hex(&text) }
}

/// Adds nonce and signature to an answer, or the signature of something else.
pub(crate) fn sign(fields: &mut Fields, is_hmac: bool, is_spoiled: bool) {
    fields.insert("nonce_str".to_owned(), mint::word(16));
    let mut sign = signature(fields, is_hmac);
    if is_spoiled {
        sign = md5_hex(&sign);
    }
    fields.insert("sign".to_owned(), sign);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_body_is_read_with_cdata_and_the_five_entities() {
        let body = b"<xml>\n<a><![CDATA[1 < 2]]></a><b>x&amp;&#65;</b><c/><d></d></xml>";
        let fields = read(body).unwrap();
        assert_eq!(fields["a"], "1 < 2");
        assert_eq!(fields["b"], "x&A");
        assert_eq!(fields["d"], "");
    }

    #[test]
    fn what_is_not_one_flat_element_is_refused() {
        for (body, why) in [
            (&b"<!DOCTYPE x [<!ENTITY e 'v'>]><xml><a>&e;</a></xml>"[..], "a document type"),
            (b"<xml><a>&e;</a></xml>", "an entity of its own"),
            (b"<xml><a><b>1</b></a></xml>", "not one flat <xml>"),
            (b"<yml><a>1</a></yml>", "not one flat <xml>"),
            (b"<xml><a>1</a><a>2</a></xml>", "a field twice"),
            (b"<xml><a>1", "cut off"),
            (b"<xml><a>\xb7\xb1</a></xml>", "not UTF-8"),
            (b"", "cut off"),
        ] {
            assert_eq!(read(body), Err(why));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let fields = Fields::from([("a".to_owned(), "微信 & <支付>".to_owned())]);
        assert_eq!(read(write(&fields).as_bytes()), Ok(fields));
    }
}
