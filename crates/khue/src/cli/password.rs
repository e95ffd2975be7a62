//! A password from a person or a pipe, never from the command line, where
//! everyone on the machine could read it.

use std::io::{self, BufRead, IsTerminal};

use anyhow::Context;

/// Asks without showing what is typed; takes the first line of a pipe.
pub(crate) fn ask(prompt: &str) -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt)
            .context("cannot read the password from this terminal");
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(
        !password.is_empty(),
        "no password came from standard input: write it there in one line"
    );
    Ok(password.to_owned())
}

/// Asks for a password that is to be chosen: twice on a terminal, where nobody sees
/// what they type.
pub(crate) fn ask_twice(prompt: &str) -> anyhow::Result<String> {
    let once = ask(prompt)?;
    if io::stdin().is_terminal() {
        anyhow::ensure!(ask("Once more: ")? == once, "the two are not the same; nothing was done");
    }
    Ok(once)
}
