//! What HQ is told of the settings here.
//!
//! **Invariant:** a report says what is on disk; it is told until it was heard.

use std::sync::Arc;

use serde_json::Value;
use sync::{
    path,
    settings::Target,
    wire::{ReportV1, StandingV1},
};

use super::in_force::{InForce, Layer};
use crate::{
    DaemonError,
    context::Context,
    db::{node::Node, settings::Whose},
    uplink::mall::Mall,
};

/// What this store says of its settings.
pub(crate) fn report_of(context: &Context, node: &Node) -> ReportV1 {
    let in_force = context.settings.in_force();
    let standing = |target: Target| {
        let layer = in_force.layer(&Whose::of(&target));
        let Layer { document, unknown, refused, on_trial, .. } = layer;
        StandingV1 {
            target,
            applied: document.as_ref().map_or(0, |document| document.revision),
            is_on_trial: on_trial.is_some(),
            came_by: document.map(|document| document.came_by),
            refused: refused.map(|(refused, _)| refused),
            unknown,
        }
    };
    let own = || node.store_code.clone();
    let mut targets = vec![Target::All, Target::Store(own())];
    if in_force.layer(&Whose::Groups) != Layer::default() {
        targets.push(Target::Groups(own()));
    }
    targets.extend(in_force.groups().iter().cloned().map(Target::Group));
    ReportV1 {
        edge: node.edge,
        at_micros: context.clock.now().micros(),
        standings: targets.into_iter().map(standing).collect(),
    }
}

/// Tells the mall over HTTPS what became of settings, if it has not heard it yet.
pub(super) async fn report(
    context: &Context,
    node: &Node,
    mall: &Mall,
    reported: &mut Option<Arc<InForce>>,
) -> Result<(), DaemonError> {
    let in_force = context.settings.in_force();
    if reported.as_ref() == Some(&in_force) {
        return Ok(());
    }
    let report = report_of(context, node);
    mall.post::<_, Value>(path::SETTINGS_REPORTS, &report).await?;
    *reported = Some(in_force);
    Ok(())
}
