//! Packed bodies.
//!
//! **Invariant:** however small a body is, no more of it is unpacked than the mall would have read.

use std::{borrow::Cow, io::Read as _};

use axum::http::{HeaderMap, header::CONTENT_ENCODING};
use sync::packing;
use zstd::stream::read::Decoder;

use super::{
    BODY_BYTES_MAX,
    problem::{BODY_TOO_LARGE, MALFORMED, PACKING_UNKNOWN, Problem},
};

/// A window of eight megabytes holds all that may be unpacked; a frame that wants more memory is none of
/// ours.
const WINDOW_LOG_MAX: u32 = 23;

/// A body as it was before it was packed.
pub(super) fn unpacked<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Problem> {
    let Some(packing) = headers.get(CONTENT_ENCODING) else {
        return Ok(Cow::Borrowed(body));
    };
    if packing != packing::ZSTD {
        return Err(Problem::of(PACKING_UNKNOWN).detail(format!("known is `{}`", packing::ZSTD)));
    }
    let torn = |_| Problem::of(MALFORMED).detail("the body cannot be unpacked");
    let mut decoder = Decoder::with_buffer(body).map_err(torn)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(torn)?;
    let bound = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut unpacked = Vec::new();
    decoder.take(bound + 1).read_to_end(&mut unpacked).map_err(torn)?;
    if unpacked.len() > BODY_BYTES_MAX {
        let most = format!("at most {BODY_BYTES_MAX} bytes, unpacked");
        return Err(Problem::of(BODY_TOO_LARGE).detail(most));
    }
    Ok(Cow::Owned(unpacked))
}
