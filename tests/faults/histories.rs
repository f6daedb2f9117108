//! Random histories of payments by code, vouchers and coupons, from seeds, with everything that goes
//! wrong: houses that are silent, talk nonsense, or are heard by nobody, that undo a payment no more,
//! or do not tell what they used; kill -9 of the node at named points; kill -9 of the mall while a
//! house is at work.
//!
//! At the end the houses hold what the store's orders say, to the fen; every voucher and coupon in
//! use belongs to one order, or a person is told to look; and no house saw a call that nobody may
//! make. `SEED` plays one seed again, `HISTORIES` says how many there shall be.

use std::collections::BTreeMap;

use acceptance::{
    catalog::{self, Listed},
    dice::Dice,
    edge_process::Start,
    houses::Town,
    sim::{Behaviour, Coupon, Fault, Operation, PaymentCode, Planned, Platform},
    sim::{Repeat, Script, Voucher, Wrong},
    till::{Answer, Call, Till},
    trap::Action,
    view::View,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

/// Histories in a run of all tests.
const HISTORIES: usize = 500;
/// Histories between two starts of the node, at most.
const OF_A_LIFE: usize = 25;
/// Lives in a hundred that end at a named point, if it is ever reached.
const DYING_PERCENT: usize = 75;
/// Calls in a hundred over which the mall dies while a house is at work.
const MALL_DIES_PERCENT: usize = 3;
/// Uses of merchant coupons in a hundred whose answer is lost.
const UNHEARD_PERCENT: usize = 40;
/// Lives between two looks at the books.
const LIVES_A_LOOK: usize = 10;
/// A payer has no more time than this, and a mall that died no turn.
const TOO_LONG_S: u32 = 130;
/// A turn of a mall that died is over; what it asked may still be on its way.
const TURN_S: u32 = 90;
/// No house undoes a charge that is so old.
const UNDONE_NO_MORE_S: u32 = 8 * 86_400;
/// Orders in a hundred of those that are undone, so late.
const UNDONE_LATE_PERCENT: usize = 40;
/// What passes at a look until everything is known: WeChat undoes; what no house knows is nothing; one
/// that wants to be asked again is, and again; and what none can tell is given up, for a person.
const PAUSES_S: [u32; 4] = [20, TOO_LONG_S, TOO_LONG_S, 86_400];
/// Where the node dies, and the latest passing at which it does.
const POINTS: [(&str, usize); 20] = [
    ("payment.begun", 9),
    ("payment.written", 9),
    ("payment.answered", 9),
    ("payment.noted", 9),
    ("payment.pursued", 6),
    ("payment.reversing", 4),
    ("redemption.looked_up", 9),
    ("redemption.kept", 9),
    ("redemption.handled", 4),
    ("redemption.pending", 6),
    ("redemption.answered", 6),
    ("redemption.noted", 3),
    ("redemption.pursued", 3),
    ("post_void.told", 2),
    ("post_void.written", 2),
    ("post_void.committed", 2),
    ("complete.begun", 9),
    ("complete.inserted", 9),
    ("complete.emptied", 9),
    ("complete.committed", 9),
];

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn however_it_goes_the_houses_hold_what_the_orders_say_to_the_fen() -> Result<()> {
    let seed = number_from("SEED").unwrap_or(20_261_122);
    let wanted = number_from("HISTORIES").and_then(|n| usize::try_from(n).ok());
    let wanted = wanted.unwrap_or(HISTORIES);
    println!("SEED={seed}");
    let begun = tokio::time::Instant::now();
    let mut trial = Trial::begin(seed).await?;
    let played = trial.play(wanted).await;
    if played.is_err() {
        let entries = trial.town.platforms.ledger();
        let entries: Vec<String> = entries.iter().map(|entry| format!("{entry:?}")).collect();
        let kept = trial.town.store.keep().display();
        println!("kept for a look: {kept}; the houses' books:\n{}", entries.join("\n"));
    }
    played.with_context(|| format!("SEED={seed}, history {}, {}", trial.played, trial.at))?;
    let sold = trial.town.store.edge.ledger()?.n_orders()?;
    let balance = trial.town.platforms.balance(None);
    println!(
        "{} histories, {sold} orders, {} lives, died at {:?}, dawdled at {:?}, {} deaths of the mall, \
         {balance:?}, {} s",
        trial.played,
        trial.lives,
        trial.deaths,
        trial.dawdled,
        trial.mall_deaths,
        begun.elapsed().as_secs(),
    );
    // What never happened proves nothing.
    ensure!(balance.charged > balance.held && balance.held > 0 && balance.redeemed_count > 0);
    let booked = trial.town.booked()?;
    if wanted >= HISTORIES {
        ensure!(balance.reversed > 0 && balance.refunded > 0, "{balance:?}");
        ensure!(booked.kept > 0, "no coupon was left for a person: {booked:?}");
        ensure!(trial.dawdled.len() * 2 > POINTS.len(), "it dawdled at {:?} alone", trial.dawdled);
    }
    ensure!(trial.deaths.len() * 3 > POINTS.len().min(wanted / 25), "{:?}", trial.deaths);
    Ok(())
}

#[tokio::test]
async fn a_second_charge_while_one_is_undecided_is_found_though_every_sum_agrees() -> Result<()> {
    let mut trial = Trial::begin(0).await?;
    trial.town.store.edge.start().await?;
    let till = trial.tills[0].clone();
    let view = till.done(&till.scan(&trial.pieces[0].barcode)).await?;
    let total = view.cart.as_ref().context("nobody is signed in")?.total.amount;
    let never = PaymentCode { behaviour: Behaviour::NeverPays, ..PaymentCode::default() };
    let never = trial.town.platforms.wechat().issue_code(never);
    till.done(&till.charge(&view, &never, None)?).await?;
    let is_paying = |view: &View| view.payment().is_ok_and(|payment| payment.state == "paying");
    till.until("the password to be typed", is_paying).await?;
    trial.town.store.close().await?;
    // What no program of ours does, by hand.
    trial.town.presume_refused()?;
    trial.town.store.mall.start().await?;
    trial.town.store.edge.start().await?;
    let pays = trial.town.platforms.alipay().issue_code(PaymentCode::default());
    till.done(&till.charge(&till.view().await?, &pays, None)?).await?;
    till.until("the order", |view| view.phase == "done").await?;
    let found = trial.look_at_the_books().await.err().context("nobody minds")?;
    let wrongs: Vec<Wrong> = trial.town.platforms.violations().iter().map(|v| v.wrong).collect();
    ensure!(wrongs == [Wrong::SecondCharge], "{wrongs:?}");
    ensure!(format!("{found:#}").contains("SecondCharge"), "{found:#}");
    ensure!(trial.town.platforms.balance(None).held == total);
    Ok(())
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The node died.
    Dark,
    /// It lives.
    Light,
}

struct Trial {
    town: Town,
    /// A cashier and a manager.
    tills: [Till; 2],
    pieces: Vec<Listed>,
    dice: Dice,
    played: usize,
    lives: usize,
    deaths: BTreeMap<&'static str, usize>,
    mall_deaths: usize,
    /// Where the node took a while, and how often.
    dawdled: BTreeMap<&'static str, usize>,
    /// Where it will, the next time that it comes by.
    dawdles_at: Option<&'static str>,
    first_point: usize,
    at: String,
}

impl Trial {
    async fn begin(seed: u64) -> Result<Self> {
        let mut town = Town::found_with_coupons().await?;
        let tills = [town.till.clone(), town.store.manager(2).await?];
        town.store.edge.kill();
        let list = catalog::read(&catalog::demo())?;
        let pieces = list.into_iter().filter(|item| !item.barcode.is_empty()).collect();
        let mut dice = Dice::new(seed);
        // The first rolls of neighbouring seeds are not to be neighbours.
        dice.below(2);
        Ok(Self {
            town,
            tills,
            pieces,
            first_point: dice.below(POINTS.len()),
            dice,
            played: 0,
            lives: 0,
            deaths: BTreeMap::new(),
            mall_deaths: 0,
            dawdled: BTreeMap::new(),
            dawdles_at: None,
            at: String::new(),
        })
    }

    /// Life after life, with a look at the books now and then and at the end.
    async fn play(&mut self, wanted: usize) -> Result<()> {
        while self.played < wanted {
            self.life(wanted).await?;
            self.lives += 1;
            if self.lives.is_multiple_of(LIVES_A_LOOK) || self.played >= wanted {
                self.look_at_the_books().await.context("at the books")?;
            }
        }
        Ok(())
    }

    /// From one start of the node to its death.
    async fn life(&mut self, wanted: usize) -> Result<()> {
        // One after the other, so that most of them are reached in every run.
        let (point, latest) = POINTS[(self.first_point + self.lives) % POINTS.len()];
        let nth = u32::try_from(1 + self.dice.below(latest)).unwrap_or(1);
        let is_dying = self.dice.is_within(DYING_PERCENT);
        self.at = if is_dying { format!("{point}:{nth}") } else { "no point".to_owned() };
        let start = if is_dying {
            self.town.store.edge.start_dying_at(point, nth).await?
        } else {
            self.town.store.edge.start().await?;
            Start::Ready
        };
        let mut end = if start == Start::Died { End::Dark } else { End::Light };
        let last = (self.played + OF_A_LIFE).min(wanted);
        while end == End::Light && self.played < last {
            end = self.history().await?;
            self.played += 1;
        }
        if end == End::Dark {
            self.town.store.edge.wait_until_killed().await?;
            *self.deaths.entry(point).or_default() += 1;
        }
        self.town.store.edge.kill();
        // Nobody can wait any longer for what is left.
        self.town.platforms.clear_faults();
        self.town.let_pass(TOO_LONG_S).await
    }

    /// One sale at one workstation: goods, vouchers, codes; completed, given up, or left.
    async fn history(&mut self) -> Result<End> {
        self.plan_faults();
        self.dawdle_somewhere()?;
        let till = self.tills[self.dice.below(2)].clone();
        if self.clear(&till).await? == End::Dark {
            return Ok(End::Dark);
        }
        for _ in 0..=self.dice.below(2) {
            let code = self.pieces[self.dice.below(40)].barcode.clone();
            if self.tell(&till.scan(&code), &till).await?.is_none() {
                return Ok(End::Dark);
            }
        }
        for _ in 0..1 + self.dice.below(3) {
            let end = if self.dice.is_within(45) {
                self.redeem(&till).await?
            } else {
                self.charge(&till).await?
            };
            if end == End::Dark || self.fiddle(&till).await? == End::Dark {
                return Ok(End::Dark);
            }
        }
        if self.complete(&till).await? == End::Dark {
            return Ok(End::Dark);
        }
        self.undo_sometimes(&till).await
    }

    /// The node takes a while at one point after the other.
    fn dawdle_somewhere(&mut self) -> Result<()> {
        let trap = self.town.store.edge.trap();
        if let Some(point) = self.dawdles_at.filter(|_| !trap.is_set()) {
            *self.dawdled.entry(point).or_default() += 1;
        }
        let (point, _) = POINTS[self.played % POINTS.len()];
        self.dawdles_at = Some(point);
        trap.set(point, Action::Sleep)
    }

    fn plan_faults(&mut self) {
        use Operation as O;
        const CALLS: [(Platform, Operation); 20] = [
            (Platform::Douyin, O::Token),
            (Platform::Douyin, O::Link),
            (Platform::Douyin, O::Prepare),
            (Platform::Douyin, O::Verify),
            (Platform::Douyin, O::Cancel),
            (Platform::Douyin, O::Look),
            (Platform::Wechat, O::Use),
            (Platform::Wechat, O::Return),
            (Platform::Wechat, O::Look),
            (Platform::Wechat, O::Charge),
            (Platform::Wechat, O::Query),
            (Platform::Wechat, O::Reverse),
            (Platform::Alipay, O::Charge),
            (Platform::Alipay, O::Query),
            (Platform::Alipay, O::Reverse),
            (Platform::Douyin, O::Verify),
            (Platform::Wechat, O::Refund),
            (Platform::Wechat, O::RefundQuery),
            (Platform::Alipay, O::Refund),
            (Platform::Alipay, O::RefundQuery),
        ];
        const FAULTS: [Fault; 10] = [
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::CutAfter,
            Fault::HtmlBefore { status: 502 },
            Fault::HtmlAfter { status: 500 },
            Fault::Gbk,
            Fault::WrongSignature,
            Fault::Duplicate,
            Fault::EmptyResults,
            Fault::DelayAfter { ms: 5 },
        ];
        for _ in 0..self.dice.below(3) {
            let (platform, operation) = CALLS[self.dice.below(CALLS.len())];
            let fault = FAULTS[self.dice.below(FAULTS.len())];
            let planned = Planned { platform, operation: Some(operation), fault, times: 1 };
            self.town.platforms.faults([planned]);
        }
    }

    /// Asks; nothing when the node died over it.
    async fn tell(&mut self, call: &Call, till: &Till) -> Result<Option<Answer>> {
        if self.dice.is_within(MALL_DIES_PERCENT) {
            return self.tell_over_a_dying_mall(call, till).await;
        }
        self.answer(till.call_through(call).await).await
    }

    async fn answer(&mut self, answer: Result<Answer>) -> Result<Option<Answer>> {
        match answer {
            Ok(answer) => {
                ensure!(answer.status < 500 || answer.status == 503, "{answer:?}");
                Ok(Some(answer))
            }
            Err(error) => {
                let died = self.town.store.edge.wait_until_killed().await;
                died.with_context(|| format!("{error:#}"))?;
                Ok(None)
            }
        }
    }

    /// The mall dies while a house is at work, if the call leads to one, and comes back.
    async fn tell_over_a_dying_mall(&mut self, call: &Call, till: &Till) -> Result<Option<Answer>> {
        let ms = 60;
        let is_before = self.dice.is_within(50);
        let fault = if is_before { Fault::DelayBefore { ms } } else { Fault::DelayAfter { ms } };
        let platforms = &self.town.platforms;
        platforms.clear_faults();
        let houses = [Platform::Douyin, Platform::Wechat, Platform::Alipay];
        let planned = |platform| Planned { platform, operation: None, fault, times: 1 };
        platforms.faults(houses.map(planned));
        let all = platforms.planned().len();
        let mut calling = std::pin::pin!(till.call_through(call));
        let answer = tokio::select! {
            answer = &mut calling => Some(answer),
            _ = until("a house to be asked", PATIENCE, async || {
                Ok((platforms.planned().len() < all).then_some(()))
            }) => None,
        };
        self.town.store.mall.kill();
        self.mall_deaths += 1;
        let answer = match answer {
            Some(answer) => answer,
            None => calling.await,
        };
        self.town.platforms.clear_faults();
        // The turns that it had taken are over before anybody else may ask.
        self.town.let_pass(TURN_S).await?;
        self.town.store.mall.start().await?;
        self.answer(answer).await
    }

    async fn look(&mut self, till: &Till) -> Result<Option<View>> {
        let view = till.view().await;
        match view {
            Ok(view) => Ok(Some(view)),
            Err(error) => {
                self.answer(Err(error)).await?;
                Ok(None)
            }
        }
    }

    async fn redeem(&mut self, till: &Till) -> Result<End> {
        let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
        let is_douyin = self.dice.is_within(60);
        let (issuer, code) = if is_douyin {
            let scripts = [
                Script::Good,
                Script::Good,
                Script::Good,
                Script::BusyThenGood { times: 1 },
                Script::BusyButDone,
                Script::RefusesCode { result: 1_250, text: "券已作废".to_owned() },
            ];
            let repeats = [Repeat::Used1208, Repeat::Used2, Repeat::Same];
            let voucher = Voucher {
                count: u8::try_from(1 + self.dice.below(3)).unwrap_or(1),
                market_fen: 100 * i64::try_from(1 + self.dice.below(40)).unwrap_or(1),
                script: scripts[self.dice.below(scripts.len())].clone(),
                repeat: repeats[self.dice.below(repeats.len())],
                ..Voucher::default()
            };
            ("douyin", self.town.platforms.douyin().issue(voucher).link)
        } else {
            let code = format!("A7{}", Uuid::now_v7().simple()).chars().take(30).collect();
            // WeChat has one word for a coupon that was used, also by the question whose answer was
            // lost, and for one that cannot be used: where nobody can tell them apart it is kept
            // after a day, and a person must look. Some are nobody's.
            let is_over = self.dice.is_within(10);
            let coupon = Coupon {
                code,
                refuses_repeats: self.dice.is_within(50),
                expires_in_seconds: if is_over { -1 } else { Coupon::default().expires_in_seconds },
                ..Coupon::default()
            };
            let code = coupon.code.clone();
            let is_nobodys = self.dice.is_within(10);
            let (platform, operation) = (Platform::Wechat, Some(Operation::Use));
            if self.dice.is_within(UNHEARD_PERCENT) {
                let fault = Fault::CutAfter;
                let unheard = Planned { platform, operation, fault, times: 1 };
                self.town.platforms.faults([unheard]);
            }
            let issue = || self.town.platforms.wechat().issue_coupon(coupon);
            ("wechat", if is_nobodys { code } else { issue() })
        };
        let call = till.look_up(&view, issuer, &code)?;
        if self.tell(&call, till).await?.is_none() {
            return Ok(End::Dark);
        }
        let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
        if let Some(found) = view.rights()?.redemptions.last()
            && found.state == "looked_up"
            && self.dice.is_within(50)
        {
            let most = found.offers.first().map_or(1, |offer| offer.count);
            let count = 1 + self.dice.below(usize::try_from(most).unwrap_or(1));
            let choice = till.choose(found.id, u32::try_from(count).unwrap_or(1));
            if self.tell(&choice, till).await?.is_none() {
                return Ok(End::Dark);
            }
        }
        Ok(End::Light)
    }

    async fn charge(&mut self, till: &Till) -> Result<End> {
        let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
        let behaviours = [
            Behaviour::Pays,
            Behaviour::Pays,
            Behaviour::Pays,
            Behaviour::PayingThenPays { polls: 1 },
            Behaviour::PayingThenFails { polls: 1 },
            Behaviour::NeverPays,
            Behaviour::BalanceShort,
            Behaviour::Expired,
            Behaviour::ErrorButPaid,
            Behaviour::ErrorUnpaid,
            Behaviour::CutBefore,
            Behaviour::CutAfter,
        ];
        let code = PaymentCode {
            behaviour: behaviours[self.dice.below(behaviours.len())],
            recalls: u32::from(self.dice.is_within(15)),
            paying_on_reverse: u32::from(self.dice.is_within(15)),
            ..PaymentCode::default()
        };
        let digits = if self.dice.is_within(50) {
            self.town.platforms.wechat().issue_code(code)
        } else {
            self.town.platforms.alipay().issue_code(code)
        };
        let left = usize::try_from(view.rights()?.left.amount).unwrap_or(0);
        let part = i64::try_from(1 + self.dice.below(left.max(1))).unwrap_or(1);
        let call = till.charge(&view, &digits, self.dice.is_within(50).then_some(part))?;
        if self.tell(&call, till).await?.is_none() {
            return Ok(End::Dark);
        }
        // The same again, as a screen does that heard nothing.
        if self.dice.is_within(20) && self.tell(&call, till).await?.is_none() {
            return Ok(End::Dark);
        }
        Ok(End::Light)
    }

    /// What an operator does while they wait: asks, takes off, or nothing.
    async fn fiddle(&mut self, till: &Till) -> Result<End> {
        for _ in 0..self.dice.below(4) {
            let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
            let rights = view.rights()?;
            let payment = rights.payments.last();
            let open =
                payment.filter(|p| ["sent", "paying", "reversing"].contains(&p.state.as_str()));
            let call = match (open, rights.redemptions.last()) {
                (Some(open), _) if self.dice.is_within(75) => {
                    self.town.let_pass(5).await?;
                    till.query(open.id)
                }
                (Some(open), _) => till.reverse(open.id),
                (None, Some(redemption)) if self.dice.is_within(15) => till.take_off(redemption.id),
                (None, _) => return Ok(End::Light),
            };
            if self.tell(&call, till).await?.is_none() {
                return Ok(End::Dark);
            }
        }
        Ok(End::Light)
    }

    /// Pays the rest with cash, gives the cart up, or leaves it for the next to find.
    async fn complete(&mut self, till: &Till) -> Result<End> {
        let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
        let roll = self.dice.below(100);
        let call = match &view.cart {
            Some(cart) if roll < 75 && !cart.lines.is_empty() => {
                let cash = (view.rights()?.left.amount.max(0) + 9) / 10 * 10;
                till.complete(cart.order_id, cart.revision, cash)
            }
            Some(_) if roll < 90 => till.void_cart(),
            Some(_) | None => return Ok(End::Light),
        };
        let answer = self.tell(&call, till).await?;
        Ok(if answer.is_some() { End::Light } else { End::Dark })
    }

    /// The manager undoes what was sold last, sometimes.
    async fn undo_sometimes(&mut self, till: &Till) -> Result<End> {
        let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
        let Some(last) = view.last_order.filter(|_| self.dice.is_within(15)) else {
            return Ok(End::Light);
        };
        // By the clocks of the houses it is too late by then, and what was paid is refunded.
        if self.dice.is_within(UNDONE_LATE_PERCENT) {
            self.town.platforms.turn_clock(UNDONE_NO_MORE_S);
        }
        let manager = self.tills[1].clone();
        let undo = manager.undo_order(last.id, "顾客改主意");
        let answer = self.tell(&undo, &manager).await?;
        Ok(if answer.is_some() { End::Light } else { End::Dark })
    }

    /// Takes everything off the counter, whatever was left there.
    async fn clear(&mut self, till: &Till) -> Result<End> {
        loop {
            let Some(view) = self.look(till).await? else { return Ok(End::Dark) };
            let rights = view.rights()?;
            let is_open = |state: &str| ["sent", "paying"].contains(&state);
            let payment = rights.payments.iter().find(|p| is_open(&p.state)).map(|p| p.id);
            let pending = rights.redemptions.iter().find(|r| r.state == "pending").map(|r| r.id);
            let is_empty = view.cart.as_ref().is_some_and(|cart| cart.lines.is_empty());
            let call = match (payment, pending) {
                (Some(payment), _) => till.reverse(payment),
                (None, Some(pending)) => till.take_off(pending),
                (None, None) if is_empty && rights.hold == "free" => return Ok(End::Light),
                (None, None) => till.void_cart(),
            };
            if self.tell(&call, till).await?.is_none() {
                return Ok(End::Dark);
            }
        }
    }

    /// Everything is over, and the books of all sides are compared.
    async fn look_at_the_books(&mut self) -> Result<()> {
        self.town.platforms.clear_faults();
        self.town.store.edge.start().await?;
        for till in self.tills.clone() {
            ensure!(self.clear(&till).await? == End::Light, "the node does not answer");
        }
        self.town.platforms.clear_faults();
        self.town.until_wished_back().await?;
        // The node would ask again when it is time by its own clock, which no hand turns.
        self.town.store.edge.kill();
        for seconds in PAUSES_S {
            if self.town.until_asked().await? == 0 {
                break;
            }
            self.town.let_pass(seconds).await?;
        }
        self.town.until_asked().await?;
        // Whoever starts asks at once about everything that is open, and all of it is known by now.
        self.town.store.edge.start().await?;
        self.town.ends_well().await?;
        self.town.store.edge.ledger()?.check_receipt_numbers()?;
        self.town.store.edge.kill();
        Ok(())
    }
}
