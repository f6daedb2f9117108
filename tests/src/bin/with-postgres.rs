//! Starts a PostgreSQL server of its own, runs a command that finds it in `GUITAI_TEST_POSTGRES`, and
//! throws the server away: `with-postgres -- cargo test -p mall --test rooms`.

use std::process::{Command, ExitCode};

use acceptance::postgres::Postgres;
use anyhow::{Context as _, Result, bail};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else { bail!("with-postgres -- COMMAND [ARGUMENT …]") };
    let words: Vec<String> = words.collect();
    let folder = tempfile::tempdir().context("no folder")?;
    let mut postgres = Postgres::lay(folder.path())?;
    postgres.start().await?;
    let mut command = Command::new(program);
    command.args(words).env("GUITAI_TEST_POSTGRES", postgres.url());
    let ended = tokio::task::spawn_blocking(move || command.status()).await?;
    let is_fine = ended.context("could not run the command")?.success();
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
