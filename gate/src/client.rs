//! How the store's node asks the gate.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    mac::Mac,
    ruleset::PASSED_MAX,
    verb::{Answer, Verb},
};

/// A gate that has not answered by then is not there; the keeper serves callers one by one.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest answer: every device that can pass, a line each.
const ANSWER_BYTES_MAX: usize = 32 * (PASSED_MAX + 1);

/// Why the gate did not do it. Nobody passes who did not before.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Nobody answers at its socket.
    #[error("the gate at {} does not answer", path.display())]
    Away {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It answered that it could not; its own log says why.
    #[error("the gate could not do it")]
    Failed,
    /// What it answered is nothing that a gate says.
    #[error("the gate answered what cannot be read")]
    Answer,
}

/// The gate, by its socket. Every call opens a connection of its own and blocks.
#[derive(Clone, Debug)]
pub struct Gate {
    path: PathBuf,
}

impl Gate {
    /// The gate whose keeper listens at `path`.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Lets a device pass for so many seconds from now.
    ///
    /// # Errors
    /// As all calls: [`GateError`].
    pub fn allow(&self, mac: Mac, seconds: u32) -> Result<(), GateError> {
        self.done(Verb::Allow(mac, seconds))
    }

    /// Lets it pass no longer.
    ///
    /// # Errors
    /// As all calls: [`GateError`].
    pub fn forget(&self, mac: Mac) -> Result<(), GateError> {
        self.done(Verb::Forget(mac))
    }

    /// Whether its rules are in force.
    ///
    /// # Errors
    /// As all calls: [`GateError`].
    pub fn health(&self) -> Result<(), GateError> {
        self.done(Verb::Health)
    }

    /// Who passes, and for how many seconds yet.
    ///
    /// # Errors
    /// As all calls: [`GateError`].
    pub fn list(&self) -> Result<Vec<(Mac, u32)>, GateError> {
        match self.ask(Verb::List)? {
            Answer::Passed(passed) => Ok(passed),
            Answer::Failed => Err(GateError::Failed),
            Answer::Done => Err(GateError::Answer),
        }
    }

    fn done(&self, verb: Verb) -> Result<(), GateError> {
        match self.ask(verb)? {
            Answer::Done => Ok(()),
            Answer::Failed => Err(GateError::Failed),
            Answer::Passed(_) => Err(GateError::Answer),
        }
    }

    fn ask(&self, verb: Verb) -> Result<Answer, GateError> {
        let text = self
            .call(verb)
            .map_err(|source| GateError::Away { path: self.path.clone(), source })?;
        text.parse().map_err(|_| GateError::Answer)
    }

    fn call(&self, verb: Verb) -> io::Result<String> {
        let mut stream = UnixStream::connect(&self.path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{verb}\n").as_bytes())?;
        let mut text = String::new();
        stream
            .take(u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX))
            .read_to_string(&mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A gate that answers every caller with one text.
    fn that_says(text: &'static str) -> (tempfile::TempDir, Gate) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let mut caller = caller.unwrap();
                let mut line = [0; 64];
                let _ = caller.read(&mut line).unwrap();
                caller.write_all(text.as_bytes()).unwrap();
            }
        });
        (folder, Gate::at(&path))
    }

    #[test]
    fn an_answer_is_taken_for_what_it_says() {
        let mac: Mac = "d2:00:00:00:00:01".parse().unwrap();
        let (_folder, gate) = that_says("done\n");
        gate.allow(mac, 60).unwrap();
        assert!(matches!(gate.list(), Err(GateError::Answer)));
        let (_folder, gate) = that_says("passed 1\nd2:00:00:00:00:01 59\n");
        assert_eq!(gate.list().unwrap(), [(mac, 59)]);
        let (_folder, gate) = that_says("failed\n");
        assert!(matches!(gate.forget(mac), Err(GateError::Failed)));
        let (_folder, gate) = that_says("");
        assert!(matches!(gate.health(), Err(GateError::Answer)));
        let gate = Gate::at(Path::new("/nowhere/gate.sock"));
        assert!(matches!(gate.health(), Err(GateError::Away { .. })));
    }
}
