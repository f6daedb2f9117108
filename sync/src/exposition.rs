//! Figures as Prometheus reads them: text exposition format 0.0.4.
//!
//! **Invariant:** whole numbers only, and no name or label that could end its line early: what a store
//! is called cannot forge a figure.

use std::fmt::Write as _;

/// What the answer's `content-type` says.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Figures of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, i64)>,
}

impl Family {
    /// A gauge: what is now. Its name ends in its unit.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    /// The same with a figure that has no labels.
    #[must_use]
    pub fn of(self, value: i64) -> Self {
        self.with(Vec::new(), value)
    }

    /// The same with one more figure.
    #[must_use]
    pub fn with(mut self, labels: Vec<(&'static str, String)>, value: i64) -> Self {
        self.samples.push((labels, value));
        self
    }
}

/// Writes families one after the other; one without figures is left out.
#[must_use]
pub fn render(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let Family { name, help, samples } = family;
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a text does not fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            text.push_str(name);
            if !labels.is_empty() {
                let told: Vec<String> = labels
                    .iter()
                    .map(|(key, told)| format!("{key}=\"{}\"", escaped(told)))
                    .collect();
                let _ = write!(text, "{{{}}}", told.join(","));
            }
            let _ = writeln!(text, " {value}");
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_line_by_line_and_no_label_ends_its_own() {
        let families = [
            Family::gauge("a_facts", "Facts that \\ wait.").of(7),
            Family::gauge("b", "None."),
            Family::gauge("c_seconds", "Age.")
                .with(vec![("store", "SH\"001\n\\x".to_owned()), ("edge", "e".to_owned())], -3)
                .with(vec![("store", "S2".to_owned())], 0),
        ];
        let expected = "# HELP a_facts Facts that \\\\ wait.\n# TYPE a_facts gauge\na_facts 7\n\
            # HELP c_seconds Age.\n# TYPE c_seconds gauge\n\
            c_seconds{store=\"SH\\\"001\\n\\\\x\",edge=\"e\"} -3\nc_seconds{store=\"S2\"} 0\n";
        assert_eq!(render(&families), expected);
        assert_eq!(render(&[]), "");
    }
}
