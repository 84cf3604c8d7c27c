//! Parameters of a query string or of a form, as they came: in order, repeats kept.
//!
//! The typed readers refuse what Google refuses; unknown parameters are nobody's business.

use jiff::Timestamp;

use crate::api_error::ApiError;

#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of that name that isn't empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(other) => {
                Err(ApiError::invalid_parameter(name, format!("Invalid boolean value: '{other}'.")))
            }
        }
    }

    /// A whole number of at least `least`; above `most` it counts as `most`, as Google clamps.
    pub(crate) fn number(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<usize>() {
            Ok(number) if number >= least => Ok(Some(number.min(most))),
            _ => Err(ApiError::invalid_parameter(
                name,
                format!("Invalid value '{text}'. Values must be at least {least}."),
            )),
        }
    }

    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(time) => Ok(Some(time)),
            Err(_) => Err(ApiError::invalid_parameter(name, "Bad Request")),
        }
    }

    /// One of the words allowed.
    pub(crate) fn word(
        &self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match allowed.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(*word)),
            None => Err(ApiError::invalid_parameter(
                name,
                format!("Invalid string value: '{text}'. Allowed values: [{}]", allowed.join(", ")),
            )),
        }
    }
}
