//! Who may be in a run, and the accounts and calendars that they have at Google.

use anyhow::Context;

/// The users that there may be, each with a Google account of the same name.
pub(crate) const USERS: [&str; 5] = ["ana", "ben", "mira", "noor", "olga"];

/// The OAuth client of the deployment.
pub(crate) const CLIENT: &str = "client";

/// The Workspace domain of the first of them, and of nobody else.
pub(crate) const DOMAIN: &str = "school.example";

/// Whose account has this address.
pub(crate) fn user_of(email: &str) -> anyhow::Result<String> {
    let user = email.strip_suffix("@example.org");
    Ok(user.with_context(|| format!("{email} is nobody's account"))?.to_owned())
}

pub(crate) fn email(user: &str) -> String {
    format!("{user}@example.org")
}

/// A calendar of the user's beside their first one.
pub(crate) fn work(user: &str) -> String {
    format!("work-of-{user}")
}
