//! Which column is what, by the header's names.
//!
//! **Invariant:** columns may stand in any order; what is not known is told once and left alone.

use super::sheet::{Cell, SheetRow};

/// A column that an import understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Sku,
    Barcode,
    Name,
    Spec,
    Style,
    Colour,
    Size,
    Unit,
    ListPrice,
    TaxRate,
    Brand,
    Category,
    ExtraBarcodes,
    LabelPlu,
    Tags,
    Cost,
}

/// Every column, its name, and what else it may be called.
const NAMES: [(Column, &str, &[&str]); 16] = [
    (Column::Sku, "sku", &["货号"]),
    (Column::Barcode, "barcode", &["条码", "条形码", "国际条码"]),
    (Column::Name, "name", &["名称", "品名", "商品名称"]),
    (Column::Spec, "spec", &["规格"]),
    (Column::Style, "style", &["款号"]),
    (Column::Colour, "colour", &["color", "颜色"]),
    (Column::Size, "size", &["尺码"]),
    (Column::Unit, "unit", &["单位"]),
    (Column::ListPrice, "list_price_yuan", &["price_yuan", "原价", "售价", "零售价"]),
    (Column::TaxRate, "tax_rate_percent", &["税率"]),
    (Column::Brand, "brand", &["品牌"]),
    (Column::Category, "category", &["分类", "类别"]),
    (Column::ExtraBarcodes, "extra_barcodes", &["附加条码"]),
    (Column::LabelPlu, "label_plu", &["plu"]),
    (Column::Tags, "tags", &["标签"]),
    (Column::Cost, "cost_yuan", &["成本价", "进价"]),
];

impl Column {
    /// Its name in the header and in reports.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(column, ..)| *column == self).map_or("", |(_, name, _)| name)
    }

    fn called(header: &str) -> Option<Self> {
        let header = header.trim().to_lowercase();
        NAMES
            .iter()
            .find(|(_, name, others)| *name == header || others.contains(&header.as_str()))
            .map(|(column, ..)| *column)
    }
}

/// Why a header was refused; nothing is imported then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    /// No line at all.
    #[error("the file is empty")]
    Empty,
    /// A column that must be there is not.
    #[error("the header has no column `{0}`")]
    Missing(&'static str),
    /// Two columns mean the same.
    #[error("the header has more than one column `{0}`")]
    Twice(&'static str),
}

/// Where each column stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    places: Vec<Option<Column>>,
}

impl Columns {
    /// Reads a header; beside the columns come the names that are not known.
    pub(super) fn of(header: &SheetRow) -> Result<(Self, Vec<String>), HeaderFault> {
        let mut ignored = Vec::new();
        let mut places: Vec<Option<Column>> = Vec::new();
        for cell in &header.cells {
            let column = Column::called(&cell.text);
            if let Some(column) = column
                && places.contains(&Some(column))
            {
                return Err(HeaderFault::Twice(column.name()));
            }
            if column.is_none() && !cell.text.is_empty() {
                ignored.push(cell.text.chars().take(40).collect());
            }
            places.push(column);
        }
        let has = |column: Column| places.contains(&Some(column));
        if !has(Column::Sku) && !has(Column::Barcode) {
            return Err(HeaderFault::Missing("sku` or `barcode"));
        }
        match [Column::Name, Column::ListPrice].into_iter().find(|column| !has(*column)) {
            Some(column) => Err(HeaderFault::Missing(column.name())),
            None => Ok((Self { places }, ignored)),
        }
    }

    /// Whether the header names a column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains(&Some(column))
    }

    /// How many cells a row has at most.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// A row's cell in a column; an empty one where there is none.
    pub(super) fn cell(&self, row: &SheetRow, column: Column) -> Cell {
        let place = self.places.iter().position(|at| *at == Some(column));
        place.and_then(|place| row.cells.get(place)).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Result<(Columns, Vec<String>), HeaderFault> {
        Columns::of(&SheetRow { line: 1, cells: header.split(',').map(Cell::text).collect() })
    }

    #[test]
    fn headers_are_told_by_name_in_any_order_and_in_two_languages() {
        let (columns, ignored) = of("价签,售价,Name, 条码 ").unwrap();
        assert_eq!(ignored, ["价签"]);
        let row = SheetRow { line: 2, cells: "x,9.90,奶,1".split(',').map(Cell::text).collect() };
        assert_eq!(columns.cell(&row, Column::ListPrice).text, "9.90");
        assert_eq!(columns.cell(&row, Column::Barcode).text, "1");
        assert_eq!(columns.cell(&row, Column::Brand).text, "");
    }

    #[test]
    fn a_header_that_lacks_or_doubles_a_column_is_refused() {
        let table = [
            ("name,price_yuan", HeaderFault::Missing("sku` or `barcode")),
            ("sku,price_yuan", HeaderFault::Missing("name")),
            ("sku,name", HeaderFault::Missing("list_price_yuan")),
            ("sku,name,price_yuan,list_price_yuan", HeaderFault::Twice("list_price_yuan")),
        ];
        for (header, fault) in table {
            assert_eq!(of(header).unwrap_err(), fault, "{header}");
        }
    }
}
