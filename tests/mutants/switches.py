"""Writes a copy of the project in which each mutant of cargo-mutants is behind a switch, and builds it once.

A function with mutants gets a copy of its body for each of them, and chooses one by the environment variable `MUTANT`:

    fn f(a: u32) -> u32 { match crate::mutant::active(7, 8) {
        0 => { a + 1 }
        7 => { 0 }
        8 => { a - 1 }
        _ => unreachable!(),
    } }

Mutants that do not compile are left out; `cargo mutants` calls them unviable. Those in constants are left out too, because a
constant has only one value in a build."""

import collections
import json
import os
import re
import shutil
import subprocess
import sys

# `active` also writes the functions that each test reaches, if the file is named: libtest runs each test in a thread with
# the name of the test.
SWITCH = """
#[allow(missing_docs)]
pub mod mutant {
    use std::{collections::BTreeSet, env, fs::OpenOptions, io::Write, sync::{LazyLock, Mutex}};

    static ACTIVE: LazyLock<u32> = LazyLock::new(|| env::var("MUTANT").map_or(0, |id| id.parse().unwrap_or(0)));
    static REACHED: LazyLock<Option<String>> = LazyLock::new(|| env::var("MUTANTS_REACHED").ok());
    static SEEN: Mutex<BTreeSet<(u32, String)>> = Mutex::new(BTreeSet::new());

    pub fn active(first: u32, last: u32) -> u32 {
        if let Some(path) = &*REACHED {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            if let Ok(mut seen) = SEEN.lock() && seen.insert((first, thread.clone())) {
                let file = OpenOptions::new().create(true).append(true).open(path);
                let _ = file.map(|mut file| file.write_all(format!("{first} {thread}\\n").as_bytes()));
            }
        }
        if (first..=last).contains(&*ACTIVE) { *ACTIVE } else { 0 }
    }
}
"""
SIGNATURE = re.compile(r"^[ \t]*+(?!//|#)[^\n]*?\bfn\b", re.MULTILINE)
TESTS_OF_TOOL = "crates/introspection-admin/tests/tool/main.rs"
BUILD = ["cargo", "test", "--locked", "--no-run", "--message-format=json"]


class Mutant:
    def __init__(self, listed, text):
        self.file = listed["file"]
        self.line = listed["span"]["start"]["line"]
        # Lines change with every edit, so that the name is without them.
        self.name = re.sub(r":\d+:\d+: ", ": ", listed["name"], count=1)
        self.code = text.lines[self.line - 1].strip()
        self.genre = listed["genre"]
        self.start, self.end = text.range(listed["span"])
        self.replacement = listed["replacement"]
        self.function = listed["function"] and text.range(listed["function"]["span"])
        self.function_name = listed["function"] and listed["function"]["function_name"]
        self.id = self.first = None
        self.why_not = None

    def key(self):
        return f"{self.name} @ {self.code}"


class Text:
    def __init__(self, text):
        self.text = text
        self.lines = text.splitlines()
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def range(self, span):
        return tuple(self.starts[span[end]["line"] - 1] + span[end]["column"] - 1 for end in ("start", "end"))

    def body(self, function):
        """The text between the braces of the function with this range."""
        start, end = function
        assert self.text[end - 1] == "}", self.text[start:end]
        # Its documentation can contain another one.
        signature = SIGNATURE.search(self.text, self.text.rfind("\n", 0, start) + 1, end)
        depth = 0
        for at in range(signature.end(), end):
            letter = self.text[at]
            depth += (letter in "([") - (letter in ")]")
            if letter == "{" and depth == 0:
                return at + 1, end - 1
        raise ValueError(self.text[start:end])


def listed(root, files):
    """The mutants of these files, or of those in .cargo/mutants.toml."""
    command = ["cargo-mutants", "mutants", "--list", "--json", "--no-shuffle"] + [f"--file={name}" for name in files]
    tools = os.path.join(root, "target/tools/bin")
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    found = json.loads(subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    texts = {name: Text(open(os.path.join(root, name)).read()) for name in {entry["file"] for entry in found}}
    mutants = [Mutant(entry, texts[entry["file"]]) for entry in found]
    seen = collections.Counter()
    for mutant in mutants:
        seen[mutant.key()] += 1
        if seen[mutant.key()] > 1:
            mutant.name += f" ({seen[mutant.key()]})"
    return mutants, texts


def numbered(mutants):
    """Gives the mutants of each function neighbouring numbers; an inner function belongs to the outer one."""
    for mutant in mutants:
        if mutant.function is None:
            mutant.why_not = "not in a function"
    within = [mutant for mutant in mutants if mutant.function]
    outer = {}
    for mutant in within:
        ranges = [other.function for other in within if other.file == mutant.file
                  and other.function[0] <= mutant.function[0] and mutant.function[1] <= other.function[1]]
        outer.setdefault((mutant.file, min(ranges)), []).append(mutant)
    number = 0
    for group in outer.values():
        first = number + 1
        for mutant in group:
            number += 1
            mutant.id, mutant.first = number, first
    return outer


def switched(text, functions):
    """The text of a file with its switches, and the lines of each mutant in it."""
    parts, at, lines = [], 0, []
    for (start, end), group in sorted(functions.items()):
        viable = [mutant for mutant in group if mutant.why_not is None]
        if not viable:
            continue
        first, last = text.body((start, end))
        parts.append(text.text[at:start])
        signature, box = boxed(re.sub(r"\bconst (?=fn\b)", "", text.text[start:first]))
        parts.append(signature)
        parts.append(f" match crate::mutant::active({group[0].id}, {group[-1].id}) {{\n")
        parts.append(f"0 => {box}({{{text.text[first:last]}}}),\n")
        for mutant in viable:
            body = text.text[first:mutant.start] + mutant.replacement + text.text[mutant.end:last]
            begin = "".join(parts).count("\n") + 1
            parts.append(f"{mutant.id} => {box}({{ {body} }}),\n")
            lines.append((begin, begin + body.count("\n"), mutant))
        parts.append("_ => unreachable!() } }")
        at = end
    parts.append(text.text[at:])
    return "".join(parts), lines


def boxed(signature):
    """The bodies of a function that returns `impl Iterator` have different types, and so they are boxed."""
    found = re.search(r"-> impl Iterator<(.*)> \{$", signature)
    if not found:
        return signature, ""
    lifetime = "'_" if "&" in signature[:found.start()].rpartition("fn ")[2] else "'static"
    return signature[:found.start()] + f"-> Box<dyn Iterator<{found[1]}> + {lifetime}> {{", "Box::new"


def copy(root, tree, switched):
    """The files that git knows or would add, without those that are not there any more. `switched` are written elsewhere:
    Cargo builds again what has a new time."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split("\0")
    names = {name for name in names if name and os.path.isfile(os.path.join(root, name))}
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, tree) not in names:
                os.remove(path)
    for name in names:
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = open(os.path.join(root, name), "rb").read()
        if not os.path.isfile(path) or name not in switched and open(path, "rb").read() != data:
            shutil.copy2(os.path.join(root, name), path)
            os.utime(path)


def write(path, text):
    if open(path).read() != text:
        open(path, "w").write(text)


def build(root, tree, mutants, texts):
    """Builds the copy, without the mutants that do not compile. Returns the programs of the tests."""
    groups = numbered(mutants)
    copy(root, tree, {"src/lib.rs", TESTS_OF_TOOL, *texts})
    library = open(os.path.join(root, "src/lib.rs")).read()
    write(os.path.join(tree, "src/lib.rs"), library + SWITCH)
    # The process of the tool must learn the switch from its environment.
    calls = open(os.path.join(root, TESTS_OF_TOOL)).read()
    write(os.path.join(tree, TESTS_OF_TOOL), calls.replace(".env_clear()", ""))
    # The library first: the tests take longer, and contain no mutants. Those of the tool are tests of the library too.
    for targets in (["--lib"], ["--lib", "--test", "integration", "--test", "tool"]):
        while (messages := compiled(root, tree, groups, texts, targets)) is None:
            pass
    # Some tests start the dev server.
    subprocess.run(["cargo", "build", "--locked", "--quiet", "--example", "dev", *in_folder(root)], cwd=tree, check=True)
    return {message["target"]["name"]: message["executable"] for message in messages
            if message.get("executable") and message["profile"]["test"]}


def in_folder(root):
    """A folder of its own: Cargo would take its programs for those of the project."""
    return ["--target-dir", os.path.join(root, "target/mutants/build")]


def compiled(root, tree, groups, texts, targets):
    """Cargo's messages about a build without errors, or None if mutants were left out because of errors."""
    lines = {}
    for name, text in texts.items():
        functions = {span: group for (file, span), group in groups.items() if file == name}
        changed, lines[name] = switched(text, functions)
        write(os.path.join(tree, name), changed)
    command = BUILD + targets + in_folder(root)
    done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0:
        return messages
    errors = [message["message"] for message in messages
              if message["reason"] == "compiler-message" and message["message"]["level"] == "error"]
    dropped = unviable(errors, lines)
    print(f"{dropped} mutants do not compile", flush=True)
    if not dropped:
        sys.exit("".join(error["rendered"] for error in errors)[:8000] or done.stderr)
    return None


def unviable(messages, lines):
    """Leaves out the mutants that these errors are about, and counts them."""
    count = 0
    for message in messages:
        spans = sorted(message["spans"], key=lambda span: not span["is_primary"])
        for span in spans:
            for begin, end, mutant in lines.get(span["file_name"], []):
                if begin <= span["line_start"] <= end:
                    if mutant.why_not is None:
                        mutant.why_not = f"{(message['code'] or {}).get('code')} {message['message'].splitlines()[0]}"
                        count += 1
                    break
            else:
                continue
            break
    return count
