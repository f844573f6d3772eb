"""The choices of a deployment, its refusals, and its remains."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from unittest.mock import ANY

import pytest

from .stack import ACCOUNT, ROOT, TEMPLATE, read, translate

# The home region of each partition, with the partition of its ARNs and the domain of its endpoints.
HOMES = [
    ("us-east-1", "aws", "amazonaws.com"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
    ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
]


def test_nothing_is_taken_back_until_somebody_says_so(stack, full_stack):
    modes = [{p["Environment"]["Variables"]["MODE"] for p in s.functions().values()} for s in (stack, full_stack)]
    assert modes == [{"observe"}, {"enforce"}]
    assert (stack.outputs["Mode"], full_stack.outputs["Mode"]) == ("observe", "enforce")


def test_a_functions_environment_has_all_that_it_needs_and_nothing_secret(stack):
    topics = {name: stack.identities[name]["Ref"] for name in ("NoticeTopic", "AlarmTopic")}
    own = {
        "WatchFunction": {"HEARTBEAT_ROLE": stack.name("HeartbeatRole"), "DIGEST_HOUR": "7"},
        "WatchTamperingFunction": {"NOTICE_TOPIC_ARN": topics["AlarmTopic"], "SECOND_TOPIC_ARN": topics["NoticeTopic"], "STACK_ID": ANY, "HEARTBEAT_ROLE": stack.name("HeartbeatRole")},
    }
    for name, function in stack.functions().items():
        assert function["Environment"]["Variables"] == {
            "MODE": "observe",
            "NOTICE_TOPIC_ARN": stack.identities["NoticeTopic"]["Ref"],
            "ACCOUNT_ID": ACCOUNT,
            "OWN_ROLES": function["Environment"]["Variables"]["OWN_ROLES"],
            "BREAK_GLASS": "",
            "TRUSTED_ACCOUNTS": "",
            "DENY_EVERYTHING_POLICY": stack.identities["DenyEverythingPolicy"]["Ref"],
            "DENY_WITHOUT_MFA_POLICY": stack.identities["DenyWithoutMfaPolicy"]["Ref"],
            "LEDGER_TABLE": stack.identities["Ledger"]["Ref"],
            "LEDGER_DAYS": "400",
            "STORM_LIMIT": "20",
            "NOTICE_SEVERITY": "medium",
            **own.get(name, {}),
        }
        own_roles = function["Environment"]["Variables"]["OWN_ROLES"].split(",")
        assert sorted(own_roles) == sorted(stack.name(role) for role in stack.of_type("AWS::IAM::Role") if role != "Canary")


def test_what_has_no_notice_of_its_own_and_when_the_digest_comes_are_parameters():
    functions = translate(NoticeSeverity="high", DigestHour="22").functions()
    assert {f["Environment"]["Variables"]["NOTICE_SEVERITY"] for f in functions.values()} == {"high"}
    assert functions["WatchFunction"]["Environment"]["Variables"]["DIGEST_HOUR"] == "22"


def test_every_function_knows_the_break_glass_principals(full_stack):
    known = {f["Environment"]["Variables"]["BREAK_GLASS"] for f in full_stack.functions().values()}
    assert known == {f"arn:aws:iam::{ACCOUNT}:user/ops/break-glass,arn:aws:iam::{ACCOUNT}:role/Emergency=AROAEXAMPLEEXAMPLE01"}


@pytest.mark.parametrize(
    ("arns", "taken"),
    [
        ("", True),
        ("arn:aws:iam::123456789012:user/break-glass", True),
        ("arn:aws-us-gov:iam::123456789012:role/ops/Emergency", True),
        ("arn:aws:iam::123456789012:user/a,arn:aws:iam::123456789012:role/b", True),
        ("arn:aws:iam::123456789012:role/Emergency=AROAEXAMPLEEXAMPLE01,arn:aws:iam::123456789012:user/a", True),
        ("arn:aws:iam::123456789012:role/Emergency=42", False),
        ("break-glass", False),
        ("arn:aws:iam::123456789012:root", False),
        ("arn:aws:iam::123456789012:group/admins", False),
        ("arn:aws:iam::123456789012:role/*", False),
        ("arn:aws:sts::123456789012:assumed-role/Emergency/ann", False),
        ("arn:aws:iam::123456789012:user/a, arn:aws:iam::123456789012:role/b", False),
        ("arn:aws:iam::123456789012:user/a,", False),
    ],
)
def test_break_glass_principals_are_arns_of_users_and_roles(arns, taken):
    pattern = read()["Parameters"]["BreakGlassArns"]["AllowedPattern"]
    assert (re.fullmatch(pattern, arns) is not None) is taken


def test_enforcing_needs_a_break_glass_principal():
    rule = read()["Rules"]["EnforcingNeedsSomebodyWhoCanGiveBack"]
    assertion, = rule["Assertions"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Mode"}, "enforce"]}
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "BreakGlassArns"}, ""]}]}


def test_the_limit_of_a_guardrail_is_one_that_a_function_takes():
    """The bounds of shared/remedy/src/environment.rs: a function with another limit does not start."""
    limit = read()["Parameters"]["StormLimit"]
    assert (limit["Type"], limit["MinValue"], limit["MaxValue"], limit["Default"]) == ("Number", 1, 1000, 20)
    assert {f["Environment"]["Variables"]["STORM_LIMIT"] for f in translate(StormLimit="7").functions().values()} == {"7"}


def test_every_parameter_is_in_a_group():
    template = read()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template["Parameters"])


def test_every_function_is_an_output(stack):
    assert sorted(stack.outputs["FunctionArns"].split(",")) == sorted(map(stack.arn, stack.functions()))


def test_a_function_is_small_and_carries_the_rulebook(stack):
    layer, = stack.of_type("AWS::Lambda::LayerVersion")
    for function in stack.functions().values():
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
        assert (function["MemorySize"], function["Timeout"]) == (128, 60)
        assert function["Layers"] == [stack.identities[layer]["Ref"]]


def built_layer(folder, *variables):
    """Makes the layer as `sam build` does: with the Makefile of its ContentUri, in the folder that its Metadata names."""
    layer = read()["Resources"]["GuardrailsLayer"]
    assert layer["Metadata"]["BuildMethod"] == "makefile"
    makefile = ROOT / layer["Properties"]["ContentUri"] / "Makefile"
    command = ["make", "--makefile", makefile, "build-GuardrailsLayer", f"ARTIFACTS_DIR={folder}", *variables]
    run = subprocess.run(command, cwd=ROOT / layer["Metadata"]["WorkingDirectory"], capture_output=True, text=True, check=False)
    return run, {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_layer_holds_the_rulebook_one_folder_down_and_nothing_else(tmp_path):
    run, packed = built_layer(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert packed == {f"guardrails/{path.name}" for path in (ROOT / "guardrails").iterdir() if path.suffix in (".cedar", ".cedarschema", ".json")}
    assert "guardrails/exemptions.cedar" in packed


def test_an_invalid_rulebook_makes_no_layer(tmp_path):
    rulebook, folder = tmp_path / "rulebook", tmp_path / "artifacts"
    shutil.copytree(ROOT / "guardrails", rulebook)
    billing = rulebook / "billing.cedar"
    billing.write_text(billing.read_text().replace("context.policy.arn", "context.policy.arm"))
    folder.mkdir()
    run, packed = built_layer(folder, f"RULEBOOK={rulebook}")
    assert run.returncode != 0 and packed == set()
    assert "billing.cedar" in run.stdout + run.stderr


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_architecture_is_a_choice(architecture):
    functions = translate(Architecture=architecture).functions().values()
    assert {tuple(f["Architectures"]) for f in functions} == {(architecture,)}


def test_arm64_is_the_default(stack):
    assert {tuple(f["Architectures"]) for f in stack.functions().values()} == {("arm64",)}


def test_the_functions_log_json_to_one_group_named_after_the_stack_and_it_forgets(stack):
    group, = stack.of_type("AWS::Logs::LogGroup").values()
    # CloudFormation passes a number parameter to Ref as text.
    assert group == {"LogGroupName": "/aws/lambda/rescind", "RetentionInDays": "365"}
    for function in stack.functions().values():
        assert (function["LoggingConfig"]["LogGroup"], function["LoggingConfig"]["LogFormat"]) == (group["LogGroupName"], "JSON")


def test_a_region_in_which_iam_events_never_arrive_is_refused():
    assertion, = read()["Rules"]["IamEventsArriveHere"]["Assertions"]
    homes, asked = assertion["Assert"]["Fn::Contains"]
    assert set(homes) == {region for region, _, _ in HOMES}
    assert asked == {"Ref": "AWS::Region"}
    assert all(region in assertion["AssertDescription"] for region in homes)


@pytest.mark.parametrize(("region", "partition", "suffix"), HOMES)
def test_no_arn_and_no_endpoint_is_tied_to_one_partition(region, partition, suffix):
    there = translate(region=region, CreateTrail="true")
    text = json.dumps([there.resources, there.outputs])
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) == {partition}
    assert set(re.findall(r"https://sqs\.[a-z0-9-]+\.([a-z0-9.-]+)/", text)) == {suffix}
    assert f"sns.{region}.{suffix}" in text


def test_no_trail_is_made_unless_asked_for(stack):
    made = {r["Type"] for r in stack.resources.values()}
    assert made.isdisjoint({"AWS::CloudTrail::Trail", "AWS::S3::Bucket"})


def test_a_trail_sees_iam_and_its_log_is_private_encrypted_and_kept(full_stack):
    trail = full_stack.properties("Trail")
    assert trail["IsLogging"] and trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"]
    assert trail["EnableLogFileValidation"] and trail["KMSKeyId"] == full_stack.arn("TrailKey")
    assert trail["EventSelectors"] == [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]
    bucket = full_stack.properties("TrailBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    for kept in ("TrailBucket", "TrailKey"):
        resource = full_stack.resources[kept]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_bucket_and_key_serve_this_trail_alone(full_stack):
    trail = full_stack.arn("Trail")
    statements = [
        *full_stack.properties("TrailBucketPolicy")["PolicyDocument"]["Statement"],
        *full_stack.properties("TrailKey")["KeyPolicy"]["Statement"],
    ]
    grants = [s for s in statements if s["Principal"] == {"Service": "cloudtrail.amazonaws.com"}]
    assert len(grants) == 3
    assert [s["Condition"]["StringEquals"]["aws:SourceArn"] for s in grants] == [trail] * 3
    assert full_stack.resources["Trail"]["DependsOn"] == "TrailBucketPolicy"


def test_the_template_holds_no_yaml_alias_and_no_letter_that_cloudformation_cannot_take():
    text = TEMPLATE.read_text(encoding="utf-8")
    assert re.findall(r"(?m)(?:^|\s)[&*][A-Za-z][\w-]*\s*$", text) == [], "CloudFormation does not take YAML aliases"
    assert text.isascii(), "CloudFormation turns other letters into question marks"


def test_a_build_never_trusts_sams_cache():
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    assert settings["default"]["build"]["parameters"]["cached"] is False


@pytest.mark.parametrize("command", [["cfn-lint", "template.yaml"], ["sam", "validate", "--lint"]])
def test_the_template_is_clean_under(command, tmp_path):
    tool = Path(sys.executable).with_name(command[0])
    # No AWS credentials or settings: these tools must not need an account.
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SAM_CLI_TELEMETRY": "0"}
    run = subprocess.run([tool, *command[1:]], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
