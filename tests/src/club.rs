//! A store with a member of its mall, and a cable between them that can be cut.
//!
//! **Invariant:** the member's phone number and name are marks: a test finds them wherever they were
//! written in clear.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    cable::Cable,
    catalog::{self, Listed},
    folder,
    store::{CODE, Store, original},
    till::Till,
    view::View,
    wait::{PATIENCE, until},
};

/// The member's phone number.
pub const PHONE: &str = "13812345678";
/// As everybody may see it.
pub const MASKED: &str = "138****5678";
/// The member's name.
pub const NAME: &str = "欧阳修竹";
/// What they have in the beginning: points, and fen of balance.
pub const HAS: (i64, i64) = (1_000, 20_000);
/// Of which the store that they call theirs is lent.
pub const LENT: (i64, i64) = (600, 12_000);
/// The rule that the coupons switch on.
pub const COUPON_RULE: &str = "brand-10";
/// What it takes off.
pub const COUPON_OFF: i64 = 1_000;

/// Points pay 1.00 for 100, up to half; a point for each yuan; a coupon 满 30 减 10; and 九折 for
/// gold members on one item.
fn rules(item: &Listed) -> Value {
    json!({ "rules": [
        { "id": "gold", "name": "金卡九折", "who": { "tiers": ["金卡"] },
          "goods": { "any": [{ "sku": item.sku }] },
          "steps": [{ "reward": { "units": { "rate": 9_000 } } }] },
        { "id": "points", "name": "积分抵现",
          "steps": [{ "reward": { "points_pay": { "points": 100, "worth": 100, "rate_max": 5_000 } } }] },
        { "id": "earn", "name": "消费积分",
          "steps": [{ "reward": { "earn_points": { "per": 100, "points": 1 } } }] },
        { "id": COUPON_RULE, "name": "满30减10", "coupon": true,
          "steps": [{ "needs": [{ "amount": { "minor": 3_000 } }],
                      "reward": { "amount_off": COUPON_OFF } }] },
    ] })
}

/// A store, its mall, and a member.
#[derive(Debug)]
pub struct Club {
    /// Both programs.
    pub store: Store,
    /// What lies between them.
    pub cable: Cable,
    /// Somebody at the first workstation.
    pub till: Till,
    /// The member.
    pub member: Uuid,
    /// What costs them a tenth less; between 60 and 200 yuan.
    pub item: Listed,
}

/// What a member has by the mall's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Purse {
    /// Points.
    pub points: i64,
    /// Fen.
    pub balance_minor: i64,
}

impl Club {
    /// Opens both, lets the member enter at the mall, and waits until the store knows them.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open() -> Result<Self> {
        let mut store = Store::twin(original().await?, None)?;
        let list = catalog::read(&catalog::demo())?.into_iter();
        let mut pieces = list.filter(|item| !item.barcode.is_empty());
        let item = pieces.find(|item| (6_000..20_000).contains(&item.price));
        let item = item.context("nothing is dear")?;
        let temporary = folder::temporary()?;
        let path = temporary.path().join("rules.json");
        std::fs::write(&path, rules(&item).to_string()).context("could not write the rules")?;
        let path = path.to_str().context("the path is no text")?;
        store.mall.start().await?;
        store.mall.order(&["rules", "import", path]).await?;
        let member = enter(&store).await?;
        let cable = Cable::lay(store.mall.port()).await?;
        store.reboot_with(|boot| boot.mall_url = cable.url())?;
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        let club = Self { store, cable, till, member, item };
        club.until_known().await?;
        Ok(club)
    }

    /// Waits until the store knows rules and member, which a scan of their number tells.
    async fn until_known(&self) -> Result<()> {
        let till = &self.till;
        until("the store to know its member", PATIENCE, async || {
            till.done(&till.scan(&self.item.barcode)).await?;
            let answer = till.call(&till.scan(PHONE)).await?;
            let is_reduced = till.view().await?.cart.is_some_and(|cart| {
                cart.lines.iter().any(|line| line.amount.amount < line.list_price.amount)
            });
            till.done(&till.void_cart()).await?;
            Ok((answer.status == 200 && is_reduced).then_some(()))
        })
        .await
    }

    /// The code that the member's phone shows now.
    ///
    /// # Errors
    /// When the mall does not sign it.
    pub async fn code(&self) -> Result<String> {
        code_of(&self.store, self.member).await
    }

    /// A coupon that anybody may use.
    ///
    /// # Errors
    /// When the mall does not issue it.
    pub async fn coupon(&self) -> Result<String> {
        let words = ["coupons", "issue", "--rule", COUPON_RULE];
        let said: Value = self.store.mall.tell(&words).await?;
        let token = said.pointer("/coupons/0/token").and_then(Value::as_str);
        Ok(token.context("no coupon was printed")?.to_owned())
    }

    /// What the member has by the mall's books.
    ///
    /// # Errors
    /// When the mall does not tell.
    pub async fn purse(&self) -> Result<Purse> {
        self.store.mall.tell(&["members", "show", &self.member.to_string()]).await
    }

    /// Sets with how many points and how much balance the member pays.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn spend(&self, points: i64, fen: i64) -> Result<View> {
        self.till.done(&self.till.use_points(points)).await?;
        self.till.done(&self.till.use_balance(fen)).await
    }

    /// Pays what is left in cash.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn pay_the_rest(&self) -> Result<View> {
        let view = self.till.done(&self.till.to_tender()).await?;
        let left = view.rights()?.left.amount;
        let due = view.tender.as_ref().context("the view names nothing due")?.cash.due.amount;
        let cart = view.cart.context("nobody is signed in")?;
        let cash = if left == 0 { 0 } else { due };
        let call = self.till.complete(cart.order_id, cart.revision, cash);
        self.till.call(&call).await?.done::<Value>()?;
        self.till.view().await
    }

    /// Waits until store and mall say the same of the member's purse, and both books agree.
    ///
    /// # Errors
    /// When they never do.
    pub async fn agree(&self) -> Result<Purse> {
        self.store.wait_until_told(&self.till).await?;
        let found = self.store.compare().await?;
        ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
        self.purses_agree().await
    }

    /// Waits until store and mall say the same of the member's purse.
    ///
    /// # Errors
    /// When they never do.
    pub async fn purses_agree(&self) -> Result<Purse> {
        self.store.wait_until_told(&self.till).await?;
        let code = self.code().await?;
        let till = &self.till;
        let agreed = until("the store to know what the mall has counted", PATIENCE, async || {
            till.done(&till.scan(&code)).await?;
            let funds = till.view().await?.member.and_then(|member| member.funds);
            till.done(&till.forget()).await?;
            let (funds, purse) = (funds.context("nothing is shown of them")?, self.purse().await?);
            let is_same =
                (funds.points, funds.balance.amount) == (purse.points, purse.balance_minor);
            Ok(is_same.then_some(purse))
        });
        agreed.await
    }

    /// Looks for texts in every file of store and mall, logs among them.
    ///
    /// # Errors
    /// When one is found.
    pub fn is_nowhere(&self, marks: &[&str]) -> Result<()> {
        let edge = self.store.edge.data();
        let mall = self.store.mall.data();
        let folders = [edge.as_path(), edge.parent().unwrap_or(&edge), mall];
        let mut n_files = 0;
        for folder in folders {
            n_files += look_through(folder, marks)?;
        }
        n_files += look_at(self.store.mall.log(), marks)?;
        ensure!(n_files >= 6, "only {n_files} files were read");
        Ok(())
    }
}

/// The code that a member's phone shows now.
///
/// # Errors
/// When the mall does not sign it.
pub async fn code_of(store: &Store, member: Uuid) -> Result<String> {
    let id = member.to_string();
    let said: Value = store.mall.tell(&["members", "code", &id, "--minutes", "60"]).await?;
    Ok(said.get("code").and_then(Value::as_str).context("no code was printed")?.to_owned())
}

/// Lets the member enter, with what they have.
///
/// # Errors
/// When the mall refuses.
pub async fn enter(store: &Store) -> Result<Uuid> {
    let who = ["members", "add", "--phone", PHONE, "--name", NAME];
    let what = ["--store", CODE, "--tier", "金卡"];
    let said: Value = store.mall.tell(&[who.as_slice(), what.as_slice()].concat()).await?;
    let id: Uuid = said.get("id").and_then(Value::as_str).context("no id was printed")?.parse()?;
    for (purse, amount) in [("points", HAS.0), ("balance", HAS.1)] {
        let (id, amount) = (id.to_string(), amount.to_string());
        let words = ["members", "adjust", &id, "--purse", purse, "--amount", &amount];
        store.mall.order(&[words.as_slice(), &["--reason", "开卡"]].concat()).await?;
    }
    Ok(id)
}

fn look_through(folder: &Path, marks: &[&str]) -> Result<usize> {
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder).context("could not list a folder")? {
        let path = entry?.path();
        if path.is_file() {
            n_files += look_at(&path, marks)?;
        }
    }
    Ok(n_files)
}

fn look_at(path: &Path, marks: &[&str]) -> Result<usize> {
    // One may be renamed away under our eyes.
    let Ok(bytes) = std::fs::read(path) else { return Ok(0) };
    for mark in marks {
        let has = bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
        ensure!(!has, "`{mark}` stands in {}", path.display());
    }
    Ok(1)
}
