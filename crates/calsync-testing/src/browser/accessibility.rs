//! What axe-core, the usual checker of accessibility, finds on a page.
//!
//! Its script is put in by the driver, from outside the page: the page's content policy
//! stays as it is.

use serde_json::Value;

use super::Browser;
use crate::tools;

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations']}).then(
        (found) => done(found.violations.flatMap((rule) => rule.nodes.map(
            (node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`))),
        (error) => done([`axe itself failed: ${error}`]));
";

impl Browser {
    /// Each violation on the page, with its element and what is wrong.
    pub async fn violations(&self) -> Vec<String> {
        let is_there = self.client.execute("return typeof axe === 'object'", Vec::new()).await;
        if is_there.expect("a script runs") == false {
            let axe = std::fs::read_to_string(tools::axe()).expect("axe-core's script");
            self.client.execute(&axe, Vec::new()).await.expect("axe-core loads");
        }
        let found = self.client.execute_async(RUN, Vec::new()).await.expect("axe-core runs");
        let Value::Array(found) = found else { panic!("axe-core's answer: {found}") };
        found.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }
}
