//! Who a sender says it is: RFC 8292, as strictly as the strictest service reads it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quickstocks_core::model::Timestamp;
use serde_json::Value;

/// What a good token says.
pub(super) struct Claims {
    pub(super) contact: String,
    pub(super) expires_at: Timestamp,
}

/// Checks an `Authorization` that came to this service, for a subscription that takes messages of `key` only. Otherwise answers the word that
/// Apple has for what is wrong.
pub(super) fn check(authorization: &str, origin: &str, key: &[u8], now: Timestamp) -> Result<Claims, &'static str> {
    let parameters = authorization.strip_prefix("vapid ").ok_or("MissingProviderToken")?;
    let parameter = |name: &str| {
        let of_name = |part: &str| part.trim().strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).map(str::to_owned);
        parameters.split(',').find_map(of_name)
    };
    let (token, told_key) = (parameter("t").ok_or("BadJwtToken")?, parameter("k").ok_or("BadJwtToken")?);
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "BadJwtToken");
    if bytes(&told_key)? != key {
        return Err("VapidPkHashMismatch");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or("BadJwtToken")?;
    let (header, claims) = signed.split_once('.').ok_or("BadJwtToken")?;
    let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed.as_bytes(), &bytes(signature)?);
    verified.map_err(|_| "BadJwtToken")?;
    let json = |text: &str| serde_json::from_slice::<Value>(&bytes(text)?).map_err(|_| "BadJwtToken");
    if json(header)?["alg"] != "ES256" {
        return Err("BadJwtToken");
    }
    let claims = json(claims)?;
    let (audience, contact) = (claims["aud"].as_str(), claims["sub"].as_str().unwrap_or_default());
    let expires_at = Timestamp::from_seconds(claims["exp"].as_i64().ok_or("ExpiredJwtToken")?);
    let day = std::time::Duration::from_hours(24);
    if expires_at <= now || expires_at > now + day {
        return Err("ExpiredJwtToken");
    }
    let host_is_public = !["localhost", ".local", ".invalid", " ", "<", ">"].iter().any(|bad| contact.contains(bad));
    if audience != Some(origin) || !(contact.starts_with("mailto:") || contact.starts_with("https://")) || !host_is_public {
        return Err("BadJwtToken");
    }
    Ok(Claims { contact: contact.to_owned(), expires_at })
}
