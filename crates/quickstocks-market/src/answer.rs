//! Answers: the right ones with Yahoo's headers, and the wrong ones that faults ask for.

use std::io;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use crate::fault::{Family, FaultKind};
use crate::server::{unauthorized, with_common_headers};
use crate::session::Refusal;

const JSON: &str = "application/json;charset=utf-8";

pub(crate) fn json(status: StatusCode, cache: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, cache)];
    with_common_headers((status, headers, body).into_response())
}

/// The plain text that is no JSON and that some clients took for a crumb.
pub(crate) fn too_many_requests(edge: bool) -> Response {
    let (kind, body) =
        if edge { ("text/html", "Edge: Too Many Requests") } else { ("text/plain;charset=utf-8", "Too Many Requests\r\n") };
    let headers = [(header::CONTENT_TYPE, kind)];
    with_common_headers((StatusCode::TOO_MANY_REQUESTS, headers, body).into_response())
}

pub(crate) fn html(status: StatusCode, title: &str, message: &str) -> Response {
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en-us\">\n  <head>\n    <meta charset=\"utf-8\">\n    <title>{title}</title>\n  </head>\n  \
         <body>\n  <!-- status code : {} -->\n  <h1>{title}</h1>\n  <p id=\"message-1\">{message}</p>\n  </body>\n</html>\n",
        status.as_u16()
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=UTF-8"), (header::CACHE_CONTROL, "no-store")];
    with_common_headers((status, headers, body).into_response())
}

/// What a client gets instead of the right answer.
pub(crate) async fn spoiled(fault: &FaultKind, family: Family, request: Request, next: Next) -> Response {
    const SHORT: &str = "max-age=0, private";
    match fault {
        FaultKind::TooManyRequests { edge } => too_many_requests(*edge),
        FaultKind::InvalidCrumb => unauthorized(Refusal::Crumb),
        FaultKind::InvalidCookie => unauthorized(Refusal::Cookie),
        FaultKind::InternalError => {
            html(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", "Could not process this request")
        }
        FaultKind::Unavailable => html(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", "Could not process this request"),
        FaultKind::WillBeRightBack => html(
            StatusCode::OK,
            "Will be right back...",
            "Thank you for your patience. Our engineers are working quickly to resolve the issue.",
        ),
        FaultKind::EmptyResult => json(StatusCode::OK, SHORT, empty_result(family)),
        FaultKind::ErrorEnvelope => json(StatusCode::OK, SHORT, error_envelope(family)),
        FaultKind::EmptyBody => json(StatusCode::OK, SHORT, String::new()),
        FaultKind::Garbage => {
            let mut response = json(StatusCode::OK, SHORT, String::new());
            // Not JSON, not HTML, not even UTF-8.
            *response.body_mut() = Body::from(Bytes::from_static(&[0xff, 0x00, 0x9f, b'{', 0x92, 0x96, 0xfe, b'"', 0x80]));
            response
        }
        FaultKind::TruncatedJson => halved(next.run(request).await, false).await,
        FaultKind::CutConnection => halved(next.run(request).await, true).await,
        FaultKind::Delay { .. } | FaultKind::MissingSymbols { .. } | FaultKind::StaleCrumb => next.run(request).await,
    }
}

/// The first half of an answer, ended in order or by cutting the connection.
async fn halved(response: Response, cut: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else {
        return html(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", "");
    };
    let half = whole.slice(..whole.len() / 2);
    parts.headers.remove(header::CONTENT_LENGTH);
    if !cut {
        return Response::from_parts(parts, Body::from(half));
    }
    // Already marked as encoded, so that the compression does not hold the half back in its buffer.
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    let cut = stream::once(async {
        // Lets the server send what it has before it learns of the cut; otherwise not even the headers arrive.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut on request"))
    });
    Response::from_parts(parts, Body::from_stream(stream::once(async { Ok(half) }).chain(cut)))
}

fn empty_result(family: Family) -> String {
    match family {
        Family::Quote => r#"{"quoteResponse":{"result":[],"error":null}}"#,
        Family::Spark => r#"{"spark":{"result":[],"error":null}}"#,
        Family::Chart => r#"{"chart":{"result":[],"error":null}}"#,
        Family::Search => {
            r#"{"explains":[],"count":0,"quotes":[],"news":[],"nav":[],"lists":[],"researchReports":[],"screenerFieldResults":[],"totalTime":14}"#
        }
        Family::Trending => {
            r#"{"finance":{"result":[{"count":0,"quotes":[],"jobTimestamp":0,"startInterval":0}],"error":null}}"#
        }
        Family::Session | Family::Unknown | Family::All => r#"{"finance":{"result":[],"error":null}}"#,
    }
    .to_owned()
}

fn error_envelope(family: Family) -> String {
    let root = match family {
        Family::Quote => "quoteResponse",
        Family::Spark => "spark",
        Family::Chart => "chart",
        Family::Session | Family::Search | Family::Trending | Family::Unknown | Family::All => "finance",
    };
    format!(r#"{{"{root}":{{"result":null,"error":{{"code":"internal-error","description":"Internal server error"}}}}}}"#)
}
