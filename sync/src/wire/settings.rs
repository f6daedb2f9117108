//! What HQ sets in a store while it runs: what there is to set, documents of it, what became of them.
//!
//! A document says only what it means to say. What it leaves out is said by the document for all
//! stores, else by how the store was set up, else by the program:
//!
//! ```text
//! the program's default  ◄  the store as it was set up  ◄  all stores  ◄  this store
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `catalogue` | all that can be set |
//! | `kind` | what a value may be, and what is wrong with one |
//! | `document` | what HQ says, read and laid over what lies below |
//! | `keys` | the operator's keys |
//! | `playlist` | what a shopper's screen shows while nobody buys |
//! | `ways` | ways to pay, and their order |
//! | `standing` | documents on their way, and what became of them |
//!
//! **Invariant:** a setting stands in `SETTINGS` if and only if an edge node acts on it; a document
//! that was read holds no value outside its kind.

mod catalogue;
mod document;
mod keys;
mod kind;
mod playlist;
mod standing;
#[cfg(test)]
mod tests;
mod ways;

pub use catalogue::{COUPON_DAYS, SETTINGS, Setting};
pub use document::{
    CustomerDisplaySettingsV1, NoticeSettingsV1, OfflineSettingsV1, PortalSettingsV1,
    ReceiptSettingsV1, SettingsV1, TenderSettingsV1,
};
pub use keys::{CHORDS, KEY_ACTIONS, KeyAction, Place};
pub use kind::{FaultKind, Kind, SettingFault};
pub use playlist::{PICTURES_MAX, SLIDE_SECONDS_MAX, SLIDE_SECONDS_MIN, SlideV1};
pub use standing::{BellV1, CameByV1, PresenceV1, RefusedV1, ReportV1, SettingsHeldV1, StandingV1};
pub use ways::WayV1;
