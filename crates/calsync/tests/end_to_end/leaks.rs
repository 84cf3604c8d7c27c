//! Looks for secrets, each also as an address or a form writes it and as hexadecimal digits, and
//! by its beginning: half a secret is one too.

use bytes::Bytes;
use http::Response;

/// Enough of a secret to know it by.
const BEGINNING_CHARS: usize = 32;

/// Who may see a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody: it is in no answer either.
    Ours,
    /// The user, whose pages and addresses carry it.
    TheUsers,
}

struct Secret {
    name: &'static str,
    value: String,
    whose: Whose,
}

/// The secrets, what the service answered, and what it had stored at several moments.
#[derive(Default)]
pub(crate) struct Leaks {
    secrets: Vec<Secret>,
    answers: String,
    stored: String,
}

impl Leaks {
    pub(crate) fn look_for(&mut self, name: &'static str, secret: &str, whose: Whose) {
        let value: String = secret.chars().take(BEGINNING_CHARS).collect();
        assert!(value.len() >= 20, "{name}: too short to be found by chance");
        if self.secrets.iter().all(|known| known.value != value) {
            self.secrets.push(Secret { name, value, whose });
        }
    }

    /// Keeps an answer, with its headers, for the search.
    pub(crate) fn answered(&mut self, answer: &Response<Bytes>) {
        let body = String::from_utf8_lossy(answer.body());
        self.answers.push_str(&format!("{:?}\n{body}\n", answer.headers()));
    }

    /// Keeps what a command said.
    pub(crate) fn said(&mut self, output: &[u8]) {
        self.answers.push_str(&String::from_utf8_lossy(output));
    }

    /// Keeps what is in the database at this moment.
    pub(crate) fn stored(&mut self, database: &[u8]) {
        self.stored.push_str(&String::from_utf8_lossy(database));
    }

    /// Looks in the log, in what was stored, and in every answer.
    pub(crate) fn search(&self, log: &[u8]) {
        let log = String::from_utf8_lossy(log);
        let mut found = Vec::new();
        for Secret { name, value, whose } in &self.secrets {
            let answers = if *whose == Whose::Ours { self.answers.as_str() } else { "" };
            for (place, text) in [("the log", &*log), ("the database", &*self.stored), ("an answer", answers)]
            {
                for written in [value.clone(), value.replace('/', "%2F"), hexadecimal(value)] {
                    if let Some(at) = text.find(&written) {
                        let before: String = text[..at].chars().rev().take(200).collect();
                        found.push(format!(
                            "{name} in {place}, after {:?}",
                            before.chars().rev().collect::<String>()
                        ));
                    }
                }
            }
        }
        found.dedup();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
