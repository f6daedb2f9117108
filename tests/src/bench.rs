//! How fast it is, as ratios to floors measured in the same run on the same disk.
//!
//! | file | what |
//! | --- | --- |
//! | `world` | a catalog of 808,096 made-up items with valid GTINs |
//! | `wire` | the leanest HTTP client: one connection, no parsing that is not needed |
//! | `floor` | what bare SQLite does for the same rows |
//! | `intake` | what the mall takes in from several stores, and the bare database with the same rows |
//! | `campaign` | 200 rules and carts of 50 lines |
//! | `pricing` | what quotes cost: time, by rules in force, memory |
//! | `replica` | a snapshot of the large catalog into force, and changes applied while somebody scans |
//! | `figure` | samples, medians, ratios, promises, the report |
//!
//! **Invariant:** a floor and what stands on it are measured in turn, so that a slow minute of the
//! machine slows both.

pub mod campaign;
pub mod figure;
pub mod floor;
pub mod intake;
pub mod pricing;
pub mod replica;
pub mod wire;
pub mod world;
