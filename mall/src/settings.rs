//! What HQ sets in stores while they run: documents with revisions, signed when they leave.
//!
//! | file | what |
//! | --- | --- |
//! | `keys` | the keys that sign, one file each |
//! | `groups` | groups of stores, and telling stores which they are in |
//! | `save` | a document becomes the one desired |
//! | `read` | the documents desired, older ones, what is in force in a store |
//! | `standing` | whether stores are there, and what became of their settings |
//! | `give` | what a store gets, signed |
//! | `hear` | what stores say of it |
//! | `shapes` | all that, as HTTP and the command line give it |
//!
//! **Invariant:** a document that is kept has been read strictly; what leaves is signed over the very
//! bytes that are kept.

mod give;
mod groups;
mod hear;
mod keys;
mod read;
mod save;
mod shapes;
mod standing;

pub(crate) use give::{envelope, groups_envelope, held};
pub(crate) use groups::{
    GroupShape, GroupWish, ToldShape, list_groups, one_group, remove_group, save_group, told_groups,
};
pub(crate) use hear::{forget_lines, hear_presence, hear_report, heard};
pub(crate) use keys::{Keys, KeysError};
pub(crate) use read::{Trying, coupon_for_coming, in_force, list, one, rounding, schema};
pub(crate) use save::{Saved, Wish, save};
pub(crate) use shapes::{
    InForceShape, SettingShape, SettingsError, SettingsPage, SettingsShape, StandingShape,
    TargetShape, Whom, finding,
};
pub(crate) use standing::{Said, list_standings, said, standing_of, there};
