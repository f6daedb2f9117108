//! What HQ sets in stores while they run: documents with revisions, signed when they leave.
//!
//! | file | what |
//! | --- | --- |
//! | `keys` | the keys that sign, one file each |
//! | `save` | a document becomes the one desired |
//! | `read` | the documents desired, older ones, what is in force in a store |
//! | `give` | what a store gets, signed |
//! | `hear` | what became of it, and whether stores are there |
//! | `shapes` | all that, as HTTP and the command line give it |
//!
//! **Invariant:** a document that is kept has been read strictly; what leaves is signed over the very
//! bytes that are kept.

mod give;
mod hear;
mod keys;
mod read;
mod save;
mod shapes;

pub(crate) use give::{envelope, held};
pub(crate) use hear::{forget_lines, hear_presence, hear_report, heard};
pub(crate) use keys::{Keys, KeysError};
pub(crate) use read::{
    coupon_for_coming, in_force, list, list_standings, one, rounding, schema, standing_of,
};
pub(crate) use save::{Saved, Wish, save};
pub(crate) use shapes::{
    InForceShape, SettingShape, SettingsError, SettingsPage, SettingsShape, StandingShape,
    TargetShape, finding,
};
