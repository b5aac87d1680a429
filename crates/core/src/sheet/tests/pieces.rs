//! Pieces of XML: none is lost on a border of the buffer, and the doors for harm stay shut.

use std::io::Read;

use super::super::xml::*;

/// Gives one byte at a time, so that every piece crosses a border of the buffer.
struct Drip<'a>(&'a [u8]);
impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(0);
        };
        out[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

fn pieces(text: &str) -> Vec<String> {
    let mut xml = Xml::new(Drip(text.as_bytes()), "test");
    let mut raw = Vec::new();
    let mut seen = Vec::new();
    loop {
        let piece = match xml.next() {
            Ok(Piece::Eof) => break,
            Ok(piece) => format!("{piece:?}"),
            Err(fault) => {
                seen.push(fault.key().to_owned());
                return seen;
            }
        };
        seen.push(piece);
        raw.extend_from_slice(xml.raw());
    }
    // What the patcher relies on: the pieces together are the document.
    assert_eq!(String::from_utf8(raw).unwrap(), text.trim_start_matches('\u{feff}'));
    seen
}

#[test]
fn pieces_follow_each_other_without_a_gap() {
    let seen = pieces(
        "\u{feff}<?xml version='1.0'?><!-- a > b --><x:a b=\"1>2\" c = '\"'><![CDATA[<t>]]>王&amp;芳<d/></x:a>\n",
    );
    assert_eq!(seen.len(), 8);
    let mut xml = Xml::new(&b"<x:a b=\"1>2\" r:id = '\"'/>"[..], "test");
    let Piece::Start(tag) = xml.next().unwrap() else { panic!("a start tag") };
    assert!(tag.empty);
    assert_eq!(tag.local(), b"a");
    assert_eq!(tag.attribute(b"b"), Some(&b"1>2"[..]));
    assert_eq!(tag.attribute(b"id"), Some(&b"\""[..]));
    assert_eq!(tag.attribute(b"c"), None);
}

#[test]
fn doors_for_harm_are_shut() {
    assert_eq!(pieces("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), ["file_damaged"]);
    assert!(pieces("<a b='1").contains(&"file_damaged".to_owned()));
    assert!(pieces("<").contains(&"file_damaged".to_owned()));
    assert!(pieces("<!-").contains(&"file_damaged".to_owned()));
    let endless = format!("<a {}", "b".repeat(LONGEST + 1));
    let mut xml = Xml::new(endless.as_bytes(), "test");
    assert!(xml.next().is_err());
}

#[test]
fn entities_go_both_ways() {
    let mut out = Vec::new();
    unescape("&#29579;&#x82B3;&lt;&nbsp;&amp;&;&#0x;&#xD800;& \r\n\r&#13;".as_bytes(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "王芳<&nbsp;&&;&#0x;&#xD800;& \n\n\r");
    let mut out = Vec::new();
    escape("王<芳>&\u{1}\u{2CC56}", &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "王&lt;芳&gt;&amp; \u{2CC56}");
}
