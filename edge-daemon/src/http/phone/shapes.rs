//! What a shopper's phone is told, as it is written.
//!
//! **Invariant:** no amount is computed here; nothing of another shopper, of a cart on a counter, or
//! of the people who work here is in it.

use domain::{catalog::Item, quantity::Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    context::Context,
    db::DbError,
    http::{
        body::MoneyBody,
        problem::Language,
        view::{
            CustomerCartView, CustomerLineView, StoreView, customer_cart, store_view,
            workstation_name,
        },
    },
    phone::{self, PhoneCart},
    station::Priced,
};

/// All that a phone shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PhoneView {
    now: String,
    store: StoreView,
    /// Its cart, priced as it would be sold to a phone now; a till prices it once more.
    cart: Option<CustomerCartView>,
    /// What to show to a till, while it is good.
    code: Option<PhoneCodeView>,
    /// The till that took the cart in. It stays taken in, also when the till undoes it.
    taken: Option<PhoneTakenView>,
}

/// What is shown to a till.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PhoneCodeView {
    /// Four digits, to be read out.
    digits: String,
    /// What the QR says.
    ticket: String,
    until: String,
}

/// Where a cart went.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PhoneTakenView {
    /// The workstation's name.
    workstation: String,
    at: String,
}

/// An item as a phone shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PhoneItemView {
    sku: String,
    /// By what it was found.
    code: String,
    name: String,
    spec: String,
    style: String,
    colour: String,
    size: String,
    brand: String,
    /// How many pieces the barcode that was read stands for, in thousandths.
    pack_milli: i64,
    /// What one piece costs now, and what reduces it.
    line: CustomerLineView,
    /// What little more would bring.
    hints: Vec<String>,
    /// All of its style, itself among them; none without a style.
    variants: Vec<PhoneVariantView>,
}

/// One of a style.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PhoneVariantView {
    sku: String,
    colour: String,
    size: String,
    spec: String,
    list_price: MoneyBody,
}

/// A phone's view of its cart.
pub(super) fn view(
    context: &Context,
    cart: Option<&PhoneCart>,
    language: Language,
) -> Result<PhoneView, DbError> {
    let now = context.clock.now();
    let priced = cart.map(|cart| phone::priced_cart(context, cart)).transpose()?;
    let code = cart.and_then(|cart| {
        let shown = cart.shows(now)?;
        Some(PhoneCodeView {
            digits: shown.code.clone(),
            ticket: context.phones.keys.ticket(cart.id, &shown.code),
            until: shown.until.to_string(),
        })
    });
    let taken = cart.and_then(|cart| cart.taken).map(|taken| PhoneTakenView {
        workstation: workstation_name(context, taken.by),
        at: taken.at.to_string(),
    });
    Ok(PhoneView {
        now: now.to_string(),
        store: store_view(context),
        cart: priced.map(|priced| customer_cart(&priced, language)),
        code,
        taken,
    })
}

/// An item, priced as a cart of one.
pub(super) fn item(
    priced: &Priced,
    pack: Quantity,
    variants: &[Item],
    language: Language,
) -> Option<PhoneItemView> {
    let item = &priced.station.cart.lines.first()?.item;
    let cart = customer_cart(priced, language);
    let variant = |one: &Item| PhoneVariantView {
        sku: one.sku.clone(),
        colour: one.colour.clone(),
        size: one.size.clone(),
        spec: one.spec.clone(),
        list_price: one.list_price.into(),
    };
    Some(PhoneItemView {
        sku: item.sku.clone(),
        code: item.code.clone(),
        name: item.name.clone(),
        spec: item.spec.clone(),
        style: item.style.clone(),
        colour: item.colour.clone(),
        size: item.size.clone(),
        brand: item.brand.clone(),
        pack_milli: pack.milli(),
        line: cart.lines.into_iter().next()?,
        hints: cart.hints,
        variants: variants.iter().map(variant).collect(),
    })
}
