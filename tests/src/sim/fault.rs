//! What goes wrong on the way to a platform and back, on order.
//!
//! A plan is a list; a call takes the first fault that means it. Without a plan all goes well.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    call::{Answer, Content},
    ledger::Platform,
};

/// What a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named after the platform's own word")]
pub enum Operation {
    /// Douyin: a token, stable or not.
    Token,
    /// Douyin: the short link of a QR.
    Link,
    Prepare,
    Verify,
    Cancel,
    /// Douyin: `certificate/get` and `certificate/query`; `WeChat`: the state of a coupon.
    Look,
    /// `WeChat` coupon.
    Use,
    /// `WeChat` coupon.
    Return,
    /// A payment code is charged.
    Charge,
    Query,
    Reverse,
    Refund,
    RefundQuery,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The platform acts so much later, also when the caller has hung up by then.
    DelayBefore {
        /// Milliseconds.
        ms: u64,
    },
    /// The platform acts at once and answers so much later.
    DelayAfter {
        /// Milliseconds.
        ms: u64,
    },
    /// The line is cut and nothing is done.
    CutBefore,
    /// It is done, then the line is cut.
    CutAfter,
    /// Nothing is done, and a page of HTML comes.
    HtmlBefore {
        /// 500, 502, …
        status: u16,
    },
    /// It is done, and a page of HTML comes.
    HtmlAfter {
        /// 500, 502, …
        status: u16,
    },
    /// Nothing is done, and an error comes whose text is GBK where UTF-8 was promised.
    Gbk,
    /// It is done, and the answer's signature is of another text; Douyin signs nothing.
    WrongSignature,
    /// The call arrives twice, and the second answer comes.
    Duplicate,
    /// It is done, and the list of results is empty; Douyin's verify.
    EmptyResults,
}

/// A fault and the calls it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Calls to this platform.
    pub platform: Platform,
    /// Calls that want this; any, when it is missing.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// What goes wrong.
    pub fault: Fault,
    /// How many calls it takes.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// All that shall go wrong.
#[derive(Debug, Default)]
pub(crate) struct Plan(pub(crate) Vec<Planned>);

impl Plan {
    /// The fault of a call; it counts as used.
    pub(crate) fn take(&mut self, platform: Platform, operation: Operation) -> Option<Fault> {
        let means = |planned: &Planned| {
            planned.platform == platform && planned.operation.is_none_or(|one| one == operation)
        };
        let at = self.0.iter().position(means)?;
        let planned = self.0.get_mut(at)?;
        let fault = planned.fault;
        planned.times = planned.times.saturating_sub(1);
        if planned.times == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}

pub(crate) fn pause(ms: u64) -> tokio::time::Sleep {
    tokio::time::sleep(Duration::from_millis(ms))
}

/// What a proxy in front of a platform says.
pub(crate) fn html(status: u16) -> Answer {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body><center><h1>{status}</h1></center>\
         <hr><center>openresty</center></body>\r\n</html>\r\n"
    );
    Answer::new(status, Content::Html(page))
}

/// An error text 系统繁忙 in GBK, in the form of each platform.
pub(crate) fn gbk(platform: Platform, operation: Operation) -> Answer {
    const BUSY: &[u8] = b"\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6";
    let is_v3 = matches!(operation, Operation::Use | Operation::Return | Operation::Look);
    let (status, kind, head, tail) = match platform {
        Platform::Douyin => (
            200,
            "application/json",
            "{\"data\":{\"error_code\":2100004,\"description\":\"",
            "\"},\"extra\":{\"error_code\":2100004}}",
        ),
        Platform::Wechat if is_v3 => {
            (500, "application/json", "{\"code\":\"SYSTEM_ERROR\",\"message\":\"", "\"}")
        }
        Platform::Wechat => (
            200,
            "text/xml",
            "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[",
            "]]></return_msg></xml>",
        ),
        Platform::Alipay => (
            200,
            "text/html;charset=GBK",
            "{\"error_response\":{\"code\":\"20000\",\"sub_code\":\"isp.unknow-error\",\"sub_msg\":\"",
            "\"}}",
        ),
    };
    let bytes = [head.as_bytes(), BUSY, tail.as_bytes()].concat();
    Answer::new(status, Content::Raw(kind, bytes))
}

/// Empties the list of results.
pub(crate) fn without_results(mut answer: Answer) -> Answer {
    if let Content::Json(value) = &mut answer.content
        && let Some(results) = value.pointer_mut("/data/verify_results")
    {
        *results = serde_json::json!([]);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_taken_by_the_calls_it_means_and_no_other() {
        let planned = |operation, times| Planned {
            platform: Platform::Wechat,
            operation,
            fault: Fault::CutAfter,
            times,
        };
        let mut plan = Plan(vec![planned(Some(Operation::Refund), 2)]);
        assert_eq!(plan.take(Platform::Wechat, Operation::Charge), None);
        assert_eq!(plan.take(Platform::Alipay, Operation::Refund), None);
        assert_eq!(plan.take(Platform::Wechat, Operation::Refund), Some(Fault::CutAfter));
        assert_eq!(plan.take(Platform::Wechat, Operation::Refund), Some(Fault::CutAfter));
        assert_eq!(plan.take(Platform::Wechat, Operation::Refund), None);
    }

    #[test]
    fn a_gbk_text_is_no_utf8() {
        let Content::Raw(_, bytes) = gbk(Platform::Alipay, Operation::Charge).content else {
            panic!("no bytes")
        };
        assert!(std::str::from_utf8(&bytes).is_err());
    }
}
