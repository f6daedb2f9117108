//! Guests of the Wi-Fi, with a real kernel's packet filter, a real DHCP server and real clients: held,
//! signed in, let through, and held again.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
    time::Duration,
};

use acceptance::{
    ageing, folder,
    guests::{GATEWAY, Guests, OUTSIDE, Page, hindrance},
    journey,
    program::{self, Running},
    untested,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use rcgen::{CertificateParams, KeyPair};

const PROBE: &str = "http://connectivitycheck.gstatic.com/generate_204";
const API: &str = "https://portal.store.example:7443/api";
const PORTAL: &str = "http://10.77.0.1/";
/// The store's own pages for phones.
const STORE: &str = "http://10.77.0.1:7074/phone/";

/// A gateway with its gate, its portal and its dnsmasq, an outside, and two phones.
struct Street {
    /// The store's node; it goes before the network does.
    node: Option<Running>,
    guests: Guests,
    folder: tempfile::TempDir,
}

impl Street {
    async fn open() -> Result<Self> {
        let folder = folder::temporary()?;
        let at = folder.path().to_owned();
        let mut guests = Guests::new(&at, 2)?;
        let key = KeyPair::generate().context("no key")?;
        let params = CertificateParams::new(vec!["portal.store.example".to_owned()]);
        let certificate = params.and_then(|p| p.self_signed(&key)).context("no certificate")?;
        fs::write(at.join("portal.pem"), certificate.pem()).context("no certificate")?;
        fs::write(at.join("portal.key.pem"), key.serialize_pem()).context("no key")?;
        fs::write(at.join("edge.toml"), boot(&at)).context("no boot file")?;
        let outside = program::find("outside")?;
        let mut command = guests.command("outside", outside);
        guests.keep("outside", command.arg("0.0.0.0:80"))?;
        let street = Self { node: None, guests, folder };
        street.with_gate().await
    }

    async fn with_gate(mut self) -> Result<Self> {
        let edge = program::find("edge-daemon")?;
        let (boot, dnsmasq) = (self.at("edge.toml"), self.at("dnsmasq.conf"));
        let mut keeper = self.guests.command("gateway", &edge);
        keeper.args(["portal", "--config"]).arg(&boot).arg("--dnsmasq").arg(&dnsmasq);
        self.guests.keep("keeper", &mut keeper)?;
        let socket = self.at("gate.sock");
        until("the gate", PATIENCE, async || Ok(socket.exists().then_some(()))).await?;
        // All names of the world are one host here.
        let mut names = fs::OpenOptions::new().append(true).open(&dnsmasq).context("no dnsmasq")?;
        writeln!(names, "no-resolv\naddress=/#/{OUTSIDE}").context("no names")?;
        let mut command = self.guests.command("gateway", "dnsmasq");
        command.args(["--keep-in-foreground", "--user=root", "--pid-file"]);
        command.arg(format!("--conf-file={}", dnsmasq.display()));
        self.guests.keep("dnsmasq", &mut command)?;
        self.power_on()?;
        Ok(self)
    }

    fn power_on(&mut self) -> Result<()> {
        let mut node = self.guests.command("gateway", program::find("edge-daemon")?);
        let node = node.args(["serve", "--config"]).arg(self.at("edge.toml"));
        self.node = Some(self.guests.start("node", node)?);
        Ok(())
    }

    /// SIGKILL.
    fn power_off(&mut self) {
        self.node = None;
    }

    /// Asks the gate itself.
    fn gate(&self, verb: &str) -> Result<String> {
        let mut gate = UnixStream::connect(self.at("gate.sock")).context("the gate is away")?;
        gate.set_read_timeout(Some(Duration::from_secs(10)))?;
        gate.write_all(format!("{verb}\n").as_bytes())?;
        let mut said = String::new();
        gate.read_to_string(&mut said)?;
        Ok(said)
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// What a phone's probe hears.
    fn probe(&self, phone: &str) -> Result<Page> {
        self.guests.curl(phone, &[PROBE])
    }

    /// Waits until a phone's probe hears a status.
    async fn probe_hears(&self, phone: &str, status: u16) -> Result<()> {
        until(format!("{status} for {phone}"), PATIENCE, async || {
            Ok((self.probe(phone)?.status == status).then_some(()))
        })
        .await
    }

    /// What the API says to a phone.
    fn api(&self, phone: &str) -> Result<serde_json::Value> {
        let certificate = self.at("portal.pem");
        let page = self.guests.curl(phone, &["--cacert", &certificate.to_string_lossy(), API])?;
        ensure!(page.status == 200, "{page:?}");
        Ok(serde_json::from_str(&page.body)?)
    }

    /// The address of a phone's sitting, from the first page.
    fn begin(&self, phone: &str) -> Result<String> {
        let page = self.guests.curl(phone, &[PORTAL])?;
        let link = page.body.split("href=\"/w/").nth(1).and_then(|rest| rest.split('"').next());
        let token = link.with_context(|| format!("no way in on the first page: {page:?}"))?;
        Ok(format!("{PORTAL}w/{token}"))
    }

    fn post(&self, phone: &str, url: &str, form: &str) -> Result<Page> {
        self.guests.curl(phone, &["--data", form, url])
    }

    /// The code that was last sent.
    fn code(&self) -> Result<String> {
        let sent = fs::read_to_string(self.at("sms.jsonl")).context("no SMS was sent")?;
        let last: serde_json::Value = serde_json::from_str(sent.lines().last().unwrap_or(""))?;
        Ok(last["code"].as_str().unwrap_or_default().to_owned())
    }

    fn sign_in(&self, phone: &str, number: &str) -> Result<()> {
        let sitting = self.begin(phone)?;
        let form = format!("phone={number}&terms=1");
        let asked = self.post(phone, &format!("{sitting}/code"), &form)?;
        ensure!(asked.status == 303, "{asked:?}");
        let code = self.code()?;
        let entered = self.post(phone, &format!("{sitting}/entry"), &format!("code={code}"))?;
        ensure!((entered.status, entered.led_to.as_str()) == (303, PORTAL), "{entered:?}");
        Ok(())
    }
}

fn boot(at: &Path) -> String {
    let file = |name: &str| at.join(name).display().to_string();
    format!(
        "data = {data:?}\nlisten = \"127.0.0.1:7070\"\nlisten_phones = \"{GATEWAY}:7074\"\n[mall]\nurl = \"http://127.0.0.1:9\"\n\
         [portal]\ngate = {gate:?}\nminutes = 60\nsms = {{ file = {sms:?} }}\n\
         [portal.lan]\ninterface = \"br-guest\"\naddress = \"{GATEWAY}\"\nprefix = 24\n\
         page_port = 7380\napi_url = \"{API}\"\napi_port = 7443\n\
         [portal.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n",
        data = file("data"),
        gate = file("gate.sock"),
        sms = file("sms.jsonl"),
        certificate = file("portal.pem"),
        key = file("portal.key.pem"),
    )
}

/// Whether this machine allows it; says visibly when it does not.
fn is_possible() -> bool {
    let hindrance = hindrance();
    if let Some(lack) = &hindrance {
        untested::say("the Wi-Fi portal through a real packet filter", lack);
    }
    hindrance.is_none()
}

/// One network for all of it: namespaces are named by process, and the order is the guest's own.
#[tokio::test]
async fn a_guest_is_held_signs_in_passes_and_is_held_again() -> Result<()> {
    if !is_possible() {
        return Ok(());
    }
    let mut street = Street::open().await?;
    for phone in ["phone0", "phone1"] {
        let (address, api) = street.guests.join(phone).await?;
        ensure!(address.starts_with("10.77.0."), "{address}");
        assert_eq!(api, API, "option 114 of RFC 8910");
    }
    street.probe_hears("phone0", 302).await?;
    held(&street)?;
    hostile(&street)?;
    without_gate(&street).await?;
    passes(&street).await?;
    again(street).await
}

/// Before sign-in: led to the portal on port 80, refused at once on all others.
fn held(street: &Street) -> Result<()> {
    for url in [PROBE, "http://captive.apple.com/hotspot-detect.html", "http://anything.example/x"]
    {
        let page = street.guests.curl("phone0", &[url])?;
        assert_eq!((page.status, page.led_to.as_str()), (302, PORTAL), "{url}");
    }
    assert_eq!(
        street.api("phone0")?,
        serde_json::json!({"captive": true, "user-portal-url": PORTAL})
    );
    // 7: could not connect. A guest who waits for a time-out believes that the Wi-Fi is broken.
    for url in
        ["https://www.example.com/", "http://203.0.113.9:8080/", "http://10.77.0.1:7070/", STORE]
    {
        let page = street.guests.curl("phone0", &["--max-time", "3", url])?;
        assert_eq!(page.failure, Some(7), "{url}: {page:?}");
    }
    Ok(())
}

/// What a phone that means ill gets: nothing of another's, and no code by guessing.
fn hostile(street: &Street) -> Result<()> {
    let sitting = street.begin("phone1")?;
    let bad = street.post("phone1", &format!("{sitting}/code"), "phone=12345&terms=1")?;
    assert_eq!(bad.status, 422);
    let unticked = street.post("phone1", &format!("{sitting}/code"), "phone=13900000001")?;
    assert_eq!(unticked.status, 422);
    let asked = street.post("phone1", &format!("{sitting}/code"), "phone=13900000001&terms=1")?;
    assert_eq!(asked.status, 303);
    // Another phone with the address of the sitting, and a header that says it is the first.
    let code = format!("code={}", street.code()?);
    let stolen = street.guests.curl(
        "phone0",
        &["--data", &code, "-H", "X-Forwarded-For: 10.77.0.11", &format!("{sitting}/entry")],
    )?;
    assert_eq!(stolen.status, 403, "{stolen:?}");
    let wrong = if code == "code=000000" { "code=000001" } else { "code=000000" };
    for status in [422, 422, 422, 422, 403, 403] {
        let guessed = street.post("phone1", &format!("{sitting}/entry"), wrong)?;
        assert_eq!(guessed.status, status, "{guessed:?}");
    }
    // The right one comes too late.
    assert_eq!(street.post("phone1", &format!("{sitting}/entry"), &code)?.status, 403);
    let large = format!("phone={}", "1".repeat(4_000));
    assert_eq!(street.post("phone1", &format!("{sitting}/code"), &large)?.status, 413);
    Ok(())
}

/// A guest who signs in while the gate is away is told that they wait, and passes once it is back.
async fn without_gate(street: &Street) -> Result<()> {
    fs::rename(street.at("gate.sock"), street.at("gate.away"))?;
    street.sign_in("phone0", "13812345678")?;
    let page = street.guests.curl("phone0", &[PORTAL])?;
    ensure!(page.body.contains("正在为您连网") && !page.body.contains("已连网"), "{page:?}");
    assert_eq!(street.api("phone0")?["captive"], true);
    assert_eq!(street.probe("phone0")?.status, 302);
    fs::rename(street.at("gate.away"), street.at("gate.sock"))?;
    street.probe_hears("phone0", 204).await
}

/// After sign-in: the real answer comes from outside, for this phone and for no other, and nothing
/// of the store is in reach.
async fn passes(street: &Street) -> Result<()> {
    street.probe_hears("phone0", 204).await?;
    assert_eq!(street.guests.curl("phone0", &["http://www.example.com/"])?.body, "outside");
    let said = street.api("phone0")?;
    assert_eq!(said["captive"], false);
    assert!(said["seconds-remaining"].as_i64().is_some_and(|left| (3_000..=3_600).contains(&left)));
    assert_eq!(street.probe("phone1")?.status, 302);
    assert_eq!(street.api("phone1")?["captive"], true);
    let page = street.guests.curl("phone0", &[PORTAL])?;
    assert!(page.body.contains("已连网"), "{page:?}");
    let store = street.guests.curl("phone0", &["--max-time", "3", "http://10.77.0.1:7070/"])?;
    assert_eq!(store.failure, Some(7), "{store:?}");
    shops(street)?;
    crowd(street)?;
    // A flood of one phone does not keep another from its page.
    street.guests.on(
        "phone1",
        "for i in $(seq 200); do curl -s -o flood --max-time 1 http://10.77.0.1/ & done; \
         wait; rm -f flood",
    )?;
    assert_eq!(street.guests.curl("phone0", &[PORTAL])?.status, 200);
    Ok(())
}

/// A guest who is online finds the store's own pages, and nothing else of the store is behind their
/// door.
fn shops(street: &Street) -> Result<()> {
    let page = street.guests.curl("phone0", &[PORTAL])?;
    ensure!(page.body.contains("10.77.0.1/store"), "{page:?}");
    let way = street.guests.curl("phone0", &[&format!("{PORTAL}store")])?;
    let token = way.led_to.strip_prefix(STORE).and_then(|rest| rest.strip_prefix("?j="));
    let token = token.filter(|_| way.status == 303).with_context(|| format!("{way:?}"))?;
    let page = street.guests.curl("phone0", &[STORE])?;
    ensure!(page.status == 200 && page.body.contains("<html"), "{page:?}");
    let jar = street.at("cookies").display().to_string();
    let api = STORE.replace("/phone/", "/api/v1");
    let [session, view] = ["session", "view"].map(|name| format!("{api}/phone/{name}"));
    let body = format!("{{\"token\":\"{token}\"}}");
    let join = |body: &str| {
        let kind = "content-type: application/json";
        let call = ["--cookie-jar", jar.as_str(), "--data", body, "-H", kind, session.as_str()];
        street.guests.curl("phone0", &call)
    };
    assert_eq!(street.guests.curl("phone0", &[&view])?.status, 401);
    assert_eq!(join(&body.replace("0.", "1."))?.status, 403, "a forged token");
    assert_eq!(join(&body)?.status, 200);
    assert_eq!(street.guests.curl("phone0", &["--cookie", &jar, &view])?.status, 200);
    for path in ["/workstations", "/workstations/1/operators", "/pairings", "/console/session"] {
        for method in ["GET", "POST"] {
            let page = street.guests.curl("phone0", &["-X", method, &format!("{api}{path}")])?;
            assert_eq!(page.status, 404, "{method} {path}: {page:?}");
        }
    }
    for path in ["", "ui/operator/", "ui/console/", "kiosk", "console/", "readyz"] {
        let page = street.guests.curl("phone0", &[&STORE.replace("phone/", path)])?;
        assert_eq!(page.status, 404, "{path}: {page:?}");
    }
    // A phone that is not signed in is refused at once.
    assert_eq!(street.guests.curl("phone1", &["--max-time", "3", STORE])?.failure, Some(7));
    let sent_back = street.guests.curl("phone1", &[&format!("{PORTAL}store")])?;
    assert_eq!((sent_back.status, sent_back.led_to.as_str()), (303, PORTAL));
    Ok(())
}

/// Connections that one phone holds open are counted by the kernel, and those of others are not.
fn crowd(street: &Street) -> Result<()> {
    // Of 40 at once the kernel resets those beyond the limit of `gate::ruleset`, and the door closes
    // those beyond a caller's part; they go with the shell.
    let held = street.guests.command("phone1", "bash").args(["-c", HOLDS]).output();
    let held = String::from_utf8_lossy(&held.context("no shell")?.stdout).into_owned();
    let n: usize = held.trim().parse().with_context(|| held.clone())?;
    ensure!((1..=32).contains(&n), "{n} connections of one phone");
    assert_eq!(street.guests.curl("phone0", &[PORTAL])?.status, 200);
    Ok(())
}

/// How many of 40 connections a phone can hold at once; one whose end comes is closed.
const HOLDS: &str = "files=; n=0; for i in $(seq 40); do \
    if { exec {file}<>/dev/tcp/10.77.0.1/80; } 2>/dev/null; then files=\"$files $file\"; fi; done; \
    for file in $files; do read -r -t 0.1 -n 1 -u $file; [ $? -gt 128 ] && n=$((n + 1)); done; echo $n";

/// A pass ends by the kernel's clock also without the node; a node that comes back tells a gate that
/// forgot; what is over in the ledger is over at the gate.
async fn again(mut street: Street) -> Result<()> {
    let listed = street.gate("list")?;
    let device = listed.lines().nth(1).and_then(|line| line.split(' ').next());
    let device = device.context("nobody passes")?.to_owned();
    street.power_off();
    assert_eq!(street.gate("flush ruleset")?, "failed\n");
    assert_eq!(street.gate(&format!("allow {device} 1"))?, "done\n");
    until("the pass to end", PATIENCE, async || {
        Ok((street.gate("list")? == "passed 0\n").then_some(()))
    })
    .await?;
    street.power_on()?;
    street.probe_hears("phone0", 204).await?;
    street.power_off();
    assert_eq!(street.gate("apply")?, "done\n");
    street.power_on()?;
    street.probe_hears("phone0", 204).await?;
    street.power_off();
    logged(&street, &device).await?;
    ageing::end_portal_passes(&street.at("data"))?;
    street.power_on()?;
    street.probe_hears("phone0", 302).await
}

/// The log has who, when and until when; neither its file nor the node's words have a number.
async fn logged(street: &Street, device: &str) -> Result<()> {
    for name in ["data/ledger.db", "data/ledger.db-wal", "node.log"] {
        let bytes = fs::read(street.at(name)).unwrap_or_default();
        for number in ["13812345678", "13900000001"] {
            let is_in = bytes.windows(number.len()).any(|window| window == number.as_bytes());
            assert!(!is_in, "{number} in {name}");
        }
    }
    let mut log = Command::new(program::find("edge-daemon")?);
    log.args(["portal-log", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"]);
    log.arg("--config").arg(street.at("edge.toml"));
    let log = String::from_utf8_lossy(&program::run(log).await?.stdout).into_owned();
    assert!(log.contains(&format!("13812345678,{device},10.77.0.")), "{log}");
    Ok(())
}

/// The gate is one of memory here; the mall, the node and the till are real.
#[tokio::test]
async fn a_guest_gets_a_coupon_for_coming_and_a_till_takes_it_off_once() -> Result<()> {
    let mut table = journey::Table::new(false);
    let played = journey::play_with_a_guest(&mut table).await;
    played.with_context(|| table.text().to_owned())
}
