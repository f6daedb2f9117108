//! A guests' network of network namespaces: a gateway, phones on its bridge, and an outside.
//!
//! Real packets through a real kernel, with nothing of the machine's own network in reach.
//!
//! **Invariant:** namespaces and the files that belong to them are gone when their handle is.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    program::Running,
    untested::Lack,
    wait::{PATIENCE, until},
};

/// The gateway's address on the guests' network.
pub const GATEWAY: &str = "10.77.0.1";
/// The only host outside, whatever name it is called by.
pub const OUTSIDE: &str = "203.0.113.9";

/// Where `ip netns exec` finds the files that a namespace sees in `/etc`.
const ETC: &str = "/etc/netns";

/// What a DHCP client's script writes for us; `dhclient-script(8)` names its variables.
const LEASED: &str = "#!/bin/sh
case \"$reason\" in BOUND|RENEW|REBIND|REBOOT)
  ip addr replace \"$new_ip_address/24\" dev \"$interface\"
  ip route replace default via \"$new_routers\"
  printf '%s\\n%s\\n' \"$new_ip_address\" \"$new_portal\" > \"$0.lease\"
esac
";

/// The namespaces of a test.
#[derive(Debug)]
pub struct Guests {
    prefix: String,
    names: Vec<String>,
    folder: PathBuf,
    running: Vec<Running>,
}

/// What it takes, and which Debian package brings it.
const TOOLS: [(&str, Lack); 5] = [
    ("ip", Lack::Packages(&["iproute2"])),
    ("nft", Lack::Packages(&["nftables"])),
    ("dnsmasq", Lack::Packages(&["dnsmasq-base"])),
    ("dhclient", Lack::Packages(&["isc-dhcp-client"])),
    ("curl", Lack::Packages(&["curl"])),
];

/// Why this machine does not allow it; `None` where it does.
#[must_use]
pub fn hindrance() -> Option<Lack> {
    for (tool, lack) in TOOLS {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        if !found.is_ok_and(|found| found.status.success()) {
            return Some(lack);
        }
    }
    let name = format!("guitai-try-{}", std::process::id());
    let made = ip(["netns", "add", &name]);
    let rules = made.and_then(|_| ip(["netns", "exec", &name, "nft", "add", "table", "inet", "t"]));
    let _ = ip(["netns", "del", &name]);
    rules.err().map(|error| Lack::Refused(format!("no network namespace of our own: {error:#}")))
}

fn ip<I, S>(arguments: I) -> Result<Output>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = Command::new("ip").args(arguments).output().context("could not run ip")?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    ensure!(output.status.success(), "{said}");
    Ok(output)
}

impl Guests {
    /// A gateway with a bridge for guests, an outside, and so many phones `0`, `1`, ….
    ///
    /// # Errors
    /// When the kernel refuses; see [`hindrance`].
    pub fn new(folder: &Path, phones: usize) -> Result<Self> {
        let prefix = format!("guitai-{}", std::process::id());
        let mut guests =
            Self { prefix, names: Vec::new(), folder: folder.to_owned(), running: Vec::new() };
        guests.add("gateway")?;
        guests.add("outside")?;
        guests.on("gateway", "ip link add br-guest type bridge && ip addr add 10.77.0.1/24 dev br-guest && ip link set br-guest up && echo 1 > /proc/sys/net/ipv4/ip_forward")?;
        guests.link("wan", "outside")?;
        guests.on("gateway", "ip addr add 203.0.113.1/24 dev wan && ip link set wan up")?;
        guests
            .on("outside", &format!("ip addr add {OUTSIDE}/24 dev eth0 && ip link set eth0 up"))?;
        for number in 0..phones {
            let phone = format!("phone{number}");
            guests.add(&phone)?;
            guests.link(&format!("to{number}"), &phone)?;
            guests.on("gateway", &format!("ip link set to{number} master br-guest up"))?;
            guests.on(&phone, "ip link set eth0 up")?;
        }
        Ok(guests)
    }

    fn name(&self, of: &str) -> String {
        format!("{}-{of}", self.prefix)
    }

    fn add(&mut self, of: &str) -> Result<()> {
        let name = self.name(of);
        ip(["netns", "add", &name])?;
        let etc = Path::new(ETC).join(&name);
        fs::create_dir_all(&etc).context("no folder for a namespace")?;
        // A phone may have any resolver in its settings; the gate answers for it.
        fs::write(etc.join("resolv.conf"), "nameserver 8.8.8.8\n").context("no resolver")?;
        self.names.push(name);
        self.on(of, "ip link set lo up").map(|_| ())
    }

    /// A cable from the gateway's `there` to the `eth0` of another.
    fn link(&self, there: &str, other: &str) -> Result<()> {
        let (gateway, other) = (self.name("gateway"), self.name(other));
        ip([
            "link", "add", there, "netns", &gateway, "type", "veth", "peer", "name", "eth0",
            "netns", &other,
        ])
        .map(|_| ())
    }

    /// A command that runs on a host of this network.
    #[must_use]
    pub fn command(&self, of: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(of)]).arg(program);
        command
    }

    /// Runs a line of shell on a host to its end; gives what it said.
    ///
    /// # Errors
    /// When it fails.
    pub fn on(&self, of: &str, line: &str) -> Result<String> {
        let output = self.command(of, "sh").args(["-ec", line]).output().context("no shell")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{of}: {line}: {}", said.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts a program on a host.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, name: &str, command: &mut Command) -> Result<Running> {
        Running::start(name, command, &self.folder.join(format!("{name}.log")))
    }

    /// Starts a program on a host that runs as long as the network does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn keep(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let running = self.start(name, command)?;
        self.running.push(running);
        Ok(())
    }

    /// What curl says on a phone: the status, where it is led, the page; an error is curl's number.
    ///
    /// # Errors
    /// When curl cannot be run.
    pub fn curl(&self, phone: &str, arguments: &[&str]) -> Result<Page> {
        let mut command = self.command(phone, "curl");
        command.args([
            "--silent",
            "--max-time",
            "10",
            "--write-out",
            "\n%{http_code} %{redirect_url}",
        ]);
        let output = command.args(arguments).output().context("could not run curl")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, last) = text.rsplit_once('\n').unwrap_or(("", &text));
        let (status, led_to) = last.split_once(' ').unwrap_or((last, ""));
        Ok(Page {
            failure: output.status.code().filter(|code| *code != 0),
            status: status.parse().unwrap_or(0),
            led_to: led_to.to_owned(),
            body: body.to_owned(),
        })
    }

    /// Asks for an address by DHCP until there is one; gives it, and where the portal's API is said
    /// to be (option 114).
    ///
    /// # Errors
    /// When nobody gives one.
    pub async fn join(&mut self, phone: &str) -> Result<(String, String)> {
        let (config, script) = (self.folder.join("dhclient.conf"), self.folder.join(phone));
        fs::write(&script, LEASED).context("no script for a DHCP client")?;
        fs::set_permissions(&script, Permissions::from_mode(0o700))
            .context("a DHCP client cannot run its script")?;
        fs::write(&config, "option portal code 114 = text;\nalso request portal;\n")
            .context("no configuration for a DHCP client")?;
        let leases = self.folder.join(format!("{phone}.leases"));
        let mut command = self.command(phone, "dhclient");
        command.args(["-4", "-1", "-d", "-cf"]).arg(&config).arg("-sf").arg(&script);
        let process = self.folder.join(format!("{phone}.pid"));
        command.arg("-lf").arg(&leases).arg("-pf").arg(&process).arg("eth0");
        self.keep(&format!("dhclient-{phone}"), &mut command)?;
        let lease = self.folder.join(format!("{phone}.lease"));
        until(format!("an address for {phone}"), PATIENCE, async || {
            let text = fs::read_to_string(&lease).unwrap_or_default();
            let mut lines = text.lines();
            Ok(lines.next().zip(lines.next()).map(|(a, b)| (a.to_owned(), b.to_owned())))
        })
        .await
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        self.running.clear();
        for name in &self.names {
            let _ = ip(["netns", "del", name]);
            let _ = fs::remove_dir_all(Path::new(ETC).join(name));
        }
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// curl's number for what went wrong, e.g. 56 for a connection that was reset.
    pub failure: Option<i32>,
    /// The status, 0 if there was none.
    pub status: u16,
    /// The address that it leads to.
    pub led_to: String,
    /// What came.
    pub body: String,
}
