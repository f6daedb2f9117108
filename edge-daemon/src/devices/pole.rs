//! The pole display (客显): the newest line above, what is due below.

use std::{io::Write as _, sync::Arc};

use domain::{money::Money, receipt_number::WorkstationNumber};
use drivers::display::{LinePair, centred, justified};
use sync::wire::StoreV1;

use super::{Tasks, sim::SimDevices};
use crate::{context::Context, screens::Scene};

/// Keeps a pole display as its workstation's screens are.
pub(super) fn follow(
    context: &Arc<Context>,
    tasks: &Tasks,
    workstation: WorkstationNumber,
    devices: Arc<SimDevices>,
) {
    let Some(mut scenes) = context.screens.follow(workstation) else {
        return;
    };
    let (context, stop) = (Arc::clone(context), tasks.stop.clone());
    tasks.tracker.spawn(async move {
        loop {
            let scene = Arc::clone(&scenes.borrow_and_update());
            let pair = lines(&scene, context.store.load().as_deref());
            // A pole has no answer; memory takes every byte.
            let _ = devices.pole.clone().write_all(&pair.to_cd5220());
            devices.changed();
            tokio::select! {
                () = stop.cancelled() => return,
                changed = scenes.changed() => if changed.is_err() { return },
            }
        }
    });
}

/// What the two lines say.
fn lines(scene: &Scene, store: Option<&StoreV1>) -> LinePair {
    let counter = &scene.priced.station;
    let newest = counter.cart.newest.and_then(|id| counter.cart.line(id));
    let amount_of =
        |line| scene.priced.quote.lines.iter().find(|quoted| quoted.line == line).map(|q| q.amount);
    if counter.is_done
        && let Some(last) = &scene.last_order
    {
        let due = last.order.due().unwrap_or(Money::ZERO).to_string();
        let change = last.order.change.to_string();
        return LinePair::new(&justified("应收", &due), &justified("找零", &change));
    }
    if let (Some(number), None) = (scene.test, newest) {
        return LinePair::new(&centred("客显测试"), &centred(&number.to_string()));
    }
    match newest {
        Some(line) => {
            let amount = amount_of(line.id).unwrap_or(Money::ZERO).to_string();
            let total = scene.priced.quote.total.to_string();
            LinePair::new(&justified(&line.item.name, &amount), &justified("合计", &total))
        }
        None => {
            LinePair::new(&centred(store.map_or("", |store| &store.name)), &centred("欢迎光临"))
        }
    }
}
