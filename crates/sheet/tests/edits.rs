//! Files with bytes changed, lost and doubled: each is read or refused, within bounds,
//! and what is read is written and reads back.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::io::{Cursor, Write as _};

use base::WallTime;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sheet::{Delimiter, Limits, Table, Value, read, write_csv, write_xlsx};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    unpacked_bytes: 1 << 20,
    rows: 50,
    columns: 20,
    cells: 300,
    characters: 100,
};

/// An edit: where, how many bytes go, and what comes in their place.
type Edit = (prop::sample::Index, usize, Vec<u8>);

fn edited(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (at, lost, put) in edits {
        let at = at.index(text.len() + 1);
        let to = (at + lost).min(text.len());
        text.splice(at..to, put.iter().copied());
    }
    text
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, bytes) in parts {
        archive.start_file(*path, stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn check(bytes: &[u8]) {
    let Ok(sheet) = read(bytes, &LIMITS) else { return };
    assert!(sheet.rows.len() < LIMITS.rows);
    assert!(sheet.rows.is_sorted_by(|a, b| a.number < b.number));
    assert!(sheet.rows.iter().all(|row| row.number > sheet.columns_row));
    assert!(sheet.rows.iter().all(|row| row.values.len() <= LIMITS.columns as usize));
    // Names enough to be told from a title, and a letter that no old font has.
    let columns = ["Đ", "Ê"].into_iter().map(str::to_owned).chain(sheet.columns).collect();
    let rows: Vec<Vec<Value>> = sheet.rows.into_iter().map(|row| row.values).collect();
    let as_text = |row: &Vec<Value>| -> Vec<Value> {
        row.iter().map(|value| Value::text(&value.to_string())).collect()
    };
    let texts: Vec<_> = rows.iter().map(as_text).collect();
    let table = Table { name: sheet.name, columns, rows };
    let limits = Limits { columns: 22, cells: 1000, characters: 200, ..LIMITS };
    let again = |bytes: &[u8]| -> Vec<Vec<Value>> {
        let sheet = read(bytes, &limits).unwrap();
        sheet.rows.iter().map(|row| as_text(&row.values)).collect()
    };
    assert_eq!(again(&write_xlsx(&table, WallTime(0)).unwrap()), texts);
    assert_eq!(again(&write_csv(&table, Delimiter::Semicolon)), texts);
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let put = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            "4294967295",
            "-1",
            "1e308",
            "NaN",
            "0",
            "A0",
            "XFD1048576",
            "\"",
            "<",
            "/>",
            "</",
            "&#0;",
            "&lt;",
            "]]>",
            "<!--",
            "<![CDATA[",
            "s=\"2\"",
            "t=\"s\"",
            "Néi",
            "\u{feff}",
            "=",
            "'",
            ";",
            "\r",
            "9999-12-31",
            "PT",
            "<t>",
            "<row>",
            "<c>",
            "<text:p>",
            "<table:table-row>",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, put), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7), ..ProptestConfig::with_cases(120) })]

    #[test]
    fn no_edit_of_a_text_breaks_its_reader(edits in edits()) {
        for text in [&b"T\xean;S\xf4\r\n\"H\xb5 N\xe9i\";'=1\r\n;00004\r\n"[..], "Tên,Số\nHàng Đào,\"a\"\"b\nc\"\n".as_bytes()] {
            check(&edited(text, &edits));
        }
    }

    #[test]
    fn no_edit_of_a_table_of_libreoffice_breaks_its_reader(edits in edits()) {
        let content = edited(include_bytes!("testdata/content.xml"), &edits);
        check(&zipped(&[("content.xml", &content)]));
    }

    #[test]
    fn no_edit_of_a_workbook_breaks_its_reader(edits in edits(), which in 0..5_usize) {
        let relations = &br#"<R><Relationship Id="a" Type="/officeDocument" Target="xl/workbook.xml"/></R>"#[..];
        let mut parts = [
            ("xl/worksheets/sheet1.xml", include_bytes!("testdata/sheet.xml").to_vec()),
            ("xl/sharedStrings.xml", include_bytes!("testdata/texts.xml").to_vec()),
            ("xl/styles.xml", include_bytes!("testdata/styles.xml").to_vec()),
            ("xl/workbook.xml", include_bytes!("testdata/workbook.xml").to_vec()),
            ("xl/_rels/workbook.xml.rels", include_bytes!("testdata/workbook.xml.rels").to_vec()),
        ];
        parts[which].1 = edited(&parts[which].1, &edits);
        let mut all = vec![("[Content_Types].xml", &b""[..]), ("_rels/.rels", relations)];
        all.extend(parts.iter().map(|(path, bytes)| (*path, &bytes[..])));
        let archive = zipped(&all);
        check(&archive);
        check(&edited(&archive, &edits));
    }
}
