//! Short links: where they lead, and links that lead astray.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::voucher::Order;
use crate::sim::{
    call::{Answer, Call, Content},
    mint,
};

/// A link that a resolver must not follow to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Astray {
    /// It leads to this address.
    To {
        /// Any address: one of the inner network, one of plain HTTP, …
        address: String,
    },
    /// It leads to itself, for ever.
    Round,
    /// It answers with a body of so many bytes and leads nowhere.
    Large {
        /// Bytes.
        bytes: u32,
    },
}

/// All links, by the word in their path.
#[derive(Debug, Default)]
pub(crate) struct Links {
    objects: BTreeMap<String, String>,
    astray: BTreeMap<String, Astray>,
}

impl Links {
    pub(crate) fn keep(&mut self, order: &Order) {
        let object = order.object.clone().unwrap_or_default();
        self.objects.insert(order.short.clone(), object);
    }

    /// Issues a link that leads astray and tells its word.
    pub(crate) fn lay_astray(&mut self, astray: Astray) -> String {
        let word = mint::word(8);
        self.astray.insert(word.clone(), astray);
        word
    }

    /// Answers the host of the short links and the host behind it.
    pub(crate) fn answer(&self, call: &Call) -> Answer {
        if call.path.starts_with("/share/commerce/coupon/") {
            return Answer::new(
                200,
                Content::Html("<html><title>抖音团购</title></html>".to_owned()),
            );
        }
        let word = call.path.trim_matches('/');
        let long = |object: &str| {
            let object: String = form_urlencoded::byte_serialize(object.as_bytes()).collect();
            format!(
                "/share/commerce/coupon/{}/?schema_type=13&object_id={object}&utm_medium=qr",
                mint::digits("7", 18)
            )
        };
        match (self.objects.get(word), self.astray.get(word)) {
            (Some(object), _) => {
                redirect(format!("https://{}{}", call.header("host"), long(object)))
            }
            (None, Some(Astray::To { address })) => redirect(address.clone()),
            (None, Some(Astray::Round)) => {
                redirect(format!("https://{}{}", call.header("host"), call.path))
            }
            (None, Some(Astray::Large { bytes })) => {
                let page = "x".repeat(usize::try_from(*bytes).unwrap_or_default());
                Answer::new(200, Content::Html(page))
            }
            (None, None) => Answer::new(404, Content::Html("<html>404</html>".to_owned())),
        }
    }
}

fn redirect(address: String) -> Answer {
    let mut answer = Answer::new(302, Content::Empty);
    answer.headers.push(("Location", address));
    answer
}
