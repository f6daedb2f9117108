//! Which facts make the next batch, and what the mall's answer means for them.
//!
//! **Invariant:** nothing is marked acked that the mall did not say it holds; nothing un-acked is
//! ever dropped, whatever its age, its size or the answer.

use crate::wire::{BatchAnswerV1, BatchV1, HoleV1, VerdictV1};

/// One lost answer costs one batch.
pub const BATCH_FACTS_MAX: usize = 100;
/// Bytes of bodies in a batch; together with framing it stays under the mall's body limit.
pub const BATCH_BYTES_MAX: usize = 512 * 1_024;

/// How many of these facts, in order, go into the next batch: at least one if there is one.
#[must_use]
pub fn batch_len(body_bytes: impl IntoIterator<Item = usize>) -> usize {
    let mut bytes = 0_usize;
    body_bytes
        .into_iter()
        .take(BATCH_FACTS_MAX)
        .take_while(|size| {
            let is_first = bytes == 0;
            bytes = bytes.saturating_add(*size);
            is_first || bytes <= BATCH_BYTES_MAX
        })
        .count()
}

/// What to write down after an answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Marks {
    /// Every sequence up to here is held by the mall.
    pub acked_through: Option<i64>,
    /// Sequences that the mall holds but wants a person to look at, with its reason.
    pub troubled: Vec<(i64, Trouble)>,
    /// Places that the mall was told stay empty: what lies there is kept, and a person looks.
    pub hole: Option<HoleV1>,
    /// The mall expects this sequence next: send again from here.
    pub resend_from: Option<i64>,
}

/// Why a person should look at a fact that the mall holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The mall could not read it or it broke a hard rule; kept raw.
    Quarantined(String),
    /// The mall has the same id with other bytes; both are kept.
    Conflict,
}

/// Reads an answer to a batch.
///
/// An answer acknowledges no more than was sent. A mall may truly stand further on than a store that
/// was set back, so a higher sequence is read as "all of these"; were it nonsense, the next batch
/// would be answered with what the mall expects, and the rest is sent again.
#[must_use]
pub fn marks(sent: &BatchV1, answer: &BatchAnswerV1) -> Marks {
    let hole = sent.hole.as_ref();
    let first = hole.map(|hole| hole.from).or(sent.facts.first().map(|fact| fact.seq));
    let last = sent.facts.last().map(|fact| fact.seq).or(hole.map(|hole| hole.through));
    let (Some(first), Some(last)) = (first, last) else {
        return Marks::default();
    };
    let acked_through = Some(answer.acked_seq.min(last)).filter(|seq| *seq >= first);
    let is_acked = |seq: i64| acked_through.is_some_and(|through| (first..=through).contains(&seq));
    let troubled = answer
        .verdicts
        .iter()
        .filter(|told| is_acked(told.seq))
        .filter_map(|told| match &told.verdict {
            VerdictV1::Quarantined { reason } => {
                Some((told.seq, Trouble::Quarantined(reason.clone())))
            }
            VerdictV1::Conflict => Some((told.seq, Trouble::Conflict)),
            VerdictV1::Accepted | VerdictV1::Duplicate | VerdictV1::StoredUnknown => None,
        })
        .collect();
    let hole = hole.filter(|hole| is_acked(hole.through)).cloned();
    Marks { acked_through, troubled, hole, resend_from: answer.expected_seq }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::Hash,
        wire::{FactV1, ToldV1},
    };

    fn fact(seq: i64) -> FactV1 {
        FactV1 {
            seq,
            id: uuid::Uuid::from_u128(1),
            kind: "order".into(),
            v: 1,
            body: "{}".into(),
            digest: Hash::of(b"{}"),
            chain: Hash::GENESIS,
        }
    }

    fn batch(hole: Option<HoleV1>, facts: Vec<FactV1>) -> BatchV1 {
        BatchV1 { session: None, epoch: 1, prev_chain: Hash::GENESIS, hole, facts }
    }

    fn answer(acked_seq: i64, verdicts: Vec<ToldV1>, expected_seq: Option<i64>) -> BatchAnswerV1 {
        BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None, credits: None }
    }

    #[test]
    fn a_batch_is_bounded_in_facts_and_bytes_but_never_empty() {
        assert_eq!(batch_len([]), 0);
        assert_eq!(batch_len([BATCH_BYTES_MAX * 2, 1]), 1);
        assert_eq!(batch_len([BATCH_BYTES_MAX - 1, 1, 1]), 2);
        assert_eq!(batch_len(vec![10; 1_000]), BATCH_FACTS_MAX);
    }

    #[test]
    fn only_what_was_sent_is_marked() {
        let sent = batch(None, (5..=8).map(fact).collect());
        let told = |seq, verdict| ToldV1 { seq, verdict };
        let reason = || "no lines".to_owned();
        let table = [
            (answer(8, vec![], None), Some(8), vec![], None),
            (answer(6, vec![], None), Some(6), vec![], None),
            (answer(99, vec![], None), Some(8), vec![], None),
            (answer(4, vec![], Some(5)), None, vec![], Some(5)),
            (
                answer(
                    8,
                    vec![
                        told(6, VerdictV1::Quarantined { reason: reason() }),
                        told(7, VerdictV1::Conflict),
                        told(8, VerdictV1::Duplicate),
                        told(77, VerdictV1::Conflict),
                    ],
                    None,
                ),
                Some(8),
                vec![(6, Trouble::Quarantined(reason())), (7, Trouble::Conflict)],
                None,
            ),
        ];
        for (answer, acked_through, troubled, resend_from) in table {
            let expected = Marks { acked_through, troubled, hole: None, resend_from };
            assert_eq!(marks(&sent, &answer), expected, "{answer:?}");
        }
        assert_eq!(marks(&batch(None, vec![]), &answer(9, vec![], None)), Marks::default());
    }

    #[test]
    fn a_hole_is_marked_once_the_mall_has_written_it_down() {
        let hole = HoleV1 { from: 3, through: 5, reason: "gone".to_owned() };
        let facts: Vec<FactV1> = (6..=7).map(fact).collect();
        let check = |facts: &[FactV1], acked: i64, through: Option<i64>, is_marked: bool| {
            let sent = batch(Some(hole.clone()), facts.to_vec());
            let marks = marks(&sent, &answer(acked, vec![], None));
            assert_eq!(marks.acked_through, through, "acked {acked}");
            assert_eq!(marks.hole.is_some(), is_marked, "acked {acked}");
        };
        check(&[], 5, Some(5), true);
        check(&[], 2, None, false);
        check(&facts, 7, Some(7), true);
        check(&facts, 4, Some(4), false);
        check(&facts, 2, None, false);
    }
}
