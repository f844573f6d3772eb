"""Cloud Custodian's function in Lambda's runtime API, with nothing between the two but what every Python runtime does.

    cd FOLDER && .venv-custodian/bin/python bench/custodian/bootstrap.py        FOLDER as `package.py` wrote it
"""

import http.client
import json
import os
import sys
import traceback
from types import SimpleNamespace

API = "/2018-06-01/runtime/"


def main() -> None:
    sys.path.insert(0, os.getcwd())
    from custodian_policy import run

    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        request_id, event = next_event(runtime)
        context = SimpleNamespace(aws_request_id=request_id, function_name="custodian-billing-is-for-finance", memory_limit_in_mb=512)
        try:
            answer, outcome = run(event, context), "response"
        except Exception as error:
            traceback.print_exc()
            answer, outcome = {"errorType": type(error).__name__, "errorMessage": str(error)}, "error"
        exchange(runtime, "POST", f"{API}invocation/{request_id}/{outcome}", json.dumps(answer))


def next_event(runtime: http.client.HTTPConnection) -> tuple[str, dict]:
    response, body = exchange(runtime, "GET", f"{API}invocation/next")
    return response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body)


def exchange(runtime: http.client.HTTPConnection, method: str, path: str, body: str | None = None):
    runtime.request(method, path, body)
    response = runtime.getresponse()
    return response, response.read()


if __name__ == "__main__":
    main()
