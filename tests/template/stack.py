"""The stack that template.yaml makes, translated by SAM's own translator and resolved, without AWS.

`python -m tests.template.stack Mode=enforce CreateTrail=true`, from the repository's root, prints it as a plain CloudFormation
template with no intrinsic function and no condition left: what a policy scanner can judge completely.
"""

import copy
import functools
import json
import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import boto3
from moto.iam.aws_managed_policies import aws_managed_policies_data
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
ACCOUNT = "123456789012"

# CloudFormation's values: (pattern of Ref, patterns of the attributes) for each type that the template refers to.
_IDENTITIES = {
    "AWS::CloudWatch::Alarm": ("{name}", {"Arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"}),
    "AWS::CloudWatch::Dashboard": ("{name}", {}),
    "AWS::CloudTrail::Trail": ("{name}", {"Arn": "arn:{partition}:cloudtrail:{region}:{account}:trail/{name}"}),
    "AWS::DynamoDB::Table": ("{name}", {"Arn": "arn:{partition}:dynamodb:{region}:{account}:table/{name}"}),
    "AWS::Events::Rule": ("{name}", {"Arn": "arn:{partition}:events:{region}:{account}:rule/{name}"}),
    "AWS::IAM::ManagedPolicy": ("arn:{partition}:iam::{account}:policy{path}{name}", {}),
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
_NAME_PROPERTIES = ("AlarmName", "DashboardName", "FunctionName", "LogGroupName", "ManagedPolicyName", "TrailName")
STACK_ID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
_PARTITIONS = {
    "cn-": {"partition": "aws-cn", "suffix": "amazonaws.com.cn"},
    "us-gov-": {"partition": "aws-us-gov", "suffix": "amazonaws.com"},
    "eusc-": {"partition": "aws-eusc", "suffix": "amazonaws.eu"},
    "us-iso-": {"partition": "aws-iso", "suffix": "c2s.ic.gov"},
    "us-isob-": {"partition": "aws-iso-b", "suffix": "sc2s.sgov.gov"},
    "eu-isoe-": {"partition": "aws-iso-e", "suffix": "cloud.adc-e.uk"},
    "us-isof-": {"partition": "aws-iso-f", "suffix": "csp.hci.ic.gov"},
    "": {"partition": "aws", "suffix": "amazonaws.com"},
}
_NO_VALUE = object()


@dataclass(frozen=True)
class Stack:
    """A resolved stack: every value is as CloudFormation would pass it to the service."""

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

    def rules(self):
        """The properties of each rule that delivers events, by logical id: not of those that run on a schedule."""
        return {name: rule for name, rule in self.of_type("AWS::Events::Rule").items() if "EventPattern" in rule}

    def queues_of(self, function):
        """The logical ids of the queues that feed a function (its logical id)."""
        mappings = self.of_type("AWS::Lambda::EventSourceMapping").values()
        sources = {m["EventSourceArn"] for m in mappings if m["FunctionName"] == self.name(function)}
        return [queue for queue in self.of_type("AWS::SQS::Queue") if self.arn(queue) in sources]

    def rules_of(self, function):
        """The logical ids of the rules that deliver events to a function (its logical id), or to a queue that feeds it."""
        inlets = {self.arn(function), *map(self.arn, self.queues_of(function))}
        return [name for name, rule in self.rules().items() if inlets & {target["Arn"] for target in rule["Targets"]}]

    def role_of(self, function):
        """The logical id of the role that a function (its logical id) runs as."""
        arn = self.properties(function)["Role"]
        return next(name for name in self.of_type("AWS::IAM::Role") if self.arn(name) == arn)

    def arn(self, logical_id):
        return self.identities[logical_id]["Arn"]

    def name(self, logical_id):
        return self.identities[logical_id]["name"]


def translate(region="us-east-1", stack_name="rescind", template=None, **parameters):
    """Translates a template (template.yaml, unless another one is given) with these parameters and resolves it. The other parameters keep
    their defaults."""
    template = template or read()
    values = {name: p.get("Default") for name, p in template["Parameters"].items()} | parameters
    unknown = parameters.keys() - template["Parameters"].keys()
    if unknown:
        raise KeyError(f"template.yaml has no parameter {', '.join(sorted(unknown))}")
    for resource in template["Resources"].values():
        # The translator sees the template after `sam package`, when local folders have become objects in S3.
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
        "AWS::StackId": f"arn:{place['partition']}:cloudformation:{region}:{ACCOUNT}:stack/{stack_name}/{STACK_ID}",
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": place["suffix"],
    }
    return _Resolver(plain, {k: str(v) for k, v in values.items()} | pseudo, place).stack()


def read():
    """template.yaml as it stands, intrinsic functions in their long form. A copy: change it as you like."""
    return copy.deepcopy(_parsed())


@functools.cache
def _parsed():
    return yaml_parse(TEMPLATE.read_text(encoding="utf-8"))


def logical_id(function):
    """The logical id of a function: `DetachPolicyFunction` for `detach-policy`."""
    return "".join(map(str.capitalize, function.split("-"))) + "Function"


def statements(stack, role):
    """Every policy statement that applies to a role (its logical id): its inline policies, the stack's managed ones and AWS's."""
    name, properties = stack.name(role), stack.properties(role)
    documents = [p["PolicyDocument"] for p in properties.get("Policies", [])]
    documents += [p["PolicyDocument"] for p in stack.of_type("AWS::IAM::ManagedPolicy").values() if name in p.get("Roles", [])]
    documents += [_of_aws(arn) for arn in properties.get("ManagedPolicyArns", [])]
    return [s for document in documents for s in listed(document["Statement"])]


def allowed_calls(stack, role):
    """The exact set of actions that a role (its logical id) allows, as IAM spells them: `iam:DetachUserPolicy`.

    Compare it with the recorded calls of a function, plus `RUNTIME_CALLS`: those AWS makes for it, so no proxy sees them.
    Raises ValueError if a statement allows a pattern, or everything except what it names: then there is no exact set.
    """
    actions = set()
    for statement in statements(stack, role):
        if statement["Effect"] != "Allow":
            continue
        if "Action" not in statement:
            raise ValueError(f"{role} allows what it does not name: {statement}")
        for action in listed(statement["Action"]):
            if "*" in action or "?" in action:
                raise ValueError(f"{role} allows a pattern: {action}")
            actions.add(action)
    return actions


def applying(stack, role, effect, action, resource):
    """The statements of a role (its logical id) with this effect that cover the call, whatever their conditions."""
    return [s for s in statements(stack, role) if s["Effect"] == effect and _covers(s, action, resource)]


def may(stack, role, action, resource):
    """Whether a role (its logical id) may make the call, as far as no condition decides."""
    denied = [s for s in applying(stack, role, "Deny", action, resource) if "Condition" not in s]
    return bool(applying(stack, role, "Allow", action, resource)) and not denied


def listed(value):
    return value if isinstance(value, list) else [value]


# The calls that AWS makes with a function's role: Lambda writes the log and fills the failure queue, SNS uses the topic's key.
RUNTIME_CALLS = frozenset(
    {"kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
    # Lambda takes messages from a queue that feeds a function.
    | {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
)


def _covers(statement, action, resource):
    if not any(fnmatchcase(action.lower(), a.lower()) for a in listed(statement["Action"])):
        return False
    if "NotResource" in statement:
        return not any(fnmatchcase(resource, r) for r in listed(statement["NotResource"]))
    return any(fnmatchcase(resource, r) for r in listed(statement["Resource"]))


def _of_aws(arn):
    """The document of a policy that AWS manages, as moto knows it."""
    name = arn.rsplit("/", 1)[-1]
    return _managed_by_aws()[name]["Document"]


@functools.cache
def _managed_by_aws():
    return json.loads(aws_managed_policies_data)


class _Resolver:
    def __init__(self, template, values, place):
        self.values, self.place = values, place
        self.conditions = template.get("Conditions", {})
        self.mappings = template.get("Mappings", {})
        self.outputs = template.get("Outputs", {})
        self.intrinsics = {
            "Ref": self.ref,
            "Fn::Equals": lambda pair: self.value(pair[0]) == self.value(pair[1]),
            "Fn::FindInMap": lambda keys: self.mappings[keys[0]][keys[1]][keys[2]],
            "Fn::GetAtt": self.attribute,
            "Fn::If": lambda choice: self.value(choice[1] if self.holds(choice[0]) else choice[2]),
            "Fn::Join": lambda parts: parts[0].join(self.value(parts[1])),
            "Fn::Not": lambda condition: not self.value(condition[0]),
            "Fn::Select": lambda choice: self.value(choice[1])[int(choice[0])],
            "Fn::Split": lambda parts: self.value(parts[1]).split(parts[0]),
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

    def substituted(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})

        def replacement(match):
            name = match.group(1)
            if name in own:
                return self.value(own[name])
            return self.attribute(name) if "." in name else self.ref(name)

        return re.sub(r"\$\{([^!}]+)\}", replacement, text)

    def identity(self, logical_id):
        """The values of Ref and GetAtt for a resource, and its name."""
        resource = self.resources[logical_id]
        properties = resource.get("Properties", {})
        given = next((properties[p] for p in _NAME_PROPERTIES if p in properties), f"{self.values['AWS::StackName']}-{logical_id}")
        fill = {"name": self.value(given), "path": properties.get("Path", "/"), **self.place}
        ref, attributes = _IDENTITIES[resource["Type"]]
        return {"name": fill["name"], "Ref": ref.format(**fill)} | {k: v.format(**fill) for k, v in attributes.items()}


if __name__ == "__main__":
    stack = translate(**dict(argument.split("=", 1) for argument in sys.argv[1:]))
    json.dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": stack.resources}, sys.stdout, indent=2)
