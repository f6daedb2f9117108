//! Online shops, and hand-overs that should not have been.
//!
//! **Invariant:** a token stands alone on the first line, so that a script can take it.

use serde_json::json;

use super::{
    CliError, Desk,
    args::ShopVerb,
    table::{Side, Table},
};
use crate::{db::shops, fleet, hq};

impl Desk<'_> {
    pub(super) async fn shop(&mut self, verb: ShopVerb) -> Result<(), CliError> {
        match verb {
            ShopVerb::Add { name } => {
                let token = fleet::add_shop(self.context, &name).await?;
                let line = format!("{token}\nthe token of {name}; it is not shown again");
                self.say(&json!({ "shop": name, "token": token }), &line)
            }
            ShopVerb::Revoke { name } => {
                fleet::revoke_shop(self.context, &name).await?;
                let line = format!("{name} places no more orders");
                self.say(&json!({ "shop": name, "result": "revoked" }), &line)
            }
            ShopVerb::List => {
                let mut tx = self.context.db().read("read the shops").await?;
                let shops = shops::all(&mut tx).await?;
                if self.is_json {
                    let shop = |shop: &shops::ShopRow| {
                        json!({ "shop": shop.name, "since": shop.created_at.to_string(),
                                "revoked": shop.is_revoked })
                    };
                    return self.say(&shops.iter().map(shop).collect::<Vec<_>>(), "");
                }
                let mut table = Table::new(&[
                    ("shop", Side::Left),
                    ("since", Side::Left),
                    ("token", Side::Left),
                ]);
                for shop in shops {
                    let word = if shop.is_revoked { "revoked" } else { "good" };
                    table.row(vec![shop.name, shop.created_at.to_string(), word.to_owned()]);
                }
                Ok(table.print(self.out)?)
            }
        }
    }

    /// Hand-overs that should not have been, newest first.
    pub(super) async fn pickup_cases(&mut self) -> Result<(), CliError> {
        let cases = hq::pickup_cases(self.context).await?;
        if self.is_json {
            return self.say(&cases, "");
        }
        let mut table = Table::new(&[
            ("store", Side::Left),
            ("order", Side::Left),
            ("what", Side::Left),
            ("cost", Side::Right),
            ("handed over at", Side::Left),
        ]);
        for case in cases {
            let cost = case.cost.yuan();
            table.row(vec![case.store, case.number, case.what, cost, case.handed_over_at]);
        }
        Ok(table.print(self.out)?)
    }
}
