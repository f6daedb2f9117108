//! Douyin's client tokens: two live at a time, and a new one ends the older.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::{
    access::DOUYIN,
    call::{Answer, Call},
    mint,
};

/// How long a token lives.
const LIFE_SECONDS: i64 = 7_200;
/// How long it lives on after a newer one was fetched.
const GRACE_SECONDS: i64 = 300;
/// More fetches within `GRACE_SECONDS` are refused.
const FETCHES_MAX: usize = 500;

#[derive(Debug)]
struct Token {
    text: String,
    ends_at: i64,
}

/// The tokens that were given out, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    given: Vec<Token>,
    fetched_at: Vec<i64>,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    Expired,
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Asked {
    client_key: String,
    client_secret: String,
    grant_type: String,
}

impl Tokens {
    /// A new token; what was there lives for five minutes more, and only the newest two live.
    pub(crate) fn fetch(&mut self, now: i64) -> (String, i64) {
        for older in &mut self.given {
            older.ends_at = older.ends_at.min(now + GRACE_SECONDS);
        }
        let before_newest = self.given.len().saturating_sub(1);
        for oldest in self.given.iter_mut().take(before_newest) {
            oldest.ends_at = oldest.ends_at.min(now);
        }
        let text = format!("clt.{}", mint::digits("", 32));
        self.given.push(Token { text: text.clone(), ends_at: now + LIFE_SECONDS });
        (text, LIFE_SECONDS)
    }

    /// The newest token while it lives.
    fn stable(&mut self, now: i64) -> (String, i64) {
        match self.given.last() {
            Some(newest) if newest.ends_at > now => (newest.text.clone(), newest.ends_at - now),
            Some(_) | None => self.fetch(now),
        }
    }

    pub(crate) fn standing(&self, text: &str, now: i64) -> Standing {
        match self.given.iter().find(|token| token.text == text) {
            None => Standing::Unknown,
            Some(token) if token.ends_at > now => Standing::Good,
            Some(_) => Standing::Expired,
        }
    }

    /// Answers `client_token` and `stable_client_token`.
    pub(crate) fn answer(&mut self, call: &Call, now: i64) -> Answer {
        let Ok(asked) = serde_json::from_slice::<Asked>(&call.body) else {
            return refusal(10_002, "参数错误");
        };
        if asked.grant_type != "client_credential" {
            return refusal(10_002, "grant_type参数错误");
        }
        if asked.client_key != DOUYIN.client_key {
            return refusal(10_003, "client_key不存在");
        }
        if asked.client_secret != DOUYIN.client_secret {
            return refusal(10_013, "client_key或者client_secret错误");
        }
        let is_stable = call.path.contains("stable");
        self.fetched_at.retain(|at| now - at < GRACE_SECONDS);
        if !is_stable && self.fetched_at.len() >= FETCHES_MAX {
            return refusal(10_020, "请求太频繁");
        }
        let (text, seconds) = if is_stable {
            self.stable(now)
        } else {
            self.fetched_at.push(now);
            self.fetch(now)
        };
        // One of both is told as a text, as an SDK's sample has it.
        let seconds = if is_stable { json!(seconds.to_string()) } else { json!(seconds) };
        said(&json!(text), &seconds, 0, "")
    }
}

fn said(token: &Value, seconds: &Value, code: i64, text: &str) -> Answer {
    Answer::json(json!({
        "data": {
            "access_token": token, "expires_in": seconds, "error_code": code, "description": text,
            "captcha": "", "desc_url": "", "log_id": mint::digits("2026", 20),
        },
        "message": if code == 0 { "success" } else { "error" },
    }))
}

fn refusal(code: i64, text: &str) -> Answer {
    said(&json!(""), &json!(0), code, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_two_tokens_live_and_the_older_for_five_minutes() {
        let mut tokens = Tokens::default();
        let (first, _) = tokens.fetch(0);
        let (second, _) = tokens.fetch(100);
        assert_eq!(tokens.standing(&first, 399), Standing::Good);
        assert_eq!(tokens.standing(&first, 400), Standing::Expired);
        let (third, _) = tokens.fetch(200);
        assert_eq!(tokens.standing(&first, 201), Standing::Expired);
        assert_eq!(tokens.standing(&second, 201), Standing::Good);
        assert_eq!(tokens.standing(&third, 7_399), Standing::Good);
        assert_eq!(tokens.standing(&third, 7_400), Standing::Expired);
        assert_eq!(tokens.standing("clt.0", 0), Standing::Unknown);
    }

    #[test]
    fn the_stable_token_stays_the_same_while_it_lives() {
        let mut tokens = Tokens::default();
        let (first, _) = tokens.stable(0);
        assert_eq!(tokens.stable(7_199), (first.clone(), 1));
        assert_ne!(tokens.stable(7_200).0, first);
    }
}
