//! What can be asked about payments by code, and coupons and vouchers of other houses.
//!
//! **Invariant:** words only; nothing is done here.

use clap::Subcommand;
use domain::{payment::PaymentState, redemption::RedemptionState};

#[derive(Debug, Subcommand)]
pub(crate) enum PaymentsVerb {
    /// Payments, newest first.
    List {
        /// Only this store's, by its code.
        #[arg(long)]
        store: Option<String>,
        /// Only those that stand so; a wrong word names all.
        #[arg(long, value_parser = payment_state)]
        state: Option<PaymentState>,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on after the `next` of the page before.
        #[arg(long)]
        after: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RedemptionsVerb {
    /// Redemptions, newest first.
    List {
        /// Only this store's, by its code.
        #[arg(long)]
        store: Option<String>,
        /// Only those that stand so; a wrong word names all.
        #[arg(long, value_parser = redemption_state)]
        state: Option<RedemptionState>,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on after the `next` of the page before.
        #[arg(long)]
        after: Option<String>,
    },
}

fn payment_state(word: &str) -> Result<PaymentState, String> {
    let words = || PaymentState::ALL.map(PaymentState::word).join(", ");
    PaymentState::from_word(word).ok_or_else(|| format!("one of {}", words()))
}

fn redemption_state(word: &str) -> Result<RedemptionState, String> {
    let words = || RedemptionState::ALL.map(RedemptionState::word).join(", ");
    RedemptionState::from_word(word).ok_or_else(|| format!("one of {}", words()))
}
