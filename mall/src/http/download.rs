//! The snapshot file.
//!
//! A line that breaks costs only what was on it: `Range: bytes=N-` goes on from there (RFC 9110,
//! 14.2). Other ranges are answered with the whole file, as the RFC allows.
//!
//! **Invariant:** the file is streamed, never held.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{
    edge::own_scope,
    guard::Caller,
    problem::{INTERNAL, NOT_FOUND, Problem},
    reads::Reads,
    segments::Path,
};
use crate::{context::Context, error_chain::Chain, feed};

/// `GET /edge/v1/scopes/{scope}/snapshots/{version}`.
pub(super) async fn snapshot_file(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path((scope, version)): Path<(String, String)>,
    Reads(schema): Reads,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = own_scope(&caller, &scope)?;
    let version = version.parse().map_err(|_| Problem::of(NOT_FOUND))?;
    let found = feed::file(&context, scope, version, schema).await?;
    let path = found.ok_or_else(|| Problem::of(NOT_FOUND))?;
    let start = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(start);
    stream(&path, start).await.map_err(|error| {
        tracing::error!(error = %Chain(&error), "A snapshot file could not be read");
        Problem::of(INTERNAL)
    })
}

/// The `N` of `bytes=N-`.
fn start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

async fn stream(path: &std::path::Path, start: Option<u64>) -> std::io::Result<Response> {
    let mut file = tokio::fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    let (status, from) = match start {
        Some(from) if from < size => (StatusCode::PARTIAL_CONTENT, from),
        Some(_) => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
        None => (StatusCode::OK, 0),
    };
    file.seek(std::io::SeekFrom::Start(from)).await?;
    let left = size - from;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(left), 64 * 1_024));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, left.into());
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/zstd"));
    headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{size}", size - 1);
        if let Ok(range) = header::HeaderValue::from_str(&range) {
            headers.insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_ranges_are_understood() {
        let table = [
            ("bytes=0-", Some(0)),
            ("bytes=4096-", Some(4_096)),
            ("bytes=1-5", None),
            ("bytes=-5", None),
            ("lines=1-", None),
            ("bytes=x-", None),
        ];
        for (text, expected) in table {
            assert_eq!(start(text), expected, "{text}");
        }
    }
}
