//! A real PostgreSQL server of our own, from Debian's packages: in a folder, on a socket there, and
//! without any care for power cuts.
//!
//! **Invariant:** it is gone when its handle is, with everything in it; no server of the machine's own
//! is touched.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    program::Running,
    untested::{self, Lack},
    wait::{PATIENCE, until},
};

/// Where Debian puts each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The server does not run as root, and Debian has an account for it.
const ACCOUNT: &str = "postgres";
/// The first version whose databases can take their order of texts from ICU.
const ICU_SINCE: u32 = 15;
/// The longest path of a socket, which the kernel limits, less its name.
const SOCKET_FOLDER_MAX: usize = 80;
/// What stands between two columns and between two rows of an answer, and in no text of ours (ASCII,
/// unit separator and record separator).
const FIELD: &str = "\x1f";
const ROW: &str = "\x1e";
/// Two cores of tests with a pool for each mall need some dozens.
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 200
shared_buffers = 64MB
fsync = off
full_page_writes = off
synchronous_commit = off
log_min_messages = warning
";

/// A server, running or not.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
    running: Option<Running>,
}

/// Whom the server runs as.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

/// The newest version that is installed, and the folder of its programs.
fn newest() -> Option<(u32, PathBuf)> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(Result::ok);
    let numbered = versions.filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin"))).filter(|(_, bin)| bin.join("postgres").is_file())
    });
    numbered.max_by_key(|(number, _)| *number)
}

/// Whether tests can have a server; says visibly when they cannot.
#[must_use]
pub fn is_here() -> bool {
    let is_here = newest().is_some();
    if !is_here {
        untested::say("the mall on PostgreSQL", &Lack::Packages(&["postgresql"]));
    }
    is_here
}

impl Postgres {
    /// Lays an empty server into a folder, which is its own from then on.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or cannot make its files.
    pub fn lay(folder: &Path) -> Result<Self> {
        let (version, programs) = newest().context("postgresql is not installed")?;
        let length = folder.as_os_str().len();
        ensure!(length <= SOCKET_FOLDER_MAX, "the path is too long for a socket: {length}");
        fs::create_dir_all(folder).context("could not make the server's folder")?;
        let account = account()?;
        if let Some(Account { user, group }) = account {
            chown(folder, Some(user), Some(group)).context("could not give the folder away")?;
        }
        // Whoever tests may not be whom the server runs as.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .context("could not open the folder")?;
        let server = Self { folder: folder.to_owned(), programs, account, running: None };
        let data = server.data();
        let mut command = server.command("initdb");
        command.args(["--no-sync", "--auth=trust", "--username", ACCOUNT, "--encoding=UTF8"]);
        // Where it can be chosen, texts sort otherwise than by their bytes, as on most machines.
        if version >= ICU_SINCE {
            command.args(["--locale-provider=icu", "--icu-locale=en-US"]);
        }
        command.args(["--locale=C.UTF-8", "--pgdata"]).arg(&data);
        let made = command.output().context("could not run initdb")?;
        let errors = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {errors}");
        let conf = data.join("postgresql.conf");
        let mut text = fs::read_to_string(&conf).context("could not read the settings")?;
        text.push_str(SETTINGS);
        text.push_str(&format!("unix_socket_directories = '{}'\n", folder.display()));
        fs::write(&conf, text).context("could not write the settings")?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// One of PostgreSQL's programs, as whoever may run it. It takes the place of the program that
    /// changes who it is: to kill the one is to kill the other.
    fn command(&self, name: impl AsRef<OsStr>) -> Command {
        let program = self.programs.join(Path::new(name.as_ref()));
        let mut command = match self.account {
            None => Command::new(program),
            Some(Account { user, group }) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={user}"), format!("--regid={group}")]);
                command.arg("--clear-groups").arg(program);
                command
            }
        };
        command.env("LC_ALL", "C.UTF-8").current_dir("/");
        command
    }

    /// Its address without a database, as a mall is told it.
    #[must_use]
    pub fn url(&self) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{ACCOUNT}@{folder}")
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn start(&mut self) -> Result<()> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        let log = self.folder.join("postgres.log");
        self.running = None;
        let running = self.running.insert(Running::start("the database", &mut command, &log)?);
        let programs = &self.programs;
        until("the database to answer", PATIENCE, async || {
            if !running.is_running()? {
                bail!("the database ended at once:\n{}", running.last_words());
            }
            let mut command = Command::new(programs.join("pg_isready"));
            command.arg("--quiet").arg("--host").arg(&self.folder);
            let asked = crate::program::run(command).await?;
            Ok(asked.status.success().then_some(()))
        })
        .await
    }

    /// Runs a script in one of its databases, with rows to be copied in between, to its end.
    ///
    /// # Errors
    /// When a statement of it is refused.
    pub fn run(&self, database: &str, script: &str) -> Result<()> {
        let file = self.folder.join("script.sql");
        fs::write(&file, script).context("could not write a script")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))
            .context("could not open a script")?;
        let mut command = self.command("psql");
        command.args(["--no-psqlrc", "--quiet", "--no-password", "--set", "ON_ERROR_STOP=1"]);
        command.args(["--username", ACCOUNT, "--dbname", database, "--host"]).arg(&self.folder);
        let said = command.arg("--file").arg(&file).output().context("could not run psql")?;
        let errors = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "psql: {errors}");
        Ok(())
    }

    /// Asks one of its databases; every row, with its columns as texts.
    ///
    /// # Errors
    /// When it does not run, or refuses.
    pub fn rows(&self, database: &str, sql: &str) -> Result<Vec<Vec<String>>> {
        let mut command = self.command("psql");
        command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"]);
        command.args(["--set", "ON_ERROR_STOP=1", "--field-separator", FIELD]);
        command.args(["--record-separator", ROW, "--username", ACCOUNT, "--dbname", database]);
        command.arg("--host").arg(&self.folder).args(["--command", sql]);
        let said = command.output().context("could not run psql")?;
        let errors = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "psql: {errors}\n{sql}");
        let text = String::from_utf8(said.stdout).context("psql said no text")?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let rows = text.split(ROW).filter(|row| !row.is_empty());
        Ok(rows.map(|row| row.split(FIELD).map(str::to_owned).collect()).collect())
    }

    /// Ends it at once, as a cut of its power would; what is committed is found again.
    pub fn kill(&mut self) {
        let Some(_running) = self.running.take() else { return };
        let mut command = self.command("pg_ctl");
        command.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.data());
        // What it leaves running is killed with its handle.
        let _ = command.output();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whom the server must run as: root may not, everybody else runs it themselves.
fn account() -> Result<Option<Account>> {
    let id = |words: &[&str]| -> Result<u32> {
        let said = Command::new("id").args(words).output().context("could not run id")?;
        ensure!(said.status.success(), "there is no account `{ACCOUNT}`");
        let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        text.parse().context("id told no number")
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some(Account { user: id(&["-u", ACCOUNT])?, group: id(&["-g", ACCOUNT])? }))
}
