"""What stands between a function and AWS: records every call, and misbehaves as AWS does, on rule.

    proxy.throttle("DetachUserPolicy", times=2)     IAM's own throttling error, twice; then the call goes through
    proxy.deny("DetachUserPolicy")                  AccessDenied, for ever
    proxy.cut_after("DetachUserPolicy", times=1)    AWS does the work, the answer never arrives
    with proxy.down(): …                            connection refused
"""

import contextlib
import http.client
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config
from lab import wire
from lab.account import BOUNDARY, LOGIN

CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
# Longer than any time-out of the function's, shorter than a test's patience.
SILENCE_SECONDS = 20
UNLIMITED = 1 << 30
FURTHER = ("x-amzn-errortype", "x-amzn-query-error", "smithy-protocol")


@dataclass(frozen=True)
class Call:
    """One AWS call, as it came over the wire."""

    service: str
    operation: str
    parameters: dict[str, str] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def only_connects(self) -> bool:
        """A process that starts connects to its ledger, whatever the event."""
        keys = [key for table in self.parameters.get("RequestItems", {}).values() for key in table["Keys"]]
        return [key["sk"] for key in keys] == [{"S": "account"}]


@dataclass
class Rule:
    """What happens to the next `left` calls of an operation."""

    operation: str
    act: Callable[["Exchange"], bool]
    left: int


def user_id(emulated: str) -> str:
    """The unique id that IAM would give a user with that one of the emulator's."""
    return f"AIDA{emulated.upper()[:17]}"


def answer(operation: str, result: str = "") -> bytes:
    """What IAM answers to an operation."""
    text = (
        f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></{operation}Response>"
    )
    return text.encode()


# What the emulator does not know, as IAM answers.
LACKING = {
    "ListServiceSpecificCredentials": lambda exchange: exchange.answered("<ServiceSpecificCredentials/>"),
    "PutUserPermissionsBoundary": lambda exchange: exchange.bound(),
    "DeleteUserPermissionsBoundary": lambda exchange: exchange.bound(),
    "GetLoginProfile": lambda exchange: exchange.with_its_time(),
    "GetUser": lambda exchange: exchange.with_boundary(),
    "SetDefaultPolicyVersion": lambda exchange: exchange.made_default(),
    "SimulatePrincipalPolicy": lambda exchange: exchange.simulated(),
    "Invoke": lambda exchange: exchange.queued(),
}


class Proxy:
    """Listens on a free loopback port from construction on; `stop()` or leaving a `with` ends it."""

    def __init__(self, upstream_port: int):
        self._upstream_port = upstream_port
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._rules: list[Rule] = []
        self._stopping = threading.Event()
        self._port = 0
        self._listen()
        self.url = f"http://127.0.0.1:{self._port}"

    # What it saw.

    def calls(self) -> list[Call]:
        """Every call since the last `forget`, in the order of their arrival, retries too."""
        with self._lock:
            return list(self._calls)

    def forget(self) -> None:
        """Forgets calls and rules: AWS behaves again."""
        with self._lock:
            self._calls.clear()
            self._rules.clear()

    # How it misbehaves. `operation` may be "*".

    def throttle(self, operation: str, times: int = UNLIMITED) -> None:
        self._answer(operation, times, 400, "Throttling", "Rate exceeded")

    def deny(self, operation: str, times: int = UNLIMITED) -> None:
        self._answer(operation, times, 403, "AccessDenied", f"User is not authorized to perform: {operation} with an explicit deny")

    def deny_for(self, operation: str, named: str) -> None:
        """AccessDenied for the calls that have this among their parameters."""

        def act(exchange: "Exchange") -> bool:
            return named in exchange.call.parameters.values() and exchange.answer_error(403, "AccessDenied", "not authorized")

        self._rule(operation, UNLIMITED, act)

    def refuse_as_unmodifiable(self, operation: str) -> None:
        """What IAM says of roles that are AWS's own."""
        self._answer(operation, UNLIMITED, 400, "UnmodifiableEntity", "Cannot perform the operation on the protected role")

    def find_nothing(self, operation: str, times: int = UNLIMITED) -> None:
        self._answer(operation, times, 404, "NoSuchEntity", "What was named cannot be found")

    def tell_whose_key_it_is(self, user: str) -> None:
        """The owner's present name, as IAM tells it: the emulator goes on telling the name that the owner had when the key was made."""
        used = "<AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>"
        self.say("GetAccessKeyLastUsed", f"<UserName>{escape(user)}</UserName>{used}")

    def know_a_service_credential(self, user: str, credential: str) -> None:
        """IAM knows an active service-specific credential, and lets it be set inactive."""
        member = (
            f"<member><UserName>{escape(user)}</UserName><Status>Active</Status><ServiceUserName>x</ServiceUserName>"
            f"<CreateDate>2026-03-02T10:00:00Z</CreateDate><ServiceSpecificCredentialId>{credential}</ServiceSpecificCredentialId>"
            "<ServiceName>codecommit.amazonaws.com</ServiceName></member>"
        )
        self.say("ListServiceSpecificCredentials", f"<ServiceSpecificCredentials>{member}</ServiceSpecificCredentials>")
        self.say("UpdateServiceSpecificCredential", "")

    def make_groups_old(self) -> None:
        """Every group was made years ago."""
        self._rule("GetGroup", UNLIMITED, lambda exchange: exchange.made_long_ago())

    def have_no_room(self, operation: str) -> None:
        """A quota of IAM's is used up."""
        self._answer(operation, UNLIMITED, 409, "LimitExceeded", "Cannot exceed quota")

    def fail(self, operation: str, status: int = 500, times: int = UNLIMITED) -> None:
        code = {500: "ServiceFailure", 503: "ServiceUnavailable"}[status]
        self._answer(operation, times, status, code, "The request processing has failed")

    def cut_before(self, operation: str, times: int = UNLIMITED) -> None:
        """The connection breaks, and AWS never saw the call."""
        self._rule(operation, times, lambda exchange: exchange.hang_up())

    def cut_after(self, operation: str, times: int = UNLIMITED) -> None:
        """AWS does what was asked, but the connection breaks before the answer."""
        self._rule(operation, times, lambda exchange: bool(exchange.forward()) and exchange.hang_up())

    def silence(self, operation: str, times: int = UNLIMITED) -> None:
        """Takes the call and never answers."""
        self._rule(operation, times, lambda exchange: self._stopping.wait(SILENCE_SECONDS) or exchange.hang_up())

    def dawdle(self, operation: str, seconds: float) -> None:
        """Each such call is answered, after so long."""
        self._rule(operation, UNLIMITED, lambda exchange: bool(self._stopping.wait(seconds)) and False)

    def meanwhile(self, operation: str, happens: Callable[[], object]) -> None:
        """Something else happens in the account just before the next such call arrives there."""
        self._rule(operation, 1, lambda exchange: bool(happens()) and False)

    def instead(self, operation: str, happens: Callable[[], object]) -> None:
        """Something else happens, and the next such call never arrives in the account."""
        self._rule(operation, 1, lambda exchange: bool(happens()) and exchange.hang_up())

    def afterwards(self, operation: str, happens: Callable[[], object]) -> None:
        """Something else happens in the account once the next such call was done there, before the function knows."""

        def act(exchange: "Exchange") -> bool:
            done = exchange.forward()
            happens()
            return exchange.reply(*done)

        self._rule(operation, 1, act)

    def say(self, operation: str, result: str) -> None:
        """IAM's answer has this result, whatever the emulator thinks."""
        self._rule(operation, UNLIMITED, lambda exchange: exchange.reply(200, "text/xml", answer(operation, result)))

    def edit(self, operation: str, change: Callable[[str], str]) -> None:
        """AWS's answer says something else than the emulator's."""

        def act(exchange: "Exchange") -> bool:
            status, kind, body = exchange.forward()
            return exchange.reply(status, kind, change(body.decode()).encode())

        self._rule(operation, UNLIMITED, act)

    def forget_edits(self, operation: str) -> None:
        """From now on an operation is answered as the emulator does."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule.operation != operation]

    def would_deny(self, action: str, detail: str) -> None:
        """IAM's simulator says that a call would be denied, and by what."""
        self._rule("SimulatePrincipalPolicy", UNLIMITED, lambda exchange: exchange.simulated({action: detail}))

    def list_policies(self, policies: int, document: dict) -> None:
        """IAM lists so many managed policies with five versions each, in pages of `MaxItems`: the emulator gives all it has in one answer."""
        text = urllib.parse.quote(json.dumps(document))
        version = "<VersionId>v{}</VersionId><IsDefaultVersion>{}</IsDefaultVersion><Document>" + text + "</Document>"
        versions = "".join(f"<member>{version.format(number, str(number == 5).lower())}</member>" for number in range(1, 6))

        def act(exchange: "Exchange") -> bool:
            asked = exchange.call.parameters
            if "LocalManagedPolicy" not in asked.values():
                return False
            first = int(asked.get("Marker", 0))
            last = min(first + int(asked["MaxItems"]), policies)
            named = (
                f"<member><PolicyName>p{number}</PolicyName><Arn>arn:aws:iam::123456789012:policy/p{number}</Arn>"
                f"<PolicyVersionList>{versions}</PolicyVersionList></member>"
                for number in range(first, last)
            )
            more = f"<IsTruncated>true</IsTruncated><Marker>{last}</Marker>" if last < policies else "<IsTruncated>false</IsTruncated>"
            operation = "GetAccountAuthorizationDetails"
            return exchange.reply(200, "text/xml", answer(operation, f"<Policies>{''.join(named)}</Policies>{more}"))

        self._rule("GetAccountAuthorizationDetails", UNLIMITED, act)

    def spell_user_ids(self) -> None:
        """IAM's answers have the unique ids of users as IAM makes them: those of the emulator begin with any letter."""
        for operation in ("GetUser", "ListUsers", "ListEntitiesForPolicy"):
            self._rule(operation, UNLIMITED, lambda exchange: exchange.with_user_ids())

    def list_holders(self, per_page: int) -> None:
        """IAM lists a policy's holders in pages of so many: the emulator gives all it has in one answer."""

        def act(exchange: "Exchange") -> bool:
            operation, asked = "ListEntitiesForPolicy", exchange.call.parameters
            first = int(asked.get("Marker", 0))
            _, _, body = exchange.asks({"Action": operation, "PolicyArn": asked["PolicyArn"]})
            kinds = re.findall(r"<(Policy(?:Users|Groups|Roles))>(.*?)</\1>", body.decode(), re.DOTALL)
            holders = [(kind, member) for kind, members in kinds for member in re.findall(r"<member>.*?</member>", members, re.DOTALL)]
            last = first + per_page
            page = "".join(
                f"<{kind}>{''.join(member for its, member in holders[first:last] if its == kind)}</{kind}>" for kind, _ in kinds
            )
            more = f"<IsTruncated>true</IsTruncated><Marker>{last}</Marker>" if last < len(holders) else "<IsTruncated>false</IsTruncated>"
            return exchange.reply(200, "text/xml", answer(operation, page + more))

        self._rule("ListEntitiesForPolicy", UNLIMITED, act)

    @contextlib.contextmanager
    def down(self):
        """Nobody listens: connection refused."""
        self._close()
        try:
            yield
        finally:
            self._listen()

    def stop(self) -> None:
        self._stopping.set()
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # How it works.

    def _answer(self, operation: str, times: int, status: int, code: str, message: str) -> None:
        self._rule(operation, times, lambda exchange: exchange.answer_error(status, code, message))

    def _rule(self, operation: str, times: int, act: Callable[["Exchange"], bool]) -> None:
        with self._lock:
            self._rules.append(Rule(operation, act, times))

    def _rule_for(self, call: Call) -> Rule | None:
        """Notes the call, and the rule that it uses up a part of."""
        with self._lock:
            self._calls.append(call)
            for rule in self._rules:
                if rule.left and rule.operation in (call.operation, "*"):
                    rule.left -= 1
                    return rule
        return None

    def _listen(self) -> None:
        proxy = self

        class Handler(Exchange):
            def rule_for(self, call: Call) -> Rule | None:
                return proxy._rule_for(call)

            upstream_port = proxy._upstream_port
            one_after_another = threading.Lock()

        deadline = time.monotonic() + 5
        while True:
            try:
                self._server = Server(("127.0.0.1", self._port), Handler)
                break
            except OSError:  # coming back to the same port, while the kernel still lets go of it
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up_all()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args):
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up_all(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        """A function that stops in the middle of a call is no news here."""


class Exchange(http.server.BaseHTTPRequestHandler):
    """One connection from the function; each request on it is one AWS call."""

    protocol_version = "HTTP/1.1"
    # Without this the second small write of an answer waits 40 ms for the first one's acknowledgement.
    disable_nagle_algorithm = True
    upstream_port: int
    # Each proxy's own: one may stand behind another.
    one_after_another: threading.Lock
    # Headers of the emulator's last answer that say what an error is.
    further: dict[str, str] = {}

    def rule_for(self, call: Call) -> Rule | None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scope = CREDENTIAL_SCOPE.search(self.headers.get("Authorization", ""))
        self.call = Call(scope[1] if scope else "unsigned", *wire.asked(self.command, self.path, self.headers, self.body))
        rule = self.rule_for(self.call)
        if rule and rule.act(self):
            return
        if self.call.operation in LACKING:
            LACKING[self.call.operation](self)
            return
        self.reply(*self.forward())

    def answered(self, result: str = "") -> bool:
        return self.reply(200, "text/xml", answer(self.call.operation, result))

    def bound(self) -> bool:
        """A user's permissions boundary is a tag in the emulator, which knows none."""
        user, policy = self.call.parameters["UserName"], self.call.parameters.get("PermissionsBoundary")
        tags = {"Tags.member.1.Key": BOUNDARY, "Tags.member.1.Value": policy} if policy else {"TagKeys.member.1": BOUNDARY}
        status, kind, body = self.asks({"Action": "TagUser" if policy else "UntagUser", "UserName": user, **tags})
        return self.answered() if status == 200 else self.reply(status, kind, body)

    def made_long_ago(self) -> bool:
        status, kind, body = self.forward()
        return self.reply(status, kind, re.sub(rb"<CreateDate>[^<]*", b"<CreateDate>2020-01-01T00:00:00Z", body))

    def with_user_ids(self) -> bool:
        status, kind, body = self.forward()
        return self.reply(status, kind, re.sub(rb"<UserId>([^<]*)", lambda found: b"<UserId>" + user_id(found[1].decode()).encode(), body))

    def with_boundary(self) -> bool:
        status, kind, body = self.forward()
        tag = re.search(rf"<member>\s*<Key>{BOUNDARY}</Key>\s*<Value>([^<]*)</Value>\s*</member>", body.decode())
        if tag is None:
            return self.reply(status, kind, body)
        boundary = (
            "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"
            f"<PermissionsBoundaryArn>{tag[1]}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
        return self.reply(status, kind, body.decode().replace(tag[0], "").replace("<User>", f"<User>{boundary}", 1).encode())

    def made_default(self) -> bool:
        """A version that is the default already stays it: in the emulator the policy would have no default then."""
        body, length = self.body, self.headers["Content-Length"]
        _, _, policy = self.asks({"Action": "GetPolicy", "PolicyArn": self.call.parameters["PolicyArn"]})
        if f"<DefaultVersionId>{self.call.parameters['VersionId']}</DefaultVersionId>" in policy.decode():
            return self.answered()
        self.body = body
        self.headers.replace_header("Content-Length", length)
        return self.reply(*self.forward())

    def simulated(self, denied: dict[str, str] | None = None) -> bool:
        """IAM's simulator, which the emulator lacks: every call is allowed, but for those that are `denied`, each with the detail of its result."""
        asked = self.call.parameters
        actions = [value for name, value in asked.items() if name.startswith("ActionNames.")]
        detail = "<EvalDecision>allowed</EvalDecision>"
        results = (
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>{(denied or {}).get(action, detail)}</member>"
            for action in actions
        )
        return self.answered(f"<EvaluationResults>{''.join(results)}</EvaluationResults><IsTruncated>false</IsTruncated>")

    def queued(self) -> bool:
        """Lambda takes an event for a function that exists, and runs it later; the emulator would need a Docker engine."""
        function = self.path.split("/")[3]
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=30)
        signed = {"Authorization": self.headers["Authorization"]}
        upstream.request("GET", f"/2015-03-31/functions/{function}/configuration", headers=signed)
        found = upstream.getresponse()
        status, kind, body = found.status, found.headers.get("Content-Type", ""), found.read()
        upstream.close()
        if status != 200:
            return self.reply(status, kind, body, {"x-amzn-errortype": "ResourceNotFoundException"})
        self.call.parameters.update(type=self.headers["X-Amz-Invocation-Type"], payload=self.body.decode())
        return self.reply(202, "application/json", b"")

    def with_its_time(self) -> bool:
        """A login profile was made when the user's tag says so."""
        status, kind, body = self.forward()
        tags = self.asks({"Action": "ListUserTags", "UserName": self.call.parameters["UserName"]})[2].decode()
        tag = re.search(rf"<Key>{LOGIN}</Key>\s*<Value>([^<]*)</Value>", tags)
        if tag is None:
            return self.reply(status, kind, body)
        return self.reply(status, kind, re.sub(r"<CreateDate>[^<]*<", f"<CreateDate>{tag[1]}<", body.decode()).encode())

    def asks(self, parameters: dict[str, str]) -> tuple[int, str, bytes]:
        """The emulator's answer to another call."""
        self.body = urllib.parse.urlencode({"Version": "2010-05-08", **parameters}).encode()
        self.headers.replace_header("Content-Length", str(len(self.body)))
        return self.forward()

    def forward(self) -> tuple[int, str, bytes]:
        """The emulator's answer to the call: status, content type, body."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=30)
        # DynamoDB makes the writes to an item one after another; the emulator checks a condition, and another write may come before its own.
        with self.one_after_another if "X-Amz-Target" in self.headers else contextlib.nullcontext():
            return self._forward(upstream)

    def _forward(self, upstream: http.client.HTTPConnection) -> tuple[int, str, bytes]:
        if wire.RPC.match(self.path):
            self.further = wire.CBOR_HEADERS
            return 200, wire.CBOR, wire.answered(self.straight("cloudwatch"), self.call.operation, self.call.parameters)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            upstream.request(self.command, self.path, self.body, headers)
            response = upstream.getresponse()
            self.further = {name: value for name, value in response.headers.items() if name.lower() in FURTHER}
            return response.status, response.headers.get("Content-Type", "text/xml"), response.read()
        finally:
            upstream.close()

    def straight(self, service: str):
        """A client of the emulator's own."""
        endpoint = f"http://127.0.0.1:{self.upstream_port}"
        return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=Config(proxies={}), aws_access_key_id="x", aws_secret_access_key="x")

    def reply(self, status: int, content_type: str, body: bytes, further: dict[str, str] | None = None) -> bool:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in (self.further if further is None else further).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return True

    def answer_error(self, status: int, code: str, message: str) -> bool:
        """An error as AWS words it in the protocol of the call."""
        kind, further, body = wire.error(self.path, self.headers, code, message)
        return self.reply(status, kind, body, further)

    def hang_up(self) -> bool:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        return True

    def log_message(self, *_) -> None:
        """Silent: the calls are kept, not printed."""
