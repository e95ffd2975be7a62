//! Fragment headers: any bytes, and our own with bytes changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::fmp4::{FragmentIndex, Sample, fragment_header, read_fragment_header};

fuzz_target!(|data: &[u8]| {
    check(data);

    // Our own: first as written, then with bytes changed as the input says.
    let Some((&[count, sequence], rest)) = data.split_first_chunk::<2>() else { return };
    let Some((recipe, changes)) = rest.split_at_checked(4 * usize::from(count)) else { return };
    let sample = |bytes: &[u8]| Sample {
        duration_us: u32::from(bytes[0]) << 12,
        size_bytes: u32::from(bytes[1]) << 24,
        composition_us: i32::from(bytes[2] as i8) << 24,
        is_key: bytes[3] & 1 == 1,
    };
    let samples: Vec<Sample> = recipe.chunks_exact(4).map(sample).collect();
    let mut header = fragment_header(sequence.into(), u64::MAX / 3, &samples).to_vec();
    let index = read_fragment_header(&header).expect("our own");
    assert_eq!(index.samples, samples);
    assert_eq!(index.header_len, header.len() as u64);
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % header.len();
        header[at] = change[2];
    }
    check(&header);
});

/// What can be read lies within the fragment, and is read the same once written.
fn check(data: &[u8]) {
    let Ok(index) = read_fragment_header(data) else { return };
    let FragmentIndex { sequence, decode_time_us, samples, data_offset, header_len, total_len } =
        index;
    let size: u64 = samples.iter().map(|sample| u64::from(sample.size_bytes)).sum();
    assert!(header_len <= data.len() as u64);
    assert!(data_offset >= header_len && data_offset + size <= total_len);
    let again = read_fragment_header(&fragment_header(sequence, decode_time_us, &samples))
        .expect("our own");
    assert_eq!(
        (again.sequence, again.decode_time_us, again.samples),
        (sequence, decode_time_us, samples)
    );
}
