//! `journey`: a day in the life of a store without a person; `make journey` runs it.

use std::{io::Write as _, process::ExitCode};

use acceptance::{folder, journey};

#[tokio::main]
async fn main() -> ExitCode {
    let mut table = journey::Table::new(true);
    let played = match folder::temporary() {
        Ok(folder) => {
            let mut played = journey::play(folder.path(), &mut table).await;
            if played.is_ok()
                && let Err(error) = journey::play_with_houses(&mut table).await
            {
                played = Err(error);
            }
            if played.is_ok()
                && let Err(error) = journey::play_at_the_console(&mut table).await
            {
                played = Err(error);
            }
            if played.is_ok()
                && let Err(error) = journey::play_at_a_kiosk(&mut table).await
            {
                played = Err(error);
            }
            if played.is_ok()
                && let Err(error) = journey::play_settings(&mut table).await
            {
                played = Err(error);
            }
            if played.is_ok()
                && let Err(error) = journey::play_with_a_phone(&mut table).await
            {
                played = Err(error);
            }
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

fn say(text: &str) {
    // Nobody listening is no reason to end otherwise.
    let _ = writeln!(std::io::stdout(), "{text}");
}
