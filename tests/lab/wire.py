"""AWS's protocols, as far as the proxy has to read a call and to word an error: query, JSON, REST with JSON, and RPC with CBOR."""

import io
import json
import re
import urllib.parse
from collections.abc import Mapping
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

# Lambda's calls by method and path, the few that Rescind makes.
REST = (
    ("GET", re.compile(r"^/2015-03-31/functions/[^/]+/configuration$"), "GetFunctionConfiguration"),
    ("GET", re.compile(r"^/2019-09-30/functions/[^/]+/concurrency$"), "GetFunctionConcurrency"),
    ("GET", re.compile(r"^/2015-03-31/event-source-mappings/[^/]+$"), "GetEventSourceMapping"),
    ("POST", re.compile(r"^/2015-03-31/functions/[^/]+/invocations$"), "Invoke"),
)
CBOR, CBOR_HEADERS = "application/cbor", {"smithy-protocol": "rpc-v2-cbor"}
RPC = re.compile(r"^/service/[^/]+/operation/([^/?]+)$")


def asked(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict]:
    """The operation and its parameters."""
    if target := headers.get("X-Amz-Target"):
        return target.rsplit(".", 1)[-1], json.loads(body or b"{}")
    plain = urllib.parse.unquote(path.partition("?")[0])
    if rpc := RPC.match(plain):
        return rpc[1], RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))
    for its, pattern, operation in REST:
        if method == its and pattern.match(plain):
            return operation, {"path": plain}
    parameters = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    parameters.pop("Version", None)
    return parameters.pop("Action", "unknown"), parameters


def error(path: str, headers: Mapping[str, str], code: str, message: str) -> tuple[str, dict[str, str], bytes]:
    """An error in the protocol of the call: content type, further headers, body."""
    if RPC.match(path):
        return CBOR, CBOR_HEADERS, cbor({"__type": code, "message": message})
    if "X-Amz-Target" in headers or path.startswith("/20"):
        return "application/x-amz-json-1.1", {"x-amzn-errortype": code}, json.dumps({"__type": code, "message": message}).encode()
    text = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    )
    return "text/xml", {}, text.encode()


def cbor(members: dict[str, str]) -> bytes:
    """A map of short texts in CBOR (RFC 8949): of each, the length in two bytes."""
    texts = [text.encode() for member in members.items() for text in member]
    return bytes([0xA0 | len(members)]) + b"".join(b"\x79" + len(text).to_bytes(2, "big") + text for text in texts)


def answered(client, operation: str, parameters: dict) -> bytes:
    """The answer of a service that the emulator serves in another protocol than CBOR, in CBOR."""
    answer = getattr(client, xform_name(operation))(**parameters)
    answer.pop("ResponseMetadata")
    shape, body = client.meta.service_model.operation_model(operation).output_shape, bytearray()
    RpcV2CBORSerializer()._serialize_data_item(body, answer, shape)
    return bytes(body)
