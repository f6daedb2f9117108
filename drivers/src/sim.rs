//! Devices made of memory: they take the very bytes a real device would get, over real sockets.
//!
//! For development, the demo and tests; the daemon turns them off in production.
//!
//! **Invariant:** a simulated device knows nothing that its bytes did not say, and its memory is
//! bounded.

mod command;
mod display;
mod printer;
mod scanner;
mod slip;
mod tape;

pub use display::SimDisplay;
pub use printer::{SimDrawer, SimPrinter, SimPrinterSetup, SimState};
pub use scanner::SimScanner;
pub use slip::{SLIPS_MAX, Slip, Span, Tape, TapeAlign, TapeRow};
pub use tape::{Effect, Interpreter, Step};
