//! A store with simulated houses around it, and somebody at its first workstation.
//!
//! **Invariant:** no money and no right is lost or doubled: however a test ends, [`Town::ends_well`]
//! compares what the houses hold with what the store sold, to the fen.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::{
    ageing, folder,
    sim::{Balance, COUPON_RULE, Deed, Family, Options, Platform, Platforms},
    store::{Store, original},
    till::Till,
    view::View,
    wait::{PATIENCE, until},
};

/// A store, its mall, and the houses.
#[derive(Debug)]
pub struct Town {
    /// Douyin, `WeChat` Pay and Alipay.
    pub platforms: Platforms,
    /// The store and its mall, both running.
    pub store: Store,
    /// 李静 at the first workstation.
    pub till: Till,
}

/// Payments and rights of a store, read from its file beside the program that writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Fen of paid payments by code, by their house.
    pub paid: BTreeMap<String, i64>,
    /// Coupons and vouchers in use, by their house.
    pub used: BTreeMap<String, i64>,
    /// Those that may be in use or not, for all that their house says: a person must look.
    pub kept: i64,
    /// What is not known yet.
    pub open: i64,
}

/// How links of vouchers begin on a real phone; tills know no other.
const LINK_URL: &str = "https://v.douyin.com";

/// What goes back of a store's and is not known to be back, by its id.
const GOES_BACK: &str = "
    select lower(hex(id)) from payment where state = 'reversing'
    union select lower(hex(id)) from redemption where state = 'reversing'";

/// What of a mall's was, or is, or need not be given back, by its id.
const WAS_WISHED_BACK: &str = "
    select replace(id, '-', '') from payment where state in ('reversing', 'reversed', 'refused')
    union select replace(id, '-', '') from redemption
    where state in ('reversing', 'reversed', 'refused', 'kept')";

/// Orders that stand, and whose tenders of a kind are not what was paid or used for them.
const ODD_ORDERS: &str = "
    select count(*) from orders
    join (select 'wechat' as kind union select 'alipay' union select 'voucher') as kinds
    where orders.id not in (select order_id from post_void)
    and (
        select coalesce(sum(amount_minor), 0) from tender
        where tender.order_id = orders.id and tender.kind = kinds.kind
    ) <> (
        select coalesce(sum(amount_minor), 0) from payment
        where payment.order_id = orders.id and method = kinds.kind and state = 'paid'
    ) + (
        select coalesce(sum(covers_minor), 0) from redemption
        where redemption.order_id = orders.id and kinds.kind = 'voucher' and state = 'redeemed'
    )";

/// Houses, and a store that has accounts with them; nothing of it runs yet.
async fn lay() -> Result<(Platforms, Store)> {
    let mut store = Store::twin(original().await?, None)?;
    let options = Options { link_url: Some(LINK_URL.to_owned()), ..Options::default() };
    let family = family(store.edge.data().join("ledger.db"));
    let platforms = Platforms::start_with(Options { family, ..options }).await?;
    store.join(platforms.access())?;
    Ok((platforms, store))
}

fn books(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let books = Connection::open_with_flags(file, flags)
        .with_context(|| format!("could not open {}", file.display()))?;
    books.busy_timeout(PATIENCE).context("could not wait for the books")?;
    Ok(books)
}

fn ids(books: &Connection, sql: &str) -> Result<BTreeSet<String>> {
    let mut statement = books.prepare(sql).context(sql.to_owned())?;
    let rows = statement.query_map([], |row| row.get(0));
    rows.and_then(Iterator::collect).context(sql.to_owned())
}

/// Each charge has a number of its own; those of one order are attempts at the same payment.
fn family(ledger: PathBuf) -> Family {
    let known = Mutex::new(BTreeMap::new());
    Family::told_by(move |number| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let order = known.get(number).cloned().or_else(|| order_of(&ledger, number).ok());
        let Some(order) = order else { return number.to_owned() };
        known.insert(number.to_owned(), order.clone());
        order
    })
}

/// For which order the store has written a charge down.
fn order_of(ledger: &Path, number: &str) -> Result<String> {
    let sql = "select lower(hex(order_id)) from payment where lower(hex(id)) = ?1";
    books(ledger)?.query_row(sql, [number], |row| row.get(0)).context(sql)
}

impl Town {
    /// A store that knows the houses, open, with somebody at the first workstation.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn found() -> Result<Self> {
        Self::found_with(None).await
    }

    /// The same with the rule that `WeChat`'s coupons switch on.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn found_with_coupons() -> Result<Self> {
        let rules = json!({ "rules": [{
            "id": COUPON_RULE.0, "name": "商家券满 30 减 5", "coupon": true,
            "steps": [{
                "needs": [{ "amount": { "minor": 3_000 } }], "reward": { "amount_off": 500 },
            }],
        }] });
        Self::found_with(Some(&rules)).await
    }

    /// The same with rules of HQ's.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn found_with(rules: Option<&Value>) -> Result<Self> {
        let (platforms, mut store) = lay().await?;
        if let Some(rules) = rules {
            let folder = folder::temporary()?;
            let path = folder.path().join("rules.json");
            std::fs::write(&path, rules.to_string()).context("could not write the rules")?;
            let path = path.to_str().context("the path is no text")?;
            store.mall.order(&["rules", "import", path]).await?;
        }
        store.mall.start().await?;
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        let town = Self { platforms, store, till };
        if rules.is_some() {
            town.until_rules().await?;
        }
        Ok(town)
    }

    /// The same with nobody at a workstation.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open() -> Result<Self> {
        let (platforms, mut store) = lay().await?;
        store.mall.start().await?;
        store.edge.start().await?;
        let till = store.edge.till(1);
        Ok(Self { platforms, store, till })
    }

    /// Waits until the store has HQ's rules.
    async fn until_rules(&self) -> Result<()> {
        until("the rules to arrive", PATIENCE, async || {
            Ok((self.number("select count(*) from price_book")? > 0).then_some(()))
        })
        .await
    }

    /// Waits until the mall has heard of every charge that the store has written down.
    ///
    /// # Errors
    /// When one never arrives.
    pub async fn until_heard(&self) -> Result<()> {
        let mall = books(&self.store.mall.data().join("mall.db"))?;
        let sql = "select count(*) from payment";
        until("the mall to hear of a charge", PATIENCE, async || {
            let heard: i64 = mall.query_row(sql, [], |row| row.get(0))?;
            Ok((heard >= self.number(sql)?).then_some(()))
        })
        .await
    }

    /// Waits until the mall has heard of everything that is to go back.
    ///
    /// # Errors
    /// When it never hears of something.
    pub async fn until_wished_back(&self) -> Result<()> {
        let store = books(&self.store.edge.data().join("ledger.db"))?;
        let mall = books(&self.store.mall.data().join("mall.db"))?;
        until("the mall to hear what goes back", PATIENCE, async || {
            let is_heard = ids(&store, GOES_BACK)?.is_subset(&ids(&mall, WAS_WISHED_BACK)?);
            Ok(is_heard.then_some(()))
        })
        .await
    }

    /// Waits until the mall has asked the houses all that it is time to ask: how much it does not know
    /// then.
    ///
    /// # Errors
    /// When it does not come to an end.
    pub async fn until_asked(&self) -> Result<usize> {
        let data = self.store.mall.data();
        until("the mall to have asked", PATIENCE, async || ageing::n_open_at_mall(data)).await
    }

    /// The mall forgets every payment, as one does that was restored from a backup; it must not run.
    ///
    /// # Errors
    /// When its books cannot be changed.
    pub fn forget_payments(&self) -> Result<()> {
        let mall = books(&self.store.mall.data().join("mall.db"))?;
        let sql = "delete from payment";
        let n = mall.execute(sql, []).context(sql)?;
        ensure!(n > 0, "the mall knew of no payment");
        Ok(())
    }

    /// Store and mall hold every charge for refused of which they do not know yet, as programs do that
    /// wait for no answer; neither may run.
    ///
    /// # Errors
    /// When their books cannot be changed.
    pub fn presume_refused(&self) -> Result<()> {
        let (mall, edge) = (self.store.mall.data(), self.store.edge.data());
        for file in [mall.join("mall.db"), edge.join("ledger.db")] {
            let sql = "update payment set state = 'refused', refusal = 'presumed', decided_at = 1
                       where state in ('sent', 'paying')";
            let n = books(&file)?.execute(sql, []).context(sql)?;
            ensure!(n > 0, "{} knows of everything", file.display());
        }
        Ok(())
    }

    fn number(&self, sql: &str) -> Result<i64> {
        let ledger = books(&self.store.edge.data().join("ledger.db"))?;
        ledger.query_row(sql, [], |row| row.get(0)).with_context(|| sql.to_owned())
    }

    /// The number at its house of each payment that the store holds for paid, and its fen.
    fn paid(&self) -> Result<BTreeMap<String, i64>> {
        let ledger = books(&self.store.edge.data().join("ledger.db"))?;
        let sql = "select lower(hex(id)), amount_minor from payment where state = 'paid'";
        let mut statement = ledger.prepare(sql).context(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).context(sql)
    }

    /// What the houses hold by the number of its charge.
    fn held(&self) -> BTreeMap<String, i64> {
        let mut held = BTreeMap::new();
        for entry in self.platforms.ledger() {
            let sum: &mut i64 = held.entry(entry.number).or_default();
            match entry.deed {
                Deed::Charge => *sum += entry.fen,
                Deed::Reversal | Deed::Refund => *sum -= entry.fen,
                Deed::Redemption | Deed::Restitution => {}
            }
        }
        held.retain(|_, sum| *sum != 0);
        held
    }

    /// Lets time pass for everybody, as soon as no call to a house is under way.
    ///
    /// # Errors
    /// When the books cannot be changed.
    pub async fn let_pass(&mut self, seconds: u32) -> Result<()> {
        self.platforms.turn_clock(seconds);
        self.store.let_pass(seconds).await
    }

    /// Pays what is left of the cart with cash.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn pay_the_rest(&self) -> Result<View> {
        let view = self.till.view().await?;
        let left = view.rights()?.left.amount;
        Ok(self.till.pay(&view, left).await?.view)
    }

    /// Waits until the houses hold what was expected.
    ///
    /// # Errors
    /// When they never do.
    pub async fn until_balance(&self, what: &str, is_so: impl Fn(&Balance) -> bool) -> Result<()> {
        until(what, PATIENCE, async || Ok(is_so(&self.platforms.balance(None)).then_some(()))).await
    }

    /// What the store's books say.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn booked(&self) -> Result<Booked> {
        let mut paid = BTreeMap::new();
        for house in ["wechat", "alipay"] {
            let sum = format!(
                "select coalesce(sum(amount_minor), 0) from payment
                 where state = 'paid' and method = '{house}'"
            );
            paid.insert(house.to_owned(), self.number(&sum)?);
        }
        let of = |issuer: &str, states: &str| {
            self.number(&format!(
                "select coalesce(sum(count), 0) from redemption
                 where issuer = '{issuer}' and state in ({states})"
            ))
        };
        // What Douyin does not take back is in use. WeChat has one word for what was used and for what
        // cannot be used.
        let used = BTreeMap::from([
            ("douyin".to_owned(), of("douyin", "'redeemed', 'kept'")?),
            ("wechat".to_owned(), of("wechat", "'redeemed'")?),
        ]);
        let kept = of("wechat", "'kept'")?;
        let open = self.number(
            "select (select count(*) from payment where state in ('sent', 'paying', 'reversing'))
             + (select count(*) from redemption where state in ('pending', 'reversing'))",
        )?;
        Ok(Booked { paid, used, kept, open })
    }

    /// Waits until the store knows how everything ended.
    ///
    /// # Errors
    /// When something stays open.
    pub async fn settled(&self) -> Result<()> {
        let settled = until("everything to be known", PATIENCE, async || {
            Ok((self.booked()?.open == 0).then_some(()))
        });
        settled.await.with_context(|| format!("the books say {:?}", self.booked()))
    }

    /// Compares the houses with the store's orders: every fen that a house holds belongs to an order
    /// that stands, and every coupon and voucher in use to one order; nobody did what nobody may do.
    ///
    /// # Errors
    /// When they differ.
    pub async fn ends_well(&self) -> Result<()> {
        self.settled().await?;
        let booked = self.booked()?;
        for (house, word) in [(Platform::Wechat, "wechat"), (Platform::Alipay, "alipay")] {
            let held = self.platforms.balance(Some(house)).held;
            let paid = booked.paid.get(word).copied().unwrap_or_default();
            ensure!(held == paid, "{word} holds {held}, the store was paid {paid}: {booked:?}");
            let covered = self.number(&format!(
                "select coalesce(sum(amount_minor), 0) from tender
                 where kind = '{word}' and order_id not in (select order_id from post_void)"
            ))?;
            ensure!(held == covered, "{word} holds {held}, orders of {covered} stand");
        }
        let (held, paid) = (self.held(), self.paid()?);
        ensure!(held == paid, "the houses hold {held:?}, the store was paid {paid:?}");
        let odd = self.number(ODD_ORDERS)?;
        ensure!(odd == 0, "{odd} orders are covered by other sums than were paid or used for them");
        for (house, word, unsure) in
            [(Platform::Douyin, "douyin", 0), (Platform::Wechat, "wechat", booked.kept)]
        {
            let in_use = self.platforms.balance(Some(house)).redeemed_count;
            let used = booked.used.get(word).copied().unwrap_or_default();
            let is_so = (used..=used + unsure).contains(&in_use);
            ensure!(is_so, "{word} has {in_use} in use, the store's books say {booked:?}");
        }
        let strays = self.number(
            "select count(*) from redemption where state = 'redeemed'
             and order_id not in (select id from orders)",
        )?;
        ensure!(strays == 0, "{strays} coupons or vouchers were used for no order");
        let violations = self.platforms.violations();
        ensure!(violations.is_empty(), "{violations:?}");
        self.store.edge.ledger()?.check_file()
    }
}
