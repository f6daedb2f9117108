//! The process that may change the packet filter.
//!
//! It hears one verb on each connection of a local socket, tells `nft`, and answers. One after the
//! other: the kernel's table is one, and a verb takes some milliseconds.
//!
//! **Invariant:** what comes over the socket is a [`Verb`] or nothing; no text of a caller reaches
//! `nft`. The rules are those of the keeper's own boot file.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    lan::Lan,
    ruleset,
    verb::{Answer, LINE_BYTES_MAX, Verb},
};

/// A caller that has not asked by then is hung up on; the next one waits behind it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why the gate did not do something.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// `nft` could not be started; it comes with Debian's package `nftables`.
    #[error("could not run nft")]
    Nft(#[source] io::Error),
    /// It refused.
    #[error("nft refused: {0}")]
    Refused(String),
    /// It printed what cannot be read.
    #[error("nft listed what cannot be read")]
    Listing,
    /// A caller hung up or said nothing.
    #[error("a caller of the gate was not heard to the end")]
    Caller(#[source] io::Error),
}

/// Lays the rules down.
///
/// # Errors
/// When `nft` is missing, lacks the right, or refuses them.
pub fn apply(lan: &Lan) -> Result<(), KeeperError> {
    tell(&ruleset::ruleset(lan))
}

/// Hears one caller after the other for ever; `told` is given what went wrong, for the log.
pub fn hear(listener: &UnixListener, lan: &Lan, told: impl Fn(&KeeperError)) {
    for caller in listener.incoming() {
        if let Err(error) = caller.map_err(KeeperError::Caller).and_then(|c| serve(&c, lan, &told))
        {
            told(&error);
        }
    }
}

fn serve(caller: &UnixStream, lan: &Lan, told: &impl Fn(&KeeperError)) -> Result<(), KeeperError> {
    let limits = Some(PATIENCE);
    caller
        .set_read_timeout(limits)
        .and_then(|()| caller.set_write_timeout(limits))
        .map_err(KeeperError::Caller)?;
    let mut line = String::new();
    // A line that is longer is cut there and then is no verb.
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    BufReader::new(caller.take(most)).read_line(&mut line).map_err(KeeperError::Caller)?;
    let answer = match line.trim_end_matches('\n').parse() {
        Ok(verb) => carry_out(verb, lan).unwrap_or_else(|error| {
            told(&error);
            Answer::Failed
        }),
        Err(_) => Answer::Failed,
    };
    let mut out = caller;
    out.write_all(answer.to_string().as_bytes()).map_err(KeeperError::Caller)
}

fn carry_out(verb: Verb, lan: &Lan) -> Result<Answer, KeeperError> {
    match verb {
        Verb::Allow(mac, seconds) => tell(&ruleset::allow(mac, seconds)).map(|()| Answer::Done),
        Verb::Forget(mac) => tell(&ruleset::forget(mac)).map(|()| Answer::Done),
        Verb::Apply => apply(lan).map(|()| Answer::Done),
        Verb::List => list().map(Answer::Passed),
        // Rules that can be listed are in force.
        Verb::Health => list().map(|_| Answer::Done),
    }
}

/// Hands a transaction to `nft`.
fn tell(rules: &str) -> Result<(), KeeperError> {
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(KeeperError::Nft)?;
    if let Some(mut input) = nft.stdin.take() {
        input.write_all(rules.as_bytes()).map_err(KeeperError::Nft)?;
    }
    let output = nft.wait_with_output().map_err(KeeperError::Nft)?;
    if output.status.success() {
        return Ok(());
    }
    Err(KeeperError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn list() -> Result<Vec<(crate::mac::Mac, u32)>, KeeperError> {
    let output = Command::new("nft").args(ruleset::LIST).output().map_err(KeeperError::Nft)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(KeeperError::Refused(said));
    }
    ruleset::read_passed(&output.stdout).ok_or(KeeperError::Listing)
}
