//! A scan, from a scanner, a keyboard or Find: code → item → line.

use std::sync::Arc;

use domain::{
    barcode::{self, Gtin, Label, LabelPattern, Scanned, default_label_patterns},
    cart::{Addition, LineItem, Measure, Outcome},
    id::LineId,
    quantity::Quantity,
};
use rusqlite::Connection;

use super::{CheckoutError, Command, change, to_the_end};
use crate::{
    context::{Context, mint},
    db::{catalog, station},
    fault,
    refusal::Refusal,
    station::ScanFate,
};

/// Signs of an unknown code that a screen shows; more could not be read anyway.
const CODE_SHOWN_MAX: usize = 48;

/// A scan and who made it.
#[derive(Clone, Debug)]
pub(crate) struct ScanCommand {
    /// Its identity.
    pub(crate) command: Command,
    /// What was read or typed.
    pub(crate) text: String,
    /// How many or how heavy, if somebody said.
    pub(crate) quantity: Option<Quantity>,
}

/// Puts what was scanned on the counter, and tells every screen of the workstation what became of
/// it, also when it was refused.
pub(crate) async fn scan(context: &Arc<Context>, scan: ScanCommand) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let workstation = scan.command.workstation;
        let done = add(&context, scan).await;
        let refused = |refusal| context.scanned(workstation, ScanFate::Refused(refusal));
        match &done {
            Ok(Some(fate)) => context.scanned(workstation, fate.clone()),
            Ok(None) => {}
            Err(CheckoutError::Refused(refusal)) => refused(refusal.clone()),
            // The gun has beeped; only a screen can say that nothing was added.
            Err(CheckoutError::Db(_)) => refused(Refusal::NotKept),
        }
        done.map(|_| ())
    })
    .await
}

async fn add(
    context: &Arc<Context>,
    ScanCommand { command, text, quantity }: ScanCommand,
) -> Result<Option<ScanFate>, CheckoutError> {
    let (item, measure) = find(context, &text, quantity)?;
    fault::point("scan.found");
    let line: LineId = mint();
    let is_labelled = matches!(measure, Measure::Labelled(_));
    change(context, command, move |tx, counter| {
        if counter.signed_in.is_none() {
            return Err(Refusal::NotSignedIn.into());
        }
        let change = counter.cart.add(Addition { line, item, measure })?;
        counter.touched();
        station::save_change(tx, counter, &change)?;
        fault::point("scan.written");
        // An addition touches one line: a new one, or the one that counts up.
        let line = counter.cart.newest.unwrap_or(line);
        Ok(match change.outcome {
            Outcome::Added if is_labelled => ScanFate::Weighed(line),
            Outcome::Added | Outcome::Counted | Outcome::Voided => ScanFate::Added(line),
            Outcome::Again => ScanFate::Again(line),
        })
    })
    .await
}

/// What a text stands for in the catalog.
///
/// It reads on this thread: a code is found in a few pages of a B-tree, which costs less than
/// handing the work to another thread and back. Find, which may read much more, is handed over.
fn find(
    context: &Context,
    text: &str,
    quantity: Option<Quantity>,
) -> Result<(LineItem, Measure), CheckoutError> {
    let catalog = context.replicas.catalog().ok_or(Refusal::NoCatalog)?;
    let store = context.store.load();
    let default = store.is_none().then(default_label_patterns).unwrap_or_default();
    let patterns = store.as_ref().map_or(default.as_slice(), |store| &store.label_patterns);
    catalog.read(|connection| look_up(connection, text, patterns, quantity))
}

fn look_up(
    connection: &Connection,
    text: &str,
    patterns: &[LabelPattern],
    quantity: Option<Quantity>,
) -> Result<(LineItem, Measure), CheckoutError> {
    let unknown = |text: &str| Refusal::UnknownCode { code: shown(text) };
    let said = |pack: Quantity| match quantity {
        Some(quantity) => Measure::Given(quantity.packs_of(pack)),
        None => Measure::Pack(pack),
    };
    let by_key = |text: &str| -> Result<Option<(LineItem, Measure)>, CheckoutError> {
        let item = catalog::by_sku(connection, text)?;
        Ok(item.map(|item| (LineItem::of(&item, &item.sku), said(Quantity::ONE))))
    };
    match barcode::read(text, patterns).map_err(Refusal::NotACode)? {
        Scanned::Label(label) => labelled(connection, label, text.trim(), said),
        Scanned::Gtin(gtin) => match catalog::by_gtin(connection, gtin)? {
            Some((item, pack)) => Ok((LineItem::of(&item, &gtin.to_string()), said(pack))),
            None => by_key(text.trim())?.ok_or_else(|| unknown(text).into()),
        },
        Scanned::Misread { text, .. } => {
            by_key(&text)?.ok_or_else(|| Refusal::CheckDigit { code: shown(&text) }.into())
        }
        Scanned::Key(text) => {
            // A payment code must not be looked up, shown or logged.
            if let Some(foreign) = platforms::recognise(&text) {
                return Err(Refusal::Foreign(foreign).into());
            }
            by_key(&text)?.ok_or_else(|| unknown(&text).into())
        }
    }
}

/// What looks like an in-store label: an item whose own number falls into the store's range comes
/// first, because the catalog knows it; then the label's PLU; a payment code may look like either.
fn labelled(
    connection: &Connection,
    label: Label,
    text: &str,
    said: impl FnOnce(Quantity) -> Measure,
) -> Result<(LineItem, Measure), CheckoutError> {
    if let Ok(gtin) = Gtin::parse(text)
        && let Some((item, pack)) = catalog::by_gtin(connection, gtin)?
    {
        return Ok((LineItem::of(&item, &gtin.to_string()), said(pack)));
    }
    if let Some(item) = catalog::by_plu(connection, &label.plu)? {
        return Ok((LineItem::of(&item, &label.plu), Measure::Labelled(label)));
    }
    Err(match platforms::recognise(text) {
        Some(foreign) => Refusal::Foreign(foreign),
        None => Refusal::UnknownCode { code: shown(text) },
    }
    .into())
}

fn shown(text: &str) -> String {
    text.trim().chars().take(CODE_SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use platforms::ForeignCode;

    use super::*;

    /// A catalog with an item sold by weight under PLU 12345, and one whose own number lies in the
    /// store's range for amount labels.
    fn catalog() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sync::replica::CATALOG_TABLES).unwrap();
        connection
            .execute_batch(
                "insert into item (item_id, sku, name, spec, unit, style, colour, size, brand,
                   category, list_price_minor, tax_rate_bps, plu, tags, initials, pinyin) values
                   (1, 'APPLE', 'apple', '', 'kg', '', '', '', '', '', 1280, 900, '12345', '', '', ''),
                   (2, 'TEA', 'tea', '', 'piece', '', '', '', '', '', 2990, 1300, '', 'a;b', '', '');
                 insert into barcode values (2206013040080, 2, 1000);",
            )
            .unwrap();
        connection
    }

    fn check(text: &str, expected: Result<&str, &Refusal>) {
        let found = look_up(&catalog(), text, &default_label_patterns(), None);
        match (found, expected) {
            (Ok((item, _)), Ok(sku)) => assert_eq!(item.sku, sku, "{text}"),
            (Err(CheckoutError::Refused(refusal)), Err(expected)) => {
                assert_eq!(&refusal, expected, "{text}");
            }
            (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn a_line_remembers_what_rules_look_at() {
        let found = look_up(&catalog(), "TEA", &default_label_patterns(), None);
        assert!(matches!(&found, Ok((item, _)) if item.tags == ["a", "b"]), "{found:?}");
    }

    #[test]
    fn a_code_in_the_stores_own_range_is_first_what_the_catalog_knows() {
        let unknown = |code: &str| Refusal::UnknownCode { code: code.into() };
        check("2206013040080", Ok("TEA"));
        check("2112345012506", Ok("APPLE"));
        check("261234501999012505", Ok("APPLE"));
        check("2199999012502", Err(&unknown("2199999012502")));
        // Alipay's codes may look like an 18-digit label; without such an item it is one of theirs,
        // and its digits are shown to nobody.
        check("269999901999012509", Err(&Refusal::Foreign(ForeignCode::AlipayPayment)));
    }
}
