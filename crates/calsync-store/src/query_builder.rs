//! Lists with filters: a statement joined from static fragments, with only the predicates that
//! were asked for. Values are always bound; no text of a caller becomes part of a statement.

use std::fmt::Write;

/// A value to bind.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Text(String),
    Number(i64),
}

/// A statement in the making.
pub(crate) struct FilteredQuery {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
}

impl FilteredQuery {
    pub(crate) fn new(start: &'static str) -> Self {
        Self { sql: start.to_owned(), binds: Vec::new() }
    }

    /// Adds a fragment without a value.
    pub(crate) fn plain(&mut self, fragment: &'static str) {
        self.sql.push_str(fragment);
    }

    /// Adds a fragment in which every `?` is the value.
    pub(crate) fn with(&mut self, fragment: &'static str, value: Bind) {
        self.binds.push(value);
        for part in fragment.split_inclusive('?') {
            self.sql.push_str(part.strip_suffix('?').unwrap_or(part));
            if part.ends_with('?') {
                // Writing to a String can't fail.
                let _ = write!(self.sql, "${}", self.binds.len());
            }
        }
    }

    /// Adds a fragment with a text, if there is one.
    pub(crate) fn text(&mut self, fragment: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.with(fragment, Bind::Text(value.to_owned()));
        }
    }

    /// Adds a fragment with a number, if there is one.
    pub(crate) fn number(&mut self, fragment: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.with(fragment, Bind::Number(value));
        }
    }
}

/// Reads the rows of a filtered statement; each has a LIMIT.
macro_rules! fetch_filtered {
    ($tx:expr, $row:ty, $filtered:expr) => {{
        let filtered = $filtered;
        $crate::db::on!($tx, |c| {
            // The text is joined from static fragments and placeholders alone.
            let mut query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(filtered.sql));
            for bind in filtered.binds {
                query = match bind {
                    $crate::query_builder::Bind::Text(text) => query.bind(text),
                    $crate::query_builder::Bind::Number(number) => query.bind(number),
                };
            }
            query.fetch_all(c).await
        })
    }};
}
pub(crate) use fetch_filtered;

/// `text` as a pattern that finds it anywhere: wildcards in it are plain characters. For
/// `LIKE … ESCAPE '!'`.
pub(crate) fn like_contains(text: &str) -> String {
    let escaped: String = crate::text::sanitize(text)
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}
