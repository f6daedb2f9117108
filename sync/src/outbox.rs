//! Which facts make the next batch, and what the mall's answer means for them.
//!
//! **Invariant:** nothing is marked acked that the mall did not say it holds; nothing un-acked is
//! ever dropped, whatever its age, its size or the answer.

use crate::wire::{BatchAnswerV1, FactV1, VerdictV1};

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
pub fn marks(sent: &[FactV1], answer: &BatchAnswerV1) -> Marks {
    let (Some(first), Some(last)) = (sent.first(), sent.last()) else {
        return Marks::default();
    };
    let was_sent = |seq: i64| (first.seq..=last.seq).contains(&seq);
    let acked_through = Some(answer.acked_seq.min(last.seq)).filter(|seq| *seq >= first.seq);
    let is_acked = |seq: i64| acked_through.is_some_and(|through| seq <= through);
    let troubled = answer
        .verdicts
        .iter()
        .filter(|told| was_sent(told.seq) && is_acked(told.seq))
        .filter_map(|told| match &told.verdict {
            VerdictV1::Quarantined { reason } => {
                Some((told.seq, Trouble::Quarantined(reason.clone())))
            }
            VerdictV1::Conflict => Some((told.seq, Trouble::Conflict)),
            VerdictV1::Accepted | VerdictV1::Duplicate | VerdictV1::StoredUnknown => None,
        })
        .collect();
    Marks { acked_through, troubled, resend_from: answer.expected_seq }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chain::Hash, wire::ToldV1};

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

    fn answer(acked_seq: i64, verdicts: Vec<ToldV1>, expected_seq: Option<i64>) -> BatchAnswerV1 {
        BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None }
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
        let sent: Vec<FactV1> = (5..=8).map(fact).collect();
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
            let expected = Marks { acked_through, troubled, resend_from };
            assert_eq!(marks(&sent, &answer), expected, "{answer:?}");
        }
        assert_eq!(marks(&[], &answer(9, vec![], None)), Marks::default());
    }
}
