//! A real MQTT broker (Mosquitto) on a free port of this machine: under TLS, with an account for the
//! mall and one for each store, and an access list that keeps every store to its own topics.
//!
//! **Invariant:** the authority's key ends with the function that made it; passwords are made up for
//! each broker.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use broker::{Account, Line, Message, Paper, Papers, Password, Told, Wish};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    mall_process::MallProcess,
    port,
    program::Running,
    untested::{self, Lack},
    wait::{PATIENCE, until},
};

/// The mall's account.
pub const MALL: &str = "mall";
/// Where Debian puts it, which is not in everybody's `PATH`.
const PROGRAMS: [&str; 2] = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/// What somebody needs to call a broker.
#[derive(Clone, Debug)]
pub struct Access {
    /// The broker's address.
    pub url: String,
    /// The account.
    pub user: String,
    /// The file of its password.
    pub password: PathBuf,
    /// The certificate of the broker's authority.
    pub authority: PathBuf,
}

/// A broker, running or not.
#[derive(Debug)]
pub struct Mosquitto {
    folder: PathBuf,
    port: u16,
    running: Option<Running>,
}

/// A client of our own, which says and hears what it likes within the access list.
#[derive(Debug)]
pub struct Client {
    line: Line,
    hears: mpsc::Receiver<Told>,
    stop: CancellationToken,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Where the program is, if it is installed.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("mosquitto"));
    in_path.chain(PROGRAMS.map(PathBuf::from)).find(|path| path.is_file())
}

/// What is not tested without a broker, and what to do about it.
pub const UNTESTED: (&str, Lack) = ("settings over MQTT", Lack::Packages(&["mosquitto"]));

/// Whether tests can have a broker; says visibly when they cannot.
#[must_use]
pub fn is_here() -> bool {
    let is_here = program().is_some();
    if !is_here {
        let (what, lack) = UNTESTED;
        untested::say(what, &lack);
    }
    is_here
}

impl Mosquitto {
    /// Lays a broker's files into a folder, for the mall and these stores. What lies there already
    /// is made anew.
    ///
    /// # Errors
    /// When a file cannot be written or Mosquitto's own tool fails.
    pub fn lay(folder: &Path, port: u16, stores: &[&str]) -> Result<Self> {
        let broker = Self { folder: folder.to_owned(), port, running: None };
        fs::create_dir_all(folder).context("could not make the broker's folder")?;
        certificates(folder)?;
        broker.make_accounts(stores.iter().chain(&[MALL]))?;
        let path = |name: &str| folder.join(name).display().to_string();
        let acl = "user mall\ntopic readwrite guitai/v1/#\n\n\
                   pattern read guitai/v1/all/#\n\
                   pattern read guitai/v1/stores/%u/#\n\
                   pattern read guitai/v1/groups/+/settings/desired\n\
                   pattern write guitai/v1/stores/%u/settings/reported\n\
                   pattern write guitai/v1/stores/%u/presence\n";
        let conf = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\npersistence false\nuser root\n\
             password_file {}\nacl_file {}\ncertfile {}\nkeyfile {}\ntls_version tlsv1.2\n\
             message_size_limit 70000\nlog_dest stderr\nlog_type error\nlog_type warning\n\
             log_type notice\n",
            path("passwords"),
            path("acl"),
            path("server.pem"),
            path("server.key"),
        );
        fs::write(folder.join("acl"), acl).context("could not write the access list")?;
        fs::write(folder.join("mosquitto.conf"), conf).context("could not write the settings")?;
        Ok(broker)
    }

    /// Lays the files of a broker that knows everybody by the certificates of a mall.
    ///
    /// # Errors
    /// When the mall does not give them or a file cannot be written.
    pub async fn lay_by_certificate(folder: &Path, mall: &MallProcess, port: u16) -> Result<Self> {
        let name = folder.to_str().context("the path of the broker's folder is no text")?;
        mall.order(&["broker", "files", name]).await?;
        mall.order(&["broker", "certificate", name, "--name", "127.0.0.1"]).await?;
        let path = |name: &str| folder.join(name).display().to_string();
        let conf = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\npersistence false\nuser root\n\
             require_certificate true\nuse_identity_as_username true\n\
             cafile {}\ncrlfile {}\nacl_file {}\ncertfile {}\nkeyfile {}\n\
             tls_version tlsv1.2\nmessage_size_limit 70000\nlog_dest stderr\nlog_type error\n\
             log_type warning\nlog_type notice\nlog_type information\n",
            path("ca.pem"),
            path("crl.pem"),
            path("acl"),
            path("server.pem"),
            path("server.key"),
        );
        fs::write(folder.join("mosquitto.conf"), conf).context("could not write the settings")?;
        Ok(Self { folder: folder.to_owned(), port, running: None })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtts://127.0.0.1:{}", self.port)
    }

    /// Lets it read its lists anew (SIGHUP), and waits until it does.
    ///
    /// # Errors
    /// When it does not run or says nothing.
    pub async fn reload(&self) -> Result<()> {
        let running = self.running.as_ref().context("the broker does not run")?;
        let log = self.folder.join("mosquitto.log");
        let n_read = || -> Result<usize> {
            Ok(fs::read_to_string(&log)?.matches("Reloading config").count())
        };
        let before = n_read()?;
        let done = Command::new("kill").args(["-HUP", &running.id().to_string()]).status();
        ensure!(done.context("could not run kill")?.success(), "the broker was not told");
        until("the broker to read its lists", PATIENCE, async || {
            Ok((n_read()? > before).then_some(()))
        })
        .await
    }

    /// Lets it know everybody whom a mall knows by now.
    ///
    /// # Errors
    /// When the mall does not tell, or the broker does not read it.
    pub async fn learn(&self, mall: &MallProcess) -> Result<()> {
        let name = self.folder.to_str().context("the path of the broker's folder is no text")?;
        mall.order(&["broker", "files", name]).await?;
        self.reload().await
    }

    /// Does once what `guitai-broker-lists.path` does on a box of the centre: where the mall says that the
    /// lists have changed, takes that away and lets the broker read them.
    ///
    /// # Errors
    /// When the broker does not read them.
    pub async fn heed(&self) -> Result<()> {
        match fs::remove_file(self.folder.join("changed")) {
            Ok(()) => self.reload().await,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).context("could not take away what says that lists changed"),
        }
    }

    /// Calls it with the certificate of an edge node's data folder, and listens to these topics.
    ///
    /// # Errors
    /// When the line does not come up.
    pub async fn call_with(&self, edge: &Path, topics: &[&str]) -> Result<Client> {
        let text = fs::read_to_string(edge.join("certificate.json")).context("no certificate")?;
        let held: serde_json::Value = serde_json::from_str(&text)?;
        let text = |path: &str| {
            let value = held.pointer(path).and_then(serde_json::Value::as_str);
            value.map(str::to_owned).context("half a certificate")
        };
        let papers = Papers::default();
        papers.set(Some(Paper {
            certificate: text("/told/certificate")?,
            key: text("/key")?,
            authority: text("/told/authority")?,
        }));
        connected(Wish {
            address: self.url().parse().context("the broker's address")?,
            authority: None,
            papers: Some(papers),
            account: None,
            client: format!("{:032x}", uuid::Uuid::now_v7().as_u128()),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            will: None,
            farewell: None,
        })
        .await
    }

    /// The same on a free port.
    ///
    /// # Errors
    /// The same.
    pub fn on_a_free_port(folder: &Path, stores: &[&str]) -> Result<Self> {
        Self::lay(folder, port::free()?, stores)
    }

    /// Makes up a password for each account; Mosquitto's own tool hashes them all at once.
    fn make_accounts<'a>(&self, users: impl Iterator<Item = &'a &'a str>) -> Result<()> {
        let (mut lines, file) = (String::new(), self.folder.join("passwords"));
        for user in users {
            let password = format!("{:032x}", uuid::Uuid::now_v7().as_u128());
            lines.push_str(&format!("{user}:{password}\n"));
            fs::write(self.folder.join(format!("{user}.password")), password)
                .context("could not write a password")?;
        }
        fs::write(&file, lines).context("could not write the passwords")?;
        let made = Command::new("mosquitto_passwd").arg("-U").arg(&file).output();
        let made = made.context("could not run mosquitto_passwd")?;
        let errors = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "mosquitto_passwd failed: {errors}");
        Ok(())
    }

    /// What an account needs to call it.
    #[must_use]
    pub fn access(&self, user: &str) -> Access {
        Access {
            url: format!("mqtts://127.0.0.1:{}", self.port),
            user: user.to_owned(),
            password: self.folder.join(format!("{user}.password")),
            authority: self.folder.join("authority.pem"),
        }
    }

    /// Starts it and waits until its port is open.
    ///
    /// # Errors
    /// When it is not installed or ends instead.
    pub async fn start(&mut self) -> Result<()> {
        let mut command = Command::new(program().context("mosquitto is not installed")?);
        command.arg("-c").arg(self.folder.join("mosquitto.conf"));
        let log = self.folder.join("mosquitto.log");
        self.running = None;
        let running = self.running.insert(Running::start("the broker", &mut command, &log)?);
        let port = self.port;
        until("the broker to listen", PATIENCE, async || {
            if !running.is_running()? {
                bail!("the broker ended at once:\n{}", running.last_words());
            }
            Ok((!port::is_free(port)).then_some(()))
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

    /// SIGKILL: what it held is lost.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Calls it with an account's own certificate and password, and listens to these topics.
    ///
    /// # Errors
    /// When the line does not come up.
    pub async fn call(&self, user: &str, topics: &[&str]) -> Result<Client> {
        let Access { url, user, password, authority } = self.access(user);
        let password = fs::read_to_string(password).context("no password")?;
        let wish = Wish {
            address: url.parse().context("the broker's address")?,
            authority: Some(authority),
            papers: None,
            account: Some(Account { user, password: Password(password) }),
            client: format!("{:032x}", uuid::Uuid::now_v7().as_u128()),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            will: None,
            farewell: None,
        };
        connected(wish).await
    }
}

async fn connected(wish: Wish) -> Result<Client> {
    let (line, hears, runner) = broker::open(wish, Box::new(|| 0));
    let stop = CancellationToken::new();
    tokio::spawn(runner.run(stop.clone()));
    let mut client = Client { line, hears, stop };
    match client.hears.recv().await {
        Some(Told::Up) => Ok(client),
        told => bail!("the broker was not reached: {told:?}"),
    }
}

impl Client {
    /// Publishes a retained message.
    ///
    /// # Errors
    /// When the line is down.
    pub async fn retain(&self, topic: &str, payload: &[u8]) -> Result<()> {
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        let said = self.line.publish(Message { topic, payload, is_retained: true }).await;
        ensure!(said, "the line is down");
        Ok(())
    }

    /// The topics of what has come and was not read.
    pub fn heard(&mut self) -> Vec<String> {
        let mut topics = Vec::new();
        while let Ok(told) = self.hears.try_recv() {
            if let Told::Message(message) = told {
                topics.push(message.topic);
            }
        }
        topics
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// When none comes.
    pub async fn next(&mut self) -> Result<Message> {
        loop {
            let told = tokio::time::timeout(PATIENCE, self.hears.recv()).await;
            match told.context("nothing came")? {
                Some(Told::Message(message)) => return Ok(message),
                Some(Told::Up | Told::Down(_)) => {}
                None => bail!("the line has ended"),
            }
        }
    }
}

/// An authority, and a certificate by it for this machine.
fn certificates(folder: &Path) -> Result<()> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Guitai broker authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().context("no key for the authority")?;
    let authority = params.self_signed(&key).context("no certificate of the authority")?;
    let issuer = Issuer::new(params, key);
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut params = CertificateParams::new(names).context("a bad host name")?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().context("no key for the broker")?;
    let server = params.signed_by(&key, &issuer).context("no certificate of the broker")?;
    for (name, text) in [
        ("authority.pem", authority.pem()),
        ("server.pem", server.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).with_context(|| format!("could not write {name}"))?;
    }
    Ok(())
}
