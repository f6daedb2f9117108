//! Programs of the house as processes: found, started, told to stop, killed.
//!
//! **Invariant:** what was started here is gone when its handle is.

use std::{
    fs::{File, OpenOptions},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::wait::until;

/// SIGKILL, as `signal(7)` numbers it.
const KILLED: i32 = 9;

/// Where a program of the house lies: `GUITAI_BIN_DIR`, or beside the program that runs.
///
/// # Errors
/// When it is not there; the error says how to build it.
pub fn find(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("GUITAI_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = std::env::current_exe().context("could not find the running program")?;
            let beside = own.parent().unwrap_or(Path::new("."));
            // Cargo keeps tests one folder deeper than programs.
            let is_test = beside.ends_with("deps");
            beside.parent().filter(|_| is_test).unwrap_or(beside).to_owned()
        }
    };
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "{} is not built: run `cargo build -p edge-daemon -p mall --features \
         edge-daemon/fault-points,mall/fault-points`, or say where it is with GUITAI_BIN_DIR",
        path.display()
    );
    Ok(path)
}

/// A process, and the file that its words go to.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Running {
    /// Starts it in a process group of its own, so that a Ctrl-C meant for us does not reach it.
    /// What it says is added to `log`.
    ///
    /// # Errors
    /// When it cannot be started or its log not be written.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = open_log(log)?;
        let err = out.try_clone().context("could not share a log")?;
        let child = command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        let status = self.child.try_wait().context("could not ask for a process")?;
        Ok(status.is_none())
    }

    /// Whether it is gone, and by SIGKILL.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn was_killed(&mut self) -> Result<bool> {
        let status = self.child.try_wait().context("could not ask for a process")?;
        Ok(status.is_some_and(|status| status.signal() == Some(KILLED)))
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits until it has put its things away.
    ///
    /// # Errors
    /// When it does not end within `limit`, or ends with an error.
    pub async fn stop(&mut self, limit: Duration) -> Result<()> {
        let id = self.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        ensure!(told.is_ok_and(|status| status.success()), "could not tell {} to stop", self.name);
        let what = format!("{} to stop", self.name);
        let status = until(what, limit, async || Ok(self.child.try_wait()?)).await?;
        ensure!(status.success(), "{} stopped with {status}:\n{}", self.name, self.last_words());
        Ok(())
    }

    /// The end of what it said.
    #[must_use]
    pub fn last_words(&self) -> String {
        last_lines(&self.log, 12)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end and gives what it said; whoever stops waiting ends it.
///
/// # Errors
/// When it cannot be run.
pub async fn run(command: Command) -> Result<std::process::Output> {
    let mut command = tokio::process::Command::from(command);
    command.env("NO_COLOR", "1").stdin(Stdio::null()).kill_on_drop(true);
    command.output().await.context("could not run a program")
}

/// The last lines of a log.
#[must_use]
pub fn last_lines(log: &Path, n: usize) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(n)..).unwrap_or_default().join("\n")
}

fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).context("could not make the folder of a log")?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not write {}", path.display()))
}
