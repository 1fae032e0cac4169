//! Where a client that was sent here by the challenge gets its token: OpenID Connect's discovery
//! document, the token endpoint and an empty list of subscriptions, as far as `az login` asks for
//! them. The token is worth nothing, and whatever is given for it is not looked at.

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What every client gets.
const TOKEN: &str = "keyferry-practice";
/// Seconds.
const LIFETIME: u32 = 3600;

/// The answer, if the path is one of a tenant's: `/{tenant}/…`.
pub(super) fn answer(method: &Method, path: &str, base_url: &str) -> Option<Response> {
    // Azure Resource Manager's, which `az login` reads at the end.
    if (method.as_str(), path) == ("GET", "/subscriptions") {
        return Some(Json(json!({ "value": [] })).into_response());
    }
    let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
    let document = match (method.as_str(), rest) {
        ("GET", "v2.0/.well-known/openid-configuration") => json!({
            "issuer": format!("{base_url}/{tenant}/v2.0"),
            "authorization_endpoint": format!("{base_url}/{tenant}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base_url}/{tenant}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base_url}/{tenant}/oauth2/v2.0/devicecode"),
        }),
        ("POST", "oauth2/v2.0/token") => json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": TOKEN,
        }),
        _ => return None,
    };
    Some(Json(document).into_response())
}
