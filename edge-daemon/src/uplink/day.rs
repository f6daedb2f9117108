//! Reconciler: compares days with the mall until both hold the same of each.
//!
//! Today and yesterday once an hour and when the business date turns, and every day that is over and
//! not sealed yet. What the mall has lost is told again, what this ledger has lost is fetched.
//!
//! **Invariant:** it takes no input and no sale waits for it; a day is called sealed only by an answer
//! of the mall about the very sum that was told.

use std::sync::Arc;

use domain::time::{BusinessDate, Timestamp};
use sync::{
    day::{Difference, compare, differing},
    outbox::batch_len,
    path,
    watermark::WatermarkV1,
    wire::{DayAgainAnswerV1, DayAgainV1, DayAnswerV1, DayAskV1, DayFactsV1, DayV1, FactV1},
};

use super::{
    mall::{Mall, MallError},
    session::{self, SessionError},
};
use crate::{
    Chain,
    context::Context,
    db::{
        DbError,
        day::{self as rows, Found, Own},
    },
    fault,
};

/// How often days are compared.
const PERIOD_MS: i64 = 60 * 60 * 1_000;
/// After something was not found out, e.g. because an order was sold meanwhile.
const AGAIN_MS: i64 = 60 * 1_000;
/// Days that are open and are compared in one go; the others follow.
const OPEN_DAYS_MAX: u32 = 14;
/// How often in one go a day is compared while something is found to be mended.
const ROUNDS_MAX: u32 = 16;
const DAY_MS: i64 = 86_400_000;

/// Why days were not compared to the end.
#[derive(Debug, thiserror::Error)]
enum DayError {
    #[error("could not add a day up, or note what was found")]
    Db(#[from] DbError),
    #[error("could not compare a day with the mall")]
    Mall(#[from] MallError),
    #[error("could not fetch what was lost")]
    Session(#[from] SessionError),
}

/// When days are compared next.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Not before this, unless the business date turns; nothing before the first time.
    next_at: Option<Timestamp>,
    /// The business date of the last time.
    date: Option<BusinessDate>,
}

/// Compares days if it is time. What goes wrong is tried again and stops nothing else.
pub(crate) async fn compare_if_due(context: &Arc<Context>, mall: &Mall, due: &mut Due) {
    let now = context.clock.now();
    let today = context.store_clock().business_date(now);
    let is_early = due.next_at.is_some_and(|next| now < next && next.ms_since(now) <= PERIOD_MS);
    if is_early && due.date == Some(today) {
        return;
    }
    let is_settled = match compare_all(context, mall, today, now).await {
        Ok(is_settled) => is_settled,
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "Days could not be compared with the mall; trying again");
            false
        }
    };
    due.next_at = Some(now.plus_ms(if is_settled { PERIOD_MS } else { AGAIN_MS }));
    due.date = Some(today);
}

/// Compares all that should be; whether there is nothing to come back for soon.
async fn compare_all(
    context: &Arc<Context>,
    mall: &Mall,
    today: BusinessDate,
    now: Timestamp,
) -> Result<bool, DayError> {
    while context.ledger.write(rows::weigh_some).await? {}
    let yesterday = context.store_clock().business_date(now.plus_ms(-DAY_MS));
    let open = context.ledger.read(move |db| rows::open_days(db, today, OPEN_DAYS_MAX)).await?;
    let mut days = vec![today, yesterday];
    days.extend(open.into_iter().filter(|day| *day != today && *day != yesterday));
    let mut is_settled = true;
    for day in days {
        match compare_one(context, mall, day, day < today).await {
            Ok(is_done) => is_settled &= is_done,
            // The mall is older than days.
            Err(DayError::Mall(MallError::Refused { status: 404 | 405, .. })) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(is_settled)
}

/// Compares a day, and mends it as far as that goes; whether nothing is to be tried again soon.
async fn compare_one(
    context: &Arc<Context>,
    mall: &Mall,
    day: BusinessDate,
    is_over: bool,
) -> Result<bool, DayError> {
    let mut mended = Difference::default();
    for _ in 0..ROUNDS_MAX {
        let own = context.ledger.read(move |db| rows::own(db, day)).await?;
        if own.is_waiting {
            return Ok(false);
        }
        let epoch = context.ledger.read(crate::db::history::epoch).await?;
        let told = DayV1 {
            epoch,
            is_over,
            lives: own.lives.clone(),
            left_out: own.left_out.clone(),
            sum: own.tally.sum(),
        };
        let answer: DayAnswerV1 = mall.post(&path::day(day), &told).await?;
        fault::db("day.answered")?;
        let found = Found {
            agrees: answer.agrees,
            left_out: own.left_out.len(),
            sealed_at: answer.sealed_at.filter(|_| answer.agrees),
        };
        let (changes, at) = (own.changes, context.clock.now());
        context.ledger.write(move |tx| rows::note(tx, day, changes, found, at)).await?;
        if answer.agrees {
            let is_kept = match answer.watermark {
                Some(mark) => keep(context, mark).await?,
                None => true,
            };
            return Ok(is_kept);
        }
        let difference = look_into(mall, day, &own, &answer).await?;
        if difference.is_none() || difference == mended {
            tracing::error!(%day, "The mall holds something else of this day, and it could not be mended");
            return Ok(true);
        }
        mend(context, mall, day, &difference).await?;
        mended = difference;
    }
    Ok(false)
}

/// Finds what differs.
async fn look_into(
    mall: &Mall,
    day: BusinessDate,
    own: &Own,
    answer: &DayAnswerV1,
) -> Result<Difference, MallError> {
    let parts = differing(&own.tally.parts(), &answer.parts);
    if parts.is_empty() {
        return Ok(Difference::default());
    }
    let ask = DayAskV1 { lives: own.lives.clone(), parts: parts.clone() };
    let mut theirs: DayFactsV1 = mall.post(&path::day_ids(day), &ask).await?;
    theirs.facts.retain(|fact| !own.left_out.contains(&fact.id));
    Ok(compare(&own.of_parts(&parts), &theirs.facts))
}

/// Tells again what the mall has lost, fetches what this ledger has lost, and leaves other bytes to a
/// person.
async fn mend(
    context: &Arc<Context>,
    mall: &Mall,
    day: BusinessDate,
    difference: &Difference,
) -> Result<(), DayError> {
    let Difference { missing, lost, other } = difference.clone();
    tracing::warn!(
        %day, missing = missing.len(), lost = lost.len(), other = other.len(),
        "The mall does not hold what this ledger holds of a day; mending it"
    );
    let write = move |tx: &_| -> Result<(), DbError> {
        rows::mark_other(tx, &other)?;
        rows::lose(tx, &lost)
    };
    context.ledger.write(write).await?;
    session::find_what_was_lost(context, mall).await?;
    let facts = context.ledger.read(move |db| rows::facts(db, &missing)).await?;
    for (epoch, facts) in batches(facts) {
        let told = DayAgainV1 { epoch, facts };
        let answer: DayAgainAnswerV1 = mall.post(&path::day_facts(day), &told).await?;
        tracing::warn!(%day, kept = answer.n_kept, "Facts that the mall had lost were told again");
    }
    super::upload::recount(context).await;
    Ok(())
}

/// Facts of one life each, as many as a batch may have.
fn batches(facts: Vec<(u32, FactV1)>) -> Vec<(u32, Vec<FactV1>)> {
    let mut left = facts;
    let mut batches = Vec::new();
    while let Some(epoch) = left.first().map(|(epoch, _)| *epoch) {
        let of_life = left.iter().take_while(|(of, _)| *of == epoch);
        let n = batch_len(of_life.map(|(_, fact)| fact.body.len())).max(1);
        let rest = left.split_off(n.min(left.len()));
        batches.push((epoch, left.into_iter().map(|(_, fact)| fact).collect()));
        left = rest;
    }
    batches
}

/// Keeps a watermark that is believed; `false` when its key is not known here yet.
async fn keep(context: &Arc<Context>, mark: WatermarkV1) -> Result<bool, DbError> {
    let Some(node) = &context.node else { return Ok(true) };
    let (epoch, seq) = (mark.epoch, mark.seq);
    let own = context.ledger.read(move |db| rows::chain_at(db, epoch, seq)).await?;
    match mark.believe(&context.settings.keys(), &node.store_code, own) {
        Ok(()) => {
            let at = context.clock.now();
            context.ledger.write(move |tx| rows::keep_watermark(tx, &mark, at)).await?;
            Ok(true)
        }
        Err(sync::watermark::Disbelief::UnknownKey) => Ok(false),
        Err(error) => {
            tracing::error!(%error, epoch, seq, "The mall's watermark is not believed");
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use sync::{chain::Hash, outbox::BATCH_FACTS_MAX};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_told_again_is_of_one_life_and_as_much_as_a_batch() {
        let fact = |epoch: u32, seq: i64| {
            let fact = FactV1 {
                seq,
                id: Uuid::nil(),
                kind: "x".into(),
                v: 1,
                body: "{}".into(),
                digest: Hash::GENESIS,
                chain: Hash::GENESIS,
            };
            (epoch, fact)
        };
        let many = i64::try_from(BATCH_FACTS_MAX).unwrap() + 1;
        let facts: Vec<_> = (1..=many).map(|seq| fact(1, seq)).chain([fact(2, 1)]).collect();
        let cut: Vec<(u32, usize)> =
            batches(facts).into_iter().map(|(epoch, facts)| (epoch, facts.len())).collect();
        assert_eq!(cut, [(1, BATCH_FACTS_MAX), (1, 1), (2, 1)]);
    }
}
