"""Prints infra/template.yaml as CloudFormation sees it after the SAM transform, without AWS.

cfn-lint finds circular dependencies and wrong generated resources only there.
"""

import json
import logging
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# It warns of usage metrics that it cannot send.
logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)


class ManagedPolicies:
    """SAM asks for the ARNs of AWS's policies by name; the template names none."""

    def load(self):
        return {}


with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file)

defaults = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
# `sam deploy` puts the address of the uploaded package here.
template["Globals"]["Function"]["CodeUri"] = "s3://packages/code.zip"
# CloudFormation applies the transforms in their order: what is left is plain but for the extensions.
extensions = template["Transform"][:-1]
template["Transform"] = template["Transform"][-1]
plain = transform(template, defaults, ManagedPolicies())
plain["Transform"] = extensions
json.dump(plain, sys.stdout, indent=1)
