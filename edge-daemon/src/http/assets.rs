//! The screens themselves, embedded, compressed at build time.

use std::sync::LazyLock;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::{IntoResponse as _, Redirect},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use sync::chain::{Hash, hex};

use super::{App, problem::Problem};
use crate::pictures;

#[derive(RustEmbed)]
#[folder = "$POS_UI_DIST_ABS"]
struct Dist;

/// Compressed twins that the build lays beside a file, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Names this build: the version and a hash over the embedded files.
pub(super) fn build() -> &'static str {
    static BUILD: LazyLock<String> = LazyLock::new(|| {
        let mut names: Vec<_> = Dist::iter().collect();
        names.sort_unstable();
        let hashes = names.iter().filter_map(|name| Dist::get(name));
        let all: Vec<u8> = hashes.flat_map(|file| file.metadata.sha256_hash()).collect();
        let hash = hex(Hash::of(&all).bytes());
        format!("{}+{}", env!("CARGO_PKG_VERSION"), hash.get(..8).unwrap_or_default())
    });
    &BUILD
}

/// The short address that people type: `/kiosk/?ws=3`.
pub(super) async fn to_kiosk(Query(asked): Query<Asked>) -> Redirect {
    let number = asked.ws.or(asked.workstation).unwrap_or(1);
    Redirect::temporary(&format!("/ui/kiosk/?workstation={number}"))
}

/// The short address of the QR that lets phones in; it keeps what the QR says.
pub(super) async fn phone(headers: HeaderMap) -> Response<Body> {
    serve(Path("phone/".to_owned()), headers).await
}

/// What pages are made of: names that tell nothing, and code that is everybody's.
pub(super) async fn part(Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    serve(Path(format!("assets/{path}")), headers).await
}

/// A picture of the playlist, by its SHA-256. Its name is its content, so that whoever has it need not
/// ask again.
pub(super) async fn picture(State(app): State<App>, Path(name): Path<String>) -> Response<Body> {
    let name = Hash::from_hex(&name);
    let shown = app.context.pictures.shown();
    let name = name.filter(|name| shown.iter().any(|slide| slide.picture == *name));
    let data = app.context.config.data.clone();
    let found = tokio::task::spawn_blocking(move || pictures::read(&data, name?)).await;
    let Some((picture, bytes)) = found.ok().flatten() else {
        return Problem::plain("not-found", StatusCode::NOT_FOUND).into_response();
    };
    let keeping = "public, max-age=31536000, immutable";
    let headers =
        [(header::CONTENT_TYPE, picture.kind.media_type()), (header::CACHE_CONTROL, keeping)];
    (headers, bytes).into_response()
}

/// Which workstation a page is asked for.
#[derive(serde::Deserialize)]
pub(super) struct Asked {
    ws: Option<u16>,
    workstation: Option<u16>,
}

/// A file of the screens.
pub(super) async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    let name = format!("ui/{path}");
    let missing = || Problem::plain("not-found", StatusCode::NOT_FOUND).into_response();
    // What is embedded has plain names; a debug build looks into a folder.
    let leads_out = name.split('/').any(|part| part == "..");
    if leads_out || name.ends_with(".br") || name.ends_with(".gz") {
        return missing();
    }
    let is_folder = name.ends_with('/');
    if !is_folder && Dist::get(&format!("{name}/index.html")).is_some() {
        return Redirect::temporary(&format!("/{name}/")).into_response();
    }
    let name = if name.ends_with('/') { format!("{name}index.html") } else { name };
    let Some(plain) = Dist::get(&name) else {
        return missing();
    };
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let twin = ENCODINGS.iter().find_map(|(encoding, suffix)| {
        let is_accepted = accepted.split([',', ';']).any(|part| part.trim() == *encoding);
        let file = is_accepted.then(|| Dist::get(&format!("{name}{suffix}"))).flatten()?;
        Some((file, Some(*encoding)))
    });
    let (file, encoding) = twin.unwrap_or((plain, None));
    answer(&name, file, encoding, &headers)
}

fn answer(
    name: &str,
    file: EmbeddedFile,
    encoding: Option<&'static str>,
    headers: &HeaderMap,
) -> Response<Body> {
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        of_kind(name, Body::from(file.data))
    };
    let out = response.headers_mut();
    // Names of assets carry a hash of their content; pages do not.
    let keeping =
        if name.contains("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    response
}

fn of_kind(name: &str, body: Body) -> Response<Body> {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
