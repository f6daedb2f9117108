//! What a store of the crowd has to tell: orders like those of a till, chained as a ledger chains them.

use anyhow::{Context as _, Result};
use domain::{
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    quantity::Quantity,
    tender::TenderKind,
    time::Timestamp,
};
use sync::{
    chain::Hash,
    outbox::batch_len,
    uplink::Facts,
    wire::{BatchV1, FactV1, HoleV1, KIND_ORDER, OrderLineV1, OrderV1, TenderV1},
};
use uuid::Uuid;

/// Lines of an order.
const LINES: u16 = 5;
/// What a line costs, in fen.
const FEN: i64 = 1_299;

/// A ledger's outbox in one life, in memory.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Every fact, its place one less than its number.
    pub facts: Vec<FactV1>,
    /// The last place that the mall has acknowledged.
    pub acked: i64,
    /// The life.
    pub epoch: u32,
}

impl Outbox {
    /// So many orders of a store that wait to be told. `number` is the store's own among all.
    ///
    /// # Errors
    /// When a number is too large for an id.
    pub fn of_orders(code: &str, number: u32, epoch: u32, n: u32, at: Timestamp) -> Result<Self> {
        let (mut facts, mut chain) = (Vec::new(), Hash::GENESIS);
        for sequence in 1..=n {
            let order = order(code, (number, sequence), epoch, at)?;
            let body = serde_json::to_string(&order).context("an order is no text")?;
            let (id, digest) = (order.id.uuid(), Hash::of(body.as_bytes()));
            chain = chain.link(id, digest);
            let (seq, kind, v) = (i64::from(sequence), KIND_ORDER.to_owned(), 1);
            facts.push(FactV1 { seq, id, kind, v, body, digest, chain });
        }
        Ok(Self { facts, acked: 0, epoch })
    }

    /// The chain at a place; what comes before the first where there is none.
    fn chain(&self, seq: i64) -> Hash {
        let index = usize::try_from(seq - 1).ok();
        index.and_then(|index| self.facts.get(index)).map_or(Hash::GENESIS, |fact| fact.chain)
    }

    /// Where it stands: the newest place and the newest acknowledged one, with their chains.
    #[must_use]
    pub fn stands(&self) -> [(i64, Hash); 2] {
        let newest = i64::try_from(self.facts.len()).unwrap_or(i64::MAX);
        [newest, self.acked].map(|seq| (seq, self.chain(seq)))
    }

    /// The next batch that is asked for; nothing where nothing waits.
    #[must_use]
    pub fn batch(&self, ask: Facts) -> Option<BatchV1> {
        let from = ask.from.unwrap_or(self.acked + 1);
        let waiting = self.facts.get(usize::try_from(from - 1).ok()?..)?;
        let n = batch_len(waiting.iter().map(|fact| fact.body.len())).min(ask.at_most);
        let facts = waiting.get(..n)?.to_vec();
        if facts.is_empty() {
            return None;
        }
        let prev_chain = self.chain(from - 1);
        Some(BatchV1 { session: ask.session, epoch: self.epoch, prev_chain, hole: None, facts })
    }

    /// A batch that tells of a hole.
    #[must_use]
    pub fn hole(&self, session: Option<Uuid>, hole: HoleV1) -> BatchV1 {
        let prev_chain = self.chain(hole.through);
        let (epoch, facts) = (self.epoch, Vec::new());
        BatchV1 { session, epoch, prev_chain, hole: Some(hole), facts }
    }
}

/// An id that nobody else has: version 7 in its shape (RFC 9562, 5.7).
fn id(store: u32, sequence: u32, what: u16) -> Uuid {
    let (store, sequence, what) = (u128::from(store), u128::from(sequence), u128::from(what));
    Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 | store << 40 | sequence << 16 | what)
}

fn order(code: &str, of: (u32, u32), epoch: u32, at: Timestamp) -> Result<OrderV1> {
    let (store, sequence) = of;
    let money = Money::from_minor;
    let date = "2026-11-21";
    let total = FEN * i64::from(LINES);
    let line = |number: u16| OrderLineV1 {
        id: LineId::from_uuid(id(store, sequence, number)),
        number,
        sku: "A1".into(),
        code: "06901234567892".into(),
        name: "晨露 纯牛奶".into(),
        spec: "250ml".into(),
        unit: Unit::Piece,
        quantity_milli: Quantity::ONE,
        list_price_minor: money(FEN),
        tax_rate_bps: BasisPoints(1_300),
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: "晨露".into(),
        category: "食品/乳品".into(),
        tags: Vec::new(),
        list_minor: money(FEN),
        amount_minor: money(FEN),
        label_amount_minor: None,
        tax_minor: None,
        adjustments: Vec::new(),
        units: Vec::new(),
    };
    Ok(OrderV1 {
        id: OrderId::from_uuid(id(store, sequence, 0)),
        receipt_number: format!("{code}-1-{epoch}-{}-{sequence:04}", date.replace('-', "")),
        business_date: date.parse().ok().context("no date")?,
        workstation: 1,
        operator: "1001".into(),
        member: None,
        completed_at: at,
        currency: "CNY".into(),
        lines: (1..=LINES).map(line).collect(),
        delivery: None,
        list_minor: money(total),
        total_minor: money(total),
        rounding_minor: money(0),
        tenders: vec![TenderV1 { kind: TenderKind::Cash, amount_minor: money(total) }],
        change_minor: money(0),
        pricing: None,
        grants: Vec::new(),
    })
}
