//! Figures for whoever watches this box (Prometheus).
//!
//! **Invariant:** numbers about the line to the mall, the disk and troubles; no amount, no name, no
//! order. Told to this machine alone: whoever else asks finds nothing here.

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use domain::time::Timestamp;
use sync::{
    exposition::{self, Family},
    trouble::Trouble,
};

use super::{App, caller::Peer, problem::Problem};
use crate::{
    context::Context,
    db::{self, DbError, history, outbox},
    trouble::{self, Standing},
    uplink::{LinkState, Reach, certificate},
};

/// `GET /metrics`.
pub(super) async fn show(State(app): State<App>, peer: Peer) -> Result<Response, Problem> {
    if !peer.is_local {
        return Err(Problem::plain("not-found", StatusCode::NOT_FOUND));
    }
    let context = &app.context;
    let read = |db: &_| -> Result<_, DbError> {
        let epoch = history::epoch(db).unwrap_or_default();
        Ok((epoch, outbox::acked(db, epoch)?.seq))
    };
    let (epoch, acked) = context.ledger.read(read).await?;
    let disk = Disk {
        free: db::free_bytes(&context.config.data).ok(),
        ledger: trouble::ledger_bytes(&context.config.data),
    };
    let life = Life { epoch, acked };
    let end = certificate::end(context);
    let text = figures(&context.link.state(), life, disk, (&now_of(context), end));
    Ok(([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response())
}

fn now_of(context: &Context) -> (Timestamp, Vec<Standing>) {
    (context.clock.now(), context.troubles.now())
}

/// How far the ledger's life is told.
#[derive(Clone, Copy, Debug)]
struct Life {
    epoch: u32,
    acked: i64,
}

/// Room and size, in bytes.
#[derive(Clone, Copy, Debug)]
struct Disk {
    free: Option<u64>,
    ledger: u64,
}

fn figures(
    link: &LinkState,
    life: Life,
    disk: Disk,
    ((now, troubles), certificate_end): (&(Timestamp, Vec<Standing>), Option<Timestamp>),
) -> String {
    let seconds = |since: Option<Timestamp>| since.map(|at| now.ms_since(at).max(0) / 1_000);
    let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let one = |name, help, value: Option<i64>| {
        let family = Family::gauge(name, help);
        value.map_or(family.clone(), |value| family.of(value))
    };
    let is_up = i64::from(link.reach == Reach::Up);
    let mut families = vec![
        one("guitai_mall_up", "1 while the mall answers.", Some(is_up)),
        one(
            "guitai_mall_told_age_seconds",
            "Since the mall last acknowledged facts, in this run of the daemon.",
            seconds(link.told_at),
        ),
        one(
            "guitai_outbox_facts",
            "Facts that wait for the mall.",
            Some(link.backlog.pending.into()),
        ),
        one(
            "guitai_outbox_oldest_age_seconds",
            "How long the oldest of them has waited; 0 for none.",
            Some(seconds(link.backlog.oldest_at).unwrap_or(0)),
        ),
        one(
            "guitai_ledger_epoch",
            "The life that the mall gave this ledger.",
            Some(life.epoch.into()),
        ),
        one("guitai_ledger_acked_place", "The newest place that is told of it.", Some(life.acked)),
        one("guitai_ledger_bytes", "The ledger's file with its log.", Some(whole(disk.ledger))),
        one(
            "guitai_certificate_left_seconds",
            "How long this box's certificate is still good, by its clock; below 0 once it has ended.",
            certificate_end.map(|end| end.ms_since(*now) / 1_000),
        ),
        one("guitai_disk_free_bytes", "Room on the ledger's disk.", disk.free.map(whole)),
    ];
    let trouble = Family::gauge("guitai_trouble", "How many of what is wrong; 0 where nothing is.");
    families.push(Trouble::ALL.into_iter().fold(trouble, |family, trouble| {
        let standing = troubles.iter().find(|one| one.trouble == trouble);
        let labels = vec![
            ("trouble", trouble.word().to_owned()),
            ("severity", trouble.severity().word().to_owned()),
        ];
        family.with(labels, standing.map_or(0, |one| one.count.into()))
    }));
    exposition::render(&families)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::outbox::Backlog;

    #[test]
    fn figures_are_of_the_moment_and_every_trouble_has_its_line() {
        let now = Timestamp::from_micros(1_795_255_200_000_000);
        let backlog =
            Backlog { pending: 7, oldest_at: Some(now.plus_ms(-90_999)), ..Backlog::default() };
        let link = LinkState { backlog, reach: Reach::Up, ..LinkState::default() };
        let standing = Standing { trouble: Trouble::Behind, since: now, count: 7 };
        let life = Life { epoch: 2, acked: 41 };
        let disk = Disk { free: Some(5), ledger: 9 };
        let end = Some(now.plus_ms(86_400_500));
        let text = figures(&link, life, disk, (&(now, vec![standing]), end));
        for line in [
            "guitai_mall_up 1",
            "guitai_outbox_facts 7",
            "guitai_outbox_oldest_age_seconds 90",
            "guitai_ledger_epoch 2",
            "guitai_ledger_acked_place 41",
            "guitai_ledger_bytes 9",
            "guitai_disk_free_bytes 5",
            "guitai_certificate_left_seconds 86400",
            "guitai_trouble{trouble=\"behind\",severity=\"watch\"} 7",
            "guitai_trouble{trouble=\"disk-low\",severity=\"act\"} 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("told_age"), "nothing was told yet");
        assert_eq!(text.matches("guitai_trouble{").count(), Trouble::ALL.len());
    }
}
