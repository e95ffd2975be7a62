//! The journal of what a stream's files cannot say, as it is found on disk.
//!
//! Facts that were noted read back whatever is torn or rubbish behind them, and
//! the rubbish is told from what is whole. Cut there, the journal says the same
//! and takes the next fact. A fact that can be read at all is read the same once
//! written again, and a timeline that learns it accounts for every moment once.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use base::{Span, WallTime};
use libfuzzer_sys::fuzz_target;
use store::facts::{Fact, line, parse};
use store::{GapReason, Rule, Timeline};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    noted: Vec<Note>,
    /// Lines whose sum is right, whatever they say.
    json: Vec<&'a str>,
    torn: &'a [u8],
    asked: (i64, i64),
}

#[derive(Arbitrary, Debug)]
enum Note {
    Gap { from: i64, reason: u8 },
    Filled { from: i64, to: i64, origin: String },
    Deleted { from: i64, to: i64, rule: u8, segments: u32, size_bytes: u64, noted: i64 },
}

fuzz_target!(|input: Input<'_>| {
    let noted: Vec<Fact> = input.noted.iter().filter_map(fact).collect();
    let mut journal = noted.iter().map(line).collect::<String>().into_bytes();
    let parsed = parse(&journal);
    assert_eq!((&parsed.facts, parsed.damaged), (&noted, 0));
    assert_eq!(parsed.whole_bytes, journal.len() as u64);

    for json in &input.json {
        let line = format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
        journal.extend_from_slice(line.as_bytes());
    }
    journal.extend_from_slice(input.torn);
    let parsed = parse(&journal);
    assert!(parsed.facts.starts_with(&noted));
    journal.truncate(parsed.whole_bytes as usize);
    assert_eq!(parse(&journal), parsed);

    let next = Fact::Gap { from: WallTime(7), reason: GapReason::Crashed };
    journal.extend_from_slice(line(&next).as_bytes());
    let grown = parse(&journal);
    assert_eq!(
        (grown.facts.split_last(), grown.damaged),
        (Some((&next, &parsed.facts[..])), parsed.damaged)
    );

    let again = parsed.facts.iter().map(line).collect::<String>();
    assert_eq!(parse(again.as_bytes()).facts, parsed.facts);

    let mut timeline = Timeline::default();
    parsed.facts.iter().for_each(|fact| timeline.learn(fact));
    if let Some(asked) = Span::new(WallTime(input.asked.0), WallTime(input.asked.1)) {
        let account = timeline.account(asked);
        let absent: Duration = account.absent.values().sum();
        assert_eq!(account.recorded + account.filled + account.deleted + absent, asked.duration());
        timeline.answer(asked);
    }
});

fn fact(note: &Note) -> Option<Fact> {
    let span = |from: i64, to: i64| Span::new(WallTime(from), WallTime(to));
    let reason = |index: u8| GapReason::ALL[usize::from(index) % GapReason::ALL.len()];
    Some(match *note {
        Note::Gap { from, reason: index } => {
            Fact::Gap { from: WallTime(from), reason: reason(index) }
        }
        Note::Filled { from, to, ref origin } => {
            Fact::Filled { span: span(from, to)?, origin: origin.clone() }
        }
        Note::Deleted { from, to, rule, segments, size_bytes, noted } => Fact::Deleted {
            span: span(from, to)?,
            rule: Rule::ALL[usize::from(rule) % Rule::ALL.len()],
            segments,
            size_bytes,
            noted: WallTime(noted),
        },
    })
}
