//! A route of axum that gives the same bytes to everyone: the limit that a server on this machine can come
//! near to, for `benches/serve.py`.
//!
//! ```text
//! cargo run --profile dist -p codeyear-server --example bare_route -- 127.0.0.1:8471 answer.json
//! ```

use std::error::Error;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(path), None) = (args.next(), args.next(), args.next()) else {
        return Err("expected an address and a file to answer with".into());
    };
    let answer: &'static str = Box::leak(std::fs::read_to_string(path)?.into_boxed_str());
    let routes = Router::new().fallback(get(move || async move {
        ([(CONTENT_TYPE, "application/json")], answer)
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, routes).await
    })?;
    Ok(())
}
