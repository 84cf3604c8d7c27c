//! `GET /assets/{name}`: what pages need, embedded. A name carries a hash of its content, so that a
//! browser may keep it for ever.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};

/// A file in the binary.
pub(crate) struct Asset {
    /// Its address.
    pub(crate) path: String,
    media_type: &'static str,
    content: &'static str,
}

/// The stylesheet of users' pages.
pub(crate) static PAGES_CSS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "css", "text/css; charset=utf-8", include_str!("../assets/pages.css"))
});
/// The script of users' pages: keeps what is under way up to date.
pub(crate) static LIVE_JS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("../assets/live.js"))
});
/// The stylesheet of the console.
pub(crate) static CONSOLE_CSS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "css", "text/css; charset=utf-8", include_str!("../assets/console.css"))
});
/// The console's script: comfort, nothing that a page needs.
pub(crate) static CONSOLE_JS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("../assets/console.js"))
});
/// The pages' icon.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

impl Asset {
    fn new(name: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(content.as_bytes()));
        let hash: String = hash.chars().take(16).collect();
        Self { path: format!("/assets/{name}-{hash}.{extension}"), media_type, content }
    }
}

pub(crate) async fn handler(PathParams(name): PathParams<String>) -> Result<Response, Problem> {
    let path = format!("/assets/{name}");
    let all = [&*PAGES_CSS, &*LIVE_JS, &*ICON, &*CONSOLE_CSS, &*CONSOLE_JS];
    let asset =
        all.into_iter().find(|asset| asset.path == path).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let headers = [(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.content).into_response())
}
