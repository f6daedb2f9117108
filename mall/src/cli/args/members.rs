//! What can be asked about members, their coupons, and the keys of tokens.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::Subcommand;
use domain::{id::MemberId, lending::Purse, time::BusinessDate};

#[derive(Debug, Subcommand)]
pub(crate) enum MembersVerb {
    /// Let a member enter, or change who they are.
    Add {
        /// Who; made anew if not said.
        #[arg(long)]
        id: Option<MemberId>,
        /// 11 digits; from the environment they stay out of a shell's history.
        #[arg(long, env = "MALL_PHONE", hide_env_values = true)]
        phone: String,
        /// Their name.
        #[arg(long, env = "MALL_NAME", hide_env_values = true)]
        name: String,
        /// The code of the store that they call theirs.
        #[arg(long, default_value = "")]
        store: String,
        /// Their tier.
        #[arg(long, default_value = "")]
        tier: String,
        /// When they became a member, `YYYY-MM-DD`.
        #[arg(long)]
        joined_on: Option<BusinessDate>,
        /// `MM-DD`, never the year.
        #[arg(long, default_value = "")]
        birthday: String,
        /// Works for the chain.
        #[arg(long)]
        staff: bool,
        /// A crowd's tag; may be given several times.
        #[arg(long, value_name = "TAG")]
        crowd: Vec<String>,
    },
    /// Import members from a table (CSV); good rows are taken, bad rows are told.
    Import {
        /// The file.
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Members by id, masked.
    List {
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on after the `next` of the page before.
        #[arg(long)]
        after: Option<String>,
    },
    /// One member with what stores are lent, and the newest changes.
    Show {
        /// Who.
        id: MemberId,
    },
    /// Find a member by their phone number.
    Find {
        /// 11 digits.
        #[arg(env = "MALL_PHONE", hide_env_values = true)]
        phone: String,
    },
    /// Give or take points or balance.
    Adjust {
        /// Who.
        id: MemberId,
        /// `points` or `balance`.
        #[arg(long, value_parser = purse)]
        purse: Purse,
        /// Points or fen; below zero takes.
        #[arg(long, allow_negative_numbers = true)]
        amount: i64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Print a member's code as their phone shows it.
    Code {
        /// Who.
        id: MemberId,
        /// How long it is good.
        #[arg(long, default_value_t = 5)]
        minutes: u32,
    },
    /// End a membership; every store forgets them.
    Remove {
        /// Who.
        id: MemberId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CouponsVerb {
    /// Issue coupons and print their tokens, one a line.
    Issue {
        /// The batch; made anew if not said. The same again prints the same tokens.
        #[arg(long)]
        id: Option<uuid::Uuid>,
        /// The rule that each switches on: one of the set in force that is marked `coupon`.
        #[arg(long)]
        rule: String,
        /// How many.
        #[arg(long, default_value_t = 1)]
        count: u32,
        /// Whose they are; anybody's if not said.
        #[arg(long)]
        member: Option<MemberId>,
        /// Where they are good; everywhere if not said.
        #[arg(long, default_value = "")]
        store: String,
        /// For how many days from now.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysVerb {
    /// Make the next signing key: stores hear of it at once and it signs a day later. Older keys are
    /// believed until nothing that they signed is good.
    Rotate,
    /// End a key at once, e.g. one that was stolen: what it signed is good no more.
    Retire {
        /// Which.
        key: u8,
    },
    /// Print every key, newest first.
    List,
}

fn purse(word: &str) -> Result<Purse, String> {
    let words = || Purse::ALL.map(Purse::word).join(", ");
    Purse::from_word(word).ok_or_else(|| format!("one of {}", words()))
}
