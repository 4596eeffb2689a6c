"""A SAM template after its transform, and what both templates are checked for."""

import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

# The transform needs a region of the SDK to name the partition of its ARNs; it sends no request.
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parents[2]


class NoManagedPolicies:
    """Replaces a loader that would call IAM."""

    @staticmethod
    def load():
        return {}


class Stack:
    """A template, and its resources after the transform. `function` is the resource whose code is built."""

    def __init__(self, path, function):
        self.path = ROOT / path
        self.function = function
        self.template = yaml_parse(self.path.read_text())
        self.expanded = self.expand(self.template)
        self.resources = self.expanded["Resources"]

    def expand(self, template):
        """A template after the transform, which needs the code at the location that packaging would give it."""
        packaged = deepcopy(template)
        packaged["Resources"][self.function]["Properties"]["CodeUri"] = "s3://bucket/key"
        return transform(packaged, {}, NoManagedPolicies)

    def properties(self, name):
        return self.resources[name]["Properties"]

    def of_type(self, prefix):
        return {name: item["Properties"] for name, item in self.resources.items() if item["Type"].startswith(prefix)}

    def unresolved(self):
        """The names that are referred to and are no resource. They must be the parameters, all of them."""
        found = {name for name in references(self.expanded) if not name.startswith("AWS::")}
        return found - self.resources.keys()

    def lint(self, folder):
        """What the linter prints, and its exit code."""
        sam = Path(sys.executable).with_name("sam")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "SAM_CLI_TELEMETRY": "0",
            # Nothing listens on this port, so the tool cannot check for a newer version of itself.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }
        run = subprocess.run(
            [sam, "validate", "--lint", "--template", self.path], cwd=folder, env=environment, capture_output=True, text=True
        )
        return run.returncode, run.stdout + run.stderr


def references(value):
    """Every name that a value refers to, by Ref, Fn::GetAtt or Fn::Sub in any of their forms."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, argument in value.items():
            if key == "Ref":
                yield argument
            elif key == "Fn::GetAtt":
                yield argument.split(".")[0] if isinstance(argument, str) else argument[0]
            elif key == "Fn::Sub":
                text, variables = (argument, {}) if isinstance(argument, str) else argument
                names = (name.strip() for name in re.findall(r"\$\{([^!.}][^.}]*)", text))
                yield from (name for name in names if name not in variables)
                yield from references(variables)
            else:
                yield from references(argument)
