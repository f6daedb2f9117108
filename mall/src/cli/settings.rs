//! What HQ sets in stores while they run, and what became of it.
//!
//! **Invariant:** a refused document is told value by value and nothing of it is kept.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    CliError, Desk, Kind,
    args::SettingsVerb,
    table::{Side, Table},
};
use crate::{
    rules::Expected,
    settings::{self, GroupWish, Saved, SettingsError, Whom, Wish},
};

/// Who saves from here, where no token says a name.
const BY: &str = "command line";

impl Desk<'_> {
    pub(super) async fn settings(&mut self, verb: SettingsVerb) -> Result<(), CliError> {
        match verb {
            SettingsVerb::Schema => self.schema(),
            SettingsVerb::Show { store, group, revision } => {
                let whom = whom(store, group);
                let shape = settings::one(self.context, &whom, revision, None).await?;
                let document = serde_json::to_string_pretty(&shape.settings)?;
                let head = format!("settings {} of {}", shape.revision, shape.target);
                self.say(&shape, &format!("{head}\n{document}"))
            }
            SettingsVerb::Set { file, store, group, note, expect } => {
                let expected = expect.map_or(Expected::Any, Expected::Revision);
                let document = read(&file)?;
                let whom = whom(store, group);
                let target = whom.to_string();
                let wish = Wish { whom, document, note, by: BY.to_owned(), expected };
                let Saved { revision, is_unchanged } = settings::save(self.context, wish).await?;
                let result = if is_unchanged { "unchanged" } else { "saved" };
                let told = json!({ "target": target, "revision": revision, "result": result });
                self.say(&told, &format!("settings {revision} of {target}: {result}"))
            }
            SettingsVerb::History { store, group, limit, before } => {
                self.history(&whom(store, group), before, limit).await
            }
            SettingsVerb::Groups => self.groups().await,
            SettingsVerb::Group { key, name, rank, stores } => {
                let wish = GroupWish { name, rank, stores };
                let any = Expected::Any;
                let version = settings::save_group(self.context, &key, wish, BY, any).await?;
                let told = json!({ "group": key, "version": version });
                self.say(&told, &format!("group {key}: version {version}"))
            }
            SettingsVerb::RemoveGroup { key } => {
                settings::remove_group(self.context, &key, BY, Expected::Any).await?;
                self.say(&json!({ "group": key }), &format!("group {key}: ended"))
            }
            SettingsVerb::Standing => self.standings().await,
            SettingsVerb::RotateKey => {
                let key = self.context.settings_keys().rotate().map_err(SettingsError::Keys)?;
                self.say(&json!({ "key": key }), &format!("settings are signed by key {key} now"))
            }
        }
    }

    fn schema(&mut self) -> Result<(), CliError> {
        let schema = settings::schema();
        if self.is_json {
            return self.say(&schema, "");
        }
        let mut table = Table::new(&[
            ("setting", Side::Left),
            ("kind", Side::Left),
            ("default", Side::Left),
            ("", Side::Left),
        ]);
        for setting in schema {
            let key = setting.key.to_owned();
            let (kind, default) = (setting.kind.to_owned(), setting.default.to_string());
            table.row(vec![key, kind, default, setting.sentence.zh]);
        }
        Ok(table.print(self.out)?)
    }

    async fn history(
        &mut self,
        whom: &Whom,
        before: Option<i64>,
        limit: i64,
    ) -> Result<(), CliError> {
        let page = settings::list(self.context, whom, before, Some(limit)).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("revision", Side::Right),
            ("saved at", Side::Left),
            ("by", Side::Left),
            ("changes", Side::Left),
            ("note", Side::Left),
        ]);
        for revision in page.revisions {
            let changes = revision.changes.into_iter().map(|c| format!("{} {}", c.key, c.after));
            table.row(vec![
                revision.revision.to_string(),
                revision.saved_at,
                revision.saved_by,
                changes.collect::<Vec<_>>().join("; "),
                revision.note,
            ]);
        }
        table.print(self.out)?;
        if let Some(next) = page.next {
            writeln!(self.out, "more: --before {next}")?;
        }
        Ok(())
    }

    async fn groups(&mut self) -> Result<(), CliError> {
        let groups = settings::list_groups(self.context).await?;
        if self.is_json {
            return self.say(&groups, "");
        }
        let mut table = Table::new(&[
            ("group", Side::Left),
            ("name", Side::Left),
            ("rank", Side::Right),
            ("settings", Side::Right),
            ("stores", Side::Left),
        ]);
        for group in groups {
            let (rank, revision) = (group.rank.to_string(), group.revision.to_string());
            table.row(vec![group.key, group.name, rank, revision, group.stores.join(" ")]);
        }
        Ok(table.print(self.out)?)
    }

    async fn standings(&mut self) -> Result<(), CliError> {
        let standings = settings::list_standings(self.context).await?;
        if self.is_json {
            return self.say(&standings, "");
        }
        let mut table = Table::new(&[
            ("store", Side::Left),
            ("", Side::Left),
            ("heard at", Side::Left),
            ("all", Side::Left),
            ("own", Side::Left),
            ("groups", Side::Left),
        ]);
        for standing in standings {
            let mut row = vec![
                standing.code,
                if standing.is_online { "online" } else { "" }.to_owned(),
                standing.heard_at,
            ];
            let of = |t: settings::TargetShape| format!("{}/{} {}", t.applied, t.desired, t.state);
            let mut targets = standing.settings.into_iter();
            row.extend(targets.by_ref().take(2).map(of));
            let of = |t: settings::TargetShape| {
                format!("{} {}/{} {}", t.target, t.applied, t.desired, t.state)
            };
            row.push(targets.map(of).collect::<Vec<_>>().join("; "));
            table.row(row);
        }
        Ok(table.print(self.out)?)
    }
}

fn whom(store: Option<String>, group: Option<String>) -> Whom {
    let store = store.map_or(Whom::All, Whom::Store);
    group.map_or(store, Whom::Group)
}

fn read(file: &Path) -> Result<Value, CliError> {
    let no_document = || Kind::SettingsFile(file.to_owned());
    let text = std::fs::read(file).map_err(|_| no_document())?;
    Ok(serde_json::from_slice(&text).map_err(|_| no_document())?)
}
