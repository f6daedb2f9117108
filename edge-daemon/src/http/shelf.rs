//! The shelf: categories, pages of items, search, and an item with its variants, for kiosks and
//! phones. No shopper and no cart is known here.

use axum::{
    Json as Answer,
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::{catalog::Item, pricing::rule::Channel};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{App, body::MoneyBody, caller::Visitor, problem::Problem, view::UnitView};
use crate::{
    db::{DbError, catalog, find, shelf as placed},
    refusal::Refusal,
    shelf::{self, Category, ShelfTerms},
};

/// Tiles of a page: what a large screen shows without scrolling far.
const PAGE_TILES: u32 = 24;
/// The last page that is given; whoever is that far searches.
const PAGE_MAX: u32 = 5_000;
/// Thousandths of a piece.
const MILLI: i64 = 1_000;
/// Signs of a 货号 or barcode.
const KEY_CHARS_MAX: usize = domain::catalog::KEY_CHARS_MAX;

/// Where the asker would buy; rules may be for one way of selling only.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChannelView {
    #[default]
    Kiosk,
    Phone,
    Till,
}

impl From<ChannelView> for Channel {
    fn from(channel: ChannelView) -> Self {
        match channel {
            ChannelView::Kiosk => Self::Kiosk,
            ChannelView::Phone => Self::Phone,
            ChannelView::Till => Self::Till,
        }
    }
}

/// Which part of the shelf.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// A category's path; everything by itself.
    category: Option<String>,
    /// From 0.
    page: Option<u32>,
    /// `kiosk` by itself.
    #[param(inline)]
    channel: Option<ChannelView>,
}

/// A question to the shelf.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// A name, 货号, the end of a barcode, 拼音 initials or full 拼音.
    query: String,
    /// `kiosk` by itself.
    #[param(inline)]
    channel: Option<ChannelView>,
}

/// For whom an item is priced.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChannelQuery {
    /// `kiosk` by itself.
    #[param(inline)]
    channel: Option<ChannelView>,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryBody {
    /// Its path, parts divided by `/`.
    path: String,
    /// The last part of it.
    name: String,
    /// Parts above it.
    depth: u16,
    /// Tiles in it and below it.
    count: u32,
}

impl From<&Category> for CategoryBody {
    fn from(category: &Category) -> Self {
        let depth = category.path.matches('/').count();
        Self {
            name: category.path.rsplit('/').next().unwrap_or_default().to_owned(),
            depth: u16::try_from(depth).unwrap_or(u16::MAX),
            count: category.n_placed,
            path: category.path.clone(),
        }
    }
}

/// The categories, by path.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoriesBody {
    categories: Vec<CategoryBody>,
    /// Tiles in all.
    count: u32,
}

/// What stands on the shelf once: an item, or a style for all its variants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TileBody {
    /// Of the item, or of one variant.
    sku: String,
    name: String,
    brand: String,
    category: String,
    /// What the item is made up as, e.g. `500ml`; empty for a style of several variants.
    spec: String,
    unit: UnitView,
    /// Before any reduction.
    list_price: MoneyBody,
    /// What one costs now; of variants the cheapest.
    price: MoneyBody,
    /// Other variants cost more.
    from: bool,
    /// Rules that take off it by themselves.
    promotions: Vec<String>,
    variants: u32,
}

/// A page of tiles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TilesBody {
    tiles: Vec<TileBody>,
    /// All tiles of this answer's question; of a search, as many as are looked at.
    count: u32,
    /// There are more.
    more: bool,
}

/// One variant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariantBody {
    sku: String,
    /// Its first barcode in 14 digits, or empty.
    code: String,
    spec: String,
    colour: String,
    size: String,
    list_price: MoneyBody,
    price: MoneyBody,
    promotions: Vec<String>,
    /// Whole pieces, or thousandths of a kilogram, that may still be sold here; missing where nobody
    /// ever counted it.
    available: Option<i64>,
}

/// An item with its variants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShelfItemBody {
    /// The one that was asked for.
    sku: String,
    name: String,
    brand: String,
    category: String,
    unit: UnitView,
    /// It goes into a cart as it is; what is weighed needs its label.
    sellable: bool,
    /// Itself and its style's others, by colour and size.
    variants: Vec<VariantBody>,
}

fn tile(
    connection: &Connection,
    terms: &ShelfTerms,
    sku: &str,
) -> Result<Option<TileBody>, DbError> {
    let Some(item) = catalog::by_sku(connection, sku)? else { return Ok(None) };
    let mut variants = placed::variants(connection, &item.style, shelf::VARIANTS_MAX)?;
    let count = u32::try_from(variants.len()).unwrap_or(u32::MAX).max(1);
    let dearest = variants.iter().map(|one| one.list_price).max().unwrap_or(item.list_price);
    let cheapest = variants
        .iter()
        .position(|one| variants.iter().all(|other| one.list_price <= other.list_price));
    let shown = cheapest.map_or(item, |place| variants.swap_remove(place));
    let now = terms.price(&shown)?;
    Ok(Some(TileBody {
        spec: if count == 1 { shown.spec_line() } else { String::new() },
        list_price: shown.list_price.into(),
        price: now.price.into(),
        from: shown.list_price < dearest,
        promotions: now.promotions,
        unit: shown.unit.into(),
        sku: shown.sku,
        name: shown.name,
        brand: shown.brand,
        category: shown.category,
        variants: count,
    }))
}

fn variant(
    connection: &Connection,
    terms: &ShelfTerms,
    item: Item,
) -> Result<VariantBody, DbError> {
    let now = terms.price(&item)?;
    Ok(VariantBody {
        code: placed::first_barcode(connection, &item.sku)?.unwrap_or_default(),
        spec: item.spec_line(),
        colour: item.colour,
        size: item.size,
        list_price: item.list_price.into(),
        price: now.price.into(),
        promotions: now.promotions,
        available: None,
        sku: item.sku,
    })
}

/// Reads the catalog where blocking is fine.
async fn read<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&App, &crate::db::replica::Replica) -> Result<T, DbError> + Send + 'static,
) -> Result<T, Problem> {
    let catalog = app.context.replicas.catalog().ok_or(Problem::from(&Refusal::NoCatalog))?;
    let of = app.clone();
    let read = tokio::task::spawn_blocking(move || read(&of, &catalog)).await;
    Ok(read.unwrap_or(Err(DbError::Closed))?)
}

/// The categories of the shelf. Anybody, at a pace.
#[utoipa::path(get, path = "/api/v1/shelf/categories",
    responses((status = 200, body = CategoriesBody)))]
pub(super) async fn categories(
    State(app): State<App>,
    _: Visitor,
) -> Result<Answer<CategoriesBody>, Problem> {
    let walk = read(&app, |app, catalog| app.context.walks.of(catalog)).await?;
    Ok(Answer(CategoriesBody {
        categories: walk.categories.iter().map(CategoryBody::from).collect(),
        count: count(walk.under("").count()),
    }))
}

/// A page of the shelf. Anybody, at a pace.
#[utoipa::path(get, operation_id = "shelf_page", path = "/api/v1/shelf/items", params(PageQuery),
    responses((status = 200, body = TilesBody)))]
pub(super) async fn page(
    State(app): State<App>,
    _: Visitor,
    Query(PageQuery { category, page, channel }): Query<PageQuery>,
) -> Result<Answer<TilesBody>, Problem> {
    let terms = ShelfTerms::of(&app.context, channel.unwrap_or_default().into());
    let (category, page) = (category.unwrap_or_default(), page.unwrap_or_default().min(PAGE_MAX));
    let shown = read(&app, move |app, catalog| {
        let walk = app.context.walks.of(catalog)?;
        let n = walk.under(&category).count();
        let first = usize::try_from(page * PAGE_TILES).unwrap_or(usize::MAX);
        let many = usize::try_from(PAGE_TILES).unwrap_or_default();
        let tiles = catalog.read(|db| -> Result<Vec<TileBody>, DbError> {
            let skus = walk.under(&category).skip(first).take(many);
            skus.filter_map(|sku| tile(db, &terms, sku).transpose()).collect()
        })?;
        Ok(TilesBody { tiles, count: count(n), more: first.saturating_add(many) < n })
    });
    Ok(Answer(shown.await?))
}

/// Searches the shelf: variants of one style are one tile. Anybody, at a pace.
#[utoipa::path(get, operation_id = "shelf_search", path = "/api/v1/shelf/search",
    params(SearchQuery), responses((status = 200, body = TilesBody)))]
pub(super) async fn search(
    State(app): State<App>,
    _: Visitor,
    Query(SearchQuery { query, channel }): Query<SearchQuery>,
) -> Result<Answer<TilesBody>, Problem> {
    let terms = ShelfTerms::of(&app.context, channel.unwrap_or_default().into());
    let shown = read(&app, move |_, catalog| {
        catalog.read(|db| {
            let (found, is_more) = find::items(db, &query)?;
            let mut kept: Vec<Item> = Vec::new();
            for one in found {
                let is_new = one.item.style.is_empty()
                    || kept.iter().all(|known| known.style != one.item.style);
                if is_new {
                    kept.push(one.item);
                }
            }
            let many = usize::try_from(PAGE_TILES).unwrap_or_default();
            let tiles = kept.iter().take(many);
            let tiles = tiles.filter_map(|item| tile(db, &terms, &item.sku).transpose());
            let tiles = tiles.collect::<Result<Vec<_>, DbError>>()?;
            Ok(TilesBody { tiles, count: count(kept.len()), more: is_more || kept.len() > many })
        })
    });
    Ok(Answer(shown.await?))
}

/// An item by its 货号 or a barcode, with the variants of its style. Anybody, at a pace.
#[utoipa::path(get, operation_id = "shelf_item", path = "/api/v1/shelf/items/{key}",
    params(("key" = String, Path), ChannelQuery),
    responses((status = 200, body = ShelfItemBody)))]
pub(super) async fn item(
    State(app): State<App>,
    _: Visitor,
    Path(key): Path<String>,
    Query(ChannelQuery { channel }): Query<ChannelQuery>,
) -> Result<Answer<ShelfItemBody>, Problem> {
    if key.chars().count() > KEY_CHARS_MAX {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    let terms = ShelfTerms::of(&app.context, channel.unwrap_or_default().into());
    let shown = read(&app, move |_, catalog| {
        catalog.read(|db| -> Result<Option<ShelfItemBody>, DbError> {
            let Some((item, variants)) = shelf::with_variants(db, &key)? else { return Ok(None) };
            let variants = variants
                .into_iter()
                .map(|one| variant(db, &terms, one))
                .collect::<Result<_, _>>()?;
            Ok(Some(ShelfItemBody {
                sellable: item.unit == domain::catalog::Unit::Piece,
                unit: item.unit.into(),
                sku: item.sku,
                name: item.name,
                brand: item.brand,
                category: item.category,
                variants,
            }))
        })
    });
    let unknown = || Problem::plain("item-unknown", StatusCode::NOT_FOUND);
    let mut item = shown.await?.ok_or_else(unknown)?;
    let skus = item.variants.iter().map(|one| one.sku.clone()).collect();
    let held = crate::stock::available(&app.context, skus).await?;
    let each = if item.sellable { MILLI } else { 1 };
    for variant in &mut item.variants {
        let left = held.get(&variant.sku).map(|left| left.milli().max(0));
        variant.available = left.and_then(|milli| milli.checked_div(each));
    }
    Ok(Answer(item))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
