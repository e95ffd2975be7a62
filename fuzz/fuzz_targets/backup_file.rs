//! The file of a backup, as it comes back from whatever disk it lay on.
//!
//! What is sealed comes out as it went in; changed anywhere, cut or continued, it is
//! refused at the latest at its end. Whoever has the passphrase may have sealed
//! anything: no name of an entry leads out of its folder.
#![no_main]

use arbitrary::Arbitrary;
use backup::fuzzing::seal;
use backup::{Error, Item, Reader};
use libfuzzer_sys::fuzz_target;

const PASSPHRASE: &str = "năm cánh đồng lúa chín";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    plain: &'a [u8],
    garbage: &'a [u8],
    /// Where bytes are put in the place of others.
    at: u16,
    taken: u16,
    put: &'a [u8],
}

fn read(file: &[u8]) -> Result<Vec<Item>, Error> {
    let mut reader = Reader::begin(file, PASSPHRASE)?;
    let mut items = Vec::new();
    while let Some(item) = reader.next_item()? {
        if let Item::Entry(name) = &item {
            let path = std::path::Path::new(name);
            let stays = |part| matches!(part, std::path::Component::Normal(_));
            assert!(!name.is_empty() && path.components().all(stays), "{name}");
        }
        items.push(item);
    }
    Ok(items)
}

fuzz_target!(|input: Input<'_>| {
    assert!(read(input.garbage).is_err(), "nobody has the passphrase");
    let sealed = seal(input.plain, PASSPHRASE);
    let whole = read(&sealed);
    let from = usize::from(input.at).min(sealed.len());
    let to = from.saturating_add(input.taken.into()).min(sealed.len());
    let mut changed = sealed.clone();
    changed.splice(from..to, input.put.iter().copied());
    // A header that asks for much work is another's to try.
    if changed != sealed && changed.get(..25) == sealed.get(..25) {
        assert!(read(&changed).is_err(), "what was changed was read");
    }
    drop(whole);
});
