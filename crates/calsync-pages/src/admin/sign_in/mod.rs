//! `/admin/sign-in`.

pub(crate) mod get;
pub(crate) mod post;

use askama::Template;
use axum::response::Response;
use calsync_http::app_state::AppState;
use http::StatusCode;

use super::{Shell, render};

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct Page<'a> {
    shell: Shell<'a>,
    email: &'a str,
    next: &'a str,
    refusal: Option<&'static str>,
}

fn page(
    app: &AppState,
    status: StatusCode,
    email: &str,
    next: &str,
    refusal: Option<&'static str>,
) -> Response {
    render(status, &Page { shell: Shell::outside(app), email, next, refusal })
}

/// Where to go after signing in: a page of the console, and nothing that a browser could read as
/// another place.
fn safe_next(next: &str) -> &str {
    let is_ours = next == "/admin" || next.starts_with("/admin/") || next.starts_with("/admin?");
    let is_plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_ours && is_plain { next } else { "/admin" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_console_comes_next() {
        assert_eq!(safe_next("/admin/users?q=a%20b"), "/admin/users?q=a%20b");
        for evil in ["", "//evil", "/\\evil", "https://evil", "/adminevil", "/admin/\r\nx: y", "/admin/\t"] {
            assert_eq!(safe_next(evil), "/admin", "{evil:?}");
        }
    }
}
