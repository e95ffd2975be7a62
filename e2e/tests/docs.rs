//! What our pages promise: links lead somewhere, and recipes they name exist.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns every Markdown page of the project.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![e2e::root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir()
                && !name.starts_with('.')
                && !["target", "node_modules", "dist"].contains(&name)
            {
                folders.push(path);
            } else if name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Yields the targets of `[text](target)` and `![text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

#[test]
fn a_link_to_a_file_finds_it() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = link.split(['#', ' ']).next().unwrap_or(link);
            if !page.parent().unwrap_or(Path::new("")).join(target).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_recipe_that_a_page_names_is_in_the_makefile() {
    let makefile = fs::read_to_string(e2e::root().join("Makefile")).expect("there is a Makefile");
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for after in text.split("`make ").skip(1) {
            let recipe = after
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .next()
                .unwrap_or_default();
            if !makefile.lines().any(|line| line.starts_with(&format!("{recipe}:"))) {
                missing.push(format!("{}: make {recipe}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_test_that_the_security_page_names_exists() {
    let mut sources = String::new();
    let mut folders = vec![e2e::root().join("crates"), e2e::root().join("e2e")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&fs::read_to_string(&path).expect("a source can be read"));
            }
        }
    }
    let page = e2e::root().join("docs/ref/security.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    let named = page.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2);
    let (there, missing): (Vec<_>, Vec<_>) =
        named.partition(|name| sources.contains(&format!("fn {name}(")));
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(there.len() > 40, "{}", there.len());
}
