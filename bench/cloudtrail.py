"""CloudTrail records of an ordinary account, made up from a seed: what people, deployments and AWS's services do on a working day.

    python3 bench/cloudtrail.py FOLDER --records 2000000 --seed 7

The mix is that of an account with workloads and no incident: most records only read, services assume roles all the time, one record in some hundred
changes IAM, nearly always a deployment that makes a role for a service. Two in a hundred calls are refused. Names, addresses and ids are made up.
"""

import argparse
import gzip
import json
import random
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

ACCOUNT = "123456789012"
REGIONS = ("us-east-1", "eu-west-1", "us-west-2")
# Records in one of CloudTrail's files: it writes one about every five minutes for a region.
IN_A_FILE = 2000
BEGIN = datetime(2026, 3, 2, 0, 0, tzinfo=timezone.utc)
AGENTS = {
    "person": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36",
    "tool": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7 cfg/retry-mode#standard md/installer#exe",
    "program": "Boto3/1.40.18 md/Botocore#1.40.18 ua/2.1 os/linux#6.1.147-172.266.amzn2023 md/arch#x86_64 lang/python#3.12.11 md/pyimpl#CPython",
    "deployment": "APN/1.0 HashiCorp/1.0 Terraform/1.13.1 (+https://www.terraform.io) terraform-provider-aws/6.11.0 aws-sdk-go-v2/1.38.3 os/linux",
}
SERVICE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
NARROW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::orders-%s/*"}]}

# Weight, who calls, service, call, whether it only reads, and what it is asked: `%s` is a name.
CALLS = (
    (150, "service", "sts", "AssumeRole", True, {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/service/%s", "roleSessionName": "%s", "durationSeconds": 3600}),
    (70, "program", "sts", "AssumeRole", True, {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/apps/%s", "roleSessionName": "%s"}),
    (30, "program", "sts", "GetCallerIdentity", True, None),
    (110, "program", "kms", "Decrypt", True, {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::orders-%s/part"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    (40, "program", "kms", "GenerateDataKey", True, {"keyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/%s", "keySpec": "AES_256"}),
    (60, "program", "ec2", "DescribeInstances", True, {"instancesSet": {"items": [{"instanceId": "i-%s"}]}, "filterSet": {}}),
    (45, "service", "ec2", "DescribeNetworkInterfaces", True, {"networkInterfaceIdSet": {}, "filterSet": {"items": [{"name": "subnet-id", "valueSet": {"items": [{"value": "subnet-%s"}]}}]}}),
    (30, "program", "ec2", "DescribeTags", True, {"maxResults": 1000, "filterSet": {"items": [{"name": "resource-id", "valueSet": {"items": [{"value": "i-%s"}]}}]}}),
    (20, "person", "ec2", "DescribeSecurityGroups", True, {"securityGroupSet": {}, "filterSet": {}}),
    (35, "program", "s3", "ListBuckets", True, {"Host": "s3.us-east-1.amazonaws.com"}),
    (30, "program", "s3", "GetBucketAcl", True, {"bucketName": "orders-%s", "Host": "orders-%s.s3.us-east-1.amazonaws.com", "acl": ""}),
    (25, "service", "s3", "GetBucketEncryption", True, {"bucketName": "orders-%s", "encryption": ""}),
    (40, "program", "logs", "DescribeLogGroups", True, {"logGroupNamePrefix": "/aws/lambda/%s"}),
    (35, "program", "logs", "CreateLogStream", False, {"logGroupName": "/aws/lambda/%s", "logStreamName": "2026/03/02/[$LATEST]%s"}),
    (25, "program", "ssm", "UpdateInstanceInformation", False, {"instanceId": "i-%s", "agentVersion": "3.3.2299.0", "agentStatus": "Active", "platformType": "Linux"}),
    (25, "program", "ssm", "GetParametersByPath", True, {"path": "/apps/%s", "recursive": True, "withDecryption": True}),
    (20, "program", "secretsmanager", "GetSecretValue", True, {"secretId": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:%s"}),
    (20, "program", "ecr", "BatchGetImage", True, {"repositoryName": "%s", "imageIds": [{"imageTag": "latest"}]}),
    (20, "program", "ecr", "GetDownloadUrlForLayer", True, {"repositoryName": "%s", "layerDigest": "sha256:%s"}),
    (20, "program", "dynamodb", "DescribeTable", True, {"tableName": "%s"}),
    (20, "program", "monitoring", "DescribeAlarms", True, {"alarmNamePrefix": "%s", "maxRecords": 100}),
    (15, "service", "autoscaling", "DescribeAutoScalingGroups", True, {"autoScalingGroupNames": ["%s"]}),
    (12, "service", "ec2", "CreateNetworkInterface", False, {"subnetId": "subnet-%s", "description": "AWS Lambda VPC ENI-%s"}),
    (10, "service", "ec2", "RunInstances", False, {"instanceType": "m7g.large", "minCount": 1, "maxCount": 1, "clientToken": "%s"}),
    (10, "service", "ec2", "TerminateInstances", False, {"instancesSet": {"items": [{"instanceId": "i-%s"}]}}),
    (10, "deployment", "lambda", "UpdateFunctionCode20150331v2", False, {"functionName": "%s", "dryRun": False, "publish": True}),
    (10, "deployment", "cloudformation", "DescribeStackEvents", True, {"stackName": "%s"}),
    (8, "person", "health", "DescribeEventAggregates", True, {"aggregateField": "eventTypeCategory", "filter": {"eventStatusCodes": ["open"]}}),
    (8, "person", "ce", "GetCostAndUsage", True, {"granularity": "DAILY", "metrics": ["UnblendedCost"]}),
    (15, "service", "iam", "GetRole", True, {"roleName": "%s"}),
    (15, "service", "iam", "ListAttachedRolePolicies", True, {"roleName": "%s"}),
    (10, "deployment", "iam", "GetRolePolicy", True, {"roleName": "%s", "policyName": "orders"}),
    (10, "deployment", "iam", "ListRolePolicies", True, {"roleName": "%s"}),
    (2, "deployment", "iam", "CreateRole", False, {"roleName": "%s", "path": "/apps/", "assumeRolePolicyDocument": json.dumps(SERVICE)}),
    (2, "deployment", "iam", "AttachRolePolicy", False, {"roleName": "%s", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
    (2, "deployment", "iam", "PutRolePolicy", False, {"roleName": "%s", "policyName": "orders", "policyDocument": json.dumps(NARROW)}),
    (1, "deployment", "iam", "TagRole", False, {"roleName": "%s", "tags": [{"key": "team", "value": "orders"}]}),
    (1, "deployment", "iam", "DeleteRole", False, {"roleName": "%s"}),
    (1, "person", "signin", "ConsoleLogin", False, None),
)  # fmt: skip
WEIGHTS = [call[0] for call in CALLS]


class Account:
    """Whoever acts in it: the same few people, programs and deployments, whose names come again and again."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self._names = [f"{word}-{number}" for word in ("orders", "billing", "search", "mail", "images", "reports") for number in range(40)]
        self._addresses = [f"203.0.113.{number}" for number in range(1, 200)]
        self._ids = {name: f"AROA{self._token(16)}" for name in self._names}

    def records(self, number: int, span: timedelta = timedelta(days=90)) -> Iterator[tuple[str, str]]:
        """So many records in order of time, each with its region, as JSON text."""
        for each, call in enumerate(self._random.choices(CALLS, WEIGHTS, k=number)):
            time = BEGIN + span * each / max(number, 1)
            region = "us-east-1" if call[2] in ("iam", "signin") else self._random.choices(REGIONS, (6, 3, 1))[0]
            yield region, self._record(call, time, region)

    def _record(self, call: tuple, time: datetime, region: str) -> str:
        _, who, service, name, reads, asked = call
        target = self._random.choice(self._names)
        refused = name != "ConsoleLogin" and who != "service" and self._random.random() < 0.02
        record = {
            "eventVersion": "1.11",
            "userIdentity": self._identity(who, time),
            "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": "lambda.amazonaws.com" if who == "service" else self._random.choice(self._addresses),
            "userAgent": "lambda.amazonaws.com" if who == "service" else AGENTS[who],
            **({"errorCode": "AccessDenied", "errorMessage": f"User is not authorized to perform: {service}:{name} with an explicit deny"} if refused else {}),
            "requestParameters": asked and json.loads(json.dumps(asked).replace("%s", target)),
            "responseElements": None,
            "requestID": self._uuid(),
            "eventID": self._uuid(),
            "readOnly": reads,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        }
        if service == "kms":
            record["resources"] = [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": f"arn:aws:kms:{region}:{ACCOUNT}:key/{self._uuid()}"}]
        if name == "AssumeRole" and not refused:
            session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{target}/{target}"
            record["responseElements"] = {
                "credentials": {"accessKeyId": f"ASIA{self._token(16)}", "sessionToken": self._token(220), "expiration": "Mar 2, 2026, 2:07:31 PM"},
                "assumedRoleUser": {"assumedRoleId": f"{self._ids[target]}:{target}", "arn": session},
            }
        if name == "ConsoleLogin":
            record |= {"eventType": "AwsConsoleSignIn", "responseElements": {"ConsoleLogin": "Success"}}
            record["additionalEventData"] = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes"}
        else:
            host = f"{service}.{region}.amazonaws.com"
            record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
        return json.dumps(record, separators=(",", ":"))

    def _identity(self, who: str, time: datetime) -> dict:
        name = self._random.choice(self._names)
        if who == "service":
            return {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
        if who == "person":
            user = {"type": "IAMUser", "principalId": f"AIDA{self._ids[name][4:]}", "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT}
            return user | {"userName": name, "sessionContext": {"attributes": {"creationDate": f"{time:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "true"}}}
        session = {"program": f"i-0{name.encode().hex()[:16]}", "deployment": "pipeline", "tool": name}[who]
        role = "deploy" if who == "deployment" else name
        id_ = "AROADEPLOYEXAMPLE000" if who == "deployment" else self._ids[name]
        issuer = {"type": "Role", "principalId": id_, "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "accountId": ACCOUNT, "userName": role}
        return {
            "type": "AssumedRole",
            "principalId": f"{id_}:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
            "accountId": ACCOUNT,
            "accessKeyId": f"ASIA{self._token(16)}",
            "sessionContext": {
                "sessionIssuer": issuer,
                "attributes": {"creationDate": f"{time - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"},
                **({"ec2RoleDelivery": "2.0"} if who == "program" else {}),
            },
        }

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def _token(self, length: int) -> str:
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=length))


def write(folder: Path, records: int, seed: int) -> int:
    """Writes them as CloudTrail does, a tree of compressed files by region and day. Returns their size in bytes before compression."""
    open_files: dict[str, list[str]] = {region: [] for region in REGIONS}
    files, size = 0, 0

    def close(region: str) -> None:
        nonlocal files, size
        if not (held := open_files[region]):
            return
        time = json.loads(held[0])["eventTime"]
        name = f"{ACCOUNT}_CloudTrail_{region}_{time[:16].replace('-', '').replace(':', '')}Z_{files:016x}.json.gz"
        path = folder / "AWSLogs" / ACCOUNT / "CloudTrail" / region / time[:4] / time[5:7] / time[8:10] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = ('{"Records":[' + ",".join(held) + "]}").encode()
        path.write_bytes(gzip.compress(text, 6, mtime=0))
        files, size = files + 1, size + len(text)
        held.clear()

    for region, record in Account(seed).records(records):
        open_files[region].append(record)
        if len(open_files[region]) == IN_A_FILE:
            close(region)
    for region in REGIONS:
        close(region)
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    size = write(arguments.folder, arguments.records, arguments.seed)
    print(f"{arguments.records} records, {size / 1e6:.0f} MB before compression", file=sys.stderr)


if __name__ == "__main__":
    main()
