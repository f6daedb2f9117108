//! Price lists, with every refused row.
//!
//! **Invariant:** refused rows are printed as they are met, however many there are.

use std::{io, path::PathBuf};

use super::{CliError, Desk, args::ItemVerb};
use crate::catalog::{self, Import, RowFault, Summary};

impl Desk<'_> {
    pub(super) async fn import(&mut self, file: PathBuf, dry_run: bool) -> Result<(), CliError> {
        let import = Import { file, is_dry_run: dry_run };
        let (is_json, out) = (self.is_json, &mut *self.out);
        let mut n = 0_u64;
        let mut written: io::Result<()> = Ok(());
        if is_json {
            write!(out, "{{\"faults\":[")?;
        }
        let summary = catalog::import(self.context, &import, &mut |fault| {
            n += 1;
            if written.is_ok() {
                written = if is_json {
                    json(out, &fault, n > 1)
                } else {
                    let RowFault { line, field, reason, value } = &fault;
                    writeln!(out, "line {line}: {field} {reason} (`{value}`)")
                };
            }
        })
        .await;
        written?;
        let summary = summary?;
        if is_json {
            // The list of faults is open: the summary's own members close the document.
            let text = serde_json::to_string(&summary)?;
            writeln!(self.out, "],{}", text.trim_start_matches('{'))?;
            return Ok(());
        }
        self.tell(&summary)
    }

    fn tell(&mut self, summary: &Summary) -> Result<(), CliError> {
        let Summary { rows, added, changed, unchanged, refused, version, .. } = summary;
        if !summary.ignored_columns.is_empty() {
            writeln!(self.out, "ignored columns: {}", summary.ignored_columns.join(", "))?;
        }
        let done = if summary.dry_run { "would be " } else { "" };
        writeln!(
            self.out,
            "{rows} rows: {added} {done}added, {changed} {done}changed, {unchanged} unchanged, \
             {refused} refused; catalog version {version}"
        )?;
        Ok(())
    }

    pub(super) async fn item(&mut self, verb: ItemVerb) -> Result<(), CliError> {
        match verb {
            ItemVerb::Retire { sku } => {
                let version = catalog::retire(self.context, &sku).await?;
                let document = serde_json::json!({ "sku": sku, "version": version });
                self.say(&document, &format!("{sku} is retired; catalog version {version}"))
            }
            ItemVerb::Prune { older_than_days } => {
                let pruned = catalog::prune(self.context, older_than_days).await?;
                let (n, since) = (pruned.forgotten, pruned.kept_since);
                let document = serde_json::json!({ "forgotten": n, "kept_since": since });
                let line = format!("{n} forgotten; the feed can be followed from version {since}");
                self.say(&document, &line)
            }
        }
    }
}

fn json(out: &mut (dyn io::Write + Send), fault: &RowFault, is_later: bool) -> io::Result<()> {
    if is_later {
        out.write_all(b",")?;
    }
    out.write_all(&serde_json::to_vec(fault)?)
}
