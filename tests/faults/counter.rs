//! What a cashier expects to see: a workstation as a value, moved on by each command.
//!
//! It knows the rules of a cart by itself and asks no program; a node that comes back with
//! something else has lost or invented a sale.

use acceptance::{
    catalog::{Listed, amount_label, full_label, weight_label},
    dice::Dice,
    till::{Call, Till},
    view::{Cart, View},
};
use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

/// Steps that can be taken back.
const UNDO_STEPS_MAX: usize = 50;
/// A shopper with more lines than this goes to pay.
const LINES_MAX: usize = 9;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sold {
    pub(crate) sku: String,
    pub(crate) milli: i64,
    pub(crate) amount: i64,
    pub(crate) is_labelled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Sell,
    Tender,
    Done,
}

/// What stands on the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) lines: Vec<Sold>,
    pub(crate) phase: Phase,
}

/// An order as the cashier remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) lines: Vec<Sold>,
    pub(crate) cash: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Counter {
    pub(crate) standing: Standing,
    history: Vec<Vec<Sold>>,
    /// The cart as the screen showed it last: its ids and its revision.
    shown: Option<Cart>,
    pub(crate) orders: Vec<(Uuid, Remembered)>,
}

/// A command on its way, and what the counter is if it was carried out.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) command: Command,
    pub(crate) after: Counter,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// A call of the screen's: sent again, it is the same command.
    Call(Call),
    /// A completion, which answers with an order.
    Complete(Call),
    /// A code read by a scanner on its port; nobody can send it again.
    Gun(String),
    /// A call that is refused whatever happens.
    Refused(Call),
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self {
            standing: Standing { lines: Vec::new(), phase: Phase::Sell },
            history: Vec::new(),
            shown: None,
            orders: Vec::new(),
        }
    }

    /// Whether a view shows this counter.
    pub(crate) fn is_shown_by(&self, view: &View) -> Result<bool> {
        let cart = view.cart.as_ref().context("nobody is signed in")?;
        let lines: Vec<Sold> = cart
            .lines
            .iter()
            .map(|line| Sold {
                sku: line.sku.clone(),
                milli: line.quantity_milli,
                amount: line.amount.amount,
                is_labelled: line.label,
            })
            .collect();
        let sum: i64 = lines.iter().map(|line| line.amount).sum();
        ensure!(sum == cart.total.amount, "the cart's total is not its lines': {cart:?}");
        let phase = match view.phase.as_str() {
            "sell" => Phase::Sell,
            "tender" => Phase::Tender,
            "done" => Phase::Done,
            other => anyhow::bail!("a phase called {other}"),
        };
        Ok(self.standing == Standing { lines, phase })
    }

    /// Takes the ids and the revision of what is shown.
    pub(crate) fn look(&mut self, view: &View) {
        self.shown.clone_from(&view.cart);
    }

    fn total(&self) -> i64 {
        self.standing.lines.iter().map(|line| line.amount).sum()
    }

    /// Thinks of something to do.
    pub(crate) fn think(&self, till: &Till, list: &[Listed], dice: &mut Dice) -> Result<Pending> {
        let shown = self.shown.as_ref().context("the screen was never looked at")?;
        let n = self.standing.lines.len();
        let is_done = n > 0 && (n >= LINES_MAX || dice.is_within(14));
        if is_done || self.standing.phase == Phase::Tender && dice.is_within(60) {
            return Ok(self.complete(till, shown, dice));
        }
        Ok(match dice.below(100) {
            0..8 if n > 0 => self.count(till, shown, list, dice),
            8..15 if n > 0 => self.void_line(till, shown, dice),
            15..18 => self.after(Command::Call(till.void_cart()), |lines| lines.clear()),
            18..30 => self.undo(till),
            30..38 if n > 0 => self.turn(Command::Call(till.to_tender()), Phase::Tender),
            38..41 => self.refused(till),
            41..44 if self.standing.phase == Phase::Tender => {
                self.turn(Command::Call(till.to_sell()), Phase::Sell)
            }
            44..47 if self.standing.phase == Phase::Done => {
                self.turn(Command::Call(till.leave_done()), Phase::Sell)
            }
            47..60 => self.scan_label(till, list, dice),
            _ => self.scan_piece(till, list, dice),
        })
    }

    /// The counter after a change of its lines.
    fn after(&self, command: Command, change: impl FnOnce(&mut Vec<Sold>)) -> Pending {
        let mut after = self.clone();
        after.history.push(self.standing.lines.clone());
        if after.history.len() > UNDO_STEPS_MAX {
            after.history.remove(0);
        }
        change(&mut after.standing.lines);
        after.standing.phase = Phase::Sell;
        Pending { command, after }
    }

    fn turn(&self, command: Command, phase: Phase) -> Pending {
        let mut after = self.clone();
        after.standing.phase = phase;
        Pending { command, after }
    }

    fn refused(&self, till: &Till) -> Pending {
        // The last digit is wrong.
        let command = Command::Refused(till.scan("6901234567890"));
        Pending { command, after: self.clone() }
    }

    fn undo(&self, till: &Till) -> Pending {
        let mut after = self.clone();
        if let Some(before) = after.history.pop() {
            after.standing = Standing { lines: before, phase: Phase::Sell };
        }
        Pending { command: Command::Call(till.undo()), after }
    }

    fn complete(&self, till: &Till, shown: &Cart, dice: &mut Dice) -> Pending {
        let cash = self.total() + [0, 100, 5_000, 100_000][dice.below(4)];
        let call = till.complete(shown.order_id, shown.revision, cash);
        let mut after = Self::new();
        after.standing.phase = Phase::Done;
        after.orders.clone_from(&self.orders);
        let remembered = Remembered { lines: self.standing.lines.clone(), cash };
        after.orders.push((shown.order_id, remembered));
        Pending { command: Command::Complete(call), after }
    }

    fn count(&self, till: &Till, shown: &Cart, list: &[Listed], dice: &mut Dice) -> Pending {
        let place = dice.below(shown.lines.len());
        let (line, sold) = (&shown.lines[place], &self.standing.lines[place]);
        let n = i64::try_from(1 + dice.below(20)).unwrap_or(1);
        let call = till.count(line.id, n * 1_000);
        if sold.is_labelled {
            return Pending { command: Command::Refused(call), after: self.clone() };
        }
        let price = list.iter().find(|item| item.sku == sold.sku).map_or(0, |item| item.price);
        self.after(Command::Call(call), |lines| {
            (lines[place].milli, lines[place].amount) = (n * 1_000, n * price);
        })
    }

    fn void_line(&self, till: &Till, shown: &Cart, dice: &mut Dice) -> Pending {
        let place = dice.below(shown.lines.len());
        let call = till.void_line(shown.lines[place].id);
        self.after(Command::Call(call), |lines| {
            lines.remove(place);
        })
    }

    fn scan_piece(&self, till: &Till, list: &[Listed], dice: &mut Dice) -> Pending {
        let again = self.standing.lines.iter().filter(|line| !line.is_labelled);
        let again: Vec<&Listed> =
            again.filter_map(|line| list.iter().find(|item| item.sku == line.sku)).collect();
        let pieces: Vec<&Listed> = list.iter().filter(|item| !item.barcode.is_empty()).collect();
        let is_again = !again.is_empty() && dice.is_within(40);
        let item = dice.pick(if is_again { &again } else { &pieces });
        let item = item.copied().unwrap_or(pieces[0]);
        let (code, n) = match &item.pack {
            Some((code, n)) if dice.is_within(50) => (code, *n),
            Some(_) | None => (&item.barcode, 1),
        };
        let command = if dice.is_within(10) {
            Command::Gun(code.clone())
        } else {
            Command::Call(till.scan(code))
        };
        self.after(command, |lines| {
            let same = lines.iter_mut().find(|line| line.sku == item.sku && !line.is_labelled);
            match same {
                Some(line) => {
                    line.milli += n * 1_000;
                    line.amount += n * item.price;
                }
                None => lines.push(Sold {
                    sku: item.sku.clone(),
                    milli: n * 1_000,
                    amount: n * item.price,
                    is_labelled: false,
                }),
            }
        })
    }

    fn scan_label(&self, till: &Till, list: &[Listed], dice: &mut Dice) -> Pending {
        let weighed: Vec<&Listed> = list.iter().filter(|item| item.is_weighed).collect();
        let item = dice.pick(&weighed).copied().unwrap_or(weighed[0]);
        let grams = i64::try_from(1 + dice.below(5_000)).unwrap_or(1);
        let fen = i64::try_from(1 + dice.below(20_000)).unwrap_or(1);
        let (grams_u, fen_u) = (grams.unsigned_abs(), fen.unsigned_abs());
        let (grams_u, fen_u) =
            (u32::try_from(grams_u).unwrap_or(1), u32::try_from(fen_u).unwrap_or(1));
        // At Tender a workstation waits for a payment code, which 18 digits are taken for.
        let n_kinds = if self.standing.phase == Phase::Tender { 2 } else { 3 };
        let (text, milli, amount) = match dice.below(n_kinds) {
            0 => {
                let amount = (item.price * grams + 500) / 1_000;
                (weight_label(&item.plu, grams_u), grams, amount)
            }
            1 => {
                let milli = (fen * 1_000 + item.price / 2) / item.price;
                (amount_label(&item.plu, fen_u), milli, fen)
            }
            _ => (full_label(&item.plu, fen_u, grams_u), grams, fen),
        };
        if milli == 0 {
            return self.refused(till);
        }
        self.after(Command::Call(till.scan(&text)), |lines| {
            lines.push(Sold { sku: item.sku.clone(), milli, amount, is_labelled: true });
        })
    }
}
