//! Members, their coupons, and the keys of tokens.
//!
//! **Invariant:** names and phone numbers are printed masked; an id, a code or a token stands alone
//! on its line, so that a script can take it.

use domain::{lending::Purse, money::Money};
use serde_json::json;
use uuid::Uuid;

use super::{
    CliError, Desk,
    args::{CouponsVerb, KeysVerb, MembersVerb},
    table::{Side, Table},
};
use crate::{
    db::token_keys,
    hq::Asked,
    member::{self, Adjustment, CouponWish, MemberError, MemberShape, MemberWish},
    vault,
};

/// Whose hand it is, in entries and batches.
const BY: &str = "command line";

impl Desk<'_> {
    pub(super) async fn members(&mut self, verb: MembersVerb) -> Result<(), CliError> {
        match verb {
            MembersVerb::Import { file, dry_run } => {
                let done = member::import_file(self.context, &file, dry_run, BY).await?;
                self.imported(&done)
            }
            MembersVerb::List { limit, after } => self.list_members(limit, after).await,
            MembersVerb::Show { id } => {
                let shape = member::one(self.context, id).await?;
                self.member(&shape)
            }
            MembersVerb::Find { phone } => match member::find(self.context, &phone).await? {
                Some(shape) => self.member(&shape),
                None => self.say(&json!(null), "no member has this phone number"),
            },
            MembersVerb::Adjust { id, purse, amount, reason } => {
                let source: Uuid =
                    self.context.secret().map(Uuid::from_bytes).map_err(MemberError::from)?;
                let by = BY.to_owned();
                let wish = Adjustment { id: source, member: id, purse, amount, reason, by };
                member::adjust(self.context, &wish).await?;
                let shape = member::one(self.context, id).await?;
                self.member(&shape)
            }
            MembersVerb::Code { id, minutes } => {
                let code = member::code(self.context, id, minutes).await?;
                self.say(&json!({ "code": code }), &code)
            }
            MembersVerb::Remove { id } => {
                member::remove(self.context, id).await?;
                self.say(
                    &json!({ "result": "removed", "id": id }),
                    &format!("{id} is no member any more"),
                )
            }
            MembersVerb::Add {
                id,
                phone,
                name,
                store: home,
                tier,
                joined_on,
                birthday,
                staff,
                crowd,
            } => {
                let id = match id {
                    Some(id) => id,
                    None => self.context.new_id().map_err(MemberError::from)?,
                };
                let (is_staff, crowds) = (staff, crowd);
                let wish =
                    MemberWish { phone, name, home, tier, joined_on, birthday, is_staff, crowds };
                let word = member::enter(self.context, id, &wish).await?.word();
                self.say(&json!({ "result": word, "id": id }), &format!("{id}\nmember {word}"))
            }
        }
    }

    fn imported(&mut self, done: &member::ImportShape) -> Result<(), CliError> {
        if self.is_json {
            return self.say(done, "");
        }
        for fault in &done.faults {
            writeln!(self.out, "line {}: {}", fault.line, fault.reason)?;
        }
        let would = if done.dry_run { "would be " } else { "" };
        writeln!(
            self.out,
            "{} rows: {} {would}added, {} {would}changed, {} unchanged, {} refused",
            done.rows, done.added, done.changed, done.unchanged, done.refused
        )?;
        Ok(())
    }

    async fn list_members(&mut self, limit: i64, after: Option<String>) -> Result<(), CliError> {
        let asked = Asked { date: None, after, limit: Some(limit) };
        let page = member::members(self.context, &asked).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("member", Side::Left),
            ("name", Side::Left),
            ("phone", Side::Left),
            ("tier", Side::Left),
            ("points", Side::Right),
            ("balance", Side::Right),
        ]);
        for one in page.members {
            let balance = Money::from_minor(one.balance_minor).to_string();
            table.row(vec![one.id, one.name, one.phone, one.tier, one.points.to_string(), balance]);
        }
        self.page(&table, page.next)
    }

    fn member(&mut self, shape: &MemberShape) -> Result<(), CliError> {
        if self.is_json {
            return self.say(shape, "");
        }
        let balance = Money::from_minor(shape.balance_minor);
        let MemberShape { id, name, phone, points, .. } = shape;
        writeln!(self.out, "{id}\n{name} {phone}: {points} points, {balance} yuan")?;
        for known in &shape.stores {
            let home = if known.is_home { ", their own" } else { "" };
            let balance = Money::from_minor(known.balance_open_minor);
            let (store, points) = (&known.store, known.points_open);
            writeln!(self.out, "store {store}{home}: lent {points} points, {balance} yuan")?;
        }
        for entry in &shape.entries {
            let amount = match entry.purse {
                word if word == Purse::Balance.word() => {
                    Money::from_minor(entry.amount).to_string()
                }
                _ => entry.amount.to_string(),
            };
            let (at, purse, kind) = (&entry.at, entry.purse, entry.kind);
            writeln!(self.out, "{at} {purse} {kind} {amount} {} {}", entry.store, entry.reason)?;
        }
        Ok(())
    }

    pub(super) async fn coupons(&mut self, verb: CouponsVerb) -> Result<(), CliError> {
        let CouponsVerb::Issue { id, rule, count, member, store, days } = verb;
        let id = match id {
            Some(id) => id,
            None => self.context.secret().map(Uuid::from_bytes).map_err(MemberError::from)?,
        };
        let wish = CouponWish { id, rule, count, member, store, days, by: BY.to_owned() };
        let batch = member::issue(self.context, &wish).await?;
        let tokens: Vec<&str> = batch.coupons.iter().map(|one| one.token.as_str()).collect();
        let line = format!("{}\nbatch {}, good until {}", tokens.join("\n"), batch.id, batch.until);
        self.say(&batch, &line)
    }

    pub(super) async fn keys(&mut self, verb: KeysVerb) -> Result<(), CliError> {
        match verb {
            KeysVerb::Rotate => {
                let context = self.context;
                let version = context.vault().rotate(context.db(), context.now()).await?;
                let line = format!("key {version} signs in a day; stores hear of it now");
                self.say(&json!({ "version": version }), &line)
            }
            KeysVerb::Retire { key: version } => {
                let context = self.context;
                context.vault().retire(context.db(), version, context.now()).await?;
                let line = format!("key {version} and what it signed are good no more");
                self.say(&json!({ "result": "retired", "version": version }), &line)
            }
            KeysVerb::List => self.list_keys().await,
        }
    }

    async fn list_keys(&mut self) -> Result<(), CliError> {
        let doing = "read the keys of tokens";
        let mut tx = self.context.db().read(doing).await?;
        let (keys, believed) =
            (token_keys::all(&mut tx).await?, token_keys::believed(&mut tx).await?);
        let signing = vault::in_use(&believed, self.context.now()).map(|key| key.version);
        let mut table =
            Table::new(&[("key", Side::Right), ("made at", Side::Left), ("", Side::Left)]);
        let mut document = Vec::new();
        for key in keys {
            let state = match key.retired_at {
                Some(_) => "retired",
                None if signing == Some(key.version) => "signs",
                None if signing < Some(key.version) => "will sign",
                None => "believed",
            };
            let made_at = key.created_at.to_string();
            document.push(json!({ "version": key.version, "created_at": made_at, "state": state }));
            table.row(vec![key.version.to_string(), made_at, state.to_owned()]);
        }
        if self.is_json { self.say(&document, "") } else { Ok(table.print(self.out)?) }
    }
}
