//! Promotions as HQ keeps them: sets of rules with revisions, checked before they are in force.
//!
//! | file | what |
//! | --- | --- |
//! | `shapes` | findings and sets, as HTTP and the command line give them |
//! | `inspect` | what is wrong with a set, what its author should know |
//! | `costs` | what sells below cost, goods and stores that there are not |
//! | `save` | a set becomes the one in force |
//! | `read` | the set in force, older ones, their list |
//! | `books` | sets made ready, the last few kept |
//! | `file` | a set as JSON or as a table with a row for each rule |
//! | `preview` | a cart that nobody has, priced with its trace |
//!
//! **Invariant:** a set that is kept has been compiled; what goods cost HQ leaves this room only as
//! a warning to HQ.

mod books;
mod costs;
mod file;
mod inspect;
mod preview;
mod read;
mod save;
mod shapes;

pub(crate) use books::{Books, Found};
pub(crate) use file::{RulesFileError, from_bytes, read_file, table_of, to_table};
pub(crate) use inspect::inspect;
pub(crate) use preview::{Ask, Preview, PreviewError, preview};
pub(crate) use read::{is_coupon, is_coupon_in, list, one};
pub(crate) use save::{Expected, Saved, Wish, save};
pub(crate) use shapes::{
    CheckShape, FindingShape, RuleSetPage, RuleSetShape, RulesError, SentenceShape,
};
