//! The Wi-Fi portal (上网认证): a guest shows that a phone number is theirs, and their device passes to
//! the internet for a while.
//!
//! | file | what |
//! | --- | --- |
//! | `desk` | who may ask for a code, and whether a code is theirs |
//! | `sms` | how a code reaches a phone |
//! | `gateway` | the gate that lets devices through, or one of memory for trying |
//! | `check_in` | the coupon of a guest who came |
//! | `probe` | what phones ask to find out whether the way is open |
//! | `keys` | the secret that seals the log's phone numbers |
//! | `outage` | what keeps guests from going online, for those who look after the store |
//!
//! A pass is written to the ledger before the gate is told, and the loop compares what the ledger
//! says with who passes: a gate that was away, or a box that was switched off, makes nobody sign in
//! twice.
//!
//! **Invariant:** which device calls is what the kernel says of its address, never what a request
//! says. Nothing of what a device does on the internet is seen or kept.

#[cfg(test)]
mod at_the_gate;
pub(crate) mod check_in;
pub(crate) mod desk;
mod gateway;
mod keep;
mod keys;
mod outage;
pub(crate) mod probe;
mod sms;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::time::Timestamp;
use gate::{
    lan::{Lan, LanConfig},
    mac::Mac,
    neighbour,
    verb::SECONDS_MAX,
};
use serde::Deserialize;
use sync::seal::{Place, Seal};
use tokio_util::sync::CancellationToken;

use self::{
    check_in::Wallet,
    desk::{Code, Consents, Denied, Desk, Shown, Token},
    gateway::Gateway,
};
pub use keep::{GateKeeperError, PortalLogError, keep_gate, portal_log};
pub use keys::PortalKeyError;
pub(crate) use outage::{Outage, Part};
pub use sms::SmsConfig;

use crate::{
    Chain,
    context::{Context, Nudge, mint, random},
    db::{DbError, check_in as rows, portal},
};

/// The version of the terms that the pages show; raise it with their text.
pub(crate) const TERMS: u32 = 1;
/// How often a pass may be lengthened before the guest signs in anew.
const LENGTHENINGS_MAX: u32 = 3;
/// The law asks for at least six months (网络安全法, article 21); what is kept longer is a burden.
const LOG_DAYS_KEPT: i64 = 190;
const DAY_MS: i64 = 24 * 3_600_000;
/// How often the gate is compared with the ledger.
const PERIOD: Duration = Duration::from_secs(5);
/// A pass of the gate may end so much earlier than the ledger's: clocks tick apart.
const SLACK_SECONDS: i64 = 5;

/// The Wi-Fi portal, as the boot file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// The guests' network.
    pub lan: LanConfig,
    /// The socket of the gate's keeper (`edge-daemon portal`), if not where its unit has it.
    #[serde(default)]
    pub gate: Option<PathBuf>,
    /// How long a sign-in lasts, in minutes, 1 to 1440.
    #[serde(default = "default_minutes")]
    pub minutes: u32,
    /// How codes are sent.
    pub sms: SmsConfig,
    /// The certificate and key of `lan.api_url`, as PEM files.
    #[serde(default)]
    pub tls: Option<PortalTls>,
}

/// Certificate and key of the portal's API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalTls {
    /// The certificate with those that vouch for it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Where the unit of the gate's keeper has its socket.
const GATE: &str = "/run/guitai-portal/gate.sock";

impl PortalConfig {
    /// The socket of the gate's keeper.
    #[must_use]
    pub fn gate(&self) -> &Path {
        self.gate.as_deref().unwrap_or(Path::new(GATE))
    }
}

const fn default_minutes() -> u32 {
    120
}

/// Why there is no portal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortalError {
    /// The guests' network is none.
    #[error("the portal's network is not fit")]
    Lan(#[from] gate::lan::LanError),
    /// A pass is longer than a day, or none.
    #[error("the portal's minutes are not between 1 and 1440")]
    Minutes,
    /// The secret of the log.
    #[error("the portal cannot seal its log")]
    Key(#[from] PortalKeyError),
    /// The ledger.
    #[error("the ledger did not do it")]
    Db(#[from] DbError),
}

/// Why a guest stays where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The desk says so.
    Denied(Denied),
    /// The code could not be sent.
    NotSent,
    /// Nobody on the guests' network has that address.
    NoDevice,
    /// This box cannot write it down, so it must not let anybody through.
    NotWritten,
    /// The pass was lengthened as often as it may be.
    LongEnough,
}

impl From<Denied> for Stop {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is led to the portal.
    Held,
    /// Its guest has signed in, and the gate has not let it through yet.
    Opening,
    /// It passes for so many seconds yet.
    Open {
        /// At least 1.
        seconds: i64,
        /// Whether they may become more without a new sign-in.
        may_lengthen: bool,
    },
}

/// A pass that is open.
#[derive(Clone, Debug)]
struct Pass {
    row: portal::PassRow,
    /// Until when the gate has said that it lets the device through; written down is not done.
    through: Option<Timestamp>,
}

/// The portal of a store.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) context: Arc<Context>,
    pub(crate) lan: Lan,
    config: PortalConfig,
    gateway: Gateway,
    seal: Seal,
    desk: Mutex<Desk>,
    /// Who may pass, as the ledger says.
    passes: Mutex<HashMap<Mac, Pass>>,
    /// A guest came, and the mall may give them a coupon.
    came: Nudge,
}

impl Portal {
    /// The portal, with the passes that were open when the box was last switched off.
    pub(crate) async fn open(
        context: Arc<Context>,
        config: PortalConfig,
    ) -> Result<Self, PortalError> {
        let lan = Lan::new(config.lan.clone())?;
        if config.minutes == 0 || config.minutes > SECONDS_MAX / 60 {
            return Err(PortalError::Minutes);
        }
        let gateway = if context.config.devices.simulated {
            // Where nobody said where a gate is, it is of memory as all the rest.
            Gateway::for_phones_of_memory(config.gate.as_deref())
        } else {
            Gateway::at(config.gate())
        };
        let seal = keys::make_or_read(&context.config.data)?;
        let now = context.clock.now();
        let open = context.ledger.read(move |connection| portal::open(connection, now)).await?;
        let passes =
            open.into_iter().map(|row| (row.device, Pass { row, through: None })).collect();
        let (desk, passes) = (Mutex::default(), Mutex::new(passes));
        Ok(Self { context, lan, config, gateway, seal, desk, passes, came: Nudge::default() })
    }

    /// Certificate and key of the API, if it is served.
    pub(crate) const fn tls(&self) -> Option<&PortalTls> {
        self.config.tls.as_ref()
    }

    /// How long a sign-in lasts, in minutes.
    pub(crate) const fn minutes(&self) -> u32 {
        self.config.minutes
    }

    /// The device that has an address on the guests' network.
    pub(crate) fn device(&self, peer: IpAddr) -> Option<Mac> {
        let IpAddr::V4(address) = peer.to_canonical() else { return None };
        self.gateway.device_of(address).or_else(|| self.neighbour(address))
    }

    fn neighbour(&self, address: Ipv4Addr) -> Option<Mac> {
        // Made by the kernel at each reading; it does not block.
        let list = std::fs::read_to_string(neighbour::NEIGHBOURS).ok()?;
        neighbour::device_of(&list, &self.lan.config().interface, address)
    }

    /// Where a device stands now.
    pub(crate) fn standing(&self, device: Mac) -> Standing {
        let now = self.context.clock.now();
        let passes = lock(&self.passes);
        match passes.get(&device).filter(|pass| pass.row.until > now) {
            None => Standing::Held,
            Some(pass) if pass.through.is_none_or(|until| until <= now) => Standing::Opening,
            Some(Pass { row, .. }) => Standing::Open {
                seconds: seconds_until(row.until, now),
                may_lengthen: row.lengthenings < LENGTHENINGS_MAX,
            },
        }
    }

    /// What a device's page says of its guest's coupon.
    pub(crate) async fn wallet(&self, device: Mac) -> Wallet {
        let now = self.context.clock.now();
        let guest = lock(&self.passes)
            .get(&device)
            .filter(|pass| pass.row.until > now)
            .map(|pass| pass.row.phone_index);
        let Some(guest) = guest else { return Wallet::Empty };
        check_in::wallet(self, guest).await.unwrap_or_else(|error| {
            tracing::error!(error = %Chain(&error), "A guest's coupon could not be read");
            Wallet::Empty
        })
    }

    /// Begins a sitting of a device; `None` when the house is full.
    pub(crate) fn begin(&self, device: Mac) -> Option<Token> {
        let token = random();
        lock(&self.desk).begin(device, token, self.context.clock.now()).then_some(token)
    }

    /// The number for which a code was asked in a sitting, masked.
    pub(crate) fn asked(&self, token: &Token, device: Mac) -> Result<Option<String>, Stop> {
        let desk = lock(&self.desk);
        let phone = desk.asked(token, device, self.context.clock.now())?;
        Ok(phone.map(ToString::to_string))
    }

    /// Sends a code to a number.
    pub(crate) async fn ask(
        &self,
        token: &Token,
        device: Mac,
        phone: domain::member::Phone,
        consents: Consents,
    ) -> Result<(), Stop> {
        let code = new_code();
        let now = self.context.clock.now();
        let asking = (phone.clone(), consents);
        lock(&self.desk).ask(token, device, asking, code, now)?;
        let code: String = code.iter().copied().map(char::from).collect();
        let minutes = desk::CODE_MS_MAX / 60_000;
        sms::send(&self.config.sms, &phone, &code, minutes).await.map_err(|error| {
            tracing::error!(error = %Chain(&error), "A sign-in code could not be sent");
            Stop::NotSent
        })
    }

    /// Takes a code; the right one lets the device through.
    pub(crate) async fn enter(
        &self,
        token: &Token,
        device: Mac,
        address: IpAddr,
        code: &str,
    ) -> Result<(), Stop> {
        let now = self.context.clock.now();
        let Shown { phone, consents } = lock(&self.desk).enter(token, device, code, now)?;
        let id = mint::<()>().uuid();
        let digits = phone.digits();
        let pass = portal::PassRow {
            id,
            device,
            address: address.to_canonical().to_string(),
            at: now,
            until: self.end_of_pass(now),
            phone_index: self.seal.index("phone", digits),
            phone_cell: self.close(id, digits)?,
            terms: TERMS,
            is_marketing: consents.is_marketing,
            lengthenings: 0,
        };
        let check_in = check_in::of(self, &pass);
        self.let_through(pass, check_in).await?;
        self.came.give();
        Ok(())
    }

    /// Lengthens a pass that is open: as long again from now.
    pub(crate) async fn lengthen(&self, device: Mac) -> Result<(), Stop> {
        let now = self.context.clock.now();
        let pass = lock(&self.passes).get(&device).map(|pass| pass.row.clone());
        let pass = pass.filter(|pass| pass.until > now).ok_or(Denied::Gone)?;
        if pass.lengthenings >= LENGTHENINGS_MAX {
            return Err(Stop::LongEnough);
        }
        let id = mint::<()>().uuid();
        let digits = self.seal.open(place(&pass.id.to_string()), &pass.phone_cell);
        let digits = digits.map_err(|_| Stop::NotWritten)?;
        let phone_cell = self.close(id, &digits)?;
        let lengthenings = pass.lengthenings + 1;
        let until = self.end_of_pass(now);
        let pass = portal::PassRow { id, at: now, until, phone_cell, lengthenings, ..pass };
        self.let_through(pass, None).await
    }

    fn end_of_pass(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(i64::from(self.config.minutes) * 60_000)
    }

    fn close(&self, id: uuid::Uuid, digits: &str) -> Result<Vec<u8>, Stop> {
        self.seal.close(place(&id.to_string()), random(), digits).map_err(|_| Stop::NotWritten)
    }

    /// Writes a pass down, then tells the gate; a gate that is away is told by the loop.
    async fn let_through(
        &self,
        pass: portal::PassRow,
        check_in: Option<rows::CheckInRow>,
    ) -> Result<(), Stop> {
        let (device, written) = (pass.device, pass.clone());
        let write = move |tx: &rusqlite::Connection| {
            portal::insert(tx, &written)?;
            check_in.map_or(Ok(()), |check_in| rows::insert(tx, &check_in))
        };
        let inserted = self.context.ledger.write(write).await;
        inserted.map_err(|error| {
            tracing::error!(error = %Chain(&error), "A pass to the internet could not be written down");
            Stop::NotWritten
        })?;
        let (until, seconds) = (pass.until, seconds_until(pass.until, self.context.clock.now()));
        {
            let mut passes = lock(&self.passes);
            // A pass that is lengthened is open as far as it was.
            let through = passes.get(&device).and_then(|pass| pass.through);
            passes.insert(device, Pass { row: pass, through });
        }
        match self.gateway.allow(device, seconds).await {
            Ok(()) => self.goes_through(device, until),
            Err(error) => self.note_gate(Err(error)),
        }
        Ok(())
    }

    /// Notes that the gate lets a device through until then.
    fn goes_through(&self, device: Mac, until: Timestamp) {
        if let Some(pass) = lock(&self.passes).get_mut(&device) {
            pass.through = Some(until);
        }
    }

    /// Notes whether the gate is there, and says so once.
    fn note_gate(&self, compared: Result<(), gate::client::GateError>) {
        let (outage, now) = (&self.context.portal, self.context.clock.now());
        let is_news = match compared {
            Ok(()) => outage.ends(Part::Gate),
            Err(error) => {
                let is_news = outage.begins(Part::Gate, now);
                if is_news {
                    tracing::error!(error = %Chain(&error), "The gate is away; guests wait");
                }
                is_news
            }
        };
        if is_news {
            self.context.screens.beat();
        }
    }

    /// Makes the gate let through whom the ledger lets through, and nobody else.
    async fn compare(&self) -> Result<(), gate::client::GateError> {
        // Before who may pass is looked at: whoever signs in meanwhile is among those.
        let found: HashMap<Mac, i64> = self.gateway.list().await?.into_iter().collect();
        let now = self.context.clock.now();
        let wanted: HashMap<Mac, Timestamp> = {
            let mut passes = lock(&self.passes);
            passes.retain(|_, pass| pass.row.until > now);
            for (_, pass) in passes.iter_mut().filter(|(device, _)| !found.contains_key(device)) {
                pass.through = None;
            }
            passes.iter().map(|(device, pass)| (*device, pass.row.until)).collect()
        };
        for (device, until) in &wanted {
            let seconds = seconds_until(*until, now);
            let differs = |has: &i64| (has - seconds).abs() > SLACK_SECONDS;
            if found.get(device).is_none_or(differs) {
                self.gateway.allow(*device, seconds).await?;
            }
            self.goes_through(*device, *until);
        }
        for device in found.keys().filter(|device| !wanted.contains_key(device)) {
            self.gateway.forget(*device).await?;
        }
        Ok(())
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(row: &str) -> Place<'_> {
    Place { table: "portal_pass", column: "phone", row }
}

/// At least 1: a pass that is open has a second left.
fn seconds_until(until: Timestamp, now: Timestamp) -> i64 {
    ((until.micros() - now.micros()) / 1_000_000).max(1)
}

/// Six digits, each as likely as any other.
fn new_code() -> Code {
    let number = u64::from_be_bytes(random()) % 1_000_000;
    let mut code = *b"000000";
    for (digit, byte) in code.iter_mut().zip(format!("{number:06}").bytes()) {
        *digit = byte;
    }
    code
}

/// Compares the gate with the ledger for ever, and deletes what is too old of the log.
pub(crate) async fn run(portal: Arc<Portal>, stop: CancellationToken) {
    loop {
        let compared = portal.compare().await;
        portal.note_gate(compared);
        if let Err(error) = check_in::ask(&portal).await {
            tracing::error!(error = %Chain(&error), "A guest's coupon could not be kept");
        }
        let now = portal.context.clock.now();
        let sweep = move |tx: &rusqlite::Connection| {
            rows::delete_before(tx, now.plus_ms(-DAY_MS), now)?;
            portal::delete_before(tx, now.plus_ms(-LOG_DAYS_KEPT * DAY_MS))
        };
        if let Err(error) = portal.context.ledger.write(sweep).await {
            tracing::error!(error = %Chain(&error), "The portal's log could not be shortened");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = portal.came.taken_or(PERIOD) => {}
        }
    }
}
