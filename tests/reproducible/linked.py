"""Leaves in an SBOM only the crates of a list, one `name vVERSION` a line on standard input, and no path of this machine.

cargo-cyclonedx takes what cargo resolves for the whole workspace, with the features and crates that only tests need.
"""

import json
import sys

source, target = sys.argv[1:]
linked = {tuple(line.split()[:2]) for line in sys.stdin if line.strip()}
with open(source, encoding="utf-8") as file:
    bom = json.load(file)

own = bom["metadata"]["component"]
kept = [part for part in bom["components"] if (part["name"], f"v{part['version']}") in linked]
missing = linked - {(part["name"], f"v{part['version']}") for part in [own, *kept]}
if missing:
    sys.exit(f"not in the SBOM: {sorted(missing)}")
references = {part["bom-ref"] for part in [own, *kept]}
bom["components"] = kept
bom["dependencies"] = [
    {**entry, "dependsOn": [name for name in entry.get("dependsOn", []) if name in references]}
    for entry in bom["dependencies"]
    if entry["ref"] in references
]
folder = own["bom-ref"].removeprefix("path+file://").split("#")[0]
with open(target, "w", encoding="utf-8") as file:
    file.write(json.dumps(bom, indent=2).replace(folder, "/source") + "\n")
