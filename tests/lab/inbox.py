"""Where notices arrive: subscribers of a topic, each of another protocol, so that every form of a notice is read as SNS delivered it."""

import http.server
import json
import threading
from collections import defaultdict
from dataclasses import dataclass

from lab.emulator import Emulator


@dataclass(frozen=True)
class Notice:
    """One notice, as its subscribers received it from SNS."""

    subject: str
    text: str  # what a person reads: the message for protocols without a form of their own, e-mail's among them
    chat: dict  # what AWS's chat integration reads: protocol https
    case: dict  # what programs read: protocol sqs
    attributes: dict[str, str]


class Inbox:
    """A queue and two HTTP endpoints on this machine, subscribed to a topic. Listens from construction on; `stop()` ends it."""

    def __init__(self, account: Emulator):
        self._account = account
        self._posted: dict[str, list[dict]] = defaultdict(list)
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox._posted[self.path].append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_) -> None:
                """Silent: the messages are kept, not printed."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def subscribe(self, topic: str) -> None:
        """From now on the topic's notices arrive here; to be called again after the account was reset."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._queue = self._account.queue_on(topic, "notices")
        # The emulator takes any URL for either protocol, and picks the form of the message by the protocol's name.
        self._account.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{url}/person")
        self._account.sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=f"{url}/chat")

    def take(self) -> list[Notice]:
        """Everything that arrived since the last time, in the order of its arrival."""
        queued = []
        while messages := self._account.sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                queued.append(json.loads(message["Body"]))
                self._account.sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        posted = {path: {message["MessageId"]: message["Message"] for message in self._posted.pop(path, [])} for path in ("/person", "/chat")}
        return [
            Notice(
                subject=message.get("Subject", ""),
                text=posted["/person"][message["MessageId"]],
                chat=json.loads(posted["/chat"][message["MessageId"]]),
                case=json.loads(message["Message"]),
                attributes={name: each["Value"] for name, each in message.get("MessageAttributes", {}).items()},
            )
            for message in queued
        ]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
