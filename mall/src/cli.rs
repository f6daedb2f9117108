//! The mall's verbs from a command line.
//!
//! Every verb but `serve` opens the database beside a serving mall, does its work, and ends.
//!
//! | file | what |
//! | --- | --- |
//! | `args` | what can be asked |
//! | `serve` | the service itself, until a signal |
//! | `import` | price lists, with every refused row |
//! | `certificates` | the authority, and what a broker goes by |
//! | `manage` | stores, workstations, operators, claims, edge nodes, tokens |
//! | `orders` | tables of orders |
//! | `houses` | tables of payments by code, coupons and vouchers |
//! | `members` | members, coupons, and the keys that sign |
//! | `rules` | sets of rules: listed, shown, imported, exported, checked |
//! | `settings` | what HQ sets in stores, and what became of it |
//! | `pictures` | pictures that stores show while nobody buys |
//! | `try_cart` | a trial, without a database |
//! | `table` | columns that line up, also where signs are two wide |
//!
//! **Invariant:** results go to the writer that was given, never anywhere else; a code, token or
//! PIN is in no log.

mod args;
mod certificates;
mod commands;
mod houses;
mod import;
mod manage;
mod members;
mod orders;
mod pictures;
mod rules;
mod serve;
mod settings;
mod shop;
mod stock;
mod table;
mod try_cart;

use std::io::{self, Write};

use serde::Serialize;

pub use args::Args;
use args::Verb;
use try_cart::TrialError;

use crate::{
    AuthorityError, RunError,
    catalog::{ImportError, RetireError},
    commands::CommandError,
    context::{Context, OpenError},
    db::DbError,
    fleet::{ClaimError, StaffError, StoreError},
    hq::HqError,
    http,
    member::MemberError,
    pictures::PictureError,
    rules::{RulesError, RulesFileError},
    settings::SettingsError,
    stock::CountError,
    vault::VaultError,
};

/// Why a verb did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CliError(Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Retire(#[from] RetireError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error(transparent)]
    Staff(#[from] StaffError),
    #[error(transparent)]
    Hq(#[from] HqError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    RulesFile(#[from] RulesFileError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("{} is no document of settings", .0.display())]
    SettingsFile(std::path::PathBuf),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error("{} could not be read", .0.display())]
    PictureFile(std::path::PathBuf),
    #[error(transparent)]
    Count(#[from] CountError),
    #[error(transparent)]
    Trial(#[from] TrialError),
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Lists(#[from] crate::authority::ListsError),
    #[error(transparent)]
    Rotate(#[from] crate::authority::RotateError),
    #[error("there is no edge node `{0}`")]
    Edge(String),
    #[error("could not write the result")]
    Output(#[from] io::Error),
    #[error("could not write the result")]
    Json(#[from] serde_json::Error),
}

impl<E: Into<Kind>> From<E> for CliError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl CliError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Open(error) => error.hint(),
            Kind::Run(error) => error.hint(),
            Kind::Rotate(error) => error.hint(),
            Kind::Db(error) | Kind::Import(ImportError::Db(error)) => error.hint(),
            Kind::Import(ImportError::Sheet { .. }) => {
                Some("a price list is CSV (UTF-8 or GB18030) or XLSX; see docs/import.md")
            }
            Kind::Import(ImportError::Header(_)) => Some("see docs/import.md for the columns"),
            Kind::Store(StoreError::Unknown(_)) | Kind::Hq(HqError::Store(_)) => {
                Some("`mall store list` names the stores")
            }
            Kind::Staff(StaffError::Taken(_)) => Some("end it first: mall staff revoke NAME"),
            Kind::Import(ImportError::TooManyRows) => Some("divide the file"),
            Kind::Rules(RulesError::Db(error)) => error.hint(),
            Kind::Rules(RulesError::Changed { .. }) => {
                Some("export the set in force, make your change to it, and import that")
            }
            Kind::Settings(SettingsError::Db(error)) => error.hint(),
            Kind::Command(CommandError::Store(_)) | Kind::Settings(SettingsError::Store(_)) => {
                Some("`mall store list` names the stores")
            }
            Kind::Settings(SettingsError::Group(_)) => Some("`mall settings groups` names them"),
            Kind::Settings(SettingsError::Faults(_)) | Kind::SettingsFile(_) => {
                Some("`mall settings schema` names what can be set")
            }
            Kind::RulesFile(_) => Some("see docs/import.md for the forms of a file of rules"),
            Kind::Trial(_) => Some("see docs/pricing.md for the words of a trial"),
            Kind::Member(error) => error.hint(),
            Kind::Vault(error) => error.hint(),
            Kind::Authority(error) => error.hint(),
            Kind::Count(CountError::Header) => Some("see docs/import.md for a table of stock"),
            Kind::Count(CountError::Store(StoreError::Unknown(_))) => {
                Some("`mall store list` names the stores")
            }
            Kind::Rules(
                RulesError::TooLarge(_)
                | RulesError::Faults(_)
                | RulesError::Unknown(_)
                | RulesError::Note
                | RulesError::CutOff,
            )
            | Kind::Settings(_)
            | Kind::Command(_)
            | Kind::PictureFile(_)
            | Kind::Picture(_)
            | Kind::Import(ImportError::CutOff)
            | Kind::Retire(_)
            | Kind::Lists(_)
            | Kind::Count(_)
            | Kind::Store(_)
            | Kind::Claim(_)
            | Kind::Staff(_)
            | Kind::Hq(_)
            | Kind::Edge(_)
            | Kind::Output(_)
            | Kind::Json(_) => None,
        }
    }
}

/// Where results go.
pub(crate) type Out<'a> = &'a mut (dyn Write + Send);

/// Does what was asked; `false` when what it looked at is not right (`orders check`, `rules check`,
/// a trial that comes out otherwise than it says).
pub async fn execute(args: Args, out: Out<'_>) -> Result<bool, CliError> {
    let config = args.config();
    let is_json = args.is_json;
    if matches!(args.verb, Verb::Serve { .. }) {
        serve::serve(config, out).await?;
        return Ok(true);
    }
    if let Verb::TryCart { file } = &args.verb {
        return try_cart::try_cart(file, is_json, out);
    }
    let context = Context::open(&config).await?;
    let desk = Desk { context: &context, is_json, out };
    let done = desk.execute(args.verb).await;
    context.db().close().await;
    done
}

/// A verb at work.
struct Desk<'a> {
    context: &'a Context,
    is_json: bool,
    out: Out<'a>,
}

impl Desk<'_> {
    async fn execute(mut self, verb: Verb) -> Result<bool, CliError> {
        match verb {
            // Done by the caller, who opens no context for them.
            Verb::Serve { .. } | Verb::TryCart { .. } => {}
            Verb::Import { file, dry_run } => self.import(file, dry_run).await?,
            Verb::Item { verb } => self.item(verb).await?,
            Verb::Store { verb } => self.store(verb).await?,
            Verb::Workstation { verb } => self.workstation(verb).await?,
            Verb::Operator { verb } => self.operator(verb).await?,
            Verb::Claim { store, ttl_minutes } => self.claim(&store, ttl_minutes).await?,
            Verb::Edge { verb } => self.edge(verb).await?,
            Verb::Authority { verb } => self.authority(verb).await?,
            Verb::Broker { verb } => self.broker(verb).await?,
            Verb::Staff { verb } => self.staff(verb).await?,
            Verb::Orders { verb } => return self.orders(verb).await,
            Verb::Rules { verb } => return self.rules(verb).await,
            Verb::Settings { verb } => self.settings(verb).await?,
            Verb::Command { verb } => self.command(verb).await?,
            Verb::Picture { verb } => self.picture(verb).await?,
            Verb::Payments { verb } => self.payments(verb).await?,
            Verb::Redemptions { verb } => self.redemptions(verb).await?,
            Verb::Members { verb } => self.members(verb).await?,
            Verb::Coupons { verb } => self.coupons(verb).await?,
            Verb::Keys { verb } => self.keys(verb).await?,
            Verb::Shop { verb } => self.shop(verb).await?,
            Verb::PickupCases => self.pickup_cases().await?,
            Verb::Stock { verb } => return self.stock(verb).await,
            Verb::Access => self.out.write_all(http::access(self.context).as_bytes())?,
            Verb::Openapi => self.out.write_all(http::document(self.context).as_bytes())?,
        }
        Ok(true)
    }

    /// Prints a document to programs, or a line to people.
    fn say(&mut self, document: &impl Serialize, line: &str) -> Result<(), CliError> {
        if self.is_json {
            serde_json::to_writer(&mut *self.out, document)?;
            writeln!(self.out)?;
        } else {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}
