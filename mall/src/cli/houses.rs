//! Tables of payments by code, and of coupons and vouchers of other houses.
//!
//! **Invariant:** amounts are shown in yuan with two decimals, made from whole fen.

use super::{
    CliError, Desk,
    args::{PaymentsVerb, RedemptionsVerb},
    table::{Side, Table},
};
use crate::hq::{self, Asked};

impl Desk<'_> {
    pub(super) async fn payments(&mut self, verb: PaymentsVerb) -> Result<(), CliError> {
        let PaymentsVerb::List { store, state, limit, after } = verb;
        let asked = Asked { date: None, after, limit: Some(limit) };
        let page = hq::payments(self.context, store.as_deref(), state, &asked).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("payment", Side::Left),
            ("store", Side::Left),
            ("made at", Side::Left),
            ("method", Side::Left),
            ("state", Side::Left),
            ("amount", Side::Right),
            ("refunded", Side::Right),
            ("transaction", Side::Left),
            ("refusal", Side::Left),
        ]);
        for payment in page.payments {
            let (amount, refunded) = (payment.amount.yuan(), payment.refunded.yuan());
            let transaction = match payment.transaction_tail {
                tail if tail.is_empty() => tail,
                tail => format!("…{tail}"),
            };
            table.row(vec![
                payment.id,
                payment.store,
                payment.made_at,
                payment.method.to_owned(),
                payment.state.to_owned(),
                amount,
                refunded,
                transaction,
                payment.refusal.unwrap_or_default(),
            ]);
        }
        self.page(&table, page.next)
    }

    pub(super) async fn redemptions(&mut self, verb: RedemptionsVerb) -> Result<(), CliError> {
        let RedemptionsVerb::List { store, state, limit, after } = verb;
        let asked = Asked { date: None, after, limit: Some(limit) };
        let page = hq::redemptions(self.context, store.as_deref(), state, &asked).await?;
        if self.is_json {
            return self.say(&page, "");
        }
        let mut table = Table::new(&[
            ("redemption", Side::Left),
            ("store", Side::Left),
            ("made at", Side::Left),
            ("issuer", Side::Left),
            ("state", Side::Left),
            ("code", Side::Left),
            ("used", Side::Right),
            ("title", Side::Left),
            ("refusal", Side::Left),
        ]);
        for redemption in page.redemptions {
            table.row(vec![
                redemption.id,
                redemption.store,
                redemption.made_at,
                redemption.issuer.to_owned(),
                redemption.state.to_owned(),
                format!("…{}", redemption.code_tail),
                redemption.n_used.to_string(),
                redemption.title.unwrap_or_default(),
                redemption.refusal.unwrap_or_default(),
            ]);
        }
        self.page(&table, page.next)
    }

    pub(super) fn page(&mut self, table: &Table, next: Option<String>) -> Result<(), CliError> {
        table.print(self.out)?;
        if let Some(next) = next {
            writeln!(self.out, "more: --after {next}")?;
        }
        Ok(())
    }
}
