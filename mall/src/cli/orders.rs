//! Tables of orders.
//!
//! **Invariant:** amounts are shown in yuan with two decimals, made from whole fen.

use domain::quantity::Quantity;
use serde_json::json;

use super::{
    CliError, Desk,
    args::OrdersVerb,
    table::{Side, Table},
};
use crate::hq::{self, Asked, DayShape, FundingShape, OrderShape, PostVoidShape, SavingsShape};

impl Desk<'_> {
    pub(super) async fn orders(&mut self, verb: OrdersVerb) -> Result<bool, CliError> {
        match verb {
            OrdersVerb::List { store, date, limit, after } => {
                let asked = Asked { date, after, limit: Some(limit) };
                self.list(&store, &asked).await?;
            }
            OrdersVerb::Show { order } => {
                let order = hq::one(self.context, &order).await?;
                if self.is_json { self.say(&order, "")? } else { self.show(&order)? }
            }
            OrdersVerb::Day { store, date } => {
                let day = hq::day(self.context, &store, date).await?;
                if self.is_json { self.say(&day, "")? } else { self.day(&day)? }
            }
            OrdersVerb::Troubles { store } => self.troubles(&store).await?,
            OrdersVerb::Check => return self.check().await,
        }
        Ok(true)
    }

    async fn list(&mut self, store: &str, asked: &Asked) -> Result<(), CliError> {
        let page = hq::orders(self.context, store, asked).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("receipt", Side::Left),
            ("completed at", Side::Left),
            ("operator", Side::Left),
            ("total", Side::Right),
            ("rounding", Side::Right),
            ("change", Side::Right),
            ("undone at", Side::Left),
        ]);
        for order in page.orders {
            table.row(vec![
                order.receipt_number,
                order.completed_at,
                order.operator,
                order.total.yuan(),
                order.rounding.yuan(),
                order.change.yuan(),
                order.undone.map(|undone| undone.at).unwrap_or_default(),
            ]);
        }
        table.print(self.out)?;
        if let Some(next) = page.next {
            writeln!(self.out, "more: --after {next}")?;
        }
        Ok(())
    }

    fn show(&mut self, order: &OrderShape) -> Result<(), CliError> {
        let head = &order.summary;
        writeln!(self.out, "{}  {}  {}", head.receipt_number, head.completed_at, head.id)?;
        if let Some(PostVoidShape { at, operator, workstation, reason }) = &head.undone {
            let by = format!("by {operator} at workstation {workstation}");
            writeln!(self.out, "undone {at} {by}: {reason}")?;
        }
        let mut table = Table::new(&[
            ("", Side::Right),
            ("item", Side::Left),
            ("sku", Side::Left),
            ("quantity", Side::Right),
            ("price", Side::Right),
            ("amount", Side::Right),
        ]);
        for line in &order.lines {
            table.row(vec![
                line.number.to_string(),
                format!("{} {}", line.name, line.spec).trim().to_owned(),
                line.sku.clone(),
                Quantity::from_milli(line.quantity_milli).to_string(),
                line.list_price.yuan(),
                line.amount.yuan(),
            ]);
            for adjustment in &line.adjustments {
                let (name, lane) = (&adjustment.name, adjustment.lane);
                let what = format!("  {name} ({lane})");
                let taken = format!("off {}", adjustment.amount.yuan());
                let none = String::new;
                table.row(vec![none(), what, adjustment.rule.clone(), none(), none(), taken]);
            }
        }
        table.print(self.out)?;
        let mut sums = Table::new(&[("", Side::Left), ("", Side::Right)]);
        sums.row(vec!["total".into(), head.total.yuan()]);
        sums.row(vec!["rounding".into(), head.rounding.yuan()]);
        for tender in &order.tenders {
            sums.row(vec![tender.kind.to_owned(), tender.amount.yuan()]);
        }
        sums.row(vec!["change".into(), head.change.yuan()]);
        sums.print(self.out)?;
        for grant in &order.grants {
            writeln!(self.out, "brings {}  {} ({})", grant.words(), grant.name, grant.rule)?;
        }
        Ok(())
    }

    fn day(&mut self, day: &DayShape) -> Result<(), CliError> {
        writeln!(self.out, "{}  {}  {} orders", day.store, day.business_date, day.n_orders)?;
        let mut table = Table::new(&[("", Side::Left), ("yuan", Side::Right)]);
        table.row(vec!["total".into(), day.total.yuan()]);
        table.row(vec!["rounding".into(), day.rounding.yuan()]);
        for tender in &day.tenders {
            table.row(vec![
                format!("{} ({} times)", tender.kind, tender.n_tenders),
                tender.amount.yuan(),
            ]);
        }
        table.row(vec!["change".into(), day.change.yuan()]);
        table.row(vec!["cash in the drawers".into(), day.cash.yuan()]);
        let undone = format!("undone, in no other sum ({} orders)", day.undone.n_orders);
        table.row(vec![undone, day.undone.total.yuan()]);
        table.print(self.out)?;
        self.savings(&day.savings)
    }

    /// What was saved, by rule and in all, and who pays for it.
    fn savings(&mut self, savings: &SavingsShape) -> Result<(), CliError> {
        let mut table = Table::new(&[
            ("saved by", Side::Left),
            ("rule", Side::Left),
            ("orders", Side::Right),
            ("yuan", Side::Right),
            ("brand", Side::Right),
            ("store", Side::Right),
            ("platform", Side::Right),
            ("unknown", Side::Right),
        ]);
        let mut row = |name: &str, rule: &str, orders: String, funding: &FundingShape| {
            let FundingShape { saved, brand, store, platform, unknown } = funding;
            let amounts = [saved, brand, store, platform, unknown].map(|amount| amount.yuan());
            table.row([vec![name.into(), rule.into(), orders], amounts.into()].concat());
        };
        for one in &savings.by_rule {
            row(&one.name, &one.rule, one.n_orders.to_string(), &one.funding);
        }
        row("all", "", String::new(), &savings.funding);
        Ok(table.print(self.out)?)
    }

    async fn troubles(&mut self, store: &str) -> Result<(), CliError> {
        let troubles = hq::troubles(self.context, store).await?;
        if self.is_json {
            return self.say(&troubles, "");
        }
        let mut table = Table::new(&[
            ("fact", Side::Left),
            ("received at", Side::Left),
            ("what", Side::Left),
            ("reason", Side::Left),
        ]);
        for trouble in troubles {
            let hq::TroubleShape { id, what, reason, received_at, .. } = trouble;
            table.row(vec![id, received_at, what, reason]);
        }
        Ok(table.print(self.out)?)
    }

    async fn check(&mut self) -> Result<bool, CliError> {
        let checked = hq::check(self.context).await?;
        let faults: Vec<_> = checked
            .faults
            .iter()
            .map(|(receipt, reason)| json!({ "receipt_number": receipt, "reason": reason }))
            .collect();
        let document = json!({ "n_orders": checked.n_orders, "faults": faults });
        let mut line = String::new();
        for (receipt, reason) in &checked.faults {
            line.push_str(&format!("{receipt}: {reason}\n"));
        }
        let (n, bad) = (checked.n_orders, checked.faults.len());
        line.push_str(&format!("{n} orders checked, {bad} do not hold"));
        self.say(&document, &line)?;
        Ok(checked.faults.is_empty())
    }
}
