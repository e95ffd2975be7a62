//! Files of others: as Excel, LibreOffice and old machines write them.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::io::{Cursor, Write as _};

use sheet::{Delimiter, Encoding, Form, Limits, Reason, Refusal, Sheet, Value, read};

const TYPES: (&str, &str) = ("[Content_Types].xml", "<Types/>");
const RELATIONS: (&str, &str) = (
    "_rels/.rels",
    r#"<Relationships><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#,
);

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in parts {
        archive.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook as little as one can be, with what stands in its sheet.
fn workbook(cells: &str, texts: &str) -> Vec<u8> {
    zipped(&[
        TYPES,
        RELATIONS,
        ("xl/workbook.xml", include_str!("testdata/workbook.xml")),
        ("xl/_rels/workbook.xml.rels", include_str!("testdata/workbook.xml.rels")),
        ("xl/styles.xml", include_str!("testdata/styles.xml")),
        ("xl/sharedStrings.xml", texts),
        ("xl/worksheets/sheet1.xml", cells),
    ])
}

fn values(sheet: &Sheet) -> Vec<Vec<String>> {
    sheet.rows.iter().map(|row| row.values.iter().map(Value::to_string).collect()).collect()
}

fn ods(content: &str) -> Vec<u8> {
    zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
    ])
}

#[test]
fn a_workbook_says_what_excel_shows() {
    let texts = include_str!("testdata/texts.xml");
    let cells = include_str!("testdata/sheet.xml");
    let sheet = read(&workbook(cells, texts), &Limits::default()).unwrap();
    assert_eq!((sheet.form, sheet.name.as_str()), (Form::Xlsx, "Camera"));
    assert_eq!(sheet.others, ["Khác"]);
    assert_eq!(
        (sheet.columns_row, &sheet.columns[..]),
        (3, &["", "Tên", "Phường", "Ngày"].map(str::to_owned)[..])
    );
    let numbers: Vec<u32> = sheet.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [5, 6, 9, 10]);
    assert_eq!(
        values(&sheet),
        [
            ["", "Hàng Đào", "00004", "2026-11-29"],
            ["", "a\rb_x0041_", "1500", "2026-11-29 12:00:00"],
            ["", "TRUE", "#SPILL!", "2026-11-29 14:05:00"],
            ["", "12:00:00", "36:00:00", "1000"],
        ]
    );
    let ward = sheet.rows[0].cell(sheet.column(&["phuong"]).unwrap());
    assert_eq!((ward.text().unwrap().as_ref(), ward.integer()), ("00004", Ok(4)));
    let fault = sheet.rows[2].cell(sheet.column(&["phuong"]).unwrap());
    assert_eq!(
        fault.text().unwrap_err().to_string(),
        "C9 holds the fault #SPILL! of a formula; mend it, or write the value itself"
    );
}

#[test]
fn a_table_of_libreoffice_says_what_it_shows() {
    let content = include_str!("testdata/content.xml");
    let sheet = read(&ods(content), &Limits::default()).unwrap();
    assert_eq!(
        (sheet.form, sheet.name.as_str(), &sheet.others[..]),
        (Form::Ods, "Camera", &["Khác".to_owned()][..])
    );
    assert_eq!(
        (sheet.columns_row, &sheet.columns[..]),
        (3, &["Tên".to_owned(), "Phường".to_owned()][..])
    );
    let row = ["Hàng  Đào\nhai & ba", "00004", "21.0285", "21.0285"];
    assert_eq!(
        values(&sheet),
        [
            &row[..],
            &row,
            &["", "2026-11-29", "2026-11-29 14:05:00", "TRUE"],
            &["#DIV/0!", "14:05:00"],
        ]
    );
    assert_eq!(sheet.rows[3].number, 7);
    assert_eq!(sheet.rows[3].values[0], Value::Fault("#DIV/0!".into()));
}

/// The motto of the country, as the fonts of each encoding were fed.
const MOTTO: &str = "Cộng hòa xã hội chủ nghĩa Việt Nam";
const TCVN3: &str = "Céng hßa x· héi chñ nghÜa ViÖt Nam";
const VNI: &str = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam";
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|sign| u8::try_from(sign).unwrap()).collect()
}

#[test]
fn old_encodings_are_told_apart_by_their_words() {
    for (text, encoding) in [(TCVN3, Encoding::Tcvn3), (VNI, Encoding::Vni)] {
        let sheet = read(&latin(&format!("STT;T\n1;{text}\n")), &Limits::default()).unwrap();
        assert_eq!((sheet.encoding, sheet.form), (encoding, Form::Csv(Delimiter::Semicolon)));
        assert_eq!(values(&sheet), [["1", MOTTO]]);
        let Reason::Words(fits) = sheet.reason else { panic!("{:?}", sheet.reason) };
        assert_eq!(fits.words, 7);
    }
    let line = [b"STT,T\n1,", &b"Vi\xea\xf2t Nam, \xd0\xf4\xf2c l\xe2\xf2p, Ha\xf2nh phu\xecc"[..]]
        .concat();
    let sheet = read(&line, &Limits::default()).unwrap();
    assert_eq!(sheet.encoding, Encoding::Windows1258);
    assert_eq!(values(&sheet), [["1", "Việt Nam", " Độc lập", " Hạnh phúc"]]);
    assert_eq!(
        sheet.reason.to_string(),
        "of 5 words with accents, 0 are Vietnamese in TCVN3, 0 in VNI, 5 in windows-1258"
    );
}

#[test]
fn text_of_an_old_font_in_a_new_file_is_put_right() {
    let texts = format!("<sst><si><t>{TCVN3}</t></si><si><t>§Þa chØ</t></si></sst>");
    let cells = r#"<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>Ten</t></is></c><c t="s"><v>1</v></c></row><row r="2"><c t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    let sheet = read(&workbook(cells, &texts), &Limits::default()).unwrap();
    assert_eq!((sheet.encoding, &sheet.columns[1][..]), (Encoding::Tcvn3, "Địa chỉ"));
    assert_eq!(values(&sheet), [[MOTTO]]);
    // True Unicode stays, also where all its letters would fit an old font.
    for text in ["Hòa,Hòa,mì", "Café,José,São", "Bà,Quý,là", "Đỗ,Néi,Hµ"] {
        let sheet = read(format!("a,b,c\n{text}").as_bytes(), &Limits::default()).unwrap();
        assert_eq!((sheet.encoding, values(&sheet)[0].join(",").as_str()), (Encoding::Utf8, text));
    }
}

#[test]
fn unicode_is_told_by_its_mark_or_by_every_byte() {
    let text = "Tên;Số\nHàng Đa\u{300}o;00004\n";
    let le: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = format!("\u{feff}{text}").into_bytes();
    for (bytes, encoding, reason) in [
        (text.as_bytes(), Encoding::Utf8, Reason::Valid),
        (&marked, Encoding::Utf8, Reason::Mark),
        (&le, Encoding::Utf16Le, Reason::Mark),
        (&be, Encoding::Utf16Be, Reason::Mark),
    ] {
        let sheet = read(bytes, &Limits::default()).unwrap();
        assert_eq!((sheet.encoding, sheet.reason), (encoding, reason));
        assert_eq!(sheet.columns, ["Tên", "Số"]);
        assert_eq!(sheet.rows[0].values, [Value::text("Hàng Đào"), Value::text("00004")]);
    }
}

fn refusal(bytes: &[u8], limits: &Limits) -> String {
    read(bytes, limits).unwrap_err().to_string()
}

#[test]
fn what_is_no_table_is_refused_with_the_cure() {
    let all = Limits::default();
    let cure = "; save it as .xlsx, .ods or .csv";
    assert_eq!(
        refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", &all),
        format!("the file is an old .xls, or has a password{cure}")
    );
    assert_eq!(
        refusal(&zipped(&[("a.txt", "x")]), &all),
        format!("the file is an archive and no table{cure}")
    );
    assert_eq!(
        refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &all),
        format!("the file is neither a table nor text{cure}")
    );
    for empty in ["", "\n\n;;\n", "\u{feff}"] {
        assert_eq!(
            refusal(empty.as_bytes(), &all),
            "the table is empty; its first row must name the columns"
        );
    }
    assert_eq!(
        refusal("Größe,Straße,Tür\n".chars().map(|c| c as u8).collect::<Vec<_>>().as_slice(), &all),
        "the encoding of the text cannot be told (of 3 words with accents, 0 are Vietnamese in \
         TCVN3, 0 in VNI, 0 in windows-1258); save it as CSV UTF-8"
    );
    assert!(refusal(b"PK\x03\x04 and nothing", &all).starts_with("the archive is damaged: "));
}

#[test]
fn a_damaged_part_is_named_and_no_reader_waits_for_its_end() {
    let all = Limits::default();
    let cut = r#"<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>x"#;
    let cut = refusal(&workbook(cut, "<sst/>"), &all);
    assert!(cut.starts_with("xl/Worksheets/Sheet1.xml is damaged: "), "{cut}");
    for content in [
        "<table:table>",
        "<table:table><table:table-row>",
        "<table:table><table:table-row><table:table-cell><text:p>",
    ] {
        let cut = refusal(&ods(content), &all);
        assert_eq!(cut, "content.xml is damaged: it is cut off; open the file and save it anew");
    }
    let cells =
        |cells: &str| format!("<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>");
    for (cell, why) in [
        (r#"<c r="A1" t="s"><v>7</v></c>"#, "A1 holds what its kind does not allow"),
        (r#"<c r="A1"><v>1e999</v></c>"#, "A1 holds what its kind does not allow"),
        (r#"<c r="A99999999999"><v>1</v></c>"#, "\"A99999999999\" is no cell"),
        (r#"<c r="ZZZZZZZZZ1"><v>1</v></c>"#, "\"ZZZZZZZZZ1\" is no cell"),
        (r#"<c r="A1" t="str"><v>&boom;</v></c>"#, "it uses an entity of its own"),
    ] {
        let refusal = refusal(&workbook(&cells(cell), "<sst/>"), &all);
        assert_eq!(
            refusal,
            format!("xl/Worksheets/Sheet1.xml is damaged: {why}; open the file and save it anew")
        );
    }
    let back = r#"<worksheet><row r="5"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row></worksheet>"#;
    assert_eq!(
        refusal(&workbook(back, "<sst/>"), &all),
        "row 2 is damaged: its rows are out of order; open the file and save it anew"
    );
    // What a file says of itself reserves nothing.
    let boast = r#"<sst count="9" uniqueCount="99999999999999"><si><t>Tên</t></si></sst>"#;
    let sheet = read(&workbook(&cells(r#"<c t="s"><v>0</v></c>"#), boast), &all).unwrap();
    assert_eq!(sheet.columns, ["Tên"]);
}

#[test]
fn every_limit_is_kept_and_says_what_to_do() {
    let limits = Limits {
        rows: 3,
        columns: 4,
        cells: 10,
        characters: 5,
        bytes: 1_000_000,
        unpacked_bytes: 2_000_000,
    };
    let refused = |text: &str| refusal(text.as_bytes(), &limits);
    assert_eq!(refused("a\nb\nc\nd\n"), "the table has more than 3 rows; split it");
    assert_eq!(
        refused("a,b,c,d,e\n"),
        "E1 lies beyond column D, the last that is read; delete what stands there"
    );
    assert_eq!(refused("a,b,c,d\na,b,c,d\na,,,d"), "the table has more than 10 cells; split it");
    assert_eq!(refused("a,bcdefg\n"), "B1 holds more than 5 characters; shorten it");
    assert_eq!(refused(&"a".repeat(1_000_001)), "the file has more than 1 MB; split it");
    assert!(read("a,b,c,d\n,,,ơơơơơ\n\n\n\na,b,,,,\n".as_bytes(), &limits).is_ok());

    // A bomb: a thousandth of what it unpacks to.
    let bomb = zipped(&[TYPES, ("_rels/.rels", &" ".repeat(2_000_001))]);
    assert!(bomb.len() < 10_000);
    let unpacks =
        "the file unpacks to more than 2 MB; delete what is no part of the table, or split it";
    assert_eq!(refusal(&bomb, &limits), unpacks);

    let repeated = |rows: u32, columns: u32| {
        refusal(
            &ods(&format!(
                r#"<table:table><table:table-row table:number-rows-repeated="{rows}"><table:table-cell table:number-columns-repeated="{columns}" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#
            )),
            &limits,
        )
    };
    assert_eq!(repeated(u32::MAX, 1), "the table has more than 3 rows; split it");
    assert_eq!(
        repeated(1, u32::MAX),
        "E1 lies beyond column D, the last that is read; delete what stands there"
    );
    let spaces = r#"<table:table><table:table-row><table:table-cell office:value-type="string"><text:p><text:s text:c="4294967295"/></text:p></table:table-cell></table:table-row></table:table>"#;
    assert_eq!(refusal(&ods(spaces), &limits), "A1 holds more than 5 characters; shorten it");

    // One text in many cells.
    let many = Limits { unpacked_bytes: 100_000, ..Limits::default() };
    let cells =
        format!("<worksheet><row>{}</row></worksheet>", r#"<c t="s"><v>0</v></c>"#.repeat(200));
    let texts = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(1000));
    assert!(matches!(read(&workbook(&cells, &texts), &many), Err(Refusal::Unpacks { .. })));
}
