//! From a document to the bytes of a receipt printer, and back from its status bytes.
//!
//! **Invariant:** everything here is pure; sockets are in [`crate::port`].

pub mod document;
pub mod escpos;
pub mod gbk;
pub mod layout;
pub mod status;

pub use document::{Align, Cell, Cut, Document, Paper, QR_MODULE_DOTS, Row, Size, Symbology, Text};
pub use escpos::{EncodeError, encode};
pub use layout::{Line, Placed, lay_out};
pub use status::{PaperState, PrinterStatus, StatusError};
