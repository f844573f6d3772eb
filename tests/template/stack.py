"""The stack that template.yaml makes, translated by SAM's own translator and resolved, without AWS.

`python -m tests.template.stack Mode=enforce CreateTrail=true`, from the repository's root, prints it as a plain CloudFormation
template with no intrinsic function and no condition left: what a policy scanner can judge completely.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
ACCOUNT = "123456789012"

# What CloudFormation would put in: (pattern of Ref, patterns of the attributes) for each type that the template refers to.
_IDENTITIES = {
    "AWS::CloudTrail::Trail": ("{name}", {"Arn": "arn:{partition}:cloudtrail:{region}:{account}:trail/{name}"}),
    "AWS::Events::Rule": ("{name}", {"Arn": "arn:{partition}:events:{region}:{account}:rule/{name}"}),
    "AWS::IAM::Role": ("{name}", {"Arn": "arn:{partition}:iam::{account}:role/{name}"}),
    "AWS::KMS::Key": ("{name}", {"Arn": "arn:{partition}:kms:{region}:{account}:key/{name}"}),
    "AWS::Lambda::Function": ("{name}", {"Arn": "arn:{partition}:lambda:{region}:{account}:function:{name}"}),
    "AWS::Lambda::LayerVersion": ("arn:{partition}:lambda:{region}:{account}:layer:{name}:1", {}),
    "AWS::Logs::LogGroup": ("{name}", {"Arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}:*"}),
    "AWS::S3::Bucket": ("{name}", {"Arn": "arn:{partition}:s3:::{name}"}),
    "AWS::SNS::Topic": ("arn:{partition}:sns:{region}:{account}:{name}", {}),
    "AWS::SQS::Queue": (
        "https://sqs.{region}.{suffix}/{account}/{name}",
        {"Arn": "arn:{partition}:sqs:{region}:{account}:{name}", "QueueName": "{name}"},
    ),
}
_NAME_PROPERTIES = ("FunctionName", "LogGroupName", "TrailName")
_PARTITIONS = {
    "cn-": {"partition": "aws-cn", "suffix": "amazonaws.com.cn"},
    "us-gov-": {"partition": "aws-us-gov", "suffix": "amazonaws.com"},
    "": {"partition": "aws", "suffix": "amazonaws.com"},
}
_NO_VALUE = object()


@dataclass(frozen=True)
class Stack:
    """A resolved stack: every value is what CloudFormation would hand to the service."""

    resources: dict
    outputs: dict
    identities: dict

    def of_type(self, kind):
        """The properties of each resource of a CloudFormation type, by logical id."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == kind}

    def properties(self, logical_id):
        return self.resources[logical_id]["Properties"]

    def functions(self):
        """The properties of each Lambda function, by logical id."""
        return self.of_type("AWS::Lambda::Function")

    def role_of(self, function):
        """The logical id of the role that a function (its logical id) runs as."""
        arn = self.properties(function)["Role"]
        return next(name for name in self.of_type("AWS::IAM::Role") if self.arn(name) == arn)

    def arn(self, logical_id):
        return self.identities[logical_id]["Arn"]

    def name(self, logical_id):
        return self.identities[logical_id]["name"]


def translate(region="us-east-1", **parameters):
    """Translates template.yaml for a region with these parameters (the others keep their defaults) and resolves it."""
    template = read()
    values = {name: p.get("Default") for name, p in template["Parameters"].items()} | parameters
    unknown = parameters.keys() - template["Parameters"].keys()
    if unknown:
        raise KeyError(f"template.yaml has no parameter {', '.join(sorted(unknown))}")
    for resource in template["Resources"].values():
        # The translator sees the template after `sam package`, where local folders have become objects in S3.
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = "s3://bucket/" + resource["Properties"][key]
    session = boto3.Session(region_name=region)
    plain = Translator({}, Parser(), boto_session=session).translate(template, values)
    place = next(v for k, v in _PARTITIONS.items() if region.startswith(k)) | {"region": region, "account": ACCOUNT}
    pseudo = {
        "AWS::AccountId": ACCOUNT,
        "AWS::NoValue": _NO_VALUE,
        "AWS::Partition": place["partition"],
        "AWS::Region": region,
        "AWS::StackName": "rescind",
        "AWS::URLSuffix": place["suffix"],
    }
    return _Resolver(plain, {k: str(v) for k, v in values.items()} | pseudo, place).stack()


def read():
    """template.yaml as it stands, intrinsic functions in their long form."""
    return yaml_parse(TEMPLATE.read_text(encoding="utf-8"))


def statements(stack, role):
    """Every policy statement that applies to a role (its logical id): its own policies and the stack's managed ones."""
    name = stack.name(role)
    documents = [p["PolicyDocument"] for p in stack.properties(role).get("Policies", [])]
    for policy in stack.of_type("AWS::IAM::RolePolicy").values():
        if policy["RoleName"] == name:
            documents.append(policy["PolicyDocument"])
    for policy in stack.of_type("AWS::IAM::ManagedPolicy").values():
        if name in policy["Roles"]:
            documents.append(policy["PolicyDocument"])
    return [s for document in documents for s in _listed(document["Statement"])]


def allowed_calls(stack, role):
    """The exact set of actions that a role (its logical id) allows, as IAM spells them: `iam:DetachUserPolicy`.

    Compare it with the calls a function was seen to make, plus `RUNTIME_CALLS`: those AWS makes for it, so no proxy sees them.
    Raises ValueError where a statement allows a pattern or all that it does not name: then there is no exact set.
    """
    actions = set()
    for statement in statements(stack, role):
        if statement["Effect"] != "Allow":
            continue
        if "Action" not in statement:
            raise ValueError(f"{role} allows what it does not name: {statement}")
        for action in _listed(statement["Action"]):
            if "*" in action or "?" in action:
                raise ValueError(f"{role} allows a pattern: {action}")
            actions.add(action)
    return actions


# What AWS does with a function's role on its behalf: Lambda writes the log, fills the failure queue and puts results on the bus, SNS uses
# the topic's key.
RUNTIME_CALLS = frozenset(
    {"events:PutEvents", "kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
)


class _Resolver:
    def __init__(self, template, values, place):
        self.values, self.place = values, place
        self.conditions = template.get("Conditions", {})
        self.outputs = template.get("Outputs", {})
        self.intrinsics = {
            "Ref": self.ref,
            "Fn::Equals": lambda pair: self.value(pair[0]) == self.value(pair[1]),
            "Fn::GetAtt": self.attribute,
            "Fn::If": lambda choice: self.value(choice[1] if self.holds(choice[0]) else choice[2]),
            "Fn::Join": lambda parts: parts[0].join(self.value(parts[1])),
            "Fn::Not": lambda condition: not self.value(condition[0]),
            "Fn::Sub": self.substituted,
        }
        self.resources = {name: r for name, r in template["Resources"].items() if self.present(r)}

    def stack(self):
        resources = {
            name: {k: v for k, v in r.items() if k != "Condition"} | {"Properties": self.value(r.get("Properties", {}))}
            for name, r in self.resources.items()
        }
        outputs = {name: self.value(o["Value"]) for name, o in self.outputs.items() if self.present(o)}
        identities = {name: self.identity(name) for name, r in self.resources.items() if r["Type"] in _IDENTITIES}
        return Stack(resources, outputs, identities)

    def present(self, node):
        return "Condition" not in node or self.holds(node["Condition"])

    def holds(self, condition):
        return self.value(self.conditions[condition])

    def value(self, node):
        if isinstance(node, list):
            return [v for v in map(self.value, node) if v is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), = node.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self.intrinsics[function](argument)
        resolved = {k: self.value(v) for k, v in node.items()}
        return {k: v for k, v in resolved.items() if v is not _NO_VALUE}

    def ref(self, name):
        return self.values[name] if name in self.values else self.identity(name)["Ref"]

    def attribute(self, argument):
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return self.identity(name)[attribute]

    def substituted(self, text):
        def replacement(match):
            name = match.group(1)
            return self.attribute(name) if "." in name else self.ref(name)

        return re.sub(r"\$\{([^!}]+)\}", replacement, text)

    def identity(self, logical_id):
        """What Ref and GetAtt give for a resource, and its name."""
        resource = self.resources[logical_id]
        properties = resource.get("Properties", {})
        given = next((properties[p] for p in _NAME_PROPERTIES if p in properties), f"rescind-{logical_id}")
        fill = {"name": self.value(given), **self.place}
        ref, attributes = _IDENTITIES[resource["Type"]]
        return {"name": fill["name"], "Ref": ref.format(**fill)} | {k: v.format(**fill) for k, v in attributes.items()}


def _listed(value):
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    stack = translate(**dict(argument.split("=", 1) for argument in sys.argv[1:]))
    json.dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": stack.resources}, sys.stdout, indent=2)
