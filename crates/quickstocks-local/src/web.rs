//! The built web UI: what S3 and CloudFront are on AWS, with the same headers.

use std::path::Path;

use anyhow::bail;
use axum::Router;
use http::{HeaderName, HeaderValue, header};
use tower::ServiceBuilder;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// No inline script, nothing from elsewhere. `ws:` and `wss:` are named for browsers in which 'self' does not cover a WebSocket.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// The router of the web UI in `folder`.
///
/// # Errors
/// A sentence that says how to build it, when it is not there.
pub(crate) fn router(folder: &Path) -> anyhow::Result<Router> {
    if !folder.join("index.html").is_file() {
        bail!(
            "there is no web UI in {}: build it with `npm ci && npm run build` in web/ (`cargo xtask run` does that), name its folder \
             with --web-dir, or say --no-web",
            folder.display()
        );
    }
    // What Vite puts into assets/ carries a hash in its name and never changes; everything else is asked for anew each time.
    let assets = with_headers(ServeDir::new(folder.join("assets")), "public, max-age=31536000, immutable");
    Ok(assets_and_pages(assets, with_headers(ServeDir::new(folder), "no-cache")))
}

fn assets_and_pages(assets: Router, pages: Router) -> Router {
    Router::new().nest("/assets", assets).merge(pages)
}

fn with_headers(files: ServeDir, cache_control: &'static str) -> Router {
    let headers = ServiceBuilder::new()
        .layer(always(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "same-origin"))
        .layer(always(header::CACHE_CONTROL, cache_control));
    Router::new().fallback_service(files).layer(headers)
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
