//! `khue openapi`: the description of the HTTP API, for those who make clients.

/// Prints it to standard output.
pub(crate) fn run() -> anyhow::Result<()> {
    println!("{}", api::openapi());
    Ok(())
}
