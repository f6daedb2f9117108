//! A disk that remembers what was truly on it, so that a test can cut the power at any moment, fill
//! the disk, or let any single call fail.
//!
//! A test program that uses this crate has the C library's file calls (`write`, `fsync`, `rename`,
//! …) replaced by those of `below`, which pass everything on. Below a folder that is watched they also
//! write down what was done. So SQLite, `std::fs` and everything else of the process is seen by one
//! door, as the kernel sees it, and no code under test knows of it.
//!
//! | file | what |
//! | --- | --- |
//! | `below` | the calls: the only place of the house with unsafe code |
//! | `record` | which folders are watched, what was done there, which call shall fail |
//! | `image` | what a disk holds after its power was cut |
//! | `dice` | chance from a seed |
//!
//! What a cut leaves is the strict reading of POSIX: a write is there for sure after `fsync` of its
//! file, a name after `fsync` of its folder, and before that anything of it may be there.
//!
//! **Invariant:** for tests alone; no program that is shipped depends on it. Flushes in a watched
//! folder are not passed on, because nothing there outlives its test.

mod below;
mod dice;
mod image;
mod record;

pub use dice::Dice;
pub use image::{Cut, Image, Replay};
pub use record::{Disk, Failure, FileId, Kind, Step};
