//! What is answered beside the API: pages without a meaning, with their content types.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

pub(super) const JSON: &str = "application/json;charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";

pub(super) fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
