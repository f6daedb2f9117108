//! The simulated printer behind its lock: state, buffer, paper, drawer.
//!
//! **Invariant:** nothing is printed while it is off-line, and nothing twice.

use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;

use super::real_time::{RealTime, Urgent};
use super::{SimDrawer, SimState, hang_up};
use crate::printer::Paper;
use crate::sim::slip::{SLIPS_MAX, Slip, Tape, TapeRow};
use crate::sim::tape::{Effect, Interpreter, Step};

/// Bytes kept while off-line; a real printer has 4 to 64 KiB.
const BUFFER_BYTES_MAX: usize = 65_536;

/// Rows and bytes of one slip at most; then the paper is torn off by itself.
const SLIP_ROWS_MAX: usize = 2_000;
const SLIP_BYTES_MAX: usize = 2_097_152;

/// Unknown commands kept.
const UNKNOWN_MAX: usize = 50;

#[derive(Debug)]
pub(super) struct Core {
    state: SimState,
    paper: Paper,
    drawer: SimDrawer,
    interpreter: Interpreter,
    real_time: RealTime,
    buffer: Vec<u8>,
    slips: VecDeque<Slip>,
    open: Slip,
    connection: Option<TcpStream>,
    automatic: bool,
    break_after: Option<usize>,
    unknown: VecDeque<Vec<u8>>,
    revision: u64,
    changed: bool,
    stopped: bool,
}

impl Core {
    pub(super) fn new(paper: Paper) -> Self {
        Self {
            state: SimState::Ready,
            paper,
            drawer: SimDrawer::default(),
            interpreter: Interpreter::new(paper.columns()),
            real_time: RealTime::default(),
            buffer: Vec::new(),
            slips: VecDeque::new(),
            open: Slip { id: 1, ..Slip::default() },
            connection: None,
            automatic: false,
            break_after: None,
            unknown: VecDeque::new(),
            revision: 0,
            changed: false,
            stopped: false,
        }
    }

    pub(super) fn state(&self) -> SimState {
        self.state
    }

    pub(super) fn drawer(&self) -> SimDrawer {
        self.drawer
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn unknown(&self) -> Vec<Vec<u8>> {
        self.unknown.iter().cloned().collect()
    }

    pub(super) fn break_after(&mut self, bytes: usize) {
        self.break_after = Some(bytes);
    }

    pub(super) fn tape(&self) -> Tape {
        let begun = !self.open.rows.is_empty() || self.open.drawer_kicks > 0;
        let slips = self.slips.iter().chain(begun.then_some(&self.open));
        let skip = (self.slips.len() + usize::from(begun)).saturating_sub(SLIPS_MAX);
        Tape { columns: self.paper.columns(), slips: slips.skip(skip).cloned().collect() }
    }

    /// Whether something that can be seen has changed since last asked.
    pub(super) fn take_changed(&mut self) -> bool {
        let changed = std::mem::take(&mut self.changed);
        self.revision += u64::from(changed);
        changed
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.hang_up();
    }

    /// Takes the connection unless nobody is there to take it.
    pub(super) fn connect(&mut self, back: TcpStream) -> bool {
        if self.stopped || self.state == SimState::Gone {
            return false;
        }
        self.connection = Some(back);
        self.real_time = RealTime::default();
        self.automatic = false;
        true
    }

    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    fn hang_up(&mut self) {
        if let Some(stream) = self.connection.take() {
            hang_up(&stream);
        }
    }

    pub(super) fn set_state(&mut self, state: SimState, now: &str) {
        if self.state == state {
            return;
        }
        self.state = state;
        self.changed = true;
        match state {
            SimState::Gone => self.lose_power(),
            SimState::Ready => self.print(now),
            SimState::PaperOut | SimState::CoverOpen => {}
        }
        self.tell_change();
    }

    /// What was not printed is lost, and the slip in the printer stays as it is.
    fn lose_power(&mut self) {
        self.hang_up();
        self.buffer.clear();
        self.interpreter = Interpreter::new(self.paper.columns());
        if !self.open.rows.is_empty() {
            self.end_slip(false);
        }
    }

    pub(super) fn close_drawer(&mut self) {
        if std::mem::take(&mut self.drawer.open) {
            self.changed = true;
            self.tell_change();
        }
    }

    /// Whether the buffer is full and nothing is printed that would empty it.
    pub(super) fn must_wait(&self) -> bool {
        let offline = matches!(self.state, SimState::PaperOut | SimState::CoverOpen);
        offline && !self.stopped && self.buffer.len() >= BUFFER_BYTES_MAX
    }

    /// Takes what came; answers whether the connection goes on.
    pub(super) fn receive(&mut self, came: &[u8], now: &str) -> bool {
        if self.stopped || self.state == SimState::Gone {
            return false;
        }
        let broken = self.break_after.filter(|left| *left <= came.len());
        self.break_after = match broken {
            Some(_) => None,
            None => self.break_after.map(|left| left - came.len()),
        };
        let came = broken.and_then(|left| came.get(..left)).unwrap_or(came);
        for byte in came {
            if let Some(urgent) = self.real_time.push(*byte) {
                self.obey(urgent, now);
            }
        }
        self.buffer.extend_from_slice(came);
        if self.state == SimState::Ready {
            self.print(now);
        }
        if broken.is_some() {
            self.hang_up();
        }
        broken.is_none()
    }

    fn obey(&mut self, urgent: Urgent, now: &str) {
        match urgent {
            Urgent::Status(n) => {
                let answer = self.status(n);
                self.answer(&[answer]);
            }
            Urgent::Kick => self.kick(now),
        }
    }

    /// The answers of Epson's printers, bit by bit as DLE EOT says.
    fn status(&self, n: u8) -> u8 {
        let drawer = u8::from(self.drawer.open) << 2;
        match (n, self.state) {
            (1, SimState::Ready) => 0x12 | drawer,
            (1, SimState::PaperOut | SimState::CoverOpen | SimState::Gone) => 0x1a | drawer,
            (2, SimState::PaperOut) => 0x32,
            (2, SimState::CoverOpen) => 0x16,
            (4, SimState::PaperOut) => 0x7e,
            (_, SimState::Ready | SimState::PaperOut | SimState::CoverOpen | SimState::Gone) => {
                0x12
            }
        }
    }

    /// The four bytes of GS a.
    fn automatic_status(&self) -> [u8; 4] {
        let drawer = u8::from(self.drawer.open) << 2;
        match self.state {
            SimState::Ready | SimState::Gone => [0x10 | drawer, 0, 0, 0],
            SimState::PaperOut => [0x18 | drawer, 0, 0x0f, 0],
            SimState::CoverOpen => [0x38 | drawer, 0, 0, 0],
        }
    }

    fn tell_change(&mut self) {
        if self.automatic {
            let status = self.automatic_status();
            self.answer(&status);
        }
    }

    /// Says something to the host. One that does not listen misses it.
    fn answer(&mut self, bytes: &[u8]) {
        if let Some(stream) = self.connection.as_mut() {
            drop(stream.write_all(bytes));
        }
    }

    fn kick(&mut self, now: &str) {
        if !self.drawer.open {
            self.drawer.open = true;
            self.drawer.openings += 1;
        }
        self.open.drawer_kicks += 1;
        now.clone_into(&mut self.open.at);
        self.changed = true;
        self.tell_change();
    }

    /// Works through the buffer as far as its commands are whole.
    fn print(&mut self, now: &str) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut at = 0;
        while let Some(rest) = buffer.get(at..) {
            let Some(step) = self.interpreter.step(rest) else {
                break;
            };
            at += step.consumed;
            if let Some(bytes) = rest.get(..step.consumed).filter(|_| step.of_a_job) {
                self.open.bytes.extend_from_slice(bytes);
            }
            self.take_effect(step, now);
            self.tear_overlong();
        }
        self.buffer = buffer.get(at..).unwrap_or_default().to_vec();
    }

    fn take_effect(&mut self, step: Step, now: &str) {
        for effect in step.effects {
            match effect {
                Effect::Row(row) => self.add_row(row, now),
                Effect::Cut => self.end_slip(true),
                Effect::Kick => self.kick(now),
                Effect::Fence(n) => {
                    let drawer = u8::from(n == 2 && self.drawer.open);
                    self.answer(&[drawer]);
                }
                Effect::Automatic(n) => {
                    self.automatic = n != 0;
                    self.tell_change();
                }
                Effect::Unknown(bytes) => self.keep_unknown(bytes),
            }
        }
    }

    fn add_row(&mut self, row: TapeRow, now: &str) {
        now.clone_into(&mut self.open.at);
        self.open.rows.push(row);
        self.changed = true;
    }

    fn tear_overlong(&mut self) {
        let (rows, bytes) = (self.open.rows.len(), self.open.bytes.len());
        if rows >= SLIP_ROWS_MAX || bytes >= SLIP_BYTES_MAX {
            self.end_slip(false);
        }
    }

    /// A cut through blank paper makes no slip.
    fn end_slip(&mut self, cut: bool) {
        let next = Slip { id: self.open.id + 1, ..Slip::default() };
        if self.open.rows.is_empty() {
            self.open.bytes.clear();
            return;
        }
        let mut slip = std::mem::replace(&mut self.open, next);
        slip.cut = cut;
        self.slips.push_back(slip);
        if self.slips.len() > SLIPS_MAX {
            self.slips.pop_front();
        }
        self.changed = true;
    }

    fn keep_unknown(&mut self, bytes: Vec<u8>) {
        self.unknown.push_back(bytes);
        if self.unknown.len() > UNKNOWN_MAX {
            self.unknown.pop_front();
        }
    }
}
