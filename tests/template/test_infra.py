"""The templates of infra/ are those of template.yaml. `UPDATE_INFRA=1 pytest tests/template -k infra` writes them."""

import json
import os
import re
from copy import deepcopy

from stack import ROOT, references
from terraform import Module
from test_template import EXPANDED, TEMPLATE

CDK = ROOT / "infra/cdk"
TERRAFORM = ROOT / "infra/terraform"
# Terraform has no resource for a deployment of CodeDeploy, so it moves the alias itself, at once.
NOT_IN_TERRAFORM = {"DeploymentType"}
UPDATE = "run UPDATE_INFRA=1 pytest tests/template -k infra"


def expanded():
    """The template after the transform, without what only the transform or the build needs."""
    template = deepcopy(EXPANDED)
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
    resources = template["Resources"]
    # The transform names a version by its code, which is not known here. The construct does it.
    [version] = [name for name in resources if name.startswith("IntrospectionFunctionVersion")]
    text = json.dumps(template).replace(f'"{version}"', '"IntrospectionFunctionVersion"')
    template = json.loads(text)
    resources = template["Resources"]
    resources["IntrospectionFunctionVersion"]["UpdateReplacePolicy"] = "Retain"
    resources["IntrospectionFunction"]["Properties"].pop("Tags")
    # The transform reads this parameter itself, so it wrote the default.
    [group] = [item for item in resources.values() if item["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    configuration = {"Fn::Sub": "CodeDeployDefault.Lambda${DeploymentType}"}
    group["Properties"]["DeploymentConfigName"] = configuration
    return template


def written(path, value):
    """Whether the file has this value. Writes it if the maintainer asks for that."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1) + "\n"
    if os.environ.get("UPDATE_INFRA"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path.exists() and path.read_text() == text


def test_the_template_of_the_cdk_construct_is_current():
    template = expanded()
    # The construct evaluates the rules itself, for properties instead of parameters.
    rules = template.pop("Rules")
    assert written(CDK / "endpoint.json", template), UPDATE
    assert written(CDK / "rules.json", rules), UPDATE


def test_the_transform_leaves_nothing_to_the_construct_except_code_and_version():
    template = expanded()
    assert "Transform" not in template
    assert not any(item["Type"].startswith("AWS::Serverless::") for item in template["Resources"].values())
    parameters = {name for name in references(template) if name in template["Parameters"]}
    assert parameters == TEMPLATE["Parameters"].keys()
    assert template["Resources"]["IntrospectionFunction"]["Properties"]["Code"] == {"S3Bucket": "bucket", "S3Key": "key"}
    assert not re.search(r"createdBy|SAM\b", json.dumps(template["Resources"]))


def test_what_the_terraform_module_has_in_common_with_the_template_is_current():
    module = Module(EXPANDED)
    assert written(TERRAFORM / "variables.tf", module.variables(NOT_IN_TERRAFORM)), UPDATE
    assert written(TERRAFORM / "outputs.tf", module.outputs()), UPDATE
    assert written(TERRAFORM / "endpoint.tf", module.locals()), UPDATE


def test_the_construct_has_the_version_of_the_function():
    package = json.loads((CDK / "package.json").read_text())
    lock = json.loads((CDK / "package-lock.json").read_text())
    [version] = set(re.findall(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M))
    assert package["version"] == lock["version"] == version
