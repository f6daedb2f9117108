//! The edge node as a process on a folder: enrolled, started, killed, started again.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    gun::Gun,
    ledger::Ledger,
    mosquitto::Access,
    port,
    program::{self, Running},
    till::{Till, http},
    trap::Trap,
    wait::{PATIENCE, until},
};

/// What the boot file says.
#[derive(Clone, Debug)]
pub struct Boot {
    /// The port of the screens.
    pub port: u16,
    /// Where it calls the mall.
    pub mall_url: String,
    /// The fingerprint of the mall that it believes, if it says one.
    pub fingerprint: Option<String>,
    /// How often it asks for news, in milliseconds.
    pub poll_ms: u32,
    /// How long settings are on trial, in milliseconds; 0 for a program that is older than the word.
    pub settings_trial_ms: u32,
    /// Scanner ports: workstation and port.
    pub scanners: Vec<(u16, u16)>,
    /// Printers: workstation and `host:port`.
    pub printers: Vec<(u16, String)>,
    /// Whether devices are made of memory.
    pub simulated: bool,
    /// The port for other devices of the store, if it has one.
    pub lan: Option<u16>,
    /// The MQTT broker it calls.
    pub broker: Option<Access>,
    /// The MQTT broker that it calls by its certificate.
    pub broker_by_certificate: Option<String>,
    /// The file with the machine's own id, where it is not this machine's.
    pub machine: Option<PathBuf>,
    /// The Wi-Fi portal: the port of its pages on loopback, and the file that its SMS go to.
    pub portal: Option<(u16, PathBuf)>,
    /// The socket of the portal's gate; without one the gate is of memory.
    pub gate: Option<PathBuf>,
    /// Where shoppers' phones find the box, if by a name.
    pub phone_url: Option<String>,
}

impl Boot {
    /// Free ports, two workstations, and news twice a second.
    ///
    /// # Errors
    /// When no port is free.
    pub fn on_free_ports(mall_url: impl Into<String>) -> Result<Self> {
        let scanners = vec![(1, port::free()?), (2, port::free()?)];
        let (port, mall_url) = (port::free()?, mall_url.into());
        Ok(Self {
            port,
            mall_url,
            fingerprint: None,
            poll_ms: 500,
            settings_trial_ms: 300,
            scanners,
            printers: Vec::new(),
            simulated: true,
            lan: None,
            broker: None,
            broker_by_certificate: None,
            machine: None,
            portal: None,
            gate: None,
            phone_url: None,
        })
    }

    fn text(&self, data: &Path) -> String {
        let scanners: String = self
            .scanners
            .iter()
            .map(|(workstation, port)| {
                format!(
                    "[[scanner]]\nworkstation = {workstation}\nlisten = \"127.0.0.1:{port}\"\n\n"
                )
            })
            .collect();
        let printers: String = self
            .printers
            .iter()
            .map(|(workstation, address)| {
                format!("[[printer]]\nworkstation = {workstation}\naddress = \"{address}\"\n\n")
            })
            .collect();
        let lan = self.lan.map(|port| format!("listen_lan = \"127.0.0.1:{port}\"\n"));
        let lan = lan.unwrap_or_default();
        let machine = self.machine.as_ref().map(|file| format!("machine_id_file = {file:?}\n"));
        let machine = machine.unwrap_or_default();
        let broker = self.broker.as_ref().map_or_else(String::new, |access| {
            let Access { url, user, password, authority } = access;
            format!(
                "[mqtt]\nurl = {url:?}\nuser = {user:?}\npassword_file = {password:?}\n\
                 ca_file = {authority:?}\n\n"
            )
        });
        let broker = self
            .broker_by_certificate
            .as_ref()
            .map_or(broker, |url| format!("[mqtt]\nurl = {url:?}\n\n"));
        let pin = self.fingerprint.as_ref();
        let pin = pin.map_or_else(String::new, |pin| format!("fingerprint = {pin:?}\n"));
        let gate = self.gate.as_ref().map_or_else(String::new, |gate| format!("gate = {gate:?}\n"));
        let phones = self.phone_url.as_ref();
        let phones = phones.map_or_else(String::new, |url| format!("[phone]\nurl = {url:?}\n\n"));
        let portal = self.portal.as_ref().map_or_else(String::new, |(port, sms)| {
            format!(
                "[portal]\n{gate}sms = {{ file = {sms:?} }}\n[portal.lan]\ninterface = \"lo\"\n\
                 address = \"127.0.0.1\"\nprefix = 24\npage_port = {port}\n\n"
            )
        });
        let trial = match self.settings_trial_ms {
            0 => String::new(),
            ms => format!("settings_trial_ms = {ms}\n"),
        };
        format!(
            "data = {data:?}\n{machine}listen = \"127.0.0.1:{}\"\n{lan}\n[mall]\nurl = {:?}\n{pin}poll_ms = {}\n\
             {trial}\n\
             {broker}{portal}{phones}{scanners}{printers}[devices]\nsimulated = {}\n",
            self.port, self.mall_url, self.poll_ms, self.simulated,
        )
    }
}

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It is ready.
    Ready,
    /// It died on the way by the signal it was told to send itself.
    Died,
}

/// The hand by which a test turns a node's clock; only programs built with the feature
/// `fault-points` look at it.
#[derive(Clone, Debug)]
pub struct Hand(PathBuf);

impl Hand {
    /// Puts the clock so many seconds ahead of the machine's, or behind it; 0 puts it right.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn put_ahead(&self, seconds: i64) -> Result<()> {
        // The node reads it at every look at the clock: it finds the old one or the new one.
        let next = self.0.with_extension("next");
        std::fs::write(&next, seconds.to_string()).context("could not turn the clock")?;
        std::fs::rename(next, &self.0).context("could not turn the clock")
    }
}

/// An edge node, running or not.
pub struct EdgeProcess {
    folder: PathBuf,
    boot: Boot,
    /// Another program than the one that was built beside this one.
    program: Option<PathBuf>,
    running: Option<Running>,
}

impl fmt::Debug for EdgeProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeProcess")
            .field("folder", &self.folder)
            .field("boot", &self.boot)
            .field("is_running", &self.running.is_some())
            .finish()
    }
}

impl EdgeProcess {
    /// A node whose data lies in `folder/data`, with its boot file and log beside it.
    ///
    /// # Errors
    /// When the boot file cannot be written.
    pub fn new(folder: impl Into<PathBuf>, boot: Boot) -> Result<Self> {
        let node = Self { folder: folder.into(), boot, program: None, running: None };
        std::fs::create_dir_all(&node.folder).context("could not make the node's folder")?;
        std::fs::write(node.boot_file(), node.boot.text(&node.data()))
            .context("could not write the boot file")?;
        Ok(node)
    }

    /// The folder of its ledger, replicas and key.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What stands beside the folder, and is not in a copy of it.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.folder.join("data.mark")
    }

    /// The file of its log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("edge.log")
    }

    /// The hand by which its clock is turned.
    #[must_use]
    pub fn hand(&self) -> Hand {
        Hand(self.folder.join("ahead"))
    }

    /// The trap by which something happens to it at a named point.
    #[must_use]
    pub fn trap(&self) -> Trap {
        Trap::at(self.folder.join("faults"))
    }

    /// From now on it runs another program than the one that was built beside this one.
    pub fn run_with(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    fn command(&self) -> Result<Command> {
        let built = || program::find("edge-daemon");
        Ok(Command::new(self.program.clone().map_or_else(built, Ok)?))
    }

    fn boot_file(&self) -> PathBuf {
        self.folder.join("edge.toml")
    }

    /// What its boot file says.
    #[must_use]
    pub const fn boot(&self) -> &Boot {
        &self.boot
    }

    /// Where its screens are.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.boot.port)
    }

    /// The screen of a workstation.
    #[must_use]
    pub fn till(&self, workstation: u16) -> Till {
        Till::new(self.url(), workstation)
    }

    /// Plugs a scanner into the port of a workstation.
    ///
    /// # Errors
    /// When it has none or nobody listens.
    pub async fn gun(&self, workstation: u16) -> Result<Gun> {
        let port = self.boot.scanners.iter().find(|(number, _)| *number == workstation);
        let (_, port) = port.context("the workstation has no scanner port")?;
        Gun::connect(*port).await
    }

    /// Takes its place at the mall.
    ///
    /// # Errors
    /// When it is refused; the error carries what it said.
    pub async fn enrol(&self, code: &str) -> Result<()> {
        self.enrol_at(code, None).await
    }

    /// The same, believing only the mall whose authority has this fingerprint.
    ///
    /// # Errors
    /// The same.
    pub async fn enrol_at(&self, code: &str, fingerprint: Option<&str>) -> Result<()> {
        let mut command = self.command()?;
        command.args(["enrol", "--code", code, "--config"]).arg(self.boot_file());
        if let Some(fingerprint) = fingerprint {
            command.args(["--fingerprint", fingerprint]);
        }
        let said = program::run(command).await?;
        let words = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "the node was not enrolled: {words}");
        Ok(())
    }

    /// Looks whether the ledger of a folder is what it says (`edge-daemon verify`).
    ///
    /// # Errors
    /// When the program cannot be run.
    pub async fn verify(&self, data: &Path) -> Result<Output> {
        let mut command = self.command()?;
        command.args(["verify", "--data"]).arg(data);
        program::run(command).await
    }

    /// Whether it has a place at a mall already.
    ///
    /// # Errors
    /// When its ledger cannot be read.
    pub fn is_enrolled(&self) -> Result<bool> {
        let path = self.data().join("ledger.db");
        if path.exists() { Ledger::open(&self.data())?.is_enrolled() } else { Ok(false) }
    }

    /// Starts it and waits until it is ready to sell.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub async fn start(&mut self) -> Result<()> {
        self.start_within(PATIENCE).await
    }

    /// The same with another patience, e.g. for a first snapshot of a large catalog.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub async fn start_within(&mut self, limit: Duration) -> Result<()> {
        match self.launch(&[], limit).await? {
            Start::Ready => Ok(()),
            Start::Died => bail!("the node died:\n{}", program::last_lines(&self.log(), 12)),
        }
    }

    /// Starts it so that it kills itself on the n-th passing of a named point; only programs built
    /// with the feature `fault-points` do.
    ///
    /// # Errors
    /// When it ends in another way.
    pub async fn start_dying_at(&mut self, point: &str, nth: u32) -> Result<Start> {
        self.launch(&[("GUITAI_KILL_AT", &format!("{point}:{nth}"))], PATIENCE).await
    }

    /// Starts it with words in its environment that only a program built for tests knows.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn start_with(&mut self, environment: &[(&str, &str)]) -> Result<()> {
        let start = self.launch(environment, PATIENCE).await?;
        ensure!(start == Start::Ready, "the node died");
        Ok(())
    }

    /// Starts it, whether or not it gets as far as its trap.
    ///
    /// # Errors
    /// When it ends in another way, or is not ready within the limit.
    pub async fn start_trapped(&mut self, limit: Duration) -> Result<Start> {
        self.launch(&[], limit).await
    }

    async fn launch(&mut self, environment: &[(&str, &str)], limit: Duration) -> Result<Start> {
        let mut command = self.command()?;
        command.arg("serve").arg("--config").arg(self.boot_file());
        command.envs(environment.iter().copied()).env("GUITAI_AHEAD", &self.hand().0);
        command.env("GUITAI_FAULTS", self.trap().file());
        let log = self.log();
        // One that still runs, e.g. because it was never ready, has the ports and the folder.
        self.running = None;
        let running = self.running.insert(Running::start("the node", &mut command, &log)?);
        let url = format!("http://127.0.0.1:{}/readyz", self.boot.port);
        let what = format!("the node to be ready; see {}", log.display());
        until(what, limit, async || {
            if !running.is_running()? {
                ensure!(running.was_killed()?, "the node ended:\n{}", running.last_words());
                return Ok(Some(Start::Died));
            }
            let answer = http()?.get(&url).send().await.ok();
            Ok(answer.filter(|r| r.status().is_success()).map(|_| Start::Ready))
        })
        .await
    }

    /// Whether it runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        self.running.as_mut().map_or(Ok(false), Running::is_running)
    }

    /// Waits until it has died by SIGKILL.
    ///
    /// # Errors
    /// When it lives on, or ends in another way.
    pub async fn wait_until_killed(&mut self) -> Result<()> {
        let log = self.log();
        let Some(running) = self.running.as_mut() else {
            return Ok(());
        };
        let what = "a node that does not answer to be dead";
        until(what, PATIENCE, async || Ok((!running.is_running()?).then_some(()))).await?;
        ensure!(
            running.was_killed()?,
            "the node ended by itself:\n{}",
            program::last_lines(&log, 20)
        );
        self.running = None;
        Ok(())
    }

    /// SIGKILL, as a power cut.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// SIGTERM, and waits.
    ///
    /// # Errors
    /// When it does not end in order.
    pub async fn stop(&mut self) -> Result<()> {
        match self.running.take() {
            Some(mut running) => running.stop(PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Its books, read beside it.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::open(&self.data())
    }
}
