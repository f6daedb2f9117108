//! Two machines speak as one edge node, and somebody says which one goes on.
//!
//! **Invariant:** nobody is silenced: what the others have sold and still sell is taken in.

use domain::id::EdgeId;
use tracing::info;

use crate::{
    context::Context,
    db::{self, DbError, edges, lives},
};

/// Lends to the machine that speaks in this life, and to no other of the node's; `false` when there is
/// no such node or nobody speaks in it.
pub(crate) async fn keep_life(
    context: &Context,
    edge: EdgeId,
    epoch: u32,
) -> Result<bool, DbError> {
    let doing = "say which life goes on";
    let mut tx = context.db().write(doing).await?;
    let Some(edge) = edges::by_id(&mut tx, edge).await? else { return Ok(false) };
    let sessions = lives::sessions(&mut tx, &edge).await?;
    let Some(kept) = sessions.iter().find(|row| row.given.epoch == epoch) else {
        return Ok(false);
    };
    for row in &sessions {
        lives::freeze(&mut tx, &edge, row.machine, row.machine != kept.machine).await?;
    }
    db::commit(tx, doing).await?;
    info!(store.id = %edge.store, edge.id = %edge.id, epoch, "HQ has said which machine goes on");
    Ok(true)
}
