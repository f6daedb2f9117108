//! A receipt printer with a drawer, made of memory, behind a real TCP port.
//!
//! It serves one connection at a time, keeps what comes while it is off-line and prints it after
//! reload, and obeys real-time commands at once, as the real ones do.
//!
//! **Invariant:** the callback and the clock of the setup are never called with the lock held.

mod core;
mod real_time;

use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::core::Core;
use super::slip::Tape;
use crate::printer::Paper;

/// How long an answer to the host may block before it is dropped.
const ANSWER_LIMIT: Duration = Duration::from_millis(200);

/// The state of a simulated printer, set by a person or a test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SimState {
    /// Prints.
    #[default]
    Ready,
    /// Without power or cable: cuts connections, and forgets what it had not printed.
    Gone,
    /// Keeps what comes until somebody reloads.
    PaperOut,
    /// Keeps what comes until somebody shuts the lid.
    CoverOpen,
}

impl SimState {
    /// The name on the devices page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Gone => "gone",
            Self::PaperOut => "paper-out",
            Self::CoverOpen => "cover-open",
        }
    }

    /// The state with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ready, Self::Gone, Self::PaperOut, Self::CoverOpen]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// The drawer on the printer's plug.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SimDrawer {
    /// Whether it stands open; it stays open until [`SimPrinter::close_drawer`].
    pub open: bool,
    /// How often it sprang open. A pulse to a drawer that stands open is not counted here, but on
    /// the slip.
    pub openings: u64,
}

/// What a simulated printer needs.
#[derive(Clone)]
pub struct SimPrinterSetup {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The paper in it.
    pub paper: Paper,
    /// Tells the time that stands at a slip, RFC 3339.
    pub clock: Arc<dyn Fn() -> String + Send + Sync>,
    /// Called after each change, from whichever thread made it.
    pub on_change: Arc<dyn Fn() + Send + Sync>,
}

impl SimPrinterSetup {
    /// 42 columns, a clock that says nothing and no callback.
    #[must_use]
    pub fn on(listen: SocketAddr) -> Self {
        Self {
            listen,
            paper: Paper::COLUMNS_42,
            clock: Arc::new(String::new),
            on_change: Arc::new(|| {}),
        }
    }
}

impl std::fmt::Debug for SimPrinterSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimPrinterSetup")
            .field("listen", &self.listen)
            .field("paper", &self.paper)
            .finish_non_exhaustive()
    }
}

/// A running simulated printer; it stops and joins its thread when dropped.
#[derive(Debug)]
pub struct SimPrinter {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    setup: SimPrinterSetup,
    core: Mutex<Core>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the printer and tells the world if that changed what can be seen.
    fn change<T>(&self, work: impl FnOnce(&mut Core, &str) -> T) -> T {
        let now = (self.setup.clock)();
        let mut core = self.lock();
        let answer = work(&mut core, &now);
        let changed = core.take_changed();
        drop(core);
        self.changed.notify_all();
        if changed {
            (self.setup.on_change)();
        }
        answer
    }
}

impl SimPrinter {
    /// Switches the printer on.
    ///
    /// # Errors
    /// When it cannot listen there, or the system gives no thread.
    pub fn start(setup: SimPrinterSetup) -> std::io::Result<Self> {
        let listener = TcpListener::bind(setup.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            core: Mutex::new(Core::new(setup.paper)),
            changed: Condvar::new(),
            setup,
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sim-printer".to_owned())
            .spawn(move || serve_all(&listener, &of_thread))?;
        Ok(Self { shared, address, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is.
    #[must_use]
    pub fn state(&self) -> SimState {
        self.shared.lock().state()
    }

    /// Makes it so. Coming back to ready prints what was kept.
    pub fn set_state(&self, state: SimState) {
        self.shared.change(|core, now| core.set_state(state, now));
    }

    /// Cuts the connection after that many more bytes of whatever comes, once: a cable pulled in
    /// the middle of a receipt.
    pub fn break_after(&self, bytes: usize) {
        self.shared.lock().break_after(bytes);
    }

    /// How its drawer stands.
    #[must_use]
    pub fn drawer(&self) -> SimDrawer {
        self.shared.lock().drawer()
    }

    /// Somebody pushes the drawer shut.
    pub fn close_drawer(&self) {
        self.shared.change(|core, _| core.close_drawer());
    }

    /// What stands on the paper.
    #[must_use]
    pub fn tape(&self) -> Tape {
        self.shared.lock().tape()
    }

    /// Commands that it did not know, newest last, at most fifty.
    #[must_use]
    pub fn unknown(&self) -> Vec<Vec<u8>> {
        self.shared.lock().unknown()
    }

    /// Rises with each change that can be seen.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.shared.lock().revision()
    }

    /// Waits until the revision is another than `seen`, or the limit has passed; answers it.
    #[must_use]
    pub fn wait_for_change(&self, seen: u64, limit: Duration) -> u64 {
        let core = self.shared.lock();
        let (core, _) = self
            .shared
            .changed
            .wait_timeout_while(core, limit, |core| core.revision() == seen)
            .unwrap_or_else(PoisonError::into_inner);
        core.revision()
    }

    /// Waits until the tape is as wanted; answers whether that came within the limit.
    #[must_use]
    pub fn wait_until(&self, limit: Duration, wanted: impl Fn(&Tape) -> bool) -> bool {
        let core = self.shared.lock();
        let (core, waited) = self
            .shared
            .changed
            .wait_timeout_while(core, limit, |core| !wanted(&core.tape()))
            .unwrap_or_else(PoisonError::into_inner);
        drop(core);
        !waited.timed_out()
    }
}

impl Drop for SimPrinter {
    fn drop(&mut self) {
        self.shared.lock().stop();
        self.shared.changed.notify_all();
        // The thread may wait for a connection: this one wakes it.
        let woken = TcpStream::connect_timeout(&self.reachable(), Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // A panic of the thread has been reported by the panic itself.
            drop(thread.join());
        }
    }
}

impl SimPrinter {
    /// An address to connect to: one that listens on all is reached on the loopback.
    fn reachable(&self) -> SocketAddr {
        let mut address = self.address;
        match address {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
            }
            SocketAddr::V4(_) | SocketAddr::V6(_) => {}
        }
        address
    }
}

/// One connection after the other, until stopped.
fn serve_all(listener: &TcpListener, shared: &Shared) {
    for stream in listener.incoming() {
        if shared.lock().is_stopped() {
            return;
        }
        // A connection that failed to come about is the host's trouble.
        if let Ok(stream) = stream {
            serve(stream, shared);
        }
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let Some(back) = answering_side(&stream) else {
        return;
    };
    if !shared.lock().connect(back) {
        return;
    }
    let mut buffer = [0_u8; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let came = buffer.get(..length).unwrap_or_default();
        if !receive(came, shared) {
            break;
        }
    }
    shared.lock().disconnect();
}

/// The same connection for answers, which may come from another thread.
fn answering_side(stream: &TcpStream) -> Option<TcpStream> {
    stream.set_nodelay(true).ok()?;
    stream.set_write_timeout(Some(ANSWER_LIMIT)).ok()?;
    stream.try_clone().ok()
}

/// Takes bytes when there is room for them; answers whether the connection goes on.
fn receive(came: &[u8], shared: &Shared) -> bool {
    let core = shared.lock();
    // A full buffer takes nothing more until it prints again: the host's writes then block.
    let waited = shared.changed.wait_while(core, |core| core.must_wait());
    drop(waited);
    shared.change(|core, now| core.receive(came, now))
}

/// Ends a connection for both sides; one that has ended already is fine.
fn hang_up(stream: &TcpStream) {
    drop(stream.shutdown(Shutdown::Both));
}
