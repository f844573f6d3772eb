"""Writes the function that Cloud Custodian would deploy for `policy.yml`: its own handler and configuration, by its own packager.

    .venv-custodian/bin/python bench/custodian/package.py FOLDER REGION
"""

import sys
from pathlib import Path

from c7n.config import Config
from c7n.loader import PolicyLoader
from c7n.mu import PolicyLambda
from c7n.resources import load_resources

POLICY = Path(__file__).with_name("policy.yml")


def main(folder: str, region: str) -> None:
    load_resources(("aws.iam-user",))
    options = Config.empty(region=region, regions=[region])
    (policy,) = PolicyLoader(options).load_file(str(POLICY))
    policy.validate()
    # What it would leave in Lambda's /tmp it leaves in the folder here.
    policy.data["mode"]["execution-options"] = {"output_dir": folder}
    archive = PolicyLambda(policy).get_archive()
    with archive.get_reader() as packed:
        # The library itself is packed too, but here it is installed.
        for name in ("config.json", "custodian_policy.py"):
            packed.extract(name, folder)
    archive.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
