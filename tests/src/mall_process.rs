//! The mall as a process, and its command line.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    mosquitto::Access,
    program::{self, Running},
    till::{self, http},
    trap::Trap,
    wait::{PATIENCE, until},
};

/// A mall, running or not.
pub struct MallProcess {
    data: PathBuf,
    log: PathBuf,
    port: u16,
    /// The file of its accounts with other houses.
    platforms: Option<PathBuf>,
    /// The MQTT broker it calls.
    broker: Option<Access>,
    /// The MQTT broker it calls by its own certificate.
    broker_by_certificate: Option<String>,
    /// The folder in which it keeps a broker's lists.
    broker_lists: Option<PathBuf>,
    /// The port of its door under TLS.
    tls: Option<u16>,
    /// The database it keeps its books in, where that is not a file of its folder.
    database: Option<String>,
    /// Another program than the one that was built beside this one.
    program: Option<PathBuf>,
    running: Option<Running>,
}

impl fmt::Debug for MallProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, port, running, .. } = self;
        let is_running = running.is_some();
        f.debug_struct("MallProcess")
            .field("data", data)
            .field("port", port)
            .field("is_running", &is_running)
            .finish_non_exhaustive()
    }
}

/// What an import did.
#[derive(Clone, Debug, Deserialize)]
pub struct Imported {
    /// Rows of the file.
    pub rows: u64,
    /// New items.
    pub added: u64,
    /// Items that are otherwise now.
    pub changed: u64,
    /// Items as they were.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Why, for each row.
    pub faults: Vec<Fault>,
}

/// Why a row was not taken.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// Its line in the file.
    pub line: u64,
    /// The column.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl MallProcess {
    /// A mall over a folder, that will listen on a port of this machine.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, port: u16) -> Self {
        let data = data.into();
        Self {
            log: data.with_extension("log"),
            data,
            port,
            platforms: None,
            broker: None,
            broker_by_certificate: None,
            broker_lists: None,
            tls: None,
            database: None,
            program: None,
            running: None,
        }
    }

    /// Gives it accounts with other houses, by their file; it knows them from its next start on.
    pub fn join(&mut self, platforms: PathBuf) {
        self.platforms = Some(platforms);
    }

    /// Gives it an MQTT broker; it calls it from its next start on.
    pub fn call(&mut self, broker: Access) {
        self.broker = Some(broker);
    }

    /// Gives it an MQTT broker that knows it by its certificate; it calls it from its next start on.
    pub fn call_by_certificate(&mut self, url: String) {
        self.broker_by_certificate = Some(url);
    }

    /// Lets it keep a broker's lists in a folder, from its next start on.
    pub fn keep_lists(&mut self, folder: PathBuf) {
        self.broker_lists = Some(folder);
    }

    /// Opens a door under TLS from its next start on; stores come in by no other.
    pub fn open_tls(&mut self, port: u16) {
        self.tls = Some(port);
    }

    /// Where stores come in under TLS.
    ///
    /// # Errors
    /// When there is no such door.
    pub fn tls_url(&self) -> Result<String> {
        let port = self.tls.context("the mall has no door under TLS")?;
        Ok(format!("https://127.0.0.1:{port}"))
    }

    /// The fingerprint of its authority.
    ///
    /// # Errors
    /// When it does not tell.
    pub async fn fingerprint(&self) -> Result<String> {
        let told: Value = self.tell(&["authority"]).await?;
        Ok(told.get("fingerprint").and_then(Value::as_str).context("no fingerprint")?.to_owned())
    }

    /// Keeps its books in a database of a server from its next start on.
    pub fn keep_books_in(&mut self, url: String) {
        self.database = Some(url);
    }

    /// From now on it runs another program than the one that was built beside this one.
    pub fn run_with(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    /// Another mall over the same folder and the same books.
    #[must_use]
    pub fn beside(&self, port: u16) -> Self {
        let (data, database) = (self.data.clone(), self.database.clone());
        let log = self.data.with_extension(format!("{port}.log"));
        let (broker, program) = (self.broker.clone(), self.program.clone());
        Self { log, database, broker, program, ..Self::new(data, port) }
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its database.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file of its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The trap by which something happens to it, or to a verb of its command line, at a named point.
    #[must_use]
    pub fn trap(&self) -> Trap {
        Trap::at(self.data.with_extension("faults"))
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub async fn start(&mut self) -> Result<()> {
        self.start_with(&[]).await
    }

    /// Starts it with words in its environment that only a program built for tests knows.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub async fn start_with(&mut self, environment: &[(&str, &str)]) -> Result<()> {
        let mut command = self.command()?;
        let listen = format!("127.0.0.1:{}", self.port);
        command.args(["serve", "--listen", &listen, "--data"]).arg(&self.data);
        command.envs(environment.iter().copied());
        self.name_database(&mut command);
        if let Some(platforms) = &self.platforms {
            command.arg("--platforms").arg(platforms);
        }
        if let Some(Access { url, user, password, authority }) = &self.broker {
            command.args(["--mqtt-url", url, "--mqtt-user", user, "--mqtt-password-file"]);
            command.arg(password).arg("--mqtt-ca").arg(authority);
        }
        if let Some(url) = &self.broker_by_certificate {
            command.args(["--mqtt-url", url]);
        }
        if let Some(folder) = &self.broker_lists {
            command.arg("--broker-lists").arg(folder);
        }
        if let Some(port) = self.tls {
            command.args(["--listen-tls", &format!("127.0.0.1:{port}")]);
        }
        // One that still runs, e.g. because it never answered, has the port.
        self.running = None;
        let running = self.running.insert(Running::start("the mall", &mut command, &self.log)?);
        let url = format!("http://{listen}/readyz");
        until("the mall to answer", PATIENCE, async || {
            if !running.is_running()? {
                bail!("the mall ended at once:\n{}", running.last_words());
            }
            Ok(http()?.get(&url).send().await.ok().filter(|r| r.status().is_success()))
        })
        .await?;
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        let built = || program::find("mall");
        Ok(deaf(self.program.clone().map_or_else(built, Ok)?))
    }

    fn name_database(&self, command: &mut Command) {
        command.env("GUITAI_FAULTS", self.trap().file());
        if let Some(url) = &self.database {
            command.args(["--database-url", url]);
        }
    }

    /// Whether it runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        self.running.as_mut().map_or(Ok(false), Running::is_running)
    }

    /// SIGKILL.
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

    /// A verb of the command line, with its answer.
    ///
    /// # Errors
    /// When it is not done; the error carries what it said.
    pub async fn tell<T: DeserializeOwned>(&self, words: &[&str]) -> Result<T> {
        let mut command = self.command()?;
        command.args(words).arg("--json").arg("--data").arg(&self.data);
        self.name_database(&mut command);
        let said = program::run(command).await?;
        let verb = words.first().copied().unwrap_or_default();
        let errors = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "`mall {verb}` was not done: {errors}");
        serde_json::from_slice(&said.stdout).with_context(|| {
            format!("`mall {verb}` said: {}", String::from_utf8_lossy(&said.stdout))
        })
    }

    /// Imports a list of items.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn import(&self, catalog: &Path) -> Result<Imported> {
        let path = catalog.to_str().context("the list's path is no text")?;
        self.tell(&["import", path]).await
    }

    /// Makes a claim code for a store.
    ///
    /// # Errors
    /// When there is no such store.
    pub async fn claim(&self, store: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Claim {
            claim_code: String,
        }
        Ok(self.tell::<Claim>(&["claim", store]).await?.claim_code)
    }

    /// Makes a token for somebody at HQ.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn token(&self, name: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Staff {
            token: String,
        }
        Ok(self.tell::<Staff>(&["staff", "add", name]).await?.token)
    }

    /// Runs a verb whose answer nobody reads.
    ///
    /// # Errors
    /// When it is not done.
    pub async fn order(&self, words: &[&str]) -> Result<()> {
        self.tell::<Value>(words).await.map(|_| ())
    }

    /// Makes a token by which somebody at HQ may put rules in force, set things in stores, and change
    /// what members have.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn saving_token(&self, name: &str) -> Result<String> {
        let mut words = vec!["staff", "add", name];
        words.extend(["--may-save-rules", "--may-save-settings", "--may-manage-members"]);
        let staff: Value = self.tell(&words).await?;
        Ok(staff.get("token").and_then(serde_json::Value::as_str).context("no token")?.to_owned())
    }

    /// Makes a token by which somebody at HQ may change members and what they have.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn keeping_token(&self, name: &str) -> Result<String> {
        let staff: Value = self.tell(&["staff", "add", name, "--may-manage-members"]).await?;
        Ok(staff.get("token").and_then(serde_json::Value::as_str).context("no token")?.to_owned())
    }

    /// Saves a document by the API of HQ, over the revision that `if_match` names.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn put(
        &self,
        token: &str,
        path: &str,
        if_match: &str,
        body: &Value,
    ) -> Result<till::Answer> {
        put(&self.url(), token, path, if_match, body).await
    }

    /// Asks the API of HQ.
    ///
    /// # Errors
    /// When it refuses or nobody answers.
    pub async fn ask<T: DeserializeOwned>(&self, token: &str, path: &str) -> Result<T> {
        let request = http()?.request(Method::GET, format!("{}{path}", self.url()));
        till::answer(request.bearer_auth(token)).await?.done()
    }
}

/// Saves a document by the API of HQ of the mall at an address.
///
/// # Errors
/// When nobody answers.
pub async fn put(
    url: &str,
    token: &str,
    path: &str,
    if_match: &str,
    body: &Value,
) -> Result<till::Answer> {
    let request = http()?.request(Method::PUT, format!("{url}{path}"));
    let request = request.bearer_auth(token).header("if-match", if_match);
    let request = request.header("content-type", "application/json").body(body.to_string());
    till::answer(request).await
}

/// A program, deaf to settings of the shell that it is started from.
fn deaf(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    for name in [
        "MALL_DATABASE_URL",
        "MALL_DATABASE_READ_URL",
        "MALL_DATA",
        "MALL_PLATFORMS",
        "MALL_SETTINGS_KEYS",
        "MALL_MQTT_URL",
        "MALL_MQTT_USER",
        "MALL_MQTT_PASSWORD_FILE",
        "MALL_MQTT_CA",
        "MALL_BROKER_LISTS",
        "MALL_LISTEN_TLS",
        "MALL_TLS_NAMES",
        "MALL_TLS_CERTIFICATE",
        "MALL_TLS_KEY",
        "MALL_EDGES_IN_PLAIN",
    ] {
        command.env_remove(name);
    }
    command
}
