//! Network scanners: a port per workstation, a thread per connection, scans in order.
//!
//! **Invariant:** a scan is never dropped unseen: when too many wait, the reading thread waits too.

use std::{
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use domain::receipt_number::WorkstationNumber;
use drivers::scanner::{NetworkScanner, Reading, Suffix};
use sync::chain::Hash;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Tasks;
use crate::{
    Chain,
    checkout::{self, CheckoutError, Command, ScanCommand},
    context::{Context, mint},
    later,
};

/// More is a stuck scanner; its thread then waits.
const SCANS_WAITING_MAX: usize = 16;
/// Scanners that may be connected to one port at once.
const CONNECTIONS_MAX: usize = 4;
/// A frame without a suffix is closed by so much silence.
const SILENCE: Duration = Duration::from_millis(100);

/// Listens for the scanners of a workstation, now or as soon as this box has the address.
pub(super) fn open(
    context: &Arc<Context>,
    tasks: &Tasks,
    workstation: WorkstationNumber,
    at: SocketAddr,
) {
    // Scanners that find their port shut at the start may wait for minutes before they call again.
    if listen(context, tasks, workstation, at).is_ok() {
        return;
    }
    let (context, own) = (Arc::clone(context), tasks.clone());
    tasks.tracker.spawn(async move {
        let Some(listener) = later::listen(at, &own.stop).await else { return };
        let served = listener.into_std().and_then(|listener| {
            listener.set_nonblocking(false)?;
            serve(&context, &own, workstation, listener)
        });
        if let Err(error) = served {
            tracing::error!(
                workstation.id = workstation, address = %at, %error,
                "The scanners of workstation {workstation} cannot connect",
            );
        }
    });
}

/// Listens for the scanners of a workstation at an address of this box; gives it with its port.
pub(super) fn listen(
    context: &Arc<Context>,
    tasks: &Tasks,
    workstation: WorkstationNumber,
    at: SocketAddr,
) -> std::io::Result<SocketAddr> {
    serve(context, tasks, workstation, TcpListener::bind(at)?)
}

/// Puts on the counter of a workstation what scanners read that connect here.
fn serve(
    context: &Arc<Context>,
    tasks: &Tasks,
    workstation: WorkstationNumber,
    listener: TcpListener,
) -> std::io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let (scans, waiting) = mpsc::channel(SCANS_WAITING_MAX);
    let stop = tasks.stop.clone();
    thread::Builder::new()
        .name(format!("scanner-port-{workstation}"))
        .spawn(move || accept(&listener, &scans, &stop))?;
    // The accepting thread is woken by a connection of our own when the daemon stops.
    let stop = tasks.stop.clone();
    tasks.tracker.spawn(async move {
        stop.cancelled().await;
        let _ = tokio::net::TcpStream::connect(address).await;
    });
    tasks.tracker.spawn(put_on_counter(
        Arc::clone(context),
        workstation,
        waiting,
        tasks.stop.clone(),
    ));
    tracing::info!(workstation.id = workstation, %address, "Scanners of workstation {workstation} may connect");
    Ok(address)
}

fn accept(listener: &TcpListener, scans: &mpsc::Sender<String>, stop: &CancellationToken) {
    let mut open: Vec<(thread::JoinHandle<()>, TcpStream)> = Vec::new();
    for stream in listener.incoming() {
        if stop.is_cancelled() {
            break;
        }
        open.retain(|(thread, _)| !thread.is_finished());
        let Ok(stream) = stream else { continue };
        let Ok(ours) = stream.try_clone() else {
            continue;
        };
        if open.len() >= CONNECTIONS_MAX || stream.set_read_timeout(Some(SILENCE)).is_err() {
            continue;
        }
        let scans = scans.clone();
        let reading =
            thread::Builder::new().name("scanner".to_owned()).spawn(move || read(stream, &scans));
        if let Ok(thread) = reading {
            open.push((thread, ours));
        }
    }
    for (_, stream) in open {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn read(stream: TcpStream, scans: &mpsc::Sender<String>) {
    for reading in NetworkScanner::new(stream, Suffix::Any) {
        match reading {
            Ok(Reading::Scan(scan)) => {
                if scans.blocking_send(scan.text).is_err() {
                    return;
                }
            }
            Ok(Reading::TooLong | Reading::NotText) => {
                tracing::warn!("A scanner sent something that is no code");
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "A scanner was cut off");
                return;
            }
        }
    }
}

async fn put_on_counter(
    context: Arc<Context>,
    workstation: WorkstationNumber,
    mut waiting: mpsc::Receiver<String>,
    stop: CancellationToken,
) {
    loop {
        let text = tokio::select! {
            () = stop.cancelled() => return,
            text = waiting.recv() => text,
        };
        let Some(text) = text else { return };
        let body = Hash::of(text.as_bytes());
        let command = Command { workstation, id: mint(), body };
        let scan = ScanCommand { command, text, quantity: None };
        // A refusal is on the screen already; only the daemon's own trouble is for the log.
        if let Err(CheckoutError::Db(error)) = checkout::scan(&context, scan).await {
            tracing::error!(workstation.id = workstation, error = %Chain(&error), "A scan was not kept");
        }
    }
}
