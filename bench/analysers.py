"""How long other analysers take for the same documents: JSON lines on standard input, one JSON line a row. Run by `make bench`.

cloudsplaining is asked for what Rescind marks: privilege escalation, permissions management, credential and data exposure; policy_sentry,
which has no notion of paths, for the actions that manage permissions. Each document is analysed once.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

from cloudsplaining.scan.policy_document import PolicyDocument
from policy_sentry.analysis.analyze import analyze_by_access_level


def cloudsplaining(document: dict) -> None:
    policy = PolicyDocument(document)
    _ = (policy.allows_privilege_escalation, policy.permissions_management_without_constraints)
    _ = (policy.credentials_exposure, policy.allows_data_exfiltration_actions)


def policy_sentry(document: dict) -> None:
    analyze_by_access_level(document, "Permissions management")


def row(analyse: Callable[[dict], None], documents: list[dict]) -> dict:
    analyse(documents[0])  # loads its database
    times = []
    for document in documents:
        began = time.perf_counter()
        analyse(document)
        times.append((time.perf_counter() - began) * 1e6)
    first, median, third = statistics.quantiles(times, n=4)
    return {"analyser": analyse.__name__, "median_us": median, "spread_us": third - first}


if __name__ == "__main__":
    read = [json.loads(line) for line in sys.stdin]
    for analyser in (cloudsplaining, policy_sentry):
        print(json.dumps(row(analyser, read)), flush=True)
