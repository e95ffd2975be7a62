//! Workbooks of Excel (ECMA-376): from the first visible sheet, what its cells hold.
//!
//! ```text
//! _rels/.rels ─▶ workbook ─▶ its relationships ─▶ sheet: <c r="C17" s="2" t="s"><v>5</v></c>
//!                                              ├▶ styles: what number format 2 is
//!                                              └▶ shared strings: what text 5 is
//! ```
//!
//! Formulas are not worked out: their last results stand beside them.

use std::collections::HashMap;
use std::sync::Arc;

use base::day::OFFSET_US;
use base::{Day, WallTime};

use crate::package::{Element, Node, Package, Part, Xml};
use crate::read::{Gather, Limits, Refusal};
use crate::sheet::{Form, Sheet};
use crate::value::{Place, Value};

pub(crate) fn read(package: &mut Package<'_>, limits: &Limits) -> Result<Sheet, Refusal> {
    let root = relations(package, "_rels/.rels")?;
    let workbook = root.values().find(|relation| relation.kind == "officeDocument");
    let path = match workbook {
        Some(workbook) => resolved("", &workbook.target),
        None => return Err(Refusal::Foreign { what: "an archive and no table" }),
    };
    if path.ends_with(".bin") {
        return Err(Refusal::Foreign { what: "a binary workbook (.xlsb)" });
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let name = path.rsplit('/').next().unwrap_or_default();
    let relations = relations(package, &resolved(&folder, &format!("_rels/{name}.rels")))?;
    let workbook = Workbook::read(&package.part(&path)?)?;

    let is_sheet = |id: &String| relations.get(id).is_some_and(|one| one.kind == "worksheet");
    let mut visible = workbook.sheets.into_iter().filter(|(_, id)| is_sheet(id));
    let Some((name, id)) = visible.next() else { return Err(Refusal::Empty) };
    let others = visible.map(|(name, _)| name).collect();

    let path_of = |kind: &str| {
        let relation = relations.values().find(|relation| relation.kind == kind)?;
        Some(resolved(&folder, &relation.target))
    };
    let mut texts = Vec::new();
    if let Some(path) = path_of("sharedStrings").filter(|path| package.has(path)) {
        texts = shared_texts(&package.part(&path)?, limits)?;
    }
    let mut formats = Vec::new();
    if let Some(path) = path_of("styles").filter(|path| package.has(path)) {
        formats = styles(&package.part(&path)?)?;
    }
    let book = Book { texts, formats, epoch: workbook.epoch };
    let mut gather = Gather::new(limits);
    let part = package.part(&resolved(&folder, &relations[&id].target))?;
    book.cells(&mut part.xml(), &mut gather)?;
    gather.end(Form::Xlsx, None, name, others)
}

struct Relation {
    kind: String,
    target: String,
}

fn relations(package: &mut Package<'_>, path: &str) -> Result<HashMap<String, Relation>, Refusal> {
    let part = package.part(path)?;
    let (mut xml, mut relations) = (part.xml(), HashMap::new());
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        if let ("Relationship", Some(id), Some(kind), Some(target)) =
            (element.name(), element.get("Id"), element.get("Type"), element.get("Target"))
        {
            // The two editions of the standard differ in what stands before.
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            relations.insert(id.into_owned(), Relation { kind, target: target.into_owned() });
        }
    }
    Ok(relations)
}

/// Returns the path of a target, which counts from a folder unless it begins with `/`.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut path: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.retain(|step| !step.is_empty());
    path.join("/")
}

struct Workbook {
    /// The visible sheets: their names, and the ids of their relations.
    sheets: Vec<(String, String)>,
    epoch: Epoch,
}

/// From where days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Epoch {
    /// 1 is the first of January 1900.
    Of1900,
    /// 0 is the first of January 1904, as on old Macintoshes.
    Of1904,
}

impl Workbook {
    fn read(part: &Part) -> Result<Self, Refusal> {
        let mut workbook = Self { sheets: Vec::new(), epoch: Epoch::Of1900 };
        let mut xml = part.xml();
        while let Some(node) = xml.next()? {
            let Node::Start(element) = node else { continue };
            match element.name() {
                "sheet" if element.get("state").is_none_or(|state| state == "visible") => {
                    if let (Some(name), Some(id)) = (element.get("name"), element.get("id")) {
                        workbook.sheets.push((name.into_owned(), id.into_owned()));
                    }
                }
                "workbookPr" if element.has("date1904", "1") || element.has("date1904", "true") => {
                    workbook.epoch = Epoch::Of1904;
                }
                _ => {}
            }
        }
        Ok(workbook)
    }
}

fn shared_texts(part: &Part, limits: &Limits) -> Result<Vec<Arc<str>>, Refusal> {
    let (mut xml, mut texts, mut text) = (part.xml(), Vec::new(), String::new());
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        if element.name() == "si" {
            if texts.len() >= limits.cells {
                return Err(Refusal::Cells { limit: limits.cells });
            }
            text.clear();
            rich_text(&mut xml, &mut text)?;
            texts.push(unescaped(&text).into());
        }
    }
    Ok(texts)
}

/// Appends a text that may be in runs of several fonts, up to the end of its element.
/// How it is pronounced, in East Asia, is no part of it.
fn rich_text(xml: &mut Xml<'_>, text: &mut String) -> Result<(), Refusal> {
    let mut depth = 0;
    loop {
        match xml.inside()? {
            Node::Start(element) => match element.name() {
                "t" => xml.text(text)?,
                "r" => depth += 1,
                _ => xml.skip()?,
            },
            Node::End if depth == 0 => return Ok(()),
            Node::End => depth -= 1,
            Node::Text(_) => {}
        }
    }
}

/// Puts back what XML has no way to write: `_x000D_` is a carriage return.
fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::with_capacity(text.len());
    while let Some(at) = rest.find("_x") {
        let is_closed = rest.as_bytes().get(at + 6) == Some(&b'_');
        let code = rest.get(at + 2..at + 6).filter(|_| is_closed);
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let sign = code.and_then(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?));
        let (taken, sign) = match sign {
            Some(sign) => (at + 7, sign),
            None => (at + 1, '_'),
        };
        plain.push_str(&rest[..at]);
        plain.push(sign);
        rest = &rest[taken..];
    }
    plain.push_str(rest);
    plain
}

/// What a number format makes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    /// A day, a time, or both.
    Date,
    /// Hours that go on beyond a day.
    Duration,
    /// Zeros before it, up to so many digits.
    Zeros(usize),
}

fn styles(part: &Part) -> Result<Vec<Format>, Refusal> {
    let (mut xml, mut codes, mut formats) = (part.xml(), HashMap::new(), Vec::new());
    // Styles of cells look like styles of styles, and only their parent tells.
    let mut is_of_cells = false;
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        let id = || element.get("numFmtId").and_then(|id| id.parse::<u32>().ok());
        match element.name() {
            "numFmt" => {
                if let (Some(id), Some(code)) = (id(), element.get("formatCode")) {
                    codes.insert(id, Format::of(&code));
                }
            }
            "cellXfs" => is_of_cells = true,
            "cellStyles" | "cellStyleXfs" | "dxfs" => is_of_cells = false,
            "xf" if is_of_cells => {
                let id = id().unwrap_or(0);
                formats.push(codes.get(&id).copied().unwrap_or_else(|| Format::built_in(id)));
            }
            _ => {}
        }
    }
    Ok(formats)
}

impl Format {
    /// Returns what the standard has under a number, the dates of East Asia included.
    fn built_in(id: u32) -> Self {
        match id {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::Plain,
        }
    }

    /// Reads a format code, as far as its part for positive numbers goes.
    fn of(code: &str) -> Self {
        if code.len() > 1 && code.bytes().all(|byte| byte == b'0') {
            return Self::Zeros(code.len().min(32));
        }
        let (mut signs, mut bracket) = (code.chars(), None::<String>);
        while let Some(sign) = signs.next() {
            match (sign, &mut bracket) {
                (']', Some(inner)) => {
                    // Colours and countries stand in brackets, too.
                    if matches!(
                        inner.to_ascii_lowercase().trim_matches('0'),
                        "h" | "hh" | "m" | "mm" | "s" | "ss"
                    ) {
                        return Self::Duration;
                    }
                    bracket = None;
                }
                (_, Some(inner)) => inner.push(sign),
                ('[', None) => bracket = Some(String::new()),
                ('"', None) => drop(signs.by_ref().find(|&sign| sign == '"')),
                // What follows is shown as it is, or as a space.
                ('\\' | '_' | '*', None) => drop(signs.next()),
                (';', None) => return Self::Plain,
                ('d' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S', None) => {
                    return Self::Date;
                }
                // `General` has none of these letters before its end.
                ('G' | 'E' | 'e', None) => return Self::Plain,
                _ => {}
            }
        }
        Self::Plain
    }

    fn value(self, number: f64, epoch: Epoch) -> Value {
        let is_whole = number.fract() == 0.0 && (0.0..1e15).contains(&number);
        match self {
            Self::Zeros(digits) if is_whole => Value::Text(format!("{number:0>digits$}").into()),
            Self::Date if (0.0..1.0).contains(&number) => clock(number),
            Self::Date => moment(number, epoch).unwrap_or(Value::Number(number)),
            Self::Duration if (0.0..1e6).contains(&number) => clock(number),
            Self::Plain | Self::Zeros(_) | Self::Duration => Value::Number(number),
        }
    }
}

/// Returns hours, minutes and seconds of days, as text.
pub(crate) fn clock(days: f64) -> Value {
    let seconds = (days * 86_400.0).round() as u64;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Value::Text(format!("{hour:02}:{minute:02}:{second:02}").into())
}

/// Returns the day or moment that a count of days means, if its year has four digits.
fn moment(days: f64, epoch: Epoch) -> Option<Value> {
    // Days up to 1970. Excel has a 29 February 1900: before it, a day less is counted.
    let before = match epoch {
        Epoch::Of1900 if days < 60.0 => 25_568,
        Epoch::Of1900 => 25_569,
        Epoch::Of1904 => 24_107,
    };
    if !(0.0..3_000_000.0).contains(&days) {
        return None;
    }
    // To the millisecond, which is as exact as such a count is.
    let millis =
        (days.trunc() as i64 - before) * 86_400_000 + (days.fract() * 86_400_000.0).round() as i64;
    let moment = WallTime(millis * 1000 - OFFSET_US);
    let day = Day::of(moment);
    day.to_string().parse::<Day>().ok()?;
    Some(if day.start() == moment { Value::Date(day) } else { Value::Moment(moment) })
}

/// What the cells of a sheet refer to.
struct Book {
    texts: Vec<Arc<str>>,
    formats: Vec<Format>,
    epoch: Epoch,
}

impl Book {
    fn cells(&self, xml: &mut Xml<'_>, gather: &mut Gather<'_>) -> Result<(), Refusal> {
        // Where the next row and cell stand if they do not say so.
        let mut place = Place { row: 0, column: 0 };
        let mut next_row = 0;
        while let Some(node) = xml.next()? {
            let Node::Start(element) = node else { continue };
            match element.name() {
                "row" => {
                    let said = element.get("r").and_then(|row| row.parse::<u32>().ok());
                    let row = said.map_or(next_row, |row| row.saturating_sub(1));
                    place = Place { row, column: 0 };
                    next_row = row.saturating_add(1);
                }
                "c" => {
                    if let Some(said) = element.get("r") {
                        place = read_place(&said)
                            .ok_or_else(|| xml.damaged(&format!("{said:?} is no cell")))?;
                    }
                    let value = self.cell(xml, &element, place)?;
                    gather.put(place, value)?;
                    place.column = place.column.saturating_add(1);
                }
                "worksheet" | "sheetData" => {}
                // Comments, pictures, rules: nothing that a cell holds.
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn cell(&self, xml: &mut Xml<'_>, cell: &Element<'_>, place: Place) -> Result<Value, Refusal> {
        let (mut text, mut is_there) = (String::new(), false);
        loop {
            match xml.inside()? {
                Node::Start(element) => match element.name() {
                    "v" => {
                        is_there = true;
                        xml.text(&mut text)?;
                    }
                    "is" => {
                        is_there = true;
                        text.clear();
                        rich_text(xml, &mut text)?;
                    }
                    _ => xml.skip()?,
                },
                Node::End => break,
                Node::Text(_) => {}
            }
        }
        if !is_there {
            return Ok(Value::Empty);
        }
        let damaged = || xml.damaged(&format!("{place} holds what its kind does not allow"));
        let kind = cell.get("t").unwrap_or_default();
        Ok(match &*kind {
            "s" => {
                let index = text.trim().parse::<usize>().ok();
                let shared = index.and_then(|index| self.texts.get(index)).ok_or_else(damaged)?;
                if shared.is_empty() { Value::Empty } else { Value::Text(shared.clone()) }
            }
            "inlineStr" | "str" => Value::text(&unescaped(&text)),
            "b" => match text.trim() {
                "1" | "true" => Value::Bool(true),
                "0" | "false" => Value::Bool(false),
                _ => return Err(damaged()),
            },
            "e" => Value::Fault(text.trim().into()),
            "d" => iso(text.trim()),
            _ if text.trim().is_empty() => Value::Empty,
            _ => {
                let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
                let style =
                    cell.get("s").and_then(|style| style.parse::<usize>().ok()).unwrap_or(0);
                let format = self.formats.get(style).copied().unwrap_or(Format::Plain);
                format.value(number.ok_or_else(damaged)?, self.epoch)
            }
        })
    }
}

/// Reads a day or a moment as ISO 8601 has them, without an offset; another text stays
/// as it is.
pub(crate) fn iso(text: &str) -> Value {
    let moment = || {
        let (day, time) = text.split_once('T').unwrap_or((text, "0:0"));
        let day: Day = day.parse().ok()?;
        let mut parts = time.trim_end_matches('Z').split(':');
        let mut part = |most: f64| {
            let part: f64 = parts.next()?.parse().ok()?;
            (0.0..most).contains(&part).then_some(part)
        };
        let (hour, minute, second) = (part(24.0)?, part(60.0)?, part(60.0).unwrap_or(0.0));
        let millis = ((hour * 3600.0 + minute * 60.0 + second) * 1000.0).round() as i64;
        let moment = WallTime(day.start().0.checked_add(millis * 1000)?);
        Some(if millis == 0 { Value::Date(day) } else { Value::Moment(moment) })
    };
    moment().unwrap_or_else(|| Value::text(text))
}

/// Reads `C17`.
fn read_place(text: &str) -> Option<Place> {
    let digits = text.find(|sign: char| sign.is_ascii_digit())?;
    let (letters, digits) = text.split_at(digits);
    let mut column = 0_u32;
    for letter in letters.bytes() {
        let place = letter.to_ascii_uppercase().checked_sub(b'A').filter(|&place| place < 26)?;
        column = column.checked_mul(26)?.checked_add(u32::from(place) + 1)?;
    }
    let row: u32 = digits.parse().ok()?;
    Some(Place { row: row.checked_sub(1)?, column: column.checked_sub(1)? })
}
