//! Renders every scene into a folder and tells how long it took and what came out:
//! `cargo run -p simcam --example render -- FOLDER [SCENE…]`

use std::path::PathBuf;
use std::time::Instant;

use simcam::clip::{Clip, render_all};
use simcam::scene::Scene;

fn main() -> Result<(), simcam::clip::ClipError> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("clips"), PathBuf::from);
    let wanted: Vec<String> = arguments.collect();
    let mut scenes = Scene::all();
    scenes.retain(|scene| wanted.is_empty() || wanted.iter().any(|name| name == scene.name()));
    let began = Instant::now();
    let rendered = render_all(&folder, &scenes, |progress| {
        eprint!("\r{} {}/{}   ", progress.scene, progress.done, progress.of);
    })?;
    eprintln!("\r{} scenes in {:.1} s", rendered.len(), began.elapsed().as_secs_f64());
    let kilobits = |clip: &Clip| clip.size_bytes() as u64 * 8 * 90 / clip.duration_90k;
    for scene in &rendered {
        let truth = std::fs::metadata(&scene.truth).map_or(0, |file| file.len());
        let (main, sub) = (kilobits(&scene.main), kilobits(&scene.sub));
        println!("{:12} main {main} kbps, sub {sub} kbps, truth {} kB", scene.scene, truth / 1000);
    }
    Ok(())
}
