//! The parts of a zipped file, unpacked within a bound whatever the file says of their
//! size, and their XML.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::io::{Cursor, Read};

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::read::Refusal;

/// A zipped file.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Where each part stands, by its path as [`key`] writes it.
    parts: HashMap<String, usize>,
    left_bytes: u64,
    limit_bytes: u64,
}

/// An unpacked part.
pub(crate) struct Part {
    path: String,
    text: String,
}

/// The XML of a part, from its beginning to its end.
pub(crate) struct Xml<'a> {
    path: &'a str,
    reader: Reader<&'a [u8]>,
}

/// What comes next. Names are without their prefixes.
pub(crate) enum Node<'a> {
    /// An element begins; one without content ends at once.
    Start(Element<'a>),
    /// An element ends.
    End,
    /// Text, or a piece of one.
    Text(Cow<'a, str>),
}

/// The beginning of an element.
pub(crate) struct Element<'a>(BytesStart<'a>);

impl<'a> Package<'a> {
    pub(crate) fn open(bytes: &'a [u8], limit_bytes: u64) -> Result<Self, Refusal> {
        let archive =
            ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged("the archive", &error))?;
        let name = |index| Some((key(&archive.name_for_index(index)?.ok()?), index));
        let parts = (0..archive.len()).filter_map(name).collect();
        Ok(Self { archive, parts, left_bytes: limit_bytes, limit_bytes })
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.parts.contains_key(&key(path))
    }

    pub(crate) fn part(&mut self, path: &str) -> Result<Part, Refusal> {
        let Some(&index) = self.parts.get(&key(path)) else {
            return Err(damaged(path, &"it is missing"));
        };
        let packed = match self.archive.by_index(index) {
            Ok(packed) => packed,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(Refusal::Foreign { what: "locked by a password" });
            }
            Err(error) => return Err(damaged(path, &error)),
        };
        let mut bytes = Vec::new();
        let read = packed.take(self.left_bytes.saturating_add(1)).read_to_end(&mut bytes);
        self.left_bytes = self
            .left_bytes
            .checked_sub(bytes.len() as u64)
            .ok_or(Refusal::Unpacks { limit_bytes: self.limit_bytes })?;
        read.map_err(|error| damaged(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| damaged(path, &"it is not UTF-8"))?;
        Ok(Part { path: path.to_owned(), text })
    }
}

impl Part {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn xml(&self) -> Xml<'_> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(&self.text);
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Xml { path: &self.path, reader }
    }
}

impl<'a> Xml<'a> {
    /// Returns what comes next; nothing at the end of the part.
    pub(crate) fn next(&mut self) -> Result<Option<Node<'a>>, Refusal> {
        loop {
            let event = self.reader.read_event().map_err(|error| self.damaged(&error))?;
            return Ok(Some(match event {
                Event::Start(start) | Event::Empty(start) => Node::Start(Element(start)),
                Event::End(_) => Node::End,
                Event::Text(text) => Node::Text(text.xml10_content()),
                Event::CData(text) => Node::Text(text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let letter =
                        reference.resolve_char_ref().map_err(|error| self.damaged(&error))?;
                    Node::Text(match letter {
                        Some(letter) => Cow::Owned(letter.to_string()),
                        // What a file defines for itself is not looked up.
                        None => match resolve_predefined_entity(&reference.xml10_content()) {
                            Some(text) => Cow::Borrowed(text),
                            None => return Err(self.damaged(&"it uses an entity of its own")),
                        },
                    })
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
                Event::Eof => return Ok(None),
            }));
        }
    }

    /// Returns what comes next within an element.
    pub(crate) fn inside(&mut self) -> Result<Node<'a>, Refusal> {
        self.next()?.ok_or_else(|| self.damaged(&"it is cut off"))
    }

    /// Passes over the rest of an element that began.
    pub(crate) fn skip(&mut self) -> Result<(), Refusal> {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.inside()? {
                Node::Start(_) => depth += 1,
                Node::End => depth -= 1,
                Node::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Appends the text of an element that began, up to its end, without that of the
    /// elements in it.
    pub(crate) fn text(&mut self, text: &mut String) -> Result<(), Refusal> {
        loop {
            match self.inside()? {
                Node::Start(_) => self.skip()?,
                Node::End => return Ok(()),
                Node::Text(piece) => text.push_str(&piece),
            }
        }
    }

    pub(crate) fn damaged(&self, why: &dyn Display) -> Refusal {
        damaged(self.path, why)
    }
}

impl Element<'_> {
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Returns an attribute, by its name without a prefix.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut attributes = self.0.attributes();
        let all = attributes.with_checks(false).filter_map(Result::ok);
        let mut named = all.filter(|one| one.key.local_name().into_inner() == name);
        named.next()?.normalized_value(XmlVersion::Explicit1_0).ok()
    }

    /// Returns whether an attribute of a name, whatever its prefix, has a value.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        let mut attributes = self.0.attributes();
        let mut all = attributes.with_checks(false).filter_map(Result::ok);
        all.any(|one| one.key.local_name().into_inner() == name && one.value == value)
    }
}

/// Returns how a path is looked up: some programs write other slashes and cases.
fn key(path: &str) -> String {
    path.trim_start_matches('/').replace('\\', "/").to_ascii_lowercase()
}

fn damaged(part: &str, why: &dyn Display) -> Refusal {
    // Both may be as long as the file.
    let short = |text: &str| text.chars().take(200).collect();
    Refusal::Damaged { part: short(part), why: short(&why.to_string()) }
}
