//! The `id_token` beside an access token: who the user is, unsigned.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::Account;
use crate::world::grants::ACCESS_TOKEN_LIFE;

pub(super) fn id_token(account: &Account, client_id: &str, nonce: Option<&str>, now: Timestamp) -> String {
    let mut claims = json!({
        "iss": "https://accounts.google.com",
        "aud": client_id,
        "azp": client_id,
        "sub": account.sub,
        "email": account.email,
        "email_verified": true,
        "name": account.name,
        "iat": now.as_second(),
        "exp": (now + ACCESS_TOKEN_LIFE).as_second(),
    });
    if let Some(hd) = &account.hd {
        claims["hd"] = json!(hd);
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.", encode(&json!({"alg": "none", "typ": "JWT"})), encode(&claims))
}
