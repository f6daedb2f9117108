//! `journey`: a day in the life of a store without a person; `make journey` runs it.

use std::{io::Write as _, path::Path, process::ExitCode};

use acceptance::{
    compare::Comparison,
    folder,
    journey::{self, Table},
};
use anyhow::Result;

#[tokio::main]
async fn main() -> ExitCode {
    let mut table = Table::new(true);
    let played = match folder::temporary() {
        Ok(folder) => {
            let played = play(folder.path(), &mut table).await;
            if played.is_err() {
                // The logs and books of a bad day are for whoever looks into it.
                let kept = folder.keep();
                say(&format!("kept for a look: {}", kept.display()));
            }
            played
        }
        Err(error) => Err(error),
    };
    match played {
        Ok(found) => {
            say(&format!("Mall and store agree on {} orders, to the fen.", found.n_edge));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("The journey ended early: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Every journey, one after the other.
async fn play(folder: &Path, table: &mut Table) -> Result<Comparison> {
    table.part("A day of the store; an online order is collected and comes back");
    let found = journey::play(folder, table).await?;
    table.part("Vouchers, coupons and payment codes of other houses");
    journey::play_with_houses(table).await?;
    table.part("A member with points, balance and a coupon");
    journey::play_with_a_member(table).await?;
    table.part("The manager's console");
    journey::play_at_the_console(table).await?;
    table.part("A kiosk");
    journey::play_at_a_kiosk(table).await?;
    table.part("HQ sets something in the store");
    journey::play_settings(table).await?;
    table.part("A shopper's phone");
    journey::play_with_a_phone(table).await?;
    table.part("A guest of the Wi-Fi");
    journey::play_with_a_guest(table).await?;
    table.part("The package");
    journey::play_from_the_package(table).await?;
    Ok(found)
}

fn say(text: &str) {
    // Nobody listening is no reason to end otherwise.
    let _ = writeln!(std::io::stdout(), "{text}");
}
