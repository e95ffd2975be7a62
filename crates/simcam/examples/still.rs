//! Draws frames of the scenes as PNG files, to look at them:
//! `cargo run -p simcam --example still -- FOLDER [FRAME…]`
//!
//! Each is written in full and, beside it, as small as on a wall of tiles.

use std::io::Write;
use std::process::{Command, Stdio};

use simcam::scene::Scene;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "stills".to_owned());
    let frames: Vec<usize> = arguments.filter_map(|text| text.parse().ok()).collect();
    let frames = if frames.is_empty() { vec![120] } else { frames };
    std::fs::create_dir_all(&folder)?;
    for scene in Scene::all() {
        for &frame in &frames {
            let picture = scene.still(frame);
            let size = format!("{}x{}", picture.width, picture.height);
            let path = format!("{folder}/{}-{frame:03}", scene.name());
            let mut ffmpeg = Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size])
                .args(["-colorspace", "bt709", "-color_range", "tv", "-i", "-", "-filter_complex"])
                .arg("split[a][b];[b]scale=640:-1:in_color_matrix=bt709[b];[a]scale=in_color_matrix=bt709[a]")
                .args(["-map", "[a]", &format!("{path}.png"), "-map", "[b]", &format!("{path}-small.png")])
                .stdin(Stdio::piped())
                .spawn()?;
            if let Some(mut pipe) = ffmpeg.stdin.take() {
                pipe.write_all(&picture.luma)?;
                pipe.write_all(&picture.blue)?;
                pipe.write_all(&picture.red)?;
            }
            ffmpeg.wait()?;
        }
    }
    Ok(())
}
