//! Commands to stores.
//!
//! **Invariant:** what is given here is signed and run like what HQ's page gives.

use super::{
    CliError, Desk,
    args::CommandVerb,
    table::{Side, Table},
};
use crate::commands;

/// Who gives from here, where no token says a name.
const BY: &str = "command line";

impl Desk<'_> {
    pub(super) async fn command(&mut self, verb: CommandVerb) -> Result<(), CliError> {
        match verb {
            CommandVerb::Give { command, store, minutes } => {
                let given = commands::give(self.context, &store, &command, minutes, BY).await?;
                let line = format!("command {} to {store}: {command}", given.number);
                self.say(&given, &line)
            }
            CommandVerb::List { store } => {
                let listed = commands::list(self.context, &store).await?;
                if self.is_json {
                    return self.say(&listed, "");
                }
                let mut table = Table::new(&[
                    ("number", Side::Right),
                    ("command", Side::Left),
                    ("given at", Side::Left),
                    ("by", Side::Left),
                    ("state", Side::Left),
                    ("", Side::Left),
                ]);
                for one in listed {
                    let number = one.number.to_string();
                    table.row(vec![
                        number,
                        one.word,
                        one.given_at,
                        one.given_by,
                        one.state,
                        one.detail,
                    ]);
                }
                Ok(table.print(self.out)?)
            }
        }
    }
}
