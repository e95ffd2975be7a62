//! What we write, we read: whatever stands in the cells.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use base::{Day, WallTime};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sheet::{Column, Delimiter, Encoding, Form, Limits, Reason, Sheet, Table, Value};
use sheet::{read, write_csv, write_xlsx};
use unicode_normalization::UnicodeNormalization;

/// 2026-11-20T00:42:18Z.
const NOW: WallTime = WallTime(1_795_135_338_000_000);

fn text() -> impl Strategy<Value = String> {
    // A word of true Vietnamese, so that nothing is taken for an old font's text.
    let kinds = prop_oneof![
        "[=+@'\t-]{0,3}[a-zà-ỹ0-9 ,;\"'\r\n=]{0,12}",
        "\\PC{0,12}",
        "[\u{1}-\u{1f}x0-9A-F_]{0,16}",
        "0[0-9]{1,6}",
        Just("_x000D_".to_owned()),
        Just("Đường Nguyễn Trãi".to_owned()),
    ];
    kinds.prop_map(|text| text.nfc().collect())
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Empty),
        6 => text().prop_map(|text| Value::text(&text)),
        1 => prop_oneof![any::<i32>().prop_map(f64::from), -180.0..180.0].prop_map(Value::Number),
        1 => (1..40_000).prop_map(|days| Value::Date(first().plus(days))),
        1 => (1_i64..3_000_000_000)
            .prop_map(|second| Value::Moment(WallTime(first().start().0 + second * 1_000_000)))
            .prop_filter("a moment, not a day", |value| !value.to_string().ends_with("00:00:00")),
        1 => any::<bool>().prop_map(Value::Bool),
    ]
}

fn first() -> Day {
    "1900-03-01".parse().unwrap()
}

fn table() -> impl Strategy<Value = Table> {
    let row = prop::collection::vec(value(), 1..5);
    let rows = prop::collection::vec(row, 0..12);
    ("\\PC{0,40}", rows).prop_map(|(name, rows)| Table {
        name,
        columns: ["Tên đường", "Mã; số", "Ngày", "Ghi chú"].map(str::to_owned).into(),
        rows,
    })
}

/// What is left of rows once empty cells at their ends and empty rows are gone, with
/// the numbers of the rows.
fn kept(table: &Table) -> Vec<(u32, Vec<Value>)> {
    let rows = (2..).zip(&table.rows).map(|(number, row)| {
        let filled = row.iter().rposition(|value| !value.is_empty()).map_or(0, |at| at + 1);
        (number, row[..filled].to_vec())
    });
    rows.filter(|(_, row)| !row.is_empty()).collect()
}

fn rows(sheet: &Sheet) -> Vec<(u32, Vec<Value>)> {
    sheet.rows.iter().map(|row| (row.number, row.values.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7), ..ProptestConfig::with_cases(120) })]

    #[test]
    fn a_workbook_reads_back_as_it_was(table in table()) {
        let bytes = write_xlsx(&table, NOW).unwrap();
        let sheet = read(&bytes, &Limits::default()).unwrap();
        prop_assert_eq!((sheet.form, sheet.columns_row), (Form::Xlsx, 1));
        prop_assert_eq!(&sheet.columns, &table.columns);
        prop_assert_eq!(rows(&sheet), kept(&table));
    }

    #[test]
    fn csv_reads_back_as_the_same_text(table in table(), at in 0..3_usize) {
        let delimiter = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab][at];
        let sheet = read(&write_csv(&table, delimiter), &Limits::default()).unwrap();
        prop_assert_eq!(sheet.form, Form::Csv(delimiter));
        prop_assert_eq!((sheet.encoding, &sheet.reason), (Encoding::Utf8, &Reason::Mark));
        prop_assert_eq!(&sheet.columns, &table.columns);
        let as_text = |value: Value| Value::text(&value.to_string());
        let expected: Vec<_> = kept(&table)
            .into_iter()
            .map(|(number, row)| (number, row.into_iter().map(as_text).collect()))
            .collect();
        prop_assert_eq!(rows(&sheet), expected);
    }

    #[test]
    fn one_column_reads_back_whatever_marks_stand_in_it(texts in prop::collection::vec(text(), 1..8)) {
        let rows = texts.iter().map(|text| vec![Value::text(text)]).collect();
        let table = Table { columns: vec!["sep=;".to_owned()], rows, ..Table::default() };
        let sheet = read(&write_csv(&table, Delimiter::Comma), &Limits::default()).unwrap();
        let read: Vec<_> = sheet.rows.into_iter().map(|row| row.values).collect();
        let filled = texts.iter().filter(|text| !text.is_empty());
        prop_assert_eq!(read, filled.map(|text| vec![Value::text(text)]).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_written_is_what_its_readers_expect() {
    let moment = WallTime(first().start().0 + 61 * 1_000_000);
    let table = Table {
        name: "Sổ [camera]: 2026/11 của phường Cửa Nam".to_owned(),
        columns: ["Mã", "Ngày", "Số"].map(str::to_owned).into(),
        rows: vec![
            vec![Value::text("00004"), Value::Date(first()), Value::Number(21.0285)],
            vec![Value::text("=1+1"), Value::Moment(moment), Value::Bool(true)],
        ],
    };
    assert_eq!(
        String::from_utf8(write_csv(&table, Delimiter::Semicolon)).unwrap(),
        "\u{feff}Mã;Ngày;Số\r\n00004;1900-03-01;21.0285\r\n'=1+1;1900-03-01 00:01:01;TRUE\r\n"
    );

    let bytes = write_xlsx(&table, NOW).unwrap();
    assert_eq!(bytes, write_xlsx(&table, NOW).unwrap());
    let part = |path: &str| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        std::io::read_to_string(archive.by_name(path).unwrap()).unwrap()
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains(
            r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#
        ),
        "{sheet}"
    );
    assert!(sheet.contains(r#"<c r="B2" s="3"><v>61</v></c>"#), "{sheet}");
    assert!(sheet.contains(r#"<c r="A3" t="s">"#) && !sheet.contains("<f>"), "{sheet}");
    assert!(sheet.contains("<cols>"), "{sheet}");
    assert!(part("xl/styles.xml").contains("dd/mm/yyyy"));
    assert!(
        part("xl/workbook.xml").contains(r#"<sheet name="Sổ camera 202611 của phường Cửa" "#),
        "{}",
        part("xl/workbook.xml")
    );
    assert!(part("docProps/core.xml").contains("2026-11-20T00:42:18Z"));
}

#[test]
fn what_has_no_form_as_a_workbook_is_refused() {
    let table = Table {
        columns: vec!["Ghi chú".to_owned()],
        rows: vec![vec![Value::Empty, Value::text(&"ơ".repeat(32_768))]],
        ..Table::default()
    };
    assert_eq!(
        write_xlsx(&table, NOW).unwrap_err().to_string(),
        "B2 holds more than 32,767 characters; shorten it, or write it as CSV"
    );
    let rows = vec![vec![Value::Empty; 16_384], vec![Value::Bool(true); 16_385]];
    let wide = Table { rows, ..Table::default() };
    assert_eq!(
        write_xlsx(&wide, NOW).unwrap_err().to_string(),
        "the table has more than 1,048,576 rows or 16,384 columns; write it as CSV"
    );
}

#[test]
fn a_column_that_was_written_is_found_again() {
    let table = Table {
        columns: ["Số thứ tự", "Tên camera"].map(str::to_owned).into(),
        rows: vec![vec![Value::Number(1.0), Value::text("Hàng Đào")]],
        ..Table::default()
    };
    let sheet = read(&write_xlsx(&table, NOW).unwrap(), &Limits::default()).unwrap();
    let column = sheet.column(&["Camera name", "ten camera"]).unwrap();
    assert_eq!(column, Column(1));
    assert_eq!(sheet.rows[0].cell(column).text().unwrap(), "Hàng Đào");
}
