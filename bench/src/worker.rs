//! What the worker's jobs cost: `decode-worker/examples/job_cost.rs`, which measures
//! its processes, and whose rows go into the page.

use std::process::{Command, Stdio};

use anyhow::Context;

/// Returns the rows of its table.
pub(crate) fn measure() -> anyhow::Result<String> {
    let program = std::env::current_exe()?.with_file_name("examples").join("job_cost");
    let output = Command::new(&program)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    anyhow::ensure!(output.status.success(), "the worker's jobs could not be measured");
    Ok(String::from_utf8(output.stdout)?)
}
