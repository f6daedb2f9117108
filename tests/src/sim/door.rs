//! A call comes in, its platform answers, and what was planned goes wrong in between.
//!
//! **Invariant:** what a platform does, it does to the end, also when the caller hangs up; an answer
//! that did not leave whole decides nothing for the caller.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use tokio::task::JoinHandle;

use super::{
    alipay::Alipay,
    call::{Answer, Call, Letter},
    clock::Clock,
    douyin::Douyin,
    fault::{self, Fault, Operation, Plan},
    keys::Keys,
    ledger::{Family, Ledger, Platform},
    tls::{Caller, Port},
    wechat::Wechat,
};

/// No call of a client is larger.
const BODY_BYTES_MAX: usize = 64 * 1_024;

/// All that the platforms know.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) books: Ledger,
    pub(crate) plan: Plan,
    pub(crate) douyin: Douyin,
    pub(crate) wechat: Wechat,
    pub(crate) alipay: Alipay,
}

/// The platforms' common ground.
#[derive(Debug)]
pub(crate) struct Ground {
    world: Mutex<World>,
    pub(crate) keys: Keys,
    /// The certificate that `secapi` wants to see, as DER.
    pub(crate) merchant: Vec<u8>,
}

impl Ground {
    pub(crate) fn new(keys: Keys, merchant: Vec<u8>, family: Family) -> Self {
        let world = World {
            clock: Clock::default(),
            books: Ledger::new(family),
            plan: Plan::default(),
            douyin: Douyin::default(),
            wechat: Wechat::new(),
            alipay: Alipay::new(),
        };
        Self { world: Mutex::new(world), keys, merchant }
    }

    /// A panic elsewhere leaves the books as they were written, which is what a test wants to see.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose door it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum House {
    Douyin,
    /// The host of Douyin's short links.
    Links,
    Wechat,
    Alipay,
}

impl House {
    fn platform(self) -> Platform {
        match self {
            Self::Douyin | Self::Links => Platform::Douyin,
            Self::Wechat => Platform::Wechat,
            Self::Alipay => Platform::Alipay,
        }
    }

    fn operation(self, call: &Call) -> Option<Operation> {
        match self {
            Self::Douyin => Douyin::operation(call),
            Self::Links => Some(Operation::Link),
            Self::Wechat => Wechat::operation(call),
            Self::Alipay => Alipay::operation(call),
        }
    }

    /// Lets the platform act.
    fn act(self, ground: &Ground, call: &Call, operation: Operation, is_replay: bool) -> Answer {
        let mut guard = ground.world();
        let World { clock, books, douyin, wechat, alipay, .. } = &mut *guard;
        books.is_replay = is_replay;
        let now = clock.now();
        match self {
            Self::Douyin => douyin.answer(call, operation, (now, books)),
            Self::Links => douyin.links.answer(call),
            Self::Wechat => wechat.answer(&ground.keys, call, operation, (now, books)),
            Self::Alipay => alipay.answer(&ground.keys, call, (now, books)),
        }
    }
}

#[derive(Clone, Debug)]
struct Door {
    ground: Arc<Ground>,
    house: House,
}

/// Opens a door until the task is aborted.
pub(crate) fn open(ground: &Arc<Ground>, house: House, port: Port) -> JoinHandle<()> {
    let door = Door { ground: Arc::clone(ground), house };
    let service = Router::new()
        .fallback(enter)
        .with_state(door)
        .into_make_service_with_connect_info::<Caller>();
    tokio::spawn(async move {
        // It ends with its task: there is no error of a listener that waits for ever.
        let _ = axum::serve(port, service).await;
    })
}

async fn enter(
    State(door): State<Door>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        has_certificate: caller.certificate.as_ref() == Some(&door.ground.merchant),
    };
    let Some(operation) = door.house.operation(&call) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fault = door.ground.world().plan.take(door.house.platform(), operation);
    let answer = suffer(&door, call, operation, fault).await;
    let settles = answer.settles.clone();
    let is_spoiled = fault == Some(Fault::WrongSignature);
    let Some(letter) = Letter::write(answer, &door.ground.keys, is_spoiled) else {
        caller.cut();
        // The line is down; who waits here is dropped with it.
        return std::future::pending().await;
    };
    if let Some(number) = settles
        && !is_spoiled
    {
        door.ground.world().books.settle(&number);
    }
    response(letter)
}

/// Lets a call suffer what was planned for it.
async fn suffer(door: &Door, call: Call, operation: Operation, fault: Option<Fault>) -> Answer {
    let act = |call: &Call, is_replay| door.house.act(&door.ground, call, operation, is_replay);
    let platform = door.house.platform();
    match fault {
        None | Some(Fault::WrongSignature) => act(&call, false),
        Some(Fault::DelayBefore { ms }) => {
            let door = door.clone();
            let acting = tokio::spawn(async move {
                fault::pause(ms).await;
                door.house.act(&door.ground, &call, operation, false)
            });
            acting.await.unwrap_or_else(|_| Answer::cut())
        }
        Some(Fault::DelayAfter { ms }) => {
            let answer = act(&call, false);
            fault::pause(ms).await;
            answer
        }
        Some(Fault::CutBefore) => Answer::cut(),
        Some(Fault::CutAfter) => {
            act(&call, false);
            Answer::cut()
        }
        Some(Fault::HtmlBefore { status }) => fault::html(status),
        Some(Fault::HtmlAfter { status }) => {
            act(&call, false);
            fault::html(status)
        }
        Some(Fault::Gbk) => fault::gbk(platform, operation),
        Some(Fault::Duplicate) => {
            act(&call, false);
            act(&call, true)
        }
        // What of an answer has no such list leaves whole, and decides what it decides.
        Some(Fault::EmptyResults) => fault::without_results(act(&call, false)),
    }
}

fn response(letter: Letter) -> Response {
    let mut response = Response::new(Body::from(letter.bytes));
    *response.status_mut() =
        StatusCode::from_u16(letter.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(letter.kind));
    for (name, value) in letter.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    response
}
