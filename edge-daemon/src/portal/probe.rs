//! What phones ask to find out whether the way is open, and what each expects to hear when it is.
//!
//! Before sign-in every call on port 80 is led to the portal's page, which is how a phone learns
//! that it is held. Afterwards the real answer comes from outside; a call that still arrives here,
//! because it was under way or the name was remembered, hears exactly what it expects.

/// What a probe expects: status, content type, body.
pub(crate) type Expected = (u16, &'static str, &'static str);

/// Apple compares the whole page.
const APPLE: &str = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>";

/// Answers of an open way by host and path.
const PROBES: [(&str, &str, Expected); 7] = [
    ("captive.apple.com", "/hotspot-detect.html", (200, "text/html", APPLE)),
    ("www.apple.com", "/library/test/success.html", (200, "text/html", APPLE)),
    ("www.msftconnecttest.com", "/connecttest.txt", (200, "text/plain", "Microsoft Connect Test")),
    ("www.msftncsi.com", "/ncsi.txt", (200, "text/plain", "Microsoft NCSI")),
    ("detectportal.firefox.com", "/success.txt", (200, "text/plain", "success\n")),
    (
        "detectportal.firefox.com",
        "/canonical.html",
        (
            200,
            "text/html",
            "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>",
        ),
    ),
    ("captive.apple.com", "/", (200, "text/html", APPLE)),
];

/// Android and all that are made from it ask for one of these, each at a host of its maker.
const NO_CONTENT: [&str; 2] = ["/generate_204", "/gen_204"];

/// What a probe expects of an open way; `None` when it is none.
pub(crate) fn expected(host: &str, path: &str) -> Option<Expected> {
    if NO_CONTENT.contains(&path) {
        return Some((204, "", ""));
    }
    let known = PROBES.iter().find(|(h, p, _)| *h == host && *p == path);
    known.map(|(_, _, expected)| *expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_maker_hears_what_it_expects() {
        for (host, path, status) in [
            ("captive.apple.com", "/hotspot-detect.html", Some(200)),
            ("connectivitycheck.gstatic.com", "/generate_204", Some(204)),
            ("www.google.com", "/gen_204", Some(204)),
            ("connectivitycheck.platform.hicloud.com", "/generate_204", Some(204)),
            ("connect.rom.miui.com", "/generate_204", Some(204)),
            ("wifi.vivo.com.cn", "/generate_204", Some(204)),
            ("www.msftconnecttest.com", "/connecttest.txt", Some(200)),
            ("detectportal.firefox.com", "/success.txt", Some(200)),
            ("www.example.com", "/", None),
            ("captive.apple.com.evil.example", "/hotspot-detect.html", None),
        ] {
            assert_eq!(expected(host, path).map(|(s, _, _)| s), status, "{host}{path}");
        }
    }
}
