//! Rows in the form of a backup, from whoever has its passphrase.
//!
//! Any bytes give tables and rows or a refusal, the same in whatever pieces they
//! come; what was read is written again as it was.
#![no_main]

use arbitrary::Arbitrary;
use db::portable::{Decoder, Item, Malformed, write_end, write_row, write_table};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    bytes: &'a [u8],
    piece: u8,
}

fn read(bytes: &[u8], piece: usize) -> (Vec<Item>, Result<(), Malformed>) {
    let (mut decoder, mut items) = (Decoder::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        loop {
            match decoder.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Err(error)),
            }
        }
    }
    (items, decoder.finish())
}

fuzz_target!(|input: Input<'_>| {
    let (items, ended) = read(input.bytes, usize::from(input.piece).max(1));
    let (whole, at_once) = read(input.bytes, usize::MAX);
    assert_eq!(ended, at_once);
    // Numbers that are none are not equal to themselves: compared as written.
    let written = |items: &[Item]| {
        let mut out = Vec::new();
        for item in items {
            match item {
                Item::Table(table) => write_table(table, &mut out),
                Item::Row(row) => write_row(row, &mut out),
                Item::End(rows) => write_end(*rows, &mut out),
            }
        }
        out
    };
    let again = written(&whole);
    assert_eq!(written(&items), again);
    assert!(input.bytes.starts_with(&again), "what was read is not what came");
});
