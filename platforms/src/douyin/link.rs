//! From the short link in a QR code to the `object_id` that *prepare* wants.
//!
//! Only `object_id` in a redirect's target may be relied on; host, path and the rest change.
//!
//! **Invariant:** the first hop's host is on the list; every hop passes the guard; at most
//! `HOPS_MAX` hops within the limit of time; no body is read.

use std::{sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::{Url, header::LOCATION};

use crate::{
    guard::{GuardedResolver, Pin, may_be_asked},
    http::{self, SetupError},
    secret::Code,
    verdict::{Cause, Otherwise, RefusalCode},
};

/// Real links need one hop or two.
const HOPS_MAX: usize = 5;
/// For all hops together; a shopper stands at the till.
const RESOLVE_LIMIT: Duration = Duration::from_secs(3);
/// What the links are printed with.
const FIRST_HOST: &str = "v.douyin.com";
/// Short links that do not look like a browser's may be answered with a page instead.
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36";

/// How short links are followed.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Hosts that a link may begin with.
    pub first_hosts: Vec<String>,
    /// Hosts of a simulator, whose addresses are set by hand. Empty in a store.
    pub pins: Vec<Pin>,
    /// The simulator's root certificate (PEM).
    pub extra_root_pem: Option<String>,
    /// For all hops together.
    pub limit: Duration,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            first_hosts: vec![FIRST_HOST.into()],
            pins: Vec::new(),
            extra_root_pem: None,
            limit: RESOLVE_LIMIT,
        }
    }
}

/// Follows short links.
#[derive(Clone)]
pub(super) struct Links {
    client: reqwest::Client,
    first_hosts: Arc<[String]>,
    pins: Arc<[Pin]>,
    limit: Duration,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("first_hosts", &self.first_hosts).finish_non_exhaustive()
    }
}

impl Links {
    pub(super) fn new(config: &LinkConfig) -> Result<Self, SetupError> {
        let pins: Arc<[Pin]> = config.pins.clone().into();
        let client = http::builder(config.extra_root_pem.as_deref())?
            .user_agent(USER_AGENT)
            .dns_resolver(Arc::new(GuardedResolver::new(Arc::clone(&pins))))
            .timeout(config.limit)
            // A link is asked once; nothing is kept open to a host of a stranger's choice.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|_| SetupError::Tls)?;
        Ok(Self {
            client,
            first_hosts: config.first_hosts.clone().into(),
            pins,
            limit: config.limit,
        })
    }

    /// Follows the link to its `object_id`.
    pub(super) async fn object_id(&self, link: &Code) -> Result<Code, Otherwise> {
        let followed = tokio::time::timeout(self.limit, self.follow(link)).await;
        followed.unwrap_or_else(|_| Err(Otherwise::silence(Cause::TimedOut, "link")))
    }

    async fn follow(&self, link: &Code) -> Result<Code, Otherwise> {
        let mut url = first_hop(link.reveal(), &self.first_hosts)
            .ok_or_else(|| Otherwise::no(RefusalCode::Unreadable, "not a link of this house"))?;
        for _ in 0..HOPS_MAX {
            if let Some(id) = object_id(&url) {
                return Ok(id);
            }
            if !may_be_asked(&url, &self.pins) {
                return Err(Otherwise::no(RefusalCode::Unreadable, "the link leads elsewhere"));
            }
            url = self.next_hop(&url).await?;
        }
        object_id(&url)
            .ok_or_else(|| Otherwise::no(RefusalCode::Unreadable, "the link leads on and on"))
    }

    async fn next_hop(&self, url: &Url) -> Result<Url, Otherwise> {
        let answer = self.client.get(url.clone()).send().await;
        let answer = answer.map_err(|error| http::silence(&error))?;
        let status = answer.status();
        if status.is_server_error() || status.as_u16() == 429 {
            let theirs = format!("link: HTTP {}", status.as_u16());
            return Err(Otherwise::silence(Cause::Busy, &theirs));
        }
        let target = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        target
            .filter(|_| status.is_redirection())
            .and_then(|target| url.join(target).ok())
            .ok_or_else(|| Otherwise::no(RefusalCode::Unreadable, "the link leads nowhere"))
    }
}

/// The link as an address, if it is https and of a host on the list.
fn first_hop(link: &str, first_hosts: &[String]) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let host = url.host_str()?;
    let is_known = first_hosts.iter().any(|known| known == host);
    (url.scheme() == "https" && is_known).then_some(url)
}

/// The `object_id` in an address' query, decoded; a plus is a plus and not a blank.
fn object_id(url: &Url) -> Option<Code> {
    let mut pairs = url.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == "object_id")?;
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    Code::parse(&decoded.replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_object_id_is_read_and_nothing_else() {
        let base = "https://www.iesdouyin.com/share/commerce/coupon/x/";
        let table = [
            ("?schema_type=13&object_id=CgYIASAHKAE%2BLg%3D%3D&a=b", Some("CgYIASAHKAE+Lg==")),
            ("?object_id=Cg+YI", Some("Cg+YI")),
            ("?object_id=Cg%20YI%20", Some("CgYI")),
            ("?object_id=", None),
            ("?object_idx=1", None),
            ("?object_id=%ff%fe", None),
            ("?object_id=%00", None),
            ("", None),
        ];
        for (query, expected) in table {
            let url = Url::parse(&format!("{base}{query}")).unwrap();
            let read = object_id(&url);
            assert_eq!(read.as_ref().map(Code::reveal), expected, "{query}");
        }
    }

    #[test]
    fn a_link_begins_with_a_host_on_the_list() {
        let hosts = [FIRST_HOST.to_owned()];
        let table = [
            ("https://v.douyin.com/eHHc1ft/", true),
            ("https://v.douyin.com/eHHc1ft", true),
            ("https://V.DOUYIN.COM/eHHc1ft", true),
            ("http://v.douyin.com/eHHc1ft/", false),
            ("https://v.douyin.com.evil.example/", false),
            ("https://evil.example/?v.douyin.com", false),
            ("https://evil.example#@v.douyin.com/", false),
            ("https://v.douyin.com@evil.example/", false),
            ("https://evil.example\\@v.douyin.com/", false),
            ("https://[::1]/", false),
            ("v.douyin.com/eHHc1ft/", false),
        ];
        for (link, is_known) in table {
            assert_eq!(first_hop(link, &hosts).is_some(), is_known, "{link}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_link_or_not(text in "\\PC{0,200}", query in "\\PC{0,200}") {
            let hosts = [FIRST_HOST.to_owned()];
            let _ = first_hop(&text, &hosts);
            let link = format!("https://v.douyin.com/{text}?object_id={query}");
            if let Some(url) = first_hop(&link, &hosts) {
                prop_assert!(may_be_asked(&url, &[]) || url.port().is_some());
                let _ = object_id(&url);
            }
        }
    }
}
