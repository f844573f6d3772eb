"""`rescind replay s3://…`: a trail's bucket, read with the credentials of the environment. The bucket is an emulator's."""

import gzip
import json

import pytest
from lab.command import credentials, rescind
from lab.emulator import REGION, Emulator
from lab.events import BILLING, anew, attachment, iam_user
from lab.proxy import Proxy

BUCKET = "example-trail"
TRAIL = "AWSLogs/o-example/123456789012/CloudTrail"


def log(day: str, *users: str) -> bytes:
    def record(user: str) -> dict:
        event = anew(attachment(BILLING, user=user, actor=iam_user("mallory", "AIDAMALLORYEXAMPLE01")))
        return {**event["detail"], "eventTime": f"{day}T12:00:00Z", "recipientAccountId": "123456789012"}

    return gzip.compress(json.dumps({"Records": [record(user) for user in users]}).encode())


OBJECTS = {
    f"{TRAIL}/us-east-1/2026/03/02/a.json.gz": log("2026-03-02", "ann"),
    f"{TRAIL}/us-east-1/2026/03/04/b.json.gz": log("2026-03-04", "bob", "cat"),
    f"{TRAIL}/us-east-1/2026/03/09/c.json.gz": log("2026-03-09", "dan"),
    f"{TRAIL}/eu-west-1/2026/03/04/d.json.gz": log("2026-03-04", "eve"),
    "AWSLogs/o-example/123456789012/CloudTrail-Digest/us-east-1/2026/03/04/e.json.gz": b"no log",
}


@pytest.fixture(scope="module")
def aws():
    with Emulator(managed_policies=False) as account, Proxy(account.port) as proxy:
        s3 = account.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for key, body in OBJECTS.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        account.s3 = s3
        yield account, proxy


@pytest.fixture
def bucket(aws):
    account, proxy = aws
    proxy.forget()
    return credentials(proxy.url)


def replayed(env: dict, *arguments: object, status: int = 0) -> dict:
    ran = rescind("replay", *arguments, "--json", env=env)
    assert ran.returncode == status, ran.stderr
    return json.loads(ran.stdout)


def cases(document: dict) -> int:
    return sum(row["cases"] for row in document["guardrails"])


def test_a_trail_is_read_where_it_is(bucket):
    for address in (f"s3://{BUCKET}", f"s3://{BUCKET}/", f"s3://{BUCKET}/AWSLogs/", f"s3://{BUCKET}/{TRAIL}"):
        document = replayed(bucket, address)
        assert (cases(document), document["files"], document["foldersPassed"], document["notRead"]) == (5, 4, 1, []), address
    assert cases(replayed(bucket, f"s3://{BUCKET}/{TRAIL}/us-east-1/2026/03/0", f"s3://{BUCKET}/{TRAIL}/eu-west-1/")) == 5


def test_only_the_days_and_regions_that_are_wanted_are_fetched(bucket):
    document = replayed(bucket, f"s3://{BUCKET}/AWSLogs/", "--from", "2026-03-03", "--to", "2026-03-05", "--regions", REGION)
    assert (cases(document), document["files"]) == (2, 1)


def test_a_bucket_and_a_folder_are_read_together(bucket, tmp_path):
    (tmp_path / "log.json.gz").write_bytes(log("2026-03-05", "fay"))
    assert cases(replayed(bucket, tmp_path, f"s3://{BUCKET}")) == 6


def test_a_tree_that_is_none_of_a_trail_s_is_read_wholly(bucket, aws):
    for place in range(3):
        aws[0].s3.put_object(Bucket=BUCKET, Key=f"exports/2026/03/{place}/log.json", Body=gzip.decompress(log("2026-03-02", f"user-{place}")))
    assert cases(replayed(bucket, f"s3://{BUCKET}/exports/")) == 3


def test_an_object_that_is_large_is_read(bucket, aws):
    users = [f"user-{place}" for place in range(2000)]
    aws[0].s3.put_object(Bucket=BUCKET, Key="large/log.json", Body=gzip.decompress(log("2026-03-02", *users)))
    assert cases(replayed(bucket, f"s3://{BUCKET}/large/")) == 2000


def test_what_is_in_the_cache_is_not_fetched_again(bucket, aws, tmp_path):
    cache, keys = tmp_path / "cache", [f"kept/{place}.json.gz" for place in range(3)]
    for place, key in enumerate(keys):
        aws[0].s3.put_object(Bucket=BUCKET, Key=key, Body=log("2026-03-02", f"user-{place}"))
    first = replayed(bucket, f"s3://{BUCKET}/kept/", "--cache", cache)
    assert sorted(path.relative_to(cache / BUCKET).as_posix() for path in cache.rglob("*.gz")) == keys
    whole = (cache / BUCKET / keys[0]).read_bytes()
    # The first is not whole, as if it were from elsewhere; what the bucket has of the others now is not asked for.
    (cache / BUCKET / keys[0]).write_bytes(b"cut off")
    for key in keys[1:]:
        aws[0].s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * (cache / BUCKET / key).stat().st_size)
    again = replayed(bucket, f"s3://{BUCKET}/kept/", "--cache", cache)
    assert cases(first) == cases(again) == 3
    assert (cache / BUCKET / keys[0]).read_bytes() == whole


def test_what_cannot_be_read_is_named_and_the_rest_is_read(bucket, aws):
    aws[0].s3.put_object(Bucket=BUCKET, Key="broken/a.json.gz", Body=OBJECTS[f"{TRAIL}/us-east-1/2026/03/02/a.json.gz"][:-20])
    aws[0].s3.put_object(Bucket=BUCKET, Key="broken/b.json.gz", Body=log("2026-03-02", "ann"))
    document = replayed(bucket, f"s3://{BUCKET}/broken/", status=1)
    assert cases(document) >= 1 and [file["file"] for file in document["notRead"]] == [f"s3://{BUCKET}/broken/a.json.gz"]


def test_a_bucket_that_is_not_there_is_named(bucket):
    ran = rescind("replay", "s3://no-such-bucket/AWSLogs/", env=bucket)
    assert ran.returncode == 1 and "s3://no-such-bucket/AWSLogs/" in ran.stdout and "NoSuchBucket" in ran.stdout, ran.stdout + ran.stderr


def test_without_credentials_it_says_so():
    ran = rescind("replay", f"s3://{BUCKET}")
    assert ran.returncode == 1 and "no credentials" in ran.stderr
