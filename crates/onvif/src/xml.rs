//! XML as devices write it, read into a tree; and XML as they can read it.
//!
//! ```text
//! <a:Envelope …><a:Body><b:Name>gate</b:Name></a:Body></a:Envelope>
//!        └ Element "Envelope" ─ "Body" ─ "Name", whose text is "gate"
//! ```
//!
//! Elements are found by their local names along a path. Prefixes are each device's own
//! choice, and some declare the wrong namespace or none; that two elements of one name
//! and different namespaces meet below one parent does not happen in what is asked here.
//!
//! What comes is hostile until it is read: it has bounds for its size, depth and number
//! of elements, and what a document defines for itself (DTD, entities) is refused.

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::fault::short;

/// The most bytes of a document.
pub(crate) const LARGEST: usize = 4 << 20;

/// How deep elements may lie in one another.
const DEEPEST: usize = 64;

/// How many elements and attributes there may be: some devices describe hundreds of presets
/// and rules.
const MOST: usize = 50_000;

/// An element, with what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name without prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    /// Its own text, without white space around it.
    pub(crate) text: String,
}

/// Why bytes are no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) Cow<'static, str>);

impl Element {
    /// Reads a document: what is no UTF-8 is replaced, and what stands before the first
    /// element is passed over.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > LARGEST {
            return Err(Unreadable("it is longer than 4 MiB".into()));
        }
        let text = String::from_utf8_lossy(bytes);
        let start = text.find('<').ok_or(Unreadable("there is no element in it".into()))?;
        let mut reader = Reader::from_str(&text[start..]);
        reader.config_mut().trim_markup_names_in_closing_tags = true;
        reader.config_mut().check_comments = false;
        let mut tree = Tree::default();
        loop {
            let event = reader
                .read_event()
                .map_err(|error| Unreadable(short(&error.to_string()).into()))?;
            match event {
                Event::Start(start) => tree.open(&start)?,
                Event::Empty(start) => {
                    tree.open(&start)?;
                    tree.close();
                }
                Event::End(_) => tree.close(),
                Event::Text(text) => tree.text(&text.xml10_content()),
                Event::CData(text) => tree.text(&text.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(letter)) => tree.text(letter.encode_utf8(&mut [0; 4])),
                    // What is not known is left out: a name with an & in it is still a name.
                    _ => tree.text(
                        resolve_predefined_entity(&reference.xml10_content()).unwrap_or_default(),
                    ),
                },
                Event::DocType(_) => {
                    return Err(Unreadable("it defines things for itself (DTD)".into()));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
            if let Some(root) = tree.root.take() {
                return Ok(root);
            }
        }
        Err(Unreadable(
            if tree.count == 0 { "there is no element in it" } else { "it breaks off" }.into(),
        ))
    }

    /// Returns the first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Yields the children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns what lies at a path of names, each the first of its name.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Returns the text at a path, if there is any.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str()).filter(|text| !text.is_empty())
    }

    /// Returns what the text at a path says, if it can be read as such.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, path: &[&str]) -> Option<T> {
        self.text_at(path)?.parse().ok()
    }

    /// Returns whether the text at a path says yes.
    pub(crate) fn is_true(&self, path: &[&str]) -> bool {
        self.text_at(path).is_some_and(is_true)
    }

    /// Returns an attribute, whatever its prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the first element of this name, here or anywhere below.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// Writes it as it came, but for its prefixes: for whoever looks into what a device said.
    pub(crate) fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            // Writing to a text does not fail.
            let _ = write!(out, " {name}=\"{}\"", escaped(value));
        }
        out.push('>');
        out.push_str(&escaped(&self.text));
        self.children.iter().for_each(|child| child.write(out));
        let _ = write!(out, "</{}>", self.name);
    }
}

/// Returns whether a text says yes (XML Schema boolean, and capitals).
pub(crate) fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true")
}

/// Returns a text as it stands in an element or between double quotes.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// What is being read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    /// Set once the outermost element is closed.
    root: Option<Element>,
    count: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        self.count += 1;
        if self.open.len() >= DEEPEST {
            return Err(Unreadable("its elements lie too deep in one another".into()));
        }
        let name = local(start.name().as_ref());
        let mut attributes = Vec::new();
        // One that is written wrongly is as if it were not there.
        for attribute in start.attributes().with_checks(false).flatten().take(MOST) {
            // Each takes as much memory as an element.
            self.count += 1;
            if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                attributes.push((local(attribute.key.as_ref()), value.into_owned()));
            }
        }
        if self.count > MOST {
            return Err(Unreadable("it has too many elements".into()));
        }
        self.open.push(Element { name, attributes, ..Element::default() });
        Ok(())
    }

    fn close(&mut self) {
        let Some(mut closed) = self.open.pop() else { return };
        closed.text.truncate(closed.text.trim_end().len());
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
    }

    fn text(&mut self, text: &str) {
        let Some(element) = self.open.last_mut() else { return };
        let text = if element.text.is_empty() { text.trim_start() } else { text };
        element.text.push_str(text);
    }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, String> {
        Element::read(text.as_bytes()).map_err(|Unreadable(why)| why.into_owned())
    }

    #[test]
    fn names_are_found_whatever_their_prefixes() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<!-- x --><SOAP-ENV:Envelope xmlns:SOAP-ENV='e'>\
            <e:Body a:token=\"P 1\" fixed='true'>\n <Name> the north &amp; the &#x110;&ocirc;ng &lt;gate&gt; </Name>\
            <Name>second</Name><x/></e:Body></SOAP-ENV:Envelope> trailing";
        let read = read(text).unwrap();
        assert_eq!(read.name, "Envelope");
        assert_eq!(read.text_at(&["Body", "Name"]), Some("the north & the Đng <gate>"));
        let body = read.child("Body").unwrap();
        assert_eq!(body.all("Name").count(), 2);
        assert_eq!((body.attribute("token"), body.attribute("fixed")), (Some("P 1"), Some("true")));
        assert_eq!(read.text_at(&["Body", "x"]), None);
        assert_eq!(read.find("x").map(|found| found.children.len()), Some(0));
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        let read = Element::read(b"<a><Model>IPC\xff\x01 3</Model></a>").unwrap();
        assert_eq!(read.text_at(&["Model"]), Some("IPC\u{fffd}\u{1} 3"));
    }

    #[test]
    fn what_a_document_defines_for_itself_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
        assert_eq!(read(bomb).unwrap_err(), "it defines things for itself (DTD)");
    }

    #[test]
    fn what_is_too_deep_too_much_or_too_long_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        assert_eq!(read(&deep).unwrap_err(), "its elements lie too deep in one another");
        let deep = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
        assert!(read(&deep).is_ok());
        let much = format!("<a{}/>", " b='c'".repeat(50_000));
        assert_eq!(read(&much).unwrap_err(), "it has too many elements");
        let much = format!("<a>{}</a>", "<b/>".repeat(50_000));
        assert_eq!(read(&much).unwrap_err(), "it has too many elements");
        let long = format!("<a>{}</a>", "x".repeat(LARGEST));
        assert_eq!(read(&long).unwrap_err(), "it is longer than 4 MiB");
    }

    #[test]
    fn what_is_no_document_is_told_so() {
        for text in ["", "   ", "404 page not found"] {
            assert_eq!(read(text).unwrap_err(), "there is no element in it", "{text:?}");
        }
        for text in ["<a><b></b>", "<a", "<a>x</b>"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let first = read("<a x=\"1 &lt; 2\"><b>c &amp; d</b><e/></a>").unwrap();
        let mut text = String::new();
        first.write(&mut text);
        assert_eq!(read(&text).unwrap(), first);
    }
}
