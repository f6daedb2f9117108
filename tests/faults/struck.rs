//! Something that a person wishes while something happens to the box at a named point of it.

use std::future::Future;

use acceptance::{
    edge_process::EdgeProcess,
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::Result;

/// Whether what is begun before a point comes about, when this happens there: what a transaction has not
/// committed is undone by a crash and by an error, and only comes later where it takes a while.
pub(crate) fn is_done(is_committed: bool, action: Action) -> bool {
    is_committed || action == Action::Sleep
}

/// What can happen at a point: where everything is committed nothing is done any more that could fail.
pub(crate) fn actions(is_committed: bool) -> impl Iterator<Item = Action> {
    Action::ALL.into_iter().filter(move |action| !is_committed || *action != Action::Error)
}

/// Wishes something while something happens at a point that the wish comes by, and starts a box that has
/// died of it. What came of the wish: nothing is promised of it.
///
/// # Errors
/// When nobody comes by, or the box ends in another way.
pub(crate) async fn struck<T>(
    edge: &mut EdgeProcess,
    (point, action): (&str, Action),
    wish: impl Future<Output = T>,
) -> Result<T> {
    edge.trap().set(point, action)?;
    let told = wish.await;
    recover(edge, (point, action)).await?;
    Ok(told)
}

/// Waits until it has happened, and starts a box that has died of it.
///
/// # Errors
/// The same.
pub(crate) async fn recover(edge: &mut EdgeProcess, (point, action): (&str, Action)) -> Result<()> {
    let (trap, what) = (edge.trap(), format!("somebody to come by {point}"));
    until(what, PATIENCE, async || Ok((!trap.is_set()).then_some(()))).await?;
    if action == Action::Crash {
        edge.wait_until_killed().await?;
        edge.start().await?;
    }
    Ok(())
}
