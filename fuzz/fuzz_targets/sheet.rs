//! Files that people send as tables: any bytes, and zipped ones whose XML is any text.
//!
//! Nothing that is read is beyond the limits, rows come in order, and a column is found
//! by its name. Written as a workbook or as CSV, it reads back as the same.
#![no_main]

use std::io::{Cursor, Write};

use arbitrary::Arbitrary;
use base::WallTime;
use libfuzzer_sys::fuzz_target;
use sheet::{Delimiter, Limits, NoColumn, Sheet, Table, Value, read, write_csv, write_xlsx};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    unpacked_bytes: 1 << 20,
    rows: 50,
    columns: 20,
    cells: 200,
    characters: 100,
};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    File(&'a [u8]),
    Ods(&'a str),
    Xlsx { workbook: &'a str, styles: &'a str, texts: &'a str, sheet: &'a str },
}

fuzz_target!(|input: Input<'_>| {
    let bytes = match input {
        Input::File(bytes) => bytes.to_vec(),
        Input::Ods(content) => zipped(&[("content.xml", content)]),
        Input::Xlsx { workbook, styles, texts, sheet } => zipped(&[
            ("[Content_Types].xml", ""),
            ("_rels/.rels", r#"<R><Relationship Id="a" Type="/officeDocument" Target="b"/></R>"#),
            ("b", &format!(r#"<workbook>{workbook}<sheet name="S" id="s"/></workbook>"#)),
            (
                "_rels/b.rels",
                r#"<R><Relationship Id="s" Type="/worksheet" Target="s"/><Relationship Id="t" Type="/sharedStrings" Target="t"/><Relationship Id="f" Type="/styles" Target="f"/></R>"#,
            ),
            ("s", sheet),
            ("t", texts),
            ("f", styles),
        ]),
    };
    let Ok(sheet) = read(&bytes, &LIMITS) else { return };
    check(&sheet);
    again(&sheet);
});

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, text) in parts {
        archive.start_file(*path, stored).expect("a part can be begun");
        archive.write_all(text.as_bytes()).expect("memory takes it");
    }
    archive.finish().expect("an archive can be ended").into_inner()
}

fn check(sheet: &Sheet) {
    assert!(sheet.rows.len() < LIMITS.rows);
    assert!(sheet.rows.is_sorted_by(|a, b| a.number < b.number));
    assert!(sheet.rows.iter().all(|row| row.number > sheet.columns_row));
    for row in &sheet.rows {
        assert!(row.values.len() <= LIMITS.columns as usize);
        assert!(row.values.last().is_some_and(|value| !value.is_empty()));
        for (value, column) in row.values.iter().zip((0..).map(sheet::Column)) {
            // An old font's letter may be two characters once it is put right.
            assert!(value.to_string().chars().count() <= 2 * LIMITS.characters);
            let cell = row.cell(column);
            let _ = (cell.text(), cell.integer(), cell.number(), cell.date(), cell.bool());
        }
    }
    for name in &sheet.columns {
        match sheet.column(&[name]) {
            Ok(_) | Err(NoColumn::Twice { .. }) => {}
            Err(missing) => panic!("{missing}"),
        }
    }
}

fn again(sheet: &Sheet) {
    // Two names make a row of names, and a letter of our own keeps all from being taken
    // for an old font's text.
    let mut columns = vec!["Đ".to_owned(), "Ê".to_owned()];
    columns.extend(sheet.columns.iter().cloned());
    let said = |value: &Value| match value {
        Value::Fault(text) => Value::Text(text.clone()),
        value => value.clone(),
    };
    let rows: Vec<Vec<Value>> =
        sheet.rows.iter().map(|row| row.values.iter().map(said).collect()).collect();
    let table = Table { name: sheet.name.clone(), columns, rows };
    let limits = Limits { columns: 22, cells: 1000, characters: 200, ..LIMITS };
    let values = |sheet: Sheet| sheet.rows.into_iter().map(|row| row.values).collect::<Vec<_>>();

    let bytes = write_xlsx(&table, WallTime(0)).expect("it is no larger than it was");
    assert_eq!(values(read(&bytes, &limits).expect("our own is read")), table.rows);
    let as_text = |row: &Vec<Value>| {
        row.iter().map(|value| Value::text(&value.to_string())).collect::<Vec<_>>()
    };
    let texts: Vec<_> = table.rows.iter().map(as_text).collect();
    for delimiter in [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab] {
        let bytes = write_csv(&table, delimiter);
        assert_eq!(values(read(&bytes, &limits).expect("our own is read")), texts);
    }
}
