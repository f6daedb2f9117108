//! Cells → item, or what is wrong with them.
//!
//! **Invariant:** one fault per row, the first one met, with the column, the reason and the value.

use domain::{
    barcode::Gtin,
    catalog::{Item, ItemBarcode, Unit},
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    quantity::Quantity,
};
use serde::Serialize;
use sync::{chain::Hash, wire::ItemV1};

use super::{
    columns::{Column, Columns},
    pinyin,
    sheet::{Cell, CellKind, SheetRow},
};
use crate::db::barcodes;

/// A tax rate that is not written is the common one of goods in China.
const TAX_RATE: BasisPoints = BasisPoints(1_300);
/// Signs of a refused value that are told.
const VALUE_CHARS_MAX: usize = 60;
/// A spreadsheet's numbers are exact up to here.
const NUMBER_DIGITS_MAX: usize = 15;

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RowFault {
    /// The line of the file, or the row of the sheet, from 1.
    pub(crate) line: u64,
    /// The column.
    pub(crate) field: &'static str,
    /// What is wrong.
    pub(crate) reason: String,
    /// What stands there, shortened.
    pub(crate) value: String,
}

impl RowFault {
    pub(super) fn new(line: u64, field: &'static str, reason: impl ToString, value: &str) -> Self {
        let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let value = value.chars().take(VALUE_CHARS_MAX).map(shown).collect();
        Self { line, field, reason: reason.to_string(), value }
    }
}

/// A row that can be planned.
#[derive(Clone, Debug)]
pub(super) struct ItemRow {
    /// Where it stands.
    pub(super) line: u64,
    /// The item as the feed will carry it.
    pub(super) item: ItemV1,
    /// Digest of that.
    pub(super) digest: Hash,
    /// What it costs HQ, nothing if the cell is empty; `None` where the file has no such column.
    pub(super) cost: Option<Money>,
}

/// Reads a row.
pub(super) fn read(row: &SheetRow, columns: &Columns) -> Result<ItemRow, RowFault> {
    let cells = Cells { row, columns };
    if let Some(cell) = row.cells.first().filter(|cell| cell.kind == CellKind::Unclosed) {
        let reason = "has a quote that is never closed, or is longer than 64 KiB";
        return Err(RowFault::new(row.line, "row", reason, &cell.text));
    }
    if row.cells.iter().skip(columns.len()).any(|cell| !cell.text.is_empty()) {
        let reason = format!("has more cells than the header's {}", columns.len());
        let value = row.cells.last().map_or("", |cell| cell.text.as_str());
        return Err(RowFault::new(row.line, "row", reason, value));
    }
    let item = cells.item()?;
    let cost = cells.cost()?;
    if let Err(fault) = item.check() {
        let value = cells.by_name(fault.field);
        return Err(RowFault::new(row.line, fault.field, fault.reason, &value));
    }
    let (initials, pinyin) = pinyin::letters(&item.name);
    let mut item = ItemV1::of(&item, initials, pinyin);
    barcodes::sort(&mut item.barcodes);
    let digest = digest(&item);
    Ok(ItemRow { line: row.line, item, digest, cost })
}

/// The digest by which an unchanged row is known.
fn digest(item: &ItemV1) -> Hash {
    // A struct of texts and numbers always serialises.
    Hash::of(&serde_json::to_vec(item).unwrap_or_default())
}

struct Cells<'a> {
    row: &'a SheetRow,
    columns: &'a Columns,
}

impl Cells<'_> {
    fn fault(&self, column: Column, reason: impl ToString, value: &str) -> RowFault {
        RowFault::new(self.row.line, column.name(), reason, value)
    }

    fn by_name(&self, name: &str) -> String {
        let all = [Column::Sku, Column::Name, Column::Spec, Column::Style, Column::Colour];
        let more = [Column::Size, Column::Brand, Column::Category, Column::LabelPlu];
        let others = [Column::ListPrice, Column::ExtraBarcodes, Column::Tags];
        let column = all.into_iter().chain(more).chain(others).find(|c| c.name() == name);
        column.map(|column| self.columns.cell(self.row, column).text).unwrap_or_default()
    }

    /// A cell that can be read as text.
    fn cell(&self, column: Column) -> Result<Cell, RowFault> {
        let cell = self.columns.cell(self.row, column);
        if cell.kind == CellKind::Odd {
            let reason = "is a date, a yes/no or an error, not text";
            return Err(self.fault(column, reason, &cell.text));
        }
        if cell.text.contains('\u{fffd}') {
            return Err(self.fault(column, "is not readable text", &cell.text));
        }
        Ok(cell)
    }

    fn text(&self, column: Column) -> Result<String, RowFault> {
        self.cell(column).map(|cell| cell.text)
    }

    /// A text whose digits must all be there.
    fn key(&self, column: Column) -> Result<String, RowFault> {
        let cell = self.cell(column)?;
        let n_digits = cell.text.bytes().filter(u8::is_ascii_digit).count();
        if cell.kind == CellKind::Number && n_digits > NUMBER_DIGITS_MAX {
            let reason = "is a number that has lost digits; format the column as text";
            return Err(self.fault(column, reason, &cell.text));
        }
        Ok(cell.text)
    }

    fn item(&self) -> Result<Item, RowFault> {
        let barcode = self.key(Column::Barcode)?;
        let sku = Some(self.key(Column::Sku)?).filter(|sku| !sku.is_empty());
        let barcodes = self.barcodes(&barcode)?;
        Ok(Item {
            sku: sku.unwrap_or(barcode),
            name: self.text(Column::Name)?,
            spec: self.text(Column::Spec)?,
            unit: self.unit()?,
            style: self.key(Column::Style)?,
            colour: self.text(Column::Colour)?,
            size: self.text(Column::Size)?,
            brand: self.text(Column::Brand)?,
            category: self.text(Column::Category)?,
            list_price: self.list_price()?,
            tax_rate: self.tax_rate()?,
            plu: self.plu()?,
            tags: self.tags()?,
            barcodes,
        })
    }

    fn barcodes(&self, barcode: &str) -> Result<Vec<ItemBarcode>, RowFault> {
        let mut barcodes = Vec::new();
        if !barcode.is_empty() {
            let gtin = Gtin::parse(barcode)
                .map_err(|error| self.fault(Column::Barcode, error, barcode))?;
            barcodes.push(ItemBarcode { gtin, pack: Quantity::ONE });
        }
        let extra = self.key(Column::ExtraBarcodes)?;
        for part in extra.split([';', '；']).map(str::trim).filter(|part| !part.is_empty()) {
            let fault = |reason: String| self.fault(Column::ExtraBarcodes, reason, part);
            let (code, pack) = part.split_once('*').unwrap_or((part, "1"));
            let gtin = Gtin::parse(code.trim()).map_err(|error| fault(error.to_string()))?;
            let pieces: i64 = match pack.trim().parse::<u16>() {
                Ok(pieces) if pieces > 0 => pieces.into(),
                Ok(_) | Err(_) => return Err(fault("a pack is a whole number of pieces".into())),
            };
            if barcodes.iter().any(|held: &ItemBarcode| held.gtin == gtin) {
                return Err(fault("stands twice in this row".into()));
            }
            barcodes.push(ItemBarcode { gtin, pack: Quantity::from_milli(pieces * 1_000) });
        }
        Ok(barcodes)
    }

    fn unit(&self) -> Result<Unit, RowFault> {
        let text = self.text(Column::Unit)?;
        match text.to_lowercase().as_str() {
            "" | "件" | "个" => Ok(Unit::Piece),
            "千克" | "公斤" => Ok(Unit::Kg),
            word => Unit::from_word(word)
                .ok_or_else(|| self.fault(Column::Unit, "is neither piece nor kg", &text)),
        }
    }

    fn list_price(&self) -> Result<Money, RowFault> {
        let text = self.text(Column::ListPrice)?;
        if text.is_empty() {
            return Err(self.fault(Column::ListPrice, "is missing", &text));
        }
        Money::parse_yuan(&text).map_err(|error| self.fault(Column::ListPrice, error, &text))
    }

    /// What HQ pays; 0 is a price that nobody has said.
    fn cost(&self) -> Result<Option<Money>, RowFault> {
        if !self.columns.has(Column::Cost) {
            return Ok(None);
        }
        let text = self.text(Column::Cost)?;
        if text.is_empty() {
            return Ok(Some(Money::ZERO));
        }
        let fault = |reason: String| self.fault(Column::Cost, reason, &text);
        let cost = Money::parse_yuan(&text).map_err(|error| fault(error.to_string()))?;
        if (0..=UNIT_PRICE_MINOR_MAX).contains(&cost.minor()) {
            Ok(Some(cost))
        } else {
            Err(fault("is out of range".to_owned()))
        }
    }

    fn tags(&self) -> Result<Vec<String>, RowFault> {
        let text = self.text(Column::Tags)?;
        let mut tags: Vec<String> = Vec::new();
        for tag in text.split([';', '；']).map(str::trim).filter(|tag| !tag.is_empty()) {
            if tags.iter().any(|held| held == tag) {
                return Err(self.fault(Column::Tags, "stands twice in this row", tag));
            }
            tags.push(tag.to_owned());
        }
        Ok(tags)
    }

    fn tax_rate(&self) -> Result<BasisPoints, RowFault> {
        let cell = self.cell(Column::TaxRate)?;
        if cell.text.is_empty() {
            return Ok(TAX_RATE);
        }
        // A spreadsheet keeps 13 % as 0.13; taken as it stands it would be an eighth of a percent.
        if cell.kind == CellKind::Number && cell.text.starts_with("0.") {
            let reason = "is a fraction; write 13 for 13 %";
            return Err(self.fault(Column::TaxRate, reason, &cell.text));
        }
        BasisPoints::parse_percent(&cell.text).ok_or_else(|| {
            let reason = "is not a percentage from 0 to 100 with at most two decimals";
            self.fault(Column::TaxRate, reason, &cell.text)
        })
    }

    fn plu(&self) -> Result<String, RowFault> {
        let text = self.key(Column::LabelPlu)?;
        if text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(text)
        } else {
            Err(self.fault(Column::LabelPlu, "has digits only", &text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "sku,barcode,name,price_yuan,unit,tax_rate_percent,extra_barcodes,label_plu,spec";

    fn sheet(line: u64, text: &str) -> SheetRow {
        SheetRow { line, cells: text.split(',').map(Cell::text).collect() }
    }

    fn read_one(text: &str) -> Result<ItemV1, RowFault> {
        let (columns, _) = Columns::of(&sheet(1, HEADER)).unwrap();
        read(&sheet(7, text), &columns).map(|row| row.item)
    }

    fn check_bad(text: &str, field: &str, reason: &str, value: &str) {
        let fault = read_one(text).unwrap_err();
        assert_eq!(
            (fault.line, fault.field, fault.reason.as_str(), fault.value.as_str()),
            (7, field, reason, value),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let item = read_one(",6901234567892,纯牛奶,5").unwrap();
        assert_eq!(item.sku, "6901234567892");
        assert_eq!((item.unit, item.tax_rate_bps), (Unit::Piece, BasisPoints(1_300)));
        assert_eq!(item.list_price_minor.minor(), 500);
        assert_eq!((item.initials.as_str(), item.pinyin.as_str()), ("cnn", "chunniunai"));
    }

    #[test]
    fn every_column_is_read() {
        let extra = "16901234567899*12;96385074";
        let item =
            read_one(&format!("A1,6901234567892,苹果,9.90,kg,9,{extra},06013,一级")).unwrap();
        let barcodes: Vec<String> =
            item.barcodes.iter().map(|b| format!("{}*{}", b.gtin, b.pack_milli)).collect();
        assert_eq!(barcodes.join(" "), "00000096385074*1 06901234567892*1 16901234567899*12");
        assert_eq!((item.unit, item.tax_rate_bps.0), (Unit::Kg, 900));
        assert_eq!((item.plu.as_str(), item.spec.as_str()), ("06013", "一级"));
    }

    #[test]
    fn bad_rows_are_told_by_line_field_reason_and_value() {
        let digits = "a GTIN has 8, 12, 13 or 14 digits";
        check_bad(",,奶,5", "sku", "is missing", "");
        check_bad("A,,,5", "name", "is missing", "");
        check_bad("A,,奶,", "list_price_yuan", "is missing", "");
        check_bad("A,,奶,5.999", "list_price_yuan", "more than two decimals", "5.999");
        check_bad("A,,奶,-1", "list_price_yuan", "is out of range", "-1");
        check_bad("A,,奶,¥5", "list_price_yuan", "not a decimal amount", "¥5");
        check_bad("A,690,奶,5", "barcode", digits, "690");
        check_bad(
            "A,6901234567890,奶,5",
            "barcode",
            "the check digit should be 2",
            "6901234567890",
        );
        check_bad("A,,奶,5,箱", "unit", "is neither piece nor kg", "箱");
        let percent = "is not a percentage from 0 to 100 with at most two decimals";
        check_bad("A,,奶,5,,130", "tax_rate_percent", percent, "130");
        check_bad("A,,奶,5,,,690*2", "extra_barcodes", digits, "690*2");
        let pack = "a pack is a whole number of pieces";
        check_bad("A,,奶,5,,,96385074*0", "extra_barcodes", pack, "96385074*0");
        check_bad("A,,奶,5,,,96385074*9999999", "extra_barcodes", pack, "96385074*9999999");
        let twice = "stands twice in this row";
        check_bad("A,96385074,奶,5,,,96385074*6", "extra_barcodes", twice, "96385074*6");
        check_bad("A,,奶,5,,,,12a", "label_plu", "has digits only", "12a");
        check_bad("A,,奶\u{fffd},5", "name", "is not readable text", "奶\u{fffd}");
        check_bad("A,,奶\u{1}b,5", "name", "has unprintable characters", "奶\u{fffd}b");
        check_bad("A,,奶,5,,,,,,x", "row", "has more cells than the header's 9", "x");
        let long = "奶".repeat(201);
        check_bad(&format!("A,,{long},5"), "name", "is too long", &"奶".repeat(60));
    }

    #[test]
    fn numbers_of_a_spreadsheet_are_taken_whole_or_refused() {
        let (columns, _) = Columns::of(&sheet(1, HEADER)).unwrap();
        let number = |text: &str| Cell { text: text.into(), kind: CellKind::Number };
        let row = |barcode: &str, price: &str, tax: &str| SheetRow {
            line: 7,
            cells: vec![
                Cell::text("A"),
                number(barcode),
                Cell::text("奶"),
                number(price),
                Cell::text(""),
                number(tax),
            ],
        };
        let item = read(&row("6901234567892", "12.9", "13"), &columns).unwrap().item;
        assert_eq!(item.barcodes[0].gtin.to_string(), "06901234567892");
        let table = [
            (row("1234567890123456", "1", "13"), "barcode"),
            (row("6901234567892", "0.30000000000000004", "13"), "list_price_yuan"),
            (row("6901234567892", "1", "0.13"), "tax_rate_percent"),
        ];
        for (row, field) in table {
            assert_eq!(read(&row, &columns).unwrap_err().field, field);
        }
        let mut odd = row("6901234567892", "1", "13");
        odd.cells[2] = Cell { text: "(date)".into(), kind: CellKind::Odd };
        assert_eq!(read(&odd, &columns).unwrap_err().field, "name");
    }
}
