//! `outside`: the internet of a test, as far as a phone behind the portal looks at it.

use anyhow::Result;
use axum::{Router, http::StatusCode, routing::get};

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let router = Router::new()
        .route("/generate_204", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(|| async { "outside" });
    Ok(axum::serve(listener, router).await?)
}
