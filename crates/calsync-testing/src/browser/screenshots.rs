//! Pictures of the pages that tests visit, for people to look at: in the folder that
//! `CALSYNC_SCREENSHOTS` names, if it does.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use data_encoding::BASE64;
use serde_json::json;

use super::Browser;

/// Over all browsers, since a test may have several.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

impl Browser {
    /// Saves the whole page, named by the test, the order of pages, and the address.
    pub(super) async fn keep_screenshot(&self) {
        let folder = std::env::var_os("CALSYNC_SCREENSHOTS").filter(|folder| !folder.is_empty());
        let Some(folder) = folder.map(PathBuf::from) else { return };
        let test = thread::current().name().unwrap_or("test").replace("::", "-");
        let page = self.client.current_url().await.expect("an address");
        let page: String =
            page.path().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let number = TAKEN.fetch_add(1, Ordering::Relaxed);
        let mut clip = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].take();
        clip["scale"] = json!(1);
        let whole = json!({"captureBeyondViewport": true, "clip": clip});
        let shot = self.devtools("Page.captureScreenshot", whole).await;
        let png = BASE64.decode(shot["data"].as_str().unwrap_or_default().as_bytes()).expect("a picture");
        std::fs::create_dir_all(&folder).expect("the folder of screenshots");
        let file = folder.join(format!("{test}-{number:03}{page}.png"));
        std::fs::write(file, png).expect("the screenshot is written");
    }
}
