//! How pages are looked at: light or dark, on a desk or a phone.

use serde_json::json;

use super::Browser;

/// A colour scheme and a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether the system asks for dark pages.
    pub is_dark: bool,
    /// Whether the page is as narrow as on a phone.
    pub is_phone: bool,
}

impl Look {
    /// Each scheme at each size.
    pub const ALL: [Self; 4] = [
        Self { is_dark: false, is_phone: false },
        Self { is_dark: true, is_phone: false },
        Self { is_dark: true, is_phone: true },
        Self { is_dark: false, is_phone: true },
    ];
}

impl Browser {
    /// Shows this page and what follows in this way.
    pub async fn look(&self, look: Look) {
        let scheme = if look.is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
        let (width, height) = if look.is_phone { (390, 844) } else { (1280, 1000) };
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": look.is_phone});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        self.keep_screenshot().await;
    }

    /// Whether the page is wider than its window, but for tables that scroll by themselves.
    pub async fn scrolls_sideways(&self) -> bool {
        // A phone's window grows with its page until all of it is in sight; the page's own width doesn't.
        const WIDER: &str =
            "const page = document.documentElement; return page.scrollWidth > page.clientWidth";
        self.client.execute(WIDER, Vec::new()).await.expect("a script runs") == true
    }
}
