//! Promotions: saved, listed, checked, taken from files and written to them.
//!
//! **Invariant:** a refused set is told fault by fault and nothing of it is kept.

use std::path::Path;

use domain::pricing::{PriceBook, RuleSet, explain, explain::Language};
use serde_json::json;

use super::{
    CliError, Desk,
    args::{RulesFormat, RulesVerb},
    table::{Side, Table},
};
use crate::rules::{
    self, CheckShape, Expected, FindingShape, RuleSetShape, RulesError, RulesFileError, Saved, Wish,
};

/// Who saves from here, where no token says a name.
const BY: &str = "command line";

impl Desk<'_> {
    pub(super) async fn rules(&mut self, verb: RulesVerb) -> Result<bool, CliError> {
        match verb {
            RulesVerb::List { limit, before } => self.list_rules(before, limit).await?,
            RulesVerb::Show { revision } => self.show_rules(revision).await?,
            RulesVerb::Export { format, revision } => self.export_rules(format, revision).await?,
            RulesVerb::Import { file, dry_run: true, .. } | RulesVerb::Check { file } => {
                return self.check_rules(&file).await;
            }
            RulesVerb::Import { file, dry_run: false, note, expect } => {
                let expected = expect.map_or(Expected::Any, Expected::Revision);
                return self.import_rules(&file, note, expected).await;
            }
        }
        Ok(true)
    }

    async fn list_rules(&mut self, before: Option<i64>, limit: i64) -> Result<(), CliError> {
        let page = rules::list(self.context, before, Some(limit)).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("revision", Side::Right),
            ("rules", Side::Right),
            ("saved at", Side::Left),
            ("by", Side::Left),
            ("note", Side::Left),
        ]);
        for set in page.revisions {
            table.row(vec![
                set.revision.to_string(),
                set.n_rules.to_string(),
                set.saved_at,
                set.saved_by,
                set.note,
            ]);
        }
        table.print(self.out)?;
        if let Some(next) = page.next {
            writeln!(self.out, "more: --before {next}")?;
        }
        Ok(())
    }

    async fn show_rules(&mut self, revision: Option<i64>) -> Result<(), CliError> {
        let shape = rules::one(self.context, revision).await?;
        if self.is_json {
            return self.say(&shape, "");
        }
        let head = &shape.head;
        let (n, by, at) = (head.n_rules, &head.saved_by, &head.saved_at);
        writeln!(self.out, "rule set {}: {n} rules  {at}  {by}  {}", head.revision, head.note)?;
        let mut table = Table::new(&[
            ("rule", Side::Left),
            ("lane", Side::Left),
            ("name", Side::Left),
            ("gives", Side::Left),
        ]);
        // In the order in which they are asked, not in that of the document.
        let book = PriceBook::compile(head.revision, document(&shape)?);
        for rule in book.as_ref().map(PriceBook::rules).unwrap_or_default() {
            let gives = rule.steps.iter().map(|step| explain::reward(&step.reward, Language::Zh));
            table.row(vec![
                rule.id.clone(),
                rule.lane().word().to_owned(),
                rule.name.clone(),
                gives.collect::<Vec<_>>().join("; "),
            ]);
        }
        Ok(table.print(self.out)?)
    }

    async fn export_rules(
        &mut self,
        format: RulesFormat,
        revision: Option<i64>,
    ) -> Result<(), CliError> {
        let set = document(&rules::one(self.context, revision).await?)?;
        match format {
            RulesFormat::Json => {
                serde_json::to_writer_pretty(&mut *self.out, &set)?;
                writeln!(self.out)?;
            }
            RulesFormat::Csv => self.out.write_all(rules::to_table(&set)?.as_bytes())?,
        }
        Ok(())
    }

    async fn import_rules(
        &mut self,
        file: &Path,
        note: String,
        expected: Expected,
    ) -> Result<bool, CliError> {
        let set = rules::read_file(file)?;
        let n_rules = set.rules.len();
        let wish = Wish { set, note, by: BY.to_owned(), expected };
        let Saved { revision, is_unchanged, check } = match rules::save(self.context, wish).await {
            Err(RulesError::Faults(check)) => return self.tell_check(&check).map(|()| false),
            saved => saved?,
        };
        let result = if is_unchanged { "unchanged" } else { "saved" };
        if self.is_json {
            let document = json!({
                "revision": revision, "result": result, "n_rules": n_rules,
                "warnings": check.warnings, "n_warnings": check.n_warnings,
            });
            return self.say(&document, "").map(|()| true);
        }
        let (word, n) = (if is_unchanged { "unchanged" } else { "in force" }, check.n_warnings);
        writeln!(self.out, "rule set {revision} is {word}: {n_rules} rules, {n} warnings")?;
        self.tell_findings("warning", &check.warnings, check.n_warnings)?;
        Ok(true)
    }

    async fn check_rules(&mut self, file: &Path) -> Result<bool, CliError> {
        let inspected = rules::inspect(self.context, rules::read_file(file)?).await?;
        self.tell_check(&inspected.check)?;
        Ok(inspected.check.n_errors == 0)
    }

    fn tell_check(&mut self, check: &CheckShape) -> Result<(), CliError> {
        if self.is_json {
            return self.say(check, "");
        }
        self.tell_findings("fault", &check.errors, check.n_errors)?;
        self.tell_findings("warning", &check.warnings, check.n_warnings)?;
        let (errors, warnings) = (check.n_errors, check.n_warnings);
        writeln!(self.out, "{errors} faults, {warnings} warnings")?;
        Ok(())
    }

    fn tell_findings(
        &mut self,
        what: &str,
        told: &[FindingShape],
        n: usize,
    ) -> Result<(), CliError> {
        for FindingShape { rule, code, sentence } in told {
            writeln!(self.out, "{what} {rule} ({code}): {} {}", sentence.zh, sentence.en)?;
        }
        if n > told.len() {
            writeln!(self.out, "and {} more", n - told.len())?;
        }
        Ok(())
    }
}

fn document(shape: &RuleSetShape) -> Result<RuleSet, RulesFileError> {
    Ok(serde_json::from_str(shape.set.get())?)
}
