//! Laid-out rows as ESC/POS bytes, one whole job at a time.
//!
//! The `escpos` crate is the encoder, writing into memory. What it gets wrong is sent as plain
//! bytes: the partial cut (it sends 65, feed and full cut, where 66 is partial) and what it lacks:
//! Chinese mode, GBK text that never fails, CODE128. Numbers are those of Epson's ESC/POS
//! reference.
//!
//! **Invariant:** no drawer command is ever inside a job: kept in the buffer of a printer without
//! paper it would open the drawer when somebody reloads. See [`crate::drawer`].

use std::sync::{Arc, Mutex, PoisonError};

use escpos::driver::Driver;
use escpos::errors::PrinterError;
use escpos::printer::Printer;
use escpos::utils::{
    BarcodeFont, BarcodeHeight, BarcodeOption, BarcodePosition, BarcodeWidth, JustifyMode,
    Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption, UnderlineMode,
};
use thiserror::Error;

use crate::printer::document::{Align, Cut, Document, Paper, Size, Symbology};
use crate::printer::gbk;
use crate::printer::layout::{Line, Placed, lay_out, wrap};

/// `FS &`: the bytes 0x81 to 0xfe begin a pair from here on.
const CHINESE_ON: [u8; 2] = [0x1c, 0x26];

/// `GS V 66 0`: feeds to the cutter and leaves a bridge.
const CUT_PARTIAL: [u8; 4] = [0x1d, 0x56, 0x42, 0x00];

/// Dots of barcode height: 102 are 12.8 mm at 203 dpi, enough for a hand scanner.
const BARCODE_HEIGHT_DOTS: u8 = 102;

/// Modules of two dots, 0.25 mm at 203 dpi: the least that a hand scanner reads well.
const BARCODE_MODULE_DOTS: u8 = 2;

/// Bytes in a QR code at most.
///
/// A phone still reads it from paper, and its length bytes can never look like a real-time
/// command to a printer that listens for those inside data (0x10 0x04 would need 1,037 bytes).
pub const QR_BYTES_MAX: usize = 512;

/// Why a document could not become bytes.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The encoder refused a command that we believed to be sound.
    #[error("could not encode the {doing}")]
    Command {
        /// Which part of the job.
        doing: &'static str,
        /// The encoder's reason.
        #[source]
        source: PrinterError,
    },
}

/// The bytes of one job: reset, Chinese mode, then the rows.
///
/// A code that cannot be printed as such (a wrong check digit, too long) is printed as text, so
/// that the person still has the number.
///
/// # Errors
/// Only when the `escpos` crate refuses a command, which tests believe impossible.
pub fn encode(document: &Document, paper: Paper) -> Result<Vec<u8>, EncodeError> {
    let memory = Memory::default();
    let mut pen = Pen::new(memory.clone(), paper);
    pen.start()?;
    for placed in lay_out(document, paper) {
        pen.put(&placed)?;
    }
    pen.finish()?;
    Ok(memory.take())
}

/// A driver that keeps what it is given.
#[derive(Debug, Clone, Default)]
struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Memory {
    fn take(&self) -> Vec<u8> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *bytes)
    }
}

impl Driver for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn write(&self, data: &[u8]) -> escpos::errors::Result<()> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _buf: &mut [u8]) -> escpos::errors::Result<usize> {
        Ok(0)
    }

    fn flush(&self) -> escpos::errors::Result<()> {
        Ok(())
    }
}

/// Writes commands and knows the style the printer is in, so that only changes are sent.
struct Pen {
    printer: Printer<Memory>,
    paper: Paper,
    style: Style,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    align: Align,
    bold: bool,
    underline: bool,
    size: Size,
}

/// Names the part of the job in an error.
fn doing(doing: &'static str) -> impl Fn(PrinterError) -> EncodeError {
    move |source| EncodeError::Command { doing, source }
}

impl Pen {
    fn new(memory: Memory, paper: Paper) -> Self {
        Self {
            printer: Printer::new(memory, Protocol::default(), None),
            paper,
            style: Style::default(),
        }
    }

    fn start(&mut self) -> Result<(), EncodeError> {
        self.printer
            .init()
            .and_then(|printer| printer.custom(&CHINESE_ON))
            .map_err(doing("start"))?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), EncodeError> {
        self.printer.print().map_err(doing("job"))?;
        Ok(())
    }

    fn put(&mut self, placed: &Placed) -> Result<(), EncodeError> {
        match placed {
            Placed::Line(line) => self.line(line),
            Placed::Feed { lines } => {
                self.printer.feeds(*lines).map_err(doing("feed"))?;
                Ok(())
            }
            Placed::Qr { text, module } => self.qr(text, *module),
            Placed::Barcode { symbology: Symbology::Ean13, text } => self.ean13(text),
            Placed::Barcode { symbology: Symbology::Code128, text } => self.code128(text),
            Placed::Cut(cut) => self.cut(*cut),
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), EncodeError> {
        self.style(Style {
            align: line.align,
            bold: line.bold,
            underline: line.underline,
            size: line.size,
        })?;
        self.printer
            .custom(&gbk::encode(&line.text))
            .and_then(Printer::feed)
            .map_err(doing("line"))?;
        Ok(())
    }

    /// The text of a code that cannot be drawn as a code.
    fn instead(&mut self, text: &str) -> Result<(), EncodeError> {
        for text in wrap(&gbk::printable(text), self.paper.columns()) {
            self.line(&Line { text, align: Align::Centre, ..Line::default() })?;
        }
        Ok(())
    }

    fn style(&mut self, wanted: Style) -> Result<(), EncodeError> {
        let has = std::mem::replace(&mut self.style, wanted);
        let printer = &mut self.printer;
        if has.align != wanted.align {
            printer
                .justify(match wanted.align {
                    Align::Left => JustifyMode::LEFT,
                    Align::Centre => JustifyMode::CENTER,
                    Align::Right => JustifyMode::RIGHT,
                })
                .map_err(doing("alignment"))?;
        }
        if has.bold != wanted.bold {
            printer.bold(wanted.bold).map_err(doing("emphasis"))?;
        }
        if has.underline != wanted.underline {
            underline(printer, wanted.underline).map_err(doing("underline"))?;
        }
        if has.size != wanted.size {
            printer.size(wanted.size.width(), wanted.size.height()).map_err(doing("size"))?;
        }
        Ok(())
    }

    fn centre(&mut self) -> Result<(), EncodeError> {
        self.style(Style { align: Align::Centre, ..Style::default() })
    }

    fn qr(&mut self, text: &str, module: u8) -> Result<(), EncodeError> {
        if text.is_empty() || text.len() > QR_BYTES_MAX {
            return self.instead(text);
        }
        self.centre()?;
        let module = fitting_module(text.len(), module, self.paper);
        let option = QRCodeOption::new(QRCodeModel::Model2, module, QRCodeCorrectionLevel::M);
        self.printer.qrcode_option(text, option).map_err(doing("QR code"))?;
        Ok(())
    }

    fn ean13(&mut self, text: &str) -> Result<(), EncodeError> {
        if !is_ean13(text) {
            return self.instead(text);
        }
        self.centre()?;
        let option = BarcodeOption::new(
            BarcodeWidth::S,
            BarcodeHeight::S,
            BarcodeFont::A,
            BarcodePosition::Below,
        );
        self.printer.ean13_option(text, option).map_err(doing("barcode"))?;
        Ok(())
    }

    fn code128(&mut self, text: &str) -> Result<(), EncodeError> {
        match code128_bytes(text, self.paper) {
            Some(bytes) => {
                self.centre()?;
                self.printer.custom(&bytes).map_err(doing("barcode"))?;
                Ok(())
            }
            None => self.instead(text),
        }
    }

    /// Ends the slip in the style a printer has after a reset, for whatever comes next.
    fn cut(&mut self, cut: Cut) -> Result<(), EncodeError> {
        self.style(Style::default())?;
        match cut {
            Cut::Partial => self.printer.custom(&CUT_PARTIAL),
            Cut::Full => self.printer.cut(),
        }
        .map_err(doing("cut"))?;
        Ok(())
    }
}

/// Bytes that QR codes of version 1, 2, 3 … hold at level M, from ISO/IEC 18004.
const QR_CAPACITY: [usize; 18] =
    [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560];

/// The size of a module at which the code fits the paper, as large as wanted at most.
///
/// Printers leave out a code that is too wide. A version is 17 modules and 4 a step across, and
/// four blank ones stand at each side.
fn fitting_module(bytes: usize, wanted: u8, paper: Paper) -> u8 {
    let versions = QR_CAPACITY.iter().filter(|holds| **holds < bytes).count() + 1;
    let across = 17 + 4 * versions + 8;
    let most = usize::from(paper.dots()) / across;
    wanted.min(u8::try_from(most).unwrap_or(wanted)).max(1)
}

/// Underlines both kinds of characters: `ESC -` for ASCII, `FS -` for hanzi.
fn underline(printer: &mut Printer<Memory>, on: bool) -> escpos::errors::Result<()> {
    let mode = if on { UnderlineMode::Single } else { UnderlineMode::None };
    printer.underline(mode)?.custom(&[0x1c, 0x2d, u8::from(on)])?;
    Ok(())
}

/// Whether these are thirteen digits whose last one is right: weights 1 and 3 from the left.
fn is_ean13(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 13) else {
        return false;
    };
    let sum: u32 =
        digits.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10)
}

/// Height, module width, text below in Font A, and `GS k 73` with code set B.
///
/// A `{` is doubled, since one alone begins a special character. Nothing comes back for what set B
/// cannot say, and for bars wider than the paper, which a printer leaves out without a word.
fn code128_bytes(text: &str, paper: Paper) -> Option<Vec<u8>> {
    let known = !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    // Start and check character are 11 modules each as all others, the stop has 13.
    let modules = 11 * (text.len() + 2) + 13;
    if !known || modules * usize::from(BARCODE_MODULE_DOTS) > usize::from(paper.dots()) {
        return None;
    }
    let data = format!("{{B{}", text.replace('{', "{{"));
    let length = u8::try_from(data.len()).ok()?;
    let mut bytes = vec![0x1d, 0x77, BARCODE_MODULE_DOTS];
    bytes.extend([0x1d, 0x68, BARCODE_HEIGHT_DOTS]);
    bytes.extend([0x1d, 0x66, 0, 0x1d, 0x48, 2]);
    bytes.extend([0x1d, 0x6b, 73, length]);
    bytes.extend(data.bytes());
    Some(bytes)
}
