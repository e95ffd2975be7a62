//! Writes and reads a table of a city's cameras, and says how long each took:
//! `cargo run --release -p sheet --example city`.

use std::time::Instant;

use base::{Day, WallTime};
use sheet::{Delimiter, Limits, Table, Value, read, write_csv, write_xlsx};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = city(40_210, "2026-11-29".parse()?);
    let began = Instant::now();
    let xlsx = write_xlsx(&table, WallTime(1_795_135_338_000_000))?;
    println!("XLSX out  {:>7.0?}  {} bytes", began.elapsed(), xlsx.len());
    let began = Instant::now();
    let csv = write_csv(&table, Delimiter::Comma);
    println!("CSV out   {:>7.0?}  {} bytes", began.elapsed(), csv.len());
    for (form, bytes) in [("XLSX", xlsx), ("CSV", csv)] {
        let began = Instant::now();
        let sheet = read(&bytes, &Limits::default())?;
        let cells: usize = sheet.rows.iter().map(|row| row.values.len()).sum();
        println!("{form} in  {:>7.0?}  {} rows, {cells} cells", began.elapsed(), sheet.rows.len());
    }
    Ok(())
}

/// A table of 20 columns: texts, codes, numbers, days.
fn city(cameras: u32, first: Day) -> Table {
    let row = |n: u32| {
        let ward = Value::text(&format!("{:05}", n % 600));
        let mut row = vec![
            Value::Number(f64::from(n)),
            Value::text(&format!("Ngã tư Nguyễn Trãi – Khuất Duy Tiến {n}")),
            ward,
            Value::Number(21.0 + f64::from(n) / 1e6),
            Value::Number(105.0 + f64::from(n) / 1e6),
            Value::Date(first.plus(i32::try_from(n % 900).unwrap_or(0))),
            Value::Bool(n.is_multiple_of(3)),
        ];
        row.extend(
            (row.len()..20).map(|column| Value::text(&format!("giá trị {column} {}", n % 97))),
        );
        row
    };
    Table {
        name: "Camera".to_owned(),
        columns: (0..20).map(|column| format!("Cột {column}")).collect(),
        rows: (1..=cameras).map(row).collect(),
    }
}
