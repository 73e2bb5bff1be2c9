//! The same router behind API Gateway: the event of an HTTP API, payload format 2.0.

use http::header;
use lambda_http::http::Request;
use lambda_http::request::LambdaRequest;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{ORIGIN, World};

/// As <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html> has it.
fn event(method: &str, path: &str, query: &str, cookies: &[String], body: Option<&Value>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies,
        "headers": { "origin": ORIGIN, "content-type": "application/json", "host": "stocks.example.org" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "api-id", "domainName": "id.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "id", "requestId": "id", "routeKey": "ANY /api/{proxy+}", "stage": "$default",
            "time": "24/Nov/2026:19:03:58 +0000", "timeEpoch": 1_795_546_638_000_u64,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent" }
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false
    })
}

async fn call(world: &World, event: Value) -> (u16, Vec<String>, Value) {
    let event: LambdaRequest = serde_json::from_value(event).unwrap();
    let request: Request<lambda_http::Body> = event.into();
    let request = request.map(|body| axum::body::Body::from(body.to_vec()));
    let response = world.router.clone().oneshot(request).await.unwrap();
    let cookies =
        response.headers().get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, cookies, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn an_event_of_api_gateway_is_answered_as_a_request_is() {
    let world = World::new();
    let (status, cookies, guest) = call(&world, event("POST", "/api/v1/session", "", &[], None)).await;
    assert_eq!(status, 201);
    let cookie = cookies[0].split(';').next().unwrap().to_owned();
    let list = guest["watchlists"][0].as_str().unwrap();
    let path = format!("/api/v1/watchlists/{list}");
    let body = json!({ "name": "Indices", "symbols": ["^GSPC", "AAPL"] });
    let (status, _, changed) = call(&world, event("PUT", &path, "", std::slice::from_ref(&cookie), Some(&body))).await;
    assert_eq!((status, &changed["symbols"]), (200, &json!(["^GSPC", "AAPL"])));
    let (status, _, quotes) =
        call(&world, event("GET", "/api/v1/quotes", "symbols=AAPL,%5EGSPC", std::slice::from_ref(&cookie), None)).await;
    assert_eq!((status, quotes["quotes"].as_array().map(Vec::len)), (200, Some(2)), "{quotes}");
    // API Gateway hands on the path as it was sent.
    let (status, _, removed) = call(&world, event("DELETE", &format!("{path}/symbols/%5EGSPC"), "", &[cookie], None)).await;
    assert_eq!((status, &removed["symbols"]), (200, &json!(["AAPL"])));
    let (status, _, problem) = call(&world, event("GET", "/api/v1/watchlists", "", &[], None)).await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("session_required")));
}
