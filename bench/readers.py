"""Other tools that read CloudTrail's files, on one processor: how long each takes to find the calls to IAM in a folder.

    python bench/readers.py inflate|jq|duckdb FOLDER

Prints JSON: `seconds`, and `found`, the number of calls to IAM; of `inflate`, which only decompresses, the number of bytes.
"""

import gzip
import json
import sys
import time
from pathlib import Path


def inflate(files: list[Path]) -> int:
    """Python's zlib, on whole files."""
    return sum(len(gzip.decompress(file.read_bytes())) for file in files)


def jq(files: list[Path]) -> int:
    import jq

    program = jq.compile('[.Records[] | select(.eventSource == "iam.amazonaws.com")] | length')
    return sum(program.input_text(gzip.decompress(file.read_bytes()).decode()).first() for file in files)


def duckdb(files: list[Path]) -> int:
    import duckdb

    database = duckdb.connect(config={"threads": 1})
    query = """
        SELECT count(*) FROM (SELECT unnest(Records) AS record FROM read_json(?, columns = {Records: 'JSON[]'}, maximum_object_size = 100000000))
        WHERE record->>'eventSource' = 'iam.amazonaws.com'
    """
    return database.execute(query, [[str(file) for file in files]]).fetchone()[0]


def main() -> None:
    reader, folder = {"inflate": inflate, "jq": jq, "duckdb": duckdb}[sys.argv[1]], Path(sys.argv[2])
    files = sorted(folder.rglob("*.json.gz"))
    began = time.monotonic()
    found = reader(files)
    print(json.dumps({"seconds": time.monotonic() - began, "found": found}))


if __name__ == "__main__":
    main()
