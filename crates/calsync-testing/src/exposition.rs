//! Prometheus' text format (0.0.4), read strictly: what its own checker complains of fails a test.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::str::Lines;

/// A text of metrics, by family.
#[derive(Debug)]
pub struct Exposition(pub BTreeMap<String, Family>);

/// One metric with all of its series.
#[derive(Debug)]
pub struct Family {
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// Its samples, by name and labels.
    pub samples: BTreeMap<Series, f64>,
}

/// A sample's name and labels.
pub type Series = (String, BTreeMap<String, String>);

impl Exposition {
    /// Reads `text`.
    ///
    /// # Panics
    /// If it breaks the format or Prometheus' conventions.
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut families = BTreeMap::new();
        let mut lines = text.lines().peekable();
        while lines.peek().is_some() {
            let (name, family) = parse_family(&mut lines);
            assert!(families.insert(name.clone(), family).is_none(), "{name} is there twice");
        }
        Self(families)
    }

    /// The value of a series; none: it isn't there.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let owned = |(label, value): &(&str, &str)| ((*label).to_owned(), (*value).to_owned());
        let series = (name.to_owned(), labels.iter().map(owned).collect());
        self.0.values().find_map(|family| family.samples.get(&series)).copied()
    }

    /// The sum of all series of `name` that have `label`.
    pub fn sum(&self, name: &str, (label, value): (&str, &str)) -> f64 {
        let has = |labels: &BTreeMap<String, String>| labels.get(label).is_some_and(|found| found == value);
        let samples = self.0.values().flat_map(|family| &family.samples);
        samples.filter(|((found, labels), _)| found == name && has(labels)).map(|(_, value)| value).sum()
    }
}

impl Family {
    /// The names of its labels, without a histogram's bounds.
    pub fn labels(&self) -> BTreeSet<&str> {
        let labels = self.samples.keys().flat_map(|(_, labels)| labels.keys());
        labels.map(String::as_str).filter(|label| *label != "le").collect()
    }
}

/// A family: its help, its type, then all of its samples.
fn parse_family(lines: &mut Peekable<Lines<'_>>) -> (String, Family) {
    let mut comment = |word: &str| {
        let line = lines.next().expect("a line");
        let rest = line.strip_prefix(&format!("# {word} ")).unwrap_or_else(|| panic!("no {word}: {line}"));
        let (name, text) = rest.split_once(' ').unwrap_or_else(|| panic!("nothing said: {line}"));
        (name.to_owned(), text.to_owned())
    };
    let ((name, help), (typed, kind)) = (comment("HELP"), comment("TYPE"));
    assert_eq!(name, typed, "the help and the type of one metric stand together");
    assert!(!help.is_empty(), "{name} has no help");
    assert!(is_name(&name), "{name} is no name");
    assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
    let mut family = Family { kind, samples: BTreeMap::new() };
    while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
        let (series, value) = parse_sample(line);
        let suffix = series.0.strip_prefix(&name).unwrap_or_else(|| panic!("{line} stands under {name}"));
        let suffixes: &[&str] =
            if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(suffixes.contains(&suffix), "{line} is no sample of a {}", family.kind);
        assert!(family.kind != "counter" || value >= 0.0, "{line} fell below nothing");
        assert!(family.samples.insert(series, value).is_none(), "{line} is there twice");
    }
    assert!(!family.samples.is_empty(), "{name} has no samples");
    match family.kind.as_str() {
        "histogram" => check_buckets(&name, &family),
        kind => assert!(["counter", "gauge"].contains(&kind), "{name} is a {kind}"),
    }
    (name, family)
}

/// `name{label="value",…} value`, without a time.
fn parse_sample(line: &str) -> (Series, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{name} is no name");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        let (inner, after) = inner.split_once("} ").unwrap_or_else(|| panic!("labels don't end: {line}"));
        for label in inner.split("\",") {
            let (label, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label), "{label} is no name");
            let value = value.trim_end_matches('"');
            assert!(!value.is_empty(), "an empty label is none: {line}");
            assert!(labels.insert(label.to_owned(), value.to_owned()).is_none(), "a label twice: {line}");
        }
        rest = after;
    }
    let value = rest.trim_start().parse().unwrap_or_else(|_| panic!("no number: {line}"));
    ((name.to_owned(), labels), value)
}

/// Buckets hold all that smaller ones hold, and the last one all there is.
fn check_buckets(name: &str, family: &Family) {
    let mut by_labels: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for ((_, labels), count) in family.samples.iter().filter(|((sample, _), _)| sample.ends_with("_bucket")) {
        let mut labels = labels.clone();
        let bound = labels.remove("le").unwrap_or_else(|| panic!("a bucket of {name} has no bound"));
        let bound = bound.replace("+Inf", "inf").parse().expect("a number");
        by_labels.entry(labels).or_default().push((bound, *count));
    }
    for (labels, mut buckets) in by_labels {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(buckets.windows(2).all(|two| two[0].1 <= two[1].1), "{name} {labels:?}: {buckets:?}");
        let count = family.samples.get(&(format!("{name}_count"), labels.clone()));
        assert!(family.samples.contains_key(&(format!("{name}_sum"), labels.clone())), "{name} has no sum");
        let last = buckets.last().map(|(bound, count)| (bound.is_infinite(), count));
        assert_eq!(last.map(|(_, count)| count), count, "{name} {labels:?}");
        assert_eq!(last.map(|(is_infinite, _)| is_infinite), Some(true), "{name} {labels:?}");
    }
}

/// Whether `text` is a name as this project writes them.
fn is_name(text: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.chars().all(is_good) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    const GOOD: &str =
        "# HELP a_total Calls.\n# TYPE a_total counter\na_total{b=\"x\",c=\"y\"} 2\na_total 1\n";

    #[test]
    fn what_is_written_well_is_read() {
        let read = Exposition::parse(GOOD);
        assert_eq!(read.value("a_total", &[("c", "y"), ("b", "x")]), Some(2.0));
        assert_eq!(read.value("a_total", &[]), Some(1.0));
        assert_eq!(read.sum("a_total", ("b", "x")), 2.0);
        assert_eq!(read.0["a_total"].labels(), ["b", "c"].into());
    }

    #[test]
    fn what_is_not_is_refused() {
        let buckets =
            "# HELP s Time.\n# TYPE s histogram\ns_bucket{le=\"1\"} 2\ns_bucket{le=\"+Inf\"} 3\ns_sum 4\n";
        Exposition::parse(&format!("{buckets}s_count 3\n"));
        for bad in [
            GOOD.trim_end().to_owned(),
            GOOD.repeat(2),
            format!("{GOOD}a_total 1\n"),
            GOOD.replace("# HELP a_total Calls.\n", ""),
            GOOD.replace("a_total", "a"),
            GOOD.replace("a_total 1", "a_total -1"),
            GOOD.replace("a_total 1", "b_total 1"),
            GOOD.replace("a_total 1", "a_total one"),
            GOOD.replace("\"x\"", "\"\""),
            format!("{buckets}s_count 4\n"),
            buckets.to_owned(),
            format!("{}s_count 3\n", buckets.replace("} 2", "} 5")),
        ] {
            assert!(catch_unwind(|| Exposition::parse(&bad)).is_err(), "{bad}");
        }
    }
}
