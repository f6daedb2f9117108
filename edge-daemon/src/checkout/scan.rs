//! A scan, from a scanner, a keyboard or Find: code → item → line.

use std::{fmt, sync::Arc};

use domain::{
    barcode::{self, Gtin, Label, LabelPattern, Scanned, default_label_patterns},
    cart::{Addition, LineItem, Measure, Outcome},
    id::{LineId, PaymentId, RedemptionId},
    member::Phone,
    quantity::Quantity,
    receipt_number::WorkstationNumber,
    redemption::IssuerName,
};
use platforms::ForeignCode;
use rusqlite::Connection;
use sync::token::is_token;

use super::{CheckoutError, Command, change, may_change, take_in, to_the_end};
use crate::{
    context::{Context, mint},
    coupon,
    db::{DbError, catalog, station},
    fault, member,
    payment::{self, Charge},
    phone::token,
    pickup,
    redemption::{self, LookUp},
    refusal::Refusal,
    rights::Secret,
    station::ScanFate,
};

/// Signs of an unknown code that a screen shows; more could not be read anyway.
const CODE_SHOWN_MAX: usize = 48;

/// Signs of a coupon's or voucher's number that a screen shows.
const CODE_TAIL_CHARS: usize = 4;
/// Shorter words are item numbers that somebody typed; coupons' numbers are too long to guess.
const COUPON_CHARS_MIN: usize = 12;
/// What stands before a phone number when it names its country.
const COUNTRY: [&str; 3] = ["", "86", "0086"];
/// Lengths of the numbers of goods, well read or misread.
const GOODS_DIGITS: [usize; 3] = [8, 13, 14];

/// A scan and who made it.
#[derive(Clone)]
pub(crate) struct ScanCommand {
    /// Its identity.
    pub(crate) command: Command,
    /// What was read or typed; it may be worth money to whoever reads it.
    pub(crate) text: String,
    /// How many or how heavy, if somebody said.
    pub(crate) quantity: Option<Quantity>,
}

impl fmt::Debug for ScanCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, text: _, quantity } = self;
        let mut shown = f.debug_struct("ScanCommand");
        shown.field("command", command).field("quantity", quantity).finish_non_exhaustive()
    }
}

/// Puts what was scanned on the counter, and tells every screen of the workstation what became of
/// it, also when it was refused.
///
/// What another house must be asked first comes to the screens when it comes: nothing that is scanned
/// behind it waits.
pub(crate) async fn scan(context: &Arc<Context>, scan: ScanCommand) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let workstation = scan.command.workstation;
        match add(&context, scan).await {
            Ok(Some(fate)) => context.scanned(workstation, fate),
            Ok(None) => {}
            Err(error) => return Err(told(&context, workstation, error)),
        }
        Ok(())
    })
    .await
}

/// The gun has beeped; only a screen can say that nothing was added.
fn told(context: &Context, workstation: WorkstationNumber, error: CheckoutError) -> CheckoutError {
    let refusal = match &error {
        CheckoutError::Refused(refusal) => refusal.clone(),
        CheckoutError::Db(DbError::DiskFull) => Refusal::DiskFull,
        CheckoutError::Db(_) => Refusal::NotKept,
    };
    context.scanned(workstation, ScanFate::Refused(refusal));
    error
}

/// Carries a scan out; what became of it, unless that was told before or is not known yet.
async fn add(
    context: &Arc<Context>,
    ScanCommand { command, text, quantity }: ScanCommand,
) -> Result<Option<ScanFate>, CheckoutError> {
    // A phone's cart says for itself what it is.
    if let Some(presented) = token::ticket_in(&text) {
        return take_in::carry(context, command, presented).await;
    }
    if is_token(text.trim()) {
        return own_code(context, command, text).await;
    }
    // A workstation that waits for money takes what may be a weight label for a payment code.
    let for_money = is_tendering(context, command.workstation);
    if let Some(code) = platforms::recognise(&text).filter(|_| for_money)
        && payment::method_of(code).is_some()
    {
        return foreign(context, command, code, text).await;
    }
    let (item, measure) = match find(context, &text, quantity) {
        Err(CheckoutError::Refused(Refusal::Foreign(code))) => {
            return foreign(context, command, code, text).await;
        }
        // What no item has may be a member's phone number; a screen never shows it whole.
        Err(CheckoutError::Refused(Refusal::UnknownCode { .. } | Refusal::CheckDigit { .. }))
            if Phone::read(&text).is_some() && !is_unattended(context, command.workstation) =>
        {
            return who_buys(context, command, text).await;
        }
        found => found?,
    };
    // Goods for an online order that is put together here are not sold again.
    let open = context.screens.pickup_at(command.workstation);
    if open.is_some_and(|open| open.takes_goods()) {
        let taken = pickup::take(context, command, (item.sku, measure)).await?;
        return Ok(taken.map(ScanFate::Pickup));
    }
    if is_counter_empty(context, command.workstation) {
        context.ledger.may_begin()?;
    }
    fault::db("scan.found")?;
    let line: LineId = mint();
    let is_labelled = matches!(measure, Measure::Labelled(_));
    change(context, command, move |tx, counter| {
        if counter.seller().is_none() {
            return Err(Refusal::NotSignedIn.into());
        }
        may_change(counter)?;
        let change = counter.cart.add(Addition { line, item, measure })?;
        counter.touched();
        station::save_change(tx, counter, &change)?;
        fault::db("scan.written")?;
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

/// A code of our own: a member's tells who buys, a coupon's reduces, a pickup's opens what waits.
async fn own_code(
    context: &Arc<Context>,
    command: Command,
    text: String,
) -> Result<Option<ScanFate>, CheckoutError> {
    if pickup::is_one(&text) {
        if is_unattended(context, command.workstation) {
            return Err(Refusal::NotAtAKiosk.into());
        }
        let (workstation, shown) = (command.workstation, text);
        let id = pickup::prove_by_token(context, workstation, &shown).await?;
        return Ok(Some(ScanFate::Pickup(id)));
    }
    if !coupon::is_one(&text) {
        return who_buys(context, command, text).await;
    }
    let wish = member::Wish { command, order: None, shown: Secret(text) };
    let coupon = coupon::add(context, wish).await?;
    Ok(coupon.map(ScanFate::Coupon))
}

async fn who_buys(
    context: &Arc<Context>,
    command: Command,
    text: String,
) -> Result<Option<ScanFate>, CheckoutError> {
    let wish = member::Wish { command, order: None, shown: Secret(text) };
    let member = member::identify(context, wish).await?;
    Ok(member.map(ScanFate::Member))
}

fn is_counter_empty(context: &Context, workstation: WorkstationNumber) -> bool {
    let scenes = context.screens.follow(workstation);
    scenes.is_none_or(|scenes| scenes.borrow().priced.station.cart.is_empty())
}

fn is_tendering(context: &Context, workstation: WorkstationNumber) -> bool {
    let scenes = context.screens.follow(workstation);
    scenes.is_some_and(|scenes| scenes.borrow().priced.station.is_tendering)
}

/// Whether a shopper is alone at a kiosk: a phone number that anybody may type proves nothing there,
/// and goods that wait are handed over by a person.
fn is_unattended(context: &Context, workstation: WorkstationNumber) -> bool {
    let scenes = context.screens.follow(workstation);
    let is_attended = scenes.is_some_and(|s| s.borrow().priced.station.signed_in.is_some());
    context.is_kiosk(workstation) && !is_attended
}

/// A code of another house: a payment code pays what is left of the cart, a voucher is looked up.
/// The scan's id is that of what it begins, so that a repeat begins nothing.
async fn foreign(
    context: &Arc<Context>,
    command: Command,
    code: ForeignCode,
    text: String,
) -> Result<Option<ScanFate>, CheckoutError> {
    let (workstation, id) = (command.workstation, command.id.uuid());
    let refused = Err(Refusal::Foreign(code).into());
    match code {
        ForeignCode::WechatPayment | ForeignCode::AlipayPayment => {
            let is_early = !is_tendering(context, workstation);
            let boot = context.config.tender.payment_code_in_sell;
            let may_start = context.settings.in_force().payment_code_starts_tender(boot);
            if is_early && !may_start {
                return refused;
            }
            let (id, code) = (PaymentId::from_uuid(id), Secret(text));
            let charge = Charge { workstation, id, cart: None, method: None, code, amount: None };
            let is_new = payment::begin(context, charge).await?;
            Ok(is_new.then_some(ScanFate::Payment(id)))
        }
        ForeignCode::DouyinVoucher => {
            let (id, presented) = (RedemptionId::from_uuid(id), Secret(text));
            let wish = LookUp { workstation, id, order: None, presented, issuer: None };
            let is_asked = redemption::look_up(context, wish).await?;
            // What is there already is shown as the same scan was.
            Ok((!is_asked).then_some(ScanFate::Redemption(id)))
        }
        ForeignCode::UnionpayPayment => refused,
    }
}

/// What a text stands for in the catalog.
///
/// It reads on this thread: a code is found in a few pages of a B-tree, which costs less than
/// handing the work to another thread and back. Find, which may read much more, is handed over.
pub(crate) fn find(
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

/// An unknown code as screens show it: whole, so that it can be compared with the goods; but of
/// what may be a coupon's or voucher's number only its end, and phone numbers masked.
fn shown(text: &str) -> String {
    let text = text.trim();
    if let Some(phone) = Phone::read(text) {
        return phone.to_string();
    }
    let text = &masked(text);
    if !may_be_worth_money(text) {
        return text.chars().take(CODE_SHOWN_MAX).collect();
    }
    let skipped = text.chars().count().saturating_sub(CODE_TAIL_CHARS);
    let tail: String = text.chars().skip(skipped).collect();
    format!("…{tail}")
}

/// A text with the phone numbers in it masked: a shopper's card as a QR has theirs in the middle.
fn masked(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut rest = text;
    let mut masked = String::with_capacity(text.len());
    while let Some(first) = rest.find(is_digit) {
        let (before, from) = rest.split_at(first);
        let (digits, after) = from.split_at(from.find(|c| !is_digit(c)).unwrap_or(from.len()));
        masked.push_str(before);
        // With its country before it, a number is one all the same; no goods' number begins so.
        let found = COUNTRY.iter().find_map(|country| {
            let phone = Phone::read(digits.strip_prefix(country)?)?;
            Some(format!("{country}{phone}"))
        });
        masked.push_str(found.as_deref().unwrap_or(digits));
        rest = after;
    }
    masked.push_str(rest);
    masked
}

fn may_be_worth_money(text: &str) -> bool {
    let is_gtin = Gtin::parse(text).is_ok();
    match redemption::issuer_of(text) {
        Some(IssuerName::Douyin) => !is_gtin,
        Some(IssuerName::Wechat) => {
            let is_of_goods = text.bytes().all(|byte| byte.is_ascii_digit())
                && GOODS_DIGITS.contains(&text.len());
            !is_of_goods && text.len() >= COUPON_CHARS_MIN
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn of_what_may_be_a_voucher_only_the_end_is_shown() {
        for (text, expected) in [
            ("6901234567892", "6901234567892"),
            ("6901234567891", "6901234567891"),
            ("2199999012502", "2199999012502"),
            ("TEA-1", "TEA-1"),
            ("KN2301", "KN2301"),
            ("123456789013", "…9013"),
            ("123456789012345", "…2345"),
            ("CP20261122ABCDEF", "…CDEF"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_reads_as_a_phone_number_is_masked_wherever_it_stands() {
        for (text, expected) in [
            ("13812345678", "138****5678"),
            (" 138 1234-5678 ", "138****5678"),
            ("+8613812345678", "+86138****5678"),
            ("8613812345678", "86138****5678"),
            ("008613812345678", "0086138****5678"),
            ("tel:13812345678", "tel:138****5678"),
            ("MECARD:N:王;TEL:13812345678;;", "MECARD:N:王;TEL:138****5678;;"),
            ("13812345678/15987654321", "138****5678/159****4321"),
            ("12812345678", "12812345678"),
            ("1381234567", "1381234567"),
            ("", ""),
        ] {
            let told = shown(text);
            assert_eq!(told, expected, "{text}");
            let unmasked = ["13812345678", "15987654321"].iter().find(|n| told.contains(**n));
            assert_eq!(unmasked, None, "{text}");
        }
    }

    #[test]
    fn a_scan_is_printed_without_what_was_read() {
        let command = Command {
            workstation: 1,
            id: domain::id::Id::from_uuid(uuid::Uuid::from_u128(1)),
            body: sync::chain::Hash::of(b""),
        };
        let scan = ScanCommand { command, text: "134567890123456789".into(), quantity: None };
        let printed = format!("{scan:?}");
        assert!(printed.contains("quantity") && !printed.contains("6789"), "{printed}");
    }
}
