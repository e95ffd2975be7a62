//! Elements out of text, and text out of what an answer says.
//!
//! Elements are known by namespace and local name; prefixes are each writer's own.
//! What comes from the network is read within bounds: no document type (so no
//! entities of its own), a bounded depth, a bounded number of elements.

use std::fmt::{Display, Write};

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, QName, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

/// How deep elements may stand in one another.
const MAX_DEPTH: usize = 64;
/// How many elements a text may have.
const MAX_ELEMENTS: usize = 10_000;

/// An element with all that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The namespace; empty if there is none.
    pub(crate) namespace: String,
    /// The name without its prefix.
    pub(crate) name: String,
    /// Attributes by their names without prefixes; declarations of namespaces are
    /// not among them.
    attributes: Vec<(String, String)>,
    text: String,
    /// What the prefixes that stand in the text mean.
    prefixes: Vec<(String, String)>,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
}

/// Why a text is no XML that we take.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is no XML.
    #[error("no well-formed XML: {0}")]
    Syntax(#[from] quick_xml::Error),
    /// It is XML that nobody needs.
    #[error("{0}")]
    Refused(&'static str),
}

/// Reads a text; bytes that are no UTF-8 are replaced.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, Malformed> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader =
        NsReader::from_str(text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']));
    reader.config_mut().expand_empty_elements = true;
    let (mut open, mut elements) = (Vec::<Element>::new(), 0);
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                elements += 1;
                if open.len() == MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(Malformed::Refused("more elements than any request has"));
                }
                open.push(Element::begun(&start, reader.resolver()));
            }
            Event::End(_) => {
                let Some(mut element) = open.pop() else {
                    return Err(Malformed::Refused("an end without a beginning"));
                };
                element.prefixes = prefixes_in(&element.text, reader.resolver());
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    // What follows the root is not looked at.
                    None => return Ok(element),
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let unknown = || Malformed::Refused("an entity that XML does not define");
                match reference.resolve_char_ref()? {
                    Some(letter) => append(&mut open, letter.encode_utf8(&mut [0; 4])),
                    None => {
                        let name = reference.xml10_content();
                        append(&mut open, resolve_predefined_entity(&name).ok_or_else(unknown)?);
                    }
                }
            }
            Event::DocType(_) => return Err(Malformed::Refused("a document type is not taken")),
            Event::Eof => return Err(Malformed::Refused("the text ends too early")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Returns what each prefix in a text of qualified names means.
fn prefixes_in(text: &str, resolver: &NamespaceResolver) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    // Names do not come by the hundred; what is longer is none.
    for word in text.split(|c: char| c.is_whitespace() || c == '|' || c == '/').take(100) {
        let Some((prefix, _)) = word.split_once(':') else { continue };
        if let (ResolveResult::Bound(namespace), _) = resolver.resolve(QName(word), false) {
            found.push((prefix.to_owned(), namespace.into_inner().to_owned()));
        }
    }
    found
}

impl Element {
    fn begun(start: &BytesStart<'_>, resolver: &NamespaceResolver) -> Self {
        let (bound, name) = resolver.resolve_element(start.name());
        let namespace = match bound {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
        };
        let attributes = start
            .attributes()
            .with_checks(false)
            .filter_map(Result::ok)
            .filter(|attribute| attribute.key.as_namespace_binding().is_none())
            .filter_map(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
                Some((attribute.key.local_name().into_inner().to_owned(), value.into_owned()))
            })
            .collect();
        Self { namespace, name: name.into_inner().to_owned(), attributes, ..Self::default() }
    }

    /// Returns whether it is the element of this name.
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// Returns the first element of this name in it.
    pub(crate) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// Returns the elements of this name in it.
    pub(crate) fn all<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(namespace, name))
    }

    /// Returns the text of the first element of this name in it.
    pub(crate) fn text_of(&self, namespace: &str, name: &str) -> Option<&str> {
        self.child(namespace, name).map(Self::text)
    }

    /// Returns its text without the space around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Returns an attribute by its name without a prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns what a prefix that stands in the text means.
    pub(crate) fn meaning(&self, prefix: &str) -> Option<&str> {
        self.prefixes.iter().find(|(key, _)| key == prefix).map(|(_, uri)| uri.as_str())
    }
}

/// Returns an element around what is already XML.
pub(crate) fn element(name: &str, inside: &str) -> String {
    format!("<{name}>{inside}</{name}>")
}

/// Returns an element around a text.
pub(crate) fn leaf(name: &str, text: impl Display) -> String {
    element(name, &escaped(&text.to_string()))
}

/// Returns an element with attributes around what is already XML.
pub(crate) fn with(name: &str, attributes: &[(&str, &str)], inside: &str) -> String {
    let mut text = format!("<{name}");
    for (key, value) in attributes {
        // Writing to a string cannot fail.
        let _ = write!(text, " {key}=\"{}\"", escaped(value));
    }
    let _ = write!(text, ">{inside}</{name}>");
    text
}

/// Returns a text as it stands in XML; what must not stand there is left out.
pub(crate) fn escaped(text: &str) -> String {
    let allowed = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    let text: String = text.chars().filter(allowed).collect();
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_known_by_their_namespace_whatever_the_prefix() {
        for text in [
            "<a:b xmlns:a='urn:x'><a:c>1</a:c></a:b>",
            "<b xmlns='urn:x'><c>1</c></b>",
            "\u{feff}<?xml version='1.0'?>\n<z:b xmlns:z='urn:x'><c xmlns='urn:x'> 1\n</c></z:b>",
        ] {
            let root = read(text.as_bytes()).unwrap();
            assert!(root.is("urn:x", "b"), "{text}");
            assert_eq!(root.text_of("urn:x", "c"), Some("1"), "{text}");
            assert_eq!(root.text_of("urn:y", "c"), None, "{text}");
        }
    }

    #[test]
    fn text_attributes_and_prefixes_in_text_are_read() {
        let text =
            "<a xmlns:p='urn:p'><b x='1&lt;' p:y='2'>p:q//. q:r &amp;&#x41;<![CDATA[<]]></b></a>";
        let root = read(text.as_bytes()).unwrap();
        let b = root.child("", "b").unwrap();
        assert_eq!((b.attribute("x"), b.attribute("y")), (Some("1<"), Some("2")));
        assert_eq!(b.text(), "p:q//. q:r &A<");
        assert_eq!((b.meaning("p"), b.meaning("q")), (Some("urn:p"), None));
    }

    #[test]
    fn bombs_and_garbage_are_refused() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        for text in [
            "",
            "hello",
            "<",
            "<a>",
            "</a>",
            "<a></b>",
            "<a>&x;</a>",
            "<a>&#0;&#xffffffff;</a>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            &deep,
            &wide,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{}", &text[..text.len().min(60)]);
        }
        assert!(read(b"<a>\xff\xfe</a>").is_ok());
        assert!(read(&deep.as_bytes()[3..deep.len() - 4]).is_ok());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = with("a", &[("k", "<\"&>")], &leaf("b", "x < y & \u{1}z"));
        let root = read(text.as_bytes()).unwrap();
        assert_eq!(root.attribute("k"), Some("<\"&>"));
        assert_eq!(root.text_of("", "b"), Some("x < y & z"));
    }
}
