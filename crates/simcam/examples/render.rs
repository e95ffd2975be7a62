//! Renders every scene into a folder and tells how long it took and what came out:
//! `cargo run -p simcam --example render -- FOLDER`

use std::path::PathBuf;
use std::time::Instant;

use simcam::clip::{Clip, render_all};
use simcam::scene::Scene;

fn main() -> Result<(), simcam::clip::ClipError> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("clips"), PathBuf::from);
    let began = Instant::now();
    let scenes = render_all(&folder, &Scene::all(), |progress| {
        eprint!("\r{} {}/{}   ", progress.scene, progress.done, progress.of);
    })?;
    eprintln!("\r{} scenes in {:.1} s", scenes.len(), began.elapsed().as_secs_f64());
    let kilobits = |clip: &Clip| clip.size_bytes() as u64 * 8 * 90 / clip.duration_90k;
    for scene in &scenes {
        let truth = std::fs::metadata(&scene.truth).map_or(0, |file| file.len());
        let (main, sub) = (kilobits(&scene.main), kilobits(&scene.sub));
        println!("{:12} main {main} kbps, sub {sub} kbps, truth {} kB", scene.scene, truth / 1000);
    }
    Ok(())
}
