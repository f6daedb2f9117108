//! What an import would do, decided from the rows and what the catalog holds.
//!
//! **Invariant:** pure; the same rows against the same catalog give the same plan.

use std::collections::{HashMap, HashSet};

use domain::{barcode::Gtin, money::Money};
use sync::chain::Hash;

use super::row::{ItemRow, RowFault};
use crate::db::{
    items::{ItemWrite, sku_key},
    items_read::Known,
};

/// What the rows so far have taken, so that a later one cannot take it again.
///
/// SKUs stand by half of a SHA-256: a few dozen bytes a row, however long they are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    skus: HashMap<u128, u64>,
    gtins: HashMap<Gtin, u64>,
    plus: HashMap<String, u64>,
    released: HashSet<Gtin>,
    released_plus: HashSet<String>,
}

/// What to do with some rows.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What to write.
    pub(super) writes: Vec<ItemWrite>,
    /// Items that stand as they are but cost HQ something else now, by key.
    pub(super) costs: Vec<(String, Money)>,
    /// Rows that were not there.
    pub(super) added: u64,
    /// Rows that were, and differ.
    pub(super) changed: u64,
    /// Rows that stand as they are.
    pub(super) unchanged: u64,
    /// Rows that cannot stand beside another.
    pub(super) faults: Vec<RowFault>,
}

/// Plans some rows, in the order of the file.
pub(super) fn plan(rows: Vec<ItemRow>, known: &Known, seen: &mut Seen) -> Plan {
    let mut plan = Plan::default();
    for row in rows {
        match seen.fault(&row, known) {
            Some(fault) => plan.faults.push(fault),
            None => {
                seen.take(&row);
                plan.put(row, known, seen);
            }
        }
    }
    plan
}

fn short(key: &str) -> u128 {
    let hash = Hash::of(key.as_bytes());
    let half: [u8; 16] = std::array::from_fn(|i| hash.bytes().get(i).copied().unwrap_or(0));
    u128::from_be_bytes(half)
}

impl Seen {
    fn fault(&self, row: &ItemRow, known: &Known) -> Option<RowFault> {
        let item = &row.item;
        let key = sku_key(&item.sku);
        let fault = |field, reason: String, value: &str| {
            Some(RowFault::new(row.line, field, reason, value))
        };
        let again = |line: &u64| format!("stands in line {line} already");
        let belongs = |sku: &str| format!("belongs to SKU `{sku}`");
        if let Some(line) = self.skus.get(&short(&key)) {
            return fault("sku", again(line), &item.sku);
        }
        if let Some(held) = known.items.get(&key).filter(|held| held.is_other_case(&item.sku)) {
            return fault("sku", format!("is in the catalog as `{}`", held.sku), &item.sku);
        }
        for barcode in &item.barcodes {
            let gtin = barcode.gtin;
            if let Some(line) = self.gtins.get(&gtin) {
                return fault("barcode", again(line), &gtin.to_string());
            }
            let owner = known.owners.get(&gtin).filter(|owner| sku_key(owner) != key);
            if let Some(owner) = owner.filter(|_| !self.released.contains(&gtin)) {
                return fault("barcode", belongs(owner), &gtin.to_string());
            }
        }
        if item.plu.is_empty() {
            return None;
        }
        if let Some(line) = self.plus.get(&item.plu) {
            return fault("label_plu", again(line), &item.plu);
        }
        let owner = known.plus.get(&item.plu).filter(|owner| sku_key(owner) != key);
        let owner = owner.filter(|_| !self.released_plus.contains(&item.plu));
        owner.and_then(|owner| fault("label_plu", belongs(owner), &item.plu))
    }

    fn take(&mut self, row: &ItemRow) {
        self.skus.insert(short(&sku_key(&row.item.sku)), row.line);
        self.gtins.extend(row.item.barcodes.iter().map(|barcode| (barcode.gtin, row.line)));
        if !row.item.plu.is_empty() {
            self.plus.insert(row.item.plu.clone(), row.line);
        }
    }
}

impl Plan {
    fn put(&mut self, row: ItemRow, known: &Known, seen: &mut Seen) {
        let key = sku_key(&row.item.sku);
        let held = known.items.get(&key);
        let held_cost = held.map_or(Money::ZERO, |held| held.cost);
        let cost = row.cost.unwrap_or(held_cost);
        match held.map(|held| held.digest) {
            Some(Some(digest)) if digest == row.digest => {
                if cost == held_cost {
                    self.unchanged += 1;
                } else {
                    self.changed += 1;
                    self.costs.push((key, cost));
                }
                return;
            }
            Some(Some(_)) => self.changed += 1,
            // A tombstone comes back to life: for people that is a new item.
            Some(None) | None => self.added += 1,
        }
        let kept = |gtin: &Gtin| row.item.barcodes.iter().any(|barcode| barcode.gtin == *gtin);
        let old = known.barcodes.get(&key).into_iter().flatten().map(|barcode| barcode.gtin);
        seen.released.extend(old.filter(|gtin| !kept(gtin)));
        let old = held.map(|held| &held.plu).filter(|old| **old != row.item.plu);
        seen.released_plus.extend(old.filter(|old| !old.is_empty()).cloned());
        let is_known = held.is_some();
        self.writes.push(ItemWrite { item: row.item, digest: row.digest, cost, is_known });
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        catalog::Unit,
        money::{BasisPoints, Money},
        quantity::Quantity,
    };
    use sync::wire::{BarcodeV1, ItemV1};

    use super::*;
    use crate::db::items_read::KnownItem;

    const MILK: &str = "6901234567892";
    const TEA: &str = "96385074";

    /// `line sku price barcode,barcode plu cost`
    fn row(text: &str) -> ItemRow {
        let mut parts = text.split(' ');
        let mut part = || parts.next().unwrap_or_default();
        let (line, sku, price) = (part(), part(), part());
        let codes = part().split(',').filter(|code| !code.is_empty() && *code != "-");
        let barcodes = codes
            .map(|code| BarcodeV1 { gtin: Gtin::parse(code).unwrap(), pack_milli: Quantity::ONE });
        let item = ItemV1 {
            sku: sku.into(),
            name: sku.into(),
            spec: String::new(),
            unit: Unit::Piece,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            list_price_minor: Money::parse_yuan(price).unwrap(),
            tax_rate_bps: BasisPoints(1_300),
            plu: part().into(),
            tags: Vec::new(),
            barcodes: barcodes.collect(),
            initials: String::new(),
            pinyin: String::new(),
        };
        let digest = Hash::of(&serde_json::to_vec(&item).unwrap());
        let cost = parts.next().map(|yuan| Money::parse_yuan(yuan).unwrap());
        ItemRow { line: line.parse().unwrap(), item, digest, cost }
    }

    fn known(rows: &[&str]) -> Known {
        let mut known = Known::default();
        for ItemRow { item, digest, cost, .. } in rows.iter().map(|text| row(text)) {
            let key = sku_key(&item.sku);
            for barcode in &item.barcodes {
                known.owners.insert(barcode.gtin, item.sku.clone());
            }
            if !item.plu.is_empty() {
                known.plus.insert(item.plu.clone(), item.sku.clone());
            }
            let held = KnownItem {
                sku: item.sku,
                digest: Some(digest),
                plu: item.plu,
                cost: cost.unwrap_or_default(),
            };
            known.items.insert(key.clone(), held);
            known.barcodes.insert(key, item.barcodes);
        }
        known
    }

    fn check(held: &[&str], rows: &[&str], expected: &str) {
        let rows = rows.iter().map(|text| row(text)).collect();
        let plan = plan(rows, &known(held), &mut Seen::default());
        let counts = format!("+{} ~{} ={}", plan.added, plan.changed, plan.unchanged);
        let faults = plan.faults.iter().map(|f| format!("{} {}: {}", f.line, f.field, f.reason));
        let got: Vec<String> = std::iter::once(counts).chain(faults).collect();
        assert_eq!(got.join("; "), expected);
    }

    #[test]
    fn new_changed_and_unchanged_rows_are_told_apart() {
        let (a, b) = (format!("2 A 1.00 {MILK}"), format!("3 B 2.00 {TEA}"));
        check(&[], &[&a, &b], "+2 ~0 =0");
        check(&[&a, &b], &[&a, &b], "+0 ~0 =2");
        check(&[&a, &b], &[&a, &format!("3 B 2.50 {TEA}")], "+0 ~1 =1");
    }

    #[test]
    fn another_cost_changes_a_row_and_none_leaves_the_cost_alone() {
        check(&["2 A 1.00 -  0.60"], &["2 A 1.00 -  0.60"], "+0 ~0 =1");
        check(&["2 A 1.00 -  0.60"], &["2 A 1.00 - "], "+0 ~0 =1");
        check(&["2 A 1.00 -  0.60"], &["2 A 1.00 -  0.70"], "+0 ~1 =0");
        let held = known(&["2 A 1.00 -  0.60"]);
        let costs = |text: &str| {
            let plan = plan(vec![row(text)], &held, &mut Seen::default());
            let written = plan.writes.iter().map(|write| write.cost.minor());
            (written.collect::<Vec<_>>(), plan.costs)
        };
        assert_eq!(costs("2 A 1.00 -  0.70"), (vec![], vec![("a".into(), Money::from_minor(70))]));
        assert_eq!(costs("2 A 2.00 - "), (vec![60], vec![]));
        assert_eq!(costs("2 A 2.00 -  0.70"), (vec![70], vec![]));
    }

    #[test]
    fn what_belongs_to_another_is_refused() {
        let a = format!("2 A 1.00 {MILK} 06013");
        check(&[], &[&a, "3 a 2.00"], "+1 ~0 =0; 3 sku: stands in line 2 already");
        check(
            &[],
            &[&a, &format!("3 B 2.00 {MILK}")],
            "+1 ~0 =0; 3 barcode: stands in line 2 already",
        );
        check(&[], &[&a, "3 B 2.00 - 06013"], "+1 ~0 =0; 3 label_plu: stands in line 2 already");
        check(&[&a], &["3 a 2.00"], "+0 ~0 =0; 3 sku: is in the catalog as `A`");
        check(&[&a], &[&format!("3 B 2.00 {MILK}")], "+0 ~0 =0; 3 barcode: belongs to SKU `A`");
        check(&[&a], &["3 B 2.00 - 06013"], "+0 ~0 =0; 3 label_plu: belongs to SKU `A`");
    }

    #[test]
    fn a_barcode_moves_when_its_owner_let_it_go_in_an_earlier_line() {
        let a = format!("2 A 1.00 {MILK}");
        let takes = format!("3 B 2.00 {MILK}");
        check(&[&a], &[&format!("2 A 1.00 {TEA}"), &takes], "+1 ~1 =0");
        check(
            &[&a],
            &[&takes, &format!("4 A 1.00 {TEA}")],
            "+0 ~1 =0; 3 barcode: belongs to SKU `A`",
        );
    }

    #[test]
    fn a_label_number_moves_when_its_owner_let_it_go_in_an_earlier_line() {
        let a = "2 A 1.00 - 06013";
        let takes = "3 B 2.00 - 06013";
        check(&[a], &["2 A 1.00 - 06014", takes], "+1 ~1 =0");
        check(&["2 A 1.00 - 06014", takes], &["2 A 1.00 - 06014", takes], "+0 ~0 =2");
        check(
            &[a],
            &["2 A 1.00", takes, "4 C 3.00 - 06013"],
            "+1 ~1 =0; 4 label_plu: stands in line 3 already",
        );
        check(&[a], &[takes, "4 A 1.00 - 06014"], "+0 ~1 =0; 3 label_plu: belongs to SKU `A`");
    }
}
