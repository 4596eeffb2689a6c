//! Every page is in the index once, and every relative link and anchor leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{Page, page, pages, root};

/// The pages beside the README, whose links are checked too.
fn others() -> Vec<Page> {
    let names = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others: Vec<_> = names
        .filter(|name| name.strip_suffix(".md").is_some_and(|name| name != "README"))
        .map(|name| page(&name))
        .collect();
    assert!(others.iter().any(|page| page.path == "ARCHITECTURE.md"));
    others
}

/// The anchor that GitHub derives from a heading.
pub fn anchor(heading: &str) -> String {
    let text = without_links(heading.trim_start_matches('#').trim()).to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The anchors of a page. GitHub numbers those of equal headings.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    let headings = page.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
    let anchors = headings.map(|(_, line)| {
        let anchor = anchor(line);
        let count = counts.entry(anchor.clone()).or_default();
        *count += 1;
        if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
    });
    anchors.collect()
}

/// A text with each link replaced by its label.
pub fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest)).replace('[', "")
}

/// The targets of a page's links, outside code.
fn targets(page: &Page) -> Vec<(usize, String)> {
    let in_line = |(number, line): (usize, &str)| {
        let prose: Vec<_> = line.split('`').step_by(2).collect();
        let prose = prose.join("`");
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        targets.map(|(target, _)| (number, target.to_owned())).collect::<Vec<_>>()
    };
    page.prose().into_iter().flat_map(in_line).collect()
}

/// A path with its `..` resolved.
fn resolved(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What is wrong with the links of a page.
fn broken(page: &Page) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, target) in targets(page) {
        if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
        let path = if path.is_empty() { page.path.clone() } else { resolved(&page.path, path) };
        let exists = path == page.path || root().join(&path).exists();
        if !exists {
            broken.push(format!("{}:{number}: {path} does not exist", page.path));
        } else if !anchor.is_empty() {
            let anchors = if path == page.path { anchors(page) } else { anchors(&super::page::page(&path)) };
            if !anchors.contains(anchor) {
                broken.push(format!("{}:{number}: {path} has no heading #{anchor}", page.path));
            }
        }
    }
    broken
}

#[test]
fn every_relative_link_and_anchor_leads_somewhere() {
    let broken: Vec<_> = pages().into_iter().chain(others()).flat_map(|page| broken(&page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_index_once() {
    let index = page("docs/README.md");
    let listed: Vec<String> = index
        .rows()
        .iter()
        .filter_map(|(_, cells)| cells[0].split_once("](")?.1.split_once(')'))
        .map(|(target, _)| resolved("docs/README.md", target))
        .collect();
    for page in pages().iter().filter(|page| page.path.starts_with("docs/") && page.path != index.path) {
        let count = listed.iter().filter(|path| **path == page.path).count();
        // Guides and records of decisions have indexes of their own.
        let of_its_own = ["docs/decisions/", "docs/guides/"].iter().any(|folder| page.path.starts_with(folder))
            && !page.path.ends_with("README.md");
        assert!(count == 1 || (of_its_own && count == 0), "{} is in the index {count} times", page.path);
    }
}

/// The pictures of a page: description and path.
fn pictures(page: &Page) -> Vec<(String, String)> {
    let parts = page.text.split("![").skip(1).filter_map(|rest| rest.split_once("]("));
    let pictures = parts.filter_map(|(description, rest)| Some((description, rest.split_once(')')?.0)));
    pictures.map(|(description, target)| (description.to_owned(), resolved(&page.path, target))).collect()
}

#[test]
fn every_picture_is_shown_with_a_description() {
    let pictures: BTreeMap<String, String> =
        pages().iter().flat_map(pictures).map(|(description, path)| (path, description)).collect();
    for folder in ["docs/console", "docs/performance", "docs/scale"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().display());
            assert!(pictures.get(&path).is_some_and(|description| !description.is_empty()), "no page shows {path}");
        }
    }
    assert!(pictures.len() >= 14, "{pictures:?}");
}

#[test]
fn a_broken_link_is_found() {
    let text =
        "# A `b` (c)\n\n[x](#a-b-c) [x](#d) [x](docs/none.md) [x](docs/errors.md#headers) [x](docs/errors.md#feet)\n";
    let planted = Page { path: "planted.md".to_owned(), text: text.to_owned() };
    assert_eq!(broken(&planted).len(), 3, "{:?}", broken(&planted));
    assert_eq!(without_links("[a](b#c) and `d`"), "a and `d`");
}
