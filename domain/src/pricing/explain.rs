//! A note as a sentence.
//!
//! **Invariant:** words only; whoever decides is elsewhere.
