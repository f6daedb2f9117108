//! A whole receipt of 80 mm paper as another encoder writes it, and one of ours.

use drivers::drawer::Kick;
use drivers::port::{Limits, NetworkPrinter, Printed};
use drivers::printer::{Cell, Cut, Document, Paper, Row, Symbology, Text, encode};
use drivers::sim::{Effect, Interpreter, SimPrinter, SimPrinterSetup, Slip, TapeRow};

use crate::hex;

/// Made with the escpos crate by hand-placed commands; read by emupos, escpos-tools and zbar.
const RECEIPT: &str = "1b401c261b61011d2111c6ecbda2b5ea1b64011d2100c9cfbaa3c4cfbea9c2b7d2bbbac5b5ea1b64011b6100b5a5bac53a204132303236313030372d303030311b64012d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d1b6401c6b7c3fb2020202020202020202020202020202020202020cafdc1bf20202020b5a5bcdb20202020202020bdf0b6ee1b6401b4bfc3ded4b2c1ec54d0f428b0d72f4c2920202020202020202020312020203139392e3030202020203139392e30301b6401b5afc1a6c5a3d7d0bfe328c0b62f33322920202020202020202020322020203239392e3030202020203539382e30301b64012d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d1b64011b4501bacfbcc63a20a3a43739372e30301b64011b45001b61011d77031d68661d66001d48021d6b0236393031323334353637383932001d286b0400314132001d286b03003143061d286b03003145311d286b270031503068747470733a2f2f6578616d706c652e636f6d2f722f4132303236313030372d303030311d286b03003151301b64031d5642001b700019fa";

fn draw(bytes: &[u8], columns: usize) -> (Vec<String>, Vec<Effect>) {
    let (effects, left) = Interpreter::new(columns).run(bytes);
    assert_eq!(left, 0);
    let (mut rows, mut others) = (Vec::<TapeRow>::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::Row(row) => rows.push(row),
            other => others.push(other),
        }
    }
    let slip = Slip { rows, ..Slip::default() };
    (slip.text(columns), others)
}

#[test]
fn a_receipt_of_another_encoder_is_drawn_as_it_reads() {
    let (lines, others) = draw(&hex::bytes(RECEIPT), 48);
    let rule = "-".repeat(48);
    let expected = [
        "                  旗舰店",
        "                上海南京路一号店",
        "单号: A20261007-0001",
        &rule,
        "品名                    数量    单价       金额",
        "纯棉圆领T恤(白/L)          1   199.00    199.00",
        "弹力牛仔裤(蓝/32)          2   299.00    598.00",
        &rule,
        "合计: ￥797.00",
        "[EAN13 6901234567892]",
        "[QR https://example.com/r/A20261007-0001]",
        "",
        "",
        "",
    ];
    assert_eq!(lines, expected);
    assert_eq!(others, [Effect::Cut, Effect::Kick]);
}

/// What our daemon might print, with a long name, a magnified total and every kind of row.
fn ours() -> Document {
    let mut document = Document::new();
    document
        .push(Text::new("示范店 · 南京西路").centred().double())
        .push(Text::new("上海市静安区南京西路 1266 号").centred())
        .push(Text::new("单号 A20261121-0007").right("1号台 1001"))
        .push(Row::Rule)
        .push(Row::Columns(vec![
            Cell::left("品名", 5),
            Cell::right("数量", 2),
            Cell::right("单价", 3),
            Cell::right("金额", 3),
        ]));
    for (name, quantity, price, amount) in [
        ("羊毛混纺高领长袖针织衫 M 墨绿", "2", "699.00", "1,398.00"),
        ("可口可乐 1.25L", "1", "8.00", "8.00"),
        ("红富士苹果", "0.452kg", "12.80", "5.79"),
        ("Häagen-Dazs 香草冰淇淋", "1", "39.90", "39.90"),
    ] {
        document.push(Text::new(name)).push(Row::Columns(vec![
            Cell::left("", 5),
            Cell::right(quantity, 2),
            Cell::right(price, 3),
            Cell::right(amount, 3),
        ]));
    }
    document
        .push(Row::DoubleRule)
        .push(Text::new("共 4 件 合计").right("¥1,451.69"))
        .push(Text::new("抹零").right("-0.09"))
        .push(Text::new("应收").right("¥1,451.60").bold().double())
        .push(Text::new("现金").right("1,500.00"))
        .push(Text::new("找零").right("48.40"))
        .push(Row::Rule)
        .push(Text::new("凭小票七日内可退换，贴身衣物、食品除外。谢谢惠顾！").centred())
        .push(Row::Barcode { symbology: Symbology::Code128, text: "A20261121-0007".to_owned() })
        .push(Row::Qr { text: "https://example.com/r/A20261121-0007".to_owned(), module: 6 })
        .push(Row::Feed { lines: 2 })
        .push(Row::Cut(Cut::Partial));
    document
}

#[test]
fn our_receipt_reads_well_on_each_paper() {
    for (paper, expected) in [
        (Paper::COLUMNS_32, include_str!("receipt/columns_32.txt")),
        (Paper::COLUMNS_42, include_str!("receipt/columns_42.txt")),
        (Paper::COLUMNS_48, include_str!("receipt/columns_48.txt")),
    ] {
        let job = encode(&ours(), paper).unwrap();
        let (lines, others) = draw(&job, paper.columns());
        assert_eq!(lines.join("\n").trim_end(), expected.trim_end(), "\n{}", lines.join("\n"));
        assert_eq!(others, [Effect::Cut]);
    }
}

#[test]
fn our_receipt_comes_out_of_a_printer_on_the_network_as_it_was_laid_out() {
    let sim = SimPrinter::start(SimPrinterSetup::on("127.0.0.1:0".parse().unwrap())).unwrap();
    let mut printer = NetworkPrinter::open(&sim.address().to_string(), Limits::default()).unwrap();
    assert!(printer.status().unwrap().is_ready());
    printer.kick_drawer(Kick::default()).unwrap();
    let job = encode(&ours(), Paper::COLUMNS_42).unwrap();
    assert_eq!(printer.print(&job).unwrap(), Printed::Fenced);
    let slips = sim.tape().slips;
    assert_eq!(slips.len(), 1);
    assert_eq!((slips[0].cut, slips[0].drawer_kicks), (true, 1));
    assert_eq!(
        slips[0].text(42).join("\n").trim_end(),
        include_str!("receipt/columns_42.txt").trim_end()
    );
    assert!(sim.unknown().is_empty());
}
