//! Spreadsheets of LibreOffice (ODF 1.2): from the first visible table, what its cells
//! hold. Cells and rows that repeat are written once, with how often; what is empty is
//! never repeated, or a table would have a million rows.

use std::collections::HashSet;

use crate::package::{Element, Node, Package, Xml};
use crate::read::{Gather, Limits, Refusal};
use crate::sheet::{Form, Sheet};
use crate::value::{Place, Value};
use crate::xlsx::{clock, iso};

pub(crate) fn read(package: &mut Package<'_>, limits: &Limits) -> Result<Sheet, Refusal> {
    if package.has("mimetype") {
        let kind = package.part("mimetype")?;
        if !kind.text().trim_end().ends_with("opendocument.spreadsheet") {
            return Err(Refusal::Foreign { what: "a document and no table" });
        }
    }
    if package.has("META-INF/manifest.xml") {
        let part = package.part("META-INF/manifest.xml")?;
        let mut xml = part.xml();
        while let Some(node) = xml.next()? {
            if matches!(node, Node::Start(element) if element.name() == "encryption-data") {
                return Err(Refusal::Foreign { what: "locked by a password" });
            }
        }
    }
    let part = package.part("content.xml")?;
    let (mut xml, mut hidden) = (part.xml(), HashSet::new());
    let (mut style, mut read, mut others) = (String::new(), None, Vec::new());
    let mut gather = Gather::new(limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.name() {
            "style" => style = element.get("name").unwrap_or_default().into_owned(),
            "table-properties" if element.get("display").is_some_and(|is| is == "false") => {
                hidden.insert(std::mem::take(&mut style));
            }
            "table" => {
                let name = element.get("name").unwrap_or_default().into_owned();
                let is_hidden =
                    element.get("style-name").is_some_and(|style| hidden.contains(&*style));
                if is_hidden {
                    xml.skip()?;
                } else if read.is_some() {
                    others.push(name);
                    xml.skip()?;
                } else {
                    rows(&mut xml, &mut gather, limits)?;
                    read = Some(name);
                }
            }
            _ => {}
        }
    }
    gather.end(Form::Ods, None, read.ok_or(Refusal::Empty)?, others)
}

/// Reads the rows up to the end of the table, in whatever groups they stand.
fn rows(xml: &mut Xml<'_>, gather: &mut Gather<'_>, limits: &Limits) -> Result<(), Refusal> {
    let (mut depth, mut row) = (0_u64, 0_u32);
    loop {
        match xml.inside()? {
            Node::Start(element) => match element.name() {
                "table-row" => {
                    let times = times(&element, "number-rows-repeated");
                    if cells(xml, gather, row, limits)? {
                        gather.repeat(times - 1)?;
                    }
                    row = row.saturating_add(times);
                }
                "table-header-rows" | "table-row-group" | "table-rows" => depth += 1,
                _ => xml.skip()?,
            },
            Node::End if depth == 0 => return Ok(()),
            Node::End => depth -= 1,
            Node::Text(_) => {}
        }
    }
}

/// Reads the cells up to the end of the row. Returns whether any is filled.
fn cells(
    xml: &mut Xml<'_>,
    gather: &mut Gather<'_>,
    row: u32,
    limits: &Limits,
) -> Result<bool, Refusal> {
    let mut place = Place { row, column: 0 };
    let mut is_filled = false;
    loop {
        match xml.inside()? {
            Node::Start(element) => match element.name() {
                "table-cell" | "covered-table-cell" => {
                    let times = times(&element, "number-columns-repeated");
                    let value = cell(xml, &element, place, limits)?;
                    let last = place.column.saturating_add(times);
                    if !value.is_empty() {
                        is_filled = true;
                        for column in place.column..last {
                            gather.put(Place { row, column }, value.clone())?;
                        }
                    }
                    place.column = last;
                }
                _ => xml.skip()?,
            },
            Node::End => return Ok(is_filled),
            Node::Text(_) => {}
        }
    }
}

fn cell(
    xml: &mut Xml<'_>,
    cell: &Element<'_>,
    place: Place,
    limits: &Limits,
) -> Result<Value, Refusal> {
    let mut shown = String::new();
    let mut paragraphs = 0;
    loop {
        match xml.inside()? {
            Node::Start(element) if element.name() == "p" => {
                if paragraphs > 0 {
                    shown.push('\n');
                }
                paragraphs += 1;
                if !paragraph(xml, &mut shown, limits.characters.saturating_mul(4))? {
                    return Err(Refusal::Characters { place, limit: limits.characters });
                }
            }
            // Notes and pictures.
            Node::Start(_) => xml.skip()?,
            Node::End => break,
            Node::Text(_) => {}
        }
    }
    let kind = cell.get("value-type").unwrap_or_default();
    // LibreOffice says so beside the attribute of the standard, which says text.
    if cell.has("value-type", "error") {
        return Ok(Value::Fault(shown.as_str().into()));
    }
    let number = || cell.get("value")?.parse::<f64>().ok().filter(|number| number.is_finite());
    Ok(match &*kind {
        "float" | "percentage" | "currency" => match number() {
            // A format with zeros before the number.
            Some(_) if is_code(&shown) => Value::text(&shown),
            Some(number) => Value::Number(number),
            None => Value::text(&shown),
        },
        "date" => iso(&cell.get("date-value").unwrap_or_default()),
        "time" => match cell.get("time-value").and_then(|time| hours(&time)) {
            Some(days) => clock(days),
            None => Value::text(&shown),
        },
        "boolean" => Value::Bool(cell.get("boolean-value").is_some_and(|is| is == "true")),
        _ => match cell.get("string-value") {
            Some(text) => Value::text(&text),
            None => Value::text(&shown),
        },
    })
}

fn is_code(shown: &str) -> bool {
    shown.len() > 1 && shown.starts_with('0') && shown.bytes().all(|byte| byte.is_ascii_digit())
}

/// Appends the text of a paragraph that began, in which spaces are counted. Returns
/// whether it is all there: false, if that makes more than so many bytes.
fn paragraph(xml: &mut Xml<'_>, text: &mut String, most: usize) -> Result<bool, Refusal> {
    let mut depth = 0_u64;
    loop {
        if text.len() > most {
            return Ok(false);
        }
        match xml.inside()? {
            Node::Start(element) => match element.name() {
                "s" => {
                    let spaces = (times(&element, "c") as usize).min(most + 1);
                    text.extend(std::iter::repeat_n(' ', spaces));
                    xml.skip()?;
                }
                "tab" => {
                    text.push('\t');
                    xml.skip()?;
                }
                "line-break" => {
                    text.push('\n');
                    xml.skip()?;
                }
                "note" | "annotation" | "ruby-text" => xml.skip()?,
                _ => depth += 1,
            },
            Node::End if depth == 0 => return Ok(true),
            Node::End => depth -= 1,
            Node::Text(piece) => text.push_str(&piece),
        }
    }
}

/// Returns how often something is repeated, once if that is not said.
fn times(element: &Element<'_>, name: &str) -> u32 {
    element.get(name).and_then(|times| times.parse().ok()).unwrap_or(1).max(1)
}

/// Reads a duration, `PT14H05M00S`, as days.
fn hours(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let at = rest.find(['H', 'M', 'S'])?;
        let number: f64 = rest[..at].parse().ok()?;
        seconds += number
            * match rest.as_bytes()[at] {
                b'H' => 3600.0,
                b'M' => 60.0,
                _ => 1.0,
            };
        rest = &rest[at + 1..];
    }
    (0.0..86_400e6).contains(&seconds).then_some(seconds / 86_400.0)
}
